//! Takes this process's environment once; gives it as a value, so that what a connection text means can be tested.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a connection text is completed from: environment, home folder and login name.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// Environment variables; only those that start with `PG` are looked at.
    pub env: BTreeMap<String, String>,
    /// The home folder, for `.pgpass`, `.pg_service.conf` and `.postgresql/`.
    pub home: Option<PathBuf>,
    /// The login name: the default of `user`.
    pub os_user: String,
}

impl Surroundings {
    /// Reads them from this process.
    #[must_use]
    pub fn of_process() -> Self {
        let env =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let env: BTreeMap<String, String> = env.filter(|(name, _)| name.starts_with("PG")).collect();
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        Self { env, home, os_user: login_name() }
    }

    /// Returns an environment variable that is set to something.
    pub(super) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

// Written by hand: the environment may hold PGPASSWORD.
impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.env.keys().collect();
        f.debug_struct("Surroundings")
            .field("env", &names)
            .field("home", &self.home)
            .field("os_user", &self.os_user)
            .finish()
    }
}

fn login_name() -> String {
    let id = rustix::process::geteuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let listed = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    listed.or_else(|| std::env::var("LOGNAME").ok()).or_else(|| std::env::var("USER").ok()).unwrap_or_default()
}
