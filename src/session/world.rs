//! The doors a session was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Failure, FailureKind, KnownLedgers, Progress, SignAs};
use crate::approval::{Namespace, SignedBytes};
use crate::port::{AgentKey, Chance, Clock, Database, Dumps, Folders, SignError, SignRequest, Signer, Wait};

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

/// Signs as another signer does, until somebody cancels: an agent may wait for a person who has gone.
struct Cancellable {
    signer: Arc<dyn Signer>,
    cancel: Cancel,
}

impl Signer for Cancellable {
    fn sign<'a>(&'a self, request: &'a SignRequest) -> Wait<'a, Result<SignedBytes, SignError>> {
        Box::pin(async move {
            tokio::select! {
                signed = self.signer.sign(request) => signed,
                () = self.cancel.asked() => Err(SignError::Cancelled),
            }
        })
    }

    fn agent_keys(&self) -> Wait<'_, Result<Vec<AgentKey>, SignError>> {
        Box::pin(async move {
            tokio::select! {
                keys = self.signer.agent_keys() => keys,
                () = self.cancel.asked() => Err(SignError::Cancelled),
            }
        })
    }
}

impl World {
    /// Returns this world with signatures that are no longer waited for once somebody cancels.
    #[must_use]
    pub fn cancelled_by(&self, cancel: &Cancel) -> Self {
        let signer = Arc::new(Cancellable { signer: Arc::clone(&self.signer), cancel: cancel.clone() });
        Self { signer, ..self.clone() }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::KeyChoice;
    use crate::runbook::Principal;

    /// An agent that asks a person who never answers.
    struct Silent;

    impl Signer for Silent {
        fn sign<'a>(&'a self, _: &'a SignRequest) -> Wait<'a, Result<SignedBytes, SignError>> {
            Box::pin(std::future::pending())
        }

        fn agent_keys(&self) -> Wait<'_, Result<Vec<AgentKey>, SignError>> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn nobody_is_waited_for_once_somebody_cancels() {
        let cancel = Cancel::default();
        let signer = Cancellable { signer: Arc::new(Silent), cancel: cancel.clone() };
        let request = SignRequest {
            principal: Principal::from("lan"),
            key: KeyChoice::Agent("SHA256:x".to_owned()),
            namespace: Namespace::Run,
            bytes: Vec::new(),
            passphrase: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (signed, ()) = runtime.block_on(async { tokio::join!(signer.sign(&request), async { cancel.ask() }) });
        assert_eq!(signed, Err(SignError::Cancelled));
        // Asked before: the next one is not begun either.
        assert_eq!(runtime.block_on(signer.agent_keys()), Err(SignError::Cancelled));
    }
}
