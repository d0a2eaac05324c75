//! Takes entries; gives the state they add up to; refuses gaps, reordering and rewriting.

mod chain;
mod entry;
mod gate;
mod replay;

pub use chain::{ChainBreak, GENESIS, entry_hash, verify_chain};
pub use entry::*;
pub use gate::{GATE_KINDS, gate, standing_stop};
pub use replay::{ApprovalRecord, RequestState, RequestStatus, State, StopState, replay};
