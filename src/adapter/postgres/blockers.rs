//! Takes work on a run's connection; gives the work's answer, and who held the lock it waited for; refuses to disturb the
//! work: it asks on another connection, and what cannot be asked in time is left out.
//!
//! `pg_locks` is open to every role. Who a session is as well, but not what it does: for that the role needs
//! `pg_read_all_stats`. Without it the session is named, and is said to hide the rest.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::database::Desk;
use crate::port::DatabaseError;
use crate::run::{Bystander, Reply, bystander_of};

/// Looks come this often in the time a lock is waited for: the first after a quarter of it, the last well before the end.
const LOOKS: u32 = 4;
/// Never more often than this, however short the timeout is.
const SHORTEST: Duration = Duration::from_millis(25);
/// Never more seldom than this, however long the timeout is.
const LONGEST: Duration = Duration::from_secs(2);
/// What is waited for when no timeout was read.
const USUAL: Duration = Duration::from_secs(3);

/// Who holds, or asked first for, the lock that backend #pid# waits for (at most 20). The columns are those that
/// [`bystander_of`] reads. A wait for a row is a wait for a transaction; the lock on the row names the table.
/// A prepared transaction has no process; the lock on its own number tells which it is.
const BLOCKERS: &str = "WITH wanted AS MATERIALIZED (
    SELECT w.*, COALESCE(w.relation, (SELECT t.relation FROM pg_locks t WHERE t.pid = #pid# AND t.locktype = 'tuple' AND t.granted LIMIT 1)) AS what
      FROM pg_locks w WHERE w.pid = #pid# AND NOT w.granted LIMIT 1
  ), blocking AS MATERIALIZED (SELECT DISTINCT b.pid FROM unnest(pg_blocking_pids(#pid#)) AS b (pid)
  ), held AS (
    SELECT DISTINCT ON (b.pid, h.virtualtransaction) b.pid, w.what, h.mode, h.virtualtransaction
      FROM blocking b CROSS JOIN wanted w LEFT JOIN pg_locks h ON COALESCE(h.pid, 0) = b.pid
        AND (h.locktype, h.database, h.relation, h.page, h.tuple, h.virtualxid, h.transactionid, h.classid, h.objid, h.objsubid)
          IS NOT DISTINCT FROM (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)
      ORDER BY b.pid, h.virtualtransaction, h.granted DESC, array_position(ARRAY['AccessShareLock', 'RowShareLock', 'RowExclusiveLock',
        'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'], h.mode) DESC NULLS LAST
  )
  SELECT h.what::text, n.nspname, c.relname, h.mode, h.pid::text, COALESCE(a.usename, p.owner), COALESCE(a.application_name, p.gid),
      COALESCE(a.state, CASE WHEN h.pid = 0 THEN 'prepared' END),
      to_char(COALESCE(a.xact_start, p.prepared) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), left(a.query, 2000)
    FROM held h LEFT JOIN pg_class c ON c.oid = h.what LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_stat_activity a ON a.pid = h.pid
      LEFT JOIN pg_locks x ON h.pid = 0 AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.granted AND x.virtualtransaction = h.virtualtransaction
      LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
    ORDER BY COALESCE(a.xact_start, p.prepared), h.pid LIMIT 20";

/// Looks on while a backend works.
pub(super) struct Watch {
    desk: Arc<Desk>,
    pid: i32,
    every: Duration,
}

impl Watch {
    /// Makes a watch over one backend.
    pub(super) fn over(desk: Arc<Desk>, pid: i32) -> Self {
        Self { desk, pid, every: USUAL / LOOKS }
    }

    /// Reads how long a lock is waited for from the settings that were read back.
    pub(super) fn heed(&mut self, settings: &Reply) {
        let read = settings.rows.iter().find_map(|row| match row.as_slice() {
            [Some(name), Some(millis)] if name == "lock_timeout" => millis.parse().ok(),
            _ => None,
        });
        // 0 is no timeout at all.
        if let Some(millis) = read.filter(|millis| *millis > 0) {
            self.every = (Duration::from_millis(millis) / LOOKS).clamp(SHORTEST, LONGEST);
        }
    }

    /// Does the work; gives its answer the moment it comes, and whoever was last seen to hold what it waited for.
    pub(super) async fn beside<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Bystander>) {
        let seen = Mutex::new(Vec::new());
        let done = {
            let mut work = pin!(work);
            let mut look_on = pin!(self.look_on(&seen));
            tokio::select! {
                biased;
                done = &mut work => done,
                // It never ends by itself.
                () = &mut look_on => work.await,
            }
        };
        (done, seen.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks again and again; whoever drops it ends it, and with it the look that is under way.
    async fn look_on(&self, seen: &Mutex<Vec<Bystander>>) {
        loop {
            tokio::time::sleep(self.every).await;
            match self.look().await {
                // Nobody in the way now: it works, or has just got the lock. Whom it waited for before stays known.
                Ok(blockers) if blockers.is_empty() => {}
                Ok(blockers) => *seen.lock().unwrap_or_else(PoisonError::into_inner) = blockers,
                // No second connection, or no right to ask: the work goes on without being looked at.
                Err(_) => return pending().await,
            }
        }
    }

    async fn look(&self) -> Result<Vec<Bystander>, DatabaseError> {
        let mut link = self.desk.link().await?;
        link.send("BEGIN READ ONLY").await?;
        // The look itself waits for nobody for long.
        link.send(
            "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), \
             pg_catalog.set_config('lock_timeout', '500', true), pg_catalog.set_config('statement_timeout', '2000', true)",
        )
        .await?;
        link.send(&BLOCKERS.replace("#pid#", &self.pid.to_string())).await?;
        link.send("COMMIT").await?;
        link.demanded().await?;
        link.demanded().await?;
        let answer = link.demanded().await?;
        link.demanded().await?;
        self.desk.keep(link);
        let none = BTreeMap::new();
        Ok(answer.rows.iter().filter_map(|row| bystander_of(row, &none)).collect())
    }
}
