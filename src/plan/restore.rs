//! Takes a runbook and a restore; gives a [`SealedPlan`] with one stage, whose statements follow from the restore; refuses a
//! restore that could not have been made from the runbook.

use jiff::Timestamp;

use super::draft::{check_place, declared};
use super::{
    BoundParameter, DeclaredClass, Hazard, PLAN_FORMAT, Plan, PlannedStatement, SealRefusal, SealedPlan, Settings,
    Stage, canonical, names_of,
};
use crate::census::{Baseline, Target};
use crate::digest::Digest;
use crate::restore::{Restore, deeds, recheck};
use crate::runbook::sql::split;
use crate::runbook::{Principal, RowsExpected, Runbook, StepId};

/// The rule that hazards of a restore are named after.
const RULE: &str = "restore";

/// What the plan of a restore is made of.
pub struct RestoreInput<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// The restore.
    pub restore: Restore,
    /// What people have to know before they sign.
    pub hazards: Vec<String>,
    /// Parameters of the table's declared key.
    pub parameters: Vec<BoundParameter>,
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Where it will run.
    pub target: Target,
    /// The role whose members may run it; `None` is the login that rehearses it.
    pub run_as: Option<&'a str>,
    /// The version of the roster that is in force.
    pub roster_version: u32,
    /// Who asks.
    pub requester: Principal,
    /// 32 random hexadecimal digits.
    pub nonce: String,
    /// This desk's time.
    pub now: Timestamp,
}

/// Seals the plan of a restore.
///
/// # Errors
/// See [`SealRefusal`].
pub fn seal_restore(input: RestoreInput<'_>) -> Result<SealedPlan, SealRefusal> {
    let runbook = input.runbook;
    check_place(runbook, &input.target, input.baseline)?;
    let roster = runbook.roster.as_ref().ok_or(SealRefusal::NoRoster)?;
    let stage = stage_of(&input.restore, &runbook.target.schema).map_err(SealRefusal::NeverSent)?;
    let hazard = |message: String| Hazard { rule: RULE.to_owned(), place: input.restore.table.to_string(), message };
    let plan = Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: input.nonce,
        runbook: runbook.id.clone(),
        runbook_version: runbook.version.clone(),
        runbook_digest: runbook.digest,
        roster_digest: roster.digest,
        roster_version: input.roster_version,
        target: input.target,
        run_as: input.run_as.map(str::to_owned),
        via: None,
        settings: Settings::new(runbook.timeouts, &runbook.target.schema),
        policy: runbook.policy.clone(),
        parameters: input.parameters,
        objects: declared(runbook),
        stages: vec![stage],
        checks: runbook.checks.clone(),
        stops: runbook.stops.clone(),
        baseline_digest: Digest::of(canonical(input.baseline)?.as_bytes()),
        hazards: input.hazards.into_iter().map(hazard).collect(),
        waived: Vec::new(),
        restore: Some(input.restore),
        end_session: None,
        requester: input.requester,
        editor: runbook.edited_by.clone(),
        sealed_at: input.now,
    };
    super::recheck(&plan).map_err(SealRefusal::NeverSent)?;
    SealedPlan::read(&canonical(&plan)?).map_err(SealRefusal::Canonical)
}

/// Holds the one stage of a plan against the restore it says it is.
pub(super) fn recheck_restore(plan: &Plan) -> Result<(), String> {
    let Some(restore) = &plan.restore else { return Ok(()) };
    recheck(restore)?;
    let class = plan.objects.iter().find(|object| object.name == restore.table).map(|object| object.class);
    match class {
        Some(DeclaredClass::Shared) => {}
        // D-22: retired, never deleted.
        Some(DeclaredClass::RetireOnly) if restore.difference.only_live == 0 => {}
        Some(_) | None => return Err(format!("{} is not declared as a table that may be restored so", restore.table)),
    }
    if plan.stages != [stage_of(restore, &plan.settings.schema)?] {
        return Err(format!("its statements are not those of a restore of {}", restore.table));
    }
    Ok(())
}

fn stage_of(restore: &Restore, schema: &str) -> Result<Stage, String> {
    let mut names = Vec::new();
    let mut statements = Vec::new();
    for (ordinal, deed) in (1..).zip(deeds(restore).statements) {
        let parsed = split(&deed.sql).map_err(|problem| problem.to_string())?;
        let [one] = parsed.as_slice() else { return Err(format!("statement {ordinal} is not one statement")) };
        names.extend(names_of(one, ordinal, schema));
        statements.push(PlannedStatement {
            ordinal,
            line: ordinal,
            sha256: Digest::of(deed.sql.as_bytes()),
            tag: one.tag.clone(),
            rows: deed.rows.map(RowsExpected::Exactly),
            notices: Vec::new(),
            sql: deed.sql,
        });
    }
    Ok(Stage {
        step: StepId(format!("restore {}", restore.table)),
        script: restore.dump.file.clone(),
        statements,
        locked_tables: vec![restore.table.clone()],
        drops: Vec::new(),
        names,
    })
}
