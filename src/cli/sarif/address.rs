//! Takes the folder as it was named and the working folder; gives relative, percent-encoded addresses; refuses nothing.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::model::ArtifactLocation;

/// The name code scanners know for the top of the repository.
const SOURCE_ROOT: &str = "%SRCROOT%";

/// What the addresses of a document are relative to.
pub(super) struct Base {
    /// The runbook's folder below the base, with a slash at its end; empty when the runbook is the base itself.
    prefix: String,
    /// The base's own address, when it is not the working folder.
    root: Option<String>,
}

impl Base {
    /// Takes the working folder as the base when the runbook lies in it, and the runbook itself otherwise.
    pub fn of(folder: &Path, working: Option<&Path>) -> Self {
        let below =
            if folder.is_absolute() { working.and_then(|at| folder.strip_prefix(at).ok()) } else { Some(folder) };
        let is_plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if let Some(below) = below.filter(|below| below.components().all(|part| is_plain(&part))) {
            return Self { prefix: encoded(below), root: None };
        }
        let whole = working.map_or_else(|| folder.to_owned(), |at| at.join(folder));
        Self { prefix: String::new(), root: Some(format!("file:///{}", encoded(&flat(&whole)))) }
    }

    /// Returns the address of a file of the runbook.
    pub fn file(&self, path: &str, index: Option<usize>) -> ArtifactLocation {
        let mut uri = self.prefix.clone();
        percent(&mut uri, path);
        ArtifactLocation { uri, uri_base_id: Some(SOURCE_ROOT), index }
    }

    /// Returns the base's own address, where it must be said.
    pub fn original(&self) -> BTreeMap<&'static str, ArtifactLocation> {
        let root = self.root.iter().map(|uri| ArtifactLocation { uri: uri.clone(), uri_base_id: None, index: None });
        root.map(|location| (SOURCE_ROOT, location)).collect()
    }
}

/// Takes `.` and `..` out of an absolute path by its words alone.
fn flat(path: &Path) -> std::path::PathBuf {
    let mut flat = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = flat.pop(),
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => flat.push(part),
        }
    }
    flat
}

/// Writes a folder's path with a slash behind every part.
fn encoded(folder: &Path) -> String {
    let mut out = String::new();
    for part in folder.components() {
        match part {
            Component::Normal(part) => percent(&mut out, &part.to_string_lossy()),
            Component::Prefix(drive) => percent(&mut out, &drive.as_os_str().to_string_lossy()),
            Component::RootDir | Component::CurDir | Component::ParentDir => continue,
        }
        out.push('/');
    }
    out
}

/// Keeps what RFC 3986 calls unreserved, and the slash.
fn percent(out: &mut String, path: &str) {
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            *out += &format!("%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Base;

    #[track_caller]
    fn check(folder: &str, expect: &str, root: &str) {
        let base = Base::of(Path::new(folder), Some(Path::new("/srv/repo")));
        assert_eq!(base.file("a/b c#é.sql", None).uri, expect, "{folder}");
        assert_eq!(base.original().into_values().next().map(|at| at.uri).unwrap_or_default(), root, "{folder}");
    }

    #[test]
    fn below_the_working_folder_addresses_are_relative_to_it() {
        check("books/one", "books/one/a/b%20c%23%C3%A9.sql", "");
        check("./books/one/", "books/one/a/b%20c%23%C3%A9.sql", "");
        check("/srv/repo/books", "books/a/b%20c%23%C3%A9.sql", "");
        check(".", "a/b%20c%23%C3%A9.sql", "");
        check("/srv/repo", "a/b%20c%23%C3%A9.sql", "");
    }

    #[test]
    fn elsewhere_they_are_relative_to_the_runbook() {
        check("/srv/a b/one", "a/b%20c%23%C3%A9.sql", "file:///srv/a%20b/one/");
        check("../one", "a/b%20c%23%C3%A9.sql", "file:///srv/one/");
    }
}
