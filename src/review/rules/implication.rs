//! Takes two conditions; answers whether one implies the other, where that can be proved on the tree.

use serde_json::Value;

use crate::runbook::ObjectName;
use crate::runbook::sql::split;
use crate::runbook::sql::tree::{as_kind, items, kind, number, present, strings, text, visit_value, without_places};
use pg_query::protobuf::{AExprKind, BoolExprType};

/// A condition as the list of its parts joined by AND, without places and without its table's name before columns.
pub(super) struct Condition {
    parts: Vec<Value>,
    /// The parts as they were written, for messages.
    written: Vec<String>,
}

impl Condition {
    /// Reads a declared key; `None` when it is no condition, or one that marks no rows.
    pub fn of_key(key: &str, table: &ObjectName) -> Option<Self> {
        let sql = format!("SELECT 1 WHERE (\n{key}\n)");
        let statements = split(&sql).ok()?;
        let clause = present(statements.first()?.tree.statement().1, "where_clause")?;
        let mut parts = Vec::new();
        conjuncts(clause, &mut parts);
        let parts: Vec<Value> = parts.into_iter().map(|part| normal(part, &[&table.schema, &table.name])).collect();
        let written = if parts.len() == 1 { vec![key.to_owned()] } else { parts.iter().map(spoken).collect() };
        (!parts.is_empty() && parts.iter().all(marks_rows)).then_some(Self { parts, written })
    }

    /// Reads the WHERE of a statement on this relation.
    pub fn of_where(clause: &Value, relation: &Value) -> Self {
        let alias = present(relation, "alias").map(|alias| text(alias, "aliasname")).unwrap_or_default();
        let schema = text(relation, "schemaname");
        // With an alias, the table's own name is no longer one.
        let names: [&str; 2] = if alias.is_empty() { [schema, text(relation, "relname")] } else { ["", alias] };
        let mut parts = Vec::new();
        conjuncts(clause, &mut parts);
        Self { parts: parts.into_iter().map(|part| normal(part, &names)).collect(), written: Vec::new() }
    }

    /// Returns whether the condition speaks of this column.
    pub fn names(&self, column: &str) -> bool {
        let mut named = false;
        for part in &self.parts {
            visit_value(part, &mut |kind, node| {
                named |=
                    kind == "ColumnRef" && strings(items(node, "fields")).last().is_some_and(|last| last == column);
            });
        }
        named
    }
}

/// Proves that `condition` implies `key`; gives the first part of the key that it could not prove.
pub(super) fn implies<'k>(condition: &Condition, key: &'k Condition) -> Option<&'k str> {
    let unproved = key.parts.iter().position(|wanted| !condition.parts.iter().any(|part| part_implies(part, wanted)));
    unproved.map(|index| key.written.get(index).map_or("", String::as_str))
}

fn part_implies(part: &Value, wanted: &Value) -> bool {
    if part == wanted {
        return true;
    }
    // `col IN (a)` implies `col IN (a, b)`; `col = a` is `col IN (a)`.
    match (among(part), among(wanted)) {
        (Some((column, few)), Some((wanted_column, many))) => {
            column == wanted_column && few.iter().all(|one| many.contains(one))
        }
        (None, _) | (_, None) => false,
    }
}

/// Reads `column = constant` and `column IN (constants)`.
fn among(part: &Value) -> Option<(&Value, Vec<&Value>)> {
    let node = as_kind(part, "AExpr")?;
    if strings(items(node, "name")) != ["="] {
        return None;
    }
    let column = present(node, "lexpr").filter(|left| as_kind(left, "ColumnRef").is_some())?;
    let right = present(node, "rexpr")?;
    let constants: Vec<&Value> = if number(node, "kind") == AExprKind::AexprOp as i64 {
        vec![right]
    } else if number(node, "kind") == AExprKind::AexprIn as i64 {
        items(as_kind(right, "List")?, "items").iter().collect()
    } else {
        return None;
    };
    (!constants.is_empty() && constants.iter().all(|constant| is_constant(constant))).then_some((column, constants))
}

fn is_constant(node: &Value) -> bool {
    match kind(node) {
        // NULL is a constant too, but no row equals it.
        Some(("AConst", constant)) => present(constant, "val").is_some(),
        Some(("TypeCast", cast)) => present(cast, "arg").is_some_and(is_constant),
        Some(_) | None => false,
    }
}

/// A part of a key compares a column with something else than itself, and holds no `OR true`.
fn marks_rows(part: &Value) -> bool {
    let mut columns = 0;
    let mut is_idle = false;
    visit_value(part, &mut |kind, node| {
        columns += usize::from(kind == "ColumnRef");
        is_idle |=
            kind == "AExpr" && present(node, "lexpr").is_some() && present(node, "lexpr") == present(node, "rexpr");
        is_idle |= kind == "BoolExpr"
            && number(node, "boolop") == BoolExprType::OrExpr as i64
            && items(node, "args").iter().any(|arm| !names_a_column(arm));
    });
    columns > 0 && !is_idle
}

fn names_a_column(node: &Value) -> bool {
    let mut named = false;
    visit_value(node, &mut |kind, _| named |= kind == "ColumnRef");
    named
}

fn conjuncts<'v>(node: &'v Value, parts: &mut Vec<&'v Value>) {
    match as_kind(node, "BoolExpr") {
        Some(all) if number(all, "boolop") == BoolExprType::AndExpr as i64 => {
            for arm in items(all, "args") {
                conjuncts(arm, parts);
            }
        }
        Some(_) | None => parts.push(node),
    }
}

/// Takes away places and the table's own name before columns, and writes `constant = column` the other way round.
fn normal(part: &Value, names: &[&str; 2]) -> Value {
    let mut node = without_places(part);
    unqualify(&mut node, names);
    let Some(comparison) = node.get_mut("AExpr").filter(|node| strings(items(node, "name")) == ["="]) else {
        return node;
    };
    let is_turned = present(comparison, "lexpr").is_some_and(is_constant)
        && present(comparison, "rexpr").is_some_and(|right| as_kind(right, "ColumnRef").is_some());
    if is_turned && let Some(fields) = comparison.as_object_mut() {
        let (left, right) = (fields.remove("lexpr"), fields.remove("rexpr"));
        fields.extend(right.map(|right| ("lexpr".to_owned(), right)));
        fields.extend(left.map(|left| ("rexpr".to_owned(), left)));
    }
    node
}

fn unqualify(node: &mut Value, names: &[&str; 2]) {
    match node {
        Value::Array(list) => list.iter_mut().for_each(|item| unqualify(item, names)),
        // Inside a sub-query the same name may mean another table: it is left as it is, and proves nothing.
        Value::Object(fields) if fields.contains_key("SubLink") => {}
        Value::Object(fields) => {
            if let Some(parts) =
                fields.get_mut("ColumnRef").and_then(|column| column.get_mut("fields")).and_then(Value::as_array_mut)
            {
                let spelled = strings(parts);
                let is_own = match spelled.as_slice() {
                    [table, _] => table == names[1],
                    [schema, table, _] => schema == names[0] && table == names[1],
                    _ => false,
                };
                if is_own && spelled.len() == parts.len() {
                    parts.drain(..spelled.len() - 1);
                }
                return;
            }
            fields.values_mut().for_each(|item| unqualify(item, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Says which columns a part of a key speaks of.
fn spoken(part: &Value) -> String {
    let mut columns = Vec::new();
    visit_value(part, &mut |kind, node| {
        if kind == "ColumnRef" {
            columns.push(strings(items(node, "fields")).join("."));
        }
    });
    format!("about {}", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::Condition;
    use crate::runbook::ObjectName;

    #[test]
    fn keys_that_mark_no_rows_are_no_keys() {
        let is_key = |key: &str| Condition::of_key(key, &ObjectName::new("public", "t")).is_some();
        for key in ["d = 'x'", "t.d = 'x' AND k > 1", "d LIKE 'gov\\_%'", "d = :'p'", "d IN ('a')", "a = 1 OR b = 2"] {
            assert!(is_key(key), "{key}");
        }
        for key in
            ["true", "1 = 1", "d = d", "d = 'x' OR true", "d = 'x' AND true", "", "DELETE FROM t", "d = 'x') OR (true"]
        {
            assert!(!is_key(key), "{key}");
        }
    }
}
