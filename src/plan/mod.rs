//! Takes a reviewed runbook, a diagnosis and bindings; gives a [`SealedPlan`]; refuses placeholders, blocking notes
//! and wrong order.
//!
//! A plan is data: it says exactly what will run, and leaves no choice to run time. Its digest is the SHA-256 of its
//! canonical JSON (RFC 8785), so that every single byte of it is bound by what people sign.

mod canonical;
mod document;
mod draft;
mod end_session;
mod names;
mod recheck;
mod restore;
mod seal;

pub use canonical::{CanonicalError, canonical, read_strict};
pub use document::*;
pub use end_session::{EndSession, EndSessionInput, seal_end_session};
pub use names::names_of;
pub use recheck::recheck;
pub use restore::{RestoreInput, seal_restore};
pub use seal::{SealInput, SealRefusal, SealedPlan, seal};
