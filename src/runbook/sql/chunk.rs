//! Takes a large script; reads it in pieces at the same time; gives its statements as if it had been read whole.
//!
//! A piece ends behind a semicolon at the end of a line. Nobody knows there whether that semicolon stands in a literal,
//! a comment, a parenthesis or the body of a function. The reading tells: a piece whose last word is not that semicolon,
//! or that the parser finds unfinished, ends inside one of these, and is read again together with what follows it. When
//! every piece is read, every border lay between two statements, because the grammar reads a list of statements one by
//! one. A piece that is refused for another reason is for the caller, who reads the script whole and says why.

use std::ops::Range;
use std::sync::Arc;

use pg_query::protobuf::Token;

use super::deep::deep_all;
use super::{DEPTH, Lexeme, Statement, Tree, lexemes, tag, without_mark};
use crate::runbook::parameter::unbound_view;

/// A piece holds about this many bytes: some hundred statements, so that asking for them costs little, and the parser's
/// messages about them still fit a processor's cache.
pub(super) const PIECE: usize = 16 << 10;

/// Reads a script in pieces; `None` when it is small, or when some piece cannot be read.
pub(super) fn statements(text: &str) -> Option<Vec<Statement>> {
    if text.len() < 2 * PIECE {
        return None;
    }
    in_pieces(text, PIECE)
}

/// As above, with pieces of about `size` bytes.
pub(super) fn in_pieces(text: &str, size: usize) -> Option<Vec<Statement>> {
    let borders = borders(text, size);
    let whole: Arc<str> = Arc::from(text);
    let first_lines = first_lines(text, &borders);
    let piece = |range: Range<usize>, first_line: u32| {
        let whole = Arc::clone(&whole);
        move || read(&whole, range, first_line)
    };
    let count = borders.len() - 1;
    // The semicolon before a piece is read with it, so that no place in it is 0: see `Tree::of`.
    let range = |from: usize, to: usize| borders[from].saturating_sub(1)..borders[to];
    let mut read = deep_all((0..count).map(|index| piece(range(index, index + 1), first_lines[index])));
    let mut all = Vec::new();
    let mut index = 0;
    while index < count {
        let mut next = index + 1;
        let mut found = read[index].take()?;
        while let Piece::Unfinished = found {
            if next == count {
                return None;
            }
            // Twice as much each time: a border in a long body costs no more than reading that body twice.
            next = (next + (next - index)).min(count);
            found = deep_all([piece(range(index, next), first_lines[index])]).pop()??;
        }
        let Piece::Read(statements) = found else { return None };
        all.extend(statements);
        index = next;
    }
    for (place, statement) in all.iter_mut().enumerate() {
        statement.ordinal = u32::try_from(place + 1).unwrap_or(u32::MAX);
    }
    Some(all)
}

/// What became of a piece.
enum Piece {
    /// It was read.
    Read(Vec<Statement>),
    /// It ends inside of something, or so it seems.
    Unfinished,
    /// It is refused, whatever follows.
    Refused,
}

/// Returns where pieces of about `size` bytes begin, and the end.
pub(super) fn borders(text: &str, size: usize) -> Vec<usize> {
    let mut borders = vec![0];
    let mut from = size;
    while let Some(found) = text.as_bytes().get(from..).and_then(|rest| rest.windows(2).position(|pair| pair == b";\n"))
    {
        borders.push(from + found + 1);
        from += found + size.max(1);
    }
    if borders.last() != Some(&text.len()) {
        borders.push(text.len());
    }
    borders
}

/// Returns the line on which each piece begins.
fn first_lines(text: &str, borders: &[usize]) -> Vec<u32> {
    let mut line = 1;
    let lines = borders.windows(2).map(|pair| {
        let first = line;
        let feeds = text[pair[0]..pair[1]].matches('\n').count();
        line += u32::try_from(feeds).unwrap_or(u32::MAX);
        first
    });
    lines.collect()
}

fn read(whole: &str, range: Range<usize>, first_line: u32) -> Piece {
    let text = &whole[range.clone()];
    let view = if range.start == 0 { unbound_view(&without_mark(text)) } else { unbound_view(text) };
    let Some(tokens) = lexemes(&view) else { return Piece::Unfinished };
    if tokens.iter().any(|lexeme| lexeme.is(Token::Ascii92)) {
        return Piece::Refused;
    }
    // In a comment the semicolon is none, and the statement before it may go on.
    let is_ended = tokens.last().is_some_and(|last| last.is(Token::Ascii59) && last.end == view.len());
    if !is_ended && range.end < whole.len() {
        return Piece::Unfinished;
    }
    match pg_query::parse(&view, 0) {
        Ok(parsed) => gather(text, &view, &tokens, &parsed.protobuf.stmts, range.start, first_line)
            .map_or(Piece::Refused, Piece::Read),
        Err(pg_query::Error::Parse(message)) if message.contains("at end of input") => Piece::Unfinished,
        Err(_) => Piece::Refused,
    }
}

/// Makes statements of what the parser found in a text that begins at the byte `base` of the script, on `first_line`;
/// refuses with the place of a statement that nests too deep.
pub(super) fn gather(
    text: &str,
    view: &str,
    tokens: &[Lexeme],
    parsed: &[pg_query::protobuf::RawStmt],
    base: usize,
    first_line: u32,
) -> Result<Vec<Statement>, usize> {
    let mut statements = Vec::with_capacity(parsed.len());
    let mut words = tokens.iter().filter(|lexeme| !lexeme.is_comment()).peekable();
    let mut counted = Counted { text, offset: 0, line_start: 0, line: first_line };
    for raw in parsed {
        let from = usize::try_from(raw.stmt_location).unwrap_or(0);
        let length = usize::try_from(raw.stmt_len).unwrap_or(0);
        // A length of 0 means: to the end.
        let to = if length == 0 { view.len() } else { from + length };
        // What the parser calls a statement begins with the comments before it. Statements follow one another.
        while words.next_if(|lexeme| lexeme.start < from).is_some() {}
        let Some(first) = words.next_if(|lexeme| lexeme.end <= to) else { continue };
        let mut end = first.end;
        while let Some(lexeme) = words.next_if(|lexeme| lexeme.end <= to) {
            if !lexeme.is(Token::Ascii59) || lexeme.start + 1 < to {
                end = lexeme.end;
            }
        }
        let (line, column) = counted.place(first.start);
        let tree = Tree::of(raw, base);
        if tree.depth() > DEPTH {
            return Err(base + first.start);
        }
        let tag = tag::tag_of(&tree);
        statements.push(Statement {
            ordinal: u32::try_from(statements.len() + 1).unwrap_or(u32::MAX),
            line,
            column,
            start: base + first.start,
            end: base + end,
            text: text[first.start..end].to_owned(),
            counts_rows: tag::counts_rows(&tag),
            tag,
            tree,
        });
    }
    Ok(statements)
}

/// Lines counted so far, so that nothing is counted twice.
struct Counted<'t> {
    text: &'t str,
    offset: usize,
    line_start: usize,
    line: u32,
}

impl Counted<'_> {
    /// Returns the line and column of an offset that is not before the last one asked for.
    fn place(&mut self, offset: usize) -> (u32, u32) {
        for (at, _) in self.text.as_bytes()[self.offset..offset].iter().enumerate().filter(|(_, byte)| **byte == b'\n')
        {
            self.line = self.line.saturating_add(1);
            self.line_start = self.offset + at + 1;
        }
        self.offset = offset;
        let before = self.text[self.line_start..offset].chars().filter(|letter| *letter != '\u{feff}').count();
        (self.line, u32::try_from(before + 1).unwrap_or(u32::MAX))
    }
}
