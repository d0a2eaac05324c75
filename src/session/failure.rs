//! Turns what the rooms refuse into words, a hint and an exit code.

use super::{Failure, FailureKind};
use crate::approval::{ApprovalRefusal, RosterRefusal};
use crate::plan::{CanonicalError, SealRefusal};
use crate::port::{DatabaseError, FileError, SignError};

impl Failure {
    /// Makes a failure from its kind, what happened, and what to do next.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into() }
    }
}

impl FailureKind {
    /// Returns the process's exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Blocked => 1,
            Self::Unreadable => 2,
            Self::Refused => 3,
            Self::RolledBack => 4,
            Self::Unknown => 5,
            Self::Stopped => 6,
            Self::CannotConnect => 7,
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let (kind, hint) = match &error {
            DatabaseError::Unreachable(_) => (
                FailureKind::CannotConnect,
                "Check the connection text, PGHOST and the rest; psql with the same text must connect.",
            ),
            DatabaseError::NoLedger => {
                (FailureKind::Refused, "Make it with `countersign ledger init`; it shows its SQL first.")
            }
            DatabaseError::Refused { .. } => (
                FailureKind::Blocked,
                "Read the server's message; a missing right is granted by the owner of the object.",
            ),
            DatabaseError::Blind(_) => (
                FailureKind::Blocked,
                "Grant pg_read_all_stats and SELECT on what the checks read, or connect as a role that has them.",
            ),
            DatabaseError::Lost(_) => (FailureKind::CannotConnect, "Connect again; nothing is retried by itself."),
            DatabaseError::Garbled(_) => {
                (FailureKind::Blocked, "Connect directly to PostgreSQL 13 or newer, not through a pooler.")
            }
        };
        Self::new(kind, error.to_string(), hint)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::new(FailureKind::Unreadable, error.to_string(), error.next)
    }
}

impl From<CanonicalError> for Failure {
    fn from(error: CanonicalError) -> Self {
        let hint = "The document is not as it was written; take it again from the ledger or from its author.";
        Self::new(FailureKind::Unreadable, error.to_string(), hint)
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        let hint = match &error {
            SignError::UnreadableKey { .. } => "Name a private key file with --key, or agent:FINGERPRINT.",
            SignError::PassphraseNeeded(_) => {
                "Type the passphrase, or load the key into ssh-agent and use agent:FINGERPRINT."
            }
            SignError::WrongPassphrase(_) => "Type the passphrase again; nothing was signed.",
            SignError::NoAgent(_) => "Start ssh-agent and set SSH_AUTH_SOCK, or name a key file.",
            SignError::AgentRefused { .. } => {
                "`ssh-add -l` lists what it holds. A key added with `ssh-add -c` needs an agent that was started with SSH_ASKPASS \
                 and a display; without them add the key again without -c, or name a key file."
            }
            SignError::Cancelled => "Nothing was signed and nothing was appended. Do it again when you are ready.",
            SignError::Unsupported(_) => "Use an ed25519 or ecdsa key, or sign through ssh-agent.",
        };
        Self::new(FailureKind::Refused, error.to_string(), hint)
    }
}

impl From<SealRefusal> for Failure {
    fn from(refusal: SealRefusal) -> Self {
        let (kind, hint) = match &refusal {
            SealRefusal::Blocked { .. } => {
                (FailureKind::Blocked, "Mend the script as `countersign check` says, then stage again.")
            }
            SealRefusal::NeverSent(_) => {
                (FailureKind::Refused, "Remove the statement; the console opens, sets and ends the transaction itself.")
            }
            SealRefusal::Diagnosis { .. } => (
                FailureKind::Blocked,
                "See `countersign diagnose` for the branch of the decision tree and its evidence.",
            ),
            SealRefusal::Binding(_) => (FailureKind::Unreadable, "Bind parameters with --bind NAME=VALUE."),
            SealRefusal::Steps(_) => (FailureKind::Unreadable, "Name steps as the runbook does."),
            SealRefusal::AnotherDatabase { .. } => (FailureKind::Refused, "Connect to the database the runbook names."),
            SealRefusal::AnotherBaseline(_) => {
                (FailureKind::Refused, "Use the baseline that was taken on this database for this runbook.")
            }
            SealRefusal::NoRoster => {
                (FailureKind::Refused, "Put a roster.toml with at least two reviewers into the runbook folder.")
            }
            SealRefusal::Canonical(_) => {
                (FailureKind::Unreadable, "Report this: a sealed plan must have a canonical form.")
            }
        };
        Self::new(kind, refusal.to_string(), hint)
    }
}

impl From<ApprovalRefusal> for Failure {
    fn from(refusal: ApprovalRefusal) -> Self {
        let kind =
            if matches!(refusal, ApprovalRefusal::Stopped(_)) { FailureKind::Stopped } else { FailureKind::Refused };
        let hint = match &refusal {
            ApprovalRefusal::NotOnRoster(_) => "Use a principal of the roster, exactly as it is written there.",
            ApprovalRefusal::IsAgent(_) | ApprovalRefusal::WithoutRole { .. } => "Ask a person who has the role.",
            ApprovalRefusal::IsRequester(_) | ApprovalRefusal::IsEditor(_) | ApprovalRefusal::SignedTwice(_) => {
                "Ask another reviewer: two distinct people are needed."
            }
            ApprovalRefusal::BadSignature { .. } => "Sign with the key that the roster names for this principal.",
            ApprovalRefusal::TooFew { .. } => "Collect the missing approvals, then run.",
            ApprovalRefusal::TooEarly(_) => "Wait until the request opens.",
            ApprovalRefusal::Expired(_)
            | ApprovalRefusal::StaleRehearsal { .. }
            | ApprovalRefusal::FailedRehearsal(_)
            | ApprovalRefusal::AnotherDigest { .. }
            | ApprovalRefusal::Contradicts { .. }
            | ApprovalRefusal::Rejected { .. }
            | ApprovalRefusal::Overtaken { .. }
            | ApprovalRefusal::Restarted(_)
            | ApprovalRefusal::Used => "Stage it again; the new request needs new approvals.",
            ApprovalRefusal::RosterChanged { .. } => {
                "Stage it again under the roster in force; the new request needs new approvals."
            }
            ApprovalRefusal::NoRoster(_) => {
                "Propose one with `countersign roster propose ROSTER.toml`; `countersign roster show` says who must approve it."
            }
            ApprovalRefusal::BadRoster(_) => "Mend roster.toml in the runbook folder, then stage again.",
            ApprovalRefusal::Stopped(_) => {
                "Write and reconcile the divergence; a restart needs the gates of the runbook."
            }
        };
        Self::new(kind, refusal.to_string(), hint)
    }
}

impl From<RosterRefusal> for Failure {
    fn from(refusal: RosterRefusal) -> Self {
        let hint = match refusal {
            RosterRefusal::Person(refusal) => return refusal.into(),
            RosterRefusal::Unreadable(_) | RosterRefusal::BadRoster(_) => "Mend the roster, then propose it.",
            RosterRefusal::Contradicts { .. } => {
                "Another version came into force meanwhile; propose it again on top of that."
            }
            RosterRefusal::Expired(_) => "Propose it again.",
            RosterRefusal::NotOpen(_) => "See `countersign roster show` for what can be approved.",
            RosterRefusal::NotProposer { .. } => "Whoever disagrees does not sign; two reviewers are needed for it.",
            RosterRefusal::Unchanged(_) => "There is nothing to propose.",
        };
        Self::new(FailureKind::Refused, refusal.to_string(), hint)
    }
}
