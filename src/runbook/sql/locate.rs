//! Takes what the scanner or the grammar refused; gives the place and the reason; the parser itself tells no place.

use pg_query::protobuf::Token;

use super::chunk::{PIECE, borders};
use super::psql::{copied_rows, endless_comments, meta_command, too_many_comments};
use super::{Lexeme, SqlProblem, SqlProblemKind};

const SYNTAX_HINT: &str = "Write a statement that PostgreSQL accepts; what cannot be read is not run";

/// Says why the text cannot be cut into words.
pub(super) fn scanner_problem(text: &str, view: &str) -> SqlProblem {
    if let Some(offset) = endless_comments(view) {
        return too_many_comments(text, offset);
    }
    // An apostrophe in `\i it's.sql` opens a literal: the command is the better reason.
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().strip_prefix('\\').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            return meta_command(text, view, offset + indent);
        }
        offset += line.len();
    }
    let message = match pg_query::scan(view) {
        Ok(_) => "the script cannot be cut into words".to_owned(),
        Err(error) => reason(&error),
    };
    // The scanner quotes what it could not end, up to the end of the text, or the one word it refuses.
    let quoted = quoted(&message).unwrap_or_default();
    let offset = if quoted.is_empty() {
        longest_readable(view)
    } else if view.ends_with(quoted) {
        view.len() - quoted.len()
    } else {
        let from = longest_readable(view);
        view[from..].find(quoted).map_or(from, |found| from + found)
    };
    if let Some(problem) = copied_rows(text, view, offset) {
        return problem;
    }
    let hint = if message.starts_with("unterminated") {
        "End it; everything behind it is read as part of it"
    } else {
        SYNTAX_HINT
    };
    SqlProblem::at(text, offset, SqlProblemKind::Syntax, &shorten(&message), hint)
}

/// Says why the grammar refuses the text, and where.
pub(super) fn parser_problem(text: &str, view: &str, tokens: &[Lexeme], error: &pg_query::Error) -> SqlProblem {
    let message = reason(error);
    let words: Vec<&Lexeme> = tokens.iter().filter(|lexeme| !lexeme.is_comment()).collect();
    if message.contains("memory exhausted") || message.contains("stack depth") {
        let offset = words.first().map_or(0, |lexeme| lexeme.start);
        let message = "the statement nests deeper than the grammar reads";
        return SqlProblem::at(text, offset, SqlProblemKind::TooDeep, message, "Write it with fewer levels");
    }
    let refused = first_refused(view, &words);
    let offset = words.get(refused).map_or(view.trim_end().len(), |lexeme| lexeme.start);
    if let Some(problem) = copied_rows(text, view, offset) {
        return problem;
    }
    if let Some(gap) = placeholder(view, &words, refused) {
        let message = format!("`{gap}` is a gap that nobody has filled");
        let offset = view.find(gap).unwrap_or(offset);
        // D-21: an unbound placeholder never reaches the server.
        let hint = "Declare a [[parameter]] in runbook.toml and write :'name' here";
        return SqlProblem::at(text, offset, SqlProblemKind::Placeholder, &message, hint);
    }
    let hint = if words.get(refused).is_some_and(|lexeme| lexeme.is(Token::Ascii58)) {
        "Write a parameter as :'name', with letters, digits and underscores"
    } else {
        SYNTAX_HINT
    };
    SqlProblem::at(text, offset, SqlProblemKind::Syntax, &shorten(&message), hint)
}

/// Returns the index of the first word that the grammar refuses: a text cut before it is only unfinished.
fn first_refused(view: &str, words: &[&Lexeme]) -> usize {
    let (good, end) = refused_piece(view, words);
    let is_refused = |count: usize| is_wrong(&view[good..words[count - 1].end]);
    let mut unfinished = words.partition_point(|word| word.start < good);
    let mut refused = end.map_or(words.len() + 1, |end| words.partition_point(|word| word.end <= end));
    while refused > unfinished + 1 {
        let middle = unfinished + (refused - unfinished) / 2;
        if is_refused(middle) { refused = middle } else { unfinished = middle }
    }
    refused.saturating_sub(1)
}

/// Returns a border between two statements before which all is well, and the end of a piece behind it that holds the
/// fault; no end when the text is only unfinished. So a fault late in a large script is not looked for from its start.
fn refused_piece(view: &str, words: &[&Lexeme]) -> (usize, Option<usize>) {
    let mut good = 0;
    let is_semicolon =
        |end: usize| words.binary_search_by_key(&end, |word| word.end).is_ok_and(|at| words[at].is(Token::Ascii59));
    for border in borders(view, 4 * PIECE).into_iter().filter(|border| is_semicolon(*border)) {
        match pg_query::split_with_parser(&view[good..border]) {
            Ok(_) => good = border,
            Err(error) if reason(&error).contains("at end of input") => {}
            Err(_) => return (good, Some(border)),
        }
    }
    (good, None)
}

fn is_wrong(text: &str) -> bool {
    pg_query::split_with_parser(text).is_err_and(|error| !reason(&error).contains("at end of input"))
}

/// Finds a gap such as `<origin key>`, `{{ key }}` or `${KEY}` near the refused word.
fn placeholder<'a>(view: &'a str, words: &[&Lexeme], refused: usize) -> Option<&'a str> {
    let near = words.get(refused.saturating_sub(3)).map_or(0, |lexeme| lexeme.start);
    let line_end = view[near..].find(';').map_or(view.len(), |end| near + end);
    let area = &view[near..line_end];
    for (open, close) in [("<", ">"), ("{{", "}}"), ("${", "}"), ("%(", ")s")] {
        let Some(start) = area.find(open) else { continue };
        let inner = &area[start + open.len()..];
        let Some(end) = inner.find(close) else { continue };
        let body = inner[..end].trim();
        let is_words = body.chars().all(|letter| letter.is_alphanumeric() || " \t\r\n_-.…'/,:".contains(letter));
        if is_words && body.starts_with(char::is_alphabetic) {
            return Some(&area[start..start + open.len() + end + close.len()]);
        }
    }
    None
}

/// Returns how many bytes from the beginning can be cut into words, found by halving.
fn longest_readable(view: &str) -> usize {
    let (mut good, mut bad) = (0, view.len());
    while bad - good > 1 {
        let mut middle = good + (bad - good) / 2;
        while !view.is_char_boundary(middle) {
            middle += 1;
        }
        if middle >= bad {
            break;
        }
        if pg_query::scan(&view[..middle]).is_ok() { good = middle } else { bad = middle }
    }
    good
}

/// Returns the parser's own words.
fn reason(error: &pg_query::Error) -> String {
    match error {
        pg_query::Error::Parse(message) | pg_query::Error::Scan(message) | pg_query::Error::Split(message) => {
            message.clone()
        }
        pg_query::Error::Conversion(_)
        | pg_query::Error::Decode(_)
        | pg_query::Error::InvalidJson(_)
        | pg_query::Error::InvalidPointer
        | pg_query::Error::IsUtility(_) => error.to_string(),
    }
}

fn quoted(message: &str) -> Option<&str> {
    message.split_once("at or near \"").and_then(|(_, rest)| rest.strip_suffix('"'))
}

/// Keeps a message to one readable line.
fn shorten(message: &str) -> String {
    let line: String = message.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(160).collect();
    if line.chars().count() < message.chars().count() { format!("{line}…") } else { line }
}
