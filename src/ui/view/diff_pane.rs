//! Two texts side by side or unified: words marked in visible rows only, next and previous change, white space.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{
    Color32, FontId, Galley, Key, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
    text::LayoutJob, vec2,
};

use super::Scene;
use crate::ui::action::UiAction;
use crate::ui::tokens::{self, LINE, Tokens, UNIT};
use crate::ui::widget::diff::{Diff, DiffJob, DiffKey, Row, RowKind, word_marks};
use crate::ui::widget::escape::visible;
use crate::ui::widget::{form, sql, text};

/// The width of the line numbers of one side.
const NUMBERS: f32 = 40.0;

/// How the two texts are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Layout {
    #[default]
    SideBySide,
    Unified,
}

type Marks = (Vec<Range<usize>>, Vec<Range<usize>>);

/// The pane's own state.
#[derive(Default)]
pub struct DiffPane {
    layout: Layout,
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
        self.bar(ui, &diff, sides);
        self.rows(ui, id, &diff);
    }

    fn bar(&mut self, ui: &mut Ui, diff: &Diff, (left, right): (&str, &str)) {
        ui.horizontal_wrapped(|ui| {
            form::choice(ui, &mut self.layout, &[(Layout::SideBySide, "Side by side"), (Layout::Unified, "Unified")]);
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
        ui.horizontal(|ui| {
            let half = ui.available_width() / 2.0 - UNIT;
            ui.allocate_ui(vec2(half, LINE), |ui| {
                ui.set_min_width(half);
                text::label(ui, left);
            });
            text::label(ui, right);
        });
    }

    fn rows(&mut self, ui: &mut Ui, id: &str, diff: &Diff) {
        let tokens = Tokens::of(ui);
        let rows: Vec<Drawn> = match self.layout {
            Layout::SideBySide => Vec::new(),
            Layout::Unified => unified(diff),
        };
        let count = if self.layout == Layout::Unified { rows.len() } else { diff.rows.len() };
        let mut area = ScrollArea::vertical().id_salt(id).auto_shrink(false);
        if let Some(row) = self.go_to.take() {
            let row = if self.layout == Layout::Unified {
                rows.iter().position(|drawn| drawn.row == row).unwrap_or(0)
            } else {
                row
            };
            area = area.vertical_scroll_offset(LINE * f32::from(u16::try_from(row).unwrap_or(u16::MAX)) - LINE * 3.0);
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(ui, LINE, count, |ui, range| {
            for index in range {
                let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), LINE), Sense::hover());
                let spoken = match self.layout {
                    Layout::SideBySide => self.side_by_side(ui, diff, index, rect, &tokens),
                    Layout::Unified => self.one_of_unified(ui, diff, rows[index], rect, &tokens),
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

    fn side_by_side(&mut self, ui: &Ui, diff: &Diff, index: usize, rect: Rect, tokens: &Tokens) -> String {
        let row = diff.rows[index];
        let marks = self.marks(diff, index);
        let middle = rect.center().x;
        let left = Rect::from_min_max(rect.min, pos2(middle - 2.0, rect.bottom()));
        let right = Rect::from_min_max(pos2(middle + 2.0, rect.top()), rect.max);
        let (removed, added) =
            (row.left.is_some() && row.kind != RowKind::Same, row.right.is_some() && row.kind != RowKind::Same);
        side(
            ui,
            &diff.old,
            &diff.old_lines,
            row.left,
            &marks.0,
            left,
            removed.then_some((tokens.removed, tokens.removed_word)),
        );
        side(
            ui,
            &diff.new,
            &diff.new_lines,
            row.right,
            &marks.1,
            right,
            added.then_some((tokens.added, tokens.added_word)),
        );
        spoken(diff, row)
    }

    fn one_of_unified(&mut self, ui: &Ui, diff: &Diff, drawn: Drawn, rect: Rect, tokens: &Tokens) -> String {
        let row = diff.rows[drawn.row];
        let marks = self.marks(diff, drawn.row);
        let sign = ui.painter().layout_no_wrap(drawn.sign().to_owned(), FontId::monospace(tokens::SMALL), tokens.muted);
        let at = pos2(rect.left() + 2.0, rect.center().y - sign.size().y / 2.0);
        let body = Rect::from_min_max(pos2(rect.left() + 14.0, rect.top()), rect.max);
        match drawn.part {
            Part::Same => side(ui, &diff.new, &diff.new_lines, row.right, &[], body, None),
            Part::Old => {
                let ground = Some((tokens.removed, tokens.removed_word));
                side(ui, &diff.old, &diff.old_lines, row.left, &marks.0, body, ground);
            }
            Part::New => {
                side(
                    ui,
                    &diff.new,
                    &diff.new_lines,
                    row.right,
                    &marks.1,
                    body,
                    Some((tokens.added, tokens.added_word)),
                );
            }
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

fn side(
    ui: &Ui,
    whole: &str,
    lines: &[sql::Line],
    at: Option<usize>,
    marks: &[Range<usize>],
    rect: Rect,
    grounds: Option<(Color32, Color32)>,
) {
    let tokens = Tokens::of(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let Some(at) = at else {
        painter.rect_filled(rect, 0.0, tokens.raised);
        return;
    };
    if let Some((ground, _)) = grounds {
        painter.rect_filled(rect, 0.0, ground);
    }
    let line = &lines[at];
    let galley = galley(ui, &tokens, whole, line, marks, grounds.map(|(_, word)| word));
    let middle = |height: f32| rect.center().y - height / 2.0;
    let digits = painter.layout_no_wrap((at + 1).to_string(), FontId::monospace(tokens::SMALL), tokens.muted);
    painter.galley(pos2(rect.left() + NUMBERS - UNIT - digits.size().x, middle(digits.size().y)), digits, tokens.muted);
    painter.galley(pos2(rect.left() + NUMBERS, middle(galley.size().y)), galley, tokens.text);
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
