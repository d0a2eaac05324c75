//! The whole ceremony via the ledger's gate: nobody's login has rights on the tables, and every guard holds as without.

use countersign::run::Outcome;

use super::stand::{Stand, refused};

/// Gives the step's tables to the executor, and everybody a login that may only read them.
const LOGINS: &str = "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER TABLE public.vocabulary OWNER TO countersign_executor; \
     ALTER TABLE public.extra OWNER TO countersign_executor; ALTER TABLE public.sacred OWNER TO countersign_executor; \
     CREATE ROLE P_hong LOGIN IN ROLE countersign_operator, countersign_rehearser, pg_read_all_stats; \
     CREATE ROLE P_lan LOGIN IN ROLE countersign_operator, pg_read_all_stats; \
     CREATE ROLE P_minh LOGIN IN ROLE countersign_reviewer; CREATE ROLE P_thu LOGIN IN ROLE countersign_reviewer; \
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO P_hong, P_lan; \
     INSERT INTO countersign.login VALUES ('P_hong', 'hong@example.test'), ('P_lan', 'lan@example.test'), \
     ('P_minh', 'minh@example.test'), ('P_thu', 'thu@example.test')";

/// Makes the gate of a stand, and a login `PREFIX_NAME` for everybody.
pub fn with_gate(stand: Stand, prefix: &str) -> Stand {
    let made = stand.over("postgres", &["ledger", "init", "--gate", "--yes", "--json"]).ok().json();
    assert_eq!((made["grants"].as_bool(), made["gate"].as_bool()), (Some(true), Some(true)));
    stand.load(&LOGINS.replace("P_", &format!("{prefix}_")));
    stand
}

fn approved(stand: &Stand, prefix: &str) -> String {
    let staged = stand.stage_via_gate(&stand.database.role(&format!("{prefix}_hong")));
    let request = staged.unwrap_or_else(|failure| panic!("{failure:?}")).request;
    for name in ["minh", "thu"] {
        stand.signed(&format!("{prefix}_{name}"), name, &["approve", &request]).ok();
    }
    request
}

#[test]
fn two_approve_and_the_server_runs_it() {
    let stand = with_gate(Stand::new(), "gate");
    let printed = stand.over("postgres", &["ledger", "init", "--print", "--gate"]).ok().out;
    assert!(printed.contains("FUNCTION countersign.gate_open") && printed.contains("TO countersign_reviewer"));
    let printed = stand.over("postgres", &["ledger", "init", "--print", "--grants"]).ok().out;
    assert!(!printed.contains("gate_open"));

    // An operator's login rehearses nothing that nobody approved, and has no rights of its own.
    let lan = stand.database.role("gate_lan");
    refused(stand.stage_via_gate(&lan), "gate_lan is not mapped to 'hong@example.test'");
    let hong = stand.database.role("gate_hong");
    refused(stand.stage_over(&hong, None), "permission denied");
    stand.load("REVOKE countersign_rehearser FROM gate_hong");
    refused(
        stand.stage_via_gate(&hong),
        "the gate did not open: the server refused (42501): permission denied for function gate_rehearse",
    );
    stand.load("GRANT countersign_rehearser TO gate_hong");
    let staged = stand.stage_via_gate(&hong).unwrap_or_else(|failure| panic!("{failure:?}"));
    assert!(!stand.is_reversed(), "a rehearsal leaves nothing");
    let trace: Vec<&str> = staged.rehearsal.trace.statements.iter().map(|sent| sent.tag.as_str()).collect();
    assert_eq!(trace, ["DELETE 3", "DROP TABLE"]);
    let request = staged.request.as_str();
    let shown = stand.over("gate_minh", &["ledger", "show", request]).ok().out;
    assert!(shown.contains("countersign_executor, by the gate; rehearsed by gate_hong"), "{shown}");

    let name = stand.database.name.clone();
    let run = ["run", request, "--via", "gate", "--confirm", &name];
    stand.signed("gate_lan", "lan", &run).fails(3, "the gate is closed: 0 of 2 people");
    stand.signed("gate_minh", "minh", &["approve", request]).ok();
    stand.signed("gate_lan", "lan", &run).fails(3, "the gate is closed: 1 of 2 people");
    stand.signed("gate_thu", "thu", &["approve", request]).ok();
    stand.load("GRANT TRIGGER ON public.vocabulary TO gate_lan");
    stand.signed("gate_lan", "lan", &run).fails(3, "may put triggers on public.vocabulary");
    stand.load("REVOKE TRIGGER ON public.vocabulary FROM gate_lan");
    stand.signed("gate_minh", "lan", &run).fails(3, "permission denied for function gate_refusal");
    assert_eq!(stand.status(request), "open", "the slips use nothing up");
    stand.signed("gate_lan", "lan", &run).ok();
    assert!(stand.is_reversed());
    let committed = stand.entries().into_iter().find(|entry| entry.kind == "committed").expect("an outcome");
    assert_eq!(committed.actor, "gate_lan");
    assert_eq!(
        stand.ask("SELECT string_agg(actor || ' ' || done || '/' || statements, ',') FROM countersign.gate_run"),
        "gate_lan 2/2"
    );
    assert_eq!(stand.ask("SELECT count(*) FROM countersign.gate_step"), "0");
}

#[test]
fn without_the_gate_in_the_plan_nothing_runs_via_it() {
    let stand = Stand::new();
    let request = stand.approved();
    let name = stand.database.name.clone();
    let run = ["run", &request, "--via", "gate", "--confirm", &name];
    stand.signed("postgres", "lan", &run).fails(3, "this plan does not run via the gate");
    let gated = Stand::new();
    refused(gated.stage_via_gate(&gated.database.superuser()), "the gate did not open");
    assert_eq!(stand.status(&request), "open");
}

#[test]
fn every_stage_is_a_transaction_of_its_own_at_the_gate_too() {
    let stand = with_gate(Stand::with_two_steps(), "stages");
    stand.load("ALTER TABLE public.second OWNER TO countersign_executor");
    let request = approved(&stand, "stages");
    let name = stand.database.name.clone();
    stand.signed("stages_lan", "lan", &["run", &request, "--confirm", &name]).ok();
    assert!(stand.is_reversed());
    assert_eq!(stand.ask("SELECT to_regclass('public.second')::text"), "");
    assert_eq!(stand.ask("SELECT count(DISTINCT xid) FROM countersign.gate_run"), "2");
}

#[test]
fn rows_notices_and_effects_are_held_as_without() {
    let stand = with_gate(Stand::new(), "held");
    let hong = stand.database.role("held_hong");
    stand.load("INSERT INTO public.vocabulary VALUES ('w', 'governance')");
    refused(stand.stage_via_gate(&hong), "rows: expected exactly 3, actual 4");
    stand.load(
        "DELETE FROM public.vocabulary WHERE code = 'w'; CREATE FUNCTION public.says() RETURNS trigger LANGUAGE plpgsql \
         AS 'BEGIN RAISE NOTICE $$[GUARD] seen$$; RETURN NULL; END'; \
         CREATE TRIGGER says AFTER DELETE ON public.vocabulary EXECUTE FUNCTION public.says()",
    );
    refused(stand.stage_via_gate(&hong), "unexpected NOTICE (00000): [GUARD] seen");
    stand.load(
        "CREATE TABLE public.seen (at int); ALTER TABLE public.seen OWNER TO countersign_executor; \
         CREATE OR REPLACE FUNCTION public.says() RETURNS trigger LANGUAGE plpgsql \
         AS 'BEGIN INSERT INTO public.seen VALUES (1); RETURN NULL; END'",
    );
    refused(stand.stage_via_gate(&hong), "public.seen");
    stand.load("DROP TRIGGER says ON public.vocabulary; DROP TABLE public.seen; DROP FUNCTION public.says()");
    let request = approved(&stand, "held");
    // What came since it was approved is held against it.
    stand.load("CREATE RULE quiet AS ON DELETE TO public.vocabulary DO INSTEAD NOTHING");
    let finished = stand.run_over(&stand.database.url.replace("user=postgres", "user=held_lan"), &request);
    let finished = finished.unwrap_or_else(|failure| panic!("{failure:?}"));
    let Outcome::RolledBack { reason, .. } = &finished.outcome else { panic!("{:?}", finished.outcome) };
    assert!(reason.contains("rows: expected exactly 3, actual 0"), "{reason}");
    assert!(!stand.is_reversed());
}
