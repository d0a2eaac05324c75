//! The ledger in a real database: append-only for everybody, linear, and telling when it was tampered with.

use std::collections::BTreeSet;

use countersign::ledger::{Body, verify_chain};
use countersign::port::{Database, DatabaseError};

use crate::support::{TestDatabase, database, run};

fn stop(reason: &str) -> Body {
    Body::Stopped { condition: "declared by hand".to_owned(), reason: reason.to_owned(), by: None, detail: None }
}

fn with_ledger() -> TestDatabase {
    let database = database();
    let superuser = database.superuser();
    run(superuser.ledger_init()).expect("made");
    run(superuser.ledger_init()).expect("left as it is");
    database
}

#[test]
fn entries_come_back_as_they_were_appended_and_chained() {
    let database = with_ledger();
    let superuser = database.superuser();
    for reason in ["one", "it's \\ \"quoted\" — ünïcode\nand lines", ""] {
        let entry = run(superuser.ledger_append(&stop(reason))).expect("appended");
        assert_eq!(serde_json::from_str::<Body>(&entry.body).expect("a body"), stop(reason));
        assert_eq!((entry.actor.as_str(), entry.kind.as_str()), ("postgres", "stopped"));
    }
    let entries = run(superuser.ledger_read(0)).expect("read");
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(verify_chain(&entries, None), Ok(()));
    let later = run(superuser.ledger_read(2)).expect("read");
    assert_eq!(verify_chain(&later, Some((2, entries[1].hash))), Ok(()));
}

#[test]
fn more_entries_than_a_page_are_read() {
    let database = with_ledger();
    let superuser = database.superuser();
    run(superuser.load("INSERT INTO countersign.entry (kind, body) SELECT 'stopped', '{\"kind\":\"stopped\"}' FROM generate_series(1, 450)")).expect("appended");
    let entries = run(superuser.ledger_read(0)).expect("read");
    assert_eq!(entries.len(), 450);
    assert_eq!(verify_chain(&entries, None), Ok(()));
}

#[test]
fn entries_larger_than_a_page_are_read() {
    let database = with_ledger();
    let superuser = database.superuser();
    // 45 MB of bodies: three pages by their bytes, though far fewer than a page by their number.
    run(superuser.load("INSERT INTO countersign.entry (kind, body) SELECT 'stopped', '{\"kind\":\"stopped\",\"x\":\"' || repeat('x', 5000000) || '\"}' FROM generate_series(1, 9)")).expect("appended");
    let entries = run(superuser.ledger_read(0)).expect("read");
    assert_eq!(entries.len(), 9);
    assert_eq!(verify_chain(&entries, None), Ok(()));
    assert_eq!(run(superuser.ledger_read(9)).expect("read"), []);
}

#[test]
fn nobody_rewrites_the_ledger_by_ordinary_means() {
    let database = with_ledger();
    let superuser = database.superuser();
    run(superuser.load(
        "DROP ROLE IF EXISTS ledger_member; DROP ROLE IF EXISTS ledger_stranger;
         CREATE ROLE ledger_member LOGIN IN ROLE countersign_desk; CREATE ROLE ledger_stranger LOGIN",
    ))
    .expect("roles");
    run(superuser.ledger_append(&stop("first"))).expect("appended");
    let (member, stranger) = (database.role("ledger_member"), database.role("ledger_stranger"));
    let entry = run(member.ledger_append(&stop("by a member"))).expect("a member appends");
    assert_eq!(entry.actor, "ledger_member");
    let forged = "INSERT INTO countersign.entry (kind, body, actor) VALUES ('stopped', '{\"kind\":\"stopped\"}', 'somebody else')";
    for (sql, who) in [
        ("UPDATE countersign.entry SET body = ''", "everybody"),
        ("DELETE FROM countersign.entry", "everybody"),
        ("TRUNCATE countersign.entry", "everybody"),
        ("SET session_replication_role = replica; DELETE FROM countersign.entry", "everybody"),
        ("DELETE FROM countersign.head", "everybody"),
        ("UPDATE countersign.mutex SET one = true", "everybody"),
        ("INSERT INTO countersign.entry (kind, body) VALUES ('stopped', '{\"kind\":\"restarted\"}')", "everybody"),
        ("INSERT INTO countersign.entry (kind, body) VALUES ('stopped', 'no json')", "everybody"),
        (forged, "a member"),
        ("UPDATE countersign.head SET seq = 0", "a member"),
    ] {
        for (role, name) in [(&superuser, "superuser"), (&member, "member"), (&stranger, "stranger")] {
            if who == "everybody" || name != "superuser" {
                let refused = run(role.load(sql));
                assert!(matches!(refused, Err(DatabaseError::Refused { .. })), "{name}: {sql}: {refused:?}");
            }
        }
    }
    // What a superuser writes into the other columns is overwritten.
    run(superuser.load(forged)).expect("appended");
    let entries = run(superuser.ledger_read(0)).expect("read");
    assert_eq!(entries.last().map(|entry| entry.actor.as_str()), Some("postgres"));
    assert_eq!(verify_chain(&entries, None), Ok(()));
    assert!(matches!(run(stranger.ledger_read(0)), Err(DatabaseError::Blind(_))));
    assert!(matches!(run(stranger.ledger_append(&stop("no"))), Err(DatabaseError::Blind(_))));
}

/// Tampers as a superuser with the triggers off, and compares what the chain says.
fn check_tampered(sql: &str, expected: &str) {
    let database = with_ledger();
    let superuser = database.superuser();
    for reason in ["a", "b", "c", "d"] {
        run(superuser.ledger_append(&stop(reason))).expect("appended");
    }
    run(superuser.load(&format!(
        "BEGIN; ALTER TABLE countersign.entry DISABLE TRIGGER ALL; {sql}; ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER append; COMMIT"
    )))
    .expect("tampered");
    let entries = run(superuser.ledger_read(0)).expect("read");
    let found = verify_chain(&entries, None).map_or_else(|error| error.to_string(), |()| "holds".to_owned());
    assert!(found.contains(expected), "{sql}\n  gave     {found}\n  expected {expected}");
}

#[test]
fn tampering_is_seen() {
    check_tampered("SELECT 1", "holds");
    check_tampered(
        "UPDATE countersign.entry SET body = replace(body, '\"b\"', '\"x\"') WHERE seq = 2",
        "entry 2 was rewritten",
    );
    check_tampered("UPDATE countersign.entry SET actor = 'eve' WHERE seq = 1", "entry 1 was rewritten");
    check_tampered("DELETE FROM countersign.entry WHERE seq = 3", "entry 4 where entry 3");
    check_tampered(
        "UPDATE countersign.entry SET seq = seq + 10 WHERE seq = 2; UPDATE countersign.entry SET seq = 2 WHERE seq = 3; UPDATE countersign.entry SET seq = 3 WHERE seq = 12",
        "entry 2 stands on",
    );
}

/// Eight connections append 100 entries each at once: one line, no fork, no gap, nothing lost, nothing doubled, and what
/// one desk appended comes in the order it appended it.
#[test]
fn desks_that_append_at_once_make_one_line() {
    const DESKS: usize = 8;
    const EACH: usize = 100;
    let database = with_ledger();
    run(async {
        let desks: Vec<_> = (0..DESKS)
            .map(|desk| {
                let postgres = database.superuser();
                tokio::spawn(async move {
                    for at in 0..EACH {
                        postgres.ledger_append(&stop(&format!("{desk}/{at}"))).await.expect("appended");
                    }
                })
            })
            .collect();
        for desk in desks {
            desk.await.expect("done");
        }
    });
    let entries = run(database.superuser().ledger_read(0)).expect("read");
    assert_eq!(entries.len(), DESKS * EACH);
    assert_eq!(verify_chain(&entries, None), Ok(()));
    let previous: BTreeSet<_> = entries.iter().map(|entry| entry.previous.to_string()).collect();
    assert_eq!(previous.len(), entries.len(), "no two entries stand on the same one");
    for desk in 0..DESKS {
        let mine: Vec<&str> =
            entries.iter().map(|it| it.body.as_str()).filter(|body| body.contains(&format!("\"{desk}/"))).collect();
        let expected: Vec<String> = (0..EACH).map(|at| stop(&format!("{desk}/{at}")).to_text()).collect();
        assert_eq!(mine, expected);
    }
}

#[test]
fn a_change_by_another_desk_is_heard() {
    let database = with_ledger();
    let (listener, other) = (database.superuser(), database.superuser());
    run(async {
        let heard = tokio::join!(listener.ledger_changed(), async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            other.ledger_append(&stop("x")).await.expect("appended");
        });
        assert_eq!(heard.0, Ok(1));
        // What happened while nobody waited is told at once.
        other.ledger_append(&stop("y")).await.expect("appended");
        assert_eq!(listener.ledger_changed().await, Ok(2));
    });
}
