//! Takes `roster.toml`; gives the people and their keys; refuses one key for two people and fewer than two reviewers.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::runbook::Principal;

/// The people who may act, and their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Everybody, in the order of the file.
    pub people: Vec<Person>,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The file's text, kept so that it can be bound and shown.
    pub text: String,
}

/// One person or agent (D-71).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name signatures are made under.
    pub principal: Principal,
    /// The name people know.
    pub name: String,
    /// Human or agent.
    pub kind: Kind,
    /// What he or she may do.
    pub roles: Vec<Role>,
    /// Public keys in OpenSSH's one-line form.
    pub keys: Vec<String>,
}

/// Human or agent; an agent may prepare, but never approves, runs or restarts (D-71).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person.
    Human,
    /// A program.
    Agent,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Writes runbooks and stages reversals.
    Author,
    /// Approves, rejects and withdraws.
    Reviewer,
    /// Runs what was approved.
    Operator,
    /// Re-confirms or revokes after a stop.
    Sovereign,
}
