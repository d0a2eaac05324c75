//! Takes an outcome and its comparison, a stop, a restart or two baselines; gives a [`Finding`] that is signed, exported
//! and verified offline; refuses to dress "unknown" as success.
//!
//! Headline, pages and instructions follow from the signed bytes, and verification makes them again. Their wording is
//! therefore part of the formats `countersign/finding/1` and `/2`: whoever changes it gives the format a new number and
//! keeps the old wording for old findings. Folders have a form of their own (`export::Form`): what was exported before
//! there were `finding.md` and `finding.pdf` is made again as it was then.

mod against;
mod block;
mod cited;
mod deeds;
mod document;
mod export;
mod headline;
mod html;
mod instructions;
#[cfg(test)]
mod kinds;
mod markdown;
#[cfg(test)]
mod mutations;
mod page;
mod pdf;
mod shelf;
mod shown;
mod signed;
mod subject;
#[cfg(test)]
mod tests;
mod told;
mod verify;
mod waiting;
mod words;

pub use against::hold_against;
pub use block::{Block, Cell, Item, Span, Style};
pub use cited::Cited;
pub use document::{FINDING_FORMAT, FINDING_FORMAT_2, Finding, FindingKind, FindingSort, FindingSubject};
pub use export::{export, render_markdown};
pub use html::render_html;
pub use shelf::{Card, Shelf, Shelved};
pub use subject::{ComparisonSubject, RestartSubject, StopSubject, Subject};
pub use told::tell;
pub use verify::{Verification, VerifiedSignature, verify_export};
pub use waiting::{request_of, to_be_signed};
pub use words::words;
