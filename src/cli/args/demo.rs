//! The words of `demo`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::demo::{Scenario, UnknownScenario};

/// `demo`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Demo {
    /// Leave it running, or take it down; without either, the window opens on it.
    #[command(subcommand)]
    pub verb: Option<DemoVerb>,
    /// What has gone wrong in it.
    #[arg(long, value_name = "NAME", value_parser = scenario)]
    pub scenario: Option<Scenario>,
}

/// `demo …`.
#[derive(Debug, Subcommand)]
pub enum DemoVerb {
    /// Bring a demo up in a folder and leave it running.
    Up {
        /// A new or empty folder.
        #[arg(long)]
        dir: PathBuf,
        /// What has gone wrong in it.
        #[arg(long, value_name = "NAME", value_parser = scenario)]
        scenario: Option<Scenario>,
        /// The folder of PostgreSQL's server binaries, when it is not found.
        #[arg(long, value_name = "FOLDER")]
        pg_bindir: Option<PathBuf>,
    },
    /// End a demo's server and remove what `up` made.
    Down {
        /// The demo's folder.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Writes organic rows; started by `up`.
    #[command(hide = true)]
    Tick {
        /// The demo's folder.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Holds a transaction open; started by `up`.
    #[command(hide = true)]
    Hold {
        /// The demo's folder.
        #[arg(long)]
        dir: PathBuf,
    },
}

fn scenario(name: &str) -> Result<Scenario, String> {
    name.parse().map_err(|unknown: UnknownScenario| unknown.to_string())
}
