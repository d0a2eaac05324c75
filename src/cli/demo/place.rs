//! Takes a folder; gives the places of a demo in it, claimed and later cleared; refuses a folder that holds anything.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::DemoFailure;
use super::helper;
use crate::adapter::postgres::{ClusterError, PrivateCluster};

/// The format name of [`Record`].
const FORMAT: &str = "countersign/demo/1";

/// What `demo.json` keeps, so that `demo down` knows what `demo up` made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `countersign/demo/1`.
    pub format: String,
    /// Whether the folder itself was made, so that it may be removed.
    pub made_folder: bool,
    /// The database, once it can be reached; the helpers read it here.
    pub url: Option<String>,
}

/// The places of a demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder of all of it, absolute.
    pub root: PathBuf,
}

impl Place {
    /// Returns the private server's folder.
    #[must_use]
    pub fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// Returns the folder of everybody's keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Returns the runbook's folder.
    #[must_use]
    pub fn runbook(&self) -> PathBuf {
        self.root.join("runbook")
    }

    /// Returns the file of the baseline.
    #[must_use]
    pub fn baseline(&self) -> PathBuf {
        self.root.join("baseline.json")
    }

    /// Returns the file of the dump from before the build.
    #[must_use]
    pub fn dump(&self) -> PathBuf {
        self.root.join("before-the-build.dump")
    }

    /// Returns the folder in which the helpers and we speak to each other.
    #[must_use]
    pub fn helpers(&self) -> PathBuf {
        self.root.join("helpers")
    }

    fn record(&self) -> PathBuf {
        self.root.join("demo.json")
    }

    /// Takes an empty or new folder and leaves the record there before anything else is made.
    ///
    /// # Errors
    /// [`DemoFailure::NotEmpty`], or when the folder cannot be made.
    pub fn claim(folder: &Path) -> Result<Self, DemoFailure> {
        let root = std::path::absolute(folder).map_err(|error| DemoFailure::file("find", folder, &error))?;
        let made_folder = match fs::read_dir(&root).map(|mut entries| entries.next().is_some()) {
            Ok(true) => return Err(DemoFailure::NotEmpty(root)),
            Ok(false) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The server may have to run as another user, who must be able to walk through, but not to look.
                let made = DirBuilder::new().recursive(true).mode(0o711).create(&root);
                made.map_err(|error| DemoFailure::file("make", &root, &error))?;
                true
            }
            Err(error) => return Err(DemoFailure::file("read", &root, &error)),
        };
        let place = Self { root };
        place.write_record(&Record { format: FORMAT.to_owned(), made_folder, url: None })?;
        Ok(place)
    }

    /// Reads the record of a demo that was made here.
    ///
    /// # Errors
    /// [`DemoFailure::NoDemo`] when there is none, or it is not ours.
    pub fn find(folder: &Path) -> Result<(Self, Record), DemoFailure> {
        let root = std::path::absolute(folder).map_err(|error| DemoFailure::file("find", folder, &error))?;
        let place = Self { root };
        let text = fs::read_to_string(place.record()).map_err(|_| DemoFailure::NoDemo(place.root.clone()))?;
        match serde_json::from_str::<Record>(&text) {
            Ok(record) if record.format == FORMAT => Ok((place, record)),
            Ok(_) | Err(_) => Err(DemoFailure::NoDemo(place.root)),
        }
    }

    /// Keeps the record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_record(&self, record: &Record) -> Result<(), DemoFailure> {
        let text = serde_json::to_string_pretty(record).expect("BUG: a record is made of texts and flags only");
        Self::write(&self.record(), text.as_bytes())
    }

    /// Writes a file of the demo, with the folders above it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<(), DemoFailure> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| DemoFailure::file("make", parent, &error))?;
        }
        fs::write(path, bytes).map_err(|error| DemoFailure::file("write", path, &error))
    }

    /// Ends the helpers and the server, and removes what was made; returns whether the folder is gone.
    ///
    /// # Errors
    /// When something cannot be ended or removed; the record stays, so that it can be tried again.
    pub fn clear(&self, record: &Record) -> Result<bool, DemoFailure> {
        helper::stop_all(&self.helpers())?;
        match PrivateCluster::stop_detached(&self.cluster()) {
            Ok(()) | Err(ClusterError::NotRunning(_)) => {}
            Err(error) => return Err(error.into()),
        }
        for folder in [self.cluster(), self.keys(), self.runbook(), self.helpers()] {
            remove_folder(&folder).map_err(|error| DemoFailure::file("remove", &folder, &error))?;
        }
        for file in [self.baseline(), self.dump(), self.record()] {
            ignore_missing(fs::remove_file(&file)).map_err(|error| DemoFailure::file("remove", &file, &error))?;
        }
        // What else somebody put there, such as an exported finding, is theirs: then the folder stays.
        Ok(record.made_folder && fs::remove_dir(&self.root).is_ok())
    }
}

/// Removes a folder in which a server that has just ended may still write its last line.
fn remove_folder(folder: &Path) -> io::Result<()> {
    // Twenty times 50 ms: it is the shell around the server that writes, at once when the server has gone.
    for _ in 0..20 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => thread::sleep(Duration::from_millis(50)),
            result => return ignore_missing(result),
        }
    }
    ignore_missing(fs::remove_dir_all(folder))
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) | Err(_) => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_is_claimed_and_cleared() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/demo");
        let place = Place::claim(&folder).unwrap();
        Place::write(&place.baseline(), b"{}").unwrap();
        let (found, record) = Place::find(&folder).unwrap();
        assert_eq!((&found, record.made_folder), (&place, true));
        assert_eq!(found.clear(&record), Ok(true));
        assert!(!folder.exists());
    }

    #[test]
    fn what_somebody_else_put_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::claim(folder.path()).unwrap();
        fs::write(folder.path().join("finding.html"), "theirs").unwrap();
        let (_, record) = Place::find(folder.path()).unwrap();
        assert_eq!(place.clear(&record), Ok(false));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_holds_anything_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        assert_eq!(Place::claim(folder.path()), Err(DemoFailure::NotEmpty(folder.path().to_owned())));
        assert_eq!(Place::find(folder.path()), Err(DemoFailure::NoDemo(folder.path().to_owned())));
        assert!(folder.path().join("notes.txt").exists());
    }
}
