//! A step's forward build (97.2, D-16): run, looked at, rolled back, and nothing left behind.

use std::path::Path;

use super::demo::Demo;

/// A demo in which SB-11 is not built.
fn unbuilt() -> Demo {
    let demo = Demo::up(None);
    demo.psql("DELETE FROM public.event_type_registry WHERE event_domain = 'governance'");
    demo
}

fn rehearse(demo: &Demo) -> super::demo::Answer {
    demo.run(&["rehearse-build", demo.text("runbook"), "SB-11", "--baseline", demo.text("baseline"), "--json"])
}

fn write_build(demo: &Demo, sql: &str) {
    std::fs::write(Path::new(demo.text("runbook")).join("build/sb-11.sql"), sql).unwrap();
}

#[test]
fn a_build_is_run_looked_at_and_rolled_back() {
    let demo = unbuilt();
    let built = rehearse(&demo).ok().json();
    assert_eq!(built["passed"], true, "{built}");
    let build = &built["build"];
    assert!(!build["statements"].as_array().unwrap().is_empty());
    assert_eq!(build["residue"].as_array().unwrap().len(), 0);
    // What it changes is seen inside, and gone afterwards.
    let rows = build["inside"]["rows"].as_array().unwrap();
    let changed = rows.iter().filter(|row| row["verdict"] == "drifted" || row["verdict"] == "missing").count();
    assert!(changed > 0, "the checks see the build inside: {build}");
    assert_eq!(demo.psql("SELECT count(*) FROM public.event_type_registry WHERE event_domain = 'governance'"), "0");
    let plain = demo.run(&["rehearse-build", demo.text("runbook"), "SB-11", "--baseline", demo.text("baseline")]).ok();
    assert!(plain.out.contains("entry == exit, nothing was left behind"), "{}", plain.out);
    // The same step once more, when it stands already: the server says so, and nothing is left behind either.
    demo.run(&["rehearse-build", demo.text("runbook"), "SB-2", "--baseline", demo.text("baseline")])
        .fails(4, "already exists");
}

#[test]
fn what_could_leave_the_transaction_is_never_sent() {
    let demo = unbuilt();
    let rows = "INSERT INTO public.event_type_registry SELECT * FROM public.event_type_registry WHERE false";
    for (script, words) in [
        (format!("{rows};\nCOMMIT;\n{rows};"), "transaction-control"),
        (format!("{rows};\nROLLBACK;"), "transaction-control"),
        (format!("SET lock_timeout = 0;\n{rows};"), "timeouts-are-ours"),
        ("VACUUM public.event_type_registry;".to_owned(), "not-in-a-transaction"),
        ("SELECT pg_terminate_backend(1);".to_owned(), "function-call"),
        ("BEGIN;\nCOMMIT;".to_owned(), "holds no statement"),
        ("INSERT INTO".to_owned(), "syntax error"),
    ] {
        write_build(&demo, &script);
        rehearse(&demo).fails(1, words);
    }
    // As scripts for psql are written: the console opens and ends the transaction.
    write_build(&demo, &format!("BEGIN;\n{rows};\nCOMMIT;\n"));
    rehearse(&demo).ok();
    write_build(&demo, &format!("START TRANSACTION;\n{rows};\nEND;\n"));
    rehearse(&demo).ok();
}

#[test]
fn deferred_work_fails_in_the_rehearsal_and_not_at_commit() {
    let demo = unbuilt();
    write_build(
        &demo,
        "CREATE TABLE public.parent (id int PRIMARY KEY);\n\
         CREATE TABLE public.child (id int REFERENCES public.parent DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO public.child VALUES (1);\n",
    );
    rehearse(&demo).fails(4, "violates foreign key constraint");
    assert_eq!(demo.psql("SELECT to_regclass('public.child') IS NULL"), "t");
}

#[test]
fn a_build_that_would_stop_everything_says_so() {
    let demo = unbuilt();
    write_build(
        &demo,
        "INSERT INTO public.event_outbox (event_domain, event_type, payload) VALUES ('governance', 'governance.x', '{}');",
    );
    let built = rehearse(&demo).ok().json();
    assert!(built["build"]["trips"][0].as_str().unwrap().starts_with("event-emitted"), "{built}");
    // It was looked at inside alone: nothing is stopped.
    demo.run(&["stop", "show"]).ok();
}
