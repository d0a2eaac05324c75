//! Takes what was kept before COMMIT; gives what became of it; refuses to guess: what cannot be told yet is said so.
//!
//! The target's mutex row is free only once the transaction that held it has ended. Then the ledger holds the outcome
//! entry or it does not, and `pg_xact_status` must not disagree.

use super::census::whereabouts;
use super::ledger;
use super::link::{Link, cell};
use super::sql::{TARGET, literal};
use crate::census::Target;
use crate::ledger::Body;
use crate::port::{DatabaseError, Proof};
use crate::run::RunToken;

/// Proves what became of a COMMIT whose answer was lost.
pub(super) async fn prove(link: &mut Link, token: &RunToken) -> Result<Proof, DatabaseError> {
    let here = whereabouts(&link.demand(TARGET).await?)?;
    if let Some(reason) = elsewhere(&here.target, &token.system_identifier) {
        return Ok(unknown(reason));
    }
    match hold_mutex(link).await {
        Ok(()) => {}
        Err(DatabaseError::Refused { code, message }) if code == LOCK_NOT_AVAILABLE => {
            return Ok(unknown(format!("perhaps process {} still works: {message}", token.pid)));
        }
        Err(error) => return Err(error),
    }
    let entry_is_there = find_entry(link, token).await?;
    let status =
        link.demand(&format!("SELECT pg_catalog.pg_xact_status({}::pg_catalog.xid8)", literal(&token.xid))).await;
    let status = match status {
        Ok(reply) => cell(&reply, 0, 0).map(str::to_owned),
        // The transaction number lies in the future: this is not the history the run was in.
        Err(DatabaseError::Refused { message, .. }) => Some(message),
        Err(error) => return Err(error),
    };
    let _ = link.ask("ROLLBACK").await;
    Ok(judge(entry_is_there, status.as_deref(), here.target.timeline == token.timeline, &token.xid))
}

/// Waits until the target's mutex is free: whoever held it has then committed or rolled back. Gives why the ledger of this
/// server cannot tell which: a run is on the server and the timeline it was approved for, or it does not begin.
pub(super) async fn settle(link: &mut Link, approved: &Target) -> Result<Option<String>, DatabaseError> {
    let here = whereabouts(&link.demand(TARGET).await?)?.target;
    if let Some(reason) = elsewhere(&here, &approved.system_identifier) {
        return Ok(Some(reason));
    }
    hold_mutex(link).await?;
    link.demand("ROLLBACK").await?;
    Ok((here.timeline != approved.timeline).then(|| FAILED_OVER.to_owned()))
}

/// Says why nothing at all can be proved here.
fn elsewhere(here: &Target, system_identifier: &str) -> Option<String> {
    if here.system_identifier != system_identifier {
        let here = &here.system_identifier;
        return Some(format!("this is server {here}, the run was on {system_identifier}; connect to that one"));
    }
    here.in_recovery.then(|| {
        "this server is a standby: it may not have replayed the end of the run; connect to the primary".to_owned()
    })
}

/// What a server says whose history may have lost the end of the run.
const FAILED_OVER: &str = "the server has failed over since, and its history does not hold the outcome entry; compare with \
    the old primary, then take a census";

/// SQLSTATE `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Begins a transaction that holds the mutex; waits at most three seconds for the one before.
async fn hold_mutex(link: &mut Link) -> Result<(), DatabaseError> {
    link.demand("BEGIN").await?;
    link.demand("SET LOCAL lock_timeout = '3s'").await?;
    match link.demand("SELECT 1 FROM countersign.mutex FOR UPDATE").await {
        Ok(_) => Ok(()),
        Err(DatabaseError::Refused { code, .. }) if code == LOCK_NOT_AVAILABLE => {
            let message = "a transaction still holds the target's mutex; try again when it has ended".to_owned();
            Err(DatabaseError::Refused { code, message })
        }
        Err(error) => Err(ledger::no_ledger(error)),
    }
}

async fn find_entry(link: &mut Link, token: &RunToken) -> Result<bool, DatabaseError> {
    let sql = format!(
        "SELECT body FROM countersign.entry WHERE kind = 'committed' AND xid = {} AND body::pg_catalog.json ->> 'run' = {}",
        literal(&token.xid),
        literal(&token.run)
    );
    let reply = link.demand(&sql).await.map_err(ledger::no_ledger)?;
    // What other transactions wrote in the run's name says nothing of it, and does not keep it from being proved.
    let is_this_stage =
        |body: &str| matches!(serde_json::from_str(body), Ok(Body::Committed { stage, .. }) if stage == token.stage);
    Ok(reply.rows.iter().filter_map(|row| row.first()?.as_deref()).any(is_this_stage))
}

fn judge(entry_is_there: bool, status: Option<&str>, same_timeline: bool, xid: &str) -> Proof {
    match (entry_is_there, status) {
        // The entry and the reversal are one transaction: a history that holds the one holds the other, after a failover
        // too. The status of an old transaction is forgotten.
        (true, None | Some("committed")) => Proof::Committed,
        // Whatever the number means there: it may be another's by now.
        (false, _) if !same_timeline => unknown(FAILED_OVER.to_owned()),
        (false, None | Some("aborted")) => Proof::RolledBack,
        (_, Some("in progress")) => {
            unknown(format!("transaction {xid} is still in progress; try again when it has ended"))
        }
        (true, Some(status)) => unknown(format!(
            "the ledger says committed, but transaction {xid} is `{status}`: this contradicts itself; stop and take a census"
        )),
        (false, Some(status)) => unknown(format!(
            "the ledger has no outcome entry, but transaction {xid} is `{status}`: this contradicts itself; stop and take a census"
        )),
    }
}

fn unknown(reason: String) -> Proof {
    Proof::StillUnknown(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: bool, status: Option<&str>, same_timeline: bool, expected: &str) {
        let found = format!("{:?}", judge(entry, status, same_timeline, "7"));
        assert!(found.contains(expected), "{found}\n  expected {expected}");
    }

    #[test]
    fn only_agreement_proves_anything() {
        check(true, Some("committed"), true, "Committed");
        check(true, None, true, "Committed");
        check(false, Some("aborted"), true, "RolledBack");
        check(false, None, true, "RolledBack");
        check(false, Some("committed"), true, "contradicts");
        check(true, Some("aborted"), true, "contradicts");
        check(false, Some("in progress"), true, "still in progress");
        check(false, Some("transaction ID 7 is in the future"), true, "contradicts");
        check(false, Some("aborted"), false, "failed over");
        check(true, Some("aborted"), false, "contradicts");
        check(true, Some("committed"), false, "Committed");
        check(true, None, false, "Committed");
        check(false, None, false, "failed over");
    }
}
