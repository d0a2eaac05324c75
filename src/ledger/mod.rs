//! Takes entries; gives the state they add up to; refuses gaps, reordering and rewriting.

mod chain;
mod entry;
mod explain;
mod gate;
mod halt;
mod known;
#[cfg(test)]
mod protocol;
mod replay;
mod restart;
#[cfg(test)]
mod restart_tests;
mod stop;
mod touched;

pub use chain::{ChainBreak, GENESIS, entry_hash, hashed_text, hold_head, verify_chain};
pub use entry::*;
pub use explain::Explained;
pub use gate::{GATE_KINDS, gate, standing_stop};
pub use halt::{GateStanding, Halt, KeptPaper, Lift, RefusedPaper};
pub use known::Known;
pub use replay::{ApprovalRecord, RequestState, RequestStatus, State, StopState, replay, roster_in_force};
pub use restart::{
    Authorisation, COUNCIL, Difference, DifferenceOf, Divergence, RESTART_FORMAT, RestartAct, RestartPaper, StepVerdict,
};
pub use stop::{
    DECLARED, STOP_FORMAT, SignedStop, StopDeclaration, StopDetail, StopMoment, TrippedCondition, evidence_rows,
    steps_of, stopped, tripped_of,
};
pub use touched::{SignedOver, Touched};
