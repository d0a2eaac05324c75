//! The SQL pane: line numbers, colours, notes in the margin at their line. Only visible lines are laid out.

use std::collections::BTreeMap;

use eframe::egui::{
    Color32, FontId, Rect, ScrollArea, Sense, TextStyle, TextWrapMode, Ui, Vec2, WidgetInfo, WidgetText,
    accesskit::Role, pos2, vec2,
};

use crate::ui::tokens::{self, LINE, Tokens, UNIT};
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::sql::{self, Line};

/// The width of the line numbers.
pub const GUTTER: f32 = 48.0;

/// Something said in the margin of a line.
pub struct Aside {
    /// Its shape.
    pub mark: Mark,
    /// Its colour.
    pub color: Color32,
    /// Its words on one line.
    pub words: String,
    /// Everything about it, on hover.
    pub more: String,
}

/// What a pane shows.
pub struct Pane<'a> {
    /// Tells panes apart.
    pub id: &'a str,
    /// The text.
    pub sql: &'a str,
    /// Its lines.
    pub lines: &'a [Line],
    /// What is said in the margin, by line from 1.
    pub asides: &'a BTreeMap<u32, Vec<Aside>>,
    /// Lines that hold what is searched for, from 0, ascending.
    pub found: &'a [usize],
    /// A line to bring into view, from 0.
    pub go_to: Option<usize>,
    /// Whether white space is drawn.
    pub spaces: bool,
}

/// Draws the pane; returns how many lines were laid out.
pub fn ui(ui: &mut Ui, pane: &Pane<'_>) -> usize {
    let tokens = Tokens::of(ui);
    let available = ui.available_size();
    let margin = if pane.asides.is_empty() { 0.0 } else { (available.x * 0.4).clamp(140.0, 340.0) };
    let longest = pane.lines.iter().map(|line| line.bytes.len()).max().unwrap_or(0);
    let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&FontId::monospace(tokens::SMALL), '0'));
    let text_width = f32::from(u16::try_from(longest).unwrap_or(u16::MAX)) * letter + UNIT * 2.0;
    let width = (GUTTER + text_width + margin).max(available.x - UNIT * 2.0);
    let total = line_top(pane.lines.len());
    let mut area = ScrollArea::both().id_salt(pane.id).auto_shrink(false);
    if let Some(line) = pane.go_to {
        let top = line_top(line);
        area = area.vertical_scroll_offset((top - available.y / 3.0).max(0.0));
    }
    let mut laid_out = 0;
    area.show_viewport(ui, |ui, viewport| {
        ui.set_min_size(vec2(width, total));
        let origin = ui.max_rect().min;
        let first = row_at(viewport.top());
        let last = (row_at(viewport.bottom()) + 1).min(pane.lines.len());
        let clip = ui.clip_rect();
        for row in first..last {
            laid_out += 1;
            let top = origin.y + line_top(row);
            let rect = Rect::from_min_size(pos2(clip.left(), top), Vec2::new(clip.width(), LINE));
            line_ui(ui, pane, &tokens, row, rect, origin.x, margin);
        }
    });
    laid_out
}

/// Returns which line, from 0, stands at a height.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a height is never negative and is cut off"
)]
pub fn row_at(y: f32) -> usize {
    (y / LINE).max(0.0) as usize
}

/// Returns where a line, from 0, begins.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "exact up to 900,000 lines, and near enough beyond")]
pub fn line_top(row: usize) -> f32 {
    row as f32 * LINE
}

fn line_ui(ui: &mut Ui, pane: &Pane<'_>, tokens: &Tokens, row: usize, rect: Rect, left: f32, margin: f32) {
    let line = &pane.lines[row];
    let number = u32::try_from(row + 1).unwrap_or(u32::MAX);
    let asides = pane.asides.get(&number);
    let code = Rect::from_min_max(pos2(rect.left() + GUTTER, rect.top()), pos2(rect.right() - margin, rect.bottom()));
    let painter = ui.painter();
    if pane.found.binary_search(&row).is_ok() {
        painter.rect_filled(code, 0.0, tokens.care_faint);
    }
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(sql::layout(ui, pane.sql, line, pane.spaces)));
    let middle = |height: f32| rect.top() + (LINE - height) / 2.0;
    ui.painter().with_clip_rect(code.intersect(ui.clip_rect())).galley(
        pos2(left + GUTTER + UNIT, middle(galley.size().y)),
        galley,
        tokens.text,
    );
    let gutter = Rect::from_min_max(rect.min, pos2(code.left(), rect.bottom()));
    ui.painter().rect_filled(gutter, 0.0, tokens.raised);
    let digits = ui.painter().layout_no_wrap(number.to_string(), FontId::monospace(tokens::SMALL), tokens.muted);
    ui.painter().galley(pos2(gutter.right() - UNIT - digits.size().x, middle(digits.size().y)), digits, tokens.muted);
    let area = Rect::from_min_max(pos2(code.right(), rect.top()), rect.max);
    ui.painter().rect_filled(area, 0.0, tokens.raised);
    let mut x = area.left() + UNIT;
    for aside in asides.into_iter().flatten() {
        if x > area.right() - 40.0 {
            break;
        }
        mark::paint(ui.painter(), mark::square_at(x, area.center().y), aside.mark, aside.color);
        let text: WidgetText = eframe::egui::RichText::new(visible(&aside.words)).small().color(aside.color).into();
        let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), area.right() - x - 22.0, TextStyle::Small);
        let width = galley.size().x;
        ui.painter().galley(pos2(x + 16.0, middle(galley.size().y)), galley, aside.color);
        x += 16.0 + width + UNIT * 1.5;
    }
    let response = ui.interact(rect, ui.scope_id().with((pane.id, row)), Sense::hover());
    let text = visible(&pane.sql[line.bytes.clone()]).into_owned();
    let mut spoken = vec![format!("{number}: {text}")];
    spoken.extend(asides.into_iter().flatten().map(|aside| aside.words.clone()));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken.join(" · ")));
    if let Some(asides) = asides {
        response.on_hover_ui(|ui| {
            for aside in asides {
                mark::word(ui, aside.mark, aside.color, &aside.words);
                if !aside.more.is_empty() {
                    ui.label(visible(&aside.more).as_ref());
                }
            }
        });
    }
}
