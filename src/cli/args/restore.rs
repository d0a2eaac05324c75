//! The words of `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Connection, Signing, binding};

/// `restore`.
#[derive(Args, Debug)]
pub struct Restore {
    /// Look, compare or stage.
    #[command(subcommand)]
    pub verb: RestoreVerb,
}

/// `restore …`.
#[derive(Debug, Subcommand)]
pub enum RestoreVerb {
    /// Show what a dump says of itself, and its tables with their sizes.
    Contents {
        /// A file or folder that `pg_dump` wrote: custom, directory, tar or plain, compressed or not.
        dump: PathBuf,
        /// A runbook folder: then it is said which tables it declares, and which may be restored.
        #[arg(long, value_name = "FOLDER")]
        runbook: Option<PathBuf>,
    },
    /// Compare a table with a dump, row by row; nothing is changed.
    Diff {
        /// What is compared.
        #[command(flatten)]
        choice: Choice,
        /// Show only rows with this change; may be repeated.
        #[arg(long = "only", value_name = "CHANGE", value_parser = ["changed", "only_in_dump", "only_live", "kept"])]
        only: Vec<String>,
        /// Show only rows in which some value holds this text.
        #[arg(long, value_name = "TEXT")]
        holding: Option<String>,
        /// How many rows to show.
        #[arg(long, value_name = "ROWS", default_value_t = 50)]
        limit: usize,
    },
    /// Seal, rehearse and put the restore into the ledger, for two people to approve; `run --dump` runs it.
    Stage {
        /// What is restored.
        #[command(flatten)]
        choice: Choice,
        /// Who asks.
        #[command(flatten)]
        signing: Signing,
        /// The database role whose members may run it, each with their own login; without it only the login that rehearses it.
        #[arg(long, value_name = "ROLE")]
        run_as: Option<String>,
    },
}

/// Which table, from which dump, how much of it.
#[derive(Args, Clone, Debug)]
pub struct Choice {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// The table, as schema.table.
    pub table: String,
    /// The dump.
    #[arg(long, value_name = "DUMP")]
    pub dump: PathBuf,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The baseline file; without it the newest one in the ledger.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Compare every row of the table, and not only those inside the declared key.
    #[arg(long)]
    pub whole_table: bool,
    /// Delete rows in scope that only the table has; without it they stay.
    #[arg(long)]
    pub delete_later_rows: bool,
    /// Why a restore is needed, where no count of the table is off; it is signed with the plan.
    #[arg(long, value_name = "REASON")]
    pub because: Option<String>,
    /// A parameter's value, where the declared key names one.
    #[arg(long = "bind", value_name = "NAME=VALUE", value_parser = binding)]
    pub bindings: Vec<(String, String)>,
}
