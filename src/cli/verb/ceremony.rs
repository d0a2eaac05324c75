//! The verbs of the ceremony: rehearse, stage, approve, reject, withdraw, run.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use serde_json::json;

use super::super::args::{Approve, Decide, Rehearse, Run, Stage};
use super::super::{Output, wiring};
use super::evidence::{rehearsal_json, rehearsal_text, trace_text};
use super::show::request_text;
use super::{needed_baseline, open, runbook, steps};
use crate::approval::Decision;
use crate::ledger::RequestStatus;
use crate::plan::Via;
use crate::port::Database;
use crate::run::{Outcome, Trace};
use crate::runbook::Principal;
use crate::session::{
    self, Approval, Cancel, Failure, FailureKind, LeftFinding, Progress, Ran, StagedRequest, Staging, Watch, World,
    failed_rehearsal, find_request, outcome_failure, prove_again, read_ledger, read_signature,
};

/// Cancels on Ctrl-C; a second Ctrl-C changes nothing, because the first one is obeyed as far as it is safe.
pub(super) fn cancel_on_interrupt() -> Cancel {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.ask();
        }
    });
    cancel
}

/// `rehearse`.
pub(super) async fn rehearse(world: &World, rehearse: &Rehearse, output: Output) -> Result<(), Failure> {
    let (runbook, diagnostics) = runbook(world, &rehearse.runbook)?;
    let steps = steps(&runbook, &rehearse.steps)?;
    let database = open(world, &rehearse.connection.text).await?;
    let baseline = needed_baseline(world, &*database, &runbook, rehearse.baseline.as_deref()).await?;
    let staging = Staging {
        runbook: &runbook,
        diagnostics: &diagnostics,
        baseline: &baseline,
        steps: &steps,
        bindings: &rehearse.bindings,
        run_as: rehearse.run_as.as_deref(),
        via: rehearse.via.map(Into::into),
    };
    let cancel = cancel_on_interrupt();
    let mut say = |progress: Progress| output.progress(&progress);
    let nobody = Principal("rehearsal".to_owned());
    let mut watch = Watch { say: &mut say, cancel: &cancel };
    let (plan, rehearsal, _) = session::rehearse(world, &*database, &staging, nobody, &mut watch).await?;
    output.print(
        || rehearsal_text(output, &rehearsal),
        || {
            let (passed, evidence) = (rehearsal.passed(), rehearsal_json(&rehearsal));
            json!({"passed": passed, "evidence": evidence, "plan": plan.plan(), "rehearsal": rehearsal})
        },
    );
    if rehearsal.passed() { Ok(()) } else { Err(failed_rehearsal(&rehearsal)) }
}

/// `stage`.
pub(super) async fn stage(world: &World, stage: &Stage, output: Output) -> Result<(), Failure> {
    let rehearse = &stage.rehearse;
    let (runbook, diagnostics) = runbook(world, &rehearse.runbook)?;
    let steps = steps(&runbook, &rehearse.steps)?;
    let database = open(world, &rehearse.connection.text).await?;
    let baseline = needed_baseline(world, &*database, &runbook, rehearse.baseline.as_deref()).await?;
    let signing = &stage.signing;
    let signer = wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
    let staging = Staging {
        runbook: &runbook,
        diagnostics: &diagnostics,
        baseline: &baseline,
        steps: &steps,
        bindings: &rehearse.bindings,
        run_as: rehearse.run_as.as_deref(),
        via: rehearse.via.map(Into::into),
    };
    let cancel = cancel_on_interrupt();
    let world = &world.cancelled_by(&cancel);
    let mut say = |progress: Progress| output.progress(&progress);
    let mut watch = Watch { say: &mut say, cancel: &cancel };
    let staged = session::stage(world, &*database, &staging, &signer, &mut watch).await?;
    print_staged(output, &staged);
    Ok(())
}

/// Says what was staged, and what comes next.
pub(super) fn print_staged(output: Output, staged: &StagedRequest) {
    output.print(
        || {
            format!(
                "{}staged as {}\n  digest {}\n  spoken {}\n  needs {} approvals until {}\n  next: reviewers read it with \
                 `countersign ledger show {} --db …` and sign it with `countersign approve {} --db … --as … --key …`\n",
                trace_text(&staged.rehearsal.trace),
                staged.request,
                staged.digest.groups(),
                staged.digest.phrase(),
                staged.plan.policy.approvals,
                staged.not_after,
                staged.request,
                staged.request,
            )
        },
        || {
            json!({
                "request": staged.request, "digest": staged.digest, "phrase": staged.digest.phrase(),
                "steps": staged.plan.stages.iter().map(|stage| &stage.step).collect::<Vec<_>>(), "needed": staged.plan.policy.approvals, "not_after": staged.not_after, "hazards": staged.plan.hazards,
                "rehearsal": {"passed": staged.rehearsal.passed(), "duration_millis": staged.rehearsal.duration_millis},
            })
        },
    );
}

/// `approve`.
pub(super) async fn approve(world: &World, approve: &Approve, output: Output) -> Result<(), Failure> {
    let database = open(world, &approve.connection.text).await?;
    show_request(&*database, &approve.request, output).await?;
    let name = &approve.request;
    let stands = if let Some(path) = &approve.signature {
        let brought = Approval::Brought(read_signature(world, path, &Principal(approve.principal.clone()))?);
        session::approve(world, &*database, name, None, brought).await?
    } else {
        let key = approve.key.as_deref().unwrap_or_default();
        let signer = wiring::signer(world, &approve.principal, key, approve.passphrase_file.as_deref()).await?;
        session::approve(world, &*database, name, None, Approval::Sign(&signer)).await?
    };
    let have = stands.approved.len();
    output.print(
        || format!("{} approved {}: {have} of {}\n", approve.principal, approve.request, stands.needed),
        || json!({"request": approve.request, "approved": have, "needed": stands.needed, "standing": stands}),
    );
    Ok(())
}

/// Shows on standard error what is about to be signed, hazards included.
async fn show_request(database: &dyn Database, name: &str, output: Output) -> Result<(), Failure> {
    if output.json {
        return Ok(());
    }
    let (_, state) = read_ledger(database).await?;
    let opened = find_request(&state, name)?;
    eprint!("You approve {}", request_text(&opened));
    Ok(())
}

/// `reject` and `withdraw`.
pub(super) async fn decide(world: &World, decide: &Decide, decision: Decision, output: Output) -> Result<(), Failure> {
    let database = open(world, &decide.connection.text).await?;
    let Decide { request, connection: _, reason, principal, key, passphrase_file, signature } = decide;
    if let Some(path) = signature {
        let brought = Approval::Brought(read_signature(world, path, &Principal(principal.clone()))?);
        session::decide(world, &*database, request, decision, reason, brought).await?;
    } else {
        let key = key.as_deref().unwrap_or_default();
        let signer = wiring::signer(world, principal, key, passphrase_file.as_deref()).await?;
        session::decide(world, &*database, request, decision, reason, Approval::Sign(&signer)).await?;
    }
    let (words, done) = match decision {
        Decision::Reject => ("rejected", "rejected"),
        Decision::Withdraw => ("withdrew from", "withdrawn"),
    };
    output.print(|| format!("{principal} {words} {request}\n"), || json!({"request": request, (done): true}));
    Ok(())
}

/// `run`.
pub(super) async fn run(world: &World, run: &Run, output: Output) -> Result<(), Failure> {
    let database = open(world, &run.connection.text).await?;
    if run.prove {
        let outcome = prove_again(&*database, &run.request).await?;
        print_outcome(output, &run.request, &outcome, &Trace::default(), None, None);
        return outcome_failure(&outcome, None, &run.request).map_or(Ok(()), Err);
    }
    if let Some(via) = run.via {
        refuse_other_way(&*database, &run.request, via.into()).await?;
    }
    let (principal, key) = (run.principal.as_deref().unwrap_or_default(), run.key.as_deref().unwrap_or_default());
    let confirm = match &run.confirm {
        Some(confirm) => confirm.clone(),
        None => ask_confirmation(&*database, &run.request).await?,
    };
    let signer = wiring::signer(world, principal, key, run.passphrase_file.as_deref()).await?;
    let cancel = cancel_on_interrupt();
    let world = &world.cancelled_by(&cancel);
    let mut say = |progress: Progress| output.progress(&progress);
    let mut watch = Watch { say: &mut say, cancel: &cancel };
    let dump = run.dump.as_deref();
    let Ran { finished, finding } =
        session::run_with(world, &*database, &run.request, &confirm, &signer, dump, &mut watch).await?;
    let holds = finished.after.as_ref().map(crate::census::Comparison::holds);
    print_outcome(output, &run.request, &finished.outcome, &finished.trace, holds, finding.as_ref());
    if let Some((condition, reason)) = &finished.tripped {
        let message = format!("disaster stop {condition}: {reason} ({})", outcome_word(&finished.outcome));
        return Err(Failure::new(FailureKind::Stopped, message, "Halt; write a divergence finding."));
    }
    outcome_failure(&finished.outcome, finished.failure.as_deref(), &run.request).map_or(Ok(()), Err)
}

/// Refuses a plan that does not run the way the operator expects: the plan decides, because reviewers signed it.
async fn refuse_other_way(database: &dyn Database, request: &str, via: Via) -> Result<(), Failure> {
    let (_, state) = read_ledger(database).await?;
    if find_request(&state, request)?.plan.plan().via == Some(via) {
        return Ok(());
    }
    let hint = "Leave out --via to run it as it was approved, or stage it again with `stage --via gate`.";
    Err(Failure::new(FailureKind::Refused, "this plan does not run via the gate; its login runs it", hint))
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Committed => "committed",
        Outcome::RolledBack { .. } => "rolled_back",
        Outcome::Unknown { .. } => "unknown",
    }
}

fn print_outcome(
    output: Output,
    request: &str,
    outcome: &Outcome,
    trace: &Trace,
    after: Option<bool>,
    finding: Option<&LeftFinding>,
) {
    let words = RequestStatus::Ended(outcome.clone()).words();
    output.print(
        || {
            let verified = match after {
                Some(true) => "verified afterwards: as expected\n",
                Some(false) => "verified afterwards: NOT as expected\n",
                None => "",
            };
            let left = match finding {
                Some(left @ LeftFinding::Kept(_)) => {
                    format!("{}: countersign finding export {request}\n", left.words())
                }
                Some(left @ LeftFinding::NotKept(_)) => format!("{}\n", left.words()),
                None => String::new(),
            };
            format!("{}{request}: {words}\n{verified}{left}", trace_text(trace))
        },
        || {
            json!({
                "request": request, "outcome": outcome_word(outcome), "detail": outcome,
                "verified_after": after, "statements": trace.statements, "stages": trace.stages,
                "finding_to_be_signed": match finding {
                    Some(LeftFinding::Kept(seq)) => Some(*seq),
                    Some(LeftFinding::NotKept(_)) | None => None,
                },
            })
        },
    );
}

async fn ask_confirmation(database: &dyn Database, name: &str) -> Result<String, Failure> {
    let hint = "Write --confirm DATABASE.";
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(FailureKind::Refused, "the run was not confirmed", hint));
    }
    let (_, state) = read_ledger(database).await?;
    let opened = find_request(&state, name)?;
    let count: usize = opened.plan.plan().stages.iter().map(|stage| stage.statements.len()).sum();
    eprint!("Commit {count} statements. Type the name of the database: ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::new(FailureKind::Refused, format!("the run was not confirmed: {error}"), hint))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
