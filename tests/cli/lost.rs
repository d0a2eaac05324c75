//! The line is cut at every word of a run, before and after the server hears it: never a half, never a ledger that
//! disagrees with the database, and nothing is run twice.

use std::collections::BTreeSet;

use countersign::run::Outcome;
use countersign::session::FailureKind;

use super::proxy::{AT_COMMIT, Cut, Proxy, Then};
use super::stand::{Stand, refused};
use crate::support::run;

/// A run speaks some thirty times; more than this means that it does not end.
const MOST_TURNS: usize = 120;

/// Cuts one run; gives how it ended in a word, or nothing when it was over before the cut.
fn cut(stand: &Stand, at: usize, cut: Cut, then: Then) -> Option<String> {
    let case = format!("cut {cut:?} at {at}, then {then:?}");
    let staged = stand.stage().unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
    stand.approve(&staged.request, "minh").unwrap();
    stand.approve(&staged.request, "thu").unwrap();
    let proxy = run(Proxy::start(at, cut, then));
    let ran = stand.run_over(&proxy.url(&stand.database.name), &staged.request);
    if !proxy.is_cut() {
        let finished = ran.unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
        assert_eq!((finished.outcome, finished.failure), (Outcome::Committed, None), "{case}");
        stand.build();
        return None;
    }
    // What the desk was told, before anybody proves anything.
    let word = match &ran {
        Ok(finished) => match &finished.outcome {
            Outcome::Committed => "committed",
            Outcome::RolledBack { .. } => "rolled back",
            Outcome::Unknown { .. } => "unknown",
        },
        Err(failure) if failure.kind == FailureKind::Unknown => "not kept",
        Err(failure) => {
            assert_eq!(failure.kind, FailureKind::CannotConnect, "{case}: {failure:?}");
            "refused"
        }
    };
    let begun = stand.count("intent", &staged) == 1;
    assert!(begun || word != "committed", "{case}: {word} without an intent");
    let proved = if begun {
        let proved = stand.prove(&staged.request).unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
        let status = stand.status(&staged.request);
        refused(stand.run(&staged.request), "used");
        Some((proved, status))
    } else {
        None
    };
    let reversed = stand.is_reversed();
    let committed = stand.count("committed", &staged);
    assert_eq!(committed, usize::from(reversed), "{case}: the ledger and the database disagree");
    match &proved {
        Some((Outcome::Committed, status)) => assert!(reversed && status == "committed", "{case}: {status}"),
        Some((Outcome::RolledBack { .. }, status)) => {
            assert!(!reversed && status.contains("rolled back"), "{case}: {status}");
        }
        Some((Outcome::Unknown { .. }, status)) => panic!("{case}: not proved: {status}"),
        // Nothing began, so the approvals still stand.
        None => assert!(!reversed && stand.status(&staged.request) == "open", "{case}"),
    }
    match word {
        "committed" => assert!(reversed, "{case}: it said committed"),
        "rolled back" => assert!(!reversed, "{case}: it said rolled back"),
        _ => {}
    }
    if reversed {
        stand.build();
    }
    Some(word.to_owned())
}

/// Cuts run after run, one word later each time, until a run is over before the cut. With the network down for good it
/// begins after the connection was made: what comes before ends as it does when the network is up again.
fn check(how: Cut, then: Then) {
    let stand = Stand::new();
    let from = if then == Then::Up { 1 } else { 18 };
    let words: Vec<String> = (from..MOST_TURNS).map_while(|at| cut(&stand, at, how, then)).collect();
    assert!((8..MOST_TURNS - from - 2).contains(&words.len()), "{words:?}");
    let count = |word: &str| words.iter().filter(|found| *found == word).count();
    assert!(count("rolled back") + count("not kept") + count("refused") > 4, "{words:?}");
    // COMMIT itself, for certain: with the network up again it is proved at once, else it is unknown and says so.
    let word = cut(&stand, AT_COMMIT, how, then);
    let expected = match (then, how) {
        (Then::Down, _) => "unknown",
        (Then::Up, Cut::Before) => "rolled back",
        (Then::Up, Cut::After) => "committed",
    };
    assert_eq!(word.as_deref(), Some(expected), "COMMIT, cut {how:?}, then {then:?}");
    // A new run goes through after all of it.
    let request = stand.approved();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
    assert!(stand.is_reversed());
}

#[test]
fn cut_before_the_server_hears_it() {
    check(Cut::Before, Then::Up);
}

#[test]
fn cut_after_the_server_heard_it() {
    check(Cut::After, Then::Up);
}

#[test]
fn cut_before_the_server_hears_it_and_the_network_stays_down() {
    check(Cut::Before, Then::Down);
}

#[test]
fn cut_after_the_server_heard_it_and_the_network_stays_down() {
    check(Cut::After, Then::Down);
}

/// D-27: of a plan with two stages, what is done is stated exactly, wherever the line was cut.
#[test]
fn of_two_stages_what_is_done_is_stated_exactly() {
    let stand = Stand::with_two_steps();
    let mut seen = BTreeSet::new();
    for at in 26..MOST_TURNS {
        let case = format!("cut at {at}");
        let staged = stand.stage().unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
        stand.approve(&staged.request, "minh").unwrap();
        stand.approve(&staged.request, "thu").unwrap();
        let proxy = run(Proxy::start(at, Cut::After, Then::Up));
        let ran = stand.run_over(&proxy.url(&stand.database.name), &staged.request);
        let gone = |table: &str| stand.ask(&format!("SELECT (to_regclass('public.{table}') IS NULL)::text")) == "true";
        let done = usize::from(gone("extra")) + usize::from(gone("second"));
        let stated = match &ran {
            Ok(finished) => match &finished.outcome {
                Outcome::Committed => 2,
                Outcome::RolledBack { committed, .. } => committed.len(),
                Outcome::Unknown { .. } => panic!("{case}: the network was up again: {finished:?}"),
            },
            // Only the evidence beside it could not be kept.
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::Unknown, "{case}: {failure:?}");
                done
            }
        };
        assert_eq!((stated, stand.count("committed", &staged)), (done, done), "{case}: {ran:?}");
        let proved = stand.prove(&staged.request).unwrap();
        let in_words = stand.status(&staged.request);
        match proved {
            Outcome::Committed => assert_eq!((done, in_words.as_str()), (2, "committed"), "{case}"),
            Outcome::RolledBack { committed, .. } => assert_eq!(committed.len(), done, "{case}: {in_words}"),
            Outcome::Unknown { .. } => panic!("{case}: {in_words}"),
        }
        seen.insert(done);
        if gone("extra") {
            stand.build();
        }
        if gone("second") {
            stand.build_second();
        }
        if !proxy.is_cut() {
            break;
        }
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}
