//! The manual for people who run, review and audit: pages of plain text, kept beside the code they describe.
//!
//! - [`keys`]: which keys sign, what is asked of hardware keys, and signing with `ssh-keygen` alone.
//! - [`people`]: the roster, approvals, and why there is no way around two people.
//! - [`proofs`]: what is tried against the console, and how to run it.

/// Who may sign, how that changes, what an approval is, and what to do when nobody else can be reached.
pub mod people {
    #![doc = include_str!("people.md")]
}

/// Which keys sign, what is asked of each kind, and how somebody on another machine signs.
pub mod keys {
    #![doc = include_str!("keys.md")]
}

/// What is tried against the console, how it is run, and with which figures.
pub mod proofs {
    #![doc = include_str!("proofs.md")]
}
