//! A real pgbouncer between desk and server, in both modes: refused before anything is begun, and the approvals stand.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use countersign::run::Outcome;
use countersign::session::FailureKind;

use crate::cli::stand::{Stand, refused};
use crate::support::{cluster, postgres};

struct Pooler {
    child: Child,
    folder: tempfile::TempDir,
}

impl Pooler {
    /// Starts one before the shared server; its socket lies in a folder that the server's own user may use.
    fn start(mode: &str) -> Self {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let program = program.into_iter().find(|path| Path::new(path).is_file());
        let program = program.expect("pgbouncer is needed: packaging/setup-debian.sh test installs it");
        let folder = tempfile::tempdir().unwrap();
        let sockets = cluster().socket_folder();
        let owner = std::fs::metadata(sockets).unwrap();
        let (ini, users) = (folder.path().join("pgbouncer.ini"), folder.path().join("users.txt"));
        std::fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host={}\n[pgbouncer]\npool_mode = {mode}\nlisten_addr =\nunix_socket_dir = {}\nauth_type = trust\n\
             auth_file = {}\n",
            sockets.display(),
            folder.path().display(),
            users.display()
        );
        std::fs::write(&ini, text).unwrap();
        for path in [folder.path(), &ini, &users] {
            std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let mut command = Command::new(program);
        command.arg(&ini).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command.spawn().expect("pgbouncer starts");
        let pooler = Self { child, folder };
        let begun = Instant::now();
        while !pooler.folder.path().join(".s.PGSQL.6432").exists() {
            assert!(begun.elapsed() < Duration::from_secs(20), "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        pooler
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&user=postgres&port=6432", self.folder.path().display())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check(mode: &str) {
    let stand = Stand::new();
    let request = stand.approved();
    let pooler = Pooler::start(mode);
    let url = pooler.url(&stand.database.name);
    let failure = refused(stand.run_over(&url, &request), "a connection pooler stands between");
    assert_eq!(failure.kind, FailureKind::Refused);
    let failure = refused(stand.stage_over(&postgres(&url), None), "a connection pooler stands between");
    assert_eq!(failure.kind, FailureKind::Refused);
    // Before the intent: the slip of the connection text used nothing up.
    assert_eq!((stand.count_kind("intent"), stand.status(&request).as_str()), (0, "open"));
    assert_eq!(stand.run(&request).unwrap().outcome, Outcome::Committed);
}

#[test]
fn a_pooler_in_transaction_mode_is_refused_before_anything_is_begun() {
    check("transaction");
}

#[test]
fn a_pooler_in_session_mode_is_refused_before_anything_is_begun() {
    check("session");
}
