//! Compare: what, baseline, expected, inside the rehearsal, now, verdict. Ten thousand rows stay fluid, because only
//! those on the screen are laid out.

use eframe::egui::{
    Align, Button, Frame, Layout, Margin, Panel, RichText, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2,
};
use egui_extras::{Column, TableBuilder};

use super::Scene;
use super::baselines::KnownBaselines;
use super::compare_known::{Prepared, Tally};
use super::compare_rows::{Filter, Item, Made, Sort, cells, group, items, reading_words, spoken};
use super::detail::Detail;
use super::restore::RestorePart;
use crate::census::{Comparison, Row, Verdict};
use crate::runbook::CheckId;
use crate::session::Command;
use crate::ui::UiOptions;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{self, ROW, Tokens};
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, text};

/// What is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Live,
    TwoBaselines,
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
    scroll: Option<usize>,
    laid_out: usize,
    detail: Detail,
    baselines: KnownBaselines,
    sides: (usize, usize),
    /// A table against a dump.
    pub restore: RestorePart,
}

impl ComparePage {
    /// Makes the page; a dump that was named at the start is offered first.
    #[must_use]
    pub fn new(options: &UiOptions) -> Self {
        let mut page = Self { sides: (0, 1), ..Self::default() };
        if let Some(dump) = &options.dump {
            page.restore.set_dump(dump);
        }
        page
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
            Mode::Live | Mode::TwoBaselines => self.laid_out,
            Mode::Dump => self.restore.rows_laid_out(),
        }
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        self.laid_out = 0;
        self.prepared.refresh(scene);
        self.modes(ui, scene);
        if self.mode == Mode::Dump {
            self.restore.ui(ui, scene);
            return;
        }
        let shown = scene.shown;
        let (comparison, stale) = match self.mode {
            Mode::Live => {
                (shown.survey.value().map(|survey| &survey.comparison), !matches!(shown.survey, Known::Known(_)))
            }
            Mode::TwoBaselines | Mode::Dump => (shown.baselines_compared.value().map(AsRef::as_ref), false),
        };
        let Some(comparison) = comparison else {
            if self.mode == Mode::Live {
                nothing_yet(ui, scene);
            }
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
        self.make(comparison);
        self.bar(ui, scene, comparison);
        self.make(comparison);
        self.detail_panel(ui, scene, comparison);
        self.table(ui, comparison);
    }

    fn modes(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        ui.horizontal_wrapped(|ui| {
            let choices = [
                (Mode::Live, "Baseline against now"),
                (Mode::TwoBaselines, "Two baselines"),
                (Mode::Dump, "A table against a dump"),
            ];
            if form::choice(ui, &mut self.mode, &choices) {
                self.selected = None;
                self.made = None;
            }
        });
        if self.mode != Mode::TwoBaselines {
            return;
        }
        self.baselines.refresh(scene);
        ui.horizontal_wrapped(|ui| {
            if !self.baselines.choose(ui, &mut self.sides, ["First baseline", "Second baseline"]) {
                return;
            }
            let pair = self.baselines.pair(self.sides);
            let asked = text::deed(ui, scene.shown.is_free() && pair.is_some(), "Compare the two").clicked();
            if let (true, Some((first, second))) = (asked, pair) {
                scene.ask(Command::CompareBaselines(Box::new((**first).clone()), Box::new((**second).clone())));
            }
        });
        if let Known::Unreadable { reason, .. } = &scene.shown.baselines_compared {
            text::failure(ui, &reason.message, &reason.hint);
        }
    }

    fn bar(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, comparison: &Comparison) {
        let tally = self.tally.clone();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            self.filter_button(ui, Filter::All, None, &format!("all {}", comparison.rows.len()));
            self.filter_button(ui, Filter::NotAsExpected, None, &format!("not as expected {}", tally.failures));
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
                let text = self.copied(comparison, " | ");
                scene.actions.push(UiAction::Copy { text, what: "the comparison as Markdown".to_owned() });
            }
            if quiet(ui, "Copy TSV").clicked() {
                let text = self.copied(comparison, "\t");
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

    fn detail_panel(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, comparison: &Comparison) {
        let Some(row) = self.selected.as_ref().and_then(|id| comparison.rows.iter().find(|row| row.id == *id)) else {
            return;
        };
        seen(scene, row);
        let tokens = Tokens::of(ui);
        let frame = Frame::new().fill(tokens.raised).inner_margin(Margin::symmetric(12, 8));
        let height = (ui.available_height() * 0.45).clamp(120.0, 420.0);
        let mut open = true;
        Panel::bottom("compare-detail").frame(frame).exact_size(height).show(ui, |ui| {
            open = self.detail.ui(ui, scene, row, self.prepared.inside(&row.id));
        });
        if !open {
            self.selected = None;
        }
    }

    fn table(&mut self, ui: &mut Ui, comparison: &Comparison) {
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
        let value = if narrow { 64.0 } else { (width * 0.11).clamp(76.0, 160.0) };
        let table = TableBuilder::new(ui)
            .id_salt("compare")
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Column::remainder().at_least(110.0).clip(true))
            .column(Column::initial(value).clip(true).resizable(true))
            .column(Column::initial((value * 1.15).max(if narrow { 88.0 } else { 122.0 })).clip(true).resizable(true))
            .column(Column::initial(value).clip(true).resizable(true))
            .column(Column::initial(value).clip(true).resizable(true))
            .column(Column::exact(92.0).clip(true));
        let table = match self.scroll.take() {
            Some(row) if row != usize::MAX => table.scroll_to_row(row, Some(Align::Center)),
            Some(_) | None => table,
        };
        let heads = match self.mode {
            Mode::Live => ["what", "baseline", "expected", "inside", "now", "verdict"],
            Mode::TwoBaselines | Mode::Dump => ["what", "first", "expected", "inside", "second", "verdict"],
        };
        let mut laid_out = 0;
        let mut clicked = None;
        let (items, selected, prepared) = (&self.items, &self.selected, &self.prepared);
        table
            .header(ROW, |mut header| {
                for (at, head) in heads.into_iter().enumerate() {
                    header.col(|ui| {
                        if (1..5).contains(&at) {
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
                        Item::Group { name, rows, failures } => group(&mut line, name, *rows, *failures),
                        Item::Row(at) => {
                            let row = &comparison.rows[*at];
                            line.set_selected(selected.as_ref() == Some(&row.id));
                            cells(&mut line, &tokens, row, prepared.inside(&row.id));
                            let response = line.response();
                            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, spoken(row)));
                            if response.clicked() {
                                clicked = Some(row.id.clone());
                            }
                        }
                    }
                });
            });
        self.laid_out = laid_out;
        if let Some(id) = clicked {
            self.selected = if self.selected.as_ref() == Some(&id) { None } else { Some(id) };
        }
    }

    fn copied(&mut self, comparison: &Comparison, separator: &str) -> String {
        self.make(comparison);
        let markdown = separator != "\t";
        let heads = ["what", "baseline", "expected", "inside", "now", "verdict"];
        let line = |cells: [String; 6]| {
            let clean = |cell: &String| {
                let cell = visible(cell).replace(['\n', '\t'], " ");
                if markdown { cell.replace('|', "\\|") } else { cell }
            };
            let cells: Vec<String> = cells.iter().map(clean).collect();
            if markdown { format!("| {} |\n", cells.join(separator)) } else { format!("{}\n", cells.join(separator)) }
        };
        let mut copied = line(heads.map(ToOwned::to_owned));
        if markdown {
            copied.push_str("| --- | ---: | ---: | ---: | ---: | --- |\n");
        }
        for item in &self.items {
            let Item::Row(at) = item else { continue };
            let row = &comparison.rows[*at];
            copied.push_str(&line([
                row.title.clone(),
                row.baseline.as_ref().map_or_else(String::new, reading_words),
                row.expected.clone(),
                self.prepared.inside(&row.id).map_or_else(String::new, |inside| reading_words(&inside.actual)),
                reading_words(&row.actual),
                mark::verdict_word(row.verdict).to_owned(),
            ]));
        }
        copied
    }
}

fn quiet(ui: &mut Ui, words: &str) -> eframe::egui::Response {
    ui.add(Button::new(RichText::new(words).small()).small())
}

/// A drifted check counts as opened for every open request once its row is on the screen in full.
fn seen(scene: &mut Scene<'_>, row: &Row) {
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
