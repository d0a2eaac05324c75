//! The doors a session was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Failure, FailureKind, KnownLedgers, Progress, SignAs};
use crate::approval::{Namespace, SignedBytes};
use crate::port::{Chance, Clock, Database, Dumps, Folders, SignRequest, Signer, Wait};

/// Everything outside the session but the database.
#[derive(Clone)]
pub struct World {
    /// Makes signatures.
    pub signer: Arc<dyn Signer>,
    /// Reads and writes files.
    pub folders: Arc<dyn Folders>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives what cannot be guessed.
    pub chance: Arc<dyn Chance>,
    /// Opens databases.
    pub doors: Arc<dyn Doors>,
    /// Reads dumps.
    pub dumps: Arc<dyn Dumps>,
    /// What this desk has verified of the ledgers it has met.
    pub ledgers: Arc<KnownLedgers>,
}

/// Opens a database from the text a person wrote.
pub trait Doors: Send + Sync {
    /// Reads the text and connects once, so that a wrong password is known now.
    fn open<'a>(&'a self, text: &'a str) -> Wait<'a, Result<Arc<dyn Database>, Failure>>;
}

/// Hears of progress and knows of a wish to cancel.
pub struct Watch<'a> {
    /// Told of everything that happens on the way.
    pub say: &'a mut (dyn FnMut(Progress) + Send),
    /// Set by a person.
    pub cancel: &'a Cancel,
}

/// A wish to cancel, shared between the one who waits and the one who works.
#[derive(Clone, Default)]
pub struct Cancel(Arc<(AtomicBool, tokio::sync::Notify)>);

impl Cancel {
    /// Wishes it.
    pub fn ask(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        self.0.1.notify_one();
    }

    /// Returns whether it was wished.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    /// Waits until it is wished.
    pub(super) async fn asked(&self) {
        if !self.is_asked() {
            self.0.1.notified().await;
        }
    }
}

impl World {
    /// Signs the bytes as somebody.
    pub(super) async fn sign(
        &self,
        signer: &SignAs,
        namespace: Namespace,
        bytes: &[u8],
    ) -> Result<SignedBytes, Failure> {
        let request = SignRequest {
            principal: signer.principal.clone(),
            key: signer.key.clone(),
            namespace,
            bytes: bytes.to_vec(),
            passphrase: signer.passphrase.clone(),
        };
        Ok(self.signer.sign(&request).await?)
    }
}

/// Says that something is needed first.
pub(super) fn needed(what: &str, hint: &str) -> Failure {
    Failure::new(FailureKind::Unreadable, format!("{what} is needed first"), hint)
}
