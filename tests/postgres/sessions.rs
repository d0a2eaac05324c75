//! Other sessions' open transactions: seen where they matter, and only there.

use countersign::diagnose::OpenTransaction;
use countersign::port::{Database, DatabaseError, RunLine};
use countersign::run::{Purpose, Step};
use countersign::runbook::ObjectName;

use crate::support::{TestDatabase, database, run};

/// Opens a transaction in another session and leaves it idle.
fn idle(database: &TestDatabase, statements: &[&str]) -> Box<dyn RunLine> {
    let mut line = database.superuser().run_line();
    run(line.perform(&Step::Connect { needs_ledger: true, run_as: None }));
    for sql in [&["BEGIN"], statements].concat() {
        run(line.perform(&Step::Send { sql: sql.to_owned(), purpose: Purpose::Pin }));
    }
    line
}

fn seen(database: &TestDatabase, names: &[&str]) -> Vec<OpenTransaction> {
    let objects: Vec<ObjectName> = names.iter().map(|name| ObjectName::new("public", name)).collect();
    run(database.superuser().open_transactions(&objects)).expect("seen")
}

#[test]
fn a_session_that_writes_to_an_object_is_seen_and_its_innocent_neighbours_are_not() {
    let database = database();
    run(database.superuser().load("CREATE TABLE t (a int); CREATE TABLE other (a int)")).expect("loaded");
    let _reader = idle(&database, &["SELECT * FROM t"]);
    assert_eq!(seen(&database, &["t"]), []);
    let _writer = idle(&database, &["INSERT INTO t VALUES (1)"]);
    assert_eq!(seen(&database, &["other", "absent"]), []);
    let found = seen(&database, &["t"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].state.as_str(), found[0].application.as_str()), ("idle in transaction", "countersign"));
    assert_eq!(found[0].locks, [(Some(ObjectName::new("public", "t")), "RowExclusiveLock".to_owned())]);
    assert!(
        found[0].backend_start.is_some() && found[0].xact_start.is_some() && found[0].last_statement.contains("INSERT")
    );
    // A trigger is named with its table: whoever writes there is about it.
    assert_eq!(seen(&database, &["t.guard"]).len(), 1);
}

#[test]
fn a_statement_that_speaks_of_a_password_is_not_shown() {
    let database = database();
    run(database.superuser().load("CREATE TABLE t (a int)")).expect("loaded");
    let _writer =
        idle(&database, &["LOCK TABLE t IN SHARE MODE", "SET LOCAL application_name = 'my Password is 1234'"]);
    let found = seen(&database, &["t"]);
    assert_eq!(found.len(), 1);
    assert!(found[0].last_statement.contains("not shown") && !found[0].last_statement.contains("1234"), "{found:?}");
}

#[test]
fn a_failed_transaction_that_still_holds_its_locks_is_seen() {
    let database = database();
    run(database.superuser().load("CREATE TABLE t (a int)")).expect("loaded");
    let _failed = idle(&database, &["LOCK TABLE t IN EXCLUSIVE MODE", "SAVEPOINT s", "SELECT 1/0"]);
    let found = seen(&database, &["t"]);
    assert_eq!(found.iter().map(|open| open.state.as_str()).collect::<Vec<_>>(), ["idle in transaction (aborted)"]);
}

#[test]
fn an_object_that_is_not_committed_yet_is_seen_without_a_name() {
    let database = database();
    let _builder = idle(&database, &["CREATE TABLE t (a int)"]);
    let found = seen(&database, &["t"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].locks.iter().all(|(name, _)| name.is_none()), "{found:?}");
}

#[test]
fn a_role_that_cannot_see_sessions_is_blind() {
    let database = database();
    run(database.superuser().load("DROP ROLE IF EXISTS sessions_plain; CREATE ROLE sessions_plain LOGIN"))
        .expect("a role");
    assert!(matches!(run(database.role("sessions_plain").open_transactions(&[])), Err(DatabaseError::Blind(_))));
    assert_eq!(seen(&database, &[]), []);
}
