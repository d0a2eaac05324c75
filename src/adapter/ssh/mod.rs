//! Makes SSH signatures with a key file or through ssh-agent; refuses to hand out one that does not verify.

mod agent;
mod key_file;
mod line;

use std::path::PathBuf;
use std::time::Duration;

use ssh_key::{PublicKey, SshSig};

use self::line::{Cut, Line};
use crate::approval::{SignedBytes, key_facts, refuse_untouched, to_armour};
use crate::port::{AgentKey, KeyChoice, SignError, SignRequest, Signer, Wait};

/// An agent may ask a person to confirm or to touch a key; after two minutes nobody is there.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// Signs with key files, and with the agent behind a socket.
#[derive(Clone, Debug)]
pub struct SshSigner {
    agent_socket: Option<PathBuf>,
    longest_wait: Duration,
}

impl SshSigner {
    /// Makes a signer; without a socket (usually `SSH_AUTH_SOCK`) it signs with key files only.
    #[must_use]
    pub fn new(agent_socket: Option<PathBuf>) -> Self {
        Self { agent_socket, longest_wait: LONGEST_WAIT }
    }

    /// Waits for the agent at most so long, instead of two minutes.
    #[must_use]
    pub fn waiting_at_most(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }
}

impl Signer for SshSigner {
    fn sign<'a>(&'a self, request: &'a SignRequest) -> Wait<'a, Result<SignedBytes, SignError>> {
        let socket = self.agent_socket.clone();
        let SignRequest { principal, key, namespace, bytes, passphrase } = request;
        let (principal, key, bytes, passphrase) = (principal.clone(), key.clone(), bytes.clone(), passphrase.clone());
        let namespace = namespace.as_str();
        let line = Line::new(self.longest_wait);
        Box::pin(async move {
            // Whoever stops waiting for this signature drops it, and that ends the talk with the agent.
            let _cut = Cut(line.clone());
            // Deriving a key from a passphrase takes a quarter of a second, and an agent may ask a person.
            let signed = tokio::task::spawn_blocking(move || {
                let (public, signature) = match &key {
                    KeyChoice::File(path) => key_file::sign(path, passphrase.as_ref(), namespace, &bytes)?,
                    KeyChoice::Agent(fingerprint) => {
                        agent::sign(socket.as_deref(), &line, fingerprint, namespace, &bytes)?
                    }
                };
                armour(&public, &signature, namespace, &bytes)
            });
            let signature =
                signed.await.map_err(|error| SignError::Unsupported(format!("signing was cut off: {error}")))??;
            Ok(SignedBytes { principal, signature })
        })
    }

    fn agent_keys(&self) -> Wait<'_, Result<Vec<AgentKey>, SignError>> {
        let socket = self.agent_socket.clone();
        let line = Line::new(self.longest_wait);
        Box::pin(async move {
            let _cut = Cut(line.clone());
            let listed = tokio::task::spawn_blocking(move || agent::keys(socket.as_deref(), &line));
            listed.await.map_err(|error| SignError::NoAgent(format!("listing was cut off: {error}")))?
        })
    }
}

/// Checks the signature with the public key before anybody relies on it.
fn armour(public: &PublicKey, signature: &SshSig, namespace: &str, bytes: &[u8]) -> Result<String, SignError> {
    public
        .verify(namespace, bytes, signature)
        .map_err(|error| SignError::Unsupported(format!("the signature it made does not verify: {error}")))?;
    refuse_untouched(signature).map_err(|problem| SignError::Unsupported(problem.to_string()))?;
    to_armour(signature).map_err(SignError::Unsupported)
}

/// Refuses a key whose signatures no roster accepts, before anybody is asked for anything.
fn accepted(public: &PublicKey) -> Result<String, SignError> {
    let line = public.to_openssh().map_err(|error| SignError::Unsupported(error.to_string()))?;
    key_facts(line.trim_end()).map(|facts| facts.fingerprint).map_err(SignError::Unsupported)
}
