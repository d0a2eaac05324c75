//! The life of an approval, each turn by its name: from open to used, and every way it becomes worth nothing.

use countersign::approval::{Namespace, SignedBytes};
use countersign::finding::{Subject, export, verify_export};
use countersign::ledger::Body;
use countersign::plan::canonical;
use countersign::port::SignRequest;
use countersign::run::Outcome;
use countersign::runbook::Principal;
use countersign::session::{self, Approval, FailureKind};

use super::stand::{Stand, refused};
use crate::keys::Keys;
use crate::keys::authenticator::{Authenticator, TOUCHED};
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

/// Changes one person's line of the roster in force, has two others sign it, and puts it into the runbook's folder.
fn change_roster(stand: &Stand, change: impl FnOnce(&str) -> String) {
    let file = stand.folder.join("roster.toml");
    let text = change(&std::fs::read_to_string(&file).unwrap());
    stand.propose_roster(&text, "minh").unwrap();
    assert!(stand.approve_roster("lan").unwrap().in_force);
    std::fs::write(&file, text).unwrap();
}

/// D-70, D-72: a finding is held against the people of its own time, and only with everything that made them so.
#[test]
fn a_finding_verifies_after_the_roster_changed_and_not_without_its_history() {
    let stand = Stand::new();
    // The run's roster is version 2; version 3 knows Thu no more, whose approval it stands on.
    change_roster(&stand, |text| text.replace("name = \"thu\"", "name = \"Thu\""));
    let request = stand.approved();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
    change_roster(&stand, |text| text.split("[[person]]\nprincipal = \"thu").next().unwrap().to_owned());
    let (folder, superuser, writer) =
        (stand.folder.join("../finding"), stand.database.superuser(), stand.sign_as("lan"));
    let (finding, _) = run(session::export_finding(&stand.world, &superuser, &request, &folder, "", &writer)).unwrap();
    let verification = run(session::verify_finding_against(&stand.world, &superuser, &folder)).unwrap();
    assert_eq!(verification.refused, Vec::<String>::new());
    assert!(verification.proved.iter().any(|line| line.contains("Roster version 2 was in force")), "{verification:?}");
    assert!(verification.signatures.iter().any(|it| it.principal == Principal::from("thu@example.test")));

    // Cut anywhere, and signed by the very person who wrote it: no history, no people.
    let acts = finding.about().expect("it is about a request").roster_history.len();
    assert!(acts >= 5, "two versions, each proposed and approved");
    for cut in 0..acts {
        let mut cut_short = finding.clone();
        let Subject::Request(subject) = &mut cut_short.subject else { unreachable!("it is about a request") };
        subject.roster_history.remove(cut);
        let text = canonical(&cut_short).unwrap();
        let sign = SignRequest {
            principal: writer.principal.clone(),
            key: writer.key.clone(),
            namespace: Namespace::Finding,
            bytes: text.clone().into_bytes(),
            passphrase: None,
        };
        let signature = run(stand.world.signer.sign(&sign)).unwrap();
        let refused = verify_export(&export(&text, &[signature])).refused;
        let words = ["roster", "nobody"];
        assert!(refused.iter().any(|it| words.iter().any(|word| it.contains(word))), "act {cut}: {refused:?}");
    }
}

/// A hardware key counts its signatures: whoever holds a copy of it is found by a counter that does not go on.
#[test]
fn a_run_on_a_hardware_key_whose_counter_stepped_back_is_refused() {
    let (stand, keys) = (Stand::new(), Keys::new());
    let key = Authenticator::new(&keys, "sk", "-t ed25519");
    let public = std::fs::read_to_string(stand.key_file("thu").with_extension("pub")).unwrap();
    change_roster(&stand, |text| text.replace(public.trim_end(), &keys.public("sk")));
    let superuser = stand.database.superuser();
    let touched = |request: &str, counter: u32| {
        let bytes = run(session::to_sign(&stand.world, &superuser, request, None)).unwrap().bytes;
        SignedBytes {
            principal: Principal::from("thu@example.test"),
            signature: key.armour(Namespace::Run, bytes.as_bytes(), TOUCHED, counter),
        }
    };
    let brought = |request: &str, counter: u32| {
        let approval = Approval::Brought(touched(request, counter));
        run(session::approve(&stand.world, &superuser, request, None, approval))
    };
    let first = stand.stage().unwrap().request;
    brought(&first, 9).unwrap();
    let noted = stand.entries().len();
    let staged = stand.stage().unwrap();
    let request = &staged.request;
    stand.approve(request, "minh").unwrap();
    for counter in [9, 8, 0] {
        refused(brought(request, counter), &format!("was 9 in ledger entry {noted} and is {counter} here"));
    }
    // Appended past the console, by somebody who may append: the run does not believe it either.
    stand.append(&Body::Approved { request_digest: staged.digest, signature: touched(request, 8) });
    let failure = refused(stand.run(request), "the counter of the hardware key");
    assert_eq!((failure.kind, stand.is_reversed(), stand.count("intent", &staged)), (FailureKind::Refused, false, 0));
    // The key itself goes on, and so does what it signs.
    let again = stand.stage().unwrap().request;
    stand.approve(&again, "minh").unwrap();
    brought(&again, 10).unwrap();
    assert_eq!(stand.run(&again).unwrap().outcome, Outcome::Committed);
}
