//! Signs through ssh-agent: the key stays where it is. The agent may ask a person or wait for a touch; it is waited for
//! only so long, and no longer once nobody wants the signature any more.

use std::path::Path;

use ssh_agent_client_rs::{Client, Error, Identity};
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::accepted;
use super::line::Line;
use crate::port::{AgentKey, SignError};

pub(super) fn sign(
    socket: Option<&Path>,
    line: &Line,
    fingerprint: &str,
    namespace: &str,
    bytes: &[u8],
) -> Result<(PublicKey, SshSig), SignError> {
    let refused = |reason: String| SignError::AgentRefused { fingerprint: fingerprint.to_owned(), reason };
    let mut client = connect(socket, line)?;
    let mut held = public_keys(&mut client, line)?.into_iter();
    let key = held.find(|key| key.fingerprint(HashAlg::Sha256).to_string() == fingerprint);
    let key = key.ok_or_else(|| refused("it does not hold this key; `ssh-add -l` lists those it holds".to_owned()))?;
    accepted(&key)?;
    let message = SshSig::signed_data(namespace, HashAlg::Sha512, bytes);
    let message = message.map_err(|error| SignError::Unsupported(error.to_string()))?;
    // The client asks for rsa-sha2-512 where the key is RSA.
    let signature = client.sign(&key, &message).map_err(|error| refused(reason(&error, line)))?;
    let signature = SshSig::new(key.key_data().clone(), namespace, HashAlg::Sha512, signature);
    Ok((key, signature.map_err(|error| refused(error.to_string()))?))
}

pub(super) fn keys(socket: Option<&Path>, line: &Line) -> Result<Vec<AgentKey>, SignError> {
    let keys = public_keys(&mut connect(socket, line)?, line)?;
    let described = keys.into_iter().filter_map(|key| {
        // A key no roster accepts is not offered.
        let fingerprint = accepted(&key).ok()?;
        let public_key = key.to_openssh().ok()?.trim_end().to_owned();
        Some(AgentKey { fingerprint, comment: key.comment().to_owned(), public_key })
    });
    Ok(described.collect())
}

fn public_keys(client: &mut Client, line: &Line) -> Result<Vec<PublicKey>, SignError> {
    let identities = client.list_all_identities().map_err(|error| SignError::NoAgent(reason(&error, line)))?;
    let plain = identities.into_iter().filter_map(|identity| match identity {
        Identity::PublicKey(key) => Some((*key).into_owned()),
        // A roster lists keys, not certificates.
        Identity::Certificate(_) => None,
    });
    Ok(plain.collect())
}

fn connect(socket: Option<&Path>, line: &Line) -> Result<Client, SignError> {
    let Some(path) = socket else {
        return Err(SignError::NoAgent("SSH_AUTH_SOCK is not set; start ssh-agent, or name a key file".to_owned()));
    };
    line.open(path).map_err(|reason| SignError::NoAgent(format!("{}: {reason}", path.display())))
}

/// The crate's errors hide their cause behind one general sentence.
fn reason(error: &Error, line: &Line) -> String {
    if let Some(waited) = line.gave_up() {
        return format!(
            "it has not answered for {waited} s; is it asking somebody, or waiting for a touch, elsewhere?"
        );
    }
    match error {
        // The protocol has one word for every no.
        Error::RemoteFailure => {
            "it refused: somebody said no, it had nobody to ask (`ssh-add -c` needs an askpass program), it is locked, or a \
             hardware key was not there or not touched"
                .to_owned()
        }
        Error::AgentCommunicationError(cause) => cause.to_string(),
        Error::SSHKey(cause) => cause.to_string(),
        Error::SSHEncoding(cause) => cause.to_string(),
        Error::InvalidMessage(_) | Error::UnknownMessageType(_) => error.to_string(),
    }
}
