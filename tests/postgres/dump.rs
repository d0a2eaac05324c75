//! Dumps made by the stock `pg_dump`: every form gives the rows that the server itself gives.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::adapter::dump::DiskDumps;
use countersign::adapter::postgres::find_binaries;
use countersign::digest::Digest;
use countersign::port::Dumps as _;
use countersign::restore::{Contents, CopyEnd, DumpForm, DumpedRows};
use countersign::runbook::ObjectName;

use crate::support::{TestDatabase, database, run};

/// Values that a reader may stumble over, in a table whose names need quotes, beside a function that looks like a dump.
pub const ODD: &str = r#"
CREATE SCHEMA "Odd schema";
CREATE TYPE "Odd schema".mood AS ENUM ('so so', 'well, well');
CREATE TABLE "Odd schema"."T.a ""b""" (
    "Id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Text, (x" text, bytes bytea, mood "Odd schema".mood,
    numbers numeric[], "double" int GENERATED ALWAYS AS ("Id" * 2) STORED);
INSERT INTO "Odd schema"."T.a ""b""" ("Text, (x", bytes, mood, numbers) VALUES
    (NULL, NULL, NULL, NULL), ('', '', 'so so', '{}'), ('\N', '\x00ff', 'well, well', '{1.0,NULL,1.00}'),
    (E'tab\there\nline\rfeed\\ \b\f\v', E'\\x5c2e', NULL, NULL), (E'\\.', NULL, NULL, NULL), (E'\\.\n', NULL, NULL, NULL),
    ('Tiếng Việt, €, 😀', NULL, NULL, NULL), (E'COPY public.plain (id) FROM stdin;\n99\n\\.\n', NULL, NULL, NULL);
CREATE TABLE public.plain (id int PRIMARY KEY);
INSERT INTO public.plain SELECT generate_series(1, 3);
CREATE TABLE public.empty (id int);
CREATE TABLE public.wide (id int PRIMARY KEY, long text);
INSERT INTO public.wide SELECT n, repeat('x' || n, 200000) FROM generate_series(1, 5) AS n;
SELECT lo_from_bytea(0, '\xdeadbeef');
CREATE FUNCTION public.looks_like_a_dump() RETURNS text LANGUAGE sql AS $_$ SELECT '
--
-- Data for Name: plain; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.plain (id) FROM stdin;
77
\.
'::text $_$;
"#;

pub fn odd_table() -> ObjectName {
    ObjectName::new("Odd schema", "T.a \"b\"")
}

/// Runs a program of the server's own version.
pub fn program(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = find_binaries(std::env::var_os("COUNTERSIGN_PG_BINDIR").as_deref().map(Path::new))
        .expect("PostgreSQL's programs");
    let beside = folder.join(name);
    let program = if beside.is_file() { beside } else { PathBuf::from(name) };
    let done = Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(done.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

/// Dumps a database.
pub fn pg_dump(database: &TestDatabase, file: &Path, options: &[&str]) {
    let (url, file) = (format!("--dbname={}", database.url), format!("--file={}", file.display()));
    program("pg_dump", &[&[url.as_str(), file.as_str()], options].concat());
}

fn odd_database() -> TestDatabase {
    let database = database();
    run(database.superuser().load(ODD)).unwrap();
    database
}

/// Asks the server for the same rows.
fn expected(database: &TestDatabase, copy: &str) -> Vec<u8> {
    program(
        "psql",
        &["--no-psqlrc", "--quiet", "--dbname", &database.url, "--command", &format!("COPY {copy} TO STDOUT")],
    )
}

fn rows(file: &Path, table: &ObjectName) -> Result<(Vec<u8>, CopyEnd), String> {
    let mut rows = Vec::new();
    let end = DiskDumps.rows(file, table, &mut |piece| {
        rows.extend(piece);
        true
    });
    end.map(|end| (rows, end)).map_err(|error| format!("{error}. {}", error.next))
}

/// Every table of the dump must be there with its columns, and its rows must be the server's.
fn check(database: &TestDatabase, file: &Path, form: DumpForm) -> Contents {
    let contents = DiskDumps.open(file).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((contents.form, contents.encoding.as_deref()), (form, Some("UTF8")));
    let version = contents.server_version.as_deref().unwrap();
    assert!(version.starts_with(|digit: char| digit.is_ascii_digit()), "{version}");
    let names: Vec<String> = contents.tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let odd = contents.table(&odd_table()).unwrap();
    assert_eq!(odd.columns, ["Id", "Text, (x", "bytes", "mood", "numbers"]);
    assert!(odd.bytes.is_some() || form == DumpForm::Custom);
    let by_hand = r#""Odd schema"."T.a ""b""" ("Id", "Text, (x", bytes, mood, numbers)"#;
    for (table, copy) in [
        (odd_table(), by_hand),
        (ObjectName::new("public", "plain"), "public.plain"),
        (ObjectName::new("public", "empty"), "public.empty"),
        (ObjectName::new("public", "wide"), "public.wide"),
    ] {
        let (found, end) = rows(file, &table).unwrap_or_else(|reason| panic!("{reason}"));
        let expected = expected(database, copy);
        assert!(
            found == expected,
            "{table}: {}\n{}",
            String::from_utf8_lossy(&found),
            String::from_utf8_lossy(&expected)
        );
        let lines = expected.split_inclusive(|byte| *byte == b'\n').count() as u64;
        assert_eq!(end, CopyEnd { rows: lines, digest: Digest::of(&expected) }, "{table}");
    }
    let refused = rows(file, &ObjectName::new("public", "nowhere")).unwrap_err();
    assert!(refused.contains("holds no rows of public.nowhere"), "{refused}");
    contents
}

#[test]
fn every_form_of_a_dump_gives_the_servers_own_rows() {
    let database = odd_database();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    pg_dump(&database, &at("custom"), &["-Fc"]);
    assert_eq!(check(&database, &at("custom"), DumpForm::Custom).compression, "gzip");
    pg_dump(&database, &at("bare"), &["-Fc", "-Z0"]);
    assert_eq!(check(&database, &at("bare"), DumpForm::Custom).compression, "none");
    pg_dump(&database, &at("folder"), &["-Fd"]);
    check(&database, &at("folder"), DumpForm::Directory);
    pg_dump(&database, &at("bare folder"), &["-Fd", "-Z0"]);
    check(&database, &at("bare folder"), DumpForm::Directory);
    pg_dump(&database, &at("tar"), &["-Ft"]);
    check(&database, &at("tar"), DumpForm::Tar);
    pg_dump(&database, &at("plain"), &["-Fp"]);
    assert_eq!(check(&database, &at("plain"), DumpForm::Plain).taken_at, None);
    pg_dump(&database, &at("said"), &["-Fp", "--verbose"]);
    assert!(check(&database, &at("said"), DumpForm::Plain).taken_at.is_some());
    pg_dump(&database, &at("columns"), &["-Fp", "--clean", "--if-exists", "--create"]);
    check(&database, &at("columns"), DumpForm::Plain);
}

#[test]
fn an_archive_that_went_through_a_pipe_does_not_say_where_its_rows_are() {
    let database = odd_database();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("piped");
    let url = format!("--dbname={}", database.url);
    std::fs::write(&file, program("pg_dump", &[&url, "-Fc"])).unwrap();
    let contents = check(&database, &file, DumpForm::Custom);
    assert!(contents.tables.iter().all(|table| table.bytes.is_none()));
}

#[test]
fn a_compressed_script_is_read_through_its_compression() {
    let database = odd_database();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    pg_dump(&database, &at("plain"), &["-Fp"]);
    let script = std::fs::read(at("plain")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&script).unwrap();
    std::fs::write(at("gz"), gzip.finish().unwrap()).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&script).unwrap();
    std::fs::write(at("lz4"), lz4.finish().unwrap()).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(script.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    std::fs::write(at("zst"), zstd).unwrap();
    for (name, compression) in [("gz", "gzip"), ("lz4", "lz4"), ("zst", "zstd")] {
        assert_eq!(check(&database, &at(name), DumpForm::Plain).compression, compression);
    }
    // A newer pg_dump compresses the files of a folder in the same ways.
    for ending in ["lz4", "zst"] {
        let folder = at(&format!("folder of {ending}"));
        pg_dump(&database, &folder, &["-Fd", "-Z0"]);
        for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_none_or(|found| found != "dat") || file.ends_with("toc.dat") {
                continue;
            }
            let rows = std::fs::read(&file).unwrap();
            let packed = if ending == "zst" {
                ruzstd::encoding::compress_to_vec(rows.as_slice(), ruzstd::encoding::CompressionLevel::Fastest)
            } else {
                let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
                lz4.write_all(&rows).unwrap();
                lz4.finish().unwrap()
            };
            std::fs::write(file.with_extension(format!("dat.{ending}")), packed).unwrap();
            std::fs::remove_file(file).unwrap();
        }
        check(&database, &folder, DumpForm::Directory);
    }
    pg_dump(&database, &at("custom"), &["-Fc"]);
    let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    twice.write_all(&std::fs::read(at("custom")).unwrap()).unwrap();
    std::fs::write(at("twice"), twice.finish().unwrap()).unwrap();
    let refused = DiskDumps.open(&at("twice")).unwrap_err();
    assert!(refused.reason.contains("inside a compressed file"), "{refused}");
}

#[test]
fn insert_statements_are_named_and_not_read() {
    let database = odd_database();
    let folder = tempfile::tempdir().unwrap();
    for (form, more) in [
        ("-Fc", "--inserts"),
        ("-Fd", "--column-inserts"),
        ("-Ft", "--inserts"),
        ("-Fp", "--inserts"),
        ("-Fp", "--column-inserts"),
    ] {
        let file = folder.path().join(format!("{form}{more}"));
        pg_dump(&database, &file, &[form, more]);
        let contents = DiskDumps.open(&file).unwrap();
        let plain = contents.table(&ObjectName::new("public", "plain")).unwrap();
        assert_eq!(plain.rows, DumpedRows::Inserts, "{form} {more}");
        assert_eq!(contents.table(&odd_table()).unwrap().rows, DumpedRows::Inserts, "{form} {more}");
        assert!(rows(&file, &plain.name).is_err(), "{form} {more}");
    }
}

#[test]
fn what_is_no_dump_or_was_cut_is_refused() {
    let database = odd_database();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, bytes) in [
        ("nothing", b"".as_slice()),
        ("words", b"Dear diary"),
        ("binary", b"\x7fELF\x02\x01\x01\x00"),
        ("sql", b"SELECT 1;\n"),
    ] {
        std::fs::write(at(name), bytes).unwrap();
        let refused = DiskDumps.open(&at(name)).unwrap_err().to_string();
        assert!(refused.contains("no dump") || refused.contains("cut"), "{name}: {refused}");
    }
    assert!(DiskDumps.open(&at("nowhere")).is_err() && DiskDumps.open(folder.path()).is_err());
    for form in ["-Fc", "-Ft", "-Fp"] {
        pg_dump(&database, &at(form), &[form]);
        let whole = std::fs::read(at(form)).unwrap();
        for part in [whole.len() / 8, whole.len() / 2] {
            std::fs::write(at("cut"), &whole[..part]).unwrap();
            // What comes before the cut may be read; the table that was cut may not.
            let tables = DiskDumps.open(&at("cut")).map_or_else(|_| Vec::new(), |contents| contents.tables);
            let read = tables.iter().filter(|table| rows(&at("cut"), &table.name).is_ok()).count();
            assert!(read < 4, "{form} cut at {part}");
        }
    }
}

/// The `pg_dump` of other versions, where `COUNTERSIGN_PG_DUMPS` names the folders of some, joined by `:`.
#[test]
fn dumps_of_other_versions_give_the_same_rows() {
    let folders = std::env::var_os("COUNTERSIGN_PG_DUMPS").unwrap_or_default();
    for programs in std::env::split_paths(&folders).filter(|folder| folder.is_dir()) {
        let database = odd_database();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("--dbname={}", database.url);
        for (name, options, form) in [
            ("gzip", ["-Fc", "--compress=gzip"], DumpForm::Custom),
            ("bare", ["-Fc", "--compress=none"], DumpForm::Custom),
            ("lz4", ["-Fc", "--compress=lz4"], DumpForm::Custom),
            ("zstd", ["-Fc", "--compress=zstd"], DumpForm::Custom),
            ("folder of lz4", ["-Fd", "--compress=lz4"], DumpForm::Directory),
            ("folder of zstd", ["-Fd", "--compress=zstd"], DumpForm::Directory),
            ("tar", ["-Ft", "--compress=none"], DumpForm::Tar),
            ("plain of zstd", ["-Fp", "--compress=zstd"], DumpForm::Plain),
            ("plain", ["-Fp", "--compress=none"], DumpForm::Plain),
        ] {
            let file = folder.path().join(name);
            let mut dump = Command::new(programs.join("pg_dump"));
            let dumped = dump.args(options).arg(&url).arg("-f").arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&dumped.stderr);
            // A pg_dump that was built without a compression says so, and nothing is to be read.
            if said.contains("not supported by this installation") || said.contains("does not support compression") {
                continue;
            }
            assert!(dumped.status.success(), "{} {name}: {said}", programs.display());
            check(&database, &file, form);
        }
    }
}
