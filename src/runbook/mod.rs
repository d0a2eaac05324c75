//! Takes the files of a runbook folder; gives a [`Runbook`] and every problem found on the way; refuses nothing.
//!
//! Bad input becomes [`Diagnostic`]s with file, line, column and what to write instead, so that a half-written
//! runbook can still be opened, read and mended.

pub mod key;
pub mod letters;
mod model;
mod name;
mod parameter;
mod parse;
pub mod sql;
mod waiver;

pub use model::*;
pub use name::*;
pub use parameter::{Binding, BindingProblem, bind, bind_value, doubtful, for_step, is_name, unbound_view, used};
pub use parse::{Files, ROSTER_FILE, RUNBOOK_FILE, parse};
pub use waiver::{ScriptWaiver, script_waivers};
