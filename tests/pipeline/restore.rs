//! The last resort (97.8): a shared table of the sample is damaged, and brought back to the byte from a dump that the stock
//! `pg_dump` took, with unrelated later rows kept.

use countersign::restore::{LaterRows, Scope};
use countersign::session::{Command, Event, RestoreChoice};
use serde_json::Value;

use super::demo::{Answer, Demo};
use super::window::{Window, sign};

const TABLE: &str = "public.event_type_registry";

/// The rows of the table that stood before the build, byte by byte.
const BEFORE: &str = "SELECT string_agg(e::text, E'\\n' ORDER BY e.event_type COLLATE \"C\") FROM public.event_type_registry AS e \
     WHERE e.event_domain NOT IN ('governance', 'billing')";

/// Somebody else's row that came after the dump.
const LATER: &str = "INSERT INTO public.event_type_registry VALUES ('billing.invoice.sent', 'billing', E'Invoice\\tsent \\\\.', true, 'handlers.billing')";

fn restore(demo: &Demo, verb: &str, more: &[&str]) -> Answer {
    let mut words = vec!["restore", verb, demo.text("runbook"), TABLE, "--dump", demo.text("dump"), "--json"];
    words.extend(["--baseline", demo.text("baseline")]);
    words.extend(more);
    demo.run(&words)
}

fn stage(demo: &Demo, more: &[&str]) -> Answer {
    let author = demo.with_role("author", &[]);
    restore(demo, "stage", &[&["--as", &author.0, "--key", &author.1], more].concat())
}

fn counts(answer: &Value) -> String {
    let difference = &answer["difference"];
    format!(
        "{}/{}/{} kept {}",
        difference["only_in_dump"], difference["changed"], difference["only_live"], answer["kept"]
    )
}

#[test]
fn a_damaged_shared_table_is_brought_back_to_the_byte_and_later_rows_stay() {
    let demo = Demo::up(Some("shared-table-damaged"));
    let undamaged = Demo::up(None);
    let wanted = undamaged.psql(BEFORE);
    demo.psql(LATER);
    assert_ne!(demo.psql(BEFORE), wanted);
    let (lan, operator) = (demo.with_role("reviewer", &[]), demo.with_role("operator", &[]));
    let minh = demo.with_role("reviewer", &[&lan.0]);

    // The table of contents: what the dump says of itself, and what of it may be restored.
    let contents =
        demo_free(&["restore", "contents", demo.text("dump"), "--runbook", demo.text("runbook"), "--json"]).ok().json();
    assert_eq!(contents["dump"]["form"], "custom");
    assert!(contents["dump"]["server_version"].is_string() && contents["dump"]["taken_at"].is_string());
    let table = |name: &str| {
        let tables = contents["tables"].as_array().unwrap();
        tables.iter().find(|table| table["table"]["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(table(TABLE)["declared"], "shared: may be restored");
    assert!(table(TABLE)["table"]["bytes"].as_u64().unwrap() > 0);
    assert_eq!(table("public.governance_relations")["declared"], "protected: never written to");

    // The default scope is the declared key: the damage is outside of it, and the rows of the build are later rows.
    let inside = restore(&demo, "diff", &[]).ok().json();
    assert_eq!(counts(&inside), "0/0/0 kept 3");
    let seen = restore(&demo, "diff", &["--whole-table"]).fails(1, "2 to insert, 2 to update, 0 to delete").json();
    assert_eq!(counts(&seen), "2/2/0 kept 4");
    assert_eq!(seen["withheld"], Value::Null);
    assert!(seen["grounds"]["evidence"][0].as_str().unwrap().starts_with("event-types-rest"), "{seen}");
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    let changed = rows.iter().find(|row| row["change"] == "changed").unwrap();
    assert_eq!(changed["differs"], serde_json::json!(["active", "handler_ref"]), "{changed}");
    let only = restore(&demo, "diff", &["--whole-table", "--only", "only_in_dump", "--holding", "archived"]);
    assert_eq!(only.fails(1, "").json()["rows"].as_array().unwrap().len(), 1);

    let staged = stage(&demo, &["--whole-table"]).ok().json();
    let request = staged["request"].as_str().unwrap();
    let shown = demo.run(&["ledger", "show", request]).ok().out;
    assert!(shown.contains("restore public.event_type_registry on directus"), "{shown}");
    assert!(
        shown.contains("2 to insert, 2 to update, 0 to delete") && shown.contains("because    event-types-rest"),
        "{shown}"
    );
    // An approval of a run is no approval of a restore, and it needs two people as well.
    demo.run_as(&lan, &["approve", request]).ok();
    demo.run_as(&operator, &["run", request, "--confirm", "directus", "--dump", demo.text("dump")]).fails(3, "1 of 2");
    demo.run_as(&minh, &["approve", request]).ok();
    demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(2, "no dump is named");
    let run = ["run", request, "--confirm", "directus", "--dump", demo.text("dump"), "--json"];
    let ran = demo.run_as(&operator, &run).ok().json();
    assert_eq!((&ran["outcome"], &ran["verified_after"]), (&"committed".into(), &true.into()), "{ran}");

    assert_eq!(demo.psql(BEFORE), wanted, "to the byte");
    let kept = "SELECT count(*) FILTER (WHERE event_domain = 'governance') || '/' || count(*) FILTER (WHERE event_domain = 'billing') \
                FROM public.event_type_registry";
    assert_eq!(demo.psql(kept), "3/1");
    assert_eq!(counts(&restore(&demo, "diff", &["--whole-table"]).ok().json()), "0/0/0 kept 4");
    // D-74: used once. And what is as the dump says is not restored again.
    demo.run_as(&operator, &run).fails(3, "has been used");
    stage(&demo, &["--whole-table"]).fails(3, "nothing to restore");
    let folder = demo.path("finding");
    demo.run_as(&operator, &["finding", "export", request, "--out", super::demo::text(&folder)]).ok();
    super::demo::countersign(&["finding", "verify", super::demo::text(&folder)]).ok();
    let allowed = std::fs::read_to_string(folder.join("allowed_signers")).unwrap();
    assert!(allowed.contains("countersign-restore"), "{allowed}");
    demo.run(&["ledger", "verify"]).ok();
}

/// A verb that needs no database.
fn demo_free(words: &[&str]) -> Answer {
    super::demo::countersign(words)
}

#[test]
fn what_changed_since_the_approval_refuses_the_run_and_keeps_nothing() {
    let demo = Demo::up(Some("shared-table-damaged"));
    let (lan, operator) = (demo.with_role("reviewer", &[]), demo.with_role("operator", &[]));
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let approved = || {
        let staged = stage(&demo, &["--whole-table"]).ok().json();
        let request = staged["request"].as_str().unwrap().to_owned();
        demo.run_as(&lan, &["approve", &request]).ok();
        demo.run_as(&minh, &["approve", &request]).ok();
        request
    };
    // Another difference: the check of the table says so first, because nobody may write between.
    let request = approved();
    demo.psql("UPDATE public.event_type_registry SET title = 'another' WHERE event_type = 'task.card.moved'");
    let damaged = demo.psql(BEFORE);
    let run =
        |request: &str, dump: &str| demo.run_as(&operator, &["run", request, "--confirm", "directus", "--dump", dump]);
    run(&request, demo.text("dump")).fails(4, "when it was approved");
    assert_eq!(demo.psql(BEFORE), damaged);
    // Another dump.
    let request = approved();
    let other = demo.path("other.dump");
    let url = format!("--dbname={}", demo.text("url"));
    let dumped =
        std::process::Command::new("pg_dump").args(["-Fc", "-t", TABLE, &url, "-f"]).arg(&other).status().unwrap();
    assert!(dumped.success());
    run(&request, other.to_str().unwrap()).fails(4, "this is not the dump that was approved");
    assert_eq!(demo.psql(BEFORE), damaged);
}

#[test]
fn it_is_offered_as_the_last_resort_only_and_for_declared_tables_only() {
    let demo = Demo::up(Some("shared-table-damaged"));
    let author = demo.with_role("author", &[]);
    let stage_table = |table: &str, more: &[&str]| {
        let words = [
            "restore",
            "stage",
            demo.text("runbook"),
            table,
            "--dump",
            demo.text("dump"),
            "--baseline",
            demo.text("baseline"),
        ];
        demo.run_as(&author, &[&words, more].concat())
    };
    // No count of this table is off.
    stage_table("public.queue_heartbeat", &["--whole-table"]).fails(3, "no restore is offered");
    stage_table("public.governance_relations", &[]).fails(3, "neither shared nor retire_only");
    stage_table("public.birth_registry", &[]).fails(3, "neither shared nor retire_only");
    stage_table("public.nowhere", &[]).fails(2, "holds no rows of public.nowhere");
    stage_table("public.apr_action_types", &["--whole-table", "--delete-later-rows"]).fails(3, "never deleted");
    // A tripped stop condition: nothing is restored before the restart.
    demo.psql("DELETE FROM public.governance_relations WHERE relation_code = (SELECT min(relation_code) FROM public.governance_relations)");
    stage(&demo, &["--whole-table"]).fails(6, "the stop condition relations-not-reconciled");
}

/// What a person chooses in the window.
fn choice(demo: &Demo) -> RestoreChoice {
    RestoreChoice {
        dump: demo.text("dump").into(),
        table: "public.event_type_registry".to_owned().try_into().unwrap(),
        scope: Scope::Table,
        later_rows: LaterRows::Keep,
        statement: None,
        bindings: Vec::new(),
    }
}

#[test]
fn the_window_goes_the_same_way() {
    let demo = Demo::up(Some("shared-table-damaged"));
    let wanted = Demo::up(None).psql(BEFORE);
    demo.psql(LATER);
    let window = Window::open(&demo, demo.text("baseline"));
    let dump = demo.text("dump");
    let contents = window.ask(Command::OpenDump(dump.into()));
    assert!(contents.iter().any(|event| matches!(event, Event::DumpOpened { .. })));
    let seen =
        window.ask(Command::CompareWithDump(Box::new(choice(&demo)))).into_iter().find_map(|event| match event {
            Event::DifferenceSeen(seen) => Some(seen),
            _ => None,
        });
    let seen = seen.expect("a difference").restore.difference.digest;
    let found =
        window.ask(Command::SearchDifference("archived".to_owned())).into_iter().find_map(|event| match event {
            Event::DifferenceSearched(found) => found,
            _ => None,
        });
    assert_eq!(found.expect("rows").1.len(), 1);
    let author = sign(&demo.with_role("author", &[]));
    let staged = window.ask(Command::StageRestore { choice: Box::new(choice(&demo)), seen, signer: author });
    let (request, digest) = staged
        .into_iter()
        .find_map(|event| match event {
            Event::Staged { request, digest } => Some((request, digest)),
            _ => None,
        })
        .expect("a request");
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    for reviewer in [&lan, &minh] {
        window.ask(Command::Approve { request: request.clone(), digest, signer: sign(reviewer) });
    }
    let (confirm, signer) = ("directus".to_owned(), sign(&demo.with_role("operator", &[])));
    window.ask(Command::RunRestore { request, confirm, dump: dump.into(), signer });
    assert_eq!(demo.psql(BEFORE), wanted);
    assert_eq!(demo.psql("SELECT count(*) FROM public.event_type_registry WHERE event_domain = 'billing'"), "1");
}

#[test]
fn a_comparison_is_cancelled_at_the_server_too() {
    let demo = Demo::up(Some("shared-table-damaged"));
    let window = Window::open(&demo, demo.text("baseline"));
    // Somebody holds the table: the comparison waits.
    let mut holder = super::session::Psql::at(&demo);
    holder.tell("BEGIN; LOCK TABLE public.event_type_registry IN ACCESS EXCLUSIVE MODE;");
    super::session::wait_for(&demo, "state = 'idle in transaction'");
    window.send(Command::CompareWithDump(Box::new(choice(&demo))));
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'public.event_type_registry'::regclass";
    let give_up = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while demo.psql(waits) == "0" {
        assert!(std::time::Instant::now() < give_up, "it never waited");
    }
    window.send(Command::Cancel);
    let (said, failure) = window.heard();
    assert!(!said.iter().any(|event| matches!(event, Event::DifferenceSeen(_))));
    let failure = failure.expect("a failure");
    assert_eq!(failure.message, "the comparison was cancelled");
    while demo.psql(waits) != "0" {
        assert!(std::time::Instant::now() < give_up, "the server works on");
    }
}
