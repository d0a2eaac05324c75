//! The title line and the tabs.

use eframe::egui::{
    Align, Button, FontId, Layout, Rect, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use crate::session::Command;
use crate::ui::action::{Page, UiAction};
use crate::ui::prefs::ThemeChoice;
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::view::Scene;
use crate::ui::widget::text;

/// Draws the title line: the runbook, its digest, and what can be done from everywhere.
pub fn line(ui: &mut Ui, scene: &mut Scene<'_>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT;
        let width = ui.available_width();
        match scene.shown.runbook.value() {
            Some(open) => {
                text::heading(ui, &open.runbook.id);
                text::mono(ui, &open.runbook.digest.short()).on_hover_text(open.runbook.digest.groups());
                if width > 900.0 {
                    let room = (ui.available_width() - 360.0).max(40.0);
                    let title = format!("{} · version {}", open.runbook.title, open.runbook.version);
                    ui.allocate_ui(vec2(room, 20.0), |ui| text::muted_line(ui, &title));
                }
            }
            None => {
                text::heading(ui, "Countersign");
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| buttons(ui, scene));
    });
}

fn buttons(ui: &mut Ui, scene: &mut Scene<'_>) {
    let evidence = if scene.evidence { "Hide evidence" } else { "Show evidence" };
    if quiet(ui, evidence).clicked() {
        scene.actions.push(UiAction::ToggleEvidence { narrow: scene.narrow });
    }
    let dark = ui.visuals().dark_mode;
    if quiet(ui, if dark { "Light" } else { "Dark" }).on_hover_text("Change the theme").clicked() {
        scene.actions.push(UiAction::Theme(if dark { ThemeChoice::Light } else { ThemeChoice::Dark }));
    }
    if quiet(ui, "Go to…").on_hover_text("Ctrl+K").clicked() {
        scene.actions.push(UiAction::OpenPalette);
    }
    let can_look = scene.shown.is_free() && scene.shown.connection.value().is_some() && scene.shown.book().is_some();
    let look = ui.add_enabled(can_look, Button::new("Look again"));
    let why = "Take a census at one snapshot, review against the live catalog, diagnose and compare (F5)";
    if look.on_hover_text(why).on_disabled_hover_text("Open a runbook and connect first").clicked() {
        scene.ask(Command::Survey);
    }
}

fn quiet(ui: &mut Ui, words: &str) -> eframe::egui::Response {
    let color = Tokens::of(ui).muted;
    ui.add(Button::new(RichText::new(words).color(color)).frame_when_inactive(false))
}

/// Draws the tabs; Ctrl+1 … Ctrl+9 lead to them.
pub fn tabs(ui: &mut Ui, scene: &mut Scene<'_>, page: Page) {
    let tokens = Tokens::of(ui);
    let top = ui.max_rect();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let narrow = ui.available_width() < 700.0;
        let padding = if narrow { 7.0 } else { 11.0 };
        for (number, tab) in Page::ALL.into_iter().enumerate() {
            let selected = tab == page;
            let is_called_for = tab == Page::Stop && scene.shown.stop().is_some();
            if !selected && !tab.is_at_hand() && !is_called_for {
                continue;
            }
            let family = if selected { tokens::semibold() } else { eframe::egui::FontFamily::Proportional };
            let color = if selected { tokens.text } else { tokens.muted };
            let galley = ui.painter().layout_no_wrap(tab.word().to_owned(), FontId::new(tokens::BODY, family), color);
            let (rect, response) =
                ui.allocate_exact_size(Vec2::new(galley.size().x + padding * 2.0, 34.0), Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, tab.word()));
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 0.0, tokens.hover);
            }
            ui.painter().galley(pos2(rect.left() + padding, rect.center().y - galley.size().y / 2.0), galley, color);
            if selected {
                let bar = Rect::from_min_max(
                    pos2(rect.left() + padding, rect.bottom() - 2.5),
                    pos2(rect.right() - padding, rect.bottom()),
                );
                ui.painter().rect_filled(bar, 0.0, tokens.accent);
            }
            let hint = if number < 10 { format!("Ctrl+{}", (number + 1) % 10) } else { "F9".to_owned() };
            if response.on_hover_text(hint).clicked() {
                scene.actions.push(UiAction::Go(tab));
            }
        }
    });
    let bottom = ui.min_rect().bottom();
    ui.painter().hline(top.x_range(), bottom, Stroke::new(1.0, tokens.line));
}
