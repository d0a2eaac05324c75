//! Takes names as a statement writes them; gives the functions they may mean, by name, arguments and search path.
//!
//! Types are not inferred. Where several functions may be meant, all of them are: what one of them does may happen.

use std::collections::BTreeSet;

use crate::review::{Catalog, Function, FunctionKind};
use crate::runbook::ObjectName;
use crate::runbook::sql::tree::{Node, as_kind, items, present, strings, truth};

/// What is known of the statement that a call stands in.
pub(super) struct Known<'w> {
    /// The schemas that are searched.
    pub(super) path: &'w [String],
    /// The types that values of it may have.
    pub(super) types: &'w BTreeSet<String>,
    /// The relations it names.
    pub(super) relations: &'w BTreeSet<ObjectName>,
}

impl Known<'_> {
    /// Returns whether a value may be of a type. Types are not inferred; but a column is not a row of its table, and where
    /// the server has a function of the same name, a constant is taken for that one.
    fn may_be(&self, catalog: &Catalog, wanted: &str, value: &Node, server_has: bool) -> bool {
        let row = wanted.split_once('.').and_then(|(schema, name)| catalog.objects.get(&ObjectName::new(schema, name)));
        let is_row = row.is_some_and(|object| !object.columns.is_empty());
        let is_cast = catalog.casts.iter().any(|cast| cast.implicit && cast.to == wanted);
        if !is_row || is_cast || self.types.contains(wanted) {
            return true;
        }
        if as_kind(value, "AConst").is_some() {
            return !server_has;
        }
        let Some(column) = as_kind(value, "ColumnRef") else { return true };
        let fields = strings(items(column, "fields"));
        let is_whole = fields.len() == items(column, "fields").len();
        let is_column = |name: &String| {
            let named = |relation| catalog.objects.get(relation).is_some_and(|object| object.columns.contains(name));
            self.relations.iter().any(named)
        };
        // A relation may be named as one of its columns is; the server then takes the column.
        !(is_whole && fields.last().is_some_and(is_column))
    }
}

/// What a call may mean.
pub(super) enum Meaning<'a> {
    /// A function of the server's own.
    BuiltIn(String),
    /// A function of a user schema.
    User(&'a Function),
    /// Nothing that is in the catalog.
    Missing(String),
}

/// Returns what a `FuncCall` may mean.
pub(super) fn call<'a>(catalog: &'a Catalog, walk: &Known<'_>, node: &Node) -> Vec<Meaning<'a>> {
    let path = walk.path;
    let parts = strings(items(node, "funcname"));
    let Some(name) = parts.last() else { return Vec::new() };
    let schema = parts.len().checked_sub(2).map(|index| parts[index].as_str());
    if schema.is_some_and(is_system) {
        return vec![Meaning::BuiltIn(name.clone())];
    }
    let arguments = items(node, "args");
    let given = arguments.len();
    let any = truth(node, "agg_within_group") || truth(node, "func_variadic");
    let server_has = schema.is_none() && is_built_in(catalog, name);
    let takes = |function: &&Function| {
        let pairs = function.arguments.iter().zip(arguments);
        pairs.into_iter().all(|(wanted, value)| walk.may_be(catalog, wanted, value, server_has))
    };
    let fits = |function: &&Function| any || (fits(function, given) && takes(function));
    let schemas: Vec<&str> = match schema {
        Some(schema) => vec![schema],
        None => path.iter().map(String::as_str).collect(),
    };
    let named = catalog.functions.iter().filter(|one| one.name.name == *name);
    let mut found: Vec<Meaning<'a>> =
        named.filter(|one| schemas.contains(&one.name.schema.as_str())).filter(fits).map(Meaning::User).collect();
    if server_has {
        found.push(Meaning::BuiltIn(name.clone()));
    }
    if found.is_empty() {
        found.push(Meaning::Missing(parts.join(".")));
    }
    found
}

/// Returns whether a schema is the server's own.
pub(super) fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema")
}

/// Returns whether the server brings a function of this name along; without lists, a name on ours will do.
fn is_built_in(catalog: &Catalog, name: &str) -> bool {
    let lists = &catalog.built_in;
    if lists.volatile.is_empty() && lists.steady.is_empty() {
        return super::super::function_call::is_known(name);
    }
    lists.volatile.contains(name) || lists.steady.contains(name)
}

fn fits(function: &Function, given: usize) -> bool {
    let (wanted, defaults) = (function.arguments.len(), usize::try_from(function.defaults).unwrap_or(0));
    // Output arguments stand in a CALL too, in some versions.
    if function.kind == FunctionKind::Procedure {
        return true;
    }
    let fewest = wanted.saturating_sub(defaults).saturating_sub(usize::from(function.variadic));
    given >= fewest && (given <= wanted || function.variadic)
}

/// Returns the functions that `row.name` may call, where no column has that name.
pub(super) fn field<'a>(catalog: &'a Catalog, name: &str, relations: &BTreeSet<ObjectName>) -> Vec<&'a Function> {
    let takes_row = |function: &&Function| match function.arguments.as_slice() {
        [argument] => relations.iter().any(|relation| {
            *argument == relation.to_string()
                && catalog.objects.get(relation).is_none_or(|object| !object.columns.iter().any(|one| one == name))
        }),
        _ => false,
    };
    catalog.functions.iter().filter(|function| function.name.name == name).filter(takes_row).collect()
}

/// Returns the functions behind an operator of a user schema, by OID and name.
pub(super) fn operator<'a>(
    catalog: &'a Catalog,
    path: &[String],
    parts: &[String],
    unary: bool,
    types: &BTreeSet<String>,
) -> Vec<(u32, &'a ObjectName)> {
    let Some(sign) = parts.last() else { return Vec::new() };
    let schema = parts.len().checked_sub(2).map(|index| parts[index].as_str());
    let is_reached = |own: &String| schema.map_or_else(|| path.contains(own), |schema| schema == own);
    let may_be = |name: &str| name.is_empty() || is_server_type(name) || types.contains(name);
    let mut found = Vec::new();
    for one in catalog.operators.iter().filter(|one| one.name.name == *sign && is_reached(&one.name.schema)) {
        // The server's own operator of just these types is found first, unless the schema is named.
        let shadowed =
            schema.is_none() && catalog.built_in.operators.contains(&format!("{sign}({},{})", one.left, one.right));
        if may_be(&one.left) && may_be(&one.right) && one.left.is_empty() == unary && !shadowed {
            found.push((one.function, &one.function_name));
        }
    }
    found
}

/// Returns the functions behind the order of types that people made: operators of this sign between two equal types. The
/// order of the server's own types is the server's own.
pub(super) fn sorting<'a>(catalog: &'a Catalog, sign: &str, types: &BTreeSet<String>) -> Vec<(u32, &'a ObjectName)> {
    let is_one = |one: &&crate::review::Operator| {
        one.name.name == sign && one.left == one.right && !is_server_type(&one.left) && types.contains(&one.left)
    };
    catalog.operators.iter().filter(is_one).map(|one| (one.function, &one.function_name)).collect()
}

/// Returns the functions behind casts: to a written type, or those that happen without being written.
pub(super) fn casts<'a>(
    catalog: &'a Catalog,
    to: Option<&str>,
    types: &BTreeSet<String>,
) -> Vec<(u32, &'a ObjectName, String)> {
    let may_be = |name: &str| is_server_type(name) || types.contains(name);
    let fits = |one: &&crate::review::Cast| match to {
        Some(to) => one.to == to && may_be(&one.from),
        None => one.implicit && may_be(&one.from) && may_be(&one.to),
    };
    let casts = catalog.casts.iter().filter(fits);
    casts.map(|one| (one.function, &one.function_name, format!("cast {} to {}", one.from, one.to))).collect()
}

/// Returns whether a type is the server's own: any statement may hold values of it.
fn is_server_type(name: &str) -> bool {
    name.starts_with("pg_catalog.") || name.starts_with("information_schema.")
}

/// Returns the full names a written type may have.
pub(super) fn type_names(path: &[String], node: &Node) -> Vec<String> {
    let parts = strings(present(node, "type_name").map_or(&[][..], |name| items(name, "names")));
    match parts.as_slice() {
        [] => Vec::new(),
        [.., schema, name] => vec![format!("{schema}.{name}")],
        [name] => std::iter::once("pg_catalog")
            .chain(path.iter().map(String::as_str))
            .map(|schema| format!("{schema}.{name}"))
            .collect(),
    }
}
