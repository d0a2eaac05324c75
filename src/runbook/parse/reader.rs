//! Takes TOML; gives values with their places; turns every wrong key, type and word into a diagnostic.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Files;
use crate::runbook::sql::place_of;
use crate::runbook::{Diagnostic, DiagnosticSeverity, Script};

/// Reads one TOML file and keeps what was wrong with it.
pub(super) struct Reader<'f> {
    file: &'static str,
    /// The file's text.
    pub text: &'f str,
    files: &'f Files,
    /// What was wrong.
    pub problems: Vec<Diagnostic>,
    /// Names that must exist, with the kind of thing they name and where they are written.
    pub references: Vec<Reference>,
    /// Where each thing was declared: kind, name, byte offset.
    pub declared: Vec<(&'static str, String, usize)>,
    /// The first place of each, by kind and name: a runbook may declare ten thousand checks.
    places: HashMap<&'static str, HashMap<String, usize>>,
}

/// A name that must exist.
pub(super) struct Reference {
    /// `step` or `object`.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// Where it is written.
    pub offset: usize,
}

/// A value and where it stands.
pub(super) struct At<T> {
    pub value: T,
    pub offset: usize,
}

/// A table with what it is called in messages.
#[derive(Clone)]
pub(super) struct Section<'t> {
    pub what: String,
    table: &'t DeTable<'t>,
    /// Where it begins.
    pub offset: usize,
}

impl<'f> Reader<'f> {
    pub fn new(file: &'static str, text: &'f str, files: &'f Files) -> Self {
        let places = HashMap::new();
        Self { file, text, files, problems: Vec::new(), references: Vec::new(), declared: Vec::new(), places }
    }

    /// Notes an error at a byte offset of this file.
    pub fn error(&mut self, offset: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.note(DiagnosticSeverity::Error, offset, message.into(), hint.into());
    }

    /// Notes a warning at a byte offset of this file.
    pub fn warn(&mut self, offset: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.note(DiagnosticSeverity::Warning, offset, message.into(), hint.into());
    }

    fn note(&mut self, severity: DiagnosticSeverity, offset: usize, message: String, hint: String) {
        let (line, column) = place_of(self.text, offset);
        self.problems.push(Diagnostic { file: self.file.to_owned(), line, column, severity, message, hint });
    }

    /// Notes an error in another file of the folder.
    pub fn error_in(&mut self, file: &str, line: u32, column: u32, message: String, hint: String) {
        let severity = DiagnosticSeverity::Error;
        self.problems.push(Diagnostic { file: file.to_owned(), line, column, severity, message, hint });
    }

    /// Notes what the TOML grammar refused.
    pub fn syntax(&mut self, error: &toml::de::Error) {
        let offset = error.span().map_or(0, |span: Range<usize>| span.start);
        self.error(
            offset,
            format!("this is not TOML: {}", error.message()),
            "Mend the line; the rest was read without it",
        );
    }

    /// Notes where a thing is declared; a second declaration of the same name is an error.
    pub fn declare(&mut self, kind: &'static str, name: &str, offset: usize) {
        self.declared.push((kind, name.to_owned(), offset));
        let places = self.places.entry(kind).or_default();
        let Some(first) = places.get(name).copied() else {
            places.insert(name.to_owned(), offset);
            return;
        };
        // Two checks may ask the same; everything else has a name of its own.
        if kind == "sql" {
            return;
        }
        let (line, _) = place_of(self.text, first);
        let hint = match kind {
            // D-29: an object belongs to exactly one class.
            "object" => "Keep one entry: an object belongs to exactly one class",
            _ => "Give it a name of its own, or remove it",
        };
        self.error(offset, format!("the {kind} `{name}` is declared twice, first in line {line}"), hint);
    }

    /// Returns whether a thing is declared.
    pub fn is_declared(&self, kind: &str, name: &str) -> bool {
        self.places.get(kind).is_some_and(|places| places.contains_key(name))
    }

    /// Returns where a thing is declared; the file's beginning when it is not.
    pub fn place(&self, kind: &str, name: &str) -> usize {
        self.places.get(kind).and_then(|places| places.get(name)).copied().unwrap_or(0)
    }

    /// Notes a name that must exist somewhere in this file.
    pub fn refer(&mut self, kind: &'static str, name: &At<String>) {
        self.references.push(Reference { kind, name: name.value.clone(), offset: name.offset });
    }

    /// Returns the text of another file of the folder.
    pub fn script(&mut self, path: &At<String>) -> Script {
        let text = match self.files.0.get(&path.value).map(|bytes| std::str::from_utf8(bytes)) {
            Some(Ok(text)) => text.to_owned(),
            Some(Err(error)) => {
                let message = format!("{} is not UTF-8 text (byte {})", path.value, error.valid_up_to() + 1);
                self.error(path.offset, message, "Save the file as UTF-8");
                String::new()
            }
            None => {
                let near = nearest(&path.value, self.files.0.keys().map(String::as_str));
                let hint = near.map_or_else(
                    || "Add the file to the folder, or write the path of one that is there, with `/`".to_owned(),
                    |near| format!("Write `{near}`, or add the file"),
                );
                self.error(path.offset, format!("the folder holds no file `{}`", path.value), hint);
                String::new()
            }
        };
        Script { path: path.value.clone(), text }
    }

    /// Reads a value as a table and refuses keys that are not known.
    pub fn section<'t>(&mut self, value: &'t Spanned<DeValue<'t>>, what: &str, known: &[&str]) -> Option<Section<'t>> {
        let offset = value.span().start;
        let Some(table) = value.get_ref().as_table() else {
            self.error(
                offset,
                format!("{what} is {}, not a table", kind_of(value)),
                format!("Write {what} as a table"),
            );
            return None;
        };
        let section = Section { what: what.to_owned(), table, offset };
        self.known(&section, known);
        Some(section)
    }

    /// Makes a section of the whole file.
    pub fn root<'t>(&mut self, table: &'t DeTable<'t>, known: &[&str]) -> Section<'t> {
        let section = Section { what: "the file".to_owned(), table, offset: 0 };
        self.known(&section, known);
        section
    }

    fn known(&mut self, section: &Section<'_>, known: &[&str]) {
        for key in section.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let hint = match nearest(key.get_ref(), known.iter().copied()) {
                Some(near) => format!("Write `{near}`, or remove it"),
                None => format!("Remove it; known here: {}", known.join(", ")),
            };
            self.error(key.span().start, format!("{} knows no key `{}`", section.what, key.get_ref()), hint);
        }
    }

    /// Returns a table inside a section; a missing one is an error.
    pub fn table<'t>(&mut self, section: &Section<'t>, key: &str, known: &[&str]) -> Option<Section<'t>> {
        if let Some(value) = section.value(key) {
            self.section(value, &format!("[{key}]"), known)
        } else {
            self.error(
                section.offset,
                format!("[{key}] is missing"),
                format!("Add [{key}] with: {}", known.join(", ")),
            );
            None
        }
    }

    /// Returns the tables of an array such as `[[step]]`, each with its known keys checked.
    pub fn tables<'t>(&mut self, section: &Section<'t>, key: &str, what: &str, known: &[&str]) -> Vec<Section<'t>> {
        let Some(value) = section.value(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            let message = format!("{what} is {}, not a list of tables", kind_of(value));
            self.error(value.span().start, message, format!("Write {what} as a list of tables"));
            return Vec::new();
        };
        list.iter().filter_map(|item| self.section(item, what, known)).collect()
    }

    /// Returns a text; a missing one is an error.
    pub fn text(&mut self, section: &Section<'_>, key: &str) -> Option<At<String>> {
        if section.value(key).is_none() {
            self.missing(section, key, "= \"…\"");
        }
        self.text_if(section, key)
    }

    /// Returns a text that may be missing.
    pub fn text_if(&mut self, section: &Section<'_>, key: &str) -> Option<At<String>> {
        let value = section.value(key)?;
        let text = self.as_text(value, &format!("`{key}` of {}", section.what))?;
        if text.value.trim().is_empty() {
            self.error(
                text.offset,
                format!("`{key}` of {} is empty", section.what),
                format!("Write {key} = \"…\" with something in it"),
            );
            return None;
        }
        Some(text)
    }

    /// Reads a value as text.
    pub fn as_text(&mut self, value: &Spanned<DeValue<'_>>, what: &str) -> Option<At<String>> {
        let offset = value.span().start;
        if let Some(text) = value.get_ref().as_str() {
            return Some(At { value: text.to_owned(), offset });
        }
        let written = self
            .text
            .get(value.span())
            .filter(|written| written.len() < 40 && !written.contains(['"', '\n']))
            .unwrap_or("…");
        self.error(
            offset,
            format!("{what} is {}, not text", kind_of(value)),
            format!("Write it in quotes: \"{written}\""),
        );
        None
    }

    /// Returns a list of texts; a missing one is empty.
    pub fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<At<String>> {
        let Some(value) = section.value(key) else { return Vec::new() };
        let what = format!("`{key}` of {}", section.what);
        let Some(list) = value.get_ref().as_array() else {
            self.error(
                value.span().start,
                format!("{what} is {}, not a list", kind_of(value)),
                format!("Write {key} = [\"…\"]"),
            );
            return Vec::new();
        };
        list.iter().filter_map(|item| self.as_text(item, &format!("an item of {what}"))).collect()
    }

    /// Returns a whole number of at least `least`; a missing one is an error.
    pub fn number(&mut self, section: &Section<'_>, key: &str, least: u64) -> Option<At<u64>> {
        if section.value(key).is_none() {
            self.missing(section, key, &format!("= {least}"));
        }
        self.number_if(section, key, least)
    }

    /// Returns a whole number that may be missing.
    pub fn number_if(&mut self, section: &Section<'_>, key: &str, least: u64) -> Option<At<u64>> {
        let value = section.value(key)?;
        let offset = value.span().start;
        let number = value.get_ref().as_integer();
        let number = number.and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        // 2^53: canonical JSON holds no larger number exactly.
        if let Some(value) = number.filter(|number| *number >= least && *number < 1 << 53) {
            Some(At { value, offset })
        } else {
            let message = format!("`{key}` of {} is not a whole number of at least {least}", section.what);
            self.error(offset, message, format!("Write {key} = {least} or more, without quotes"));
            None
        }
    }

    /// Returns a truth value; a missing one is false.
    pub fn truth(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(value) = section.value(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            let message = format!("`{key}` of {} is {}, not true or false", section.what, kind_of(value));
            self.error(value.span().start, message, format!("Write {key} = true or {key} = false"));
            false
        })
    }

    /// Returns a word out of a list; a missing or another word is an error.
    pub fn word<T: Copy>(&mut self, section: &Section<'_>, key: &str, words: &[(&str, T)]) -> Option<At<T>> {
        let text = self.text(section, key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(At { value: *value, offset: text.offset });
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(&text.value, known.iter().copied()) {
            Some(near) => format!("Write \"{near}\""),
            None => format!("Write one of: {}", known.join(", ")),
        };
        self.error(text.offset, format!("`{key}` of {} cannot be \"{}\"", section.what, text.value), hint);
        None
    }

    /// Returns a duration in milliseconds, at least `unit` of them and a multiple of `unit`; a missing one is an error.
    pub fn duration(&mut self, section: &Section<'_>, key: &str, unit: u64, most: u64) -> Option<u64> {
        if let Some(value) = section.value(key).filter(|value| value.get_ref().as_str().is_none()) {
            let message = format!("`{key}` of {} is {}, not text", section.what, kind_of(value));
            self.error(value.span().start, message, format!("Write it with its unit, in quotes: {key} = \"30s\""));
            return None;
        }
        let text = self.text(section, key)?;
        let millis = duration(&text.value).filter(|millis| *millis >= unit && millis % unit == 0 && *millis <= most);
        if millis.is_none() {
            let units = if unit == 1 { "ms, s, min or h" } else { "s, min or h" };
            let message = format!("`{key}` of {} cannot be \"{}\"", section.what, text.value);
            self.error(
                text.offset,
                message,
                format!("Write a whole number above 0 and a unit ({units}), such as \"30s\""),
            );
        }
        millis
    }

    /// Notes that a key is missing.
    pub fn missing(&mut self, section: &Section<'_>, key: &str, example: &str) {
        self.error(section.offset, format!("{} has no `{key}`", section.what), format!("Add {key} {example}"));
    }
}

impl<'t> Section<'t> {
    /// Returns a value with its place.
    pub fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Makes a section of a table inside this one, whose keys are free.
    pub fn inner(&self, value: &'t Spanned<DeValue<'t>>) -> Option<Section<'t>> {
        let table = value.get_ref().as_table()?;
        Some(Section { what: self.what.clone(), table, offset: value.span().start })
    }

    /// Returns every key and value.
    pub fn entries(&self) -> impl Iterator<Item = (&'t str, usize, &'t Spanned<DeValue<'t>>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value))
    }
}

fn duration(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

fn kind_of(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Returns the known word that a person may have meant: at most a third of its letters differ, or two swapped ones.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let letters = word.chars().count();
    let allowed = (letters / 3).max(if letters > 3 { 2 } else { 1 });
    known.map(|near| (distance(word, near), near)).filter(|(far, _)| *far <= allowed).min().map(|(_, near)| near)
}

/// Counts the letters to change, add or remove (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.chars().take(100).enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
