//! Compare: what, baseline, expected, inside the rehearsal, now, verdict. Ten thousand rows stay fluid, because only
//! those on the screen are laid out.

use eframe::egui::{
    Align, Button, Frame, Key, Layout, Margin, Panel, RichText, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2,
};
use egui_extras::{Column, TableBuilder};

use super::Scene;
use super::compare_known::{Prepared, Tally};
use super::compare_rows::{Columns, Filter, Item, Made, Sort, cells, change, group, items, reading_words, spoken};
use super::compare_sides::SidesPart;
use super::detail::{Asked, Detail};
use super::restore::RestorePart;
use crate::census::{Comparison, Row, SideBySide, Verdict};
use crate::runbook::CheckId;
use crate::session::Command;
use crate::ui::UiOptions;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{self, ROW, Tokens};
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, text};

/// A page with less height than this has no room for its filters beside an opened row.
const CRAMPED: f32 = 340.0;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Live,
    Sides,
    Dump,
}

/// The compare page's drafts and the lines of its table.
#[derive(Default)]
pub struct ComparePage {
    mode: Mode,
    filter: Filter,
    sort: Sort,
    grouped: bool,
    search: String,
    items: Vec<Item>,
    made: Option<Made>,
    tally: Tally,
    prepared: Prepared,
    selected: Option<CheckId>,
    /// The row that has the keyboard.
    focused: Option<CheckId>,
    scroll: Option<usize>,
    laid_out: usize,
    detail: Detail,
    sides: SidesPart,
    /// A check that is to be left out of the sides from the next frame on.
    left_out: Option<CheckId>,
    /// A table against a dump.
    pub restore: RestorePart,
}

impl ComparePage {
    /// Makes the page; a dump that was named at the start is offered first.
    #[must_use]
    pub fn new(options: &UiOptions) -> Self {
        let mut page = Self::default();
        if let Some(dump) = &options.dump {
            page.restore.set_dump(dump);
        }
        page
    }

    /// Shows what is live now, with no row open.
    pub fn show_live(&mut self) {
        self.mode = Mode::Live;
        self.selected = None;
        self.made = None;
    }

    /// Opens a check.
    pub fn show(&mut self, check: CheckId) {
        self.mode = Mode::Live;
        self.filter = Filter::All;
        self.search.clear();
        self.selected = Some(check);
        self.made = None;
        self.scroll = Some(usize::MAX);
    }

    /// Returns how many rows the last frame laid out.
    #[must_use]
    pub const fn rows_laid_out(&self) -> usize {
        match self.mode {
            Mode::Live | Mode::Sides => self.laid_out,
            Mode::Dump => self.restore.rows_laid_out(),
        }
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        self.laid_out = 0;
        self.prepared.refresh(scene);
        self.modes(ui);
        if self.mode == Mode::Dump {
            self.restore.ui(ui, scene);
            return;
        }
        let shown = scene.shown;
        if self.mode == Mode::Sides {
            self.sides.ui(ui, scene);
            // Taken out while it is drawn, because drawing may change what is left out.
            let sides = std::mem::take(&mut self.sides);
            if let Some(comparison) = sides.comparison() {
                let seen =
                    Seen { comparison, inside: &|id| sides.between(id), columns: sides.columns(), sides: sides.seen() };
                self.compared(ui, scene, &seen);
            }
            self.sides = sides;
            if let Some(id) = self.left_out.take() {
                self.sides.leave_out(id);
                self.selected = None;
            }
            return;
        }
        let stale = !matches!(shown.survey, Known::Known(_));
        let Some(comparison) = shown.survey.value().map(|survey| &survey.comparison) else {
            nothing_yet(ui, scene);
            return;
        };
        if let (Mode::Live, Known::Unreadable { reason, .. }) = (self.mode, &shown.survey) {
            text::failure(ui, &reason.message, &format!("What follows is what was seen before. {}", reason.hint));
        } else if stale {
            text::muted(ui, "Looking again; what follows is what was seen before.");
        }
        if self.mode == Mode::Live && shown.baseline.value().is_none() {
            let tokens = Tokens::of(ui);
            mark::word(ui, Mark::Care, tokens.care, "No baseline is open: rows that must equal it cannot pass.");
        }
        let prepared = std::mem::take(&mut self.prepared);
        let seen = Seen { comparison, inside: &|id| prepared.inside(id), columns: Columns::Live, sides: None };
        self.compared(ui, scene, &seen);
        self.prepared = prepared;
    }

    /// Draws the rows of a comparison, with the filters above and the one that is open below.
    fn compared(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &Seen<'_>) {
        self.make(seen.comparison);
        // Where there is little room, what is open needs it more than the filters; they come back when it is closed.
        let is_cramped = ui.available_height() < CRAMPED && self.selected.is_some();
        if !is_cramped {
            self.bar(ui, scene, seen);
        }
        self.make(seen.comparison);
        // Where not even three rows fit above it, what is open stands alone.
        let stands_alone = self.selected.is_some() && ui.available_height() < 8.0 * ROW;
        self.detail_panel(ui, scene, seen);
        if !stands_alone {
            self.table(ui, seen);
        }
    }

    fn modes(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let choices = [
                (Mode::Live, "Baseline against now"),
                (Mode::Sides, "Side by side"),
                (Mode::Dump, "A table against a dump"),
            ];
            if form::choice(ui, &mut self.mode, &choices) {
                self.selected = None;
                self.made = None;
            }
        });
    }

    fn bar(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &Seen<'_>) {
        let Seen { comparison, columns, .. } = *seen;
        let tally = self.tally.clone();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            self.filter_button(ui, Filter::All, None, &format!("all {}", comparison.rows.len()));
            let differing = if columns == Columns::Live { "not as expected" } else { "not the same" };
            self.filter_button(ui, Filter::NotAsExpected, None, &format!("{differing} {}", tally.failures));
            for verdict in [Verdict::Same, Verdict::Grown, Verdict::Drifted, Verdict::Missing, Verdict::Blind] {
                let words = format!("{} {}", mark::verdict_word(verdict), tally.count(verdict));
                self.filter_button(ui, Filter::Only(verdict), Some(verdict), &words);
            }
        });
        ui.horizontal_wrapped(|ui| {
            form::search(ui, "compare-search", &mut self.search);
            let sorts = [(Sort::Runbook, "Runbook order"), (Sort::What, "By name"), (Sort::Gravest, "Gravest first")];
            form::choice(ui, &mut self.sort, &sorts);
            ui.checkbox(&mut self.grouped, "Group by object");
        });
        ui.horizontal(|ui| {
            text::muted(ui, "A row opens its query, the whole values and their difference.");
            ui.add_space(8.0);
            if quiet(ui, "Copy Markdown").clicked() {
                let text = self.copied(seen, true);
                scene.actions.push(UiAction::Copy { text, what: "the comparison as Markdown".to_owned() });
            }
            if quiet(ui, "Copy TSV").clicked() {
                let text = self.copied(seen, false);
                scene.actions.push(UiAction::Copy { text, what: "the comparison as TSV".to_owned() });
            }
        });
    }

    fn filter_button(&mut self, ui: &mut Ui, filter: Filter, verdict: Option<Verdict>, words: &str) {
        let tokens = Tokens::of(ui);
        let selected = self.filter == filter;
        let left = if verdict.is_some() { 24.0 } else { 8.0 };
        let galley = ui.painter().layout_no_wrap(
            words.to_owned(),
            eframe::egui::FontId::proportional(tokens::SMALL),
            tokens.text,
        );
        let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + left + 8.0, 24.0), Sense::click());
        let fill = if selected {
            tokens.selected
        } else if response.hovered() {
            tokens.hover
        } else {
            tokens.surface
        };
        let edge = if selected || response.has_focus() { tokens.accent } else { tokens.line };
        let stroke = eframe::egui::Stroke::new(1.0, edge);
        ui.painter().rect(rect, 4.0, fill, stroke, eframe::egui::StrokeKind::Inside);
        if let Some(verdict) = verdict {
            mark::paint(
                ui.painter(),
                mark::square_at(rect.left() + 7.0, rect.center().y),
                Mark::verdict(verdict),
                tokens.verdict(verdict),
            );
        }
        ui.painter().galley(
            eframe::egui::pos2(rect.left() + left, rect.center().y - galley.size().y / 2.0),
            galley,
            tokens.text,
        );
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, format!("Show {words}")));
        if response.clicked() {
            self.filter = filter;
        }
    }

    fn make(&mut self, comparison: &Comparison) {
        let made = Made {
            rows: comparison.rows.as_ptr().addr(),
            count: comparison.rows.len(),
            filter: self.filter,
            sort: self.sort,
            grouped: self.grouped,
            search: self.search.clone(),
        };
        if self.made.as_ref() != Some(&made) {
            let is_other = |known: &Made| (known.rows, known.count) != (made.rows, made.count);
            if self.made.as_ref().is_none_or(is_other) {
                self.tally = Tally::of(comparison);
            }
            self.items = items(comparison, &made);
            self.made = Some(made);
        }
        if self.scroll == Some(usize::MAX) {
            let is_it = |item: &Item| matches!(item, Item::Row(row) if Some(&comparison.rows[*row].id) == self.selected.as_ref());
            self.scroll = self.items.iter().position(is_it);
        }
    }

    fn detail_panel(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, seen: &Seen<'_>) {
        let Seen { comparison, inside, columns, .. } = *seen;
        let Some(row) = self.selected.as_ref().and_then(|id| comparison.rows.iter().find(|row| row.id == *id)) else {
            return;
        };
        if columns == Columns::Live {
            opened(scene, row);
        }
        let tokens = Tokens::of(ui);
        let frame = Frame::new().fill(tokens.raised).inner_margin(Margin::symmetric(12, 8));
        // The pane may take what the table does not need: three of its rows stay in sight.
        let room = ui.available_height();
        let stands_alone = room < 8.0 * ROW;
        let most = if stands_alone { room.max(96.0) } else { room - 4.0 * ROW };
        let height = if stands_alone { most } else { (room * 0.55).clamp(96.0, most) };
        let mut asked = Asked::Nothing;
        let panel = Panel::bottom("compare-detail").frame(frame).resizable(true).default_size(height);
        panel.size_range(96.0..=most).show(ui, |ui| {
            ui.take_available_height();
            asked = self.detail.ui(ui, scene, row, inside(&row.id), columns);
        });
        let is_typing = ui.ctx().memory(|memory| memory.focused().is_some()) && ui.ctx().egui_wants_keyboard_input();
        if !is_typing && ui.input(|input| input.key_pressed(Key::Escape)) {
            asked = Asked::Close;
        }
        match asked {
            Asked::Nothing => {}
            Asked::Close => self.selected = None,
            Asked::LeaveOut => self.left_out = Some(row.id.clone()),
        }
    }

    fn table(&mut self, ui: &mut Ui, seen: &Seen<'_>) {
        let Seen { comparison, inside, columns, .. } = *seen;
        if self.items.is_empty() {
            text::muted(ui, "No check is like that. Choose another verdict, or clear the search.");
            return;
        }
        let tokens = Tokens::of(ui);
        // A ui of its own: the table draws its column lines over everything its ui covers.
        let room = ui.available_rect_before_wrap();
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(room));
        ui.spacing_mut().item_spacing = vec2(12.0, 0.0);
        let width = ui.available_width();
        let narrow = width < 640.0;
        let share = if columns == Columns::Two { 0.18 } else { 0.11 };
        let value = if narrow { 64.0 } else { (width * share).clamp(76.0, 200.0) };
        let heads = columns.heads();
        let mut table = TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt(("compare", columns.heads()))
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Column::remainder().at_least(110.0).clip(true));
        for head in &heads[1..heads.len() - 1] {
            let width = match *head {
                "expected" => (value * 1.15).max(if narrow { 88.0 } else { 122.0 }),
                "change" => 76.0,
                _ => value,
            };
            table = table.column(Column::initial(width).clip(true).resizable(true));
        }
        let table = table.column(Column::exact(if columns == Columns::Live { 92.0 } else { 122.0 }).clip(true));
        let table = match self.scroll.take() {
            Some(row) if row != usize::MAX => table.scroll_to_row(row, Some(Align::Center)),
            Some(_) | None => table,
        };
        let last = heads.len() - 1;
        let mut laid_out = 0;
        let mut clicked = None;
        let mut now_focused = None;
        let (items, selected, focused) = (&self.items, &self.selected, &self.focused);
        table
            .header(ROW, |mut header| {
                for (at, head) in heads.iter().enumerate() {
                    header.col(|ui| {
                        if (1..last).contains(&at) {
                            ui.with_layout(Layout::right_to_left(Align::Center), |ui| text::label(ui, head));
                        } else {
                            text::label(ui, head);
                        }
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, items.len(), |mut line| {
                    laid_out += 1;
                    match &items[line.index()] {
                        Item::Group { name, rows, failures } => group(&mut line, name, *rows, *failures, last - 1),
                        Item::Row(at) => {
                            let row = &comparison.rows[*at];
                            line.set_selected(selected.as_ref() == Some(&row.id));
                            // Where the keyboard is, seen a frame later.
                            line.set_hovered(focused.as_ref() == Some(&row.id));
                            cells(&mut line, &tokens, row, inside(&row.id), columns);
                            let response = line.response();
                            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, spoken(row, columns)));
                            if response.clicked() {
                                clicked = Some(row.id.clone());
                            }
                            if response.has_focus() {
                                now_focused = Some(row.id.clone());
                            }
                        }
                    }
                });
            });
        self.laid_out = laid_out;
        self.focused = now_focused;
        if let Some(id) = clicked {
            self.selected = if self.selected.as_ref() == Some(&id) { None } else { Some(id) };
        }
    }

    fn copied(&mut self, seen: &Seen<'_>, markdown: bool) -> String {
        let Seen { comparison, inside, columns, sides } = *seen;
        self.make(comparison);
        let heads = columns.heads();
        let line = |cells: &[String]| {
            let clean = |cell: &String| {
                let cell = visible(cell).replace(['\n', '\t'], " ");
                if markdown { cell.replace('|', "\\|") } else { cell }
            };
            let cells: Vec<String> = cells.iter().map(clean).collect();
            if markdown { format!("| {} |\n", cells.join(" | ")) } else { format!("{}\n", cells.join("\t")) }
        };
        let mut copied = sides.filter(|_| markdown).map_or_else(String::new, about);
        copied.push_str(&line(&heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>()));
        if markdown {
            copied.push_str(&format!("| --- |{} --- |\n", " ---: |".repeat(heads.len() - 2)));
        }
        for item in &self.items {
            let Item::Row(at) = item else { continue };
            let row = &comparison.rows[*at];
            let inside = inside(&row.id).map_or_else(String::new, |inside| reading_words(&inside.actual));
            let before = row.baseline.as_ref().map_or_else(String::new, reading_words);
            let (now, verdict) = (reading_words(&row.actual), mark::verdict_word(row.verdict).to_owned());
            let title = row.title.clone();
            copied.push_str(&line(&match columns {
                Columns::Live => vec![title, before, row.expected.clone(), inside, now, verdict],
                Columns::Two => vec![title, before, now, change(row), verdict],
                Columns::Three => vec![title, before, inside, now, change(row), verdict],
            }));
        }
        copied
    }
}

/// A comparison and what is shown beside it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    comparison: &'a Comparison,
    /// Finds what a check answered between the two ends.
    inside: &'a dyn Fn(&CheckId) -> Option<&'a Row>,
    columns: Columns,
    /// The sides, where they were chosen freely.
    sides: Option<&'a SideBySide>,
}

/// Says what stands side by side, what was left out, and the digest over both.
fn about(seen: &SideBySide) -> String {
    let left_out: Vec<&str> = seen.left_out.iter().map(CheckId::as_str).collect();
    let left_out = if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") };
    let names: Vec<_> = seen.names.iter().map(|name| visible(name)).collect();
    format!("{}\n\nLeft out by choice: {left_out}\nDigest: {}\n\n", names.join(" | "), seen.digest)
}

fn quiet(ui: &mut Ui, words: &str) -> eframe::egui::Response {
    ui.add(Button::new(RichText::new(words).small()).small())
}

/// A drifted check counts as opened for every open request once its row is on the screen in full.
fn opened(scene: &mut Scene<'_>, row: &Row) {
    let what = format!("check:{}", row.id);
    for request in scene.shown.requests() {
        if !scene.shown.seen.contains(&(request.digest, what.clone())) {
            scene.actions.push(UiAction::Seen { request: request.digest, what: what.clone() });
        }
    }
}

fn nothing_yet(ui: &mut Ui, scene: &mut Scene<'_>) {
    match &scene.shown.survey {
        Known::Unreadable { reason, .. } => text::failure(ui, &reason.message, &reason.hint),
        Known::Asking { .. } => {
            text::empty(ui, "Looking at the live database…", "Every check is asked at one snapshot.", |_| {});
        }
        Known::NotAsked | Known::Known(_) => {
            let next = "Every check of the runbook is asked at one snapshot and compared with the baseline and what is expected.";
            text::empty(ui, "Nothing to compare yet", next, |ui| {
                let ready = scene.shown.connection.value().is_some() && scene.shown.book().is_some();
                if ready && text::deed(ui, scene.shown.is_free(), "Look at the database").clicked() {
                    scene.ask(Command::Survey);
                } else if !ready && ui.add(Button::new("Open a runbook and connect")).clicked() {
                    scene.actions.push(UiAction::Go(Page::Start));
                }
            });
        }
    }
}
