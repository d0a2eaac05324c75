//! Who may open the run door: a table of cases, then every state of a small roster.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::approval::fixture::{Desk, at, genesis, in_force, noon, person, principal, public, sign, sign_as};
use crate::approval::{
    ApprovalRefusal, Countersigned, Decision, Key, Namespace, SignedBytes, approvals_that_count, check_decision,
    check_operated, check_requested, countersign, decision_bytes, may_operate, may_request, parse_roster, standing,
};
use crate::census::{Comparison, Reading, Row, Verdict};
use crate::digest::Digest;
use crate::plan::Hazard;
use crate::rehearsal::Residue;
use crate::runbook::{CheckId, StepId};

fn open(desk: &Desk, signatures: &[SignedBytes], now: Timestamp) -> Result<Countersigned, ApprovalRefusal> {
    countersign(desk.sealed(), &desk.rehearsal, desk.request.clone(), signatures, &desk.version, now)
}

/// Lets the people sign the request as it is now, and says `open` or the refusal.
fn check(desk: &Desk, signers: &str, expect: &str) {
    let signatures: Vec<SignedBytes> = signers.split_whitespace().map(|who| desk.approval(who)).collect();
    check_at(desk, &signatures, noon(), expect);
}

fn check_at(desk: &Desk, signatures: &[SignedBytes], now: Timestamp, expect: &str) {
    let answer = match open(desk, signatures, now) {
        Ok(_) => "open".to_owned(),
        Err(refusal) => refusal.to_string(),
    };
    assert!(answer.contains(expect), "expected: {expect}\nactual:   {answer}");
}

/// Changes the desk, binds the documents to each other again, and lets lan and minh sign.
fn check_changed(change: impl FnOnce(&mut Desk), expect: &str) {
    let mut desk = Desk::new();
    change(&mut desk);
    desk.bind();
    check(&desk, "lan minh", expect);
}

#[test]
fn two_people_open_it_and_nothing_less() {
    let desk = Desk::new();
    check(&desk, "", "0 of 2 people have approved");
    check(&desk, "lan", "1 of 2 people have approved");
    check(&desk, "lan minh", "open");
    check(&desk, "minh lan", "open");
    check(&desk, "lan minh hoa", "open");
    check(&desk, "lan lan", "lan@example.test has signed already");
    check(&desk, "lan lan minh", "open");
    check(&desk, "lan khoa", "khoa@example.test does not have the role reviewer");
    check(&desk, "lan tam", "tam@example.test does not have the role reviewer");
    check(&desk, "lan bot", "bot@example.test is an agent");
    check(&desk, "lan bot minh", "open");
}

#[test]
fn signatures_prove_their_person() {
    let desk = Desk::new();
    let bytes = desk.bytes();
    let lan = desk.approval("lan");
    let pair = |second| [lan.clone(), second];
    check_at(&desk, &pair(sign_as("minh", "lan", Namespace::Run, &bytes)), noon(), "is not listed for minh");
    check_at(&desk, &pair(sign_as("nobody", "minh", Namespace::Run, &bytes)), noon(), "nobody@example.test is not on");
    check_at(&desk, &pair(sign("minh", Namespace::Stage, &bytes)), noon(), "not for `countersign-run`");
    check_at(&desk, &pair(sign("minh", Namespace::Finding, &bytes)), noon(), "not for `countersign-run`");
    check_at(&desk, &pair(sign("minh", Namespace::Run, b"another request")), noon(), "not made over these bytes");
    // A bad signature in somebody's name does not stand in the way of the good one.
    let forged = sign_as("minh", "lan", Namespace::Run, &bytes);
    check_at(&desk, &[lan.clone(), forged, desk.approval("minh")], noon(), "open");
}

#[test]
fn requester_and_editor_stand_aside() {
    let by = |who: &'static str| {
        move |desk: &mut Desk| {
            desk.plan.requester = principal(who);
            desk.request.requester = principal(who);
        }
    };
    check_changed(by("lan"), "lan@example.test requested this and may not approve it");
    check_changed(by("hoa"), "open");
    check_changed(|desk| desk.plan.editor = Some(principal("minh")), "minh@example.test last edited the runbook");
    check_changed(|desk| desk.plan.editor = Some(principal("hoa")), "open");
}

#[test]
fn the_floor_of_two_stays() {
    for approvals in [0, 1, 2] {
        let mut desk = Desk::new();
        desk.plan.policy.approvals = approvals;
        desk.bind();
        check(&desk, "lan", "1 of 2");
        check(&desk, "lan minh", "open");
    }
    let mut desk = Desk::new();
    desk.plan.policy.approvals = 3;
    desk.bind();
    check(&desk, "lan minh", "2 of 3");
    check(&desk, "lan minh hoa", "open");
}

#[test]
fn one_secret_counts_once_even_if_a_roster_were_to_list_it_twice() {
    let mut desk = Desk::new();
    let text = desk.roster.text.replace(&public("minh"), &public("lan"));
    desk.roster.text = text;
    desk.roster.digest = Digest::of(desk.roster.text.as_bytes());
    desk.roster.people[1].keys = vec![Key::new(public("lan"))];
    desk.bind();
    let signatures = [desk.approval("lan"), sign_as("minh", "lan", Namespace::Run, &desk.bytes())];
    check_at(&desk, &signatures, noon(), "the request names roster");
    let standing = standing(&desk.request, None, 2, &signatures, &desk.roster, noon());
    assert_eq!(standing.approved.len(), 1);
    assert!(standing.refused[0].1.to_string().contains("lan@example.test has signed with the same key"));
}

#[test]
fn people_come_from_the_bound_text() {
    // Somebody hands over the right text with other people beside it.
    let mut desk = Desk::new();
    desk.roster.people[1].keys = vec![Key::new(public("mallory"))];
    let signatures = [desk.approval("lan"), sign_as("minh", "mallory", Namespace::Run, &desk.bytes())];
    check_at(&desk, &signatures, noon(), "is not listed for minh");
    let mut desk = Desk::new();
    let text = format!("{}{}", desk.roster.text, person("new", "human", r#"["reviewer"]"#));
    desk.version = in_force(&genesis(&text));
    check(&desk, "lan minh", "the request names roster");
}

#[test]
fn it_opens_and_expires() {
    let desk = Desk::new();
    let signatures = [desk.approval("lan"), desk.approval("minh")];
    check_at(&desk, &signatures, at("2026-06-01T11:29:59Z"), "not open before 2026-06-01T11:30:00Z");
    check_at(&desk, &signatures, at("2026-06-01T11:30:00Z"), "open");
    check_at(&desk, &signatures, at("2026-06-01T19:30:00Z"), "open");
    check_at(&desk, &signatures, at("2026-06-01T19:30:01Z"), "expired at 2026-06-01T19:30:00Z");
    // A request cannot give itself longer than the policy does.
    let mut desk = Desk::new();
    desk.request.not_after = at("2027-06-01T00:00:00Z");
    let signatures = [desk.approval("lan"), desk.approval("minh")];
    check_at(&desk, &signatures, at("2026-06-01T19:30:01Z"), "expired at 2026-06-01T19:30:00Z");
}

#[test]
fn the_rehearsal_passed_and_is_young() {
    let hours = |hours| move |desk: &mut Desk| desk.rehearsal.taken_at = noon() - SignedDuration::from_hours(hours);
    check_changed(hours(12), "open");
    check_changed(hours(13), "is older than 43200 s");
    check_changed(hours(-1), "set this desk's clock");
    check_changed(|desk| desk.rehearsal.taken_at = noon() + SignedDuration::from_mins(4), "open");
    check_changed(|desk| desk.rehearsal.failure = Some("5 rows, not 4".to_owned()), "did not pass: 5 rows, not 4");
    let residue = Residue { what: CheckId::from("outbox"), entry: None, exit: None };
    check_changed(|desk| desk.rehearsal.residue = vec![residue], "1 things were left behind; the first: outbox");
    let row = |verdict| Row {
        id: CheckId::from("outbox"),
        title: String::new(),
        object: None,
        sql: String::new(),
        key: Vec::new(),
        baseline: None,
        expected: "0".to_owned(),
        actual: Reading::Value(None),
        verdict,
        remark: None,
    };
    for (verdict, expect) in [
        (Verdict::Same, "open"),
        (Verdict::Grown, "open"),
        (Verdict::Drifted, "outbox was not as expected"),
        (Verdict::Missing, "outbox was not as expected"),
        (Verdict::Blind, "outbox was not as expected"),
    ] {
        check_changed(|desk| desk.rehearsal.inside = vec![Comparison { rows: vec![row(verdict)] }], expect);
    }
}

#[test]
fn every_document_is_the_one_that_was_signed() {
    /// Changes something after the documents were bound to each other.
    fn check_unbound(change: impl FnOnce(&mut Desk), expect: &str) {
        let mut desk = Desk::new();
        change(&mut desk);
        check(&desk, "lan minh", expect);
    }
    check_unbound(|desk| desk.plan.parameters.clear(), "open");
    check_unbound(|desk| desk.plan.stages[0].statements[0].sql.push(' '), "the request names plan ");
    check_unbound(|desk| desk.plan.settings.timeouts.lock_millis += 1, "the request names plan ");
    check_unbound(|desk| desk.plan.baseline_digest = Digest::of(b"x"), "the request names plan ");
    check_unbound(|desk| desk.rehearsal.duration_millis += 1, "the request names rehearsal ");
    check_unbound(|desk| desk.request.baseline_digest = Digest::of(b"x"), "the request names baseline ");
    check_unbound(|desk| desk.request.database = "other".to_owned(), "the request says database other, but the plan");
    check_unbound(|desk| desk.request.requester = principal("hoa"), "the request says requester hoa@example.test");
    check_unbound(|desk| desk.request.nonce = "0".repeat(32), "the request says nonce 0000");
    check_unbound(|desk| desk.request.format = "countersign/request/2".to_owned(), "the request says format");
    check_unbound(|desk| desk.request.steps.push(StepId::from("SB-1")), "the request says steps SB-12, SB-1, but");
    let hazard =
        Hazard { rule: "if-exists".to_owned(), place: "a.sql:1:1".to_owned(), message: "may do nothing".to_owned() };
    check_changed(
        |desk| desk.plan.hazards = vec![hazard.clone()],
        "the request says hazards 0 (), but the plan says 1",
    );
    check_changed(
        |desk| {
            desk.plan.hazards = vec![hazard.clone()];
            desk.request.hazards = vec![hazard.clone()];
        },
        "open",
    );
    // The rehearsal is of this plan, not of another.
    let mut desk = Desk::new();
    desk.rehearsal.plan_digest = Digest::of(b"another plan");
    let text = crate::plan::canonical(&desk.rehearsal).unwrap();
    desk.request.rehearsal_digest = Digest::of(text.as_bytes());
    check(&desk, "lan minh", "the request names plan of the rehearsal");
}

#[test]
fn every_flipped_byte_of_a_request_loses_both_approvals() {
    let desk = Desk::new();
    let signatures = [desk.approval("lan"), desk.approval("minh")];
    let bytes = desk.bytes();
    let mut read = 0;
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        let Some(text) = String::from_utf8(flipped).ok() else { continue };
        let Ok(request) = crate::plan::read_strict(&text) else { continue };
        read += 1;
        let desk = Desk { request, ..desk.clone() };
        assert!(open(&desk, &signatures, noon()).is_err(), "byte {place}: {text}");
        assert_eq!(standing(&desk.request, None, 2, &signatures, &desk.roster, noon()).approved, Vec::new());
    }
    assert!(read > 100, "only {read} of {} flips could be read at all", bytes.len());
}

#[test]
fn standing_says_who_may_still_sign() {
    let desk = Desk::new();
    let names = |now, signatures: &[SignedBytes]| {
        let standing = standing(&desk.request, Some(&principal("hoa")), 0, signatures, &desk.roster, now);
        assert_eq!(standing.needed, 2);
        let short = |principal: &crate::runbook::Principal| principal.as_str().split('@').next().unwrap().to_owned();
        let approved: Vec<String> = standing.approved.iter().map(|(principal, _)| short(principal)).collect();
        let may_still: Vec<String> = standing.may_still.iter().map(short).collect();
        let void = standing.void.map(|void| void.to_string()).unwrap_or_default();
        format!("{} | {} | {} | {void}", approved.join(" "), may_still.join(" "), standing.refused.len())
    };
    assert_eq!(names(noon(), &[]), " | lan minh | 0 | ");
    assert_eq!(names(noon(), &[desk.approval("minh")]), "minh | lan | 0 | ");
    assert_eq!(names(noon(), &[desk.approval("minh"), desk.approval("hoa")]), "minh | lan | 1 | ");
    assert_eq!(names(noon(), &[desk.approval("minh"), desk.approval("lan")]), "minh lan |  | 0 | ");
    assert!(names(at("2026-06-02T00:00:00Z"), &[]).starts_with(" |  | 0 | the request expired"));
    assert!(names(at("2026-06-01T00:00:00Z"), &[]).starts_with(" | lan minh | 0 | the request is not open"));
}

#[test]
fn only_approvals_that_count_are_kept() {
    let desk = Desk::new();
    let forged = sign_as("hoa", "lan", Namespace::Run, &desk.bytes());
    let all = [desk.approval("bot"), desk.approval("lan"), forged, desk.approval("lan"), desk.approval("minh")];
    let kept = approvals_that_count(&desk.request, None, &all, &desk.roster, noon());
    assert_eq!(kept, [desk.approval("lan"), desk.approval("minh")]);
    assert_eq!(open(&desk, &kept, noon()).unwrap().approvals(), kept);
}

#[test]
fn others_do_their_part() {
    let mut desk = Desk::new();
    let says = |answer: Result<String, ApprovalRefusal>| answer.map_or_else(|error| error.to_string(), |_| "ok".into());
    let may = |answer: Result<(), ApprovalRefusal>| says(answer.map(|()| String::new()));
    for (who, request, operate) in [
        ("lan", "ok", "ok"),
        ("minh", "ok", "does not have the role operator"),
        ("hoa", "ok", "does not have the role operator"),
        ("khoa", "does not have the role reviewer", "ok"),
        ("tam", "does not have the role reviewer", "does not have the role operator"),
        ("bot", "ok", "is an agent"),
        ("nobody", "is not on the roster", "is not on the roster"),
    ] {
        assert!(may(may_request(&desk.roster, &principal(who))).contains(request), "{who} requests");
        assert!(may(may_operate(&desk.roster, &principal(who))).contains(operate), "{who} operates");
    }
    let bytes = desk.bytes();
    let requested =
        |who, namespace| says(check_requested(&desk.roster, &desk.request, &sign(who, namespace, &bytes), noon()));
    assert_eq!(requested("bot", Namespace::Stage), "ok");
    assert!(requested("bot", Namespace::Run).contains("not for `countersign-stage`"));
    assert!(requested("hoa", Namespace::Stage).contains("names bot@example.test as its requester"));
    let operated =
        |who, namespace| says(check_operated(&desk.roster, &desk.request, &sign(who, namespace, &bytes), noon()));
    assert_eq!(operated("khoa", Namespace::Operate), "ok");
    assert!(operated("khoa", Namespace::Run).contains("not for `countersign-operate`"));
    assert!(operated("minh", Namespace::Operate).contains("does not have the role operator"));
    desk.request.requester = principal("hoa");
    let digest = Digest::of(&desk.bytes());
    let decided = |who, decision: Decision, signed_reason: &str| {
        let signed = sign(who, decision.namespace(), &decision_bytes(decision, digest, signed_reason));
        says(check_decision(&desk.roster, &desk.request, decision, "too early", &signed, noon()))
    };
    assert_eq!(decided("lan", Decision::Reject, "too early"), "ok");
    assert_eq!(decided("hoa", Decision::Reject, "too early"), "ok");
    assert_eq!(decided("lan", Decision::Withdraw, "too early"), "ok");
    assert!(decided("lan", Decision::Reject, "another reason").contains("not made over these bytes"));
    assert!(decided("khoa", Decision::Reject, "too early").contains("does not have the role reviewer"));
    assert!(decided("bot", Decision::Withdraw, "too early").contains("is an agent"));
}

/// What each of three people does in one state of the exploration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Nothing,
    Signs,
    SignsTwice,
    SignsForTheNext,
    SignsAnotherRequest,
    SignsAsStage,
}

const DEEDS: [Deed; 6] = [
    Deed::Nothing,
    Deed::Signs,
    Deed::SignsTwice,
    Deed::SignsForTheNext,
    Deed::SignsAnotherRequest,
    Deed::SignsAsStage,
];

/// Every state of three people: what each does, who requested, who edited, who is an agent, and when it is.
#[test]
fn no_state_holds_a_run_without_two_people() {
    let people = ["an", "binh", "chi"];
    let (mut states, mut opened) = (0, 0);
    for agent in [None, Some(0)] {
        // A fourth and fifth reviewer let the roster stand when one of the three is an agent; they never sign.
        let kind = |index| if agent == Some(index) { ("agent", r#"["author"]"#) } else { ("human", r#"["reviewer"]"#) };
        let mut text = "format = 1\n".to_owned();
        for (index, who) in people.into_iter().enumerate() {
            text.push_str(&person(who, kind(index).0, kind(index).1));
        }
        text.push_str(&person("dung", "human", r#"["reviewer"]"#));
        text.push_str(&person("em", "human", r#"["reviewer"]"#));
        let roster = parse_roster(&text).unwrap();
        for requester in ["an", "dung"] {
            for editor in [None, Some("binh"), Some("an")] {
                let mut desk = Desk::new();
                desk.roster = roster.clone();
                desk.plan.requester = principal(requester);
                desk.request.requester = principal(requester);
                desk.plan.editor = editor.map(principal);
                desk.bind();
                let signatures = signatures_of(&desk, people);
                for now in [noon(), at("2026-06-02T12:00:00Z")] {
                    for deeds in all_deeds() {
                        states += 1;
                        let signed: Vec<SignedBytes> =
                            deeds.iter().flat_map(|&(who, deed)| signatures[who][deed].clone()).collect();
                        let entitled: BTreeSet<usize> = (0..people.len())
                            .filter(|&who| {
                                let (_, deed) = deeds[who];
                                matches!(DEEDS[deed], Deed::Signs | Deed::SignsTwice)
                                    && agent != Some(who)
                                    && people[who] != requester
                                    && Some(people[who]) != editor
                            })
                            .collect();
                        let answer = open(&desk, &signed, now);
                        let should = now == noon() && entitled.len() >= 2;
                        assert_eq!(
                            answer.is_ok(),
                            should,
                            "{deeds:?} agent {agent:?} requester {requester} editor {editor:?} at {now}: {answer:?}"
                        );
                        if let Ok(countersigned) = answer {
                            opened += 1;
                            let signers: BTreeSet<_> =
                                countersigned.approvals().iter().map(|signed| &signed.principal).collect();
                            assert!(signers.len() >= 2);
                            assert_eq!(countersigned.request_digest(), Digest::of(&desk.bytes()));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(states, 2 * 2 * 3 * 2 * 216);
    assert!(opened > 0, "the exploration never saw an open door");
}

/// For each person, the signatures each deed adds.
fn signatures_of(desk: &Desk, people: [&str; 3]) -> Vec<Vec<Vec<SignedBytes>>> {
    let bytes = desk.bytes();
    let of = |who: usize, deed: Deed| match deed {
        Deed::Nothing => Vec::new(),
        Deed::Signs => vec![desk.approval(people[who])],
        Deed::SignsTwice => vec![desk.approval(people[who]), desk.approval(people[who])],
        Deed::SignsForTheNext => vec![sign_as(people[(who + 1) % 3], people[who], Namespace::Run, &bytes)],
        Deed::SignsAnotherRequest => vec![sign(people[who], Namespace::Run, b"another request")],
        Deed::SignsAsStage => vec![sign(people[who], Namespace::Stage, &bytes)],
    };
    (0..people.len()).map(|who| DEEDS.into_iter().map(|deed| of(who, deed)).collect()).collect()
}

/// Every combination of deeds of three people, as (person, index of the deed).
fn all_deeds() -> impl Iterator<Item = [(usize, usize); 3]> {
    let count = DEEDS.len();
    (0..count.pow(3)).map(move |number| [(0, number % count), (1, number / count % count), (2, number / count / count)])
}
