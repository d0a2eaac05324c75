//! Wiring only: no verb opens the window; a verb runs the command line.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use countersign::cli::{self, Cli, Output, Verb};

mod window;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return ExitCode::from(cli::usage(&refused, std::env::args_os().any(|word| word == "--json"))),
    };
    let output = Output::new(cli.json, std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()));
    let code = match cli.verb {
        None => match cli.runbook {
            // A verb that was mistyped, as a rule.
            Some(word) if !word.exists() => cli::no_such_word(&word, output),
            runbook => window::open(runbook, output),
        },
        Some(Verb::Demo(demo)) if demo.verb.is_none() && window::has_display() => window::demo(demo.scenario, output),
        Some(verb) => cli::run(verb, output),
    };
    ExitCode::from(code)
}
