//! The second half of the machine: verification inside, the record, COMMIT, and the look afterwards.

use super::super::{Event, Outcome, Reply, RunToken, Step, guard};
use super::{Door, Look, Machine, Phase, questions};
use crate::census::{Census, CompareScope, Comparison, compare};
use crate::ledger::Body;

impl Machine {
    /// Verifies inside, before anything is final. Drifted, missing or blind rolls back.
    pub(super) fn verified_inside(&mut self, census: &Census) -> Step {
        let comparison = self.compare_stage(census);
        let failure = guard::first_failure(&comparison);
        let baseline = self.baseline.as_ref().map(|baseline| &baseline.census);
        let tripped = guard::tripped(&self.plan.plan().stops, baseline, census);
        self.finished.inside.push(comparison);
        if let Some(tripped) = tripped {
            return self.trip(tripped);
        }
        if let Some(failure) = failure {
            let place = self.stage_plan().step.clone();
            return self.surprise(format!("{place}: verification inside the transaction failed: {failure}"));
        }
        match &self.door {
            Door::Run(_) => self.expect(Phase::Gate, Step::ReadLedger),
            Door::Rehearse { .. } => self.look_at_books(Look::Last),
        }
    }

    /// Ends the stage after everything was read back once more: COMMIT for a run, the next stage or ROLLBACK for a
    /// rehearsal.
    pub(super) fn end_stage(&mut self) -> Step {
        match &self.door {
            Door::Run(_) => self.record(),
            Door::Rehearse { .. } if self.stage + 1 < self.plan.plan().stages.len() => {
                self.stage += 1;
                self.ask_holders()
            }
            Door::Rehearse { .. } => self.expect(Phase::RollingBack, Step::Rollback),
        }
    }

    pub(super) fn compare_stage(&self, census: &Census) -> Comparison {
        let steps = [self.stage_plan().step.clone()];
        let scope = match (&self.plan.plan().restore, &self.stage_entry) {
            (Some(restore), entry) => CompareScope::Restored(&restore.table, restore.kept, entry.as_ref()),
            (None, Some(entry)) => CompareScope::StepsAndHeld(&steps, entry),
            (None, None) => CompareScope::Steps(&steps),
        };
        compare(&self.plan.plan().checks, self.baseline.as_ref(), census, scope)
    }

    /// Appends the outcome in the same transaction: it and the reversal stay or go together.
    pub(super) fn record(&mut self) -> Step {
        let Some(token) = self.token() else {
            return self.surprise("BUG: the transaction has no id or no connection to record");
        };
        let Door::Run(door) = &self.door else { return self.surprise("BUG: a rehearsal was asked to commit") };
        let body = Body::Committed {
            request_digest: door.countersigned.request_digest(),
            run: door.run.clone(),
            stage: token.stage,
            stages: u32::try_from(self.plan.plan().stages.len()).unwrap_or(u32::MAX),
            token,
        };
        self.expect(Phase::Recording, Step::AppendInside(body))
    }

    pub(super) fn token(&self) -> Option<RunToken> {
        let Door::Run(door) = &self.door else { return None };
        let connection = self.connection.as_ref()?;
        Some(RunToken {
            run: door.run.clone(),
            stage: u32::try_from(self.stage).unwrap_or(u32::MAX),
            // A stage that changed nothing has no id yet; its ledger row proves it alone.
            xid: self.xid.clone().unwrap_or_default(),
            pid: connection.pid,
            backend_start: connection.backend_start.clone(),
            system_identifier: connection.target.system_identifier.clone(),
            timeline: connection.target.timeline,
        })
    }

    /// COMMIT of a failed transaction answers ROLLBACK without an error: only the tag tells.
    pub(super) fn committed_or_not(&mut self, reply: &Reply) -> Step {
        match (&reply.error, reply.tags.as_slice()) {
            (None, [tag]) if tag == "COMMIT" => {
                self.committed.push(self.stage_plan().step.clone());
                self.look_after(true)
            }
            (None, [tag]) if tag == "ROLLBACK" => {
                self.note_failure("COMMIT was answered with ROLLBACK: the transaction had failed".to_owned());
                self.look_after(false)
            }
            (Some(error), _) => {
                self.note_failure(format!("COMMIT was refused ({}): {}", error.code, error.message));
                self.look_after(false)
            }
            (None, tags) => self.unknown(format!("COMMIT was answered with {tags:?}")),
        }
    }

    pub(super) fn unknown(&mut self, reason: String) -> Step {
        let Some(token) = self.token() else { return self.end_before_begin(reason) };
        self.note_failure(format!("it is not known whether it was committed: {reason}"));
        self.finished.outcome = Outcome::Unknown { token, reason, committed: self.committed.clone() };
        self.done()
    }

    pub(super) fn look_after(&mut self, committed: bool) -> Step {
        let questions = questions(self.plan.plan());
        self.expect(Phase::After { committed }, Step::TakeCensusAfter(questions))
    }

    /// Verifies on another fresh connection; then the next stage, or the end.
    pub(super) fn verified_after(&mut self, committed: bool, event: Event) -> Step {
        let Event::CensusTaken(census) = event else {
            let reason = match event {
                Event::Failed(reason) | Event::Lost(reason) => reason,
                event => format!("{event:?}"),
            };
            self.note_failure(format!("the verification after it could not be made: {reason}"));
            return self.done();
        };
        let comparison = committed.then(|| self.compare_stage(&census));
        let baseline = self.baseline.as_ref().map(|baseline| &baseline.census);
        if self.finished.tripped.is_none() {
            self.finished.tripped = guard::tripped(&self.plan.plan().stops, baseline, &census);
        }
        self.finished.exit = Some(census);
        let Some(comparison) = comparison else { return self.done() };
        let failure = guard::first_failure(&comparison);
        self.finished.after = Some(comparison);
        if let Some(failure) = failure {
            self.note_failure(format!("committed, but the verification after it failed: {failure}"));
        } else if let Some((condition, reason)) = self.finished.tripped.clone() {
            self.note_failure(format!("committed, but the stop condition {condition} tripped: {reason}"));
        } else if self.stage + 1 < self.plan.plan().stages.len() {
            // D-27: each stage is a transaction of its own, on a connection of its own.
            self.stage += 1;
            return self.connect();
        }
        self.done()
    }

    pub(super) fn trip(&mut self, (condition, reason): (String, String)) -> Step {
        let sentence = format!("stop condition {condition}: {reason}");
        self.finished.tripped = Some((condition, reason));
        self.surprise(sentence)
    }

    pub(super) fn note_failure(&mut self, reason: String) {
        self.finished.failure.get_or_insert(reason);
    }

    /// A guard tripped: roll back, whatever it was.
    pub(super) fn surprise(&mut self, reason: impl Into<String>) -> Step {
        self.note_failure(reason.into());
        self.expect(Phase::RollingBack, Step::Rollback)
    }

    pub(super) fn end_before_begin(&mut self, reason: String) -> Step {
        self.note_failure(reason);
        self.done()
    }

    pub(super) fn done(&mut self) -> Step {
        let all = self.committed.len() == self.plan.plan().stages.len();
        if !matches!(self.finished.outcome, Outcome::Unknown { .. }) {
            self.finished.outcome = if all && !self.committed.is_empty() {
                Outcome::Committed
            } else {
                let rehearsed = || "rehearsed: rolled back as planned".to_owned();
                let reason = self.finished.failure.clone().unwrap_or_else(rehearsed);
                Outcome::RolledBack { reason, committed: self.committed.clone() }
            };
        }
        self.phase = Phase::Done;
        Step::Done(Box::new(self.finished.clone()))
    }
}
