//! The life of an approval, each turn by its name: from open to used, and every way it becomes worth nothing.

use countersign::run::Outcome;
use countersign::session::{self, FailureKind};

use super::stand::{Stand, refused};
use crate::support::run;

impl Stand {
    fn withdraw(&self, request: &str, name: &str) -> Result<(), session::Failure> {
        let superuser = self.database.superuser();
        run(session::withdraw(&self.world, &superuser, request, "on second thought", &self.sign_as(name)))
    }

    fn reject(&self, request: &str, name: &str, reason: &str) -> Result<(), session::Failure> {
        let superuser = self.database.superuser();
        run(session::reject(&self.world, &superuser, request, reason, &self.sign_as(name)))
    }
}

#[test]
fn two_people_approve_and_a_third_is_not_needed() {
    let stand = Stand::new();
    let request = stand.stage().unwrap().request;
    refused(stand.run(&request), "0 of 2 people have approved");
    stand.approve(&request, "minh").unwrap();
    refused(stand.approve(&request, "minh"), "has signed already");
    refused(stand.run(&request), "1 of 2 people have approved");
    // The operator is a reviewer as well, and counts as one.
    stand.approve(&request, "lan").unwrap();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}

#[test]
fn the_requester_and_the_last_editor_are_excluded_whatever_their_role() {
    let stand = Stand::new();
    let request = stand.stage().unwrap().request;
    let failure = refused(stand.approve(&request, "hong"), "does not have the role reviewer");
    assert_eq!(failure.kind, FailureKind::Refused);
    // Hồng becomes everything there is: still the requester, and so is Thu as the last editor.
    let file = stand.folder.join("roster.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replacen("[\"author\"]", "[\"author\", \"reviewer\", \"operator\", \"sovereign\"]", 1);
    stand.propose_roster(&text, "minh").unwrap();
    assert!(stand.approve_roster("thu").unwrap().in_force);
    std::fs::write(&file, text).unwrap();
    let toml = stand.folder.join("runbook.toml");
    let runbook = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, runbook.replace("version = \"1\"", "version = \"1\"\nedited_by = \"thu@example.test\""))
        .unwrap();
    let request = stand.stage().unwrap().request;
    refused(stand.approve(&request, "hong"), "requested this and may not approve it");
    refused(stand.approve(&request, "thu"), "last edited the runbook and may not approve it");
    stand.approve(&request, "minh").unwrap();
    stand.approve(&request, "lan").unwrap();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}

#[test]
fn a_rejection_needs_a_reason_and_is_for_good() {
    let stand = Stand::new();
    let request = stand.approved();
    refused(stand.reject(&request, "thu", "  "), "a reason is needed");
    // The requester takes it back by rejecting it; somebody without a part in it cannot.
    stand.reject(&request, "hong", "not today").unwrap();
    refused(stand.run(&request), "rejected it: not today");
    refused(stand.approve(&request, "lan"), "rejected it: not today");
    refused(stand.reject(&request, "minh", "again"), "the request is rejected");
    refused(stand.withdraw(&request, "minh"), "the request is rejected");
    assert_eq!(stand.run(&stand.approved()).unwrap().outcome, Outcome::Committed);
}

#[test]
fn a_withdrawal_takes_ones_own_approval_and_is_for_good() {
    let stand = Stand::new();
    let request = stand.approved();
    refused(stand.withdraw(&request, "lan"), "has not approved this request");
    stand.withdraw(&request, "minh").unwrap();
    refused(stand.run(&request), "1 of 2 people have approved");
    refused(stand.approve(&request, "minh"), "that is for good");
    refused(stand.withdraw(&request, "minh"), "has not approved this request");
    stand.approve(&request, "lan").unwrap();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
    refused(stand.withdraw(&request, "thu"), "the request is committed");
}

#[test]
fn an_approval_is_used_once_even_by_a_run_that_failed() {
    let stand = Stand::new();
    let request = stand.approved();
    stand.load("INSERT INTO public.vocabulary VALUES ('w', 'governance')");
    let finished = stand.run(&request).unwrap();
    assert!(matches!(&finished.outcome, Outcome::RolledBack { .. }), "{:?}", finished.outcome);
    stand.load("DELETE FROM public.vocabulary WHERE code = 'w'");
    let failure = refused(stand.run(&request), "has been used; stage it again");
    assert_eq!(failure.kind, FailureKind::Refused);
    refused(stand.approve(&request, "lan"), "has been used");
    let again = stand.approved();
    assert_eq!(stand.run(&again).unwrap().outcome, Outcome::Committed);
    refused(stand.run(&again), "has been used");
}

#[test]
fn two_open_requests_for_one_step_and_the_first_run_leaves_nothing_for_the_other() {
    let stand = Stand::new();
    let (first, second) = (stand.approved(), stand.approved());
    let third = stand.stage().unwrap().request;
    assert_eq!(stand.run(&second).unwrap().outcome, Outcome::Committed);
    for request in [&first, &third] {
        let words = format!("request {second} has reversed S-1 since it was staged");
        refused(stand.run(request), &words);
        refused(stand.approve(request, "lan"), &words);
        assert_eq!(stand.status(request), "open", "nothing was begun");
    }
    // Built again, the old approvals stay worth nothing: what was rehearsed was another state of the step.
    stand.build();
    refused(stand.run(&first), "has reversed S-1");
    assert_eq!(stand.run(&stand.approved()).unwrap().outcome, Outcome::Committed);
}

#[test]
fn a_failed_run_leaves_another_request_for_the_step_as_it_was() {
    let stand = Stand::new();
    let (first, second) = (stand.approved(), stand.approved());
    stand.load("INSERT INTO public.vocabulary VALUES ('w', 'governance')");
    assert!(matches!(stand.run(&first).unwrap().outcome, Outcome::RolledBack { .. }));
    stand.load("DELETE FROM public.vocabulary WHERE code = 'w'");
    assert_eq!(stand.run(&second).unwrap().outcome, Outcome::Committed);
}
