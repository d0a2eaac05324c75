//! The steps rail: build order, diagnosis as shape and word, approvals, last outcome. Up and down by keyboard.

use eframe::egui::{
    Button, EventFilter, FontId, Frame, Id, Key, Margin, Modifiers, Rect, RichText, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
};

use crate::ledger::RequestStatus;
use crate::run::Outcome;
use crate::runbook::Step;
use crate::ui::action::{Page, UiAction};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::view::Scene;
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The height of one step.
const HEIGHT: f32 = 60.0;

/// Draws the rail.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(book) = scene.shown.book().cloned() else {
        Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
            text::label(ui, "Steps");
            text::muted(ui, "The steps of a runbook appear here, in build order.");
            if ui.add(Button::new(RichText::new("Open a runbook"))).clicked() {
                scene.actions.push(UiAction::Go(Page::Start));
            }
        });
        return;
    };
    ui.add_space(UNIT);
    ui.horizontal(|ui| {
        ui.add_space(UNIT);
        text::label(ui, "Steps in build order");
    });
    let count = book.steps.len();
    ScrollArea::vertical().id_salt("rail").auto_shrink(false).show_rows(ui, HEIGHT, count, |ui, range| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for index in range {
            step(ui, scene, &book.steps[index], index, count);
        }
    });
}

/// Returns the identifier of a step's row, so that focus can be moved to it.
fn row_id(index: usize) -> Id {
    Id::unique(("rail", index))
}

fn step(ui: &mut Ui, scene: &mut Scene<'_>, step: &Step, index: usize, count: usize) {
    let tokens = Tokens::of(ui);
    let (_, rect) = ui.allocate_space(Vec2::new(ui.available_width(), HEIGHT));
    let response = ui.interact(rect, row_id(index), Sense::click());
    let selected = scene.shown.step == index;
    if selected {
        ui.painter().rect_filled(rect, 0.0, tokens.selected);
        ui.painter().rect_filled(Rect::from_min_size(rect.min, Vec2::new(3.0, rect.height())), 0.0, tokens.accent);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect.shrink(1.0), 2.0, Stroke::new(1.5, tokens.accent), StrokeKind::Inside);
    }
    let diagnosis = scene.shown.diagnosis(&step.id).map(|diagnosis| diagnosis.mode);
    let (mark, color, word) = diagnosis.map_or((Mark::Ring, tokens.muted, "not looked at"), |mode| {
        (Mark::mode(mode), tokens.mode(mode), mark::mode_word(mode))
    });
    let last = standing(scene, step);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let left = rect.left() + 16.0;
    let font = |size: f32, strong: bool| {
        FontId::new(size, if strong { tokens::semibold() } else { eframe::egui::FontFamily::Proportional })
    };
    let at = |painter: &eframe::egui::Painter, x: f32, y: f32, words: &str, size: f32, strong: bool, color| {
        let galley = painter.layout_no_wrap(visible(words).into_owned(), font(size, strong), color);
        let width = galley.size().x;
        painter.galley(pos2(x, y - galley.size().y / 2.0), galley, color);
        width
    };
    let number = step.position.to_string();
    at(&painter, left, rect.top() + 15.0, &number, tokens::SMALL, false, tokens.muted);
    let text_left = left + 22.0;
    let width = at(&painter, text_left, rect.top() + 15.0, &step.id.0, tokens::BODY, true, tokens.text);
    let mark_width = {
        let galley = painter.layout_no_wrap(word.to_owned(), font(tokens::SMALL, false), color);
        galley.size().x + mark::SIZE + 4.0
    };
    let mark_left = (rect.right() - 10.0 - mark_width).max(text_left + width + UNIT);
    mark::paint(&painter, mark::square_at(mark_left, rect.top() + 15.0), mark, color);
    at(&painter, mark_left + mark::SIZE + 4.0, rect.top() + 15.0, word, tokens::SMALL, false, color);
    elided(
        ui,
        &painter,
        pos2(text_left, rect.top() + 32.0),
        rect.right() - 10.0 - text_left,
        &step.title,
        tokens.muted,
    );
    elided(ui, &painter, pos2(text_left, rect.top() + 47.0), rect.right() - 10.0 - text_left, &last, tokens.muted);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
    let name = format!("{} {}: {word}, {last}", step.position, step.id);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, &name));
    if response.clicked() {
        response.request_focus();
        scene.actions.push(UiAction::Step(index));
    }
    if response.has_focus() {
        keys(ui, scene, index, count);
    }
    response.on_hover_text(visible(&step.title));
}

fn keys(ui: &Ui, scene: &mut Scene<'_>, index: usize, count: usize) {
    let filter = EventFilter { vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(row_id(index), filter));
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let to = if pressed(Key::ArrowDown) {
        (index + 1).min(count - 1)
    } else if pressed(Key::ArrowUp) {
        index.saturating_sub(1)
    } else {
        return;
    };
    ui.memory_mut(|memory| memory.request_focus(row_id(to)));
    scene.actions.push(UiAction::Step(to));
}

fn elided(
    ui: &Ui,
    painter: &eframe::egui::Painter,
    left_middle: eframe::egui::Pos2,
    width: f32,
    words: &str,
    color: eframe::egui::Color32,
) {
    use eframe::egui::{TextStyle, TextWrapMode, WidgetText};
    let text: WidgetText = RichText::new(visible(words)).small().color(color).into();
    let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), width, TextStyle::Small);
    painter.galley(pos2(left_middle.x, left_middle.y - galley.size().y / 2.0), galley, color);
}

/// Says where the newest request of a step stands: approvals and last outcome.
fn standing(scene: &Scene<'_>, step: &Step) -> String {
    let Some(request) = scene.shown.request_of(&step.id) else { return "not staged".to_owned() };
    let standing = &request.standing;
    let signed = format!("{} of {} approved", standing.approved.len(), standing.needed);
    match scene.shown.fate(request.digest).map(|fate| &fate.status) {
        None | Some(RequestStatus::Open) => {
            if standing.void.is_some() {
                format!("{signed} · void")
            } else {
                signed
            }
        }
        Some(RequestStatus::Rejected) => "rejected".to_owned(),
        Some(RequestStatus::Begun { .. }) => "begun, no end recorded".to_owned(),
        Some(RequestStatus::Ended(Outcome::Committed)) => "committed".to_owned(),
        Some(RequestStatus::Ended(Outcome::RolledBack { .. })) => "rolled back".to_owned(),
        Some(RequestStatus::Ended(Outcome::Unknown { .. })) => "outcome unknown".to_owned(),
    }
}
