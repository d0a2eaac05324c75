//! Takes a statement; gives the changes it names, so that a run can tell them from what else it does.

use super::{Change, NamedChange};
use crate::runbook::sql::{Statement, Touch, touched};

/// Statements whose command tag counts the rows of the one table they name first.
const COUNTED: [&str; 4] = ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];

/// Returns the changes a statement names; `ordinal` is its place in its script.
#[must_use]
pub fn names_of(statement: &Statement, ordinal: u32, schema: &str) -> Vec<NamedChange> {
    let found: Vec<_> = touched(statement, schema).into_iter().filter(|touch| touch.how.changes()).collect();
    let is_counted = COUNTED.contains(&statement.tree.statement().0);
    // The statement's own table is named first; a WITH query's comes behind it, at another place.
    let own = found.first().filter(|_| is_counted).map(|first| (first.name.clone(), first.line, first.column));
    let mut names: Vec<NamedChange> = found
        .into_iter()
        .filter_map(|touch| {
            let counted = own.as_ref().is_some_and(|own| *own == (touch.name.clone(), touch.line, touch.column));
            Some(NamedChange { statement: ordinal, change: change_of(touch.how)?, object: touch.name, counted })
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

fn change_of(touch: Touch) -> Option<Change> {
    match touch {
        Touch::Read | Touch::Call | Touch::Lock => None,
        Touch::Insert => Some(Change::Insert),
        Touch::Update => Some(Change::Update),
        Touch::Delete => Some(Change::Delete),
        Touch::Truncate => Some(Change::Empty),
        Touch::Create => Some(Change::Create),
        Touch::Alter => Some(Change::Alter),
        Touch::Attach => Some(Change::Attach),
        Touch::Drop => Some(Change::Drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::sql::split;

    /// Cases are `change object`, with `*` for a change whose rows the tag counts.
    fn check(sql: &str, expected: &str) {
        let statements = split(sql).unwrap();
        let found: Vec<String> = names_of(&statements[0], 1, "public")
            .iter()
            .map(|name| format!("{:?}{} {}", name.change, if name.counted { "*" } else { "" }, name.object))
            .collect();
        assert_eq!(found.join(", "), expected, "{sql}");
    }

    #[test]
    fn what_a_statement_names_is_told_from_what_it_reads() {
        check("DELETE FROM public.events WHERE k IN (SELECT k FROM codes)", "Delete* public.events");
        check("UPDATE codes SET a = 1", "Update* public.codes");
        check(
            "INSERT INTO a SELECT * FROM b ON CONFLICT (k) DO UPDATE SET x = 1",
            "Insert* public.a, Update* public.a",
        );
        check(
            "WITH gone AS (DELETE FROM b RETURNING k) INSERT INTO a SELECT k FROM gone",
            "Insert* public.a, Delete public.b",
        );
        check(
            "WITH gone AS (DELETE FROM a RETURNING k) DELETE FROM a WHERE k = 1",
            "Delete public.a, Delete* public.a",
        );
        check("DROP TABLE x, y.z", "Drop public.x, Drop y.z");
        check("DROP TRIGGER t ON x", "Attach public.x, Drop public.x.t");
        check("TRUNCATE x", "Empty public.x");
        check("SELECT count(*) FROM x", "");
        check("WITH d AS (DELETE FROM x RETURNING 1) SELECT 1", "Delete public.x");
    }
}
