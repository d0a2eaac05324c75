//! The request as a card: exactly what is signed. Each script and each drifted check is opened, each hazard
//! acknowledged, one by one.

use std::collections::BTreeSet;
use std::time::Duration;

use eframe::egui::{FontId, RichText, Ui};

use super::Scene;
use super::approvals::{status, steps_words};
use super::compare_rows::reading_words;
use crate::census::Comparison;
use crate::ledger::RequestStatus;
use crate::plan::Verb;
use crate::restore::Scope;
use crate::runbook::RowsExpected;
use crate::session::RequestView;
use crate::ui::action::{Page, UiAction};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The width of the names of facts.
const NAMES: f32 = 88.0;

/// Draws the card.
pub fn ui(
    ui: &mut Ui,
    scene: &mut Scene<'_>,
    request: &RequestView,
    acknowledged: &mut BTreeSet<usize>,
    opened: &mut BTreeSet<String>,
) {
    text::card(ui, |ui| {
        let verb = if request.plan.verb() == Verb::Run { "Reverse " } else { "" };
        text::heading(ui, &format!("{verb}{} on {}", steps_words(request), request.request.database));
        text::muted(ui, &format!("Request {} · asked by {}", request.request.id(), request.request.requester));
        digest(ui, request);
        facts(ui, scene, request);
    });
    text::card(ui, |ui| statements(ui, scene, request));
    let drifted: Vec<_> = request.rehearsal.inside.iter().flat_map(Comparison::failures).collect();
    if !drifted.is_empty() {
        text::card(ui, |ui| {
            text::heading(ui, "Checks that did not pass inside");
            for row in drifted {
                let what = format!("check:{}", row.id);
                let tokens = Tokens::of(ui);
                mark::word(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), &row.title);
                if opened.contains(&what) {
                    text::mono_wrapped(ui, &row.sql);
                    text::muted(ui, &format!("expected {}, was {}", row.expected, reading_words(&row.actual)));
                } else if ui.button(format!("Open {}", row.id)).clicked() {
                    opened.insert(what.clone());
                    scene.actions.push(UiAction::Seen { request: request.digest, what });
                }
            }
        });
    }
    if !request.request.hazards.is_empty() {
        text::card(ui, |ui| hazards(ui, request, acknowledged));
    }
    if !request.plan.waived.is_empty() {
        text::card(ui, |ui| waived(ui, request));
    }
}

/// The digest in groups, and words that two people can read to each other.
fn digest(ui: &mut Ui, request: &RequestView) {
    let tokens = Tokens::of(ui);
    ui.add_space(UNIT / 2.0);
    text::label(ui, "What is signed, by its digest");
    let groups = request.digest.groups();
    for line in groups.as_bytes().chunks(40) {
        ui.label(
            RichText::new(String::from_utf8_lossy(line).trim_end())
                .font(FontId::new(tokens::BODY, tokens::mono_semibold())),
        );
    }
    ui.horizontal(|ui| {
        text::muted(ui, "Read aloud");
        ui.label(
            RichText::new(request.digest.phrase())
                .font(FontId::new(tokens::HEAD, tokens::semibold()))
                .color(tokens.accent),
        );
    });
}

fn facts(ui: &mut Ui, scene: &Scene<'_>, request: &RequestView) {
    let document = &request.request;
    let plan = &request.plan;
    let fact = |ui: &mut Ui, name: &str, words: String| {
        text::fact(ui, name, NAMES, |ui| {
            text::body(ui, &words);
        });
    };
    let target = &plan.target;
    fact(ui, "Target", format!("{} as {} · server {}", target.database, target.role, target.system_identifier));
    fact(ui, "Runbook", format!("{} {} · {}", plan.runbook, plan.runbook_version, plan.runbook_digest.short()));
    fact(ui, "Plan", document.plan_digest.short());
    let age = text::ago(request.rehearsal.taken_at, scene.now);
    fact(ui, "Rehearsal", format!("{} · {age}", document.rehearsal_digest.short()));
    fact(ui, "Baseline", document.baseline_digest.short());
    for parameter in &plan.parameters {
        fact(ui, "Parameter", format!("{} = {}", parameter.name, parameter.value));
    }
    if let Some(end) = &plan.end_session {
        fact(ui, "Session", format!("pid {} of {} ({})", end.pid, end.seen.user, end.seen.application));
        fact(ui, "Since", format!("backend {}, transaction {}", end.backend_start, end.xact_start));
        fact(ui, "Last sent", end.seen.last_statement.trim().to_owned());
        for (relation, mode) in &end.seen.locks {
            let relation =
                relation.as_ref().map_or_else(|| "a relation only it can see".to_owned(), ToString::to_string);
            fact(ui, "Holds", format!("{mode} on {relation}"));
        }
    }
    if let Some(restore) = &plan.restore {
        let dump = &restore.dump;
        fact(ui, "Dump", format!("{} · {} rows · {}", dump.file, dump.rows, dump.sha256.short()));
        fact(
            ui,
            "Scope",
            match restore.scope {
                Scope::Key => format!("rows inside the key: {}", restore.declared_key),
                Scope::Table => "the whole table".to_owned(),
            },
        );
        fact(ui, "Difference", format!("{} · {}", restore.difference.in_words(), restore.difference.digest.short()));
        for ground in restore.grounds.evidence.iter().chain(&restore.grounds.statement) {
            fact(ui, "Because", ground.clone());
        }
    }
    text::fact(ui, "Expires", NAMES, |ui| expiry(ui, scene, request));
}

/// The countdown: it moves once a second, and only while it is on the screen and counts.
fn expiry(ui: &mut Ui, scene: &Scene<'_>, request: &RequestView) {
    let tokens = Tokens::of(ui);
    let left = request.request.not_after.as_second() - scene.now.as_second();
    let at = text::date(request.request.not_after);
    if left <= 0 {
        mark::word(ui, Mark::Cross, tokens.bad, &format!("expired at {at}"));
        return;
    }
    let words = format!("in {} · {at}", text::span(left));
    if left < 3_600 {
        mark::word(ui, Mark::Care, tokens.care, &words);
    } else {
        text::body(ui, &words);
    }
    if status(scene, request) == RequestStatus::Open {
        let next = if left < 60 { Duration::from_secs(1) } else { Duration::from_secs(30) };
        ui.ctx().request_repaint_after(next);
    }
}

/// How many letters of a statement stand on the card.
const LONGEST: usize = 600;

fn statements(ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView) {
    let tokens = Tokens::of(ui);
    let count: usize = request.plan.stages.iter().map(|stage| stage.statements.len()).sum();
    text::heading(
        ui,
        &format!("{} in {}", text::count(count, "statement"), text::count(request.plan.stages.len(), "transaction")),
    );
    for stage in &request.plan.stages {
        let what = format!("script:{}", stage.step);
        let seen = scene.shown.seen.contains(&(request.digest, what.clone()));
        ui.horizontal(|ui| {
            text::strong(ui, stage.step.as_str());
            text::mono(ui, &stage.script);
            if seen {
                mark::small(ui, Mark::Tick, tokens.good, "opened");
            } else {
                mark::small(ui, Mark::Ring, tokens.care, "not opened yet");
            }
        });
        for statement in &stage.statements {
            let words =
                format!("{}. {}", statement.ordinal, statement.sql.split_whitespace().collect::<Vec<_>>().join(" "));
            match (request.plan.restore.is_some(), seen) {
                // No script of the runbook holds it: it is read here.
                (true, true) => drop(text::mono_wrapped(ui, &words)),
                (true, false) => drop(text::mono(ui, &words).on_hover_text(statement.sql.as_str())),
                // Whoever signs reads which object it names; a long one goes on in the script.
                (false, _) => {
                    text::mono_wrapped(ui, &one_line(&words, LONGEST)).on_hover_text(statement.sql.as_str());
                }
            }
            let notices: Vec<String> =
                statement.notices.iter().map(|notice| format!(" · {} ×{}", notice.severity, notice.times)).collect();
            text::muted(ui, &format!("    {}{}", RowsExpected::in_words(statement.rows.as_ref()), notices.concat()));
        }
        if ui.button(format!("Open script {}", stage.step)).clicked() {
            if request.plan.restore.is_some() {
                scene.actions.push(UiAction::Seen { request: request.digest, what });
                continue;
            }
            let at = scene.shown.book().and_then(|book| book.steps.iter().position(|step| step.id == stage.step));
            scene.actions.extend(at.map(UiAction::Step));
            scene.actions.push(UiAction::Go(Page::Script));
        }
    }
}

fn hazards(ui: &mut Ui, request: &RequestView, acknowledged: &mut BTreeSet<usize>) {
    let tokens = Tokens::of(ui);
    text::heading(ui, "Hazards to acknowledge, one by one");
    for (at, hazard) in request.request.hazards.iter().enumerate() {
        mark::word(ui, Mark::Care, tokens.care, &format!("{} · {}", hazard.rule, hazard.place));
        text::body(ui, &hazard.message);
        let mut ticked = acknowledged.contains(&at);
        if ui.checkbox(&mut ticked, format!("I acknowledge hazard {}: {}", at + 1, hazard.rule)).changed() {
            if ticked {
                acknowledged.insert(at);
            } else {
                acknowledged.remove(&at);
            }
        }
        ui.add_space(UNIT / 2.0);
    }
}

fn waived(ui: &mut Ui, request: &RequestView) {
    let tokens = Tokens::of(ui);
    text::heading(ui, "Hazards that the author waives");
    for hazard in &request.plan.waived {
        mark::word(ui, Mark::Care, tokens.care, &format!("{} · {}", hazard.rule, hazard.place));
        text::body(ui, &hazard.message);
    }
}
