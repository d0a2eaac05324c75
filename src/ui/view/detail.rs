//! One check in full: its query, the whole values, and a text difference where they have several lines.

use std::sync::Arc;

use eframe::egui::{Align, Layout, ScrollArea, Ui};

use super::Scene;
use super::compare_rows::reading_words;
use super::diff_pane::DiffPane;
use crate::census::{Reading, Row};
use crate::runbook::CheckId;
use crate::ui::action::UiAction;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// Two texts, and what each of them is.
type Long = (Arc<str>, Arc<str>, (&'static str, &'static str));

/// More parts than this are read in the difference below.
const MOST_ALTERATIONS: usize = 6;

/// The detail's own state.
#[derive(Default)]
pub struct Detail {
    diff: DiffPane,
    texts: Option<(CheckId, Arc<str>, Arc<str>)>,
    altered: Option<(CheckId, Reading, Vec<String>)>,
}

impl Detail {
    /// Draws a row in full; returns whether it stays open.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, row: &Row, inside: Option<&Row>) -> bool {
        let tokens = Tokens::of(ui);
        let mut open = true;
        ui.horizontal(|ui| {
            text::heading(ui, &row.title);
            mark::word(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), mark::verdict_word(row.verdict));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                open = !ui.button("Close").clicked();
                if ui.button("Copy query").clicked() {
                    scene
                        .actions
                        .push(UiAction::Copy { text: row.sql.clone(), what: format!("the query of {}", row.id) });
                }
            });
        });
        if let Some(remark) = &row.remark {
            text::body(ui, remark);
        }
        self.altered(ui, row);
        match self.long_texts(row) {
            Some((before, after, sides)) => {
                self.diff.ui(ui, scene, "compare-diff", &before, &after, sides);
            }
            None => {
                ScrollArea::vertical()
                    .id_salt(("detail", &row.id.0))
                    .auto_shrink(false)
                    .show(ui, |ui| values(ui, row, inside));
            }
        }
        open
    }

    /// What differs between two definitions, a line a part; made once for a row.
    fn altered(&mut self, ui: &mut Ui, row: &Row) {
        let fresh = self.altered.as_ref().is_none_or(|(id, actual, _)| *id != row.id || *actual != row.actual);
        if fresh {
            let words = row.alterations().iter().map(crate::census::Alteration::words).collect();
            self.altered = Some((row.id.clone(), row.actual.clone(), words));
        }
        let tokens = Tokens::of(ui);
        for words in self.altered.iter().flat_map(|(_, _, words)| words).take(MOST_ALTERATIONS) {
            mark::small(ui, Mark::verdict(crate::census::Verdict::Drifted), tokens.bad, &one_line(words, 160));
        }
    }

    /// Returns the two texts to compare when one of them has several lines: expected or baseline against now.
    fn long_texts(&mut self, row: &Row) -> Option<Long> {
        let Reading::Value(Some(now)) = &row.actual else { return None };
        let baseline = match &row.baseline {
            Some(Reading::Value(Some(text))) => Some(text.as_str()),
            Some(Reading::Value(None) | Reading::Blind(_)) | None => None,
        };
        let (before, side) =
            if row.expected.contains('\n') { (row.expected.as_str(), "Expected") } else { (baseline?, "Baseline") };
        if !before.contains('\n') && !now.contains('\n') {
            return None;
        }
        let fresh =
            self.texts.as_ref().is_none_or(|(id, old, new)| *id != row.id || **old != *before || **new != **now);
        if fresh {
            self.texts = Some((row.id.clone(), before.into(), now.as_str().into()));
        }
        let (_, old, new) = self.texts.as_ref()?;
        Some((old.clone(), new.clone(), (side, "Now")))
    }
}

fn values(ui: &mut Ui, row: &Row, inside: Option<&Row>) {
    const NAMES: f32 = 104.0;
    let fact = |ui: &mut Ui, name: &str, words: &str| {
        text::fact(ui, name, NAMES, |ui| {
            text::mono_wrapped(ui, words);
        });
    };
    fact(ui, "Query", &row.sql);
    ui.add_space(UNIT / 2.0);
    fact(ui, "Baseline", &row.baseline.as_ref().map_or_else(|| "not in the baseline".to_owned(), full));
    fact(ui, "Expected", &row.expected);
    fact(ui, "Inside", &inside.map_or_else(|| "not rehearsed".to_owned(), |inside| full(&inside.actual)));
    fact(ui, "Now", &full(&row.actual));
    if let Some(object) = &row.object {
        fact(ui, "Object", &object.to_string());
    }
}

fn full(reading: &Reading) -> String {
    match reading {
        Reading::Blind(reason) => format!("blind: {reason}"),
        Reading::Value(_) => reading_words(reading),
    }
}
