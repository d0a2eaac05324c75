//! What a signature proves, and everything near it that proves nothing.

use ssh_key::{HashAlg, LineEnding, Signature, SshSig};

use crate::approval::fixture::{Desk, key, noon, principal, public, roster_text, sign, sign_as};
use crate::approval::{Namespace, Roster, SignatureProblem, SignedBytes, fingerprint, parse_roster, verify};

const BYTES: &[u8] = b"{\"format\":\"countersign/request/1\"}";

/// Checks and says `ok` or the problem.
fn check(roster: &Roster, signed: &SignedBytes, expect: &str) {
    let answer = match verify(roster, signed, Namespace::Run, BYTES, noon()) {
        Ok(print) => {
            assert!(print.starts_with("SHA256:"));
            "ok".to_owned()
        }
        Err(problem) => problem.to_string(),
    };
    assert!(answer.contains(expect), "expected: {expect}\nactual:   {answer}");
}

#[test]
fn the_right_key_for_the_right_purpose() {
    let roster = parse_roster(&roster_text()).unwrap();
    check(&roster, &sign("lan", Namespace::Run, BYTES), "ok");
    check(&roster, &sign_as("lan", "minh", Namespace::Run, BYTES), "is not listed for lan@example.test");
    check(&roster, &sign_as("nobody", "minh", Namespace::Run, BYTES), "is not on the roster");
    for namespace in Namespace::ALL {
        let expect = if namespace == Namespace::Run { "ok" } else { "not for `countersign-run`" };
        check(&roster, &sign("lan", namespace, BYTES), expect);
    }
    check(&roster, &sign("lan", Namespace::Run, b"other"), "not made over these bytes");
    let print = verify(&roster, &sign("lan", Namespace::Run, BYTES), Namespace::Run, BYTES, noon());
    assert_eq!(print.ok(), fingerprint(&public("lan")).ok());
}

#[test]
fn the_armour_has_one_spelling() {
    let roster = parse_roster(&roster_text()).unwrap();
    let good = sign("lan", Namespace::Run, BYTES).signature;
    let with = |signature: String| SignedBytes { principal: principal("lan"), signature };
    check(&roster, &with(good.clone()), "ok");
    check(&roster, &with(good.trim_end().to_owned()), "the armour is not as ssh-keygen writes it");
    check(&roster, &with(format!("{good}\n")), "not an SSH signature");
    check(&roster, &with(good.replace('\n', "\r\n")), "not an SSH signature");
    check(&roster, &with(format!("{good}trailing")), "not an SSH signature");
    check(&roster, &with(format!(" {good}")), "not an SSH signature");
    check(&roster, &with(good.repeat(200)), "more than any signature");
    check(&roster, &with(String::new()), "not an SSH signature");
    for at in 0..good.trim_end().len() {
        assert!(verify(&roster, &with(good[..at].to_owned()), Namespace::Run, BYTES, noon()).is_err(), "cut at {at}");
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(flipped) = String::from_utf8(bytes) else { continue };
        assert!(
            verify(&roster, &with(flipped.clone()), Namespace::Run, BYTES, noon()).is_err(),
            "byte {at}: {flipped}"
        );
    }
}

#[test]
fn every_flipped_byte_of_a_request_is_seen() {
    let desk = Desk::new();
    let (bytes, signed) = (desk.bytes(), desk.approval("lan"));
    assert!(verify(&desk.roster, &signed, Namespace::Run, &bytes, noon()).is_ok());
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert_eq!(
            verify(&desk.roster, &signed, Namespace::Run, &flipped, noon()),
            Err(SignatureProblem::OtherBytes),
            "byte {at} of {}",
            bytes.len()
        );
    }
}

#[test]
fn a_hardware_key_must_be_touched() {
    use ssh_key::public::{KeyData, SkEd25519};
    // A hardware key is a plain key that signs the hash with its application, flags and counter around it.
    let inner = key("lan");
    let ssh_key::private::KeypairData::Ed25519(pair) = inner.key_data() else { panic!("an ed25519 key") };
    let sk = KeyData::SkEd25519(SkEd25519::new(pair.public, "ssh:"));
    let line = ssh_key::PublicKey::from(sk.clone()).to_openssh().unwrap();
    let roster = parse_roster(&roster_text().replace(&public("lan"), &line)).unwrap();
    let signed = |flags: u8| {
        use sha2::Digest as _;
        let message = SshSig::signed_data(Namespace::Run.as_str(), HashAlg::Sha512, BYTES).unwrap();
        let trailer = [flags, 0, 0, 0, 9];
        let mut framed = sha2::Sha256::digest(b"ssh:").to_vec();
        framed.extend(trailer);
        framed.extend(sha2::Sha256::digest(&message));
        let mut raw = raw(&inner, &framed);
        raw.extend(trailer);
        let signature = Signature::new(ssh_key::Algorithm::SkEd25519, raw).unwrap();
        let whole = SshSig::new(sk.clone(), Namespace::Run.as_str(), HashAlg::Sha512, signature).unwrap();
        SignedBytes { principal: principal("lan"), signature: whole.to_pem(LineEnding::LF).unwrap() }
    };
    check(&roster, &signed(1), "ok");
    check(&roster, &signed(5), "ok");
    check(&roster, &signed(0), "was not touched");
    check(&roster, &signed(4), "was not touched");
}

/// A raw signature over the bytes, without the SSHSIG frame.
fn raw<K: ssh_key::SigningKey>(key: &K, bytes: &[u8]) -> Vec<u8> {
    key.try_sign(bytes).unwrap().as_bytes().to_vec()
}
