//! Signs through ssh-agent: the key stays where it is.

use std::path::Path;

use ssh_agent_client_rs::{Client, Error, Identity};
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::accepted;
use crate::port::{AgentKey, SignError};

/// An agent may ask a person to confirm or to touch a key; after two minutes nobody is there.
#[cfg(unix)]
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_mins(2);

pub(super) fn sign(
    socket: Option<&Path>,
    fingerprint: &str,
    namespace: &str,
    bytes: &[u8],
) -> Result<(PublicKey, SshSig), SignError> {
    let refused = |reason: String| SignError::AgentRefused { fingerprint: fingerprint.to_owned(), reason };
    let mut client = connect(socket)?;
    let mut held = public_keys(&mut client)?.into_iter();
    let key = held.find(|key| key.fingerprint(HashAlg::Sha256).to_string() == fingerprint);
    let key = key.ok_or_else(|| refused("it does not hold this key; `ssh-add -l` lists those it holds".to_owned()))?;
    accepted(&key)?;
    let message = SshSig::signed_data(namespace, HashAlg::Sha512, bytes);
    let message = message.map_err(|error| SignError::Unsupported(error.to_string()))?;
    let signature = client.sign(&key, &message).map_err(|error| refused(reason(&error)))?;
    let signature = SshSig::new(key.key_data().clone(), namespace, HashAlg::Sha512, signature);
    Ok((key, signature.map_err(|error| refused(error.to_string()))?))
}

pub(super) fn keys(socket: Option<&Path>) -> Result<Vec<AgentKey>, SignError> {
    let keys = public_keys(&mut connect(socket)?)?;
    let described = keys.into_iter().filter_map(|key| {
        // A key no roster accepts is not offered.
        let fingerprint = accepted(&key).ok()?;
        let public_key = key.to_openssh().ok()?.trim_end().to_owned();
        Some(AgentKey { fingerprint, comment: key.comment().to_owned(), public_key })
    });
    Ok(described.collect())
}

fn public_keys(client: &mut Client) -> Result<Vec<PublicKey>, SignError> {
    let identities = client.list_all_identities().map_err(|error| SignError::NoAgent(reason(&error)))?;
    let plain = identities.into_iter().filter_map(|identity| match identity {
        Identity::PublicKey(key) => Some((*key).into_owned()),
        // A roster lists keys, not certificates.
        Identity::Certificate(_) => None,
    });
    Ok(plain.collect())
}

fn connect(socket: Option<&Path>) -> Result<Client, SignError> {
    let Some(path) = socket else {
        return Err(SignError::NoAgent("SSH_AUTH_SOCK is not set; start ssh-agent, or name a key file".to_owned()));
    };
    open(path).map_err(|reason| SignError::NoAgent(format!("{}: {reason}", path.display())))
}

#[cfg(unix)]
fn open(path: &Path) -> Result<Client, String> {
    let socket = std::os::unix::net::UnixStream::connect(path).map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(LONGEST_WAIT)).map_err(|error| error.to_string())?;
    socket.set_write_timeout(Some(LONGEST_WAIT)).map_err(|error| error.to_string())?;
    Ok(Client::with_read_write(Box::new(socket)))
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<Client, String> {
    Client::connect(path).map_err(|error| reason(&error))
}

/// The crate's errors hide their cause behind one general sentence.
fn reason(error: &Error) -> String {
    match error {
        Error::RemoteFailure => "it refused; the key may be locked, or somebody said no".to_owned(),
        Error::AgentCommunicationError(cause) => cause.to_string(),
        Error::SSHKey(cause) => cause.to_string(),
        Error::SSHEncoding(cause) => cause.to_string(),
        Error::InvalidMessage(_) | Error::UnknownMessageType(_) => error.to_string(),
    }
}
