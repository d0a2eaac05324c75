//! The words of the command line for when it goes wrong: stop and restart.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::{Connection, Signing};

/// `stop`.
#[derive(Args, Debug)]
pub struct Stop {
    /// What to do.
    #[command(subcommand)]
    pub verb: StopVerb,
}

/// `stop …`.
#[derive(Debug, Subcommand)]
pub enum StopVerb {
    /// Declare a disaster stop: nothing runs on this target any more, from any desk.
    Declare {
        /// Why everything must halt, in one sentence.
        #[arg(long)]
        reason: String,
        /// A step it is about; may be repeated. Without it every step is meant.
        #[arg(long = "step", value_name = "STEP")]
        steps: Vec<String>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// Who declares it: any person on the roster.
        #[command(flatten)]
        signing: Signing,
    },
    /// Show the stop that holds: what tripped, when, where, with which values, and the session that is quarantined.
    Show {
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Ask the stop conditions now, and latch the stop when one has tripped.
    Check {
        /// The runbook folder.
        runbook: PathBuf,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// The baseline file; without it the newest one in the ledger.
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
    },
    /// Latch for every desk what this desk holds alone, because the ledger could not be written then.
    Upload {
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
}
