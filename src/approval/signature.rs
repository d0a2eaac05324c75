//! Takes bytes, a signature and a roster; gives who signed; refuses everything that is not exactly that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

use super::armour::read_armour;
use super::touch::{refuse_application, refuse_untouched};
use super::{Key, Roster};
use crate::plan::Verb;
use crate::runbook::Principal;

/// RSA keys below this many bits are refused.
const LEAST_RSA_BITS: usize = 3072;

/// RSA keys above this many bits cannot be checked by the library in use.
const MOST_RSA_BITS: usize = 4096;

/// An SSH signature and who is said to have made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedBytes {
    /// Who is said to have signed; proved only by [`verify`].
    pub principal: Principal,
    /// The armoured SSHSIG, as `ssh-keygen -Y sign` writes it.
    pub signature: String,
}

/// What a signature is for; a signature made for one purpose is refused for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Namespace {
    /// The requester's signature on a request: `countersign-stage`.
    Stage,
    /// A reviewer's approval of a run: `countersign-run`.
    Run,
    /// A rejection: `countersign-reject`.
    Reject,
    /// A withdrawal: `countersign-withdraw`.
    Withdraw,
    /// The operator's signature on the request as the run begins: `countersign-operate`.
    Operate,
    /// A finding: `countersign-finding`.
    Finding,
    /// A sovereign's word in a restart: `countersign-restart`.
    Restart,
    /// A version of the roster, proposed or approved: `countersign-roster`.
    Roster,
    /// A stop that somebody declares: `countersign-stop`.
    Stop,
    /// A reviewer's approval of a restore: `countersign-restore`.
    Restore,
    /// A reviewer's approval of ending another session: `countersign-end-session`.
    EndSession,
    /// Somebody's word that a record was looked at again, in a restart: `countersign-record`.
    Record,
}

impl Namespace {
    /// Every namespace there is.
    pub const ALL: [Self; 12] = [
        Self::Stage,
        Self::Run,
        Self::Reject,
        Self::Withdraw,
        Self::Operate,
        Self::Finding,
        Self::Restart,
        Self::Roster,
        Self::Stop,
        Self::Restore,
        Self::EndSession,
        Self::Record,
    ];

    /// Returns the namespace in which an approval of this verb is signed.
    #[must_use]
    pub fn of(verb: Verb) -> Self {
        match verb {
            Verb::Run => Self::Run,
            Verb::Restore => Self::Restore,
            Verb::EndSession => Self::EndSession,
        }
    }

    /// Returns the text that goes into the SSHSIG.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "countersign-stage",
            Self::Run => "countersign-run",
            Self::Reject => "countersign-reject",
            Self::Withdraw => "countersign-withdraw",
            Self::Operate => "countersign-operate",
            Self::Finding => "countersign-finding",
            Self::Restart => "countersign-restart",
            Self::Roster => "countersign-roster",
            Self::Stop => "countersign-stop",
            Self::Restore => "countersign-restore",
            Self::EndSession => "countersign-end-session",
            Self::Record => "countersign-record",
        }
    }
}

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// Nobody of that name is on the roster.
    #[error("{0} is not on the roster")]
    NotOnRoster(Principal),
    /// It is not an SSHSIG that could be read.
    #[error("it is not an SSH signature: {0}")]
    Unreadable(String),
    /// It was made for something else.
    #[error("it was made for `{actual}`, not for `{expected}`")]
    AnotherPurpose {
        /// The namespace needed.
        expected: String,
        /// The namespace inside it.
        actual: String,
    },
    /// It was made with a key that is not listed for this person.
    #[error("the key {fingerprint} is not listed for {principal}")]
    AnotherKey {
        /// Who is said to have signed.
        principal: Principal,
        /// The key inside it.
        fingerprint: String,
    },
    /// It was made with a key that does not count at this moment.
    #[error("the key {fingerprint} counts {validity}, and this is {at}")]
    OutOfTime {
        /// The key inside it.
        fingerprint: String,
        /// When it counts, in words.
        validity: String,
        /// When the signature is used.
        at: Timestamp,
    },
    /// The key is too weak, or of a kind that is not accepted.
    #[error("the key is not accepted: {0}")]
    WeakKey(String),
    /// A hardware key signed without being touched.
    #[error("the hardware key was not touched; sign again and touch it")]
    NotTouched,
    /// It was made over other bytes.
    #[error("it was not made over these bytes")]
    OtherBytes,
}

/// What a public key is, as far as counting people needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyFacts {
    /// The key itself, without its comment.
    pub(crate) key: PublicKey,
    /// `SHA256:…`.
    pub(crate) fingerprint: String,
    /// The part that two public keys share when one secret can sign for both.
    secret: Vec<u8>,
}

impl KeyFacts {
    /// Returns whether one secret signs for both keys, however they are written.
    // D-70: an RSA modulus with another exponent, or a compressed point, has another fingerprint but the same owner.
    pub(crate) fn is_same_secret(&self, other: &Self) -> bool {
        self.secret == other.secret
    }
}

/// Reads one public key line; the error is a sentence.
pub(crate) fn key_facts(line: &str) -> Result<KeyFacts, String> {
    if line.chars().any(char::is_control) {
        return Err("the key holds control characters or line feeds".to_owned());
    }
    let key = PublicKey::from_openssh(line).map_err(|error| format!("this is not a public key line: {error}"))?;
    facts_of(key.key_data())
}

pub(super) fn facts_of(data: &KeyData) -> Result<KeyFacts, String> {
    let secret = match data {
        KeyData::Ed25519(point) => ed25519_secret(&point.0),
        KeyData::SkEd25519(key) => {
            refuse_application(key.application())?;
            ed25519_secret(&key.public_key().0)
        }
        KeyData::Ecdsa(point) => point_secret(point.as_sec1_bytes())?,
        KeyData::SkEcdsaSha2NistP256(key) => {
            refuse_application(key.application())?;
            point_secret(key.ec_point().as_bytes())?
        }
        KeyData::Rsa(rsa) => {
            let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
            let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            if !(LEAST_RSA_BITS..=MOST_RSA_BITS).contains(&bits) {
                return Err(format!("an RSA key needs {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits, this one has {bits}"));
            }
            modulus.to_vec()
        }
        KeyData::Dsa(_) => return Err("DSA keys are too weak".to_owned()),
        // The library's enum may grow; what is not known is not accepted.
        _ => return Err(format!("keys of the kind {} are not known here", data.algorithm())),
    };
    let key = PublicKey::from(data.clone());
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    Ok(KeyFacts { key, fingerprint, secret })
}

/// The point without its sign: whoever can sign for a point can sign for its negative.
fn ed25519_secret(point: &[u8; 32]) -> Vec<u8> {
    let mut unsigned = *point;
    unsigned[31] &= 0x7f;
    unsigned.to_vec()
}

/// The x coordinate of an uncompressed SEC1 point. OpenSSH writes no other form.
fn point_secret(point: &[u8]) -> Result<Vec<u8>, String> {
    match point.split_first() {
        Some((4, coordinates)) => Ok(coordinates[..coordinates.len() / 2].to_vec()),
        Some(_) | None => Err("the curve point is not written in full".to_owned()),
    }
}

/// Returns the `SHA256:…` fingerprint of a public key line.
///
/// # Errors
/// A sentence that says what is wrong with the line.
pub fn fingerprint(public_key_line: &str) -> Result<String, String> {
    key_facts(public_key_line).map(|facts| facts.fingerprint)
}

/// Checks that this person made this signature over these bytes for this purpose, with a key that counts at the moment the
/// signature is used; gives the key's fingerprint. An SSH signature holds no time of its own.
///
/// # Errors
/// See [`SignatureProblem`].
pub fn verify(
    roster: &Roster,
    signed: &SignedBytes,
    namespace: Namespace,
    bytes: &[u8],
    at: Timestamp,
) -> Result<String, SignatureProblem> {
    check_signature(roster, signed, namespace, bytes, at).map(|facts| facts.fingerprint)
}

pub(crate) fn check_signature(
    roster: &Roster,
    signed: &SignedBytes,
    namespace: Namespace,
    bytes: &[u8],
    at: Timestamp,
) -> Result<KeyFacts, SignatureProblem> {
    let principal = &signed.principal;
    let person = roster.person(principal).ok_or_else(|| SignatureProblem::NotOnRoster(principal.clone()))?;
    let signature = read_armour(&signed.signature)?;
    if signature.namespace() != namespace.as_str() {
        return Err(SignatureProblem::AnotherPurpose {
            expected: namespace.as_str().to_owned(),
            actual: signature.namespace().escape_debug().to_string(),
        });
    }
    // The key must be listed for this very person: ssh-keygen accepts one key under two names.
    let facts = facts_of(signature.public_key()).map_err(SignatureProblem::WeakKey)?;
    let is_listed = |key: &&Key| key_facts(&key.line).is_ok_and(|listed| listed.key.key_data() == facts.key.key_data());
    let Some(key) = person.keys.iter().find(is_listed) else {
        return Err(SignatureProblem::AnotherKey { principal: principal.clone(), fingerprint: facts.fingerprint });
    };
    if !key.is_valid_at(at) {
        let validity = key.validity();
        return Err(SignatureProblem::OutOfTime { fingerprint: facts.fingerprint, validity, at });
    }
    refuse_untouched(&signature)?;
    facts.key.verify(namespace.as_str(), bytes, &signature).map_err(|_| SignatureProblem::OtherBytes)?;
    Ok(facts)
}
