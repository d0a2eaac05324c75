//! Hardware keys: what they sign holds for us and for `ssh-keygen`; without a touch it holds for `ssh-keygen` only.

use countersign::approval::{Namespace, SignedBytes, fingerprint, parse_roster, touch_of, verify};
use jiff::Timestamp;

use super::authenticator::{Authenticator, TOUCHED};
use super::{BYTES, Keys, lan, ssh_keygen_accepts};

const KINDS: [(&str, &str); 2] = [("sk-ed", "-t ed25519"), ("sk-p256", "-t ecdsa -b 256")];

fn brought(signature: String) -> SignedBytes {
    SignedBytes { principal: lan(), signature }
}

#[test]
fn both_tools_accept_a_touched_key() {
    for (name, kind) in KINDS {
        let keys = Keys::new();
        let key = Authenticator::new(&keys, name, kind);
        let (roster, public) = (keys.roster(name), keys.public(name));
        let print = fingerprint(&public).unwrap();
        // User presence alone, and with user verification (a PIN or a finger) beside it.
        for flags in [TOUCHED, TOUCHED | 4] {
            let armour = key.armour(Namespace::Run, BYTES, flags, 7);
            let signed = brought(armour.clone());
            assert_eq!(
                verify(&roster, &signed, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).as_deref(),
                Ok(print.as_str()),
                "{name}"
            );
            assert!(ssh_keygen_accepts(&public, Namespace::Run, &armour, BYTES), "{name}");
            assert!(verify(&roster, &signed, Namespace::Run, b"other", Timestamp::UNIX_EPOCH).is_err(), "{name}");
            assert!(!ssh_keygen_accepts(&public, Namespace::Run, &armour, b"other"), "{name}");
            assert!(verify(&roster, &signed, Namespace::Reject, BYTES, Timestamp::UNIX_EPOCH).is_err(), "{name}");
            assert!(!ssh_keygen_accepts(&public, Namespace::Reject, &armour, BYTES), "{name}");
            let touch = touch_of(&armour).unwrap();
            assert_eq!((touch.fingerprint.as_str(), touch.counter), (print.as_str(), 7));
        }
        // Every purpose has its own name, for hardware too.
        for namespace in Namespace::ALL {
            let armour = key.armour(namespace, BYTES, TOUCHED, 8);
            assert!(
                verify(&roster, &brought(armour.clone()), namespace, BYTES, Timestamp::UNIX_EPOCH).is_ok(),
                "{name} {namespace:?}"
            );
            assert!(ssh_keygen_accepts(&public, namespace, &armour, BYTES), "{name} {namespace:?}");
        }
    }
}

#[test]
fn without_a_touch_only_ssh_keygen_accepts() {
    for (name, kind) in KINDS {
        let keys = Keys::new();
        let key = Authenticator::new(&keys, name, kind);
        let (roster, public) = (keys.roster(name), keys.public(name));
        for flags in [0, 4, 0xfe] {
            let armour = key.armour(Namespace::Run, BYTES, flags, 7);
            let refused = verify(&roster, &brought(armour.clone()), Namespace::Run, BYTES, Timestamp::UNIX_EPOCH)
                .unwrap_err()
                .to_string();
            assert!(refused.contains("was not touched"), "{name}: {refused}");
            assert!(
                ssh_keygen_accepts(&public, Namespace::Run, &armour, BYTES),
                "{name}: the oracle asks for no touch"
            );
        }
    }
}

#[test]
fn flags_and_counter_are_part_of_what_is_signed() {
    for (name, kind) in KINDS {
        let keys = Keys::new();
        let key = Authenticator::new(&keys, name, kind);
        let (roster, public) = (keys.roster(name), keys.public(name));
        let message = super::authenticator::sshsig_message(Namespace::Run.as_str(), BYTES);
        let untouched = key.sign(&message, 0, 7);
        for (back, byte) in [(5, TOUCHED), (1, 8)] {
            let mut changed = untouched.clone();
            let at = changed.len() - back;
            changed[at] = byte;
            let armour = super::authenticator::armour(&key.key_blob(), Namespace::Run, &changed);
            assert!(
                verify(&roster, &brought(armour.clone()), Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).is_err(),
                "{name}"
            );
            assert!(!ssh_keygen_accepts(&public, Namespace::Run, &armour, BYTES), "{name}");
        }
    }
}

#[test]
fn a_key_of_a_web_site_gets_on_no_roster() {
    for (name, kind) in KINDS {
        let keys = Keys::new();
        let key = Authenticator::made_for(&keys, name, kind, "https://example.test");
        keys.make("an", "-t ed25519", "");
        keys.make("binh", "-t ed25519", "");
        let person = |who: &str, key: &str| {
            format!(
                "[[person]]\nprincipal = \"{who}@example.test\"\nname = \"{who}\"\nkind = \"human\"\nroles = [\"reviewer\"]\nkeys = [\"{key}\"]\n"
            )
        };
        let roster = |public: &str| {
            let others = [person("an", &keys.public("an")), person("binh", &keys.public("binh"))].concat();
            parse_roster(&format!("format = 1\n{others}{}", person("lan", public)))
        };
        let problems = roster(&keys.public(name)).unwrap_err();
        assert!(problems[0].message.contains("was made for `https://example.test`"), "{problems:?}");
        // What it signs does not hold for the key it would be without the application either.
        let armour = key.armour(Namespace::Run, BYTES, TOUCHED, 7);
        Authenticator::new(&keys, "ours", kind);
        let other = verify(
            &roster(&keys.public("ours")).unwrap(),
            &brought(armour),
            Namespace::Run,
            BYTES,
            Timestamp::UNIX_EPOCH,
        );
        assert!(other.is_err());
    }
}
