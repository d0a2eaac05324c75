//! Takes a command; says which errand it is, what it is in words, and what it leaves to be done after.

use crate::session::{Command, Event};

use super::state::Errand;

/// Says which errand a command is; `None` for Cancel, which is not an operation of its own.
pub fn errand_of(command: &Command) -> Option<Errand> {
    Some(match command {
        Command::OpenRunbook(_) => Errand::Runbook,
        Command::Connect { .. } => Errand::Connect,
        Command::Disconnect => Errand::Disconnect,
        Command::OpenBaseline(_) => Errand::Baseline,
        Command::SaveBaseline { .. } => Errand::SaveBaseline,
        Command::Survey => Errand::Survey,
        Command::Rehearse { .. } => Errand::Rehearse,
        Command::Stage { .. } | Command::StageRestore { .. } => Errand::Stage,
        Command::OpenDump(_) => Errand::OpenDump,
        Command::CompareWithDump(_) => Errand::CompareWithDump,
        Command::SearchDifference(_) => Errand::SearchDifference,
        Command::Approve { .. }
        | Command::ImportSignature { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. }
        | Command::ProposeRoster { .. }
        | Command::ApproveRoster { .. }
        | Command::WithdrawRoster { .. }
        | Command::WriteDivergence { .. }
        | Command::AcceptDifferences { .. }
        | Command::AuthoriseSteps { .. }
        | Command::RecheckRecord { .. } => Errand::Decide,
        Command::LookAtRestart => Errand::LookAtRestart,
        Command::Run { .. } | Command::RunRestore { .. } => Errand::Run,
        Command::Prove { .. } => Errand::Prove,
        Command::SaveToSign { .. } => Errand::SaveToSign,
        Command::ExportFinding { .. } => Errand::ExportFinding,
        Command::VerifyFinding(_) => Errand::VerifyFinding,
        Command::InitLedger => Errand::InitLedger,
        Command::ReadLedger => Errand::ReadLedger,
        Command::ListAgentKeys => Errand::AgentKeys,
        Command::CompareBaselines(..) => Errand::CompareBaselines,
        Command::DeclareStop { .. } | Command::UploadStops => Errand::Stop,
        Command::Cancel | Command::Watch(_) => return None,
    })
}

/// Says what a command is, in words, until the session says it better.
pub fn words_of(command: &Command) -> String {
    match command {
        Command::OpenRunbook(path) | Command::OpenBaseline(path) | Command::OpenDump(path) => {
            format!("Reading {}", path.display())
        }
        Command::Connect { .. } => "Connecting".to_owned(),
        Command::Disconnect => "Disconnecting".to_owned(),
        Command::SaveBaseline { path, .. } => format!("Keeping the census in {}", path.display()),
        Command::Survey => "Looking at the live database".to_owned(),
        Command::Rehearse { steps, .. } => format!("Rehearsing {}", join(steps)),
        Command::Stage { steps, .. } => format!("Staging {}", join(steps)),
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
        Command::ExportFinding { request, .. } => format!("Writing the finding of {request}"),
        Command::VerifyFinding(path) => format!("Verifying {}", path.display()),
        Command::InitLedger => "Making the ledger".to_owned(),
        Command::ReadLedger => "Reading the ledger".to_owned(),
        Command::ListAgentKeys => "Asking ssh-agent".to_owned(),
        Command::CompareBaselines(..) => "Comparing two baselines".to_owned(),
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

fn join(steps: &[crate::runbook::StepId]) -> String {
    steps.iter().map(|step| step.0.as_str()).collect::<Vec<_>>().join(", ")
}

/// Says which errand an event answers; `None` when it answers none by itself.
pub fn answered_by(event: &Event) -> Option<Errand> {
    Some(match event {
        Event::RunbookOpened { .. } => Errand::Runbook,
        Event::Connected { .. } => Errand::Connect,
        Event::Disconnected => Errand::Disconnect,
        Event::BaselineOpened { .. } => Errand::Baseline,
        Event::BaselineSaved(_) => Errand::SaveBaseline,
        Event::Surveyed(_) => Errand::Survey,
        Event::Rehearsed { .. } => Errand::Rehearse,
        Event::Staged { .. } => Errand::Stage,
        Event::DumpOpened { .. } => Errand::OpenDump,
        Event::DifferenceSeen(_) => Errand::CompareWithDump,
        Event::DifferenceSearched(_) => Errand::SearchDifference,
        Event::Decided(_) => Errand::Decide,
        Event::SavedToSign { .. } => Errand::SaveToSign,
        Event::Ran { .. } => Errand::Run,
        Event::FindingExported { .. } => Errand::ExportFinding,
        Event::FindingVerified(_) => Errand::VerifyFinding,
        Event::LedgerMade => Errand::InitLedger,
        Event::LedgerRead(_) => Errand::ReadLedger,
        Event::AgentKeys(_) => Errand::AgentKeys,
        Event::BaselinesCompared(_) => Errand::CompareBaselines,
        Event::RestartSeen(_) => Errand::LookAtRestart,
        Event::Began(_) | Event::Progress(_) | Event::Watched { .. } | Event::Finished | Event::Failed(_) => {
            return None;
        }
    })
}
