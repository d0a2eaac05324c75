//! Takes logins, people and kinds of entries; gives what the ledger's own roles and mappings say of them; refuses to decide
//! anything: the trigger of the ledger decides, and this asks it beforehand.

use super::ledger::{no_ledger, transact};
use super::link::{Link, cell};
use super::sql::literal;
use crate::port::{DatabaseError, MappedLogin, MappedLogins};
use crate::runbook::Principal;

/// The SQL that makes the ledger's roles and grants them what they need.
pub const LEDGER_ROLES_SQL: &str = include_str!("ledger_roles.sql");

/// Makes the roles and applies their grants; may be done again.
pub(super) async fn grant(link: &mut Link) -> Result<(), DatabaseError> {
    transact(link, LEDGER_ROLES_SQL).await.map_err(no_ledger).map(drop)
}

/// Reads which login speaks for whom, and whether that is checked.
pub(super) async fn logins(link: &mut Link) -> Result<MappedLogins, DatabaseError> {
    let checked = link.demand("SELECT mapped FROM countersign.head").await.map_err(no_ledger)?;
    let sql = "SELECT login, principal, since, mapped_by FROM countersign.login ORDER BY principal, login";
    let reply = link.demand(sql).await.map_err(no_ledger)?;
    let logins = reply.rows.iter().map(|row| match row.as_slice() {
        [Some(login), Some(principal), Some(since), Some(by)] => Ok(MappedLogin {
            login: login.clone(),
            principal: Principal(principal.clone()),
            since: since.clone(),
            mapped_by: by.clone(),
        }),
        _ => Err(DatabaseError::Garbled("a mapped login has not four values".to_owned())),
    });
    Ok(MappedLogins { checked: cell(&checked, 0, 0) == Some("t"), logins: logins.collect::<Result<_, _>>()? })
}

/// Maps a login to a person.
pub(super) async fn map(link: &mut Link, principal: &Principal, login: &str) -> Result<(), DatabaseError> {
    let sql = format!(
        "INSERT INTO countersign.login (login, principal) VALUES ({}, {})",
        literal(login),
        literal(principal.as_str())
    );
    transact(link, &sql).await.map_err(owners_only).map(drop)
}

/// Takes a login's mapping away; gives whether there was one.
pub(super) async fn unmap(link: &mut Link, login: &str) -> Result<bool, DatabaseError> {
    let sql = format!("DELETE FROM countersign.login WHERE login = {} RETURNING 1", literal(login));
    transact(link, &sql).await.map_err(owners_only).map(|reply| !reply.rows.is_empty())
}

/// Asks the ledger whether this login may append such an entry in a person's name, before anything is signed or begun.
pub(super) async fn may(link: &mut Link, kind: &str, principal: &Principal) -> Result<(), DatabaseError> {
    let sql = format!("SELECT countersign.refusal({}, ARRAY[{}])", literal(kind), literal(principal.as_str()));
    let reply = link.demand(&sql).await.map_err(no_ledger)?;
    match cell(&reply, 0, 0) {
        None => Ok(()),
        Some(reason) => Err(DatabaseError::Refused { code: "42501".to_owned(), message: reason.to_owned() }),
    }
}

/// Asks whether this login acts with a role's rights because they were given to it.
pub(super) async fn acts_as(link: &mut Link, role: &str) -> Result<bool, DatabaseError> {
    // A superuser counts as a member of everything. It has more rights than any role that was rehearsed, so it does not here.
    let sql = format!(
        "SELECT r.rolname = session_user OR (NOT me.rolsuper AND pg_catalog.pg_has_role(session_user, r.oid, 'USAGE')) \
         FROM pg_catalog.pg_roles r, pg_catalog.pg_roles me WHERE r.rolname = {} AND me.rolname = session_user",
        literal(role)
    );
    Ok(cell(&link.demand(&sql).await?, 0, 0) == Some("t"))
}

/// Says who may map logins.
fn owners_only(error: DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Refused { code, message } if code == "42501" && message.starts_with("permission denied") => {
            let message = format!("{message}; only the ledger's owner maps logins (a member of countersign_owner)");
            DatabaseError::Refused { code, message }
        }
        other => no_ledger(other),
    }
}
