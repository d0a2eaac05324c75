//! Takes the text of a plain dump in pieces; gives what it says of itself and where COPY blocks begin and end; refuses to
//! take the text of a function or a string for one.
//!
//! A dump is a script for psql. Outside of COPY blocks it is SQL, and a function's body may hold any line, also one that
//! looks like the head of a block. So quotes, dollar quotes and comments are followed across lines.

use super::{CopyHeader, CopyRows};

/// How much of a line is kept to look at. The head of a block with 1,600 columns fits.
const LINE_KEPT: usize = 256 * 1024;

/// Follows the text of a plain dump.
#[derive(Debug)]
pub struct PlainScanner {
    quote: Quote,
    at_line_start: Quote,
    line: Vec<u8>,
    rows: Option<CopyRows>,
    facts: PlainFacts,
}

/// What a plain dump says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainFacts {
    /// The version of the server it was taken from.
    pub server_version: Option<String>,
    /// The version of the `pg_dump` that took it.
    pub dump_version: Option<String>,
    /// When it was taken; only with --verbose.
    pub taken_at: Option<String>,
    /// The encoding of its text.
    pub encoding: Option<String>,
}

/// Something the text came to.
#[derive(Debug)]
pub enum PlainEvent {
    /// A COPY block begins behind this place.
    Begins(CopyHeader),
    /// The COPY block ended.
    Ends(CopyRows),
    /// A table's data is written as INSERT statements.
    Inserts(crate::runbook::ObjectName),
}

/// What the text stands inside of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Quote {
    /// Nothing: a statement may begin.
    None,
    /// Somewhere in a statement.
    Statement,
    /// A string; with backslashes or without.
    Single { escapes: bool },
    /// A quoted name.
    Double,
    /// A dollar-quoted text with this tag.
    Dollar(Vec<u8>),
    /// A comment, so many levels deep.
    Comment(u32),
}

impl Default for PlainScanner {
    fn default() -> Self {
        Self {
            quote: Quote::None,
            at_line_start: Quote::None,
            line: Vec::new(),
            rows: None,
            facts: PlainFacts::default(),
        }
    }
}

impl PlainScanner {
    /// Takes a piece of the text; adds the bytes of rows to `rows`; returns how many bytes were taken, and what was come to.
    pub fn feed(&mut self, piece: &[u8], rows: &mut Vec<u8>) -> (usize, Option<PlainEvent>) {
        if let Some(mut cutter) = self.rows.take() {
            let taken = cutter.feed(piece, rows);
            if cutter.has_ended() {
                return (taken, Some(PlainEvent::Ends(cutter)));
            }
            self.rows = Some(cutter);
            return (taken, None);
        }
        let mut place = 0;
        while let Some(end) = piece[place..].iter().position(|byte| *byte == b'\n') {
            self.keep(&piece[place..place + end]);
            place += end + 1;
            if let Some(event) = self.line_ended() {
                return (place, Some(event));
            }
        }
        self.keep(&piece[place..]);
        (piece.len(), None)
    }

    /// Returns what the dump said of itself so far.
    #[must_use]
    pub fn facts(&self) -> &PlainFacts {
        &self.facts
    }

    /// Returns whether the text may end here: no block and no quote is open.
    #[must_use]
    pub fn may_end(&self) -> bool {
        self.rows.is_none() && matches!(self.quote, Quote::None | Quote::Statement)
    }

    fn keep(&mut self, part: &[u8]) {
        self.line.extend_from_slice(part);
        // A longer line is no head of a block, but its quotes count: it is followed while it comes.
        if self.line.len() > LINE_KEPT {
            let long = std::mem::take(&mut self.line);
            // Cut behind a space, so that no quote is cut in two; where there is none, behind a letter of a long word.
            let behind = |byte: &u8| *byte == b' ' || (long.len() > 4 * LINE_KEPT && byte.is_ascii_digit());
            let end = long.iter().rposition(behind).map_or(0, |at| at + 1);
            self.follow(&long[..end]);
            self.line = long[end..].to_vec();
            if end > 0 {
                self.at_line_start = Quote::Statement;
            }
        }
    }

    fn line_ended(&mut self) -> Option<PlainEvent> {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let began = std::mem::replace(&mut self.at_line_start, Quote::None);
        let mut event = None;
        if began == Quote::None {
            // psql's own lines, such as \restrict and \connect, are no SQL.
            if line.first() == Some(&b'\\') {
                return None;
            }
            let text = String::from_utf8_lossy(&line);
            if let Some(head) = CopyHeader::read(&text) {
                self.rows = Some(CopyRows::default());
                return Some(PlainEvent::Begins(head));
            }
            self.facts.hear(&text);
            event = text.strip_prefix("INSERT INTO ").and_then(|rest| {
                // Read by the same reader: the head of a block without its columns.
                let name = rest.split_once(" VALUES").map_or(rest, |(name, _)| name);
                let name = name.split_once(" (").map_or(name, |(name, _)| name);
                let name = name.trim_end_matches(" OVERRIDING SYSTEM VALUE");
                CopyHeader::read(&format!("COPY {name} FROM stdin;")).map(|head| PlainEvent::Inserts(head.table))
            });
        }
        self.follow(&line);
        self.follow(b"\n");
        self.at_line_start = self.quote.clone();
        event
    }

    /// Follows quotes and comments through a text.
    fn follow(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let taken = match &mut self.quote {
                Quote::None | Quote::Statement => self.outside(rest, text[..at].last().copied()),
                Quote::Single { escapes } => match rest {
                    [b'\\', _, ..] if *escapes => 2,
                    [b'\'', b'\'', ..] => 2,
                    [b'\'', ..] => {
                        self.quote = Quote::Statement;
                        1
                    }
                    _ => 1,
                },
                Quote::Double => {
                    if rest[0] == b'"' {
                        self.quote = Quote::Statement;
                    }
                    1
                }
                Quote::Dollar(tag) => {
                    let length = tag.len();
                    if rest.starts_with(tag) {
                        self.quote = Quote::Statement;
                        length
                    } else {
                        1
                    }
                }
                Quote::Comment(depth) => match rest {
                    [b'/', b'*', ..] => {
                        *depth += 1;
                        2
                    }
                    [b'*', b'/', ..] => {
                        *depth -= 1;
                        if *depth == 0 {
                            self.quote = Quote::Statement;
                        }
                        2
                    }
                    _ => 1,
                },
            };
            at += taken;
        }
    }

    fn outside(&mut self, rest: &[u8], before: Option<u8>) -> usize {
        match rest {
            [b'-', b'-', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', ..] => {
                self.quote = Quote::Comment(1);
                2
            }
            [b'\'', ..] => {
                self.quote = Quote::Single { escapes: matches!(before, Some(b'E' | b'e')) };
                1
            }
            [b'"', ..] => {
                self.quote = Quote::Double;
                1
            }
            // A dollar inside a name begins nothing.
            [b'$', ..] if !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80) => {
                let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                let end = 1 + rest[1..].iter().take_while(|byte| word(byte)).count();
                if rest.get(end) == Some(&b'$') && !rest[1].is_ascii_digit() {
                    self.quote = Quote::Dollar(rest[..=end].to_vec());
                    end + 1
                } else {
                    1
                }
            }
            [b';', ..] => {
                self.quote = Quote::None;
                1
            }
            [byte, ..] => {
                if !byte.is_ascii_whitespace() {
                    self.quote = Quote::Statement;
                }
                1
            }
            [] => 1,
        }
    }
}

impl PlainFacts {
    /// Hears what `pg_dump` writes in its head.
    fn hear(&mut self, line: &str) {
        let said = |mark: &str| line.strip_prefix(mark).map(|text| text.trim().to_owned());
        if let Some(version) = said("-- Dumped from database version ") {
            self.server_version.get_or_insert(version);
        } else if let Some(version) = said("-- Dumped by pg_dump version ") {
            self.dump_version.get_or_insert(version);
        } else if let Some(time) = said("-- Started on ") {
            self.taken_at.get_or_insert(time);
        } else if let Some(encoding) = said("SET client_encoding = '") {
            self.encoding.get_or_insert(encoding.trim_end_matches("';").to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the blocks as `table columns: rows`, whatever the size of the pieces.
    fn check(text: &str, expected: &str) {
        for size in [1, 2, 3, 7, 64, text.len().max(1)] {
            let (mut scanner, mut found, mut open) = (PlainScanner::default(), Vec::new(), None);
            let mut rows = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                let mut from = 0;
                while from < piece.len() {
                    let (taken, event) = scanner.feed(&piece[from..], &mut rows);
                    from += taken;
                    match event {
                        None => {}
                        Some(PlainEvent::Begins(head)) => {
                            open = Some(head);
                            rows.clear();
                        }
                        Some(PlainEvent::Ends(_)) => {
                            let head = open.take().unwrap();
                            let rows = String::from_utf8_lossy(&rows).replace('\n', "/");
                            found.push(format!("{} {}: {rows}", head.table, head.columns.join("|")));
                        }
                        Some(PlainEvent::Inserts(table)) => found.push(format!("{table} inserts")),
                    }
                }
            }
            assert!(scanner.may_end(), "in pieces of {size}");
            assert_eq!(found.join("; "), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn blocks_are_found_between_statements() {
        check(
            "--\n-- PostgreSQL database dump\n--\n\\restrict x'\nSET a = 'b';\n\nCOPY public.t (a, b) FROM stdin;\n1\t'\n2\t$$\n\\.\n\nSELECT 1;\nCOPY public.u (c) FROM stdin;\n\\.\n",
            "public.t a|b: 1\t'/2\t$$/; public.u c: ",
        );
    }

    #[test]
    fn a_head_inside_a_text_is_no_block() {
        let block = "\nCOPY public.t (a) FROM stdin;\n1\n\\.\n";
        check(&format!("CREATE FUNCTION f() RETURNS void AS $_$ BEGIN{block}$_$;\n"), "");
        check(&format!("COMMENT ON TABLE t IS 'it''s{block}';\n"), "");
        check(&format!("COMMENT ON TABLE t IS E'it\\'s{block}';\n"), "");
        check(&format!("CREATE TABLE \"a{block}\" (b int);\n"), "");
        check(&format!("/* /* deep */ {block} */\n"), "");
        check(&format!("CREATE VIEW v AS SELECT 1{block}"), "");
        // Their innocent twins: what was opened is closed.
        check(&format!("CREATE FUNCTION f() AS $_$ $a$ $_$;{block}"), "public.t a: 1/");
        check(&format!("COMMENT ON TABLE t IS 'it''s';{block}"), "public.t a: 1/");
        check(&format!("-- it's{block}"), "public.t a: 1/");
        check(&format!("COMMENT ON TABLE a$b IS E'\\\\';{block}"), "public.t a: 1/");
    }

    #[test]
    fn insert_statements_are_named() {
        check("INSERT INTO public.t VALUES (1, 'COPY');\n", "public.t inserts");
        check("INSERT INTO public.\"T t\" (a, b) OVERRIDING SYSTEM VALUE VALUES (1, 2);\n", "public.T t inserts");
        check("INSERT INTO public.t OVERRIDING SYSTEM VALUE VALUES (1);\n", "public.t inserts");
    }

    #[test]
    fn the_head_of_the_dump_is_heard_and_long_lines_are_followed() {
        let mut scanner = PlainScanner::default();
        let long = format!("COMMENT ON TABLE t IS '{}", "x y".repeat(LINE_KEPT));
        let text = format!(
            "-- Dumped from database version 15.18 (Debian)\n-- Dumped by pg_dump version 16.4\nSET client_encoding = 'LATIN1';\n{long}\nCOPY public.t (a) FROM stdin;\n';\n"
        );
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (taken, event) = scanner.feed(rest, &mut Vec::new());
            assert!(event.is_none());
            rest = &rest[taken..];
        }
        let facts = scanner.facts();
        assert_eq!(facts.server_version.as_deref(), Some("15.18 (Debian)"));
        assert_eq!(facts.dump_version.as_deref(), Some("16.4"));
        assert_eq!((facts.encoding.as_deref(), facts.taken_at.as_deref()), (Some("LATIN1"), None));
        assert!(scanner.may_end());
    }
}
