//! Takes a write to a table; gives what the server does by itself because of it: triggers, defaults, checks.

use pg_query::protobuf::ObjectType;

use crate::review::{Catalog, EventTrigger, Expression, ExpressionKind, Trigger};
use crate::runbook::sql::tree::{as_kind, items, number, text};
use crate::runbook::sql::{Statement, Touch, Touched};
use crate::runbook::{ObjectKind, ObjectName};

/// Something the server runs by itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::review::rules) enum Fired<'c> {
    /// A trigger of a written table.
    Trigger(&'c Trigger),
    /// An event trigger of a definition that changes.
    Event(&'c EventTrigger),
    /// A column's default, a generated column, a check or an index.
    Expression(&'c Expression),
}

/// Returns the event of a trigger or rule that a touch is; `None` for one that changes no rows.
pub(in crate::review::rules) fn event_of(how: Touch) -> Option<&'static str> {
    match how {
        Touch::Insert => Some("INSERT"),
        Touch::Update => Some("UPDATE"),
        Touch::Delete => Some("DELETE"),
        Touch::Truncate => Some("TRUNCATE"),
        Touch::Read | Touch::Call | Touch::Lock | Touch::Create | Touch::Alter | Touch::Attach | Touch::Drop => None,
    }
}

/// Returns the triggers and expressions that a touch of a table sets off.
pub(in crate::review::rules) fn by_write<'c>(
    catalog: &'c Catalog,
    statement: &Statement,
    touched: &'c Touched,
) -> Vec<Fired<'c>> {
    let Some(event) = event_of(touched.how) else { return Vec::new() };
    let family = catalog.family(&touched.name);
    let set = updated(statement, &touched.name);
    let meets = |trigger: &&Trigger| {
        trigger.enabled
            && family.contains(&&trigger.relation)
            // What is fired once a statement is fired for the table that is named.
            && (trigger.for_each_row || event == "TRUNCATE" || trigger.relation == touched.name)
            && trigger.events.iter().any(|one| one == event)
            && (event != "UPDATE" || sets_one(&trigger.columns, set.as_deref()))
    };
    let is_evaluated = |expression: &&Expression| {
        family.contains(&&expression.of)
            && match expression.kind {
                ExpressionKind::Default => event == "INSERT",
                ExpressionKind::Written => matches!(event, "INSERT" | "UPDATE"),
                ExpressionKind::Policy | ExpressionKind::Domain => false,
            }
    };
    let triggers = catalog.firing.iter().filter(meets).map(Fired::Trigger);
    triggers.chain(catalog.expressions.iter().filter(is_evaluated).map(Fired::Expression)).collect()
}

/// What lives outside one database sets no event trigger off.
const OUTSIDE: [&str; 5] = ["DATABASE", "ROLE", "TABLESPACE", "SYSTEM", "EVENT TRIGGER"];

/// Returns the event triggers that a statement sets off.
pub(in crate::review::rules) fn by_definition<'c>(catalog: &'c Catalog, statement: &Statement) -> Vec<Fired<'c>> {
    // The server answers SELECT to a CREATE TABLE AS, and calls it by its name to event triggers.
    let tag = match statement.tree.statement() {
        ("CreateTableAsStmt", fields) if number(fields, "objtype") == ObjectType::ObjectMatview as i64 => {
            "CREATE MATERIALIZED VIEW"
        }
        ("CreateTableAsStmt", _) => "CREATE TABLE AS",
        _ => statement.tag.as_str(),
    };
    let (verb, what) = tag.split_once(' ').unwrap_or((tag, ""));
    let is_definition = matches!(
        verb,
        "CREATE" | "ALTER" | "DROP" | "COMMENT" | "GRANT" | "REVOKE" | "REFRESH" | "REINDEX" | "SECURITY"
    );
    if !is_definition || OUTSIDE.contains(&what) {
        return Vec::new();
    }
    let meets = |trigger: &&EventTrigger| {
        trigger.enabled
            && (trigger.tags.is_empty() || trigger.tags.iter().any(|one| one == tag))
            && match trigger.event.as_str() {
                "sql_drop" => matches!(verb, "DROP" | "ALTER"),
                "table_rewrite" => verb == "ALTER",
                "login" => false,
                _ => true,
            }
    };
    catalog.event_triggers.iter().filter(meets).map(Fired::Event).collect()
}

/// Returns the columns an UPDATE of this table sets; `None` when they cannot be told.
fn updated(statement: &Statement, name: &ObjectName) -> Option<Vec<String>> {
    let nodes = statement.tree.all("UpdateStmt");
    let [node] = nodes.as_slice() else { return None };
    let relation = node.get("relation")?;
    if text(relation, "relname") != name.name {
        return None;
    }
    let targets = items(node, "target_list").iter().filter_map(|target| as_kind(target, "ResTarget"));
    Some(targets.map(|target| text(target, "name").to_owned()).collect())
}

fn sets_one(columns: &[String], set: Option<&[String]>) -> bool {
    columns.is_empty() || set.is_none_or(|set| set.iter().any(|column| columns.contains(column)))
}

/// Returns the name of a trigger as an object of the catalog.
pub(in crate::review::rules) fn trigger_name(trigger: &Trigger) -> ObjectName {
    ObjectName::new(&trigger.relation.schema, &format!("{}.{}", trigger.relation.name, trigger.name))
}

/// Returns whether earlier statements have dropped what would be fired, or its table.
pub(in crate::review::rules) fn is_gone(fired: &Fired<'_>, dropped: &[&Touched]) -> bool {
    let is_dropped = |name: &ObjectName, kind: Option<ObjectKind>| {
        dropped.iter().any(|one| one.name == *name && (one.kind.is_none() || kind.is_none() || one.kind == kind))
    };
    match fired {
        Fired::Trigger(trigger) => {
            is_dropped(&trigger_name(trigger), Some(ObjectKind::Trigger)) || is_dropped(&trigger.relation, None)
        }
        Fired::Event(trigger) => is_dropped(&ObjectName::new("", &trigger.name), Some(ObjectKind::EventTrigger)),
        Fired::Expression(expression) => is_dropped(&expression.of, None),
    }
}
