//! Takes what `check` has found; gives a SARIF 2.1.0 document for code scanning; refuses nothing.
//!
//! The format is OASIS's Static Analysis Results Interchange Format. A block is an error, a hazard a warning; a hazard
//! that the author waives keeps its level and is suppressed, with the reason.

mod address;
mod model;
mod place;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::digest::Digest;
use crate::review::{Note, RULES, Review, RuleInfo, Severity};
use crate::runbook::{Diagnostic, DiagnosticSeverity, Files, Runbook};
use address::Base;
use model::{
    Artifact, AutomationDetails, Configuration, Driver, Finding, FindingProperties, Help, Invocation, Level, Location,
    Log, Message, PhysicalLocation, Rule, Run, RunProperties, Suppression, Tool,
};
use place::Text;

/// The rule that problems of the folder itself are reported under.
const FOLDER_RULE: &str = "runbook";
/// Rules whose results are hazards or notes, as a rule; each result says its own level all the same.
const NOT_BLOCKING: &[(&str, Level)] =
    &[("if-exists", Level::Warning), ("unqualified-name", Level::Note), ("unused-waiver", Level::Note)];

/// What `check` has found.
pub(super) struct Found<'f> {
    /// The files of the folder.
    pub files: &'f Files,
    /// What was read from them.
    pub runbook: &'f Runbook,
    /// What is wrong with the folder.
    pub diagnostics: &'f [Diagnostic],
    /// What the rules say.
    pub review: &'f Review,
}

/// Writes the document. Addresses are relative to the working folder where the runbook lies below it, so that a
/// scanner that starts at the top of a repository finds the files.
pub(super) fn document(found: &Found<'_>, folder: &Path, working: Option<&Path>) -> String {
    let base = Base::of(folder, working);
    let runs = vec![Writer::new(found, &base).run()];
    let schema = "https://json.schemastore.org/sarif-2.1.0.json";
    let log = Log { schema, version: "2.1.0", runs };
    serde_json::to_string_pretty(&log).expect("BUG: a SARIF document holds only texts and numbers") + "\n"
}

struct Writer<'f> {
    found: &'f Found<'f>,
    base: &'f Base,
    texts: BTreeMap<&'f str, Text<'f>>,
    /// How often each fingerprint has been given.
    given: HashMap<Digest, u32>,
}

impl<'f> Writer<'f> {
    fn new(found: &'f Found<'f>, base: &'f Base) -> Self {
        let cited = found.diagnostics.iter().map(|found| found.file.as_str());
        let cited = cited.chain(found.review.notes.iter().map(|note| note.place.file.as_str()));
        let mut texts = BTreeMap::new();
        for file in cited {
            texts.entry(file).or_insert_with(|| {
                let bytes = found.files.0.get(file).map_or(&[][..], Vec::as_slice);
                // What is not UTF-8 is shown as far as it is.
                let text = std::str::from_utf8(bytes).unwrap_or_else(|error| {
                    std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("BUG: valid up to here")
                });
                Text::of(text, is_script(file))
            });
        }
        Self { found, base, texts, given: HashMap::new() }
    }

    fn run(mut self) -> Run {
        let Found { files, runbook, diagnostics, review } = *self.found;
        let mut results: Vec<Finding> = diagnostics.iter().map(|found| self.diagnostic(found)).collect();
        results.extend(review.notes.iter().map(|note| self.note(note)));
        let version = env!("CARGO_PKG_VERSION");
        let rules = RULES.iter().map(rule).chain([folder_rule()]).collect();
        Run {
            tool: Tool { driver: Driver { name: "Countersign", version, semantic_version: version, rules } },
            invocations: vec![Invocation { execution_successful: true }],
            automation_details: (!runbook.id.is_empty())
                .then(|| AutomationDetails { id: format!("countersign/{}/", runbook.id) }),
            original_uri_base_ids: self.base.original(),
            artifacts: files.0.iter().map(|(path, bytes)| self.artifact(path, bytes)).collect(),
            results,
            column_kind: "unicodeCodePoints",
            properties: RunProperties {
                runbook: runbook.id.clone(),
                digest: runbook.digest.to_string(),
                with_catalog: review.with_catalog,
            },
        }
    }

    fn artifact(&self, path: &str, bytes: &[u8]) -> Artifact {
        Artifact {
            location: self.base.file(path, None),
            length: bytes.len(),
            roles: ["analysisTarget"],
            encoding: std::str::from_utf8(bytes).is_ok().then_some("UTF-8"),
            source_language: is_script(path).then_some("sql"),
            hashes: BTreeMap::from([("sha-256", Digest::of(bytes).to_string())]),
        }
    }

    fn note(&mut self, note: &Note) -> Finding {
        let level = match note.severity {
            Severity::Block => Level::Error,
            Severity::Hazard => Level::Warning,
            // The hazard stands; the author has accepted it.
            Severity::Note if note.waived.is_some() => Level::Warning,
            Severity::Note => Level::Note,
        };
        let accepted =
            |reason: &str| Suppression { kind: "external", status: "accepted", justification: reason.into() };
        let place = &note.place;
        let step = note.step.as_ref().map(ToString::to_string);
        let at = (place.line, place.column, place.statement);
        Finding {
            rule_index: RULES.iter().position(|rule| rule.name == note.rule),
            level,
            message: Message { text: format!("{} {}", note.message, note.way_out) },
            suppressions: note.waived.iter().map(|reason| accepted(reason)).collect(),
            properties: Some(FindingProperties {
                statement: (place.statement > 0).then_some(place.statement),
                step: step.clone(),
            }),
            ..self.finding(&note.rule, &place.file, at, &step.unwrap_or_default())
        }
    }

    fn diagnostic(&mut self, found: &Diagnostic) -> Finding {
        let level = match found.severity {
            DiagnosticSeverity::Error => Level::Error,
            DiagnosticSeverity::Warning => Level::Warning,
        };
        Finding {
            rule_index: Some(RULES.len()),
            level,
            message: Message { text: format!("{}. {}.", capital(&found.message), found.hint.trim_end_matches('.')) },
            ..self.finding(FOLDER_RULE, &found.file, (found.line, found.column, 0), &found.message)
        }
    }

    /// Fills in what depends on the place alone.
    fn finding(&mut self, rule: &str, file: &str, (line, column, statement): (u32, u32, u32), more: &str) -> Finding {
        let text = &self.texts[file];
        let span = text.span(line, column, statement);
        let whole = text.slice(text.span(0, 0, statement));
        // Neither line nor ordinal: what is moved is still the same finding.
        let same = [rule, file, more, whole, text.slice(span)].join("\0");
        let fingerprint = Digest::of(same.as_bytes());
        let times = self.given.entry(fingerprint).or_insert(0);
        *times += 1;
        let index = self.found.files.0.keys().position(|path| path == file);
        Finding {
            rule_id: rule.to_owned(),
            rule_index: None,
            level: Level::Error,
            message: Message { text: String::new() },
            locations: vec![Location {
                physical_location: PhysicalLocation {
                    artifact_location: self.base.file(file, index),
                    region: text.region(span),
                },
            }],
            partial_fingerprints: BTreeMap::from([("countersign/v1", format!("{fingerprint}:{times}"))]),
            suppressions: Vec::new(),
            properties: None,
        }
    }
}

fn is_script(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("sql"))
}

fn rule(info: &RuleInfo) -> Rule {
    let known = NOT_BLOCKING.iter().find(|(name, _)| *name == info.name);
    let help = info.help.trim();
    let first = help.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    Rule {
        id: info.name,
        short_description: Message { text: info.summary.to_owned() },
        full_description: Message { text: first },
        help: Help { text: help.to_owned(), markdown: markdown(info.summary, help) },
        default_configuration: Configuration { level: known.map_or(Level::Error, |(_, level)| *level) },
    }
}

fn folder_rule() -> Rule {
    rule(&RuleInfo {
        name: FOLDER_RULE,
        summary: "The runbook folder contradicts its format.",
        help: "runbook.toml, roster.toml and the files they name are read before any rule looks at a script. A key that is\n\
               missing or wrong, a name that nobody declares, or a question that is not one SELECT stands here. Nothing is sealed\n\
               from a runbook with an error.\n\n\
               What to do: mend the place named; FORMAT.md describes every key.",
    })
}

/// Writes a help page as Markdown: words outside backticks mean themselves.
fn markdown(summary: &str, help: &str) -> String {
    let mut out = String::from("**");
    escape(&mut out, summary);
    out += "**\n\n";
    escape(&mut out, help);
    out
}

fn escape(out: &mut String, text: &str) {
    let mut in_code = false;
    for letter in text.chars() {
        in_code ^= letter == '`';
        if !in_code && matches!(letter, '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '#') {
            out.push('\\');
        }
        out.push(letter);
    }
}

fn capital(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
