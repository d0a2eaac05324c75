//! Takes an outcome and its comparison; gives a [`Finding`] that is signed, exported and verified offline; refuses to
//! dress "unknown" as success.

mod document;
mod export;
mod headline;
mod html;
mod shown;
#[cfg(test)]
mod tests;
mod verify;

pub use document::{FINDING_FORMAT, Finding, FindingKind, FindingSubject};
pub use export::export;
pub use headline::FindingNote;
pub use html::render_html;
pub use verify::{Verification, VerifiedSignature, verify_export};
