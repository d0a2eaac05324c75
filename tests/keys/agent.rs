//! ssh-agent at its worst and at its strictest: it asks, refuses, holds hardware keys, signs with SHA-1, or never answers.

use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use countersign::adapter::ssh::SshSigner;
use countersign::approval::{Namespace, SignedBytes, fingerprint, verify};
use countersign::port::{KeyChoice, SignRequest, Signer as _};
use jiff::Timestamp;

use super::authenticator::{Authenticator, TOUCHED, armour, key_blob, sshsig_message, string};
use super::{Agent, BYTES, Keys, check, lan, sign, ssh_keygen_accepts, wait_for};

#[test]
fn an_agent_asks_before_it_signs() {
    // How the program that is asked ends is somebody's answer.
    for (askpass, expected) in [("/bin/true", "ok"), ("/bin/false", "somebody said no")] {
        let keys = Keys::new();
        let agent = Agent::start_asking(&keys, askpass);
        agent.add_with(&keys.make("ed", "-t ed25519", ""), &["-c"]);
        let print = fingerprint(&keys.public("ed")).unwrap();
        check(&sign(&agent.signer(), KeyChoice::Agent(print), None), expected);
    }
}

#[test]
fn an_agent_with_nobody_to_ask_says_the_way_out() {
    let keys = Keys::new();
    let agent = Agent::start_asking(&keys, keys.path("no-such-program"));
    agent.add_with(&keys.make("asked", "-t ed25519", ""), &["-c"]);
    agent.add(&keys.make("plain", "-t ed25519", ""));
    let choose = |name: &str| KeyChoice::Agent(fingerprint(&keys.public(name)).unwrap());
    let refused = sign(&agent.signer(), choose("asked"), None);
    check(&refused, "`ssh-add -c` needs an askpass program");
    let failure = countersign::session::Failure::from(refused.unwrap_err());
    assert!(failure.hint.contains("SSH_ASKPASS") && failure.hint.contains("without -c"), "{}", failure.hint);
    check(&sign(&agent.signer(), choose("plain"), None), "ok");
}

#[test]
fn rsa_signs_with_sha2_only() {
    let keys = Keys::new();
    let agent = Agent::start(&keys);
    agent.add(&keys.make("rsa", "-t rsa -b 3072", ""));
    let (roster, public) = (keys.roster("rsa"), keys.public("rsa"));
    let key = key_blob(&keys.path("rsa.pub"));
    // The flags of the agent's protocol: none is ssh-rsa with SHA-1, 2 is rsa-sha2-256, 4 is rsa-sha2-512.
    for (flags, expected) in [(0_u32, "signs with SHA-1"), (2, "ok"), (4, "ok")] {
        let message = sshsig_message(Namespace::Run.as_str(), BYTES);
        let request = [vec![13], string(&key), string(&message), flags.to_be_bytes().to_vec()].concat();
        let answer = ask(&agent.socket, &request);
        assert_eq!(answer[0], 14, "the agent signs");
        let signature = armour(&key, Namespace::Run, &answer[5..]);
        let signed = SignedBytes { principal: lan(), signature: signature.clone() };
        let said = verify(&roster, &signed, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH)
            .map_or_else(|problem| problem.to_string(), |_| "ok".into());
        assert!(said.contains(expected), "{flags}: {said}");
        assert_eq!(ssh_keygen_accepts(&public, Namespace::Run, &signature, BYTES), expected == "ok", "{flags}");
    }
}

#[test]
fn rsa_keys_too_short_or_too_long_are_refused() {
    let keys = Keys::new();
    let agent = Agent::start(&keys);
    for (name, bits, expected) in [
        ("weak", 2048, "an RSA key needs 3072 to 4096 bits, this one has 2048"),
        ("long", 4104, "an RSA key needs 3072 to 4096 bits, this one has 4104"),
    ] {
        agent.add(&keys.make(name, &format!("-t rsa -b {bits}"), ""));
        let refused = fingerprint(&keys.public(name)).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(wait_for(agent.signer().agent_keys()).unwrap().is_empty(), "a key that no roster accepts is not offered");
}

/// Sends one message to an agent, and gives its answer.
fn ask(socket: &Path, request: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(&string(request)).unwrap();
    receive(&mut stream).unwrap()
}

/// Receives one message; nothing when the line was closed.
fn receive(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// An agent that holds one hardware key; `None` for flags is a touch that never comes.
fn hardware_agent(keys: &Keys, key: Authenticator, flags: Option<u8>) -> (SshSigner, mpsc::Receiver<&'static str>) {
    let socket = keys.path("hardware.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (says, said) = mpsc::channel();
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
            while let Some(request) = receive(&mut stream) {
                let answer = match (request[0], flags) {
                    (11, _) => [vec![12, 0, 0, 0, 1], string(&key.key_blob()), string(b"yubi@desk")].concat(),
                    (13, Some(flags)) => {
                        let blob = key.key_blob().len();
                        let message = &request[1 + 4 + blob + 4..request.len() - 4];
                        [vec![14], string(&key.sign(message, flags, 21))].concat()
                    }
                    (13, None) => {
                        says.send("asked for a touch").unwrap();
                        let mut nothing = [0];
                        let ended = matches!(stream.read(&mut nothing), Ok(0));
                        let _ = says.send(if ended { "the line was closed" } else { "the line stayed open" });
                        break;
                    }
                    other => panic!("message {other:?}"),
                };
                stream.write_all(&string(&answer)).unwrap();
            }
        }
    });
    (SshSigner::new(Some(socket)), said)
}

#[test]
fn an_agent_signs_with_a_hardware_key() {
    for (name, kind) in [("sk-ed", "-t ed25519"), ("sk-p256", "-t ecdsa -b 256")] {
        let keys = Keys::new();
        let key = Authenticator::new(&keys, name, kind);
        let print = fingerprint(&keys.public(name)).unwrap();
        let (signer, _said) = hardware_agent(&keys, key, Some(TOUCHED));
        let listed = wait_for(signer.agent_keys()).unwrap();
        assert_eq!(
            (listed.len(), listed[0].fingerprint.as_str(), listed[0].comment.as_str()),
            (1, print.as_str(), "yubi@desk")
        );
        let signed = sign(&signer, KeyChoice::Agent(print), None).unwrap();
        assert!(verify(&keys.roster(name), &signed, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).is_ok(), "{name}");
        assert!(ssh_keygen_accepts(&keys.public(name), Namespace::Run, &signed.signature, BYTES), "{name}");
    }
}

#[test]
fn an_untouched_hardware_key_is_refused_where_it_signs() {
    let keys = Keys::new();
    let key = Authenticator::new(&keys, "sk", "-t ed25519");
    let (signer, _said) = hardware_agent(&keys, key, Some(0));
    let print = fingerprint(&keys.public("sk")).unwrap();
    check(&sign(&signer, KeyChoice::Agent(print), None), "was not touched");
}

#[test]
fn a_touch_that_never_comes_is_waited_for_only_so_long() {
    let keys = Keys::new();
    let key = Authenticator::new(&keys, "sk", "-t ed25519");
    let (signer, _said) = hardware_agent(&keys, key, None);
    let print = fingerprint(&keys.public("sk")).unwrap();
    let signer = signer.waiting_at_most(Duration::from_millis(200));
    check(&sign(&signer, KeyChoice::Agent(print), None), "it has not answered for");
}

#[test]
fn whoever_stops_waiting_closes_the_line() {
    let keys = Keys::new();
    let key = Authenticator::new(&keys, "sk", "-t ed25519");
    let (signer, said) = hardware_agent(&keys, key, None);
    let request = SignRequest {
        principal: lan(),
        key: KeyChoice::Agent(fingerprint(&keys.public("sk")).unwrap()),
        namespace: Namespace::Run,
        bytes: BYTES.to_vec(),
        passphrase: None,
    };
    wait_for(async {
        let mut signing = pin!(signer.sign(&request));
        // Begun, and no more than that.
        poll_fn(|context| {
            assert!(signing.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        assert_eq!(said.recv().unwrap(), "asked for a touch");
    });
    assert_eq!(said.recv().unwrap(), "the line was closed");
}
