//! Every answer at one snapshot; blind where the role cannot see, and only there.

use std::time::Duration;

use countersign::census::{Census, Question, Reading, definition_sql, row_changes};
use countersign::port::{Database, DatabaseError};
use countersign::runbook::{CheckId, ObjectKind, ObjectName, Query};

use super::proxy::Proxy;
use crate::support::{cluster, database, postgres, run};

pub fn questions(asked: &[&str]) -> Vec<Question> {
    asked.iter().enumerate().map(|(at, sql)| Question::new(CheckId(format!("q{at}")), (*sql).to_owned())).collect()
}

/// Writes a census as text: one answer a question, blindness in brackets.
pub fn answers(census: &Census) -> Vec<String> {
    let count = census.readings.len();
    let reading = |at: usize| match &census.readings[&CheckId(format!("q{at}"))] {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "NULL".to_owned(),
        Reading::Blind(reason) => format!("[{reason}]"),
    };
    (0..count).map(reading).collect()
}

/// Asks one question and compares; `[` at the beginning of `expected` wants a blindness that contains the rest.
fn check(database: &dyn Database, sql: &str, expected: &str) {
    let census = run(database.census(&questions(&[sql]))).expect("a census");
    let found = answers(&census).remove(0);
    let holds = match expected.strip_prefix('[') {
        Some(part) => found.starts_with('[') && found.contains(part),
        None => found == expected,
    };
    assert!(holds, "{sql}\n  gave     {found}\n  expected {expected}");
}

#[test]
fn questions_are_answered_as_text() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)")).expect("loaded");
    let check = |sql: &str, expected: &str| check(&superuser, sql, expected);
    check("SELECT count(*) FROM t", "2");
    check("SELECT b FROM t ORDER BY a", "x\n\\N");
    check("SELECT b FROM t WHERE a = 2", "NULL");
    check("SELECT a FROM t WHERE false", "NULL");
    check("SELECT 1 -- a comment at the end", "1");
    check("SELECT true", "true");
    check("SELECT E'\\\\ \" \\n'", "\\ \" \n");
    check("SELECT timestamptz '2026-01-01 00:00+07'", "2025-12-31 17:00:00+00");
    check("SELECT current_setting('search_path')", "pg_catalog, \"public\", pg_temp");
    check("SELECT to_regclass('public.nothing')::text", "NULL");
}

#[test]
fn a_failing_question_is_blind_alone() {
    let database = database();
    let asked =
        questions(&["SELECT 1", "SELECT * FROM nowhere", "SELECT 1/0", "SELECT 2", "not sql at all", "SELECT 3"]);
    let found = answers(&run(database.superuser().census(&asked)).expect("a census"));
    assert_eq!([&found[0], &found[3], &found[5]], ["1", "2", "3"]);
    assert!(
        found[1].contains("42P01") && found[2].contains("22012") && found[4].contains("does not parse"),
        "{found:?}"
    );
}

#[test]
fn among_others_a_question_has_the_answer_that_it_has_inside_a_run() {
    let superuser = database().superuser();
    let asked = questions(&[
        "SELECT 1 = 1",
        "SELECT 'a'::char(5)",
        "SELECT inet '10.0.0.1'",
        "SELECT NULL::text UNION ALL SELECT E'two\\nlines \"\\\\' UNION ALL SELECT ''",
        "SELECT 1 WHERE false",
        "SELECT NULL::int",
        "SELECT ''",
        "SELECT 'Trần'::bytea",
        "SELECT 0.1::float8 + 0.2",
        "VALUES (3), (1), (2)",
    ]);
    let census = run(superuser.census(&asked)).expect("a census");
    let wrapped: Vec<Question> = asked.iter().map(|one| Question::new(one.id.clone(), one.wrapped())).collect();
    let inside = run(superuser.census(&wrapped)).expect("a census");
    for question in &asked {
        let Reading::Value(json) = &inside.readings[&question.id] else { panic!("{:?}", inside.readings) };
        assert_eq!(census.readings[&question.id], Question::reading(json.as_deref()), "{}", question.sql);
    }
    assert_eq!(answers(&census)[3], "\\N\ntwo\nlines \"\\\n");
}

#[test]
fn a_question_that_takes_too_long_is_blind_alone() {
    let superuser = database().superuser();
    let slow = "SELECT 'slow' FROM pg_sleep(0.6)";
    let mut asked = questions(&["SELECT 1", slow, slow, "SELECT 2", "SELECT 1/0", slow, "SELECT 3"]);
    asked[1].limit_millis = Some(150);
    asked[5].limit_millis = Some(150);
    let found = answers(&run(superuser.census(&asked)).expect("a census"));
    // The third has no limit of its own, and the one before it took none of its time.
    assert_eq!([&found[0], &found[2], &found[3], &found[6]], ["1", "slow", "2", "3"]);
    assert!(found[1].contains("statement timeout") && found[5].contains("statement timeout"), "{found:?}");
    assert!(found[4].contains("22012"), "{found:?}");
    let mut asked = questions(&["SELECT 1", "SELECT 'late' FROM pg_sleep(60)", "SELECT 2"]);
    asked[1].limit_millis = Some(1_500);
    let found = answers(&run(superuser.census(&asked)).expect("a census"));
    assert_eq!([&found[0], &found[2]], ["1", "2"]);
    assert!(found[1].contains("no answer within 1500 ms"), "{found:?}");
}

#[test]
fn rows_are_asked_in_the_order_of_their_key() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (code text, \"Nhãn\" text, n numeric); INSERT INTO t VALUES ('b', 'Hai', 2), ('a', NULL, 12345678901234567890.10)"))
        .expect("loaded");
    let rows = |sql: &str, key: &[&str]| {
        let key = key.iter().map(|column| (*column).to_owned()).collect();
        answers(
            &run(superuser.census(&[Question::of_query("q0".into(), &Query::Rows { sql: sql.to_owned(), key })]))
                .expect("a census"),
        )
        .remove(0)
    };
    let found = rows("SELECT * FROM t -- all of it", &["code"]);
    assert_eq!(
        found,
        "{\"code\":\"a\",\"Nhãn\":null,\"n\":12345678901234567890.10}\n{\"code\":\"b\",\"Nhãn\":\"Hai\",\"n\":2}"
    );
    assert!(rows("SELECT code, \"Nhãn\" FROM t", &["Nhãn", "code"]).starts_with("{\"code\":\"b\""));
    assert_eq!(rows("SELECT * FROM t WHERE false", &["code"]), "NULL");
    assert!(rows("SELECT n FROM t", &["code"]).contains("42703"));
    assert!(rows("SELECT 1) AS r; DELETE FROM t; SELECT 2 FROM (SELECT 1", &["code"]).starts_with('['));
    assert_eq!(rows("SELECT count(*) FROM t", &["count"]), "{\"count\":2}");
}

#[test]
fn a_fingerprint_of_schemas_is_opened_object_by_object() {
    let database = database();
    let superuser = database.superuser();
    let load = |sql: &str| run(superuser.load(sql)).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    load(
        "CREATE SCHEMA \"Kho hàng\"; CREATE TYPE \"Kho hàng\".mood AS ENUM ('a', 'b');
         CREATE TABLE \"Kho hàng\".\"Đơn\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int DEFAULT 1, m \"Kho hàng\".mood);
         CREATE TABLE \"Kho hàng\".parts (id int, at date) PARTITION BY RANGE (at);
         CREATE TABLE \"Kho hàng\".parts_1 PARTITION OF \"Kho hàng\".parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         CREATE VIEW \"Kho hàng\".v AS SELECT id FROM \"Kho hàng\".\"Đơn\"; CREATE SEQUENCE \"Kho hàng\".s;
         CREATE MATERIALIZED VIEW \"Kho hàng\".mv AS SELECT 1 AS one;
         CREATE FUNCTION \"Kho hàng\".f(a int) RETURNS int LANGUAGE sql AS 'SELECT a'; CREATE FUNCTION \"Kho hàng\".f(a text) RETURNS text LANGUAGE sql AS 'SELECT a';
         CREATE AGGREGATE \"Kho hàng\".total(int) (sfunc = int4pl, stype = int);
         CREATE FUNCTION \"Kho hàng\".t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER guard BEFORE INSERT ON \"Kho hàng\".\"Đơn\" FOR EACH ROW EXECUTE FUNCTION \"Kho hàng\".t();
         CREATE TABLE public.elsewhere (a int)",
    );
    let question = Question::of_query("q0".into(), &Query::Catalog(vec!["Kho hàng".to_owned()]));
    let look = || answers(&run(superuser.census(std::slice::from_ref(&question))).expect("a census")).remove(0);
    let before = look();
    let objects: Vec<String> = before
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("a JSON object")["object"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let kho = |kind: &str, name: &str| format!("{kind} \"Kho hàng\".{name}");
    let expected = [
        kho("function", "f(a integer)"),
        kho("function", "f(a text)"),
        kho("function", "t()"),
        kho("function", "total(integer)"),
        kho("materialized view", "mv"),
        "schema \"Kho hàng\"".to_owned(),
        kho("sequence", "\"Đơn_id_seq\""),
        kho("sequence", "s"),
        kho("table", "\"Đơn\""),
        kho("table", "parts"),
        kho("table", "parts_1"),
        kho("type", "mood"),
        kho("view", "v"),
    ];
    assert_eq!(objects, expected);
    assert_eq!(look(), before, "it is the same when nothing has changed");
    let told = |sql: &str| {
        load(sql);
        let after = look();
        let changes = row_changes(Some(&before), Some(&after), &["object".to_owned()]).expect("objects with a key");
        changes
            .iter()
            .map(|change| change.alteration().words().lines().next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    for (sql, back, expected) in [
        (
            "ALTER TABLE \"Kho hàng\".\"Đơn\" ALTER n TYPE bigint",
            "ALTER TABLE \"Kho hàng\".\"Đơn\" ALTER n TYPE int",
            "column n of table \"Kho hàng\".\"Đơn\" was altered: integer default 1 → bigint default 1",
        ),
        (
            "ALTER TABLE \"Kho hàng\".\"Đơn\" DISABLE TRIGGER guard",
            "ALTER TABLE \"Kho hàng\".\"Đơn\" ENABLE TRIGGER guard",
            "trigger guard of table \"Kho hàng\".\"Đơn\" was altered: ",
        ),
        (
            "GRANT SELECT ON \"Kho hàng\".v TO PUBLIC",
            "REVOKE ALL ON \"Kho hàng\".v FROM PUBLIC",
            "grant public SELECT of view \"Kho hàng\".v was added",
        ),
        (
            "GRANT UPDATE (n) ON \"Kho hàng\".\"Đơn\" TO PUBLIC",
            "REVOKE ALL (n) ON \"Kho hàng\".\"Đơn\" FROM PUBLIC",
            "grant public UPDATE (n) of table \"Kho hàng\".\"Đơn\" was added",
        ),
        (
            "COMMENT ON SCHEMA \"Kho hàng\" IS 'it'",
            "COMMENT ON SCHEMA \"Kho hàng\" IS NULL",
            "comment of schema \"Kho hàng\" was added: it",
        ),
        (
            "CREATE INDEX i ON \"Kho hàng\".parts_1 (id)",
            "DROP INDEX \"Kho hàng\".i",
            "index i of table \"Kho hàng\".parts_1 was added",
        ),
        (
            "DROP FUNCTION \"Kho hàng\".f(text)",
            "CREATE FUNCTION \"Kho hàng\".f(a text) RETURNS text LANGUAGE sql AS 'SELECT a'",
            "function \"Kho hàng\".f(a text) was dropped",
        ),
        (
            "CREATE TABLE \"Kho hàng\".fresh (a int)",
            "DROP TABLE \"Kho hàng\".fresh",
            "table \"Kho hàng\".fresh was added",
        ),
        (
            "ALTER TYPE \"Kho hàng\".mood RENAME VALUE 'b' TO 'c'",
            "ALTER TYPE \"Kho hàng\".mood RENAME VALUE 'c' TO 'b'",
            "label 'b' of type \"Kho hàng\".mood was dropped",
        ),
        (
            "ALTER SEQUENCE \"Kho hàng\".s INCREMENT 7",
            "ALTER SEQUENCE \"Kho hàng\".s INCREMENT 1",
            "of sequence \"Kho hàng\".s was",
        ),
        ("CREATE TABLE public.more (a int)", "DROP TABLE public.more", ""),
    ] {
        let said = told(sql);
        let holds = if expected.is_empty() { said.is_empty() } else { said.iter().any(|said| said.contains(expected)) };
        assert!(holds, "{sql}\n  told {said:#?}\n  expected {expected}");
        assert_eq!(told(back), Vec::<String>::new(), "{back}");
    }
}

#[test]
fn a_question_cannot_leave_the_census() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE SEQUENCE s")).expect("loaded");
    check(&superuser, "SELECT 1) AS q(c1); DELETE FROM t; SELECT 2 FROM (SELECT 1", "[not one SELECT");
    check(&superuser, "SELECT 1) AS q(c1); COMMIT; --", "[does not parse");
    check(&superuser, "WITH d AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM d", "[");
    check(&superuser, "SELECT nextval('s')", "[read-only");
    check(&superuser, "SELECT count(*) FROM t", "1");
}

#[test]
fn what_is_hidden_from_a_role_is_blind_and_its_twin_is_not() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(
        "CREATE ROLE census_plain LOGIN; CREATE ROLE census_monitor LOGIN IN ROLE pg_read_all_stats;
         CREATE TABLE seen (a int); CREATE TABLE hidden (a int); CREATE TABLE filtered (a int);
         INSERT INTO filtered VALUES (1), (2);
         ALTER TABLE filtered ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON filtered USING (a = 1);
         GRANT SELECT ON seen, filtered TO PUBLIC",
    ))
    .expect("loaded");
    let (plain, monitor) = (database.role("census_plain"), database.role("census_monitor"));
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'no such state'";
    check(&plain, idle, "[pg_read_all_stats");
    check(&plain, "SELECT count(*) FROM pg_stat_get_activity(NULL) WHERE false", "[pg_read_all_stats");
    check(&monitor, idle, "0");
    check(&superuser, idle, "0");
    check(&plain, "SELECT count(*) FROM pg_stat_user_tables WHERE relname = 'none'", "0");
    check(&plain, "SELECT count(*) FROM seen", "0");
    check(&plain, "SELECT count(*) FROM hidden", "[permission denied");
    check(&plain, "SELECT count(*) FROM filtered", "[row-level security");
    check(&superuser, "SELECT count(*) FROM filtered", "2");
}

#[test]
fn all_questions_see_one_snapshot() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (a int)")).expect("loaded");
    let census = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let writer = database.superuser();
            for _ in 0..30 {
                run(writer.load("INSERT INTO t VALUES (1)")).expect("inserted");
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut asked = vec!["SELECT count(*) FROM t"; 6];
        asked.insert(3, "SELECT pg_sleep(0.1)::text");
        let census = run(superuser.census(&questions(&asked))).expect("a census");
        writer.join().expect("written");
        census
    });
    let found = answers(&census);
    assert!([1, 2, 4, 5, 6].iter().all(|at| found[*at] == found[0]), "{found:?}");
}

#[test]
fn hundreds_of_questions_take_a_handful_of_round_trips() {
    let database = database();
    let (census, turns) = run(async {
        cluster();
        let proxy = Proxy::start(Duration::from_millis(20)).await;
        let far = postgres(&proxy.url(&database.name));
        // The link is opened first: logging in has round trips of its own.
        far.target().await.expect("reached");
        let before = proxy.turns();
        let sql: Vec<String> =
            (0..500).map(|at| if at % 100 == 7 { "SELECT 1/0".to_owned() } else { format!("SELECT {at}") }).collect();
        let asked: Vec<&str> = sql.iter().map(String::as_str).collect();
        (far.census(&questions(&asked)).await.expect("a census"), proxy.turns() - before)
    });
    assert!(turns <= 5, "{turns} round trips");
    let found = answers(&census);
    assert_eq!(found.len(), 500);
    assert_eq!(found[499], "499");
    assert_eq!(found.iter().filter(|answer| answer.starts_with('[')).count(), 5);
}

#[test]
fn thousands_of_questions_share_one_snapshot_over_several_lines() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load("CREATE TABLE t (a int)")).expect("loaded");
    let (census, lines, told) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let writer = database.superuser();
            let mut most = 0;
            for _ in 0..60 {
                run(writer.load("INSERT INTO t VALUES (1)")).expect("inserted");
                let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%AS q(c1)%' AND pid <> pg_backend_pid()";
                let lines = answers(&run(writer.census(&questions(&[busy]))).expect("a census")).remove(0);
                most = most.max(lines.parse::<usize>().expect("a count"));
            }
            most
        });
        let asked: Vec<String> = (0..3_000)
            .map(|at| match at % 500 {
                17 => "SELECT 1/0".to_owned(),
                18 => "SELECT * FROM nowhere".to_owned(),
                // Slow enough that the server is what takes time, and not the reading of the questions.
                _ => "SELECT count(*) FROM t, generate_series(1, 4000)".to_owned(),
            })
            .collect();
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let asked = questions(&asked);
        let mut told = Vec::new();
        let census = run(superuser.census_told(&asked, Box::new(|done| told.push(done)))).expect("a census");
        (census, writer.join().expect("written"), told)
    });
    let found = answers(&census);
    let blind = found.iter().filter(|answer| answer.starts_with('[')).count();
    assert_eq!((found.len(), blind), (3_000, 12));
    assert!(found.iter().filter(|answer| !answer.starts_with('[')).all(|answer| *answer == found[0]), "two snapshots");
    assert!(lines >= 2, "only {lines} lines were seen at once");
    assert!(told.windows(2).all(|two| two[0] <= two[1]) && told.len() > 50, "{told:?}");
}

#[test]
fn definitions_name_what_changed_and_are_null_when_absent() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(
        "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN small AS int CHECK (VALUE < 10);
         CREATE TABLE parent (id int PRIMARY KEY);
         CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, m mood NOT NULL DEFAULT 'a', p int REFERENCES parent, twice int GENERATED ALWAYS AS (p * 2) STORED, CHECK (p > 0));
         COMMENT ON TABLE t IS 'it''s'; CREATE INDEX t_m ON t (m); CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE SEQUENCE s START 5;
         CREATE TRIGGER guard BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER guard;
         CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION e(); ALTER EVENT TRIGGER watch DISABLE;",
    ))
    .expect("loaded");
    let public = |name| ObjectName::new("public", name);
    let cases = [
        (public("t"), ObjectKind::Table, "column m public.mood not null default 'a'::public.mood"),
        (public("t"), ObjectKind::Table, "column id bigint not null generated always as identity"),
        (public("t"), ObjectKind::Table, "column twice integer generated always as ((p * 2)) stored"),
        (public("t"), ObjectKind::Table, "FOREIGN KEY (p) REFERENCES public.parent(id)"),
        (public("t"), ObjectKind::Table, "CREATE INDEX t_m ON public.t"),
        (public("t"), ObjectKind::Table, "EXECUTE FUNCTION public.f() [enabled D]"),
        (public("t"), ObjectKind::Table, "comment it's"),
        (public("v"), ObjectKind::View, "FROM public.t"),
        (public("mv"), ObjectKind::MaterializedView, "populated true"),
        (public("s"), ObjectKind::Sequence, "start 5"),
        (public("t_m"), ObjectKind::Index, "CREATE INDEX t_m"),
        (public("f"), ObjectKind::Function, "CREATE OR REPLACE FUNCTION public.f()"),
        (public("t.guard"), ObjectKind::Trigger, "enabled D"),
        (public("t.guard"), ObjectKind::Trigger, "RETURN NEW"),
        (ObjectName::new("", "watch"), ObjectKind::EventTrigger, "enabled D"),
        (public("mood"), ObjectKind::Type, "label 'b'"),
        (public("small"), ObjectKind::Type, "CHECK ((VALUE < 10))"),
        (ObjectName::new("", "public"), ObjectKind::Schema, "schema public"),
        (ObjectName::new("", "plpgsql"), ObjectKind::Extension, "version 1.0"),
    ];
    for (name, kind, part) in cases {
        let ask = |name: &ObjectName| {
            answers(&run(superuser.census(&questions(&[&definition_sql(name, kind)]))).expect("a census")).remove(0)
        };
        let text = ask(&name);
        // With the schema that people name things in on the path, names in it are written without it.
        let plain = part.replace("public.", "");
        assert!(text.contains(part) || text.contains(&plain), "{kind:?} {name}\n{text}\n  lacks {part}");
        assert_eq!(ask(&ObjectName::new(&name.schema, "absent.absent")), "NULL", "{kind:?}");
    }
}

#[test]
fn a_target_says_where_it_is() {
    let database = database();
    let superuser = database.superuser();
    let target = run(superuser.target()).expect("a target");
    assert_eq!(
        (target.database.as_str(), target.role.as_str(), target.in_recovery, target.timeline),
        (database.name.as_str(), "postgres", false, 1)
    );
    let note = run(superuser.describe()).expect("a note");
    assert_eq!(note.security, "socket");
    assert!(note.version.starts_with("PG 1"), "{}", note.version);
    assert!(matches!(run(superuser.ledger_read(0)), Err(DatabaseError::NoLedger)));
}
