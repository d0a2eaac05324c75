//! Overview: who depends on whom, and the decision tree of the selected step with the taken path lit.

use eframe::egui::{ScrollArea, Ui};

use super::session::SessionCard;
use super::{Scene, decision, graph};
use crate::census::Verdict;
use crate::diagnose::{ConditionState, Mode};
use crate::session::Command;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The overview; its only drafts are those of ending another session.
#[derive(Default)]
pub struct OverviewPage {
    /// The drafts of ending a session.
    pub session: SessionCard,
}

impl OverviewPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        if scene.shown.book().is_none() {
            text::empty(
                ui,
                "No runbook is open",
                "Open a runbook folder to see its steps and what they depend on.",
                |ui| {
                    if text::deed(ui, true, "Open a runbook").clicked() {
                        scene.actions.push(UiAction::Go(Page::Start));
                    }
                },
            );
            return;
        }
        ScrollArea::vertical().id_salt("overview").auto_shrink(false).show(ui, |ui| {
            standing(ui, scene);
            self.open_sessions(ui, scene);
            ui.add_space(UNIT);
            text::label(ui, "Components: what is reversed first stands on the left");
            graph::ui(ui, scene);
            ui.add_space(UNIT);
            decision::ui(ui, scene);
        });
    }
}

impl OverviewPage {
    /// 97.2: transactions of others that are open on the runbook's objects.
    fn open_sessions(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(survey) = scene.shown.survey.value().cloned() else { return };
        for session in &survey.diagnosis.facts.open {
            let title = "Open in another session: its owner's ROLLBACK undoes it without a trace (97.2)";
            text::card(ui, |ui| self.session.ui(ui, scene, title, session));
        }
    }
}

/// One sentence on the whole, and what needs attention.
fn standing(ui: &mut Ui, scene: &mut Scene<'_>) {
    let tokens = Tokens::of(ui);
    match &scene.shown.survey {
        Known::Unreadable { reason, .. } => text::failure(ui, &reason.message, &reason.hint),
        Known::Asking { previous: None } => {
            mark::word(ui, Mark::Going, tokens.accent, "Looking at the live database…");
        }
        Known::NotAsked => {
            mark::plain(ui, Mark::Ring, tokens.muted, "The live database has not been looked at yet.");
            let connected = scene.shown.connection.value().is_some();
            if connected && text::deed(ui, scene.shown.is_free(), "Look at the database").clicked() {
                scene.ask(Command::Survey);
            } else if !connected && text::deed(ui, true, "Connect to a database").clicked() {
                scene.actions.push(UiAction::Go(Page::Start));
            }
        }
        Known::Known(_) | Known::Asking { previous: Some(_) } => {}
    }
    let Some(survey) = scene.shown.survey.value() else { return };
    let diagnosis = &survey.diagnosis;
    let headline = match diagnosis.mode {
        Mode::NotApplied => "Nothing to reverse: no step has been applied.",
        Mode::Isolated => "Applied steps stand alone: each can be reversed by itself.",
        Mode::Ordered => "Some steps carry others: what depends on them goes first.",
        Mode::InTransaction => "A step is still open in another session: ask its owner to send ROLLBACK.",
        Mode::Stop => "Stop: nothing runs until this is understood.",
    };
    let stale = matches!(scene.shown.survey, Known::Asking { .. });
    ui.horizontal(|ui| {
        mark::bare(ui, Mark::mode(diagnosis.mode), tokens.mode(diagnosis.mode));
        text::heading(ui, headline);
        if stale {
            text::muted(ui, "looking again…");
        }
    });
    let at = format!("Read {} at one snapshot, by the server's clock", text::date(diagnosis.facts.read_at));
    text::muted(ui, &at);
    if diagnosis.mode == Mode::Stop {
        text::callout(ui, tokens.bad_faint, tokens.bad, |ui| {
            for reason in &diagnosis.stop {
                mark::plain(ui, Mark::Cross, tokens.bad, reason);
            }
            for condition in diagnosis.facts.conditions.iter().filter(|fact| fact.state != ConditionState::Clear) {
                let word = if condition.state == ConditionState::Tripped { "tripped" } else { "cannot be seen" };
                text::muted(
                    ui,
                    &format!("{} ({}) {word}: expected {}", condition.title, condition.id, condition.expected),
                );
            }
            for unreadable in &diagnosis.facts.unreadable {
                mark::plain(ui, Mark::Blind, tokens.care, unreadable);
            }
        });
    }
    verdicts(ui, scene);
}

/// The comparison in one line; a click leads to it.
fn verdicts(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(survey) = scene.shown.survey.value() else { return };
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        for verdict in [Verdict::Same, Verdict::Grown, Verdict::Drifted, Verdict::Missing, Verdict::Blind] {
            let count = survey.comparison.rows.iter().filter(|row| row.verdict == verdict).count();
            if count > 0 {
                let words = format!("{count} {}", mark::verdict_word(verdict));
                mark::word(ui, Mark::verdict(verdict), tokens.verdict(verdict), &words);
                ui.add_space(UNIT);
            }
        }
        if text::lead(ui, "Compare").clicked() {
            scene.actions.push(UiAction::Go(Page::Compare));
        }
    });
}
