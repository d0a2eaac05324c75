//! Reads runbook folders and files, writes findings and baselines; refuses links that lead out of a folder, special
//! files, anything above the limits, and writing over what is there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use crate::port::{FileError, Folders};
use crate::runbook::Files;

/// A runbook folder holds at most this many files; a real one holds some dozens.
const MOST_FILES: usize = 1_000;
/// One file of a runbook holds at most 16 MiB: captured definitions and long scripts fit a hundred times.
const MOST_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// All files of a runbook together hold at most 64 MiB, which is read in well under a second.
const MOST_FOLDER_BYTES: u64 = 64 * 1024 * 1024;
/// Folders lie in folders at most this deep; links inside a folder could otherwise lead round and round.
const MOST_DEPTH: usize = 16;
/// A single file, such as a baseline, holds at most 256 MiB.
const MOST_SINGLE_BYTES: u64 = 256 * 1024 * 1024;

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFolders;

impl Folders for DiskFolders {
    fn read_folder(&self, path: &Path) -> Result<Files, FileError> {
        let root = fs::canonicalize(path).map_err(|error| cannot("cannot read", path, &error))?;
        if !root.is_dir() {
            return Err(failure("cannot read", path, "it is not a folder; name the folder it lies in"));
        }
        let mut walk = Walk { root: root.clone(), files: BTreeMap::new(), bytes: 0 };
        walk.folder(&root, "", 0)?;
        Ok(Files(walk.files))
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        read_limited(path, MOST_SINGLE_BYTES)
    }

    fn write_folder(&self, path: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), FileError> {
        const WHAT: &str = "cannot write";
        if let Some(wrong) = files.keys().find(|name| !is_inside(name)) {
            return Err(failure(WHAT, path, &format!("`{}` is not a path inside the folder", wrong.escape_debug())));
        }
        let is_taken = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(cannot(WHAT, path, &error)),
        };
        if is_taken {
            return Err(failure(WHAT, path, "it is there already and not empty; choose a new folder"));
        }
        // Written beside its place and moved there whole: a folder cut short would look like a finding.
        let parent = parent_of(path);
        fs::create_dir_all(parent).map_err(|error| cannot(WHAT, parent, &error))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".countersign-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let beside = builder.tempdir_in(parent).map_err(|error| cannot(WHAT, path, &error))?;
        for (name, bytes) in files {
            let place = beside.path().join(name);
            let made = fs::create_dir_all(parent_of(&place)).and_then(|()| {
                let mut file = File::create_new(&place)?;
                file.write_all(bytes)?;
                file.sync_all()
            });
            made.map_err(|error| cannot(WHAT, &path.join(name), &error))?;
        }
        // An empty folder in the way is replaced; one that was filled meanwhile makes this fail.
        fs::rename(beside.path(), path).map_err(|error| cannot(WHAT, path, &error))?;
        let _moved = beside.keep();
        Ok(())
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        let failed = |error: &std::io::Error| cannot("cannot write", path, error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".countersign-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut beside = builder.tempfile_in(parent_of(path)).map_err(|error| failed(&error))?;
        beside.write_all(bytes).and_then(|()| beside.as_file().sync_all()).map_err(|error| failed(&error))?;
        beside.persist(path).map_err(|error| failed(&error.error))?;
        Ok(())
    }

    fn make_private_folder(&self, path: &Path) -> Result<(), FileError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| cannot("cannot make", path, &error))
    }
}

struct Walk {
    root: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), FileError> {
        const WHAT: &str = "cannot read";
        if depth > MOST_DEPTH {
            return Err(failure(WHAT, folder, &format!("folders lie more than {MOST_DEPTH} deep")));
        }
        let entries = fs::read_dir(folder).map_err(|error| cannot(WHAT, folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| cannot(WHAT, folder, &error))?;
            let place = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(failure(WHAT, &place, "its name is not UTF-8; rename it"));
            };
            if is_left_out(&name) {
                continue;
            }
            let real = fs::canonicalize(&place).map_err(|error| cannot(WHAT, &place, &error))?;
            if !real.starts_with(&self.root) {
                return Err(failure(
                    WHAT,
                    &place,
                    "it is a link that leads out of the folder; copy the file here instead",
                ));
            }
            let path = format!("{prefix}{name}");
            let kind = fs::metadata(&real).map_err(|error| cannot(WHAT, &place, &error))?;
            if kind.is_dir() {
                self.folder(&real, &format!("{path}/"), depth + 1)?;
            } else {
                self.file(&real, path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, place: &Path, path: String) -> Result<(), FileError> {
        if self.files.len() >= MOST_FILES {
            return Err(too_much(failure(
                "cannot read",
                &self.root,
                &format!("it holds more than {MOST_FILES} files"),
            )));
        }
        let bytes = read_limited(place, MOST_FILE_BYTES).map_err(too_much)?;
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.bytes > MOST_FOLDER_BYTES {
            let reason = format!("its files hold more than {MOST_FOLDER_BYTES} bytes together");
            return Err(too_much(failure("cannot read", &self.root, &reason)));
        }
        self.files.insert(path, bytes);
        Ok(())
    }
}

/// Hidden files, `.git` and what editors leave behind are no part of a runbook.
fn is_left_out(name: &str) -> bool {
    let is_backup = [".swp", ".swo", ".bak", ".orig", ".tmp"].iter().any(|end| name.ends_with(end));
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#')) || is_backup
}

fn read_limited(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    const WHAT: &str = "cannot read";
    let about = fs::metadata(path).map_err(|error| cannot(WHAT, path, &error))?;
    // A pipe or device would make the reader wait for ever.
    if !about.is_file() {
        return Err(failure(WHAT, path, "it is not a plain file"));
    }
    let file = File::open(path).map_err(|error| cannot(WHAT, path, &error))?;
    let mut bytes = Vec::new();
    // The limit holds for what is read, not for what the metadata promised.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| cannot(WHAT, path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(failure(WHAT, path, &format!("it holds more than {most} bytes")));
    }
    Ok(bytes)
}

fn is_inside(name: &str) -> bool {
    let path = Path::new(name);
    !name.is_empty()
        && !name.contains(['\\', '\0'])
        && path.components().all(|component| matches!(component, Component::Normal(_)))
        && !name.ends_with('/')
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Says what a limit most often means: a folder above the right one was named.
fn too_much(error: FileError) -> FileError {
    FileError { next: "Name the runbook's or the finding's own folder; other files do not belong into it.", ..error }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> FileError {
    FileError { next: "Check the path and its permissions.", ..failure(what, path, &error.to_string()) }
}

fn failure(what: &str, path: &Path, reason: &str) -> FileError {
    FileError { what: what.to_owned(), path: path.to_owned(), reason: reason.to_owned(), next: "Name another path." }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::{DiskFolders, Folders as _, MOST_FILES};

    #[test]
    fn a_folder_is_read_without_what_editors_leave() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("reversal/.git")).unwrap();
        for name in ["runbook.toml", "reversal/a.sql", "reversal/a.sql~", ".hidden", "#a#", "x.swp", "reversal/.git/c"]
        {
            fs::write(place.path().join(name), name).unwrap();
        }
        let files = DiskFolders.read_folder(place.path()).unwrap().0;
        assert_eq!(files.keys().collect::<Vec<_>>(), ["reversal/a.sql", "runbook.toml"]);
        assert_eq!(files["reversal/a.sql"], b"reversal/a.sql");
        assert!(DiskFolders.read_folder(&place.path().join("runbook.toml")).is_err());
        assert!(DiskFolders.read_folder(&place.path().join("nowhere")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_inside() {
        let (place, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(place.path().join("a.sql"), "a").unwrap();
        std::os::unix::fs::symlink("a.sql", place.path().join("b.sql")).unwrap();
        assert_eq!(DiskFolders.read_folder(place.path()).unwrap().0.len(), 2);
        std::os::unix::fs::symlink(place.path(), place.path().join("round")).unwrap();
        let error = DiskFolders.read_folder(place.path()).unwrap_err().to_string();
        assert!(error.contains("deep"), "{error}");
        fs::remove_file(place.path().join("round")).unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), place.path().join("c.sql")).unwrap();
        let error = DiskFolders.read_folder(place.path()).unwrap_err().to_string();
        assert!(error.contains("leads out of the folder"), "{error}");
    }

    #[test]
    fn limits_are_named() {
        let place = tempfile::tempdir().unwrap();
        let big = fs::File::create(place.path().join("big.sql")).unwrap();
        big.set_len(16 * 1024 * 1024 + 1).unwrap();
        let error = DiskFolders.read_folder(place.path()).unwrap_err().to_string();
        assert!(error.contains("more than 16777216 bytes"), "{error}");
        big.set_len(16).unwrap();
        assert!(DiskFolders.read_folder(place.path()).is_ok());
        for number in 0..MOST_FILES {
            fs::write(place.path().join(format!("{number}.sql")), "").unwrap();
        }
        let error = DiskFolders.read_folder(place.path()).unwrap_err().to_string();
        assert!(error.contains("more than 1000 files"), "{error}");
    }

    #[test]
    fn a_folder_is_written_whole_and_over_nothing() {
        let place = tempfile::tempdir().unwrap();
        let files = |name: &str| BTreeMap::from([(name.to_owned(), b"x".to_vec()), ("b.txt".to_owned(), Vec::new())]);
        let target = place.path().join("finding");
        DiskFolders.write_folder(&target, &files("a/1.sig")).unwrap();
        assert_eq!(fs::read(target.join("a/1.sig")).unwrap(), b"x");
        let error = DiskFolders.write_folder(&target, &files("a")).unwrap_err().to_string();
        assert!(error.contains("not empty"), "{error}");
        let empty = place.path().join("empty");
        fs::create_dir(&empty).unwrap();
        DiskFolders.write_folder(&empty, &files("a")).unwrap();
        for wrong in ["../a", "/a", "a/../b", "", "a\\b", "./a", "a/"] {
            assert!(DiskFolders.write_folder(&place.path().join("new"), &files(wrong)).is_err(), "{wrong}");
        }
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("baseline.json");
        DiskFolders.write_file(&path, b"one").unwrap();
        DiskFolders.write_file(&path, b"two").unwrap();
        assert_eq!(DiskFolders.read_file(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        assert!(DiskFolders.write_file(&place.path().join("no/such/folder"), b"x").is_err());
        assert!(DiskFolders.read_file(place.path()).is_err());
    }
}
