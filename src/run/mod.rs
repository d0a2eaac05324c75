//! Takes a plan that may run; gives one [`Step`] after another and, at the end, an [`Outcome`]; refuses everything
//! after a guard has tripped, and COMMIT unless every gate was passed.
//!
//! The [`Machine`] does no input and no output: it says what to do next and is told what happened. Rehearse and run are
//! two doors to the same machine; only a [`crate::approval::Countersigned`] can reach Commit.

mod books;
mod effects;
mod event;
mod guard;
mod machine;
mod message;
mod outcome;
mod standing;
#[cfg(test)]
mod tests;

pub use event::*;
pub use guard::tripped;
pub use machine::{Machine, questions};
pub use outcome::*;
