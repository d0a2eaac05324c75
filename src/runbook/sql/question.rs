//! Takes the SQL of a check; answers whether it is one SELECT that only reads, and what it reads; refuses everything else.
//!
//! A runbook may hold ten thousand of them, and each is asked about when the runbook is read, when it is reviewed and when it is
//! sent. So many are read at the same time, and what was found of each is remembered: a few words, not its tree.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::deep::deep_all;
use super::tree::{self, Node};
use super::{acts, each_object, lexemes, split, split_here};
use crate::runbook::ObjectName;

/// So many questions are read in one piece of work.
const PIECE: usize = 64;
/// When the texts remembered hold more than this together, all are forgotten.
const MOST_BYTES: usize = 8 << 20;

/// What the text of a question that may be asked shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Relations and functions it names whose names begin with `pg_stat_`, without their schema.
    pub statistics: Vec<String>,
}

type Answer = Result<Arc<Asked>, String>;

#[derive(Default)]
struct Memory {
    answers: HashMap<String, Answer>,
    bytes: usize,
}

fn memory() -> &'static Mutex<Memory> {
    static MEMORY: OnceLock<Mutex<Memory>> = OnceLock::new();
    MEMORY.get_or_init(Mutex::default)
}

/// Answers whether a check's SQL is exactly one read-only SELECT with exactly one column.
///
/// # Errors
/// Says in one sentence what else it is and what to write.
pub fn is_single_select(sql: &str) -> Result<(), String> {
    are_single_selects(&[sql]).pop().unwrap_or_else(|| Err("it was not read".to_owned()))
}

/// Answers the same for many texts, in their order, on every core.
#[must_use]
pub fn are_single_selects(texts: &[&str]) -> Vec<Result<(), String>> {
    let mut answers: Vec<Option<Answer>> = {
        let memory = memory().lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().map(|sql| memory.answers.get(*sql).cloned()).collect()
    };
    let unknown: Vec<usize> = (0..texts.len()).filter(|at| answers[*at].is_none()).collect();
    let pieces = unknown.chunks(PIECE).map(|piece| {
        let texts: Vec<String> = piece.iter().map(|at| texts[*at].to_owned()).collect();
        move || texts.into_iter().map(|sql| (read(&sql), sql)).collect::<Vec<_>>()
    });
    let read = deep_all(pieces.collect::<Vec<_>>());
    let mut memory = memory().lock().unwrap_or_else(PoisonError::into_inner);
    for (piece, read) in unknown.chunks(PIECE).zip(read) {
        // A parser that died says nothing about any of them.
        for (at, (answer, sql)) in piece.iter().zip(read.into_iter().flatten()) {
            if memory.bytes + sql.len() > MOST_BYTES {
                *memory = Memory::default();
            }
            memory.bytes += sql.len();
            memory.answers.insert(sql, answer.clone());
            answers[*at] = Some(answer);
        }
    }
    let unread = || Err("the SQL parser failed on it; write it more plainly".to_owned());
    answers.into_iter().map(|answer| answer.unwrap_or_else(unread).map(drop)).collect()
}

/// Returns what is remembered of a text that was found to be one SELECT that only reads; nothing where it was not read yet, or
/// was refused.
#[must_use]
pub fn asked(sql: &str) -> Option<Arc<Asked>> {
    let memory = memory().lock().unwrap_or_else(PoisonError::into_inner);
    memory.answers.get(sql)?.as_ref().ok().cloned()
}

/// Returns the SELECT of one text column that answers a query's rows: one JSON object a row, in the order of the key.
#[must_use]
pub fn rows_sql(sql: &str, key: &[String]) -> String {
    let order: Vec<String> = key
        .iter()
        .map(|column| format!("r.{}::text COLLATE \"C\"", ObjectName::new("", column.as_str()).quoted()))
        .collect();
    // The line feed keeps a trailing `--` comment from swallowing the parenthesis.
    // Rows that share a key have an order as well: nothing that nobody changed may look changed.
    let whole = "pg_catalog.row_to_json(r)::text COLLATE \"C\"";
    format!("SELECT pg_catalog.row_to_json(r)::text FROM (\n{sql}\n) AS r ORDER BY {}, {whole}", order.join(", "))
}

/// Reads one text; on a parser thread, because a tree may be deep.
fn read(sql: &str) -> Answer {
    let statements = split_here(sql).map_err(|problem| format!("{}. {}", problem.message, problem.hint))?;
    let [statement] = statements.as_slice() else {
        return Err(format!("it holds {} statements; write exactly one SELECT", statements.len()));
    };
    if sql[statement.end..].contains(';')
        && lexemes(&sql[statement.end..]).is_none_or(|rest| rest.iter().any(|l| !l.is_comment()))
    {
        return Err("it ends with a semicolon, but is asked inside a parenthesis; leave the semicolon out".to_owned());
    }
    let ("SelectStmt", select) = statement.tree.statement() else {
        return Err(format!("it is not a SELECT but {}; a check only reads", statement.tag));
    };
    for written in ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"] {
        if !statement.tree.all(written).is_empty() {
            return Err("a WITH query in it writes; a check only reads".to_owned());
        }
    }
    let called = |call: &Node| tree::strings(tree::items(call, "funcname")).pop().unwrap_or_default();
    let calls: Vec<String> = statement.tree.all("FuncCall").into_iter().map(called).collect();
    for name in &calls {
        // A check is also asked inside the run, where nothing but this keeps it from acting.
        if acts(name) || name == "set_config" {
            return Err(format!("it calls {name}(), which acts; a check only reads"));
        }
    }
    let mut forbidden = None;
    each_object(statement.tree.root(), &mut |node| {
        if tree::present(node, "into_clause").is_some() {
            forbidden = Some("it has INTO, which creates a table; leave it out");
        }
        if !tree::items(node, "locking_clause").is_empty() {
            forbidden = Some("it has FOR UPDATE or FOR SHARE, which locks rows; leave it out");
        }
    });
    if let Some(reason) = forbidden {
        return Err(reason.to_owned());
    }
    match columns(select) {
        Some(1) => {}
        Some(count) => {
            return Err(format!("it has {count} columns; write exactly one, such as `SELECT count(*) FROM …`"));
        }
        None => return Err("its columns cannot be counted because of `*`; name the one column".to_owned()),
    }
    let relations = statement.tree.all("RangeVar").into_iter().map(|table| tree::text(table, "relname").to_owned());
    let statistics = relations.chain(calls).filter(|name| name.starts_with("pg_stat_")).collect();
    Ok(Arc::new(Asked { statistics }))
}

/// Returns the names of a SELECT's columns; `None` where one of them has a name that only the server knows.
#[must_use]
pub fn column_names(sql: &str) -> Option<Vec<String>> {
    let statements = split(sql).ok()?;
    let [statement] = statements.as_slice() else { return None };
    let ("SelectStmt", mut select) = statement.tree.statement() else { return None };
    while let Some(left) = tree::present(select, "larg") {
        select = left;
    }
    let name = |target: &Node| {
        let target = tree::as_kind(target, "ResTarget")?;
        let given = tree::text(target, "name");
        if !given.is_empty() {
            return Some(given.to_owned());
        }
        let column = tree::present(target, "val").and_then(|value| tree::as_kind(value, "ColumnRef"))?;
        let last = tree::items(column, "fields").last().and_then(|field| tree::as_kind(field, "String"))?;
        Some(tree::text(last, "sval").to_owned())
    };
    let targets = tree::items(select, "target_list");
    (!targets.is_empty()).then(|| targets.iter().map(name).collect()).flatten()
}

/// Counts the columns of a SELECT; `None` when a `*` hides them.
fn columns(select: &Node) -> Option<usize> {
    if let Some(left) = tree::present(select, "larg") {
        return columns(left);
    }
    if let Some(row) = tree::items(select, "values_lists").first() {
        return Some(tree::as_kind(row, "List").map_or(0, |list| tree::items(list, "items").len()));
    }
    let targets = tree::items(select, "target_list");
    let is_star = |target: &Node| {
        let value = tree::as_kind(target, "ResTarget").and_then(|target| tree::present(target, "val"));
        let last = value.and_then(|value| {
            tree::as_kind(value, "ColumnRef").and_then(|column| tree::items(column, "fields").last()).or_else(|| {
                tree::as_kind(value, "AIndirection").and_then(|star| tree::items(star, "indirection").last())
            })
        });
        last.is_some_and(|last| tree::as_kind(last, "AStar").is_some())
    };
    (!targets.iter().any(is_star)).then_some(targets.len())
}
