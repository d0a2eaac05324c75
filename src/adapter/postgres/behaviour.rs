//! Gives the one question by which the server says, as JSON, what its functions, triggers, rules and keys do.
//!
//! The answer's fields are those of `Catalog`. It is asked in the snapshot in which the rest of the catalog is read.

/// Each field of the answer with the query of its rows; `#n#` stands for "this schema is nobody's own".
const LISTS: &[(&str, &str)] = &[
    (
        "functions",
        // What people put into the system's schemas is theirs: the server's own OIDs end at 16383.
        "SELECT p.oid::bigint AS oid, n.nspname || '.' || p.proname AS name,
           ARRAY(SELECT m.nspname || '.' || t.typname FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(type, place)
             JOIN pg_type t ON t.oid = a.type JOIN pg_namespace m ON m.oid = t.typnamespace ORDER BY a.place) AS arguments,
           p.pronargdefaults AS defaults, p.provariadic <> 0 AS variadic,
           CASE p.prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'window' END AS kind,
           l.lanname AS language, l.lanpltrusted AS trusted,
           CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
           p.prosecdef AS security_definer,
           CASE WHEN l.lanname IN ('sql', 'plpgsql') AND p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE '' END AS definition,
           COALESCE(p.proconfig, '{}'::text[]) AS settings,
           COALESCE((SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
             WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass
               AND d.deptype = 'e' LIMIT 1), '') AS extension,
           ARRAY(SELECT DISTINCT m.nspname || '.' || q.proname FROM pg_aggregate g
             CROSS JOIN LATERAL (VALUES (g.aggtransfn), (g.aggfinalfn), (g.aggcombinefn), (g.aggserialfn), (g.aggdeserialfn),
               (g.aggmtransfn), (g.aggminvtransfn), (g.aggmfinalfn)) AS v(part)
             JOIN pg_proc q ON q.oid = v.part::oid JOIN pg_namespace m ON m.oid = q.pronamespace
             WHERE g.aggfnoid = p.oid) AS calls
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
         WHERE #n# OR (p.oid >= 16384 AND n.nspname IN ('pg_catalog', 'information_schema')) ORDER BY 2, 1",
    ),
    (
        "operators",
        "SELECT n.nspname || '.' || o.oprname AS name, COALESCE(ln.nspname || '.' || lt.typname, '') AS left,
           COALESCE(rn.nspname || '.' || rt.typname, '') AS right, p.oid::bigint AS function,
           pn.nspname || '.' || p.proname AS function_name
         FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
         JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_namespace pn ON pn.oid = p.pronamespace
         LEFT JOIN pg_type lt ON lt.oid = o.oprleft LEFT JOIN pg_namespace ln ON ln.oid = lt.typnamespace
         LEFT JOIN pg_type rt ON rt.oid = o.oprright LEFT JOIN pg_namespace rn ON rn.oid = rt.typnamespace
         WHERE #n# ORDER BY 1, 2, 3",
    ),
    (
        "casts",
        "SELECT fn.nspname || '.' || f.typname AS from, tn.nspname || '.' || t.typname AS to, c.castcontext <> 'e' AS implicit,
           p.oid::bigint AS function, pn.nspname || '.' || p.proname AS function_name
         FROM pg_cast c JOIN pg_type f ON f.oid = c.castsource JOIN pg_namespace fn ON fn.oid = f.typnamespace
         JOIN pg_type t ON t.oid = c.casttarget JOIN pg_namespace tn ON tn.oid = t.typnamespace
         JOIN pg_proc p ON p.oid = c.castfunc JOIN pg_namespace pn ON pn.oid = p.pronamespace
         WHERE c.oid >= 16384 ORDER BY 1, 2",
    ),
    (
        "firing",
        // The bits of tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64 instead of. A partition's
        // copy of its parent's trigger may be called internal; those of keys are left out.
        "SELECT n.nspname || '.' || c.relname AS relation, g.tgname AS name, p.oid::bigint AS function,
           pn.nspname || '.' || p.proname AS function_name,
           array_remove(ARRAY[CASE WHEN g.tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN g.tgtype & 8 > 0 THEN 'DELETE' END,
             CASE WHEN g.tgtype & 16 > 0 THEN 'UPDATE' END, CASE WHEN g.tgtype & 32 > 0 THEN 'TRUNCATE' END], NULL) AS events,
           ARRAY(SELECT a.attname::text FROM unnest(g.tgattr::smallint[]) AS u(attnum)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum) AS columns,
           CASE WHEN g.tgtype & 64 > 0 THEN 'INSTEAD OF' WHEN g.tgtype & 2 > 0 THEN 'BEFORE' ELSE 'AFTER' END AS timing,
           g.tgtype & 1 > 0 AS for_each_row, g.tgenabled IN ('O', 'A') AS enabled, g.tgisinternal AS internal
         FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
         WHERE (NOT g.tgisinternal OR (g.tgparentid <> 0 AND g.tgconstraint = 0)) AND #n# ORDER BY 1, 2",
    ),
    (
        "event_triggers",
        "SELECT e.evtname AS name, e.evtevent AS event, COALESCE(e.evttags, '{}'::text[]) AS tags, p.oid::bigint AS function,
           pn.nspname || '.' || p.proname AS function_name, e.evtenabled IN ('O', 'A') AS enabled
         FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace ORDER BY 1",
    ),
    (
        "rules",
        "SELECT n.nspname || '.' || c.relname AS relation, r.rulename AS name,
           CASE r.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE' ELSE 'SELECT' END AS event,
           r.is_instead AS instead, r.ev_enabled IN ('O', 'A') AS enabled, pg_get_ruledef(r.oid) AS definition
         FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE r.rulename <> '_RETURN' AND #n# ORDER BY 1, 2",
    ),
    (
        "keys",
        "SELECT k.conname AS name, n.nspname || '.' || c.relname AS child, m.nspname || '.' || r.relname AS parent,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum ORDER BY u.place) AS child_columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, place)
             JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = u.attnum ORDER BY u.place) AS parent_columns,
           CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set_null' WHEN 'd' THEN 'set_default' ELSE 'refuse' END AS on_delete,
           CASE k.confupdtype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set_null' WHEN 'd' THEN 'set_default' ELSE 'refuse' END AS on_update
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace m ON m.oid = r.relnamespace
         WHERE k.contype = 'f' AND k.conparentid = 0 AND #n# ORDER BY 2, 1",
    ),
    (
        "expressions",
        "SELECT n.nspname || '.' || c.relname AS of, x.part, x.kind, x.sql FROM (
           SELECT d.adrelid AS relation, a.attname::text AS part, CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'written' END AS kind,
               pg_get_expr(d.adbin, d.adrelid) AS sql
             FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
           UNION ALL SELECT k.conrelid, k.conname::text, 'written', pg_get_expr(k.conbin, k.conrelid)
             FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
           UNION ALL SELECT i.indrelid, i.indexrelid::regclass::text, 'written', pg_get_expr(i.indexprs, i.indrelid)
             FROM pg_index i WHERE i.indexprs IS NOT NULL
           UNION ALL SELECT i.indrelid, i.indexrelid::regclass::text || ' (where)', 'written', pg_get_expr(i.indpred, i.indrelid)
             FROM pg_index i WHERE i.indpred IS NOT NULL
           UNION ALL SELECT p.polrelid, p.polname::text, 'policy', pg_get_expr(p.polqual, p.polrelid)
             FROM pg_policy p WHERE p.polqual IS NOT NULL
           UNION ALL SELECT p.polrelid, p.polname::text || ' (with check)', 'policy', pg_get_expr(p.polwithcheck, p.polrelid)
             FROM pg_policy p WHERE p.polwithcheck IS NOT NULL
         ) x JOIN pg_class c ON c.oid = x.relation JOIN pg_namespace n ON n.oid = c.relnamespace WHERE #n# AND x.sql IS NOT NULL
         UNION ALL SELECT n.nspname || '.' || t.typname, k.conname::text, 'domain', pg_get_expr(k.conbin, 0)
           FROM (WITH RECURSIVE based AS (SELECT oid AS domain, oid AS base FROM pg_type WHERE typtype = 'd'
               UNION SELECT based.domain, b.typbasetype FROM based JOIN pg_type b ON b.oid = based.base AND b.typtype = 'd')
             SELECT * FROM based) based
           JOIN pg_constraint k ON k.contypid = based.base JOIN pg_type t ON t.oid = based.domain
           JOIN pg_namespace n ON n.oid = t.typnamespace
           WHERE k.contype = 'c' AND #n# ORDER BY 1, 2",
    ),
];

/// Sets of names, as JSON arrays.
const SETS: &[(&str, &str)] = &[
    (
        "foreign",
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'f' AND #n#",
    ),
    (
        "row_security",
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity AND row_security_active(c.oid) AND #n#",
    ),
];

/// Names with a value each, as JSON objects.
const MAPS: &[(&str, &str)] = &[
    (
        "views",
        "SELECT n.nspname || '.' || c.relname AS name, to_json(pg_get_viewdef(c.oid)) AS value
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND #n#",
    ),
    (
        "column_types",
        // Composite types are relations too; of an array, the type of its elements counts.
        "SELECT n.nspname || '.' || c.relname AS name, to_json(array_agg(DISTINCT m.nspname || '.' || t.typname)) AS value
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
           JOIN pg_type o ON o.oid = a.atttypid
           JOIN pg_type t ON t.oid = CASE WHEN o.typlen = -1 AND o.typelem <> 0 THEN o.typelem ELSE o.oid END
           JOIN pg_namespace m ON m.oid = t.typnamespace
           WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND #n# GROUP BY 1",
    ),
    (
        "owned_sequences",
        "SELECT n.nspname || '.' || s.relname AS name, to_json(m.nspname || '.' || c.relname) AS value
           FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
           JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace m ON m.oid = c.relnamespace
           WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
             AND d.deptype IN ('a', 'i') AND #n#",
    ),
];

/// The server's own functions and operators, by name.
const BUILT_IN: &str = "json_build_object(
    'volatile', (SELECT COALESCE(json_agg(DISTINCT p.proname), '[]') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('pg_catalog', 'information_schema') AND p.oid < 16384 AND p.provolatile = 'v'),
    'steady', (SELECT COALESCE(json_agg(DISTINCT p.proname), '[]') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname IN ('pg_catalog', 'information_schema') AND p.oid < 16384 AND p.provolatile <> 'v'),
    'operators', (SELECT COALESCE(json_agg(DISTINCT o.oprname || '(' || COALESCE(ln.nspname || '.' || lt.typname, '') || ','
        || COALESCE(rn.nspname || '.' || rt.typname, '') || ')'), '[]')
      FROM pg_operator o LEFT JOIN pg_type lt ON lt.oid = o.oprleft LEFT JOIN pg_namespace ln ON ln.oid = lt.typnamespace
      LEFT JOIN pg_type rt ON rt.oid = o.oprright LEFT JOIN pg_namespace rn ON rn.oid = rt.typnamespace
      WHERE o.oid < 16384))";

/// Returns the question, a query of one row and one column.
pub(super) fn question() -> String {
    let mut fields = vec![format!("'built_in', {BUILT_IN}")];
    let lists =
        LISTS.iter().map(|(field, sql)| format!("'{field}', (SELECT COALESCE(json_agg(q), '[]') FROM ({sql}) q)"));
    let sets = SETS
        .iter()
        .map(|(field, sql)| format!("'{field}', (SELECT COALESCE(json_agg(q.name), '[]') FROM ({sql}) q(name))"));
    let maps = MAPS.iter().map(|(field, sql)| {
        format!("'{field}', (SELECT COALESCE(json_object_agg(q.name, q.value), '{{}}') FROM ({sql}) q)")
    });
    fields.extend(lists.chain(sets).chain(maps));
    format!("SELECT json_build_object({})", fields.join(",\n"))
}
