//! Takes a sealed plan, its rehearsal, signatures and the roster; gives a [`Countersigned`]; refuses one person twice,
//! a stale rehearsal, and signatures over another digest.

mod countersign;
mod decision;
#[cfg(test)]
pub(crate) mod fixture;
mod people;
mod roster;
mod signature;
#[cfg(test)]
mod tests;

pub use countersign::{
    ApprovalRefusal, Countersigned, LEAST_APPROVALS, Standing, approvals_that_count, countersign, standing,
};
pub(crate) use countersign::{bound, rehearsal_failure};
pub use decision::{DECISION_FORMAT, Decision, decision_bytes};
pub use people::{check_decision, check_operated, check_requested, may_approve, may_decide, may_operate, may_request};
pub use roster::{Kind, Person, Role, Roster, RosterProblem, parse_roster};
pub(crate) use signature::key_facts;
pub use signature::{Namespace, SignatureProblem, SignedBytes, fingerprint, verify};
