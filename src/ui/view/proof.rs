//! Entry and exit of a rehearsal: what differs first, then everything that is equal.

use std::collections::BTreeSet;

use eframe::egui::{Align, Label, Layout, RichText, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use super::compare_rows::reading_words;
use crate::census::Census;
use crate::rehearsal::Rehearsal;
use crate::runbook::CheckId;
use crate::ui::tokens::{self, ROW, Tokens, UNIT};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// The proof of one rehearsal, made once.
pub struct Proof {
    rows: Vec<Row>,
    differ: usize,
}

struct Row {
    what: String,
    /// At entry, then at exit.
    values: [String; 2],
    differs: bool,
}

impl Proof {
    /// Makes it.
    #[must_use]
    pub fn of(rehearsal: &Rehearsal) -> Self {
        let residue: BTreeSet<&CheckId> = rehearsal.residue.iter().map(|residue| &residue.what).collect();
        let (entry, exit) = (&rehearsal.entry, &rehearsal.exit);
        let ids: BTreeSet<&CheckId> = entry.readings.keys().chain(exit.readings.keys()).collect();
        let value = |census: &Census, id: &CheckId| {
            let words = census.readings.get(id).map_or_else(|| "not asked".to_owned(), reading_words);
            one_line(&words, 80)
        };
        let row = |id: &CheckId| Row {
            what: id.to_string(),
            values: [value(entry, id), value(exit, id)],
            differs: residue.contains(id),
        };
        let mut rows: Vec<Row> = ids.into_iter().map(row).collect();
        rows.sort_by_key(|row| !row.differs);
        Self { rows, differ: residue.len() }
    }

    /// Draws it.
    pub fn ui(&self, ui: &mut Ui) {
        let tokens = Tokens::of(ui);
        if self.differ == 0 {
            let words = format!("Entry equals exit in all {}", text::count(self.rows.len(), "answer"));
            mark::word(ui, Mark::Same, tokens.good, &words);
        } else {
            let equal = self.rows.len().saturating_sub(self.differ);
            mark::word(ui, Mark::Drifted, tokens.bad, &format!("{} differ, {equal} are equal", self.differ));
        }
        ui.spacing_mut().item_spacing = vec2(UNIT, 0.0);
        let value = (ui.available_width() * 0.24).max(80.0);
        TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt("proof")
            .auto_shrink(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::remainder().at_least(120.0).clip(true))
            .column(Column::initial(value).clip(true).resizable(true))
            .column(Column::initial(value).clip(true).resizable(true))
            .column(Column::exact(84.0))
            .header(ROW, |mut header| {
                for head in ["what", "entry, before BEGIN", "exit, after ROLLBACK", ""] {
                    header.col(|ui| {
                        text::label(ui, head);
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, self.rows.len(), |mut line| {
                    let row = &self.rows[line.index()];
                    line.col(|ui| {
                        text::line(ui, &row.what);
                    });
                    for value in &row.values {
                        line.col(|ui| {
                            let rich = RichText::new(value).text_style(tokens::mono_small());
                            let right = Layout::right_to_left(Align::Center);
                            ui.with_layout(right, |ui| ui.add(Label::new(rich).truncate()));
                        });
                    }
                    line.col(|ui| {
                        if row.differs {
                            mark::small(ui, Mark::Drifted, tokens.bad, "differs");
                        } else {
                            mark::small(ui, Mark::Same, tokens.good, "equal");
                        }
                    });
                });
            });
    }
}
