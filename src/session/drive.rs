//! Drives a machine on a line, step by step, and says what is happening.

use std::time::{Duration, Instant};

use super::{Cancel, Progress, Watch};
use crate::plan::Plan;
use crate::port::RunLine;
use crate::run::{Event, Finished, Machine, Purpose, Step};

/// Performs one step after another until the machine is done.
pub(super) async fn drive(
    line: &mut dyn RunLine,
    machine: &mut Machine,
    plan: &Plan,
    watch: &mut Watch<'_>,
) -> Finished {
    let total: usize = plan.stages.iter().map(|stage| stage.statements.len()).sum();
    let mut event = Event::Start;
    let mut open = OpenFor::default();
    loop {
        let step = match machine.on(event) {
            Step::Done(finished) => return Finished { duration_millis: open.millis(), ..*finished },
            step => step,
        };
        if watch.cancel.is_asked() && !machine.is_past_cancelling() {
            event = Event::Cancelled;
            continue;
        }
        announce(&step, plan, total, watch);
        let sent = Instant::now();
        event = perform(line, &step, watch.cancel).await;
        open.performed(&step, sent);
        confirm(&step, &event, watch);
    }
}

/// How long transactions were open, censuses and books included: so long their locks were held.
#[derive(Default)]
struct OpenFor {
    begun: Option<Instant>,
    before: Duration,
}

impl OpenFor {
    fn performed(&mut self, step: &Step, sent: Instant) {
        match step {
            Step::Send { purpose: Purpose::Begin, .. } => self.begun = Some(sent),
            Step::Commit | Step::Rollback => {
                self.before += self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
            }
            _ => {}
        }
    }

    fn millis(&self) -> u32 {
        let open = self.begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        u32::try_from((self.before + open).as_millis()).unwrap_or(u32::MAX)
    }
}

/// Performs a step; a wish to cancel reaches the server while it works, but never once COMMIT may have been sent.
pub(super) async fn perform(line: &mut dyn RunLine, step: &Step, cancel: &Cancel) -> Event {
    if !matches!(step, Step::Send { .. } | Step::LoadDump(_) | Step::ReadDifference(_)) {
        return line.perform(step).await;
    }
    let cancel_at_server = line.canceller();
    let mut work = line.perform(step);
    tokio::select! {
        event = &mut work => return event,
        () = cancel.asked() => cancel_at_server().await,
    }
    work.await
}

/// Says what is about to be sent.
fn announce(step: &Step, plan: &Plan, total: usize, watch: &mut Watch<'_>) {
    match step {
        Step::Send { purpose: Purpose::Statement { stage, statement }, .. } => {
            let before: usize = plan.stages[..*stage].iter().map(|stage| stage.statements.len()).sum();
            let step = plan.stages[*stage].step.clone();
            (watch.say)(Progress::Sending { step, number: before + statement + 1, of: total });
        }
        Step::Commit => (watch.say)(Progress::Committing),
        Step::AppendApart(_)
        | Step::Connect { .. }
        | Step::Send { .. }
        | Step::TakeCensus(_)
        | Step::LoadDump(_)
        | Step::ReadDifference(_)
        | Step::ReadLedger
        | Step::AppendInside(_)
        | Step::Rollback
        | Step::TakeCensusAfter(_)
        | Step::Done(_) => {}
    }
}

/// Says what has just been answered, when it was answered well.
fn confirm(step: &Step, event: &Event, watch: &mut Watch<'_>) {
    let passed = match (step, event) {
        (Step::AppendApart(_), Event::Appended) => "intent is in the ledger",
        (Step::Connect { .. }, Event::Connected { .. }) => "connected, directly and afresh",
        (Step::Send { purpose, .. }, Event::Answered(reply)) if reply.error.is_none() => match purpose {
            Purpose::Begin => "transaction begun",
            Purpose::Pin => "timeouts and settings set",
            Purpose::AssertSettings => "timeouts and settings read back",
            Purpose::Mutex => "this desk alone holds the target",
            Purpose::LockTables => "shared tables locked against writers",
            Purpose::OpenGate => "the gate is open, and the shared tables are locked against writers",
            Purpose::Constraints => "deferred constraints checked",
            Purpose::Books => "effects read from the server's own books",
            Purpose::Sequences
            | Purpose::Names
            | Purpose::Holders
            | Purpose::Restore
            | Purpose::Statement { .. }
            | Purpose::LookAround
            | Purpose::Attribute => return,
        },
        (Step::TakeCensus(_), Event::CensusTaken(_)) => "census taken inside the transaction",
        (Step::LoadDump(_), Event::DumpLoaded(_)) => "the dump's rows loaded into a temporary table",
        (Step::ReadDifference(_), Event::DifferenceRead(_)) => "difference read, row by row",
        (Step::ReadLedger, Event::LedgerRead(_)) => "no stop and no withdrawal in the ledger",
        (Step::AppendInside(_), Event::Appended) => "outcome recorded in the same transaction",
        (Step::Rollback, Event::Answered(_)) => "rolled back",
        (Step::Commit, Event::Answered(reply)) if reply.tags == ["COMMIT"] => "committed",
        (Step::TakeCensusAfter(_), Event::CensusTaken(_)) => "census taken afterwards on a fresh connection",
        _ => return,
    };
    (watch.say)(Progress::Passed(passed.to_owned()));
}
