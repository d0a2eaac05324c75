//! Two texts side by side or unified: words marked in visible rows only, next and previous change, white space.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{
    Color32, FontId, Galley, Key, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
    text::LayoutJob, vec2,
};

use super::{Scene, code};
use crate::ui::action::UiAction;
use crate::ui::tokens::{self, LINE, Tokens, UNIT};
use crate::ui::widget::diff::{Diff, DiffJob, DiffKey, Row, RowKind, word_marks};
use crate::ui::widget::escape::visible;
use crate::ui::widget::{form, sql, text};

/// The width of the line numbers of one side.
const NUMBERS: f32 = 40.0;

/// How the two texts are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    SideBySide,
    Unified,
}

type Marks = (Vec<Range<usize>>, Vec<Range<usize>>);

/// The pane's own state.
#[derive(Default)]
pub struct DiffPane {
    chosen: Option<Layout>,
    blind_to_space: bool,
    change: usize,
    go_to: Option<usize>,
    key: Option<(DiffKey, usize, usize, bool)>,
    marks: HashMap<usize, Marks>,
}

impl DiffPane {
    /// Draws two texts; the caller keeps the same `Arc`s while the texts stay the same.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &mut Scene<'_>,
        id: &str,
        old: &Arc<str>,
        new: &Arc<str>,
        sides: (&str, &str),
    ) {
        let job = DiffJob { old: old.clone(), new: new.clone(), blind_to_space: self.blind_to_space };
        let at = (old.as_ptr().addr(), new.as_ptr().addr(), self.blind_to_space);
        let key = match self.key {
            Some((key, old_at, new_at, blind)) if (old_at, new_at, blind) == at => key,
            Some(_) | None => {
                let key = job.key();
                self.key = Some((key, at.0, at.1, at.2));
                self.marks.clear();
                self.change = 0;
                key
            }
        };
        let Some(diff) = scene.diffs.get(&key).cloned() else {
            text::muted(ui, "Comparing the two texts…");
            scene.actions.push(UiAction::Diff(job));
            return;
        };
        let text_width = text_width(ui, &diff);
        // Side by side only where nothing is cut off; a person's choice stands above that.
        let fits = text_width + NUMBERS <= ui.available_width() / 2.0 - UNIT;
        let mut layout = self.chosen.unwrap_or(if fits { Layout::SideBySide } else { Layout::Unified });
        self.bar(ui, &diff, sides, &mut layout);
        self.rows(ui, id, &diff, layout, text_width);
    }

    fn bar(&mut self, ui: &mut Ui, diff: &Diff, (left, right): (&str, &str), layout: &mut Layout) {
        ui.horizontal_wrapped(|ui| {
            if form::choice(ui, layout, &[(Layout::SideBySide, "Side by side"), (Layout::Unified, "Unified")]) {
                self.chosen = Some(*layout);
            }
            ui.checkbox(&mut self.blind_to_space, "Ignore white space");
            if diff.changes.is_empty() {
                text::muted(ui, "No difference");
                return;
            }
            let forward =
                ui.button("Next change").on_hover_text("F8").clicked() || ui.input(|input| input.key_pressed(Key::F8));
            let back = ui.button("Previous change").on_hover_text("F7").clicked()
                || ui.input(|input| input.key_pressed(Key::F7));
            let count = diff.changes.len();
            if forward || back {
                self.change = if forward { (self.change + 1) % count } else { (self.change + count - 1) % count };
                self.go_to = diff.changes.get(self.change).copied();
            }
            text::muted(ui, &format!("change {} of {count}", self.change.min(count - 1) + 1));
        });
        if *layout == Layout::Unified {
            text::label(ui, &format!("- {left}    + {right}"));
            return;
        }
        ui.horizontal(|ui| {
            let half = ui.available_width() / 2.0 - UNIT;
            ui.allocate_ui(vec2(half, LINE), |ui| {
                ui.set_min_width(half);
                text::label(ui, left);
            });
            text::label(ui, right);
        });
    }

    fn rows(&mut self, ui: &mut Ui, id: &str, diff: &Diff, layout: Layout, text_width: f32) {
        let unified = if layout == Layout::Unified { unified(diff) } else { Vec::new() };
        let count = if layout == Layout::Unified { unified.len() } else { diff.rows.len() };
        let room = ui.available_width() - UNIT * 2.0;
        let side_width = if layout == Layout::Unified { room - 14.0 } else { room / 2.0 - 2.0 };
        let beyond = (text_width + NUMBERS + UNIT - side_width).max(0.0);
        let mut area = ScrollArea::both().id_salt(id).auto_shrink(false);
        if let Some(row) = self.go_to.take() {
            let row = if layout == Layout::Unified {
                unified.iter().position(|drawn| drawn.row == row).unwrap_or(0)
            } else {
                row
            };
            area = area.vertical_scroll_offset((code::line_top(row) - LINE * 3.0).max(0.0));
        }
        area.show_viewport(ui, |ui, viewport| {
            ui.set_min_size(vec2(room + beyond, code::line_top(count)));
            let top = ui.max_rect().top();
            let clip = ui.clip_rect();
            let visible = code::row_at(viewport.top())..(code::row_at(viewport.bottom()) + 1).min(count);
            for index in visible {
                let left_top = pos2(clip.left(), top + code::line_top(index));
                let rect = Rect::from_min_size(left_top, Vec2::new(clip.width().min(room), LINE));
                let response = ui.interact(rect, ui.scope_id().with((id, index)), Sense::hover());
                let shift = viewport.left();
                let spoken = match layout {
                    Layout::SideBySide => self.side_by_side(ui, diff, index, rect, shift),
                    Layout::Unified => {
                        let Some(drawn) = unified.get(index) else { continue };
                        self.one_of_unified(ui, diff, *drawn, rect, shift)
                    }
                };
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
            }
        });
    }

    fn marks(&mut self, diff: &Diff, index: usize) -> Marks {
        let row = diff.rows[index];
        let (Some(left), Some(right), RowKind::Changed) = (row.left, row.right, row.kind) else {
            return Marks::default();
        };
        let old = &diff.old[diff.old_lines[left].bytes.clone()];
        let new = &diff.new[diff.new_lines[right].bytes.clone()];
        self.marks.entry(index).or_insert_with(|| word_marks(old, new)).clone()
    }

    fn side_by_side(&mut self, ui: &Ui, diff: &Diff, index: usize, rect: Rect, shift: f32) -> String {
        let tokens = Tokens::of(ui);
        let row = diff.rows[index];
        let marks = self.marks(diff, index);
        let middle = rect.center().x;
        let left = Rect::from_min_max(rect.min, pos2(middle - 2.0, rect.bottom()));
        let right = Rect::from_min_max(pos2(middle + 2.0, rect.top()), rect.max);
        let (removed, added) =
            (row.left.is_some() && row.kind != RowKind::Same, row.right.is_some() && row.kind != RowKind::Same);
        let removed = removed.then_some((tokens.removed, tokens.removed_word));
        let added = added.then_some((tokens.added, tokens.added_word));
        side(
            ui,
            &Side {
                whole: &diff.old,
                lines: &diff.old_lines,
                at: row.left,
                marks: &marks.0,
                rect: left,
                grounds: removed,
                shift,
            },
        );
        side(
            ui,
            &Side {
                whole: &diff.new,
                lines: &diff.new_lines,
                at: row.right,
                marks: &marks.1,
                rect: right,
                grounds: added,
                shift,
            },
        );
        spoken(diff, row)
    }

    fn one_of_unified(&mut self, ui: &Ui, diff: &Diff, drawn: Drawn, rect: Rect, shift: f32) -> String {
        let tokens = Tokens::of(ui);
        let row = diff.rows[drawn.row];
        let marks = self.marks(diff, drawn.row);
        let sign = ui.painter().layout_no_wrap(drawn.sign().to_owned(), FontId::monospace(tokens::SMALL), tokens.muted);
        let at = pos2(rect.left() + 2.0, rect.center().y - sign.size().y / 2.0);
        let body = Rect::from_min_max(pos2(rect.left() + 14.0, rect.top()), rect.max);
        let old = Side {
            whole: &diff.old,
            lines: &diff.old_lines,
            at: row.left,
            marks: &marks.0,
            rect: body,
            grounds: None,
            shift,
        };
        let new = Side {
            whole: &diff.new,
            lines: &diff.new_lines,
            at: row.right,
            marks: &marks.1,
            rect: body,
            grounds: None,
            shift,
        };
        match drawn.part {
            Part::Same => side(ui, &new),
            Part::Old => side(ui, &Side { grounds: Some((tokens.removed, tokens.removed_word)), ..old }),
            Part::New => side(ui, &Side { grounds: Some((tokens.added, tokens.added_word)), ..new }),
        }
        ui.painter().galley(at, sign, tokens.muted);
        format!("{} {}", drawn.sign(), spoken(diff, row))
    }
}

#[derive(Clone, Copy)]
enum Part {
    Same,
    Old,
    New,
}

#[derive(Clone, Copy)]
struct Drawn {
    row: usize,
    part: Part,
}

impl Drawn {
    const fn sign(self) -> &'static str {
        match self.part {
            Part::Same => " ",
            Part::Old => "-",
            Part::New => "+",
        }
    }
}

/// Lists the rows of the unified form: within a change, everything old stands before everything new.
fn unified(diff: &Diff) -> Vec<Drawn> {
    let mut drawn = Vec::with_capacity(diff.rows.len());
    let mut news: Vec<Drawn> = Vec::new();
    for (row, content) in diff.rows.iter().enumerate() {
        if content.kind == RowKind::Same {
            drawn.append(&mut news);
            drawn.push(Drawn { row, part: Part::Same });
            continue;
        }
        if content.left.is_some() {
            drawn.push(Drawn { row, part: Part::Old });
        }
        if content.right.is_some() {
            news.push(Drawn { row, part: Part::New });
        }
    }
    drawn.append(&mut news);
    drawn
}

fn spoken(diff: &Diff, row: Row) -> String {
    let line = |text: &str, lines: &[sql::Line], at: Option<usize>| {
        at.map(|at| visible(&text[lines[at].bytes.clone()]).into_owned()).unwrap_or_default()
    };
    let (old, new) = (line(&diff.old, &diff.old_lines, row.left), line(&diff.new, &diff.new_lines, row.right));
    match row.kind {
        RowKind::Same => new,
        RowKind::Removed => format!("removed: {old}"),
        RowKind::Added => format!("added: {new}"),
        RowKind::Changed => format!("changed: {old} → {new}"),
    }
}

/// One side of a row.
struct Side<'a> {
    whole: &'a str,
    lines: &'a [sql::Line],
    at: Option<usize>,
    marks: &'a [Range<usize>],
    rect: Rect,
    /// Behind the line, and behind its marked words.
    grounds: Option<(Color32, Color32)>,
    /// How far the text is scrolled to the right.
    shift: f32,
}

fn side(ui: &Ui, side: &Side<'_>) {
    let tokens = Tokens::of(ui);
    let rect = side.rect;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let Some(at) = side.at else {
        painter.rect_filled(rect, 0.0, tokens.raised);
        return;
    };
    if let Some((ground, _)) = side.grounds {
        painter.rect_filled(rect, 0.0, ground);
    }
    let galley = galley(ui, &tokens, side.whole, &side.lines[at], side.marks, side.grounds.map(|(_, word)| word));
    let middle = |height: f32| rect.center().y - height / 2.0;
    let digits = painter.layout_no_wrap((at + 1).to_string(), FontId::monospace(tokens::SMALL), tokens.muted);
    painter.galley(pos2(rect.left() + NUMBERS - UNIT - digits.size().x, middle(digits.size().y)), digits, tokens.muted);
    let text = Rect::from_min_max(pos2(rect.left() + NUMBERS, rect.top()), rect.max);
    let text_painter = painter.with_clip_rect(text.intersect(painter.clip_rect()));
    text_painter.galley(pos2(text.left() - side.shift, middle(galley.size().y)), galley, tokens.text);
}

/// Returns the width of the longest line; a letter of the monospaced face stands for all of them.
fn text_width(ui: &Ui, diff: &Diff) -> f32 {
    let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&FontId::monospace(tokens::SMALL), '0'));
    f32::from(u16::try_from(diff.longest).unwrap_or(u16::MAX)) * letter
}

fn galley(
    ui: &Ui,
    tokens: &Tokens,
    whole: &str,
    line: &sql::Line,
    marks: &[Range<usize>],
    ground: Option<Color32>,
) -> Arc<Galley> {
    let mut job = LayoutJob::default();
    for (piece, kind) in &line.pieces {
        let color = sql::color(tokens, *kind);
        let mut at = piece.start;
        for mark in marks {
            let marked = (line.bytes.start + mark.start).max(at)..(line.bytes.start + mark.end).min(piece.end);
            if marked.start < marked.end {
                sql::append(&mut job, tokens, &whole[at..marked.start], color, None, false);
                sql::append(&mut job, tokens, &whole[marked.clone()], color, ground, false);
                at = marked.end;
            }
        }
        sql::append(&mut job, tokens, &whole[at..piece.end], color, None, false);
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}
