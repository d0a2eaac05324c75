//! Takes archives of `pg_dump`: custom, directory and tar; gives what their tables of contents say, and rows. Nothing is read
//! whole.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;

use super::tar::member;
use super::toc::{self, Chunks, Compression, Entry, Lies, Place, Toc, number};
use super::{decompressed, no_such_table, open, pump, wrong};
use crate::port::FileError;
use crate::restore::{Contents, CopyEnd, DumpForm, DumpedRows, DumpedTable};
use crate::runbook::ObjectName;

type Take<'a> = &'a mut dyn FnMut(Vec<u8>) -> bool;

/// The kind of a block that holds rows.
const ROWS: u8 = 1;
/// The kind of a block that holds large objects.
const LARGE_OBJECTS: u8 = 3;

pub(super) fn custom_contents(path: &Path) -> Result<Contents, FileError> {
    let (toc, mut file) = custom_archive(path)?;
    let end = file.seek(SeekFrom::End(0)).map_err(|error| wrong(path, &error))?;
    // A block reaches to the next one of a table: that is about what its rows take in the file.
    let mut begins: Vec<u64> = toc.entries.iter().filter_map(offset).chain([end]).collect();
    begins.sort_unstable();
    let size = |entry: &Entry| {
        let begin = offset(entry)?;
        begins.get(begins.partition_point(|other| *other <= begin)).map(|next| next - begin)
    };
    Ok(contents(&toc, DumpForm::Custom, size))
}

pub(super) fn custom_rows(path: &Path, table: &ObjectName, take: Take<'_>) -> Result<CopyEnd, FileError> {
    let (toc, mut file) = custom_archive(path)?;
    let entry = entry_of(path, &toc, table)?;
    seek_rows(&mut file, toc.int_size, entry).map_err(|error| wrong(path, &error))?;
    let chunks = Chunks::new(&mut file, toc.int_size);
    let mut rows: Box<dyn Read + '_> = match toc.compression {
        // Inside an archive stands the bare stream, without gzip's frame.
        Compression::Gzip => Box::new(ZlibDecoder::new(chunks)),
        other => decompressed(other, chunks).map_err(|error| wrong(path, &error))?,
    };
    pump(path, &mut rows, take)
}

pub(super) fn directory_contents(path: &Path) -> Result<Contents, FileError> {
    let toc = parted(&path.join("toc.dat"), DumpForm::Directory)?;
    let size = |entry: &Entry| std::fs::metadata(data_file(path, entry)?.0).ok().map(|file| file.len());
    Ok(contents(&toc, DumpForm::Directory, size))
}

pub(super) fn directory_rows(path: &Path, table: &ObjectName, take: Take<'_>) -> Result<CopyEnd, FileError> {
    let toc = parted(&path.join("toc.dat"), DumpForm::Directory)?;
    let missing = || wrong(path, &format!("the file with the rows of {table} is not there"));
    let (file, compression) = data_file(path, entry_of(path, &toc, table)?).ok_or_else(missing)?;
    let mut rows = decompressed(compression, open(&file)?).map_err(|error| wrong(&file, &error))?;
    pump(&file, &mut rows, take)
}

pub(super) fn tar_contents(path: &Path) -> Result<Contents, FileError> {
    let toc = parted(path, DumpForm::Tar)?;
    let size = |entry: &Entry| {
        let Place::File(name) = &entry.place else { return None };
        member(&mut open(path).ok()?, name).ok()?
    };
    Ok(contents(&toc, DumpForm::Tar, size))
}

pub(super) fn tar_rows(path: &Path, table: &ObjectName, take: Take<'_>) -> Result<CopyEnd, FileError> {
    let toc = parted(path, DumpForm::Tar)?;
    let missing = || wrong(path, &format!("the rows of {table} are not in the archive"));
    let Place::File(name) = &entry_of(path, &toc, table)?.place else { return Err(missing()) };
    let mut file = open(path)?;
    let size = member(&mut file, name).map_err(|error| wrong(path, &error))?.ok_or_else(missing)?;
    pump(path, &mut file.take(size), take)
}

fn custom_archive(path: &Path) -> Result<(Toc, BufReader<File>), FileError> {
    let mut file = open(path)?;
    let toc = toc::read(&mut file, Lies::Whole).map_err(|error| wrong(path, &cut(&error)))?;
    Ok((toc, file))
}

/// Reads `toc.dat`: of a folder by its own path, of a tar file by the archive's.
fn parted(path: &Path, form: DumpForm) -> Result<Toc, FileError> {
    let mut file = open(path)?;
    if form == DumpForm::Tar && member(&mut file, "toc.dat").map_err(|error| wrong(path, &error))?.is_none() {
        return Err(wrong(path, &"it is a tar file, but none of pg_dump: it holds no toc.dat"));
    }
    toc::read(&mut file, Lies::Parted).map_err(|error| wrong(path, &cut(&error)))
}

fn cut(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it was cut".to_owned(),
        _ => error.to_string(),
    }
}

fn offset(entry: &Entry) -> Option<u64> {
    match entry.place {
        Place::Offset(offset) => Some(offset),
        Place::Unknown | Place::File(_) => None,
    }
}

fn contents(toc: &Toc, form: DumpForm, size: impl Fn(&Entry) -> Option<u64>) -> Contents {
    let [second, minute, hour, day, month, year] = toc.time;
    let (year, month) = (year.saturating_add(1900), month.saturating_add(1));
    Contents {
        form,
        compression: toc.compression.word().to_owned(),
        database: toc.database.clone(),
        server_version: toc.server_version.clone(),
        dump_version: toc.dump_version.clone(),
        taken_at: Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")),
        encoding: toc.encoding.clone(),
        tables: toc
            .entries
            .iter()
            .map(|entry| DumpedTable {
                name: entry.table.clone(),
                columns: entry.head.as_ref().map(|head| head.columns.clone()).unwrap_or_default(),
                bytes: size(entry),
                rows: if entry.head.is_some() { DumpedRows::Copy } else { DumpedRows::Inserts },
            })
            .collect(),
    }
}

fn entry_of<'a>(path: &Path, toc: &'a Toc, table: &ObjectName) -> Result<&'a Entry, FileError> {
    let is_it = |entry: &&Entry| entry.table == *table && entry.head.is_some();
    toc.entries.iter().find(is_it).ok_or_else(|| no_such_table(path, table))
}

/// Finds the file of a directory dump, compressed or not. Its name comes from the dump: it must be one of this folder.
fn data_file(folder: &Path, entry: &Entry) -> Option<(PathBuf, Compression)> {
    let Place::File(name) = &entry.place else { return None };
    let is_plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
    let known =
        [("", Compression::None), (".gz", Compression::Gzip), (".lz4", Compression::Lz4), (".zst", Compression::Zstd)];
    known
        .into_iter()
        .map(|(ending, compression)| (folder.join(format!("{name}{ending}")), compression))
        .find(|(file, _)| is_plain && file.is_file())
}

/// Goes to the rows of an entry. An archive that was written to a pipe does not say where they are: its blocks lie one after
/// another behind the table of contents.
fn seek_rows(file: &mut BufReader<File>, int_size: u8, entry: &Entry) -> io::Result<()> {
    if let Some(offset) = offset(entry) {
        file.seek(SeekFrom::Start(offset))?;
    }
    loop {
        let mut kind = [0];
        file.read_exact(&mut kind)?;
        let id = number(file, int_size)?;
        match kind {
            [ROWS] if id == entry.id => return Ok(()),
            _ if offset(entry).is_some() => {
                return Err(io::Error::other("at the place of its rows lies another block"));
            }
            [ROWS] => skip_chunks(file, int_size)?,
            [LARGE_OBJECTS] => {
                while number(file, int_size)? != 0 {
                    skip_chunks(file, int_size)?;
                }
            }
            [other] => return Err(io::Error::other(format!("it holds a block of the unknown kind {other}"))),
        }
    }
}

fn skip_chunks(file: &mut BufReader<File>, int_size: u8) -> io::Result<()> {
    loop {
        match number(file, int_size)? {
            0 => return Ok(()),
            length if length < 0 => return Err(io::Error::other("it holds a chunk of negative length")),
            length => file.seek_relative(length)?,
        }
    }
}
