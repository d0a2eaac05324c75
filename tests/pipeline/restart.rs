//! The restart of 97.10: every condition that stops all desks can be restarted from, and needs exactly what 97.10 says.

use super::demo::{Answer, Demo, text};
use super::stops::refuses;
use super::window::{Window, sign};

/// Each condition, the SQL of its drill's end, and whether its step's own record says that it is authorised.
const MENDED: [(&str, &str); 5] = [
    ("event-emitted", "DELETE FROM public.event_outbox WHERE event_domain = 'governance'"),
    (
        "handler-ref-flipped",
        "UPDATE public.event_type_registry SET handler_ref = 'noop' WHERE event_type = 'governance.candidate.found'",
    ),
    ("relations-altered", "ALTER TABLE public.governance_relations DROP COLUMN weight"),
    ("guard-error", "UPDATE public.trigger_guard_settings SET level = 'WARNING'"),
    (
        "drifted-count",
        "INSERT INTO public.governance_relations SELECT * FROM kept.relations WHERE relation_code = 'supersedes'",
    ),
];

/// A demo that is built, the truth after the build, and the people of a restart.
pub(super) struct Built {
    pub(super) demo: Demo,
    pub(super) after: String,
    pub(super) lan: (String, String),
    pub(super) minh: (String, String),
    pub(super) sovereign: (String, String),
}

impl Built {
    pub(super) fn new() -> Self {
        let demo = Demo::up(None);
        demo.psql("CREATE SCHEMA kept; CREATE TABLE kept.relations AS TABLE public.governance_relations");
        let after = text(&demo.path("after.json")).to_owned();
        demo.run(&["census", demo.text("runbook"), "--save", &after, "--label", "after the build"]).ok();
        let lan = demo.with_role("reviewer", &[]);
        let minh = demo.with_role("reviewer", &[&lan.0]);
        let sovereign = demo.with_role("sovereign", &[]);
        Self { demo, after, lan, minh, sovereign }
    }

    pub(super) fn drill(&self, scenario: &str) {
        let path = format!("{}/assets/runbooks/phase1-governance/drills/{scenario}.sql", env!("CARGO_MANIFEST_DIR"));
        self.demo.psql(&std::fs::read_to_string(path).unwrap());
        self.look().fails(6, "disaster stop");
    }

    fn look(&self) -> Answer {
        self.demo.run(&["stop", "check", self.demo.text("runbook"), "--baseline", &self.after])
    }

    /// A request that two people have approved.
    fn approved(&self) -> String {
        let request = self.demo.stage(&["SB-11"]).ok().json()["request"].as_str().unwrap().to_owned();
        for reviewer in [&self.lan, &self.minh] {
            self.demo.run_as(reviewer, &["approve", &request]).ok();
        }
        request
    }

    pub(super) fn divergence(&self, who: &(String, String), more: &[&str]) -> Answer {
        let mut words = vec!["restart", "divergence", self.demo.text("runbook"), "--baseline", &self.after];
        words.extend(["--words", "Somebody did what nobody may do."]);
        words.extend(more);
        self.demo.run_as(who, &words)
    }

    fn authorise(&self, how: &str, steps: &[&str]) -> Answer {
        let mut words = vec!["restart", "authorise", "--reason", "the step is sound"];
        words.extend(steps.iter().flat_map(|step| [how, *step]));
        self.demo.run_as(&self.sovereign, &words)
    }

    pub(super) fn record(&self, who: &(String, String)) -> Answer {
        self.demo.run_as(who, &["restart", "record", "--words", "COUNCIL-2026-021 is in force"])
    }

    /// The steps a restart is about.
    fn steps(&self) -> Vec<String> {
        let shown = self.demo.run(&["restart", "show", "--json"]).json();
        serde_json::from_value(shown["divergence"]["steps"].clone()).unwrap()
    }

    pub(super) fn authorise_all(&self) -> Answer {
        let steps = self.steps();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        self.authorise("--confirm", &steps)
    }
}

#[test]
fn every_condition_is_restarted_from_by_exactly_three_gates() {
    for (scenario, mend) in MENDED {
        let built = Built::new();
        let demo = &built.demo;
        let request = built.approved();
        built.drill(scenario);
        let shown = demo.run(&["restart", "show", "--runbook", demo.text("runbook")]).fails(6, "3 gates open");
        assert!(shown.out.contains("missing: a signed divergence finding"), "{}", shown.out);
        // Nothing stands on nothing.
        built.record(&built.minh).fails(3, "no divergence finding yet");
        let found = built.divergence(&built.lan, &[]).ok();
        assert!(found.out.contains("difference"), "{}", found.out);
        demo.psql(mend);
        // The cause is gone, and the stop is not.
        built.look().ok();
        refuses(demo, &demo.path("other"), Some(&request), "a disaster stop holds");
        built.authorise_all().ok();
        built.record(&built.minh).ok();
        demo.run(&["restart", "show"]).fails(6, "1 gate open");
        // Written again after the repair; what stood on the one before is void.
        let found = built.divergence(&built.lan, &[]).ok();
        assert!(found.out.contains("every count is at the baseline"), "{scenario}: {}", found.out);
        demo.run(&["restart", "show"]).fails(6, "2 gates open");
        built.authorise_all().ok();
        demo.run(&["restart", "show"]).fails(6, "1 gate open");
        let last = built.record(&built.minh).ok();
        assert!(last.out.contains("RESTARTED by ledger entry"), "{}", last.out);
        demo.run(&["restart", "show"]).ok();
        demo.run(&["stop", "show"]).ok();
        demo.run(&["ledger", "verify"]).ok();
        // D-62: STEP 0. What was approved before is void, whoever runs it; a new plan goes the whole way.
        let words = ["run", &request, "--confirm", "directus"];
        demo.run_as(&built.lan, &words).fails(3, "before the restart of ledger entry");
        demo.run_as(&built.minh, &["approve", &request]).fails(3, "before the restart of ledger entry");
        let again = built.approved();
        demo.run_as(&built.lan, &["run", &again, "--confirm", "directus"]).ok();
    }
}

#[test]
fn what_the_sovereign_accepts_does_not_trip_again_and_anything_else_does() {
    let built = Built::new();
    let demo = &built.demo;
    built.drill("event-emitted");
    built.divergence(&built.lan, &[]).ok();
    let accept = ["restart", "accept", "--reason", "the event reached nobody; 97.6 forbids to delete it"];
    demo.run_as(&built.lan, &accept).fails(3, "does not have the role sovereign");
    let agent = demo.person("agent");
    demo.run_as(&agent, &["restart", "record", "--words", "it stands"]).fails(3, "is an agent");
    demo.run_as(&built.sovereign, &accept).ok();
    built.record(&built.lan).ok();
    assert_eq!(built.steps(), ["SB-11"]);
    built.authorise("--confirm", &["SB-2"]).fails(3, "it does not speak of SB-11");
    built.authorise("--revoke", &["SB-11"]).fails(3, "but its record says otherwise");
    let last = built.authorise("--confirm", &["SB-11"]).ok();
    assert!(last.out.contains("accepted: ") && last.out.contains("event-emitted"), "{}", last.out);
    // The very answer that was accepted is no disaster any more; the plan says so, and reviewers sign it.
    built.look().ok();
    let request = built.approved();
    let plan = demo.run(&["ledger", "log", "--json"]).ok().out;
    assert!(plan.contains("restart"), "{plan}");
    demo.run_as(&built.lan, &["run", &request, "--confirm", "directus"]).ok();
    demo.psql("INSERT INTO public.event_outbox (event_domain, event_type, payload) VALUES ('governance', 'governance.owner.assigned', '{}')");
    built.look().fails(6, "actual 2");
    demo.run(&["stop", "show"]).fails(6, "event-emitted");
}

#[test]
fn a_step_without_its_record_can_only_be_revoked() {
    let built = Built::new();
    let demo = &built.demo;
    built.drill("missing-approval-row");
    built.divergence(&built.lan, &[]).ok();
    assert_eq!(built.steps(), ["SB-2"]);
    demo.run_as(&built.sovereign, &["restart", "accept", "--reason", "SB-2 is to be reversed"]).ok();
    built.record(&built.minh).ok();
    let shown = demo.run(&["restart", "show"]).fails(6, "1 gate open");
    assert!(shown.out.contains("record of SB-2: absent"), "{}", shown.out);
    built.authorise("--confirm", &["SB-2"]).fails(3, "SB-2 is re-confirmed, but its record says otherwise: absent");
    let last = built.authorise("--revoke", &["SB-2"]).ok();
    assert!(last.out.contains("SB-2 revoked: it may be reversed, and not built"), "{}", last.out);
    // The reversal of the revoked step goes the whole way.
    let request = demo.stage(&["SB-2"]).ok().json()["request"].as_str().unwrap().to_owned();
    for reviewer in [&built.lan, &built.minh] {
        demo.run_as(reviewer, &["approve", &request]).ok();
    }
    demo.run_as(&built.lan, &["run", &request, "--confirm", "directus"]).ok();
}

#[test]
fn a_stop_that_comes_meanwhile_begins_the_papers_anew() {
    let built = Built::new();
    let demo = &built.demo;
    demo.run_as(&built.lan, &["stop", "declare", "--reason", "smoke", "--step", "SB-1"]).ok();
    built.divergence(&built.lan, &[]).ok();
    built.record(&built.minh).ok();
    demo.run_as(&built.minh, &["stop", "declare", "--reason", "more smoke", "--step", "SB-2"]).ok();
    built.authorise("--confirm", &["SB-1"]).fails(3, "no divergence finding yet");
    built.divergence(&built.lan, &[]).ok();
    // One restart lifts both, and is about the steps of both.
    assert_eq!(built.steps(), ["SB-2", "SB-1"]);
    built.record(&built.minh).ok();
    let last = built.authorise("--confirm", &["SB-1", "SB-2"]).ok();
    assert!(last.out.contains("it lifts the stop of"), "{}", last.out);
    demo.run(&["stop", "show"]).ok();
}

#[test]
fn a_finding_with_gates_of_its_own_is_refused_by_whoever_holds_the_runbook() {
    let built = Built::new();
    let demo = &built.demo;
    demo.run_as(&built.lan, &["stop", "declare", "--reason", "smoke", "--step", "SB-1"]).ok();
    // Somebody's own copy of the runbook asks the sovereign for nothing but a signature.
    let own = demo.path("own");
    let copied = std::process::Command::new("cp").arg("-r").arg(demo.text("runbook")).arg(&own).status();
    assert!(copied.unwrap().success());
    let file = own.join("runbook.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let at = text.find("# $1 is the step").unwrap();
    let until = at + text[at..].find("\n\n").unwrap();
    std::fs::write(&file, format!("{}{}", &text[..at], &text[until..])).unwrap();
    let words = ["restart", "divergence", super::demo::text(&own), "--baseline", &built.after, "--words", "smoke"];
    demo.run_as(&built.lan, &words).ok();
    let runbook = demo.text("runbook");
    let shown = demo.run(&["restart", "show", "--runbook", runbook]).fails(6, "2 gates open");
    assert!(shown.out.contains("Sign nothing on top of the divergence finding"), "{}", shown.out);
    let authorise = ["restart", "authorise", "--confirm", "SB-1", "--reason", "sound", "--runbook", runbook];
    demo.run_as(&built.sovereign, &authorise).fails(3, "ask other questions than this runbook's");
    // Written again with the runbook that counts, it is signed.
    built.divergence(&built.lan, &[]).ok();
    demo.run_as(&built.sovereign, &authorise).ok();
}

#[test]
fn a_council_record_that_is_suspended_holds_the_restart_back() {
    let built = Built::new();
    let demo = &built.demo;
    demo.run_as(&built.lan, &["stop", "declare", "--reason", "smoke", "--step", "SB-1"]).ok();
    built.divergence(&built.lan, &[]).ok();
    built.authorise("--confirm", &["SB-1"]).ok();
    demo.psql("UPDATE public.council_records SET standing = 'suspended' WHERE standing = 'in force'");
    built.record(&built.minh).fails(3, "the record: expected present, actual absent");
    demo.psql("UPDATE public.council_records SET standing = 'in force' WHERE record_code = 'COUNCIL-2026-021'");
    built.record(&built.minh).ok();
    demo.run(&["stop", "show"]).ok();
}

#[test]
fn the_window_goes_the_same_way() {
    use countersign::ledger::Authorisation;
    use countersign::session::{Command, Event};
    let built = Built::new();
    let window = Window::open(&built.demo, &built.after);
    built.drill("event-emitted");
    let (lan, minh, sovereign) = (sign(&built.lan), sign(&built.minh), sign(&built.sovereign));
    let words = "An event went out.".to_owned();
    window.ask(Command::WriteDivergence { words, steps: Vec::new(), signer: lan });
    let look = window.ask(Command::LookAtRestart).into_iter().find_map(|event| match event {
        Event::RestartSeen(look) => Some(look),
        _ => None,
    });
    let look = look.expect("the live records");
    let divergence = look.divergence.clone().expect("the finding");
    assert_eq!(look.authorisations.len(), 1);
    window.ask(Command::AcceptDifferences {
        reason: "it reached nobody".to_owned(),
        seen: divergence.differences.clone(),
        signer: sovereign.clone(),
    });
    window.ask(Command::AuthoriseSteps {
        verdicts: vec![("SB-11".into(), Authorisation::Reconfirmed)],
        reason: "sound".to_owned(),
        seen: look.authorisations.clone(),
        signer: sovereign,
    });
    let gate = "council-record".to_owned();
    let said = window.ask(Command::RecheckRecord { gate, words: "in force".to_owned(), signer: minh });
    let lifted =
        said.iter().any(|event| matches!(event, Event::Decided(words) if words.ends_with("the stop is lifted")));
    assert!(lifted, "nobody said that the stop is lifted");
    let view = said.iter().rev().find_map(|event| match event {
        Event::LedgerRead(view) => Some(view),
        _ => None,
    });
    let halt = &view.expect("the ledger").state.halt;
    assert!(halt.stop().is_none() && halt.lifts().len() == 1);
    built.demo.run(&["stop", "show"]).ok();
}
