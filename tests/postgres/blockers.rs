//! Who is in the way, who waits, and who would be waited for, by a real server and by roles that see more and less.

use std::time::{Duration, Instant};

use countersign::adapter::postgres::{ClusterOptions, PrivateCluster};
use countersign::port::{Database, RunLine};
use countersign::run::{Bystander, Event, HIDDEN, Purpose, Reply, Step};
use countersign::runbook::ObjectName;

use crate::support::{TestDatabase, database, options, postgres, run};

/// A database with a parent, a child, a partitioned table, and two roles.
fn prepared() -> TestDatabase {
    let database = database();
    let sql = "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1); \
         CREATE TABLE child (id int REFERENCES parent); CREATE TABLE apart (id int); \
         GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC";
    run(database.superuser().load(sql)).expect("loaded");
    database
}

fn role(database: &TestDatabase, name: &str, more: &str) {
    let sql = format!("DO $$ BEGIN CREATE ROLE {name} LOGIN {more}; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    run(database.superuser().load(&sql)).expect("a role");
}

fn line(database: &dyn Database) -> Box<dyn RunLine> {
    let mut line = database.run_line();
    assert!(matches!(run(line.perform(&Step::Connect { needs_ledger: false, run_as: None })), Event::Connected { .. }));
    line
}

fn send(line: &mut dyn RunLine, sql: &str, purpose: Purpose) -> Reply {
    match run(line.perform(&Step::Send { sql: sql.to_owned(), purpose })) {
        Event::Answered(reply) => reply,
        other => panic!("{sql}: {other:?}"),
    }
}

/// Begins a transaction whose lock timeout is known to the line, as the machine makes it known.
fn begin(line: &mut dyn RunLine, millis: u32) {
    send(line, "BEGIN", Purpose::Begin);
    send(line, &format!("SET LOCAL lock_timeout = {millis}"), Purpose::Pin);
    let asked = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'";
    assert_eq!(send(line, asked, Purpose::AssertSettings).rows[0][1], Some(millis.to_string()));
}

const STATEMENT: Purpose = Purpose::Statement { stage: 0, statement: 0 };

/// One session has done something; another one does this within 800 ms. Gives the error code and who was in the way.
fn wait(database: &TestDatabase, role: &str, held: &str, sql: &str) -> (String, Vec<Bystander>) {
    let mut holder = line(&database.superuser());
    send(&mut *holder, "BEGIN", Purpose::Begin);
    send(&mut *holder, held, Purpose::Pin);
    let mut waiter = line(&database.role(role));
    begin(&mut *waiter, 800);
    let begun = Instant::now();
    let reply = send(&mut *waiter, sql, STATEMENT);
    assert!(begun.elapsed() < Duration::from_secs(5), "the look must not make it later");
    (reply.error.map(|error| error.code).unwrap_or_default(), reply.blockers)
}

#[test]
fn a_lock_timeout_names_the_session_its_lock_and_its_last_statement() {
    let database = prepared();
    let check = |held: &str, sql: &str, expected: &str| {
        let (code, blockers) = wait(&database, "postgres", held, sql);
        let said: Vec<String> =
            blockers.iter().map(|who| format!("{} {} {}", who.state, who.lock(), who.statement)).collect();
        assert_eq!(format!("{code} {}", said.join("; ")).trim_end(), expected, "{held} / {sql}");
        for who in &blockers {
            assert!(who.pid > 0 && who.role == "postgres" && !who.since.is_empty(), "{who:?}");
        }
    };
    let idle = "idle in transaction";
    check(
        "SELECT * FROM child",
        "DROP TABLE child",
        &format!("55P03 {idle} AccessShareLock on public.child SELECT * FROM child"),
    );
    // The foreign key's partner is locked as well.
    check(
        "SELECT * FROM parent",
        "DROP TABLE child",
        &format!("55P03 {idle} AccessShareLock on public.parent SELECT * FROM parent"),
    );
    // A wait for a row is a wait for a transaction; the table is named all the same.
    check(
        "UPDATE parent SET id = 1",
        "DELETE FROM parent",
        &format!("55P03 {idle} ExclusiveLock on public.parent UPDATE parent SET id = 1"),
    );
    check(
        "LOCK TABLE apart IN ROW EXCLUSIVE MODE",
        "LOCK TABLE apart IN SHARE ROW EXCLUSIVE MODE",
        &format!("55P03 {idle} RowExclusiveLock on public.apart LOCK TABLE apart IN ROW EXCLUSIVE MODE"),
    );
    // Innocent twins: locks that go together, another table, and an error that is no wait.
    check("SELECT * FROM parent", "DELETE FROM parent", "");
    check("LOCK TABLE apart", "DROP TABLE child", "");
    check("SELECT * FROM child", "SELECT 1/0", "22012");
}

#[test]
fn several_sessions_and_those_who_ask_first_are_named() {
    let database = prepared();
    let mut first = line(&database.superuser());
    let mut second = line(&database.superuser());
    for holder in [&mut first, &mut second] {
        send(&mut **holder, "BEGIN", Purpose::Begin);
        send(&mut **holder, "SELECT * FROM apart", Purpose::Pin);
    }
    let mut waiter = line(&database.superuser());
    begin(&mut *waiter, 800);
    let reply = send(&mut *waiter, "DROP TABLE apart", STATEMENT);
    assert_eq!(reply.blockers.len(), 2, "{:?}", reply.blockers);
}

#[test]
fn a_wait_that_ended_well_remembers_whom_it_was_for() {
    let database = prepared();
    let mut holder = line(&database.superuser());
    send(&mut *holder, "BEGIN", Purpose::Begin);
    send(&mut *holder, "SELECT * FROM apart", Purpose::Pin);
    let mut waiter = line(&database.superuser());
    begin(&mut *waiter, 2000);
    let reply = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| send(&mut *waiter, "DROP TABLE apart", STATEMENT));
        std::thread::sleep(Duration::from_millis(1200));
        run(holder.perform(&Step::Rollback));
        waiting.join().expect("answered")
    });
    assert_eq!((reply.tags, reply.error), (vec!["DROP TABLE".to_owned()], None));
    assert_eq!(reply.blockers.len(), 1);
}

#[test]
fn a_role_that_sees_less_names_the_session_and_says_what_is_hidden() {
    let database = prepared();
    role(&database, "blockers_plain", "");
    role(&database, "blockers_stats", "IN ROLE pg_read_all_stats");
    let (code, blockers) = wait(&database, "blockers_plain", "LOCK TABLE parent", "DELETE FROM parent");
    let [who] = blockers.as_slice() else { panic!("{blockers:?}") };
    assert_eq!((code.as_str(), who.role.as_str(), who.state.as_str()), ("55P03", "postgres", HIDDEN));
    assert_eq!((who.lock().as_str(), who.statement.as_str()), ("AccessExclusiveLock on public.parent", ""));
    let (_, blockers) = wait(&database, "blockers_stats", "LOCK TABLE parent", "DELETE FROM parent");
    assert_eq!(blockers[0].statement, "LOCK TABLE parent", "the twin may read what others do");
}

#[test]
fn a_prepared_transaction_in_the_way_is_named() {
    let options = options();
    let superuser = |cluster: &PrivateCluster| postgres(&cluster.url("postgres"));
    // A detached server leaves its folder to the next one.
    let first = ClusterOptions { detached: true, ..options.clone() };
    let cluster = PrivateCluster::start(first).expect("a server");
    run(superuser(&cluster).load("ALTER SYSTEM SET max_prepared_transactions = 5")).expect("set");
    cluster.stop().expect("stopped");
    let cluster = PrivateCluster::start(options).expect("the server again");
    run(superuser(&cluster).load("CREATE TABLE apart (id int)")).expect("loaded");
    let mut lines = [line(&superuser(&cluster)), line(&superuser(&cluster))];
    let [holder, waiter] = &mut lines;
    send(&mut **holder, "BEGIN", Purpose::Begin);
    send(&mut **holder, "LOCK TABLE apart", Purpose::Pin);
    assert_eq!(send(&mut **holder, "PREPARE TRANSACTION 'later'", Purpose::Pin).error, None);
    begin(&mut **waiter, 600);
    let reply = send(&mut **waiter, "SELECT * FROM apart", STATEMENT);
    let [who] = reply.blockers.as_slice() else { panic!("{reply:?}") };
    assert_eq!((who.pid, who.application.as_str(), who.state.as_str()), (0, "later", "prepared"));
    assert_eq!((who.role.as_str(), who.lock().as_str()), ("postgres", "AccessExclusiveLock on public.apart"));
    let open = run(superuser(&cluster).open_transactions(&[ObjectName::new("public", "apart")])).expect("read");
    assert_eq!(open.iter().map(|open| open.application.as_str()).collect::<Vec<_>>(), ["prepared as later"]);
    run(superuser(&cluster).load("ROLLBACK PREPARED 'later'")).expect("rolled back");
}
