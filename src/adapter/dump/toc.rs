//! Takes the head of an archive of `pg_dump`; gives its table of contents; refuses versions it does not know and numbers that
//! make no sense.
//!
//! The head is the same in every form: custom archives hold it at their beginning, directories and tar files as `toc.dat`.
//! Numbers are a sign byte and little-endian bytes; texts are a number and so many bytes, or -1 for none.

use std::io::{self, Read};

use crate::restore::CopyHeader;
use crate::runbook::ObjectName;

/// How many entries a table of contents may have; a database of 100,000 tables has fewer.
const ENTRIES: usize = 2_000_000;
/// How long one text of it may be: the longest is a function's body.
const TEXT: usize = 256 << 20;
/// Archive versions that are read: `pg_dump` 9.0 writes 1.12, 18 writes 1.16.
const VERSIONS: std::ops::RangeInclusive<u8> = 12..=16;

/// A table of contents.
pub(super) struct Toc {
    /// How many bytes a number has.
    pub(super) int_size: u8,
    pub(super) compression: Compression,
    /// Second, minute, hour, day, month from 0, year from 1900.
    pub(super) time: [i64; 6],
    pub(super) database: Option<String>,
    pub(super) server_version: Option<String>,
    pub(super) dump_version: Option<String>,
    pub(super) encoding: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// The rows of a table.
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) table: ObjectName,
    /// The head of its COPY block; none when its rows are INSERT statements.
    pub(super) head: Option<CopyHeader>,
    pub(super) place: Place,
}

/// Where the rows are.
pub(super) enum Place {
    /// At this byte of the archive.
    Offset(u64),
    /// Somewhere behind the table of contents: the archive was written to a pipe.
    Unknown,
    /// In this file, or member.
    File(String),
}

/// How an archive, or a file of it, is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Lz4,
    Zstd,
}

impl Compression {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// How an archive lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lies {
    /// As one file.
    Whole,
    /// As one file a table.
    Parted,
}

fn wrong(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

/// Reads the table of contents.
pub(super) fn read(reader: &mut impl Read, lies: Lies) -> io::Result<Toc> {
    let mut magic = [0; 8];
    reader.read_exact(&mut magic)?;
    let [b'P', b'G', b'D', b'M', b'P', major, minor, _revision] = magic else {
        return Err(wrong("it does not begin as an archive of pg_dump does"));
    };
    if major != 1 || !VERSIONS.contains(&minor) {
        return Err(wrong(format!(
            "it is of archive version {major}.{minor}, and 1.{} to 1.{} are read here",
            VERSIONS.start(),
            VERSIONS.end()
        )));
    }
    let [int_size, offset_size, _form] = bytes(reader)?;
    if !(1..=8).contains(&int_size) || !(1..=8).contains(&offset_size) {
        return Err(wrong("its numbers have an impossible size"));
    }
    let mut source = Source { reader, int_size };
    let compression = if minor >= 15 {
        let [algorithm] = bytes(source.reader)?;
        match algorithm {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Lz4,
            3 => Compression::Zstd,
            other => return Err(wrong(format!("it is compressed in a way that is not known here ({other})"))),
        }
    } else if source.number()? == 0 {
        Compression::None
    } else {
        Compression::Gzip
    };
    let mut time = [0; 6];
    for part in &mut time {
        *part = source.number()?;
    }
    let _is_summer = source.number()?;
    let (database, server_version, dump_version) = (source.text()?, source.text()?, source.text()?);
    let count = usize::try_from(source.number()?).ok().filter(|count| *count <= ENTRIES);
    let count = count.ok_or_else(|| wrong("its table of contents counts an impossible number of entries"))?;
    let mut toc = Toc {
        int_size,
        compression,
        time,
        database,
        server_version,
        dump_version,
        encoding: None,
        entries: Vec::new(),
    };
    for _ in 0..count {
        source.entry(minor, offset_size, lies, &mut toc)?;
    }
    Ok(toc)
}

fn bytes<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a number.
pub(super) fn number(reader: &mut impl Read, int_size: u8) -> io::Result<i64> {
    let [sign] = bytes(reader)?;
    let mut value: u64 = 0;
    for place in 0..int_size {
        let [byte] = bytes(reader)?;
        value |= u64::from(byte) << (8 * u32::from(place));
    }
    let value = i64::try_from(value).map_err(|_| wrong("a number of it is too large"))?;
    Ok(if sign == 0 { value } else { -value })
}

struct Source<'a, R> {
    reader: &'a mut R,
    int_size: u8,
}

impl<R: Read> Source<'_, R> {
    fn number(&mut self) -> io::Result<i64> {
        number(self.reader, self.int_size)
    }

    fn raw(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.number()?;
        if length < 0 {
            return Ok(None);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= TEXT);
        let length = length.ok_or_else(|| wrong("a text of it is impossibly long"))?;
        // Room is made as the bytes come: a damaged length asks for no memory.
        let mut raw = Vec::new();
        self.reader.take(length as u64).read_to_end(&mut raw)?;
        if raw.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(raw)) }
    }

    fn text(&mut self) -> io::Result<Option<String>> {
        let Some(raw) = self.raw()? else { return Ok(None) };
        String::from_utf8(raw)
            .map(Some)
            .map_err(|_| wrong("names in it are not UTF-8; dump again with --encoding=UTF8"))
    }

    fn entry(&mut self, minor: u8, offset_size: u8, lies: Lies, toc: &mut Toc) -> io::Result<()> {
        let id = self.number()?;
        let has_data = self.number()? != 0;
        let (_table_oid, _oid) = (self.raw()?, self.raw()?);
        let tag = self.text()?;
        let what = self.text()?.unwrap_or_default();
        let _section = self.number()?;
        let definition = self.raw()?;
        let _drop = self.raw()?;
        let copy = self.text()?;
        let schema = self.text()?;
        let _tablespace = self.raw()?;
        if minor >= 14 {
            let _access_method = self.raw()?;
        }
        if minor >= 16 {
            let _kind = self.number()?;
        }
        let (_owner, _with_oids) = (self.raw()?, self.raw()?);
        while self.raw()?.is_some_and(|needs| !needs.is_empty()) {}
        let place = match lies {
            Lies::Whole => self.offset(offset_size)?,
            Lies::Parted => Place::File(self.text()?.unwrap_or_default()),
        };
        match (what.as_str(), tag) {
            ("ENCODING", _) => {
                let text = String::from_utf8_lossy(definition.as_deref().unwrap_or_default()).into_owned();
                let name = text.trim().strip_prefix("SET client_encoding = '").map(|name| name.trim_end_matches("';"));
                toc.encoding = name.map(str::to_owned);
            }
            ("TABLE DATA", Some(tag)) if has_data => {
                let table = ObjectName::new(schema.as_deref().unwrap_or_default(), &tag);
                let head = copy.as_deref().and_then(CopyHeader::read);
                toc.entries.push(Entry { id, table, head, place });
            }
            _ => {}
        }
        Ok(())
    }

    fn offset(&mut self, size: u8) -> io::Result<Place> {
        let [state] = bytes(self.reader)?;
        let mut offset: u64 = 0;
        for place in 0..size {
            let [byte] = bytes(self.reader)?;
            offset |= u64::from(byte) << (8 * u32::from(place));
        }
        // 1: not written down; 2: written down; 3: no data.
        Ok(if state == 2 { Place::Offset(offset) } else { Place::Unknown })
    }
}

/// The bytes of a block: chunks, each with its length before it, to a chunk of length 0.
pub(super) struct Chunks<'a, R> {
    reader: &'a mut R,
    int_size: u8,
    left: u64,
    ended: bool,
}

impl<'a, R: Read> Chunks<'a, R> {
    pub(super) fn new(reader: &'a mut R, int_size: u8) -> Self {
        Self { reader, int_size, left: 0, ended: false }
    }
}

impl<R: Read> Read for Chunks<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.left =
                u64::try_from(number(self.reader, self.int_size)?).map_err(|_| wrong("a chunk of negative length"))?;
            if self.left == 0 {
                self.ended = true;
                return Ok(0);
            }
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bytes: &mut Vec<u8>, number: i64) {
        bytes.push(u8::from(number < 0));
        bytes.extend_from_slice(&u32::try_from(number.unsigned_abs()).unwrap().to_le_bytes());
    }

    fn put_text(bytes: &mut Vec<u8>, text: &str) {
        put(bytes, i64::try_from(text.len()).unwrap());
        bytes.extend_from_slice(text.as_bytes());
    }

    fn head(minor: u8, count: i64) -> Vec<u8> {
        let mut bytes = vec![b'P', b'G', b'D', b'M', b'P', 1, minor, 0, 4, 8, 1];
        if minor >= 15 {
            bytes.push(3);
        } else {
            put(&mut bytes, -1);
        }
        (0..7).for_each(|part| put(&mut bytes, part));
        for text in ["db", "15.18", "16.4"] {
            put_text(&mut bytes, text);
        }
        put(&mut bytes, count);
        bytes
    }

    #[test]
    fn damaged_heads_are_refused_before_memory_is_asked_for() {
        let refusal = |bytes: &[u8]| match read(&mut &*bytes, Lies::Whole) {
            Ok(_) => panic!("it was read"),
            Err(error) => error.to_string(),
        };
        assert!(refusal(&head(16, i64::from(u32::MAX))).contains("impossible number of entries"));
        assert!(refusal(&head(17, 0)).contains("archive version 1.17"));
        assert!(refusal(b"PGDMQ\x01\x10\x00").contains("does not begin"));
        let whole = head(16, 0);
        assert!(read(&mut whole.as_slice(), Lies::Whole).is_ok());
        for cut in 0..whole.len() {
            refusal(&whole[..cut]);
        }
        let mut long = head(16, 1);
        put(&mut long, 1);
        put(&mut long, 1);
        put(&mut long, i64::from(u32::MAX));
        assert!(refusal(&long).contains("impossibly long"));
    }

    #[test]
    fn chunks_are_read_to_their_end_and_no_further() {
        let mut bytes = Vec::new();
        for chunk in ["rows ", "and more"] {
            put_text(&mut bytes, chunk);
        }
        put(&mut bytes, 0);
        bytes.extend_from_slice(b"another block");
        let mut text = String::new();
        Chunks::new(&mut bytes.as_slice(), 4).read_to_string(&mut text).unwrap();
        assert_eq!(text, "rows and more");
        assert!(Chunks::new(&mut &bytes[..8], 4).read_to_string(&mut text).is_err());
    }
}
