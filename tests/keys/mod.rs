//! Keys and findings with the real tools: what `ssh-keygen` signs is accepted here, what is signed here is accepted by
//! `ssh-keygen`, and an exported finding is checked by stock tools alone.

mod agent;
pub(crate) mod authenticator;
mod finding;
mod hardware;

pub(crate) use finding::{exported, first_form};

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use countersign::adapter::ssh::SshSigner;
use countersign::approval::{Namespace, Roster, SignedBytes, fingerprint, parse_roster, verify};
use countersign::port::{KeyChoice, SignError, SignRequest, Signer as _};
use countersign::runbook::Principal;
use jiff::Timestamp;
use tempfile::TempDir;
use zeroize::Zeroizing;

const BYTES: &[u8] = b"{\"format\":\"countersign/request/1\"}";

/// A folder with keys made by `ssh-keygen`.
pub(crate) struct Keys {
    folder: TempDir,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a key with these arguments of `ssh-keygen`, such as `-t ed25519`.
    pub(crate) fn make(&self, name: &str, arguments: &str, passphrase: &str) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", name, "-N", passphrase, "-f"]).arg(&path).args(arguments.split_whitespace());
        succeed(command.output().unwrap());
        path
    }

    pub(crate) fn public(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap().trim_end().to_owned()
    }

    /// A roster in which the named key belongs to `lan`; two others can review as well.
    fn roster(&self, name: &str) -> Roster {
        for other in ["an", "binh"] {
            if !self.path(other).exists() {
                self.make(other, "-t ed25519", "");
            }
        }
        let person = |who: &str, key: &str| {
            format!(
                "[[person]]\nprincipal = \"{who}@example.test\"\nname = \"{who}\"\nkind = \"human\"\nroles = [\"reviewer\"]\nkeys = [\"{}\"]\n",
                self.public(key)
            )
        };
        let text = format!("format = 1\n{}{}{}", person("lan", name), person("an", "an"), person("binh", "binh"));
        parse_roster(&text).unwrap()
    }
}

pub(crate) fn lan() -> Principal {
    Principal::from("lan@example.test")
}

pub(crate) fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `ssh-keygen -Y sign`, through files, as people do it.
fn ssh_keygen_sign(key: &Path, namespace: Namespace, bytes: &[u8], options: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let message = folder.path().join("request.json");
    fs::write(&message, bytes).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", namespace.as_str()]).args(options).arg("-f").arg(key).arg(&message);
    succeed(command.output().unwrap());
    fs::read_to_string(folder.path().join("request.json.sig")).unwrap()
}

/// `ssh-keygen -Y verify` with one allowed signer.
fn ssh_keygen_accepts(public: &str, namespace: Namespace, signature: &str, bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let (signers, armour) = (folder.path().join("allowed_signers"), folder.path().join("sig"));
    fs::write(&signers, format!("lan@example.test {public}\n")).unwrap();
    fs::write(&armour, signature).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-I", "lan@example.test", "-n", namespace.as_str(), "-f"]).arg(&signers);
    command.arg("-s").arg(&armour).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait().unwrap().success()
}

pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Signs the bytes in lan's name for a run.
fn sign(signer: &SshSigner, key: KeyChoice, passphrase: Option<&str>) -> Result<SignedBytes, SignError> {
    let request = SignRequest {
        principal: lan(),
        key,
        namespace: Namespace::Run,
        bytes: BYTES.to_vec(),
        passphrase: passphrase.map(|text| Zeroizing::new(text.to_owned())),
    };
    wait_for(signer.sign(&request))
}

fn sign_with_file(path: &Path, passphrase: Option<&str>) -> Result<SignedBytes, SignError> {
    sign(&SshSigner::new(None), KeyChoice::File(path.to_owned()), passphrase)
}

/// Says `ok` or the error, and compares.
fn check(answer: &Result<SignedBytes, SignError>, expect: &str) {
    let said = answer.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
    assert!(said.contains(expect), "expected: {expect}\nactual:   {said}");
}

/// An agent of the test's own, ended by its own process id.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(keys: &Keys) -> Self {
        Self::start_asking(keys, "")
    }

    /// An agent that asks with this program; with none it has nobody to ask.
    fn start_asking(keys: &Keys, askpass: impl AsRef<OsStr>) -> Self {
        let socket = keys.path("agent.sock");
        let mut command = Command::new("ssh-agent");
        command.env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":nowhere");
        let child =
            command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "ssh-agent made no socket");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        self.add_with(key, &[]);
    }

    fn add_with(&self, key: &Path, options: &[&str]) {
        let mut command = Command::new("ssh-add");
        succeed(command.arg("-q").args(options).arg(key).env("SSH_AUTH_SOCK", &self.socket).output().unwrap());
    }

    fn signer(&self) -> SshSigner {
        SshSigner::new(Some(self.socket.clone()))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn both_tools_accept_each_other() {
    let keys = Keys::new();
    for (name, arguments) in
        [("ed", "-t ed25519"), ("p256", "-t ecdsa -b 256"), ("p384", "-t ecdsa -b 384"), ("p521", "-t ecdsa -b 521")]
    {
        let path = make_readable(&keys, name, arguments);
        let (roster, public) = (keys.roster(name), keys.public(name));
        let print = fingerprint(&public).unwrap();
        for options in [&[][..], &["-O", "hashalg=sha256"][..]] {
            let theirs = ssh_keygen_sign(&path, Namespace::Run, BYTES, options);
            let theirs = SignedBytes { principal: lan(), signature: theirs };
            assert_eq!(
                verify(&roster, &theirs, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).as_deref(),
                Ok(print.as_str()),
                "{name}"
            );
            assert!(verify(&roster, &theirs, Namespace::Stage, BYTES, Timestamp::UNIX_EPOCH).is_err(), "{name}");
            assert!(verify(&roster, &theirs, Namespace::Run, b"other", Timestamp::UNIX_EPOCH).is_err(), "{name}");
        }
        let ours = sign_with_file(&path, None).unwrap();
        assert_eq!(
            verify(&roster, &ours, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).as_deref(),
            Ok(print.as_str()),
            "{name}"
        );
        assert!(ssh_keygen_accepts(&public, Namespace::Run, &ours.signature, BYTES), "{name}");
        assert!(!ssh_keygen_accepts(&public, Namespace::Run, &ours.signature, b"other"), "{name}");
        assert!(!ssh_keygen_accepts(&public, Namespace::Stage, &ours.signature, BYTES), "{name}");
        let listed = succeed(Command::new("ssh-keygen").arg("-lf").arg(&path).output().unwrap());
        assert!(listed.contains(&print), "{listed} {print}");
    }
}

/// Makes keys until one has no secret that begins with a zero byte: those are signed with through the agent.
fn make_readable(keys: &Keys, name: &str, arguments: &str) -> PathBuf {
    loop {
        let path = keys.make(name, arguments, "");
        match sign_with_file(&path, None) {
            Ok(_) => return path,
            Err(error) => assert!(error.to_string().contains("choose the key from ssh-agent"), "{error}"),
        }
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_secret_with_a_leading_zero_goes_through_the_agent() {
    let keys = Keys::new();
    let agent = Agent::start(&keys);
    let is_short = |path: &Path, passphrase| match sign_with_file(path, passphrase) {
        Ok(_) => false,
        Err(error) => {
            assert!(error.to_string().contains("choose the key from ssh-agent"), "{error}");
            true
        }
    };
    // Every second P-521 key has such a secret: thirty tries miss once in 2^30.
    let names: Vec<String> = (0..30).map(|number| format!("k{number}")).collect();
    let short = names.iter().find(|name| is_short(&keys.make(name, "-t ecdsa -b 521", ""), None)).unwrap();
    agent.add(&keys.path(short));
    let print = fingerprint(&keys.public(short)).unwrap();
    let signed = sign(&agent.signer(), KeyChoice::Agent(print), None).unwrap();
    assert!(verify(&keys.roster(short), &signed, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).is_ok());
    assert!(ssh_keygen_accepts(&keys.public(short), Namespace::Run, &signed.signature, BYTES));
    // Encrypted, it is not mistaken for a wrong passphrase.
    let mut command = Command::new("ssh-keygen");
    succeed(command.args(["-q", "-p", "-P", "", "-N", "right", "-f"]).arg(keys.path(short)).output().unwrap());
    assert!(is_short(&keys.path(short), Some("right")));
    check(&sign_with_file(&keys.path(short), Some("wrong")), "the passphrase does not open");
}

#[test]
fn an_agent_signs_and_lists() {
    let keys = Keys::new();
    let agent = Agent::start(&keys);
    for (name, arguments) in [("ed", "-t ed25519"), ("p256", "-t ecdsa -b 256"), ("rsa", "-t rsa -b 3072")] {
        agent.add(&keys.make(name, arguments, ""));
        let (roster, public) = (keys.roster(name), keys.public(name));
        let print = fingerprint(&public).unwrap();
        let ours = sign(&agent.signer(), KeyChoice::parse(&format!("agent:{print}")), None).unwrap();
        assert_eq!(
            verify(&roster, &ours, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).as_deref(),
            Ok(print.as_str()),
            "{name}"
        );
        assert!(ssh_keygen_accepts(&public, Namespace::Run, &ours.signature, BYTES), "{name}");
    }
    // ssh-keygen signs with RSA as well, and with a key too weak for a roster.
    let theirs = ssh_keygen_sign(&keys.path("rsa"), Namespace::Run, BYTES, &[]);
    let theirs = SignedBytes { principal: lan(), signature: theirs };
    assert!(verify(&keys.roster("rsa"), &theirs, Namespace::Run, BYTES, Timestamp::UNIX_EPOCH).is_ok());
    agent.add(&keys.make("weak", "-t rsa -b 2048", ""));
    let listed = wait_for(agent.signer().agent_keys()).unwrap();
    let comments: Vec<&str> = listed.iter().map(|key| key.comment.as_str()).collect();
    assert_eq!(comments, ["ed", "p256", "rsa"]);
    assert_eq!(listed[0].public_key, keys.public("ed"));

    keys.make("other", "-t ed25519", "");
    let unknown = fingerprint(&keys.public("other")).unwrap();
    check(&sign(&agent.signer(), KeyChoice::Agent(unknown), None), "it does not hold this key");
    let gone = SshSigner::new(Some(keys.path("no.sock")));
    check(&sign(&gone, KeyChoice::Agent("SHA256:x".to_owned()), None), "ssh-agent cannot be reached");
    check(&sign(&SshSigner::new(None), KeyChoice::Agent("SHA256:x".to_owned()), None), "SSH_AUTH_SOCK is not set");
}

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let keys = Keys::new();
    for (name, options) in
        [("plain", "-t ed25519"), ("gcm", "-t ed25519 -Z aes256-gcm@openssh.com"), ("cbc", "-t ed25519 -Z aes256-cbc")]
    {
        let path = keys.make(name, options, "đúng rồi");
        check(&sign_with_file(&path, None), "a passphrase is needed");
        check(&sign_with_file(&path, Some("")), "a passphrase is needed");
        let wrong = sign_with_file(&path, Some("sai rồi"));
        check(&wrong, "the passphrase does not open");
        assert!(!format!("{wrong:?}").contains("sai"), "a passphrase got into a message");
        let signed = sign_with_file(&path, Some("đúng rồi"));
        check(&signed, "ok");
        assert!(ssh_keygen_accepts(&keys.public(name), Namespace::Run, &signed.unwrap().signature, BYTES), "{name}");
    }
}

#[test]
fn a_key_that_cannot_sign_says_the_way_out() {
    let keys = Keys::new();
    let ed = keys.make("ed", "-t ed25519", "");
    check(&sign_with_file(&ed, Some("not needed")), "ok");
    check(&sign_with_file(&keys.path("nowhere"), None), "cannot be read");
    check(&sign_with_file(&keys.path(""), None), "it is not a plain file");
    check(&sign_with_file(&keys.make("rsa", "-t rsa -b 3072", ""), None), "run `ssh-add");
    check(&sign_with_file(&keys.make("weak", "-t rsa -b 2048", ""), None), "this one has 2048");
    check(&sign_with_file(&keys.make("pem", "-t ecdsa -m PEM", ""), None), "`ssh-keygen -p -f` on it converts it");
    fs::write(keys.path("text"), "hello").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&keys.path("text"), 0o600);
        check(&sign_with_file(&keys.path("text"), None), "it is not a private key file");
        mode(&keys.path("ed.pub"), 0o600);
        check(&sign_with_file(&keys.path("ed.pub"), None), "it is a public key");
        mode(&ed, 0o644);
        check(&sign_with_file(&ed, None), "others may read it (mode 644); run `chmod 600`");
    }
}
