//! Another session's open transaction (D-15): what is known of it, and the words to send to its owner.

use eframe::egui::Ui;

use super::Scene;
use crate::diagnose::OpenTransaction;
use crate::ui::action::UiAction;
use crate::ui::widget::text;

/// Shows what is known of it.
pub fn facts(ui: &mut Ui, session: &OpenTransaction) {
    let name = format!("pid {} · {} · {}", session.pid, session.user, session.application);
    text::strong(ui, &name);
    text::muted(ui, &format!("{}, open for {}", session.state, text::span(session.age_seconds)));
    let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "unknown".to_owned(), text::date);
    text::muted(
        ui,
        &format!("Backend since {}, transaction since {}", at(session.backend_start), at(session.xact_start)),
    );
    text::label(ui, "Last statement");
    text::mono_wrapped(ui, session.last_statement.trim());
    for (relation, mode) in &session.locks {
        let relation = relation.as_ref().map_or_else(|| "a relation only it can see".to_owned(), ToString::to_string);
        text::muted(ui, &format!("Holds {mode} on {relation}"));
    }
}

/// Offers the words to send to its owner: the preferred way out of an open transaction (97.2).
pub fn ask_owner(ui: &mut Ui, scene: &mut Scene<'_>, session: &OpenTransaction) {
    let database = scene.shown.connection.value().map_or_else(String::new, |it| it.note.database.clone());
    let words = crate::diagnose::words_to_owner(session, &database);
    text::label(ui, "Ask its owner");
    text::mono_wrapped(ui, &words);
    if ui.button("Copy the words").clicked() {
        scene.actions.push(UiAction::Copy { text: words, what: "the words to its owner".to_owned() });
    }
}
