//! Takes an object's name and kind; gives one SELECT whose single value is its definition as text, NULL when there is no
//! such object.
//!
//! The text is for people and for `=`: every line is sorted by something stable, names are schema-qualified because
//! `search_path` is pinned, and what `pg_get_*def` leaves out (enabled state, comment, owner) has its own line.

use super::catalog::catalog_sql;
use crate::runbook::sql::rows_sql;
use crate::runbook::{ObjectKind, ObjectName, Query};

/// Returns the SELECT that a query asks.
#[must_use]
pub fn query_sql(query: &Query) -> String {
    match query {
        Query::Sql(sql) => sql.clone(),
        Query::Definition(name, kind) => definition_sql(name, *kind),
        Query::Rows { sql, key } => rows_sql(sql, key),
        Query::Catalog(schemas) => catalog_sql(schemas),
    }
}

/// Returns a SELECT of one text column: the object's definition, NULL when it is absent.
#[must_use]
pub fn definition_sql(name: &ObjectName, kind: ObjectKind) -> String {
    let (relation, own) = name.name.split_once('.').unwrap_or(("", &name.name));
    let words = Words {
        schema: literal(&name.schema),
        relation: literal(relation),
        part: literal(own),
        name: literal(&name.name),
    };
    definition_by(&words, kind)
}

/// The SQL that names the object in a definition: literals, or columns of a list of objects around it.
pub(super) struct Words {
    pub(super) schema: String,
    pub(super) relation: String,
    pub(super) part: String,
    pub(super) name: String,
}

pub(super) fn definition_by(words: &Words, kind: ObjectKind) -> String {
    let text = match kind {
        ObjectKind::Table => format!("{RELATION}{TABLE}"),
        ObjectKind::View | ObjectKind::MaterializedView => format!("{RELATION}{VIEW}"),
        ObjectKind::Sequence => format!("{RELATION}{SEQUENCE}"),
        ObjectKind::Index => format!("{RELATION}{INDEX}"),
        ObjectKind::Function => FUNCTION.to_owned(),
        ObjectKind::Trigger => TRIGGER.to_owned(),
        ObjectKind::Column => COLUMN.to_owned(),
        ObjectKind::Constraint => CONSTRAINT.to_owned(),
        ObjectKind::EventTrigger => EVENT_TRIGGER.to_owned(),
        ObjectKind::Type => TYPE.to_owned(),
        ObjectKind::Schema => SCHEMA.to_owned(),
        ObjectKind::Extension => EXTENSION.to_owned(),
    };
    let kinds = match kind {
        ObjectKind::Table => "'r','p','f'",
        ObjectKind::View => "'v'",
        ObjectKind::MaterializedView => "'m'",
        ObjectKind::Sequence => "'S'",
        ObjectKind::Index => "'i','I'",
        ObjectKind::Function
        | ObjectKind::Trigger
        | ObjectKind::Column
        | ObjectKind::Constraint
        | ObjectKind::EventTrigger
        | ObjectKind::Type
        | ObjectKind::Schema
        | ObjectKind::Extension => "",
    };
    // One pass, so that a name that looks like a mark is never filled in a second time.
    let mut sql = String::with_capacity(text.len() + 64);
    for (at, part) in text.split('@').enumerate() {
        match part {
            _ if at % 2 == 0 => sql.push_str(part),
            "kinds" => sql.push_str(kinds),
            "schema" => sql.push_str(&words.schema),
            "relation" => sql.push_str(&words.relation),
            "part" => sql.push_str(&words.part),
            "name" => sql.push_str(&words.name),
            "grants of relation" => {
                sql.push_str(&grants("c.relacl", 'r', "c.relowner"));
                sql.push_str(COLUMN_GRANTS);
            }
            "grants of sequence" => sql.push_str(&grants("c.relacl", 's', "c.relowner")),
            "grants of function" => sql.push_str(&grants("p.proacl", 'f', "p.proowner")),
            "grants of type" => sql.push_str(&grants("t.typacl", 'T', "t.typowner")),
            "grants of schema" => sql.push_str(&grants("n.nspacl", 'n', "n.nspowner")),
            mark => unreachable!("BUG: the mark @{mark}@ has no meaning"),
        }
    }
    sql
}

/// Returns SQL for what an access list grants beyond what an object of this kind has at first, and what of that was revoked, a
/// line each: a list that was written and says the default says nothing.
pub(super) fn grants(list: &str, kind: char, owner: &str) -> String {
    let entries =
        |list: &str| format!("SELECT z.grantee, z.privilege_type, z.is_grantable FROM pg_catalog.aclexplode({list}) z");
    let (own, usual) = (entries(list), entries(&format!("pg_catalog.acldefault('{kind}', {owner})")));
    format!(
        "(SELECT pg_catalog.string_agg(y.line, E'\\n' ORDER BY y.line) FROM (SELECT h.how || COALESCE(w.rolname::text, 'public') || ' ' \
         || h.privilege_type || CASE WHEN h.is_grantable THEN ' with grant option' ELSE '' END AS line FROM ( \
         SELECT 'grant ' AS how, b.* FROM ({own} EXCEPT {usual}) AS b UNION ALL \
         SELECT 'revoke ', b.* FROM ({usual} EXCEPT {own}) AS b WHERE {list} IS NOT NULL) AS h \
         LEFT JOIN pg_catalog.pg_roles w ON w.oid = h.grantee) AS y)"
    )
}

/// The grants on single columns of a relation, a line each; a column has none at first.
const COLUMN_GRANTS: &str = ",
  (SELECT pg_catalog.string_agg(y.line, E'\\n' ORDER BY y.line) FROM (SELECT 'grant ' || COALESCE(w.rolname::text, 'public') || ' ' || z.privilege_type
      || ' (' || pg_catalog.quote_ident(v.attname) || ')' || CASE WHEN z.is_grantable THEN ' with grant option' ELSE '' END AS line
    FROM pg_catalog.pg_attribute v CROSS JOIN LATERAL pg_catalog.aclexplode(v.attacl) z
    LEFT JOIN pg_catalog.pg_roles w ON w.oid = z.grantee WHERE v.attrelid = c.oid AND NOT v.attisdropped) AS y)";

/// Writes text as a literal that means the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// The relation itself: kind, owner, row security, comment. What follows is appended by kind.
const RELATION: &str = "SELECT pg_catalog.concat_ws(E'\\n',
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'index' END || ' ' || c.oid::pg_catalog.regclass::text,
  'owner ' || pg_catalog.pg_get_userbyid(c.relowner),
  CASE WHEN c.relrowsecurity THEN 'row level security enabled' END,
  CASE WHEN c.relforcerowsecurity THEN 'row level security forced' END,
  CASE WHEN c.relpersistence <> 'p' THEN 'persistence ' || c.relpersistence::text END,
  'options ' || pg_catalog.array_to_string(c.reloptions, ', '),
  'comment ' || pg_catalog.obj_description(c.oid, 'pg_class'),";

const TABLE: &str = "
  (SELECT pg_catalog.string_agg('column ' || pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN ' collate ' || a.attcollation::pg_catalog.regcollation::text ELSE '' END
      || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
      || CASE WHEN d.oid IS NULL THEN '' WHEN a.attgenerated <> '' THEN ' generated always as (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') '
           || CASE a.attgenerated WHEN 's' THEN 'stored' ELSE 'virtual' END
         ELSE ' default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
      || CASE a.attidentity WHEN 'a' THEN ' generated always as identity' WHEN 'd' THEN ' generated by default as identity' ELSE '' END
      || COALESCE(' comment ' || pg_catalog.quote_literal(pg_catalog.col_description(c.oid, a.attnum)), ''), E'\\n' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT pg_catalog.string_agg('inherits ' || i.inhparent::pg_catalog.regclass::text, E'\\n' ORDER BY i.inhseqno)
    FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
  'partition by ' || CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
  'partition ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid),
  (SELECT pg_catalog.string_agg('constraint ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid), E'\\n' ORDER BY k.conname)
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n'),
  (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid) || CASE WHEN x.indisvalid THEN '' ELSE ' (invalid)' END, E'\\n' ORDER BY pg_catalog.pg_get_indexdef(x.indexrelid))
    FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid),
  (SELECT pg_catalog.string_agg(pg_catalog.pg_get_triggerdef(g.oid) || ' [enabled ' || g.tgenabled::text || ']', E'\\n' ORDER BY g.tgname)
    FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
  (SELECT pg_catalog.string_agg(pg_catalog.pg_get_ruledef(r.oid) || ' [enabled ' || r.ev_enabled::text || ']', E'\\n' ORDER BY r.rulename)
    FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid),
  (SELECT pg_catalog.string_agg('policy ' || pg_catalog.quote_ident(p.polname) || ' for ' || p.polcmd::text
      || CASE WHEN p.polpermissive THEN ' permissive' ELSE ' restrictive' END
      || ' to ' || (SELECT COALESCE(pg_catalog.string_agg(pg_catalog.quote_ident(o.rolname), ',' ORDER BY o.rolname), 'public') FROM pg_catalog.pg_roles o WHERE o.oid = ANY (p.polroles))
      || COALESCE(' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
      || COALESCE(' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), E'\\n' ORDER BY p.polname)
    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
  @grants of relation@
) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @name@ AND c.relkind IN (@kinds@)";

const VIEW: &str = "
  @grants of relation@,
  'populated ' || CASE WHEN c.relkind = 'm' THEN c.relispopulated::text END,
  pg_catalog.pg_get_viewdef(c.oid),
  (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(x.indexrelid), E'\\n' ORDER BY pg_catalog.pg_get_indexdef(x.indexrelid))
    FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid),
  (SELECT pg_catalog.string_agg(pg_catalog.pg_get_triggerdef(g.oid) || ' [enabled ' || g.tgenabled::text || ']', E'\\n' ORDER BY g.tgname)
    FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)
) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @name@ AND c.relkind IN (@kinds@)";

const SEQUENCE: &str = "
  @grants of sequence@,
  (SELECT pg_catalog.concat_ws(' ', 'as', pg_catalog.format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, 'min', s.seqmin,
      'max', s.seqmax, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END) FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid),
  (SELECT 'owned by ' || d.refobjid::pg_catalog.regclass::text || '.' || pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a','i'))
) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @name@ AND c.relkind IN (@kinds@)";

const INDEX: &str = "
  pg_catalog.pg_get_indexdef(c.oid),
  (SELECT CASE WHEN x.indisvalid THEN NULL ELSE 'invalid' END FROM pg_catalog.pg_index x WHERE x.indexrelid = c.oid)
) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @name@ AND c.relkind IN (@kinds@)";

/// Every function of that name, in order of its arguments.
const FUNCTION: &str = "SELECT pg_catalog.string_agg(pg_catalog.concat_ws(E'\\n',
  CASE WHEN p.prokind = 'a' THEN 'aggregate ' || p.oid::pg_catalog.regprocedure::text ELSE pg_catalog.pg_get_functiondef(p.oid) END,
  'owner ' || pg_catalog.pg_get_userbyid(p.proowner), @grants of function@,
  'comment ' || pg_catalog.obj_description(p.oid, 'pg_proc')), E'\\n' ORDER BY pg_catalog.pg_get_function_identity_arguments(p.oid))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = @schema@ AND p.proname = @name@";

/// D-30: the trigger's own text, its enabled state and comment, and the text of its function.
const TRIGGER: &str = "SELECT pg_catalog.concat_ws(E'\\n', pg_catalog.pg_get_triggerdef(g.oid), 'enabled ' || g.tgenabled::text,
  'comment ' || pg_catalog.obj_description(g.oid, 'pg_trigger'), pg_catalog.pg_get_functiondef(g.tgfoid))
FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @relation@ AND g.tgname = @part@ AND NOT g.tgisinternal";

/// One column of a table, written as in the table's own definition.
const COLUMN: &str = "SELECT pg_catalog.concat_ws(E'\\n', 'column ' || pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod),
  CASE WHEN a.attnotnull THEN 'not null' END,
  CASE WHEN a.attgenerated <> '' THEN 'generated ' ELSE 'default ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
  CASE a.attidentity WHEN 'a' THEN 'generated always as identity' WHEN 'd' THEN 'generated by default as identity' END,
  'comment ' || pg_catalog.col_description(c.oid, a.attnum))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname = @schema@ AND c.relname = @relation@ AND a.attname = @part@ AND a.attnum > 0 AND NOT a.attisdropped";

/// One constraint of a table, with whether its rows were ever checked.
const CONSTRAINT: &str = "SELECT pg_catalog.concat_ws(E'\\n', 'constraint ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid),
  'comment ' || pg_catalog.obj_description(k.oid, 'pg_constraint'))
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = @schema@ AND c.relname = @relation@ AND k.conname = @part@ AND k.contype <> 't'";

const EVENT_TRIGGER: &str = "SELECT pg_catalog.concat_ws(E'\\n', 'event trigger ' || pg_catalog.quote_ident(e.evtname), 'on ' || e.evtevent,
  'tags ' || pg_catalog.array_to_string(e.evttags, ', '), 'enabled ' || e.evtenabled::text, 'owner ' || pg_catalog.pg_get_userbyid(e.evtowner),
  'comment ' || pg_catalog.obj_description(e.oid, 'pg_event_trigger'), pg_catalog.pg_get_functiondef(e.evtfoid))
FROM pg_catalog.pg_event_trigger e WHERE e.evtname = @name@";

const TYPE: &str = "SELECT pg_catalog.concat_ws(E'\\n',
  CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange' ELSE 'base' END
    || ' ' || t.oid::pg_catalog.regtype::text,
  'owner ' || pg_catalog.pg_get_userbyid(t.typowner), @grants of type@,
  'comment ' || pg_catalog.obj_description(t.oid, 'pg_type'),
  (SELECT pg_catalog.string_agg('label ' || pg_catalog.quote_literal(l.enumlabel), E'\\n' ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid),
  'as ' || CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
  CASE WHEN t.typnotnull THEN 'not null' END,
  'default ' || t.typdefault,
  (SELECT pg_catalog.string_agg('constraint ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid), E'\\n' ORDER BY k.conname)
    FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype <> 'n'),
  (SELECT pg_catalog.string_agg('attribute ' || pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), E'\\n' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT 'subtype ' || pg_catalog.format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid))
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = @schema@ AND t.typname = @name@";

const SCHEMA: &str = "SELECT pg_catalog.concat_ws(E'\\n', 'schema ' || pg_catalog.quote_ident(n.nspname), 'owner ' || pg_catalog.pg_get_userbyid(n.nspowner),
  @grants of schema@, 'comment ' || pg_catalog.obj_description(n.oid, 'pg_namespace'))
FROM pg_catalog.pg_namespace n WHERE n.nspname = @name@";

const EXTENSION: &str = "SELECT pg_catalog.concat_ws(E'\\n', 'extension ' || pg_catalog.quote_ident(e.extname), 'version ' || e.extversion, 'schema ' || n.nspname,
  'owner ' || pg_catalog.pg_get_userbyid(e.extowner))
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = @name@";

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ObjectKind; 13] = [
        ObjectKind::Table,
        ObjectKind::View,
        ObjectKind::MaterializedView,
        ObjectKind::Sequence,
        ObjectKind::Index,
        ObjectKind::Function,
        ObjectKind::Trigger,
        ObjectKind::Column,
        ObjectKind::Constraint,
        ObjectKind::EventTrigger,
        ObjectKind::Type,
        ObjectKind::Schema,
        ObjectKind::Extension,
    ];

    #[test]
    fn every_kind_is_one_select_and_no_name_escapes_its_quotes() {
        let hostile = ObjectName::new("pub'@name@lic", "a\\'b.c'); DROP TABLE x; --");
        for kind in KINDS {
            let sql = definition_sql(&hostile, kind);
            let parsed =
                crate::runbook::sql::split(&sql).unwrap_or_else(|problem| panic!("{kind:?}: {problem:?}\n{sql}"));
            assert_eq!(parsed.len(), 1, "{kind:?}");
        }
    }

    #[test]
    fn a_trigger_is_named_with_its_relation() {
        let sql = definition_sql(&ObjectName::new("public", "t.guard"), ObjectKind::Trigger);
        assert!(sql.contains("c.relname = 't' AND g.tgname = 'guard'"), "{sql}");
    }
}
