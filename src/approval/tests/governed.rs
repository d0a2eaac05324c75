//! Who brings a roster into force: a table of histories as text, and for each thing refused its innocent twin.

use crate::approval::fixture::{
    SINCE, approve_roster, at, deed, genesis, in_force, person, place, principal, propose, public, roster_text, sign,
    sign_as,
};
use crate::approval::{
    Decision, Governed, Namespace, RosterAct, RosterDeed, RosterDocument, RosterPlace, check_roster, decision_bytes,
};
use crate::digest::Digest;

/// Another roster with one more reviewer.
fn grown() -> String {
    roster_text() + &person("new", "human", r#"["reviewer"]"#)
}

/// Says which version is in force, how many proposals are open, and the last thing that was refused.
fn told(deeds: &[RosterDeed]) -> String {
    let governed = Governed::of(deeds, place());
    let version = governed.in_force().map_or_else(|refusal| refusal.to_string(), |it| format!("v{}", it.version()));
    let refused = governed.refused().last().map(|(_, refusal)| refusal.to_string()).unwrap_or_default();
    format!("{version} | {} open | {refused}", governed.open(at("2026-05-02T00:00:00Z")).count())
}

fn check(deeds: &[RosterDeed], expect: &str) {
    let told = told(deeds);
    assert!(told.contains(expect), "expected: {expect}\nactual:   {told}");
}

/// Proposes a text on top of these acts, changed by hand and signed by its proposer as it then is.
fn proposed_by_hand(
    deeds: &[RosterDeed],
    text: &str,
    who: &str,
    change: impl FnOnce(&mut RosterDocument),
) -> RosterDeed {
    let (_, mut document) = propose(deeds, text, who);
    change(&mut document);
    let signature = sign(who, Namespace::Roster, document.text().as_bytes());
    deed(RosterAct::Proposed { document: document.text(), roster: text.to_owned(), signature })
}

fn with(deeds: &[RosterDeed], more: impl IntoIterator<Item = RosterDeed>) -> Vec<RosterDeed> {
    deeds.iter().cloned().chain(more).collect()
}

#[test]
fn a_genesis_needs_everybody_human_on_it() {
    let all = genesis(&roster_text());
    assert_eq!(all.len(), 5, "five people and an agent who signs nothing");
    check(&[], "no roster is in force: this ledger holds none");
    for signed in 1..5 {
        check(&all[..signed], "no roster is in force");
    }
    check(&all, "v1 | 0 open | ");
    let version = in_force(&all);
    assert_eq!((version.version(), version.since(), version.signed().len()), (1, SINCE, 5));
    assert_eq!(version.roster().text, roster_text());
    // One person twice is one person.
    let (first, document) = propose(&[], &roster_text(), "lan");
    let twice = ["lan", "minh", "minh", "hoa", "khoa"].map(|who| approve_roster(&document, who));
    check(
        &with(std::slice::from_ref(&first), twice),
        "no roster is in force: this ledger holds none that came into force | 1 open",
    );
    let agent = with(std::slice::from_ref(&first), [approve_roster(&document, "bot")]);
    check(&agent, "bot@example.test is an agent");
    let stranger = with(&[first], [approve_roster(&document, "nobody")]);
    check(&stranger, "nobody@example.test is not on the roster");
    check(&[propose(&[], &roster_text(), "bot").0], "bot@example.test is an agent");
    check(&[propose(&[], &roster_text(), "nobody").0], "nobody@example.test is not on the roster");
}

#[test]
fn what_no_roster_may_be_never_comes_into_force() {
    let one_key = roster_text().replace(&public("minh"), &public("lan"));
    let one_reviewer = ["format = 1\n".to_owned(), person("lan", "human", r#"["reviewer"]"#)].concat();
    let agent = roster_text().replace(r#"["author"]"#, r#"["author", "reviewer"]"#);
    for (text, expect) in [
        (one_key, "this key is listed for lan@example.test and for minh@example.test"),
        (one_reviewer, "1 people can review; two people must approve every run"),
        (agent, "an agent cannot have the role reviewer"),
    ] {
        check(&[propose(&[], &text, "lan").0], expect);
        let later = with(&genesis(&roster_text()), [propose(&genesis(&roster_text()), &text, "lan").0]);
        check(&later, "v1 | 0 open | the proposed roster cannot be used: line");
        check(&later, expect);
    }
}

#[test]
fn a_later_version_needs_two_reviewers_of_the_one_before() {
    let first = genesis(&roster_text());
    let (proposed, document) = propose(&first, &grown(), "lan");
    let by = |who: &[&str]| {
        with(
            &with(&first, [proposed.clone()]),
            who.iter().map(|who| approve_roster(&document, who)).collect::<Vec<_>>(),
        )
    };
    check(&by(&[]), "v1 | 1 open | ");
    // D-72: the proposer is one of the two, and never both of them.
    check(&by(&["lan"]), "v1 | 1 open | lan@example.test has signed already");
    check(&by(&["minh"]), "v2 | 0 open | ");
    check(&by(&["khoa"]), "khoa@example.test does not have the role reviewer");
    check(&by(&["tam"]), "tam@example.test does not have the role reviewer");
    check(&by(&["bot"]), "bot@example.test is an agent");
    // Whoever is only on the new version has no say in it.
    check(&by(&["new"]), "v1 | 1 open | new@example.test is not on the roster");
    check(&by(&["new", "hoa"]), "v2 | 0 open");
    // A proposer who reviews nothing does not count.
    let (proposed, document) = propose(&first, &grown(), "khoa");
    let by = |who: &[&str]| {
        with(
            &with(&first, [proposed.clone()]),
            who.iter().map(|who| approve_roster(&document, who)).collect::<Vec<_>>(),
        )
    };
    check(&by(&["minh"]), "v1 | 1 open | ");
    check(&by(&["minh", "hoa"]), "v2 | 0 open | ");
    check(&with(&first, [propose(&first, &grown(), "bot").0]), "bot@example.test is an agent");
    check(&with(&first, [propose(&first, &grown(), "new").0]), "new@example.test is not on the roster");
}

#[test]
fn signatures_prove_their_person_and_their_document() {
    let first = genesis(&roster_text());
    let (proposed, document) = propose(&first, &grown(), "lan");
    let proposal_digest = Digest::of(document.text().as_bytes());
    let approved = |signature| deed(RosterAct::Approved { proposal_digest, signature });
    let bytes = document.text().into_bytes();
    for (signature, expect) in [
        (sign_as("minh", "lan", Namespace::Roster, &bytes), "is not listed for minh@example.test"),
        (sign("minh", Namespace::Run, &bytes), "not for `countersign-roster`"),
        (sign("minh", Namespace::Roster, b"another"), "not made over these bytes"),
    ] {
        check(&with(&first, [proposed.clone(), approved(signature)]), expect);
    }
    check(&with(&first, [proposed.clone(), approved(sign("minh", Namespace::Roster, &bytes))]), "v2");
    let other = deed(RosterAct::Approved {
        proposal_digest: Digest::of(b"another"),
        signature: sign("minh", Namespace::Roster, &bytes),
    });
    check(&with(&first, [proposed, other]), "there is no open roster proposal");
}

#[test]
fn a_document_says_what_is() {
    let first = genesis(&roster_text());
    let by = |change: fn(&mut RosterDocument)| with(&first, [proposed_by_hand(&first, &grown(), "lan", change)]);
    check(&by(|_| {}), "v1 | 1 open | ");
    check(&by(|document| document.format = "countersign/roster/2".to_owned()), "says format countersign/roster/2");
    check(&by(|document| document.version = 3), "says version 3; expected 2");
    check(&by(|document| document.version = 1), "says version 1; expected 2");
    check(&by(|document| document.previous = None), "says previous none");
    check(&by(|document| document.previous = Some(Digest::of(b"x"))), "says previous");
    check(&by(|document| document.roster_digest = Digest::of(b"x")), "says roster");
    check(&by(|document| document.proposer = principal("minh")), "says proposer minh@example.test");
    check(&by(|document| document.database = "other".to_owned()), "says database other of server");
    check(&by(|document| document.system_identifier = "7".to_owned()), "says database directus of server 7");
    check(&by(|document| document.not_after = at("2027-05-01T00:00:00Z")), "says its end");
    check(&by(|document| document.not_after = document.proposed_at), "says its end");
    check(&with(&first, [propose(&first, &roster_text(), "lan").0]), "this is the text of version 1");
    let mut unreadable = propose(&first, &grown(), "lan").0;
    if let RosterAct::Proposed { document, .. } = &mut unreadable.act {
        document.push(' ');
    }
    check(&with(&first, [unreadable]), "the roster document cannot be read");
}

#[test]
fn a_proposal_expires_is_superseded_and_is_withdrawn_by_its_proposer_only() {
    let first = genesis(&roster_text());
    let (proposed, document) = propose(&first, &grown(), "lan");
    let digest = Digest::of(document.text().as_bytes());
    let late = |at: &str| RosterDeed { at: at.to_owned(), ..approve_roster(&document, "minh") };
    check(&with(&first, [proposed.clone(), late("2026-05-08T08:00:00.000001Z")]), "v2");
    check(
        &with(&first, [proposed.clone(), late("2026-05-08T08:00:00.000002Z")]),
        "v1 | 1 open | the roster proposal expired",
    );
    check(&with(&first, [proposed.clone(), late("yesterday")]), "`yesterday` is no time");
    // Another one came first: its `previous` is no longer the newest.
    let other = grown() + "# by minh\n";
    let (rival, rivals) = propose(&first, &other, "minh");
    let both =
        with(&first, [proposed.clone(), rival, approve_roster(&rivals, "hoa"), approve_roster(&document, "minh")]);
    check(&both, "v2 | 0 open | there is no open roster proposal");
    assert_eq!(in_force(&both).roster().text, other);
    // Replayed after a later version, old acts count for nothing.
    let again = with(&both, [proposed.clone(), approve_roster(&document, "hoa")]);
    check(&again, "v2 | 0 open | there is no open");
    let withdrawn = |who: &str| {
        let reason = "a slip".to_owned();
        let signature = sign(who, Namespace::Withdraw, &decision_bytes(Decision::Withdraw, digest, &reason));
        deed(RosterAct::Withdrawn { proposal_digest: digest, reason, signature })
    };
    check(&with(&first, [proposed.clone(), withdrawn("lan")]), "v1 | 0 open | ");
    let minh = approve_roster(&document, "minh");
    check(&with(&first, [proposed.clone(), withdrawn("lan"), minh.clone()]), "v1 | 0 open | there is no open");
    // Otherwise a stolen key could veto its own removal for ever.
    check(&with(&first, [proposed.clone(), withdrawn("minh")]), "v1 | 1 open | lan@example.test proposed it");
    check(&with(&first, [proposed, withdrawn("minh"), minh]), "v2");
}

#[test]
fn a_moved_database_needs_a_version_that_names_it() {
    let first = genesis(&roster_text());
    let moved = RosterPlace { database: "directus_2".to_owned(), ..place() };
    let there = |deeds: &[RosterDeed]| {
        let governed = Governed::of(deeds, moved.clone());
        governed.in_force().map_or_else(|refusal| refusal.to_string(), |it| format!("v{}", it.version()))
    };
    assert!(there(&first).contains("version 1 is for directus of server"), "{}", there(&first));
    let named = proposed_by_hand(&first, &roster_text(), "lan", |document| document.database = "directus_2".to_owned());
    let RosterAct::Proposed { document, .. } = &named.act else { panic!("it proposes") };
    let document: RosterDocument = crate::plan::read_strict(document).unwrap();
    let deeds = with(&first, [named, approve_roster(&document, "minh")]);
    assert_eq!(there(&deeds), "v2");
    // The same acts replayed where the database has stayed change nothing there.
    check(&deeds, "v1 | 0 open | there is no open");
}

#[test]
fn a_plan_is_held_to_the_version_it_names() {
    let desk = crate::approval::fixture::Desk::new();
    let check = |change: fn(&mut crate::plan::Plan), deeds: &[RosterDeed], expect: &str| {
        let mut plan = desk.plan.clone();
        change(&mut plan);
        let told =
            check_roster(&plan, deeds).map_or_else(|refusal| refusal.to_string(), |it| format!("v{}", it.version()));
        assert!(told.contains(expect), "expected: {expect}\nactual:   {told}");
    };
    check(|_| {}, &desk.deeds, "v1");
    check(|_| {}, &[], "no roster is in force");
    check(|plan| plan.roster_version = 0, &desk.deeds, "staged under roster version 0, and version 1 is in force");
    check(|plan| plan.roster_digest = Digest::of(b"x"), &desk.deeds, "the request names roster");
    check(|plan| plan.target.database = "other".to_owned(), &desk.deeds, "version 1 is for directus");
    let (proposed, document) = propose(&desk.deeds, &grown(), "lan");
    let two = with(&desk.deeds, [proposed, approve_roster(&document, "hoa")]);
    check(|_| {}, &two, "staged under roster version 1, and version 2 is in force");
}

#[test]
fn a_proof_holds_what_brought_a_version_into_force_and_nothing_else() {
    let first = genesis(&roster_text());
    let (proposed, document) = propose(&first, &grown(), "lan");
    let noise = [approve_roster(&document, "bot"), approve_roster(&document, "lan")];
    let second = [proposed.clone(), approve_roster(&document, "minh")];
    let all = with(&with(&first, [proposed]), noise.into_iter().chain([second[1].clone()]));
    let governed = Governed::of(&all, place());
    assert_eq!(governed.proof(2), with(&first, second));
    assert_eq!(governed.proof(1), first);
    let again = Governed::of(&governed.proof(2), place());
    assert_eq!((again.refused().len(), again.in_force().unwrap()), (0, governed.in_force().unwrap()));
}

#[test]
fn keys_count_in_their_time_by_the_servers_clock() {
    let limited = |key: &str, limits: &str| {
        roster_text().replace(&format!("\"{}\"", public(key)), &format!("{{ key = \"{}\", {limits} }}", public(key)))
    };
    for (limits, expect) in [
        ("valid_after = 2026-05-01T08:00:00Z", "v1"),
        ("valid_after = 2026-05-01T08:00:01Z", "counts from 2026-05-01T08:00:01Z"),
        ("valid_before = 2026-05-01T08:00:01Z", "v1"),
        ("valid_before = 2026-05-01T08:00:00Z", "counts until 2026-05-01T08:00:00Z"),
        ("valid_after = 2026-04-01T00:00:00+02:00, valid_before = 2027-01-01T00:00:00Z", "v1"),
    ] {
        check(&genesis(&limited("minh", limits)), expect);
    }
}
