//! A plan that nobody approved: the gate runs it where nothing can be committed.

use serde_json::{Value, json};

use super::{Gate, documents, entry, text};
use crate::support::{options, postgres, run};
use countersign::adapter::postgres::PrivateCluster;

/// A rehearsal by hand of the plan as it is, and what follows it.
fn rehearse(gate: &Gate, then: &str) -> String {
    let plan = text(&gate.plan).replace('\'', "''");
    format!("BEGIN; SELECT countersign.gate_rehearse('{plan}', 0); SELECT countersign.gate_statement(0, 0); {then}")
}

#[test]
fn a_rehearsal_ends_in_rollback_whoever_wants_what() {
    let gate = Gate::new("rehearsed");
    gate.goes(
        "author",
        &rehearse(&gate, "SELECT countersign.gate_statement(0, 1); SELECT countersign.gate_constraints(); ROLLBACK"),
    );
    assert_eq!(gate.state(), "5 extra");
    gate.refuses("op", &rehearse(&gate, "ROLLBACK"), "permission denied for function gate_rehearse");
    let recorded = entry("committed", json!({"request_digest": null, "run": null, "stage": 0}));
    for then in [
        "COMMIT",
        "SELECT countersign.gate_statement(0, 1); COMMIT",
        "SELECT countersign.gate_statement(0, 1); SELECT countersign.gate_constraints(); RECORD; COMMIT",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SAVEPOINT a; SELECT countersign.gate_statement(0, 1); ROLLBACK TO a; COMMIT",
    ] {
        gate.refuses("author", &rehearse(&gate, &then.replace("RECORD", &recorded)), "a rehearsal does not commit");
    }
    let within = rehearse(&gate, "RELEASE a; COMMIT").replacen("BEGIN;", "BEGIN; SAVEPOINT a;", 1);
    gate.refuses("author", &within, "a rehearsal does not commit");
    let early = rehearse(&gate, "COMMIT").replacen("BEGIN;", "BEGIN; SET CONSTRAINTS ALL IMMEDIATE;", 1);
    gate.refuses("author", &early, "a rehearsal does not commit");
    // Taken back whole, it leaves a transaction that may commit, with nothing in it.
    let taken_back = rehearse(&gate, "ROLLBACK TO a; COMMIT").replacen("BEGIN;", "BEGIN; SAVEPOINT a;", 1);
    gate.goes("author", &taken_back);
    assert_eq!(gate.state(), "5 extra");
    // A rehearsal and a run never share a transaction.
    gate.countersigned();
    let open = "SELECT countersign.gate_open('DIGEST', 'r1', 0)";
    gate.refuses("op", &format!("BEGIN; SELECT countersign.gate_rehearse('{{}}', 0); {open}"), "permission denied");
    gate.goes("postgres", "GRANT countersign_rehearser TO rehearsed_op");
    gate.refuses("op", &rehearse(&gate, open), "a stage is a transaction of its own");
    let plan = text(&gate.plan).replace('\'', "''");
    let other = format!("BEGIN; {open}; SELECT countersign.gate_rehearse('{plan}', 0)");
    gate.refuses("op", &other, "a stage is a transaction of its own");
}

#[test]
fn what_runs_unapproved_cannot_undo_what_forbids_its_commit() {
    let gate = &mut Gate::new("unapproved");
    gate.goes("postgres", "CREATE PROCEDURE public.commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'");
    for (sql, words) in [
        ("UPDATE countersign.gate_run SET run = 'r1', request_digest = 'x'", "permission denied for table gate_run"),
        ("DELETE FROM countersign.gate_run", "permission denied for table gate_run"),
        ("DROP TABLE countersign.gate_run", "must be owner of table gate_run"),
        ("ALTER TABLE countersign.gate_run DISABLE TRIGGER gate_guard", "must be owner of table gate_run"),
        ("DROP TRIGGER gate_guard ON countersign.gate_run", "must be owner of relation gate_run"),
        (
            "CREATE OR REPLACE FUNCTION countersign.gate_refuse(reason text) RETURNS void LANGUAGE sql AS ''",
            "permission denied for schema countersign",
        ),
        (
            "CREATE OR REPLACE FUNCTION countersign.gate_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "permission denied for schema countersign",
        ),
        (
            "INSERT INTO countersign.entry (kind, body) VALUES ('approved', '{\"kind\":\"approved\"}')",
            "permission denied for table entry",
        ),
        ("INSERT INTO countersign.login (login, principal) VALUES ('a', 'b')", "permission denied for table login"),
        ("SET session_replication_role = replica", "permission denied to set parameter"),
        ("SET ROLE countersign_owner", "cannot set parameter \"role\" within security-definer function"),
        (
            "SET SESSION AUTHORIZATION postgres",
            "cannot set parameter \"session_authorization\" within security-definer function",
        ),
        ("COMMIT", "EXECUTE of transaction commands is not implemented"),
        ("DO 'BEGIN COMMIT; END'", "invalid transaction termination"),
        ("CALL public.commits()", "invalid transaction termination"),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "pg_execute_server_program"),
        ("GRANT countersign_executor TO unapproved_author", "must have admin option on role"),
        ("SELECT countersign.gate_statement(0, 1)", "a statement is being run"),
        ("SELECT countersign.gate_done(0, 0, 0)", "query returned no rows"),
        ("SET CONSTRAINTS ALL IMMEDIATE", "a rehearsal does not commit"),
        ("DISCARD ALL", "cannot"),
        ("DELETE FROM public.vocabulary", "a rehearsal does not commit"),
        ("ALTER FUNCTION countersign.gate_statement(int, int) SECURITY INVOKER", "a rehearsal does not commit"),
        ("ALTER TABLE public.vocabulary OWNER TO unapproved_author", "must be member of role"),
    ] {
        gate.plan["stages"][0]["statements"][0] = documents::statement(sql, "DO", &Value::Null);
        let said =
            gate.send("author", &rehearse(gate, "COMMIT")).unwrap_or_else(|| panic!("it was not refused: {sql}"));
        // Later versions word two of them anew.
        let said = said
            .replace("permission denied to grant role", "must have admin option on role")
            .replace("must be able to SET ROLE", "must be member of role");
        assert!(said.contains(words), "{sql}\n  said     {said}\n  expected {words}");
        assert_eq!(gate.state(), "5 extra", "{sql}");
    }
    assert_eq!(
        gate.send(
            "postgres",
            "DO 'BEGIN IF EXISTS (SELECT FROM countersign.gate_run) THEN RAISE EXCEPTION $$left$$; END IF; END'"
        ),
        None
    );
}

#[test]
fn a_gate_whose_roles_prove_nothing_is_closed() {
    // Roles are the server's: one of its own, so that no other test meets them.
    let server = PrivateCluster::start(options()).expect("a server");
    run(postgres(&server.url("postgres")).create_database("roles")).expect("a database");
    let gate = Gate::on(crate::support::TestDatabase::on(&server, "roles"), "roles");
    gate.countersigned();
    for (make, words, unmake) in [
        (
            "GRANT countersign_executor TO roles_op",
            "roles_op may act as countersign_executor",
            "REVOKE countersign_executor FROM roles_op",
        ),
        (
            "CREATE ROLE roles_between; GRANT countersign_executor TO roles_between; GRANT roles_between TO roles_thu",
            "roles_between, roles_thu may act as countersign_executor",
            "DROP ROLE roles_between",
        ),
        ("ALTER ROLE countersign_executor LOGIN", "may log in", "ALTER ROLE countersign_executor NOLOGIN"),
        (
            "ALTER ROLE countersign_executor SUPERUSER",
            "may log in, or is a superuser",
            "ALTER ROLE countersign_executor NOSUPERUSER",
        ),
        ("ALTER ROLE countersign_executor CREATEROLE", "makes roles", "ALTER ROLE countersign_executor NOCREATEROLE"),
        (
            "GRANT countersign_operator TO countersign_executor",
            "countersign_executor may write to the ledger",
            "REVOKE countersign_operator FROM countersign_executor",
        ),
        (
            "GRANT DELETE ON countersign.gate_run TO countersign_executor",
            "countersign_executor may write to the ledger",
            "REVOKE DELETE ON countersign.gate_run FROM countersign_executor",
        ),
        (
            "GRANT pg_execute_server_program TO countersign_executor",
            "is a member of pg_execute_server_program",
            "REVOKE pg_execute_server_program FROM countersign_executor",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO roles_op",
            "may create objects in schema public",
            "REVOKE CREATE ON SCHEMA public FROM roles_op",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO PUBLIC",
            "may create objects in schema public",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        ),
        (
            "GRANT TRIGGER ON public.vocabulary TO roles_op",
            "may put triggers on public.vocabulary",
            "REVOKE TRIGGER ON public.vocabulary FROM roles_op",
        ),
        (
            "ALTER ROLE roles_op SET transform_null_equals = on",
            "this session sets transform_null_equals",
            "ALTER ROLE roles_op RESET ALL",
        ),
    ] {
        gate.goes("postgres", make);
        gate.closed(words);
        gate.goes("postgres", unmake);
    }
    gate.goes("op", &super::whole(""));
    assert_eq!(gate.state(), "2 gone");
}

#[test]
fn deferred_work_is_done_with_the_executors_rights_and_before_commit() {
    let gate = Gate::new("deferred");
    gate.goes(
        "postgres",
        "CREATE TABLE public.log (who text); ALTER TABLE public.log OWNER TO countersign_executor; \
         CREATE FUNCTION public.logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (current_user); RETURN NULL; END'; \
         CREATE CONSTRAINT TRIGGER logs AFTER DELETE ON public.vocabulary DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.logs()",
    );
    gate.countersigned();
    gate.goes("op", &super::whole(""));
    assert_eq!(gate.state(), "2 gone");
    let wrong = "DO 'BEGIN IF (SELECT count(*) FROM public.log WHERE who = $$countersign_executor$$) <> 3 THEN RAISE EXCEPTION $$not so$$; END IF; END'";
    gate.goes("postgres", wrong);
}

/// A plan of hundreds of statements goes through in a time that the test's output tells.
#[test]
fn a_very_large_plan_goes_through() {
    const MANY: usize = 300;
    let mut gate = Gate::new("large");
    let filler = "x".repeat(1000);
    gate.plan["stages"][0]["statements"] = (0..MANY)
        .map(|at| {
            documents::statement(
                &format!("UPDATE public.vocabulary SET domain = domain WHERE code = '{at} {filler}'"),
                "UPDATE",
                &json!({"exactly": 0}),
            )
        })
        .collect();
    gate.bind();
    gate.countersigned();
    let statements: String = (0..MANY).map(|at| format!("SELECT countersign.gate_statement(0, {at}); ")).collect();
    let record = super::record("r1", 0);
    let begun = std::time::Instant::now();
    gate.goes("op", &format!("BEGIN; SELECT countersign.gate_open('DIGEST', 'r1', 0); {statements} {record}; COMMIT"));
    println!("{MANY} statements of a plan of {} bytes: {} ms", text(&gate.plan).len(), begun.elapsed().as_millis());
}
