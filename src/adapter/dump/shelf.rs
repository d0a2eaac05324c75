//! Takes lines one after another; gives any of them back by its place; keeps them in a file that has no name.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use crate::port::{FileError, Lines, Shelf};

/// Lines being written.
pub(super) struct FileShelf {
    file: BufWriter<File>,
    ends: Vec<u64>,
}

/// Lines that were written.
struct FileLines {
    file: File,
    ends: Vec<u64>,
}

fn wrong(error: &std::io::Error) -> FileError {
    FileError {
        what: "cannot keep the difference in".to_owned(),
        path: std::env::temp_dir(),
        reason: error.to_string(),
        next: "Make room in the folder for temporary files, or name another one in TMPDIR.",
    }
}

impl FileShelf {
    pub(super) fn new() -> Result<Self, FileError> {
        // Gone with the process, whatever ends it: rows of a database are nobody's souvenirs.
        let file = tempfile::tempfile().map_err(|error| wrong(&error))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), ends: Vec::new() })
    }
}

impl Shelf for FileShelf {
    fn put(&mut self, line: &[u8]) -> Result<(), FileError> {
        self.file.write_all(line).map_err(|error| wrong(&error))?;
        let begun = self.ends.last().copied().unwrap_or(0);
        self.ends.push(begun + line.len() as u64);
        Ok(())
    }

    fn done(self: Box<Self>) -> Result<Arc<dyn Lines>, FileError> {
        let file = self.file.into_inner().map_err(|error| wrong(error.error()))?;
        Ok(Arc::new(FileLines { file, ends: self.ends }))
    }
}

impl Lines for FileLines {
    fn count(&self) -> usize {
        self.ends.len()
    }

    fn line(&self, at: usize) -> Result<Vec<u8>, FileError> {
        let Some(end) = self.ends.get(at) else { return Ok(Vec::new()) };
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut line = vec![0; usize::try_from(end - begin).unwrap_or(0)];
        self.file.read_exact_at(&mut line, begin).map_err(|error| wrong(&error))?;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_its_place() {
        let mut shelf = Box::new(FileShelf::new().unwrap());
        for line in ["one\n", "", "three\n"] {
            shelf.put(line.as_bytes()).unwrap();
        }
        let lines = shelf.done().unwrap();
        let all: Vec<Vec<u8>> = (0..4).map(|at| lines.line(at).unwrap()).collect();
        assert_eq!((lines.count(), all), (3, vec![b"one\n".to_vec(), Vec::new(), b"three\n".to_vec(), Vec::new()]));
    }
}
