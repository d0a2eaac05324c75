//! The server's own books of a transaction: the messages that read them, and what their rows mean.
//!
//! What a statement does is not all it says: triggers, rules, foreign keys and functions act as well. The books are read
//! before a stage's first statement and after its last; what differs, and is ours, is what the stage did.

use std::collections::{BTreeMap, BTreeSet};

use super::Reply;
use crate::runbook::ObjectName;

/// Reads the values of the sequences there are, before BEGIN: `id, value`.
///
/// Asking takes a lock on the sequence, as using it does. Outside of a transaction that lock is gone at once, so that
/// within it the lock tells who was used. At most 2,000, because every lock takes a place in the server's one table.
pub(super) const SEQUENCES: &str = "SELECT 'r' || s.oid, CASE \
    WHEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE') \
    THEN COALESCE(pg_catalog.pg_sequence_last_value(s.oid)::text, 'unused') END \
    FROM (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'S' \
    AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace) ORDER BY c.oid LIMIT 2000) AS s";

/// Reads the books: `book, id, kind, schema, name, owner, parent, a, b, c`.
///
/// `x`: transaction id, whether rows are counted. `o`: an object, the sum of its definition, the transactions that wrote
/// it, its file. `w`: rows written by this transaction, trigger side effects included. `l`: a lock of ours. `s`: a sequence
/// we have a lock on, its value. `a`: an advisory lock, whether it outlives the transaction. `p`: a prepared transaction.
pub(super) const BOOKS: &str = r"WITH held AS MATERIALIZED (
  SELECT l.locktype, l.relation, l.classid, l.objid, l.objsubid, l.mode FROM pg_catalog.pg_locks l
  WHERE l.pid = pg_catalog.pg_backend_pid() AND l.granted
), part (id, x, said) AS (
  SELECT CASE WHEN c.oid >= 16384 THEN 'r' || c.oid ELSE 'ypg_class' END, c.xmin::text, pg_catalog.concat_ws('|',
    c.relname, c.relnamespace, c.reloftype, c.relowner, c.relam, c.reltablespace, c.relpersistence, c.relkind, c.relrowsecurity,
    c.relforcerowsecurity, c.relispartition, c.relreplident, c.reloptions::text, c.relacl::text, c.relpartbound::text)
    FROM pg_catalog.pg_class c WHERE c.relkind <> 't'
  UNION ALL SELECT CASE WHEN a.attrelid >= 16384 THEN 'r' || a.attrelid ELSE 'ypg_attribute' END, a.xmin::text, a::text
    FROM pg_catalog.pg_attribute a
  UNION ALL SELECT 'r' || d.adrelid, d.xmin::text, d::text FROM pg_catalog.pg_attrdef d
  UNION ALL SELECT CASE WHEN k.conrelid <> 0 THEN 'r' || k.conrelid ELSE 't' || k.contypid END, k.xmin::text, k::text
    FROM pg_catalog.pg_constraint k
  UNION ALL SELECT 'r' || i.indexrelid, i.xmin::text, i::text FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384
  UNION ALL SELECT 'r' || w.ev_class, w.xmin::text, w::text FROM pg_catalog.pg_rewrite w WHERE w.ev_class >= 16384
  UNION ALL SELECT 'r' || p.polrelid, p.xmin::text, p::text FROM pg_catalog.pg_policy p
  UNION ALL SELECT 'r' || h.inhrelid, h.xmin::text, h::text FROM pg_catalog.pg_inherits h
  UNION ALL SELECT 'r' || s.stxrelid, s.xmin::text, s::text FROM pg_catalog.pg_statistic_ext s
  UNION ALL SELECT 'r' || q.seqrelid, q.xmin::text, q::text FROM pg_catalog.pg_sequence q
  UNION ALL SELECT CASE WHEN t.tgisinternal THEN 'r' || t.tgrelid ELSE 'g' || t.oid END, t.xmin::text, t::text
    FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal OR t.tgenabled <> 'O'
  UNION ALL SELECT CASE WHEN f.oid >= 16384 THEN 'f' || f.oid ELSE 'ypg_proc' END, f.xmin::text, f::text
    FROM pg_catalog.pg_proc f
  UNION ALL SELECT 'f' || g.aggfnoid::oid, g.xmin::text, g::text FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid >= 16384
  UNION ALL SELECT CASE WHEN y.oid >= 16384 THEN 't' || y.oid ELSE 'ypg_type' END, y.xmin::text, y::text
    FROM pg_catalog.pg_type y WHERE y.typrelid = 0
  UNION ALL SELECT 't' || m.enumtypid, m.xmin::text, m::text FROM pg_catalog.pg_enum m
  UNION ALL SELECT 'n' || n.oid, n.xmin::text, n::text FROM pg_catalog.pg_namespace n
  UNION ALL SELECT 'x' || e.oid, e.xmin::text, e::text FROM pg_catalog.pg_extension e
  UNION ALL SELECT 'e' || v.oid, v.xmin::text, v::text FROM pg_catalog.pg_event_trigger v
), summed AS (
  SELECT id, pg_catalog.count(*) || ':' || pg_catalog.sum(pg_catalog.hashtextextended(said, 0)) AS said,
    pg_catalog.string_agg(DISTINCT x, ' ') AS xids FROM part GROUP BY id
), member AS (
  SELECT CASE d.classid WHEN 1259 THEN 'r' WHEN 1255 THEN 'f' WHEN 1247 THEN 't' WHEN 2615 THEN 'n' WHEN 3466 THEN 'e' END
    || d.objid AS id, 'x' || d.refobjid AS extension FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e' AND d.classid IN (1259, 1255, 1247, 2615, 3466)
), named (id, kind, schema, name, owner, parent, file) AS (
  SELECT 'r' || c.oid, CASE WHEN c.relkind = 'i' OR c.relkind = 'I' THEN 'index' WHEN c.relkind = 'S' THEN 'sequence'
      WHEN c.relkind = 'r' THEN 'table' WHEN c.relkind = 'p' THEN 'partitioned' WHEN c.relkind = 'f' THEN 'foreign'
      WHEN c.relkind = 'm' THEN 'materialized' WHEN c.relkind = 'v' THEN 'view' ELSE 'type' END,
    CASE WHEN c.relnamespace = pg_catalog.pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname END, c.relname::text,
    COALESCE('r' || i.indrelid, 'r' || (SELECT d.refobjid FROM pg_catalog.pg_depend d WHERE c.relkind = 'S' AND d.classid = 1259
      AND d.objid = c.oid AND d.refclassid = 1259 AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1)),
    (SELECT CASE WHEN c.relispartition OR c.relkind IN ('i', 'I') THEN 'r' ELSE 'h' END || pg_catalog.min(h.inhparent::bigint)
      FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid), c.relfilenode::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    WHERE c.oid >= 16384 AND c.relkind <> 't' AND n.nspname <> 'pg_toast' AND n.nspname !~ '^pg_toast_temp_'
    AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)
  UNION ALL SELECT 'g' || t.oid, 'trigger', n.nspname, c.relname || '.' || t.tgname, 'r' || t.tgrelid,
    CASE WHEN t.tgparentid <> 0 THEN 'g' || t.tgparentid END, NULL
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
  UNION ALL SELECT 'f' || f.oid, 'function', n.nspname, f.proname, NULL, NULL, NULL
    FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace WHERE f.oid >= 16384
  UNION ALL SELECT 't' || y.oid, 'type', n.nspname, y.typname, NULL, NULL, NULL
    FROM pg_catalog.pg_type y JOIN pg_catalog.pg_namespace n ON n.oid = y.typnamespace
    WHERE y.oid >= 16384 AND y.typrelid = 0 AND y.typtype IN ('b', 'd', 'e', 'r')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type z WHERE z.typarray = y.oid)
  UNION ALL SELECT 'n' || n.oid, 'schema', '', n.nspname, NULL, NULL, NULL FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_(toast_)?temp_'
  UNION ALL SELECT 'x' || e.oid, 'extension', '', e.extname, NULL, NULL, NULL FROM pg_catalog.pg_extension e
  UNION ALL SELECT 'e' || v.oid, 'event_trigger', '', v.evtname, NULL, NULL, NULL FROM pg_catalog.pg_event_trigger v
  UNION ALL SELECT 'y' || s.name, 'system', 'pg_catalog', s.name, NULL, NULL, NULL
    FROM (VALUES ('pg_class'), ('pg_attribute'), ('pg_proc'), ('pg_type')) AS s (name)
), counted AS (
  SELECT c.oid, c.relname, n.nspname, pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS i,
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS u, pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS d
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND (c.oid >= 16384 OR n.nspname = 'information_schema' OR c.relname IN (
    'pg_authid', 'pg_auth_members', 'pg_database', 'pg_db_role_setting', 'pg_tablespace', 'pg_parameter_acl', 'pg_largeobject',
    'pg_largeobject_metadata', 'pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_cast', 'pg_collation', 'pg_conversion', 'pg_am',
    'pg_language', 'pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_publication', 'pg_subscription',
    'pg_foreign_server', 'pg_foreign_data_wrapper', 'pg_user_mapping', 'pg_default_acl', 'pg_transform', 'pg_replication_origin'))
)
SELECT 'x', NULL, NULL, NULL, NULL, NULL, NULL, pg_catalog.pg_current_xact_id_if_assigned()::text,
  pg_catalog.current_setting('track_counts'), NULL
UNION ALL SELECT 'o', o.id, o.kind, o.schema, o.name, COALESCE(o.owner, m.extension), o.parent, s.said, s.xids, o.file
  FROM named o JOIN summed s ON s.id = o.id LEFT JOIN member m ON m.id = o.id
UNION ALL SELECT 'w', 'r' || w.oid, NULL, w.nspname, w.relname, NULL, NULL, w.i::text, w.u::text, w.d::text
  FROM counted w WHERE w.i + w.u + w.d > 0
UNION ALL SELECT DISTINCT 'l', CASE WHEN h.locktype = 'relation' THEN 'r' || h.relation ELSE CASE h.classid WHEN 1255 THEN 'f'
  WHEN 1247 THEN 't' WHEN 2620 THEN 'g' WHEN 2615 THEN 'n' WHEN 3079 THEN 'x' WHEN 3466 THEN 'e' ELSE '?' END || h.objid END,
  NULL, NULL, NULL, NULL, NULL, h.mode, NULL, NULL FROM held h
  WHERE (h.locktype = 'relation' AND h.relation >= 16384) OR h.locktype = 'object'
UNION ALL SELECT 's', 'r' || c.oid, NULL, NULL, NULL, NULL, NULL, CASE
  WHEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN COALESCE(pg_catalog.pg_sequence_last_value(c.oid)::text, 'unused') END,
  NULL, NULL FROM pg_catalog.pg_class c WHERE c.relkind = 'S' AND NOT pg_catalog.pg_is_other_temp_schema(c.relnamespace)
  AND c.oid IN (SELECT h.relation FROM held h WHERE h.locktype = 'relation' AND h.mode = 'RowExclusiveLock')
UNION ALL SELECT 'a', CASE WHEN h.objsubid = 1 THEN 'advisory lock ' || ((h.classid::bigint << 32) | h.objid::bigint)
    ELSE 'advisory lock ' || h.classid::bigint::bit(32)::int || ', ' || h.objid::bigint::bit(32)::int END,
  NULL, NULL, NULL, NULL, NULL, CASE
    WHEN h.objsubid = 1 AND h.mode = 'ExclusiveLock' THEN pg_catalog.pg_advisory_unlock((h.classid::bigint << 32) | h.objid::bigint)
    WHEN h.objsubid = 1 THEN pg_catalog.pg_advisory_unlock_shared((h.classid::bigint << 32) | h.objid::bigint)
    WHEN h.mode = 'ExclusiveLock' THEN pg_catalog.pg_advisory_unlock(h.classid::bigint::bit(32)::int, h.objid::bigint::bit(32)::int)
    ELSE pg_catalog.pg_advisory_unlock_shared(h.classid::bigint::bit(32)::int, h.objid::bigint::bit(32)::int) END::text,
  NULL, NULL FROM held h WHERE h.locktype = 'advisory'
UNION ALL SELECT 'p', p.gid, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM pg_catalog.pg_prepared_xacts p
  WHERE p.database = pg_catalog.current_database() AND p.owner = session_user";

/// Asks whether other transactions are still open, which only our own can be when their work is seen: `xid, status`.
pub(super) fn whose(xids: &BTreeSet<u32>, ours: u64) -> String {
    let values: Vec<String> = xids.iter().map(|xid| format!("('{xid}', '{}')", near(*xid, ours))).collect();
    format!(
        "SELECT v.short, pg_catalog.pg_xact_status(v.long::pg_catalog.xid8) FROM (VALUES {}) AS v (short, long)",
        values.join(", ")
    )
}

/// Returns the 64-bit number of a transaction that began around ours: rows keep only the lower half.
fn near(xid: u32, ours: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what rows keep")]
    let step = xid.wrapping_sub(ours as u32).cast_signed();
    ours.saturating_add_signed(i64::from(step))
}

/// One reading of the books.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) xid: Option<u64>,
    pub(super) counts_rows: bool,
    pub(super) objects: BTreeMap<String, Entry>,
    pub(super) written: BTreeMap<String, Written>,
    pub(super) locks: BTreeSet<(String, String)>,
    pub(super) sequences: BTreeMap<String, Option<String>>,
    /// Advisory locks that outlive the transaction.
    pub(super) advisory: BTreeSet<String>,
    pub(super) prepared: BTreeSet<String>,
}

/// An object of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) name: ObjectName,
    /// What it hangs on: an index's table, a sequence's, a trigger's, an extension.
    pub(super) owner: Option<String>,
    /// What it is a part of: a partition's table, an index partition's index. An heir is a table of its own: the id of the
    /// table it inherits from has another first letter.
    pub(super) parent: Option<String>,
    pub(super) said: String,
    pub(super) xids: BTreeSet<u32>,
    pub(super) file: Option<String>,
}

/// What an [`Entry`] is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A plain table.
    Table,
    /// A partitioned table: its rows are in its partitions.
    Partitioned,
    /// A foreign table: its rows are counted elsewhere.
    Foreign,
    /// A materialized view.
    Materialized,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A trigger.
    Trigger,
    /// Anything else.
    Other,
}

/// Rows written to a relation by this transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) name: Option<ObjectName>,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) deleted: u64,
}

impl Books {
    /// Reads the rows of [`BOOKS`].
    ///
    /// # Errors
    /// What is not as it must be: books that cannot be read prove nothing.
    pub(super) fn read(reply: &Reply) -> Result<Self, String> {
        let mut books = Self::default();
        let mut has_head = false;
        for row in &reply.rows {
            let [book, id, kind, schema, name, owner, parent, a, b, c] = row.as_slice() else {
                return Err(format!("a row of the server's books has {} columns, expected 10", row.len()));
            };
            let id = id.clone().unwrap_or_default();
            let name = || ObjectName::new(schema.as_deref().unwrap_or_default(), name.as_deref().unwrap_or_default());
            let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
            match book.as_deref() {
                Some("x") => {
                    has_head = true;
                    books.xid = a.as_deref().and_then(|xid| xid.parse().ok());
                    books.counts_rows = b.as_deref() == Some("on");
                }
                Some("o") => {
                    let xids = b.as_deref().unwrap_or_default().split(' ').filter_map(|xid| xid.parse().ok()).collect();
                    let entry = Entry {
                        kind: Kind::of(kind.as_deref().unwrap_or_default()),
                        name: name(),
                        owner: owner.clone(),
                        parent: parent.clone(),
                        said: a.clone().unwrap_or_default(),
                        xids,
                        file: c.clone(),
                    };
                    books.objects.insert(id, entry);
                }
                Some("w") => {
                    let rows =
                        Written { name: Some(name()), inserted: number(a), updated: number(b), deleted: number(c) };
                    books.written.insert(id, rows);
                }
                Some("l") => drop(books.locks.insert((id, a.clone().unwrap_or_default()))),
                Some("s") => drop(books.sequences.insert(id, a.clone())),
                Some("a") => {
                    // A lock of the transaction ends with it; one of the session could be given back, so it was there.
                    if a.as_deref() == Some("true") {
                        books.advisory.insert(id);
                    }
                }
                Some("p") => drop(books.prepared.insert(id)),
                other => return Err(format!("the server's books have an unknown row {other:?}")),
            }
        }
        if !has_head {
            return Err("the server's books came back empty".to_owned());
        }
        if !books.counts_rows {
            return Err("track_counts is off, so rows that triggers write cannot be seen; turn it on".to_owned());
        }
        Ok(books)
    }

    /// Returns whether this transaction holds a lock on it under which nobody else can have changed it.
    pub(super) fn holds(&self, id: &str, modes: &[&str]) -> bool {
        modes.iter().any(|mode| self.locks.contains(&(id.to_owned(), (*mode).to_owned())))
    }
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "table" => Self::Table,
            "partitioned" => Self::Partitioned,
            "foreign" => Self::Foreign,
            "materialized" => Self::Materialized,
            "index" => Self::Index,
            "sequence" => Self::Sequence,
            "trigger" => Self::Trigger,
            _ => Self::Other,
        }
    }
}
