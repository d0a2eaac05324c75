//! The manual for people who run, review and audit: pages of plain text, kept beside the code they describe.
//!
//! - [`people`]: the roster, approvals, and why there is no way around two people.
//! - [`threats`]: what is stopped by signatures, what by `PostgreSQL`, and what not at all.
//! - [`lost`]: what the console does, and what a person does, when the answer to COMMIT is lost.
//! - [`proofs`]: what is proved of the console, how it is run, and the figures.

/// Who may sign, how that changes, what an approval is, and what to do when nobody else can be reached.
pub mod people {
    #![doc = include_str!("people.md")]
}

/// What is stopped by signatures, what by PostgreSQL, and what not at all.
pub mod threats {
    #![doc = include_str!("threats.md")]
}

/// What is known, what is proved and what never happens by itself when an answer is lost.
pub mod lost {
    #![doc = include_str!("lost.md")]
}

/// The crash matrix and the soak: what they hold, and their figures.
pub mod proofs {
    #![doc = include_str!("proofs.md")]
}
