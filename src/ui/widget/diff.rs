//! Takes two texts; gives their lines side by side. Computed away from the window's thread, kept by digest.
//!
//! No deadline is set: on expiry the algorithm would answer "everything was replaced" without saying so.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use eframe::egui::Context;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::sql::{Line, Piece, line_bytes, lines};
use crate::digest::Digest;

/// Two texts that are to be compared.
#[derive(Clone)]
pub struct DiffJob {
    /// The text on the left: before.
    pub old: Arc<str>,
    /// The text on the right: after.
    pub new: Arc<str>,
    /// What does not count as a difference.
    pub ignoring: Ignoring,
    /// Whether blocks that only stand elsewhere are told apart.
    pub finds_moved: bool,
}

/// What does not count as a difference between two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ignoring {
    /// Everything counts.
    #[default]
    Nothing,
    /// White space does not.
    Space,
    /// White space outside literals and the case of SQL's own words do not.
    SqlForm,
}

impl Ignoring {
    /// Every choice, with its words.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Nothing, "Every letter"), (Self::Space, "Ignore white space"), (Self::SqlForm, "Ignore SQL form")];
}

/// Identifies a difference by its texts and by how they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiffKey(Digest, Digest, Ignoring, bool);

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
    /// Whether the same line stands elsewhere on the other side, as part of a block that was moved.
    pub moved: bool,
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
        DiffKey(Digest::of(self.old.as_bytes()), Digest::of(self.new.as_bytes()), self.ignoring, self.finds_moved)
    }

    /// Computes the difference.
    #[must_use]
    pub fn compute(self) -> Diff {
        self.compute_unless(&AtomicBool::new(false))
    }

    /// Computes the difference; unwinds, without a word, as soon as it sees that nobody wants it any more.
    fn compute_unless(self, given_up: &AtomicBool) -> Diff {
        // The colours of a line and what differs do not need each other, unless the form of SQL is ignored.
        let ((old_lines, new_lines), mut rows, compared) = std::thread::scope(|scope| {
            let left = scope.spawn(|| lines(&self.old));
            let (right, found) = match self.ignoring {
                Ignoring::Nothing | Ignoring::Space => {
                    let right = scope.spawn(|| lines(&self.new));
                    let compared = (self.plain(&self.old, given_up), self.plain(&self.new, given_up));
                    let found = rows(&capture_diff_slices(Algorithm::Myers, &compared.0, &compared.1));
                    (right.join(), Some((found, compared)))
                }
                Ignoring::SqlForm => (Ok(lines(&self.new)), None),
            };
            let read = (left.join().unwrap_or_else(resume), right.unwrap_or_else(resume));
            let (found, compared) = found.unwrap_or_else(|| {
                let form = |text: &str, lines: &[Line]| -> Vec<Compared<'_>> {
                    lines.iter().map(|line| Compared { text: Cow::Owned(sql_form(text, line)), given_up }).collect()
                };
                let compared = (form(&self.old, &read.0), form(&self.new, &read.1));
                (rows(&capture_diff_slices(Algorithm::Myers, &compared.0, &compared.1)), compared)
            });
            (read, found, compared)
        });
        if self.finds_moved {
            mark_moved(&mut rows, &compared.0, &compared.1);
        }
        let differs = |row: usize| rows[row].kind != RowKind::Same;
        let changes = (0..rows.len()).filter(|row| differs(*row) && (*row == 0 || !differs(row - 1))).collect();
        let longest = old_lines.iter().chain(&new_lines).map(|line| line.bytes.len()).max().unwrap_or(0);
        drop(compared);
        Diff { old: self.old, new: self.new, old_lines, new_lines, rows, changes, longest }
    }

    /// Returns the lines of a text as they are compared, where that needs no knowledge of SQL.
    fn plain<'t>(&self, text: &'t str, given_up: &'t AtomicBool) -> Vec<Compared<'t>> {
        let line = |bytes: Range<usize>| {
            let line = &text[bytes];
            let text = if self.ignoring == Ignoring::Space {
                Cow::Owned(line.split_whitespace().collect::<Vec<_>>().join(" "))
            } else {
                Cow::Borrowed(line)
            };
            Compared { text, given_up }
        };
        line_bytes(text).into_iter().map(line).collect()
    }
}

/// A line as it is compared. The algorithm has no other place where it could be stopped than the comparison of two lines.
struct Compared<'t> {
    text: Cow<'t, str>,
    given_up: &'t AtomicBool,
}

impl PartialEq for Compared<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.given_up.load(Ordering::Relaxed) {
            resume::<()>(Box::new("nobody wants this difference any more"));
        }
        self.text == other.text
    }
}

impl Eq for Compared<'_> {}

impl Hash for Compared<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Unwinds as the panic of another thread does, without a message of its own.
fn resume<T>(panic: Box<dyn std::any::Any + Send>) -> T {
    std::panic::resume_unwind(panic)
}

fn rows(ops: &[DiffOp]) -> Vec<Row> {
    let mut rows = Vec::new();
    for op in ops {
        let (old, new) = (op.old_range(), op.new_range());
        let shared = old.len().min(new.len());
        let kind = if matches!(op, DiffOp::Equal { .. }) { RowKind::Same } else { RowKind::Changed };
        for at in 0..shared {
            rows.push(Row { left: Some(old.start + at), right: Some(new.start + at), kind, moved: false });
        }
        rows.extend((old.start + shared..old.end).map(|line| Row {
            left: Some(line),
            right: None,
            kind: RowKind::Removed,
            moved: false,
        }));
        rows.extend((new.start + shared..new.end).map(|line| Row {
            left: None,
            right: Some(line),
            kind: RowKind::Added,
            moved: false,
        }));
    }
    rows
}

/// A line as it is compared when the form of SQL does not count.
fn sql_form(text: &str, line: &Line) -> String {
    // A piece is a word, a literal, or what stands between them: only what stands in no literal may be written another way.
    let mut out = String::new();
    let mut is_apart = false;
    for (bytes, kind) in &line.pieces {
        let piece = &text[bytes.clone()];
        match kind {
            Piece::Text | Piece::Parameter | Piece::Comment => {
                if std::mem::take(&mut is_apart) && !out.is_empty() {
                    out.push(' ');
                }
                out += piece;
            }
            Piece::Plain | Piece::Keyword | Piece::Number => {
                for letter in piece.chars() {
                    if letter.is_whitespace() {
                        is_apart = true;
                        continue;
                    }
                    if std::mem::take(&mut is_apart) && !out.is_empty() {
                        out.push(' ');
                    }
                    // A name in double quotes is plain here, and its case counts.
                    if *kind == Piece::Keyword { out.extend(letter.to_lowercase()) } else { out.push(letter) }
                }
            }
        }
    }
    out
}

/// The fewest lines that are called a moved block: a closing bracket by itself stands everywhere.
const LEAST_MOVED: usize = 3;

/// Marks removed lines that were added elsewhere in one piece, and those additions.
fn mark_moved(rows: &mut [Row], old: &[Compared<'_>], new: &[Compared<'_>]) {
    let mut added: HashMap<&str, Vec<usize>> = HashMap::new();
    let text = |row: &Row| match row.kind {
        RowKind::Removed => row.left.map(|line| &*old[line].text),
        RowKind::Added => row.right.map(|line| &*new[line].text),
        RowKind::Same | RowKind::Changed => None,
    };
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.kind == RowKind::Added) {
        if let Some(line) = text(row) {
            added.entry(line).or_default().push(at);
        }
    }
    let mut at = 0;
    while at < rows.len() {
        let run = |to: usize| {
            let same = |by: usize| {
                let (from, into) = (rows.get(at + by), rows.get(to + by));
                let pair = from
                    .zip(into)
                    .filter(|(from, into)| from.kind == RowKind::Removed && into.kind == RowKind::Added && !into.moved);
                pair.is_some_and(|(from, into)| text(from) == text(into))
            };
            (0..rows.len() - at).take_while(|by| same(*by)).count()
        };
        let places = match rows[at].kind {
            RowKind::Removed => text(&rows[at]).and_then(|line| added.get(line)).cloned().unwrap_or_default(),
            RowKind::Same | RowKind::Added | RowKind::Changed => Vec::new(),
        };
        // A line that stands in very many places tells nothing about where a block went.
        let best = places.into_iter().take(64).map(|to| (run(to), to)).max();
        match best {
            Some((length, to)) if length >= LEAST_MOVED => {
                for by in 0..length {
                    (rows[at + by].moved, rows[to + by].moved) = (true, true);
                }
                at += length;
            }
            Some(_) | None => at += 1,
        }
    }
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
    under_way: Vec<UnderWay>,
}

/// A difference that is being computed.
struct UnderWay {
    key: DiffKey,
    answer: mpsc::Receiver<Diff>,
    given_up: Arc<AtomicBool>,
    /// Frames in which nobody asked for it.
    unasked: u8,
}

/// After so many frames in which nobody asked for it, a difference is given up.
const UNASKED: u8 = 3;
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
        if let Some(known) = self.under_way.iter_mut().find(|other| other.key == key) {
            known.unasked = 0;
            return;
        }
        if self.done.contains_key(&key) {
            return;
        }
        let (sender, answer) = mpsc::channel();
        let (context, given_up) = (context.clone(), Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&given_up);
        std::thread::spawn(move || {
            if sender.send(job.compute_unless(&flag)).is_ok() {
                context.request_repaint();
            }
        });
        self.under_way.push(UnderWay { key, answer, given_up, unasked: 0 });
    }

    /// Takes what has become ready.
    pub fn collect(&mut self) {
        let mut ready = Vec::new();
        self.under_way.retain_mut(|known| match known.answer.try_recv() {
            Ok(diff) => {
                ready.push((known.key, Arc::new(diff)));
                false
            }
            // Whoever shows it asks again in each frame; where nobody does, it is computed for nothing.
            Err(mpsc::TryRecvError::Empty) => {
                known.unasked = known.unasked.saturating_add(1);
                known.given_up.store(known.unasked > UNASKED, Ordering::Relaxed);
                true
            }
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
    use super::{DiffJob, Ignoring, RowKind, word_marks};

    fn check(old: &str, new: &str, ignoring: Ignoring, expect: &str) {
        let diff = DiffJob { old: old.into(), new: new.into(), ignoring, finds_moved: true }.compute();
        let signs = diff.rows.iter().map(|row| match (row.kind, row.moved) {
            (RowKind::Same, _) => '=',
            (RowKind::Removed, false) => '-',
            (RowKind::Added, false) => '+',
            (RowKind::Removed, true) => '<',
            (RowKind::Added, true) => '>',
            (RowKind::Changed, _) => '~',
        });
        assert_eq!(signs.collect::<String>(), expect, "{old:?} against {new:?}");
    }

    #[test]
    fn puts_lines_side_by_side() {
        let every = Ignoring::Nothing;
        check("a\nb\nc\n", "a\nb\nc\n", every, "===");
        check("a\nb\nc\n", "a\nc\n", every, "=-=");
        check("a\nc\n", "a\nb\nc\n", every, "=+=");
        check("a\nb\nc\n", "a\nB\nc\n", every, "=~=");
        check("a\n  b\n", "a\nb\n", every, "=~");
        check("a\n  b\n", "a\nb\n", Ignoring::Space, "==");
        check("", "a\n", every, "+");
    }

    #[test]
    fn the_form_of_sql_is_ignored_outside_literals_alone() {
        let form = Ignoring::SqlForm;
        check("select  a  from t\n", "SELECT a FROM t\n", form, "=");
        check("select a from t\n", "SELECT A FROM t\n", form, "~");
        check("select 'a  b'\n", "SELECT 'a b'\n", form, "~");
        check("select 'SELECT'\n", "SELECT 'select'\n", form, "~");
        check("select \"A\"\n", "select \"a\"\n", form, "~");
        check("select $$A  b$$\n", "select $$A b$$\n", form, "~");
        check("select 1 -- Why\n", "SELECT  1 -- why\n", form, "~");
        check("select a,b\n", "select a, b\n", form, "~");
    }

    #[test]
    fn a_block_that_stands_elsewhere_is_told_apart() {
        let every = Ignoring::Nothing;
        check("a\nb\nc\nx\ny\nz\nq\n", "x\ny\nz\nq\na\nb\nc\n", every, "<<<====>>>");
        // Two lines are no block.
        check("a\nb\nx\ny\nz\n", "x\ny\nz\na\nb\n", every, "--===++");
        // Nothing moves when it is not asked for.
        let diff = DiffJob {
            old: "a\nb\nc\nx\ny\nz\nq".into(),
            new: "x\ny\nz\nq\na\nb\nc".into(),
            ignoring: every,
            finds_moved: false,
        };
        assert!(diff.compute().rows.iter().all(|row| !row.moved));
    }

    #[test]
    fn marks_the_words_that_differ() {
        let (old, new) = ("retired_at = now()", "retired_at = NULL");
        let (left, right) = word_marks(old, new);
        assert_eq!(left.iter().map(|range| &old[range.clone()]).collect::<String>(), "now()");
        assert_eq!(right.iter().map(|range| &new[range.clone()]).collect::<String>(), "NULL");
        assert_eq!(word_marks("same", "same"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_nobody_asks_for_any_more_is_given_up() {
        let text = |seed: usize| -> std::sync::Arc<str> {
            (0..20_000).map(|line| format!("{}\n", line * seed % 7919)).collect::<String>().into()
        };
        let job = DiffJob { old: text(3), new: text(5), ignoring: Ignoring::Nothing, finds_moved: false };
        let given_up = std::sync::atomic::AtomicBool::new(true);
        let computed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.clone().compute_unless(&given_up)));
        assert!(computed.is_err(), "it went on though nobody wants it");
        let small = DiffJob { old: text(3)[..60].into(), new: text(3)[..80].into(), ..job.clone() };
        // A cache that is asked in each frame gets its answer; one that is not lets it go.
        let context = eframe::egui::Context::default();
        let mut cache = super::DiffCache::default();
        while cache.get(&small.key()).is_none() {
            cache.start(small.clone(), &context);
            cache.collect();
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        cache.start(job, &context);
        let flag = std::sync::Arc::clone(&cache.under_way[0].given_up);
        let is_given_up = || flag.load(std::sync::atomic::Ordering::Relaxed);
        (0..super::UNASKED).for_each(|_| cache.collect());
        assert!(!is_given_up());
        cache.collect();
        assert!(is_given_up());
    }
}
