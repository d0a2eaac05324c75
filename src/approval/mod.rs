//! Takes a sealed plan, its rehearsal, signatures and the roster; gives a [`Countersigned`]; refuses one person twice,
//! a stale rehearsal, and signatures over another digest.

mod countersign;
mod decision;
mod roster;
mod signature;

pub use countersign::{ApprovalRefusal, Countersigned, Standing, countersign, standing};
pub use decision::decision_bytes;
pub use roster::{Kind, Person, Role, Roster, RosterProblem, parse_roster};
pub use signature::{Namespace, SignatureProblem, SignedBytes, fingerprint, verify};
