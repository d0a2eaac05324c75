//! Writes, signs, keeps and exports findings; leaves one of a run that did not end as approved; verifies exported ones.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::known::{audit_ledger, open_ledger};
use super::ledger::{Opened, find_request};
use super::{Failure, FailureKind, LeftFinding, SignAs, World};
use crate::approval::{Governed, Namespace, Roster, RosterPlace, approvals_that_count};
use crate::digest::Digest;
use crate::finding::{Finding, FindingSubject, Verification, export, hold_against, request_of, verify_export};
use crate::ledger::{Body, Known, RequestStatus, State, hold_head};
use crate::plan::{canonical, read_strict};
use crate::port::Database;
use crate::run::Outcome;
use crate::runbook::{Principal, StepId};

/// Writes the finding of a request as the ledger knows it, signs it, keeps it and exports it. A finding that the run left
/// to be signed is signed as it stands, when it is the signer's own and no words are added.
///
/// # Errors
/// When the request is unknown, the writer's signature does not hold, or the folder cannot be written.
pub async fn export_finding(
    world: &World,
    database: &dyn Database,
    name: &str,
    folder: &Path,
    words: &str,
    signer: &SignAs,
) -> Result<(Finding, Digest), Failure> {
    let known = open_ledger(world, database).await?;
    let opened = find_request(known.state(), name)?;
    let left = if words.is_empty() { left_to_sign(world, &known, &opened, &signer.principal) } else { None };
    let finding = left.unwrap_or_else(|| write(world, known.state(), &opened, words, &signer.principal));
    let digest = keep(world, database, known.state(), &finding, &opened.roster, folder, signer).await?;
    Ok((finding, digest))
}

/// Signs a finding, exports it to a new folder and keeps it in the ledger.
pub(super) async fn keep(
    world: &World,
    database: &dyn Database,
    state: &State,
    finding: &Finding,
    roster: &Roster,
    folder: &Path,
    signer: &SignAs,
) -> Result<Digest, Failure> {
    let text = canonical(finding)?;
    let signature = world.sign(signer, Namespace::Finding, text.as_bytes()).await?;
    crate::approval::verify(roster, &signature, Namespace::Finding, text.as_bytes(), finding.written_at).map_err(
        |problem| {
            let hint = "Sign with the key that the roster names for this principal.";
            Failure::new(FailureKind::Refused, format!("the signature does not hold: {problem}"), hint)
        },
    )?;
    super::touch::refuse_stepped_back(state, &signature)?;
    let files = export(&text, std::slice::from_ref(&signature));
    // What could not be verified here must not leave the desk.
    let verification = verify_export(&files);
    if let Some(refused) = verification.refused.first() {
        let message = format!("the finding would not verify: {refused}");
        return Err(Failure::new(FailureKind::Blocked, message, "Nothing was written. Look at the ledger first."));
    }
    world.folders.write_folder(folder, &files)?;
    let digest = Digest::of(text.as_bytes());
    database.ledger_append(&Body::Finding { document: text, signatures: vec![signature] }).await?;
    Ok(digest)
}

/// Leaves the finding of a run in the ledger, unsigned: whoever ran it has unlocked a key for the run and for nothing else,
/// so the signature waits for a person. Nothing is left when the ledger does not know this run's end.
pub(super) async fn leave_finding(
    world: &World,
    database: &dyn Database,
    request: Digest,
    run: &str,
    writer: &Principal,
) -> Option<LeftFinding> {
    match leave(world, database, request, run, writer).await {
        Ok(left) => left.map(LeftFinding::Kept),
        // The run's end is recorded; what is missing can be written at any time.
        Err(failure) => Some(LeftFinding::NotKept(failure.message)),
    }
}

async fn leave(
    world: &World,
    database: &dyn Database,
    request: Digest,
    run: &str,
    writer: &Principal,
) -> Result<Option<u64>, Failure> {
    let known = open_ledger(world, database).await?;
    let Some(state) = known.state().request(request) else { return Ok(None) };
    // Another run of the same request may have had it: its end is not ours to tell.
    let is_ours = state.begun.as_ref().is_some_and(|(id, _)| id == run);
    let (RequestStatus::Ended(Outcome::Committed | Outcome::RolledBack { .. }), true) = (&state.status, is_ours) else {
        return Ok(None);
    };
    let finding = write(world, known.state(), &Opened::read(state)?, "", writer);
    let body = Body::Finding { document: canonical(&finding)?, signatures: Vec::new() };
    Ok(Some(database.ledger_append(&body).await?.seq))
}

/// Returns the newest finding of this request when nobody has signed it, and it is word for word what this desk would write
/// for this person at its place in the ledger. Nobody signs what somebody else has put there in their name.
fn left_to_sign(world: &World, known: &Known, opened: &Opened, writer: &Principal) -> Option<Finding> {
    let mut newest_first = known.state().findings.iter().rev();
    let of_request = |document: &String| request_of(document) == Some(opened.state.digest);
    let (_, document, signatures) = newest_first.find(|(_, document, _)| of_request(document))?;
    let finding: Finding = read_strict(document).ok()?;
    let seq = finding.ledger_seq.parse().ok()?;
    hold_head(known.entries(), seq, finding.ledger_head).ok()?;
    let (at, head) = (finding.written_at, finding.ledger_head);
    let again = Finding::of(subject(known.state(), opened, at), writer.clone(), String::new(), at, seq, head);
    (signatures.is_empty() && at <= world.clock.now() && again == finding).then_some(finding)
}

fn write(world: &World, state: &State, opened: &Opened, words: &str, writer: &Principal) -> Finding {
    let (now, head) = (world.clock.now(), state.head.unwrap_or(crate::ledger::GENESIS));
    Finding::of(subject(state, opened, now), writer.clone(), words.to_owned(), now, state.head_seq, head)
}

/// What the ledger knows of a request, as a finding written at this moment holds it.
fn subject(state: &State, opened: &Opened, written_at: Timestamp) -> FindingSubject {
    let evidence = opened.state.evidence.clone();
    let outcome = match &opened.state.status {
        RequestStatus::Open | RequestStatus::Rejected => None,
        RequestStatus::Ended(outcome) => Some(outcome.clone()),
        // Begun and never ended is not an outcome that anybody may call good or bad.
        RequestStatus::Begun { run } => Some(Outcome::Unknown {
            token: crate::run::RunToken {
                run: run.clone(),
                stage: opened.state.committed_stages,
                xid: String::new(),
                pid: 0,
                backend_start: String::new(),
                system_identifier: opened.plan.plan().target.system_identifier.clone(),
                timeline: opened.plan.plan().target.timeline,
            },
            reason: "the run began and its end is not recorded".to_owned(),
            committed: begun_stages(opened),
        }),
    };
    let begun_at = opened.state.begun_at.as_deref().and_then(|at| at.parse().ok());
    let used_at = begun_at.unwrap_or(written_at);
    let governed = Governed::of(&state.rosters, RosterPlace::of(&opened.plan.plan().target));
    FindingSubject {
        plan: opened.plan.plan().clone(),
        plan_digest: opened.plan.digest(),
        request: opened.request.clone(),
        request_digest: opened.state.digest,
        rehearsal: opened.rehearsal.clone(),
        rehearsal_digest: opened.request.rehearsal_digest,
        roster: opened.state.roster.clone(),
        roster_history: governed.proof(opened.plan.plan().roster_version),
        used_at,
        requested: opened.state.requested.clone(),
        // Whatever else somebody appended to the ledger: only what counted is evidence.
        approvals: approvals_that_count(
            &opened.request,
            opened.plan.plan().editor.as_ref(),
            &opened.signatures(),
            &opened.roster,
            used_at,
        ),
        operated: opened.state.operated.clone(),
        outcome,
        failure: evidence.as_ref().and_then(|evidence| evidence.failure.clone()),
        trace: evidence.as_ref().map(|evidence| evidence.trace.clone()),
        inside: evidence.as_ref().map_or_else(Vec::new, |evidence| evidence.inside.clone()),
        after: evidence.and_then(|evidence| evidence.after),
    }
}

/// The stages the ledger knows to be committed; the last stage of a plan ends the run, so it is never among them here.
fn begun_stages(opened: &Opened) -> Vec<StepId> {
    let committed = usize::try_from(opened.state.committed_stages).unwrap_or(usize::MAX);
    opened.plan.plan().stages.iter().take(committed).map(|stage| stage.step.clone()).collect()
}

/// Verifies an exported folder, offline.
///
/// # Errors
/// When the folder cannot be read. What does not hold is in the verification.
pub fn verify_finding(world: &World, folder: &Path) -> Result<Verification, Failure> {
    let files = world.folders.read_folder(&folder_of(world, folder)?)?;
    Ok(verify_export(&files.0))
}

/// Says whether a file of this name is one of an exported finding's own.
#[must_use]
pub fn is_of_finding(name: &str) -> bool {
    ["finding.json", "finding.pdf", "finding.html", "finding.md", "VERIFY.txt", "SHA256SUMS"].contains(&name)
}

/// Returns the folder of a finding, when one of its files is named: a rendering is checked beside what it was made from.
pub(super) fn folder_of(world: &World, path: &Path) -> Result<PathBuf, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_of_finding(name) {
        return Ok(path.to_owned());
    }
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    world.folders.read_file(&folder.join("finding.json")).map_err(|_| {
        let message = format!("{name} stands alone: there is no finding.json beside it that it could be made from");
        Failure::new(FailureKind::Unreadable, message, "Ask for the whole folder, and name that.")
    })?;
    Ok(folder)
}

/// Verifies an exported folder, and that the ledger of a database still holds the head inside it.
///
/// # Errors
/// When the folder or the ledger cannot be read. What does not hold is in the verification.
pub async fn verify_finding_against(
    world: &World,
    database: &dyn Database,
    folder: &Path,
) -> Result<Verification, Failure> {
    let mut verification = verify_finding(world, folder)?;
    let target = database.target().await?;
    let audit = audit_ledger(world, database).await?;
    hold_against(&mut verification, &audit.entries, &target);
    Ok(verification)
}
