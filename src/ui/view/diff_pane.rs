//! Two texts side by side or unified: words marked in visible rows only, next and previous change, folds, search on both sides, and
//! a map of change beside them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{
    Color32, FontId, Galley, Key, Rect, ScrollArea, Sense, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
    text::LayoutJob, vec2,
};

use super::minimap::{self, Minimap};
use super::{Scene, code};
use crate::ui::action::UiAction;
use crate::ui::tokens::{self, LINE, Tokens, UNIT};
use crate::ui::widget::diff::{Diff, DiffJob, DiffKey, Ignoring, Row, RowKind, word_marks};
use crate::ui::widget::diff_export;
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

/// Lines that are the same and stand so near to a change that they are not folded.
const AROUND: usize = 3;
/// Fewer lines than this are not worth a fold.
const LEAST_FOLDED: usize = 4;

/// The pane's own state.
#[derive(Default)]
pub struct DiffPane {
    chosen: Option<Layout>,
    ignoring: Ignoring,
    finds_moved: bool,
    folds: bool,
    /// Whether the rarer controls are shown.
    more: bool,
    change: usize,
    /// Texts whose first change was not shown yet.
    unseen: Option<DiffKey>,
    go_to: Option<usize>,
    key: Option<(DiffKey, usize, usize, Ignoring, bool)>,
    marks: HashMap<usize, Marks>,
    search: String,
    found: Vec<usize>,
    at_found: usize,
    searched: Option<(DiffKey, String)>,
    /// Folds that a person opened, by their first row.
    opened: BTreeSet<usize>,
    /// What is drawn, made when something of it changes and not again.
    drawn: Option<(Drawing, Vec<Drawn>, Minimap)>,
    view: Range<usize>,
}

/// What the drawn rows follow from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Drawing {
    key: DiffKey,
    layout: Layout,
    folds: bool,
    opened: BTreeSet<usize>,
    found: usize,
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
        let (ignoring, finds_moved) = (self.ignoring, self.finds_moved);
        let job = DiffJob { old: old.clone(), new: new.clone(), ignoring, finds_moved };
        let at = (old.as_ptr().addr(), new.as_ptr().addr(), ignoring, finds_moved);
        let key = match self.key {
            Some((key, old_at, new_at, was, moved)) if (old_at, new_at, was, moved) == at => key,
            Some(_) | None => {
                let key = job.key();
                self.key = Some((key, at.0, at.1, at.2, at.3));
                self.marks.clear();
                self.opened.clear();
                self.change = 0;
                self.unseen = Some(key);
                key
            }
        };
        let Some(diff) = scene.diffs.get(&key).cloned() else {
            text::muted(ui, "Comparing the two texts…");
            scene.actions.push(UiAction::Diff(job));
            return;
        };
        // It opens where the texts begin to differ.
        if self.unseen.take().is_some() {
            self.go_to = diff.changes.first().copied();
        }
        let text_width = text_width(ui, &diff);
        // Side by side only where nothing is cut off; a person's choice stands above that.
        let fits = text_width + NUMBERS <= (ui.available_width() - minimap::WIDTH) / 2.0 - UNIT;
        let mut layout = self.chosen.unwrap_or(if fits { Layout::SideBySide } else { Layout::Unified });
        self.bar(ui, scene, id, &diff, sides, &mut layout);
        self.look_for(key, &diff);
        let drawing = Drawing { key, layout, folds: self.folds, opened: self.opened.clone(), found: self.found.len() };
        if self.drawn.as_ref().is_none_or(|(known, _, _)| *known != drawing) {
            let rows = match layout {
                Layout::SideBySide => side_by_side(&diff),
                Layout::Unified => unified(&diff),
            };
            let rows = if self.folds { folded(&diff, rows, &self.opened) } else { rows };
            self.drawn = Some((drawing, rows, Minimap::of(&diff, &self.found)));
        }
        self.rows(ui, id, &diff, layout, text_width);
    }

    fn bar(
        &mut self,
        ui: &mut Ui,
        scene: &mut Scene<'_>,
        id: &str,
        diff: &Diff,
        (left, right): (&str, &str),
        layout: &mut Layout,
    ) {
        ui.horizontal_wrapped(|ui| {
            if form::choice(ui, layout, &[(Layout::SideBySide, "Side by side"), (Layout::Unified, "Unified")]) {
                self.chosen = Some(*layout);
            }
            self.changes(ui, diff);
            self.searching(ui, id, diff);
            if ui.button(if self.more { "Less" } else { "More" }).clicked() {
                self.more = !self.more;
            }
        });
        if self.more {
            ui.horizontal_wrapped(|ui| {
                form::choice(ui, &mut self.ignoring, &Ignoring::ALL);
                ui.checkbox(&mut self.folds, "Fold what is the same");
                ui.checkbox(&mut self.finds_moved, "Find moved blocks");
                ui.menu_button("Take away", |ui| Self::take_away(ui, scene, diff, (left, right)));
            });
        }
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

    /// Next and previous change.
    fn changes(&mut self, ui: &mut Ui, diff: &Diff) {
        if diff.changes.is_empty() {
            text::muted(ui, "No difference");
            return;
        }
        let pressed = |key| ui.input(|input| input.key_pressed(key));
        let (f8, f7) = (pressed(Key::F8), pressed(Key::F7));
        let forward = ui.button("Next change").on_hover_text("F8").clicked() || f8;
        let back = ui.button("Previous change").on_hover_text("F7").clicked() || f7;
        let count = diff.changes.len();
        if forward || back {
            self.change = if forward { (self.change + 1) % count } else { (self.change + count - 1) % count };
            self.go_to = diff.changes.get(self.change).copied();
        }
        text::muted(ui, &format!("change {} of {count}", self.change.min(count - 1) + 1));
    }

    /// Search on both sides.
    fn searching(&mut self, ui: &mut Ui, id: &str, diff: &Diff) {
        let response = form::search(ui, ("diff", id), &mut self.search);
        if self.search.is_empty() {
            return;
        }
        let count = self.found.len();
        if count == 0 {
            text::muted(ui, "not found");
            return;
        }
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if ui.button("Next match").clicked() || entered {
            self.at_found = (self.at_found + 1) % count;
            self.bring(diff, self.found[self.at_found]);
        }
        text::muted(ui, &format!("match {} of {count}", self.at_found.min(count - 1) + 1));
    }

    /// What can be taken elsewhere: one side, a patch, a page.
    fn take_away(ui: &mut Ui, scene: &mut Scene<'_>, diff: &Diff, sides: (&str, &str)) {
        let copy = |text: &str, what: &str| UiAction::Copy { text: text.to_owned(), what: what.to_owned() };
        if ui.button(format!("Copy {}", sides.0)).clicked() {
            scene.actions.push(copy(&diff.old, sides.0));
        }
        if ui.button(format!("Copy {}", sides.1)).clicked() {
            scene.actions.push(copy(&diff.new, sides.1));
        }
        if ui.button("Copy as a patch").clicked() {
            scene.actions.push(copy(&diff_export::patch(diff, sides), "the patch"));
        }
        if ui.button("Save as a patch…").clicked() {
            let text = diff_export::patch(diff, sides);
            scene.actions.push(UiAction::Save { name: "difference.patch".to_owned(), text });
        }
        if ui.button("Save as a page…").clicked() {
            let text = diff_export::page(diff, sides);
            scene.actions.push(UiAction::Save { name: "difference.html".to_owned(), text });
        }
    }

    /// Finds the rows that hold the text, on either side; upper and lower case are the same.
    fn look_for(&mut self, key: DiffKey, diff: &Diff) {
        let wanted = (key, self.search.clone());
        if self.searched.as_ref() == Some(&wanted) {
            return;
        }
        let needle = self.search.to_lowercase();
        let holds = |whole: &str, lines: &[sql::Line], at: Option<usize>| {
            at.is_some_and(|at| whole[lines[at].bytes.clone()].to_lowercase().contains(&needle))
        };
        self.found = if needle.is_empty() {
            Vec::new()
        } else {
            let rows = diff.rows.iter().enumerate();
            rows.filter(|(_, row)| {
                holds(&diff.old, &diff.old_lines, row.left) || holds(&diff.new, &diff.new_lines, row.right)
            })
            .map(|(at, _)| at)
            .collect()
        };
        self.at_found = 0;
        if let Some(first) = self.found.first().copied() {
            self.bring(diff, first);
        }
        self.drawn = None;
        self.searched = Some(wanted);
    }

    /// Brings a row into view, out of its fold if it is in one.
    fn bring(&mut self, diff: &Diff, row: usize) {
        if self.folds
            && let Some(fold) = folds(diff).into_iter().find(|fold| fold.contains(&row))
        {
            self.opened.insert(fold.start);
        }
        self.go_to = Some(row);
    }

    fn rows(&mut self, ui: &mut Ui, id: &str, diff: &Diff, layout: Layout, text_width: f32) {
        let Some((drawing, drawn, map)) = self.drawn.take() else { return };
        let count = drawn.len();
        let whole = ui.available_rect_before_wrap();
        let strip = Rect::from_min_max(pos2(whole.right() - minimap::WIDTH, whole.top()), whole.max);
        let room = ui.available_width() - UNIT * 2.0 - minimap::WIDTH;
        let side_width = if layout == Layout::Unified { room - 14.0 } else { room / 2.0 - 2.0 };
        let beyond = (text_width + NUMBERS + UNIT - side_width).max(0.0);
        let mut area =
            ScrollArea::both().id_salt(id).auto_shrink(false).max_width(whole.width() - minimap::WIDTH - 2.0);
        if let Some(row) = self.go_to.take() {
            let at = drawn.partition_point(|drawn| drawn.row < row);
            area = area.vertical_scroll_offset((code::line_top(at) - LINE * 3.0).max(0.0));
        }
        let mut unfolded = None;
        let mut view = self.view.clone();
        area.show_viewport(ui, |ui, viewport| {
            ui.set_min_size(vec2(room + beyond, code::line_top(count)));
            let top = ui.max_rect().top();
            let clip = ui.clip_rect();
            let visible = code::row_at(viewport.top())..(code::row_at(viewport.bottom()) + 1).min(count);
            let row_of = |at: usize| drawn.get(at).map_or(diff.rows.len(), |drawn| drawn.row);
            view = row_of(visible.start)..row_of(visible.end);
            for index in visible {
                let Some(one) = drawn.get(index).copied() else { continue };
                let left_top = pos2(clip.left(), top + code::line_top(index));
                let rect = Rect::from_min_size(left_top, Vec2::new(clip.width().min(room), LINE));
                let sense = if matches!(one.part, Part::Fold(_)) { Sense::click() } else { Sense::hover() };
                let response = ui.interact(rect, ui.scope_id().with((id, index)), sense);
                let shift = viewport.left();
                let spoken = match one.part {
                    Part::Fold(lines) => {
                        if response.clicked() {
                            unfolded = Some(one.row);
                        }
                        fold(ui, rect, lines)
                    }
                    Part::Both => self.side_by_side(ui, diff, one.row, rect, shift),
                    Part::Same | Part::Old | Part::New => self.one_of_unified(ui, diff, one, rect, shift),
                };
                if self.found.binary_search(&one.row).is_ok() && !matches!(one.part, Part::Fold(_)) {
                    let bar = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
                    ui.painter().rect_filled(bar, 0.0, Tokens::of(ui).accent);
                }
                let role = if matches!(one.part, Part::Fold(_)) { Role::Button } else { Role::Label };
                response.widget_info(|| WidgetInfo::labeled(role, true, &spoken));
            }
        });
        self.view = view;
        if let Some(row) = map.ui(ui, strip, self.view.clone()) {
            self.go_to = Some(row);
            ui.ctx().request_repaint();
        }
        if let Some(row) = unfolded {
            self.opened.insert(row);
        }
        self.drawn = Some((drawing, drawn, map));
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
        let moved = (tokens.moved, tokens.moved);
        let removed = removed.then_some(if row.moved { moved } else { (tokens.removed, tokens.removed_word) });
        let added = added.then_some(if row.moved { moved } else { (tokens.added, tokens.added_word) });
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
            Part::Same | Part::Both | Part::Fold(_) => side(ui, &new),
            Part::Old | Part::New if row.moved => {
                let of = if drawn.part == Part::Old { old } else { new };
                side(ui, &Side { grounds: Some((tokens.moved, tokens.moved)), ..of });
            }
            Part::Old => side(ui, &Side { grounds: Some((tokens.removed, tokens.removed_word)), ..old }),
            Part::New => side(ui, &Side { grounds: Some((tokens.added, tokens.added_word)), ..new }),
        }
        ui.painter().galley(at, sign, tokens.muted);
        format!("{} {}", drawn.sign(), spoken(diff, row))
    }
}

/// What is drawn of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Both sides.
    Both,
    /// The line that is the same.
    Same,
    /// The line on the left.
    Old,
    /// The line on the right.
    New,
    /// So many lines that are the same, folded.
    Fold(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Drawn {
    row: usize,
    part: Part,
}

impl Drawn {
    const fn sign(self) -> &'static str {
        match self.part {
            Part::Same | Part::Both | Part::Fold(_) => " ",
            Part::Old => "-",
            Part::New => "+",
        }
    }
}

fn side_by_side(diff: &Diff) -> Vec<Drawn> {
    (0..diff.rows.len()).map(|row| Drawn { row, part: Part::Both }).collect()
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

/// Finds the runs of rows that are the same and far from any change.
fn folds(diff: &Diff) -> Vec<Range<usize>> {
    let mut folds = Vec::new();
    let mut from = 0;
    let rows = diff.rows.len();
    let ends = (0..rows).filter(|row| diff.rows[*row].kind != RowKind::Same).chain([rows]);
    for change in ends {
        let start = if from == 0 { 0 } else { from + AROUND };
        let end = if change == rows { rows } else { change.saturating_sub(AROUND) };
        if end >= start + LEAST_FOLDED && !diff.changes.is_empty() {
            folds.push(start..end);
        }
        from = change + 1;
    }
    folds
}

/// Leaves out the rows of folds that nobody opened.
fn folded(diff: &Diff, drawn: Vec<Drawn>, opened: &BTreeSet<usize>) -> Vec<Drawn> {
    let closed: Vec<Range<usize>> = folds(diff).into_iter().filter(|fold| !opened.contains(&fold.start)).collect();
    let fold_of = |row: usize| {
        let at = closed.partition_point(|fold| fold.end <= row);
        closed.get(at).filter(|fold| fold.contains(&row))
    };
    let kept = |one: Drawn| match fold_of(one.row) {
        None => Some(one),
        Some(fold) if fold.start == one.row => Some(Drawn { row: one.row, part: Part::Fold(fold.len()) }),
        Some(_) => None,
    };
    drawn.into_iter().filter_map(kept).collect()
}

/// Draws a fold; returns what it says.
fn fold(ui: &Ui, rect: Rect, lines: usize) -> String {
    let tokens = Tokens::of(ui);
    let words = format!("{} the same", text::count(lines, "line"));
    ui.painter().rect_filled(rect, 0.0, tokens.raised);
    let font = FontId::proportional(tokens::SMALL);
    let galley = ui.painter().layout_no_wrap(format!("…  {words}"), font, tokens.muted);
    ui.painter().galley(pos2(rect.left() + NUMBERS, rect.center().y - galley.size().y / 2.0), galley, tokens.muted);
    format!("Unfold {words}")
}

fn spoken(diff: &Diff, row: Row) -> String {
    let line = |text: &str, lines: &[sql::Line], at: Option<usize>| {
        at.map(|at| visible(&text[lines[at].bytes.clone()]).into_owned()).unwrap_or_default()
    };
    let (old, new) = (line(&diff.old, &diff.old_lines, row.left), line(&diff.new, &diff.new_lines, row.right));
    match row.kind {
        RowKind::Same => new,
        RowKind::Removed if row.moved => format!("moved away: {old}"),
        RowKind::Added if row.moved => format!("moved here: {new}"),
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
