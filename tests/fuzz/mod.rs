//! Runs every seed of the fuzzers through its target, so that a corpus cannot rot; what a fuzzer once found stays among them.

mod connection;
mod targets;

use countersign::adapter::dump;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use targets::folder;
use targets::{TARGETS, signed, unfold};

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    seeds.sort();
    seeds
}

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 3, "{name} has only {} seeds", seeds.len());
        for (path, bytes) in seeds {
            assert!(bytes.len() <= 128 * 1024, "{} is too large for a seed", path.display());
            // A panic names itself; this line says which seed it was.
            println!("{}", path.display());
            target(&bytes);
        }
    }
}

#[test]
fn no_folder_of_seeds_is_without_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(targets::named(&name).is_some(), "nothing reads the seeds of {name}");
    }
}

#[test]
fn seeds_reach_both_ends_of_their_reader() {
    use countersign::approval::parse_roster;
    use countersign::finding::verify_export;
    use countersign::ledger::{Body, Known, RestartPaper};
    use countersign::plan::{Request, SealedPlan, read_strict};
    use countersign::runbook::{Files, parse, sql};
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let both = |name: &str, accepts: &dyn Fn(&[u8]) -> bool| {
        let said: Vec<bool> = seeds(name).iter().map(|(_, bytes)| accepts(bytes)).collect();
        assert!(said.contains(&true) && said.contains(&false), "the seeds of {name} are all accepted or all refused");
    };
    both("runbook", &|bytes| parse(&Files(folder(bytes))).1.is_empty());
    both("sql", &|bytes| sql::split(&text(bytes)).is_ok());
    both("plan", &|bytes| SealedPlan::read(&text(bytes)).is_ok());
    both("request", &|bytes| read_strict::<Request>(&text(bytes)).is_ok());
    both("roster", &|bytes| parse_roster(&text(bytes)).is_ok());
    both("signers", &|bytes| countersign::approval::read_allowed_signers(&text(bytes), None).is_ok());
    both("finding", &|bytes| verify_export(&folder(bytes)).holds());
    both("entry", &|bytes| serde_json::from_str::<Body>(text(bytes).split_once('\n').unwrap_or_default().1).is_ok());
    both("restart", &|bytes| {
        let papers = folder(bytes);
        !papers.is_empty() && papers.values().all(|paper| read_strict::<RestartPaper>(&text(paper)).is_ok())
    });
    both("dump", &|bytes| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        countersign::port::Dumps::open(&dump::DiskDumps, file.path()).is_ok()
    });
    both("ledger", &|bytes| Known::from_bytes(bytes).is_some());
    both("connection", &|bytes| connection::connect(&text(bytes)).is_ok());
    both("passfile", &|bytes| connection::password(&text(bytes)).is_some());
    assert!(seeds("signature").iter().any(|(_, bytes)| bytes == signed("first.sig").as_bytes()));
}

#[test]
fn a_folder_and_its_text_are_one() {
    let data = b"==> a.toml\nx = 1\n\n==> b/c.sql\nSELECT 1;";
    let files = folder(data);
    assert_eq!(files["a.toml"], b"x = 1\n");
    assert_eq!(files["b/c.sql"], b"SELECT 1;");
    assert_eq!(unfold(&files), data);
}

/// The signed folder proves itself. When a signed format changes, `UPDATE_SEEDS=1 cargo test --test house fuzz::` signs it
/// anew, with new keys.
#[test]
fn the_signed_folder_holds() {
    use countersign::approval::{Namespace, SignedBytes, parse_roster, verify};
    use countersign::finding::verify_export;
    if std::env::var_os("UPDATE_SEEDS").is_some() {
        sign_the_seeds_anew();
    }
    let (_, exported) = seeds("finding").into_iter().find(|(path, _)| path.ends_with("exported")).unwrap();
    assert_eq!(verify_export(&folder(&exported)).refused, Vec::<String>::new());
    let roster = parse_roster(signed("roster.toml")).unwrap();
    for (who, file) in [("minh@example.test", "first.sig"), ("hoa@example.test", "second.sig")] {
        let made = SignedBytes { principal: who.into(), signature: signed(file).to_owned() };
        let held = verify(&roster, &made, Namespace::Run, signed("request.json").as_bytes(), targets::noon());
        assert!(held.is_ok(), "{who}: {held:?}");
    }
}

/// Writes the signed folder, and the seeds that are made of it.
fn sign_the_seeds_anew() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let files = crate::keys::exported(&crate::keys::Keys::new());
    let write = |path: &str, bytes: &[u8]| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let signature = |part: &str| {
        let is_one = |path: &str| path.contains(part) && Path::new(path).extension().is_some_and(|it| it == "sig");
        let found = files.iter().find(|(path, _)| is_one(path) && !path.contains("finding"));
        found.unwrap_or_else(|| panic!("no {part}")).1.clone()
    };
    let (first, second) = (signature("minh"), signature("hoa"));
    let mut sample = folder(&fs::read(home.join("seeds/runbook/orders-archive")).unwrap());
    sample.insert("roster.toml".to_owned(), files["roster.toml"].clone());
    write("seeds/runbook/orders-archive", &unfold(&sample));
    for name in ["roster.toml", "request.json", "finding.json"] {
        write(&format!("signed/{name}"), &files[name]);
    }
    write("signed/first.sig", &first);
    write("signed/second.sig", &second);
    write("seeds/finding/exported", &unfold(&files));
    write(
        "seeds/finding/only-the-document",
        &unfold(&files.clone().into_iter().filter(|(path, _)| path == "finding.json").collect()),
    );
    write("seeds/finding/nothing", b"");
    write("seeds/plan/sealed", &files["plan.json"]);
    write("seeds/request/staged", &files["request.json"]);
    write("seeds/roster/signed", &files["roster.toml"]);
    write("seeds/signers/exported", &files["allowed_signers"]);
    write("seeds/signature/first", &first);
    write("seeds/signature/second", &second);
    let entries = ledger_of(&files, &first, &second);
    for entry in &entries {
        write(&format!("seeds/entry/{}", entry.kind), format!("{}\n{}", entry.kind, entry.body).as_bytes());
    }
    let mut known = countersign::ledger::Known::default();
    known.extend(entries).unwrap();
    write("seeds/ledger/kept", &known.to_bytes(usize::MAX));
    write("seeds/ledger/first-entry", &known.to_bytes(known.to_bytes(usize::MAX).len() / 2));
    write("seeds/ledger/cut", &known.to_bytes(usize::MAX)[..100]);
}

/// A short ledger about the signed folder: a line of every kind that a fuzzer may take apart.
fn ledger_of(
    files: &std::collections::BTreeMap<String, Vec<u8>>,
    first: &[u8],
    second: &[u8],
) -> Vec<countersign::ledger::Entry> {
    use countersign::approval::SignedBytes;
    use countersign::digest::Digest;
    use countersign::ledger::{Body, Entry, GENESIS, entry_hash};
    use countersign::run::{Evidence, Outcome, RunToken};
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let made_by = |who: &str, signature: &[u8]| SignedBytes {
        principal: who.into(),
        signature: String::from_utf8(signature.to_vec()).unwrap(),
    };
    let (by, run) = (made_by("minh@example.test", first), "0123456789abcdef0123456789abcdef".to_owned());
    let (request_digest, reason) = (Digest::of(&files["request.json"]), "too early".to_owned());
    let token = RunToken {
        run: run.clone(),
        stage: 0,
        xid: "731".to_owned(),
        pid: 4242,
        backend_start: "2026-06-01 12:00:00+00".to_owned(),
        system_identifier: "7381234567890123456".to_owned(),
        timeline: 1,
    };
    let bodies = [
        Body::Baseline { document: "{}".to_owned(), digest: Digest::of(b"{}") },
        Body::Staged {
            request: text("request.json"),
            plan: text("plan.json"),
            rehearsal: text("rehearsal.json"),
            baseline: "{}".to_owned(),
            roster: text("roster.toml"),
            signature: by.clone(),
        },
        Body::Approved { request_digest, signature: by.clone() },
        Body::Withdrawn { request_digest, reason: reason.clone(), signature: by.clone() },
        Body::Rejected { request_digest, reason: reason.clone(), signature: made_by("hoa@example.test", second) },
        Body::Intent { request_digest, run: run.clone(), operator: "lan@example.test".into(), signature: by.clone() },
        Body::Committed { request_digest, run: run.clone(), stage: 0, stages: 1, token },
        Body::Ended { request_digest, run, outcome: Outcome::Committed, evidence: Evidence::default() },
        Body::Finding { document: text("finding.json"), signatures: vec![by.clone()] },
        Body::Stopped { condition: "governance-event".to_owned(), reason, by: None, detail: None },
        Body::Restart { document: "{}".to_owned(), signature: by },
    ];
    let mut previous = GENESIS;
    let entry = |(body, seq): (&Body, u64)| {
        let mut entry = Entry {
            seq,
            at: format!("2026-06-01T12:{seq:02}:00.000000Z"),
            actor: "ops".to_owned(),
            xid: (700 + seq).to_string(),
            kind: body.kind().to_owned(),
            body: body.to_text(),
            previous,
            hash: GENESIS,
        };
        entry.hash = entry_hash(&entry);
        previous = entry.hash;
        entry
    };
    bodies.iter().zip(1..).map(entry).collect()
}
