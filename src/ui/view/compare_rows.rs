//! The lines of the comparison's table: which are kept, in which order, and what each cell says.

use std::collections::BTreeMap;

use eframe::egui::{Align, Label, Layout, RichText, Ui};
use egui_extras::TableRow;

use crate::census::{Comparison, Reading, Row, Verdict};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many letters of a value a cell holds: more than the widest column shows.
const CELL_LETTERS: usize = 96;

/// Which verdicts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those that do not pass.
    NotAsExpected,
    /// One of them.
    Only(Verdict),
}

/// By what the rows are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As the runbook has them.
    #[default]
    Runbook,
    /// By title.
    What,
    /// What is not as expected first, unknown before drifted.
    Gravest,
}

/// Which columns a comparison has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The baseline, what is expected, inside the rehearsal, now.
    Live,
    /// Two sides and what changed between them.
    Two,
    /// Three sides, and what changed between the first and the last.
    Three,
}

impl Columns {
    /// Returns the words above them.
    #[must_use]
    pub const fn heads(self) -> &'static [&'static str] {
        match self {
            Self::Live => &["what", "baseline", "expected", "inside", "now", "verdict"],
            Self::Two => &["what", "first", "second", "change", "verdict"],
            Self::Three => &["what", "first", "second", "third", "change", "verdict"],
        }
    }

    /// Names the answers of a row: the baseline's or the first side's, the one between, and the last.
    #[must_use]
    pub const fn answers(self) -> [&'static str; 3] {
        match self {
            Self::Live => ["Baseline", "Inside", "Now"],
            Self::Two => ["First", "", "Second"],
            Self::Three => ["First", "Second", "Third"],
        }
    }
}

/// A line of the table.
pub enum Item {
    /// The head of a group.
    Group {
        /// The object.
        name: String,
        /// How many rows follow.
        rows: usize,
        /// How many of them do not pass.
        failures: usize,
    },
    /// A row, by its place in the comparison.
    Row(usize),
}

/// What the lines of the table were made from; they are made again when it changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// Where the rows are in memory: another survey has others.
    pub rows: usize,
    /// How many there are.
    pub count: usize,
    /// Which verdicts are listed.
    pub filter: Filter,
    /// By what they are sorted.
    pub sort: Sort,
    /// Whether they are grouped by object.
    pub grouped: bool,
    /// What is searched for.
    pub search: String,
}

/// Lists the lines of the table.
#[must_use]
pub fn items(comparison: &Comparison, made: &Made) -> Vec<Item> {
    let wanted = made.search.to_lowercase();
    let kept = |row: &Row| {
        let verdict = match made.filter {
            Filter::All => true,
            Filter::NotAsExpected => !passes(row.verdict),
            Filter::Only(verdict) => row.verdict == verdict,
        };
        let object = row.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        verdict && (wanted.is_empty() || holds(&row.title) || holds(row.id.as_str()) || holds(&object))
    };
    let rows = &comparison.rows;
    let mut kept: Vec<usize> = (0..rows.len()).filter(|at| kept(&rows[*at])).collect();
    match made.sort {
        Sort::Runbook => {}
        Sort::What => kept.sort_by(|a, b| rows[*a].title.cmp(&rows[*b].title)),
        // `Verdict` is ordered from harmless to unknown; unknown is the gravest.
        Sort::Gravest => kept.sort_by_key(|at| std::cmp::Reverse(rows[*at].verdict)),
    }
    if !made.grouped {
        return kept.into_iter().map(Item::Row).collect();
    }
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in kept {
        let name = rows[at].object.as_ref().map_or_else(|| "no single object".to_owned(), ToString::to_string);
        groups.entry(name).or_default().push(at);
    }
    let mut items = Vec::new();
    for (name, members) in groups {
        let failures = members.iter().filter(|at| !passes(rows[**at].verdict)).count();
        items.push(Item::Group { name, rows: members.len(), failures });
        items.extend(members.into_iter().map(Item::Row));
    }
    items
}

/// Draws the head of a group.
pub fn group(line: &mut TableRow<'_, '_>, name: &str, rows: usize, failures: usize, between: usize) {
    line.col(|ui| {
        text::strong(ui, name);
    });
    for _ in 0..between {
        line.col(|_| {});
    }
    line.col(|ui| {
        let words = if failures == 0 { format!("{rows} pass") } else { format!("{failures} of {rows}") };
        text::muted_line(ui, &words);
    });
}

/// Draws the cells of a row.
pub fn cells(line: &mut TableRow<'_, '_>, tokens: &Tokens, row: &Row, inside: Option<&Row>, columns: Columns) {
    line.col(|ui| {
        ui.add(Label::new(visible(&row.title).as_ref()).truncate().selectable(false));
    });
    let number = |ui: &mut Ui, words: String, color| {
        let rich = RichText::new(one_line(&words, CELL_LETTERS)).text_style(tokens::mono_small()).color(color);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(rich).truncate().selectable(false))
        });
    };
    line.col(|ui| number(ui, row.baseline.as_ref().map_or_else(|| "–".to_owned(), reading_words), tokens.muted));
    if columns == Columns::Live {
        line.col(|ui| number(ui, row.expected.clone(), tokens.text));
    }
    if columns != Columns::Two {
        line.col(|ui| {
            let color = inside.map_or(tokens.muted, |inside| {
                if passes(inside.verdict) { tokens.text } else { tokens.verdict(inside.verdict) }
            });
            number(ui, inside.map_or_else(|| "–".to_owned(), |inside| reading_words(&inside.actual)), color);
        });
    }
    line.col(|ui| {
        let color = if passes(row.verdict) { tokens.text } else { tokens.verdict(row.verdict) };
        number(ui, reading_words(&row.actual), color);
    });
    if columns != Columns::Live {
        line.col(|ui| {
            let color = if passes(row.verdict) { tokens.muted } else { tokens.verdict(row.verdict) };
            number(ui, change(row), color);
        });
    }
    line.col(|ui| {
        let words = match (row.verdict, growth(row)) {
            (Verdict::Grown, Some(growth)) => format!("+{growth} allowed"),
            // Between sides the change has a column of its own.
            (verdict @ (Verdict::Drifted | Verdict::Missing), _) => {
                match row.off_by().filter(|_| columns == Columns::Live) {
                    Some(off) => format!("{} {off:+}", mark::verdict_word(verdict)),
                    None => mark::verdict_word(verdict).to_owned(),
                }
            }
            (verdict, _) => mark::verdict_word(verdict).to_owned(),
        };
        mark::small(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), &words);
    });
}

/// Says in a word what changed between two sides: the signed difference of numbers, or how many rows or parts differ.
#[must_use]
pub fn change(row: &Row) -> String {
    if let Some(off) = row.off_by() {
        return format!("{off:+}");
    }
    match row.verdict {
        Verdict::Same | Verdict::Grown => "–".to_owned(),
        Verdict::Missing => "gone".to_owned(),
        Verdict::Blind => "unknown".to_owned(),
        Verdict::Drifted if matches!(row.baseline, Some(Reading::Value(None))) => "new".to_owned(),
        Verdict::Drifted => "altered".to_owned(),
    }
}

/// Returns by how much a growing count stands above its baseline.
fn growth(row: &Row) -> Option<u64> {
    let number = |reading: &Reading| match reading {
        Reading::Value(Some(value)) => value.parse::<u64>().ok(),
        Reading::Value(None) | Reading::Blind(_) => None,
    };
    number(&row.actual)?.checked_sub(number(row.baseline.as_ref()?)?)
}

/// Returns whether a verdict passes (D-51).
#[must_use]
pub const fn passes(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Same | Verdict::Grown)
}

/// Returns an answer in words.
#[must_use]
pub fn reading_words(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(_) => "blind".to_owned(),
    }
}

/// Returns what a screen reader says of a row.
#[must_use]
pub fn spoken(row: &Row, columns: Columns) -> String {
    let now = one_line(&reading_words(&row.actual), CELL_LETTERS);
    if columns != Columns::Live {
        let before = row.baseline.as_ref().map_or_else(|| "unknown".to_owned(), reading_words);
        let verdict = mark::verdict_word(row.verdict);
        return format!("{}: {verdict}, from {} to {now}", row.id, one_line(&before, CELL_LETTERS));
    }
    format!(
        "{}: {}, expected {}, now {now}",
        row.id,
        mark::verdict_word(row.verdict),
        one_line(&row.expected, CELL_LETTERS)
    )
}
