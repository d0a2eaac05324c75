//! Takes schemas; gives one SELECT whose rows are every object in them with its definition: a fingerprint that can be opened.
//! What an extension brought is told by the extension alone.

use super::definition::{Words, definition_by, grants, literal};
use crate::runbook::ObjectKind;

/// The column that names an object, and the key of the rows.
pub(super) const OBJECT: &str = "object";

/// Returns a SELECT of one text column: a JSON object a row, with `object` and `definition`, in the order of the objects.
#[must_use]
pub(super) fn catalog_sql(schemas: &[String]) -> String {
    let wanted: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let wanted = wanted.join(", ");
    let relations = |kinds: &str| {
        format!(
            "SELECT m.nspname AS s, e.relname AS r FROM pg_catalog.pg_class e JOIN pg_catalog.pg_namespace m \
             ON m.oid = e.relnamespace WHERE m.nspname IN ({wanted}) AND e.relkind IN ({kinds}) AND {}",
            free("pg_class")
        )
    };
    let listed = Words {
        schema: "listed.s".to_owned(),
        relation: String::new(),
        part: String::new(),
        name: "listed.r".to_owned(),
    };
    let told = |word: &str, kind: ObjectKind, list: &str| {
        format!(
            "SELECT '{word} ' || pg_catalog.quote_ident(listed.s) || '.' || pg_catalog.quote_ident(listed.r) AS {OBJECT}, \
             ({}) AS definition FROM ({list}) AS listed",
            definition_by(&listed, kind)
        )
    };
    let types = format!(
        "SELECT m.nspname AS s, e.typname AS r FROM pg_catalog.pg_type e JOIN pg_catalog.pg_namespace m ON m.oid = e.typnamespace \
         LEFT JOIN pg_catalog.pg_class k ON k.oid = e.typrelid WHERE m.nspname IN ({wanted}) \
         AND (e.typtype IN ('d', 'e', 'r') OR (e.typtype = 'c' AND k.relkind = 'c')) AND {}",
        free("pg_type")
    );
    let parts = [
        told("table", ObjectKind::Table, &relations("'r', 'p', 'f'")),
        told("view", ObjectKind::View, &relations("'v'")),
        told("materialized view", ObjectKind::MaterializedView, &relations("'m'")),
        told("sequence", ObjectKind::Sequence, &relations("'S'")),
        told("type", ObjectKind::Type, &types),
        functions(&wanted),
        format!(
            "SELECT 'schema ' || pg_catalog.quote_ident(listed.r), ({}) FROM (SELECT nspname AS r FROM pg_catalog.pg_namespace \
             WHERE nspname IN ({wanted})) AS listed",
            definition_by(&listed, ObjectKind::Schema)
        ),
        format!(
            "SELECT 'extension ' || pg_catalog.quote_ident(listed.r), ({}) FROM (SELECT e.extname AS r FROM \
             pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace m ON m.oid = e.extnamespace WHERE m.nspname IN ({wanted})) AS listed",
            definition_by(&listed, ObjectKind::Extension)
        ),
    ];
    format!(
        "SELECT pg_catalog.row_to_json(told)::text FROM ({}) AS told ORDER BY told.{OBJECT} COLLATE \"C\"",
        parts.join("\nUNION ALL ")
    )
}

/// Every function by its name and arguments, so that overloads are told apart.
fn functions(wanted: &str) -> String {
    format!(
        "SELECT 'function ' || pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(e.proname) || '(' || \
         pg_catalog.pg_get_function_identity_arguments(e.oid) || ')', pg_catalog.concat_ws(E'\\n', \
         CASE WHEN e.prokind = 'a' THEN 'aggregate returns ' || pg_catalog.format_type(e.prorettype, NULL) \
         ELSE pg_catalog.pg_get_functiondef(e.oid) END, 'owner ' || pg_catalog.pg_get_userbyid(e.proowner), \
         'comment ' || pg_catalog.obj_description(e.oid, 'pg_proc'), {}) \
         FROM pg_catalog.pg_proc e JOIN pg_catalog.pg_namespace m ON m.oid = e.pronamespace WHERE m.nspname IN ({wanted}) AND {}",
        grants("e.proacl", 'f', "e.proowner"),
        free("pg_proc")
    )
}

/// Says that an object `e` of this catalog belongs to no extension.
fn free(catalog: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_depend b WHERE b.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass \
         AND b.objid = e.oid AND b.deptype = 'e')"
    )
}

#[cfg(test)]
mod tests {
    use super::catalog_sql;

    #[test]
    fn it_is_one_select_and_no_schema_escapes_its_quotes() {
        let sql = catalog_sql(&["public".to_owned(), "o'hara\\'); DROP TABLE x; --".to_owned()]);
        assert_eq!(crate::runbook::sql::is_single_select(&sql), Ok(()), "{sql}");
        assert!(sql.contains("('public', E'o''hara\\\\''); DROP TABLE x; --')"), "{sql}");
    }
}
