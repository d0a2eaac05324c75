//! Takes the head and the data of a `COPY … FROM stdin` block; gives the table, its columns and exactly the rows; refuses
//! a block that does not end.

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::runbook::ObjectName;

/// The table and the columns of a COPY block, in the order of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyHeader {
    /// The table.
    pub table: ObjectName,
    /// Its columns.
    pub columns: Vec<String>,
}

impl CopyHeader {
    /// Reads `COPY schema.table (a, "B") FROM stdin;` as `pg_dump` writes it; anything else is `None`.
    #[must_use]
    pub fn read(statement: &str) -> Option<Self> {
        let rest = statement.trim().strip_suffix(';')?.trim_end().strip_prefix("COPY ")?;
        let (schema, rest) = name(rest.trim_start())?;
        let (table, rest) = name(rest.strip_prefix('.')?)?;
        let rest = rest.trim_start();
        let (columns, rest) = match rest.strip_prefix('(') {
            // A table without columns has an empty list, and pg_dump leaves it out.
            None => (Vec::new(), rest),
            Some(list) => columns(list)?,
        };
        (rest.trim() == "FROM stdin").then(|| Self { table: ObjectName::new(&schema, &table), columns })
    }
}

fn columns(mut rest: &str) -> Option<(Vec<String>, &str)> {
    let mut found = Vec::new();
    loop {
        let (column, after) = name(rest.trim_start())?;
        found.push(column);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(')') {
            return Some((found, after));
        }
        rest = after.strip_prefix(',')?;
    }
}

/// Reads one identifier, quoted or not.
fn name(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
        let end = text.find(|letter| !plain(letter)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut found = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            found.push(letter);
            continue;
        }
        let rest = &quoted[at + 1..];
        if !rest.starts_with('"') {
            return (!found.is_empty()).then_some((found, rest));
        }
        found.push('"');
        letters.next();
    }
    None
}

/// Cuts the rows of a COPY block out of a stream that is fed in pieces; a row of any length needs no memory.
///
/// Every line is a row, but the line `\.`, which ends the block. In COPY text a line feed inside a value is written `\n`, so
/// that a line is always a row.
#[derive(Debug)]
pub struct CopyRows {
    at: At,
    rows: u64,
    sum: Sha256,
}

/// Where in a line the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Backslash,
    Dot,
    Inside,
    Ended,
}

/// What a whole block held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyEnd {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the rows, line feeds included, the end mark left out.
    pub digest: Digest,
}

impl Default for CopyRows {
    fn default() -> Self {
        Self { at: At::Start, rows: 0, sum: Sha256::new() }
    }
}

impl CopyRows {
    /// Takes a piece; adds the bytes of rows to `out`, and returns how many bytes were taken: fewer than all when the block
    /// ended inside the piece.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> usize {
        let begun = out.len();
        let taken = self.cut(piece, out);
        self.sum.update(&out[begun..]);
        taken
    }

    fn cut(&mut self, piece: &[u8], out: &mut Vec<u8>) -> usize {
        let mut from = 0;
        let mut place = 0;
        while place < piece.len() {
            match (self.at, piece[place]) {
                (At::Ended, _) => return place,
                (At::Start, b'\\') => {
                    // Held back until it is known whether this is the end mark.
                    out.extend_from_slice(&piece[from..place]);
                    from = place + 1;
                    self.at = At::Backslash;
                }
                (At::Backslash, b'.') => {
                    from = place + 1;
                    self.at = At::Dot;
                }
                (At::Dot, b'\r') => from = place + 1,
                (At::Dot, b'\n') => {
                    self.at = At::Ended;
                    return place + 1;
                }
                (At::Backslash, byte) => {
                    out.push(b'\\');
                    from = place;
                    self.line_goes_on(byte);
                }
                (At::Dot, byte) => {
                    out.extend_from_slice(b"\\.");
                    from = place;
                    self.line_goes_on(byte);
                }
                (At::Start | At::Inside, _) => {
                    let end = piece[place..].iter().position(|byte| *byte == b'\n');
                    place = end.map_or(piece.len() - 1, |end| place + end);
                    self.line_goes_on(piece[place]);
                }
            }
            place += 1;
        }
        if from < piece.len() {
            out.extend_from_slice(&piece[from..]);
        }
        piece.len()
    }

    fn line_goes_on(&mut self, byte: u8) {
        if byte == b'\n' {
            self.rows += 1;
            self.at = At::Start;
        } else {
            self.at = At::Inside;
        }
    }

    /// Returns whether the end mark was met.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.at == At::Ended
    }

    /// Ends the block.
    ///
    /// # Errors
    /// When the stream ended before the block did: a dump that was cut.
    pub fn end(self) -> Result<CopyEnd, String> {
        if self.at != At::Ended {
            return Err(format!("the rows end after {} without their end mark; the dump was cut", self.rows));
        }
        Ok(CopyEnd { rows: self.rows, digest: Digest::from_bytes(self.sum.finalize().into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_head(statement: &str, expected: &str) {
        let found = CopyHeader::read(statement)
            .map_or_else(|| "none".to_owned(), |head| format!("{} {}", head.table, head.columns.join("|")));
        assert_eq!(found, expected, "{statement}");
    }

    #[test]
    fn the_head_of_a_block_is_read_as_pg_dump_writes_it() {
        check_head("COPY public.users (id, name) FROM stdin;\n", "public.users id|name");
        check_head("COPY \"My Schema\".\"T.a\"\"b\" (\"Id\", \"x, y)\") FROM stdin;", "My Schema.T.a\"b Id|x, y)");
        check_head("COPY public.nothing  FROM stdin;", "public.nothing ");
        check_head("COPY public.\u{e9}t\u{e9} (\u{e0}) FROM stdin;", "public.\u{e9}t\u{e9} \u{e0}");
        check_head("COPY users (id) FROM stdin;", "none");
        check_head("COPY public.users (id) TO stdout;", "none");
        check_head("COPY public.users (id FROM stdin;", "none");
        check_head("COPY public.users (id) FROM '/etc/passwd';", "none");
        check_head("INSERT INTO public.users VALUES (1);", "none");
    }

    /// Feeds the text in pieces of every size; the rows must come out the same.
    fn check_rows(text: &str, expected: &str, rows: u64, left: &str) {
        for size in 1..=text.len() {
            let (mut cutter, mut out, mut taken) = (CopyRows::default(), Vec::new(), 0);
            for piece in text.as_bytes().chunks(size) {
                let took = cutter.feed(piece, &mut out);
                taken += took;
                if took < piece.len() {
                    break;
                }
            }
            assert_eq!(String::from_utf8_lossy(&out), expected, "in pieces of {size}");
            assert_eq!(&text[taken..], left, "in pieces of {size}");
            let end = cutter.end().unwrap();
            assert_eq!((end.rows, end.digest), (rows, Digest::of(expected.as_bytes())), "in pieces of {size}");
        }
    }

    #[test]
    fn only_the_line_of_the_end_mark_ends_the_rows() {
        check_rows("1\ta\n2\t\\N\n\\.\n\nSELECT 1;\n", "1\ta\n2\t\\N\n", 2, "\nSELECT 1;\n");
        check_rows("\\.\n", "", 0, "");
        // A value that is `\.` is written `\\.`; a row that begins with a backslash is no end.
        check_rows("\\\\.\n\\N\n\\.x\n\\.\n", "\\\\.\n\\N\n\\.x\n", 3, "");
        check_rows("\n\n\\.\nrest", "\n\n", 2, "rest");
        check_rows("a\\.\n\\.\r\n", "a\\.\n", 1, "");
    }

    #[test]
    fn a_block_without_its_end_is_refused() {
        let mut cutter = CopyRows::default();
        cutter.feed(b"1\n2\n\\.", &mut Vec::new());
        assert!(cutter.end().unwrap_err().contains("after 2"));
    }
}
