//! Takes `--via gate`; gives what runs the statements; refuses every other word.

use clap::ValueEnum;

use crate::plan::Via;

/// What runs the statements in the login's stead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ViaGate {
    /// The ledger's gate.
    Gate,
}

impl From<ViaGate> for Via {
    fn from(via: ViaGate) -> Self {
        match via {
            ViaGate::Gate => Self::Gate,
        }
    }
}
