//! Takes a table's declared key and the WHERE of a statement; proves that the one implies the other (D-28).
//!
//! The proof is on the tree, and sound for every type of the columns: "proved" means that no row outside the key is
//! reached; "not proved" may be a condition that only a person can weigh. A key that marks no rows is refused.

mod atom;
mod constant;
mod formula;
mod pattern;
mod refuse;

use super::ObjectName;
use super::sql::split;
use super::sql::tree::{Node, as_kind, items, present, strings, visit_value, without_places};
use atom::{Atom, Way};
use formula::{Formula, as_equal, conjuncts, names_of, unqualify};

pub use pattern::{Pattern, Sign};

/// A declared key: the condition that marks this phase's rows.
#[derive(Clone, Debug)]
pub struct Key {
    parts: Vec<Part>,
    is_nobody: bool,
}

/// One of the conditions that a key joins by AND.
#[derive(Clone, Debug)]
struct Part {
    node: Node,
    formula: Formula,
    written: String,
}

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}. {hint}")]
pub struct KeyProblem {
    /// What is wrong, as the end of a sentence that begins with `the key of …`.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// The WHERE of a statement.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Every way to meet it; `None` when there are too many to follow.
    arms: Option<Vec<Vec<Atom>>>,
    /// Its parts joined by AND, for the same when there are too many.
    parts: Vec<Formula>,
}

impl Key {
    /// Reads a declared key.
    ///
    /// # Errors
    /// When it is no condition, leaves its parenthesis, asks other tables, may change its answer, or marks no rows.
    pub fn read(written: &str, table: &ObjectName) -> Result<Self, KeyProblem> {
        let clause = refuse::clause(written)?;
        refuse::unsteady(&clause)?;
        let mut nodes = Vec::new();
        let mut clause = without_places(&clause);
        unqualify(&mut clause, &[&table.schema, &table.name]);
        conjuncts(&clause, &mut nodes);
        let is_alone = nodes.len() == 1;
        let parts: Vec<Part> = nodes
            .into_iter()
            .map(|node| Part {
                node: node.clone(),
                formula: Formula::of(node, Way::Is),
                written: if is_alone { written.trim().to_owned() } else { spoken(node) },
            })
            .collect();
        // "Where no row of a table is ours, its key is `false`": the one key without a column.
        let is_nobody = is_alone && parts.iter().all(|part| part.formula == Formula::Any(Vec::new()));
        if !is_nobody || !written.trim().eq_ignore_ascii_case("false") {
            refuse::idle(&clause, parts.iter().map(|part| &part.formula))?;
        }
        Ok(Self { parts, is_nobody })
    }

    /// Returns whether it is `false`: no row of the table is this phase's.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.is_nobody
    }

    /// Returns the first part of the key that the condition does not imply; `None` when it implies the whole key.
    #[must_use]
    pub fn unproved(&self, condition: &Condition) -> Option<&str> {
        let is_proved = |part: &&Part| match &condition.arms {
            Some(arms) => arms.iter().all(|arm| part.formula.follows_from(arm)),
            None => condition.parts.iter().any(|given| {
                let arms = given.arms();
                arms.is_some_and(|arms| arms.iter().all(|arm| part.formula.follows_from(arm)))
            }),
        };
        self.parts.iter().find(|part| !is_proved(part)).map(|part| part.written.as_str())
    }

    /// Returns whether the key speaks of this column.
    #[must_use]
    pub fn names(&self, column: &str) -> bool {
        self.parts.iter().any(|part| part.names(column))
    }

    /// Returns how a pattern of the key would be written strictly, when `_` stands in it for any one letter.
    #[must_use]
    pub fn loose_pattern(&self) -> Option<String> {
        let mut found = None;
        for part in &self.parts {
            part.formula.each_atom(&mut |atom| {
                if let Atom::Like { pattern, .. } = atom
                    && pattern.has_any_letter()
                {
                    found = Some(pattern.strict());
                }
            });
        }
        found
    }

    /// Returns whether a row that is inside the key stays there when this column is set to this value.
    #[must_use]
    pub fn keeps(&self, column: &str, value: &Node) -> bool {
        let Formula::Atom(atom) = Formula::of(&as_equal(column, &without_places(value)), Way::Is) else { return false };
        let concerned = self.parts.iter().filter(|part| part.names(column));
        concerned.into_iter().all(|part| part.formula.follows_from(std::slice::from_ref(&atom)))
    }
}

impl Part {
    fn names(&self, column: &str) -> bool {
        let mut named = false;
        visit_value(&self.node, &mut |kind, node| {
            named |= kind == "ColumnRef" && strings(items(node, "fields")).last().is_some_and(|last| last == column);
        });
        named
    }
}

impl Condition {
    /// Reads the WHERE of a statement on this relation.
    #[must_use]
    pub fn of_where(clause: &Node, relation: &Node) -> Self {
        let [schema, name] = names_of(relation);
        let mut clause = without_places(clause);
        unqualify(&mut clause, &[&schema, &name]);
        Self::of(&clause)
    }

    /// Reads a condition over columns without a table's name before them.
    ///
    /// # Errors
    /// When it is no SQL condition.
    pub fn read(written: &str) -> Result<Self, KeyProblem> {
        refuse::clause(written).map(|clause| Self::of(&without_places(&clause)))
    }

    fn of(clause: &Node) -> Self {
        let mut nodes = Vec::new();
        conjuncts(clause, &mut nodes);
        let parts = nodes.into_iter().map(|node| Formula::of(node, Way::Is)).collect();
        Self { arms: Formula::of(clause, Way::Is).arms(), parts }
    }

    /// Returns whether every row meets it that has no NULL in the columns named: `true`, `k = k`, `k LIKE '%'`.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.arms.as_ref().is_some_and(|arms| arms.iter().any(|arm| arm.iter().all(Atom::marks_no_rows)))
    }
}

/// Reads a constant pattern of LIKE with its escape character.
#[must_use]
pub fn escaped_pattern(node: &Node) -> Option<(String, Option<char>)> {
    formula::escaped(node)
}

/// Says which columns a part of a key speaks of.
fn spoken(part: &Node) -> String {
    let mut columns = Vec::new();
    visit_value(part, &mut |kind, node| {
        if kind == "ColumnRef" {
            columns.push(strings(items(node, "fields")).join("."));
        }
    });
    columns.dedup();
    format!("about {}", columns.join(", "))
}

/// Returns the WHERE of `SELECT 1 WHERE …`, with places.
fn where_of(sql: &str) -> Result<Node, String> {
    let statements = split(sql).map_err(|problem| problem.message)?;
    let [statement] = statements.as_slice() else { return Err(format!("it holds {} statements", statements.len())) };
    let select = as_kind(statement.tree.root(), "SelectStmt").ok_or("it is no condition")?;
    present(select, "where_clause").cloned().ok_or_else(|| "it is no condition".to_owned())
}

#[cfg(test)]
mod tests;
