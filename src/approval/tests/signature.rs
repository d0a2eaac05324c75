//! What a signature proves, and everything near it that proves nothing.

use crate::approval::fixture::{
    Desk, noon, principal, public, roster_text, sign, sign_as, sign_touched, touched_public,
};
use crate::approval::{Namespace, Roster, SignatureProblem, SignedBytes, fingerprint, parse_roster, touch_of, verify};

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
    let roster = parse_roster(&roster_text().replace(&public("lan"), &touched_public("lan"))).unwrap();
    let signed = |flags: u8| sign_touched("lan", Namespace::Run, BYTES, flags, 9);
    check(&roster, &signed(1), "ok");
    check(&roster, &signed(5), "ok");
    check(&roster, &signed(0), "was not touched");
    check(&roster, &signed(4), "was not touched");
    let touch = touch_of(&signed(1).signature).unwrap();
    assert_eq!((touch.counter, Ok(touch.fingerprint)), (9, fingerprint(&touched_public("lan"))));
    assert_eq!(touch_of(&sign("lan", Namespace::Run, BYTES).signature), None);
}

#[test]
fn a_hardware_key_of_a_web_site_is_no_ssh_key() {
    let line = touched_public("lan");
    let key = ssh_key::PublicKey::from_openssh(&line).unwrap();
    let ssh_key::public::KeyData::SkEd25519(key) = key.key_data() else { panic!("a hardware key") };
    let with = |application: &str| {
        let key = ssh_key::public::SkEd25519::new(*key.public_key(), application);
        fingerprint(&ssh_key::PublicKey::from(ssh_key::public::KeyData::SkEd25519(key)).to_openssh().unwrap())
    };
    assert!(with("ssh:").is_ok() && with("ssh:countersign").is_ok());
    let refused = with("https://example.test").unwrap_err();
    assert!(refused.contains("was made for `https://example.test`"), "{refused}");
    assert!(with("").is_err() && with("ssh").is_err());
}
