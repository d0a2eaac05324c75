//! Takes entries; gives the state they add up to; refuses gaps, reordering and rewriting.

mod chain;
mod entry;
mod replay;

pub use chain::{ChainBreak, GENESIS, entry_hash, verify_chain};
pub use entry::*;
pub use replay::{ApprovalRecord, RequestState, RequestStatus, State, StopState, replay};
