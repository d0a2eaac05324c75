//! The house on one page.
//!
//! ```text
//!  folder ─► runbook ─► review ─► census ─► diagnose ─► plan ─► rehearsal ─► approval ─► run ─► finding
//!            Runbook    Review    Census    Diagnosis  SealedPlan Rehearsal Countersigned Outcome SignedFinding
//!                                                      └────── every step leaves an entry in the ledger ──────┘
//! ```
//!
//! One type enters a room, another leaves; a later room knows the earlier ones. The core is pure: no clock, no files,
//! no network. [`port`] names the doors to the world, `adapter` stands behind them, `session` holds the use cases, and
//! the two faces, `ui` and `cli`, ask it. [`manual`] is for people who use it.

#![forbid(unsafe_code)]

pub mod approval;
pub mod census;
pub mod diagnose;
pub mod digest;
pub mod finding;
pub mod ledger;
pub mod manual;
pub mod plan;
pub mod port;
pub mod rehearsal;
pub mod restore;
pub mod review;
pub mod run;
pub mod runbook;

#[cfg(feature = "console")]
pub mod adapter;
#[cfg(feature = "console")]
pub mod cli;
#[cfg(feature = "console")]
pub mod session;
#[cfg(feature = "console")]
pub mod ui;
