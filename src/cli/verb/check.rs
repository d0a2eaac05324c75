//! The verb `check`: reads and reviews a runbook; prints text, JSON or SARIF; writes nothing.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::super::Output;
use super::super::args::{Check, Format};
use super::super::output::{columns, counted};
use super::super::sarif;
use super::open;
use crate::digest::Digest;
use crate::review::{Note, RULES, Review, Severity, explain, review};
use crate::runbook::{Diagnostic, DiagnosticSeverity, Runbook, parse};
use crate::session::{Failure, FailureKind, World};

/// `check`: reads and reviews a runbook.
pub(super) async fn check(world: &World, check: &Check, output: Output) -> Result<(), Failure> {
    let format = wanted(check, output)?;
    if check.rules {
        rules(format, output);
        return Ok(());
    }
    if let Some(name) = &check.explain {
        return page(name, format, output);
    }
    let path = check.runbook.as_deref().unwrap_or_else(|| Path::new("."));
    let files = world.folders.read_folder(path)?;
    let (runbook, diagnostics) = parse(&files);
    let catalog = match &check.db {
        Some(text) => Some(open(world, text).await?.catalog().await?),
        None => None,
    };
    let report = review(&runbook, catalog.as_ref());
    let errors = diagnostics.iter().filter(|found| found.severity == DiagnosticSeverity::Error).count();
    let blocks = count(&report, Severity::Block);
    match format {
        Format::Text => output.text(&text(&runbook, &diagnostics, &report)),
        Format::Json => {
            let answer =
                Answer { runbook: &runbook.id, digest: runbook.digest, diagnostics: &diagnostics, review: &report };
            let text = serde_json::to_string_pretty(&answer).map_err(|error| {
                let message = format!("the answer cannot be written as JSON: {error}");
                Failure::new(FailureKind::Unreadable, message, "Ask for text.")
            })?;
            output.text(&(text + "\n"));
        }
        Format::Sarif => {
            let found = sarif::Found { files: &files, runbook: &runbook, diagnostics: &diagnostics, review: &report };
            output.text(&sarif::document(&found, path, std::env::current_dir().ok().as_deref()));
        }
    }
    if errors > 0 {
        let message = format!("the runbook has {}", counted(errors, "error"));
        return Err(Failure::new(FailureKind::Unreadable, message, "Mend them as each line says."));
    }
    if blocks > 0 {
        let hint = "Each note names its way out; `check --explain RULE` says more.";
        return Err(Failure::new(FailureKind::Blocked, counted(blocks, "blocking note"), hint));
    }
    Ok(())
}

/// The answer for machines. It is written as it is read: tens of thousands of notes are not copied for it.
#[derive(Serialize)]
struct Answer<'a> {
    runbook: &'a str,
    digest: Digest,
    diagnostics: &'a [Diagnostic],
    review: &'a Review,
}

/// Says in which form the answer is wanted; `--json` is the short form of `--format json`.
fn wanted(check: &Check, output: Output) -> Result<Format, Failure> {
    let usage = |message: &str, hint: &str| Err(Failure::new(FailureKind::Unreadable, message, hint));
    match (check.format, output.json) {
        (Some(Format::Text | Format::Sarif), true) => {
            usage("--json and --format ask for two forms of one answer", "Leave one of them out.")
        }
        (Some(Format::Sarif), _) if check.rules || check.explain.is_some() => {
            usage("SARIF says what was found in a runbook", "Ask for --rules and --explain as text or json.")
        }
        (Some(format), _) => Ok(format),
        (None, true) => Ok(Format::Json),
        (None, false) => Ok(Format::Text),
    }
}

fn rules(format: Format, output: Output) {
    let rows: Vec<Vec<String>> = RULES.iter().map(|rule| vec![rule.name.to_owned(), rule.summary.to_owned()]).collect();
    let value = || rows.iter().map(|row| json!({"rule": row[0], "summary": row[1]})).collect::<Vec<_>>();
    output.text(&if format == Format::Json { format!("{:#}\n", json!(value())) } else { columns(&rows) });
}

fn page(name: &str, format: Format, output: Output) -> Result<(), Failure> {
    let rule = explain(name).ok_or_else(|| {
        let hint = "List the rules with `countersign check --rules`.";
        Failure::new(FailureKind::Unreadable, format!("there is no rule `{name}`"), hint)
    })?;
    let value = || json!({"rule": rule.name, "summary": rule.summary, "help": rule.help});
    let text = || format!("{}: {}\n\n{}\n", rule.name, rule.summary, rule.help.trim());
    output.text(&if format == Format::Json { format!("{:#}\n", value()) } else { text() });
    Ok(())
}

fn count(report: &Review, severity: Severity) -> usize {
    report.notes.iter().filter(|note| note.severity == severity).count()
}

fn text(runbook: &Runbook, diagnostics: &[Diagnostic], report: &Review) -> String {
    let mut out = String::new();
    for found in diagnostics {
        diagnostic(&mut out, found);
    }
    for found in &report.notes {
        note(&mut out, found);
    }
    let errors = diagnostics.iter().filter(|found| found.severity == DiagnosticSeverity::Error).count();
    out += &format!(
        "{}: {}, {}, {}, {}, {}{}\n",
        // A runbook that cannot be read has no name yet.
        if runbook.id.is_empty() { "runbook" } else { runbook.id.as_str() },
        counted(runbook.steps.len(), "step"),
        counted(errors, "error"),
        counted(count(report, Severity::Block), "block"),
        counted(count(report, Severity::Hazard), "hazard"),
        counted(count(report, Severity::Note), "note"),
        if report.with_catalog { "" } else { " (without a database)" }
    );
    out
}

fn diagnostic(out: &mut String, found: &Diagnostic) {
    let word = match found.severity {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Warning => "warning",
    };
    // What a file lacks has no line.
    let place =
        if found.line == 0 { found.file.clone() } else { format!("{}:{}:{}", found.file, found.line, found.column) };
    *out += &format!("{place}: {word}: {}\n    {}\n", found.message, found.hint);
}

fn note(out: &mut String, note: &Note) {
    let word = match note.severity {
        Severity::Note => "note",
        Severity::Hazard => "hazard",
        Severity::Block => "block",
    };
    // What the runbook says of a statement has no line in the script.
    let place = &note.place;
    let place =
        if place.line == 0 { place.file.clone() } else { format!("{}:{}:{}", place.file, place.line, place.column) };
    *out += &format!("{place}: {word}: {} [{}]\n    {}\n", note.message, note.rule, note.way_out);
}
