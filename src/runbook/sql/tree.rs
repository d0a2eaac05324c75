//! Takes the parser's message; gives a tree that can be walked whole; refuses nothing.
//!
//! `pg_query` visits only some children of some nodes. A DELETE hides in a CTE, a function in any expression, so the
//! tree is kept in its serialised form, where every child of every node is reached by one recursion.

use std::sync::Arc;

use pg_query::protobuf;
use serde_json::Value;

use super::grow::{Growth, grow, is_place};

/// A node of a parsed statement: `{"DeleteStmt": {"relation": …}}`. Fields that hold nothing are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree(Arc<Grown>);

#[derive(Debug, PartialEq)]
struct Grown {
    root: Value,
    /// The kinds of node in it, so that nobody walks a tree for a kind that it does not hold.
    kinds: Vec<&'static str>,
    depth: usize,
}

impl Tree {
    /// Makes a tree of one raw statement; deep input is measured, not refused. `base` bytes of the script lie before the
    /// text that was parsed.
    pub(super) fn of(statement: &protobuf::RawStmt, base: usize) -> Self {
        let mut growth = Growth::behind(base);
        let root = statement.stmt.as_deref().and_then(|node| grow(node, &mut growth)).unwrap_or_default();
        Self(Arc::new(Grown { root, kinds: growth.kinds, depth: growth.deepest }))
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.0.root
    }

    /// Returns the statement's kind and its fields, such as `DeleteStmt`.
    #[must_use]
    pub fn statement(&self) -> (&str, &Value) {
        kind(&self.0.root).unwrap_or(("", &Value::Null))
    }

    /// Returns how many nodes lie on the longest way from the root to a leaf.
    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    /// Returns whether a node of this kind stands anywhere in it.
    #[must_use]
    pub fn holds(&self, wanted: &str) -> bool {
        self.0.kinds.contains(&wanted)
    }

    /// Visits every node of every kind, parents before children.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, &'a Value)) {
        visit_value(&self.0.root, see);
    }

    /// Returns every node of one kind, such as `FuncCall`.
    #[must_use]
    pub fn all(&self, wanted: &str) -> Vec<&Value> {
        let mut found = Vec::new();
        if !self.holds(wanted) {
            return found;
        }
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
