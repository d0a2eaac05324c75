//! The shape of a SARIF 2.1.0 document, as far as this program fills it; it takes and refuses nothing.

use std::collections::BTreeMap;

use serde::Serialize;

/// The document.
#[derive(Serialize)]
pub(super) struct Log {
    /// Where the shape is written down.
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    /// The version of the shape.
    pub version: &'static str,
    /// The reviews in it: one.
    pub runs: Vec<Run>,
}

/// One review of one runbook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    /// What has looked.
    pub tool: Tool,
    /// That it came to an end.
    pub invocations: Vec<Invocation>,
    /// Which reviews belong together: those of one runbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation_details: Option<AutomationDetails>,
    /// What relative addresses are relative to, where the working folder is not it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub original_uri_base_ids: BTreeMap<&'static str, ArtifactLocation>,
    /// The files of the runbook.
    pub artifacts: Vec<Artifact>,
    /// What was found.
    pub results: Vec<Finding>,
    /// What a column counts.
    pub column_kind: &'static str,
    /// What the words above have no place for.
    pub properties: RunProperties,
}

/// What has looked.
#[derive(Serialize)]
pub(super) struct Tool {
    /// The program.
    pub driver: Driver,
}

/// The program.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The same, as semantic versioning reads it.
    pub semantic_version: &'static str,
    /// What it looks for.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    /// Its name.
    pub id: &'static str,
    /// One sentence.
    pub short_description: Message,
    /// A paragraph.
    pub full_description: Message,
    /// The help page.
    pub help: Help,
    /// How a result is shown when it does not say so itself.
    pub default_configuration: Configuration,
}

/// A help page.
#[derive(Serialize)]
pub(super) struct Help {
    /// As plain text.
    pub text: String,
    /// As Markdown.
    pub markdown: String,
}

/// How a rule's results are shown.
#[derive(Serialize)]
pub(super) struct Configuration {
    /// How loud.
    pub level: Level,
}

/// How loud a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// It blocks.
    Error,
    /// Somebody must acknowledge it.
    Warning,
    /// It is worth knowing.
    Note,
}

/// A text.
#[derive(Serialize)]
pub(super) struct Message {
    /// As plain text.
    pub text: String,
}

/// That the review came to an end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    /// Whether it looked at everything.
    pub execution_successful: bool,
}

/// Which reviews belong together.
#[derive(Serialize)]
pub(super) struct AutomationDetails {
    /// Their name, with a slash at its end.
    pub id: String,
}

/// A file of the runbook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Artifact {
    /// Where.
    pub location: ArtifactLocation,
    /// How many bytes.
    pub length: usize,
    /// Why it is here.
    pub roles: [&'static str; 1],
    /// Its character set, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// Its language, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_language: Option<&'static str>,
    /// SHA-256 of its bytes.
    pub hashes: BTreeMap<&'static str, String>,
}

/// Where a file is.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    /// The address, percent-encoded.
    pub uri: String,
    /// What it is relative to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_base_id: Option<&'static str>,
    /// Its place in the list of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

/// One thing that was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The rule's name.
    pub rule_id: String,
    /// Its place in the list of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_index: Option<usize>,
    /// How loud.
    pub level: Level,
    /// What, why, and what to do instead.
    pub message: Message,
    /// Where.
    pub locations: Vec<Location>,
    /// What stays the same when lines move.
    pub partial_fingerprints: BTreeMap<&'static str, String>,
    /// Who has accepted it, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
    /// What the words above have no place for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<FindingProperties>,
}

/// Where a thing was found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    /// In which file, and where in it.
    pub physical_location: PhysicalLocation,
}

/// A place in a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    /// The file.
    pub artifact_location: ArtifactLocation,
    /// The lines and columns.
    pub region: Region,
}

/// Lines and columns, from 1; the end is behind the last letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    /// The first line.
    pub start_line: u32,
    /// The first column.
    pub start_column: u32,
    /// The last line.
    pub end_line: u32,
    /// The column behind the last letter.
    pub end_column: u32,
}

/// Who has accepted a thing.
#[derive(Serialize)]
pub(super) struct Suppression {
    /// Where that is written: not in the script.
    pub kind: &'static str,
    /// That it counts.
    pub status: &'static str,
    /// Why.
    pub justification: String,
}

/// What is said of a review besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunProperties {
    /// The runbook's identifier.
    pub runbook: String,
    /// The runbook's digest.
    pub digest: String,
    /// Whether the live catalog was there to look at.
    pub with_catalog: bool,
}

/// What is said of a finding besides.
#[derive(Serialize)]
pub(super) struct FindingProperties {
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The statement's ordinal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<u32>,
}
