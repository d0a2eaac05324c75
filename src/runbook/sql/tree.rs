//! Takes the parser's message; gives a tree that can be walked whole; refuses nothing.
//!
//! `pg_query` visits only some children of some nodes. A DELETE hides in a CTE, a function in any expression, so the
//! tree is kept in its serialised form, where every child of every node is reached by one recursion.

use pg_query::protobuf;
use serde_json::{Map, Value};

/// A node of a parsed statement: `{"DeleteStmt": {"relation": …}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree(Value);

impl Tree {
    /// Makes a tree of one raw statement; deep input is measured, not refused.
    pub(super) fn of(statement: &protobuf::RawStmt) -> Self {
        let node = statement.stmt.as_deref();
        Self(node.and_then(|node| serde_json::to_value(node).ok()).map_or(Value::Null, collapse))
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.0
    }

    /// Returns the statement's kind and its fields, such as `DeleteStmt`.
    #[must_use]
    pub fn statement(&self) -> (&str, &Value) {
        kind(&self.0).unwrap_or(("", &Value::Null))
    }

    /// Returns how many nodes lie on the longest way from the root to a leaf.
    pub(super) fn depth(&self) -> usize {
        depth(&self.0)
    }

    /// Visits every node of every kind, parents before children.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, &'a Value)) {
        visit_value(&self.0, see);
    }

    /// Returns every node of one kind, such as `FuncCall`.
    #[must_use]
    pub fn all(&self, wanted: &str) -> Vec<&Value> {
        let mut found = Vec::new();
        self.visit(&mut |kind, fields| {
            if kind == wanted {
                found.push(fields);
            }
        });
        found
    }
}

/// Splits `{"Kind": {…}}` into its kind and its fields.
#[must_use]
pub fn kind(node: &Value) -> Option<(&str, &Value)> {
    let fields = node.as_object()?;
    let (name, inner) = fields.iter().next()?;
    (fields.len() == 1 && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some((name.as_str(), inner))
}

/// Returns the fields of a node when it is of this kind.
#[must_use]
pub fn as_kind<'a>(node: &'a Value, wanted: &str) -> Option<&'a Value> {
    kind(node).filter(|(name, _)| *name == wanted).map(|(_, fields)| fields)
}

/// Returns the items of a list field; nothing when it is absent.
#[must_use]
pub fn items<'a>(node: &'a Value, field: &str) -> &'a [Value] {
    node.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a text field; empty when it is absent.
#[must_use]
pub fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a number field, enumerations too; 0 when it is absent.
#[must_use]
pub fn number(node: &Value, field: &str) -> i64 {
    node.get(field).and_then(Value::as_i64).unwrap_or_default()
}

/// Returns a truth field; false when it is absent.
#[must_use]
pub fn truth(node: &Value, field: &str) -> bool {
    node.get(field).and_then(Value::as_bool).unwrap_or_default()
}

/// Returns a field that is there and not null.
#[must_use]
pub fn present<'a>(node: &'a Value, field: &str) -> Option<&'a Value> {
    node.get(field).filter(|value| !value.is_null())
}

/// Returns the texts of a list of String nodes, such as the parts of a name.
#[must_use]
pub fn strings(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(|item| as_kind(item, "String")).map(|item| text(item, "sval").to_owned()).collect()
}

/// Returns the tree without places and without empty fields, so that equal code compares equal.
#[must_use]
pub fn without_places(node: &Value) -> Value {
    match node {
        Value::Array(list) => Value::Array(list.iter().map(without_places).collect()),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !is_place(name));
            Value::Object(kept.map(|(name, value)| (name.clone(), without_places(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => node.clone(),
    }
}

fn is_place(field: &str) -> bool {
    // PostgreSQL 18's grammar also remembers where a list of `IN` begins and ends.
    matches!(
        field,
        "location" | "stmt_location" | "stmt_len" | "rexpr_list_start" | "rexpr_list_end" | "list_start" | "list_end"
    )
}

/// Takes away the `{"node": …}` wrapper that the message format puts round every node.
fn collapse(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(collapse).collect()),
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("node") => {
            fields.remove("node").map_or(Value::Null, collapse)
        }
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, collapse(value))).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Visits every node below a value, itself included, parents before children.
pub fn visit_value<'a>(value: &'a Value, see: &mut dyn FnMut(&'a str, &'a Value)) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| visit_value(item, see)),
        Value::Object(fields) => {
            if let Some((name, inner)) = kind(value) {
                see(name, inner);
            }
            fields.values().for_each(|item| visit_value(item, see));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
