//! Takes a step's build script; gives the statements of it that a rehearsal may send, and judges what they did; refuses what
//! could leave the transaction (D-16).

use serde::Serialize;

use super::StatementTrace;
use crate::census::{Census, Comparison};
use crate::rehearsal::Residue;
use crate::review::{Note, Severity, review};
use crate::runbook::sql::split;
use crate::runbook::{Binding, Runbook, StepId, bind};

/// Rules that say whether a statement could reach past its transaction. What a build may do to which object is for its own
/// review, before it was ever run.
const REACH: [&str; 7] = [
    "syntax",
    "invisible-text",
    "placeholder-left",
    "transaction-control",
    "timeouts-are-ours",
    "not-in-a-transaction",
    "function-call",
];

/// One statement of a build script, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildStatement {
    /// Its place among the statements that are sent, from 1.
    pub ordinal: u32,
    /// Its first line in the script, from 1.
    pub line: u32,
    /// The exact text.
    pub sql: String,
}

/// A build that was run and rolled back, with the proof that entry == exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildRehearsal {
    /// The step.
    pub step: StepId,
    /// What was sent and answered, statement by statement.
    pub statements: Vec<StatementTrace>,
    /// The census inside, just before ROLLBACK, against the baseline: what the build changes; `None` when it did not get so
    /// far.
    pub inside: Option<Comparison>,
    /// Stop conditions that would trip once it is committed.
    pub trips: Vec<String>,
    /// The census before the first statement.
    pub entry: Census,
    /// The census after ROLLBACK, on a fresh connection.
    pub exit: Census,
    /// What is different afterwards; empty when nothing was left behind (D-17).
    pub residue: Vec<Residue>,
    /// Why it did not get to its end.
    pub failure: Option<String>,
    /// How long the transaction was open, in milliseconds.
    pub duration_millis: u32,
}

impl BuildRehearsal {
    /// Returns whether the build ran to its end and nothing was left behind.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.residue.is_empty()
    }
}

/// Cuts a step's build script into the statements that are sent. BEGIN in front and COMMIT at the end, as scripts for psql have
/// them, are left out: the console opens and ends the transaction.
///
/// # Errors
/// In one sentence, when there is no script, a parameter has no value, or something in it could leave the transaction.
pub fn build_statements(runbook: &Runbook, step: &StepId, bindings: &[Binding]) -> Result<Vec<BuildStatement>, String> {
    let known = runbook.step(step).ok_or_else(|| format!("there is no step {step}"))?;
    let script = known.build.as_ref().ok_or_else(|| format!("the runbook holds no build script of {step}"))?;
    let text = bind(&script.text, &runbook.parameters, bindings).map_err(|problem| problem.to_string())?;
    let parsed = split(&text).map_err(|problem| format!("{}:{problem}", script.path))?;
    let is_frame = |at: usize, kinds: &[&str]| {
        parsed.get(at).is_some_and(|one| {
            one.tree.statement().0 == "TransactionStmt"
                && kinds.contains(&one.text.trim().to_ascii_uppercase().as_str())
        })
    };
    let first = usize::from(is_frame(0, &["BEGIN", "BEGIN TRANSACTION", "BEGIN WORK", "START TRANSACTION"]));
    let ends = parsed.len().checked_sub(1).is_some_and(|last| {
        last >= first && is_frame(last, &["COMMIT", "COMMIT TRANSACTION", "COMMIT WORK", "END", "END TRANSACTION"])
    });
    let last = parsed.len() - usize::from(ends);
    let kept = parsed.get(first..last).unwrap_or_default();
    if kept.is_empty() {
        return Err(format!("{} holds no statement", script.path));
    }
    if let Some(note) = out_of_reach(runbook, step, &script.path, kept.iter().map(|one| one.text.as_str())) {
        return Err(format!("{}: {} ({})", note.0, note.1.message, note.1.rule));
    }
    let ordinals = 1..;
    Ok(ordinals
        .zip(kept)
        .map(|(ordinal, one)| BuildStatement { ordinal, line: one.line, sql: one.text.clone() })
        .collect())
}

/// Reviews the statements as if they were the step's reversal; gives the first that could leave the transaction.
fn out_of_reach<'a>(
    runbook: &Runbook,
    step: &StepId,
    path: &str,
    statements: impl Iterator<Item = &'a str>,
) -> Option<(String, Note)> {
    let mut book = runbook.clone();
    let text: Vec<&str> = statements.collect();
    book.steps.retain(|known| known.id == *step);
    for known in &mut book.steps {
        known.reversal.text = text.join(";\n") + ";\n";
        path.clone_into(&mut known.reversal.path);
        known.build = None;
    }
    let found = review(&book, None);
    let note =
        found.notes.into_iter().find(|note| note.severity == Severity::Block && REACH.contains(&note.rule.as_str()))?;
    Some((path.to_owned(), note))
}
