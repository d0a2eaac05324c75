//! `blanket-delete`: no DELETE, UPDATE or TRUNCATE of a whole table that is not ours alone (D-28).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::key::Condition;
use crate::runbook::sql::Touch;
use crate::runbook::sql::tree::{Node, present, visit_value};
use crate::runbook::{Object, ObjectClass};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "blanket-delete",
    summary: "DELETE or UPDATE without a condition, or TRUNCATE, on a table that is not greenfield.",
    help: "A shared table holds rows of others. DELETE and UPDATE without WHERE, with a WHERE that names no column or holds for\n\
           every row (k = k, k LIKE '%', … OR true), and TRUNCATE hit all of them. On a greenfield table, which this phase created, they are allowed.\n\n\
           What to do: write the table's declared key into WHERE.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        for (kind, verb) in [("DeleteStmt", "DELETE"), ("UpdateStmt", "UPDATE")] {
            for node in statement.tree.all(kind) {
                if is_greenfield(scene.target(node))
                    || present(node, "where_clause").is_some_and(|it| marks_rows(it, node))
                {
                    continue;
                }
                let message = format!("{verb} without a condition on its columns hits every row of the table.");
                found.block(Spot::Statement(statement), message, "Write the table's declared key into WHERE.");
            }
        }
    }
    for (statement, touched) in scene.touches().filter(|(_, touched)| touched.how == Touch::Truncate) {
        if !is_greenfield(scene.object(touched)) {
            let message = format!("TRUNCATE empties {}, rows of others too.", touched.name);
            found.block(
                Spot::Object(statement, touched),
                message,
                "Write DELETE … WHERE with the table's declared key.",
            );
        }
    }
}

fn is_greenfield(object: Option<&Object>) -> bool {
    object.is_some_and(|object| object.class == ObjectClass::Greenfield)
}

fn marks_rows(clause: &Node, node: &Node) -> bool {
    let mut named = false;
    visit_value(clause, &mut |kind, _| named |= matches!(kind, "ColumnRef" | "CurrentOfExpr"));
    named && !Condition::of_where(clause, present(node, "relation").unwrap_or(&Node::Nothing)).is_idle()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean, check_silent};

    #[test]
    fn cases() {
        check("DELETE FROM public.events;", "blanket-delete 1:1 block: DELETE without a condition");
        check("UPDATE public.events SET active = false", "blanket-delete 1:1 block: UPDATE");
        check("DELETE FROM public.events WHERE true", "blanket-delete 1:1 block: DELETE");
        check("DELETE FROM public.events WHERE 1 = 1", "blanket-delete 1:1 block: DELETE");
        check("DELETE FROM public.events WHERE k = k", "blanket-delete 1:1 block: DELETE");
        check("DELETE FROM public.events AS e WHERE e.k = k AND e.k LIKE '%'", "blanket-delete 1:1 block: DELETE");
        check(
            "DELETE FROM public.events WHERE event_domain = 'governance' OR true",
            "blanket-delete 1:1 block: DELETE",
        );
        check_silent("DELETE FROM public.events WHERE k = j", "blanket-delete");
        check_silent("DELETE FROM public.events WHERE CURRENT OF c", "blanket-delete");
        check(
            "SELECT 1; WITH d AS (DELETE FROM events RETURNING 1) SELECT count(*) FROM d",
            "blanket-delete 1:11 block: DELETE",
        );
        check("TRUNCATE public.events", "blanket-delete 1:10 block: TRUNCATE");
        check("DELETE FROM somewhere", "blanket-delete 1:1 block: DELETE");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance'");
        check_clean("DELETE FROM public.fresh");
        check_clean("TRUNCATE public.fresh_child");
    }
}
