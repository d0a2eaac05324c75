//! Takes an exported folder; says what is proved and what is not.

use serde::{Deserialize, Serialize};

use super::Finding;
use crate::digest::Digest;
use crate::runbook::Principal;

/// What verification of an exported finding proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The finding, when its bytes could be read.
    pub finding: Option<Finding>,
    /// The digest of its bytes.
    pub digest: Option<Digest>,
    /// Every signature that was checked and holds.
    pub signatures: Vec<VerifiedSignature>,
    /// What holds, in sentences.
    pub proved: Vec<String>,
    /// What does not hold, in sentences; empty when the finding verifies.
    pub refused: Vec<String>,
    /// What nothing here can prove, in sentences.
    pub not_proved: Vec<String>,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedSignature {
    /// Who.
    pub principal: Principal,
    /// Over which file.
    pub file: String,
    /// What for.
    pub namespace: String,
    /// The key's `SHA256:…` fingerprint.
    pub fingerprint: String,
}
