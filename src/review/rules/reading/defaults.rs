//! Takes an INSERT, UPDATE or MERGE; gives the column defaults that it evaluates, and where it says so.

use crate::review::{Catalog, Expression, ExpressionKind};
use crate::runbook::ObjectName;
use crate::runbook::sql::tree::{Node, as_kind, items, kind, number, present, text};
use crate::runbook::sql::{Statement, Touch, Touched};
use pg_query::protobuf::CmdType;

/// A default that is evaluated.
#[derive(Clone, Copy, Debug)]
pub(in crate::review::rules) struct Taken<'c> {
    /// The default.
    pub(in crate::review::rules) default: &'c Expression,
    /// The byte offset of the word DEFAULT; none for a column that is left out.
    pub(in crate::review::rules) offset: Option<usize>,
}

/// Columns that take their defaults.
#[derive(Default)]
struct Columns {
    /// Named with the word DEFAULT.
    named: Vec<(String, usize)>,
    /// For each row source, the columns that are given a value; all the others are left out.
    given: Vec<Vec<String>>,
}

/// Returns the defaults that a touch of a table evaluates: those of the table that is named. A partition's own are not
/// asked for a row that comes through its parent.
pub(in crate::review::rules) fn defaults<'c>(
    catalog: &'c Catalog,
    statement: &Statement,
    touched: &Touched,
) -> Vec<Taken<'c>> {
    let mut columns = Columns::default();
    let order = catalog.objects.get(&touched.name).map_or(&[][..], |object| object.columns.as_slice());
    for (wanted, read) in [
        ("InsertStmt", insert as fn(&Node, Touch, &[String], &mut Columns)),
        ("UpdateStmt", update),
        ("MergeStmt", merge),
    ] {
        for node in statement.tree.all(wanted).into_iter().filter(|node| is_of(node, &touched.name)) {
            read(node, touched.how, order, &mut columns);
        }
    }
    let own = catalog.expressions.iter().filter(|one| one.kind == ExpressionKind::Default && one.of == touched.name);
    own.filter_map(|default| {
        let offset = columns.named.iter().find(|(column, _)| *column == default.part).map(|(_, offset)| *offset);
        let is_left_out = columns.given.iter().any(|given| !given.contains(&default.part));
        (offset.is_some() || is_left_out).then_some(Taken { default, offset })
    })
    .collect()
}

fn is_of(node: &Node, name: &ObjectName) -> bool {
    let Some(relation) = present(node, "relation") else { return false };
    let schema = text(relation, "schemaname");
    text(relation, "relname") == name.name && (schema.is_empty() || schema == name.schema)
}

fn insert(node: &Node, how: Touch, order: &[String], columns: &mut Columns) {
    if how == Touch::Update {
        if let Some(clause) = present(node, "on_conflict_clause") {
            set(items(clause, "target_list"), columns);
        }
        return;
    }
    let listed = names(items(node, "cols"));
    let select = present(node, "select_stmt").and_then(|select| as_kind(select, "SelectStmt"));
    let Some(select) = select else {
        columns.given.push(Vec::new());
        return;
    };
    let order = if listed.is_empty() { order } else { listed.as_slice() };
    let rows = items(select, "values_lists");
    for row in rows.iter().filter_map(|row| as_kind(row, "List")) {
        values(items(row, "items"), order, columns);
    }
    if rows.is_empty() {
        let width = if listed.is_empty() { width(select) } else { listed.len() };
        columns.given.push(order.iter().take(width).cloned().collect());
    }
}

fn update(node: &Node, how: Touch, _: &[String], columns: &mut Columns) {
    if how == Touch::Update {
        set(items(node, "target_list"), columns);
    }
}

fn merge(node: &Node, how: Touch, order: &[String], columns: &mut Columns) {
    for clause in items(node, "merge_when_clauses").iter().filter_map(|one| as_kind(one, "MergeWhenClause")) {
        let command = number(clause, "command_type");
        if command == CmdType::CmdUpdate as i64 && how == Touch::Update {
            set(items(clause, "target_list"), columns);
        } else if command == CmdType::CmdInsert as i64 && how == Touch::Insert {
            let listed = names(items(clause, "target_list"));
            values(items(clause, "values"), if listed.is_empty() { order } else { &listed }, columns);
        }
    }
}

/// One row of VALUES.
fn values(row: &[Node], order: &[String], columns: &mut Columns) {
    columns.given.push(order.iter().take(row.len()).cloned().collect());
    for (column, value) in order.iter().zip(row) {
        columns.named.extend(default_at(value).map(|offset| (column.clone(), offset)));
    }
}

/// The targets of SET; `SET (a, b) = (1, DEFAULT)` keeps the row at each of them.
fn set(targets: &[Node], columns: &mut Columns) {
    for target in targets.iter().filter_map(|target| as_kind(target, "ResTarget")) {
        let Some(value) = present(target, "val") else { continue };
        let of_row = as_kind(value, "MultiAssignRef").and_then(|multiple| {
            let row = as_kind(present(multiple, "source")?, "RowExpr")?;
            items(row, "args").get(usize::try_from(number(multiple, "colno")).ok()?.checked_sub(1)?)
        });
        let offset = default_at(of_row.unwrap_or(value));
        columns.named.extend(offset.map(|offset| (text(target, "name").to_owned(), offset)));
    }
}

fn default_at(value: &Node) -> Option<usize> {
    as_kind(value, "SetToDefault").and_then(|word| usize::try_from(number(word, "location")).ok())
}

fn names(targets: &[Node]) -> Vec<String> {
    targets.iter().filter_map(|target| as_kind(target, "ResTarget")).map(|one| text(one, "name").to_owned()).collect()
}

/// Returns how many columns a SELECT surely gives: none that stands behind a `*`.
fn width(select: &Node) -> usize {
    if let Some(left) = present(select, "larg") {
        return width(left);
    }
    let is_star = |target: &&Node| {
        let value = as_kind(target, "ResTarget").and_then(|target| present(target, "val"));
        value.and_then(|value| as_kind(value, "ColumnRef")).is_some_and(|column| {
            items(column, "fields").iter().any(|field| kind(field).is_some_and(|(name, _)| name == "AStar"))
        })
    };
    items(select, "target_list").iter().take_while(|target| !is_star(target)).count()
}
