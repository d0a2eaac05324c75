//! The rows of a small result, compared by their key: what is new, what is gone, and each value that changed.

use eframe::egui::{Align, Label, Layout, RichText, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2};
use egui_extras::{Column, TableBuilder};

use super::compare_rows::Columns;
use crate::census::{Reading, Row, RowChange, RowChangeKind, Verdict};
use crate::runbook::CheckId;
use crate::ui::tokens::{self, ROW, Tokens};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many letters of a value a cell holds.
const CELL_LETTERS: usize = 200;

/// The changes of the row that is open, found once.
#[derive(Default)]
pub struct RowDiff {
    made: Option<(CheckId, Option<Reading>, Reading)>,
    changes: Option<Vec<RowChange>>,
}

impl RowDiff {
    /// Finds the changes again when another row, or another answer, is open; returns whether there is a key that tells rows
    /// apart.
    pub fn refresh(&mut self, row: &Row) -> bool {
        let is_made = |(id, before, now): &(CheckId, Option<Reading>, Reading)| {
            *id == row.id && *before == row.baseline && *now == row.actual
        };
        if !self.made.as_ref().is_some_and(is_made) {
            self.made = Some((row.id.clone(), row.baseline.clone(), row.actual.clone()));
            self.changes = row.row_changes();
        }
        self.changes.is_some()
    }

    /// Draws the changes, a line each.
    pub fn ui(&self, ui: &mut Ui, columns: Columns) {
        let changes = self.changes.as_deref().unwrap_or_default();
        let count = |is: fn(&RowChangeKind) -> bool| changes.iter().filter(|change| is(&change.what)).count();
        let added = count(|what| matches!(what, RowChangeKind::Added(_)));
        let dropped = count(|what| matches!(what, RowChangeKind::Dropped(_)));
        let changed = changes.len() - added - dropped;
        let (added, dropped) = (text::count(added, "row"), text::count(dropped, "row"));
        text::muted(ui, &format!("{added} new, {dropped} gone, {} changed", text::count(changed, "value")));
        if changes.is_empty() {
            return;
        }
        let tokens = Tokens::of(ui);
        let [first, _, last] = columns.answers();
        let room = ui.available_rect_before_wrap();
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(room));
        ui.spacing_mut().item_spacing = vec2(12.0, 0.0);
        let width = ui.available_width();
        TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt("row-diff")
            .cell_layout(Layout::left_to_right(Align::Center))
            .auto_shrink(false)
            .column(Column::exact(96.0).clip(true))
            .column(Column::initial(width * 0.22).clip(true).resizable(true))
            .column(Column::initial(width * 0.14).clip(true).resizable(true))
            .column(Column::initial(width * 0.24).clip(true).resizable(true))
            .column(Column::remainder().at_least(80.0).clip(true))
            .header(ROW, |mut header| {
                for head in ["what", "row", "column", first, last] {
                    header.col(|ui| {
                        text::label(ui, &head.to_lowercase());
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, changes.len(), |mut line| {
                    let change = &changes[line.index()];
                    let (mark, color, word) = match &change.what {
                        RowChangeKind::Added(_) => (Mark::Grown, tokens.good, "new"),
                        RowChangeKind::Dropped(_) => (Mark::Missing, tokens.bad, "gone"),
                        RowChangeKind::Changed { .. } => (Mark::verdict(Verdict::Drifted), tokens.care, "changed"),
                    };
                    let (column, before, after) = match &change.what {
                        RowChangeKind::Added(now) => ("", "", now.as_str()),
                        RowChangeKind::Dropped(was) => ("", was.as_str(), ""),
                        RowChangeKind::Changed { column, before, after } => {
                            (column.as_str(), before.as_str(), after.as_str())
                        }
                    };
                    line.col(|ui| {
                        mark::small(ui, mark, color, word);
                    });
                    for cell in [&change.row, column, before, after] {
                        line.col(|ui| {
                            let words = RichText::new(one_line(cell, CELL_LETTERS)).text_style(tokens::mono_small());
                            ui.add(Label::new(words).truncate().selectable(false));
                        });
                    }
                    let response = line.response();
                    response.widget_info(|| {
                        WidgetInfo::labeled(Role::Row, true, one_line(&change.alteration().words(), CELL_LETTERS))
                    });
                });
            });
    }
}
