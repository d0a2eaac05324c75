//! The roster: a proposal is withdrawn by its proposer only, and nothing is sent before somebody and a key are chosen.

use countersign::session::Command;
use countersign::ui::Page;

use super::approve::choose;
use super::desk::Desk;
use super::fixture;
use super::shell::connected;

fn roster() -> Desk {
    let mut desk = connected();
    desk.hear(fixture::roster_read(Some(true)));
    desk.go(Page::Roster);
    desk.sent();
    desk
}

#[test]
fn only_its_proposer_withdraws_it_and_with_a_reason() {
    let mut desk = roster();
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
