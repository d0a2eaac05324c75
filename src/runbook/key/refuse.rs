//! Takes the text of a declared key; gives its condition; refuses a text that is more, or marks no rows (D-28).

use super::atom::{Atom, Way};
use super::formula::{Formula, is_bare_call};
use super::{KeyProblem, where_of};
use crate::runbook::sql::lexemes;
use crate::runbook::sql::tree::{Node, as_kind, items, number, present, strings, text, visit_value, without_places};
use pg_query::protobuf::Token;

/// Functions that answer the same for the same row, always: a key may be written with them.
const STEADY: &[&str] = &[
    "abs",
    "btrim",
    "char_length",
    "character_length",
    "left",
    "length",
    "like_escape",
    "lower",
    "ltrim",
    "position",
    "replace",
    "right",
    "rtrim",
    "similar_to_escape",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "upper",
];

const WRITE: &str = "Write a condition over its columns, such as \"event_domain = 'governance'\"";

fn problem(message: impl Into<String>, hint: &str) -> KeyProblem {
    KeyProblem { message: message.into(), hint: hint.to_owned() }
}

/// Reads the text as one condition and nothing more, with or without a parenthesis round it.
pub(super) fn clause(written: &str) -> Result<Node, KeyProblem> {
    if written.trim().is_empty() {
        return Err(problem("is empty", WRITE));
    }
    if let Some((letter, what)) = crate::runbook::letters::first_unseen(written) {
        let message = format!("holds U+{:04X}: {what}", u32::from(letter));
        return Err(problem(message, "Type it again with plain letters"));
    }
    let lexemes = lexemes(written).ok_or_else(|| {
        problem("is not a SQL condition: a quote or a comment in it is not ended", "End it, or leave it out")
    })?;
    if lexemes.iter().any(super::super::sql::Lexeme::is_comment) {
        return Err(problem("holds a comment", "Write the comment into runbook.toml, behind a #"));
    }
    if lexemes.iter().any(|lexeme| lexeme.is(Token::Ascii59)) {
        return Err(problem("holds a semicolon", "Write one condition, without a semicolon"));
    }
    let alone = where_of(&format!("SELECT 1 WHERE\n{written}\n"));
    let inside = where_of(&format!("SELECT 1 WHERE (\n{written}\n)"));
    match (alone, inside) {
        (Ok(alone), Ok(inside)) if without_places(&alone) == without_places(&inside) => Ok(inside),
        // `false) OR (true` reads well inside a parenthesis, and means another thing.
        (Err(_), Ok(_)) => {
            Err(problem("leaves the parenthesis it is put into", "Write one condition with its parentheses balanced"))
        }
        (Ok(_), Ok(_) | Err(_)) => Err(problem("is more than a condition", WRITE)),
        (Err(reason), Err(_)) => Err(problem(format!("is not a SQL condition: {reason}"), WRITE)),
    }
}

/// Refuses what asks another table, or may answer otherwise the next time.
pub(super) fn unsteady(clause: &Node) -> Result<(), KeyProblem> {
    let mut found = None;
    visit_value(clause, &mut |kind, node| {
        let reason = match kind {
            "SubLink" => Some("holds a sub-query, so that it depends on other rows".to_owned()),
            "CaseExpr" => Some("holds a CASE, which hides what it marks".to_owned()),
            "SqlvalueFunction" | "SQLValueFunction" => {
                Some("depends on who asks or when, as current_user and current_date do".to_owned())
            }
            "ParamRef" => Some(format!("holds ${}, which nobody binds", number(node, "number"))),
            "CurrentOfExpr" | "SetToDefault" | "GroupingFunc" | "AStar" => Some("is not a SQL condition".to_owned()),
            "FuncCall" => {
                let names = strings(items(node, "funcname"));
                let is_steady = match names.as_slice() {
                    [name] => STEADY.contains(&name.as_str()),
                    [schema, name] => schema == "pg_catalog" && STEADY.contains(&name.as_str()),
                    _ => false,
                };
                (!is_steady || !is_bare_call(node))
                    .then(|| format!("calls {}(), which is not known to answer the same every time", names.join(".")))
            }
            "TypeCast" => moving_date(node).map(|word| format!("holds the date '{word}', which moves")),
            _ => None,
        };
        if found.is_none() {
            found = reason;
        }
    });
    match found {
        Some(message) => Err(problem(message, "Compare its columns with constants or with :'parameter'")),
        None => Ok(()),
    }
}

fn moving_date(cast: &Node) -> Option<String> {
    let kind = strings(items(present(cast, "type_name")?, "names")).pop()?;
    if !["date", "timestamp", "timestamptz", "time", "timetz"].contains(&kind.as_str()) {
        return None;
    }
    let constant = as_kind(present(cast, "arg")?, "AConst")?;
    let word = text(as_kind(present(constant, "val")?, "Sval")?, "sval").trim().to_lowercase();
    ["now", "today", "tomorrow", "yesterday"].contains(&word.as_str()).then_some(word)
}

/// Refuses a key that holds for every row, or for none.
pub(super) fn idle<'f>(clause: &Node, parts: impl Iterator<Item = &'f Formula>) -> Result<(), KeyProblem> {
    if !names_a_column(clause) {
        return Err(problem(
            "names no column, so that it marks no rows",
            "Compare its columns with constants, or write \"false\" where no row of the table is yours",
        ));
    }
    let mut blind = false;
    visit_value(clause, &mut |kind, node| {
        blind |= kind == "BoolExpr" && items(node, "args").iter().any(|arm| !names_a_column(arm));
    });
    if blind {
        return Err(problem("has a part that names no column, such as `OR true`", "Leave that part out"));
    }
    let whole = Formula::All(parts.cloned().collect());
    let Some(arms) = whole.arms() else {
        return Err(problem("has too many branches to be followed", "Write it with IN instead of OR"));
    };
    if arms.iter().any(|arm| arm.iter().all(Atom::marks_no_rows)) {
        let hint = "Compare a column with a constant; a column that equals itself marks every row";
        return Err(problem("holds for every row", hint));
    }
    if arms.iter().all(|arm| is_impossible(arm)) {
        return Err(problem("holds for no row", "Write \"false\" where no row of the table is yours"));
    }
    let opposite = Formula::of(&without_places(clause), Way::Not);
    if opposite.arms().is_some_and(|arms| arms.iter().all(|arm| is_impossible(arm))) {
        return Err(problem("holds for every row", "Compare a column with a constant; leave the opposite out"));
    }
    Ok(())
}

/// Answers whether no row can meet all of these.
fn is_impossible(arm: &[Atom]) -> bool {
    arm.iter().any(Atom::is_never_true)
        || arm.iter().enumerate().any(|(index, atom)| arm[..index].iter().any(|earlier| earlier.contradicts(atom)))
}

fn names_a_column(node: &Node) -> bool {
    let mut named = false;
    visit_value(node, &mut |kind, _| named |= kind == "ColumnRef");
    named
}
