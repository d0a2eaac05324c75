//! Takes a roster's text; gives the document that people sign to bring it into force; refuses no text by itself: what a
//! document is worth says [`super::Governed`].

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ApprovalRefusal, SignedBytes};
use crate::census::Target;
use crate::digest::Digest;
use crate::plan::canonical;
use crate::runbook::Principal;

/// The format name of a [`RosterDocument`].
pub const ROSTER_FORMAT: &str = "countersign/roster/1";

/// One version of a roster: what people sign, with `countersign-roster` as the namespace (D-72).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterDocument {
    /// `countersign/roster/1`.
    pub format: String,
    /// From 1, one more each time.
    pub version: u32,
    /// The digest of the document before; `None` for version 1.
    pub previous: Option<Digest>,
    /// SHA-256 of the roster's text.
    pub roster_digest: Digest,
    /// The server it is for.
    pub system_identifier: String,
    /// The database it is for.
    pub database: String,
    /// Why, in one sentence.
    pub reason: String,
    /// Who proposes it.
    pub proposer: Principal,
    /// When, by the proposer's desk.
    pub proposed_at: Timestamp,
    /// Until when it can be approved, by the server's clock.
    pub not_after: Timestamp,
}

impl RosterDocument {
    /// Returns the canonical text that is signed.
    ///
    /// # Panics
    /// Never: the document is made of texts and small numbers.
    #[must_use]
    pub fn text(&self) -> String {
        canonical(self).expect("BUG: a roster document is made of texts, and its reason is short")
    }

    /// Returns the database it is for.
    #[must_use]
    pub fn place(&self) -> RosterPlace {
        RosterPlace { system_identifier: self.system_identifier.clone(), database: self.database.clone() }
    }
}

/// The database a roster is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RosterPlace {
    /// `pg_control_system().system_identifier`.
    pub system_identifier: String,
    /// The database's name.
    pub database: String,
}

impl RosterPlace {
    /// Names the database of a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        Self { system_identifier: target.system_identifier.clone(), database: target.database.clone() }
    }
}

impl fmt::Display for RosterPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of server {}", self.database, self.system_identifier)
    }
}

/// What a ledger holds about its roster: an act, and when the server took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterDeed {
    /// The entry's time by the server's clock, as it was hashed.
    pub at: String,
    /// What was done.
    pub act: RosterAct,
}

/// Something done about a roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum RosterAct {
    /// Somebody proposed a version.
    Proposed {
        /// The document's canonical text: what people sign.
        document: String,
        /// The roster's text.
        roster: String,
        /// The proposer's signature over the document.
        signature: SignedBytes,
    },
    /// Somebody approved a proposal.
    Approved {
        /// The document's digest.
        proposal_digest: Digest,
        /// Who, and the signature over the document's bytes.
        signature: SignedBytes,
    },
    /// The proposer withdrew a proposal.
    Withdrawn {
        /// The document's digest.
        proposal_digest: Digest,
        /// Why.
        reason: String,
        /// Who, and the signature over the withdrawal text (see [`super::decision_bytes`]).
        signature: SignedBytes,
    },
}

/// Why an act about a roster counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterRefusal {
    /// The document is not a roster document in canonical form.
    #[error("the roster document cannot be read: {0}")]
    Unreadable(String),
    /// The text is no roster.
    #[error("the proposed roster cannot be used: {0}")]
    BadRoster(String),
    /// The document says something else than what is here.
    #[error("the roster document says {what} {said}; expected {expected}")]
    Contradicts {
        /// Which part.
        what: &'static str,
        /// As the document says.
        said: String,
        /// As it must be.
        expected: String,
    },
    /// The person may not, or the signature does not hold.
    #[error(transparent)]
    Person(#[from] ApprovalRefusal),
    /// It came too late.
    #[error("the roster proposal expired at {0}")]
    Expired(Timestamp),
    /// Nothing of that name can be approved.
    #[error("there is no open roster proposal {0}")]
    NotOpen(String),
    /// Only the proposer takes a proposal back.
    #[error("{proposer} proposed it; {actual} cannot withdraw it")]
    NotProposer {
        /// Who proposed it.
        proposer: Principal,
        /// Who tried.
        actual: Principal,
    },
    /// It would change nothing.
    #[error("this is the text of version {0}, which is in force already")]
    Unchanged(u32),
}
