//! Takes bytes, a signature and a roster; gives who signed; refuses everything that is not exactly that.

use serde::{Deserialize, Serialize};

use crate::runbook::Principal;

/// An SSH signature and who is said to have made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedBytes {
    /// Who is said to have signed; proved only by [`verify`].
    pub principal: Principal,
    /// The armoured SSHSIG, as `ssh-keygen -Y sign` writes it.
    pub signature: String,
}

/// What a signature is for; a signature made for one purpose is refused for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Namespace {
    /// The requester's signature on a request: `countersign-stage`.
    Stage,
    /// A reviewer's approval of a run: `countersign-run`.
    Run,
    /// A rejection: `countersign-reject`.
    Reject,
    /// A withdrawal: `countersign-withdraw`.
    Withdraw,
    /// The operator's signature on the request as the run begins: `countersign-operate`.
    Operate,
    /// A finding: `countersign-finding`.
    Finding,
    /// A restart gate: `countersign-restart`.
    Restart,
}

impl Namespace {
    /// Returns the text that goes into the SSHSIG.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "countersign-stage",
            Self::Run => "countersign-run",
            Self::Reject => "countersign-reject",
            Self::Withdraw => "countersign-withdraw",
            Self::Operate => "countersign-operate",
            Self::Finding => "countersign-finding",
            Self::Restart => "countersign-restart",
        }
    }
}
