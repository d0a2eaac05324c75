//! Takes the words of a command line; does the same work as the window, headless; refuses to write to a database unless
//! the verb says so.

mod args;
pub mod demo;
mod output;
mod verb;
pub mod wiring;

pub use args::{Cli, Demo, Verb};
pub use output::Output;

use crate::session::{Failure, FailureKind};

/// Runs a verb and returns the exit code of `interface.md`.
#[must_use]
pub fn run(verb: Verb, output: Output) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => {
            output.fail(&failure);
            return failure.kind.exit_code();
        }
    };
    match runtime.block_on(verb::perform(verb, output)) {
        Ok(()) => 0,
        Err(failure) => {
            output.fail(&failure);
            failure.kind.exit_code()
        }
    }
}

/// Makes the runtime both faces work on.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        Failure::new(FailureKind::Unreadable, format!("no runtime: {error}"), "Free some threads and try again.")
    })
}
