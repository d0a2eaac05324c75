//! Takes a runbook and another session's open transaction; gives a [`SealedPlan`] that ends exactly that session and sends
//! nothing else; refuses a session that cannot be named for ever (D-15).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::draft::{check_place, declared};
use super::{Hazard, PLAN_FORMAT, Plan, SealRefusal, SealedPlan, Settings, Stage, canonical};
use crate::census::{Baseline, Target};
use crate::diagnose::OpenTransaction;
use crate::digest::Digest;
use crate::runbook::{Principal, Runbook, StepId};

/// Another session that is to be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    /// The backend.
    pub pid: i32,
    /// When it started; with `pid` it names one session for ever.
    pub backend_start: Timestamp,
    /// When its transaction began: a session that has rolled back and gone on is another matter.
    pub xact_start: Timestamp,
    /// Everything that was seen of it, for people.
    pub seen: OpenTransaction,
    /// The steps whose objects it holds: they must be as before afterwards.
    pub steps: Vec<StepId>,
}

impl EndSession {
    /// Names the session; `steps` are those whose objects it holds.
    ///
    /// # Errors
    /// When there is no process, or it is not known since when: in one sentence.
    pub fn of(seen: &OpenTransaction, steps: Vec<StepId>) -> Result<Self, String> {
        let (Some(backend_start), Some(xact_start), true) = (seen.backend_start, seen.xact_start, seen.pid > 0) else {
            let what = if seen.pid == 0 {
                "a prepared transaction has no session"
            } else {
                "it is not known since when it runs"
            };
            return Err(format!("{}: {what}", seen.application));
        };
        Ok(Self { pid: seen.pid, backend_start, xact_start, seen: seen.clone(), steps })
    }

    /// Returns the name of the one stage: `end session 4711`.
    #[must_use]
    pub fn stage(&self) -> StepId {
        StepId(format!("end session {}", self.pid))
    }
}

/// What the plan that ends a session is made of.
pub struct EndSessionInput<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// The session.
    pub end: EndSession,
    /// The baseline that everything must be at afterwards.
    pub baseline: &'a Baseline,
    /// Where it runs.
    pub target: Target,
    /// The version of the roster that is in force.
    pub roster_version: u32,
    /// Who asks.
    pub requester: Principal,
    /// 32 random hexadecimal digits.
    pub nonce: String,
    /// This desk's time.
    pub now: Timestamp,
}

/// Seals the plan that ends a session.
///
/// # Errors
/// See [`SealRefusal`].
pub fn seal_end_session(input: EndSessionInput<'_>) -> Result<SealedPlan, SealRefusal> {
    let runbook = input.runbook;
    check_place(runbook, &input.target, input.baseline)?;
    let roster = runbook.roster.as_ref().ok_or(SealRefusal::NoRoster)?;
    let end = input.end;
    let message = format!(
        "Ending session {} of {} ({}) rolls back everything its transaction has done since {}. Its owner's own ROLLBACK does the \
         same, and is the better way.",
        end.pid, end.seen.user, end.seen.application, end.xact_start
    );
    let hazard = Hazard { rule: "end-session".to_owned(), place: format!("pid {}", end.pid), message };
    let plan = Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: input.nonce,
        runbook: runbook.id.clone(),
        runbook_version: runbook.version.clone(),
        runbook_digest: runbook.digest,
        roster_digest: roster.digest,
        roster_version: input.roster_version,
        target: input.target,
        run_as: None,
        via: None,
        settings: Settings::new(runbook.timeouts, &runbook.target.schema),
        policy: runbook.policy.clone(),
        parameters: Vec::new(),
        objects: declared(runbook),
        stages: vec![stage_of(&end)],
        checks: runbook.checks.clone(),
        stops: runbook.stops.clone(),
        baseline_digest: Digest::of(canonical(input.baseline)?.as_bytes()),
        hazards: vec![hazard],
        waived: Vec::new(),
        restore: None,
        end_session: Some(end),
        requester: input.requester,
        editor: runbook.edited_by.clone(),
        sealed_at: input.now,
    };
    super::recheck(&plan).map_err(SealRefusal::NeverSent)?;
    SealedPlan::read(&canonical(&plan)?).map_err(SealRefusal::Canonical)
}

/// Holds a plan against the session it says it ends: it has one stage, and no statement of its own.
pub(super) fn recheck_end_session(plan: &Plan) -> Result<(), String> {
    let Some(end) = &plan.end_session else { return Ok(()) };
    if plan.restore.is_some() || plan.via.is_some() {
        return Err("a plan that ends a session does nothing else".to_owned());
    }
    if plan.stages != [stage_of(end)] {
        return Err("a plan that ends a session holds no statement".to_owned());
    }
    let of_seen = EndSession::of(&end.seen, end.steps.clone())?;
    if of_seen == *end { Ok(()) } else { Err("the session it names is not the one it shows".to_owned()) }
}

fn stage_of(end: &EndSession) -> Stage {
    Stage {
        step: end.stage(),
        script: "pg_terminate_backend".to_owned(),
        statements: Vec::new(),
        locked_tables: Vec::new(),
        drops: Vec::new(),
        names: Vec::new(),
    }
}
