//! `ledger show`: takes a request; prints what a reviewer must have read before signing it, and signs nothing.

use serde_json::json;

use super::super::Output;
use super::super::args::Connection;
use super::open;
use super::restore::restore_text;
use super::session::end_text;
use crate::approval::Standing;
use crate::plan::{EXECUTOR, Verb, Via};
use crate::runbook::RowsExpected;
use crate::session::{Failure, Opened, World, find_request, open_ledger};

/// `ledger show`.
pub(super) async fn show(world: &World, name: &str, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let known = open_ledger(world, &*database).await?;
    let state = known.state();
    let opened = find_request(state, name)?;
    let stands = opened.standing(world, state);
    output.print(
        || request_text(&opened) + &standing_text(&opened, &stands),
        || {
            json!({
                "request": opened.request.id(), "digest": opened.state.digest, "phrase": opened.state.digest.phrase(),
                "status": opened.state.status.words(), "document": opened.request, "plan": opened.plan.plan(),
                "rehearsal": opened.rehearsal, "standing": stands,
            })
        },
    );
    Ok(())
}

/// Says what would run, where, for whom, and what the rehearsal showed.
pub(super) fn request_text(opened: &Opened) -> String {
    let (request, plan) = (&opened.request, opened.plan.plan());
    let target = &plan.target;
    let steps: Vec<&str> = request.steps.iter().map(crate::runbook::StepId::as_str).collect();
    let verb = if plan.verb() == Verb::Run { "reverse " } else { "" };
    let mut out = format!("{}: {verb}{} on {}\n", request.id(), steps.join(", "), target.database);
    if let Some(restore) = &plan.restore {
        out += &restore_text(restore);
    }
    if let Some(end) = &plan.end_session {
        out += &end_text(end);
    }
    out += &format!("  runbook    {} {}\n", plan.runbook, plan.runbook_version);
    out += &format!("  requester  {}\n", request.requester);
    let runs = match &plan.run_as {
        _ if plan.via == Some(Via::Gate) => format!("{EXECUTOR}, by the gate; rehearsed by {}", target.role),
        Some(role) => format!("a member of {role}; rehearsed by {}", target.role),
        None => target.role.clone(),
    };
    out += &format!("  login      {runs}\n");
    for parameter in &plan.parameters {
        out += &format!("  parameter  {} = {}\n", parameter.name, parameter.value);
    }
    let words = if opened.rehearsal.passed() { opened.rehearsal.left_words() } else { "did NOT pass".to_owned() };
    out += &format!("  rehearsed  {}, {} ms: {words}\n", opened.rehearsal.taken_at, opened.rehearsal.duration_millis);
    out += &format!("  open until {}\n", request.not_after);
    for stage in &plan.stages {
        for statement in &stage.statements {
            let rows = RowsExpected::in_words(statement.rows.as_ref());
            let sql = statement.sql.replace('\n', "\n      ");
            out += &format!("  {} {} ({rows}):\n      {sql}\n", stage.step, statement.ordinal);
        }
    }
    for hazard in &request.hazards {
        out += &format!("  hazard: {} ({} at {})\n", hazard.message, hazard.rule, hazard.place);
    }
    for hazard in &plan.waived {
        out += &format!("  waived: {} ({} at {})\n", hazard.message, hazard.rule, hazard.place);
    }
    out + &format!("  digest {}\n  spoken {}\n", opened.state.digest.groups(), opened.state.digest.phrase())
}

fn standing_text(opened: &Opened, stands: &Standing) -> String {
    let mut out =
        format!("  {}; {} of {} approvals\n", opened.state.status.words(), stands.approved.len(), stands.needed);
    for (who, fingerprint) in &stands.approved {
        out += &format!("  ✓ {who} {fingerprint}\n");
    }
    for (who, refusal) in &stands.refused {
        out += &format!("  ✗ {who}: {refusal}\n");
    }
    if let Some(void) = &stands.void {
        return out + &format!("  cannot be run: {void}\n");
    }
    let may: Vec<&str> = stands.may_still.iter().map(crate::runbook::Principal::as_str).collect();
    if may.is_empty() { out } else { out + &format!("  may still approve: {}\n", may.join(", ")) }
}
