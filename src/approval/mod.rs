//! Takes a sealed plan, its rehearsal, signatures and the roster in force; gives a [`Countersigned`]; refuses one person
//! twice, a stale rehearsal, signatures over another digest, and a roster that nobody countersigned.

mod armour;
mod change;
mod countersign;
mod decision;
#[cfg(test)]
pub(crate) mod fixture;
mod governed;
mod history;
mod import;
mod people;
mod roster;
mod signature;
mod signers;
#[cfg(test)]
mod tests;
mod touch;

#[cfg(feature = "console")]
pub(crate) use armour::to_armour;
pub use countersign::{
    ApprovalRefusal, Countersigned, LEAST_APPROVALS, Standing, approvals_that_count, countersign, standing,
};
pub(crate) use countersign::{bound, rehearsal_failure};
pub use decision::{DECISION_FORMAT, Decision, decision_bytes};
pub use governed::{ROSTER_FORMAT, RosterAct, RosterDeed, RosterDocument, RosterPlace, RosterRefusal};
pub use history::{Governed, Proposal, RosterSigner, RosterVersion, check_roster};
pub use import::{SignersProblem, read_allowed_signers, roster_text};
pub use people::{
    check_decision, check_declared, check_operated, check_requested, check_restart, may_approve, may_decide,
    may_operate, may_request, may_restart,
};
pub use roster::{Key, Kind, Person, Role, Roster, RosterProblem, parse_roster};
#[cfg(feature = "console")]
pub(crate) use signature::key_facts;
pub use signature::{Namespace, SignatureProblem, SignedBytes, fingerprint, verify};
pub use signers::allowed_signers;
pub(crate) use signers::allowed_signers_for;
#[cfg(feature = "console")]
pub(crate) use touch::refuse_untouched;
pub use touch::{Touch, counter_goes_on, is_touch_over, touch_of};
