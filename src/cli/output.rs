//! What the command line prints: plain text for people, JSON for machines, errors on standard error.

use std::io::{IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::census::{Comparison, Reading, Row, Verdict};
use crate::runbook::letters::{Unseen, unseen};
use crate::session::{Failure, Progress};

/// Counts things: `1 step`, `2 steps`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// How this process prints.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// JSON instead of text.
    pub json: bool,
    /// Whether colour may be used: a terminal, and `NO_COLOR` is not set.
    pub colour: bool,
}

impl Output {
    /// Reads the terminal and `NO_COLOR`.
    #[must_use]
    pub fn new(json: bool, no_colour: bool) -> Self {
        Self { json, colour: !no_colour && std::io::stdout().is_terminal() }
    }

    /// Prints one of two, as asked.
    pub fn print(self, text: impl FnOnce() -> String, value: impl FnOnce() -> Value) {
        self.text(&if self.json { format!("{:#}\n", value()) } else { text() });
    }

    /// Prints a text that has its form already.
    pub fn text(self, out: &str) {
        let mut stdout = std::io::stdout();
        let written = stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush());
        // A closed pipe, such as `| head`, is no failure. A full disk is one, but what was done stays done: the exit code
        // tells of that alone.
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let _ = writeln!(std::io::stderr(), "warning: the output could not be written: {error}");
        }
    }

    /// Prints a failure: what happened, and what to do next.
    pub fn fail(self, failure: &Failure) {
        let message = if self.json {
            let code = failure.kind.exit_code();
            let kind = format!("{:?}", failure.kind);
            format!(
                "{}\n",
                json!({"error": {"kind": kind, "message": failure.message, "hint": failure.hint, "exit_code": code}})
            )
        } else {
            format!("error: {}\n  next: {}\n", failure.message, failure.hint)
        };
        let _ = std::io::stderr().write_all(message.as_bytes());
    }

    /// Prints progress for people, on standard error.
    pub fn progress(self, progress: &Progress) {
        if self.json {
            return;
        }
        let line = match progress {
            Progress::Passed(what) => format!("  ✓ {what}"),
            Progress::Sending { step, number, of } => format!("  … {step}: statement {number} of {of}"),
            Progress::Asked { done, of } => format!("  … {done} of {of} checks answered"),
            Progress::Answered(_) | Progress::VerifiedInside(_) => return,
            Progress::Committing => "  … COMMIT".to_owned(),
        };
        eprintln!("{line}");
    }

    /// Paints a verdict by shape, word and colour.
    #[must_use]
    pub fn verdict(self, verdict: Verdict) -> String {
        let (mark, colour) = match verdict {
            Verdict::Same => ("= same", "32"),
            Verdict::Grown => ("+ grown", "32"),
            Verdict::Drifted => ("≠ drifted", "31"),
            Verdict::Missing => ("∅ missing", "31"),
            Verdict::Blind => ("? blind", "33"),
        };
        if self.colour { format!("\x1b[{colour}m{mark}\x1b[0m") } else { mark.to_owned() }
    }
}

/// Shows a reading in one line.
#[must_use]
pub fn one_line(reading: &Reading) -> String {
    match reading {
        Reading::Value(None) => "absent".to_owned(),
        Reading::Value(Some(value)) => shorten(value),
        Reading::Blind(_) => "?".to_owned(),
    }
}

fn shorten(value: &str) -> String {
    cut(value, 32)
}

/// Writes a value in one line of so many letters.
fn cut(value: &str, letters: usize) -> String {
    let flat: String = value.chars().take(letters + 1).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let flat = visible(&flat);
    if value.chars().count() > letters {
        format!("{}…", flat.chars().take(letters - 1).collect::<String>())
    } else {
        flat
    }
}

/// How many letters are told of one thing that was added, dropped or altered.
const ALTERATION_LETTERS: usize = 160;

/// Lays out rows in columns, two spaces apart, the last one ragged.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| {
                let pad = if column + 1 == row.len() { 0 } else { widths[column] - cell.chars().count() };
                format!("{cell}{}", " ".repeat(pad))
            })
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// Prints a comparison for people.
#[must_use]
pub fn comparison_text(output: Output, comparison: &Comparison) -> String {
    let head = ["check", "baseline", "expected", "actual", "verdict"].map(str::to_owned).to_vec();
    let row = |row: &Row| {
        let remark = row.remark.as_ref().map_or(String::new(), |remark| format!("  ({remark})"));
        vec![
            row.id.to_string(),
            row.baseline.as_ref().map_or("-".to_owned(), one_line),
            shorten(&row.expected),
            one_line(&row.actual),
            format!("{}{}{remark}", output.verdict(row.verdict), off(row)),
        ]
    };
    let table: Vec<Vec<String>> = [head].into_iter().chain(comparison.rows.iter().map(row)).collect();
    let details: String = comparison.failures().map(details).collect();
    let failures = comparison.failures().count();
    let sum = if failures == 0 { "as expected".to_owned() } else { format!("{failures} not as expected") };
    format!("{}{details}{} checks, {sum}\n", columns(&table), comparison.rows.len())
}

/// Shows in full what the table had to shorten; nothing when it had not.
fn details(row: &Row) -> String {
    let actual = match &row.actual {
        Reading::Value(None) => return String::new(),
        Reading::Value(Some(value)) => value,
        Reading::Blind(reason) => reason,
    };
    if shorten(&row.expected) == row.expected && shorten(actual) == *actual {
        return String::new();
    }
    let lines =
        |mark: &str, text: &str| text.lines().map(|line| format!("    {mark} {}\n", visible(line))).collect::<String>();
    let altered: String =
        row.alterations().iter().map(|it| format!("    ≠ {}\n", cut(&it.words(), ALTERATION_LETTERS))).collect();
    // Rows are told by what differs between them: a fingerprint of a schema would fill the screen twice.
    if !altered.is_empty() && !row.key.is_empty() {
        return format!("{}: {}\n{altered}", row.id, row.title);
    }
    format!("{}: {}\n{altered}{}{}", row.id, row.title, lines("expected", &row.expected), lines("actual  ", actual))
}

/// By how much a count that is not as expected is off.
fn off(row: &Row) -> String {
    let is_off = matches!(row.verdict, Verdict::Drifted | Verdict::Missing);
    row.off_by().filter(|_| is_off).map_or_else(String::new, |off| format!(" {off:+}"))
}

/// Controls of a terminal that a value may hold are shown, not obeyed; so are letters that turn the text or cannot be seen.
#[must_use]
pub fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for letter in line.chars() {
        match unseen(letter) {
            _ if letter.is_control() => out.push('\u{fffd}'),
            Some(Unseen::Direction | Unseen::NoWidth | Unseen::Variation) => {
                out += &format!("\\u{{{:04x}}}", u32::from(letter));
            }
            Some(Unseen::Space | Unseen::Break | Unseen::Control) | None => out.push(letter),
        }
    }
    out
}

/// Prints a comparison for machines.
#[must_use]
pub fn comparison_json(comparison: &Comparison) -> Value {
    let rows: Vec<Value> = comparison
        .rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "title": row.title, "object": row.object, "sql": row.sql,
                "baseline": row.baseline.as_ref().map_or(Value::Null, reading_json),
                "expected": row.expected, "actual": reading_json(&row.actual),
                "verdict": row.verdict, "remark": row.remark, "off_by": row.off_by().map(|off| off.to_string()),
                "altered": row.alterations().iter().map(crate::census::Alteration::words).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"holds": comparison.holds(), "rows": rows})
}

/// A value as text, NULL as null, blindness as an object with its reason.
fn reading_json(reading: &Reading) -> Value {
    match reading {
        Reading::Value(value) => json!(value),
        Reading::Blind(reason) => json!({"blind": reason}),
    }
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_shown() {
        assert_eq!(super::visible("Nguyễn\u{202e}x\u{200b}\u{1b}[2J"), "Nguyễn\\u{202e}x\\u{200b}\u{fffd}[2J");
    }

    #[test]
    fn columns_line_up_whatever_the_alphabet() {
        let rows = [vec!["Nguyễn".to_owned(), "1".to_owned()], vec!["Lan".to_owned(), "22".to_owned()]];
        assert_eq!(columns(&rows), "Nguyễn  1\nLan     22\n");
    }
}
