//! The verbs that only look at the database: census, compare, diagnose.

use serde_json::json;

use super::super::Output;
use super::super::args::{Census, Compare, Diagnose};
use super::super::output::{columns, comparison_json, comparison_text, one_line};
use super::{baseline, open, runbook, steps};
use crate::census::{CompareScope, compare as compare_checks};
use crate::diagnose::{Diagnosis, Mode, StepDiagnosis};
use crate::plan::canonical;
use crate::runbook::{Check, Runbook};
use crate::session::{Failure, FailureKind, World, open_baseline, stop_hint, survey_and_latch, take_baseline};

/// `census`: asks every check at one snapshot.
pub(super) async fn census(world: &World, census: &Census, output: Output) -> Result<(), Failure> {
    let (runbook, _) = runbook(world, &census.runbook)?;
    if let Some(path) = census.save.as_ref().filter(|path| !census.replace && world.folders.read_file(path).is_ok()) {
        // The truth from before the build cannot be taken a second time.
        let message = format!("{} is there already and was left alone", path.display());
        return Err(Failure::new(FailureKind::Refused, message, "Name a new file, or write --replace as well."));
    }
    let database = open(world, &census.connection.text).await?;
    let taken = take_baseline(&*database, &runbook, &census.label).await?;
    if let Some(path) = &census.save {
        let text = canonical(&taken)? + "\n";
        world.folders.write_file(path, text.as_bytes())?;
    }
    let rows: Vec<Vec<String>> =
        taken.census.readings.iter().map(|(id, reading)| vec![id.to_string(), one_line(reading)]).collect();
    output.print(
        || {
            let kept = census.save.as_ref().map_or(String::new(), |path| format!("kept in {}\n", path.display()));
            format!("{}{} readings at {}\n{kept}", columns(&rows), rows.len(), taken.census.taken_at)
        },
        || json!(taken),
    );
    Ok(())
}

/// `compare`: baseline, expected and actual.
pub(super) async fn compare(world: &World, compare: &Compare, output: Output) -> Result<(), Failure> {
    let (runbook, _) = runbook(world, &compare.runbook)?;
    let steps = steps(&runbook, &compare.steps)?;
    let (before, census) = if let Some(with) = &compare.with {
        let before = compare.baseline.as_ref().map(|path| open_baseline(world, path)).transpose()?;
        (before, open_baseline(world, with)?.census)
    } else {
        let database = open(world, &compare.connection.text).await?;
        let before = baseline(world, &*database, &runbook, compare.baseline.as_deref()).await?;
        (before, take_baseline(&*database, &runbook, "now").await?.census)
    };
    let scope = if steps.is_empty() { CompareScope::Everything } else { CompareScope::Steps(&steps) };
    let checks = without(&runbook, &compare.ignored)?;
    let comparison = compare_checks(&checks, before.as_ref(), &census, scope);
    output.print(
        || {
            let left_out = compare.ignored.join(", ");
            let said = if left_out.is_empty() { String::new() } else { format!("left out by choice: {left_out}\n") };
            comparison_text(output, &comparison) + &said
        },
        || {
            let mut said = comparison_json(&comparison);
            said["left_out"] = json!(compare.ignored);
            said
        },
    );
    if comparison.holds() {
        return Ok(());
    }
    let message = format!("{} of {} checks are not as expected", comparison.failures().count(), comparison.rows.len());
    Err(Failure::new(
        FailureKind::Blocked,
        message,
        "See what differs; `countersign diagnose` says which branch holds.",
    ))
}

/// Returns the runbook's checks without those that somebody leaves out.
fn without(runbook: &Runbook, ignored: &[String]) -> Result<Vec<Check>, Failure> {
    if let Some(unknown) = ignored.iter().find(|id| runbook.checks.iter().all(|check| check.id.as_str() != *id)) {
        let message = format!("there is no check {unknown} that could be left out");
        return Err(Failure::new(FailureKind::Unreadable, message, "Name checks as the runbook does."));
    }
    let kept = runbook.checks.iter().filter(|check| !ignored.iter().any(|id| check.id.as_str() == id));
    Ok(kept.cloned().collect())
}

/// `diagnose`: the decision tree.
pub(super) async fn diagnose(world: &World, diagnose: &Diagnose, output: Output) -> Result<(), Failure> {
    let (runbook, _) = runbook(world, &diagnose.runbook)?;
    let step = steps(&runbook, diagnose.step.as_slice())?.into_iter().next();
    let database = open(world, &diagnose.connection.text).await?;
    let before = baseline(world, &*database, &runbook, diagnose.baseline.as_deref()).await?;
    let (looked, latched) = survey_and_latch(world, &*database, &runbook, before.as_ref()).await?;
    let diagnosis = &looked.diagnosis;
    let (mode, evidence) = match step.as_ref().and_then(|step| diagnosis.step(step)) {
        Some(step) => (step.mode, &step.evidence),
        None => (diagnosis.mode, &diagnosis.evidence),
    };
    let shown = diagnosis.steps.iter().filter(|found| step.as_ref().is_none_or(|step| found.step == *step));
    output.print(
        || {
            let mut out = String::new();
            for found in shown.clone() {
                out += &format!("{} {}\n", found.step, found.mode.word());
                for turn in &found.path {
                    out += &format!("  {} {} ({})\n", turn.question, turn.answer, turn.fact);
                }
            }
            if let Some(order) = order(diagnosis).filter(|_| mode == Mode::Ordered) {
                out += &format!("reverse in this order: {}\n", order.join(", "));
            }
            out + &format!("{}\n", mode.word()) + &evidence.iter().map(|fact| format!("  {fact}\n")).collect::<String>()
        },
        || json!({"mode": mode, "evidence": evidence, "stop": diagnosis.stop, "steps": shown.clone().collect::<Vec<_>>()}),
    );
    if mode == Mode::Stop {
        let held = latched.words().map_or_else(String::new, |words| format!(" ({words})"));
        let message = format!("disaster stop: {}{held}", evidence.first().map_or("unknown state", String::as_str));
        return Err(Failure::new(FailureKind::Stopped, message, stop_hint(diagnosis)));
    }
    Ok(())
}

/// Orders the steps that are applied so that whatever must go first does; `None` when something else is in the way.
fn order(diagnosis: &Diagnosis) -> Option<Vec<String>> {
    let mut left: Vec<_> = diagnosis.steps.iter().filter(|step| step.mode != Mode::NotApplied).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let is_free = |step: &&StepDiagnosis| {
            step.first.iter().all(|first| first.step.as_ref().is_some_and(|id| order.contains(&id.to_string())))
        };
        // The newest first, as it was built last.
        let next = left.iter().rposition(is_free)?;
        order.push(left.remove(next).step.to_string());
    }
    Some(order)
}
