//! Takes connection text and [`Surroundings`]; gives where to connect, as whom and how safely, as libpq would; refuses
//! what cannot be obeyed. Order of precedence: the text, the service, the environment, the defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::passfile;
use super::surroundings::Surroundings;
use super::text::{check_keyword, keywords};

/// libpq's own variables, and the keyword each stands for.
const VARIABLES: [(&str, &str); 18] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGAPPNAME", "application_name"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    // Passed on, as libpq does: what matters is pinned and read back in every transaction anyway.
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGSSLCRL", "sslcrl"),
];
/// Where servers put their socket: Debian and Fedora, then the source's default.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// Where the system's service file may be.
const SERVICE_FOLDERS: [&str; 2] = ["/etc/postgresql-common", "/etc"];
/// How long one host may take to answer; libpq waits for ever, people do not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to connect, as whom and how safely.
#[derive(Clone)]
pub(super) struct Destination {
    /// Hosts in the order they are tried.
    pub(super) hosts: Vec<Host>,
    pub(super) database: String,
    pub(super) user: String,
    /// From the text or `PGPASSWORD`; a password file is asked for each host.
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) passfile: Option<PathBuf>,
    pub(super) application_name: String,
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Duration,
    pub(super) security: Security,
    pub(super) wanted: Wanted,
}

/// One host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A server on TCP; `name` is what its certificate must say, `address` where it is.
    Tcp { name: String, address: String, port: u16 },
    /// The folder of a socket.
    Socket { folder: PathBuf, port: u16 },
}

/// How the connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Security {
    pub(super) mode: SslMode,
    pub(super) roots: Roots,
    pub(super) certificate: Option<(PathBuf, PathBuf)>,
    pub(super) direct: bool,
    pub(super) binding: Binding,
}

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// `channel_binding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Disable,
    Prefer,
    Require,
}

/// Whom a server's certificate must lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Nobody: any certificate is taken.
    Anyone,
    /// The authorities of a file.
    File(PathBuf),
    /// The system's authorities.
    System,
}

/// `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    /// `read-write` or `primary`: what a run needs.
    Writable,
}

// Written by hand: a password stands in it.
impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let password = self.password.as_ref().map(|_| "…");
        let shown = f
            .debug_struct("Destination")
            .field("hosts", &self.hosts)
            .field("database", &self.database)
            .finish_non_exhaustive();
        shown.and_then(|()| write!(f, " user {} password {password:?} security {:?}", self.user, self.security))
    }
}

/// Names a host for people.
pub(super) fn place(host: &Host) -> String {
    match host {
        Host::Tcp { name, port, .. } if name.contains(':') => format!("[{name}]:{port}"),
        Host::Tcp { name, port, .. } => format!("{name}:{port}"),
        Host::Socket { folder, port: 5432 } => folder.display().to_string(),
        Host::Socket { folder, port } => format!("{} (port {port})", folder.display()),
    }
}

/// Resolves connection text.
///
/// # Errors
/// A sentence that names what is wrong, without values that may be secret.
pub(super) fn resolve(text: &str, around: &Surroundings) -> Result<Destination, String> {
    let mut known = keywords(text)?;
    let service = known.get("service").map(String::as_str).or_else(|| around.var("PGSERVICE"));
    if let Some(service) = service.map(str::to_owned) {
        for (name, value) in read_service(&service, known.get("servicefile").map(Path::new), around)? {
            known.entry(name).or_insert(value);
        }
    }
    for (variable, name) in VARIABLES {
        if let Some(value) = around.var(variable)
            && check_keyword(name, value).map_err(|reason| format!("{variable}: {reason}"))?
        {
            known.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    let take = |name: &str| known.get(name).filter(|value| !value.is_empty()).cloned();
    let user = take("user").unwrap_or_else(|| around.os_user.clone());
    if user.is_empty() {
        return Err("no user is named and the login name is not known; write user=…".to_owned());
    }
    let home = |path: &str| around.home.as_ref().map(|home| home.join(path));
    Ok(Destination {
        hosts: hosts(take("host"), take("hostaddr"), take("port"))?,
        database: take("dbname").unwrap_or_else(|| user.clone()),
        user,
        password: take("password").map(Zeroizing::new),
        passfile: take("passfile").map(PathBuf::from).or_else(|| home(".pgpass")),
        application_name: take("application_name")
            .or_else(|| take("fallback_application_name"))
            .unwrap_or_else(|| "countersign".to_owned()),
        options: take("options"),
        connect_timeout: timeout(take("connect_timeout"))?,
        security: security(&known, around)?,
        wanted: match take("target_session_attrs").as_deref() {
            None | Some("any") => Wanted::Any,
            Some("read-write" | "primary") => Wanted::Writable,
            Some(_) => return Err(
                "target_session_attrs may be any, read-write or primary: a reversal needs a server that can be written"
                    .to_owned(),
            ),
        },
    })
}

impl Destination {
    /// Finds the password for a host: the text and the environment first, then the password file.
    pub(super) fn password_for(&self, host: &Host) -> (Option<Zeroizing<String>>, Option<String>) {
        if self.password.is_some() {
            return (self.password.clone(), None);
        }
        let Some(file) = &self.passfile else { return (None, None) };
        let (name, port) = match host {
            Host::Tcp { name, port, .. } => (name.clone(), *port),
            Host::Socket { folder, port } if SOCKET_FOLDERS.iter().any(|default| Path::new(default) == folder) => {
                ("localhost".to_owned(), *port)
            }
            Host::Socket { folder, port } => (folder.to_string_lossy().into_owned(), *port),
        };
        passfile::look_up(file, &name, port, &self.database, &self.user)
    }
}

fn timeout(seconds: Option<String>) -> Result<Duration, String> {
    let Some(seconds) = seconds else { return Ok(PATIENCE) };
    match seconds.parse::<i64>() {
        // libpq: nothing, zero and below mean "wait for ever"; here they mean the default.
        Ok(seconds) => Ok(u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map_or(PATIENCE, |seconds| Duration::from_secs(seconds.max(2)))),
        Err(_) => Err("connect_timeout is not a whole number of seconds".to_owned()),
    }
}

fn hosts(names: Option<String>, addresses: Option<String>, ports: Option<String>) -> Result<Vec<Host>, String> {
    let split = |list: Option<String>| -> Vec<String> {
        list.map(|list| list.split(',').map(|item| item.trim().to_owned()).collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (split(names), split(addresses), split(ports));
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(format!("{} hosts but {} host addresses; they must be as many", names.len(), addresses.len()));
    }
    let count = names.len().max(addresses.len()).max(1);
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("{count} hosts but {} ports; give one port, or one for each host", ports.len()));
    }
    (0..count)
        .map(|at| {
            let port = match ports.get(if ports.len() == 1 { 0 } else { at }).map(String::as_str) {
                None | Some("") => 5432,
                Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| not_a_port(port))?,
            };
            let item = |list: &[String]| list.get(at).filter(|item| !item.is_empty()).cloned();
            Ok(match (item(&names), item(&addresses)) {
                (None, None) => default_socket(port),
                (Some(name), None) if name.starts_with('/') => Host::Socket { folder: PathBuf::from(name), port },
                (Some(name), None) if name.starts_with('@') => {
                    return Err("a socket in the abstract name space is not supported; name its folder".to_owned());
                }
                (Some(name), None) => Host::Tcp { address: name.clone(), name, port },
                (name, Some(address)) => Host::Tcp { name: name.unwrap_or_else(|| address.clone()), address, port },
            })
        })
        .collect()
}

/// Repeats what it was only when it is a number: of an address without its `@host` a password stands in its place.
fn not_a_port(port: &str) -> String {
    let is_number = port.len() <= 8 && port.bytes().all(|byte| byte.is_ascii_digit());
    let what = if is_number { &format!("`{port}`") } else { "what stands behind the `:` of a host, or after port=," };
    format!("{what} is not a port; a port is a number from 1 to 65535")
}

fn default_socket(port: u16) -> Host {
    let holds_socket = |folder: &&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    let folder = SOCKET_FOLDERS.into_iter().find(holds_socket).unwrap_or(SOCKET_FOLDERS[0]);
    Host::Socket { folder: PathBuf::from(folder), port }
}

fn security(known: &BTreeMap<String, String>, around: &Surroundings) -> Result<Security, String> {
    let take = |name: &str| known.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let existing =
        |name: &str| around.home.as_ref().map(|home| home.join(".postgresql").join(name)).filter(|path| path.is_file());
    let system = take("sslrootcert") == Some("system");
    let mode = match take("sslmode") {
        // The system's authorities vouch for every site there is, so that only the full check means anything.
        None if system => SslMode::VerifyFull,
        None | Some("prefer") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("allow") => SslMode::Allow,
        Some("require") => SslMode::Require,
        Some("verify-ca") => SslMode::VerifyCa,
        Some("verify-full") => SslMode::VerifyFull,
        Some(_) => return Err("sslmode may be disable, allow, prefer, require, verify-ca or verify-full".to_owned()),
    };
    if system && mode != SslMode::VerifyFull {
        return Err("sslrootcert=system needs sslmode=verify-full: a weaker check would accept any site's certificate"
            .to_owned());
    }
    let named = take("sslrootcert").map(PathBuf::from);
    let roots = match (system, named.or_else(|| existing("root.crt"))) {
        (true, _) => Roots::System,
        (false, Some(file)) if file.is_file() => Roots::File(file),
        (false, file) if matches!(mode, SslMode::VerifyCa | SslMode::VerifyFull) => {
            let file = file.map_or_else(|| "~/.postgresql/root.crt".to_owned(), |file| file.display().to_string());
            return Err(format!(
                "there is no root certificate file {file}; sslmode=verify-ca and verify-full need one, or sslrootcert=system"
            ));
        }
        // libpq: a missing file means "do not check", unless the mode asks for a check.
        (false, _) => Roots::Anyone,
    };
    let certificate = match (
        take("sslcert").map(PathBuf::from).or_else(|| existing("postgresql.crt")),
        take("sslkey").map(PathBuf::from).or_else(|| existing("postgresql.key")),
    ) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(certificate), None) => {
            return Err(format!("there is a client certificate {} but no key; write sslkey=…", certificate.display()));
        }
        (None, _) => None,
    };
    let direct = match take("sslnegotiation") {
        None | Some("postgres") => false,
        Some("direct") if matches!(mode, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => true,
        Some("direct") => return Err("sslnegotiation=direct needs sslmode=require or stronger".to_owned()),
        Some(_) => return Err("sslnegotiation may be postgres or direct".to_owned()),
    };
    let binding = match take("channel_binding") {
        None | Some("prefer") => Binding::Prefer,
        Some("disable") => Binding::Disable,
        Some("require") => Binding::Require,
        Some(_) => return Err("channel_binding may be disable, prefer or require".to_owned()),
    };
    Ok(Security { mode, roots, certificate, direct, binding })
}

fn read_service(service: &str, named: Option<&Path>, around: &Surroundings) -> Result<Vec<(String, String)>, String> {
    let mut files: Vec<PathBuf> = Vec::new();
    if let Some(file) = named.map(Path::to_owned).or_else(|| around.var("PGSERVICEFILE").map(PathBuf::from)) {
        files.push(file);
    } else {
        files.extend(around.home.as_ref().map(|home| home.join(".pg_service.conf")));
    }
    match around.var("PGSYSCONFDIR") {
        Some(folder) => files.push(Path::new(folder).join("pg_service.conf")),
        None => files.extend(SERVICE_FOLDERS.iter().map(|folder| Path::new(folder).join("pg_service.conf"))),
    }
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        if let Some(found) = passfile::section(&text, service) {
            let mut kept = Vec::new();
            for (name, value) in found {
                let place = |reason: String| format!("service `{service}` in {}: {reason}", file.display());
                if name == "service" || name == "servicefile" {
                    return Err(place("a service cannot name another one".to_owned()));
                }
                if check_keyword(&name, &value).map_err(place)? {
                    kept.push((name, value));
                }
            }
            return Ok(kept);
        }
    }
    let looked: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Err(format!("there is no service `{service}`; looked at {}", looked.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A home folder with a service file, a password file, and the variables given as `NAME=value` words.
    fn around(home: &Path, variables: &str) -> Surroundings {
        let env = variables
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Surroundings { env: env.collect(), home: Some(home.to_owned()), os_user: "lan".to_owned() }
    }

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::write(
            home.path().join(".pg_service.conf"),
            "[gov]\nhost=service.test\nport=6\ndbname=gov\nuser=svc\n[bad]\nnonsense=1\n",
        )
        .unwrap();
        fs::write(
            home.path().join(".pgpass"),
            "db.test:5432:*:lan:from file\nlocalhost:*:*:*:from socket\n/tmp/x:*:*:*:from folder\n",
        )
        .unwrap();
        fs::set_permissions(home.path().join(".pgpass"), Permissions::from_mode(0o600)).unwrap();
        home
    }

    /// Resolves and writes the result as `user/database @ places, sslmode, password`.
    fn resolved(text: &str, variables: &str) -> String {
        let home = home();
        let destination = match resolve(text, &around(home.path(), variables)) {
            Ok(destination) => destination,
            Err(error) => return format!("error: {error}"),
        };
        let places: Vec<String> = destination.hosts.iter().map(super::place).collect();
        let password = destination.password_for(&destination.hosts[0]).0;
        let password = password.map_or_else(|| "none".to_owned(), |password| password.to_string());
        format!(
            "{}/{} @ {} {:?} {password}",
            destination.user,
            destination.database,
            places.join(" "),
            destination.security.mode
        )
    }

    fn check(text: &str, variables: &str, expected: &str) {
        let found = resolved(text, variables);
        let holds = if expected.starts_with("error") { found.starts_with(expected) } else { found == expected };
        assert!(holds, "`{text}` with `{variables}`\n  gave     {found}\n  expected {expected}");
    }

    #[test]
    fn text_goes_before_service_before_environment_before_defaults() {
        check("host=a", "", "lan/lan @ a:5432 Prefer none");
        check("host=a user=u", "", "u/u @ a:5432 Prefer none");
        check("", "PGHOST=b PGPORT=7 PGUSER=e PGDATABASE=d PGPASSWORD=p PGSSLMODE=require", "e/d @ b:7 Require p");
        check("postgresql://u@a/x", "PGHOST=b PGPORT=7 PGUSER=e PGDATABASE=d", "u/x @ a:7 Prefer none");
        check("service=gov", "", "svc/gov @ service.test:6 Prefer none");
        check("service=gov dbname=mine", "PGUSER=e PGSSLMODE=disable", "svc/mine @ service.test:6 Disable none");
        check("", "PGSERVICE=gov PGHOST=b", "svc/gov @ service.test:6 Prefer none");
        check("service=none", "", "error: there is no service `none`");
        check("service=bad", "", "error: service `bad` in");
    }

    #[test]
    fn hosts_and_ports_pair_up() {
        check("host=a,b port=1,2", "", "lan/lan @ a:1 b:2 Prefer none");
        check("host=a,b port=3", "", "lan/lan @ a:3 b:3 Prefer none");
        check("host=a,/tmp/x,::1", "", "lan/lan @ a:5432 /tmp/x [::1]:5432 Prefer none");
        check("host=a,b port=1,2,3", "", "error: 2 hosts but 3 ports");
        check("host=a port=0", "", "error: `0` is not a port");
        check("host=a port=x", "", "error: what stands behind the `:` of a host, or after port=, is not a port");
        // Of an address without its `@host` a password stands where a port does.
        check(
            "postgresql://ops:hunter2/x",
            "",
            "error: what stands behind the `:` of a host, or after port=, is not a port",
        );
        check("host=@abstract", "", "error: a socket in the abstract");
        check("host=a,b hostaddr=127.0.0.1", "", "error: 2 hosts but 1 host addresses");
    }

    #[test]
    fn passwords_come_from_the_text_the_environment_and_the_file() {
        check("host=db.test", "", "lan/lan @ db.test:5432 Prefer from file");
        check("host=db.test password=t", "PGPASSWORD=e", "lan/lan @ db.test:5432 Prefer t");
        check("host=db.test", "PGPASSWORD=e", "lan/lan @ db.test:5432 Prefer e");
        check("host=db.test user=other", "", "other/other @ db.test:5432 Prefer none");
        check("host=/var/run/postgresql", "", "lan/lan @ /var/run/postgresql Prefer from socket");
        check("host=/tmp/x", "", "lan/lan @ /tmp/x Prefer from folder");
        check("host=db.test", "PGPASSFILE=/nonexistent", "lan/lan @ db.test:5432 Prefer none");
    }

    #[test]
    fn a_password_file_that_others_can_read_is_left_aside_and_said() {
        let home = home();
        fs::set_permissions(home.path().join(".pgpass"), Permissions::from_mode(0o644)).unwrap();
        let destination = resolve("host=db.test", &around(home.path(), "")).unwrap();
        let (password, remark) = destination.password_for(&destination.hosts[0]);
        assert!(password.is_none() && remark.is_some_and(|remark| remark.contains("0644")));
    }

    #[test]
    fn safety_is_never_less_than_was_asked() {
        check("host=a sslmode=verify-full", "", "error: there is no root certificate file");
        check(
            "host=a sslmode=verify-ca sslrootcert=/nonexistent",
            "",
            "error: there is no root certificate file /nonexistent",
        );
        check("host=a sslrootcert=system", "", "lan/lan @ a:5432 VerifyFull none");
        check("host=a sslrootcert=system sslmode=require", "", "error: sslrootcert=system needs");
        check("host=a sslmode=bogus", "", "error: sslmode may be");
        check("host=a sslnegotiation=direct", "", "error: sslnegotiation=direct needs");
        check("host=a sslcert=/c", "", "error: there is a client certificate");
        check("host=a", "PGSSLCRL=/x", "error: PGSSLCRL: the keyword `sslcrl`");
        check("host=a target_session_attrs=standby", "", "error: target_session_attrs may be");
        check("host=a connect_timeout=soon", "", "error: connect_timeout");
    }

    #[test]
    fn no_debug_text_holds_a_password() {
        let destination =
            resolve("host=a password=hunter2", &Surroundings { os_user: "lan".to_owned(), ..Surroundings::default() })
                .unwrap();
        assert!(!format!("{destination:?}").contains("hunter2"), "{destination:?}");
        let around =
            Surroundings { env: [("PGPASSWORD".to_owned(), "hunter2".to_owned())].into(), ..Surroundings::default() };
        assert!(!format!("{around:?}").contains("hunter2"));
    }
}
