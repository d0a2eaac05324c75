//! What a desk has verified of a ledger: it reads what follows, survives a wrong file, and names what was cut or edited.

use std::path::Path;
use std::sync::Arc;

use countersign::cli::wiring;
use countersign::ledger::Body;
use countersign::port::Database as _;
use countersign::session::{KnownLedgers, World, audit_ledger, open_ledger};

use crate::support::{TestDatabase, database, run};

/// A desk that starts anew, with this folder for what it keeps.
fn desk(folder: &Path) -> World {
    World { ledgers: Arc::new(KnownLedgers::new(Some(folder.join("state")))), ..wiring::world() }
}

fn with_entries(count: u32) -> TestDatabase {
    let database = database();
    run(database.superuser().ledger_init()).expect("made");
    append(&database, count);
    database
}

fn append(database: &TestDatabase, count: u32) {
    let body = Body::Baseline { document: "{}".to_owned(), digest: countersign::digest::Digest::of(b"{}") }.to_text();
    run(database.superuser().load(&format!(
        "INSERT INTO countersign.entry (kind, body) SELECT 'baseline', '{body}' FROM generate_series(1, {count})"
    )))
    .expect("appended");
}

/// Changes entries as a superuser with the triggers off.
fn tamper(database: &TestDatabase, sql: &str) {
    run(database.superuser().load(&format!(
        "BEGIN; ALTER TABLE countersign.entry DISABLE TRIGGER ALL; {sql}; \
         ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER append; COMMIT"
    )))
    .expect("tampered");
}

/// Cuts the ledger as somebody would who hides it: the table that says where it ends is cut as well.
fn cut(database: &TestDatabase, last: u32) {
    tamper(
        database,
        &format!(
            "DELETE FROM countersign.entry WHERE seq > {last}; ALTER TABLE countersign.head DISABLE TRIGGER ALL; \
             UPDATE countersign.head SET seq = {last}, hash = (SELECT hash FROM countersign.entry WHERE seq = {last}); \
             ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER deny"
        ),
    );
}

/// Opens the ledger and says up to where it holds, or why it does not.
fn open(desk: &World, database: &TestDatabase) -> String {
    match run(open_ledger(desk, &database.superuser())) {
        Ok(known) => format!("holds to {} with {} baselines", known.head().0, known.state().baselines.len()),
        Err(failure) => failure.message,
    }
}

/// Verifies from the first entry on and says how that went.
fn audit(desk: &World, database: &TestDatabase) -> String {
    let audit = run(audit_ledger(desk, &database.superuser())).expect("read");
    let Some(broken) = audit.broken else { return format!("holds to {}", audit.entries.len()) };
    let said = broken.explain(&audit.entries);
    format!("{} {}", said.entry, said.problem)
}

fn kept(folder: &Path) -> Vec<std::path::PathBuf> {
    let read = std::fs::read_dir(folder.join("state"));
    read.map_or_else(|_| Vec::new(), |read| read.map(|entry| entry.expect("an entry").path()).collect())
}

#[test]
fn only_what_follows_is_read_in_a_session_and_across_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = with_entries(100);
    let first = desk(folder.path());
    assert_eq!(open(&first, &database), "holds to 100 with 100 baselines");
    assert_eq!(kept(folder.path()).len(), 1);
    append(&database, 2);
    assert_eq!(open(&first, &database), "holds to 102 with 102 baselines");
    // An entry that was verified is not read again: that it was edited since is for `ledger verify` to find, which reads
    // everything. What the desk acts on is what it had verified.
    tamper(&database, "UPDATE countersign.entry SET kind = 'stopped' WHERE seq = 7");
    let second = desk(folder.path());
    append(&database, 1);
    for desk in [&first, &second] {
        assert_eq!(open(desk, &database), "holds to 103 with 103 baselines");
        assert_eq!(audit(desk, &database), "7 edited entry");
    }
    // What follows is verified.
    tamper(&database, "UPDATE countersign.entry SET actor = 'eve' WHERE seq = 102");
    assert!(open(&desk(folder.path()), &database).contains("entry 7 was rewritten"), "the first bad one is named");
}

#[test]
fn a_file_that_is_gone_or_wrong_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = with_entries(80);
    assert_eq!(open(&desk(folder.path()), &database), "holds to 80 with 80 baselines");
    let [file] = kept(folder.path()).try_into().expect("one file");
    let whole = std::fs::read(&file).expect("read");
    let half = whole[..whole.len() / 2].to_vec();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for wrong in [&b""[..], b"nonsense", &half, &flipped] {
        std::fs::write(&file, wrong).expect("written");
        assert_eq!(open(&desk(folder.path()), &database), "holds to 80 with 80 baselines");
        assert_eq!(std::fs::read(&file).expect("read"), whole, "and it is written anew");
    }
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(open(&desk(folder.path()), &database), "holds to 80 with 80 baselines");
    // The file of another ledger, which proves itself but whose head this one does not hold.
    let other = with_entries(70);
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert_eq!(open(&desk(elsewhere.path()), &other), "holds to 70 with 70 baselines");
    std::fs::copy(&kept(elsewhere.path())[0], &file).expect("copied");
    assert_eq!(open(&desk(folder.path()), &database), "holds to 80 with 80 baselines");
    assert_eq!(audit(&desk(folder.path()), &database), "70 another entry");
    // A desk without a folder keeps nothing and is as good.
    let bare = World { ledgers: Arc::default(), ..wiring::world() };
    assert_eq!(open(&bare, &database), "holds to 80 with 80 baselines");
    assert_eq!(audit(&bare, &database), "holds to 80");
}

#[test]
fn a_ledger_that_was_cut_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = with_entries(90);
    let before = desk(folder.path());
    assert_eq!(audit(&before, &database), "holds to 90");
    cut(&database, 85);
    // In the session that knew it nothing goes on.
    assert!(open(&before, &database).contains("the ledger ends at entry 85, but entry 90"));
    // A new start verifies from the first entry and goes on: the server may have been restored on purpose. It keeps what it
    // knew, so that `ledger verify` names it, at every start.
    for _ in 0..2 {
        let after = desk(folder.path());
        assert_eq!(open(&after, &database), "holds to 85 with 85 baselines");
        assert_eq!(audit(&after, &database), "90 truncated");
    }
    // Grown again: no longer shorter, but another one.
    append(&database, 10);
    assert!(open(&before, &database).contains("ledger entry 90 was"));
    assert_eq!(audit(&desk(folder.path()), &database), "90 another entry");
    // A desk that never knew it cannot tell: that is what the heads inside findings are for.
    let stranger = tempfile::tempdir().expect("a folder");
    assert_eq!(audit(&desk(stranger.path()), &database), "holds to 95");
}
