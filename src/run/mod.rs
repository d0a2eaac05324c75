//! Takes a plan that may run; gives one [`Step`] after another and, at the end, an [`Outcome`]; refuses everything
//! after a guard has tripped, and COMMIT unless every gate was passed.
//!
//! The [`Machine`] does no input and no output: it says what to do next and is told what happened. Rehearse and run are
//! two doors to the same machine; only a [`crate::approval::Countersigned`] can reach Commit.

mod books;
mod build;
mod bystander;
mod effects;
pub mod end_session;
mod event;
mod guard;
mod locks;
mod machine;
mod message;
mod outcome;
mod standing;
#[cfg(test)]
mod tests;
mod via;
mod words;

pub use build::{BuildRehearsal, BuildStatement, build_statements};
pub use bystander::{HIDDEN, bystander_of, in_the_way, named, shown_of};
pub use event::*;
pub use guard::{target_surprise, tripped};
pub use locks::{LockMode, strongest, strongest_first};
pub use machine::{Machine, questions};
pub use outcome::*;
