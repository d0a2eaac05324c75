//! Shapes that go before a word, drawn by hand so that they look the same in every font: shape, word, then colour.

use eframe::egui::{
    Color32, Label, Painter, Pos2, Rect, Response, RichText, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

use super::escape::visible;
use crate::census::Verdict;
use crate::diagnose::Mode;
use crate::review::Severity;
use crate::ui::tokens::{HALF, LINE, Tokens};

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `=`
    Same,
    /// `+`
    Grown,
    /// `≠`
    Drifted,
    /// `∅`
    Missing,
    /// `?`
    Blind,
    /// `✓`
    Tick,
    /// `✗`
    Cross,
    /// `●`
    Dot,
    /// `○`
    Ring,
    /// `■`
    Block,
    /// `▲`
    Care,
    /// `i`
    Note,
    /// `→`
    Arrow,
    /// `⇉`: several, in order.
    Ordered,
    /// `…`: under way.
    Going,
}

/// The side of the square a mark is drawn in.
pub const SIZE: f32 = 12.0;

impl Mark {
    /// Returns the shape of a verdict.
    #[must_use]
    pub const fn verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Same => Self::Same,
            Verdict::Grown => Self::Grown,
            Verdict::Drifted => Self::Drifted,
            Verdict::Missing => Self::Missing,
            Verdict::Blind => Self::Blind,
        }
    }

    /// Returns the shape of a branch of the decision tree.
    #[must_use]
    pub const fn mode(mode: Mode) -> Self {
        match mode {
            Mode::NotApplied => Self::Ring,
            Mode::Isolated => Self::Dot,
            Mode::Ordered => Self::Ordered,
            Mode::InTransaction => Self::Going,
            Mode::Stop => Self::Block,
        }
    }

    /// Returns the shape of a review note.
    #[must_use]
    pub const fn severity(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Note,
            Severity::Hazard => Self::Care,
            Severity::Block => Self::Cross,
        }
    }
}

/// Returns the word of a verdict.
#[must_use]
pub const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Grown => "grown",
        Verdict::Drifted => "drifted",
        Verdict::Missing => "missing",
        Verdict::Blind => "blind",
    }
}

/// Returns the word of a branch of the decision tree.
#[must_use]
pub const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::NotApplied => "not applied",
        Mode::Isolated => "isolated",
        Mode::Ordered => "ordered",
        Mode::InTransaction => "in transaction",
        Mode::Stop => "stop",
    }
}

/// Returns the word of a review note.
#[must_use]
pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Hazard => "hazard",
        Severity::Block => "block",
    }
}

/// Draws a mark in a square.
pub fn paint(painter: &Painter, rect: Rect, mark: Mark, color: Color32) {
    let center = rect.center();
    let r = rect.width() * 0.34;
    let stroke = Stroke::new(1.6, color);
    let line = |from: Vec2, to: Vec2| {
        painter.line_segment([center + from, center + to], stroke);
    };
    match mark {
        Mark::Same | Mark::Drifted => {
            let gap = r * 0.5;
            line(vec2(-r, -gap), vec2(r, -gap));
            line(vec2(-r, gap), vec2(r, gap));
            if mark == Mark::Drifted {
                line(vec2(-r * 0.7, r * 1.15), vec2(r * 0.7, -r * 1.15));
            }
        }
        Mark::Grown => {
            line(vec2(-r, 0.0), vec2(r, 0.0));
            line(vec2(0.0, -r), vec2(0.0, r));
        }
        Mark::Missing => {
            painter.circle_stroke(center, r, stroke);
            line(vec2(-r * 1.15, r * 1.15), vec2(r * 1.15, -r * 1.15));
        }
        Mark::Blind => {
            let points: Vec<Pos2> =
                [(-0.8, -0.6), (-0.4, -1.1), (0.3, -1.1), (0.75, -0.6), (0.5, -0.1), (0.0, 0.2), (0.0, 0.55)]
                    .iter()
                    .map(|(x, y)| center + vec2(x * r, y * r))
                    .collect();
            painter.add(Shape::line(points, stroke));
            painter.circle_filled(center + vec2(0.0, r * 1.2), 1.1, color);
        }
        Mark::Tick => {
            let points =
                vec![center + vec2(-r, 0.1 * r), center + vec2(-0.25 * r, 0.85 * r), center + vec2(r, -0.8 * r)];
            painter.add(Shape::line(points, stroke));
        }
        Mark::Cross => {
            line(vec2(-r * 0.85, -r * 0.85), vec2(r * 0.85, r * 0.85));
            line(vec2(-r * 0.85, r * 0.85), vec2(r * 0.85, -r * 0.85));
        }
        Mark::Dot => {
            painter.circle_filled(center, r, color);
        }
        Mark::Ring => {
            painter.circle_stroke(center, r, stroke);
        }
        Mark::Block => {
            painter.rect_filled(Rect::from_center_size(center, Vec2::splat(r * 2.0)), 1.0, color);
        }
        Mark::Care => {
            let points =
                vec![center + vec2(0.0, -r * 1.1), center + vec2(r * 1.1, r * 0.9), center + vec2(-r * 1.1, r * 0.9)];
            painter.add(Shape::closed_line(points, stroke));
        }
        Mark::Note => {
            painter.circle_filled(center + vec2(0.0, -r), 1.1, color);
            line(vec2(0.0, -r * 0.3), vec2(0.0, r * 1.1));
        }
        Mark::Arrow => {
            line(vec2(-r, 0.0), vec2(r, 0.0));
            line(vec2(r * 0.3, -r * 0.7), vec2(r, 0.0));
            line(vec2(r * 0.3, r * 0.7), vec2(r, 0.0));
        }
        Mark::Ordered => {
            for y in [-r * 0.9, 0.0, r * 0.9] {
                line(vec2(-r, y), vec2(r - (y + r) * 0.4, y));
            }
        }
        Mark::Going => {
            for x in [-r, 0.0, r] {
                painter.circle_filled(center + vec2(x, 0.0), 1.3, color);
            }
        }
    }
}

/// Draws a mark and its words; they have the words as accessible name. Long words wrap beside the mark.
pub fn word(ui: &mut Ui, mark: Mark, color: Color32, text: &str) -> Response {
    marked(ui, mark, color, RichText::new(visible(text)).color(color))
}

/// As [`word`], with the words in the colour of plain text.
pub fn plain(ui: &mut Ui, mark: Mark, color: Color32, text: &str) -> Response {
    let words = Tokens::of(ui).text;
    marked(ui, mark, color, RichText::new(visible(text)).color(words))
}

/// As [`word`], in the small size.
pub fn small(ui: &mut Ui, mark: Mark, color: Color32, text: &str) -> Response {
    marked(ui, mark, color, RichText::new(visible(text)).small().color(color))
}

/// As [`small`], for a line that is filled from its right edge.
pub fn small_from_right(ui: &mut Ui, mark: Mark, color: Color32, text: &str) -> Response {
    let response = ui.label(RichText::new(visible(text)).small().color(color));
    bare(ui, mark, color);
    response
}

fn marked(ui: &mut Ui, mark: Mark, color: Color32, words: RichText) -> Response {
    if ui.layout().is_horizontal() {
        // Beside other things the row's own height counts.
        let shown = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = HALF + 2.0;
            bare(ui, mark, color);
            ui.label(words)
        });
        return shown.inner;
    }
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = LINE;
        ui.spacing_mut().item_spacing.x = HALF + 2.0;
        let line = ui.horizontal_top(|ui| {
            bare(ui, mark, color);
            ui.vertical(|ui| ui.add(Label::new(words).wrap())).inner
        });
        line.inner
    })
    .inner
}

/// Draws a mark alone; a word must stand next to it.
pub fn bare(ui: &mut Ui, mark: Mark, color: Color32) {
    let (rect, _) =
        ui.allocate_exact_size(Vec2::new(SIZE, ui.text_style_height(&eframe::egui::TextStyle::Body)), Sense::hover());
    let square = Rect::from_center_size(rect.center(), Vec2::splat(SIZE));
    paint(ui.painter(), square, mark, color);
}

/// Gives something drawn by hand a name that screen readers and tests find.
pub fn name(response: &Response, role: Role, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(role, true, text));
}

/// Returns the square of a mark at the left edge of a rectangle.
#[must_use]
pub fn square_at(left: f32, middle: f32) -> Rect {
    Rect::from_center_size(pos2(left + SIZE / 2.0, middle), Vec2::splat(SIZE))
}
