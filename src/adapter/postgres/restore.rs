//! Takes a restore's texts and the rows of a dump; gives the table as it is and the difference; refuses rows that the dump
//! does not end.

use tokio::sync::mpsc::channel;

use super::link::{Link, NoAnswer, cell};
use crate::plan::Settings;
use crate::port::{DatabaseError, DifferenceLook, DifferenceSeen, DumpRows};
use crate::restore::{
    CopyEnd, DifferenceSum, LiveColumn, LiveSequence, LiveTable, LiveTrigger, Restore, Tally, ask_sequence, deeds,
};
use crate::run::Reply;
use crate::runbook::ObjectName;

/// How many pieces of rows may wait for the server; each is a quarter of a megabyte.
const PIECES: usize = 4;

/// Reads a table as the role sees it: `what, a, b, c, d`.
const TABLE: &str = r"WITH it AS (
  SELECT c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
    (SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition) AS whole,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
    (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS sees_all
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = #schema# AND c.relname = #table#)
SELECT 'table', it.relkind::text, it.whole, it.owned::text,
  (it.relrowsecurity AND NOT it.sees_all AND (it.relforcerowsecurity OR NOT it.owned))::text, 0 FROM it
UNION ALL SELECT 'column', a.attname, (a.attgenerated <> '')::text,
  (NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL)::text, (a.attidentity = 'a')::text, a.attnum
  FROM it JOIN pg_catalog.pg_attribute a ON a.attrelid = it.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
UNION ALL SELECT 'key', a.attname, NULL, NULL, NULL, k.place
  FROM it JOIN pg_catalog.pg_index i ON i.indrelid = it.oid AND i.indisprimary AND i.indisvalid
  CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = it.oid AND a.attnum = k.number WHERE k.place <= i.indnkeyatts
UNION ALL SELECT 'lacking', p.name, NULL, NULL, NULL, 0 FROM it
  CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (name)
  WHERE NOT pg_catalog.has_table_privilege(it.oid, p.name)
UNION ALL SELECT 'rule', w.rulename, NULL, NULL, NULL, 0 FROM it JOIN pg_catalog.pg_rewrite w ON w.ev_class = it.oid
  WHERE it.relkind = 'r' AND w.ev_enabled IN ('O', 'A')
UNION ALL SELECT 'trigger', t.tgname, (t.tgenabled = 'A')::text, NULL, NULL, 0 FROM it
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = it.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
UNION ALL SELECT 'on delete', k.conrelid::regclass::text || ': ' || CASE k.confdeltype WHEN 'c' THEN 'CASCADE'
    WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END, NULL, NULL, NULL, 0
  FROM it JOIN pg_catalog.pg_constraint k ON k.confrelid = it.oid AND k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
UNION ALL SELECT 'itself', NULL, NULL, NULL, NULL, 0 FROM it
  JOIN pg_catalog.pg_constraint k ON k.conrelid = it.oid AND k.confrelid = it.oid AND k.contype = 'f'
UNION ALL SELECT 'sequence', a.attname, n.nspname, s.relname, NULL, 0 FROM it
  JOIN pg_catalog.pg_depend d ON d.refclassid = 1259 AND d.refobjid = it.oid AND d.classid = 1259 AND d.deptype IN ('a', 'i')
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = it.oid AND a.attnum = d.refobjsubid
  WHERE CASE WHEN s.relkind = 'S' THEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE') ELSE false END
ORDER BY 1, 6, 2";

/// Reads the table; nothing when there is none.
pub(super) async fn table(link: &mut Link, name: &ObjectName) -> Result<Option<LiveTable>, DatabaseError> {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    // Names with a backslash are read as they are: E'' is never written, and the setting is on by default.
    let sql = TABLE.replace("#schema#", &literal(&name.schema)).replace("#table#", &literal(&name.name));
    let reply = link.demand(&sql).await?;
    let mut live = LiveTable::default();
    let mut is_there = false;
    for row in &reply.rows {
        let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let holds = |at: usize| text(at) == "true";
        match text(0).as_str() {
            "table" => {
                is_there = true;
                live.kind = text(1);
                live.part_of = row.get(2).cloned().flatten();
                live.owned = holds(3);
                live.filtered = holds(4);
            }
            "column" => live.columns.push(LiveColumn {
                name: text(1),
                generated: holds(2),
                may_be_left_out: holds(3),
                identity_always: holds(4),
            }),
            "key" => live.key.push(text(1)),
            "lacking" => live.lacking.push(text(1)),
            "rule" => live.rules.push(text(1)),
            "trigger" => live.triggers.push(LiveTrigger { name: text(1), always: holds(2) }),
            "on delete" => live.on_delete.push(text(1)),
            "itself" => live.refers_to_itself = true,
            "sequence" => {
                let sequence = ObjectName::new(&text(2), &text(3));
                live.sequences.push(LiveSequence { column: text(1), sequence });
            }
            other => return Err(DatabaseError::Garbled(format!("a row says `{other}` of a table"))),
        }
    }
    Ok(is_there.then_some(live))
}

/// Loads the dump's rows over a link: they are read on a thread of their own, and wait for the server.
pub(super) async fn load(link: &mut Link, sql: &str, rows: &DumpRows) -> Result<Result<CopyEnd, String>, NoAnswer> {
    let (send, mut receive) = channel(PIECES);
    let DumpRows { dumps, path, table } = rows.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let end = dumps.rows(&path, &table, &mut |piece| send.blocking_send(Some(piece)).is_ok());
        if end.is_ok() {
            let _ = send.blocking_send(None);
        }
        end
    });
    let answer = link.copy_in(sql, &mut receive).await;
    // The reader stops when nobody takes its rows any more.
    drop(receive);
    let read = reading.await;
    let reply = answer?;
    Ok(match (reply.error, read) {
        (_, Err(panic)) => Err(format!("the reader of the dump ended unexpectedly: {panic}")),
        (Some(error), Ok(Ok(_))) => {
            Err(format!("the server refused the dump's rows ({}): {}", error.code, error.message))
        }
        (Some(error), Ok(Err(reason))) if error.code == "57014" || error.code == "08P01" => {
            Err(format!("{reason} (the server said: {})", error.message))
        }
        (Some(error), Ok(Err(_))) => {
            let place = error.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
            Err(format!("the server refused the dump's rows ({}): {}{place}", error.code, error.message))
        }
        (None, Ok(Err(reason))) => Err(reason.to_string()),
        (None, Ok(Ok(end))) => {
            let loaded = format!("COPY {}", end.rows);
            if reply.tags == [loaded.as_str()] {
                Ok(end)
            } else {
                Err(format!("the dump has {} rows, and the server answered {:?}", end.rows, reply.tags))
            }
        }
    })
}

/// Reads the difference; hands each line to `take` as well.
pub(super) async fn tell(
    link: &mut Link,
    restore: &Restore,
    with_kept: bool,
    take: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Result<(DifferenceSum, u64), String>, NoAnswer> {
    let deeds = deeds(restore);
    let mut tally = Tally::new(restore);
    let sql = if with_kept { &deeds.tell_all } else { &deeds.tell };
    let reply = link
        .copy_out(sql, &mut |line| {
            tally.line(line);
            take(line);
        })
        .await?;
    Ok(match reply.error {
        Some(error) => Err(format!("the difference could not be read ({}): {}", error.code, error.message)),
        None => tally.end(),
    })
}

/// Loads the dump, finds the difference and reads it, in a transaction of its own that is rolled back.
pub(super) async fn look(
    link: &mut Link,
    look: &DifferenceLook<'_>,
    schema: &str,
    take: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<DifferenceSeen, DatabaseError> {
    let DifferenceLook { restore, timeouts, sequences, rows } = look;
    let settings = Settings::new(*timeouts, schema);
    let deeds = deeds(restore);
    link.demand("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    let set = |(name, value): (&String, &String)| {
        format!("pg_catalog.set_config('{name}', '{}', true)", value.replace('\'', "''"))
    };
    let sets: Vec<String> = settings.to_set().iter().map(set).collect();
    link.demand(&format!("SELECT {}", sets.join(", "))).await?;
    link.demand(&deeds.make).await?;
    let loaded = load(link, &deeds.load, rows).await?.map_err(refused)?;
    link.demand(&deeds.analyze).await?;
    link.demand(&deeds.find).await?;
    let (sum, kept) = tell(link, restore, true, take).await?.map_err(refused)?;
    let mut behind = Vec::new();
    for owned in sequences.iter().filter(|owned| restore.columns.contains(&owned.column)) {
        let reply = link.demand(&ask_sequence(&owned.sequence, &owned.column)).await?;
        behind.extend(is_behind(&reply, owned));
    }
    link.demand("ROLLBACK").await?;
    Ok(DifferenceSeen { loaded, sum, kept, behind })
}

/// Says that a sequence will give numbers that restored rows have.
fn is_behind(reply: &Reply, owned: &LiveSequence) -> Option<String> {
    let greatest: i64 = cell(reply, 0, 1)?.parse().ok()?;
    let last: i64 = cell(reply, 0, 0).and_then(|last| last.parse().ok()).unwrap_or(0);
    (last < greatest).then(|| {
        format!(
            "The sequence {} stands at {last}, and rows of the dump go up to {greatest}: the next rows will collide until its owner \
             sets it forward. It is not set here, because no ROLLBACK would put it back.",
            owned.sequence
        )
    })
}

fn refused(message: String) -> DatabaseError {
    DatabaseError::Refused { code: "restore".to_owned(), message }
}
