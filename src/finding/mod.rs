//! Takes an outcome and its comparison; gives a [`Finding`] that is signed, exported and verified offline; refuses to
//! dress "unknown" as success.
//!
//! Headline, page and instructions follow from the signed bytes, and verification makes them again. Their wording is
//! therefore part of the format `countersign/finding/1`: whoever changes it gives the format a new number and keeps
//! the old wording for old findings.

mod against;
mod deeds;
mod document;
mod export;
mod headline;
mod html;
#[cfg(test)]
mod mutations;
mod shown;
#[cfg(test)]
mod tests;
mod verify;
mod waiting;

pub use against::hold_against;
pub use document::{FINDING_FORMAT, Finding, FindingKind, FindingSubject};
pub use export::export;
pub use html::render_html;
pub use verify::{Verification, VerifiedSignature, verify_export};
pub use waiting::{request_of, to_be_signed};
