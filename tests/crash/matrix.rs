//! The crash matrix: a run is cut at every message it says, in every way it can be cut. The messages are those of the
//! machine itself, heard on the line of a run that nothing happens to, so that a new step is in the matrix by itself.

use std::collections::BTreeSet;

use countersign::run::{Outcome, Purpose};
use countersign::session::StagedRequest;

use super::cell::{Again, Proved, RECORDED, Tally, Told, Way, commit_of, cut, messages, phases, settle};
use super::proxy::{Cut, Deed, Message, Proxy, When};
use crate::cli::stand::Stand;
use crate::support::run;

/// A run says some sixty messages; fewer means that they were not heard.
const FEWEST: usize = 40;

/// Cuts run after run, at one message after another, and counts what became of them.
fn walk(stand: &Stand, messages: &[&Message], way: &Way, words: &str) -> Tally {
    let (mut tally, mut again) = (Tally::default(), Again::of(stand));
    let mut open: Option<StagedRequest> = None;
    for at in messages {
        let case = format!("{words} at `{}` ({})", at.words, at.nth);
        let staged = open.take().unwrap_or_else(|| again.approved(stand));
        let told = cut(stand, &staged, at, way);
        let proved = settle(stand, &staged, told, &case);
        tally.add(told, proved);
        match proved {
            Proved::Committed => stand.build(),
            Proved::RolledBack => {}
            // Nothing was used up: the same request serves the next cell.
            Proved::NotBegun => open = Some(staged),
        }
    }
    // A new run goes through after all of it.
    let request = stand.approved();
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
    tally.say(words);
    tally
}

/// Walks all messages of a run by the library in one way.
fn check(way: &Way, words: &str) -> Tally {
    check_at(way, words, |messages| messages.iter().collect())
}

/// Walks one message of each kind, from the intent on: what differs by the kind of message and not by its place.
fn check_phases(way: &Way, words: &str) -> Tally {
    check_at(way, words, phases)
}

fn check_at(way: &Way, words: &str, which: fn(&[Message]) -> Vec<&Message>) -> Tally {
    let stand = Stand::new();
    let messages = messages(&stand, false);
    assert!(messages.len() >= FEWEST, "{messages:?}");
    stand.build();
    let tally = walk(&stand, &which(&messages), way, words);
    // Every way meets both ends, and some that never began.
    for proved in [Proved::RolledBack, Proved::Committed, Proved::NotBegun] {
        assert!(tally.proved(proved) > 0, "{words}: none was {proved:?}");
    }
    tally
}

/// Cuts the COMMIT alone and says what the desk was told.
fn at_commit(way: &Way) -> (Told, Proved) {
    let stand = Stand::new();
    let messages = messages(&stand, false);
    stand.build();
    let staged = Again::of(&stand).approved(&stand);
    let told = cut(&stand, &staged, commit_of(&messages), way);
    (told, settle(&stand, &staged, told, "at COMMIT"))
}

#[test]
fn the_server_answers_any_message_with_an_error() {
    let tally = check(&Way::Refused, "error answer");
    assert_eq!(tally.told(Told::Unknown), 0, "an error is an answer");
}

#[test]
fn the_line_is_dropped_before_any_message_is_heard() {
    let tally = check(&Way::Dropped(When::Before), "dropped before");
    assert_eq!(tally.told(Told::Unknown), 0, "the network is up again: it is proved at once");
}

#[test]
fn the_line_is_dropped_after_any_message_was_heard() {
    let tally = check(&Way::Dropped(When::After), "dropped after");
    assert_eq!(tally.told(Told::Unknown), 0, "the network is up again: it is proved at once");
}

#[test]
fn the_network_goes_down_before_a_message_is_heard() {
    let tally = check_phases(&Way::Down(When::Before), "network down before");
    assert_eq!(tally.told(Told::Unknown), 0, "nobody can even write down that it is unknown");
    assert_eq!(at_commit(&Way::Down(When::Before)), (Told::NotKept, Proved::RolledBack));
}

#[test]
fn the_network_goes_down_after_a_message_was_heard() {
    check_phases(&Way::Down(When::After), "network down after");
    assert_eq!(at_commit(&Way::Down(When::After)), (Told::NotKept, Proved::Committed));
}

#[test]
fn the_server_ends_the_session_in_any_phase() {
    check_phases(&Way::Ended, "session ended by the server");
}

/// The program itself, as people start it.
fn killed(when: When, words: &str) {
    let stand = Stand::new();
    let messages = messages(&stand, true);
    stand.build();
    let tally = walk(&stand, &messages.iter().collect::<Vec<_>>(), &Way::Killed(when), words);
    assert!(tally.proved(Proved::RolledBack) > 0 && tally.proved(Proved::Committed) > 0);
}

#[test]
fn the_program_is_killed_before_any_message_is_heard() {
    killed(When::Before, "killed before");
}

#[test]
fn the_program_is_killed_after_any_message_was_heard() {
    killed(When::After, "killed after");
}

/// D-74, house: a wish to cancel is answered by what the server said, whenever it comes.
#[test]
fn a_person_cancels_in_any_phase() {
    let tally = check_phases(&Way::Cancelled(When::Before), "cancelled");
    assert_eq!(tally.told(Told::Unknown) + tally.told(Told::NotKept), 0, "a wish to cancel leaves nothing unknown");
    // While the COMMIT is in flight, and after the server has done it: only what it said counts.
    for when in [When::Before, When::After] {
        assert_eq!(at_commit(&Way::Cancelled(when)), (Told::Committed, Proved::Committed), "{when:?}");
    }
}

/// D-27: of a plan with two stages, what is done is stated exactly, wherever the line was cut.
#[test]
fn of_two_stages_what_is_done_is_stated_exactly() {
    let stand = Stand::with_two_steps();
    let heard = {
        let request = stand.approved();
        let proxy = run(Proxy::start(stand.database.socket.clone(), None));
        assert_eq!(stand.run_over(&proxy.url(&stand.database.name), &request).unwrap().outcome, Outcome::Committed);
        proxy.heard()
    };
    stand.build();
    stand.build_second();
    // What comes before the first BEGIN is walked by the others.
    let first = heard.iter().position(|message| message.words.contains("READ COMMITTED READ WRITE")).expect("BEGIN");
    let (mut seen, mut again) = (BTreeSet::new(), Again::of(&stand));
    for at in heard[first..].iter().filter(|message| message.words != "SELECT") {
        let case = format!("two stages, dropped after `{}` ({})", at.words, at.nth);
        let staged = again.approved(&stand);
        let cut = Cut { at: at.clone(), when: When::After, deed: Deed::Drop };
        let proxy = run(Proxy::start(stand.database.socket.clone(), Some(cut)));
        let ran = stand.run_over(&proxy.url(&stand.database.name), &staged.request);
        assert!(proxy.is_cut(), "{case}: never said");
        let gone = |table: &str| stand.ask(&format!("SELECT (to_regclass('public.{table}') IS NULL)::text")) == "true";
        let done = usize::from(gone("extra")) + usize::from(gone("second"));
        let stated = match (Told::of(&ran), &ran) {
            (_, Ok(finished)) => match &finished.outcome {
                Outcome::Committed => 2,
                Outcome::RolledBack { committed, .. } => committed.len(),
                Outcome::Unknown { .. } => panic!("{case}: the network was up again: {finished:?}"),
            },
            // Only the evidence beside it could not be kept.
            (Told::NotKept, Err(_)) => done,
            (told, Err(failure)) => panic!("{case}: {told:?}: {failure:?}"),
        };
        assert_eq!((stated, stand.count("committed", &staged)), (done, done), "{case}: {ran:?}");
        let in_words = stand.status(&staged.request);
        match stand.prove(&staged.request).unwrap() {
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
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}

/// The beginning of what the machine says for each purpose; nothing for what a plain run does not need to say. A new
/// purpose has no answer here, and this does not compile until it has.
fn said_for(purpose: &Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Sequences => Some("SELECT 'r' || s.oid"),
        Purpose::Begin => Some("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
        Purpose::Pin => Some("SELECT pg_catalog.set_config("),
        Purpose::AssertSettings => Some("SELECT name, setting FROM pg_catalog.pg_settings"),
        Purpose::Mutex => Some("SELECT # FROM countersign.mutex FOR UPDATE NOWAIT"),
        Purpose::LockTables => Some("LOCK TABLE"),
        Purpose::Statement { .. } => Some("DELETE FROM public.vocabulary"),
        Purpose::Names => Some("SELECT c.oid::text, n.nspname::text"),
        Purpose::Holders => Some("WITH RECURSIVE fresh"),
        Purpose::LookAround => Some("WITH fresh AS MATERIALIZED"),
        Purpose::Constraints => Some("SET CONSTRAINTS ALL IMMEDIATE"),
        Purpose::Books => Some("WITH held AS MATERIALIZED"),
        // A run through the gate and a restore have tests of their own; a plain run says none of this.
        Purpose::Attribute | Purpose::OpenGate | Purpose::Restore => None,
    }
}

#[test]
fn the_matrix_holds_every_step_of_the_machine() {
    let stand = Stand::new();
    let heard = messages(&stand, false);
    let purposes = [
        Purpose::Sequences,
        Purpose::Begin,
        Purpose::Pin,
        Purpose::AssertSettings,
        Purpose::Mutex,
        Purpose::LockTables,
        Purpose::Statement { stage: 0, statement: 0 },
        Purpose::Names,
        Purpose::Holders,
        Purpose::LookAround,
        Purpose::Constraints,
        Purpose::Books,
        Purpose::Attribute,
    ];
    let sent = purposes.iter().filter_map(said_for);
    // What is not a plain message: the ledger's entries, the census inside and after, COMMIT.
    let others = [
        "INSERT INTO countersign.entry (kind, body) VALUES ('inten",
        RECORDED,
        "INSERT INTO countersign.entry (kind, body) VALUES ('ended",
        "SAVEPOINT countersign_census",
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "COMMIT",
    ];
    for words in sent.chain(others) {
        assert!(heard.iter().any(|message| message.words.starts_with(words)), "`{words}` is not in {heard:#?}");
    }
}
