//! Takes nothing; gives the sample runbook's files as they were built into the program; refuses to need an installation.

/// Names one file of the sample and brings in its text.
macro_rules! sample {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../assets/runbooks/phase1-governance/", $path)))),+]
    };
}

/// Every file of the sample runbook: its path inside the folder, and its text.
pub const FILES: &[(&str, &str)] = sample![
    "README.md",
    "base.sql",
    "build/sb-1.sql",
    "build/sb-10.sql",
    "build/sb-11.sql",
    "build/sb-12.sql",
    "build/sb-13.sql",
    "build/sb-2.sql",
    "captured/trg_birth_apr_action_types.before-phase1.sql",
    "captured/trg_birth_apr_action_types.sql",
    "drills/dependent-child.sql",
    "drills/drifted-count.sql",
    "drills/event-emitted.sql",
    "drills/guard-error.sql",
    "drills/handler-ref-flipped.sql",
    "drills/missing-approval-row.sql",
    "drills/relations-altered.sql",
    "drills/shared-table-damaged.sql",
    "reversal/sb-1.sql",
    "reversal/sb-10.sql",
    "reversal/sb-11.sql",
    "reversal/sb-12.sql",
    "reversal/sb-13.sql",
    "reversal/sb-2.sql",
    "runbook.toml",
];

/// Returns the text of one file of the sample.
///
/// # Panics
/// When there is no such file: the names are the program's own.
#[must_use]
pub fn file(path: &str) -> &'static str {
    let found = FILES.iter().find(|(name, _)| *name == path);
    found.unwrap_or_else(|| panic!("BUG: the sample has no file `{path}`")).1
}

/// The database the sample runbook is for.
pub const DATABASE: &str = "directus";

/// The steps in build order, each with the path of its build script.
pub const BUILDS: [(&str, &str); 6] = [
    ("SB-12", "build/sb-12.sql"),
    ("SB-13", "build/sb-13.sql"),
    ("SB-10", "build/sb-10.sql"),
    ("SB-11", "build/sb-11.sql"),
    ("SB-2", "build/sb-2.sql"),
    ("SB-1", "build/sb-1.sql"),
];

/// The runbook's parameters, with the values that fit the sample's database.
pub const BINDINGS: [(&str, &str); 1] = [("origin_key", "governance_ruleset:fingerprint:r1")];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn paths(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                paths(&path, root, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/runbooks/phase1-governance");
        let mut found = Vec::new();
        paths(&root, &root, &mut found);
        found.sort();
        assert_eq!(found, FILES.iter().map(|(path, _)| (*path).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn every_build_and_binding_is_the_runbooks_own() {
        let runbook: toml::Table = file("runbook.toml").parse().unwrap();
        let steps = runbook["step"].as_array().unwrap();
        let builds: Vec<_> =
            steps.iter().map(|step| (step["id"].as_str().unwrap(), step["build"].as_str().unwrap())).collect();
        assert_eq!(builds, BUILDS);
        let names: Vec<_> =
            runbook["parameter"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, BINDINGS.map(|(name, _)| name));
        assert_eq!(runbook["target"]["database"].as_str(), Some(DATABASE));
    }
}
