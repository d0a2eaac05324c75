//! Takes the evidence; gives the finding with its kind and headline; refuses to let a person choose either of them.

use jiff::Timestamp;

use super::subject::{ComparisonSubject, RestartSubject, StopSubject, Subject};
use super::{FINDING_FORMAT, FINDING_FORMAT_2, Finding, FindingKind, FindingSubject};
use crate::approval::rehearsal_failure;
use crate::census::{Comparison, Verdict};
use crate::digest::Digest;
use crate::ledger::RestartAct;
use crate::run::Outcome;
use crate::runbook::{Principal, StepId};

impl Finding {
    /// Makes the finding of this evidence; kind and headline follow from it and from nothing else.
    ///
    /// `ledger_seq` and `ledger_head` are the newest ledger entry the writer knows, and its hash.
    #[must_use]
    pub fn of(
        subject: impl Into<Subject>,
        writer: Principal,
        words: String,
        written_at: Timestamp,
        ledger_seq: u64,
        ledger_head: Digest,
    ) -> Self {
        let subject = subject.into();
        Self {
            format: format_of(&subject).to_owned(),
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

/// The format of a finding with this evidence.
pub(super) fn format_of(subject: &Subject) -> &'static str {
    match subject {
        Subject::Request(_) => FINDING_FORMAT,
        Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => FINDING_FORMAT_2,
    }
}

/// The kind that the evidence makes it.
pub(super) fn kind(subject: &Subject) -> FindingKind {
    match subject {
        Subject::Request(subject) => kind_of_request(subject),
        Subject::Stop(_) => FindingKind::Stop,
        Subject::Restart(_) => FindingKind::Restart,
        Subject::Comparison(_) => FindingKind::Comparison,
    }
}

/// One sentence or two: what became of it, and what is known of the state afterwards.
pub(super) fn headline(subject: &Subject) -> String {
    match subject {
        Subject::Request(subject) => headline_of_request(subject),
        Subject::Stop(subject) => headline_of_stop(subject),
        Subject::Restart(subject) => headline_of_restart(subject),
        Subject::Comparison(subject) => headline_of_comparison(subject),
    }
}

fn headline_of_stop(subject: &StopSubject) -> String {
    let database = &subject.cited.target.database;
    // Evidence that tells no stop makes no headline of one; verification says why.
    let Ok(seen) = subject.seen() else { return format!("A stop on {database} that its evidence does not show.") };
    let divergence = seen.divergence.as_ref().map_or_else(
        || "No divergence finding is signed about it yet.".to_owned(),
        |kept| format!("{} {}.", kept.paper.by, kept.paper.act.words()),
    );
    format!("Disaster stop on {database}, ledger entry {}: {}. {divergence}", subject.stop, seen.stop.reason)
}

fn headline_of_restart(subject: &RestartSubject) -> String {
    let database = &subject.cited.target.database;
    let Ok(lift) = subject.seen() else { return format!("A restart on {database} that its evidence does not show.") };
    let stops: Vec<String> = lift.stops.iter().map(|stop| stop.seq.to_string()).collect();
    let said = lift.papers.iter().find(|paper| matches!(paper.paper.act, RestartAct::Authorised { .. }));
    let said = said.map_or_else(String::new, |paper| format!(" {} {}.", paper.paper.by, paper.paper.act.words()));
    let left = match lift.accepted.len() {
        0 => "Nothing differs from the baseline.".to_owned(),
        1 => "One difference from the baseline was accepted.".to_owned(),
        many => format!("{many} differences from the baseline were accepted."),
    };
    let which = if stops.len() == 1 { "the stop of ledger entry" } else { "the stops of ledger entries" };
    format!("Restart on {database}, ledger entry {}: {which} {} lifted.{said} {left}", lift.seq, stops.join(", "))
}

fn headline_of_comparison(subject: &ComparisonSubject) -> String {
    let count = |verdict| subject.comparison.rows.iter().filter(|row| row.verdict == verdict).count();
    let mut words: Vec<String> = Vec::new();
    for (verdict, word) in [
        (Verdict::Same, "same"),
        (Verdict::Grown, "grown as allowed"),
        (Verdict::Drifted, "drifted"),
        (Verdict::Missing, "missing"),
        (Verdict::Blind, "not seen"),
    ] {
        if count(verdict) > 0 {
            words.push(format!("{} {word}", count(verdict)));
        }
    }
    let found = if words.is_empty() { "no check is in either".to_owned() } else { words.join(", ") };
    let ignored = if subject.ignored.is_empty() {
        String::new()
    } else {
        format!(" {} left out by choice.", subject.ignored.len())
    };
    let (left, right) = (&subject.left, &subject.right);
    format!("\u{201c}{}\u{201d} beside \u{201c}{}\u{201d}: {found}.{ignored}", left.label, right.label)
}

/// A run is only called a run when its end is known and was seen to be as expected, or nothing of it was kept.
fn kind_of_request(subject: &FindingSubject) -> FindingKind {
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

fn headline_of_request(subject: &FindingSubject) -> String {
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
