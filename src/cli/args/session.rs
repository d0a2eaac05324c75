//! The words of `session`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Connection, Signing};

/// `session`.
#[derive(Args, Debug)]
pub struct Session {
    /// List, or ask for the end of one.
    #[command(subcommand)]
    pub verb: SessionVerb,
}

/// `session …`.
#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// List other sessions' open transactions on the runbook's objects, with the words to send to their owners.
    List {
        /// The runbook folder.
        runbook: PathBuf,
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Ask for the end of a session whose owner cannot be asked: a plan of its own, for two people to approve.
    Stage {
        /// The runbook folder.
        runbook: PathBuf,
        /// The session's process.
        #[arg(long, value_name = "PID")]
        pid: i32,
        /// The baseline file; without it the newest one in the ledger.
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// Who asks.
        #[command(flatten)]
        signing: Signing,
    },
}
