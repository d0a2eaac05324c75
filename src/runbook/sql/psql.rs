//! Takes text that psql would read and PostgreSQL's grammar does not; gives the place, the reason and what to write.
//!
//! psql commands, the rows behind COPY … FROM stdin, and comments nested so deep that the scanner would not end.

use pg_query::protobuf::Token;

use super::{Lexeme, SqlProblem, SqlProblemKind, lexemes};

/// The scanner reads a run of operator letters to its end once for each comment that opens in it: this many steps
/// take a few milliseconds, and no person writes half as many.
const STEPS: usize = 4_000_000;

/// Says that a psql command is not SQL, or that it stands among the rows of a COPY.
pub(super) fn meta_command(text: &str, view: &str, offset: usize) -> SqlProblem {
    if let Some(problem) = copied_rows(text, view, offset) {
        return problem;
    }
    let command: String = text[offset..].split_whitespace().next().unwrap_or("\\").chars().take(20).collect();
    let message = format!("`{command}` is a psql command, not SQL");
    SqlProblem::at(text, offset, SqlProblemKind::MetaCommand, &message, instead_of(&command[1..]))
}

/// Returns what to write in place of a psql command.
fn instead_of(command: &str) -> &'static str {
    match command {
        "i" | "ir" | "include" | "include_relative" => "Write the SQL of that file into this one",
        "copy" | "." => "Write INSERT … VALUES; a reversal brings no rows from elsewhere",
        "g" | "gx" | "gdesc" | "gexec" | "gset" | "bind" | "parse" | "watch" | "crosstabview" => {
            "End the statement with a semicolon; write a value as :'name', declared in [[parameter]]"
        }
        "set" | "unset" | "getenv" | "setenv" | "prompt" => {
            "Declare a [[parameter]] in runbook.toml, and write :'name' where the value belongs"
        }
        "if" | "elif" | "else" | "endif" => "Write the statements of one case; a plan leaves no choice to run time",
        "c" | "connect" | "conninfo" | "password" | "encoding" => "Remove it; the console connects by itself",
        "!" | "cd" => "Remove it; the console runs no shell",
        "restrict" | "unrestrict" => "Remove it; it is a mark of pg_dump for psql",
        "lo_import" | "lo_export" | "lo_unlink" => "Remove it; large objects are outside of a reversal",
        "echo" | "qecho" | "warn" | "pset" | "timing" | "x" | "a" | "t" | "o" | "out" | "p" | "r" | "q" | "quit" => {
            "Remove it; the console shows and keeps what happened"
        }
        describe if describe.starts_with('d') => "Remove it; ask the catalog by a [[check]]",
        _ => "Write the SQL itself into this file; the console sends statements, not psql commands",
    }
}

/// Says that what cannot be read at `offset` are the rows of a COPY before it; `None` when there is none.
pub(super) fn copied_rows(text: &str, view: &str, offset: usize) -> Option<SqlProblem> {
    let before = lexemes(view.get(..offset)?)?;
    let words: Vec<&Lexeme> = before.iter().filter(|lexeme| !lexeme.is_comment()).collect();
    let copies = |statement: &&[&Lexeme]| {
        let is_from = statement.windows(2).any(|pair| pair[0].is(Token::From) && pair[1].is(Token::Stdin));
        is_from && statement.first().is_some_and(|first| first.is(Token::Copy))
    };
    // The last piece has no semicolon behind it: its fault is its own.
    let mut statements: Vec<&[&Lexeme]> = words.split(|word| word.is(Token::Ascii59)).collect();
    statements.pop();
    let copy = statements.into_iter().find(copies)?.first()?;
    let message = "the lines behind `COPY … FROM stdin` are rows, not SQL";
    let hint = "Write INSERT … VALUES; a reversal brings no rows from elsewhere";
    Some(SqlProblem::at(text, copy.start, SqlProblemKind::Syntax, message, hint))
}

/// Returns where so many comments open without a space between them that the scanner would not come to an end.
pub(super) fn endless_comments(text: &str) -> Option<usize> {
    if !text.contains("/*") {
        return None;
    }
    let (mut start, mut opened, mut previous) = (0, 0, b' ');
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().copied().chain([b' ']).enumerate() {
        if b"~!@#^&|`?+-*/%<>=".contains(&byte) {
            opened += usize::from(previous == b'/' && byte == b'*');
        } else {
            if opened * (at - start) > STEPS {
                return Some(start);
            }
            (start, opened) = (at + 1, 0);
        }
        previous = byte;
    }
    None
}

/// Says that comments are nested too deep to be read.
pub(super) fn too_many_comments(text: &str, offset: usize) -> SqlProblem {
    let message = "comments open here one in the other, too many to be read";
    SqlProblem::at(text, offset, SqlProblemKind::TooDeep, message, "Remove them; one comment is enough")
}
