//! The roster: who may sign, what is proposed as a difference, and nothing signed before somebody and a key are chosen.

use countersign::session::Command;
use countersign::ui::Page;
use eframe::egui::{Key, Modifiers};

use super::approve::choose;
use super::desk::Desk;
use super::fixture;
use super::shell::connected;

fn roster(proposed: Option<bool>) -> Desk {
    let mut desk = connected();
    desk.hear(fixture::roster_read(proposed));
    desk.go(Page::Roster);
    desk.sent();
    desk
}

#[test]
fn the_roster_in_force_names_people_keys_and_who_signed_it() {
    let desk = roster(Some(false));
    desk.must_say("Roster version 1 is in force").must_say("Since 2026-05-04T08:20:00Z on directus of server");
    desk.must_say("lan@example.test: the first roster of this ledger");
    desk.must_say("Nguyễn Thị Lan").must_say("author, reviewer, operator · human").must_say("SHA256:");
    desk.must_say("author · agent: prepares, and never signs for anything else");
    desk.must_say("huong@example.test").must_not_say("is proposed");
}

#[test]
fn a_proposal_is_shown_as_a_difference_and_approved_by_whoever_may() {
    let mut desk = roster(Some(true));
    desk.must_say("Version 2 is proposed").must_say("Minh has a new laptop, and Thư joins");
    desk.must_say("added: minh@example.test key SHA256:").must_say("until 2027-06-01T00:00:00Z");
    desk.must_say("removed: minh@example.test key SHA256:").must_say("removed: agent@example.test");
    desk.must_say("added: thu@example.test (Lê Minh Thư, human): reviewer");
    desk.must_say("1 of 2 people have signed it").must_say("May still approve: minh@example.test, huong@example.test");
    let approve = "Approve roster version 2 of directus";
    desk.must_say("Waits for: choosing who signs");
    assert!(!desk.can(approve));
    choose(&mut desk, "roster", "huong@example.test");
    desk.must_say("Waits for: choosing a key");
    assert!(!desk.can(approve));
    desk.type_into("Private key file", "/keys/huong");
    assert!(desk.can(approve));
    desk.click(approve);
    let sent = desk.sent();
    let [Command::ApproveRoster { proposal, signer }] = sent.as_slice() else { panic!("one approval") };
    assert_eq!(signer.principal.as_str(), "huong@example.test");
    desk.must_say(&proposal.phrase());
}

#[test]
fn only_its_proposer_withdraws_it_and_with_a_reason() {
    let mut desk = roster(Some(true));
    desk.click("Withdraw");
    let withdraw = "Withdraw roster version 2";
    choose(&mut desk, "roster", "lan@example.test");
    desk.type_into("Private key file", "/keys/lan");
    desk.must_say("Waits for: a reason");
    assert!(!desk.can(withdraw));
    desk.type_into("Reason", "a slip");
    desk.click(withdraw);
    let sent = desk.sent();
    let [Command::WithdrawRoster { reason, signer, .. }] = sent.as_slice() else { panic!("one withdrawal") };
    assert_eq!((reason.as_str(), signer.principal.as_str()), ("a slip", "lan@example.test"));
}

#[test]
fn without_one_in_force_the_runbooks_is_offered() {
    let mut desk = roster(None);
    desk.must_say("no roster is in force").must_say("The runbook's roster.toml is not in force");
    desk.must_say("added: minh@example.test");
    let propose = "Propose roster version 1";
    choose(&mut desk, "roster", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh");
    assert!(!desk.can(propose), "no reason is given");
    desk.type_into("Reason", "first");
    desk.click(propose);
    let sent = desk.sent();
    assert!(matches!(sent.as_slice(), [Command::ProposeRoster { .. }]), "one proposal");
}

#[test]
fn the_palette_and_the_ledger_lead_to_it() {
    let mut desk = connected();
    desk.hear(fixture::roster_read(Some(false)));
    desk.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    desk.harness.run_steps(4);
    desk.type_into("Go to a page, a step or a check", "rost");
    desk.harness.key_press(Key::Enter);
    desk.harness.run_steps(4);
    assert_eq!(desk.harness.state().page(), Page::Roster);
    desk.go(Page::Ledger).click("Roster");
    assert_eq!(desk.harness.state().page(), Page::Roster);
    let unread = Desk::new();
    let mut unread = unread;
    unread.go(Page::Roster).must_say("The roster has not been read");
}
