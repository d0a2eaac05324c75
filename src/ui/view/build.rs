//! The forward build of the selected step, rehearsed (97.2): what it changes as the checks see it inside, what it would trip,
//! and the proof that nothing was left behind.

use eframe::egui::{ScrollArea, Ui};

use super::Scene;
use super::compare_rows::reading_words;
use crate::run::BuildRehearsal;
use crate::session::Command;
use crate::ui::state::Known;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// Draws it; `bindings` are those of the staging form.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>, bindings: Vec<(String, String)>) {
    let Some(step) = scene.shown.selected().cloned() else {
        text::muted(ui, "Open a runbook first.");
        return;
    };
    ScrollArea::vertical().id_salt("build").auto_shrink(false).show(ui, |ui| {
        text::card(ui, |ui| {
            text::heading(ui, &format!("Build {} and take it back", step.id));
            let words = "Its build script runs in a transaction that is rolled back; a census is taken inside. Real locks are taken for \
                         that short time.";
            text::muted(ui, words);
            let Some(build) = &step.build else {
                text::muted(ui, "The runbook holds no build script of this step.");
                return;
            };
            text::mono(ui, &build.path);
            let connected = scene.shown.connection.value().is_some();
            let free = scene.shown.is_free() && connected && scene.shown.stop().is_none();
            if text::deed(ui, free, &format!("Rehearse the build of {}", step.id)).clicked() {
                scene.ask(Command::RehearseBuild { step: step.id.clone(), bindings });
            }
        });
        if let Known::Unreadable { reason, .. } = &scene.shown.built {
            text::failure(ui, &reason.message, &reason.hint);
        }
        if let Some(built) = scene.shown.built.value().filter(|built| built.step == step.id).cloned() {
            text::card(ui, |ui| outcome(ui, &built));
        }
    });
}

fn outcome(ui: &mut Ui, built: &BuildRehearsal) {
    let tokens = Tokens::of(ui);
    if let Some(failure) = &built.failure {
        mark::word(ui, Mark::Cross, tokens.bad, &format!("It did not get to its end: {failure}"));
    } else {
        let words = format!("{} · {} ms", text::count(built.statements.len(), "statement"), built.duration_millis);
        mark::word(ui, Mark::Tick, tokens.good, &words);
    }
    if built.residue.is_empty() {
        mark::word(ui, Mark::Same, tokens.good, "Rolled back: entry equals exit, nothing was left behind");
    }
    for residue in &built.residue {
        mark::plain(ui, Mark::Drifted, tokens.bad, &format!("{} was left behind", residue.what));
    }
    for trip in &built.trips {
        mark::plain(ui, Mark::Block, tokens.bad, &format!("Once committed it would stop everything: {trip}"));
    }
    ui.add_space(UNIT);
    text::label(ui, "Statements");
    for sent in &built.statements {
        let rows = sent.rows.as_ref().map_or_else(String::new, |rows| format!(" · {rows} rows"));
        text::mono(ui, &format!("{:>3}  {}{rows} · {} ms", sent.ordinal, sent.tag, sent.duration_millis));
        for notice in &sent.notices {
            text::muted(ui, &format!("{}: {}", notice.severity, notice.message));
        }
    }
    let Some(inside) = &built.inside else { return };
    ui.add_space(UNIT);
    text::label(ui, "What it changes, as the checks see it inside");
    for row in inside.failures() {
        mark::plain(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), &row.title);
        let (before, now) = (one_line(&row.expected, 80), one_line(&reading_words(&row.actual), 80));
        text::muted(ui, &format!("{}: {before} → {now}", row.id));
    }
}
