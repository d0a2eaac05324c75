//! Takes the answer to one question; gives the catalog its constraints, and who depends on whom inside tables.

use crate::review::{Catalog, Edge};
use crate::run::Reply;
use crate::runbook::ObjectName;

/// Constraints, and edges to and from columns and constraints: `dependent schema, name, referenced schema, name, by`.
///
/// `#n#` stands for the condition on schemas. A constraint itself is a row without a referenced object. What goes with a
/// table in silence is told too: an index by `index`, a partition by `partition`. What goes with a column is told by
/// `column`: constraints, indexes (their expressions and conditions too) and extended statistics. The copies of a partitioned
/// table's triggers and foreign keys on its partitions go with the original, and nobody can drop them alone; a foreign key to a
/// partitioned table has a copy for each of its partitions, which is told by the original's name.
pub(super) const PARTS: &str = "WITH rel AS (
    SELECT c.oid, c.relkind, c.relispartition, n.nspname::text AS schema, c.relname::text AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE #n#
  ), named AS (
    SELECT 'pg_class'::regclass AS class, oid AS object, schema, name FROM rel
    UNION ALL SELECT 'pg_proc'::regclass, p.oid, n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE #n#
    UNION ALL SELECT 'pg_type'::regclass, t.oid, n.nspname, COALESCE(r.relname, y.typname, t.typname)
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type y ON y.typarray = t.oid
      LEFT JOIN pg_class r ON r.oid = COALESCE(NULLIF(t.typrelid, 0), NULLIF(y.typrelid, 0)) WHERE #n#
  ), col AS (
    SELECT a.attrelid, a.attnum, a.attgenerated, rel.schema, rel.name || '.' || a.attname AS name
      FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid
      WHERE rel.relkind IN ('r','p','f','v','m') AND a.attnum > 0 AND NOT a.attisdropped
  ), con AS (
    SELECT k.oid, k.contype, k.conrelid, k.conindid, k.conkey, k.confrelid, k.confkey, rel.schema,
      rel.name || '.' || COALESCE((WITH RECURSIVE up AS (
        SELECT p.conname, p.conparentid, p.conrelid FROM pg_constraint p WHERE p.oid = k.conparentid
        UNION ALL SELECT p.conname, p.conparentid, p.conrelid FROM pg_constraint p JOIN up ON p.oid = up.conparentid
      ) SELECT up.conname FROM up WHERE up.conparentid = 0 AND up.conrelid = k.conrelid), k.conname) AS name,
      EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.confrelid = k.confrelid) AS is_clone
      FROM pg_constraint k JOIN rel ON rel.oid = k.conrelid WHERE k.contype <> 't'
  ), part AS (
    SELECT 'pg_class'::regclass AS class, attrelid AS object, attnum::int AS sub, schema, name FROM col
    UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, schema, name FROM con
  ), who AS (
    SELECT 'pg_rewrite'::regclass AS class, w.oid AS object, 0 AS sub, r.schema, CASE WHEN r.relkind IN ('v','m') THEN r.name ELSE r.name || '.' || w.rulename END AS name,
      CASE WHEN r.relkind IN ('v','m') THEN 'view' ELSE 'rule' END AS by, r.oid AS relation
      FROM pg_rewrite w JOIN rel r ON r.oid = w.ev_class
    UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, 0, col.schema, col.name, CASE WHEN col.attgenerated <> '' THEN 'generated column' ELSE 'default' END, d.adrelid
      FROM pg_attrdef d JOIN col ON col.attrelid = d.adrelid AND col.attnum = d.adnum
    UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, schema, name, CASE WHEN attgenerated <> '' THEN 'generated column' ELSE 'type' END, attrelid FROM col
    UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, schema, name, 'constraint', conrelid FROM con WHERE contype <> 'f'
    UNION ALL SELECT 'pg_policy'::regclass, p.oid, 0, r.schema, r.name || '.' || p.polname, 'policy', p.polrelid FROM pg_policy p JOIN rel r ON r.oid = p.polrelid
    UNION ALL SELECT 'pg_trigger'::regclass, g.oid, 0, r.schema, r.name || '.' || g.tgname, 'trigger', g.tgrelid FROM pg_trigger g JOIN rel r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal AND g.tgparentid = 0
    UNION ALL SELECT 'pg_proc'::regclass, p.oid, 0, n.nspname, p.proname, 'function', 0 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE #n#
  )
  SELECT schema, name, '', '', 'constraint' FROM con
  UNION SELECT con.schema, con.name, col.schema, col.name, 'column' FROM con JOIN col ON col.attrelid = con.conrelid AND col.attnum = ANY (con.conkey)
  UNION SELECT con.schema, con.name, rel.schema, rel.name, 'foreign key' FROM con JOIN rel ON rel.oid = con.confrelid WHERE con.contype = 'f' AND NOT con.is_clone AND con.conrelid <> con.confrelid
  UNION SELECT con.schema, con.name, col.schema, col.name, 'foreign key' FROM con JOIN col ON col.attrelid = con.confrelid AND col.attnum = ANY (con.confkey) WHERE con.contype = 'f' AND NOT con.is_clone
  UNION SELECT con.schema, con.name, k.schema, k.name, 'foreign key' FROM con JOIN con k ON k.conindid = con.conindid AND k.conrelid = con.confrelid AND k.contype IN ('p','u') WHERE con.contype = 'f' AND NOT con.is_clone
  UNION SELECT con.schema, con.name, i.schema, i.name, 'constraint' FROM con JOIN rel i ON i.oid = con.conindid WHERE con.contype IN ('p','u','x')
  UNION SELECT col.schema, col.name, s.schema, s.name, 'identity' FROM pg_depend d JOIN rel s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN col ON col.attrelid = d.refobjid AND col.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
  UNION SELECT i.schema, i.name, t.schema, t.name, 'index' FROM pg_index x JOIN rel i ON i.oid = x.indexrelid JOIN rel t ON t.oid = x.indrelid
  UNION SELECT i.schema, i.name, col.schema, col.name, 'column' FROM pg_depend d JOIN rel i ON i.oid = d.objid AND i.relkind IN ('i','I')
    JOIN col ON col.attrelid = d.refobjid AND col.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  UNION SELECT n.nspname, s.stxname, col.schema, col.name, 'column' FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
    JOIN pg_depend d ON d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
    JOIN col ON col.attrelid = d.refobjid AND col.attnum = d.refobjsubid
  UNION SELECT c.schema, c.name, p.schema, p.name, 'partition' FROM pg_inherits h JOIN rel c ON c.oid = h.inhrelid JOIN rel p ON p.oid = h.inhparent WHERE c.relispartition AND c.relkind IN ('r','p','f')
  UNION SELECT who.schema, who.name, part.schema, part.name, who.by FROM pg_depend d
    JOIN who ON who.class = d.classid AND who.object = d.objid AND who.sub = d.objsubid
    JOIN part ON part.class = d.refclassid AND part.object = d.refobjid AND part.sub = d.refobjsubid
    WHERE (d.deptype = 'n' OR who.by = 'generated column') AND (who.schema, who.name) <> (part.schema, part.name)
      AND NOT (who.by IN ('view', 'rule') AND who.relation = d.refobjid)
  UNION SELECT who.schema, who.name, named.schema, named.name, who.by FROM pg_depend d
    JOIN who ON who.class = d.classid AND who.object = d.objid AND who.sub = d.objsubid
    JOIN named ON named.class = d.refclassid AND named.object = d.refobjid
    WHERE d.deptype = 'n' AND who.by IN ('default', 'generated column', 'type', 'constraint', 'policy', 'rule') AND who.relation <> d.refobjid
  ORDER BY 1, 2, 3, 4, 5";

/// Puts the answer into the catalog.
pub(super) fn add(catalog: &mut Catalog, reply: &Reply) {
    for row in &reply.rows {
        let text = |at: usize| row.get(at).and_then(Option::as_deref).unwrap_or_default();
        let dependent = ObjectName::new(text(0), text(1));
        if text(3).is_empty() {
            catalog.constraints.insert(dependent);
        } else {
            let referenced = ObjectName::new(text(2), text(3));
            catalog.parts.push(Edge { dependent, referenced, by: text(4).to_owned() });
        }
    }
}
