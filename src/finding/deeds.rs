//! Takes a plan and what was seen of it; gives the HTML of every statement with its answer, locks and waits, and of every
//! stage with its effects; refuses to show anything unseen as done.

use maud::{Markup, html};

use super::FindingSubject;
use super::shown::shown;
use crate::plan::{PlannedStatement, Stage};
use crate::run::{Bystander, Effect, Notice, StageTrace, Standing, StatementTrace, Trace, strongest_first};
use crate::runbook::RowsExpected;

/// What was sent, stage by stage, with every answer and effect; of what was never run, what the rehearsal showed.
pub(super) fn steps(subject: &FindingSubject) -> Markup {
    let trace = subject.trace.as_ref();
    html! {
        h2 { "What " (if subject.outcome.is_some() { "was sent" } else { "would be sent" }) }
        @for stage in &subject.plan.stages {
            h3 { (shown(stage.step.as_str())) " " span.quiet { (shown(&stage.script)) } }
            @for planned in &stage.statements {
                (statement(stage, planned, trace, subject.outcome.is_some()))
            }
            @for seen in trace.unwrap_or(&subject.rehearsal.trace).stages.iter().filter(|seen| seen.step == stage.step) {
                @if trace.is_none() { p.quiet { "As it was rehearsed:" } }
                (stage_evidence(seen))
            }
        }
    }
}

fn statement(stage: &Stage, planned: &PlannedStatement, trace: Option<&Trace>, was_run: bool) -> Markup {
    let sent = trace.and_then(|trace| {
        trace.statements.iter().find(|sent| sent.step == stage.step && sent.ordinal == planned.ordinal)
    });
    html! {
        pre { (shown(&planned.sql)) }
        p.quiet {
            "Statement " (planned.ordinal) ", line " (planned.line) ", " (shown(&planned.tag))
            ", rows expected: " (rows_expected(planned.rows.as_ref()))
            @for notice in &planned.notices {
                ", notice expected: " (shown(&notice.severity)) " “" (shown(&notice.contains)) "” "
                (notice.times) "×"
            }
        }
        @match sent {
            Some(sent) => (answered(sent)),
            None if was_run && trace.is_some() => { p.failed { "Not sent." } }
            None => {}
        }
    }
}

fn answered(sent: &StatementTrace) -> Markup {
    html! {
        p {
            "Answered " code { (shown(if sent.tag.is_empty() { "an error" } else { &sent.tag })) }
            @if let Some(rows) = &sent.rows { ", rows: " (shown(rows)) }
            ", " (sent.duration_millis) " ms"
        }
        @if let Some(surprise) = &sent.surprise { p.failed { "≠ " (shown(surprise)) } }
        @if !sent.notices.is_empty() { ul { @for notice in &sent.notices { li { (notice_line(notice)) } } } }
        @if !sent.locks.is_empty() {
            p.quiet {
                "Locks, the strongest first: "
                @for (index, lock) in strongest_first(&sent.locks).into_iter().enumerate() {
                    @if index > 0 { ", " }
                    (shown(&lock.relation.to_string())) " " (shown(&lock.mode))
                }
            }
        }
        (sessions("It waited for", &sent.blockers))
        (sessions("Waited for it", &sent.waiting))
    }
}

/// Whom a stage would wait for, and everything it did by the server's own books.
pub(super) fn stage_evidence(stage: &StageTrace) -> Markup {
    html! {
        (sessions("In the way when it began", &stage.holders))
        @if !stage.effects.is_empty() {
            table {
                thead { tr { th { "Effect seen" } th { "What happened" } th { "Standing" } } }
                tbody { @for effect in stage.worst_first() { (effect_row(effect)) } }
            }
        }
    }
}

fn effect_row(effect: &Effect) -> Markup {
    // Colour never speaks alone: shape, word, then colour.
    let (shape, class) = match effect.standing {
        Standing::Named => ("✓", "same"),
        Standing::Declared => ("+", "grown"),
        Standing::Undeclared => ("✗", "failed"),
    };
    html! {
        tr {
            td.mono { (shown(&effect.object.to_string())) }
            td { (shown(&effect.words())) }
            td class={ "verdict " (class) } { (shape) " " (effect.standing.word()) }
        }
    }
}

fn sessions(lead: &str, sessions: &[Bystander]) -> Markup {
    html! {
        @for session in sessions {
            p.warn { (lead) ": " (shown(&session.words())) }
        }
    }
}

fn notice_line(notice: &Notice) -> Markup {
    html! { code { (shown(&notice.severity)) " " (shown(&notice.code)) } " " (shown(&notice.message)) }
}

fn rows_expected(rows: Option<&RowsExpected>) -> Markup {
    html! {
        @match rows {
            None => "none counted",
            Some(RowsExpected::Exactly(count)) => { "exactly " (count) },
            Some(RowsExpected::AtMost(count)) => { "at most " (count) },
            Some(RowsExpected::Any { reason }) => { "any, because " (shown(reason)) },
        }
    }
}
