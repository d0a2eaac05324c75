//! Another session's open transaction (D-15): what is known of it, the words to send to its owner, and, when its owner cannot
//! be asked, a plan of its own that ends exactly this session once two people have approved.

use eframe::egui::Ui;

use super::Scene;
use crate::diagnose::OpenTransaction;
use crate::session::{Command, SessionChoice};
use crate::ui::action::UiAction;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::text;

/// The drafts of the card; shared by every session that is shown, of which one can be asked to end at a time.
pub struct SessionCard {
    /// Who asks.
    pub signer: SignerForm,
    open: Option<i32>,
}

impl Default for SessionCard {
    fn default() -> Self {
        Self { signer: SignerForm::new("end-session"), open: None }
    }
}

impl SessionCard {
    /// Draws one session.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, title: &str, session: &OpenTransaction) {
        let tokens = Tokens::of(ui);
        mark::plain(ui, Mark::Block, tokens.care, title);
        facts(ui, session);
        ask_owner(ui, scene, session);
        if session.pid == 0 {
            text::muted(ui, "A prepared transaction has no session that could be ended.");
            return;
        }
        let is_open = self.open == Some(session.pid);
        let word = if is_open { "Hide ending it" } else { "Its owner cannot be asked…" };
        if ui.button(word).clicked() {
            self.open = if is_open { None } else { Some(session.pid) };
        }
        if self.open != Some(session.pid) {
            return;
        }
        ui.add_space(UNIT / 2.0);
        let words = "Two people approve it, and it ends exactly this session: process, backend start and transaction start must still \
                     be the same. Everything its transaction has done is rolled back.";
        text::muted(ui, words);
        let people = super::people_in_force(scene);
        self.signer.among(ui, scene, &people);
        let mut missing = Vec::new();
        if scene.shown.book().is_none() {
            missing.push("an open runbook");
        }
        missing.extend(super::missing_signer(&self.signer, scene));
        super::waits(ui, &missing);
        let deed = format!("Ask for the end of session {}", session.pid);
        if text::deed(ui, missing.is_empty(), &deed).clicked()
            && let Some(signer) = self.signer.take(ui)
        {
            self.open = None;
            let choice = SessionChoice { pid: session.pid, xact_start: session.xact_start };
            scene.ask(Command::StageEndSession { choice, signer });
        }
    }
}

fn facts(ui: &mut Ui, session: &OpenTransaction) {
    text::strong(ui, &format!("pid {} · {} · {}", session.pid, session.user, session.application));
    text::muted(ui, &format!("{}, open for {}", session.state, text::span(session.age_seconds)));
    let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "unknown".to_owned(), text::date);
    let since = format!("Backend since {}, transaction since {}", at(session.backend_start), at(session.xact_start));
    text::muted(ui, &since);
    text::label(ui, "Last statement");
    text::mono_wrapped(ui, session.last_statement.trim());
    for (relation, mode) in &session.locks {
        let relation = relation.as_ref().map_or_else(|| "a relation only it can see".to_owned(), ToString::to_string);
        text::muted(ui, &format!("Holds {mode} on {relation}"));
    }
}

/// The preferred way out of an open transaction (97.2).
fn ask_owner(ui: &mut Ui, scene: &mut Scene<'_>, session: &OpenTransaction) {
    let database = scene.shown.connection.value().map_or_else(String::new, |it| it.note.database.clone());
    let words = crate::diagnose::words_to_owner(session, &database);
    text::label(ui, "Ask its owner");
    text::mono_wrapped(ui, &words);
    if ui.button("Copy the words").clicked() {
        scene.actions.push(UiAction::Copy { text: words, what: "the words to its owner".to_owned() });
    }
}
