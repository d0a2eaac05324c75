//! Takes entries; gives the state they add up to; refuses gaps, reordering and rewriting.

mod chain;
mod entry;
mod explain;
mod gate;
mod known;
mod replay;
mod touched;

pub use chain::{ChainBreak, GENESIS, entry_hash, hold_head, verify_chain};
pub use entry::*;
pub use explain::Explained;
pub use gate::{GATE_KINDS, gate, standing_stop};
pub use known::Known;
pub use replay::{ApprovalRecord, RequestState, RequestStatus, State, StopState, replay};
pub use touched::{SignedOver, Touched};
