//! Takes a script; gives what review says of it, and what a real rehearsal makes of it with review and without.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::diagnose::{Diagnosis, Facts, Mode, StepDiagnosis};
use countersign::plan::{SealInput, seal};
use countersign::port::Database;
use countersign::rehearsal::{Rehearsal, judge_rehearsal};
use countersign::review::{Note, Review, Severity, review};
use countersign::run::{Event, Machine, Step};
use countersign::runbook::{Runbook, StepId};

use super::script::{Run, Script};
use super::stand::{borrow, differences, give_back, runbook, stand};
use crate::support::run;

/// Tries the scripts, several at a time, and gives what went wrong in the order of their names.
pub fn in_parallel(scripts: &[Script], attempt: impl Fn(&Script) -> Result<(), String> + Sync) -> Vec<String> {
    stand();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(problem) = attempt(script) {
                        found.lock().unwrap().push(format!("== {} ({})\n{problem}", script.name, script.what));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found
}

/// Review alone stops it by the named rules at the named places.
pub fn reviewed(script: &Script) -> Result<(), String> {
    if script.is_beyond_review() {
        return Ok(());
    }
    let review = review(&runbook(script, "attacks"), Some(stand().catalog(script.role)));
    let found: Vec<String> = review.notes.iter().map(head).collect();
    let missing: Vec<&String> = script.review.iter().filter(|wanted| !found.contains(wanted)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("expected {missing:?}\nactual\n{}", notes(&review.notes))) }
}

/// Review has no block for it, and only the hazards its header names.
pub fn let_through(script: &Script) -> Result<(), String> {
    let review = review(&runbook(script, "attacks"), Some(stand().catalog(script.role)));
    let is_foreseen = |note: &&Note| match note.severity {
        Severity::Note => true,
        Severity::Hazard => script.hazards.contains(&note.rule),
        Severity::Block => false,
    };
    if review.notes.iter().all(|note| is_foreseen(&note)) {
        Ok(())
    } else {
        Err(format!("expected no block, and hazards {:?} at most\nactual\n{}", script.hazards, notes(&review.notes)))
    }
}

/// With review bypassed it is stopped as its header says, and nothing of it remains.
pub fn guarded(script: &Script) -> Result<(), String> {
    let attempt = attempt(script, false);
    let failure = attempt.failure.clone().unwrap_or_default();
    let is_refused = failure.contains("the server refused") || failure.contains("could not be locked");
    let (is_stopped, may_remain) = match &script.run {
        Run::Seal(words) => (!attempt.is_sealed && failure.contains(words.as_str()), ""),
        Run::Server(words) => (attempt.is_sealed && is_refused && failure.contains(words.as_str()), ""),
        Run::Guard(words) => (attempt.is_sealed && !is_refused && failure.contains(words.as_str()), ""),
        Run::Residue(words) => {
            let name = words.split_whitespace().next_back().unwrap_or_default();
            (attempt.proof.contains(name) || failure.contains(name), name)
        }
        Run::Cannot => (attempt.failure.is_none(), ""),
        Run::Clean => unreachable!("an attack"),
    };
    // 42601: an older server does not know the statement at all.
    let is_unknown = stand().major < script.since && attempt.is_sealed && is_refused && failure.contains("42601");
    let is_stopped = is_stopped || is_unknown;
    // Only what the header names may differ afterwards.
    let remains: Vec<&String> =
        attempt.remains.iter().filter(|line| may_remain.is_empty() || !line.contains(may_remain)).collect();
    if is_stopped && remains.is_empty() {
        Ok(())
    } else {
        Err(format!("expected {}\n{}", header(script), attempt.told()))
    }
}

/// With its own review it is sealed, rehearses as planned and leaves nothing.
pub fn rehearsed(script: &Script) -> Result<(), String> {
    let attempt = attempt(script, true);
    if attempt.passed && attempt.remains.is_empty() {
        Ok(())
    } else {
        Err(format!("expected to pass\n{}", attempt.told()))
    }
}

/// What became of one rehearsal.
struct Attempt {
    is_sealed: bool,
    passed: bool,
    failure: Option<String>,
    /// What entry == exit names.
    proof: String,
    /// Lines of the fingerprint that differ afterwards.
    remains: Vec<String>,
    rehearsal: Option<Rehearsal>,
}

impl Attempt {
    fn told(&self) -> String {
        let trace = self.rehearsal.iter().flat_map(|rehearsal| &rehearsal.trace.statements);
        let trace: Vec<String> = trace
            .map(|one| {
                let notices: Vec<&str> = one.notices.iter().map(|notice| notice.message.as_str()).collect();
                format!("  {} {} {notices:?} {}", one.ordinal, one.tag, one.surprise.clone().unwrap_or_default())
            })
            .collect();
        let effects = self.rehearsal.iter().flat_map(|rehearsal| &rehearsal.trace.stages);
        let effects: Vec<String> =
            effects.flat_map(|stage| stage.effects.iter().map(|effect| format!("  {effect:?}"))).collect();
        format!(
            "actual sealed {}, passed {}, failure {:?}\nentry == exit names: {}\nleft in the database: {:#?}\nstatements:\n{}\neffects:\n{}",
            self.is_sealed,
            self.passed,
            self.failure,
            self.proof,
            self.remains,
            trace.join("\n"),
            effects.join("\n")
        )
    }
}

fn attempt(script: &Script, with_review: bool) -> Attempt {
    let database = borrow();
    let runbook = runbook(script, &database.name);
    // The door for this test only: a review is plain data, so an empty one is a review that saw nothing.
    let review = if with_review { review(&runbook, Some(stand().catalog(script.role))) } else { Review::default() };
    let mut attempt = run(rehearse(script, &database.role(script.role), &runbook, &review));
    attempt.remains = differences(&stand().fingerprint, &stand().fingerprint_of(&database));
    give_back(database, attempt.remains.is_empty());
    attempt
}

async fn rehearse(script: &Script, desk: &dyn Database, runbook: &Runbook, review: &Review) -> Attempt {
    let target = desk.target().await.expect("a target");
    let baseline = stand().baseline(script.role, &target);
    let nothing = Attempt {
        is_sealed: false,
        passed: false,
        failure: None,
        proof: String::new(),
        remains: Vec::new(),
        rehearsal: None,
    };
    let step = StepId::from("S1");
    let isolated = StepDiagnosis {
        step: step.clone(),
        mode: Mode::Isolated,
        evidence: Vec::new(),
        first: Vec::new(),
        path: Vec::new(),
    };
    let diagnosis = Diagnosis {
        mode: Mode::Isolated,
        evidence: Vec::new(),
        stop: Vec::new(),
        steps: vec![isolated],
        facts: Facts {
            read_at: baseline.census.taken_at,
            steps: Vec::new(),
            open: Vec::new(),
            conditions: Vec::new(),
            throughout: Vec::new(),
            unreadable: Vec::new(),
        },
    };
    let sealed = seal(&SealInput {
        runbook,
        review,
        catalog: stand().catalog(script.role),
        diagnosis: &diagnosis,
        steps: &[step],
        bindings: &script.bindings,
        baseline: &baseline,
        target,
        run_as: None,
        roster_version: 1,
        via: None,
        requester: "lan@example.test".into(),
        nonce: "0".repeat(32),
        now: baseline.census.taken_at,
    });
    let plan = match sealed {
        Ok(plan) => plan,
        Err(refusal) => return Attempt { failure: Some(refusal.to_string()), ..nothing },
    };
    let mut machine = Machine::rehearse(plan.clone(), Some(baseline), true);
    let mut line = desk.run_line();
    let mut event = Event::Start;
    let finished = loop {
        match machine.on(event) {
            Step::Done(finished) => break finished,
            step => event = line.perform(&step).await,
        }
    };
    drop(line);
    match judge_rehearsal(&plan, &finished) {
        Err(reason) => Attempt { is_sealed: true, failure: Some(reason), ..nothing },
        Ok(rehearsal) => Attempt {
            is_sealed: true,
            passed: rehearsal.passed(),
            failure: rehearsal.failure.clone(),
            proof: proof(&rehearsal),
            remains: Vec::new(),
            rehearsal: Some(rehearsal),
        },
    }
}

/// Names what entry == exit found, and what ROLLBACK cannot put back.
fn proof(rehearsal: &Rehearsal) -> String {
    let residue = rehearsal.residue.iter().map(|residue| residue.what.to_string());
    let lasting = rehearsal.lasting.iter().map(|effect| format!("{} {:?}", effect.object, effect.what));
    residue.chain(lasting).collect::<Vec<_>>().join("; ")
}

fn header(script: &Script) -> String {
    let lines = script.text.lines().filter(|line| line.starts_with("-- run: "));
    lines.collect::<Vec<_>>().join(" ")
}

/// Writes a note as headers name it: `rule line:column severity`.
fn head(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Note => "note",
        Severity::Hazard => "hazard",
        Severity::Block => "block",
    };
    format!("{} {}:{} {severity}", note.rule, note.place.line, note.place.column)
}

fn notes(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("  {}: {}\n", head(note), note.message)).collect()
}
