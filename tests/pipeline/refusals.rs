//! What is refused on the way, each with its exit code and its words; nothing is lost by a refusal.

use super::demo::{Demo, countersign, text};

#[test]
fn who_may_not_sign_is_told_so() {
    let demo = Demo::up(None);
    let author = demo.with_role("author", &[]);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let thu = demo.with_role("reviewer", &[&lan.0, &minh.0]);
    let operator = demo.with_role("operator", &[]);
    let agent = demo.person("agent");
    let staged = demo.stage(&["SB-1"]).ok().json();
    let request = staged["request"].as_str().unwrap();

    demo.run_as(&agent, &["approve", request]).fails(3, "is an agent");
    demo.run_as(&author, &["approve", request]).fails(3, "role");
    demo.run_as(&("stranger@example.test".to_owned(), lan.1.clone()), &["approve", request])
        .fails(3, "not on the roster");
    // Lan's name with Minh's key.
    demo.run_as(&(lan.0.clone(), minh.1.clone()), &["approve", request]).fails(3, "does not hold");
    demo.run_as(&lan, &["approve", request]).ok();
    demo.run_as(&lan, &["approve", request]).fails(3, "signed already");
    demo.run_as(&lan, &["withdraw", request, "--reason", "second thoughts"]).ok();
    demo.run_as(&minh, &["approve", request]).ok();
    demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(3, "1 of 2");
    // Withdrawn for good: the old signature, appended again by anybody, would be the same bytes.
    demo.run_as(&lan, &["approve", request]).fails(3, "that is for good");
    demo.run_as(&thu, &["approve", request]).ok();
    demo.run_as(&agent, &["run", request, "--confirm", "directus"]).fails(3, "is an agent");
    demo.run_as(&author, &["run", request, "--confirm", "directus"]).fails(3, "role");

    // A rejection is for good.
    demo.run_as(&minh, &["reject", request, "--reason", "wrong window"]).ok();
    demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(3, "rejected it: wrong window");
}

#[test]
fn what_changed_since_the_approval_rolls_back() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    let operator = demo.with_role("operator", &[]);
    let staged = demo.stage(&["SB-11"]).ok().json();
    let request = staged["request"].as_str().unwrap();
    demo.run_as(&lan, &["approve", request]).ok();
    demo.run_as(&minh, &["approve", request]).ok();
    let before = "SELECT count(*) FROM public.event_type_registry WHERE event_domain = 'governance'";
    let count = demo.psql(before);
    demo.psql(
        "DELETE FROM public.event_type_registry WHERE ctid = (SELECT ctid FROM public.event_type_registry \
         WHERE event_domain = 'governance' LIMIT 1)",
    );
    demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(4, "when it was approved");
    let now: u32 = demo.psql(before).parse().unwrap();
    assert_eq!(now + 1, count.parse::<u32>().unwrap(), "nothing but what we took away is gone");
    // A failed run voids the approvals.
    demo.run_as(&operator, &["run", request, "--confirm", "directus"]).fails(3, "has been used");
}

#[test]
fn bad_input_is_named_and_loses_nothing() {
    let demo = Demo::up(None);
    let lan = demo.with_role("reviewer", &[]);
    let runbook = demo.text("runbook");
    demo.run(&["diagnose", runbook, "SB-99"]).fails(2, "there is no step SB-99; the steps are");
    demo.run_as(&lan, &["approve", "feedfacecafe"]).fails(2, "there is no request");
    demo.run_as(&(lan.0.clone(), "/nonexistent/key".to_owned()), &["approve", "feedfacecafe"]).fails(2, "no request");
    countersign(&["check", text(&demo.path("nowhere"))]).fails(2, "cannot read");
    countersign(&["diagnose", runbook, "--db", "host=/nonexistent dbname=directus user=x"]).fails(7, "cannot connect");
    countersign(&["check", "--explain", "no-such-rule"]).fails(2, "there is no rule");
    countersign(&["census"]).fails(2, "RUNBOOK");

    // A runbook with an unknown key and a broken script still opens, and says where.
    let toml = std::path::Path::new(runbook).join("runbook.toml");
    let good = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, good.replace("[timeouts]", "[timeouts]\nlokc = \"3s\"")).unwrap();
    let found = countersign(&["check", runbook]).fails(2, "1 error");
    assert!(found.out.contains("runbook.toml:") && found.out.contains("lokc"), "{}", found.out);
    std::fs::write(&toml, good).unwrap();
    countersign(&["check", runbook]).ok();

    // An unbound parameter never reaches the server.
    let author = demo.with_role("author", &[]);
    let words = ["stage", runbook, "SB-12", "--baseline", demo.text("baseline")];
    demo.run_as(&author, &words).fails(1, "reverse");
}

#[test]
fn a_tampered_ledger_is_found_out() {
    let demo = Demo::up(None);
    demo.run(&["ledger", "verify"]).ok();
    demo.psql(
        "SET session_replication_role = replica; ALTER TABLE countersign.entry DISABLE TRIGGER ALL; \
         UPDATE countersign.entry SET body = body || ' ' WHERE seq = 1; \
         ALTER TABLE countersign.entry ENABLE TRIGGER ALL",
    );
    demo.run(&["ledger", "verify"]).fails(3, "entry 1");
    demo.stage(&["SB-1"]).fails(3, "");
}

#[test]
fn without_a_display_the_demo_says_where_to_go() {
    countersign(&["demo"]).fails(2, "demo up");
    countersign(&[]).fails(2, "demo up");
}
