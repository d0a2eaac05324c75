//! The disaster stop of 97.10: each condition stops all desks, by look, by run, by watch and by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::cli::wiring;
use countersign::session::{Command, Environment, Event, KnownLedgers, Latch, Worker, World};

use super::demo::{Answer, Demo, countersign_at, text};
use crate::support::runtime;

/// Each drill that stops everything, with the condition that trips and the words of its evidence.
const DRILLS: [(&str, &str, &str); 6] = [
    ("event-emitted", "event-emitted", "governance.owner.assigned"),
    ("missing-approval-row", "missing-approval-row", "SB-2"),
    ("handler-ref-flipped", "handler-ref-flipped", "handlers.governance.on_found"),
    ("relations-altered", "relations-altered", "weight"),
    ("guard-error", "guard-escalated", "ERROR"),
    ("drifted-count", "relations-not-reconciled", "actual   7"),
];

/// Every verb that writes to the target refuses at this desk, and says what stopped it.
pub fn refuses(demo: &Demo, home: &Path, request: Option<&str>, condition: &str) {
    let author = demo.with_role("author", &[]);
    let reviewer = demo.with_role("reviewer", &[]);
    let operator = demo.with_role("operator", &[]);
    let (runbook, baseline) = (demo.text("runbook"), demo.text("baseline"));
    demo.at(home, &["rehearse", runbook, "SB-11", "--baseline", baseline]).fails(6, condition);
    let words = ["stage", runbook, "SB-11", "--baseline", baseline, "--as", &author.0, "--key", &author.1];
    demo.at(home, &words).fails(6, condition);
    let Some(request) = request else { return };
    demo.at(home, &["approve", request, "--as", &reviewer.0, "--key", &reviewer.1]).fails(6, condition);
    let words = ["run", request, "--confirm", "directus", "--as", &operator.0, "--key", &operator.1];
    demo.at(home, &words).fails(6, condition);
}

fn check(answer: Answer, condition: &str) {
    answer.fails(6, condition);
}

#[test]
fn each_condition_stops_every_desk_with_its_evidence() {
    for (scenario, condition, evidence) in DRILLS {
        let demo = Demo::up(Some(scenario));
        let (one, other) = (demo.path("one"), demo.path("other"));
        // The first desk looks and latches; looking again adds nothing.
        let looked = ["stop", "check", demo.text("runbook"), "--baseline", demo.text("baseline")];
        check(demo.at(&one, &looked), condition);
        check(demo.at(&one, &looked), condition);
        let diagnose = ["diagnose", demo.text("runbook"), "--baseline", demo.text("baseline")];
        check(demo.at(&other, &diagnose), condition);
        let log = demo.at(&other, &["ledger", "log", "--json"]).ok().json();
        let stops = log["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "stopped").count();
        assert_eq!(stops, 1, "{scenario}");
        // The second desk has looked at nothing but the ledger, and is stopped as well.
        let shown = demo.at(&other, &["stop", "show"]).fails(6, condition);
        assert!(shown.out.contains(evidence), "{scenario}: expected `{evidence}` in:\n{}", shown.out);
        refuses(&demo, &one, None, condition);
        refuses(&demo, &other, None, condition);
    }
}

#[test]
fn a_disaster_between_approval_and_run_stops_before_anything_is_begun() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let operator = demo.with_role("operator", &[]);
    let staged = demo.stage(&["SB-11"]).ok().json();
    let request = staged["request"].as_str().unwrap();
    demo.run_as(&lan, &["approve", request]).ok();
    demo.run_as(&minh, &["approve", request]).ok();
    demo.psql("UPDATE public.trigger_guard_settings SET level = 'ERROR'");
    let run = ["run", request, "--confirm", "directus"];
    let stopped = demo.run_as(&operator, &run).fails(6, "guard-escalated");
    assert!(stopped.err.contains("expected WARNING, actual ERROR"), "{}", stopped.err);
    let log = demo.run(&["ledger", "log", "--json"]).ok().json();
    let kinds: Vec<&str> = log["entries"].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert!(kinds.contains(&"stopped") && !kinds.contains(&"intent"), "{kinds:?}");
    let shown = demo.run(&["stop", "show", "--json"]).fails(6, "guard-escalated").json();
    assert_eq!(shown["stop"]["detail"]["request"], request);
    assert_eq!(shown["stop"]["detail"]["moment"], "preflight");
    // The cause is gone, the stop is not: it lasts until a restart, whoever looks.
    demo.psql("UPDATE public.trigger_guard_settings SET level = 'WARNING'");
    demo.run(&["stop", "check", demo.text("runbook"), "--baseline", demo.text("baseline")]).ok();
    demo.run_as(&operator, &run).fails(6, "a disaster stop holds since");
}

#[test]
fn a_stuck_session_is_quarantined_by_name() {
    let demo = Demo::up(Some("open-transaction"));
    // Nobody waits a quarter of an hour for a test.
    let runbook = Path::new(demo.text("runbook")).join("runbook.toml");
    let patient = std::fs::read_to_string(&runbook).unwrap();
    std::fs::write(&runbook, patient.replace("interval '15 minutes'", "interval '0 minutes'")).unwrap();
    let looked = ["stop", "check", demo.text("runbook"), "--baseline", demo.text("baseline")];
    demo.run(&looked).fails(6, "stuck-session");
    let shown = demo.run(&["stop", "show", "--json"]).fails(6, "stuck-session").json();
    let session = &shown["stop"]["detail"]["session"];
    assert_eq!(session["application"], "phase1-build");
    assert_eq!(session["state"], "idle in transaction");
    assert!(session["backend_start"].is_string() && session["xact_start"].is_string(), "{session}");
    assert!(session["last_statement"].as_str().unwrap().contains("gov_worker_cursor"), "{session}");
    assert!(!session["locks"].as_array().unwrap().is_empty(), "{session}");
}

#[test]
fn anybody_on_the_roster_stops_by_hand_and_nobody_else() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    // A roster is known from the first request on.
    demo.stage(&["SB-11"]).ok();
    let declare = ["stop", "declare", "--reason", "smoke in the server room", "--step", "SB-1"];
    demo.run(&["stop", "show"]).ok();
    let stranger = demo.path("stranger");
    let mut made = std::process::Command::new("ssh-keygen");
    made.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&stranger);
    assert!(made.status().unwrap().success());
    demo.run_as(&(lan.0.clone(), text(&stranger).to_owned()), &declare).fails(3, "is not listed for");
    demo.run_as(&("eve@example.test".to_owned(), lan.1.clone()), &declare).fails(3, "is not on the roster");
    demo.run_as(&lan, &["stop", "declare", "--reason", " "]).fails(2, "a reason is needed");
    demo.run(&["stop", "show"]).ok();
    demo.run_as(&lan, &declare).ok();
    let shown = demo.run(&["stop", "show", "--json"]).fails(6, "declared by hand").json();
    assert_eq!(shown["stop"]["by"], lan.0.as_str());
    assert_eq!(shown["stop"]["reason"], "smoke in the server room");
    refuses(&demo, &demo.path("other"), None, "smoke in the server room");
}

#[test]
fn a_stop_holds_here_while_the_ledger_cannot_be_written_and_is_uploaded_later() {
    let demo = Demo::up(Some("event-emitted"));
    let (one, other) = (demo.path("one"), demo.path("other"));
    demo.psql("ALTER DATABASE directus SET default_transaction_read_only = on");
    let looked = ["stop", "check", demo.text("runbook"), "--baseline", demo.text("baseline")];
    let here = demo.at(&one, &looked).fails(6, "event-emitted");
    assert!(here.out.contains("held at this desk alone"), "{}", here.out);
    demo.at(&one, &looked).fails(6, "event-emitted");
    let shown = demo.at(&one, &["stop", "show", "--json"]).fails(6, "event-emitted").json();
    assert_eq!(shown["held_here"].as_array().unwrap().len(), 1, "{shown}");
    assert!(shown["stop"].is_null());
    demo.at(&one, &["stop", "upload"]).fails(1, "25006");
    // It is over, and the desk that saw it is still stopped.
    demo.psql("BEGIN READ WRITE; ALTER DATABASE directus RESET default_transaction_read_only; COMMIT");
    demo.psql("DELETE FROM public.event_outbox WHERE event_domain = 'governance'");
    demo.at(&one, &["rehearse", demo.text("runbook"), "SB-11", "--baseline", demo.text("baseline")])
        .fails(6, "holds at this desk");
    demo.at(&other, &["rehearse", demo.text("runbook"), "SB-11", "--baseline", demo.text("baseline")]).ok();
    demo.at(&one, &["stop", "upload"]).ok();
    demo.at(&one, &["stop", "upload"]).ok();
    let shown = demo.at(&other, &["stop", "show", "--json"]).fails(6, "event-emitted").json();
    assert!(shown["stop"]["detail"]["held_here_since"].is_string(), "{shown}");
    refuses(&demo, &other, None, "event-emitted");
}

#[test]
fn a_reader_says_what_he_saw_and_latches_nothing() {
    let demo = Demo::up(Some("event-emitted"));
    demo.run(&["ledger", "init", "--grants", "--yes"]).ok();
    demo.psql("CREATE ROLE watcher LOGIN");
    demo.psql("GRANT pg_read_all_data, pg_read_all_stats, countersign_reader TO watcher");
    let url = demo.text("url").replace("user=postgres", "user=watcher");
    assert_ne!(url, demo.text("url"));
    let home = demo.path("reader");
    let words = ["diagnose", demo.text("runbook"), "--baseline", demo.text("baseline"), "--db", &url];
    let said = countersign_at(&home, &words).fails(6, "event-emitted");
    assert!(said.err.contains("NOT latched: this login may not write the ledger"), "{}", said.err);
    demo.run(&["stop", "show"]).ok();
}

#[test]
fn an_open_window_sees_it_and_stops_everybody() {
    let demo = Demo::up(None);
    let home = demo.path("window");
    let world = World { ledgers: Arc::new(KnownLedgers::new(Some(home))), ..wiring::world() };
    let link = {
        let _inside = runtime().enter();
        Worker::start_watching(world, Arc::new(|| ()), 2)
    };
    let send = |command| link.commands.blocking_send(command).unwrap();
    send(Command::OpenRunbook(demo.text("runbook").into()));
    send(Command::Connect { text: demo.text("url").to_owned(), environment: Environment::Staging });
    send(Command::OpenBaseline(demo.text("baseline").into()));
    let give_up = Instant::now() + Duration::from_mins(2);
    let next = |what: &str| {
        let left = give_up.saturating_duration_since(Instant::now());
        link.events.recv_timeout(left).unwrap_or_else(|_| panic!("never heard of {what}"))
    };
    while !matches!(next("the baseline"), Event::BaselineOpened { .. }) {}
    demo.psql("UPDATE public.trigger_guard_settings SET level = 'ERROR'");
    let mut said = Vec::new();
    while said.is_empty() {
        if let Event::Watched { tripped, latch: Latch::Ledger(_), held_here: 0 } = next("the stop") {
            said = tripped.iter().map(|tripped| tripped.id.clone()).collect();
        }
    }
    assert_eq!(said, ["guard-escalated"]);
    // The window shows the ledger's stop as well, and every other desk is stopped.
    loop {
        if let Event::LedgerRead(view) = next("the ledger")
            && let Some(stop) = view.state.stop()
        {
            assert_eq!(stop.condition, "guard-escalated");
            break;
        }
    }
    let shown = demo.run(&["stop", "show", "--json"]).fails(6, "guard-escalated").json();
    assert_eq!(shown["stop"]["detail"]["moment"], "watch");
    refuses(&demo, &demo.path("other"), None, "guard-escalated");
    // A watch that has said it says it once.
    let quiet = link.events.recv_timeout(Duration::from_secs(5));
    assert!(!matches!(quiet, Ok(Event::Watched { .. })), "it was said twice");
}
