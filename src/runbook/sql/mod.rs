//! Takes SQL text; gives its statements with their places, tags and trees; refuses what `PostgreSQL`'s grammar refuses.
//!
//! The grammar is `PostgreSQL`'s own. It is asked on threads with large stacks, and trees deeper than [`DEPTH`] are
//! refused, so that whoever walks a [`Statement`] later needs no large stack.

mod alter;
mod body;
mod chunk;
mod deep;
mod effect;
mod grow;
mod locate;
mod memory;
mod node;
mod place;
mod psql;
mod question;
mod tag;
mod touched;
pub mod tree;

use pg_query::protobuf::{ScanToken, Token};

pub use alter::{Alteration, AlterationKind, alterations};
pub use body::{Body, body_of, body_of_do, constant_text};
pub use effect::{Effect, acts, effect_of, effect_of_call, survives_rollback};
pub use place::place_of;
pub use question::{Asked, are_single_selects, asked, column_names, is_single_select, rows_sql};
pub use touched::{Touch, Touched, touched};
pub use tree::{Node, Tree};

use super::parameter::unbound_view;
use deep::deep;

/// How deep a statement's tree may be: some 250 levels of SQL, and walking it still fits the stack of a small thread.
pub const DEPTH: usize = 800;

/// One statement of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Its place in the script, from 1.
    pub ordinal: u32,
    /// Its first line, from 1.
    pub line: u32,
    /// Its first column in characters, from 1.
    pub column: u32,
    /// The byte offset of its first token.
    pub start: usize,
    /// The byte offset behind its last token.
    pub end: usize,
    /// The exact bytes of the script from `start` to `end`: no comment before, no semicolon behind.
    pub text: String,
    /// The command tag's words that the server will answer, such as `DELETE` or `DROP TABLE`; empty when not known.
    pub tag: String,
    /// Whether the tag carries a count of rows.
    pub counts_rows: bool,
    /// What the grammar made of it. Places inside are byte offsets in the script; parameters are read as text.
    pub tree: Tree,
}

/// Why a text is not a list of statements.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}. {hint}")]
pub struct SqlProblem {
    /// What sort of problem it is.
    pub kind: SqlProblemKind,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// What sort of problem a [`SqlProblem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlProblemKind {
    /// The grammar refuses it.
    Syntax,
    /// A gap somebody meant to fill, such as `<origin key>` (D-21).
    Placeholder,
    /// A command of psql, which is not SQL.
    MetaCommand,
    /// A NUL byte.
    Nul,
    /// It nests deeper than [`DEPTH`], or deeper than the grammar can read.
    TooDeep,
    /// The parser itself failed.
    Parser,
}

/// A word, sign or literal of a script, by byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// Where it begins.
    pub start: usize,
    /// Where the next thing may begin.
    pub end: usize,
    /// The scanner's name for it.
    pub token: i32,
}

impl Lexeme {
    /// Returns whether it is this token.
    #[must_use]
    pub fn is(&self, token: Token) -> bool {
        self.token == token as i32
    }

    /// Returns whether it is a comment.
    #[must_use]
    pub fn is_comment(&self) -> bool {
        self.is(Token::SqlComment) || self.is(Token::CComment)
    }
}

impl Statement {
    /// Returns the line and column of a byte offset of the script that lies in this statement.
    #[must_use]
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let (line, column) = place_of(&self.text, offset.saturating_sub(self.start));
        let first_column = if line == 1 { self.column - 1 } else { 0 };
        (self.line + line - 1, column + first_column)
    }
}

/// Splits a script into its statements; empty ones are left out.
///
/// # Errors
/// When the text is not SQL as `PostgreSQL` reads it; says where.
pub fn split(text: &str) -> Result<Vec<Statement>, SqlProblem> {
    memory::remembered(text, || {
        if let Some(statements) = chunk::statements(text) {
            return Ok(statements);
        }
        let text = text.to_owned();
        deep(move || split_here(&text)).unwrap_or_else(|| Err(parser_failed()))
    })
}

/// Does work with PostgreSQL's own parser on one of the few threads that have it; `None` when the work panicked.
///
/// The parser keeps its memory by thread and aborts the process when short-lived threads with it end at the same time;
/// so there is one thread a core, none is ever ended, and their stacks are large.
pub fn on_parser_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    deep(work)
}

/// Cuts a text into its lexemes, comments included; `None` where a literal or a comment is not ended, or comments have no end.
#[must_use]
pub fn lexemes(text: &str) -> Option<Vec<Lexeme>> {
    if text.is_empty() || text.contains('\0') {
        return if text.is_empty() { Some(Vec::new()) } else { None };
    }
    if psql::endless_comments(text).is_some() {
        return None;
    }
    // `scan_tokens` of the same crate reads through a null pointer on an empty answer; `scan` does not.
    let owned = text.to_owned();
    let scanned = on_parser_thread(move || pg_query::scan(&owned))?.ok()?;
    let lexeme = |token: &ScanToken| {
        let (start, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
        (start <= end && text.is_char_boundary(start) && text.is_char_boundary(end)).then_some(Lexeme {
            start,
            end,
            token: token.token,
        })
    };
    scanned.tokens.iter().map(lexeme).collect()
}

/// Visits every object of a tree, wrapped in a kind or not.
pub fn each_object<'a>(value: &'a Node, see: &mut dyn FnMut(&'a Node)) {
    match value {
        Node::List(list) => list.iter().for_each(|item| each_object(item, see)),
        Node::Kind(_) | Node::Fields(_) => {
            see(value);
            value.named().iter().for_each(|(_, item)| each_object(item, see));
        }
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

fn split_here(text: &str) -> Result<Vec<Statement>, SqlProblem> {
    if let Some(offset) = text.find('\0') {
        let hint = "Remove it; PostgreSQL cannot hold NUL in text";
        return Err(SqlProblem::at(text, offset, SqlProblemKind::Nul, "the script holds a NUL byte", hint));
    }
    let view = unbound_view(&without_mark(text));
    let Some(tokens) = lexemes(&view) else { return Err(locate::scanner_problem(text, &view)) };
    if let Some(backslash) = tokens.iter().find(|lexeme| lexeme.is(Token::Ascii92)) {
        return Err(psql::meta_command(text, &view, backslash.start));
    }
    let parsed = match pg_query::parse(&view, 0) {
        Ok(parsed) => parsed.protobuf,
        Err(error) => return Err(locate::parser_problem(text, &view, &tokens, &error)),
    };
    chunk::gather(text, &view, &tokens, &parsed.stmts, 0, 1).map_err(|offset| {
        let hint = "Write it as several statements, or with fewer levels";
        let message = "the statement nests deeper than this program reads";
        SqlProblem::at(text, offset, SqlProblemKind::TooDeep, message, hint)
    })
}

/// Blanks a byte order mark at the beginning, as psql skips it; places stay as they are.
fn without_mark(text: &str) -> String {
    text.strip_prefix('\u{feff}').map_or_else(|| text.to_owned(), |rest| format!("   {rest}"))
}

impl SqlProblem {
    fn at(text: &str, offset: usize, kind: SqlProblemKind, message: &str, hint: &str) -> Self {
        let (line, column) = place_of(text, offset);
        Self { kind, line, column, message: message.to_owned(), hint: hint.to_owned() }
    }
}

fn parser_failed() -> SqlProblem {
    SqlProblem {
        kind: SqlProblemKind::Parser,
        line: 1,
        column: 1,
        message: "the SQL parser failed on this script".to_owned(),
        hint: "Write the statements more plainly; what cannot be read is not run".to_owned(),
    }
}

#[cfg(test)]
mod chunk_tests;
#[cfg(test)]
mod tests;
