//! One function a verb. Each opens what it needs, asks the session, and prints.

mod build;
mod ceremony;
mod check;
mod demo;
mod evidence;
mod finding;
mod keep;
mod ledger;
mod look;
mod restart;
mod restore;
mod roster;
mod session;
mod show;
mod stop;

use std::path::Path;
use std::sync::Arc;

use super::args::{LedgerVerb, Verb};
use super::{Cli, Output, wiring};
use crate::approval::Decision;
use crate::census::Baseline;
use crate::port::Database;
use crate::runbook::{Diagnostic, Runbook, StepId};
use crate::session::{Failure, FailureKind, World, ledger_baseline, open_baseline, read_runbook, usable};

/// Performs a verb.
pub(super) async fn perform(verb: Verb, output: Output) -> Result<(), Failure> {
    let world = wiring::world();
    match verb {
        Verb::Demo(demo) => demo::demo(demo, output).await,
        Verb::Check(check) => check::check(&world, &check, output).await,
        Verb::Census(census) => look::census(&world, &census, output).await,
        Verb::Compare(compare) => look::compare(&world, &compare, output).await,
        Verb::Diagnose(diagnose) => look::diagnose(&world, &diagnose, output).await,
        Verb::Rehearse(rehearse) => ceremony::rehearse(&world, &rehearse, output).await,
        Verb::RehearseBuild(words) => build::build(&world, &words, output).await,
        Verb::Stage(stage) => ceremony::stage(&world, &stage, output).await,
        Verb::Approve(approve) => ceremony::approve(&world, &approve, output).await,
        Verb::Reject(decide) => ceremony::decide(&world, &decide, Decision::Reject, output).await,
        Verb::Withdraw(decide) => ceremony::decide(&world, &decide, Decision::Withdraw, output).await,
        Verb::Run(run) => ceremony::run(&world, &run, output).await,
        Verb::Stop(words) => stop::stop(&world, &words.verb, output).await,
        Verb::Restart(words) => restart::restart(&world, &words.verb, output).await,
        Verb::Restore(restore) => restore::restore(&world, restore.verb, output).await,
        Verb::Session(words) => session::session(&world, &words.verb, output).await,
        Verb::Finding(words) => finding::finding(&world, words.verb, output).await,
        Verb::Ledger(ledger) => match ledger.verb {
            LedgerVerb::Init {
                connection,
                print,
                grants,
                gate,
                yes,
                baseline,
                roster,
                principal,
                key,
                passphrase_file,
            } => {
                let roster = roster.map(|file| ledger::FirstRoster {
                    file,
                    principal: principal.unwrap_or_default(),
                    key: key.unwrap_or_default(),
                    passphrase_file,
                });
                let make = match (grants, gate) {
                    (_, true) => ledger::Make::Gate,
                    (true, false) => ledger::Make::Grants,
                    (false, false) => ledger::Make::Ledger,
                };
                let init = ledger::Init { print, make, yes, baseline: baseline.as_deref(), roster };
                ledger::init(&world, &connection, &init, output).await
            }
            LedgerVerb::Map { principal, login, connection } => {
                ledger::map(&world, &connection, &principal, &login, output).await
            }
            LedgerVerb::Unmap { login, connection } => ledger::unmap(&world, &connection, &login, output).await,
            LedgerVerb::Logins { connection } => ledger::logins(&world, &connection, output).await,
            LedgerVerb::Log { connection } => keep::log(&world, &connection, output).await,
            LedgerVerb::Verify { connection } => ledger::verify(&world, &connection, output).await,
            LedgerVerb::Show { request, connection } => show::show(&world, &request, &connection, output).await,
            LedgerVerb::Request { request, reject, withdraw, connection } => {
                let decision = reject.map(|reason| (Decision::Reject, reason));
                let decision = decision.or(withdraw.map(|reason| (Decision::Withdraw, reason)));
                keep::request(&world, &request, decision, &connection, output).await
            }
        },
        Verb::Roster(it) => roster::roster(&world, it.verb, output).await,
        Verb::Completions { shell } => {
            let mut command = <Cli as clap::CommandFactory>::command();
            // Into memory first: clap's own writing panics when `| head` closes the pipe.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "countersign", &mut script);
            output.text(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}

/// Opens a runbook that can be used.
fn runbook(world: &World, path: &Path) -> Result<(Runbook, Vec<Diagnostic>), Failure> {
    let (runbook, diagnostics) = read_runbook(world, path)?;
    usable(&diagnostics)?;
    Ok((runbook, diagnostics))
}

/// Opens the baseline file, or else the newest one the ledger holds.
async fn baseline(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    path: Option<&Path>,
) -> Result<Option<Baseline>, Failure> {
    let Some(path) = path else { return ledger_baseline(world, database, runbook).await };
    let baseline = open_baseline(world, path)?;
    // D-53: `unchanged` against another database's truth would mean nothing.
    let target = database.target().await?;
    let (theirs, ours) = (&baseline.census.target, &target);
    let reason = if baseline.runbook != runbook.id {
        format!("it was taken for runbook {}, this is {}", baseline.runbook, runbook.id)
    } else if !theirs.is_same_database(ours) {
        format!("it was taken on {}, this is {}", theirs.identity(), ours.identity())
    } else {
        return Ok(Some(baseline));
    };
    let hint =
        "Use the baseline that was taken on this database for this runbook; `compare --with FILE` compares two files.";
    Err(Failure::new(FailureKind::Refused, format!("the baseline does not belong here: {reason}"), hint))
}

/// As [`baseline`], for what cannot be done without one.
async fn needed_baseline(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    path: Option<&Path>,
) -> Result<Baseline, Failure> {
    baseline(world, database, runbook, path).await?.ok_or_else(|| {
        let hint = "Name one with --baseline FILE; `countersign census --save FILE` takes one.";
        Failure::new(FailureKind::Unreadable, "there is no baseline, and the ledger holds none for this runbook", hint)
    })
}

async fn open(world: &World, text: &str) -> Result<Arc<dyn Database>, Failure> {
    world.doors.open(text).await
}

/// Turns names into steps of this runbook.
fn steps(runbook: &Runbook, names: &[String]) -> Result<Vec<StepId>, Failure> {
    names
        .iter()
        .map(|name| {
            let id = StepId(name.clone());
            runbook.step(&id).map(|_| id).ok_or_else(|| {
                let known: Vec<&str> = runbook.steps.iter().map(|step| step.id.as_str()).collect();
                let message = format!("there is no step {name}; the steps are {}", known.join(", "));
                Failure::new(FailureKind::Unreadable, message, "Name steps as the runbook does.")
            })
        })
        .collect()
}
