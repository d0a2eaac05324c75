//! Takes entries; gives the state they add up to; refuses gaps, reordering and rewriting.

mod chain;
mod entry;
mod explain;
mod gate;
mod known;
#[cfg(test)]
mod protocol;
mod replay;
mod stop;
mod touched;

pub use chain::{ChainBreak, GENESIS, entry_hash, hold_head, verify_chain};
pub use entry::*;
pub use explain::Explained;
pub use gate::{GATE_KINDS, gate, standing_stop};
pub use known::Known;
pub use replay::{ApprovalRecord, RequestState, RequestStatus, State, StopState, replay, roster_in_force};
pub use stop::{
    DECLARED, STOP_FORMAT, SignedStop, StopDeclaration, StopDetail, StopMoment, TrippedCondition, evidence_rows,
    steps_of, stopped, tripped_of,
};
pub use touched::{SignedOver, Touched};
