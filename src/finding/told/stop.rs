//! A disaster stop, with everything that was seen when it was latched; and the restart that lifted it.

use super::paper::papers;
use super::{fact, reading};
use crate::census::Target;
use crate::finding::block::{Block, Span, Style};
use crate::finding::cited::Cited;
use crate::finding::subject::{RestartSubject, StopSubject};
use crate::ledger::{Lift, StopDetail, StopState, TrippedCondition};
use crate::runbook::StepId;

pub(super) fn tell_stop(subject: &StopSubject) -> Vec<Block> {
    let mut page = place(&subject.cited.target);
    match subject.seen() {
        Err(reason) => page.push(Block::styled(Style::Bad, format!("? {reason}"))),
        Ok(seen) => {
            page.push(Block::Heading(2, "The stop".to_owned()));
            page.extend(stop(&seen.stop));
            page.push(Block::Heading(2, "What was signed about it".to_owned()));
            match &seen.divergence {
                None => page.push(Block::styled(Style::Care, "No divergence finding was signed about it.")),
                Some(kept) => page.extend(papers(std::slice::from_ref(kept))),
            }
        }
    }
    page.extend(cited(&subject.cited));
    page
}

pub(super) fn tell_restart(subject: &RestartSubject) -> Vec<Block> {
    let mut page = place(&subject.cited.target);
    match subject.seen() {
        Err(reason) => page.push(Block::styled(Style::Bad, format!("? {reason}"))),
        Ok(lift) => page.extend(lifted(&lift)),
    }
    page.extend(cited(&subject.cited));
    page
}

fn lifted(lift: &Lift) -> Vec<Block> {
    let mut page = vec![Block::Heading(2, "What was decided".to_owned())];
    page.push(Block::text(format!(
        "Ledger entry {}, taken at {} by the server's clock, met the last gate. A restart begins at STEP 0 of each step.",
        lift.seq, lift.at
    )));
    let verdicts = lift.verdicts.iter().map(|verdict| {
        let record = verdict.record.as_ref().map_or_else(|| Span::new(Style::Quiet, "none is asked for"), reading);
        vec![Span::mono(verdict.step.to_string()), Span::new(Style::Strong, verdict.verdict.as_str()), record]
    });
    let head = ["Step", "The sovereign's word", "Its record"].map(str::to_owned).to_vec();
    page.push(Block::Table { head, rows: verdicts.collect() });
    if lift.accepted.is_empty() {
        page.push(Block::styled(Style::Good, "= Nothing differed from the baseline."));
    } else {
        page.push(Block::text("Differences that were accepted:"));
        page.push(super::paper::differences(&lift.accepted));
    }
    for lifted in &lift.stops {
        page.push(Block::Heading(2, format!("The stop of ledger entry {}", lifted.seq)));
        page.extend(stop(lifted));
    }
    page.push(Block::Heading(2, "The papers, in the order they were taken".to_owned()));
    page.extend(papers(&lift.papers));
    page
}

pub(super) fn place(target: &Target) -> Vec<Block> {
    vec![
        Block::Heading(2, "Where".to_owned()),
        Block::Facts(vec![
            fact("Database", Span::plain(format!("{} (OID {})", target.database, target.database_oid))),
            fact(
                "Server",
                Span::plain(format!(
                    "system identifier {}, version {}, timeline {}",
                    target.system_identifier, target.server_version, target.timeline
                )),
            ),
            fact("Looked at by", Span::plain(target.role.clone())),
        ]),
    ]
}

fn stop(stop: &StopState) -> Vec<Block> {
    let by = stop.by.as_ref().map_or_else(|| "nobody: a condition tripped".to_owned(), ToString::to_string);
    let mut facts = vec![
        fact("Ledger entry", Span::plain(stop.seq.to_string())),
        fact("Its hash", Span::mono(stop.hash.to_string())),
        fact("Taken at", Span::plain(format!("{}, by the server's clock", stop.at))),
        fact("Appended by", Span::plain(format!("the login {}", stop.actor))),
        fact("Condition", Span::mono(stop.condition.clone())),
        fact("Reason", Span::new(Style::Bad, stop.reason.clone())),
        fact("Declared by", Span::plain(by)),
    ];
    let Some(detail) = &stop.detail else {
        facts.push(fact("Seen", Span::new(Style::Care, "unknown: the version that latched it kept no detail")));
        return vec![Block::Facts(facts)];
    };
    facts.extend(seen(detail));
    let mut page = vec![Block::Facts(facts)];
    for condition in &detail.conditions {
        page.extend(tripped(condition));
    }
    if let Some(session) = &detail.session {
        page.push(Block::Heading(3, "The session that is left alone".to_owned()));
        let time = |at: &Option<jiff::Timestamp>| at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        page.push(Block::Facts(vec![
            fact("Backend", Span::plain(format!("pid {}, started {}", session.pid, time(&session.backend_start)))),
            fact("Who", Span::plain(format!("{} · {}", session.user, session.application))),
            fact("State", Span::plain(session.state.clone())),
            fact("Transaction", Span::plain(format!("since {}, {} s", time(&session.xact_start), session.age_seconds))),
            fact("Last statement", Span::mono(session.last_statement.clone())),
        ]));
        let lock = |(relation, mode): &(Option<crate::runbook::ObjectName>, String)| {
            let relation =
                relation.as_ref().map_or_else(|| "a relation without a name".to_owned(), ToString::to_string);
            vec![Span::mono(format!("{relation} {mode}"))]
        };
        page.push(Block::list(session.locks.iter().map(lock).collect()));
    }
    if let Some(declared) = &detail.declared {
        page.push(Block::text(format!("{} signed:", declared.signature.principal)));
        page.push(Block::Code(declared.document.clone()));
    }
    page
}

fn seen(detail: &StopDetail) -> Vec<(String, Span)> {
    let steps: Vec<&str> = detail.steps.iter().map(StepId::as_str).collect();
    let steps = if steps.is_empty() { "unknown".to_owned() } else { steps.join(", ") };
    let runbook = if detail.runbook.is_empty() { "none: it was declared by hand" } else { &detail.runbook };
    let mut facts = vec![
        fact("Seen", Span::plain(format!("{} at {}", detail.moment.words(), detail.seen_at))),
        fact("Seen by", Span::plain(format!("the login {} on {}", detail.login, detail.database))),
        fact("Runbook", Span::plain(runbook)),
        fact("Steps", Span::plain(steps)),
    ];
    if let Some(request) = &detail.request {
        facts.push(fact("Request", Span::mono(request.clone())));
    }
    if let Some(since) = &detail.held_here_since {
        facts.push(fact(
            "Held at one desk",
            Span::new(Style::Care, format!("since {since}, until the ledger could be written")),
        ));
    }
    facts
}

fn tripped(condition: &TrippedCondition) -> Vec<Block> {
    let mut page = vec![
        Block::Heading(3, condition.title.clone()),
        Block::Facts(vec![
            fact("Condition", Span::mono(condition.id.clone())),
            fact("Expected", Span::mono(condition.expected.clone())),
            fact("Actual", reading(&condition.actual)),
        ]),
    ];
    if !condition.rows.is_empty() {
        page.push(Block::Code(condition.rows.join("\n")));
    }
    page
}

pub(super) fn cited(cited: &Cited) -> Vec<Block> {
    let rows = cited.entries.iter().map(|entry| {
        vec![
            Span::plain(entry.seq.to_string()),
            Span::plain(entry.at.clone()),
            Span::plain(entry.actor.clone()),
            Span::plain(entry.kind.clone()),
            Span::mono(entry.hash.to_string()),
        ]
    });
    let head = ["Entry", "Taken at", "Login", "Kind", "Hash"].map(str::to_owned).to_vec();
    vec![
        Block::Heading(2, "Ledger entries this stands on".to_owned()),
        Block::Table { head, rows: rows.collect() },
        Block::styled(
            Style::Quiet,
            "entries/N.txt is the very text of entry N that was hashed; its SHA-256 is the hash in this table.",
        ),
    ]
}
