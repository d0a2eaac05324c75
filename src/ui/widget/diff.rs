//! Takes two texts; gives their lines side by side. Computed away from the window's thread, kept by digest.
//!
//! No deadline is set: on expiry the algorithm would answer "everything was replaced" without saying so.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, mpsc};

use eframe::egui::Context;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::sql::{Line, lines};
use crate::digest::Digest;

/// Two texts that are to be compared.
#[derive(Clone)]
pub struct DiffJob {
    /// The text on the left: before.
    pub old: Arc<str>,
    /// The text on the right: after.
    pub new: Arc<str>,
    /// Whether lines that differ in white space only are the same.
    pub blind_to_space: bool,
}

/// Identifies a difference by its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiffKey(Digest, Digest, bool);

/// What a row of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The same on both sides.
    Same,
    /// Only on the left.
    Removed,
    /// Only on the right.
    Added,
    /// Another text on the right.
    Changed,
}

/// One row: a line of each side, by number from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on the left.
    pub left: Option<usize>,
    /// The line on the right.
    pub right: Option<usize>,
    /// What it is.
    pub kind: RowKind,
}

/// Two texts, line by line. Lines are ranges of bytes with their colours, not copies.
pub struct Diff {
    /// The text on the left.
    pub old: Arc<str>,
    /// The text on the right.
    pub new: Arc<str>,
    /// The lines on the left.
    pub old_lines: Vec<Line>,
    /// The lines on the right.
    pub new_lines: Vec<Line>,
    /// Side by side.
    pub rows: Vec<Row>,
    /// The first row of each change.
    pub changes: Vec<usize>,
    /// The longest line of either side, in bytes.
    pub longest: usize,
}

impl DiffJob {
    /// Returns what identifies the difference.
    #[must_use]
    pub fn key(&self) -> DiffKey {
        DiffKey(Digest::of(self.old.as_bytes()), Digest::of(self.new.as_bytes()), self.blind_to_space)
    }

    /// Computes the difference.
    #[must_use]
    pub fn compute(self) -> Diff {
        let old_lines = lines(&self.old);
        let new_lines = lines(&self.new);
        let ops = if self.blind_to_space {
            let squeeze = |text: &str, lines: &[Line]| -> Vec<String> {
                let line_of = |line: &Line| text[line.bytes.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
                lines.iter().map(line_of).collect()
            };
            capture_diff_slices(Algorithm::Myers, &squeeze(&self.old, &old_lines), &squeeze(&self.new, &new_lines))
        } else {
            let old: Vec<&str> = old_lines.iter().map(|line| &self.old[line.bytes.clone()]).collect();
            let new: Vec<&str> = new_lines.iter().map(|line| &self.new[line.bytes.clone()]).collect();
            capture_diff_slices(Algorithm::Myers, &old, &new)
        };
        let rows = rows(&ops);
        let differs = |row: usize| rows[row].kind != RowKind::Same;
        let changes = (0..rows.len()).filter(|row| differs(*row) && (*row == 0 || !differs(row - 1))).collect();
        let longest = old_lines.iter().chain(&new_lines).map(|line| line.bytes.len()).max().unwrap_or(0);
        Diff { old: self.old, new: self.new, old_lines, new_lines, rows, changes, longest }
    }
}

fn rows(ops: &[DiffOp]) -> Vec<Row> {
    let mut rows = Vec::new();
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        let shared = old.len().min(new.len());
        let kind = if matches!(op, DiffOp::Equal { .. }) { RowKind::Same } else { RowKind::Changed };
        for at in 0..shared {
            rows.push(Row { left: Some(old.start + at), right: Some(new.start + at), kind });
        }
        rows.extend((old.start + shared..old.end).map(|line| Row {
            left: Some(line),
            right: None,
            kind: RowKind::Removed,
        }));
        rows.extend((new.start + shared..new.end).map(|line| Row {
            left: None,
            right: Some(line),
            kind: RowKind::Added,
        }));
    }
    rows
}

/// The longest line whose words are compared: a line of 243 KB would take 29 ms.
const WORDS_LIMIT: usize = 2_000;

/// Returns the bytes of each line that differ from the other, word by word; nothing for very long lines.
#[must_use]
pub fn word_marks(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > WORDS_LIMIT || new.len() > WORDS_LIMIT {
        return (Vec::new(), Vec::new());
    }
    let (old_words, new_words) = (words(old), words(new));
    let texts = |text: &str, words: &[Range<usize>]| -> Vec<String> {
        words.iter().map(|word| text[word.clone()].to_owned()).collect()
    };
    let ops = capture_diff_slices(Algorithm::Myers, &texts(old, &old_words), &texts(new, &new_words));
    let mut marks = (Vec::new(), Vec::new());
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let span = |words: &[Range<usize>], range: Range<usize>| {
            (!range.is_empty()).then(|| words[range.start].start..words[range.end - 1].end)
        };
        marks.0.extend(span(&old_words, op.old_range()));
        marks.1.extend(span(&new_words, op.new_range()));
    }
    marks
}

fn words(text: &str) -> Vec<Range<usize>> {
    let class = |letter: char| match letter {
        _ if letter.is_alphanumeric() || letter == '_' => 0,
        _ if letter.is_whitespace() => 1,
        _ => 2,
    };
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut before = 3;
    for (at, letter) in text.char_indices() {
        let kind = class(letter);
        let end = at + letter.len_utf8();
        match words.last_mut() {
            Some(word) if kind == before && kind != 2 => word.end = end,
            _ => words.push(at..end),
        }
        before = kind;
    }
    words
}

/// Differences that were computed, and those under way.
#[derive(Default)]
pub struct DiffCache {
    done: HashMap<DiffKey, Arc<Diff>>,
    order: Vec<DiffKey>,
    under_way: Vec<(DiffKey, mpsc::Receiver<Diff>)>,
}

/// How many differences are kept: two texts each, so a bound on memory.
const KEPT: usize = 16;

impl DiffCache {
    /// Returns a difference that is ready.
    #[must_use]
    pub fn get(&self, key: &DiffKey) -> Option<&Arc<Diff>> {
        self.done.get(key)
    }

    /// Starts computing on another thread, unless it is done or under way; the window is woken when it is ready.
    pub fn start(&mut self, job: DiffJob, context: &Context) {
        let key = job.key();
        if self.done.contains_key(&key) || self.under_way.iter().any(|(other, _)| *other == key) {
            return;
        }
        let (sender, receiver) = mpsc::channel();
        let context = context.clone();
        std::thread::spawn(move || {
            if sender.send(job.compute()).is_ok() {
                context.request_repaint();
            }
        });
        self.under_way.push((key, receiver));
    }

    /// Takes what has become ready.
    pub fn collect(&mut self) {
        let mut ready = Vec::new();
        self.under_way.retain(|(key, receiver)| match receiver.try_recv() {
            Ok(diff) => {
                ready.push((*key, Arc::new(diff)));
                false
            }
            Err(mpsc::TryRecvError::Empty) => true,
            Err(mpsc::TryRecvError::Disconnected) => false,
        });
        for (key, diff) in ready {
            if self.order.len() == KEPT {
                let oldest = self.order.remove(0);
                self.done.remove(&oldest);
            }
            self.order.push(key);
            self.done.insert(key, diff);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DiffJob, RowKind, word_marks};

    fn check(old: &str, new: &str, blind_to_space: bool, expect: &str) {
        let diff = DiffJob { old: old.into(), new: new.into(), blind_to_space }.compute();
        let signs = diff.rows.iter().map(|row| match row.kind {
            RowKind::Same => '=',
            RowKind::Removed => '-',
            RowKind::Added => '+',
            RowKind::Changed => '~',
        });
        assert_eq!(signs.collect::<String>(), expect, "{old:?} against {new:?}");
    }

    #[test]
    fn puts_lines_side_by_side() {
        check("a\nb\nc\n", "a\nb\nc\n", false, "===");
        check("a\nb\nc\n", "a\nc\n", false, "=-=");
        check("a\nc\n", "a\nb\nc\n", false, "=+=");
        check("a\nb\nc\n", "a\nB\nc\n", false, "=~=");
        check("a\n  b\n", "a\nb\n", false, "=~");
        check("a\n  b\n", "a\nb\n", true, "==");
        check("", "a\n", false, "+");
    }

    #[test]
    fn marks_the_words_that_differ() {
        let (old, new) = ("retired_at = now()", "retired_at = NULL");
        let (left, right) = word_marks(old, new);
        assert_eq!(left.iter().map(|range| &old[range.clone()]).collect::<String>(), "now()");
        assert_eq!(right.iter().map(|range| &new[range.clone()]).collect::<String>(), "NULL");
        assert_eq!(word_marks("same", "same"), (Vec::new(), Vec::new()));
    }
}
