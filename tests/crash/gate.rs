//! Cells of the crash matrix for a run via the ledger's gate: one message of each kind, cut by a dropped line and by a killed
//! program. What the server runs for us is as whole as what we run.

use countersign::run::Outcome;
use countersign::session::StagedRequest;

use super::cell::{Proved, Tally, Way, cut_of, messages_of, phases, settle};
use super::proxy::{Message, When};
use crate::cli::gate::with_gate;
use crate::cli::stand::Stand;

/// Stages via the gate, and approves as two people with logins of their own.
fn approved(stand: &Stand, prefix: &str) -> StagedRequest {
    let staged = stand.stage_via_gate(&stand.database.role(&format!("{prefix}_hong")));
    let staged = staged.unwrap_or_else(|failure| panic!("{failure:?}"));
    for name in ["minh", "thu"] {
        stand.signed(&format!("{prefix}_{name}"), name, &["approve", &staged.request]).ok();
    }
    staged
}

/// Builds the step again, for the executor to reverse.
fn build(stand: &Stand, prefix: &str) {
    stand.build();
    stand.load(&format!(
        "ALTER TABLE public.extra OWNER TO countersign_executor; GRANT SELECT ON public.extra TO {prefix}_hong, {prefix}_lan"
    ));
}

/// What the gate is told, beside what every run says.
const CALLS: [&str; 3] = [
    "SELECT countersign.gate_open(",
    "SELECT tag, rows::text FROM countersign.gate_st",
    "SELECT countersign.gate_constraints()",
];

fn walk(prefix: &str, ways: &[(Way, &str)]) {
    let stand = with_gate(Stand::new(), prefix);
    let operator = format!("{prefix}_lan");
    let as_program = ways.iter().any(|(way, _)| matches!(way, Way::Killed(_)));
    let heard = messages_of(&stand, &operator, &approved(&stand, prefix).request, as_program);
    build(&stand, prefix);
    let cells: Vec<&Message> = phases(&heard);
    for call in CALLS {
        assert!(cells.iter().any(|message| message.words.starts_with(call)), "`{call}` is not in {cells:#?}");
    }
    let mut open: Option<StagedRequest> = None;
    for (way, words) in ways {
        let mut tally = Tally::default();
        for at in &cells {
            let case = format!("via the gate, {words} at `{}` ({})", at.words, at.nth);
            let staged = open.take().unwrap_or_else(|| approved(&stand, prefix));
            let told = cut_of(&stand, &operator, &staged, at, way);
            let proved = settle(&stand, &staged, told, &case);
            tally.add(told, proved);
            let runs = stand
                .ask(&format!("SELECT count(*) FROM countersign.gate_run WHERE request_digest = '{}'", staged.digest));
            assert_eq!(runs, if proved == Proved::Committed { "1" } else { "0" }, "{case}: the gate's own record");
            match proved {
                Proved::Committed => build(&stand, prefix),
                Proved::RolledBack => {}
                Proved::NotBegun => open = Some(staged),
            }
        }
        assert!(tally.proved(Proved::RolledBack) > 0 && tally.proved(Proved::Committed) > 0, "{words}");
        tally.say(words);
    }
    let finished = stand.run_over(
        &stand.database.url.replace("user=postgres", &format!("user={operator}")),
        &approved(&stand, prefix).request,
    );
    assert_eq!(finished.unwrap().outcome, Outcome::Committed, "a new run goes through after all of it");
}

#[test]
fn a_run_via_the_gate_is_whole_wherever_its_line_is_dropped() {
    walk(
        "cutgate",
        &[
            (Way::Dropped(When::Before), "via the gate, dropped before"),
            (Way::Dropped(When::After), "via the gate, dropped after"),
        ],
    );
}

#[test]
fn a_run_via_the_gate_is_whole_wherever_its_program_is_killed() {
    walk(
        "killgate",
        &[
            (Way::Killed(When::Before), "via the gate, killed before"),
            (Way::Killed(When::After), "via the gate, killed after"),
        ],
    );
}
