//! A demo brought up by the program itself, and the program's verbs run against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A demo that is taken down when it is dropped.
pub struct Demo {
    home: tempfile::TempDir,
    /// What `demo up --json` printed.
    pub up: Value,
}

/// What a verb answered.
pub struct Answer {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// Reads standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    /// Requires exit code 0.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Requires this exit code, and these words on standard error.
    pub fn fails(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        assert!(self.err.contains(words), "expected `{words}` in: {}", self.err);
        self
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the program with these words, away from this machine's PostgreSQL and ssh surroundings.
pub fn countersign(words: &[&str]) -> Answer {
    run_with(&mut Command::new(env!("CARGO_BIN_EXE_countersign")), words)
}

/// Runs it at a desk of its own: what it keeps, it keeps in this folder.
pub fn countersign_at(home: &Path, words: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("HOME", home).env("XDG_STATE_HOME", home.join("state")).env("XDG_CONFIG_HOME", home.join("config"));
    run_with(&mut command, words)
}

fn run_with(command: &mut Command, words: &[&str]) -> Answer {
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    command.args(words).stdin(std::process::Stdio::null()).output().expect("the program starts").into()
}

impl Demo {
    /// Brings one up, with a drill when one is named.
    pub fn up(scenario: Option<&str>) -> Self {
        let home = tempfile::Builder::new().prefix("cs").tempdir().unwrap();
        let folder = home.path().join("demo");
        let mut words = vec!["demo", "up", "--json", "--dir", folder.to_str().unwrap()];
        words.extend(scenario.iter().flat_map(|scenario| ["--scenario", scenario]));
        let up = countersign(&words).ok().json();
        Self { home, up }
    }

    /// A folder for what a test writes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// One of the texts `demo up` printed.
    pub fn text(&self, key: &str) -> &str {
        self.up[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {}", self.up))
    }

    /// The private key of somebody, found by the beginning of the principal.
    pub fn person(&self, name: &str) -> (String, String) {
        let people = self.up["people"].as_array().unwrap();
        let person = people.iter().find(|person| person["principal"].as_str().unwrap().starts_with(name));
        let person = person.unwrap_or_else(|| panic!("no person {name} in {people:?}"));
        (person["principal"].as_str().unwrap().to_owned(), person["key"].as_str().unwrap().to_owned())
    }

    /// Somebody with a role, the first in the list who is not left out.
    pub fn with_role(&self, role: &str, but: &[&str]) -> (String, String) {
        let people = self.up["people"].as_array().unwrap();
        let has = |person: &&Value| {
            person["roles"].as_array().unwrap().iter().any(|found| found == role)
                && !but.contains(&person["principal"].as_str().unwrap())
        };
        let person = people.iter().find(has).unwrap_or_else(|| panic!("nobody has the role {role}"));
        (person["principal"].as_str().unwrap().to_owned(), person["key"].as_str().unwrap().to_owned())
    }

    /// The bindings `demo up` printed, as `NAME=VALUE`.
    pub fn bindings(&self) -> Vec<String> {
        let bindings: BTreeMap<String, String> = serde_json::from_value(self.up["bindings"].clone()).unwrap();
        bindings.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Runs a verb against this demo, with `--db`.
    pub fn run(&self, words: &[&str]) -> Answer {
        let mut all = words.to_vec();
        all.extend(["--db", self.text("url")]);
        countersign(&all)
    }

    /// Runs a verb against this demo at a desk of its own.
    pub fn at(&self, home: &Path, words: &[&str]) -> Answer {
        let mut all = words.to_vec();
        all.extend(["--db", self.text("url")]);
        countersign_at(home, &all)
    }

    /// Runs a verb as somebody, with `--db`, `--as` and `--key`.
    pub fn run_as(&self, person: &(String, String), words: &[&str]) -> Answer {
        let mut all = words.to_vec();
        all.extend(["--as", &person.0, "--key", &person.1]);
        self.run(&all)
    }

    /// Stages steps as the author; gives the answer.
    pub fn stage(&self, steps: &[&str]) -> Answer {
        let author = self.with_role("author", &[]);
        let bindings = self.bindings();
        let mut words = vec!["stage", self.text("runbook")];
        words.extend(steps);
        words.extend(["--baseline", self.text("baseline"), "--json"]);
        words.extend(bindings.iter().flat_map(|binding| ["--bind", binding.as_str()]));
        self.run_as(&author, &words)
    }

    /// Sends SQL with psql, as the superuser.
    pub fn psql(&self, sql: &str) -> String {
        let output = Command::new("psql")
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.text("url"), "-c", sql])
            .output()
            .expect("psql is installed");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let folder = self.home.path().join("demo");
        let _ = countersign(&["demo", "down", "--dir", folder.to_str().unwrap()]);
    }
}

/// Returns a path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a test's path is UTF-8")
}
