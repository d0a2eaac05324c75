//! One check in full: its query, the whole values, and a text difference where they have several lines.

use std::sync::Arc;

use eframe::egui::{Align, Layout, ScrollArea, Ui};

use super::Scene;
use super::compare_rows::{Columns, reading_words};
use super::diff_pane::DiffPane;
use super::row_diff::RowDiff;
use crate::census::{Alteration, Reading, Row, alterations};
use crate::runbook::CheckId;
use crate::ui::action::UiAction;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, text};

/// Two texts, and what each of them is.
type Long = (Arc<str>, Arc<str>, (&'static str, &'static str));

/// More parts than this are read in the difference below.
const MOST_ALTERATIONS: usize = 6;

/// What somebody asked for in the detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: it stays open.
    Nothing,
    /// To close it.
    Close,
    /// To leave the check out of the sides.
    LeaveOut,
}

/// Which two of three texts stand beside each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ends {
    #[default]
    FirstLast,
    FirstBetween,
    BetweenLast,
}

/// What differs between two definitions, and which they are.
struct Altered {
    id: CheckId,
    before: Option<String>,
    after: Option<String>,
    words: Vec<String>,
}

/// The detail's own state.
#[derive(Default)]
pub struct Detail {
    ends: Ends,
    rows: RowDiff,
    as_text: bool,
    diff: DiffPane,
    texts: Option<(CheckId, Arc<str>, Arc<str>)>,
    altered: Option<Altered>,
}

impl Detail {
    /// Draws a row in full.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &mut Scene<'_>,
        row: &Row,
        inside: Option<&Row>,
        columns: Columns,
    ) -> Asked {
        let tokens = Tokens::of(ui);
        let mut asked = Asked::Nothing;
        ui.horizontal(|ui| {
            // The three buttons of a side by side leave little room for a long title.
            let letters = if columns != Columns::Live && ui.available_width() < 760.0 { 28 } else { 60 };
            text::heading(ui, &one_line(&row.title, letters)).on_hover_text(visible(&row.title).as_ref());
            mark::word(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), mark::verdict_word(row.verdict));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Close").clicked() {
                    asked = Asked::Close;
                }
                if columns != Columns::Live && ui.button("Leave this check out").clicked() {
                    asked = Asked::LeaveOut;
                }
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
        if self.rows.refresh(row) {
            let words = format!("Rows by {}", row.key.join(", "));
            form::choice(ui, &mut self.as_text, &[(false, words.as_str()), (true, "Text")]);
            if !self.as_text {
                self.rows.ui(ui, columns);
                return asked;
            }
        }
        if inside.is_some_and(|inside| is_long(&inside.actual)) {
            let [first, between, last] = columns.answers();
            let pair = |one: &str, other: &str| format!("{one} beside {}", other.to_lowercase());
            let (ends, head, tail) = (pair(first, last), pair(first, between), pair(between, last));
            let pairs = [(Ends::FirstLast, ends.as_str()), (Ends::FirstBetween, &head), (Ends::BetweenLast, &tail)];
            form::choice(ui, &mut self.ends, &pairs);
        } else {
            self.ends = Ends::FirstLast;
        }
        if row.key.is_empty() {
            self.altered(ui, row, inside);
        }
        match self.long_texts(row, inside, columns) {
            Some((before, after, sides)) => {
                self.diff.ui(ui, scene, "compare-diff", &before, &after, sides);
            }
            None => {
                ScrollArea::vertical()
                    .id_salt(("detail", &row.id.0))
                    .auto_shrink(false)
                    .show(ui, |ui| values(ui, row, inside, columns));
            }
        }
        asked
    }

    /// What differs between the two definitions that are chosen, a line a part; made once for them.
    fn altered(&mut self, ui: &mut Ui, row: &Row, inside: Option<&Row>) {
        let inside = inside.and_then(|inside| written(&inside.actual));
        let is_written = row.expected.contains('\n');
        let first = if is_written { Some(row.expected.as_str()) } else { row.baseline.as_ref().and_then(written) };
        let (before, after) = match self.ends {
            Ends::FirstLast => (first, written(&row.actual)),
            Ends::FirstBetween => (first, inside),
            Ends::BetweenLast => (inside, written(&row.actual)),
        };
        let is_made =
            |made: &Altered| made.id == row.id && made.before.as_deref() == before && made.after.as_deref() == after;
        if !self.altered.as_ref().is_some_and(is_made) {
            let is_definition = [before, after].into_iter().flatten().any(|text| text.contains('\n'));
            let all = if is_definition && before != after { alterations(before, after) } else { Vec::new() };
            let words = all.iter().map(Alteration::words).collect();
            let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
            self.altered = Some(Altered { id: row.id.clone(), before, after, words });
        }
        let tokens = Tokens::of(ui);
        for words in self.altered.iter().flat_map(|altered| &altered.words).take(MOST_ALTERATIONS) {
            mark::small(ui, Mark::verdict(crate::census::Verdict::Drifted), tokens.bad, &one_line(words, 160));
        }
    }

    /// Returns the two texts to compare when one of them has several lines.
    fn long_texts(&mut self, row: &Row, inside: Option<&Row>, columns: Columns) -> Option<Long> {
        let [first, between, last] = columns.answers();
        let inside = inside.and_then(|inside| written(&inside.actual));
        let before = if columns == Columns::Live && row.expected.contains('\n') {
            Some((row.expected.as_str(), "Expected"))
        } else {
            row.baseline.as_ref().and_then(written).map(|text| (text, first))
        };
        let now = written(&row.actual).map(|text| (text, last));
        let inside = inside.map(|text| (text, between));
        let (before, after) = match self.ends {
            Ends::FirstLast => (before?, now?),
            Ends::FirstBetween => (before?, inside?),
            Ends::BetweenLast => (inside?, now?),
        };
        if !before.0.contains('\n') && !after.0.contains('\n') {
            return None;
        }
        let is_same =
            |(id, old, new): &(CheckId, Arc<str>, Arc<str>)| *id == row.id && **old == *before.0 && **new == *after.0;
        if !self.texts.as_ref().is_some_and(is_same) {
            self.texts = Some((row.id.clone(), before.0.into(), after.0.into()));
        }
        let (_, old, new) = self.texts.as_ref()?;
        Some((old.clone(), new.clone(), (before.1, after.1)))
    }
}

/// Returns an answer's text, when it has one.
fn written(reading: &Reading) -> Option<&str> {
    match reading {
        Reading::Value(value) => value.as_deref(),
        Reading::Blind(_) => None,
    }
}

fn is_long(reading: &Reading) -> bool {
    written(reading).is_some_and(|text| text.contains('\n'))
}

fn values(ui: &mut Ui, row: &Row, inside: Option<&Row>, columns: Columns) {
    const NAMES: f32 = 104.0;
    let fact = |ui: &mut Ui, name: &str, words: &str| {
        text::fact(ui, name, NAMES, |ui| {
            text::mono_wrapped(ui, words);
        });
    };
    fact(ui, "Check", row.id.as_str());
    fact(ui, "Query", &row.sql);
    ui.add_space(UNIT / 2.0);
    let [first, between, last] = columns.answers();
    let missing = if columns == Columns::Live { "not in the baseline" } else { "not held" };
    fact(ui, first, &row.baseline.as_ref().map_or_else(|| missing.to_owned(), full));
    if columns == Columns::Live {
        fact(ui, "Expected", &row.expected);
    }
    if columns != Columns::Two {
        fact(ui, between, &inside.map_or_else(|| "not rehearsed".to_owned(), |inside| full(&inside.actual)));
    }
    fact(ui, last, &full(&row.actual));
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
