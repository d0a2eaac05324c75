//! The evidence panel: the facts behind the selected step's diagnosis, its review notes, open sessions, notices, locks.

use eframe::egui::{ScrollArea, Ui};

use crate::diagnose::OpenTransaction;
use crate::review::Note;
use crate::runbook::StepId;
use crate::ui::action::UiAction;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::view::Scene;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many notes are drawn: the rest is counted. More would not be read in a side panel.
const NOTES_SHOWN: usize = 60;

/// Draws the panel.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    ScrollArea::vertical().id_salt("evidence").auto_shrink(false).show(ui, |ui| {
        ui.add_space(UNIT);
        let Some(step) = scene.shown.selected().map(|step| step.id.clone()) else {
            text::label(ui, "Evidence");
            text::muted(ui, "The facts behind every word of this window appear here.");
            return;
        };
        decision(ui, scene, &step);
        sessions(ui, scene);
        notes(ui, scene, &step);
        locks(ui, scene, &step);
    });
}

fn decision(ui: &mut Ui, scene: &Scene<'_>, step: &StepId) {
    text::label(ui, &format!("Decision path · {step}"));
    let tokens = Tokens::of(ui);
    match scene.shown.diagnosis(step) {
        None => {
            text::muted(ui, "No look at the database yet.");
        }
        Some(diagnosis) => {
            mark::word(ui, Mark::mode(diagnosis.mode), tokens.mode(diagnosis.mode), mark::mode_word(diagnosis.mode));
            for turn in &diagnosis.path {
                text::body(ui, &format!("{} {}", turn.question, turn.answer));
                text::muted(ui, &turn.fact);
            }
            if diagnosis.path.is_empty() {
                diagnosis.evidence.iter().for_each(|fact| {
                    text::muted(ui, fact);
                });
            }
        }
    }
    text::rule(ui);
}

fn sessions(ui: &mut Ui, scene: &Scene<'_>) {
    let Some(survey) = scene.shown.survey.value() else { return };
    if survey.diagnosis.facts.open.is_empty() {
        return;
    }
    let tokens = Tokens::of(ui);
    text::label(ui, "Open transactions of others");
    for open in &survey.diagnosis.facts.open {
        mark::word(ui, Mark::Going, tokens.care, &session_line(open));
        text::muted(ui, &format!("{} · open for {}", open.application, text::span(open.age_seconds)));
        text::mono(ui, &open.last_statement);
        for (object, mode) in &open.locks {
            let name = object.as_ref().map_or_else(|| "a relation not visible yet".to_owned(), ToString::to_string);
            text::muted(ui, &format!("{mode} on {name}"));
        }
    }
    // D-15: the owner's own ROLLBACK is the preferred way.
    text::muted(ui, "Ask the owner to send ROLLBACK. Nothing is offered here that ends somebody's session.");
    text::rule(ui);
}

/// Names a session.
#[must_use]
pub fn session_line(open: &OpenTransaction) -> String {
    format!("pid {} · {} · {}", open.pid, open.user, open.state)
}

fn notes(ui: &mut Ui, scene: &mut Scene<'_>, step: &StepId) {
    let Some(review) = scene.shown.review() else { return };
    let steps = [step.clone()];
    let notes: Vec<&Note> = review.of(&steps).collect();
    text::label(ui, &format!("Review · {}", text::count(notes.len(), "note")));
    if notes.is_empty() {
        let tokens = Tokens::of(ui);
        mark::plain(
            ui,
            Mark::Tick,
            tokens.good,
            &format!("{} found nothing", text::count(review.passed.len(), "rule")),
        );
    }
    for note in notes.iter().take(NOTES_SHOWN) {
        note_ui(ui, note, scene.actions);
    }
    if notes.len() > NOTES_SHOWN {
        text::muted(ui, &format!("and {} more", notes.len() - NOTES_SHOWN));
    }
    if !review.with_catalog {
        text::muted(ui, "Reviewed without a live catalog: connect and look again.");
    }
    text::rule(ui);
}

/// Draws a review note; a click leads to its line.
pub fn note_ui(ui: &mut Ui, note: &Note, actions: &mut Vec<UiAction>) {
    let tokens = Tokens::of(ui);
    let head = format!("{} · {}", mark::severity_word(note.severity), note.rule);
    mark::word(ui, Mark::severity(note.severity), tokens.severity(note.severity), &head);
    text::body(ui, &note.message);
    if !note.way_out.is_empty() {
        text::muted(ui, &note.way_out);
    }
    if note.place.line > 0 {
        let place = format!("{}:{}:{}", note.place.file, note.place.line, note.place.column);
        if text::lead(ui, &place).clicked() {
            actions.push(UiAction::Line(note.place.line));
        }
    }
    ui.add_space(UNIT);
}

fn locks(ui: &mut Ui, scene: &Scene<'_>, step: &StepId) {
    let Some(rehearsed) = scene.shown.rehearsal.value() else { return };
    let statements: Vec<_> =
        rehearsed.rehearsal.trace.statements.iter().filter(|traced| traced.step == *step).collect();
    if statements.is_empty() {
        return;
    }
    text::label(ui, "Notices and locks of the rehearsal");
    let tokens = Tokens::of(ui);
    for traced in statements {
        for notice in &traced.notices {
            mark::word(ui, Mark::Note, tokens.care, &format!("{} · statement {}", notice.severity, traced.ordinal));
            text::muted(ui, &notice.message);
        }
        for lock in &traced.locks {
            text::muted(ui, &format!("{} on {}", lock.mode, lock.relation));
        }
    }
}
