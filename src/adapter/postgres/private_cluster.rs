//! Takes a folder; gives a `PostgreSQL` server of our own in it, on a socket only we can reach; refuses TCP, a folder that
//! the server's user cannot reach, and to outlive us unless it was asked to.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::binaries::find_binaries;

/// How long a server may take to start or to stop; a cold disk needs seconds, not minutes.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest folder a socket is put in: `sockaddr_un` holds 104 bytes on the strictest system, the socket's name takes 14.
const LONGEST_SOCKET_FOLDER: usize = 85;
/// It only names the socket's file; nothing listens on TCP.
const PORT: u16 = 5432;

/// Runs the server and ends it, with its folder, once standard input is closed: even when we are killed.
const WATCHER: &str = r#"folder=$1; sockets=$2; shift 2
( "$@" </dev/null >>"$folder/server.log" 2>&1; echo "$?" >"$folder/exited" ) &
while read -r _; do :; done
until [ -e "$folder/exited" ]; do
  read -r pid 2>/dev/null <"$folder/data/postmaster.pid" && kill -INT "$pid" 2>/dev/null
  sleep 0.05
done
wait
cd / && rm -rf -- "$sockets" "$folder/data" "$folder/server.log" "$folder/exited" && rmdir -- "$folder" 2>/dev/null
"#;
/// Runs the server so that it stays when we go.
const DETACHED: &str = r#"folder=$1; shift 2
( "$@" </dev/null >>"$folder/server.log" 2>&1; echo "$?" >"$folder/exited" ) &
"#;

/// Where a private cluster lives and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterOptions {
    /// Its folder; made when it is not there. A stopped cluster in it is started again.
    pub folder: PathBuf,
    /// The folder of `initdb` and `postgres`; `None` looks in the usual places.
    pub binaries: Option<PathBuf>,
    /// Whether the server stays when we go; it is ended by [`PrivateCluster::stop_detached`].
    pub detached: bool,
    /// Whether a crash of the machine may lose nothing; tests do without.
    pub durable: bool,
}

impl ClusterOptions {
    /// Makes options for a cluster in a new temporary folder that goes when we go.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn temporary() -> Result<Self, ClusterError> {
        let made = tempfile::Builder::new().prefix("countersign-").tempdir();
        let folder =
            made.map_err(|error| ClusterError::folder(&std::env::temp_dir(), "make a folder in", &error))?.keep();
        Ok(Self { folder, binaries: None, detached: false, durable: false })
    }
}

/// Why there is no private cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// No server programs were found.
    #[error(
        "no PostgreSQL server programs (initdb, postgres) were found; looked at: {looked}. Install the package \
         `postgresql` (Debian, Ubuntu), `postgresql-server` (Fedora) or `postgresql@17` (Homebrew), or name the folder that holds them"
    )]
    NoBinaries {
        /// Where.
        looked: String,
    },
    /// The folder cannot be used.
    #[error("the folder {path} cannot be used: {reason}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// We are root, the server refuses to be, and there is nobody else.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`; run this as an ordinary user"
    )]
    NoUser,
    /// A program failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which.
        program: String,
        /// What it said.
        output: String,
    },
    /// The server did not become ready.
    #[error("the private server was not ready after {seconds} s; its log ends with:\n{log}")]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// The tail of its log.
        log: String,
    },
    /// A server runs in that folder already.
    #[error("a server (process {pid}) runs in {path} already; stop it first")]
    AlreadyRunning {
        /// Its process.
        pid: i32,
        /// The folder.
        path: PathBuf,
    },
    /// No server runs in that folder.
    #[error("no server runs in {0}")]
    NotRunning(PathBuf),
    /// The server did not stop.
    #[error("the private server (process {pid}) did not stop within {seconds} s; end it with `kill -QUIT {pid}`")]
    NotStopped {
        /// Its process.
        pid: i32,
        /// How long was waited.
        seconds: u64,
    },
}

impl ClusterError {
    fn folder(path: &Path, what: &str, error: &io::Error) -> Self {
        Self::Folder { path: path.to_owned(), reason: format!("cannot {what} it: {error}") }
    }
}

/// A `PostgreSQL` server of our own, reached by a socket in a folder only we may enter.
#[derive(Debug)]
pub struct PrivateCluster {
    folder: PathBuf,
    sockets: PathBuf,
    /// The watcher and the pipe that keeps it watching; `None` when detached or stopped.
    watcher: Option<(Child, ChildStdin)>,
}

impl PrivateCluster {
    /// Makes the cluster where there is none, starts its server and waits until it is ready.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let binaries = find_binaries(options.binaries.as_deref())?;
        let owner = server_user()?;
        let ClusterOptions { folder, detached, durable, .. } = options;
        make_private(&folder, owner)?;
        let folder = folder.canonicalize().map_err(|error| ClusterError::folder(&folder, "find", &error))?;
        reachable(&folder, owner)?;
        let data = folder.join("data");
        if let Some(postmaster) = Postmaster::read(&data) {
            if postmaster.is_alive() {
                return Err(ClusterError::AlreadyRunning { pid: postmaster.pid, path: folder });
            }
            let _ = fs::remove_file(data.join("postmaster.pid"));
        }
        if !data.join("PG_VERSION").is_file() {
            initialise(&binaries, &folder, &data, owner)?;
        }
        let sockets = socket_folder(&folder, owner)?;
        let _ = fs::remove_file(folder.join("exited"));

        let mut command = quiet("/bin/sh", &folder, owner);
        command.args(["-c", if detached { DETACHED } else { WATCHER }, "watcher"]).arg(&folder).arg(&sockets);
        command.arg(binaries.join("postgres")).arg("-D").arg(&data).args(["-k", &as_list_item(&sockets)]);
        command.args(["-p", &PORT.to_string(), "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"]);
        command.args(["-c", "logging_collector=off", "-c", "log_destination=stderr"]);
        if !durable {
            command.args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
        }
        // Its own process group: Ctrl-C at our terminal is ours to handle.
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
        command.stdin(if detached { Stdio::null() } else { Stdio::piped() });
        let failed =
            |error: io::Error| ClusterError::Program { program: "/bin/sh".to_owned(), output: error.to_string() };
        let mut child = command.spawn().map_err(failed)?;
        let watcher = if let Some(pipe) = child.stdin.take() {
            Some((child, pipe))
        } else {
            // The shell ends at once and leaves the server to the system.
            child.wait().map_err(failed)?;
            None
        };
        let cluster = Self { folder, sockets, watcher };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Returns the connection text of a database in this cluster, as its superuser `postgres`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let sockets = self.sockets.to_string_lossy();
        format!("postgresql:///{}?host={}&user=postgres&port={PORT}", percent(database), percent(&sockets))
    }

    /// Returns the folder that holds the socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        &self.sockets
    }

    /// Returns the process of the server, while it runs.
    #[must_use]
    pub fn server_pid(&self) -> Option<i32> {
        Postmaster::read(&self.folder.join("data")).map(|postmaster| postmaster.pid)
    }

    /// Stops the server. An attached cluster is deleted with its folder; a detached one keeps its data.
    ///
    /// # Errors
    /// [`ClusterError::NotStopped`] when it does not end in time.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        if self.watcher.is_some() { self.end() } else { Self::stop_detached(&self.folder) }
    }

    /// Stops the server that was started detached in this folder, by the process in its `postmaster.pid`.
    ///
    /// # Errors
    /// [`ClusterError::NotRunning`], or [`ClusterError::NotStopped`] when it does not end in time.
    pub fn stop_detached(folder: &Path) -> Result<(), ClusterError> {
        let data = folder.join("data");
        let Some(postmaster) = Postmaster::read(&data).filter(Postmaster::is_alive) else {
            return Err(ClusterError::NotRunning(folder.to_owned()));
        };
        // INT is PostgreSQL's fast shutdown: open transactions are rolled back, then a checkpoint.
        postmaster.signal(Signal::INT);
        let stopped = wait_for(|| Postmaster::read(&data).is_none_or(|now| now.pid != postmaster.pid));
        if !stopped {
            return Err(ClusterError::NotStopped { pid: postmaster.pid, seconds: PATIENCE.as_secs() });
        }
        // Its shell notes the end a moment later; what starts here next must not take that note for its own.
        let begun = Instant::now();
        wait_for(|| folder.join("exited").exists() || begun.elapsed() > Duration::from_secs(3));
        if postmaster.sockets != folder.join("socket") && is_ours(&postmaster.sockets) {
            let _ = fs::remove_dir(&postmaster.sockets);
        }
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), ClusterError> {
        let data = self.folder.join("data");
        let exited = self.folder.join("exited");
        let begun = Instant::now();
        let mut ready = false;
        wait_for(|| {
            ready = Postmaster::read(&data).is_some_and(|postmaster| postmaster.ready);
            ready || exited.exists()
        });
        if ready {
            return Ok(());
        }
        Err(ClusterError::NotReady { seconds: begun.elapsed().as_secs(), log: tail(&self.folder.join("server.log")) })
    }

    fn end(&mut self) -> Result<(), ClusterError> {
        let Some((mut watcher, pipe)) = self.watcher.take() else { return Ok(()) };
        let pid = self.server_pid().unwrap_or_default();
        drop(pipe);
        if wait_for(|| watcher.try_wait().is_ok_and(|ended| ended.is_some())) {
            return Ok(());
        }
        Err(ClusterError::NotStopped { pid, seconds: PATIENCE.as_secs() })
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        // Nobody is left to tell: the watcher goes on by itself when it is slow.
        let _ = self.end();
    }
}

/// What `postmaster.pid` says.
struct Postmaster {
    pid: i32,
    sockets: PathBuf,
    ready: bool,
}

impl Postmaster {
    fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let line = |number: usize| text.lines().nth(number).unwrap_or_default().trim();
        let pid = line(0).parse().ok()?;
        Some(Self { pid, sockets: PathBuf::from(line(4)), ready: line(7) == "ready" })
    }

    fn is_alive(&self) -> bool {
        Pid::from_raw(self.pid).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

/// The user and group a server runs as when we are root.
type Owner = Option<(u32, u32)>;

fn server_user() -> Result<Owner, ClusterError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    find_user(&users, "postgres").or_else(|| find_user(&users, "nobody")).map(Some).ok_or(ClusterError::NoUser)
}

fn find_user(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let ids = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (ids.0 != 0).then_some(ids)
}

fn make_private(folder: &Path, owner: Owner) -> Result<(), ClusterError> {
    fs::create_dir_all(folder).map_err(|error| ClusterError::folder(folder, "make", &error))?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(|error| ClusterError::folder(folder, "close", &error))?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(folder, Some(user), Some(group))
            .map_err(|error| ClusterError::folder(folder, "give away", &error))?;
    }
    Ok(())
}

/// Refuses a folder below one that the server's user may not enter, such as a root-only home.
fn reachable(folder: &Path, owner: Owner) -> Result<(), ClusterError> {
    let Some((user, group)) = owner else { return Ok(()) };
    for parent in folder.ancestors().skip(1) {
        let meta = fs::metadata(parent).map_err(|error| ClusterError::folder(parent, "look at", &error))?;
        let needed = if meta.uid() == user {
            0o100
        } else if meta.gid() == group {
            0o010
        } else {
            0o001
        };
        if meta.mode() & needed == 0 {
            let reason = format!(
                "the server's user (uid {user}) may not enter {}; choose a folder below {}",
                parent.display(),
                std::env::temp_dir().display()
            );
            return Err(ClusterError::Folder { path: folder.to_owned(), reason });
        }
    }
    Ok(())
}

fn socket_folder(folder: &Path, owner: Owner) -> Result<PathBuf, ClusterError> {
    let inside = folder.join("socket");
    let sockets = if inside.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        inside
    } else {
        let made = tempfile::Builder::new().prefix("cs-").tempdir_in("/tmp");
        made.map_err(|error| ClusterError::folder(Path::new("/tmp"), "make a folder in", &error))?.keep()
    };
    make_private(&sockets, owner)?;
    Ok(sockets)
}

fn is_ours(sockets: &Path) -> bool {
    sockets.parent() == Some(Path::new("/tmp"))
        && sockets.file_name().is_some_and(|name| name.to_string_lossy().starts_with("cs-"))
}

fn initialise(binaries: &Path, folder: &Path, data: &Path, owner: Owner) -> Result<(), ClusterError> {
    let mut command = quiet(binaries.join("initdb"), folder, owner);
    command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(data);
    let failed = |output: String| ClusterError::Program { program: "initdb".to_owned(), output };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Makes a command that inherits nothing: a PGPORT in the environment would silently rename the socket.
fn quiet(program: impl AsRef<std::ffi::OsStr>, folder: &Path, owner: Owner) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC").current_dir(folder);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// Writes a folder as one item of the server's list of socket folders.
fn as_list_item(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn wait_for(mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > PATIENCE {
            return false;
        }
        sleep(Duration::from_millis(10));
    }
    true
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name_and_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresx:x:5:5::/:/\nnobody:x:65534:65533::/:/\nfake:x:0:1::/:/\n";
        assert_eq!(find_user(passwd, "nobody"), Some((65534, 65533)));
        assert_eq!(find_user(passwd, "postgres"), None);
        assert_eq!(find_user(passwd, "fake"), None);
    }

    #[test]
    fn names_are_written_so_that_a_url_holds_them() {
        assert_eq!(percent("plain"), "plain");
        assert_eq!(percent("a b&c?d%"), "a%20b%26c%3Fd%25");
        assert_eq!(percent("é"), "%C3%A9");
    }
}
