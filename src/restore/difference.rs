//! Takes the lines in which the server tells the difference; gives rows side by side, their counts and one digest; refuses
//! lines it cannot read.
//!
//! The lines are COPY text: the change, then every column as the dump has it, then every column as it is. They come ordered
//! by key, so that the digest is the same whenever the difference is.

use sha2::{Digest as _, Sha256};

use super::{DifferenceSum, Restore};
use crate::digest::Digest;

/// The format name that the digest of a difference begins with.
pub const DIFFERENCE_FORMAT: &str = "countersign/difference/1";

/// What a row of the difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowChange {
    /// Only the dump has it: it is inserted.
    OnlyInDump,
    /// Only the table has it: it is deleted.
    OnlyLive,
    /// Only the table has it, and it stays: an unrelated later row.
    Kept,
    /// Both have it, with other values: it is updated.
    Changed,
}

impl RowChange {
    /// Every change, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Changed, Self::OnlyInDump, Self::OnlyLive, Self::Kept];

    /// Returns the word in the stream, and in machine-readable answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OnlyInDump => "only_in_dump",
            Self::OnlyLive => "only_live",
            Self::Kept => "kept",
            Self::Changed => "changed",
        }
    }

    /// Returns the words people read.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::OnlyInDump => "only in dump",
            Self::OnlyLive => "only live",
            Self::Kept => "only live, kept",
            Self::Changed => "changed",
        }
    }

    /// Reads the change at the beginning of a line.
    #[must_use]
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let word = line.split(|byte| matches!(byte, b'\t' | b'\n')).next()?;
        Self::ALL.into_iter().find(|change| change.word().as_bytes() == word)
    }
}

/// A row of the difference, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferenceRow {
    /// What it is.
    pub change: RowChange,
    /// As the dump has it, a value a column; empty when it has it not.
    pub dump: Vec<Option<String>>,
    /// As it is, a value a column; empty when it is not there.
    pub live: Vec<Option<String>>,
}

impl DifferenceRow {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is no line of a difference with so many columns.
    pub fn read(line: &[u8], columns: usize) -> Result<Self, String> {
        let change = RowChange::of_line(line).ok_or("the line names no change")?;
        let mut values = fields(line);
        if values.len() != 1 + 2 * columns {
            return Err(format!("the line has {} fields, expected {}", values.len(), 1 + 2 * columns));
        }
        let mut live = values.split_off(1 + columns);
        let mut dump = values.split_off(1);
        match change {
            RowChange::OnlyInDump => live.clear(),
            RowChange::OnlyLive | RowChange::Kept => dump.clear(),
            RowChange::Changed => {}
        }
        Ok(Self { change, dump, live })
    }

    /// Returns whether a column differs as text.
    #[must_use]
    pub fn differs(&self, column: usize) -> bool {
        self.change == RowChange::Changed && self.dump.get(column) != self.live.get(column)
    }
}

/// Splits a line of COPY text into its values; `None` is NULL.
#[must_use]
pub fn fields(line: &[u8]) -> Vec<Option<String>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.split(|byte| *byte == b'\t').map(|field| (field != b"\\N").then(|| unescaped(field))).collect()
}

fn unescaped(field: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter().copied();
    while let Some(byte) = rest.next() {
        let plain = if byte == b'\\' {
            match rest.next() {
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'v') => 11,
                Some(other) => other,
                None => b'\\',
            }
        } else {
            byte
        };
        bytes.push(plain);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How many bytes of a value are shown; a longer one is shown by its beginning, its length and its SHA-256.
pub(super) const VALUE_SHOWN: usize = 8192;

/// Returns whether a value is shown by its beginning, its length and its SHA-256 only.
#[must_use]
pub fn is_shortened(value: &str) -> bool {
    value.rsplit_once(" bytes, sha256 ").is_some_and(|(_, hex)| Digest::from_hex(hex).is_some())
}

/// Counts and digests a difference while it streams past.
#[derive(Clone, Debug)]
pub struct Tally {
    sum: DifferenceSum,
    kept: u64,
    digest: Sha256,
    trouble: Option<String>,
}

impl Tally {
    /// Begins: the digest binds the table, its columns and the scope as well as the rows.
    #[must_use]
    pub fn new(restore: &Restore) -> Self {
        let mut digest = Sha256::new();
        let head = format!(
            "{DIFFERENCE_FORMAT}\n{}\n{}\n{}\n{}\n",
            restore.table.quoted(),
            restore.columns.join("\t"),
            restore.key_columns.join("\t"),
            restore.scope.word(),
        );
        digest.update(head.as_bytes());
        let sum = DifferenceSum { only_in_dump: 0, only_live: 0, changed: 0, digest: Digest::of(b"") };
        Self { sum, kept: 0, digest, trouble: None }
    }

    /// Takes one line, its line feed included. What is kept is counted, and is no part of the digest: later rows come with
    /// the traffic.
    pub fn line(&mut self, line: &[u8]) {
        match RowChange::of_line(line) {
            Some(RowChange::OnlyInDump) => self.sum.only_in_dump += 1,
            Some(RowChange::OnlyLive) => self.sum.only_live += 1,
            Some(RowChange::Changed) => self.sum.changed += 1,
            Some(RowChange::Kept) => {
                self.kept += 1;
                return;
            }
            None => {
                self.trouble
                    .get_or_insert_with(|| "the server's difference holds a line that names no change".to_owned());
            }
        }
        self.digest.update(line);
    }

    /// Returns the sums, and how many rows are kept.
    ///
    /// # Errors
    /// When a line could not be read.
    pub fn end(mut self) -> Result<(DifferenceSum, u64), String> {
        self.sum.digest = Digest::from_bytes(self.digest.finalize().into());
        self.trouble.map_or(Ok((self.sum, self.kept)), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::document::tests::restore;

    fn check(line: &str, columns: usize, expected: &str) {
        let side = |values: &[Option<String>]| {
            let shown: Vec<&str> = values.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
            shown.join(",")
        };
        let found = match DifferenceRow::read(line.as_bytes(), columns) {
            Ok(row) => {
                let marks: String = (0..columns).map(|at| if row.differs(at) { '*' } else { '.' }).collect();
                format!("{} [{}] [{}] {marks}", row.change.in_words(), side(&row.dump), side(&row.live))
            }
            Err(reason) => reason,
        };
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn a_line_is_a_row_side_by_side() {
        check("changed\t1\ta\t1\tb\n", 2, "changed [1,a] [1,b] .*");
        check("only_in_dump\t1\ta\t\\N\t\\N\n", 2, "only in dump [1,a] [] ..");
        check("only_live\t\\N\t\\N\t1\t\\N\n", 2, "only live [] [1,NULL] ..");
        check("kept\t\\N\t7\n", 1, "only live, kept [] [7] .");
        check("changed\ta\\tb\\\\n\\n\t\t\\N\t\\\\N\n", 2, "changed [a\tb\\n\n,] [NULL,\\N] **");
        check("changed\t1\n", 1, "the line has 2 fields, expected 3");
        check("grown\t1\t1\n", 1, "the line names no change");
    }

    #[test]
    fn the_digest_binds_every_row_and_leaves_out_what_is_kept() {
        let sum = |restore: &Restore, lines: &[&str]| {
            let mut tally = Tally::new(restore);
            for line in lines {
                tally.line(line.as_bytes());
            }
            tally.end()
        };
        let (one, other) = (restore(), Restore { columns: vec!["id".to_owned(), "b".to_owned()], ..restore() });
        let lines = ["changed\t1\ta\t1\tb\n", "only_live\t\\N\t\\N\t2\t\\N\n"];
        let (found, kept) = sum(&one, &lines).unwrap();
        assert_eq!((found.only_in_dump, found.only_live, found.changed, kept), (0, 1, 1, 0));
        let with_kept = sum(&one, &[lines[0], "kept\t\\N\t\\N\t5\tx\n", lines[1]]).unwrap();
        assert_eq!(with_kept, (found, 1));
        for another in [sum(&one, &lines[..1]), sum(&one, &[lines[1], lines[0]]), sum(&other, &lines), sum(&one, &[])] {
            assert_ne!(another.unwrap().0.digest, found.digest);
        }
        assert!(sum(&one, &["?\t1\n"]).is_err());
    }

    #[test]
    fn a_long_value_is_known_by_its_digest() {
        let long = format!("xx… 100000 bytes, sha256 {}", Digest::of(b"x"));
        assert!(is_shortened(&long));
        assert!(!is_shortened("100 bytes, sha256 of it"));
    }
}
