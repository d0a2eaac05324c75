//! The band across the top: which database this is, as whom, and what kind it is; or the disaster stop.

use eframe::egui::{
    self, Align, CornerRadius, FontId, Layout, Rect, RichText, Sense, Shape, Stroke, Ui, Vec2, accesskit::Role, pos2,
};

use crate::session::Environment;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{self, BAND, Tokens, UNIT};
use crate::ui::view::Scene;
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark;

/// Draws the band.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    if let Some((condition, reason)) = scene.shown.stop() {
        stop(ui, scene, &condition, &reason);
    }
    environment(ui, scene);
}

/// Returns the word of an environment.
#[must_use]
pub const fn environment_word(environment: Environment) -> &'static str {
    match environment {
        Environment::Development => "DEVELOPMENT",
        Environment::Staging => "STAGING",
        Environment::Production => "PRODUCTION",
    }
}

fn environment(ui: &mut Ui, scene: &mut Scene<'_>) {
    let tokens = Tokens::of(ui);
    let Some(connection) = scene.shown.connection.value() else {
        let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), BAND), Sense::hover());
        ui.painter().rect_filled(rect, 0.0, tokens.raised);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let words = match &scene.shown.connection {
            Known::Asking { .. } => "Connecting…".to_owned(),
            Known::NotAsked | Known::Known(_) => "Not connected: nothing here can reach a database".to_owned(),
            Known::Unreadable { reason, .. } => format!("Not connected: {}", reason.message),
        };
        paint_line(ui, rect, 16.0, &words, tokens.muted, false);
        mark::name(&response, Role::Status, &words);
        return;
    };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), BAND), Sense::hover());
    ui.painter().rect_filled(rect, 0.0, Tokens::band(connection.environment));
    let word = environment_word(connection.environment);
    let after = paint_line(ui, rect, 16.0, word, tokens.on_band, true);
    let note = &connection.note;
    let where_to =
        format!("{} @ {}  as {}  ·  {}  ·  {}", note.database, note.server, note.role, note.security, note.version);
    let after = paint_line(ui, rect, after + UNIT * 3.0, &visible(&where_to), tokens.on_band, false);
    let lamp = if scene.shown.stop().is_some() {
        ("stopped", mark::Mark::Block)
    } else if scene.shown.survey.value().is_some() {
        ("clear", mark::Mark::Dot)
    } else {
        ("not looked at yet", mark::Mark::Ring)
    };
    let font = FontId::new(tokens::BODY, tokens::semibold());
    let galley = ui.painter().layout_no_wrap(lamp.0.to_owned(), font, tokens.on_band);
    let left = rect.right() - 16.0 - galley.size().x;
    if left - 20.0 > rect.left() + after {
        ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, tokens.on_band);
        mark::paint(ui.painter(), mark::square_at(left - 18.0, rect.center().y), lamp.1, tokens.on_band);
    }
    mark::name(&response, Role::Status, &format!("{word}: {where_to}, {}", lamp.0));
    response.on_hover_text(visible(&where_to));
}

/// Draws text on a band, cut at its right edge; returns where it ends, from the left edge.
fn paint_line(ui: &Ui, rect: Rect, left: f32, words: &str, color: egui::Color32, strong: bool) -> f32 {
    let family = if strong { tokens::semibold() } else { egui::FontFamily::Proportional };
    let galley = ui.painter().layout_no_wrap(words.to_owned(), FontId::new(tokens::BODY, family), color);
    let width = galley.size().x;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.galley(pos2(rect.left() + left, rect.center().y - galley.size().y / 2.0), galley, color);
    left + width
}

/// The stop band: the condition, and what is needed to go on (D-61, D-62).
fn stop(ui: &mut Ui, scene: &mut Scene<'_>, condition: &str, reason: &str) {
    let tokens = Tokens::of(ui);
    let top = ui.cursor().min;
    let behind = ui.painter().add(Shape::Noop);
    let shown =
        egui::Frame::new().inner_margin(egui::Margin { left: 72, right: 16, top: 8, bottom: 8 }).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                let head = RichText::new(format!("DISASTER STOP · {}", visible(condition)));
                ui.label(head.font(FontId::new(tokens::BODY, tokens::semibold())).color(tokens.on_stop));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let more = egui::Button::new(RichText::new("What stopped it").color(tokens.on_stop));
                    let stroke = Stroke::new(1.0, tokens.on_stop);
                    if ui.add(more.fill(tokens.stop).stroke(stroke)).clicked() {
                        let latched = scene.shown.latched().is_some() || scene.shown.watched.is_some();
                        scene.actions.push(UiAction::Go(if latched { Page::Stop } else { Page::Overview }));
                    }
                });
            });
            ui.label(RichText::new(visible(reason)).color(tokens.on_stop));
            if let Some(words) = scene.shown.where_held() {
                ui.label(RichText::new(visible(&words)).small().color(tokens.on_stop));
            }
            ui.label(RichText::new(needs(scene)).small().color(tokens.on_stop));
        });
    let rect = Rect::from_min_max(top, pos2(shown.response.rect.right(), shown.response.rect.bottom()));
    let mut shapes = vec![Shape::rect_filled(rect, CornerRadius::ZERO, tokens.stop)];
    let painter = ui.painter().with_clip_rect(Rect::from_min_size(rect.min, Vec2::new(56.0, rect.height())));
    let mut x = rect.left() - rect.height();
    let mut stripes = Vec::new();
    while x < rect.left() + 56.0 {
        let points = vec![
            pos2(x, rect.bottom()),
            pos2(x + rect.height(), rect.top()),
            pos2(x + rect.height() + 10.0, rect.top()),
            pos2(x + 10.0, rect.bottom()),
        ];
        stripes.push(Shape::convex_polygon(points, tokens.on_stop, Stroke::NONE));
        x += 20.0;
    }
    ui.painter().set(behind, Shape::Vec(std::mem::take(&mut shapes)));
    painter.extend(stripes);
    let whole = ui.interact(rect, ui.scope_id().with("stop-band"), Sense::hover());
    mark::name(&whole, Role::Alert, &format!("Disaster stop: {condition}: {reason}"));
}

/// Says what a restart needs: the gates that are still open.
fn needs(scene: &Scene<'_>) -> String {
    const HALTED: &str = "Nothing runs on this database, from any desk.";
    let gates = scene.shown.book().map_or(&[][..], |book| &book.restart);
    let Some(halt) = scene.shown.ledger.value().map(|view| &view.state.halt).filter(|halt| !halt.stops().is_empty())
    else {
        return HALTED.to_owned();
    };
    let open: Vec<String> =
        halt.gates(gates).into_iter().filter(|gate| gate.met.is_none()).map(|gate| gate.title).collect();
    format!("{HALTED} To go on: {}.", open.join("; "))
}
