//! Takes a verb and a demo's folder; gives a process of this program that works there when we are gone; refuses to end
//! any process but its own.
//!
//! A helper holds a lock on the file that names it. While the lock is held the process number in the file is that
//! helper's for certain; once it is free there is nobody to end. So a number that the system gave away again is safe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::failure::DemoFailure;
use super::{embedded, place::Place, traffic};

/// How long a helper may take to begin its work: it connects, and sends two statements.
const TO_BEGIN: Duration = Duration::from_secs(20);
/// How long it may take to end when it is asked; it looks five times a second.
const TO_END: Duration = Duration::from_secs(5);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);

/// What a helper does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelperRole {
    /// Writes organic rows about once a second: births and events that have nothing to do with governance.
    Tick,
    /// Holds a transaction open that builds SB-13.
    Hold,
}

impl HelperRole {
    const ALL: [Self; 2] = [Self::Tick, Self::Hold];

    /// Returns the hidden verb below `countersign demo`.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Hold => "hold",
        }
    }

    fn named(self, helpers: &Path) -> PathBuf {
        helpers.join(format!("{}.pid", self.verb()))
    }

    fn ready(self, helpers: &Path) -> PathBuf {
        helpers.join(format!("{}.ready", self.verb()))
    }
}

/// The file whose absence asks every helper to end.
fn running(helpers: &Path) -> PathBuf {
    helpers.join("running")
}

/// Starts a helper and waits until it has begun.
///
/// # Errors
/// [`DemoFailure::Helper`] when it ends early or does not begin in time.
pub async fn start(role: HelperRole, program: &Path, place: &Place) -> Result<(), DemoFailure> {
    let failed = |reason: String| DemoFailure::Helper { verb: role.verb(), reason };
    let helpers = place.helpers();
    Place::write(&running(&helpers), b"")?;
    let log_path = helpers.join(format!("{}.log", role.verb()));
    let log = File::create(&log_path).map_err(|error| DemoFailure::file("write", &log_path, &error))?;
    let mut command = Command::new(program);
    command
        .args(["demo", role.verb(), "--dir"])
        .arg(&place.root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut child = command.spawn().map_err(|error| failed(format!("did not start: {error}")))?;
    let begun = Instant::now();
    while !role.ready(&helpers).exists() {
        if let Ok(Some(status)) = child.try_wait() {
            let said = fs::read_to_string(&log_path).unwrap_or_default();
            return Err(failed(format!("ended early ({status}): {}", said.trim())));
        }
        if begun.elapsed() > TO_BEGIN {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("had not begun after {} s", TO_BEGIN.as_secs())));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Is the helper: works until the demo is taken down, its folder is gone or, for [`HelperRole::Hold`], its session ends.
///
/// # Errors
/// When there is no demo in the folder, another such helper works there, or the database cannot be reached.
pub async fn serve(role: HelperRole, folder: &Path) -> Result<(), DemoFailure> {
    // Whoever closes the terminal that started the demo does not end it.
    let _ = rustix::process::setsid();
    let (place, record) = Place::find(folder)?;
    let url = record.url.ok_or_else(|| DemoFailure::NoDemo(place.root.clone()))?;
    let helpers = place.helpers();
    let _held = claim(role, &helpers)?;
    let goes_on = running(&helpers);
    let ready = role.ready(&helpers);
    let begun = move || fs::write(&ready, "").map_err(|error| DemoFailure::file("write", &ready, &error));
    match role {
        HelperRole::Tick => traffic::tick(&url, begun, || goes_on.exists()).await,
        HelperRole::Hold => traffic::hold(&url, embedded::file("build/sb-13.sql"), begun, || goes_on.exists()).await,
    }
}

/// Locks the file that names this helper and writes our process number into it.
fn claim(role: HelperRole, helpers: &Path) -> Result<File, DemoFailure> {
    let path = role.named(helpers);
    let failed = |error: &io::Error| DemoFailure::file("write", &path, error);
    let mut file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|error| failed(&error))?;
    file.try_lock().map_err(|_| DemoFailure::Helper { verb: role.verb(), reason: "works there already".to_owned() })?;
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(|error| failed(&error))?;
    Ok(file)
}

/// Asks every helper to end, and ends those that do not.
///
/// # Errors
/// [`DemoFailure::Helper`] when one outlives SIGKILL.
pub fn stop_all(helpers: &Path) -> Result<(), DemoFailure> {
    let _ = fs::remove_file(running(helpers));
    for role in HelperRole::ALL {
        let path = role.named(helpers);
        if wait_until_free(&path) {
            continue;
        }
        for signal in [Signal::TERM, Signal::KILL] {
            let number = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            if let Some(pid) = number.and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, signal);
            }
            if wait_until_free(&path) {
                break;
            }
        }
        if !is_free(&path) {
            return Err(DemoFailure::Helper { verb: role.verb(), reason: "does not end".to_owned() });
        }
    }
    Ok(())
}

fn wait_until_free(path: &Path) -> bool {
    let begun = Instant::now();
    while !is_free(path) {
        if begun.elapsed() > TO_END {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

/// Returns whether nobody holds the lock.
fn is_free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock_shared().is_ok()) || !path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_is_known_by_its_lock_not_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        // This number is somebody else's (ours), and nobody holds the lock: nothing is ended.
        fs::write(folder.path().join("tick.pid"), std::process::id().to_string()).unwrap();
        assert_eq!(stop_all(folder.path()), Ok(()));

        let held = claim(HelperRole::Hold, folder.path()).unwrap();
        assert!(!is_free(&folder.path().join("hold.pid")));
        assert!(claim(HelperRole::Hold, folder.path()).is_err(), "two helpers of one kind");
        drop(held);
        assert!(is_free(&folder.path().join("hold.pid")));
    }
}
