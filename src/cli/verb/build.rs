//! The verb `rehearse-build`: a step's forward build, run in a transaction that is rolled back.

use serde_json::json;

use super::super::Output;
use super::super::args::RehearseBuild;
use super::super::output::{counted, visible};
use super::ceremony::cancel_on_interrupt;
use super::{needed_baseline, open, runbook};
use crate::census::{Reading, brief};
use crate::run::BuildRehearsal;
use crate::runbook::StepId;
use crate::session::{Building, Failure, FailureKind, Progress, Watch, World, rehearse_build};

/// `rehearse-build`.
pub(super) async fn build(world: &World, words: &RehearseBuild, output: Output) -> Result<(), Failure> {
    let (runbook, diagnostics) = runbook(world, &words.runbook)?;
    let database = open(world, &words.connection.text).await?;
    let baseline = needed_baseline(world, &*database, &runbook, words.baseline.as_deref()).await?;
    let step = StepId(words.step.clone());
    let building = Building {
        runbook: &runbook,
        diagnostics: &diagnostics,
        baseline: &baseline,
        step: &step,
        bindings: &words.bindings,
    };
    let cancel = cancel_on_interrupt();
    let mut say = |progress: Progress| output.progress(&progress);
    let mut watch = Watch { say: &mut say, cancel: &cancel };
    let built = rehearse_build(world, &*database, &building, &mut watch).await?;
    output.print(|| text(&built), || json!({"passed": built.passed(), "build": built}));
    if built.passed() { Ok(()) } else { Err(failed(&built)) }
}

fn failed(built: &BuildRehearsal) -> Failure {
    let left: Vec<String> = built.residue.iter().map(|it| format!("{} was left behind", it.what)).collect();
    let reasons: Vec<String> = built.failure.iter().cloned().chain(left).collect();
    let message = format!("the build was rolled back: {}", reasons.join("; "));
    Failure::new(FailureKind::RolledBack, message, "Mend the build script, then rehearse it again.")
}

fn text(built: &BuildRehearsal) -> String {
    let mut out = format!("{}: {}\n", visible(built.step.as_str()), counted(built.statements.len(), "statement"));
    for sent in &built.statements {
        // A statement that the server refused has no tag and counts nothing.
        let tag = if sent.tag.is_empty() { "was refused" } else { sent.tag.as_str() };
        let rows = sent.rows.as_ref().filter(|rows| !rows.is_empty());
        let rows = rows.map_or_else(String::new, |rows| format!(", {rows} rows"));
        out += &format!("  {:>3} {}{rows} · {} ms\n", sent.ordinal, visible(tag), sent.duration_millis);
        for notice in &sent.notices {
            out += &format!("      {}: {}\n", notice.severity, visible(&notice.message));
        }
    }
    if let Some(inside) = &built.inside {
        out += "What it changes, by the checks, inside the transaction:\n";
        for row in inside.failures() {
            let values = || format!("{} → {}", brief(&row.expected), brief(&value(&row.actual)));
            out += &format!("  ≠ {}: {}\n", row.id, visible(&row.difference_in_words().unwrap_or_else(values)));
        }
    }
    for trip in &built.trips {
        out += &format!("  ! once committed it would stop everything: {}\n", visible(trip));
    }
    out += match (built.residue.is_empty(), &built.failure) {
        (true, _) => "Rolled back: entry == exit, nothing was left behind.\n",
        (false, _) => "Rolled back, and something was left behind:\n",
    };
    for residue in &built.residue {
        out += &format!("  ≠ {}\n", residue.what);
    }
    out
}

fn value(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("cannot be seen: {reason}"),
    }
}
