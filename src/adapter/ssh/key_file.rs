//! Signs with a private key file in OpenSSH's format, encrypted or not.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ssh_key::{Algorithm, HashAlg, PrivateKey, PublicKey, SshSig};
use zeroize::Zeroizing;

use super::accepted;
use crate::port::SignError;

/// A private key file holds at most this many bytes; a 4096-bit RSA one holds 3,400.
const MOST_KEY_BYTES: u64 = 64 * 1024;

/// The library reads no ECDSA secret that begins with a zero byte: one P-256 key in 256, every second P-521 key. The
/// agent knows them all.
const UNKNOWN_INSIDE: &str =
    "its inside cannot be read here, though ssh may know it; run `ssh-add` on it and choose the key from ssh-agent";

pub(super) fn sign(
    path: &Path,
    passphrase: Option<&Zeroizing<String>>,
    namespace: &str,
    bytes: &[u8],
) -> Result<(PublicKey, SshSig), SignError> {
    let text = read(path)?;
    let mut key = PrivateKey::from_openssh(text.as_slice()).map_err(|_| unreadable(path, wrong_format(&text)))?;
    drop(text);
    accepted(key.public_key())?;
    refuse_agent_only(path, &key)?;
    if key.is_encrypted() {
        let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty());
        let passphrase = passphrase.ok_or_else(|| SignError::PassphraseNeeded(path.to_owned()))?;
        key = key.decrypt(passphrase.as_bytes()).map_err(|error| match error {
            ssh_key::Error::Crypto => SignError::WrongPassphrase(path.to_owned()),
            // The passphrase was right, and what it opened cannot be read.
            _ => unreadable(path, UNKNOWN_INSIDE),
        })?;
    }
    let signature = key.sign(namespace, HashAlg::Sha512, bytes);
    let signature = signature.map_err(|error| SignError::Unsupported(error.to_string()))?;
    Ok((key.public_key().clone(), signature))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SignError> {
    // Asked before it is opened: opening a pipe would wait for ever.
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, error.to_string()))?;
    if !about.is_file() {
        return Err(unreadable(path, "it is not a plain file"));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error.to_string()))?;
    // Room for all of it at once: a vector that grew would leave copies behind that nobody wipes.
    let room = usize::try_from(about.len().min(MOST_KEY_BYTES) + 2).unwrap_or(0);
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(MOST_KEY_BYTES + 1).read_to_end(&mut text).map_err(|error| unreadable(path, error.to_string()))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MOST_KEY_BYTES {
        return Err(unreadable(path, format!("it holds more than {MOST_KEY_BYTES} bytes, which no key file does")));
    }
    // Anybody may read a public key; what it is, is said instead.
    if !is_public(&text) {
        refuse_open_to_others(path, &about)?;
    }
    Ok(text)
}

/// As ssh does: a private key that others can read is no longer one person's.
#[cfg(unix)]
fn refuse_open_to_others(path: &Path, about: &std::fs::Metadata) -> Result<(), SignError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = about.permissions().mode() & 0o777;
    if mode | 0o700 == 0o700 {
        return Ok(());
    }
    Err(unreadable(path, format!("others may read it (mode {mode:o}); run `chmod 600` on it")))
}

#[cfg(not(unix))]
fn refuse_open_to_others(_: &Path, _: &std::fs::Metadata) -> Result<(), SignError> {
    Ok(())
}

fn refuse_agent_only(path: &Path, key: &PrivateKey) -> Result<(), SignError> {
    let why = match key.algorithm() {
        Algorithm::Rsa { .. } => "RSA key files are not signed with directly",
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => "a hardware key is reached through ssh-agent only",
        // Everything else that `accepted` lets through signs from its file.
        _ => return Ok(()),
    };
    let file = path.display();
    Err(SignError::Unsupported(format!("{why}; run `ssh-add {file}` and choose the key from ssh-agent")))
}

fn is_public(text: &[u8]) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|start| text.starts_with(start.as_bytes()))
}

fn wrong_format(text: &[u8]) -> &'static str {
    let starts = |start: &str| text.starts_with(start.as_bytes());
    if is_public(text) {
        "it is a public key; name the private key beside it, without .pub"
    } else if starts("-----BEGIN OPENSSH PRIVATE KEY-----") {
        UNKNOWN_INSIDE
    } else if starts("-----BEGIN ") {
        "it is not in OpenSSH's format; `ssh-keygen -p -f` on it converts it"
    } else {
        "it is not a private key file"
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> SignError {
    SignError::UnreadableKey { path: path.to_owned(), reason: reason.into() }
}
