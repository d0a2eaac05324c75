//! The line of a run: every tag, notice and status; a lost answer is lost, and can be proved.

use std::time::{Duration, Instant};

use countersign::approval::SignedBytes;
use countersign::digest::Digest;
use countersign::ledger::Body;
use countersign::port::{Database, Proof, RunLine};
use countersign::run::{Event, LedgerGate, Purpose, Reply, RunToken, Step, TransactionStatus};

use super::census::{answers, questions};
use super::proxy::{Cut, Proxy};
use crate::support::{TestDatabase, cluster, database, postgres, run};

fn prepared() -> TestDatabase {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9)"))
        .expect("loaded");
    run(superuser.ledger_init()).expect("a ledger");
    database
}

fn send(line: &mut dyn RunLine, sql: &str) -> Event {
    run(line.perform(&Step::Send { sql: sql.to_owned(), purpose: Purpose::Pin }))
}

fn reply(event: Event) -> Reply {
    match event {
        Event::Answered(reply) => reply,
        other => panic!("no answer: {other:?}"),
    }
}

fn connected(database: &TestDatabase) -> Box<dyn RunLine> {
    let mut line = database.superuser().run_line();
    let event = run(line.perform(&Step::Connect { needs_ledger: true, run_as: None }));
    assert!(matches!(&event, Event::Connected { blind, .. } if blind.is_empty()), "{event:?}");
    line
}

fn request() -> Digest {
    Digest::of(b"request")
}

fn by(name: &str) -> SignedBytes {
    SignedBytes { principal: name.into(), signature: String::new() }
}

fn intent(run: &str) -> Body {
    Body::Intent {
        request_digest: request(),
        run: run.to_owned(),
        operator: "lan@example.test".into(),
        signature: by("lan@example.test"),
    }
}

/// Sends one statement in a transaction and compares `tags | severity code message … | error code | status`.
fn check(sql: &str, expected: &str) {
    let database = prepared();
    let mut line = connected(&database);
    assert_eq!(reply(send(&mut *line, "BEGIN")).tags, ["BEGIN"]);
    let reply = reply(send(&mut *line, sql));
    let notices: Vec<String> =
        reply.notices.iter().map(|notice| format!("{} {} {}", notice.severity, notice.code, notice.message)).collect();
    let error = reply.error.map(|error| error.code).unwrap_or_default();
    let found = format!("{} | {} | {error} | {:?}", reply.tags.join(","), notices.join(","), reply.status);
    assert_eq!(found, expected, "{sql}");
}

#[test]
fn every_tag_notice_and_status_is_heard() {
    check("DELETE FROM t WHERE a <= 4", "DELETE 4 |  |  | InTransaction");
    check("DELETE FROM t WHERE a > 100", "DELETE 0 |  |  | InTransaction");
    check(
        "DROP TABLE IF EXISTS nowhere",
        "DROP TABLE | NOTICE 00000 table \"nowhere\" does not exist, skipping |  | InTransaction",
    );
    check(
        "DO $$ BEGIN RAISE WARNING '[TRIGGER-GUARD] x'; RAISE NOTICE 'n'; END $$",
        "DO | WARNING 01000 [TRIGGER-GUARD] x,NOTICE 00000 n |  | InTransaction",
    );
    check("DELETE FROM t; DELETE FROM t", "DELETE 9,DELETE 0 |  |  | InTransaction");
    check("SELECT 1/0", " |  | 22012 | Failed");
    check("COMMIT", "COMMIT |  |  | Idle");
    check("", " |  |  | InTransaction");
    check("SELECT a FROM t", "SELECT 9 |  |  | InTransaction");
}

#[test]
fn commit_of_a_failed_transaction_answers_rollback() {
    let database = prepared();
    let mut line = connected(&database);
    send(&mut *line, "BEGIN");
    send(&mut *line, "DELETE FROM t");
    assert_eq!(reply(send(&mut *line, "SELECT nonsense")).status, TransactionStatus::Failed);
    let reply = reply(run(line.perform(&Step::Commit)));
    assert_eq!((reply.tags, reply.error, reply.status), (vec!["ROLLBACK".to_owned()], None, TransactionStatus::Idle));
}

#[test]
fn a_killed_backend_is_a_lost_answer_with_its_last_words() {
    let database = prepared();
    let mut line = connected(&database);
    send(&mut *line, "BEGIN");
    let superuser = database.superuser();
    let killed = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| send(&mut *line, "SELECT pg_sleep(20)"));
        std::thread::sleep(Duration::from_millis(200));
        run(superuser.load("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%' AND pid <> pg_backend_pid()")).expect("killed");
        waiting.join().expect("answered")
    });
    assert!(matches!(&killed, Event::Lost(reason) if reason.contains("57P01")), "{killed:?}");
    assert!(matches!(run(line.perform(&Step::Rollback)), Event::Lost(_)));
}

#[test]
fn a_script_that_asks_for_copy_data_does_not_hang() {
    let database = prepared();
    let mut line = connected(&database);
    send(&mut *line, "BEGIN");
    let begun = Instant::now();
    assert!(matches!(send(&mut *line, "COPY t FROM STDIN"), Event::Lost(_)));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_statement_is_cancelled_on_demand() {
    let database = prepared();
    let mut line = connected(&database);
    send(&mut *line, "BEGIN");
    let cancel = line.canceller();
    let begun = Instant::now();
    let cancelled = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| send(&mut *line, "SELECT pg_sleep(20)"));
        std::thread::sleep(Duration::from_millis(200));
        run(cancel());
        waiting.join().expect("answered")
    });
    let reply = reply(cancelled);
    assert_eq!(
        (reply.error.map(|error| error.code).as_deref(), reply.status),
        (Some("57014"), TransactionStatus::Failed)
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_census_inside_sees_what_is_not_committed_and_leaves_nothing() {
    let database = prepared();
    let mut line = connected(&database);
    send(&mut *line, "BEGIN");
    send(&mut *line, "DELETE FROM t WHERE a <= 4");
    let take = |line: &mut dyn RunLine, asked: &[&str]| match run(line.perform(&Step::TakeCensus(questions(asked)))) {
        Event::CensusTaken(census) => answers(&census),
        other => panic!("no census: {other:?}"),
    };
    assert_eq!(take(&mut *line, &["SELECT count(*) FROM t", "SELECT max(a) FROM t"]), ["5", "9"]);
    let found = take(&mut *line, &["SELECT count(*) FROM t", "SELECT * FROM nowhere", "broken (", "SELECT 2"]);
    assert_eq!([&found[0], &found[3]], ["5", "2"]);
    assert!(found[1].contains("42P01") && found[2].contains("does not parse"), "{found:?}");
    assert_eq!(take(&mut *line, &[]), Vec::<String>::new());
    assert_eq!(reply(send(&mut *line, "SELECT 1")).status, TransactionStatus::InTransaction);
    let many: Vec<String> = (0..500).map(|at| format!("SELECT {at} -- {at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(take(&mut *line, &many)[499], "499");
    assert_eq!(reply(run(line.perform(&Step::Rollback))).tags, ["ROLLBACK"]);
    match run(line.perform(&Step::TakeCensusAfter(questions(&["SELECT count(*) FROM t"])))) {
        Event::CensusTaken(census) => assert_eq!(answers(&census), ["9"]),
        other => panic!("no census: {other:?}"),
    }
}

#[test]
fn a_role_that_cannot_see_enough_is_told_what_it_lacks() {
    let database = prepared();
    run(database.superuser().load("DROP ROLE IF EXISTS line_plain; DROP ROLE IF EXISTS line_full; CREATE ROLE line_plain LOGIN; CREATE ROLE line_full LOGIN IN ROLE countersign_desk, pg_read_all_stats")).expect("roles");
    let blind = |role: &str| match run(database
        .role(role)
        .run_line()
        .perform(&Step::Connect { needs_ledger: true, run_as: None }))
    {
        Event::Connected { blind, target, .. } if target.role == role => blind,
        other => panic!("not connected: {other:?}"),
    };
    assert_eq!(blind("line_full"), Vec::<String>::new());
    assert_eq!(blind("line_plain").len(), 4, "{:?}", blind("line_plain"));
}

#[test]
fn the_ledger_gate_is_read_inside_the_transaction() {
    let database = prepared();
    let superuser = database.superuser();
    let mut line = connected(&database);
    assert_eq!(run(line.perform(&Step::AppendApart(intent("r1")))), Event::Appended);
    send(&mut *line, "BEGIN");
    let gate = |line: &mut dyn RunLine| match run(line.perform(&Step::ReadLedger)) {
        Event::LedgerRead(gate) => gate,
        other => panic!("no gate: {other:?}"),
    };
    assert_eq!(gate(&mut *line), LedgerGate::default());
    run(superuser.ledger_append(&Body::Withdrawn {
        request_digest: request(),
        reason: "no".to_owned(),
        signature: by("minh@example.test"),
    }))
    .expect("appended");
    run(superuser.ledger_append(&Body::Stopped {
        condition: "c".to_owned(),
        reason: "r".to_owned(),
        by: None,
        detail: None,
    }))
    .expect("appended");
    let found = gate(&mut *line);
    assert_eq!(found.stop.as_deref(), Some("c: r"));
    assert!(found.void.as_deref().is_some_and(|void| void.contains("minh@example.test")), "{found:?}");
    // A rehearsal has no intent: only a stop concerns it.
    let mut rehearsal = connected(&database);
    send(&mut *rehearsal, "BEGIN");
    assert_eq!(gate(&mut *rehearsal), LedgerGate { stop: Some("c: r".to_owned()), ..LedgerGate::default() });
}

/// Runs one stage through a proxy that cuts the line around COMMIT, and proves what became of it.
fn cut_at_commit(cut: Cut) -> (Event, Proof, String, String) {
    let database = prepared();
    let (mut line, proxy) = run(async {
        cluster();
        let proxy = Proxy::start(Duration::ZERO).await;
        (postgres(&proxy.url(&database.name)).run_line(), proxy)
    });
    assert_eq!(run(line.perform(&Step::AppendApart(intent("r1")))), Event::Appended);
    let Event::Connected { target, pid, backend_start, .. } =
        run(line.perform(&Step::Connect { needs_ledger: true, run_as: None }))
    else {
        panic!("not connected")
    };
    send(&mut *line, "BEGIN");
    send(&mut *line, "SELECT 1 FROM countersign.mutex FOR UPDATE NOWAIT");
    send(&mut *line, "DELETE FROM t WHERE a <= 4");
    let xid = reply(send(&mut *line, "SELECT pg_current_xact_id()::text")).rows[0][0].clone().expect("a number");
    let token = RunToken {
        run: "r1".to_owned(),
        stage: 0,
        xid,
        pid,
        backend_start,
        system_identifier: target.system_identifier,
        timeline: target.timeline,
    };
    let superuser = database.superuser();
    // While the transaction is open nothing can be proved.
    let early = run(superuser.prove(&token)).expect("an answer");
    assert!(matches!(&early, Proof::StillUnknown(reason) if reason.contains("mutex")), "{early:?}");
    let body =
        Body::Committed { request_digest: request(), run: "r1".to_owned(), stage: 0, stages: 1, token: token.clone() };
    assert_eq!(run(line.perform(&Step::AppendInside(body))), Event::Appended);
    proxy.cut_at_commit(cut);
    let event = run(line.perform(&Step::Commit));
    let proof = run(superuser.prove(&token)).expect("a proof");
    let left = answers(&run(superuser.census(&questions(&["SELECT count(*) FROM t"]))).expect("a census")).remove(0);
    let elsewhere = RunToken { system_identifier: "1".to_owned(), ..token };
    let other = format!("{:?}", run(superuser.prove(&elsewhere)).expect("an answer"));
    (event, proof, left, other)
}

#[test]
fn a_lost_commit_is_proved_one_way_or_the_other() {
    let (event, proof, left, other) = cut_at_commit(Cut::BeforeServer);
    assert!(matches!(event, Event::Lost(_)), "{event:?}");
    assert_eq!((proof, left.as_str()), (Proof::RolledBack, "9"));
    assert!(other.contains("StillUnknown"), "{other}");
    let (event, proof, left, _) = cut_at_commit(Cut::AfterServer);
    assert!(matches!(event, Event::Lost(_)), "{event:?}");
    assert_eq!((proof, left.as_str()), (Proof::Committed, "5"));
}

#[test]
fn what_is_appended_inside_stays_or_goes_with_the_transaction() {
    let database = prepared();
    let superuser = database.superuser();
    for (step, expected) in [(Step::Rollback, 0), (Step::Commit, 1)] {
        let mut line = connected(&database);
        send(&mut *line, "BEGIN");
        assert_eq!(run(line.perform(&Step::AppendInside(intent("r")))), Event::Appended);
        reply(run(line.perform(&step)));
        assert_eq!(run(superuser.ledger_read(0)).expect("read").len(), expected);
    }
}
