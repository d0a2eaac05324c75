//! Takes the files of a runbook folder; gives a [`Runbook`] of whatever could be read, and every problem with its place.
//!
//! Parsing never fails whole: a missing or wrong part becomes a [`Diagnostic`], and the rest is still read.

mod asked;
mod entries;
mod reader;
mod verify;

use std::collections::BTreeMap;

use super::{Diagnostic, DiagnosticSeverity, Policy, Runbook, TargetRule, Timeouts};
use crate::digest::Digest;
use reader::Reader;

/// The file that declares a runbook.
pub const RUNBOOK_FILE: &str = "runbook.toml";
/// The file that names the people; it is not part of the runbook's digest, because it changes on its own (D-72).
pub const ROSTER_FILE: &str = "roster.toml";

/// The files of a runbook folder, by their path with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Files {
    /// A folder may hold this many files: a hundred steps with scripts and captures fit ten times over.
    pub const MAX_FILES: usize = 1_000;
    /// A file may be this large: more than any script that people can review.
    pub const MAX_FILE_BYTES: usize = 16 << 20;
    /// All files together may be this large, so that a folder opened by mistake is refused before it fills the memory.
    pub const MAX_TOTAL_BYTES: usize = 64 << 20;

    /// Digests every file but the roster: path, length and bytes, in path order.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut bytes = Vec::new();
        for (path, content) in self.0.iter().filter(|(path, _)| path.as_str() != ROSTER_FILE) {
            // Lengths keep the end of one part from being read as the beginning of the next.
            for part in [path.as_bytes(), content.as_slice()] {
                bytes.extend((part.len() as u64).to_be_bytes());
                bytes.extend(part);
            }
        }
        Digest::of(&bytes)
    }
}

/// Reads a runbook folder.
///
/// Nothing may be sealed from a runbook that came with a diagnostic of severity [`DiagnosticSeverity::Error`].
#[must_use]
pub fn parse(files: &Files) -> (Runbook, Vec<Diagnostic>) {
    let mut runbook = nothing(files.digest());
    let mut problems = limits(files);
    if problems.is_empty() {
        match utf8(files, RUNBOOK_FILE) {
            Ok(text) => {
                let mut reader = Reader::new(RUNBOOK_FILE, text, files);
                entries::read(&mut reader, &mut runbook);
                verify::verify(&mut reader, &runbook);
                problems.append(&mut reader.problems);
            }
            Err(problem) => problems.push(problem),
        }
        roster(files, &mut runbook, &mut problems);
    }
    problems.sort_by(|a, b| (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message)));
    problems.dedup();
    (runbook, problems)
}

/// Returns the runbook that declares nothing.
fn nothing(digest: Digest) -> Runbook {
    Runbook {
        id: String::new(),
        title: String::new(),
        version: String::new(),
        source: String::new(),
        edited_by: None,
        target: TargetRule { database: String::new(), schema: "public".to_owned() },
        timeouts: Timeouts { lock_millis: 3_000, statement_millis: 30_000, idle_in_transaction_millis: 30_000 },
        // D-70: two people, whatever else could not be read.
        policy: Policy { approvals: 2, rehearsal_max_age_seconds: 43_200, approval_valid_seconds: 28_800 },
        objects: Vec::new(),
        parameters: Vec::new(),
        checks: Vec::new(),
        steps: Vec::new(),
        stops: Vec::new(),
        restart: Vec::new(),
        roster: None,
        digest,
    }
}

fn limits(files: &Files) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut too_much = |file: &str, message: String| {
        let hint = "Keep only runbook.toml, roster.toml and the scripts they name in this folder";
        problems.push(whole_file(file, DiagnosticSeverity::Error, message, hint));
    };
    if files.0.len() > Files::MAX_FILES {
        too_much(
            RUNBOOK_FILE,
            format!("the folder holds {} files; at most {} are read", files.0.len(), Files::MAX_FILES),
        );
    }
    for (path, content) in files.0.iter().filter(|(_, content)| content.len() > Files::MAX_FILE_BYTES) {
        too_much(path, format!("the file has {} bytes; at most {} are read", content.len(), Files::MAX_FILE_BYTES));
    }
    let total: usize = files.0.values().map(Vec::len).sum();
    if total > Files::MAX_TOTAL_BYTES {
        too_much(RUNBOOK_FILE, format!("the folder has {total} bytes; at most {} are read", Files::MAX_TOTAL_BYTES));
    }
    problems
}

fn roster(files: &Files, runbook: &mut Runbook, problems: &mut Vec<Diagnostic>) {
    if !files.0.contains_key(ROSTER_FILE) {
        let message = "the folder holds no roster.toml, so nobody can sign".to_owned();
        let hint = "Write roster.toml with a [[person]] for each person, his or her roles and keys";
        problems.push(whole_file(ROSTER_FILE, DiagnosticSeverity::Warning, message, hint));
        return;
    }
    match utf8(files, ROSTER_FILE).map(crate::approval::parse_roster) {
        Ok(Ok(roster)) => runbook.roster = Some(roster),
        Ok(Err(found)) => problems.extend(found.into_iter().map(|problem| Diagnostic {
            file: ROSTER_FILE.to_owned(),
            line: problem.line,
            column: problem.column,
            severity: DiagnosticSeverity::Error,
            message: problem.message,
            hint: problem.hint,
        })),
        Err(problem) => problems.push(problem),
    }
}

/// Returns a file's text, or why there is none.
fn utf8<'f>(files: &'f Files, path: &str) -> Result<&'f str, Diagnostic> {
    let Some(bytes) = files.0.get(path) else {
        let hint = format!("Write {path}; the format is described in FORMAT.md");
        return Err(whole_file(path, DiagnosticSeverity::Error, format!("the folder holds no {path}"), &hint));
    };
    std::str::from_utf8(bytes).map_err(|error| {
        let readable = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = super::sql::place_of(&readable, readable.len());
        let message = "the file is not UTF-8 text".to_owned();
        let hint = "Save it as UTF-8".to_owned();
        Diagnostic { file: path.to_owned(), line, column, severity: DiagnosticSeverity::Error, message, hint }
    })
}

fn whole_file(file: &str, severity: DiagnosticSeverity, message: String, hint: &str) -> Diagnostic {
    Diagnostic { file: file.to_owned(), line: 0, column: 0, severity, message, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests;
