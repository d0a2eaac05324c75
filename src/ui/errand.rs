//! Takes a command or an event; says which errand it is or answers.

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
        Command::RehearseBuild { .. } => Errand::RehearseBuild,
        Command::Stage { .. } | Command::StageRestore { .. } | Command::StageEndSession { .. } => Errand::Stage,
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
        | Command::CountersignFinding { .. }
        | Command::WriteDivergence { .. }
        | Command::AcceptDifferences { .. }
        | Command::AuthoriseSteps { .. }
        | Command::RecheckRecord { .. } => Errand::Decide,
        Command::LookAtRestart => Errand::LookAtRestart,
        Command::Run { .. } | Command::RunRestore { .. } => Errand::Run,
        Command::Prove { .. } => Errand::Prove,
        Command::SaveToSign { .. } => Errand::SaveToSign,
        Command::ExportFinding { .. } | Command::ExportKept { .. } => Errand::ExportFinding,
        Command::VerifyFinding(_) => Errand::VerifyFinding,
        Command::InitLedger => Errand::InitLedger,
        Command::ReadLedger => Errand::ReadLedger,
        Command::ListAgentKeys => Errand::AgentKeys,
        Command::DeclareStop { .. } | Command::UploadStops => Errand::Stop,
        Command::Cancel | Command::Watch(_) => return None,
    })
}

/// Says which errand an event answers; `None` when it answers none by itself.
pub fn answered_by(event: &Event) -> Option<Errand> {
    Some(match event {
        Event::RunbookOpened { .. } => Errand::Runbook,
        Event::Connected { .. } => Errand::Connect,
        Event::Disconnected => Errand::Disconnect,
        Event::BaselineOpened { .. } => Errand::Baseline,
        Event::BaselineSaved { .. } => Errand::SaveBaseline,
        Event::Surveyed(_) => Errand::Survey,
        Event::Rehearsed { .. } => Errand::Rehearse,
        Event::BuildRehearsed(_) => Errand::RehearseBuild,
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
        Event::RestartSeen(_) => Errand::LookAtRestart,
        Event::Began(_) | Event::Progress(_) | Event::Watched { .. } | Event::Finished | Event::Failed(_) => {
            return None;
        }
    })
}
