//! Takes two conditions on one column; proves that one implies the other, or that they contradict each other.

use std::cmp::Ordering;

use super::constant::{Constant, Measure};
use super::pattern::Pattern;
use crate::runbook::sql::tree::{Node, as_kind, items, present, strings};

/// Which way a condition is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It holds.
    Is,
    /// Its opposite holds; NULL is neither.
    Not,
}

impl Way {
    /// Returns the other way.
    pub fn turned(self) -> Self {
        match self {
            Self::Is => Self::Not,
            Self::Not => Self::Is,
        }
    }
}

/// Which end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The column is at least this.
    Least,
    /// The column is at most this.
    Most,
}

/// A condition that is not put together from others.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    /// The column is, or is not, one of these constants.
    Among { column: String, way: Way, constants: Vec<Constant> },
    /// The column's order to a number or date; `is_open` leaves the end itself out.
    Bound { column: String, end: End, is_open: bool, measure: Measure },
    /// LIKE, or ILIKE when letters of both cases count as one.
    Like { column: String, way: Way, ignores_case: bool, pattern: Pattern },
    /// IS NULL.
    Null { column: String },
    /// IS NOT NULL.
    NotNull { column: String },
    /// A column of type boolean.
    Truth { column: String, is_true: bool },
    /// Anything else: it implies itself and nothing more.
    Other { way: Way, node: Node },
}

impl Atom {
    /// Answers whether every row for which this is true makes the other true.
    pub fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (
                Self::Among { column, way: Way::Is, constants },
                Self::Among { column: same, way: Way::Is, constants: wanted },
            ) => column == same && constants.iter().all(|one| wanted.iter().any(|wanted| one.is_as_strict_as(wanted))),
            // NOT IN more implies NOT IN fewer: a column that equalled a wanted one would equal one of ours.
            (
                Self::Among { column, way: Way::Not, constants },
                Self::Among { column: same, way: Way::Not, constants: wanted },
            ) => column == same && wanted.iter().all(|wanted| constants.iter().any(|one| wanted.is_as_strict_as(one))),
            (
                Self::Among { column, way: Way::Is, constants },
                Self::Among { column: same, way: Way::Not, constants: unwanted },
            ) => column == same && constants.iter().all(|one| unwanted.iter().all(|other| differ(one, other))),
            (Self::Among { column, way: Way::Is, constants }, Self::Bound { column: same, .. }) => {
                column == same && constants.iter().all(|one| one.measure().is_some_and(|at| other.holds_at(&at)))
            }
            (
                Self::Among { column, way: Way::Is, constants },
                Self::Like { column: same, way: Way::Is, pattern, .. },
            ) => column == same && constants.iter().all(|one| one.letters().is_some_and(|text| pattern.holds(text))),
            (
                Self::Bound { column, end, is_open, measure },
                Self::Bound { column: same, end: same_end, is_open: may_be_open, measure: wanted },
            ) => {
                let inner = match end {
                    End::Least => Ordering::Greater,
                    End::Most => Ordering::Less,
                };
                let order = measure.order(wanted);
                column == same
                    && end == same_end
                    && (order == Some(inner) || order == Some(Ordering::Equal) && (*is_open || !*may_be_open))
            }
            (
                Self::Like { column, way: Way::Is, ignores_case, pattern },
                Self::Like { column: same, way: Way::Is, ignores_case: may_ignore, pattern: wanted },
            ) => column == same && (!*ignores_case || *may_ignore) && pattern.refines(wanted),
            (_, Self::NotNull { column }) => self.needs(column),
            (
                Self::Among { .. }
                | Self::Bound { .. }
                | Self::Like { .. }
                | Self::Null { .. }
                | Self::NotNull { .. }
                | Self::Truth { .. }
                | Self::Other { .. },
                Self::Among { .. }
                | Self::Bound { .. }
                | Self::Like { .. }
                | Self::Null { .. }
                | Self::Truth { .. }
                | Self::Other { .. },
            ) => false,
        }
    }

    /// Answers whether it is never true for a row in which the column is NULL, or a row with a NULL in it.
    fn needs(&self, wanted: &str) -> bool {
        match self {
            Self::Among { column, constants, way: _ } => column == wanted && constants.iter().all(Constant::is_scalar),
            Self::Bound { column, .. } | Self::Like { column, .. } | Self::Truth { column, .. } => column == wanted,
            Self::Null { .. } | Self::NotNull { .. } | Self::Other { .. } => false,
        }
    }

    fn holds_at(&self, at: &Measure) -> bool {
        match self {
            Self::Bound { end, is_open, measure, column: _ } => match (at.order(measure), end) {
                (Some(Ordering::Equal), _) => !*is_open,
                (Some(Ordering::Greater), End::Least) | (Some(Ordering::Less), End::Most) => true,
                (Some(_) | None, _) => false,
            },
            Self::Among { .. }
            | Self::Like { .. }
            | Self::Null { .. }
            | Self::NotNull { .. }
            | Self::Truth { .. }
            | Self::Other { .. } => false,
        }
    }

    /// Answers whether no row makes both true; only where that is plain.
    pub fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Among { column, way: Way::Is, constants },
                Self::Among { column: same, way: Way::Not, constants: excluded },
            )
            | (
                Self::Among { column: same, way: Way::Not, constants: excluded },
                Self::Among { column, way: Way::Is, constants },
            ) => column == same && constants.iter().all(|one| excluded.contains(one)),
            (
                Self::Bound { column, end, is_open, measure },
                Self::Bound { column: same, end: other_end, is_open: other_open, measure: other_measure },
            ) if column == same && end != other_end => {
                let (least, most) =
                    if *end == End::Least { (measure, other_measure) } else { (other_measure, measure) };
                match least.order(most) {
                    Some(Ordering::Greater) => true,
                    Some(Ordering::Equal) => *is_open || *other_open,
                    Some(Ordering::Less) | None => false,
                }
            }
            (
                Self::Like { column, way, ignores_case, pattern },
                Self::Like { column: same, way: other_way, ignores_case: same_case, pattern: same_pattern },
            ) => column == same && way != other_way && ignores_case == same_case && pattern == same_pattern,
            (Self::Null { column }, Self::NotNull { column: same })
            | (Self::NotNull { column: same }, Self::Null { column }) => column == same,
            (Self::Truth { column, is_true }, Self::Truth { column: same, is_true: other }) => {
                column == same && is_true != other
            }
            (Self::Other { way, node }, Self::Other { way: other_way, node: same }) => {
                way != other_way && node == same || *way == Way::Not && way == other_way && are_null_tests(node, same)
            }
            (_, _) => false,
        }
    }

    /// Answers whether it is false or NULL for every row, such as `k <> k`.
    pub fn is_never_true(&self) -> bool {
        match self {
            Self::Like { way: Way::Not, pattern, .. } => pattern.holds_for_all(),
            Self::Other { way, node } => same_sides(node).is_some_and(|holds| holds != *way),
            Self::Among { .. }
            | Self::Bound { .. }
            | Self::Like { .. }
            | Self::Null { .. }
            | Self::NotNull { .. }
            | Self::Truth { .. } => false,
        }
    }

    /// Answers whether it is true for every row in which its column is not NULL, such as `k = k`.
    pub fn marks_no_rows(&self) -> bool {
        match self {
            Self::Like { way: Way::Is, pattern, .. } => pattern.holds_for_all(),
            Self::Other { way, node } => same_sides(node).is_some_and(|holds| holds == *way),
            Self::Among { .. }
            | Self::Bound { .. }
            | Self::Like { .. }
            | Self::Null { .. }
            | Self::NotNull { .. }
            | Self::Truth { .. } => false,
        }
    }
}

/// Two whole numbers that differ cannot both equal one column; two texts may, where case does not count.
fn differ(one: &Constant, other: &Constant) -> bool {
    match (one.measure(), other.measure()) {
        (Some(Measure::Whole(one)), Some(Measure::Whole(other))) => one != other,
        (_, _) => false,
    }
}

/// IS NULL and IS NOT NULL of the same: one of them holds, but for a row with some NULLs in it.
fn are_null_tests(one: &Node, other: &Node) -> bool {
    let (Some(one), Some(other)) = (as_kind(one, "NullTest"), as_kind(other, "NullTest")) else { return false };
    one.get("arg") == other.get("arg") && one.get("nulltesttype") != other.get("nulltesttype")
}

/// For a comparison of something with itself: whether it holds (`k = k`) or fails (`k < k`), NULL aside.
fn same_sides(node: &Node) -> Option<Way> {
    let comparison = as_kind(node, "AExpr")?;
    let (left, right) = (present(comparison, "lexpr")?, present(comparison, "rexpr")?);
    if left != right {
        return None;
    }
    match strings(items(comparison, "name")).last().map(String::as_str) {
        Some("<>" | "<" | ">") => Some(Way::Not),
        _ => Some(Way::Is),
    }
}
