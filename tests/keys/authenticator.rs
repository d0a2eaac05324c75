//! A hardware key made of software: it frames what it signs as OpenSSH's PROTOCOL.u2f says, byte by byte and by hand, so that
//! nothing of it is what it tests.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use countersign::approval::Namespace;
use sha2::{Digest as _, Sha256, Sha512};
use ssh_key::public::{EcdsaPublicKey, KeyData, SkEcdsaSha2NistP256, SkEd25519};
use ssh_key::{PrivateKey, PublicKey, SigningKey};

use super::{Keys, make_readable};

/// Somebody touched it.
pub const TOUCHED: u8 = 1;

/// A security key.
pub struct Authenticator {
    secret: PrivateKey,
    public: PublicKey,
    application: String,
}

impl Authenticator {
    /// Makes one with a key of this kind, `-t ed25519` or `-t ecdsa -b 256`, and leaves its public line in `NAME.pub`.
    pub fn new(keys: &Keys, name: &str, kind: &str) -> Self {
        Self::made_for(keys, name, kind, "ssh:")
    }

    /// As [`Authenticator::new`], for another application than SSH.
    pub fn made_for(keys: &Keys, name: &str, kind: &str, application: &str) -> Self {
        let secret = PrivateKey::read_openssh_file(&make_readable(keys, name, kind)).unwrap();
        let data = match secret.public_key().key_data() {
            KeyData::Ed25519(point) => KeyData::SkEd25519(SkEd25519::new(*point, application)),
            KeyData::Ecdsa(EcdsaPublicKey::NistP256(point)) => {
                KeyData::SkEcdsaSha2NistP256(SkEcdsaSha2NistP256::new(*point, application))
            }
            other => panic!("no hardware key is of the kind {}", other.algorithm()),
        };
        let public = PublicKey::new(data, name);
        fs::write(keys.path(&format!("{name}.pub")), public.to_openssh().unwrap() + "\n").unwrap();
        fs::remove_file(keys.path(name)).unwrap();
        Self { secret, public, application: application.to_owned() }
    }

    /// The public key, as an agent lists it.
    pub fn key_blob(&self) -> Vec<u8> {
        self.public.to_bytes().unwrap()
    }

    /// Signs a message: the blob that an agent answers and an SSHSIG holds.
    pub fn sign(&self, message: &[u8], flags: u8, counter: u32) -> Vec<u8> {
        let trailer = [&[flags][..], &counter.to_be_bytes()].concat();
        let framed = [&Sha256::digest(&self.application)[..], &trailer, &Sha256::digest(message)[..]].concat();
        let signed = raw(&self.secret, &framed);
        [string(self.public.algorithm().as_str().as_bytes()), string(&signed), trailer].concat()
    }

    /// Signs bytes for a purpose, as `ssh-keygen -Y sign` does: the armoured SSHSIG.
    pub fn armour(&self, namespace: Namespace, bytes: &[u8], flags: u8, counter: u32) -> String {
        let message = sshsig_message(namespace.as_str(), bytes);
        armour(&self.key_blob(), namespace, &self.sign(&message, flags, counter))
    }
}

fn raw<K: SigningKey>(key: &K, bytes: &[u8]) -> Vec<u8> {
    key.try_sign(bytes).unwrap().as_bytes().to_vec()
}

/// What the key itself signs for an SSHSIG.
pub fn sshsig_message(namespace: &str, bytes: &[u8]) -> Vec<u8> {
    let parts = [string(namespace.as_bytes()), string(b""), string(b"sha512"), string(&Sha512::digest(bytes))];
    [b"SSHSIG".to_vec(), parts.concat()].concat()
}

/// Puts key and signature into the armour.
pub fn armour(key: &[u8], namespace: Namespace, signature: &[u8]) -> String {
    let parts = [string(key), string(namespace.as_str().as_bytes()), string(b""), string(b"sha512"), string(signature)];
    let blob = [b"SSHSIG\0\0\0\x01".to_vec(), parts.concat()].concat();
    let text = Base64::encode_string(&blob);
    let lines = text.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line).into_owned() + "\n");
    format!("-----BEGIN SSH SIGNATURE-----\n{}-----END SSH SIGNATURE-----\n", lines.collect::<String>())
}

/// RFC 4251's `string`.
pub fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// Reads a public key line's blob.
pub fn key_blob(public_line: &Path) -> Vec<u8> {
    let line = fs::read_to_string(public_line).unwrap();
    Base64::decode_vec(line.split_whitespace().nth(1).unwrap()).unwrap()
}
