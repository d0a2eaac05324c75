//! The command palette: it leads to pages, steps and checks. It never commits, signs or clears a stop.

use eframe::egui::{self, Align2, Button, Id, Key, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::runbook::CheckId;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Shown;
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::view::Scene;
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::text;

/// How many places are offered at once.
const OFFERED: usize = 12;

/// The palette's own state.
#[derive(Default)]
pub struct Palette {
    open: bool,
    typed: String,
    chosen: usize,
}

/// Somewhere to go.
enum Place {
    Page(Page),
    Step(usize),
    Check(CheckId),
}

impl Palette {
    /// Opens it, empty.
    pub fn open(&mut self) {
        *self = Self { open: true, ..Self::default() };
    }

    /// Draws it when it is open.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        if !self.open {
            return;
        }
        let places = places(scene.shown, &self.typed);
        self.chosen = self.chosen.min(places.len().saturating_sub(1));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowDown) {
            self.chosen = (self.chosen + 1).min(places.len().saturating_sub(1));
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.saturating_sub(1);
        }
        let mut gone = pressed(Key::Enter).then_some(self.chosen);
        let area = Modal::default_area(Id::unique("palette")).anchor(Align2::CENTER_TOP, vec2(0.0, 88.0));
        let modal = Modal::new(Id::unique("palette")).area(area).frame(text::dialog(ui)).show(ui.ctx(), |ui| {
            ui.set_width(480.0_f32.min(ui.ctx().content_rect().width() - 48.0));
            let name = text::label(ui, "Go to a page, a step or a check");
            let field = ui
                .add(TextEdit::singleline(&mut self.typed).desired_width(f32::INFINITY).margin(tokens::field_margin()))
                .labelled_by(name.id);
            field.request_focus();
            ui.add_space(UNIT);
            ScrollArea::vertical().max_height(372.0).min_scrolled_height(372.0).show(ui, |ui| {
                if places.is_empty() {
                    text::muted(ui, "Nothing of that name.");
                }
                for (at, (label, kind, _)) in places.iter().enumerate() {
                    if offer(ui, label, kind, at == self.chosen).clicked() {
                        gone = Some(at);
                    }
                }
            });
        });
        if let Some((_, _, place)) = gone.and_then(|at| places.into_iter().nth(at)) {
            self.open = false;
            scene.actions.extend(match place {
                Place::Page(page) => vec![UiAction::Go(page)],
                Place::Step(step) => vec![UiAction::Step(step)],
                Place::Check(check) => vec![UiAction::ShowCheck(check)],
            });
        }
        // Esc and a click outside close it; nothing is lost by that.
        if modal.should_close() {
            self.open = false;
        }
    }
}

fn offer(ui: &mut Ui, label: &str, kind: &str, chosen: bool) -> egui::Response {
    let color = Tokens::of(ui).muted;
    let button =
        Button::selectable(chosen, RichText::new(visible(label))).right_text(RichText::new(kind).small().color(color));
    ui.add(button.min_size(vec2(ui.available_width(), tokens::ROW)))
}

fn places(shown: &Shown, typed: &str) -> Vec<(String, &'static str, Place)> {
    let mut places: Vec<(String, &'static str, Place)> =
        Page::ALL.into_iter().map(|page| (page.word().to_owned(), "page", Place::Page(page))).collect();
    if let Some(book) = shown.book() {
        let steps = book.steps.iter().enumerate();
        places.extend(
            steps.map(|(at, step)| (format!("{} {}", step.id, one_line(&step.title, 48)), "step", Place::Step(at))),
        );
        let checks = book.checks.iter();
        places.extend(checks.map(|check| {
            (format!("{} {}", check.id, one_line(&check.title, 48)), "check", Place::Check(check.id.clone()))
        }));
    }
    let wanted = typed.to_lowercase();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    places.retain(|(label, _, _)| {
        let label = label.to_lowercase();
        words.iter().all(|word| label.contains(word))
    });
    places.truncate(OFFERED);
    places
}
