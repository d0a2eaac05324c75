//! Takes facts read from the database; gives the branch of the decision tree that holds; refuses to guess.
//!
//! Section 97.1 of the runbook is a tree with four branches. Unknown or contradictory facts lead to Stop (D-11).

mod facts;
mod gather;
mod tree;

pub use facts::*;
pub use gather::{conditions, gather, questions, stop_questions};
pub use tree::{Diagnosis, Mode, StepDiagnosis, Turn, diagnose};
