//! Takes SQL; gives its lines with what each piece is, for colouring. A reading aid: the gate's parser is elsewhere.

use std::ops::Range;
use std::sync::OnceLock;

use eframe::egui::{Color32, FontId, TextFormat, Ui, text::LayoutJob};

use super::escape::{is_hidden, visible};
use crate::ui::tokens::{self, Tokens};

/// What a piece of SQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Names, signs and white space.
    Plain,
    /// A word of the language.
    Keyword,
    /// Text in quotes or dollar quotes.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A parameter as psql writes it: `:'name'`.
    Parameter,
}

/// One line: where it is in the text, its pieces, and the statement that begins on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes without the line feed.
    pub bytes: Range<usize>,
    /// Its pieces: bytes within the text.
    pub pieces: Vec<(Range<usize>, Piece)>,
    /// The ordinal of the first statement that begins on it, from 1.
    pub statement: Option<u32>,
}

const KEYWORDS: &[&str] = &[
    "add",
    "after",
    "all",
    "alter",
    "and",
    "any",
    "as",
    "asc",
    "before",
    "begin",
    "between",
    "by",
    "cascade",
    "case",
    "check",
    "column",
    "comment",
    "commit",
    "constraint",
    "copy",
    "create",
    "default",
    "deferrable",
    "deferred",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "each",
    "else",
    "end",
    "except",
    "execute",
    "exists",
    "false",
    "for",
    "foreign",
    "from",
    "function",
    "grant",
    "group",
    "having",
    "if",
    "immediate",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "key",
    "language",
    "left",
    "like",
    "limit",
    "lock",
    "materialized",
    "merge",
    "not",
    "null",
    "of",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "primary",
    "procedure",
    "references",
    "replace",
    "restrict",
    "returning",
    "returns",
    "revoke",
    "right",
    "rollback",
    "row",
    "schema",
    "select",
    "sequence",
    "set",
    "table",
    "temp",
    "temporary",
    "then",
    "to",
    "trigger",
    "true",
    "truncate",
    "type",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "view",
    "when",
    "where",
    "with",
];

/// Returns where each line of a text lies, without its end: the very lines of [`lines`].
#[must_use]
pub fn line_bytes(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for row in text.split('\n') {
        lines.push(start..start + row.trim_end_matches('\r').len());
        start += row.len() + 1;
    }
    if text.is_empty() || text.ends_with('\n') {
        lines.pop();
    }
    lines
}

/// Splits a text into lines with their pieces; `/* */`, quotes and `$$` may run over many lines.
#[must_use]
pub fn lines(sql: &str) -> Vec<Line> {
    let pieces = pieces(sql);
    let starts = statement_starts(sql, &pieces);
    let mut lines = Vec::new();
    let mut start = 0;
    let mut next_piece = 0;
    let mut next_start = 0;
    for row in sql.split('\n') {
        let bytes = start..start + row.trim_end_matches('\r').len();
        let line_end = start + row.len();
        let count = pieces[next_piece..].iter().take_while(|(range, _)| range.start < line_end).count();
        let mut own = Vec::with_capacity(count);
        while let Some((range, piece)) = pieces.get(next_piece) {
            if range.start >= line_end {
                break;
            }
            let cut = range.start.max(start)..range.end.min(bytes.end);
            if cut.start < cut.end {
                own.push((cut, *piece));
            }
            if range.end > line_end {
                break;
            }
            next_piece += 1;
        }
        let mut statement = None;
        while starts.get(next_start).is_some_and(|at| *at <= line_end) {
            next_start += 1;
            statement = statement.or(u32::try_from(next_start).ok());
        }
        lines.push(Line { bytes, pieces: own, statement });
        start = line_end + 1;
    }
    if sql.is_empty() || sql.ends_with('\n') {
        lines.pop();
    }
    lines
}

fn statement_starts(sql: &str, pieces: &[(Range<usize>, Piece)]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut awaiting = true;
    for (range, piece) in pieces {
        let text = &sql[range.clone()];
        match piece {
            Piece::Comment => {}
            Piece::Plain => {
                for (at, letter) in text.char_indices() {
                    if letter == ';' {
                        awaiting = true;
                    } else if awaiting && !letter.is_whitespace() {
                        awaiting = false;
                        starts.push(range.start + at);
                    }
                }
            }
            Piece::Keyword | Piece::Text | Piece::Number | Piece::Parameter => {
                if awaiting {
                    awaiting = false;
                    starts.push(range.start);
                }
            }
        }
    }
    starts
}

fn pieces(sql: &str) -> Vec<(Range<usize>, Piece)> {
    let mut pieces: Vec<(Range<usize>, Piece)> = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        // Signs and spaces that begin nothing else are most of what stands between words.
        let between = rest.bytes().take_while(|byte| is_between(*byte)).count();
        let (length, piece) = if between > 0 {
            (between, Piece::Plain)
        } else {
            piece_at(rest, at.checked_sub(1).map(|before| sql.as_bytes()[before]))
        };
        match pieces.last_mut() {
            Some((range, Piece::Plain)) if piece == Piece::Plain => range.end = at + length,
            _ => pieces.push((at..at + length, piece)),
        }
        at += length;
    }
    pieces
}

fn piece_at(rest: &str, before: Option<u8>) -> (usize, Piece) {
    let bytes = rest.as_bytes();
    let first = rest.chars().next().expect("BUG: asked for a piece of nothing");
    if rest.starts_with("--") {
        return (rest.find('\n').unwrap_or(rest.len()), Piece::Comment);
    }
    if rest.starts_with("/*") {
        return (comment_length(rest), Piece::Comment);
    }
    if first == '\'' {
        let escapes = before.is_some_and(|byte| byte.eq_ignore_ascii_case(&b'e'));
        return (quoted_length(rest, escapes), Piece::Text);
    }
    if first == '"' {
        return (rest[1..].find('"').map_or(rest.len(), |end| end + 2), Piece::Plain);
    }
    if first == ':' && bytes.get(1) == Some(&b'\'') && before != Some(b':') {
        return (rest[2..].find('\'').map_or(rest.len(), |end| end + 3), Piece::Parameter);
    }
    if first == '$'
        && !before.is_some_and(is_word)
        && let Some(length) = dollar_length(rest)
    {
        return (length, Piece::Text);
    }
    if first.is_ascii_digit() && !before.is_some_and(is_word) {
        let end = bytes.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(rest.len());
        return (end, Piece::Number);
    }
    if first.is_alphabetic() || first == '_' {
        let end = word_length(rest);
        let piece = if is_keyword(&rest[..end]) { Piece::Keyword } else { Piece::Plain };
        return (end, piece);
    }
    (first.len_utf8(), Piece::Plain)
}

/// Returns whether a byte is a sign or a space that begins no comment, literal, parameter or number.
const fn is_between(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\n'
            | b'\r'
            | b'\t'
            | b','
            | b'('
            | b')'
            | b';'
            | b'='
            | b'.'
            | b'*'
            | b'<'
            | b'>'
            | b'+'
            | b'['
            | b']'
    )
}

/// Returns how many bytes the word at the beginning has.
fn word_length(rest: &str) -> usize {
    match rest.bytes().position(|byte| !is_word(byte)) {
        None => rest.len(),
        Some(end) if rest.as_bytes()[end].is_ascii() => end,
        // Letters of other alphabets belong to words as well.
        Some(_) => rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len()),
    }
}

/// Returns whether a word is one of SQL's own, however it is written. A text has a million words: nothing is copied, and only words
/// with the same first letter are looked at.
fn is_keyword(word: &str) -> bool {
    static FROM: OnceLock<[usize; 27]> = OnceLock::new();
    let from = FROM.get_or_init(|| {
        std::array::from_fn(|letter| KEYWORDS.partition_point(|word| usize::from(word.as_bytes()[0] - b'a') < letter))
    });
    let Some(letter) = word.bytes().next().filter(u8::is_ascii_alphabetic) else { return false };
    let letter = usize::from(letter.to_ascii_lowercase() - b'a');
    KEYWORDS[from[letter]..from[letter + 1]].iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn comment_length(rest: &str) -> usize {
    // PostgreSQL's comments nest.
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = rest.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted_length(rest: &str, escapes: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn dollar_length(rest: &str) -> Option<usize> {
    let tag_end = rest[1..].find('$')? + 2;
    let tag = &rest[..tag_end];
    let inner = &tag[1..tag_end - 1];
    if inner.starts_with(|letter: char| letter.is_ascii_digit())
        || !inner.bytes().all(|byte| is_word(byte) || byte >= 0x80)
    {
        return None;
    }
    Some(rest[tag_end..].find(tag).map_or(rest.len(), |end| tag_end + end + tag_end))
}

/// Returns the colour of a piece.
#[must_use]
pub const fn color(tokens: &Tokens, piece: Piece) -> Color32 {
    match piece {
        Piece::Plain => tokens.text,
        Piece::Keyword => tokens.sql_keyword,
        Piece::Text => tokens.sql_string,
        Piece::Number => tokens.sql_number,
        Piece::Comment => tokens.sql_comment,
        Piece::Parameter => tokens.sql_parameter,
    }
}

/// Lays out one line with its colours; hidden letters become visible escapes on a warning ground.
#[must_use]
pub fn layout(ui: &Ui, sql: &str, line: &Line, spaces: bool) -> LayoutJob {
    let tokens = Tokens::of(ui);
    let mut job = LayoutJob::default();
    for (range, piece) in &line.pieces {
        append(&mut job, &tokens, &sql[range.clone()], color(&tokens, *piece), None, spaces);
    }
    job
}

/// Appends text to a line; hidden letters become visible escapes on a warning ground.
pub fn append(job: &mut LayoutJob, tokens: &Tokens, text: &str, color: Color32, ground: Option<Color32>, spaces: bool) {
    let font = FontId::monospace(tokens::SMALL);
    let mut format = TextFormat::simple(font, color);
    format.background = ground.unwrap_or(Color32::TRANSPARENT);
    let mut rest = text;
    while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| is_hidden(*letter)) {
        append_plain(job, &rest[..at], &format, tokens, spaces);
        let mut warned = format.clone();
        warned.background = tokens.care_faint;
        warned.color = tokens.bad;
        let end = at + letter.len_utf8();
        job.append(&visible(&rest[at..end]), 0.0, warned);
        rest = &rest[end..];
    }
    append_plain(job, rest, &format, tokens, spaces);
}

fn append_plain(job: &mut LayoutJob, text: &str, format: &TextFormat, tokens: &Tokens, spaces: bool) {
    if !spaces {
        job.append(&text.replace('\t', "    "), 0.0, format.clone());
        return;
    }
    let mut faint = format.clone();
    faint.color = tokens.border;
    for part in text.split_inclusive([' ', '\t']) {
        let words = part.trim_end_matches([' ', '\t']);
        job.append(words, 0.0, format.clone());
        let blank = part[words.len()..].replace(' ', "·").replace('\t', "→   ");
        job.append(&blank, 0.0, faint.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, Piece, lines};

    fn kinds(sql: &str) -> String {
        let lines = lines(sql);
        let shown = lines.iter().map(|line| {
            let start = line.statement.map_or_else(String::new, |ordinal| format!("{ordinal}>"));
            let pieces = line.pieces.iter().map(|(range, piece)| {
                let letter = match piece {
                    Piece::Plain => return sql[range.clone()].to_owned(),
                    Piece::Keyword => 'k',
                    Piece::Text => 't',
                    Piece::Number => 'n',
                    Piece::Comment => 'c',
                    Piece::Parameter => 'p',
                };
                format!("{letter}<{}>", &sql[range.clone()])
            });
            format!("{start}{}", pieces.collect::<String>())
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    fn check(sql: &str, expect: &str) {
        assert_eq!(kinds(sql), expect);
    }

    #[test]
    fn keywords_are_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn knows_what_a_piece_is() {
        check("DELETE FROM t;", "1>k<DELETE> k<FROM> t;");
        check("x = 'it''s; -- no'", "1>x = t<'it''s; -- no'>");
        check("a -- b; c\nDROP x", "1>a c<-- b; c>\nk<DROP> x");
        check("a = :'origin'", "1>a = p<:'origin'>");
        check("a::text = 1", "1>a::text = n<1>");
        check("E'a\\'b' x1 2", "1>Et<'a\\'b'> x1 n<2>");
        check("\"select\" t", "1>\"select\" t");
    }

    #[test]
    fn carries_open_texts_over_lines_and_counts_statements() {
        check("/* a\n /* b */ c */ DROP x", "c</* a>\n1>c< /* b */ c */> k<DROP> x");
        check("DO $$\nbegin;\n$$;\nDROP x;", "1>k<DO> t<$$>\nt<begin;>\nt<$$>;\n2>k<DROP> x;");
        check("a $tag$ $$ $tag$ b", "1>a t<$tag$ $$ $tag$> b");
        check("a;\n\nb; c;\nd", "1>a;\n\n2>b; c;\n4>d");
        check("-- only\n", "c<-- only>");
        check("a;\r\nb;\n", "1>a;\n2>b;");
    }
}
