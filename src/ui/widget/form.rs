//! Fields with a name: a label that screen readers and tests find, and the text beneath it.

use eframe::egui::{AsIdSalt, Button, Id, Key, Response, RichText, TextEdit, Ui, accesskit::Role};

use super::{mark, text};
use crate::ui::tokens::{self, HALF, Tokens};

/// A one-line text field under its label; returns the field's response.
pub fn field(ui: &mut Ui, id: impl AsIdSalt, label: &str, value: &mut String, hint: &str) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let name = text::label(ui, label);
        let edit = TextEdit::singleline(value)
            .id(Id::unique(("field", id)))
            .hint_text(RichText::new(hint).color(Tokens::of(ui).muted))
            .desired_width(f32::INFINITY)
            .margin(tokens::field_margin());
        ui.add(edit).labelled_by(name.id)
    })
    .inner
}

/// A short search field with its label beside it.
pub fn search(ui: &mut Ui, id: impl AsIdSalt, value: &mut String) -> Response {
    let name = text::label(ui, "Search");
    let edit =
        TextEdit::singleline(value).id(Id::unique(("field", id))).desired_width(160.0).margin(tokens::field_margin());
    ui.add(edit).labelled_by(name.id)
}

/// A several-line text field under its label.
pub fn words(ui: &mut Ui, id: impl AsIdSalt, label: &str, value: &mut String, rows: usize) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let name = text::label(ui, label);
        let edit = TextEdit::multiline(value)
            .id(Id::unique(("field", id)))
            .desired_rows(rows)
            .desired_width(f32::INFINITY)
            .margin(tokens::field_margin());
        ui.add(edit).labelled_by(name.id)
    })
    .inner
}

/// What a person did with a path field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAsk {
    /// Pressed the button, or Enter in the field.
    Use,
    /// Asked for the file dialog.
    Choose,
}

/// A path field with a verb button and a dialog button: a desk without a portal still has the field.
pub fn path(ui: &mut Ui, id: &str, label: &str, value: &mut String, verb: &str, enabled: bool) -> Option<PathAsk> {
    let mut asked = None;
    let response = field(ui, id, label, value, "/path");
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && enabled && !value.trim().is_empty() {
        asked = Some(PathAsk::Use);
    }
    ui.horizontal(|ui| {
        if text::deed(ui, enabled && !value.trim().is_empty(), verb).clicked() {
            asked = Some(PathAsk::Use);
        }
        let choose = ui.button("Choose…");
        mark::name(&choose, Role::Button, &format!("Choose… ({label})"));
        if choose.clicked() {
            asked = Some(PathAsk::Choose);
        }
    });
    asked
}

/// A row of words of which one is chosen.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, options: &[(T, &str)]) -> bool {
    let mut changed = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = HALF;
        for (option, word) in options {
            let tokens = Tokens::of(ui);
            let selected = *chosen == *option;
            let color = if selected { tokens.accent } else { tokens.text };
            let button = Button::selectable(selected, RichText::new(*word).color(color));
            if ui.add(button).clicked() && !selected {
                *chosen = *option;
                changed = true;
            }
        }
    });
    changed
}
