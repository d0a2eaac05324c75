//! An operator's login in other hands, with two approvals and an intent in the ledger.

use super::{Gate, record, whole};
use crate::support::run;

/// What may be tried inside a transaction that the gate has opened, or instead of that.
const TRIED: [(&str, &str); 34] = [
    ("SELECT countersign.gate_statement(0, 0)", "stage 1 is not open in this transaction"),
    ("OPEN; SELECT countersign.gate_statement(0, 1)", "statement 1 is the next one, not 2"),
    ("OPEN; FIRST; FIRST", "statement 2 is the next one, not 1"),
    ("OPEN; FIRST; SECOND; SECOND", "every statement of the stage has been run"),
    ("OPEN; FIRST; RECORD; COMMIT", "1 of 2 statements of the stage were run"),
    ("OPEN; COMMIT", "0 of 2 statements of the stage were run"),
    ("OPEN; FIRST; SECOND; COMMIT", "the ledger does not record this stage"),
    ("OPEN; FIRST; SECOND; OTHERS; COMMIT", "the ledger does not record this stage"),
    ("OPEN; FIRST; SECOND; LATER; COMMIT", "the ledger does not record this stage"),
    ("SELECT countersign.gate_open('DIGEST', 'r2', 0)", "run r1 has used it"),
    ("SELECT countersign.gate_open('DIGEST', NULL, 0)", "a request and a run are needed"),
    ("SELECT countersign.gate_open('DIGEST', 'r1', 1)", "the plan has no stage 1"),
    ("SELECT countersign.gate_open('0', 'r1', 0)", "no request with this digest"),
    ("OPEN; OPEN", "a stage is a transaction of its own"),
    ("OPEN; SAVEPOINT a; FIRST; ROLLBACK TO a; SECOND", "statement 1 is the next one, not 2"),
    ("OPEN; FIRST; SAVEPOINT a; SECOND; ROLLBACK TO a; RECORD; COMMIT", "1 of 2 statements"),
    ("SAVEPOINT a; OPEN; FIRST; SECOND; ROLLBACK TO a; FIRST", "stage 1 is not open"),
    ("SAVEPOINT a; OPEN; FIRST; RELEASE a; RECORD; COMMIT", "1 of 2 statements"),
    ("OPEN; ROLLBACK; BEGIN; FIRST", "stage 1 is not open"),
    ("SET CONSTRAINTS ALL IMMEDIATE; OPEN", "0 of 2 statements"),
    ("OPEN; FIRST; SET CONSTRAINTS ALL IMMEDIATE", "1 of 2 statements"),
    ("SET LOCAL session_replication_role = replica; OPEN", "permission denied to set parameter"),
    ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; OPEN", "READ COMMITTED only"),
    ("SET TRANSACTION READ ONLY; OPEN", "read-only transaction"),
    ("SET LOCAL transform_null_equals = on; OPEN; FIRST", "this session sets transform_null_equals"),
    ("OPEN; SET LOCAL default_table_access_method = heap; FIRST", "this session sets default_table_access_method"),
    ("SET LOCAL ROLE countersign_executor", "permission denied to set role"),
    ("SELECT countersign.gate_enter('DIGEST', 'r1', 0)", "permission denied for function gate_enter"),
    ("OPEN; SELECT countersign.gate_next(0, 0)", "permission denied for function gate_next"),
    ("OPEN; SELECT countersign.gate_done(0, 0, 3)", "permission denied for function gate_done"),
    ("OPEN; UPDATE countersign.gate_run SET done = 2", "permission denied for table gate_run"),
    ("OPEN; DELETE FROM countersign.gate_step", "permission denied for table gate_step"),
    ("ALTER TABLE countersign.gate_run DISABLE TRIGGER ALL", "must be owner of table gate_run"),
    ("ALTER FUNCTION countersign.gate_statement(int, int) SECURITY INVOKER", "must be owner of function"),
];

fn spelled(tried: &str) -> String {
    let words = [
        ("OPEN", "SELECT countersign.gate_open('DIGEST', 'r1', 0)".to_owned()),
        ("FIRST", "SELECT countersign.gate_statement(0, 0)".to_owned()),
        ("SECOND", "SELECT countersign.gate_statement(0, 1)".to_owned()),
        ("RECORD", record("r1", 0)),
        ("OTHERS", record("r2", 0)),
        ("LATER", record("r1", 1)),
    ];
    words.iter().fold(format!("BEGIN; {tried}"), |sql, (word, text)| sql.replace(word, text))
}

#[test]
fn nothing_but_the_whole_of_what_was_approved_goes_through_once() {
    let gate = Gate::approved("stolen");
    for (tried, words) in TRIED {
        gate.refuses("op", &spelled(tried), words);
    }
    for (who, words) in [
        ("author", "the intent of this run is stolen_op's; this is stolen_author"),
        ("minh", "permission denied for function gate_open"),
    ] {
        gate.refuses(who, &whole(""), words);
    }
    for sql in [
        "DELETE FROM public.vocabulary",
        "DROP TABLE public.extra",
        "BEGIN; LOCK TABLE public.vocabulary IN EXCLUSIVE MODE",
    ] {
        gate.refuses("op", sql, "42501");
    }
    // Its innocent twin, from a session that has tried to change what the words mean.
    gate.goes(
        "postgres",
        "CREATE SCHEMA evil AUTHORIZATION stolen_op; CREATE FUNCTION evil.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; \
         CREATE OPERATOR evil.= (FUNCTION = evil.yes, LEFTARG = text, RIGHTARG = text); \
         CREATE FUNCTION evil.greatest(int, int) RETURNS int LANGUAGE sql AS 'SELECT 0'; \
         CREATE FUNCTION evil.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 9::bigint'; GRANT USAGE ON SCHEMA evil TO PUBLIC",
    );
    gate.goes(
        "op",
        &whole(
            "CREATE TEMP TABLE vocabulary (code text, domain text); CREATE TEMP TABLE gate_run (xid text); \
             SET search_path = pg_temp, evil, pg_catalog, public; SET standard_conforming_strings = off; SET row_security = on; \
             SET statement_timeout = 0; PREPARE x AS SELECT countersign.gate_statement(0, 0);",
        ),
    );
    assert_eq!(gate.state(), "2 gone");
    // Built again, what was approved once is not run twice.
    gate.goes(
        "postgres",
        "CREATE TABLE public.extra (id int); ALTER TABLE public.extra OWNER TO countersign_executor; \
         INSERT INTO public.vocabulary VALUES ('x', 'governance'), ('y', 'governance'), ('z', 'governance')",
    );
    gate.closed("stage 1 is not the next one");
}

#[test]
fn rows_that_are_not_the_plans_do_not_commit() {
    let gate = Gate::approved("rows");
    gate.goes("postgres", "UPDATE public.vocabulary SET domain = 'governance' WHERE code = 'a'");
    gate.closed(r#"statement 1: rows: expected {"exactly":3}, actual 4"#);
    gate.goes("postgres", "UPDATE public.vocabulary SET domain = 'other' WHERE code = 'a'");
    gate.goes("op", &whole(""));
    assert_eq!(gate.state(), "2 gone");
}

#[test]
fn a_stop_that_comes_while_the_stage_is_open_is_obeyed_at_commit() {
    let gate = Gate::approved("late");
    let stop = super::entry("stopped", serde_json::json!({"condition": "by hand", "reason": "wait", "by": "minh"}));
    let slow = whole("")
        .replace("SELECT countersign.gate_constraints()", "SELECT pg_sleep(1.5)")
        .replace("DIGEST", &gate.digest());
    let (op, minh) = (gate.database.role("late_op"), gate.database.role("late_minh"));
    let (ran, stopped) = run(async {
        tokio::join!(op.load(&slow), async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            minh.load(&stop).await
        })
    });
    assert_eq!(stopped, Ok(()));
    let said = ran.expect_err("it was stopped").to_string();
    assert!(said.contains("a stop holds: by hand: wait"), "{said}");
    assert_eq!(gate.state(), "5 extra");
}

#[test]
fn two_sessions_do_not_run_at_once() {
    let gate = Gate::approved("once");
    let open = "BEGIN; SELECT countersign.gate_open('DIGEST', 'r1', 0);".replace("DIGEST", &gate.digest());
    let (one, other) = (gate.database.role("once_op"), gate.database.role("once_op"));
    let held = format!("{open} SELECT pg_sleep(1.5); ROLLBACK");
    let (held, refused) = run(async {
        tokio::join!(one.load(&held), async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            other.load(&open).await
        })
    });
    assert_eq!(held, Ok(()));
    assert!(refused.expect_err("one executor at a time").to_string().contains("55P03"));
    gate.goes("op", &whole(""));
}
