//! Connecting: TLS checked as far as was asked, passwords, and refusals that say what to do and never a password.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use countersign::adapter::postgres::{ClusterOptions, PrivateCluster, find_binaries};
use countersign::port::Database;

use super::proxy::Proxy;
use crate::support::{bare, cluster, database, options, postgres, run};

/// A server on TCP with TLS and passwords, for the one test that needs it.
struct Server {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Server {
    /// Starts one; `None` when this machine has no openssl to make certificates with.
    fn start() -> Option<Self> {
        let options = ClusterOptions { detached: true, ..options() };
        let (folder, binaries) =
            (options.folder.clone(), find_binaries(options.binaries.as_deref()).expect("binaries"));
        let cluster = PrivateCluster::start(options).expect("started");
        let superuser = postgres(&cluster.url("postgres"));
        run(superuser.load(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE lan LOGIN PASSWORD 'hunter2'; CREATE ROLE tlsonly LOGIN PASSWORD 'hunter2';
             CREATE ROLE plainonly LOGIN PASSWORD 'hunter2'; CREATE ROLE cert LOGIN",
        ))
        .expect("roles");
        drop(superuser);
        cluster.stop().expect("stopped");
        if !certificates(&folder) {
            fs::remove_dir_all(&folder).expect("removed");
            return None;
        }
        let hba = "hostssl all cert 127.0.0.1/32 cert\nhostssl all tlsonly 127.0.0.1/32 scram-sha-256\nhostnossl all plainonly 127.0.0.1/32 scram-sha-256\nhost all lan 127.0.0.1/32 scram-sha-256\n";
        fs::write(folder.join("data/pg_hba.conf"), hba).expect("written");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let owner = fs::metadata(folder.join("data")).expect("data");
        let at = |name: &str| {
            format!(
                "{}={}",
                name.split('=').next().unwrap_or_default(),
                folder.join(name.split('=').nth(1).unwrap_or_default()).display()
            )
        };
        let mut command = Command::new(binaries.join("postgres"));
        command.arg("-D").arg(folder.join("data")).args([
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "ssl=on",
            "-c",
            "fsync=off",
        ]);
        for setting in
            ["unix_socket_directories=", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.crt"]
        {
            command.args(["-c", &at(setting)]);
        }
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(&folder);
        if owner.uid() != rustix::process::geteuid().as_raw() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let process = command.spawn().expect("spawned");
        let ready = || fs::read_to_string(folder.join("data/postmaster.pid")).is_ok_and(|text| text.contains("ready"));
        for _ in 0..500 {
            if ready() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(ready(), "the server with TLS did not start");
        Some(Self { folder, port, process })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Makes the server show a certificate that it signed itself.
    fn take_self_signed(&self) {
        for part in ["key", "crt"] {
            fs::rename(self.folder.join(format!("self.{part}")), self.folder.join(format!("server.{part}")))
                .expect("renamed");
        }
        fs::copy(self.folder.join("server.crt"), self.folder.join("self.crt")).expect("copied");
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("running");
        let pid = pid
            .lines()
            .next()
            .and_then(|pid| pid.parse().ok())
            .and_then(rustix::process::Pid::from_raw)
            .expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).expect("reloaded");
        std::thread::sleep(Duration::from_millis(500));
    }

    /// Connects with `text`; `@name` in it is a file beside the server. Gives the security, or the refusal.
    fn connect(&self, text: &str) -> String {
        let text: Vec<String> = text
            .split(' ')
            .map(|word| {
                word.split_once('@').map_or_else(|| word.to_owned(), |(key, file)| format!("{key}{}", self.path(file)))
            })
            .collect();
        let text = format!("dbname=postgres port={} {}", self.port, text.join(" "));
        let described =
            countersign::adapter::postgres::Postgres::new(&text, bare()).map(|postgres| run(postgres.describe()));
        match described {
            Ok(Ok(note)) => note.security,
            Ok(Err(error)) | Err(error) => error.to_string(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = PrivateCluster::stop_detached(&self.folder);
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes an authority, a certificate for `localhost` and one for the login `cert`, and an authority nobody knows.
fn certificates(folder: &Path) -> bool {
    let script = "set -e
        for ca in ca stranger; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.crt; done
        printf 'subjectAltName=DNS:localhost\\n' >names
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt
        printf 'extendedKeyUsage=clientAuth\\n' >use
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=cert -keyout client.key -out client.csr
        openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile use -out client.crt
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout self.key -out self.crt
        cp client.key loose.key; chmod 600 client.key server.key self.key; chmod 644 loose.key";
    let made = Command::new("/bin/sh")
        .args(["-c", script])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let owner = fs::metadata(folder).expect("a folder");
    for name in ["server.key", "server.crt", "ca.crt", "self.key", "self.crt"] {
        let _ = std::os::unix::fs::chown(folder.join(name), Some(owner.uid()), Some(owner.gid()));
    }
    made.is_ok_and(|status| status.success())
}

#[test]
fn tls_and_passwords_are_checked_exactly_as_far_as_was_asked() {
    let Some(server) = Server::start() else {
        eprintln!("not tested: there is no openssl on this machine to make certificates with");
        return;
    };
    let check = |text: &str, expected: &str| {
        let found = server.connect(text);
        assert!(found.contains(expected), "{text}\n  gave     {found}\n  expected {expected}");
        assert!(!found.contains("hunter2") && !found.contains("letmein"), "{found}");
        if expected == "TLS" {
            assert_eq!(found, "TLS", "{text}");
        }
    };
    // How far the certificate is checked.
    check("host=127.0.0.1 user=lan password=hunter2", "TLS");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=require", "TLS");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=disable", "no TLS");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=allow", "no TLS");
    check("host=localhost hostaddr=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@ca.crt", "TLS");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@ca.crt", "connect by the name");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=verify-ca sslrootcert=@ca.crt", "TLS");
    check(
        "host=localhost hostaddr=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@stranger.crt",
        "point sslrootcert at",
    );
    check(
        "host=127.0.0.1 user=lan password=hunter2 sslmode=verify-ca sslrootcert=@stranger.crt",
        "point sslrootcert at",
    );
    // With a root certificate `require` checks the chain, as libpq does.
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=require sslrootcert=@stranger.crt", "point sslrootcert at");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=prefer sslrootcert=@stranger.crt", "TLS");
    // A certificate that somebody else signed is no authority of its own, for libpq neither.
    check(
        "host=localhost hostaddr=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@server.crt",
        "point sslrootcert at",
    );
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=verify-ca sslrootcert=@server.key", "holds no certificate");
    // The other way is tried only when this one is refused.
    check("host=127.0.0.1 user=tlsonly password=hunter2 sslmode=allow", "TLS");
    check("host=127.0.0.1 user=plainonly password=hunter2 sslmode=prefer", "no TLS");
    check("host=127.0.0.1 user=plainonly password=hunter2 sslmode=require", "pg_hba.conf");
    check("host=127.0.0.1 user=tlsonly password=hunter2 sslmode=disable", "pg_hba.conf");
    // Channel binding through the tap.
    check("host=127.0.0.1 user=lan password=hunter2 channel_binding=require", "TLS");
    check("host=127.0.0.1 user=lan password=hunter2 channel_binding=require sslmode=disable", "channel binding");
    // Client certificates.
    check("host=127.0.0.1 user=cert sslmode=require sslcert=@client.crt sslkey=@client.key", "TLS");
    check("host=127.0.0.1 user=cert sslmode=require", "does not let `cert` into");
    check("host=127.0.0.1 user=cert sslmode=require sslcert=@client.crt sslkey=@loose.key", "can be read by others");
    // Refusals.
    check("host=127.0.0.1 user=lan password=letmein", "does not accept the password of `lan`");
    check("host=127.0.0.1 user=lan", "none is known; give one by PGPASSWORD");
    check("host=127.0.0.1 user=nobody_here password=letmein", "pg_hba.conf");
    check("host=127.0.0.1 user=lan password=hunter2 dbname=nowhere", "there is no database `nowhere`");
    // Several hosts: the first that answers.
    check("host=/nonexistent,127.0.0.1 user=lan password=hunter2", "TLS");

    // A server whose certificate is its own authority, the most common set-up of all.
    server.take_self_signed();
    check(
        "host=localhost hostaddr=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@self.crt",
        "TLS",
    );
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=verify-full sslrootcert=@self.crt", "connect by the name");
    check("host=127.0.0.1 user=lan password=hunter2 sslmode=verify-ca sslrootcert=@self.crt", "TLS");
    check(
        "host=127.0.0.1 user=lan password=hunter2 sslmode=verify-ca sslrootcert=@ca.crt",
        "is its own authority: point sslrootcert at",
    );

    let file = server.folder.join("pgpass");
    fs::write(&file, "127.0.0.1:*:*:lan:hunter2\n").expect("written");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("closed");
    check("host=127.0.0.1 user=lan passfile=@pgpass", "TLS");
    fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("opened");
    check("host=127.0.0.1 user=lan passfile=@pgpass", "was left aside");
}

/// Connects and compares the refusal.
fn check_refused(text: &str, expected: &str) {
    let error = run(postgres(text).target()).expect_err("refused").to_string();
    assert!(error.contains(expected), "{text}\n  gave     {error}\n  expected {expected}");
}

#[test]
fn a_refusal_says_what_to_do() {
    check_refused("host=127.0.0.1 port=1 dbname=x", "127.0.0.1:1 refuses connections; is the server running there");
    check_refused("host=/nonexistent dbname=x", "there is no server's socket in /nonexistent");
    check_refused("host=/nonexistent,127.0.0.1 port=1 dbname=x", "; 127.0.0.1:1 refuses");
    check_refused(&cluster().url("nowhere"), "there is no database `nowhere`");
    check_refused(
        &cluster().url("postgres").replace("user=postgres", "user=nobody_here"),
        "role \"nobody_here\" does not exist",
    );
    let port = run(async { Proxy::start(Duration::ZERO).await.port });
    check_refused(
        &format!("host=127.0.0.1 port={port} user=postgres sslmode=require"),
        "does not offer TLS, and sslmode demands it",
    );
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = other.local_addr().expect("an address").port();
    check_refused(&format!("host=127.0.0.1 port={silent} connect_timeout=2"), "no answer from");
}

#[test]
fn a_link_that_was_lost_is_opened_again() {
    let database = database();
    let (kept, other) = (database.superuser(), postgres(&cluster().url("postgres")));
    run(kept.target()).expect("reached");
    run(other
        .load(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", database.name)))
    .expect("ended");
    std::thread::sleep(Duration::from_millis(100));
    run(kept.target()).expect("reached again");
}
