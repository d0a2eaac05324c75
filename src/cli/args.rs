//! The words of the command line. Verbs mirror the rooms.

mod demo;
mod finding;
mod format;
mod restore;
mod session;
mod via;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::stop_args::{Restart, Stop};
pub use demo::{Demo, DemoVerb};
pub use finding::{Finding, FindingExport, FindingKindName, FindingVerb};
pub use format::Format;
pub use restore::{Choice, Restore, RestoreVerb};
pub use session::{Session, SessionVerb};
pub use via::ViaGate;

/// Reviews, rehearses, countersigns and runs the reversal of a PostgreSQL change.
///
/// Without a verb it opens the window. Exit codes: 0 as expected · 1 blocked or drifted · 2 usage or unreadable input ·
/// 3 refused · 4 rolled back · 5 outcome unknown · 6 stopped (disaster) · 7 cannot connect.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What to do; nothing opens the window.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// A runbook folder to open in the window.
    #[arg(value_name = "RUNBOOK")]
    pub runbook: Option<PathBuf>,
    /// Print JSON for machines.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the whole way on a private PostgreSQL with the sample runbook.
    Demo(Demo),
    /// Read a runbook and review every reversal in it.
    Check(Check),
    /// Ask every check at one snapshot, and keep the answers as a baseline file.
    Census(Census),
    /// Compare baseline, expected and actual.
    Compare(Compare),
    /// Walk the decision tree over the live database.
    Diagnose(Diagnose),
    /// Run a reversal in a transaction that is rolled back, and prove that nothing was left behind.
    Rehearse(Rehearse),
    /// Run a step's forward build in a transaction that is rolled back, and look at what it changes (97.2).
    RehearseBuild(RehearseBuild),
    /// Seal, rehearse and put a request into the ledger, for two people to approve.
    Stage(Stage),
    /// Approve a request with your key.
    Approve(Approve),
    /// Reject a request, for good.
    Reject(Decide),
    /// Withdraw your own approval.
    Withdraw(Decide),
    /// Run an approved request.
    Run(Run),
    /// Declare, show and check the disaster stop.
    Stop(Stop),
    /// Sign what a restart after a disaster stop needs, and show what is missing.
    Restart(Restart),
    /// Look into a dump, compare a table with it, and stage its restore: the last resort.
    Restore(Restore),
    /// See who else has a transaction open on the runbook's objects, and ask for its end (97.2).
    Session(Session),
    /// List, show, export, verify and countersign findings.
    Finding(Finding),
    /// Make, read and verify the ledger.
    Ledger(Ledger),
    /// Show, propose and approve who may sign.
    Roster(Roster),
    /// Print shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the database is.
#[derive(Args, Clone, Debug)]
pub struct Connection {
    /// A postgres:// URL or key=value text; without it the PG* environment decides.
    #[arg(long = "db", value_name = "CONNECTION", default_value = "", hide_default_value = true)]
    pub text: String,
}

/// Who signs, and with which key.
#[derive(Args, Clone, Debug)]
pub struct Signing {
    /// Your principal on the roster.
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: String,
    /// A private key file, or agent:FINGERPRINT.
    #[arg(long, value_name = "KEY")]
    pub key: String,
    /// A file whose first line is the key's passphrase; without it the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The runbook folder.
    #[arg(required_unless_present_any = ["explain", "rules"])]
    pub runbook: Option<PathBuf>,
    /// Review against this live catalog too.
    #[arg(long, value_name = "CONNECTION")]
    pub db: Option<String>,
    /// Print a rule's help page.
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
    /// List the rules.
    #[arg(long)]
    pub rules: bool,
    /// The form of the answer; --json is the short form of `--format json`.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// `census`.
#[derive(Args, Debug)]
pub struct Census {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// Keep it as a baseline file; one that is there already is left alone.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Let --save replace a file that is there.
    #[arg(long, requires = "save")]
    pub replace: bool,
    /// What the baseline is the truth of.
    #[arg(long, default_value = "before the build")]
    pub label: String,
}

/// `compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The baseline file; without it the newest one in the ledger.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Compare this kept baseline instead of the live database.
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    /// Only what the reversal of this step is verified by; may be repeated.
    #[arg(long = "step", value_name = "STEP")]
    pub steps: Vec<String>,
    /// Leave this check out, and say so; may be repeated.
    #[arg(long = "ignore", value_name = "CHECK")]
    pub ignored: Vec<String>,
}

/// `diagnose`.
#[derive(Args, Debug)]
pub struct Diagnose {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// One step; without it all of them.
    pub step: Option<String>,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The baseline file; without it the newest one in the ledger.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
}

/// `rehearse`.
#[derive(Args, Debug)]
pub struct Rehearse {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// The steps, in the order they are to be reversed.
    #[arg(required = true)]
    pub steps: Vec<String>,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The baseline file; without it the newest one in the ledger.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// A parameter's value.
    #[arg(long = "bind", value_name = "NAME=VALUE", value_parser = binding)]
    pub bindings: Vec<(String, String)>,
    /// The database role whose members may run it, each with their own login; without it only the login that rehearses it.
    #[arg(long, value_name = "ROLE")]
    pub run_as: Option<String>,
    /// Let the ledger's gate run the statements, with rights that no login has.
    #[arg(long, value_name = "WHAT", conflicts_with = "run_as")]
    pub via: Option<ViaGate>,
}

/// `rehearse-build`.
#[derive(Args, Debug)]
pub struct RehearseBuild {
    /// The runbook folder.
    pub runbook: PathBuf,
    /// The step whose build script is run.
    pub step: String,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The baseline file; without it the newest one in the ledger.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// A parameter's value.
    #[arg(long = "bind", value_name = "NAME=VALUE", value_parser = binding)]
    pub bindings: Vec<(String, String)>,
}

/// `stage`.
#[derive(Args, Debug)]
pub struct Stage {
    /// What to stage.
    #[command(flatten)]
    pub rehearse: Rehearse,
    /// Who asks.
    #[command(flatten)]
    pub signing: Signing,
}

fn binding(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}`: write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `approve`.
#[derive(Args, Debug)]
pub struct Approve {
    /// The request's name.
    pub request: String,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// Your principal on the roster.
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: String,
    /// A private key file, or agent:FINGERPRINT.
    #[arg(long, value_name = "KEY", required_unless_present = "signature", conflicts_with = "signature")]
    pub key: Option<String>,
    /// A file whose first line is the key's passphrase; without it the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// A signature made elsewhere: `ssh-keygen -Y sign -n countersign-run -f KEY request.json`.
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
}

/// `reject` and `withdraw`.
#[derive(Args, Debug)]
pub struct Decide {
    /// The request's name.
    pub request: String,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// Why, in one sentence.
    #[arg(long)]
    pub reason: String,
    /// Your principal on the roster.
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: String,
    /// A private key file, or agent:FINGERPRINT.
    #[arg(long, value_name = "KEY", required_unless_present = "signature", conflicts_with = "signature")]
    pub key: Option<String>,
    /// A file whose first line is the key's passphrase; without it the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// A signature made elsewhere over what `ledger request REQUEST --reject REASON` (or --withdraw) prints, in the namespace
    /// countersign-reject (or countersign-withdraw).
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
}

/// `run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The request's name.
    pub request: String,
    /// Where.
    #[command(flatten)]
    pub connection: Connection,
    /// The database's name, typed once more; without it the terminal is asked.
    #[arg(long, value_name = "DATABASE")]
    pub confirm: Option<String>,
    /// Only when its plan says that the ledger's gate runs it.
    #[arg(long, value_name = "WHAT", conflicts_with = "prove")]
    pub via: Option<ViaGate>,
    /// The dump, for a request that restores a table from it.
    #[arg(long, value_name = "DUMP", conflicts_with = "prove")]
    pub dump: Option<PathBuf>,
    /// Prove what became of an earlier run of this request; runs nothing.
    #[arg(long, conflicts_with_all = ["confirm", "principal", "key"])]
    pub prove: bool,
    /// Your principal on the roster.
    #[arg(long = "as", value_name = "PRINCIPAL", required_unless_present = "prove")]
    pub principal: Option<String>,
    /// A private key file, or agent:FINGERPRINT.
    #[arg(long, value_name = "KEY", required_unless_present = "prove")]
    pub key: Option<String>,
    /// A file whose first line is the key's passphrase; without it the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `ledger`.
#[derive(Args, Debug)]
pub struct Ledger {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: LedgerVerb,
}

/// `ledger …`.
#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Make the ledger, after showing the SQL that makes it.
    Init {
        /// Where.
        #[command(flatten)]
        connection: Connection,
        /// Only print the SQL.
        #[arg(long)]
        print: bool,
        /// Make the roles reader, reviewer, operator and owner too, and grant them what they need.
        #[arg(long)]
        grants: bool,
        /// Make the roles and the gate too, by which PostgreSQL itself runs what two people approved.
        #[arg(long)]
        gate: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Keep this baseline in it.
        #[arg(long, value_name = "FILE")]
        baseline: Option<PathBuf>,
        /// Propose this roster.toml as its first one; everybody human on it approves it with `roster approve`.
        #[arg(long, value_name = "FILE", requires_all = ["principal", "key"])]
        roster: Option<PathBuf>,
        /// Your principal on that roster.
        #[arg(long = "as", value_name = "PRINCIPAL", requires = "roster")]
        principal: Option<String>,
        /// A private key file, or agent:FINGERPRINT.
        #[arg(long, value_name = "KEY", requires = "roster")]
        key: Option<String>,
        /// A file whose first line is the key's passphrase; without it the terminal is asked.
        #[arg(long, value_name = "FILE", requires = "roster")]
        passphrase_file: Option<PathBuf>,
    },
    /// Map a database login to a person; from the first one on the server checks every login.
    Map {
        /// The person, as the roster writes it.
        principal: String,
        /// The login.
        login: String,
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Take a login's mapping away.
    Unmap {
        /// The login.
        login: String,
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// List which login speaks for whom.
    Logins {
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// List requests and entries.
    Log {
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Verify the hash chain from the first entry on, and that it still holds what this desk knew; explain the first bad entry.
    Verify {
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Show a request as a reviewer must read it: what would run, what the rehearsal showed, who has signed.
    Show {
        /// The request's name.
        request: String,
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
    /// Print the exact bytes that a request's approvals sign, or a rejection or withdrawal of it.
    Request {
        /// The request's name.
        request: String,
        /// The bytes that reject it for this reason.
        #[arg(long, value_name = "REASON", conflicts_with = "withdraw")]
        reject: Option<String>,
        /// The bytes that withdraw an approval for this reason.
        #[arg(long, value_name = "REASON")]
        withdraw: Option<String>,
        /// Where.
        #[command(flatten)]
        connection: Connection,
    },
}

/// `roster`.
#[derive(Args, Debug)]
pub struct Roster {
    /// What to do with it.
    #[command(subcommand)]
    pub verb: RosterVerb,
}

/// `roster …`.
#[derive(Debug, Subcommand)]
pub enum RosterVerb {
    /// Show the roster in force and what is proposed.
    Show {
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
    },
    /// Propose a roster.toml as the next version; without a version in force, as the first.
    Propose {
        /// The file.
        file: PathBuf,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Why, in one sentence.
        #[arg(long)]
        reason: String,
        /// How many days it can be approved, at most 31.
        #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=31))]
        days: u16,
        /// Who proposes.
        #[command(flatten)]
        signing: Signing,
    },
    /// Approve a proposed version with your key.
    Approve {
        /// The beginning of its digest; may be left out when there is only one.
        #[arg(default_value = "", hide_default_value = true)]
        proposal: String,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Your principal on the roster.
        #[arg(long = "as", value_name = "PRINCIPAL")]
        principal: String,
        /// A private key file, or agent:FINGERPRINT.
        #[arg(long, value_name = "KEY", required_unless_present = "signature", conflicts_with = "signature")]
        key: Option<String>,
        /// A file whose first line is the key's passphrase; without it the terminal is asked.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// A signature made elsewhere: `ssh-keygen -Y sign -n countersign-roster -f KEY document.json`.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Take back a version that you proposed.
    Withdraw {
        /// The beginning of its digest.
        proposal: String,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Why, in one sentence.
        #[arg(long)]
        reason: String,
        /// Who withdraws.
        #[command(flatten)]
        signing: Signing,
    },
    /// List every version that came into force, who signed it, and what was refused.
    History {
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
    },
    /// Print the exact bytes that approvals of a proposed version sign.
    Document {
        /// The beginning of its digest; may be left out when there is only one.
        #[arg(default_value = "", hide_default_value = true)]
        proposal: String,
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
    },
    /// Write a roster.toml from a file of allowed signers, for people to mend, propose and sign.
    Import {
        /// The file, as ssh-keygen reads it; certificate authorities and patterns are refused.
        #[arg(long, value_name = "FILE")]
        allowed_signers: PathBuf,
        /// Keep name, kind and roles of people who are on this roster.toml.
        #[arg(long, value_name = "FILE")]
        onto: Option<PathBuf>,
        /// Where to write; without it standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write the roster in force as a roster.toml, or as ssh-keygen reads it.
    #[command(group = clap::ArgGroup::new("form").required(true).multiple(true))]
    Export {
        /// Where the ledger is.
        #[command(flatten)]
        connection: Connection,
        /// Write a file of allowed signers, as ssh-keygen reads it.
        #[arg(long, value_name = "FILE", group = "form")]
        allowed_signers: Option<PathBuf>,
        /// Write the exact roster.toml, such as a runbook's folder holds.
        #[arg(long, value_name = "FILE", group = "form")]
        toml: Option<PathBuf>,
    },
}
