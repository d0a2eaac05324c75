//! Takes a tree; gives every place where a function may be called: calls, operators, casts, fields, and the comparisons that
//! nobody writes as such.

use crate::runbook::sql::tree::{Node, items, number, present, strings, truth, visit_value};
use pg_query::protobuf::{SortByDir, SubLinkType};

/// A place of a statement where a function may be called.
pub(in crate::review::rules) struct Site<'t> {
    /// Its byte offset; `None` where the tree keeps none.
    pub(in crate::review::rules) offset: Option<usize>,
    pub(super) kind: SiteKind<'t>,
}

/// What sort of place it is.
pub(super) enum SiteKind<'t> {
    Call(&'t Node),
    Operator {
        parts: Vec<String>,
        unary: bool,
    },
    Cast(&'t Node),
    Field(String),
    /// Values are sorted or told apart: by the operator of this sign that the type's own order holds.
    Sorting(&'static str),
}

/// Returns every place below a node where a function may be called.
pub(in crate::review::rules) fn sites(root: &Node) -> Vec<Site<'_>> {
    let mut found = Vec::new();
    visit_value(root, &mut |name, node| {
        let offset = usize::try_from(number(node, "location")).ok();
        let kinds = match name {
            "FuncCall" => vec![SiteKind::Call(node)],
            // CALL holds its call without a wrapper.
            "CallStmt" => present(node, "funccall").map(SiteKind::Call).into_iter().collect(),
            "AExpr" => {
                let unary = present(node, "lexpr").is_none();
                let parts = strings(items(node, "name"));
                let signs = match parts.last() {
                    Some(last) if last.starts_with("NOT BETWEEN") => between("<", ">"),
                    Some(last) if last.starts_with("BETWEEN") => between(">=", "<="),
                    Some(_) | None => vec![parts],
                };
                signs.into_iter().map(|parts| SiteKind::Operator { parts, unary }).collect()
            }
            // CASE x WHEN y compares by `=`, found by the search path like one that is written.
            "CaseExpr" if present(node, "arg").is_some() => vec![equals()],
            "JoinExpr" if truth(node, "is_natural") || !items(node, "using_clause").is_empty() => vec![equals()],
            "SortBy" => {
                let parts = strings(items(node, "use_op"));
                let is_down = number(node, "sortby_dir") == SortByDir::SortbyDesc as i64;
                if parts.is_empty() {
                    vec![SiteKind::Sorting(if is_down { ">" } else { "<" })]
                } else {
                    vec![SiteKind::Operator { parts, unary: false }]
                }
            }
            "MinMaxExpr" => vec![SiteKind::Sorting("<")],
            "SelectStmt" if groups(node) => vec![SiteKind::Sorting("=")],
            "SubLink" => {
                let parts = strings(items(node, "oper_name"));
                // IN compares by `=`; EXISTS and a sub-query that stands for one value compare nothing.
                let is_in = number(node, "sub_link_type") == SubLinkType::AnySublink as i64;
                match parts.as_slice() {
                    [] if is_in => vec![equals()],
                    [] => vec![],
                    _ => vec![SiteKind::Operator { parts, unary: false }],
                }
            }
            "TypeCast" => vec![SiteKind::Cast(node)],
            "ColumnRef" => {
                let fields = strings(items(node, "fields"));
                if fields.len() > 1 {
                    fields.into_iter().next_back().map(SiteKind::Field).into_iter().collect()
                } else {
                    vec![]
                }
            }
            "AIndirection" => strings(items(node, "indirection")).into_iter().map(SiteKind::Field).collect(),
            _ => return,
        };
        found.extend(kinds.into_iter().map(|kind| Site { offset, kind }));
    });
    found
}

fn equals<'t>() -> SiteKind<'t> {
    SiteKind::Operator { parts: vec!["=".to_owned()], unary: false }
}

/// BETWEEN is two comparisons; SYMMETRIC tries them the other way round too, which are the same signs.
fn between(low: &str, high: &str) -> Vec<Vec<String>> {
    vec![vec![low.to_owned()], vec![high.to_owned()]]
}

/// Returns whether a query tells equal rows apart: DISTINCT, GROUP BY, UNION and its like without ALL.
fn groups(select: &Node) -> bool {
    !items(select, "distinct_clause").is_empty()
        || !items(select, "group_clause").is_empty()
        || (present(select, "larg").is_some() && !truth(select, "all"))
}
