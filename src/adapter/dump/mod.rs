//! Takes the path of a `pg_dump` file or folder; gives its table of contents and the rows of one table, piece by piece;
//! refuses what is no dump, and a dump that was cut.
//!
//! Nothing is read whole: a table of any size, and a row of any length, needs a few hundred kilobytes.

mod archive;
mod plain;
mod shelf;
mod tar;
mod toc;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

use self::toc::Compression;
use crate::port::{Dumps, FileError, Shelf};
use crate::restore::{Contents, CopyEnd, CopyRows};
use crate::runbook::ObjectName;

/// How much is read at a time.
const PIECE: usize = 256 * 1024;

/// Dumps on this machine's disks.
pub struct DiskDumps;

/// What a path turned out to be.
enum Kind {
    Custom,
    Directory,
    Tar,
    Plain(Compression),
}

impl Dumps for DiskDumps {
    fn open(&self, path: &Path) -> Result<Contents, FileError> {
        match kind_of(path)? {
            Kind::Custom => archive::custom_contents(path),
            Kind::Directory => archive::directory_contents(path),
            Kind::Tar => archive::tar_contents(path),
            Kind::Plain(compression) => plain::contents(path, compression),
        }
    }

    fn rows(
        &self,
        path: &Path,
        table: &ObjectName,
        take: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<CopyEnd, FileError> {
        match kind_of(path)? {
            Kind::Custom => archive::custom_rows(path, table, take),
            Kind::Directory => archive::directory_rows(path, table, take),
            Kind::Tar => archive::tar_rows(path, table, take),
            Kind::Plain(compression) => plain::rows(path, compression, table, take),
        }
    }

    fn shelf(&self) -> Result<Box<dyn Shelf>, FileError> {
        shelf::FileShelf::new().map(|shelf| Box::new(shelf) as Box<dyn Shelf>)
    }
}

fn wrong(path: &Path, reason: &(impl ToString + ?Sized)) -> FileError {
    FileError {
        what: "cannot read the dump".to_owned(),
        path: path.to_owned(),
        reason: reason.to_string(),
        next: "Name a file or folder that pg_dump wrote, whole and unchanged.",
    }
}

fn no_such_table(path: &Path, table: &ObjectName) -> FileError {
    let next = "Choose a table of its table of contents; a dump made with --schema-only holds no rows.";
    FileError { next, ..wrong(path, &format!("it holds no rows of {table}")) }
}

fn open(path: &Path) -> Result<BufReader<File>, FileError> {
    File::open(path).map(|file| BufReader::with_capacity(PIECE, file)).map_err(|error| wrong(path, &error))
}

fn kind_of(path: &Path) -> Result<Kind, FileError> {
    if path.is_dir() {
        return Ok(Kind::Directory);
    }
    let mut file = open(path)?;
    let magic = head(&mut file).map_err(|error| wrong(path, &error))?;
    let kind = kind_by(&magic);
    let Kind::Plain(compression) = &kind else { return Ok(kind) };
    file.seek(SeekFrom::Start(0)).map_err(|error| wrong(path, &error))?;
    let mut text = decompressed(*compression, file).map_err(|error| wrong(path, &error))?;
    let inside = head(&mut text).map_err(|error| wrong(path, &error))?;
    if *compression != Compression::None && !matches!(kind_by(&inside), Kind::Plain(Compression::None)) {
        let next = "Unpack it first; an archive of pg_dump is compressed inside already.";
        return Err(FileError { next, ..wrong(path, &"a compressed archive lies inside a compressed file") });
    }
    if inside.is_empty() || inside.contains(&0) {
        return Err(wrong(path, &"it is no dump: neither an archive of pg_dump nor a script"));
    }
    Ok(kind)
}

fn kind_by(magic: &[u8]) -> Kind {
    match magic {
        [b'P', b'G', b'D', b'M', b'P', ..] => Kind::Custom,
        [0x1f, 0x8b, ..] => Kind::Plain(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Plain(Compression::Zstd),
        [0x04, 0x22, 0x4d, 0x18, ..] => Kind::Plain(Compression::Lz4),
        bytes if bytes.get(257..262) == Some(b"ustar") => Kind::Tar,
        _ => Kind::Plain(Compression::None),
    }
}

fn head(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(512).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads through a compression as files bear it: gzip's own frame, and not the bare stream inside an archive.
fn decompressed<'a>(compression: Compression, reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    match compression {
        Compression::None => Ok(Box::new(reader)),
        Compression::Gzip => Ok(Box::new(MultiGzDecoder::new(reader))),
        Compression::Lz4 => Ok(Box::new(FrameDecoder::new(reader))),
        Compression::Zstd => {
            StreamingDecoder::new(reader).map(|text| Box::new(text) as Box<dyn Read>).map_err(io::Error::other)
        }
    }
}

/// Reads the rows of one COPY block from a stream that holds nothing else.
fn pump(path: &Path, reader: &mut dyn Read, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<CopyEnd, FileError> {
    let (mut cutter, mut piece, mut rows) = (CopyRows::default(), vec![0; PIECE], Vec::with_capacity(PIECE));
    while !cutter.has_ended() {
        let read = reader.read(&mut piece).map_err(|error| wrong(path, &error))?;
        if read == 0 {
            break;
        }
        cutter.feed(&piece[..read], &mut rows);
        if !hand_over(&mut rows, PIECE / 2, take) {
            return Err(not_wanted(path));
        }
    }
    if !hand_over(&mut rows, 1, take) {
        return Err(not_wanted(path));
    }
    cutter.end().map_err(|reason| wrong(path, &reason))
}

/// Hands rows over when there are enough; answers whether more are wanted.
fn hand_over(rows: &mut Vec<u8>, enough: usize, take: &mut dyn FnMut(Vec<u8>) -> bool) -> bool {
    rows.len() < enough || take(std::mem::replace(rows, Vec::with_capacity(PIECE)))
}

fn not_wanted(path: &Path) -> FileError {
    wrong(path, &"reading was given up, because the server took no more rows")
}
