//! Staging and signing: nothing is approved before everything was opened and acknowledged.

use std::sync::Arc;

use countersign::approval::{ApprovalRefusal, Decision, Namespace};
use countersign::census::{Comparison, Verdict};
use countersign::ledger::RequestStatus;
use countersign::plan::Via;
use countersign::port::KeyChoice;
use countersign::rehearsal::Residue;
use countersign::session::{Command, Event};
use countersign::ui::Page;
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;
use super::fixture;
use super::shell::connected;

pub fn choose(desk: &mut Desk, form: &str, person: &str) {
    desk.click(&format!("Who signs ({form})"));
    desk.harness.run_steps(4);
    desk.harness.get_all_by_label_contains(&format!("· {person}")).last().unwrap().click();
    desk.harness.run_steps(4);
}

#[test]
fn approve_waits_until_everything_was_opened_acknowledged_and_chosen() {
    let mut desk = connected();
    desk.go(Page::Approvals);
    let approve = "Approve SB-10, SB-12 on directus";
    desk.must_say("Waits for: opening the script SB-10").must_say("Waits for: acknowledging 1 hazard");
    assert!(!desk.can(approve));
    desk.click("Open script SB-10");
    assert_eq!(desk.harness.state().page(), Page::Script);
    desk.must_say("1: DROP TABLE candidate_scan_run;");
    desk.go(Page::Approvals).must_not_say("Waits for: opening the script SB-10");
    desk.click("Open script SB-12").go(Page::Approvals);
    desk.click("I acknowledge hazard 1: fires-trigger").must_not_say("acknowledging");
    assert!(!desk.can(approve), "nobody is chosen");
    choose(&mut desk, "approve", "minh@example.test");
    assert!(!desk.can(approve), "no key is chosen");
    desk.type_into("Private key file", "/keys/minh");
    desk.type_into("Passphrase, if the key has one", "geheim");
    desk.must_not_say("Waits for");
    assert!(desk.can(approve));
    desk.sent();
    desk.click(approve);
    let sent = desk.sent();
    let [Command::Approve { request, digest, signer }] = sent.as_slice() else { panic!("one approval") };
    assert_eq!((request.as_str(), *digest), ("a41f09c27be3", fixture::request_digest()));
    assert_eq!((signer.principal.as_str(), &signer.key), ("minh@example.test", &KeyChoice::File("/keys/minh".into())));
    assert_eq!(signer.passphrase.as_ref().map(|typed| typed.as_str()), Some("geheim"));
    desk.hear(Event::Decided("Trần Quốc Minh approved a41f09c27be3".to_owned()));
    assert!(matches!(desk.sent().as_slice(), [Command::ReadLedger]));
    desk.hear(fixture::ledger_read(&["minh@example.test"]));
    desk.must_say("Trần Quốc Minh approved").must_not_say("geheim");
}

#[test]
fn the_card_says_exactly_what_is_signed() {
    let mut desk = connected();
    desk.hear(fixture::ledger_read(&["minh@example.test"]));
    desk.go(Page::Approvals);
    let groups = fixture::request_digest().groups();
    desk.must_say(&groups[..39]).must_say(&groups[40..]).must_say(&fixture::request_digest().phrase());
    desk.must_say("Reverse SB-10, SB-12 on directus").must_say("origin_key = governance-ruleset-v1");
    desk.must_say("4 statements in 2 transactions").must_say("exactly 1 row").must_say("in 7 h 21 min");
    desk.must_say("1 of 2 people have approved").must_say("minh@example.test").must_say("SHA256:");
    desk.must_say("May still approve: huong@example.test");
}

#[test]
fn a_check_that_did_not_pass_inside_must_be_opened_too() {
    let mut view = fixture::request_view(&[]);
    let mut rehearsal = fixture::rehearsal();
    let drifted = fixture::row("births", "Birth registry", "birth_registry", ("5", "5", "9"), Verdict::Drifted);
    rehearsal.inside = vec![Comparison { rows: vec![drifted] }];
    view.rehearsal = Arc::new(rehearsal);
    let mut desk = connected();
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(Some(view), RequestStatus::Open))));
    desk.go(Page::Approvals).must_say("Waits for: opening the check births");
    desk.click("Open births").must_say("expected 5, was 9").must_not_say("Waits for: opening the check births");
}

#[test]
fn a_request_is_saved_and_its_signature_imported() {
    let mut desk = connected();
    desk.go(Page::Approvals).must_not_say("Signature file");
    desk.click("Sign on another machine…");
    desk.must_say("ssh-keygen -Y sign -n countersign-run -f KEY request.json");
    desk.must_say("Import waits for: choosing who signed");
    desk.type_into("File to sign", "/desk/a41f.json");
    desk.must_say("-f KEY a41f.json");
    desk.sent();
    desk.click("Save request to sign");
    match desk.sent().as_slice() {
        [Command::SaveToSign { request, decision: None, path }] => {
            assert_eq!((request.as_str(), path.as_os_str().to_str()), ("a41f09c27be3", Some("/desk/a41f.json")));
        }
        _ => panic!("one file"),
    }
    desk.hear(Event::SavedToSign { path: "/desk/a41f.json".into(), namespace: Namespace::Run });
    desk.must_say("Wrote /desk/a41f.json");

    desk.type_into("Signature file", "/desk/a41f.json.sig");
    assert!(!desk.can("Import signature"), "nobody is chosen");
    choose(&mut desk, "approve", "minh@example.test");
    // Whoever signed elsewhere opened the scripts there: this desk asks only whose signature it is.
    desk.must_say("Waits for: opening the script SB-10").must_not_say("Import waits for");
    desk.click("Import signature");
    match desk.sent().as_slice() {
        [Command::ImportSignature { request, digest, decision: None, principal, path }] => {
            assert_eq!((request.as_str(), *digest), ("a41f09c27be3", fixture::request_digest()));
            assert_eq!(principal.as_str(), "minh@example.test");
            assert_eq!(path.as_os_str(), "/desk/a41f.json.sig");
        }
        _ => panic!("one signature"),
    }
    desk.hear(Event::Decided("minh@example.test approved a41f09c27be3 elsewhere: 1 of 2".to_owned()));
    assert!(matches!(desk.sent().as_slice(), [Command::ReadLedger]));
}

#[test]
fn a_decision_is_saved_and_imported_with_its_reason() {
    for (choice, word, decision) in
        [("Reject", "countersign-reject", Decision::Reject), ("Withdraw", "countersign-withdraw", Decision::Withdraw)]
    {
        let mut desk = connected();
        desk.go(Page::Approvals).click(choice).click("Sign on another machine…");
        choose(&mut desk, "approve", "minh@example.test");
        desk.must_say(word).must_say("Import waits for: a reason");
        desk.type_into("File to sign", "/desk/no.json");
        desk.type_into("Signature file", "/desk/no.json.sig");
        assert!(!desk.can("Save decision to sign") && !desk.can("Import signature"));
        desk.type_into("Reason", "the counts moved");
        desk.sent();
        desk.click("Save decision to sign");
        let said = Some((decision, "the counts moved".to_owned()));
        assert!(matches!(desk.sent().as_slice(), [Command::SaveToSign { decision, .. }] if *decision == said));
        desk.hear(Event::SavedToSign { path: "/desk/no.json".into(), namespace: decision.namespace() });
        desk.click("Import signature");
        assert!(matches!(desk.sent().as_slice(), [Command::ImportSignature { decision, .. }] if *decision == said));
    }
}

#[test]
fn a_void_request_takes_no_signature_from_elsewhere() {
    let mut view = fixture::request_view(&[]);
    view.standing.void = Some(ApprovalRefusal::Expired(fixture::at("2026-06-01T12:00:00Z")));
    let mut desk = connected();
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(Some(view), RequestStatus::Open))));
    desk.go(Page::Approvals).click("Sign on another machine…");
    choose(&mut desk, "approve", "minh@example.test");
    desk.type_into("Signature file", "/desk/a41f.json.sig");
    desk.must_say("Import waits for: a new request: the request expired");
    assert!(!desk.can("Import signature"));
}

#[test]
fn rejecting_and_withdrawing_need_a_reason() {
    for (choice, deed) in
        [("Reject", "Reject request a41f09c27be3"), ("Withdraw", "Withdraw my approval of a41f09c27be3")]
    {
        let mut desk = connected();
        desk.go(Page::Approvals).click(choice);
        choose(&mut desk, "approve", "lan@example.test");
        desk.must_say("Waits for: a reason");
        assert!(!desk.can(deed));
        desk.type_into("Reason", "the counts moved");
        assert!(desk.can(deed), "the demo's key is offered first");
        desk.sent();
        desk.click(deed);
        match desk.sent().as_slice() {
            [Command::Reject { reason, signer, .. } | Command::Withdraw { reason, signer, .. }] => {
                assert_eq!((reason.as_str(), signer.key.to_string().as_str()), ("the counts moved", "/demo/lan"));
                assert!(signer.passphrase.is_none());
            }
            _ => panic!("one decision"),
        }
    }
}

#[test]
fn a_void_request_and_signatures_that_do_not_count_say_why() {
    let mut view = fixture::request_view(&["minh@example.test"]);
    view.standing.void = Some(ApprovalRefusal::Expired(fixture::at("2026-06-01T12:00:00Z")));
    view.standing.refused = vec![("lan@example.test".into(), ApprovalRefusal::IsRequester("lan@example.test".into()))];
    let mut desk = connected();
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(Some(view), RequestStatus::Open))));
    desk.go(Page::Approvals).must_say("Nobody can run it now: the request expired at");
    desk.must_say("lan@example.test does not count: lan@example.test requested this and may not approve it");
    desk.must_say("Waits for: a new request");
}

#[test]
fn an_agent_key_is_listed_and_chosen() {
    let mut desk = connected();
    desk.go(Page::Approvals).click("ssh-agent").click("List the agent's keys");
    assert!(matches!(desk.sent().as_slice(), [Command::ListAgentKeys]));
    let key = countersign::port::AgentKey {
        fingerprint: "SHA256:abc".to_owned(),
        comment: "minh@desk".to_owned(),
        public_key: String::new(),
    };
    desk.hear(Event::AgentKeys(vec![key])).must_say("minh@desk  SHA256:abc");
    desk.hear(Event::AgentKeys(Vec::new())).must_say("ssh-agent holds no keys");
}

#[test]
fn staging_asks_steps_parameters_and_who() {
    let mut desk = connected();
    desk.go(Page::Rehearsal).click("Rehearse or stage");
    desk.must_say("origin_key (text)");
    desk.click("Reverse SB-10").click("Move SB-10 up");
    desk.type_into("origin_key (text)", "governance-ruleset-v1");
    desk.click("Rehearse SB-10, SB-12");
    match desk.sent().as_slice() {
        [Command::Rehearse { steps, bindings }] => {
            assert_eq!(steps.iter().map(countersign::runbook::StepId::as_str).collect::<Vec<_>>(), ["SB-10", "SB-12"]);
            assert_eq!(bindings, &[("origin_key".to_owned(), "governance-ruleset-v1".to_owned())]);
        }
        _ => panic!("one rehearsal"),
    }
    desk.hear(fixture::rehearsed(fixture::rehearsal()));
    assert!(!desk.can("Stage SB-10, SB-12"));
    choose(&mut desk, "stage", "lan@example.test");
    desk.click("Stage SB-10, SB-12");
    assert!(
        matches!(desk.sent().as_slice(), [Command::Stage { signer, .. }] if signer.principal.as_str() == "lan@example.test")
    );
    desk.hear(Event::Staged { request: "a41f09c27be3".to_owned(), digest: fixture::request_digest() });
    desk.hear(fixture::ledger_read(&[]));
    desk.must_say("Staged a41f09c27be3");
}

#[test]
fn the_gate_runs_it_only_when_that_was_asked_for() {
    let mut desk = connected();
    desk.go(Page::Rehearsal).click("Rehearse or stage");
    desk.must_say("with rights that no login has");
    choose(&mut desk, "stage", "lan@example.test");
    desk.type_into("Private key file", "/keys/lan");
    desk.click("Stage SB-12");
    assert!(matches!(desk.sent().as_slice(), [.., Command::Stage { via: None, .. }]), "nobody asked for the gate");
    desk.hear(Event::Staged { request: "a41f09c27be3".to_owned(), digest: fixture::request_digest() });
    desk.hear(fixture::ledger_read(&[]));
    desk.sent();
    desk.go(Page::Rehearsal).click("Rehearse or stage").click("Run via the gate");
    choose(&mut desk, "stage", "lan@example.test");
    desk.type_into("Private key file", "/keys/lan");
    desk.click("Stage SB-12");
    assert!(matches!(desk.sent().as_slice(), [Command::Stage { via: Some(Via::Gate), .. }]), "the gate was asked for");
}

/// A runbook's roster is a draft: whoever is in force signs, wherever somebody is chosen.
#[test]
fn the_people_of_the_roster_in_force_are_offered() {
    let offered = |page: Page, form: &str| {
        let mut desk = connected();
        let approved = ["minh@example.test", "huong@example.test"];
        let mut view = fixture::ledger(Some(fixture::request_view(&approved)), RequestStatus::Open);
        fixture::under_the_next_roster(&mut view);
        desk.hear(Event::LedgerRead(Arc::new(view)));
        desk.go(page);
        match page {
            Page::Rehearsal => {
                desk.click("Rehearse or stage");
            }
            Page::Findings => {
                desk.click("Write and export");
            }
            _ => {}
        }
        desk.click(&format!("Who signs ({form})"));
        desk.harness.run_steps(4);
        ["lan", "minh", "huong", "thu"].map(|who| desk.says(&format!("· {who}@example.test")))
    };
    assert_eq!(offered(Page::Approvals, "approve"), [true, true, true, true]);
    assert_eq!(offered(Page::Rehearsal, "stage"), [true, false, false, false]);
    assert_eq!(offered(Page::Run, "run"), [true, false, false, false]);
    assert_eq!(offered(Page::Findings, "finding"), [true, true, true, true]);
}

#[test]
fn a_rehearsal_shows_its_statements_and_its_proof() {
    let mut desk = connected();
    desk.hear(fixture::rehearsed(fixture::rehearsal()));
    desk.go(Page::Rehearsal).must_say("SB-10, SB-12: rehearsed, nothing left behind");
    desk.must_say("SB-12 1: 1 affected, expected exactly 1 row, 7 ms. AccessExclusiveLock on evolution_snapshots");
    desk.must_say("WARNING [TRIGGER-GUARD]");
    desk.click("Entry and exit").must_say("Entry equals exit in all 11 answers");
    let mut left = fixture::rehearsal();
    let residue =
        Residue { what: fixture::id("births"), entry: Some(fixture::value("5")), exit: Some(fixture::value("6")) };
    left.residue = vec![residue];
    desk.hear(fixture::rehearsed(left)).must_say("1 thing left behind").must_say("1 differ, 10 are equal");
}

#[test]
fn a_rehearsal_shows_who_was_in_the_way_who_waited_and_what_it_did() {
    let mut desk = connected();
    desk.hear(fixture::rehearsed(fixture::rehearsal())).go(Page::Rehearsal);
    desk.must_say("6 effects seen, each named or declared").must_say("1 effect that ROLLBACK does not put back");
    desk.must_say("Strongest lock: AccessExclusiveLock on public.candidate_scan_run");
    desk.must_say("1 session held a lock it would wait for")
        .must_say("SB-10: pid 31877 (role reporting, application metabase");
    desk.must_say(
        "SB-10 2: no rows to count, 41 ms. AccessExclusiveLock on governance_candidate_state. 1 session waits",
    );
    desk.click("Effects seen").must_say("public.birth_registry_id_seq");
    desk.must_say("moved from 412 to 413; ROLLBACK does not put it back")
        .must_say("declared")
        .must_not_say("undeclared");
    desk.hear(fixture::rehearsed(fixture::spoiled()));
    desk.must_say("1 of 7 effects seen undeclared").must_say("public.governance_relations").must_say("2 rows updated");
    desk.hear(fixture::rehearsed(fixture::gave_up())).click("Time line");
    desk.must_say("SB-10 1: no rows to count, 18 ms. the server refused (55P03): canceling statement due to lock timeout; in the way: pid 31877");
}

#[test]
fn a_stop_forbids_staging() {
    let mut desk = connected();
    desk.hear(fixture::stopped());
    desk.go(Page::Rehearsal).click("Rehearse or stage");
    desk.must_say("A stop holds: nothing is staged or rehearsed.");
    assert!(!desk.can("Rehearse SB-12"));
}
