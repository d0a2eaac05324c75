//! What a rehearsal or a run did, for the terminal and for machines: statements, locks, who waited, effects, residue.

use serde_json::{Value, json};

use super::super::Output;
use super::super::output::{columns, comparison_text, visible};
use crate::census::Reading;
use crate::rehearsal::{Rehearsal, Residue};
use crate::run::{StageTrace, Standing, StatementTrace, Trace, strongest_first};

/// Says what a rehearsal showed.
pub(super) fn rehearsal_text(output: Output, rehearsal: &Rehearsal) -> String {
    let mut out = trace_text(&rehearsal.trace);
    for comparison in &rehearsal.inside {
        out += "inside the transaction:\n";
        out += &comparison_text(output, comparison);
    }
    if let Some(lock) = rehearsal.trace.strongest_lock() {
        out += &format!("strongest lock: {} on {}\n", lock.mode, lock.relation);
    }
    if rehearsal.passed() {
        out += &format!("Rehearsed: {} · {} ms\n", rehearsal.left_words(), rehearsal.duration_millis);
    }
    for Residue { what, entry, exit } in &rehearsal.residue {
        out += &shown(&format!("left behind: {what} was {}, is {}", words(entry.as_ref()), words(exit.as_ref())));
    }
    out
}

/// Sums up a rehearsal's evidence for machines; the whole of it is in the document beside.
pub(super) fn rehearsal_json(rehearsal: &Rehearsal) -> Value {
    let trace = &rehearsal.trace;
    let statement = |statement: &StatementTrace| {
        json!({
            "step": statement.step, "ordinal": statement.ordinal, "tag": statement.tag, "rows": statement.rows,
            "strongest_lock": statement.strongest_lock(), "locks": strongest_first(&statement.locks),
            "waiting": statement.waiting, "blockers": statement.blockers, "surprise": statement.surprise,
        })
    };
    let stage =
        |stage: &StageTrace| json!({"step": stage.step, "holders": stage.holders, "effects": stage.worst_first()});
    json!({
        "strongest_lock": trace.strongest_lock(),
        "statements": trace.statements.iter().map(statement).collect::<Vec<_>>(),
        "stages": trace.stages.iter().map(stage).collect::<Vec<_>>(),
        "residue": rehearsal.residue,
    })
}

/// Says what was sent and answered: one line a statement, what belongs to it below, and what a stage did behind it.
pub(super) fn trace_text(trace: &Trace) -> String {
    let row = |statement: &StatementTrace| {
        let notices = match statement.notices.len() {
            0 => String::new(),
            1 => "1 notice".to_owned(),
            count => format!("{count} notices"),
        };
        vec![
            format!("{} {}", statement.step, statement.ordinal),
            if statement.tag.is_empty() { "refused".to_owned() } else { statement.tag.clone() },
            format!("{} ms", statement.duration_millis),
            notices,
            statement.surprise.as_ref().map_or_else(String::new, |surprise| visible(surprise)),
        ]
    };
    let lines = columns(&trace.statements.iter().map(row).collect::<Vec<_>>());
    let mut out = String::new();
    let mut told = Vec::new();
    let mut statements = trace.statements.iter().zip(lines.lines()).peekable();
    // A stage that gave up before its first statement is told as well.
    for stage in trace.stages.iter().filter(|stage| !trace.statements.iter().any(|of| of.step == stage.step)) {
        out += &before(stage);
        told.push(&stage.step);
    }
    while let Some((statement, line)) = statements.next() {
        let stage = trace.stages.iter().find(|stage| stage.step == statement.step);
        if !told.contains(&&statement.step) {
            told.push(&statement.step);
            out += &stage.map_or_else(String::new, before);
        }
        out += &format!("{line}\n{}", details(statement));
        if statements.peek().is_none_or(|(next, _)| next.step != statement.step) {
            out += &stage.map_or_else(String::new, effects);
        }
    }
    out
}

/// Whom a stage would wait for.
fn before(stage: &StageTrace) -> String {
    let say = |holder: &crate::run::Bystander| shown(&format!("{} would wait for {}", stage.step, holder.words()));
    stage.holders.iter().map(say).collect()
}

fn details(statement: &StatementTrace) -> String {
    let mut out = String::new();
    for notice in &statement.notices {
        out += &shown(&format!("    {} {}: {}", notice.severity, notice.code, notice.message));
    }
    let locks: Vec<String> = strongest_first(&statement.locks)
        .into_iter()
        .map(|lock| format!("{} on {}", lock.mode, lock.relation))
        .collect();
    if !locks.is_empty() {
        out += &shown(&format!("    locks: {}", locks.join(", ")));
    }
    for blocker in &statement.blockers {
        out += &shown(&format!("    waited for {}", blocker.words()));
    }
    for waiting in &statement.waiting {
        out += &shown(&format!("    waits for us: {}", waiting.words()));
    }
    out
}

fn effects(stage: &StageTrace) -> String {
    let row = |effect: &crate::run::Effect| {
        let mark = match effect.standing {
            Standing::Named | Standing::Declared => "  ✓",
            Standing::Undeclared => "  ✗",
        };
        vec![format!("{mark} {}", effect.standing.word()), visible(&effect.object.to_string()), effect.words()]
    };
    let rows: Vec<Vec<String>> = stage.worst_first().into_iter().map(row).collect();
    if rows.is_empty() { String::new() } else { format!("{} effects seen:\n{}", stage.step, columns(&rows)) }
}

fn words(reading: Option<&Reading>) -> String {
    match reading {
        None => "not asked".to_owned(),
        Some(Reading::Value(None)) => "absent".to_owned(),
        Some(Reading::Value(Some(value))) => value.clone(),
        Some(Reading::Blind(reason)) => format!("blind ({reason})"),
    }
}

/// One line that a terminal shows and does not obey.
fn shown(line: &str) -> String {
    format!("{}\n", visible(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Bystander, Effect, EffectKind, HeldLock};
    use crate::runbook::ObjectName;

    fn table(name: &str) -> ObjectName {
        ObjectName::new("public", name)
    }

    fn session(pid: i32) -> Bystander {
        Bystander {
            pid,
            role: "lan".to_owned(),
            application: String::new(),
            state: "active".to_owned(),
            since: String::new(),
            relation: Some(table("t")),
            mode: "ShareLock".to_owned(),
            statement: "SELECT '\u{1b}[2J'".to_owned(),
        }
    }

    #[test]
    fn everything_a_stage_did_is_told_in_order() {
        let lock = |name: &str, mode: &str| HeldLock { relation: table(name), mode: mode.to_owned() };
        let statement = StatementTrace {
            step: "S-1".into(),
            ordinal: 1,
            tag: "DELETE 4".to_owned(),
            rows: Some("4".to_owned()),
            duration_millis: 7,
            notices: Vec::new(),
            locks: vec![lock("a", "AccessShareLock"), lock("t", "RowExclusiveLock")],
            waiting: vec![session(43)],
            blockers: Vec::new(),
            surprise: None,
        };
        let effect = |name: &str, standing| Effect { object: table(name), what: EffectKind::Dropped, standing };
        let effects = vec![effect("t", Standing::Named), effect("x", Standing::Undeclared)];
        let stage = StageTrace { step: "S-1".into(), holders: vec![session(42)], effects };
        let text = trace_text(&Trace { statements: vec![statement], stages: vec![stage] });
        let expected = "\
S-1 would wait for pid 42 (role lan, active) with ShareLock on public.t, last statement `SELECT '\u{fffd}[2J'`
S-1 1  DELETE 4  7 ms
    locks: RowExclusiveLock on public.t, AccessShareLock on public.a
    waits for us: pid 43 (role lan, active) with ShareLock on public.t, last statement `SELECT '\u{fffd}[2J'`
S-1 effects seen:
  ✗ undeclared  public.x  dropped
  ✓ named       public.t  dropped
";
        assert_eq!(text, expected);
    }
}
