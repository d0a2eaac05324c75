//! Takes a plain dump, compressed or not; gives what it says of itself and the rows of one table.

use std::io::Read;
use std::path::Path;

use super::toc::Compression;
use super::{PIECE, decompressed, hand_over, no_such_table, not_wanted, open, wrong};
use crate::port::FileError;
use crate::restore::{Contents, CopyEnd, CopyHeader, DumpForm, DumpedRows, DumpedTable, PlainEvent, PlainScanner};
use crate::runbook::ObjectName;

/// Reads the script once from end to end: a script has no table of contents of its own.
pub(super) fn contents(path: &Path, compression: Compression) -> Result<Contents, FileError> {
    let mut tables: Vec<DumpedTable> = Vec::new();
    let mut bytes = 0;
    let scanner = read(path, compression, &mut |event, rows| {
        bytes += rows.len() as u64;
        rows.clear();
        match event {
            Some(PlainEvent::Begins(head)) => {
                bytes = 0;
                let CopyHeader { table: name, columns } = head;
                tables.push(DumpedTable { name, columns, bytes: None, rows: DumpedRows::Copy });
            }
            Some(PlainEvent::Ends(_)) => {
                if let Some(table) = tables.last_mut() {
                    table.bytes = Some(bytes);
                }
            }
            Some(PlainEvent::Inserts(name)) if tables.last().is_none_or(|last| last.name != name) => {
                tables.push(DumpedTable { name, columns: Vec::new(), bytes: None, rows: DumpedRows::Inserts });
            }
            // More rows of the table that was named last.
            None | Some(PlainEvent::Inserts(_)) => {}
        }
        Ok(true)
    })?;
    let facts = scanner.facts().clone();
    if facts.dump_version.is_none() && tables.is_empty() {
        return Err(wrong(path, &"it is no dump: no line of it says that pg_dump wrote it, and it holds no rows"));
    }
    Ok(Contents {
        form: DumpForm::Plain,
        compression: compression.word().to_owned(),
        database: None,
        server_version: facts.server_version,
        dump_version: facts.dump_version,
        taken_at: facts.taken_at,
        encoding: facts.encoding,
        tables,
    })
}

/// Reads the rows of one table.
pub(super) fn rows(
    path: &Path,
    compression: Compression,
    table: &ObjectName,
    take: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<CopyEnd, FileError> {
    let mut is_ours = false;
    let mut found: Option<CopyEnd> = None;
    read(path, compression, &mut |event, rows| {
        if is_ours {
            let enough = if event.is_some() { 1 } else { PIECE / 2 };
            if !hand_over(rows, enough, take) {
                return Err(not_wanted(path));
            }
        } else {
            rows.clear();
        }
        match event {
            Some(PlainEvent::Begins(head)) => is_ours = head.table == *table,
            Some(PlainEvent::Ends(end)) if is_ours => {
                found = Some(end.end().map_err(|reason| wrong(path, &reason))?);
                return Ok(false);
            }
            Some(PlainEvent::Ends(_) | PlainEvent::Inserts(_)) | None => {}
        }
        Ok(true)
    })?;
    found.ok_or_else(|| no_such_table(path, table))
}

/// Hears of an event and the rows before it; says whether to go on.
type Hear<'h> = dyn FnMut(Option<PlainEvent>, &mut Vec<u8>) -> Result<bool, FileError> + 'h;

/// Reads a script and tells what it comes to, until it is told that this is enough; rows that are not taken away pile up.
fn read(path: &Path, compression: Compression, hear: &mut Hear<'_>) -> Result<PlainScanner, FileError> {
    let mut text = decompressed(compression, open(path)?).map_err(|error| wrong(path, &error))?;
    let (mut scanner, mut piece, mut rows) = (PlainScanner::default(), vec![0; PIECE], Vec::with_capacity(PIECE));
    loop {
        let length = text.read(&mut piece).map_err(|error| wrong(path, &error))?;
        if length == 0 {
            break;
        }
        let mut from = 0;
        while from < length {
            let (taken, event) = scanner.feed(&piece[from..length], &mut rows);
            from += taken;
            if !hear(event, &mut rows)? {
                return Ok(scanner);
            }
        }
    }
    if scanner.may_end() {
        Ok(scanner)
    } else {
        Err(wrong(path, &"it ends inside of a statement or of a table's rows; it was cut"))
    }
}
