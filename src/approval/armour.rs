//! Takes the armour of an SSH signature; gives what is in it; refuses every spelling but the one `ssh-keygen` writes.
//!
//! The text is written here and not by the library, which puts the flags and the counter of an
//! `sk-ecdsa-sha2-nistp256@openssh.com` signature inside its length, where OpenSSH does not look for them.

use base64ct::{Base64, Encoding as _};
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::SignatureProblem;

/// An armoured SSHSIG holds at most this many bytes; one of a 4096-bit RSA key needs about 1,600.
const MOST_SIGNATURE_BYTES: usize = 16 * 1024;

/// A hardware key's signature ends with one byte of flags and four of its counter.
pub(super) const TRAILER: usize = 5;

/// The width at which `ssh-keygen` breaks its lines.
const WIDTH: usize = 70;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";

/// Reads the armour, and only as `ssh-keygen` would write it: two spellings of one signature would be two files.
pub(super) fn read_armour(armour: &str) -> Result<SshSig, SignatureProblem> {
    if armour.len() > MOST_SIGNATURE_BYTES {
        let reason = format!("{} bytes are more than any signature has", armour.len());
        return Err(SignatureProblem::Unreadable(reason));
    }
    let signature = SshSig::from_pem(armour).map_err(|error| {
        if is_sha1(armour) {
            let reason = "it signs with SHA-1 (`ssh-rsa`); sign with rsa-sha2-512, as `ssh-keygen -Y sign` does";
            return SignatureProblem::WeakKey(reason.to_owned());
        }
        SignatureProblem::Unreadable(error.to_string())
    })?;
    let unreadable = |reason: &str| SignatureProblem::Unreadable(reason.to_owned());
    // With its one line feed at the end: a byte more or less would be another spelling of the same signature.
    if to_armour(&signature).map_err(|reason| unreadable(&reason))? != armour {
        return Err(unreadable("the armour is not as ssh-keygen writes it"));
    }
    if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
        return Err(unreadable("its version or reserved field is not known"));
    }
    match signature.hash_alg() {
        HashAlg::Sha256 | HashAlg::Sha512 => Ok(signature),
        // The library's enum may grow; OpenSSH defines these two.
        _ => Err(unreadable("its hash is neither SHA-256 nor SHA-512")),
    }
}

/// Writes the armour as `ssh-keygen` does, its last line feed included.
///
/// # Errors
/// A sentence, for a key or signature that has no such form.
pub(crate) fn to_armour(signature: &SshSig) -> Result<String, String> {
    let text = Base64::encode_string(&blob(signature)?);
    let mut armour = BEGIN.to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        armour.push_str(line);
        armour.push('\n');
        rest = after;
    }
    armour.push_str(END);
    Ok(armour)
}

/// The bytes inside the armour, as OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f lay them out.
fn blob(signature: &SshSig) -> Result<Vec<u8>, String> {
    let key = PublicKey::from(signature.public_key().clone()).to_bytes().map_err(|error| error.to_string())?;
    let algorithm = signature.algorithm();
    let bytes = signature.signature_bytes();
    let (plain, trailer) = match algorithm {
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => bytes
            .split_at_checked(bytes.len().wrapping_sub(TRAILER))
            .ok_or("the hardware key's signature is cut short")?,
        _ => (bytes, &[][..]),
    };
    let mut inner = Vec::with_capacity(bytes.len() + 64);
    string(&mut inner, algorithm.as_str().as_bytes())?;
    string(&mut inner, plain)?;
    inner.extend_from_slice(trailer);
    let mut blob = b"SSHSIG".to_vec();
    blob.extend_from_slice(&signature.version().to_be_bytes());
    string(&mut blob, &key)?;
    string(&mut blob, signature.namespace().as_bytes())?;
    string(&mut blob, signature.reserved())?;
    string(&mut blob, signature.hash_alg().as_str().as_bytes())?;
    string(&mut blob, &inner)?;
    Ok(blob)
}

/// RFC 4251's `string`: four bytes of length, then the bytes.
fn string(into: &mut Vec<u8>, bytes: &[u8]) -> Result<(), String> {
    let length = u32::try_from(bytes.len()).map_err(|_| "a part is longer than any signature has".to_owned())?;
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
    Ok(())
}

/// Returns the bytes at the beginning of the armour, without looking at the rest.
pub(super) fn beginning(armour: &str) -> Vec<u8> {
    let line = armour.strip_prefix(BEGIN).and_then(|rest| rest.get(..32)).unwrap_or_default();
    Base64::decode_vec(line).unwrap_or_default()
}

/// Whether the signature inside is `ssh-rsa`, which the library reads as broken; only for words.
fn is_sha1(armour: &str) -> bool {
    let body: String = armour.lines().filter(|line| !line.starts_with('-')).collect();
    let Ok(blob) = Base64::decode_vec(&body) else { return false };
    // Once as the kind of the key, and once more as the kind of the signature.
    let named = b"\0\0\0\x07ssh-rsa";
    blob.windows(named.len()).filter(|window| window == named).count() > 1
}
