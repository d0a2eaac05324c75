//! Takes entries' bodies; gives the entries as they stand in the target's own database; refuses to call an entry
//! appended before its COMMIT was answered.

use super::link::{Link, cell};
use super::sql::literal;
use crate::digest::Digest;
use crate::ledger::{Body, Entry, GATE_KINDS};
use crate::port::DatabaseError;
use crate::run::Reply;

/// The SQL that makes the ledger.
pub const LEDGER_SQL: &str = include_str!("ledger.sql");
/// How many entries are read at once at most; small ones come in few round trips.
const PAGE: u64 = 4000;
/// How many bytes of bodies one read begins with at most: the tap holds 64 MiB, and one more body has up to 32.
const PAGE_BYTES: u64 = 16 * 1024 * 1024;
/// The columns of an entry in the order [`entry`] reads them.
const COLUMNS: &str = "seq::text, at, actor, xid, kind, body, previous, hash";

/// Makes the ledger; one that is there is left as it is.
pub(super) async fn init(link: &mut Link) -> Result<(), DatabaseError> {
    if exists(link).await? {
        return Ok(());
    }
    match transact(link, LEDGER_SQL).await {
        Ok(_) => Ok(()),
        // Another desk may have made it meanwhile.
        Err(error) => {
            if exists(link).await? {
                Ok(())
            } else {
                Err(error)
            }
        }
    }
}

async fn exists(link: &mut Link) -> Result<bool, DatabaseError> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'countersign' AND c.relname = 'entry')";
    let reply = link.demand(sql).await?;
    Ok(cell(&reply, 0, 0) == Some("t"))
}

/// Reads the entries after `seq`.
pub(super) async fn read(link: &mut Link, after: u64) -> Result<Vec<Entry>, DatabaseError> {
    read_where(link, after, "true").await
}

/// Reads the entries of the kinds that a gate looks at.
pub(super) async fn read_gate(link: &mut Link) -> Result<Vec<Entry>, DatabaseError> {
    let kinds: Vec<String> = GATE_KINDS.iter().map(|kind| literal(kind)).collect();
    read_where(link, 0, &format!("kind IN ({})", kinds.join(", "))).await
}

async fn read_where(link: &mut Link, after: u64, condition: &str) -> Result<Vec<Entry>, DatabaseError> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let from = entries.last().map_or(after, |entry| entry.seq);
        // The sizes are looked at on the server: nothing is sent that does not fit. `many` tells a page that was cut by its
        // bytes from the end of the ledger.
        let sql = format!(
            "SELECT {COLUMNS}, page.many::text FROM (\
               SELECT part.*, pg_catalog.count(*) OVER () AS many, \
                 pg_catalog.sum(pg_catalog.octet_length(part.body)) OVER (ORDER BY part.seq) - pg_catalog.octet_length(part.body) AS before \
               FROM (SELECT * FROM countersign.entry WHERE seq > {from} AND {condition} ORDER BY countersign.entry.seq LIMIT {PAGE}) AS part\
             ) AS page WHERE page.before < {PAGE_BYTES} ORDER BY page.seq"
        );
        let reply = link.demand(&sql).await.map_err(no_ledger)?;
        let read = u64::try_from(reply.rows.len()).unwrap_or(u64::MAX);
        let many = reply.rows.first().map_or(Ok(0), |row| number(row.get(8).and_then(Option::as_deref)))?;
        for row in &reply.rows {
            entries.push(entry(&row[..row.len().min(8)])?);
        }
        if read == many && many < PAGE {
            return Ok(entries);
        }
        if read == 0 {
            return Err(DatabaseError::Garbled("a page of the ledger is empty though entries follow".to_owned()));
        }
    }
}

/// Returns the newest entry's number; 0 when there is none.
pub(super) async fn head(link: &mut Link) -> Result<u64, DatabaseError> {
    let reply =
        link.demand("SELECT COALESCE(pg_catalog.max(seq), 0)::text FROM countersign.entry").await.map_err(no_ledger)?;
    number(cell(&reply, 0, 0))
}

/// Returns the statement that appends an entry and answers it as it stands.
pub(super) fn append_sql(body: &Body) -> String {
    format!(
        "INSERT INTO countersign.entry (kind, body) VALUES ({}, {}) RETURNING {COLUMNS}",
        literal(body.kind()),
        literal(&body.to_text())
    )
}

/// Appends in a transaction of its own.
pub(super) async fn append(link: &mut Link, body: &Body) -> Result<Entry, DatabaseError> {
    let reply = transact(link, &append_sql(body)).await.map_err(no_ledger)?;
    entry(
        reply
            .rows
            .first()
            .ok_or_else(|| DatabaseError::Garbled("the ledger took an entry and did not show it".to_owned()))?,
    )
}

/// Sends SQL in a transaction of its own; gives its reply once COMMIT was answered with `COMMIT`.
pub(super) async fn transact(link: &mut Link, sql: &str) -> Result<Reply, DatabaseError> {
    link.send("BEGIN").await?;
    // An entry that is said to be appended must survive a crash of the server.
    link.send("SET LOCAL synchronous_commit = on").await?;
    link.send("SET LOCAL lock_timeout = '10s'").await?;
    link.send(sql).await?;
    link.send("COMMIT").await?;
    let mut failure = None;
    let mut answer = Reply::default();
    for at in 0..5 {
        match link.demanded().await {
            Ok(reply) if at == 3 => answer = reply,
            // COMMIT of a failed transaction answers ROLLBACK, and no error.
            Ok(reply) if at == 4 && failure.is_none() && reply.tags != ["COMMIT"] => {
                failure = Some(DatabaseError::Garbled(format!("COMMIT was answered with {:?}", reply.tags)));
            }
            Ok(_) => {}
            Err(lost @ DatabaseError::Lost(_)) => return Err(lost),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(answer), Err)
}

/// Reads one row of [`COLUMNS`].
pub(super) fn entry(row: &[Option<String>]) -> Result<Entry, DatabaseError> {
    let [Some(seq), Some(at), Some(actor), Some(xid), Some(kind), Some(body), Some(previous), Some(hash)] = row else {
        return Err(DatabaseError::Garbled("a ledger entry has not eight values".to_owned()));
    };
    let digest = |hex: &str| {
        Digest::from_hex(hex).ok_or_else(|| {
            DatabaseError::Garbled(format!("ledger entry {seq} holds `{hex}` where a SHA-256 digest must stand"))
        })
    };
    Ok(Entry {
        seq: number(Some(seq))?,
        at: at.clone(),
        actor: actor.clone(),
        xid: xid.clone(),
        kind: kind.clone(),
        body: body.clone(),
        previous: digest(previous)?,
        hash: digest(hash)?,
    })
}

fn number(text: Option<&str>) -> Result<u64, DatabaseError> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| DatabaseError::Garbled("a ledger entry has no number".to_owned()))
}

/// Tells "there is none" and "it may not be seen" from other refusals.
pub(super) fn no_ledger(error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Refused { code, .. } if code == "42P01" || code == "3F000" => DatabaseError::NoLedger,
        DatabaseError::Refused { code, message } if code == "42501" && message.starts_with("permission denied") => {
            DatabaseError::Blind(format!(
                "{message}; ask its owner: GRANT countersign_desk TO this login, or one of countersign_reader, \
             countersign_reviewer and countersign_operator"
            ))
        }
        other => other,
    }
}
