//! Takes the words of a command line; does the same work as the window, headless; refuses to write to a database unless
//! the verb says so.

mod args;
pub mod demo;
mod output;
mod sarif;
mod stop_args;
mod verb;
pub mod wiring;

pub use args::{Cli, Demo, Verb};
pub use output::Output;

use crate::session::{Failure, FailureKind};

/// Runs a verb and returns the exit code of `interface.md`.
#[must_use]
pub fn run(verb: Verb, mut output: Output) -> u8 {
    if let Verb::Check(check) = &verb
        && check.format == Some(args::Format::Json)
    {
        output.json = true;
    }
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

/// Prints what the words of the command line were refused for, or the help they asked for; returns the exit code.
#[must_use]
pub fn usage(refused: &clap::Error, json: bool) -> u8 {
    if json && refused.use_stderr() {
        let text = refused.to_string();
        let message = text.split("\n\nUsage:").next().unwrap_or(&text).trim().trim_start_matches("error: ");
        let hint = "See `countersign --help`, and --help of the verb.";
        Output::new(true, true).fail(&Failure::new(FailureKind::Unreadable, message, hint));
    } else {
        // A closed pipe, such as `--help | head`, is no failure.
        let _ = refused.print();
    }
    u8::try_from(refused.exit_code()).unwrap_or(2)
}

/// Refuses a word that names neither a verb nor a runbook folder; returns the exit code.
#[must_use]
pub fn no_such_word(word: &std::path::Path, output: Output) -> u8 {
    let message = format!("there is no verb and no folder `{}`", word.display());
    output.fail(&Failure::new(FailureKind::Unreadable, message, "See `countersign --help` for the verbs."));
    FailureKind::Unreadable.exit_code()
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
