//! A run that is cancelled, killed, or met by another of the same request.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::approval::SignedBytes;
use countersign::digest::Digest;
use countersign::ledger::Body;
use countersign::port::{Database as _, RunLine};
use countersign::run::{Event, Outcome, Purpose, Step};
use countersign::session::{Cancel, FailureKind, StagedRequest};

use super::stand::{Stand, refused};
use crate::support::run;

/// Opens a transaction in another session, does this in it, and keeps it open until it is dropped.
pub fn hold(stand: &Stand, sql: &str) -> Box<dyn RunLine> {
    let mut line = stand.database.superuser().run_line();
    run(line.perform(&Step::Connect { needs_ledger: true, run_as: None }));
    for sql in ["BEGIN", sql] {
        let event = run(line.perform(&Step::Send { sql: sql.to_owned(), purpose: Purpose::Pin }));
        assert!(matches!(&event, Event::Answered(reply) if reply.error.is_none()), "{sql}: {event:?}");
    }
    line
}

/// Starts the program's `run` on a request, as a desk would.
fn start(stand: &Stand, request: &str) -> Child {
    start_over(stand, &stand.database.url, request)
}

/// Starts the program's `run` on a request over another way to the database.
pub fn start_over(stand: &Stand, url: &str, request: &str) -> Child {
    let key = stand.sign_as("lan").key.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    command
        .args(["run", request, "--confirm", &stand.database.name, "--as", "lan@example.test", "--key", &key])
        .args(["--db", url])
        // What this desk verifies of the ledger is kept below the test's own folder.
        .env("XDG_STATE_HOME", stand.folder.join("../state"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Waits until some session waits for a lock in this statement.
fn until_it_waits(stand: &Stand, statement: &str) {
    until(stand, &format!("wait_event_type = 'Lock' AND query LIKE '{statement}%'"));
}

/// Waits until some session works on a DELETE.
pub fn until_it_deletes(stand: &Stand) {
    until(stand, "state = 'active' AND query LIKE 'DELETE%'");
}

/// Waits until some session of this database is like that.
fn until(stand: &Stand, state: &str) {
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {state}");
    let begun = Instant::now();
    while stand.ask(&sql) == "0" {
        assert!(begun.elapsed() < Duration::from_secs(20), "no session where {state}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Where a run is made to wait: the lock that another session holds, and the message that waits for it.
const WAITS: [(&str, &str); 3] = [
    // Before the first statement.
    ("LOCK TABLE public.vocabulary IN SHARE MODE", "LOCK TABLE"),
    // After the first statement.
    ("LOCK TABLE public.extra IN ACCESS SHARE MODE", "DROP TABLE"),
    // While it records its own outcome, everything done and verified.
    ("SELECT FROM countersign.head FOR UPDATE", "INSERT INTO countersign.entry"),
];

#[test]
fn a_desk_that_is_killed_leaves_a_run_that_can_be_proved() {
    for (lock, waiting) in WAITS {
        let stand = Stand::new();
        let request = stand.approved();
        // The intent needs the ledger's head as well, so that one is taken once the intent is there.
        let early = (waiting != "INSERT INTO countersign.entry").then(|| hold(&stand, lock));
        let late_gate = early.is_none().then(|| hold(&stand, "LOCK TABLE public.extra IN ACCESS SHARE MODE"));
        let mut desk = start(&stand, &request);
        if let Some(gate) = late_gate {
            until_it_waits(&stand, "DROP TABLE");
            let held = hold(&stand, lock);
            drop(gate);
            until_it_waits(&stand, waiting);
            kill(&mut desk);
            drop(held);
        } else {
            until_it_waits(&stand, waiting);
            kill(&mut desk);
        }
        drop(early);
        assert!(stand.status(&request).starts_with("begun"), "{waiting}: {}", stand.status(&request));
        let failure = refused(stand.run(&request), "its end is not recorded");
        assert_eq!(failure.kind, FailureKind::Unknown);
        let proved = stand.prove(&request).unwrap();
        let committed = stand.is_reversed();
        match proved {
            Outcome::RolledBack { .. } => assert!(!committed, "{waiting}"),
            Outcome::Committed => panic!("{waiting}: COMMIT was never sent"),
            Outcome::Unknown { .. } => panic!("{waiting}: not proved"),
        }
        // Proved once, and again, and never run again.
        assert!(matches!(stand.prove(&request), Ok(Outcome::RolledBack { .. })));
        refused(stand.run(&request), "has been used");
        let again = stand.approved();
        assert_eq!(stand.run(&again).unwrap().outcome, Outcome::Committed, "{waiting}");
        assert!(stand.is_reversed());
    }
}

/// What another session appends in the very last moment, when a run has done everything but write its own entry; and what
/// the run says of it.
fn in_the_last_moment(entry: impl FnOnce(&StagedRequest) -> Body, words: &str) {
    let stand = Stand::new();
    let staged = stand.stage().unwrap();
    stand.approve(&staged.request, "minh").unwrap();
    stand.approve(&staged.request, "thu").unwrap();
    let gate = hold(&stand, "LOCK TABLE public.extra IN ACCESS SHARE MODE");
    let desk = start(&stand, &staged.request);
    until_it_waits(&stand, "DROP TABLE");
    let body = entry(&staged);
    let quoted = body.to_text().replace('\'', "''");
    let insert = format!("INSERT INTO countersign.entry (kind, body) VALUES ('{}', '{quoted}')", body.kind());
    let mut held = hold(&stand, &insert);
    drop(gate);
    until_it_waits(&stand, "INSERT INTO countersign.entry");
    run(held.perform(&Step::Send { sql: "COMMIT".to_owned(), purpose: Purpose::Pin }));
    let output = desk.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if words.is_empty() {
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(stand.is_reversed());
    } else {
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!stand.is_reversed());
    }
}

#[test]
fn what_comes_before_the_runs_own_entry_in_the_chain_is_obeyed() {
    let by = |who: &str| SignedBytes { principal: who.into(), signature: String::new() };
    in_the_last_moment(
        |staged| Body::Withdrawn {
            request_digest: staged.digest,
            reason: "wait".to_owned(),
            signature: by("minh@example.test"),
        },
        "minh@example.test withdrew an approval: wait",
    );
    in_the_last_moment(
        |staged| Body::Rejected {
            request_digest: staged.digest,
            reason: "never".to_owned(),
            signature: by("thu@example.test"),
        },
        "thu@example.test rejected it: never",
    );
    // Its innocent twin is about another request.
    in_the_last_moment(
        |_| Body::Withdrawn {
            request_digest: Digest::of(b"another"),
            reason: "wait".to_owned(),
            signature: by("minh@example.test"),
        },
        "",
    );
}

fn kill(desk: &mut Child) {
    desk.kill().unwrap();
    desk.wait().unwrap();
}

#[test]
fn an_interrupt_while_a_statement_waits_rolls_back_at_once() {
    for (lock, waiting) in &WAITS[..2] {
        let stand = Stand::new();
        let request = stand.approved();
        let held = hold(&stand, lock);
        let desk = start(&stand, &request);
        until_it_waits(&stand, waiting);
        let asked = Instant::now();
        let interrupt = Command::new("kill").args(["-INT", &desk.id().to_string()]).status().unwrap();
        assert!(interrupt.success());
        let output = desk.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{waiting}: {said}");
        assert!(asked.elapsed() < Duration::from_millis(1500), "{waiting}: {:?}", asked.elapsed());
        assert!(said.contains("rolled back"), "{waiting}: {said}");
        drop(held);
        assert!(!stand.is_reversed());
        assert!(stand.status(&request).starts_with("rolled back"), "{}", stand.status(&request));
    }
}

#[test]
fn a_wish_to_cancel_before_anything_was_sent_uses_nothing_up() {
    let stand = Stand::new();
    let request = stand.approved();
    let cancel = Cancel::default();
    cancel.ask();
    let finished = run(stand.running(&stand.database.superuser(), &request, &cancel)).unwrap();
    assert!(matches!(finished.outcome, Outcome::RolledBack { .. }), "{:?}", finished.outcome);
    assert!(!stand.is_reversed());
    assert_eq!(stand.status(&request), "open");
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}

#[test]
fn of_two_operators_at_the_same_moment_exactly_one_commits() {
    for _ in 0..4 {
        let stand = Stand::new();
        let request = stand.approved();
        let (one, other) = (stand.database.superuser(), stand.database.superuser());
        let cancel = Cancel::default();
        let both = run(async {
            tokio::join!(stand.running(&one, &request, &cancel), stand.running(&other, &request, &cancel))
        });
        let committed = [&both.0, &both.1]
            .into_iter()
            .filter(|ended| matches!(ended, Ok(finished) if finished.outcome == Outcome::Committed))
            .count();
        assert_eq!(committed, 1, "{both:?}");
        assert!(stand.is_reversed());
        assert_eq!(stand.entries().iter().filter(|entry| entry.kind == "committed").count(), 1);
        assert_eq!(stand.status(&request), "committed");
    }
}

#[test]
fn what_is_still_running_is_not_proved_yet() {
    let stand = Stand::new();
    let request = stand.approved();
    let held = hold(&stand, "LOCK TABLE public.extra IN ACCESS SHARE MODE");
    let mut desk = start(&stand, &request);
    until_it_waits(&stand, "DROP TABLE");
    let mutex = hold_when_free(&stand, &mut desk);
    let failure = refused(stand.prove(&request), "still holds the target's mutex");
    assert_eq!(failure.kind, FailureKind::Unknown, "{failure:?}");
    drop(mutex);
    drop(held);
    assert!(matches!(stand.prove(&request), Ok(Outcome::RolledBack { .. })));
    assert!(!stand.is_reversed());
}

/// Kills the desk and takes the mutex as soon as the server lets go of it, as a transaction that ends slowly would hold it.
fn hold_when_free(stand: &Stand, desk: &mut Child) -> Box<dyn RunLine> {
    kill(desk);
    hold(stand, "SELECT 1 FROM countersign.mutex FOR UPDATE")
}
