//! Labels in the three sizes, and boxes around them. Text that comes from outside goes through `escape::visible`.

use eframe::egui::{
    self, Align, Button, Color32, CornerRadius, FontId, Frame, Label, Margin, Response, RichText, Sense, Stroke,
    TextStyle, Ui, Vec2, WidgetText,
};
use jiff::Timestamp;

use super::escape::visible;
use crate::ui::tokens::{self, Tokens, UNIT};

/// Body text.
pub fn body(ui: &mut Ui, text: &str) -> Response {
    ui.label(visible(text).as_ref())
}

/// Body text that stands out.
pub fn strong(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(visible(text)).text_style(tokens::strong()))
}

/// Text of less weight, in the small size.
pub fn muted(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).muted;
    ui.label(RichText::new(visible(text)).small().color(color))
}

/// Text of less weight on one line, cut with `…`; the whole text on hover.
pub fn muted_line(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).muted;
    ui.add(Label::new(RichText::new(visible(text)).small().color(color)).truncate())
}

/// Body text on one line, cut with `…`; the whole text on hover.
pub fn line(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(visible(text).as_ref()).truncate())
}

/// Monospaced text in the small size on one line.
pub fn mono(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(RichText::new(visible(text)).text_style(tokens::mono_small())).truncate())
}

/// Monospaced text in the small size that may wrap.
pub fn mono_wrapped(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(RichText::new(visible(text)).text_style(tokens::mono_small())).wrap())
}

/// What a page or a card is called.
pub fn heading(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(visible(text)).text_style(TextStyle::Heading))
}

/// The small head over a group.
pub fn label(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).muted;
    ui.label(RichText::new(text).font(FontId::new(tokens::SMALL, tokens::semibold())).color(color))
}

/// A box around things that belong together.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = Tokens::of(ui);
    Frame::new()
        .fill(tokens.surface)
        .stroke(Stroke::new(1.0, tokens.line))
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A box in which something needs to be read: its colour says how grave it is, its words say it.
pub fn callout<R>(ui: &mut Ui, fill: Color32, edge: Color32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = Frame::new()
        .fill(fill)
        .corner_radius(CornerRadius::same(4))
        .inner_margin(Margin { left: 16, right: 12, top: 8, bottom: 8 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        });
    let rect = shown.response.rect;
    let bar = egui::Rect::from_min_size(rect.min, Vec2::new(4.0, rect.height()));
    ui.painter().rect_filled(bar, CornerRadius { nw: 4, sw: 4, ne: 0, se: 0 }, edge);
    shown.inner
}

/// A failure: what happened, and what to do next.
pub fn failure(ui: &mut Ui, message: &str, hint: &str) {
    let tokens = Tokens::of(ui);
    callout(ui, tokens.bad_faint, tokens.bad, |ui| {
        super::mark::word(ui, super::mark::Mark::Cross, tokens.bad, message);
        if !hint.is_empty() {
            muted(ui, hint);
        }
    });
}

/// A page that has nothing to show yet: what is missing, and what to do next.
pub fn empty<R>(ui: &mut Ui, title: &str, next: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.add_space(UNIT * 6.0);
    ui.vertical_centered(|ui| {
        ui.set_max_width(ui.available_width().min(480.0));
        heading(ui, title);
        ui.add_space(UNIT);
        let color = Tokens::of(ui).muted;
        ui.label(RichText::new(next).color(color));
        ui.add_space(UNIT * 2.0);
        add(ui)
    })
    .inner
}

/// The one main deed of a page: a button whose label is the deed.
pub fn deed(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let tokens = Tokens::of(ui);
    let label = RichText::new(text).font(FontId::new(tokens::BODY, tokens::semibold()));
    if enabled {
        let button = Button::new(label.color(tokens.on_accent)).fill(tokens.accent).stroke(Stroke::NONE);
        ui.add(button.min_size(Vec2::new(0.0, 28.0)))
    } else {
        ui.add_enabled(false, Button::new(label).min_size(Vec2::new(0.0, 28.0)))
    }
}

/// A link inside the window: text that leads somewhere.
pub fn lead(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).accent;
    ui.add(Button::new(RichText::new(visible(text)).color(color)).frame(false))
}

/// A right-aligned monospaced number or short value.
pub fn value(ui: &mut Ui, text: &str, color: Option<Color32>) -> Response {
    let mut rich = RichText::new(visible(text)).text_style(tokens::mono_small());
    if let Some(color) = color {
        rich = rich.color(color);
    }
    ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(rich).truncate())).inner
}

/// One line of a list of facts: a muted name of fixed width, then the fact.
pub fn fact(ui: &mut Ui, name: &str, width: f32, add: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let color = Tokens::of(ui).muted;
        let text: WidgetText = RichText::new(name).small().color(color).into();
        let galley = text.into_galley(ui, None, width, TextStyle::Small);
        let (rect, response) = ui.allocate_exact_size(Vec2::new(width, tokens::LINE), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, name));
        let at = egui::pos2(rect.left(), rect.top() + (tokens::LINE - galley.size().y) / 2.0);
        ui.painter().galley(at, galley, color);
        ui.vertical(add);
    });
}

/// A thin line across.
pub fn rule(ui: &mut Ui) {
    ui.add(egui::Separator::default().spacing(UNIT));
}

/// A time of day in UTC, such as `14:20:11`.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A date and time in UTC, such as `2026-06-01 14:20 UTC`.
#[must_use]
pub fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How long ago something was, such as `4 min ago`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    if seconds < 0 { format!("in {}", span(-seconds)) } else { format!("{} ago", span(seconds)) }
}

/// A span in its largest two units, such as `1 h 05 min`.
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds {
        ..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=86_399 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A duration in milliseconds as people read it.
#[must_use]
pub fn millis(millis: u32) -> String {
    if millis < 1_000 { format!("{millis} ms") } else { format!("{:.1} s", f64::from(millis) / 1_000.0) }
}

/// A count with its noun, such as `1 check` or `4 checks`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Splits what is left of a page into two columns; both are filled from the top left.
#[must_use]
pub fn split(ui: &mut Ui) -> (Ui, Ui) {
    let room = ui.available_rect_before_wrap();
    let half = (room.width() - UNIT * 1.5) / 2.0;
    let mut column = |left: f32, salt: &str| {
        let rect = egui::Rect::from_min_size(egui::pos2(left, room.top()), Vec2::new(half, room.height().max(1.0)));
        let layout = egui::Layout::top_down(Align::Min);
        ui.new_child(egui::UiBuilder::new().id_salt(salt).max_rect(rect).layout(layout))
    };
    (column(room.left(), "left"), column(room.left() + half + UNIT * 1.5, "right"))
}

/// Ends what [`split`] began.
pub fn join(ui: &mut Ui, left: &Ui, right: &Ui) {
    let rect = left.min_rect().union(right.min_rect());
    ui.advance_cursor_after_rect(rect);
}

/// The frame of a dialog.
pub fn dialog(ui: &Ui) -> Frame {
    Frame::popup(ui.style()).inner_margin(Margin::same(16)).corner_radius(CornerRadius::same(8))
}
