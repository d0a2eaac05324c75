//! Takes object names; gives other sessions' open transactions that hold write locks on them, or on relations that only
//! they can see yet; refuses to answer for a role that cannot see other sessions (D-15, D-51).

use jiff::Timestamp;
use serde::Deserialize;

use super::census::whereabouts;
use super::link::{Link, cell};
use super::sql::{TARGET, literal};
use crate::diagnose::OpenTransaction;
use crate::port::DatabaseError;
use crate::run::shown_of;
use crate::runbook::ObjectName;

/// One JSON array of sessions. An active one counts when its transaction is older than two seconds: a shorter one is
/// ordinary traffic. A relation that no name is found for was created by a transaction that is still open. A prepared
/// transaction has no process; the lock on its own number tells which it is.
const OPEN: &str = "WITH wanted AS (SELECT c.oid FROM (VALUES #names#) AS v(schema, name)
    JOIN pg_namespace n ON n.nspname = v.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.name),
  held AS (
    SELECT l.pid, l.virtualtransaction, json_agg(json_build_array(n.nspname, c.relname, l.mode) ORDER BY n.nspname, c.relname, l.mode) AS locks
      FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE l.locktype = 'relation' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode IN ('RowExclusiveLock','ShareUpdateExclusiveLock','ShareLock','ShareRowExclusiveLock','ExclusiveLock','AccessExclusiveLock')
        AND (l.relation IN (SELECT oid FROM wanted) OR c.oid IS NULL) GROUP BY 1, 2
  ), open AS (
    SELECT a.pid, a.usename AS \"user\", a.application_name AS application, a.state, a.backend_start, a.xact_start, a.query, held.locks
      FROM pg_stat_activity a JOIN held ON held.pid = a.pid
      WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND (a.state LIKE 'idle in transaction%' OR a.xact_start < clock_timestamp() - interval '2 seconds')
    UNION ALL
    SELECT 0, p.owner, 'prepared as ' || p.gid, 'prepared', NULL, p.prepared, '', held.locks
      FROM pg_prepared_xacts p JOIN pg_locks x ON x.pid IS NULL AND x.locktype = 'transactionid' AND x.granted AND x.transactionid = p.transaction
        JOIN held ON held.pid IS NULL AND held.virtualtransaction = x.virtualtransaction
      WHERE p.database = current_database()
  )
  SELECT COALESCE(json_agg(json_build_object('pid', pid, 'user', COALESCE(\"user\", ''), 'application', COALESCE(application, ''), 'state', COALESCE(state, ''),
      'backend_start', to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
      'xact_start', to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
      'age_seconds', COALESCE(floor(extract(epoch FROM clock_timestamp() - xact_start))::bigint, 0), 'last_statement', left(COALESCE(query, ''), 2000), 'locks', locks)
    ORDER BY xact_start, pid), '[]')::text FROM open";

/// A session as [`OPEN`] writes it.
#[derive(Deserialize)]
struct Session {
    pid: i32,
    user: String,
    application: String,
    state: String,
    backend_start: Option<Timestamp>,
    xact_start: Option<Timestamp>,
    age_seconds: i64,
    last_statement: String,
    locks: Vec<(Option<String>, Option<String>, String)>,
}

/// Reads them.
pub(super) async fn open_transactions(
    link: &mut Link,
    objects: &[ObjectName],
) -> Result<Vec<OpenTransaction>, DatabaseError> {
    // No relation has an empty name: it keeps the list from being empty.
    let names: Vec<String> = objects.iter().flat_map(relations).chain(["('', '')".to_owned()]).collect();
    link.send("BEGIN READ ONLY").await?;
    link.send("SET LOCAL search_path = pg_catalog, pg_temp").await?;
    link.send(TARGET).await?;
    link.send(&OPEN.replace("#names#", &names.join(", "))).await?;
    link.send("COMMIT").await?;
    link.demanded().await?;
    link.demanded().await?;
    let here = whereabouts(&link.demanded().await?)?;
    let open = link.demanded().await?;
    link.demanded().await?;
    if !here.sees_sessions {
        return Err(DatabaseError::Blind(format!(
            "other sessions are hidden from `{}`; GRANT pg_read_all_stats TO it",
            here.target.role
        )));
    }
    let sessions: Vec<Session> = serde_json::from_str(cell(&open, 0, 0).unwrap_or("[]"))
        .map_err(|error| DatabaseError::Garbled(format!("the list of sessions: {error}")))?;
    Ok(sessions.into_iter().map(transaction).collect())
}

/// Returns the relations a name may mean, as rows of schema and name: itself, and the table a trigger sits on.
fn relations(name: &ObjectName) -> Vec<String> {
    let row = |relation: &str| format!("({}, {})", literal(&name.schema), literal(relation));
    [row(&name.name)].into_iter().chain(name.name.split_once('.').map(|(relation, _)| row(relation))).collect()
}

fn transaction(session: Session) -> OpenTransaction {
    let Session { pid, user, application, state, backend_start, xact_start, age_seconds, last_statement, locks } =
        session;
    let name = |schema: Option<String>, relation: Option<String>| Some(ObjectName::new(&schema?, &relation?));
    let locks = locks.into_iter().map(|(schema, relation, mode)| (name(schema, relation), mode)).collect();
    OpenTransaction {
        pid,
        user,
        application,
        state,
        backend_start,
        xact_start,
        age_seconds,
        last_statement: shown_of(last_statement),
        locks,
    }
}
