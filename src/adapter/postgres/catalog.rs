//! Takes an open link; gives the live catalog as far as the rules need it, read at one snapshot in one round trip; what
//! functions and triggers do comes with it (see `behaviour`). The system's schemas and the ledger's own are left out.

use crate::port::DatabaseError;
use crate::review::{Catalog, CatalogObject, Edge};
use crate::run::Reply;
use crate::runbook::{ObjectKind, ObjectName};

use super::link::{Link, cell};
use super::{behaviour, catalog_parts};

/// Schemas that belong to nobody's runbook: `@` stands for the alias of `pg_namespace`.
const OURS: &str = "@.nspname NOT LIKE 'pg\\_%' AND @.nspname NOT IN ('information_schema', 'countersign')";

/// Relations with their columns and primary key: `schema, name, kind, columns, key` as JSON arrays.
const RELATIONS: &str = "SELECT n.nspname, c.relname,
    CASE WHEN c.relkind IN ('r','p','f') THEN 'table' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized_view'
      WHEN c.relkind = 'S' THEN 'sequence' WHEN c.relkind IN ('i','I') THEN 'index' ELSE 'type' END,
    (SELECT to_json(array_agg(a.attname ORDER BY a.attnum))::text FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('S','i','I')),
    (SELECT to_json(array_agg(a.attname ORDER BY k.place))::text FROM pg_index x
      CROSS JOIN LATERAL unnest(x.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE x.indrelid = c.oid AND x.indisprimary)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','f','v','m','S','i','I','c') AND #n# ORDER BY 1, 2";

/// Everything that is no relation: `schema, name, kind`. When two share a name, the later kind wins.
const OTHERS: &str = "SELECT * FROM (
    SELECT '' AS schema, n.nspname::text AS name, 'schema' AS kind, 1 AS place FROM pg_namespace n WHERE #n#
    UNION ALL SELECT '', e.extname, 'extension', 2 FROM pg_extension e
    UNION ALL SELECT '', e.evtname, 'event_trigger', 3 FROM pg_event_trigger e
    UNION ALL SELECT n.nspname, p.proname, 'function', 4 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE #n#
    UNION ALL SELECT n.nspname, t.typname, 'type', 5 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE t.typtype IN ('b','d','e','r') AND NOT EXISTS (SELECT FROM pg_type y WHERE y.typarray = t.oid) AND #n#) o ORDER BY place, schema, name";

/// Triggers that people made: `schema, relation.trigger, definition`.
const TRIGGERS: &str = "SELECT n.nspname, c.relname || '.' || g.tgname, pg_get_triggerdef(g.oid)
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND #n# ORDER BY 1, 2";

/// Who depends on whom: `dependent schema, name, referenced schema, name, by`.
///
/// A trigger goes with its table, so that it depends only on its function. A sequence that a column owns goes with its
/// table. Whatever else would make a DROP without CASCADE fail is an edge.
const EDGES: &str = "WITH named AS (
    SELECT 'pg_class'::regclass AS class, c.oid AS object, n.nspname::text AS schema, c.relname::text AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE #n#
    UNION ALL SELECT 'pg_proc'::regclass, p.oid, n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE #n#
    UNION ALL SELECT 'pg_type'::regclass, t.oid, n.nspname, COALESCE(r.relname, t.typname)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type y ON y.typarray = t.oid
      LEFT JOIN pg_class r ON r.oid = COALESCE(NULLIF(t.typrelid, 0), y.typrelid) WHERE #n#
  ), raw AS (
    SELECT 'pg_class'::regclass AS class, conrelid AS object, 'pg_class'::regclass AS refclass, confrelid AS ref, 'foreign key' AS by FROM pg_constraint k WHERE contype = 'f'
      AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.confrelid = k.confrelid)
    UNION ALL SELECT 'pg_class'::regclass, i.inhrelid, 'pg_class'::regclass, i.inhparent, 'inheritance'
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r','p','f')
    UNION ALL SELECT 'pg_class'::regclass, r.ev_class, d.refclassid, d.refobjid, CASE WHEN c.relkind IN ('v','m') THEN 'view' ELSE 'rule' END
      FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class WHERE d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n'
    UNION ALL SELECT 'pg_class'::regclass, a.adrelid, d.refclassid, d.refobjid, 'default'
      FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid WHERE d.classid = 'pg_attrdef'::regclass AND d.deptype = 'n'
        AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.refclassid AND o.objid = d.refobjid AND o.refobjid = a.adrelid AND o.deptype IN ('a','i'))
    UNION ALL SELECT 'pg_class'::regclass, k.conrelid, d.refclassid, d.refobjid, 'constraint'
      FROM pg_depend d JOIN pg_constraint k ON k.oid = d.objid WHERE d.classid = 'pg_constraint'::regclass AND d.deptype = 'n' AND k.contype <> 'f' AND k.conrelid <> 0
    UNION ALL SELECT 'pg_class'::regclass, p.polrelid, d.refclassid, d.refobjid, 'policy'
      FROM pg_depend d JOIN pg_policy p ON p.oid = d.objid WHERE d.classid = 'pg_policy'::regclass AND d.deptype = 'n'
    UNION ALL SELECT d.classid, d.objid, d.refclassid, d.refobjid, CASE WHEN d.classid = 'pg_proc'::regclass THEN 'function' ELSE 'type' END
      FROM pg_depend d WHERE d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass) AND d.deptype = 'n'
  )
  SELECT DISTINCT a.schema, a.name, b.schema, b.name, raw.by FROM raw
    JOIN named a ON a.class = raw.class AND a.object = raw.object JOIN named b ON b.class = raw.refclass AND b.object = raw.ref
    WHERE (a.schema, a.name) <> (b.schema, b.name)
  UNION SELECT n.nspname, c.relname || '.' || g.tgname, f.schema, f.name, 'trigger'
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN named f ON f.class = 'pg_proc'::regclass AND f.object = g.tgfoid WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND #n#
  UNION SELECT '', e.evtname, f.schema, f.name, 'trigger'
    FROM pg_event_trigger e JOIN named f ON f.class = 'pg_proc'::regclass AND f.object = e.evtfoid
  ORDER BY 1, 2, 3, 4, 5";

/// Reads the catalog.
pub(super) async fn read(link: &mut Link) -> Result<Catalog, DatabaseError> {
    link.send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    link.send("SET LOCAL search_path = pg_catalog, pg_temp").await?;
    link.send("SET LOCAL statement_timeout = '30s'").await?;
    // Compiling these queries takes longer than running them.
    link.send("SET LOCAL jit = off").await?;
    let behaviour = behaviour::question();
    for sql in [RELATIONS, OTHERS, TRIGGERS, EDGES, catalog_parts::PARTS, behaviour.as_str()] {
        link.send(&sql.replace("#n#", &OURS.replace('@', "n"))).await?;
    }
    link.send("COMMIT").await?;
    for _ in 0..4 {
        link.demanded().await?;
    }
    let (relations, others) = (link.demanded().await?, link.demanded().await?);
    let (triggers, edges) = (link.demanded().await?, link.demanded().await?);
    let (parts, behaviour) = (link.demanded().await?, link.demanded().await?);
    link.demanded().await?;

    let behaviour = cell(&behaviour, 0, 0).unwrap_or("{}");
    let mut catalog: Catalog = serde_json::from_str(behaviour).map_err(|error| {
        DatabaseError::Garbled(format!("what functions and triggers do is not said in the form expected: {error}"))
    })?;
    catalog_parts::add(&mut catalog, &parts);
    for row in texts(&others) {
        let object = CatalogObject { kind: kind(row[2])?, columns: Vec::new(), primary_key: Vec::new() };
        catalog.objects.insert(ObjectName::new(row[0], row[1]), object);
    }
    for row in texts(&relations) {
        let object = CatalogObject { kind: kind(row[2])?, columns: list(row[3])?, primary_key: list(row[4])? };
        catalog.objects.insert(ObjectName::new(row[0], row[1]), object);
    }
    for row in texts(&triggers) {
        let name = ObjectName::new(row[0], row[1]);
        let object = CatalogObject { kind: ObjectKind::Trigger, columns: Vec::new(), primary_key: Vec::new() };
        catalog.objects.insert(name.clone(), object);
        catalog.triggers.insert(name, row[2].to_owned());
    }
    catalog.edges = texts(&edges)
        .map(|row| Edge {
            dependent: ObjectName::new(row[0], row[1]),
            referenced: ObjectName::new(row[2], row[3]),
            by: row[4].to_owned(),
        })
        .collect();
    Ok(catalog)
}

/// Returns the rows as texts, NULL as empty.
fn texts(reply: &Reply) -> impl Iterator<Item = Vec<&str>> {
    reply.rows.iter().map(|row| row.iter().map(|value| value.as_deref().unwrap_or_default()).collect())
}

fn list(json: &str) -> Result<Vec<String>, DatabaseError> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(json).map_err(|error| DatabaseError::Garbled(format!("a list of columns is not one: {error}")))
}

fn kind(word: &str) -> Result<ObjectKind, DatabaseError> {
    let word = serde_json::Value::String(word.to_owned());
    serde_json::from_value(word)
        .map_err(|error| DatabaseError::Garbled(format!("the kind of an object is not one: {error}")))
}
