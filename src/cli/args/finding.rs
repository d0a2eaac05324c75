//! The words of `finding`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Connection, Signing};

/// `finding`.
#[derive(Args, Debug)]
pub struct Finding {
    /// What to do.
    #[command(subcommand)]
    pub verb: FindingVerb,
}

/// `finding …`.
#[derive(Debug, Subcommand)]
pub enum FindingVerb {
    /// List the findings of the ledger: number, kind, headline, who signed, when; those to be signed first.
    List {
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Only findings of this kind.
        #[arg(long, value_name = "KIND")]
        kind: Option<FindingKindName>,
        /// Only findings with these words in them.
        #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
        search: String,
    },
    /// Show a finding of the ledger as Markdown, with whoever signed it.
    Show {
        /// Its number, such as 7, or the beginning of its digest.
        finding: String,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
    },
    /// Write, sign, keep and export a finding: of a request, a stop, a restart, or two baselines; or export a kept one again.
    Export(FindingExport),
    /// Verify an exported finding, offline, or also against the ledger it names.
    Verify {
        /// The folder, or a file of it.
        dir: PathBuf,
        /// Also ask the ledger of this database whether it still holds the head inside the finding; without it no database
        /// is needed.
        #[arg(long, value_name = "CONNECTION")]
        db: Option<String>,
    },
    /// Add your signature to an exported finding, and to the ledger.
    Sign {
        /// The folder.
        dir: PathBuf,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Who signs.
        #[command(flatten)]
        signing: Signing,
    },
}

/// `finding export`.
#[derive(Args, Debug)]
pub struct FindingExport {
    /// What it is about.
    #[command(flatten)]
    pub about: About,
    /// Where the ledger is.
    #[command(flatten)]
    pub connection: Connection,
    /// A new folder.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Your own words, Markdown.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub words: String,
    /// A runbook folder, for the titles of what is compared.
    #[arg(long, value_name = "RUNBOOK", requires = "comparison")]
    pub runbook: Option<PathBuf>,
    /// A check to leave out of the comparison; may be repeated. The finding names it.
    #[arg(long = "ignore", value_name = "CHECK", requires = "comparison")]
    pub ignored: Vec<String>,
    /// Your principal on the roster.
    #[arg(long = "as", value_name = "PRINCIPAL", required_unless_present = "kept")]
    pub principal: Option<String>,
    /// A private key file, or agent:FINGERPRINT.
    #[arg(long, value_name = "KEY", required_unless_present = "kept")]
    pub key: Option<String>,
    /// A file whose first line is the key's passphrase; without it the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// What a finding is about: one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct About {
    /// A request's name.
    pub request: Option<String>,
    /// The stop of this ledger entry.
    #[arg(long, value_name = "SEQ")]
    pub stop: Option<u64>,
    /// The restart that this ledger entry completed.
    #[arg(long, value_name = "SEQ")]
    pub restart: Option<u64>,
    /// Two baseline files, side by side.
    #[arg(long, value_names = ["LEFT", "RIGHT"], num_args = 2)]
    pub comparison: Option<Vec<PathBuf>>,
    /// A finding that the ledger keeps, by its number: exported as it is, with every signature over it that holds.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["words", "principal", "key"])]
    pub kept: Option<String>,
}

/// A kind of finding, as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FindingKindName {
    /// A reversal that was rehearsed.
    Rehearsal,
    /// A reversal that was run.
    Run,
    /// A reversal that did not go as it must.
    Divergence,
    /// A restore from a dump.
    Restore,
    /// A disaster stop.
    Stop,
    /// A restart.
    Restart,
    /// Two baselines.
    Comparison,
}
