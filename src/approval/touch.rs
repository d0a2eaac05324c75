//! Takes a signature of a hardware key; gives whether somebody touched the key and how far its counter is; refuses to
//! believe a counter that does not go on.

use ssh_key::public::KeyData;
use ssh_key::{PublicKey, SshSig};

use super::armour::{TRAILER, beginning, read_armour};
use super::signature::facts_of;
use super::{Namespace, SignatureProblem};

/// What `ssh-keygen` puts before every name of an application, and alone where none was named.
const APPLICATION: &str = "ssh:";

/// Bit 0 of the flags: somebody touched the key.
const PRESENT: u8 = 1;

/// What a hardware key says of itself in a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The key's `SHA256:…` fingerprint.
    pub fingerprint: String,
    /// How many signatures the key says it has made; always 0 for a key that does not count.
    pub counter: u32,
}

/// Reads what a hardware key says of itself; `None` for every other key, and for what is no signature.
///
/// Nothing is verified here. A plain key's signature is told by its first bytes, because a ledger holds many.
#[must_use]
pub fn touch_of(armour: &str) -> Option<Touch> {
    // After `SSHSIG`, the version and two lengths stands the kind of the key.
    if beginning(armour).get(18..21) != Some(b"sk-") {
        return None;
    }
    let signature = read_armour(armour).ok()?;
    let (_, counter) = trailer(&signature)?;
    let fingerprint = facts_of(signature.public_key()).ok()?.fingerprint;
    Some(Touch { fingerprint, counter })
}

/// Says whether a hardware key made this signature over these bytes for this purpose, and was touched; whose key it is, and
/// when it counts, is not asked.
#[must_use]
pub fn is_touch_over(armour: &str, namespace: Namespace, bytes: &[u8]) -> bool {
    read_armour(armour).is_ok_and(|signature| {
        is_hardware(signature.public_key())
            && refuse_untouched(&signature).is_ok()
            && PublicKey::from(signature.public_key().clone()).verify(namespace.as_str(), bytes, &signature).is_ok()
    })
}

/// Says whether a counter goes on from the highest one seen before: a key that counts has a higher one each time, and a
/// key that does not count always says 0.
///
/// The same counter twice is what two copies of one key come to. A copy of one and the same signature is no second one;
/// that is for the caller to leave out.
#[must_use]
pub const fn counter_goes_on(highest: Option<u32>, now: u32) -> bool {
    match highest {
        None | Some(0) => true,
        Some(highest) => now > highest,
    }
}

/// Refuses a hardware key's signature that nobody touched the key for; other keys pass.
pub(crate) fn refuse_untouched(signature: &SshSig) -> Result<(), SignatureProblem> {
    if !is_hardware(signature.public_key()) {
        return Ok(());
    }
    // ssh-keygen -Y verify accepts flags = 0; a signature nobody touched the key for proves no person.
    match trailer(signature) {
        Some((flags, _)) if flags & PRESENT == PRESENT => Ok(()),
        Some(_) | None => Err(SignatureProblem::NotTouched),
    }
}

/// Refuses a hardware key that was made for something else than SSH, such as for a web site.
pub(super) fn refuse_application(application: &str) -> Result<(), String> {
    if application.starts_with(APPLICATION) {
        return Ok(());
    }
    Err(format!(
        "the hardware key was made for `{}`; only keys made for `{APPLICATION}` are accepted, as `ssh-keygen -t ed25519-sk` makes them",
        application.escape_debug()
    ))
}

fn is_hardware(key: &KeyData) -> bool {
    matches!(key, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
}

/// The flags and the counter at the end of a hardware key's signature.
fn trailer(signature: &SshSig) -> Option<(u8, u32)> {
    let bytes = signature.signature_bytes();
    let (flags, counter) = bytes.get(bytes.len().checked_sub(TRAILER)?..)?.split_first()?;
    Some((*flags, u32::from_be_bytes(counter.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::counter_goes_on;

    /// Walks a key's counters in order; names the first one that does not go on.
    fn check(counters: &[u32], expected: &str) {
        let mut highest = None;
        let mut said = "goes on".to_owned();
        for &now in counters {
            if !counter_goes_on(highest, now) {
                said = format!("{} after {}", now, highest.unwrap_or_default());
                break;
            }
            highest = Some(highest.map_or(now, |before: u32| before.max(now)));
        }
        assert_eq!(said, expected, "{counters:?}");
    }

    #[test]
    fn a_counter_rises_or_is_always_nothing() {
        check(&[], "goes on");
        check(&[7], "goes on");
        check(&[0, 0, 0], "goes on");
        check(&[1, 2, 3], "goes on");
        check(&[1, 900, u32::MAX], "goes on");
        // A key may begin to count with a newer firmware; it never stops.
        check(&[0, 0, 5, 6], "goes on");
        check(&[5, 0], "0 after 5");
        check(&[5, 4], "4 after 5");
        check(&[5, 5], "5 after 5");
        check(&[1, 9, 3], "3 after 9");
        check(&[u32::MAX, 0], "0 after 4294967295");
    }
}
