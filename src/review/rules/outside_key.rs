//! `outside-key`: a DELETE or UPDATE of a shared table must imply the table's declared key (D-28).

use std::collections::HashMap;

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::key::{Condition, Key, KeyProblem};
use crate::runbook::sql::tree::{Node, as_kind, items, present, text};
use crate::runbook::sql::{Statement, Touch};
use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "outside-key",
    summary: "A write to a shared table is not held inside the table's declared key.",
    help: "A shared table is declared with a key, the condition that marks this phase's rows. Each DELETE and UPDATE of it must\n\
           imply that key, and the rule proves it on the tree, not on the text. Further conditions may stand beside the key,\n\
           joined by AND. An OR will do when each of its arms implies the key. These count as finer than the key:\n\
           fewer constants, as = IN, = ANY ('{…}'), = ANY (ARRAY[…]), (a, b) = (…) or (a, b) IN ((…)); a text constant\n\
           with ::text; a longer prefix in LIKE 'gov\\_run%', or a constant that begins with the prefix; a narrower range of\n\
           whole numbers or of dates as YYYY-MM-DD; any comparison with a constant where the key says IS NOT NULL. The\n\
           table's name or alias before a column does not matter. Whatever cannot be proved for every type of the column\n\
           blocks: key = key, a constant with another cast than the key's, COLLATE, OPERATOR(), CASE, a function or\n\
           sub-query in place of a constant, USING, FROM, WHERE CURRENT OF. INSERT and MERGE cannot be held to a key, and a\n\
           write through a view reaches tables that are not named: they block. UPDATE that sets a column of the key to\n\
           something else would move rows out of reach: a hazard. A retire_only table with a key is held to it likewise.\n\n\
           What to do: write the declared key, as it stands in runbook.toml, into WHERE with AND.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let mut read = Keys::new();
    for (statement, touched, object) in scene.declared() {
        let spot = Spot::Object(statement, touched);
        if touched.how.writes_rows() && is_view(scene, object) {
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
                let nodes: Vec<&Node> = statement.tree.all(written);
                let mut own = nodes
                    .iter()
                    .filter(|node| scene.target(node).is_some_and(|target| target.name == object.name))
                    .peekable();
                if own.peek().is_none() {
                    let message =
                        format!("A write to {} by {} cannot be held to its key.", object.name, verb(statement));
                    found.block(spot, message, "Write a plain DELETE or UPDATE with the declared key.");
                }
                for node in own {
                    let declared = read.entry((&object.name, key)).or_insert_with(|| Key::read(key, &object.name));
                    written_inside(found, statement, spot, object, (key, declared), node);
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

/// The keys that have been read: a script writes to the same few tables again and again.
type Keys<'r> = HashMap<(&'r ObjectName, &'r str), Result<Key, KeyProblem>>;

/// Returns the key a write is held to; `None` for classes without one.
fn key_of(object: &Object) -> Option<&str> {
    match &object.class {
        ObjectClass::Shared { key } | ObjectClass::RetireOnly { key } => Some(key.trim()),
        ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => None,
    }
}

/// What the runbook calls a table may be a view in the database.
fn is_view(scene: &Scene<'_>, object: &Object) -> bool {
    let views = [ObjectKind::View, ObjectKind::MaterializedView];
    let live = scene.catalog.and_then(|catalog| catalog.objects.get(&object.name));
    object.kind == ObjectKind::View || live.is_some_and(|live| views.contains(&live.kind))
}

fn verb(statement: &Statement) -> &str {
    if statement.tag.is_empty() { "this statement" } else { &statement.tag }
}

fn written_inside(
    found: &mut Found,
    statement: &Statement,
    spot: Spot<'_>,
    object: &Object,
    (key, declared): (&str, &Result<Key, KeyProblem>),
    node: &Node,
) {
    let way_out = format!("Write WHERE … AND {key}.");
    let declared = match declared {
        Ok(declared) => declared,
        Err(problem) => {
            let message = format!("The key of {} {}.", object.name, problem.message);
            found.block(spot, message, format!("{}: `key` in runbook.toml.", problem.hint));
            return;
        }
    };
    if declared.is_nobody() {
        let message = format!("The key of {} is `false`: no row of it is this phase's.", object.name);
        found.block(spot, message, "Remove the statement, or declare the key of the rows that are yours.");
        return;
    }
    if !items(node, "using_clause").is_empty() || !items(node, "from_clause").is_empty() {
        let message =
            format!("{} joins {} with other tables, so its key cannot be proved: {key}.", verb(statement), object.name);
        let way_out = "Name the rows by the key and by constants or an IN (SELECT …), without USING or FROM.";
        found.block(spot, message, way_out);
        return;
    }
    // Without WHERE, `blanket-delete` speaks.
    let Some(clause) = present(node, "where_clause") else { return };
    if as_kind(clause, "CurrentOfExpr").is_some() {
        let message = format!("WHERE CURRENT OF names a row of {} by a cursor, not by its key: {key}.", object.name);
        found.block(spot, message, way_out);
        return;
    }
    let condition = Condition::of_where(clause, present(node, "relation").unwrap_or(&Node::Nothing));
    let set: Vec<&Node> = items(node, "target_list").iter().filter_map(|item| as_kind(item, "ResTarget")).collect();
    let keyed = || set.iter().filter(|target| declared.names(text(target, "name")));
    if let Some(missing) = declared.unproved(&condition) {
        let part = if missing == key { String::new() } else { format!(" (the part {missing})") };
        let moved = keyed().next().map(|target| text(target, "name"));
        let moves = moved.map_or_else(String::new, |column| {
            format!(" It sets {column}, and would move rows of others into this phase's hands.")
        });
        let message = format!("WHERE does not imply the key of {}: {key}{part}.{moves}", object.name);
        found.block(spot, message, way_out);
        return;
    }
    for target in keyed() {
        let column = text(target, "name");
        // `SET domain = 'governance'` inside that key moves nothing.
        let is_whole = items(target, "indirection").is_empty();
        if is_whole && present(target, "val").is_some_and(|value| declared.keeps(column, value)) {
            continue;
        }
        let message =
            format!("UPDATE sets {column}, a column of the key of {}: its rows would leave the key.", object.name);
        found.hazard(spot, message, "Leave the key's columns as they are.");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_silent, check_with, runbook};
    use crate::runbook::{ObjectClass, ObjectKind, ObjectName};

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
            "UPDATE public.events SET event_domain = 'governance' WHERE event_domain = 'governance' AND k = 1",
            "UPDATE public.beats SET kind = 'b' WHERE executor = 'gov_run' AND kind = 'a'",
            "DELETE FROM ONLY public.events WHERE event_domain = 'governance'",
            "DELETE FROM public.events WHERE event_domain = 'governance'::text",
            "DELETE FROM public.events WHERE event_domain = ANY ('{governance}')",
            "DELETE FROM public.events WHERE (event_domain, k) = ('governance', 1)",
            "DELETE FROM public.events WHERE (event_domain, k) IN (('governance', 1), ('governance', 2))",
            "DELETE FROM public.events WHERE event_domain = 'governance' AND k = 1 OR k = 2 AND event_domain = 'governance'",
            "DELETE FROM public.events WHERE NOT (event_domain <> 'governance' OR k = 1)",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_run%' AND kind = 'b'",
            "DELETE FROM public.beats WHERE executor LIKE 'gov!_%' ESCAPE '!' AND kind = ANY (ARRAY['a', 'b'])",
            "DELETE FROM public.beats WHERE executor IN ('gov_a', 'gov_b') AND kind = 'a'",
            "WITH one AS (SELECT k FROM public.fresh) DELETE FROM public.events WHERE event_domain = 'governance' AND k IN (SELECT k FROM one)",
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
            "DELETE FROM public.events WHERE event_domain IS NOT DISTINCT FROM event_domain",
            "DELETE FROM public.events WHERE event_domain >= 'governance'",
            "DELETE FROM public.events WHERE event_domain = 'governance' COLLATE \"und-x-icu\"",
            "DELETE FROM public.events WHERE event_domain = 'governance'::char(3)",
            "DELETE FROM public.events WHERE event_domain = ALL ('{governance}')",
            "DELETE FROM public.events WHERE (event_domain, k) = ('other', 1)",
            "DELETE FROM public.events WHERE (event_domain, k) IN (('governance', 1), ('other', 2))",
            "DELETE FROM public.events WHERE (event_domain, k) IN (SELECT 'governance', 1)",
            "DELETE FROM public.events WHERE NOT (event_domain = 'governance' AND k = 1)",
            "DELETE FROM public.events WHERE coalesce(event_domain, 'governance') = 'governance'",
            "DELETE FROM public.events WHERE lower(event_domain) = 'governance'",
            "DELETE FROM public.events WHERE event_domain = 'gov' || 'ernance'",
            "DELETE FROM public.beats WHERE executor LIKE 'gov_run%' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor LIKE E'gov\\_run%' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor LIKE 'gov\\_%' ESCAPE '' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor = 'govern' AND kind = 'a'",
            "DELETE FROM public.beats WHERE executor LIKE :'key' AND kind = 'a'",
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
        check("DELETE FROM public.events WHERE CURRENT OF c", "outside-key 1:13 block: by a cursor");
        check(
            "INSERT INTO public.events VALUES (1) ON CONFLICT (k) DO UPDATE SET k = 1 WHERE events.event_domain = 'governance'",
            "outside-key 1:13 block: INSERT cannot be held",
        );
        check(
            "UPDATE public.events SET event_domain = 'governance' WHERE k = 1",
            "outside-key 1:8 block: would move rows of others",
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
        check_silent(
            "WITH gone AS (DELETE FROM public.fresh RETURNING k) DELETE FROM public.events WHERE event_domain = 'governance' AND k IN (SELECT k FROM gone)",
            "outside-key",
        );
        check(
            "UPDATE public.events SET (a, event_domain) = (1, 'x') WHERE event_domain = 'governance'",
            "outside-key 1:8 hazard: sets event_domain",
        );
        check_clean("DELETE FROM public.fresh USING public.events AS e WHERE fresh.k = e.k");
    }

    #[test]
    fn a_retire_only_key_a_nobody_key_and_a_live_view_are_held_too() {
        let with_key = |sql: &str, key: &str| {
            let mut book = runbook(sql);
            let codes = ObjectName::new("public", "codes");
            let object = book.objects.iter_mut().find(|object| object.name == codes).unwrap();
            object.class = ObjectClass::RetireOnly { key: key.to_owned() };
            book
        };
        let update = "UPDATE public.codes SET code = 'z', status = 'retired' WHERE code IN ('a', 'b')";
        check_with(&with_key(update, "code IN ('a', 'b')"), None, "outside-key 1:8 hazard: sets code");
        check_with(&with_key(update, "code IN ('a')"), None, "outside-key 1:8 block: does not imply");
        check_with(&with_key(update, "false"), None, "outside-key 1:8 block: no row of it is this phase's");
        check_with(&with_key(update, "false) OR (true"), None, "outside-key 1:8 block: leaves the parenthesis");
        let mut live = catalog(&["codes"], &[]);
        live.objects.get_mut(&ObjectName::new("public", "codes")).unwrap().kind = ObjectKind::View;
        check_with(&with_key(update, "code IN ('a', 'b')"), Some(&live), "outside-key 1:8 block: is a view");
    }
}
