//! One target a parser that reads foreign bytes: takes any bytes; refuses to end but quietly or with what it read being true.
//!
//! The fuzzers run them coverage-guided (`make fuzz`), and the house runs every seed through them. Beside not panicking, each
//! holds what its reader promises: what is accepted has one spelling, and no signature holds but those that were made.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use countersign::approval::{
    Kind, Namespace, Role, SignedBytes, approvals_that_count, fingerprint, parse_roster, read_allowed_signers,
    roster_text, touch_of, verify,
};
use countersign::digest::Digest;
use countersign::finding::{Finding, verify_export};
use countersign::ledger::{Body, Entry, GENESIS, Known, RestartPaper, entry_hash, gate, replay, verify_chain};
use countersign::plan::{Request, SealedPlan, canonical, read_strict, recheck};
use countersign::port::Dumps as _;
use countersign::restore::DumpedRows;
use countersign::review::review;
use countersign::runbook::{Files, parse, sql};

use jiff::Timestamp;

use super::connection;
use super::dump::DiskDumps;

/// Takes the bytes of one input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folder of seeds.
pub const TARGETS: [(&str, Target); 14] = [
    ("runbook", runbook),
    ("sql", split),
    ("plan", plan),
    ("request", request),
    ("signature", signature),
    ("roster", roster),
    ("signers", signers),
    ("finding", finding),
    ("entry", entry),
    ("restart", restart),
    ("ledger", ledger),
    ("dump", dump),
    ("connection", connection_text),
    ("passfile", passfile),
];

/// What real keys signed: parts of a finding's folder, as `finding export` writes it.
pub const SIGNED: [&str; 5] = ["roster.toml", "request.json", "finding.json", "first.sig", "second.sig"];

/// When the folder was signed.
pub fn noon() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("BUG: a time that is none")
}

/// Returns one of [`SIGNED`].
pub fn signed(name: &str) -> &'static str {
    static READ: OnceLock<BTreeMap<&str, String>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        // The fuzzers' own folder, or the repository of the house.
        let home = if here.ends_with("tests/fuzz") { here.to_owned() } else { here.join("tests/fuzz") };
        let read = |name: &str| std::fs::read_to_string(home.join("signed").join(name)).expect("a signed document");
        SIGNED.into_iter().map(|name| (name, read(name))).collect()
    });
    read.get(name).expect("BUG: a name that is not in the list")
}

/// Finds a target by its name.
pub fn named(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// Reads a folder out of one text: each file begins with a line `==> path`, and the line feed before it is not the file's.
pub fn folder(data: &[u8]) -> BTreeMap<String, Vec<u8>> {
    const HEADER: &[u8] = b"\n==> ";
    let whole = [b"\n", data].concat();
    let starts: Vec<usize> = (0..whole.len()).filter(|at| whole[*at..].starts_with(HEADER)).collect();
    let ends = starts.iter().skip(1).copied().chain([whole.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| &whole[start + HEADER.len()..end]);
    let file = |part: &[u8]| {
        let line = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let content = part.get(line + 1..).unwrap_or_default().to_vec();
        (String::from_utf8_lossy(&part[..line]).into_owned(), content)
    };
    parts.map(file).collect()
}

/// Writes what [`folder`] reads.
pub fn unfold(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let parts = files.iter().map(|(path, bytes)| [format!("==> {path}\n").as_bytes(), bytes].concat());
    parts.collect::<Vec<_>>().join(&b"\n"[..])
}

fn runbook(data: &[u8]) {
    let files = Files(folder(data));
    let (runbook, diagnostics) = parse(&files);
    assert_eq!(parse(&files).1, diagnostics, "reading twice says two things");
    assert!(diagnostics.iter().all(|it| !it.message.is_empty() && !it.file.is_empty()));
    for note in &review(&runbook, None).notes {
        assert!(!note.message.is_empty(), "{} says nothing", note.rule);
    }
}

fn split(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match sql::split(text) {
        Ok(statements) => {
            let mut end = 0;
            for (statement, ordinal) in statements.iter().zip(1..) {
                assert_eq!(statement.ordinal, ordinal);
                assert!(end <= statement.start && statement.start < statement.end, "statements overlap");
                assert_eq!(text.get(statement.start..statement.end), Some(statement.text.as_str()));
                end = statement.end;
            }
        }
        Err(problem) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&usize::try_from(problem.line).unwrap()), "line {} of {lines}", problem.line);
            assert!(problem.column > 0 && !problem.message.is_empty());
        }
    }
    // Whatever the splitter says, these must answer.
    let _ = sql::lexemes(text);
    let _ = sql::is_single_select(text);
}

fn plan(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(sealed) = SealedPlan::read(text) else { return };
    assert_eq!(canonical(sealed.plan()).as_deref(), Ok(text), "a plan has a second spelling");
    assert_eq!(sealed.digest(), Digest::of(data));
    let _ = recheck(sealed.plan());
}

fn request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(request) = read_strict::<Request>(text) else { return };
    assert_eq!(canonical(&request).as_deref(), Ok(text), "a request has a second spelling");
    assert!(request.id().len() <= text.len());
}

/// The only approvals of the signed request that hold are the two that were made.
fn signature(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let roster = parse_roster(signed("roster.toml")).expect("the roster of the signed folder");
    let now = noon();
    for person in &roster.people {
        let brought = SignedBytes { principal: person.principal.clone(), signature: text.to_owned() };
        if verify(&roster, &brought, Namespace::Run, signed("request.json").as_bytes(), now).is_ok() {
            let made = [signed("first.sig"), signed("second.sig")];
            assert!(made.contains(&text), "a signature that nobody made holds for {}", person.principal);
        }
    }
    let _ = touch_of(text);
    if let Ok(print) = fingerprint(text) {
        assert!(print.starts_with("SHA256:"));
    }
}

fn roster(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse_roster(text) {
        Ok(roster) => {
            assert_eq!(roster.text, text);
            // D-70, D-71: whatever a roster says, two people can review, and no agent does.
            assert!(roster.reviewers().count() >= 2);
            let agents = roster.people.iter().filter(|person| person.kind == Kind::Agent);
            assert!(agents.flat_map(|agent| &agent.roles).all(|role| *role == Role::Author));
            let request = read_strict::<Request>(signed("request.json")).expect("the signed request");
            assert!(approvals_that_count(&request, None, &[], &roster, request.not_before).is_empty());
        }
        Err(problems) => {
            let lines = text.split('\n').count();
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(
                    (1..=lines).contains(&usize::try_from(problem.line).unwrap()),
                    "line {} of {lines}",
                    problem.line
                );
                assert!(problem.column > 0 && !problem.message.is_empty() && !problem.hint.is_empty());
            }
        }
    }
}

/// What an `allowed_signers` file becomes is a roster, or is refused as one with a place.
fn signers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let known = parse_roster(signed("roster.toml")).expect("the roster of the signed folder");
    for known in [None, Some(&known)] {
        match read_allowed_signers(text, known) {
            Ok(people) => {
                assert!(people.iter().all(|person| !person.keys.is_empty()));
                if let Ok(roster) = parse_roster(&roster_text(&people)) {
                    assert_eq!(roster.people, people, "people change when they are written down");
                }
            }
            Err(problems) => {
                let lines = text.lines().count();
                assert!(!problems.is_empty(), "refused without a reason");
                assert!(problems.iter().all(|it| (1..=lines).contains(&it.line) && !it.message.is_empty()));
            }
        }
    }
}

/// A folder that verifies tells what was signed, and nothing else.
fn finding(data: &[u8]) {
    let files = folder(data);
    let verification = verify_export(&files);
    if verification.holds() {
        assert_eq!(files.get("finding.json").map(Vec::as_slice), Some(signed("finding.json").as_bytes()));
    } else {
        assert!(!verification.refused.is_empty(), "refused without a reason");
    }
    if let Some(finding) = files.get("finding.json").and_then(|bytes| std::str::from_utf8(bytes).ok())
        && let Ok(read) = read_strict::<Finding>(finding)
    {
        assert_eq!(canonical(&read).as_deref(), Ok(finding), "a finding has a second spelling");
    }
}

/// Appends kinds and bodies one after another, as some desk might have.
fn chain(bodies: impl IntoIterator<Item = (String, String)>) -> Vec<Entry> {
    let mut previous = GENESIS;
    let entry = |((kind, body), seq)| {
        let at = "2026-06-01T00:00:00.000000Z".to_owned();
        let (actor, xid) = ("ops".to_owned(), "7".to_owned());
        let mut entry = Entry { seq, at, actor, xid, kind, body, previous, hash: GENESIS };
        entry.hash = entry_hash(&entry);
        previous = entry.hash;
        entry
    };
    bodies.into_iter().zip(1..).map(entry).collect()
}

/// A ledger entry: kind and body, one line each, as some desk appended them.
fn entry(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (kind, body) = text.split_once('\n').unwrap_or(("", text));
    let entries = chain([(kind.to_owned(), body.to_owned())]);
    assert_eq!(verify_chain(&entries, None), Ok(()));
    let state = replay(&entries);
    let gate = gate(&entries, Digest::of(b"request"), "run");
    match serde_json::from_str::<Body>(body) {
        Ok(read) => {
            let again = serde_json::from_str::<Body>(&read.to_text()).expect("a body that was read can be written");
            assert_eq!(again, read);
        }
        // What is not understood is not ignored: it stops everything.
        Err(_) => assert!(state.stop().is_some() && gate.stop.is_some()),
    }
    assert_eq!((state.head_seq, state.head), (1, Some(entries[0].hash)));
}

/// Papers of a restart behind a stop, one file each, its name the person's. No roster is in force, so that nobody has a voice:
/// whatever they say, the stop holds, and every paper is refused with its reason.
fn restart(data: &[u8]) {
    let files = folder(data);
    let reason = "it was pressed".to_owned();
    let stop = Body::Stopped { condition: "pressed".to_owned(), reason, by: None, detail: None };
    let mut bodies = vec![(stop.kind().to_owned(), stop.to_text())];
    for (who, bytes) in &files {
        let Ok(document) = String::from_utf8(bytes.clone()) else { return };
        if let Ok(paper) = read_strict::<RestartPaper>(&document) {
            assert_eq!(paper.text(), document, "a paper has a second spelling");
            assert!(!paper.act.words().is_empty(), "a paper says nothing");
        }
        let signature = SignedBytes { principal: who.as_str().into(), signature: signed("first.sig").to_owned() };
        let body = Body::Restart { document, signature };
        bodies.push((body.kind().to_owned(), body.to_text()));
    }
    let entries = chain(bodies);
    let state = replay(&entries);
    assert!(state.stop().is_some(), "papers that nobody could sign have lifted a stop");
    assert!(gate(&entries, Digest::of(b"request"), "run").stop.is_some(), "the run's gate does not see the stop");
    assert_eq!((state.halt.lifts().len(), state.halt.refused().len()), (0, files.len()));
    assert!(state.halt.refused().iter().all(|refused| !refused.reason.is_empty()));
}

/// The file in which a desk keeps what it has verified: it proves itself, or it is nothing.
fn ledger(data: &[u8]) {
    let Some(known) = Known::from_bytes(data) else { return };
    assert_eq!(known.to_bytes(usize::MAX), data, "a kept ledger has a second spelling");
    assert_eq!(verify_chain(known.entries(), None), Ok(()));
    assert_eq!(known.head().0, u64::try_from(known.entries().len()).unwrap());
}

fn connection_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match connection::connect(text) {
        Ok(keywords) => assert!(keywords.values().all(|value| !value.is_empty())),
        Err(reason) => {
            assert!(!reason.is_empty());
            // A sentence may name a keyword, never the password.
            assert!(!reason.contains("Geheim-7h3!"), "a password got into a message: {reason}");
        }
    }
}

fn passfile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(password) = connection::password(text) {
        assert!(!password.is_empty() && !password.contains('\n'));
        assert!(text.len() > password.len());
    }
}

/// A dump as somebody brought it: reading it twice says the same, rows are handed over only as whole lines of the digest
/// that they have, and a refusal says why and what next.
fn dump(data: &[u8]) {
    /// As much of a table as is taken: some bytes of a compressed dump become very many.
    const MOST: usize = 4 << 20;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(data).expect("room for an input");
    let path = file.path();
    let opened = DiskDumps.open(path);
    let contents = match &opened {
        Ok(contents) => contents,
        Err(error) => {
            assert!(!error.reason.is_empty() && !error.next.is_empty(), "refused without a reason");
            return;
        }
    };
    assert_eq!(DiskDumps.open(path).ok().as_ref(), Some(contents), "reading twice says two things");
    for table in contents.tables.iter().filter(|table| table.rows == DumpedRows::Copy).take(4) {
        assert!(contents.table(&table.name).is_some());
        let mut rows = Vec::new();
        let end = DiskDumps.rows(path, &table.name, &mut |piece| {
            rows.extend(piece);
            rows.len() <= MOST
        });
        match end {
            Ok(end) => {
                let lines = rows.split_inclusive(|byte| *byte == b'\n').count();
                assert_eq!((end.rows, end.digest), (lines as u64, Digest::of(&rows)), "{}", table.name);
                assert!(rows.is_empty() || rows.ends_with(b"\n"), "half a row of {}", table.name);
            }
            Err(error) => assert!(!error.reason.is_empty() && !error.next.is_empty(), "refused without a reason"),
        }
    }
}
