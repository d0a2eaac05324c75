//! A private server starts, is reached, ends with us, and says what went wrong.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use countersign::adapter::postgres::{ClusterError, ClusterOptions, PrivateCluster};

use crate::support::options;

fn is_gone_soon(path: &Path) -> bool {
    let begun = Instant::now();
    while path.exists() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    !path.exists()
}

fn can_connect(cluster: &PrivateCluster) -> bool {
    UnixStream::connect(cluster.socket_folder().join(".s.PGSQL.5432")).is_ok()
}

#[test]
fn an_attached_server_leaves_nothing_behind() {
    let options = options();
    let folder = options.folder.clone();
    let cluster = PrivateCluster::start(options).expect("started");
    assert!(can_connect(&cluster));
    assert!(cluster.url("a b").starts_with("postgresql:///a%20b?host="), "{}", cluster.url("a b"));
    cluster.stop().expect("stopped");
    assert!(is_gone_soon(&folder), "{} is still there", folder.display());
}

#[test]
fn a_dropped_server_ends() {
    let options = options();
    let folder = options.folder.clone();
    drop(PrivateCluster::start(options).expect("started"));
    assert!(is_gone_soon(&folder));
}

#[test]
fn a_detached_server_stays_until_it_is_stopped_and_starts_again() {
    let folder = options().folder;
    let detached = || ClusterOptions { folder: folder.clone(), detached: true, ..options_without_folder() };
    let cluster = PrivateCluster::start(detached()).expect("started");
    let pid = cluster.server_pid().expect("a server");
    let again = PrivateCluster::start(detached()).expect_err("one at a time");
    assert_eq!(again, ClusterError::AlreadyRunning { pid, path: folder.clone() });
    drop(cluster);
    assert!(folder.join("data/postmaster.pid").exists(), "it was detached");
    PrivateCluster::stop_detached(&folder).expect("stopped");
    assert_eq!(PrivateCluster::stop_detached(&folder), Err(ClusterError::NotRunning(folder.clone())));
    let cluster = PrivateCluster::start(detached()).expect("started again");
    assert!(can_connect(&cluster));
    cluster.stop().expect("stopped");
    std::fs::remove_dir_all(folder).expect("removed");
}

fn options_without_folder() -> ClusterOptions {
    let options = options();
    std::fs::remove_dir(&options.folder).expect("empty");
    options
}

#[test]
fn a_long_folder_gets_a_short_socket() {
    let mut options = options();
    let top = options.folder.clone();
    options.folder = top.join("x".repeat(120));
    // The server's user walks through it.
    std::fs::set_permissions(&top, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("opened");
    let cluster = PrivateCluster::start(options).expect("started");
    let sockets = cluster.socket_folder().to_owned();
    assert!(can_connect(&cluster), "{}", sockets.display());
    cluster.stop().expect("stopped");
    assert!(is_gone_soon(&sockets));
    std::fs::remove_dir_all(top).expect("removed");
}

#[test]
fn a_server_that_cannot_start_shows_its_log() {
    let options = ClusterOptions { detached: true, ..options() };
    let folder = options.folder.clone();
    PrivateCluster::start(options.clone()).expect("started").stop().expect("stopped");
    std::fs::write(folder.join("data/postgresql.conf"), "no_such_setting = 1\n").expect("written");
    let error = PrivateCluster::start(options).expect_err("a broken setting");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
    std::fs::remove_dir_all(folder).expect("removed");
}

/// Tells the process that is about to be killed from the test that kills it.
const HOLD: &str = "COUNTERSIGN_TEST_HOLDS_A_CLUSTER";

/// Does nothing unless it is the process that `a_killed_owner_takes_the_server_along` kills.
#[test]
fn hold_a_cluster_until_killed() {
    if std::env::var_os(HOLD).is_none() {
        return;
    }
    let options = options();
    let folder = options.folder.clone();
    let cluster = PrivateCluster::start(options).expect("started");
    println!("\nfolder={}", folder.display());
    std::thread::sleep(Duration::from_mins(1));
    drop(cluster);
}

#[test]
fn a_killed_owner_takes_the_server_along() {
    let mut owner = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "postgres::cluster::hold_a_cluster_until_killed", "--nocapture"])
        .env(HOLD, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawned");
    let lines = BufReader::new(owner.stdout.take().expect("piped")).lines();
    let folder =
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("folder=").map(PathBuf::from)).expect("a folder");
    assert!(folder.join("data/postmaster.pid").exists());
    owner.kill().expect("killed");
    owner.wait().expect("reaped");
    assert!(is_gone_soon(&folder), "{} is still there", folder.display());
}
