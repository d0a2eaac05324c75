//! Takes the ledger's gate and a request; gives whether it would open for it; refuses to decide anything: the gate does.

use super::ledger::{no_ledger, transact};
use super::link::{Link, cell};
use crate::digest::Digest;
use crate::port::DatabaseError;

/// The SQL that makes the gate; the ledger and its roles are made before it.
pub const GATE_SQL: &str = include_str!("gate.sql");

/// Makes the gate; may be done again.
pub(super) async fn make(link: &mut Link) -> Result<(), DatabaseError> {
    transact(link, GATE_SQL).await.map_err(no_ledger).map(drop)
}

/// Asks the gate whether it would open for a request, before anybody states an intent.
pub(super) async fn may(link: &mut Link, request_digest: Digest) -> Result<(), DatabaseError> {
    let sql = format!("SELECT countersign.gate_refusal('{request_digest}')");
    let reply = link.demand(&sql).await.map_err(no_gate)?;
    match cell(&reply, 0, 0) {
        None => Ok(()),
        Some(reason) => Err(DatabaseError::Refused { code: "42501".to_owned(), message: reason.to_owned() }),
    }
}

/// Says what is missing when there is no gate, or none for this login.
fn no_gate(error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Refused { code, message } if code == "42883" => {
            let message = format!("{message}; there is no gate in this database (`ledger init --gate` makes it)");
            DatabaseError::Refused { code, message }
        }
        DatabaseError::Refused { code, message } if code == "42501" && message.starts_with("permission denied") => {
            let message = format!("{message}; the gate opens for members of countersign_operator");
            DatabaseError::Refused { code, message }
        }
        other => no_ledger(other),
    }
}
