//! `fk-action`: a foreign key that deletes or changes rows of another table by itself is named, with its rows.

use std::collections::BTreeSet;

use super::reading::{Reader, Setting, by_write};
use super::{Found, RuleInfo, Scene, Severity, Spot};
use crate::review::{Catalog, ForeignKey, KeyAction, RowCount};
use crate::runbook::sql::tree::{as_kind, items, present, text};
use crate::runbook::sql::{Statement, Touch, Touched, lexemes};
use crate::runbook::{ObjectClass, ObjectName, used};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "fk-action",
    summary: "A DELETE or key UPDATE reaches rows of other tables through ON DELETE or ON UPDATE actions.",
    help: "ON DELETE CASCADE deletes rows that the script does not name; SET NULL and SET DEFAULT change them; ON UPDATE does so\n\
           when the referenced columns change; and one key leads to the next. With a connected database every such way is\n\
           followed and named. When it ends at a protected, growing, retire_only, later or undeclared table it blocks; at\n\
           another declared table it is a hazard. The rows that would be reached are counted in the same look, and told as a\n\
           note; where the condition holds a parameter or calls a function, every row that points counts, as an upper bound.\n\
           What the reached table's own triggers do is read too.\n\n\
           What to do: delete the children first, in statements of their own with their own count of rows.",
};

/// One reached table: the keys on the way, and what happens to its rows.
struct Reached<'c> {
    way: Vec<&'c ForeignKey>,
    how: Touch,
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let (Some(catalog), Some(reader)) = (scene.catalog, scene.reader) else { return };
    let mut dropped: BTreeSet<&ObjectName> = BTreeSet::new();
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        for target in all.iter().filter(|one| matches!(one.how, Touch::Delete | Touch::Update)) {
            let columns = set_columns(statement, target);
            for reached in reached(catalog, &target.name, target.how, columns.as_deref()) {
                if reached.way.iter().any(|key| dropped.contains(&key.child)) {
                    continue;
                }
                tell(scene, reader, statement, target, &reached, found);
            }
        }
        dropped.extend(all.iter().filter(|one| one.how == Touch::Drop).map(|one| &one.name));
    }
}

fn tell(
    scene: &Scene<'_>,
    reader: &Reader<'_>,
    statement: &Statement,
    target: &Touched,
    reached: &Reached<'_>,
    found: &mut Found,
) {
    let Some(last) = reached.way.last() else { return };
    let spot = Spot::Object(statement, target);
    let child = &last.child;
    let (severity, class) = match scene.runbook.object(child).map(|object| (&object.class, object.later_phase)) {
        None => (Severity::Block, "which the runbook does not declare"),
        Some((_, true)) => (Severity::Block, "which belongs to a later phase"),
        Some((ObjectClass::Protected, _)) => (Severity::Block, "which is protected"),
        Some((ObjectClass::Growing, _)) => (Severity::Block, "which only grows"),
        Some((ObjectClass::RetireOnly { .. }, _)) => (Severity::Block, "whose rows are retired, never deleted"),
        Some((ObjectClass::Greenfield, _)) => (Severity::Hazard, "which is greenfield"),
        Some((ObjectClass::Shared { .. }, _)) => (Severity::Hazard, "which is shared"),
    };
    let mut chain = target.name.to_string();
    let mut how = target.how;
    for key in &reached.way {
        let (event, action) = if how == Touch::Delete { ("DELETE", key.on_delete) } else { ("UPDATE", key.on_update) };
        chain += &format!(" → {} (ON {event} {} of {})", key.child, words(action), key.name);
        how = next(how, action);
    }
    let done = if reached.how == Touch::Delete { "deletes rows" } else { "changes rows" };
    let message = format!("{} of {chain} {done} of {child}, {class}.", verb(target.how));
    found.note(
        severity,
        spot,
        message,
        format!("Delete or detach the rows of {child} first, in a statement of their own."),
    );
    found.count(RowCount {
        rule: INFO.name.to_owned(),
        step: scene.step.id.clone(),
        place: found.place(spot),
        table: child.clone(),
        is_bound: rows_of_target(statement, target).is_none(),
        sql: count(statement, target, &reached.way),
    });
    // D-29: what the child's own triggers do happens as well.
    let Some(catalog) = scene.catalog else { return };
    let child_touch =
        Touched { name: child.clone(), kind: None, how: reached.how, qualified: true, line: 1, column: 1 };
    for fired in by_write(catalog, statement, &child_touch) {
        for (severity, sentence) in reader.sentences(&reader.fired(&fired), Setting::Fired) {
            let message = format!("{} of {chain} sets off {sentence}", verb(target.how));
            found.note(severity, spot, message, format!("Delete or detach the rows of {child} first."));
        }
    }
}

/// Returns every table that keys reach, nearest first, each once a way of reaching it.
fn reached<'c>(catalog: &'c Catalog, target: &ObjectName, how: Touch, columns: Option<&[String]>) -> Vec<Reached<'c>> {
    let mut found: Vec<Reached<'c>> = Vec::new();
    let mut seen: BTreeSet<(&str, &ObjectName, Touch)> = BTreeSet::new();
    // A row of a partition is a row of its parents too.
    let mut open = vec![(related(catalog, target), how, columns.map(<[String]>::to_vec), Vec::new())];
    while let Some((tables, how, columns, way)) = open.pop() {
        for key in catalog.keys.iter().filter(|key| tables.contains(&key.parent)) {
            let action = if how == Touch::Delete { key.on_delete } else { key.on_update };
            let is_set = how == Touch::Delete
                || columns.as_ref().is_none_or(|set| key.parent_columns.iter().any(|column| set.contains(column)));
            if action == KeyAction::Refuse || !is_set {
                continue;
            }
            let then = next(how, action);
            if !seen.insert((&key.name, &key.child, then)) {
                continue;
            }
            let mut way: Vec<&ForeignKey> = way.clone();
            way.push(key);
            open.push((related(catalog, &key.child), then, Some(key.child_columns.clone()), way.clone()));
            found.push(Reached { way, how: then });
        }
    }
    found.sort_by_key(|reached| reached.way.len());
    found
}

/// Returns what an action does to the child's rows.
fn next(how: Touch, action: KeyAction) -> Touch {
    match action {
        KeyAction::Cascade => how,
        KeyAction::Refuse | KeyAction::SetNull | KeyAction::SetDefault => Touch::Update,
    }
}

/// Returns a table, its descendants and its ancestors.
fn related(catalog: &Catalog, table: &ObjectName) -> BTreeSet<ObjectName> {
    let mut all: BTreeSet<ObjectName> = catalog.family(table).into_iter().cloned().collect();
    let mut next = vec![table.clone()];
    while let Some(child) = next.pop() {
        for edge in catalog.edges.iter().filter(|edge| edge.by == "inheritance" && edge.dependent == child) {
            if all.insert(edge.referenced.clone()) {
                next.push(edge.referenced.clone());
            }
        }
    }
    all
}

/// Returns the columns an UPDATE sets; `None` for what cannot be told.
fn set_columns(statement: &Statement, target: &Touched) -> Option<Vec<String>> {
    let nodes = statement.tree.all("UpdateStmt");
    let [node] = nodes.as_slice() else { return None };
    if present(node, "relation").is_none_or(|relation| text(relation, "relname") != target.name.name) {
        return None;
    }
    let targets = items(node, "target_list").iter().filter_map(|target| as_kind(target, "ResTarget"));
    Some(targets.map(|target| text(target, "name").to_owned()).collect())
}

fn words(action: KeyAction) -> &'static str {
    match action {
        KeyAction::Refuse => "RESTRICT",
        KeyAction::Cascade => "CASCADE",
        KeyAction::SetNull => "SET NULL",
        KeyAction::SetDefault => "SET DEFAULT",
    }
}

fn verb(how: Touch) -> &'static str {
    if how == Touch::Delete { "DELETE" } else { "UPDATE" }
}

/// Returns the SELECT that counts the rows of the last table on the way.
fn count(statement: &Statement, target: &Touched, way: &[&ForeignKey]) -> String {
    let mut from = rows_of_target(statement, target).unwrap_or_else(|| target.name.quoted());
    for key in way {
        let list = |columns: &[String]| columns.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ");
        let (points, pointed) = (list(&key.child_columns), list(&key.parent_columns));
        from = format!("{} WHERE ({points}) IN (SELECT {pointed} FROM {from})", key.child.quoted());
    }
    format!("SELECT count(*) FROM {from}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns `table WHERE condition` as the statement writes it; `None` where that cannot be asked before the run.
fn rows_of_target(statement: &Statement, target: &Touched) -> Option<String> {
    let (kind, node) = statement.tree.statement();
    let (first, rest) = match kind {
        "DeleteStmt" if items(node, "using_clause").is_empty() => ("from", ""),
        "UpdateStmt" if items(node, "from_clause").is_empty() => ("update", "set"),
        _ => return None,
    };
    let is_own = present(node, "relation").is_some_and(|relation| text(relation, "relname") == target.name.name);
    // A function would be called by the count too; a parameter is not bound yet.
    let is_plain = statement.tree.all("FuncCall").is_empty() && present(node, "with_clause").is_none();
    if !is_own || !is_plain || !used(&statement.text).is_empty() || !target.qualified {
        return None;
    }
    let sql = &statement.text;
    let mut depth = 0_i32;
    let (mut begin, mut end_of_table, mut condition, mut end) = (None, None, None, sql.len());
    for word in lexemes(sql)?.into_iter().filter(|word| !word.is_comment()) {
        match sql[word.start..word.end].to_lowercase().as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            it if depth == 0 && it == first && begin.is_none() => begin = Some(word.end),
            it if depth == 0 && it == rest && begin.is_some() && end_of_table.is_none() => {
                end_of_table = Some(word.start);
            }
            "where" if depth == 0 && condition.is_none() => condition = Some(word.start),
            "returning" if depth == 0 => end = word.start,
            _ => {}
        }
    }
    let (begin, condition) = (begin?, condition?);
    let table = sql.get(begin..end_of_table.unwrap_or(condition))?.trim();
    Some(format!("{table} {}", sql.get(condition..end)?.trim()))
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::{Made, made};
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::review::{KeyAction, review};

    const DELETE: &str = "DELETE FROM public.events AS e WHERE e.event_domain = 'governance' RETURNING (1)";

    fn keyed(child: &str, on_delete: KeyAction) -> Made {
        made().key(child, "event_id", "events", "id", on_delete, KeyAction::Refuse)
    }

    #[track_caller]
    fn caught(sql: &str, made: &Made, expect: &str) {
        check_with(&runbook(sql), Some(&made.catalog), expect);
    }

    #[test]
    fn the_class_of_the_child_decides() {
        caught(
            DELETE,
            &keyed("fresh", KeyAction::Cascade),
            "fk-action 1:13 hazard: DELETE of public.events → public.fresh (ON DELETE CASCADE of fresh_fk) deletes rows of public.fresh",
        );
        caught(DELETE, &keyed("fresh", KeyAction::SetNull), "fk-action 1:13 hazard: changes rows of public.fresh");
        caught(
            DELETE,
            &keyed("fixed", KeyAction::SetDefault),
            "fk-action 1:13 block: public.fixed, which is protected",
        );
        caught(DELETE, &keyed("codes", KeyAction::SetNull), "fk-action 1:13 block: retired, never deleted");
        caught(DELETE, &keyed("outbox", KeyAction::Cascade), "fk-action 1:13 block: only grows");
        caught(DELETE, &keyed("unknown", KeyAction::Cascade), "fk-action 1:13 block: does not declare");
        check_clean_with(&runbook(DELETE), Some(&keyed("fixed", KeyAction::Refuse).catalog));
        let gone = format!("DROP TABLE public.fresh; {DELETE}");
        check_clean_with(&runbook(&gone), Some(&keyed("fresh", KeyAction::Cascade).catalog));
        let update = "UPDATE public.events SET active = false WHERE event_domain = 'governance'";
        check_clean_with(&runbook(update), Some(&keyed("fixed", KeyAction::Cascade).catalog));
    }

    #[test]
    fn one_key_leads_to_the_next() {
        let chain = keyed("fresh", KeyAction::Cascade)
            .key("fresh_child", "fresh_id", "fresh", "id", KeyAction::SetNull, KeyAction::Refuse)
            .key("fixed", "child", "fresh_child", "fresh_id", KeyAction::Refuse, KeyAction::Cascade);
        caught(
            DELETE,
            &chain,
            "fk-action 1:13 hazard: public.fresh (ON DELETE CASCADE of fresh_fk) → public.fresh_child (ON DELETE SET NULL",
        );
        caught(
            DELETE,
            &chain,
            "fk-action 1:13 block: public.fixed (ON UPDATE CASCADE of fixed_fk) changes rows of public.fixed",
        );
        let circle = keyed("events", KeyAction::Cascade);
        caught(DELETE, &circle, "fk-action 1:13 hazard: rows of public.events, which is shared");
    }

    #[test]
    fn a_key_that_changes_reaches_its_children() {
        let keyed = made().key("fixed", "event_id", "events", "id", KeyAction::Refuse, KeyAction::Cascade);
        caught(
            "UPDATE public.events SET id = 1 WHERE event_domain = 'governance'",
            &keyed,
            "fk-action 1:8 block: UPDATE of public.events → public.fixed (ON UPDATE CASCADE of fixed_fk) changes rows",
        );
        let other = runbook("UPDATE public.events SET active = true WHERE event_domain = 'governance'");
        check_clean_with(&other, Some(&keyed.catalog));
    }

    #[test]
    fn triggers_of_the_child_are_read() {
        let fires = keyed("fresh", KeyAction::Cascade)
            .function("CREATE FUNCTION public.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM nextval(''s''); RETURN OLD; END'")
            .trigger("fresh", "trg", "BEFORE DELETE", "tf");
        caught(DELETE, &fires, "fk-action 1:13 block: sets off trigger trg on public.fresh → public.tf() → nextval()");
    }

    #[test]
    fn rows_are_counted_by_the_statements_own_condition() {
        let sql = |script: &str, made: &Made| {
            let review = review(&runbook(script), Some(&made.catalog));
            review.counts.iter().map(|count| (count.sql.clone(), count.is_bound)).collect::<Vec<_>>()
        };
        let chain = keyed("fresh", KeyAction::Cascade).key(
            "fresh_child",
            "fresh_id",
            "fresh",
            "id",
            KeyAction::SetNull,
            KeyAction::Refuse,
        );
        let one = "\"public\".\"fresh\" WHERE (\"event_id\") IN (SELECT \"id\" FROM public.events AS e WHERE e.event_domain = 'governance')";
        assert_eq!(
            sql(DELETE, &chain),
            [
                (format!("SELECT count(*) FROM {one}"), false),
                (
                    format!(
                        "SELECT count(*) FROM \"public\".\"fresh_child\" WHERE (\"fresh_id\") IN (SELECT \"id\" FROM {one})"
                    ),
                    false
                ),
            ]
        );
        let bound = "SELECT count(*) FROM \"public\".\"fresh\" WHERE (\"event_id\") IN (SELECT \"id\" FROM \"public\".\"shots\")";
        let shots = made().key("fresh", "event_id", "shots", "id", KeyAction::Cascade, KeyAction::Refuse);
        assert_eq!(sql("DELETE FROM public.shots WHERE origin = :'key'", &shots), [(bound.to_owned(), true)]);
    }
}
