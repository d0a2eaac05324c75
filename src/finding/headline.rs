//! Takes the evidence; gives the finding with its kind and headline; refuses to let a person choose either of them.

use jiff::Timestamp;

use super::{FINDING_FORMAT, Finding, FindingKind, FindingSubject};
use crate::approval::rehearsal_failure;
use crate::census::Comparison;
use crate::digest::Digest;
use crate::run::Outcome;
use crate::runbook::{Principal, StepId};

impl Finding {
    /// Makes the finding of this evidence; kind and headline follow from it and from nothing else.
    ///
    /// `ledger_seq` and `ledger_head` are the newest ledger entry the writer knows, and its hash.
    #[must_use]
    pub fn of(
        subject: FindingSubject,
        writer: Principal,
        words: String,
        written_at: Timestamp,
        ledger_seq: u64,
        ledger_head: Digest,
    ) -> Self {
        Self {
            format: FINDING_FORMAT.to_owned(),
            kind: kind(&subject),
            headline: headline(&subject),
            words,
            writer,
            written_at,
            subject,
            ledger_seq: ledger_seq.to_string(),
            ledger_head,
        }
    }
}

/// A run is only called a run when its end is known and was seen to be as expected, or nothing of it was kept.
pub(super) fn kind(subject: &FindingSubject) -> FindingKind {
    let after_holds = subject.after.as_ref().map(Comparison::holds);
    match (&subject.outcome, after_holds) {
        (Some(Outcome::Committed), _) if subject.failure.is_some() => FindingKind::Divergence,
        (None, _) => FindingKind::Rehearsal,
        (Some(Outcome::Committed), Some(true)) | (Some(Outcome::RolledBack { .. }), Some(true) | None) => {
            FindingKind::Run
        }
        (Some(Outcome::Unknown { .. }), _)
        | (Some(Outcome::Committed), Some(false) | None)
        | (Some(Outcome::RolledBack { .. }), Some(false)) => FindingKind::Divergence,
    }
}

/// One sentence or two: what became of it, and what is known of the state afterwards.
pub(super) fn headline(subject: &FindingSubject) -> String {
    let plan = &subject.plan;
    let database = &plan.target.database;
    let what = match &plan.restore {
        Some(restore) => format!("the restore of {} from {} on {database}", restore.table, restore.dump.file),
        None => format!("the reversal of {} on {database}", steps(plan.stages.iter().map(|stage| &stage.step))),
    };
    match &subject.outcome {
        None => match rehearsal_failure(&subject.rehearsal) {
            None => format!("Rehearsed, {}: {what}. It has not been run.", subject.rehearsal.left_words()),
            Some(failure) => format!("The rehearsal did not pass: {what}; {failure}. It has not been run."),
        },
        Some(Outcome::Committed) => {
            let but =
                subject.failure.as_ref().map_or_else(String::new, |failure| format!(" NOT as planned: {failure}."));
            format!("Committed: {what}.{but} {}", afterwards(subject))
        }
        Some(Outcome::RolledBack { reason, committed }) => {
            // The comparison of a run that was rolled back, if any, is that of the last stage it kept.
            let seen = if subject.after.is_some() { format!(" {}", afterwards(subject)) } else { String::new() };
            format!("Rolled back: {what}; {reason}. {}{seen}", kept(committed))
        }
        // Unknown is an answer, and the only honest one here.
        Some(Outcome::Unknown { reason, committed, token: _ }) => {
            format!("Unknown whether it was committed: {what}; {reason}. {}", kept_before(committed))
        }
    }
}

fn afterwards(subject: &FindingSubject) -> String {
    let Some(after) = &subject.after else { return "It was not verified after the commit.".to_owned() };
    let failing = after.failures().count();
    let all = after.rows.len();
    if failing == 0 {
        format!("Verified after the commit: {all} of {all} checks hold.")
    } else {
        format!("Verified after the commit: {failing} of {all} checks do NOT hold.")
    }
}

fn kept(committed: &[StepId]) -> String {
    if committed.is_empty() { "Nothing was kept.".to_owned() } else { kept_before(committed) }
}

fn kept_before(committed: &[StepId]) -> String {
    if committed.is_empty() {
        "No stage before it was committed.".to_owned()
    } else {
        format!("Committed before it and kept: {}.", steps(committed.iter()))
    }
}

fn steps<'a>(names: impl Iterator<Item = &'a StepId>) -> String {
    names.map(StepId::as_str).collect::<Vec<_>>().join(", ")
}
