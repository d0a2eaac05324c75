//! What a face may ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::approval::Decision;
use crate::census::Reading;
use crate::digest::Digest;
use crate::ledger::{Authorisation, Difference};
use crate::plan::Via;
use crate::port::KeyChoice;
use crate::runbook::{Principal, StepId};
use crate::session::{FindingAbout, RestoreChoice, SessionChoice};

/// Something a person asked the session to do. One operation is in flight at a time: the face refuses a second, with a
/// reason; what follows of itself waits its turn.
#[derive(Clone)]
pub enum Command {
    /// Open a runbook folder → [`super::Event::RunbookOpened`].
    OpenRunbook(PathBuf),
    /// Connect to a database, by URL, `key=value` text or nothing but the environment → [`super::Event::Connected`].
    Connect {
        /// The connection text as PostgreSQL people write it; may be empty.
        text: String,
        /// The environment label of the profile, such as `PRODUCTION`.
        environment: Environment,
    },
    /// Close the connection.
    Disconnect,
    /// Read a baseline file → [`super::Event::BaselineOpened`].
    OpenBaseline(PathBuf),
    /// Review against the live catalog, take a census, diagnose, compare → [`super::Event::Surveyed`].
    Survey,
    /// Keep the census as a baseline file.
    SaveBaseline {
        /// Where.
        path: PathBuf,
        /// What it is the truth of.
        label: String,
    },
    /// Rehearse these steps without staging them → [`super::Event::Rehearsed`].
    Rehearse {
        /// The steps, in the order they are to be reversed.
        steps: Vec<StepId>,
        /// Values for the runbook's parameters.
        bindings: Vec<(String, String)>,
    },
    /// Run a step's forward build in a transaction that is rolled back → [`super::Event::BuildRehearsed`].
    RehearseBuild {
        /// The step.
        step: StepId,
        /// Values for the runbook's parameters.
        bindings: Vec<(String, String)>,
    },
    /// Seal, rehearse and put into the ledger → [`super::Event::Staged`].
    Stage {
        /// The steps, in the order they are to be reversed.
        steps: Vec<StepId>,
        /// Values for the runbook's parameters.
        bindings: Vec<(String, String)>,
        /// What runs the statements: the operator's session, or the ledger's gate.
        via: Option<Via>,
        /// Who asks.
        signer: SignAs,
    },
    /// Seal and stage a plan that ends another session's open transaction → [`super::Event::Staged`].
    StageEndSession {
        /// Which, as it was shown.
        choice: SessionChoice,
        /// Who asks.
        signer: SignAs,
    },
    /// Approve a request.
    Approve {
        /// The request's short name.
        request: String,
        /// What the reviewer saw: must still be the request's digest.
        digest: Digest,
        /// Who approves.
        signer: SignAs,
    },
    /// Write the exact bytes that somebody signs on another machine into a file → [`super::Event::SavedToSign`].
    SaveToSign {
        /// The request's short name.
        request: String,
        /// The decision and its reason; nothing is an approval.
        decision: Option<(Decision, String)>,
        /// The file.
        path: PathBuf,
    },
    /// Bring a signature that was made on another machine.
    ImportSignature {
        /// The request's short name.
        request: String,
        /// What this desk shows: must still be the request's digest.
        digest: Digest,
        /// The decision and its reason; nothing is an approval.
        decision: Option<(Decision, String)>,
        /// Who signed.
        principal: Principal,
        /// The signature file.
        path: PathBuf,
    },
    /// Reject a request.
    Reject {
        /// The request's short name.
        request: String,
        /// Why.
        reason: String,
        /// Who rejects.
        signer: SignAs,
    },
    /// Withdraw one's own approval.
    Withdraw {
        /// The request's short name.
        request: String,
        /// Why.
        reason: String,
        /// Who withdraws.
        signer: SignAs,
    },
    /// Propose a text as the next version of the roster.
    ProposeRoster {
        /// The roster's text.
        text: String,
        /// Why.
        reason: String,
        /// Who proposes.
        signer: SignAs,
    },
    /// Approve a proposed version of the roster.
    ApproveRoster {
        /// The digest of the proposal that was shown.
        proposal: Digest,
        /// Who approves.
        signer: SignAs,
    },
    /// Withdraw one's own proposal.
    WithdrawRoster {
        /// The digest of the proposal.
        proposal: Digest,
        /// Why.
        reason: String,
        /// Who withdraws.
        signer: SignAs,
    },
    /// Run an approved request → [`super::Event::Progress`] …, [`super::Event::Ran`].
    Run {
        /// The request's short name.
        request: String,
        /// The database name as the person typed it.
        confirm: String,
        /// Who runs it.
        signer: SignAs,
    },
    /// Run an approved request that restores a table from this dump → as `Run`.
    RunRestore {
        /// The request's short name.
        request: String,
        /// The database name as the person typed it.
        confirm: String,
        /// The dump.
        dump: PathBuf,
        /// Who runs it.
        signer: SignAs,
    },
    /// Read a dump's table of contents → [`super::Event::DumpOpened`].
    OpenDump(PathBuf),
    /// Compare a table with a dump → [`super::Event::DifferenceSeen`].
    CompareWithDump(Box<RestoreChoice>),
    /// Find the rows of the last difference in which some value holds a text → [`super::Event::DifferenceSearched`].
    SearchDifference(String),
    /// Seal, rehearse and put a restore into the ledger → [`super::Event::Staged`].
    StageRestore {
        /// What was chosen.
        choice: Box<RestoreChoice>,
        /// The digest of the difference that the person looked at: it must still be the same.
        seen: Digest,
        /// Who asks.
        signer: SignAs,
    },
    /// Try again to prove an unknown outcome → [`super::Event::Ran`].
    Prove {
        /// The request's short name.
        request: String,
    },
    /// Write and sign a finding, keep it in the ledger, export it → [`super::Event::FindingExported`].
    ExportFinding {
        /// What it is about.
        about: FindingAbout,
        /// A new folder.
        folder: PathBuf,
        /// Words of the person, Markdown; may be empty.
        words: String,
        /// Who signs.
        signer: SignAs,
    },
    /// Verify an exported finding → [`super::Event::FindingVerified`].
    VerifyFinding(PathBuf),
    /// Export a finding that is kept in the ledger → [`super::Event::FindingExported`].
    ExportKept {
        /// Its number.
        number: usize,
        /// A new folder.
        folder: PathBuf,
    },
    /// Sign a finding that is kept in the ledger as well → [`super::Event::Decided`].
    CountersignFinding {
        /// Its number.
        number: usize,
        /// Who signs.
        signer: SignAs,
    },
    /// Make the ledger, after its SQL was shown.
    InitLedger,
    /// Read what is new in the ledger → [`super::Event::LedgerRead`].
    ReadLedger,
    /// List the keys ssh-agent holds → [`super::Event::AgentKeys`].
    ListAgentKeys,
    /// Declare a stop by hand → [`super::Event::Watched`].
    DeclareStop {
        /// Why everything must halt.
        reason: String,
        /// The steps it is about; empty when nobody knows yet.
        steps: Vec<StepId>,
        /// Who declares it.
        signer: SignAs,
    },
    /// Take a census, and sign the divergence finding of the stop that holds → [`super::Event::Decided`].
    WriteDivergence {
        /// What happened, Markdown.
        words: String,
        /// Affected steps besides those the stop is about.
        steps: Vec<StepId>,
        /// Who writes it.
        signer: SignAs,
    },
    /// Accept every remaining difference, as a sovereign.
    AcceptDifferences {
        /// Why they may stay.
        reason: String,
        /// What was shown: must still be what the finding holds.
        seen: Vec<Difference>,
        /// Who accepts.
        signer: SignAs,
    },
    /// Re-confirm or revoke the authorisation of every affected step, as a sovereign.
    AuthoriseSteps {
        /// What is said of each.
        verdicts: Vec<(StepId, Authorisation)>,
        /// Why.
        reason: String,
        /// What was shown of the live records: must still be so.
        seen: BTreeMap<StepId, Reading>,
        /// Who signs.
        signer: SignAs,
    },
    /// Look at a council's record again, and sign what it says.
    RecheckRecord {
        /// The runbook's gate.
        gate: String,
        /// What the person saw.
        words: String,
        /// Who signs.
        signer: SignAs,
    },
    /// Look at the live records behind the gates of a restart → [`super::Event::RestartSeen`].
    LookAtRestart,
    /// Upload the stops that this desk alone holds → [`super::Event::Watched`].
    UploadStops,
    /// Watch the stop conditions from now on, every so many seconds; 0 is not at all. No operation of its own.
    Watch(u32),
    /// Cancel what is in flight; the answer is an event after the server said so.
    Cancel,
}

/// Who signs, and with which key.
#[derive(Clone)]
pub struct SignAs {
    /// Who.
    pub principal: Principal,
    /// With what.
    pub key: KeyChoice,
    /// The key file's passphrase, when one was typed.
    pub passphrase: Option<Zeroizing<String>>,
}

/// What kind of database this is, as the profile says; shown as a labelled band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// A developer's own.
    #[default]
    Development,
    /// Shared, but not real.
    Staging,
    /// Real.
    Production,
}
