//! Takes a command; says what it is, in words.

use super::Command;
use crate::runbook::StepId;

impl Command {
    /// Says what it is, in words, for the status line.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Command::OpenRunbook(path) | Command::OpenBaseline(path) | Command::OpenDump(path) => {
                format!("Reading {}", path.display())
            }
            Command::Connect { .. } => "Connecting".to_owned(),
            Command::Disconnect => "Disconnecting".to_owned(),
            Command::SaveBaseline { path, .. } => format!("Keeping the census in {}", path.display()),
            Command::Survey => "Looking at the live database".to_owned(),
            Command::Rehearse { steps, .. } => format!("Rehearsing {}", join(steps)),
            Command::RehearseBuild { step, .. } => format!("Rehearsing the build of {step}"),
            Command::Stage { steps, .. } => format!("Staging {}", join(steps)),
            Command::StageEndSession { choice, .. } => format!("Asking for the end of session {}", choice.pid),
            Command::Approve { request, .. } => format!("Approving {request}"),
            Command::SaveToSign { path, .. } => format!("Writing {}", path.display()),
            Command::ImportSignature { request, .. } => format!("Importing a signature for {request}"),
            Command::Reject { request, .. } => format!("Rejecting {request}"),
            Command::Withdraw { request, .. } => format!("Withdrawing the approval of {request}"),
            Command::ProposeRoster { .. } => "Proposing a roster".to_owned(),
            Command::ApproveRoster { proposal, .. } => format!("Approving the roster {}", proposal.short()),
            Command::WithdrawRoster { proposal, .. } => format!("Withdrawing the roster {}", proposal.short()),
            Command::Run { request, .. } | Command::RunRestore { request, .. } => format!("Running {request}"),
            Command::CompareWithDump(choice) => format!("Comparing {} with the dump", choice.table),
            Command::SearchDifference(_) => "Searching the difference".to_owned(),
            Command::StageRestore { choice, .. } => format!("Staging the restore of {}", choice.table),
            Command::Prove { request } => format!("Proving what became of {request}"),
            Command::ExportFinding { about, .. } => format!("Writing the finding of {}", about.words()),
            Command::ExportKept { number, .. } => format!("Exporting Finding No. {number}"),
            Command::CountersignFinding { number, .. } => format!("Countersigning Finding No. {number}"),
            Command::VerifyFinding(path) => format!("Verifying {}", path.display()),
            Command::InitLedger => "Making the ledger".to_owned(),
            Command::ReadLedger => "Reading the ledger".to_owned(),
            Command::ListAgentKeys => "Asking ssh-agent".to_owned(),
            Command::DeclareStop { .. } => "Declaring a disaster stop".to_owned(),
            Command::UploadStops => "Uploading what this desk holds".to_owned(),
            Command::WriteDivergence { .. } => "Taking the census of the divergence finding".to_owned(),
            Command::AcceptDifferences { .. } => "Accepting the differences".to_owned(),
            Command::AuthoriseSteps { .. } => "Signing the verdicts".to_owned(),
            Command::RecheckRecord { gate, .. } => format!("Looking at the record of {gate}"),
            Command::LookAtRestart => "Looking at the live records".to_owned(),
            Command::Watch(_) => "Watching the stop conditions".to_owned(),
            Command::Cancel => "Cancelling".to_owned(),
        }
    }
}

fn join(steps: &[StepId]) -> String {
    steps.iter().map(|step| step.0.as_str()).collect::<Vec<_>>().join(", ")
}
