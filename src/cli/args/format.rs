//! Takes `--format`; gives the form of an answer; refuses every other word.

use clap::ValueEnum;

/// The form in which `check` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people.
    Text,
    /// JSON for scripts.
    Json,
    /// SARIF 2.1.0 for code scanning.
    Sarif,
}
