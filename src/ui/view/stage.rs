//! The staging form: which steps in which order, the values of parameters, and who asks.

use eframe::egui::{Button, Ui};

use super::Scene;
use crate::approval::Role;
use crate::plan::Via;
use crate::runbook::{Parameter, ParameterKind, Runbook, StepId};
use crate::session::Command;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// The form's drafts.
pub struct StageForm {
    steps: Vec<StepId>,
    bindings: Vec<(String, String)>,
    via_gate: bool,
    /// Who asks.
    pub signer: SignerForm,
}

impl Default for StageForm {
    fn default() -> Self {
        Self { steps: Vec::new(), bindings: Vec::new(), via_gate: false, signer: SignerForm::new("stage") }
    }
}

impl StageForm {
    /// Draws the form.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(book) = scene.shown.book().cloned() else {
            text::muted(ui, "Open a runbook first.");
            return;
        };
        self.adopt(scene, &book);
        let wide = ui.available_width() > 560.0;
        if wide {
            let (mut left, mut right) = text::split(ui);
            self.left(&mut left, &book);
            self.right(&mut right, scene);
            text::join(ui, &left, &right);
        } else {
            self.left(ui, &book);
            self.right(ui, scene);
        }
    }

    /// Keeps the drafts in step with the runbook; begins with the selected step.
    fn adopt(&mut self, scene: &Scene<'_>, book: &Runbook) {
        self.steps.retain(|step| book.step(step).is_some());
        if self.steps.is_empty()
            && let Some(step) = scene.shown.selected()
        {
            self.steps.push(step.id.clone());
        }
        let known = std::mem::take(&mut self.bindings);
        let value = |name: &str| {
            known.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        self.bindings =
            book.parameters.iter().map(|parameter| (parameter.name.clone(), value(&parameter.name))).collect();
    }

    fn left(&mut self, ui: &mut Ui, book: &Runbook) {
        text::card(ui, |ui| {
            text::heading(ui, "Steps to reverse, in this order");
            let mut moved = None;
            for (at, step) in self.steps.clone().iter().enumerate() {
                ui.horizontal(|ui| {
                    text::mono(ui, &format!("{}.", at + 1));
                    text::strong(ui, step.as_str());
                    let up = ui.add_enabled(at > 0, Button::new("Up").small());
                    mark::name(&up, eframe::egui::accesskit::Role::Button, &format!("Move {step} up"));
                    if up.clicked() {
                        moved = Some(at);
                    }
                });
            }
            if let Some(at) = moved {
                self.steps.swap(at, at - 1);
            }
            text::rule(ui);
            for step in book.steps.iter().rev() {
                let mut chosen = self.steps.contains(&step.id);
                let before = chosen;
                ui.checkbox(&mut chosen, format!("Reverse {}", step.id));
                if chosen && !before {
                    self.steps.push(step.id.clone());
                } else if before && !chosen && self.steps.len() > 1 {
                    self.steps.retain(|other| *other != step.id);
                }
            }
            // D-25: the order is checked against the live catalog when it is sealed; this list only asks.
            text::muted(ui, "What depends on a step must stand before it; sealing refuses another order.");
        });
        let used: Vec<&Parameter> = book
            .parameters
            .iter()
            .filter(|parameter| self.steps.iter().any(|step| uses(book, step, &parameter.name)))
            .collect();
        if used.is_empty() {
            return;
        }
        text::card(ui, |ui| {
            text::heading(ui, "Parameters");
            for parameter in used {
                let Some((_, value)) = self.bindings.iter_mut().find(|(name, _)| *name == parameter.name) else {
                    continue;
                };
                let label = format!("{} ({})", parameter.name, kind_word(parameter.kind));
                form::field(ui, ("binding", &parameter.name), &label, value, "");
                text::muted(ui, &parameter.description);
                if !parameter.allowed.is_empty() {
                    text::muted(ui, &format!("One of: {}", parameter.allowed.join(", ")));
                }
            }
        });
    }

    fn right(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let names = self.steps.iter().map(|step| step.0.as_str()).collect::<Vec<_>>().join(", ");
        let tokens = Tokens::of(ui);
        let connected = scene.shown.connection.value().is_some();
        let free = scene.shown.is_free() && connected && scene.shown.stop().is_none();
        text::card(ui, |ui| {
            text::heading(ui, "Rehearse only");
            text::muted(ui, "Runs the reversal and ends it by ROLLBACK. It takes the real locks for its short life.");
            if text::deed(ui, free, &format!("Rehearse {names}")).clicked() {
                scene.ask(Command::Rehearse { steps: self.steps.clone(), bindings: self.bound() });
            }
        });
        text::card(ui, |ui| {
            text::heading(ui, "Stage for approval");
            text::muted(ui, "Seals the plan, rehearses it, and puts the request into the ledger under your signature.");
            self.signer.ui(ui, scene, Some(Role::Author));
            ui.checkbox(&mut self.via_gate, "Run via the gate");
            let said = "The ledger's gate then runs the statements in the server, with rights that no login has. It takes a \
                ledger with a gate; staging rehearses there and says so where there is none.";
            text::muted(ui, said);
            ui.add_space(UNIT);
            if text::deed(ui, free && self.signer.is_ready(), &format!("Stage {names}")).clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let via = self.via_gate.then_some(Via::Gate);
                scene.ask(Command::Stage { steps: self.steps.clone(), bindings: self.bound(), via, signer });
            }
        });
        if !connected {
            mark::word(ui, Mark::Care, tokens.care, "Connect to the database first.");
        } else if scene.shown.stop().is_some() {
            mark::word(ui, Mark::Block, tokens.bad, "A stop holds: nothing is staged or rehearsed.");
        }
    }

    /// Returns the values that were typed for the runbook's parameters.
    pub fn bound(&self) -> Vec<(String, String)> {
        self.bindings.iter().filter(|(_, value)| !value.is_empty()).cloned().collect()
    }
}

fn uses(book: &Runbook, step: &StepId, parameter: &str) -> bool {
    book.step(step).is_some_and(|step| step.reversal.text.contains(&format!(":'{parameter}'")))
}

/// Returns the word of a parameter's type.
#[must_use]
pub const fn kind_word(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text => "text",
        ParameterKind::Integer => "integer",
        ParameterKind::Numeric => "numeric",
        ParameterKind::Boolean => "boolean",
        ParameterKind::Uuid => "uuid",
        ParameterKind::Date => "date",
        ParameterKind::Timestamp => "timestamp",
    }
}
