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

/// `restart`.
#[derive(Args, Debug)]
pub struct Restart {
    /// What to do.
    #[command(subcommand)]
    pub verb: RestartVerb,
}

/// `restart …`.
#[derive(Debug, Subcommand)]
pub enum RestartVerb {
    /// Show the gates: what was signed by whom, what is missing and of whom, and what the live records say.
    Show {
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// The runbook folder, whose gates count as long as no divergence finding holds them.
        #[arg(long, value_name = "FOLDER")]
        runbook: Option<PathBuf>,
    },
    /// Take a census, and sign what happened and what differs from the baseline now: the divergence finding.
    Divergence {
        /// The runbook folder.
        runbook: PathBuf,
        /// What happened; Markdown.
        #[arg(long, value_name = "TEXT")]
        words: String,
        /// A step that is affected besides those the stop is about; may be repeated.
        #[arg(long = "step", value_name = "STEP")]
        steps: Vec<String>,
        /// The baseline file; without it the newest one in the ledger.
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// Who writes it: any person on the roster.
        #[command(flatten)]
        signing: Signing,
    },
    /// Accept every remaining difference of the divergence finding, in writing.
    Accept {
        /// Why the differences may stay.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The runbook folder: then a finding that holds other gates than it is refused.
        #[arg(long, value_name = "FOLDER")]
        runbook: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// A sovereign.
        #[command(flatten)]
        signing: Signing,
    },
    /// Re-confirm or revoke the authorisation of every affected step, as the live record says.
    Authorise {
        /// A step whose authorisation stands; may be repeated.
        #[arg(long = "confirm", value_name = "STEP")]
        confirm: Vec<String>,
        /// A step whose authorisation is taken back; may be repeated.
        #[arg(long = "revoke", value_name = "STEP")]
        revoke: Vec<String>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The runbook folder: then a finding that holds other gates than it is refused.
        #[arg(long, value_name = "FOLDER")]
        runbook: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// A sovereign.
        #[command(flatten)]
        signing: Signing,
    },
    /// Look at the council's record again, and sign what it says.
    Record {
        /// The gate, when the runbook has several.
        #[arg(long, value_name = "GATE", default_value = "")]
        gate: String,
        /// What you saw.
        #[arg(long, value_name = "TEXT")]
        words: String,
        /// The runbook folder: then a finding that holds other gates than it is refused.
        #[arg(long, value_name = "FOLDER")]
        runbook: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// Any person on the roster.
        #[command(flatten)]
        signing: Signing,
    },
}
