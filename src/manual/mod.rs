//! The manual for people who run, review and audit: pages of plain text, kept beside the code they describe.
//!
//! - [`people`]: the roster, approvals, and why there is no way around two people.
//! - [`keys`]: which keys sign, where they may live, and how `ssh-keygen` does the same.
//! - [`threats`]: what is stopped by signatures, what by `PostgreSQL`, and what not at all.
//! - [`gate`]: how `PostgreSQL` itself runs what two people approved, what that stops and what it does not.
//! - [`lost`]: what the console does when an answer is lost, and what a person does.
//! - [`disaster`]: the first fifteen minutes, and what a restart needs.
//! - [`proofs`]: what was tried to break the promises, and the figures.

/// Who may sign, how that changes, what an approval is, and what to do when nobody else can be reached.
pub mod people {
    #![doc = include_str!("people.md")]
}

/// Which keys sign, where they may live, and how `ssh-keygen` does the same.
pub mod keys {
    #![doc = include_str!("keys.md")]
}

/// What is stopped by signatures, what by `PostgreSQL`, and what not at all.
pub mod threats {
    #![doc = include_str!("threats.md")]
}

/// What the ledger's gate asks for, what it stops, and what it does not.
pub mod gate {
    #![doc = include_str!("gate.md")]
}

/// What the console does when an answer is lost, and what a person does.
pub mod lost {
    #![doc = include_str!("lost.md")]
}

/// The first fifteen minutes of a disaster, and what a restart needs.
pub mod disaster {
    #![doc = include_str!("disaster.md")]
}

/// What was tried to break the promises, and the figures.
pub mod proofs {
    #![doc = include_str!("proofs.md")]
}
