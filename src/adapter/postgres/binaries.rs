//! Takes a hint or nothing; gives the folder that holds `PostgreSQL`'s server programs; refuses to guess silently: what was
//! looked at is in the refusal.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::private_cluster::ClusterError;

/// Folders whose children are one `PostgreSQL` version each, and the path from such a child to its programs.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Finds the folder that holds `initdb` and `postgres`: the given folder, `PATH`, `pg_config`, then the usual places,
/// newest version first.
///
/// # Errors
/// [`ClusterError::NoBinaries`] with the places that were looked at.
pub fn find_binaries(explicit: Option<&Path>) -> Result<PathBuf, ClusterError> {
    if let Some(folder) = explicit {
        // A folder that was named is the only one looked at: another version would be a surprise.
        return if holds_server(folder) {
            Ok(folder.to_owned())
        } else {
            Err(ClusterError::NoBinaries { looked: folder.display().to_string() })
        };
    }
    let mut looked = vec!["PATH".to_owned()];
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&on_path).find(|folder| holds_server(folder)) {
        return Ok(folder);
    }
    looked.push("pg_config --bindir".to_owned());
    if let Some(folder) = ask_pg_config().filter(|folder| holds_server(folder)) {
        return Ok(folder);
    }
    for (parent, prefix, below) in VERSIONED {
        looked.push(format!("{parent}/{prefix}*/{below}"));
        if let Some(folder) = newest_below(Path::new(parent), prefix, below) {
            return Ok(folder);
        }
    }
    Err(ClusterError::NoBinaries { looked: looked.join(", ") })
}

fn holds_server(folder: &Path) -> bool {
    folder.is_absolute() && folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

fn ask_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

fn newest_below(parent: &Path, prefix: &str, below: &str) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version = major(&entry.file_name(), prefix)?;
            Some((version, entry.path().join(below)))
        })
        .filter(|(_, folder)| holds_server(folder))
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

/// Returns the major version that a folder's name says after `prefix`.
fn major(name: &OsStr, prefix: &str) -> Option<u32> {
    name.to_str()?.strip_prefix(prefix)?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, prefix: &str, expected: Option<u32>) {
        assert_eq!(major(OsStr::new(name), prefix), expected, "{name}");
    }

    #[test]
    fn versions_are_read_from_folder_names() {
        check("15", "", Some(15));
        check("9.6", "", Some(9));
        check("pgsql-17", "pgsql-", Some(17));
        check("pgsql", "pgsql-", None);
        check("common", "", None);
    }

    #[test]
    fn a_named_folder_is_the_only_one_looked_at() {
        let refusal = find_binaries(Some(Path::new("/nonexistent/bin"))).unwrap_err();
        assert!(refusal.to_string().contains("/nonexistent/bin"), "{refusal}");
        assert!(refusal.to_string().contains("Install"), "{refusal}");
    }
}
