//! Takes a condition's tree; gives it as AND and OR over atoms, NOT pushed down to them; refuses to guess.
//!
//! NOT is pushed down by De Morgan, which holds with NULL too. What is not understood stays whole, as an atom that
//! implies only itself.

use super::atom::{Atom, End, Way};
use super::constant::{Constants, Side, side};
use super::pattern::Pattern;
use crate::runbook::sql::tree::{Node, as_kind, items, kind, number, present, strings, text, truth};
use pg_query::protobuf::{AExprKind, BoolExprType, BoolTestType, NullTestType};

/// More ways to meet a condition than this are not followed; a hundred pairs of `(a, b) IN (…)` fit five times over.
const ARMS: usize = 500;

/// A condition put together from atoms.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Formula {
    /// All of them hold; none: always true.
    All(Vec<Formula>),
    /// One of them holds; none: never true.
    Any(Vec<Formula>),
    /// One atom.
    Atom(Atom),
}

impl Formula {
    /// Reads a condition, or its opposite.
    pub fn of(node: &Node, way: Way) -> Self {
        if let Some(boolean) = as_kind(node, "BoolExpr") {
            let arms = items(boolean, "args").iter();
            let operator = number(boolean, "boolop");
            if operator == BoolExprType::NotExpr as i64 {
                return arms.map(|arm| Self::of(arm, way.turned())).next().unwrap_or_else(|| other(node, way));
            }
            let is_and = operator == BoolExprType::AndExpr as i64;
            let arms = arms.map(|arm| Self::of(arm, way)).collect();
            return if is_and == (way == Way::Is) { Self::All(arms) } else { Self::Any(arms) };
        }
        match side(node) {
            Some(Side::Truth(value)) if value == (way == Way::Is) => return Self::All(Vec::new()),
            // NULL is not true, and neither is NOT NULL.
            Some(Side::Truth(_) | Side::Null) => return Self::Any(Vec::new()),
            Some(Side::Constant(_)) | None => {}
        }
        if let Some(column) = column(node) {
            return Self::Atom(Atom::Truth { column, is_true: way == Way::Is });
        }
        let known = match kind(node).map(|(kind, _)| kind) {
            Some("AExpr") => as_kind(node, "AExpr").and_then(|comparison| compared(comparison, way)),
            Some("NullTest") => as_kind(node, "NullTest").and_then(|test| null_test(test, way)),
            Some("BooleanTest") => as_kind(node, "BooleanTest").and_then(|test| truth_test(test, way)),
            Some(_) | None => None,
        };
        known.unwrap_or_else(|| other(node, way))
    }

    /// Returns every way to meet it, each a list of atoms that all hold; `None` when there are too many.
    pub fn arms(&self) -> Option<Vec<Vec<Atom>>> {
        match self {
            Self::Atom(atom) => Some(vec![vec![atom.clone()]]),
            Self::Any(arms) => {
                let mut all = Vec::new();
                for arm in arms {
                    all.extend(arm.arms()?);
                    if all.len() > ARMS {
                        return None;
                    }
                }
                Some(all)
            }
            Self::All(parts) => {
                let mut all = vec![Vec::new()];
                for part in parts {
                    let more = part.arms()?;
                    if all.len() * more.len() > ARMS {
                        return None;
                    }
                    all = all
                        .iter()
                        .flat_map(|before: &Vec<Atom>| more.iter().map(move |arm| [before.as_slice(), arm].concat()))
                        .collect();
                }
                Some(all)
            }
        }
    }

    /// Answers whether it is true wherever all these atoms are.
    pub fn follows_from(&self, atoms: &[Atom]) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.follows_from(atoms)),
            Self::Any(arms) => arms.iter().any(|arm| arm.follows_from(atoms)),
            Self::Atom(wanted) => atoms.iter().any(|atom| atom.implies(wanted)),
        }
    }

    /// Visits every atom.
    pub fn each_atom<'a>(&'a self, see: &mut dyn FnMut(&'a Atom)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_atom(see)),
            Self::Atom(atom) => see(atom),
        }
    }
}

/// Reads a column of the table itself, without its table's name.
pub(super) fn column(node: &Node) -> Option<String> {
    let fields = items(as_kind(node, "ColumnRef")?, "fields");
    match strings(fields).as_slice() {
        [name] if fields.len() == 1 => Some(name.clone()),
        _ => None,
    }
}

fn other(node: &Node, way: Way) -> Formula {
    Formula::Atom(Atom::Other { way, node: node.clone() })
}

fn compared(node: &Node, way: Way) -> Option<Formula> {
    let kind = AExprKind::try_from(i32::try_from(number(node, "kind")).ok()?).ok()?;
    // OPERATOR(s.=) may be another operator of the same look: it stays whole.
    let names = strings(items(node, "name"));
    let [operator] = names.as_slice() else { return None };
    let (left, right) = (present(node, "lexpr")?, present(node, "rexpr")?);
    match kind {
        AExprKind::AexprOp => {
            if let (Some(left_row), Some(right_row)) = (as_kind(left, "RowExpr"), as_kind(right, "RowExpr")) {
                let way = match operator.as_str() {
                    "=" => way,
                    "<>" => way.turned(),
                    _ => return None,
                };
                return same_rows(items(left_row, "args"), items(right_row, "args"), way);
            }
            plain(operator, left, right, way)
        }
        AExprKind::AexprIn => {
            let way = if operator == "=" { way } else { way.turned() };
            let list = items(as_kind(right, "List")?, "items");
            if let Some(row) = as_kind(left, "RowExpr") {
                let rows = list
                    .iter()
                    .map(|item| same_rows(items(row, "args"), items(as_kind(item, "RowExpr")?, "args"), way))
                    .collect::<Option<Vec<_>>>()?;
                return Some(if way == Way::Is { Formula::Any(rows) } else { Formula::All(rows) });
            }
            Some(among(column(left)?, way, Constants::of(list)?))
        }
        AExprKind::AexprOpAny if operator == "=" => Some(among(column(left)?, way, Constants::of_array(right)?)),
        AExprKind::AexprOpAll if operator == "<>" => {
            Some(among(column(left)?, way.turned(), Constants::of_array(right)?))
        }
        // True for the same rows as `=`; but its opposite is true for NULL.
        AExprKind::AexprNotDistinct if way == Way::Is => match side(right)? {
            Side::Constant(_) => plain("=", left, right, way),
            Side::Null | Side::Truth(_) => None,
        },
        AExprKind::AexprLike | AExprKind::AexprIlike => {
            let way = if operator.starts_with('!') { way.turned() } else { way };
            like(left, right, kind == AExprKind::AexprIlike, way)
        }
        AExprKind::AexprBetween | AExprKind::AexprNotBetween => {
            let way = if kind == AExprKind::AexprBetween { way } else { way.turned() };
            let [least, most] = items(as_kind(right, "List")?, "items") else { return None };
            let ends = [plain(">=", left, least, way), plain("<=", left, most, way)];
            let ends = ends.into_iter().collect::<Option<Vec<_>>>()?;
            Some(if way == Way::Is { Formula::All(ends) } else { Formula::Any(ends) })
        }
        AExprKind::AexprOpAny
        | AExprKind::AexprOpAll
        | AExprKind::AexprDistinct
        | AExprKind::AexprNotDistinct
        | AExprKind::AexprNullif
        | AExprKind::AexprSimilar
        | AExprKind::AexprBetweenSym
        | AExprKind::AexprNotBetweenSym
        | AExprKind::Undefined => None,
    }
}

/// `(a, b) = (x, y)` is `a = x AND b = y`, with NULL too.
fn same_rows(left: &[Node], right: &[Node], way: Way) -> Option<Formula> {
    if left.len() != right.len() || left.is_empty() {
        return None;
    }
    let pairs = left.iter().zip(right).map(|(left, right)| plain("=", left, right, way));
    let pairs = pairs.collect::<Option<Vec<_>>>()?;
    Some(if way == Way::Is { Formula::All(pairs) } else { Formula::Any(pairs) })
}

/// Reads a column against a constant, either side first.
fn plain(operator: &str, left: &Node, right: &Node, way: Way) -> Option<Formula> {
    let (operator, column, side) = match (column(left), column(right)) {
        (Some(column), None) => (operator, column, side(right)?),
        (None, Some(column)) => {
            let turned = match operator {
                "<" => ">",
                ">" => "<",
                "<=" => ">=",
                ">=" => "<=",
                "=" | "<>" => operator,
                _ => return None,
            };
            (turned, column, side(left)?)
        }
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let constant = match (side, operator) {
        (Side::Null, "=" | "<>" | "<" | ">" | "<=" | ">=") => return Some(Formula::Any(Vec::new())),
        (Side::Truth(value), "=" | "<>") => {
            let is_meant = value == (operator == "=");
            let is_true = is_meant == (way == Way::Is);
            return Some(Formula::Atom(Atom::Truth { column, is_true }));
        }
        (Side::Null | Side::Truth(_), _) => return None,
        (Side::Constant(constant), _) => constant,
    };
    let (end, is_open) = match operator {
        "=" => return Some(Formula::Atom(Atom::Among { column, way, constants: vec![constant] })),
        "<>" => return Some(Formula::Atom(Atom::Among { column, way: way.turned(), constants: vec![constant] })),
        "<" => (End::Most, true),
        "<=" => (End::Most, false),
        ">" => (End::Least, true),
        ">=" => (End::Least, false),
        _ => return None,
    };
    let measure = constant.measure()?;
    let (end, is_open) = match (way, end) {
        (Way::Is, end) => (end, is_open),
        (Way::Not, End::Most) => (End::Least, !is_open),
        (Way::Not, End::Least) => (End::Most, !is_open),
    };
    Some(Formula::Atom(Atom::Bound { column, end, is_open, measure }))
}

fn among(column: String, way: Way, constants: Constants) -> Formula {
    let Constants { list, has_null } = constants;
    match (way, list.is_empty(), has_null) {
        // In a list NULL matches nothing, and spoils NOT IN for every row.
        (Way::Not, _, true) | (Way::Is, true, _) => Formula::Any(Vec::new()),
        (Way::Not, true, false) => Formula::All(Vec::new()),
        (Way::Is | Way::Not, false, _) => Formula::Atom(Atom::Among { column, way, constants: list }),
    }
}

fn like(left: &Node, right: &Node, ignores_case: bool, way: Way) -> Option<Formula> {
    let column = column(left)?;
    let (written, escape) = escaped(right)?;
    let pattern = Pattern::read(&written, escape)?;
    Some(Formula::Atom(Atom::Like { column, way, ignores_case, pattern }))
}

/// Reads a constant pattern and its escape: the grammar writes ESCAPE as a call of `like_escape`.
pub(super) fn escaped(node: &Node) -> Option<(String, Option<char>)> {
    if let Some(call) = as_kind(node, "FuncCall") {
        let names = strings(items(call, "funcname"));
        let [pattern, escape] = items(call, "args") else { return None };
        if names != ["pg_catalog", "like_escape"] {
            return None;
        }
        let (pattern, escape) = (letters(pattern)?, letters(escape)?);
        let mut signs = escape.chars();
        return match (signs.next(), signs.next()) {
            (escape, None) => Some((pattern, escape)),
            (_, Some(_)) => None,
        };
    }
    letters(node).map(|pattern| (pattern, Some('\\')))
}

fn letters(node: &Node) -> Option<String> {
    match side(node)? {
        Side::Constant(constant) => constant.letters().map(str::to_owned),
        Side::Null | Side::Truth(_) => None,
    }
}

fn null_test(node: &Node, way: Way) -> Option<Formula> {
    let column = column(present(node, "arg")?)?;
    let is_null = number(node, "nulltesttype") == NullTestType::IsNull as i64;
    // For a row with some NULLs neither IS NULL nor IS NOT NULL holds: the one is not the other's opposite.
    match (way, is_null) {
        (Way::Not, _) => None,
        (Way::Is, true) => Some(Formula::Atom(Atom::Null { column })),
        (Way::Is, false) => Some(Formula::Atom(Atom::NotNull { column })),
    }
}

fn truth_test(node: &Node, way: Way) -> Option<Formula> {
    let column = column(present(node, "arg")?)?;
    let test = number(node, "booltesttype");
    let is_true = match test {
        _ if test == BoolTestType::IsTrue as i64 => true,
        _ if test == BoolTestType::IsFalse as i64 => false,
        _ => return None,
    };
    // NOT (k IS TRUE) holds for NULL as well.
    (way == Way::Is).then_some(Formula::Atom(Atom::Truth { column, is_true }))
}

/// Takes the table's own name from before columns; inside a sub-query the same name may mean another table.
pub(super) fn unqualify(node: &mut Node, names: &[&str; 2]) {
    match node {
        Node::List(list) => list.iter_mut().for_each(|item| unqualify(item, names)),
        Node::Kind(named) if named.0 == "SubLink" => {}
        Node::Kind(named) if named.0 == "ColumnRef" => {
            let parts = items(&named.1, "fields");
            let spelled = strings(parts);
            let is_own = match spelled.as_slice() {
                [table, _] => table == names[1],
                [schema, table, _] => schema == names[0] && table == names[1],
                _ => false,
            };
            if is_own
                && spelled.len() == parts.len()
                && let Some(parts) = named.1.get_mut("fields")
            {
                parts.skip(spelled.len() - 1);
            }
        }
        Node::Kind(named) => unqualify(&mut named.1, names),
        Node::Fields(fields) => fields.iter_mut().for_each(|(_, item)| unqualify(item, names)),
        Node::Nothing | Node::Truth(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

/// Writes `a AND (b AND c)` as its parts.
pub(super) fn conjuncts<'v>(node: &'v Node, parts: &mut Vec<&'v Node>) {
    match as_kind(node, "BoolExpr") {
        Some(all) if number(all, "boolop") == BoolExprType::AndExpr as i64 => {
            for arm in items(all, "args") {
                conjuncts(arm, parts);
            }
        }
        Some(_) | None => parts.push(node),
    }
}

/// A column of the table `AS alias` under the name a condition would use.
pub(super) fn names_of(relation: &Node) -> [String; 2] {
    let alias = present(relation, "alias").map(|alias| text(alias, "aliasname")).unwrap_or_default();
    // With an alias, the table's own name is no longer one.
    if alias.is_empty() {
        [text(relation, "schemaname").to_owned(), text(relation, "relname").to_owned()]
    } else {
        [String::new(), alias.to_owned()]
    }
}

/// Writes a literal as a node, for `SET column = value` without one.
pub(super) fn as_equal(column: &str, value: &Node) -> Node {
    let list = |node| Node::List(Box::new([node]));
    let string = |text: &str| Node::of_kind("String", [("sval", text.into())]);
    let compared = [
        ("kind", Node::Number(AExprKind::AexprOp as i64)),
        ("name", list(string("="))),
        ("lexpr", Node::of_kind("ColumnRef", [("fields", list(string(column)))])),
        ("rexpr", value.clone()),
    ];
    Node::of_kind("AExpr", compared)
}

/// Answers whether a call is written so that it may hide what it does: DISTINCT, ORDER BY, OVER, FILTER, VARIADIC.
pub(super) fn is_bare_call(call: &Node) -> bool {
    ["agg_distinct", "agg_star", "agg_within_group", "func_variadic"].iter().all(|field| !truth(call, field))
        && present(call, "over").is_none()
        && present(call, "agg_filter").is_none()
        && items(call, "agg_order").is_empty()
}
