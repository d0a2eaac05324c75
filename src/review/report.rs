//! What the review found.

use serde::{Deserialize, Serialize};

use crate::runbook::{ObjectName, StepId};

/// The answer of every rule, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Everything that was found, ordered by step position, then place.
    pub notes: Vec<Note>,
    /// Rules that looked and found nothing, by name.
    pub passed: Vec<String>,
    /// Whether the live catalog was there to look at.
    pub with_catalog: bool,
    /// Rows that actions of the server would reach, to be counted; no part of what is signed.
    #[serde(skip)]
    pub counts: Vec<RowCount>,
}

/// A count of rows that belongs to a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowCount {
    /// The rule whose note it belongs to.
    pub rule: String,
    /// The step whose script it is in.
    pub step: StepId,
    /// Where.
    pub place: Place,
    /// The table whose rows are counted.
    pub table: ObjectName,
    /// Whether it is an upper bound: the condition cannot be asked before the run.
    pub is_bound: bool,
    /// A SELECT of one number.
    pub sql: String,
}

/// One thing a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The rule's name, such as `blanket-delete`.
    pub rule: String,
    /// What it means for sealing.
    pub severity: Severity,
    /// The step whose script it is in.
    pub step: Option<StepId>,
    /// Where.
    pub place: Place,
    /// What is wrong and why, in one or two sentences.
    pub message: String,
    /// What to do instead.
    pub way_out: String,
    /// Why the author waives it, when it is a hazard that was waived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
}

/// A place in a script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file's path inside the runbook.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 with `line` 0.
    pub column: u32,
    /// The statement's ordinal, from 1; 0 when the script as a whole is meant.
    pub statement: u32,
}

/// What a note means for sealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Every reviewer must acknowledge it; it is inside what is signed.
    Hazard,
    /// Nothing is sealed while it stands (D-5).
    Block,
}

/// What a rule is, for its help page.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// Its name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The help page, as plain text.
    pub help: &'static str,
}

impl Note {
    /// Turns a hazard into a note that quotes the author's reason; says whether it was one.
    pub(super) fn waive(&mut self, reason: &str) -> bool {
        let is_hazard = self.severity == Severity::Hazard;
        if is_hazard {
            self.severity = Severity::Note;
            self.message += &format!(" Waived by the author: {reason}");
            self.waived = Some(reason.to_owned());
        }
        is_hazard
    }
}

impl Review {
    /// Adds a note for each count, from the answers in the order of `counts`: a number, or why there is none.
    pub fn counted(&mut self, answers: &[Result<String, String>]) {
        for (count, answer) in self.counts.iter().zip(answers) {
            let table = &count.table;
            let message = match answer {
                Ok(rows) if count.is_bound => format!(
                    "At most {rows} rows of {table} would be reached now; the condition itself cannot be asked before the run."
                ),
                Ok(rows) => format!("{rows} rows of {table} would be reached now."),
                Err(reason) => format!("The rows of {table} that would be reached cannot be counted: {reason}."),
            };
            self.notes.push(Note {
                rule: count.rule.clone(),
                severity: Severity::Note,
                step: Some(count.step.clone()),
                place: count.place.clone(),
                message,
                way_out: "Compare it with the rows you expect.".to_owned(),
                waived: None,
            });
        }
        self.counts.clear();
    }

    /// Returns the notes that forbid sealing any of these steps.
    pub fn blocks<'a>(&'a self, steps: &'a [StepId]) -> impl Iterator<Item = &'a Note> {
        self.of(steps).filter(|note| note.severity == Severity::Block)
    }

    /// Returns the notes on any of these steps, and on the runbook as a whole.
    pub fn of<'a>(&'a self, steps: &'a [StepId]) -> impl Iterator<Item = &'a Note> {
        self.notes.iter().filter(move |note| note.step.as_ref().is_none_or(|step| steps.contains(step)))
    }
}
