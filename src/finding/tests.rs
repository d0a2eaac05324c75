//! A finding, exported and verified: every file, every flipped byte, every untrue story.

use std::collections::BTreeMap;

use super::shown::shown;
use super::{Finding, FindingKind, FindingSubject, export, render_html, verify_export};
use crate::approval::fixture::{Desk, at, noon, principal, propose, sign, sign_as};
use crate::approval::{Namespace, SignedBytes};
use crate::census::{Comparison, Reading, Row, Verdict};
use crate::digest::Digest;
use crate::plan::canonical;
use crate::run::{
    Bystander, Effect, EffectKind, HeldLock, Outcome, RunToken, StageTrace, Standing, StatementTrace, Trace,
};
use crate::runbook::{CheckId, ObjectName, StepId};

fn row(verdict: Verdict) -> Row {
    Row {
        id: CheckId::from("outbox"),
        title: "governance events".to_owned(),
        object: None,
        sql: "SELECT count(*) FROM event_outbox".to_owned(),
        key: Vec::new(),
        baseline: Some(Reading::Value(Some("0".to_owned()))),
        expected: "0".to_owned(),
        actual: Reading::Value(Some("0".to_owned())),
        verdict,
        remark: None,
    }
}

fn sent() -> StatementTrace {
    StatementTrace {
        step: StepId::from("SB-12"),
        ordinal: 1,
        tag: "DELETE".to_owned(),
        rows: Some("4".to_owned()),
        duration_millis: 3,
        notices: Vec::new(),
        locks: Vec::new(),
        waiting: Vec::new(),
        blockers: Vec::new(),
        surprise: None,
    }
}

fn unknown() -> Outcome {
    let token = RunToken {
        run: "f".repeat(32),
        stage: 0,
        xid: "7".to_owned(),
        pid: 9,
        backend_start: String::new(),
        system_identifier: "7381234567890123456".to_owned(),
        timeline: 1,
    };
    Outcome::Unknown { token, reason: "the answer to COMMIT was lost".to_owned(), committed: Vec::new() }
}

/// A committed run by lan, approved by lan and minh.
pub(super) fn subject() -> FindingSubject {
    let desk = Desk::new();
    let bytes = desk.bytes();
    let comparison = Comparison { rows: vec![row(Verdict::Same)] };
    FindingSubject {
        plan_digest: desk.sealed().digest(),
        request_digest: Digest::of(&bytes),
        rehearsal_digest: desk.request.rehearsal_digest,
        roster: desk.roster.text.clone(),
        roster_history: desk.deeds.clone(),
        used_at: noon(),
        requested: sign("bot", Namespace::Stage, &bytes),
        approvals: vec![desk.approval("lan"), desk.approval("minh")],
        operated: Some(sign("khoa", Namespace::Operate, &bytes)),
        outcome: Some(Outcome::Committed),
        failure: None,
        trace: Some(Trace { statements: vec![sent()], stages: Vec::new() }),
        inside: vec![comparison.clone()],
        after: Some(comparison),
        plan: desk.plan,
        request: desk.request,
        rehearsal: desk.rehearsal,
    }
}

pub(super) fn finding(subject: FindingSubject) -> Finding {
    let words = "Done at noon.\u{202e}".to_owned();
    Finding::of(subject, principal("khoa"), words, at("2026-06-01T12:05:00Z"), 41, Digest::of(b"ledger"))
}

pub(super) fn exported(finding: &Finding, writers: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let text = canonical(finding).unwrap();
    let signatures: Vec<SignedBytes> =
        writers.iter().map(|who| sign(who, Namespace::Finding, text.as_bytes())).collect();
    export(&text, &signatures)
}

/// Changes the evidence, exports it signed by its writer, and expects a refusal, or none for an empty text.
fn check(change: impl FnOnce(&mut FindingSubject), expect: &str) {
    let mut subject = subject();
    change(&mut subject);
    check_files(&exported(&finding(subject), &["khoa"]), expect);
}

pub(super) fn check_files(files: &BTreeMap<String, Vec<u8>>, expect: &str) {
    let verification = verify_export(files);
    let refused = verification.refused.join("\n");
    let fits = if expect.is_empty() { verification.holds() } else { refused.contains(expect) && !verification.holds() };
    assert!(fits, "expected: {expect}\nactual:   {refused}");
}

#[test]
fn a_good_finding_verifies() {
    let files = exported(&finding(subject()), &["khoa", "lan"]);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = "SHA256SUMS VERIFY.txt allowed_signers approvals/1-lan@example.test.sig \
                    approvals/2-minh@example.test.sig finding.html finding.json finding.md finding.pdf operated.sig \
                    plan.json rehearsal.json request.json requested.sig roster.toml rosters/1.allowed_signers rosters/1.json rosters/1.toml \
                    rosters/1/1-lan@example.test.sig rosters/1/2-minh@example.test.sig \
                    rosters/1/3-hoa@example.test.sig rosters/1/4-khoa@example.test.sig \
                    rosters/1/5-tam@example.test.sig signatures/1-khoa@example.test.sig \
                    signatures/2-lan@example.test.sig";
    assert_eq!(names.join(" "), expected);
    let verification = verify_export(&files);
    assert_eq!(verification.refused, Vec::<String>::new());
    assert_eq!(verification.signatures.len(), 6);
    let proved = verification.proved.join("\n");
    for sentence in [
        "Roster version 1 was in force since 2026-05-01",
        "lan@example.test approved it",
        "2 different people approved it",
        "khoa@example.test ran it",
    ] {
        assert!(proved.contains(sentence), "{proved}");
    }
    assert!(verification.not_proved.join("\n").contains("compare its digest"));
    let signers = String::from_utf8(files["allowed_signers"].clone()).unwrap();
    assert!(signers.contains("bot@example.test namespaces=\"countersign-stage,countersign-finding\" ssh-ed25519 "));
}

#[test]
fn every_flipped_byte_of_a_folder_is_seen() {
    let files = exported(&finding(subject()), &["khoa"]);
    assert!(verify_export(&files).holds());
    for (path, bytes) in &files {
        // Every byte of a signature, and a stride through the larger files: a prime, so that no column is left out.
        let stride = match bytes.len() {
            0..600 => 7,
            600..20_000 => 331,
            _ => 4_999,
        };
        for place in (0..bytes.len()).step_by(stride) {
            let mut flipped = files.clone();
            flipped.get_mut(path).unwrap()[place] ^= 1;
            assert!(!verify_export(&flipped).holds(), "byte {place} of {path}");
        }
        let mut without = files.clone();
        without.remove(path);
        assert!(!verify_export(&without).holds(), "without {path}");
    }
    let mut more = files.clone();
    more.insert("approvals/3-hoa@example.test.sig".to_owned(), Vec::new());
    check_files(&more, "approvals/3-hoa@example.test.sig does not belong");
    check_files(&BTreeMap::new(), "finding.json is missing");
    check_files(&export("{}", &[]), "finding.json: the document cannot be read");
}

#[test]
fn untrue_stories_are_refused_though_signed() {
    check(|_| {}, "");
    check(|it| it.approvals.truncate(1), "it was run, but 1 of 2 people have approved");
    check(|it| it.approvals[1] = it.approvals[0].clone(), "lan@example.test has signed already");
    check(|it| it.approvals[1].principal = principal("hoa"), "is not listed for hoa");
    check(|it| it.requested = it.approvals[0].clone(), "requested.sig");
    check(|it| it.operated = None, "operated.sig is missing");
    check(|it| it.operated = Some(sign("minh", Namespace::Operate, b"x")), "minh@example.test does not have the role");
    check(|it| it.plan_digest = Digest::of(b"x"), "the finding names the plan");
    check(|it| it.request_digest = Digest::of(b"x"), "the finding names the request");
    check(|it| it.plan.stages[0].statements[0].sql.push('x'), "the request names plan");
    check(|it| it.plan.stages[0].statements[0].sql.push('x'), "do not have the digest");
    check(|it| it.rehearsal.duration_millis += 1, "the request names rehearsal");
    check(|it| it.roster.push('\n'), "roster.toml is not the roster of that history");
    check(|it| it.roster_history.clear(), "no roster is in force");
    check(|it| drop(it.roster_history.pop()), "no roster is in force");
    check(|it| it.roster_history.push(it.roster_history[1].clone()), "the history of the roster does not hold");
    check(
        |it| {
            let (other, _) = propose(&it.roster_history, &format!("{}# more\n", it.roster), "lan");
            it.roster_history.push(other);
        },
        "holds more than what brought it into force",
    );
    check(|it| it.plan.roster_version = 2, "staged under roster version 2, and version 1 is in force");
    check(|it| it.plan.target.database = "other".to_owned(), "version 1 is for directus of server");
    check(|it| it.trace.as_mut().unwrap().statements.clear(), "does not hold every statement");
    check(|it| it.trace.as_mut().unwrap().statements[0].ordinal = 2, "which the plan does not hold there");
    check(|it| it.trace.as_mut().unwrap().statements[0].surprise = Some("5 rows".to_owned()), "5 rows");
    check(|it| it.inside[0].rows[0].verdict = Verdict::Blind, "did not hold inside");
    check(|it| it.outcome = None, "a run that is said not to have happened");
    check(
        |it| {
            let committed = vec![StepId::from("SB-12")];
            it.outcome = Some(Outcome::RolledBack { reason: "drift".to_owned(), committed });
        },
        "are not the first stages",
    );
}

#[test]
fn a_headline_cannot_be_chosen() {
    let mut dressed = finding(FindingSubject { outcome: Some(unknown()), ..subject() });
    assert!(dressed.headline.starts_with("Unknown whether it was committed"), "{}", dressed.headline);
    assert_eq!(dressed.kind, FindingKind::Divergence);
    check_files(&exported(&dressed, &["khoa"]), "");
    dressed.headline = "Committed: the reversal of SB-12 on directus.".to_owned();
    check_files(&exported(&dressed, &["khoa"]), "the headline does not follow from the outcome");
    let mut dressed = finding(FindingSubject { outcome: Some(unknown()), ..subject() });
    dressed.kind = FindingKind::Run;
    check_files(&exported(&dressed, &["khoa"]), "the headline does not follow from the outcome");
}

#[test]
fn headlines_say_what_is_known() {
    let says = |change: fn(&mut FindingSubject)| {
        let mut subject = subject();
        change(&mut subject);
        let finding = finding(subject);
        (finding.kind, finding.headline)
    };
    let what = "the reversal of SB-12 on directus";
    let expect = |kind, headline: String| (kind, headline);
    assert_eq!(
        says(|_| {}),
        expect(FindingKind::Run, format!("Committed: {what}. Verified after the commit: 1 of 1 checks hold."))
    );
    assert_eq!(
        says(|it| it.failure = Some("the stop condition outbox tripped".to_owned())),
        expect(
            FindingKind::Divergence,
            format!(
                "Committed: {what}. NOT as planned: the stop condition outbox tripped. \
                 Verified after the commit: 1 of 1 checks hold."
            )
        )
    );
    assert_eq!(
        says(|it| it.after = None),
        expect(FindingKind::Divergence, format!("Committed: {what}. It was not verified after the commit."))
    );
    assert_eq!(
        says(|it| it.after = Some(Comparison { rows: vec![row(Verdict::Blind)] })),
        expect(
            FindingKind::Divergence,
            format!("Committed: {what}. Verified after the commit: 1 of 1 checks do NOT hold.")
        )
    );
    assert_eq!(
        says(|it| it.outcome = Some(Outcome::RolledBack { reason: "5 rows, not 4".to_owned(), committed: Vec::new() })),
        expect(
            FindingKind::Run,
            format!(
                "Rolled back: {what}; 5 rows, not 4. Nothing was kept. Verified after the commit: 1 of 1 checks hold."
            )
        )
    );
    let rolled_back = |it: &mut FindingSubject| {
        it.after = None;
        let committed = vec![StepId::from("SB-13")];
        it.outcome = Some(Outcome::RolledBack { reason: "5 rows, not 4".to_owned(), committed });
    };
    assert_eq!(
        says(rolled_back),
        expect(FindingKind::Run, format!("Rolled back: {what}; 5 rows, not 4. Committed before it and kept: SB-13."))
    );
    assert_eq!(
        says(|it| it.outcome = None),
        expect(FindingKind::Rehearsal, format!("Rehearsed, nothing left behind: {what}. It has not been run."))
    );
}

#[test]
fn the_writer_signs_it() {
    let finding = finding(subject());
    check_files(&exported(&finding, &[]), "khoa@example.test, who wrote the finding, has not signed it");
    check_files(&exported(&finding, &["lan"]), "who wrote the finding, has not signed it");
    check_files(&exported(&finding, &["lan", "khoa"]), "");
    let text = canonical(&finding).unwrap();
    let forged = [sign_as("khoa", "lan", Namespace::Finding, text.as_bytes())];
    check_files(&export(&text, &forged), "is not listed for khoa");
}

#[test]
fn a_name_cannot_leave_the_folder() {
    let mut subject = subject();
    subject.approvals[0].principal = principal("../../etc/x");
    let files = exported(&finding(subject), &["khoa"]);
    assert!(files.keys().all(|path| !path.contains("..") || path.contains("1-.._.._etc_x")), "{:?}", files.keys());
    assert!(files.keys().all(|path| path.split('/').all(|part| part != "..")));
}

#[test]
fn the_page_hides_nothing_and_runs_nothing() {
    let mut subject = subject();
    subject.plan.stages[0].statements[0].sql = "SELECT '</pre><script>x</script>\u{202e}\u{200b}a\u{ad}'".to_owned();
    let finding = finding(subject);
    let page = render_html(&finding, Digest::of(b"x"), &[]);
    assert!(!page.contains("<script"), "a script got through");
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;"));
    for odd in ["U+202E", "U+200B", "U+00AD"] {
        assert!(page.contains(odd), "{odd} is not shown");
    }
    assert!(
        !page.chars().any(|letter| letter != '\r' && super::shown::is_odd(letter)),
        "something invisible got through"
    );
    assert!(page.contains("= same"));
    assert!(page.contains(&Digest::of(b"x").phrase()));
    assert_eq!(shown("a < b\n\tc").into_string(), "a &lt; b\n\tc");
}

#[test]
fn the_page_tells_locks_waits_and_effects_with_their_standing() {
    let table = |name: &str| ObjectName::new("public", name);
    let session = |pid, statement: &str| Bystander {
        pid,
        role: "lan".to_owned(),
        application: "psql".to_owned(),
        state: "active".to_owned(),
        since: String::new(),
        relation: Some(table("extra")),
        mode: "AccessShareLock".to_owned(),
        statement: statement.to_owned(),
    };
    let effect = |name: &str, what, standing| Effect { object: table(name), what, standing };
    let stage = |step: &str, effects| StageTrace { step: step.into(), holders: vec![session(42, "<b>")], effects };
    let mut subject = subject();
    let step = subject.plan.stages[0].step.0.clone();
    let moved = EffectKind::Moved { from: "7".to_owned(), to: "9".to_owned() };
    let seen = vec![
        effect("named", EffectKind::Dropped, Standing::Named),
        effect("seq", moved, Standing::Declared),
        effect("odd\u{202e}", EffectKind::Altered, Standing::Undeclared),
    ];
    subject.rehearsal.trace = Trace { statements: vec![sent()], stages: vec![stage(&step, seen)] };
    let lock = |mode: &str| HeldLock { relation: table("extra"), mode: mode.to_owned() };
    subject.rehearsal.trace.statements[0].locks = vec![lock("RowShareLock"), lock("AccessExclusiveLock")];
    let page = |subject: FindingSubject| render_html(&finding(subject), Digest::of(b"x"), &[]);
    let ran = page(subject.clone());
    let trace = subject.trace.take().unwrap();
    subject.outcome = None;
    let rehearsed = page(subject.clone());
    for page in [&ran, &rehearsed] {
        let order = ["✗ undeclared", "+ declared", "✓ named"].map(|words| page.find(words).expect(words));
        assert!(order.is_sorted(), "what must be seen comes first");
        for words in [
            "public.odd",
            "U+202E",
            "moved from 7 to 9; ROLLBACK does not put it back",
            "In the way when it began: pid 42 (role lan, application psql, active) with AccessShareLock on public.extra",
            "last statement `&lt;b&gt;`",
            "Strongest lock: <code>AccessExclusiveLock</code> on public.extra.",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }
    assert!(ran.contains("as it was rehearsed") && rehearsed.contains("As it was rehearsed:"));
    subject.outcome = Some(Outcome::Committed);
    subject.trace = Some(trace);
    let sent = &mut subject.trace.as_mut().unwrap().statements[0];
    sent.locks = vec![lock("RowShareLock"), lock("AccessExclusiveLock")];
    sent.waiting = vec![session(43, "SELECT 1")];
    sent.blockers = vec![session(44, "SELECT 2")];
    let page = page(subject);
    let words = "Locks, the strongest first: public.extra AccessExclusiveLock, public.extra RowShareLock";
    assert!(page.contains(words) && page.contains("It waited for: pid 44") && page.contains("Waited for it: pid 43"));
}
