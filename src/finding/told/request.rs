//! A request, rehearsed or run; and what a restore compares and writes.

use super::{comparison_table, fact, item, reading};
use crate::approval::{LEAST_APPROVALS, rehearsal_failure};
use crate::finding::FindingSubject;
use crate::finding::block::{Block, Cell, Span, Style};
use crate::plan::{EXECUTOR, EndSession, Hazard, PlannedStatement, Stage, Via};
use crate::restore::{LaterRows, Restore, Scope};
use crate::run::{Bystander, Outcome, StageTrace, Standing, StatementTrace, Trace, strongest_first};
use crate::runbook::{RowsExpected, StepId};

pub(super) fn tell(subject: &FindingSubject) -> Vec<Block> {
    let mut page = Vec::new();
    if let Some(Outcome::Unknown { .. }) = &subject.outcome {
        page.push(Block::styled(
            Style::Bad,
            "? UNKNOWN. Nothing has proved whether the last stage was committed. Do not run it again before that is known.",
        ));
    }
    page.extend(place(subject));
    if let Some(part) = &subject.plan.restore {
        page.extend(restore(part));
    }
    if let Some(end) = &subject.plan.end_session {
        page.extend(end_session(end));
    }
    page.extend(steps(subject));
    match (&subject.after, &subject.outcome) {
        (Some(after), _) => {
            page.push(Block::Heading(2, "Verified after the commit".to_owned()));
            page.push(Block::styled(
                Style::Quiet,
                "Read on a fresh connection after the last transaction that was committed had ended.",
            ));
            page.push(comparison_table(after, ["Baseline", "Expected", "Actual"]));
        }
        (None, Some(Outcome::Committed)) => {
            page.push(Block::Heading(2, "Verified after the commit".to_owned()));
            page.push(Block::styled(Style::Bad, "? Not verified: nothing was compared after the commit."));
        }
        (None, Some(Outcome::RolledBack { .. } | Outcome::Unknown { .. }) | None) => {}
    }
    for (number, inside) in (1..).zip(&subject.inside) {
        page.push(Block::Heading(2, format!("Inside the transaction, stage {number}")));
        page.push(comparison_table(inside, ["Baseline", "Expected", "Actual"]));
    }
    page.extend(rehearsal(subject));
    page
}

fn place(subject: &FindingSubject) -> Vec<Block> {
    let (plan, target) = (&subject.plan, &subject.plan.target);
    let (policy, timeouts) = (&plan.policy, &plan.settings.timeouts);
    let role = match (&plan.via, &plan.run_as) {
        (Some(Via::Gate), _) => format!("{} rehearsed it; the gate runs it as {EXECUTOR}", target.role),
        (None, Some(role)) => format!("{} rehearsed it; a member of {role} runs it", target.role),
        (None, None) => target.role.clone(),
    };
    let mut facts = vec![
        fact("Database", Span::plain(format!("{} (OID {})", target.database, target.database_oid))),
        fact(
            "Server",
            Span::plain(format!(
                "system identifier {}, version {}, timeline {}",
                target.system_identifier, target.server_version, target.timeline
            )),
        ),
        fact("Role", Span::plain(role)),
        fact("Runbook", Span::plain(format!("{} {}", plan.runbook, plan.runbook_version))),
        fact("Runbook digest", Span::mono(plan.runbook_digest.to_string())),
        fact("Plan", Span::mono(subject.plan_digest.to_string())),
        fact("Request", Span::mono(subject.request_digest.to_string())),
        fact("Open", Span::plain(format!("from {} to {}", subject.request.not_before, subject.request.not_after))),
        fact("Roster", Span::plain(format!("version {}", plan.roster_version))),
        fact("Roster digest", Span::mono(plan.roster_digest.to_string())),
        fact("Baseline", Span::mono(plan.baseline_digest.to_string())),
        fact(
            "Policy",
            Span::plain(format!(
                "{} people; a rehearsal holds for {} s",
                policy.approvals.max(LEAST_APPROVALS),
                policy.rehearsal_max_age_seconds
            )),
        ),
        fact(
            "Timeouts",
            Span::plain(format!(
                "lock {} ms, statement {} ms, idle in transaction {} ms",
                timeouts.lock_millis, timeouts.statement_millis, timeouts.idle_in_transaction_millis
            )),
        ),
    ];
    for parameter in &plan.parameters {
        facts.push((format!("Parameter {}", parameter.name), Span::mono(parameter.value.clone())));
    }
    let mut page = vec![Block::Heading(2, "Where and what".to_owned()), Block::Facts(facts)];
    page.extend(hazards("Hazards that an approval acknowledges", &plan.hazards));
    page.extend(hazards("Hazards that the author waives", &plan.waived));
    page
}

fn hazards(title: &str, hazards: &[Hazard]) -> Vec<Block> {
    if hazards.is_empty() {
        return Vec::new();
    }
    let items = hazards.iter().map(|hazard| {
        vec![Span::mono(hazard.rule.clone()), Span::plain(format!(" at {}: {}", hazard.place, hazard.message))]
    });
    vec![Block::Heading(3, title.to_owned()), Block::list(items.collect())]
}

/// What is restored: the table, the dump, the scope, and the difference by its counts and its digest.
pub(in crate::finding) fn restore(restore: &Restore) -> Vec<Block> {
    let (dump, difference) = (&restore.dump, &restore.difference);
    let unknown = || "unknown".to_owned();
    let scope = match restore.scope {
        Scope::Key => format!("the rows inside the declared key: {}", restore.declared_key),
        Scope::Table => "every row of the table".to_owned(),
    };
    let later = match restore.later_rows {
        LaterRows::Keep => format!("kept: {} when it was looked at", restore.kept),
        LaterRows::Delete => "deleted where they are in scope".to_owned(),
    };
    let paused: Vec<&str> = restore.paused.iter().map(|trigger| trigger.name.as_str()).collect();
    let paused = if paused.is_empty() { "none".to_owned() } else { paused.join(", ") };
    let mut facts = vec![
        fact("Table", Span::mono(restore.table.to_string())),
        fact("Dump", Span::mono(dump.file.clone())),
        fact(
            "Written as",
            Span::plain(format!(
                "{}, by pg_dump {} from server {}, {}",
                dump.form.word(),
                dump.dump_version.clone().unwrap_or_else(unknown),
                dump.server_version.clone().unwrap_or_else(unknown),
                dump.encoding
            )),
        ),
        fact("Taken at", Span::plain(dump.taken_at.clone().unwrap_or_else(unknown))),
        fact("Its rows", Span::plain(dump.rows.to_string())),
        fact("Rows' SHA-256", Span::mono(dump.sha256.to_string())),
        fact("Scope", Span::plain(scope)),
        fact("Compared by", Span::mono(restore.key_columns.join(", "))),
        fact("Columns", Span::mono(restore.columns.join(", "))),
        fact("Inserted", Span::plain(difference.only_in_dump.to_string())),
        fact("Updated", Span::plain(difference.changed.to_string())),
        fact("Deleted", Span::plain(difference.only_live.to_string())),
        fact("Difference", Span::mono(difference.digest.to_string())),
        fact("Later rows", Span::plain(later)),
        fact("Triggers off", Span::plain(paused)),
    ];
    if let Some(statement) = &restore.grounds.statement {
        facts.push(fact("Stated", Span::plain(statement.clone())));
    }
    let mut page = vec![Block::Heading(2, "What is restored".to_owned()), Block::Facts(facts)];
    if !restore.grounds.evidence.is_empty() {
        page.push(Block::text("Why targeted reversal cannot do it:"));
        page.push(Block::Items(restore.grounds.evidence.iter().map(item).collect()));
    }
    page
}

/// Which session is ended: everything that names it, and what was seen of it.
pub(in crate::finding) fn end_session(end: &EndSession) -> Vec<Block> {
    let seen = &end.seen;
    let held = seen.locks.iter().map(|(relation, mode)| {
        let relation = relation.as_ref().map_or_else(|| "a relation only it could see".to_owned(), ToString::to_string);
        format!("{mode} on {relation}")
    });
    let held: Vec<String> = held.collect();
    let steps: Vec<&str> = end.steps.iter().map(StepId::as_str).collect();
    let about = if steps.is_empty() { "nothing that could be seen".to_owned() } else { steps.join(", ") };
    let facts = vec![
        fact("Process", Span::plain(end.pid.to_string())),
        fact("Backend since", Span::plain(end.backend_start.to_string())),
        fact("Transaction since", Span::plain(end.xact_start.to_string())),
        fact("User", Span::plain(seen.user.clone())),
        fact("Application", Span::plain(seen.application.clone())),
        fact("State", Span::plain(format!("{}, open for {} s", seen.state, seen.age_seconds))),
        fact("Last statement", Span::mono(seen.last_statement.clone())),
        fact("Held", Span::plain(held.join("; "))),
        fact("As before after it", Span::plain(about)),
    ];
    vec![Block::Heading(2, "Which session is ended".to_owned()), Block::Facts(facts)]
}

fn steps(subject: &FindingSubject) -> Vec<Block> {
    let (trace, was_run) = (subject.trace.as_ref(), subject.outcome.is_some());
    let title = if was_run { "What was sent" } else { "What would be sent" };
    let mut page = vec![Block::Heading(2, title.to_owned())];
    for stage in &subject.plan.stages {
        page.push(Block::Heading(3, format!("{} {}", stage.step, stage.script)));
        for planned in &stage.statements {
            page.extend(statement(stage, planned, trace, was_run));
        }
        let seen = trace.unwrap_or(&subject.rehearsal.trace).stages.iter().filter(|seen| seen.step == stage.step);
        for seen in seen {
            if trace.is_none() {
                page.push(Block::styled(Style::Quiet, "As it was rehearsed:"));
            }
            page.extend(stage_evidence(seen));
        }
    }
    page
}

fn statement(stage: &Stage, planned: &PlannedStatement, trace: Option<&Trace>, was_run: bool) -> Vec<Block> {
    let sent = trace.and_then(|trace| {
        trace.statements.iter().find(|sent| sent.step == stage.step && sent.ordinal == planned.ordinal)
    });
    let mut line = format!(
        "Statement {}, line {}, {}, rows expected: {}",
        planned.ordinal,
        planned.line,
        planned.tag,
        rows_expected(planned.rows.as_ref())
    );
    for notice in &planned.notices {
        line +=
            &format!(", notice expected: {} \u{201c}{}\u{201d} {}×", notice.severity, notice.contains, notice.times);
    }
    let mut page = vec![Block::Code(planned.sql.clone()), Block::styled(Style::Quiet, line)];
    match sent {
        Some(sent) => page.extend(answered(sent)),
        None if was_run && trace.is_some() => page.push(Block::styled(Style::Bad, "Not sent.")),
        None => {}
    }
    page
}

fn answered(sent: &StatementTrace) -> Vec<Block> {
    let tag = if sent.tag.is_empty() { "an error" } else { &sent.tag };
    let rows = sent.rows.as_ref().map_or_else(String::new, |rows| format!(", rows: {rows}"));
    let mut page = vec![Block::Line(vec![
        Span::plain("Answered "),
        Span::mono(tag),
        Span::plain(format!("{rows}, {} ms", sent.duration_millis)),
    ])];
    if let Some(surprise) = &sent.surprise {
        page.push(Block::styled(Style::Bad, format!("≠ {surprise}")));
    }
    if !sent.notices.is_empty() {
        let notice = |notice: &crate::run::Notice| {
            vec![
                Span::mono(format!("{} {}", notice.severity, notice.code)),
                Span::plain(format!(" {}", notice.message)),
            ]
        };
        page.push(Block::list(sent.notices.iter().map(notice).collect()));
    }
    if !sent.locks.is_empty() {
        let locks: Vec<String> =
            strongest_first(&sent.locks).into_iter().map(|lock| format!("{} {}", lock.relation, lock.mode)).collect();
        page.push(Block::styled(Style::Quiet, format!("Locks, the strongest first: {}", locks.join(", "))));
    }
    page.extend(sessions("It waited for", &sent.blockers));
    page.extend(sessions("Waited for it", &sent.waiting));
    page
}

fn stage_evidence(stage: &StageTrace) -> Vec<Block> {
    let mut page = sessions("In the way when it began", &stage.holders);
    if !stage.effects.is_empty() {
        let rows = stage.worst_first().into_iter().map(|effect| {
            let (shape, style) = match effect.standing {
                Standing::Named => ("✓", Style::Good),
                Standing::Declared => ("+", Style::Good),
                Standing::Undeclared => ("✗", Style::Bad),
            };
            vec![
                Span::mono(effect.object.to_string()),
                Span::plain(effect.words()),
                Span::new(style, format!("{shape} {}", effect.standing.word())),
            ]
        });
        let head = ["Effect seen", "What happened", "Standing"].map(str::to_owned).to_vec();
        page.push(Block::Table { head, rows: rows.collect() });
    }
    page
}

fn sessions(lead: &str, sessions: &[Bystander]) -> Vec<Block> {
    sessions.iter().map(|session| Block::styled(Style::Care, format!("{lead}: {}", session.words()))).collect()
}

fn rows_expected(rows: Option<&RowsExpected>) -> String {
    match rows {
        None => "none counted".to_owned(),
        Some(RowsExpected::Exactly(count)) => format!("exactly {count}"),
        Some(RowsExpected::AtMost(count)) => format!("at most {count}"),
        Some(RowsExpected::Any { reason }) => format!("any, because {reason}"),
    }
}

fn rehearsal(subject: &FindingSubject) -> Vec<Block> {
    let rehearsal = &subject.rehearsal;
    let mut page = vec![
        Block::Heading(2, "The rehearsal that was shown to the reviewers".to_owned()),
        Block::text(format!(
            "Taken at {} by the server's clock; the transaction was open for {} ms and ended by ROLLBACK.",
            rehearsal.taken_at, rehearsal.duration_millis
        )),
        match rehearsal_failure(rehearsal) {
            None => Block::styled(
                Style::Good,
                format!(
                    "= {}: {} readings before BEGIN and after ROLLBACK were compared.",
                    rehearsal.left_words().replacen("nothing", "Nothing", 1),
                    rehearsal.entry.readings.len()
                ),
            ),
            Some(failure) => Block::styled(Style::Bad, format!("≠ It did not pass: {failure}")),
        },
    ];
    if let Some(lock) = rehearsal.trace.strongest_lock() {
        page.push(Block::Line(vec![
            Span::plain("Strongest lock: "),
            Span::mono(lock.mode.clone()),
            Span::plain(format!(" on {}.", lock.relation)),
        ]));
    }
    // Where nothing was run, the steps above show this already.
    if subject.trace.is_some() {
        for stage in &rehearsal.trace.stages {
            if !stage.effects.is_empty() || !stage.holders.is_empty() {
                page.push(Block::Heading(3, format!("{} as it was rehearsed", stage.step)));
                page.extend(stage_evidence(stage));
            }
        }
    }
    if !rehearsal.residue.is_empty() {
        let value = |value: &Option<crate::census::Reading>| -> Cell {
            value.as_ref().map_or_else(|| Span::plain(""), reading)
        };
        let rows = rehearsal
            .residue
            .iter()
            .map(|residue| vec![Span::plain(residue.what.as_str()), value(&residue.entry), value(&residue.exit)]);
        let head = ["What", "Before BEGIN", "After ROLLBACK"].map(str::to_owned).to_vec();
        page.push(Block::Table { head, rows: rows.collect() });
    }
    page
}
