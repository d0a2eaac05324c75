//! A finding made with real keys, written to disk, and checked by running the very lines of its VERIFY.txt.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use countersign::adapter::files::DiskFolders;
use countersign::adapter::ssh::SshSigner;
use countersign::approval::{
    Governed, Namespace, RosterAct, RosterDeed, RosterPlace, SignedBytes, check_roster, countersign, parse_roster,
};
use countersign::census::{Census, Comparison, Target};
use countersign::digest::Digest;
use countersign::finding::{Finding, FindingSubject, export, verify_export};
use countersign::plan::{PLAN_FORMAT, Plan, REQUEST_FORMAT, Request, SealedPlan, Settings, Stage, Verb, canonical};
use countersign::port::{Folders as _, KeyChoice, SignRequest, Signer as _};
use countersign::rehearsal::{REHEARSAL_FORMAT, Rehearsal};
use countersign::run::{Outcome, Trace};
use countersign::runbook::{Policy, Principal, StepId, Timeouts};
use jiff::Timestamp;

use super::{Keys, make_readable, wait_for};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn principal(who: &str) -> Principal {
    Principal(format!("{who}@example.test"))
}

/// Three people and an agent, with real keys of different kinds.
fn people(keys: &Keys) -> String {
    let mut text = "format = 1\n".to_owned();
    for (who, arguments, kind, roles) in [
        ("lan", "-t ed25519", "human", "\"reviewer\", \"operator\""),
        ("minh", "-t ecdsa -b 384", "human", "\"reviewer\""),
        ("hoa", "-t ed25519", "human", "\"reviewer\""),
        ("bot", "-t ed25519", "agent", "\"author\""),
    ] {
        make_readable(keys, who, arguments);
        let key = keys.public(who);
        let _ = writeln!(
            text,
            "\n[[person]]\nprincipal = \"{who}@example.test\"\nname = \"{who}\"\nkind = \"{kind}\"\nroles = [{roles}]\nkeys = [\"{key}\"]"
        );
    }
    text
}

fn signed(keys: &Keys, who: &str, namespace: Namespace, bytes: &[u8]) -> SignedBytes {
    let key = KeyChoice::File(keys.path(who));
    let request = SignRequest { principal: principal(who), key, namespace, bytes: bytes.to_vec(), passphrase: None };
    wait_for(SshSigner::new(None).sign(&request)).unwrap()
}

/// What brings a roster into force as version 1: lan proposes it, and everybody human signs.
fn genesis(keys: &Keys, text: &str) -> Vec<RosterDeed> {
    let governed = Governed::of(&[], RosterPlace::of(&plan(Digest::of(b"")).target));
    let at = at("2026-05-01T08:00:00Z");
    let open_for = jiff::SignedDuration::from_hours(24);
    let document =
        governed.next(Digest::of(text.as_bytes()), "first".to_owned(), principal("lan"), at, open_for).text();
    let signed = |who: &str| signed(keys, who, Namespace::Roster, document.as_bytes());
    let approved =
        |who: &str| RosterAct::Approved { proposal_digest: Digest::of(document.as_bytes()), signature: signed(who) };
    let proposed =
        RosterAct::Proposed { document: document.clone(), roster: text.to_owned(), signature: signed("lan") };
    [proposed, approved("minh"), approved("hoa")]
        .map(|act| RosterDeed { at: "2026-05-01T08:00:00.000001Z".to_owned(), act })
        .into()
}

/// A run by lan, approved by minh and hoa, and signed by lan: the files of its folder.
pub(crate) fn exported(keys: &Keys) -> BTreeMap<String, Vec<u8>> {
    let roster = parse_roster(&people(keys)).unwrap();
    let plan = plan(roster.digest);
    let sealed = SealedPlan::read(&canonical(&plan).unwrap()).unwrap();
    let rehearsal = rehearsal(&plan, sealed.digest());
    let rehearsal_digest = Digest::of(canonical(&rehearsal).unwrap().as_bytes());
    let request = Request {
        format: REQUEST_FORMAT.to_owned(),
        verb: Verb::Run,
        nonce: plan.nonce.clone(),
        plan_digest: sealed.digest(),
        rehearsal_digest,
        baseline_digest: plan.baseline_digest,
        database: "directus".to_owned(),
        steps: vec![StepId::from("SB-12")],
        hazards: Vec::new(),
        requester: principal("bot"),
        not_before: at("2026-06-01T11:30:00Z"),
        not_after: at("2026-06-01T19:30:00Z"),
    };
    let bytes = canonical(&request).unwrap().into_bytes();
    let approvals = vec![signed(keys, "minh", Namespace::Run, &bytes), signed(keys, "hoa", Namespace::Run, &bytes)];
    let now = at("2026-06-01T12:00:00Z");
    let roster_history = genesis(keys, &roster.text);
    let version = check_roster(&plan, &roster_history).unwrap();
    let opened = countersign(sealed, &rehearsal, request.clone(), &approvals, &version, now).unwrap();
    let subject = FindingSubject {
        plan_digest: opened.plan().digest(),
        plan,
        request_digest: opened.request_digest(),
        request,
        rehearsal,
        rehearsal_digest,
        roster: roster.text,
        roster_history,
        used_at: now,
        requested: signed(keys, "bot", Namespace::Stage, &bytes),
        approvals,
        operated: Some(signed(keys, "lan", Namespace::Operate, &bytes)),
        outcome: Some(Outcome::Committed),
        failure: None,
        trace: Some(Trace::default()),
        inside: Vec::new(),
        after: Some(Comparison::default()),
    };
    let words = "Đã đảo ngược.".to_owned();
    let finding = Finding::of(subject, principal("lan"), words, at("2026-06-01T12:10:00Z"), 41, Digest::of(b"head"));
    let text = canonical(&finding).unwrap();
    let signature = signed(keys, "lan", Namespace::Finding, text.as_bytes());
    export(&text, &[signature])
}

fn plan(roster_digest: Digest) -> Plan {
    let timeouts = Timeouts { lock_millis: 3000, statement_millis: 30_000, idle_in_transaction_millis: 30_000 };
    let stage = Stage {
        step: StepId::from("SB-12"),
        script: "reversal/sb-12.sql".to_owned(),
        statements: Vec::new(),
        locked_tables: Vec::new(),
        drops: Vec::new(),
        names: Vec::new(),
    };
    Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
        runbook: "phase1-governance".to_owned(),
        runbook_version: "2026-06-01".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        roster_digest,
        roster_version: 1,
        target: Target {
            system_identifier: "7381234567890123456".to_owned(),
            database_oid: 16384,
            database: "directus".to_owned(),
            server_version: 150_018,
            in_recovery: false,
            role: "ops".to_owned(),
            timeline: 1,
        },
        run_as: None,
        via: None,
        restore: None,
        end_session: None,
        settings: Settings::new(timeouts, "public"),
        policy: Policy { approvals: 2, rehearsal_max_age_seconds: 12 * 3600, approval_valid_seconds: 8 * 3600 },
        parameters: Vec::new(),
        objects: Vec::new(),
        stages: vec![stage],
        checks: Vec::new(),
        stops: Vec::new(),
        baseline_digest: Digest::of(b"baseline"),
        hazards: Vec::new(),
        waived: Vec::new(),
        requester: principal("bot"),
        editor: None,
        sealed_at: at("2026-06-01T10:59:00Z"),
    }
}

fn rehearsal(plan: &Plan, plan_digest: Digest) -> Rehearsal {
    let census =
        Census { taken_at: at("2026-06-01T11:00:00Z"), target: plan.target.clone(), readings: BTreeMap::new() };
    Rehearsal {
        format: REHEARSAL_FORMAT.to_owned(),
        plan_digest,
        taken_at: at("2026-06-01T11:00:00Z"),
        duration_millis: 212,
        trace: Trace::default(),
        inside: Vec::new(),
        entry: census.clone(),
        exit: census,
        residue: Vec::new(),
        lasting: Vec::new(),
        failure: None,
    }
}

/// Runs one line of VERIFY.txt in the folder, by a plain shell.
fn runs(folder: &Path, line: &str) -> bool {
    let output = Command::new("sh").arg("-c").arg(line).current_dir(folder).output().unwrap();
    output.status.success()
}

/// The lines of VERIFY.txt that are commands for a check.
fn commands(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("VERIFY.txt")).unwrap();
    let is_command = |line: &&str| line.starts_with("ssh-keygen ") || line.starts_with("sha256sum --strict -c ");
    text.lines().filter(is_command).map(str::to_owned).collect()
}

#[test]
fn stock_tools_verify_an_exported_finding() {
    let keys = Keys::new();
    let files = exported(&keys);
    let folder = keys.path("finding");
    DiskFolders.write_folder(&folder, &files).unwrap();
    let verification = verify_export(&DiskFolders.read_folder(&folder).unwrap().0);
    assert_eq!(verification.refused, Vec::<String>::new());
    assert_eq!(verification.signatures.len(), 5);

    let commands = commands(&folder);
    assert_eq!(commands.len(), 9, "{commands:#?}");
    for command in &commands {
        assert!(runs(&folder, command), "{command}");
    }
    // The digests inside request.json are those of the files beside it.
    for (file, name) in [("plan.json", "plan_digest"), ("rehearsal.json", "rehearsal_digest")] {
        assert!(runs(
            &folder,
            &format!("grep -q \"\\\"{name}\\\":\\\"$(sha256sum < {file} | cut -d' ' -f1)\\\"\" request.json")
        ));
    }
    assert!(runs(
        &folder,
        "grep -q \"\\\"roster_digest\\\":\\\"$(sha256sum < roster.toml | cut -d' ' -f1)\\\"\" plan.json"
    ));
}

/// The folder that the first version exported, before there were a PDF and a Markdown page; it is never written anew.
pub(crate) fn first_form() -> BTreeMap<String, Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/first-form");
    crate::fuzz::folder(&fs::read(path).unwrap())
}

#[test]
fn a_folder_of_the_first_form_still_verifies() {
    let keys = Keys::new();
    let files = first_form();
    assert!(!files.contains_key("finding.pdf"));
    let verification = verify_export(&files);
    assert_eq!(verification.refused, Vec::<String>::new());
    assert_eq!(verification.signatures.len(), 5);
    let folder = keys.path("finding");
    DiskFolders.write_folder(&folder, &files).unwrap();
    assert!(commands(&folder).iter().all(|command| runs(&folder, command)));
}

#[test]
fn one_flipped_byte_is_refused_by_both() {
    let keys = Keys::new();
    let files = exported(&keys);
    let folder = keys.path("finding");
    DiskFolders.write_folder(&folder, &files).unwrap();
    let commands = commands(&folder);
    for (path, bytes) in &files {
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        fs::write(folder.join(path), &flipped).unwrap();
        let passed = commands.iter().all(|command| runs(&folder, command));
        assert!(!passed, "stock tools accept byte {middle} of {path}");
        let verification = verify_export(&DiskFolders.read_folder(&folder).unwrap().0);
        assert!(!verification.holds(), "byte {middle} of {path} is accepted");
        if path == "request.json" {
            let signatures = commands.iter().filter(|command| command.ends_with("< request.json"));
            assert_eq!(signatures.map(|command| runs(&folder, command)).collect::<Vec<_>>(), [false; 4]);
        }
        fs::write(folder.join(path), bytes).unwrap();
    }
    assert!(commands.iter().all(|command| runs(&folder, command)), "the folder was not put back");
}

#[test]
fn stock_tools_refuse_an_agents_approval_too() {
    let keys = Keys::new();
    let files = exported(&keys);
    let folder = keys.path("finding");
    DiskFolders.write_folder(&folder, &files).unwrap();
    let verify = |who: &str, namespace: Namespace| {
        let approval = signed(&keys, who, namespace, &files["request.json"]);
        fs::write(folder.join("new.sig"), approval.signature).unwrap();
        let namespace = namespace.as_str();
        let line = format!(
            "ssh-keygen -Y verify -f allowed_signers -I {who}@example.test -n {namespace} -s new.sig < request.json"
        );
        runs(&folder, &line)
    };
    assert!(verify("hoa", Namespace::Run));
    assert!(!verify("hoa", Namespace::Operate));
    assert!(verify("bot", Namespace::Stage));
    assert!(!verify("bot", Namespace::Run));
    assert!(verify("lan", Namespace::Operate));
}

/// Signs bytes and asks `ssh-keygen -Y verify` about them with an exported `allowed_signers`, at a moment.
fn stock_says(keys: &Keys, signers: &str, who: &str, namespace: Namespace, at: &str) -> bool {
    let (file, bytes, signature) = (keys.path("signers"), keys.path("bytes"), keys.path("bytes.sig"));
    fs::write(&file, signers).unwrap();
    fs::write(&bytes, b"what is signed").unwrap();
    fs::write(&signature, signed(keys, who, namespace, b"what is signed").signature).unwrap();
    let line = format!(
        "ssh-keygen -Y verify -Overify-time={at} -f {} -I {who}@example.test -n {} -s {} < {}",
        file.display(),
        namespace.as_str(),
        signature.display(),
        bytes.display()
    );
    runs(&keys.path(""), &line)
}

#[test]
fn stock_tools_hold_exported_keys_to_their_time_and_their_deeds_as_we_do() {
    use countersign::approval::{allowed_signers, read_allowed_signers, verify};
    let keys = Keys::new();
    let limited = |who: &str, limits: &str| format!("{{ key = \"{}\", {limits} }}", keys.public(who));
    let text = people(&keys);
    let text = text
        .replace(
            &format!("\"{}\"", keys.public("minh")),
            &limited("minh", "valid_after = 2026-06-01T00:00:00Z, valid_before = 2026-06-30T23:59:59Z"),
        )
        .replace(&format!("\"{}\"", keys.public("hoa")), &limited("hoa", "valid_before = 2026-06-01T00:00:00Z"));
    let roster = parse_roster(&text).unwrap();
    let exported = allowed_signers(&roster);
    // The oracle on what it wrote and on what was read back and written again.
    let again = allowed_signers(
        &parse_roster(&countersign::approval::roster_text(&read_allowed_signers(&exported, None).unwrap())).unwrap(),
    );
    for (who, moment, expected) in [
        ("lan", "20200101000000Z", true),
        ("minh", "20260531235959Z", false),
        ("minh", "20260601000000Z", true),
        ("minh", "20260630235959Z", true),
        ("minh", "20260701000000Z", false),
        ("hoa", "20260601000000Z", true),
        ("hoa", "20260601000001Z", false),
    ] {
        for signers in [&exported, &again] {
            assert_eq!(
                stock_says(&keys, signers, who, Namespace::Run, moment),
                expected,
                "{who} at {moment}: {signers}"
            );
            let ours = signed(&keys, who, Namespace::Run, b"what is signed");
            let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", moment).unwrap();
            let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
            assert_eq!(verify(&roster, &ours, Namespace::Run, b"what is signed", moment).is_ok(), expected, "{who}");
        }
        assert!(!stock_says(&keys, &exported, who, Namespace::Restart, moment), "nobody here is a sovereign");
    }
}
