//! `outside-key`: a DELETE or UPDATE of a shared table must imply the table's declared key (D-28).

use serde_json::Value;

use super::{Found, RuleInfo, Scene, Spot};
use crate::review::rules::implication::{Condition, implies};
use crate::runbook::sql::tree::{as_kind, items, present, text};
use crate::runbook::sql::{Statement, Touch};
use crate::runbook::{Object, ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "outside-key",
    summary: "A write to a shared table is not held inside the table's declared key.",
    help: "A shared table is declared with a key, the condition that marks this phase's rows. Each DELETE and UPDATE of it must\n\
           imply that key, and the rule proves it on the tree, not on the text: the key is a list of conditions joined by AND,\n\
           and WHERE must hold each of them at its top level, also joined by AND: the same column, operator and constant. More\n\
           conditions may stand beside them. For `col IN (…)` fewer constants will do, or one with `=`. The table's name or\n\
           alias before a column does not matter. Whatever the rule cannot prove blocks: OR at the top, key = key, NOT, other\n\
           spellings of the same thing, USING, FROM and sub-queries in place of a constant. INSERT and MERGE cannot be held to\n\
           a key, and a write through a view reaches tables that are not named: both block. UPDATE of a key column would move\n\
           rows out of reach: a hazard. A retire_only table with a key is held to it in the same way.\n\n\
           What to do: write the declared key, as it stands in runbook.toml, into WHERE with AND.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared() {
        let spot = Spot::Object(statement, touched);
        if touched.how.writes_rows() && object.kind == ObjectKind::View {
            let message = format!(
                "{} is a view; writing through it reaches tables that the statement does not name.",
                object.name
            );
            found.block(spot, message, "Write to the table itself, with its key.");
            continue;
        }
        let Some(key) = key_of(object) else { continue };
        match touched.how {
            Touch::Insert => {
                let message =
                    format!("A reversal inserts into {}, and an INSERT cannot be held to a key.", object.name);
                found.block(spot, message, "Remove it; a reversal takes this phase's rows away, or retires them.");
            }
            Touch::Update | Touch::Delete if !key.is_empty() => {
                let written = if touched.how == Touch::Delete { "DeleteStmt" } else { "UpdateStmt" };
                let nodes: Vec<&Value> = statement.tree.all(written);
                let mut own = nodes
                    .iter()
                    .filter(|node| scene.target(node).is_some_and(|target| target.name == object.name))
                    .peekable();
                if own.peek().is_none() {
                    let message = format!("{} of {} cannot be held to its key.", statement.tag, object.name);
                    found.block(spot, message, "Write a plain DELETE or UPDATE with the declared key.");
                }
                for node in own {
                    written_inside(found, statement, spot, object, key, node);
                }
            }
            Touch::Update
            | Touch::Delete
            | Touch::Truncate
            | Touch::Read
            | Touch::Call
            | Touch::Lock
            | Touch::Create
            | Touch::Alter
            | Touch::Attach
            | Touch::Drop => {}
        }
    }
}

/// Returns the key a write is held to; `None` for classes without one.
fn key_of(object: &Object) -> Option<&str> {
    match &object.class {
        ObjectClass::Shared { key } | ObjectClass::RetireOnly { key } => Some(key.trim()),
        ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => None,
    }
}

fn written_inside(found: &mut Found, statement: &Statement, spot: Spot<'_>, object: &Object, key: &str, node: &Value) {
    let way_out = format!("Write WHERE … AND {key}.");
    let Some(key_condition) = Condition::of_key(key, &object.name) else {
        let message = format!("The key of {} marks no rows: it compares no column with a constant.", object.name);
        found.block(spot, message, "Correct `key` in runbook.toml.");
        return;
    };
    if !items(node, "using_clause").is_empty() || !items(node, "from_clause").is_empty() {
        let message =
            format!("{} joins {} with other tables, so its key cannot be proved: {key}.", statement.tag, object.name);
        found.block(
            spot,
            message,
            "Name the rows by the key and by constants or an IN (SELECT …), without USING or FROM.",
        );
        return;
    }
    // Without WHERE, `blanket-delete` speaks.
    let Some(clause) = present(node, "where_clause") else { return };
    let condition = Condition::of_where(clause, present(node, "relation").unwrap_or(&Value::Null));
    if let Some(missing) = implies(&condition, &key_condition) {
        let part = if missing == key { String::new() } else { format!(" (the part {missing})") };
        let message = format!("WHERE does not imply the key of {}: {key}{part}.", object.name);
        found.block(spot, message, way_out);
        return;
    }
    let ObjectClass::Shared { .. } = object.class else { return };
    for target in items(node, "target_list").iter().filter_map(|target| as_kind(target, "ResTarget")) {
        let column = text(target, "name");
        if key_condition.names(column) {
            let message =
                format!("UPDATE sets {column}, a column of the key of {}: its rows would leave the key.", object.name);
            found.hazard(spot, message, "Leave the key's columns as they are.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn what_implies_the_key_passes() {
        for sql in [
            "DELETE FROM public.events WHERE event_domain = 'governance'",
            "DELETE FROM events AS e WHERE e.event_domain = 'governance'",
            "DELETE FROM public.events WHERE events.event_domain = 'governance'",
            "DELETE FROM public.events WHERE public.events.event_domain = 'governance'",
            "DELETE FROM public.events WHERE ((event_domain) = ('governance'))",
            "DELETE FROM public.events WHERE 'governance' = event_domain",
            "DELETE FROM public.events WHERE event_domain IN ('governance')",
            "DELETE FROM public.events WHERE (k = 1 OR k = 2) AND (event_domain = 'governance' AND NOT active)",
            "UPDATE public.events SET active = false WHERE event_domain = 'governance' AND active",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_%' AND kind IN ('b')",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_%' AND kind IN ('b', 'a')",
            "DELETE FROM public.beats WHERE kind = 'a' AND executor LIKE 'gov\\_%'",
            "DELETE FROM public.shots WHERE origin = :'key'",
            "UPDATE public.codes SET status = 'retired' WHERE code = 'a'",
        ] {
            check_clean(sql);
        }
    }

    #[test]
    fn what_does_not_imply_the_key_blocks() {
        let key = "outside-key 1:13 block: does not imply the key";
        for sql in [
            "DELETE FROM public.events WHERE event_domain = 'governance' OR true",
            "DELETE FROM public.events WHERE event_domain = 'governance' OR k = 1",
            "DELETE FROM public.events WHERE event_domain = event_domain",
            "DELETE FROM public.events WHERE event_domain <> 'governance'",
            "DELETE FROM public.events WHERE NOT event_domain = 'governance'",
            "DELETE FROM public.events WHERE event_domain = 'Governance'",
            "DELETE FROM public.events WHERE \"Event_Domain\" = 'governance'",
            "DELETE FROM public.events WHERE event_domain LIKE 'governance'",
            "DELETE FROM public.events WHERE event_domain IN ('governance', 'other')",
            "DELETE FROM public.events WHERE event_domain NOT IN ('governance')",
            "DELETE FROM public.events WHERE event_domain IN (SELECT 'governance')",
            "DELETE FROM public.events WHERE event_domain OPERATOR(public.=) 'governance'",
            "DELETE FROM public.events WHERE EXISTS (SELECT 1 FROM public.fresh WHERE event_domain = 'governance')",
            "DELETE FROM public.events WHERE CASE WHEN event_domain = 'governance' THEN true ELSE true END",
            "DELETE FROM public.beats WHERE executor LIKE 'gov%' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_%'",
            "DELETE FROM public.beats WHERE executor ILIKE 'gov\\_%' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_%' AND kind IN ('a', 'c')",
            "DELETE FROM public.shots WHERE origin = :'other'",
            "DELETE FROM public.shots WHERE origin = 'key'",
        ] {
            check(sql, key);
        }
        check("DELETE FROM public.events AS e WHERE other.event_domain = 'governance'", key);
        check(
            "UPDATE public.events SET active = false WHERE k = 1",
            "outside-key 1:8 block: event_domain = 'governance'",
        );
        check(
            "WITH d AS (DELETE FROM events WHERE k = 1 RETURNING 1) SELECT 1",
            "outside-key 1:24 block: does not imply",
        );
    }

    #[test]
    fn what_cannot_be_held_to_a_key_blocks() {
        check(
            "DELETE FROM public.events USING public.fresh WHERE event_domain = 'governance'",
            "outside-key 1:13 block: joins",
        );
        check(
            "UPDATE public.events SET a = 1 FROM public.fresh WHERE event_domain = 'governance'",
            "outside-key 1:8 block: joins",
        );
        check("INSERT INTO public.events VALUES (1)", "outside-key 1:13 block: INSERT cannot be held");
        check(
            "MERGE INTO public.events USING public.fresh AS f ON true WHEN MATCHED THEN DELETE",
            "outside-key 1:12 block: cannot be held",
        );
        check("DELETE FROM public.v_fresh WHERE k = 1", "outside-key 1:13 block: is a view");
        check(
            "UPDATE public.events SET event_domain = 'x' WHERE event_domain = 'governance'",
            "outside-key 1:8 hazard: sets event_domain",
        );
        check_clean("DELETE FROM public.fresh USING public.events AS e WHERE fresh.k = e.k");
    }
}
