//! Takes everything a plan needs; gives a [`SealedPlan`]; refuses anything that would leave a choice to run time.

use jiff::Timestamp;

use super::{CanonicalError, Plan, Via, canonical, read_strict};
use crate::census::{Baseline, Target};
use crate::diagnose::Diagnosis;
use crate::digest::Digest;
use crate::review::{Catalog, Review};
use crate::runbook::{Binding, BindingProblem, Principal, Runbook, StepId};

/// A plan that has been sealed: its text is fixed and its digest is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPlan {
    plan: Plan,
    text: String,
    digest: Digest,
}

impl SealedPlan {
    /// Reads a sealed plan back from its canonical text.
    ///
    /// # Errors
    /// When the text is not a plan, or not canonical.
    pub fn read(text: &str) -> Result<Self, CanonicalError> {
        let plan: Plan = read_strict(text)?;
        Ok(Self { plan, text: text.to_owned(), digest: Digest::of(text.as_bytes()) })
    }

    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns its canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 of its text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// What a plan is made of.
pub struct SealInput<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// The review against the live catalog.
    pub review: &'a Review,
    /// The live catalog.
    pub catalog: &'a Catalog,
    /// The diagnosis.
    pub diagnosis: &'a Diagnosis,
    /// The steps, in the order they are to be reversed.
    pub steps: &'a [StepId],
    /// Values for the parameters.
    pub bindings: &'a [Binding],
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Where it will run.
    pub target: Target,
    /// The role whose members may run it; `None` is the login that rehearses it.
    pub run_as: Option<&'a str>,
    /// The version under which the runbook's roster is in force; 0 when it is not.
    pub roster_version: u32,
    /// What runs it in the login's stead.
    pub via: Option<Via>,
    /// Who asks.
    pub requester: Principal,
    /// 32 random hexadecimal digits.
    pub nonce: String,
    /// This desk's time.
    pub now: Timestamp,
}

/// Why nothing was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealRefusal {
    /// The review forbids it (D-5).
    #[error("{count} blocking {}; the first: {first}", if *count == 1 { "note" } else { "notes" })]
    Blocked {
        /// How many.
        count: usize,
        /// The first, with its place.
        first: String,
    },
    /// The diagnosis forbids it.
    #[error("{step} cannot be reversed now: {reason}")]
    Diagnosis {
        /// The step.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// A parameter is not bound, or bound to something it cannot be (D-21).
    #[error(transparent)]
    Binding(#[from] BindingProblem),
    /// No step, an unknown step, or one named twice.
    #[error("{0}")]
    Steps(String),
    /// The connected database is not the one the runbook is for.
    #[error("the runbook is for database `{expected}`, this is `{actual}`")]
    AnotherDatabase {
        /// As the runbook says.
        expected: String,
        /// As it is.
        actual: String,
    },
    /// The baseline belongs to another runbook or another database.
    #[error("the baseline does not belong here: {0}")]
    AnotherBaseline(String),
    /// There is nobody who could sign.
    #[error("the runbook folder holds no readable roster.toml")]
    NoRoster,
    /// A statement is one that the console alone sends, or is not one statement (D-4).
    #[error("no plan may hold this, whatever the review says: {0}")]
    NeverSent(String),
    /// The document cannot be written canonically.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

/// Seals.
///
/// # Errors
/// See [`SealRefusal`].
pub fn seal(input: &SealInput<'_>) -> Result<SealedPlan, SealRefusal> {
    let plan = super::draft::document_of(input)?;
    // Looked at again apart from every rule, so that not even a rehearsal sends what a rule failed to see.
    super::recheck(&plan).map_err(SealRefusal::NeverSent)?;
    let text = canonical(&plan)?;
    let digest = Digest::of(text.as_bytes());
    Ok(SealedPlan { plan, text, digest })
}
