//! Takes the parser's message; gives a tree that can be walked whole; refuses nothing.
//!
//! `pg_query` visits only some children of some nodes. A DELETE hides in a CTE, a function in any expression, so the
//! tree is kept in a form of its own, where every child of every node is reached by one recursion.

use std::sync::Arc;

use super::grow::{Growth, grow, is_place};
pub use super::node::Node;
use pg_query::protobuf;

/// A node of a parsed statement: `{"DeleteStmt": {"relation": …}}`. Fields that hold nothing are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree(Arc<Grown>);

#[derive(Debug, PartialEq)]
struct Grown {
    root: Node,
    /// The kinds of node in it and how many there are, so that nobody walks a tree for what it does not hold, or on when
    /// all are found.
    kinds: Vec<(&'static str, usize)>,
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
    pub fn root(&self) -> &Node {
        &self.0.root
    }

    /// Returns the statement's kind and its fields, such as `DeleteStmt`.
    #[must_use]
    pub fn statement(&self) -> (&str, &Node) {
        kind(&self.0.root).unwrap_or(("", &Node::Nothing))
    }

    /// Returns how many nodes lie on the longest way from the root to a leaf.
    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    /// Returns whether a node of this kind stands anywhere in it.
    #[must_use]
    pub fn holds(&self, wanted: &str) -> bool {
        self.count(wanted) > 0
    }

    fn count(&self, wanted: &str) -> usize {
        self.0.kinds.iter().find(|(kind, _)| *kind == wanted).map_or(0, |(_, count)| *count)
    }

    /// Visits every node of every kind, parents before children.
    pub fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a str, &'a Node)) {
        visit_value(&self.0.root, see);
    }

    /// Returns every node of one kind, such as `FuncCall`.
    #[must_use]
    pub fn all(&self, wanted: &str) -> Vec<&Node> {
        let count = self.count(wanted);
        let mut found = Vec::with_capacity(count);
        gather(&self.0.root, wanted, count, &mut found);
        debug_assert_eq!(found.len(), count, "BUG: a node was counted that is not in the tree");
        found
    }
}

fn gather<'a>(value: &'a Node, wanted: &str, count: usize, found: &mut Vec<&'a Node>) {
    if found.len() == count {
        return;
    }
    match value {
        Node::List(list) => list.iter().for_each(|item| gather(item, wanted, count, found)),
        Node::Kind(node) => {
            if node.0 == wanted {
                found.push(&node.1);
            }
            gather(&node.1, wanted, count, found);
        }
        Node::Fields(fields) => fields.iter().for_each(|(_, item)| gather(item, wanted, count, found)),
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// Splits `{"Kind": {…}}` into its kind and its fields.
#[must_use]
pub fn kind(node: &Node) -> Option<(&'static str, &Node)> {
    match node {
        Node::Kind(named) => Some((named.0, &named.1)),
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Fields(_) => None,
    }
}

/// Returns the fields of a node when it is of this kind.
#[must_use]
pub fn as_kind<'a>(node: &'a Node, wanted: &str) -> Option<&'a Node> {
    kind(node).filter(|(name, _)| *name == wanted).map(|(_, fields)| fields)
}

/// Returns the items of a list field; nothing when it is absent.
#[must_use]
pub fn items<'a>(node: &'a Node, field: &str) -> &'a [Node] {
    match node.get(field) {
        Some(Node::List(items)) => items,
        Some(_) | None => &[],
    }
}

/// Returns a text field; empty when it is absent.
#[must_use]
pub fn text<'a>(node: &'a Node, field: &str) -> &'a str {
    match node.get(field) {
        Some(Node::Text(text)) => text,
        Some(_) | None => "",
    }
}

/// Returns a number field, enumerations too; 0 when it is absent.
#[must_use]
pub fn number(node: &Node, field: &str) -> i64 {
    match node.get(field) {
        Some(Node::Number(number)) => *number,
        Some(_) | None => 0,
    }
}

/// Returns a truth field; false when it is absent.
#[must_use]
pub fn truth(node: &Node, field: &str) -> bool {
    matches!(node.get(field), Some(Node::Truth(true)))
}

/// Returns a field that is there and not null.
#[must_use]
pub fn present<'a>(node: &'a Node, field: &str) -> Option<&'a Node> {
    node.get(field).filter(|value| **value != Node::Nothing)
}

/// Returns the texts of a list of String nodes, such as the parts of a name.
#[must_use]
pub fn strings(list: &[Node]) -> Vec<String> {
    list.iter().filter_map(|item| as_kind(item, "String")).map(|item| text(item, "sval").to_owned()).collect()
}

/// Returns the tree without places and without empty fields, so that equal code compares equal.
#[must_use]
pub fn without_places(node: &Node) -> Node {
    match node {
        Node::List(list) => Node::List(list.iter().map(without_places).collect()),
        Node::Kind(named) => Node::Kind(Box::new((named.0, without_places(&named.1)))),
        Node::Fields(fields) => {
            let kept = fields.iter().filter(|(name, _)| !is_place(name));
            Node::Fields(kept.map(|(name, value)| (*name, without_places(value))).collect())
        }
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => node.clone(),
    }
}

/// Visits every node below a value, itself included, parents before children.
pub fn visit_value<'a>(value: &'a Node, see: &mut dyn FnMut(&'a str, &'a Node)) {
    match value {
        Node::List(list) => list.iter().for_each(|item| visit_value(item, see)),
        Node::Kind(node) => {
            see(node.0, &node.1);
            visit_value(&node.1, see);
        }
        Node::Fields(fields) => fields.iter().for_each(|(_, item)| visit_value(item, see)),
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => {}
    }
}
