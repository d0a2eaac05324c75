//! The foot of the window: what is under way or what happened last, and how the ledger stands.

use eframe::egui::{Align, Align2, Area, Button, Frame, Id, Layout, Order, RichText, Stroke, Ui, vec2};

use crate::session::Command;
use crate::ui::action::UiAction;
use crate::ui::state::{Flight, Known, LogLine, Tone};
use crate::ui::tokens::{FOOT, Tokens};
use crate::ui::view::Scene;
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// Draws the footer.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    ui.horizontal_centered(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ledger(ui, scene);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if let Some(flight) = &scene.shown.flight {
                    under_way(ui, flight, scene.now, scene.actions);
                } else if let Some(line) = scene.shown.message() {
                    message(ui, line, scene.actions);
                } else {
                    text::muted(ui, "Ready");
                }
            });
        });
    });
}

fn under_way(ui: &mut Ui, flight: &Flight, now: jiff::Timestamp, actions: &mut Vec<UiAction>) {
    let tokens = Tokens::of(ui);
    mark::bare(ui, Mark::Going, tokens.accent);
    let tenths = (now.as_millisecond() - flight.since.as_millisecond()).max(0) / 100;
    let statement = flight.statement.map(|(number, of)| format!(" · statement {number} of {of}")).unwrap_or_default();
    let asked = flight.asked.map(|(done, of)| format!(" · {done} of {of} checks")).unwrap_or_default();
    let words = format!("{}{statement}{asked} · {}.{} s", flight.what, tenths / 10, tenths % 10);
    ui.label(visible(&words).as_ref());
    let label = if flight.cancelling { "Cancelling…" } else { "Cancel" };
    if ui.add_enabled(!flight.cancelling, Button::new(label).small()).clicked() {
        actions.push(UiAction::Ask(Command::Cancel));
    }
    // The clock moves ten times in a second only while something is under way.
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(200));
}

fn message(ui: &mut Ui, line: &LogLine, actions: &mut Vec<UiAction>) {
    let tokens = Tokens::of(ui);
    let (mark, color) = match line.tone {
        Tone::Plain => (Mark::Dot, tokens.muted),
        Tone::Good => (Mark::Tick, tokens.good),
        Tone::Bad => (Mark::Cross, tokens.bad),
    };
    text::muted(ui, &text::clock(line.at));
    mark::bare(ui, mark, color);
    let room = (ui.available_width() - 72.0).max(80.0);
    let words = if line.hint.is_empty() { line.text.clone() } else { format!("{}  {}", line.text, line.hint) };
    let shown = if line.tone == Tone::Bad {
        RichText::new(visible(&words)).color(color)
    } else {
        RichText::new(visible(&words))
    };
    ui.scope(|ui| {
        ui.set_max_width(room);
        ui.add(eframe::egui::Label::new(shown).truncate());
    });
    if line.tone == Tone::Bad && !line.loud && ui.add(Button::new("Dismiss").small()).clicked() {
        actions.push(UiAction::DismissMessage);
    }
}

/// Draws what went wrong in full, above the foot of the window, until it is dismissed or something else happens.
pub fn loud(ui: &Ui, scene: &mut Scene<'_>) {
    let Some(line) = scene.shown.message().filter(|line| line.loud) else { return };
    let tokens = Tokens::of(ui);
    let area =
        Area::new(Id::unique("loud")).anchor(Align2::LEFT_BOTTOM, vec2(16.0, -FOOT - 12.0)).order(Order::Foreground);
    let frame = Frame::popup(ui.style()).fill(tokens.bad_faint).stroke(Stroke::new(1.0, tokens.bad)).inner_margin(12);
    area.show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_width(440.0_f32.min(ui.ctx().content_rect().width() - 64.0));
            mark::word(ui, Mark::Cross, tokens.bad, &line.text);
            if !line.hint.is_empty() {
                text::body(ui, &line.hint);
            }
            if ui.button("Dismiss").clicked() {
                scene.actions.push(UiAction::DismissMessage);
            }
        });
    });
}

fn ledger(ui: &mut Ui, scene: &Scene<'_>) {
    let tokens = Tokens::of(ui);
    match &scene.shown.ledger {
        Known::Known(view) | Known::Asking { previous: Some(view) } => match &view.broken {
            None => {
                let desks: std::collections::BTreeSet<&str> =
                    view.entries.iter().map(|entry| entry.actor.as_str()).collect();
                let words =
                    format!("ledger {} · chain verified · {}", view.state.head_seq, text::count(desks.len(), "desk"));
                mark::small_from_right(ui, Mark::Tick, tokens.good, &words);
            }
            Some(why) => {
                mark::small_from_right(ui, Mark::Cross, tokens.bad, "ledger chain broken").on_hover_text(visible(why));
            }
        },
        Known::Asking { previous: None } => {
            text::muted(ui, "reading the ledger…");
        }
        Known::Unreadable { reason, .. } => {
            mark::small_from_right(ui, Mark::Blind, tokens.care, "ledger unreadable")
                .on_hover_text(visible(&reason.message));
        }
        Known::NotAsked => {
            text::muted(ui, if scene.shown.no_ledger { "no ledger yet" } else { "ledger not read" });
        }
    }
}
