//! Takes the census before, the census after and the trace between; gives a [`Rehearsal`]; refuses any residue.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::census::{Census, Comparison, Reading, Verdict, judge};
use crate::digest::Digest;
use crate::plan::SealedPlan;
use crate::run::{Effect, EffectKind, Finished, Standing, Trace};
use crate::runbook::{Check, CheckId, Expectation};

/// The format name of a [`Rehearsal`].
pub const REHEARSAL_FORMAT: &str = "countersign/rehearsal/1";

/// The plan run by the same machine, ended by ROLLBACK, with the proof that entry == exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// `countersign/rehearsal/1`.
    pub format: String,
    /// The plan that was rehearsed.
    pub plan_digest: Digest,
    /// When it ended, by the server's clock.
    pub taken_at: Timestamp,
    /// How long the transaction was open, in milliseconds.
    pub duration_millis: u32,
    /// What was sent and answered, statement by statement.
    pub trace: Trace,
    /// The comparison inside the transaction, one a stage.
    pub inside: Vec<Comparison>,
    /// The census inside the transaction, under its locks, before the first statement.
    pub entry: Census,
    /// The census after ROLLBACK, on a fresh connection.
    pub exit: Census,
    /// What is different afterwards; empty when nothing was left behind.
    pub residue: Vec<Residue>,
    /// What ROLLBACK cannot put back, declared or not: sequences that moved, with their values before and after.
    pub lasting: Vec<Effect>,
    /// Why it did not pass; `None` when it did.
    pub failure: Option<String>,
}

/// Something that was not put back by ROLLBACK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residue {
    /// What differs.
    pub what: CheckId,
    /// Before the first statement.
    pub entry: Option<Reading>,
    /// After ROLLBACK.
    pub exit: Option<Reading>,
}

impl Rehearsal {
    /// Returns whether everything was as planned and nothing was left behind.
    #[must_use]
    pub fn passed(&self) -> bool {
        let declared = |effect: &Effect| effect.standing != Standing::Undeclared;
        self.failure.is_none() && self.residue.is_empty() && self.lasting.iter().all(declared)
    }

    /// Says what ROLLBACK left, of a rehearsal that passed: `nothing left behind`, but what it cannot put back is named.
    #[must_use]
    pub fn left_words(&self) -> String {
        match self.lasting.len() {
            0 => "nothing left behind".to_owned(),
            1 => "nothing left behind but a sequence that moved".to_owned(),
            count => format!("nothing left behind but {count} sequences that moved"),
        }
    }

    /// Returns what each check answered when the stage began, as the reviewers saw it.
    #[must_use]
    pub fn entry_of_stage(&self, stage: usize) -> BTreeMap<CheckId, Reading> {
        match stage.checked_sub(1).and_then(|before| self.inside.get(before)) {
            Some(before) => before.rows.iter().map(|row| (row.id.clone(), row.actual.clone())).collect(),
            None => self.entry.readings.clone(),
        }
    }
}

/// Compares entry and exit: whatever differs was left behind (D-17). Growing checks may only have grown.
#[must_use]
pub fn residue(checks: &[Check], entry: &Census, exit: &Census) -> Vec<Residue> {
    let grows = |id: &CheckId| checks.iter().any(|check| check.id == *id && check.expect == Expectation::Grows);
    let ids: BTreeSet<&CheckId> = entry.readings.keys().chain(exit.readings.keys()).collect();
    ids.into_iter()
        .filter(|id| {
            let expectation = if grows(id) { Expectation::Grows } else { Expectation::Unchanged };
            let blind = Reading::Blind("not asked afterwards".to_owned());
            let (verdict, _) = judge(&expectation, entry.readings.get(id), exit.readings.get(id).unwrap_or(&blind));
            !matches!(verdict, Verdict::Same | Verdict::Grown)
        })
        .map(|id| Residue {
            what: id.clone(),
            entry: entry.readings.get(id).cloned(),
            exit: exit.readings.get(id).cloned(),
        })
        .collect()
}

/// Names the effects of a rehearsal that its ROLLBACK did not undo.
#[must_use]
pub fn lasting(trace: &Trace) -> Vec<Effect> {
    let effects = trace.stages.iter().flat_map(|stage| &stage.effects);
    effects
        .filter(|effect| match effect.what {
            EffectKind::Moved { .. } | EffectKind::AdvisoryLock | EffectKind::Prepared => true,
            EffectKind::Rows { .. }
            | EffectKind::Rewritten
            | EffectKind::Created
            | EffectKind::Altered
            | EffectKind::Dropped => false,
        })
        .cloned()
        .collect()
}

/// Judges a finished rehearsal.
///
/// # Errors
/// The reason, when it ended before there was anything to judge: no connection, no entry census, no exit census.
pub fn judge_rehearsal(plan: &SealedPlan, finished: &Finished) -> Result<Rehearsal, String> {
    let Finished { outcome: _, trace, entry, inside, exit, after: _, tripped: _, failure, duration_millis } = finished;
    let reason = || failure.clone().unwrap_or_else(|| "the rehearsal gave no reason".to_owned());
    let entry = entry.clone().ok_or_else(reason)?;
    let exit = exit.clone().ok_or_else(|| format!("entry == exit could not be proved: {}", reason()))?;
    Ok(Rehearsal {
        format: REHEARSAL_FORMAT.to_owned(),
        plan_digest: plan.digest(),
        taken_at: exit.taken_at,
        duration_millis: *duration_millis,
        trace: trace.clone(),
        inside: inside.clone(),
        residue: residue(&plan.plan().checks, &entry, &exit),
        lasting: lasting(trace),
        entry,
        exit,
        failure: failure.clone(),
    })
}
