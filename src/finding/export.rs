//! Takes a signed finding; gives a folder that people read and stock tools check; refuses text that is no finding.
//!
//! Every file follows from the finding's bytes and its signatures, so that verification can make each of them again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Finding, render_html};
use crate::approval::{Kind, Namespace, Role, Roster, SignedBytes, key_facts, parse_roster};
use crate::digest::Digest;
use crate::plan::{canonical, read_strict};
use crate::runbook::Principal;

/// A signature in an exported folder.
pub(super) struct SignatureFile<'a> {
    /// Where it is.
    pub(super) path: String,
    /// What it is for.
    pub(super) namespace: Namespace,
    /// The file it is over.
    pub(super) over: &'static str,
    /// Who, and the armour.
    pub(super) signed: &'a SignedBytes,
}

/// Makes the folder of a finding: paths with `/`, and the bytes of each file.
///
/// Text that is not a finding in canonical form is handed back as `finding.json` alone: verification says why.
///
/// # Panics
/// Never: the documents inside a canonical finding are canonical themselves.
#[must_use]
pub fn export(finding_text: &str, signatures: &[SignedBytes]) -> BTreeMap<String, Vec<u8>> {
    let Ok(finding) = read_strict::<Finding>(finding_text) else {
        return BTreeMap::from([("finding.json".to_owned(), finding_text.as_bytes().to_vec())]);
    };
    let subject = &finding.subject;
    let digest = Digest::of(finding_text.as_bytes());
    let roster = parse_roster(&subject.roster).ok();
    let signed = signature_files(&finding, signatures);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut put = |path: &str, text: String| files.insert(path.to_owned(), text.into_bytes());
    put("finding.json", finding_text.to_owned());
    put("plan.json", part(&subject.plan));
    put("rehearsal.json", part(&subject.rehearsal));
    put("request.json", part(&subject.request));
    put("roster.toml", subject.roster.clone());
    put("allowed_signers", roster.as_ref().map(allowed_signers).unwrap_or_default());
    put("finding.html", render_html(&finding, digest, signatures));
    put("VERIFY.txt", instructions(&finding, digest, &signed));
    for file in &signed {
        put(&file.path, file.signed.signature.clone());
    }
    let mut sums = String::new();
    for (path, bytes) in &files {
        let _ = writeln!(sums, "{}  {path}", Digest::of(bytes));
    }
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    files
}

fn part<T: Serialize>(document: &T) -> String {
    canonical(document).expect("BUG: a part of a canonical finding has no canonical text")
}

/// Every signature of the folder, in the order people read them.
pub(super) fn signature_files<'a>(finding: &'a Finding, signatures: &'a [SignedBytes]) -> Vec<SignatureFile<'a>> {
    let subject = &finding.subject;
    let on_request = |path: String, namespace, signed| SignatureFile { path, namespace, over: "request.json", signed };
    let mut files = vec![on_request("requested.sig".to_owned(), Namespace::Stage, &subject.requested)];
    for (number, signed) in (1..).zip(&subject.approvals) {
        files.push(on_request(numbered("approvals", number, &signed.principal), Namespace::Run, signed));
    }
    if let Some(signed) = &subject.operated {
        files.push(on_request("operated.sig".to_owned(), Namespace::Operate, signed));
    }
    for (number, signed) in (1..).zip(signatures) {
        let path = numbered("signatures", number, &signed.principal);
        files.push(SignatureFile { path, namespace: Namespace::Finding, over: "finding.json", signed });
    }
    files
}

/// `signatures/1-lan@example.test.sig`; a name that could lead out of the folder is made harmless.
fn numbered(folder: &str, number: usize, principal: &Principal) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | '@');
    let name: String = principal.as_str().chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    format!("{folder}/{number}-{name}.sig")
}

/// Reads the signatures of a finding back from their paths, in the order of their numbers.
pub(super) fn read_signatures(files: &BTreeMap<String, Vec<u8>>) -> Vec<SignedBytes> {
    let mut numbered: Vec<(u32, SignedBytes)> = Vec::new();
    for (path, bytes) in files {
        let Some(name) = path.strip_prefix("signatures/").and_then(|name| name.strip_suffix(".sig")) else { continue };
        let Some((number, principal)) = name.split_once('-') else { continue };
        let (Ok(number), Ok(signature)) = (number.parse(), String::from_utf8(bytes.clone())) else { continue };
        numbered.push((number, SignedBytes { principal: Principal::from(principal), signature }));
    }
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, signed)| signed).collect()
}

/// Writes the roster as `ssh-keygen` reads it. Each key is good only for what its person may do, so that stock tools
/// refuse an agent's approval as well (D-71).
fn allowed_signers(roster: &Roster) -> String {
    let mut lines = String::new();
    for person in &roster.people {
        let is_human = person.kind == Kind::Human;
        let may = |namespace: &Namespace| match namespace {
            Namespace::Stage => person.has(Role::Author) || (is_human && person.has(Role::Reviewer)),
            Namespace::Run | Namespace::Reject | Namespace::Withdraw => is_human && person.has(Role::Reviewer),
            Namespace::Operate => is_human && person.has(Role::Operator),
            Namespace::Restart => is_human && person.has(Role::Sovereign),
            Namespace::Finding => true,
        };
        let namespaces: Vec<&str> = Namespace::ALL.iter().filter(|it| may(it)).map(|it| it.as_str()).collect();
        for line in &person.keys {
            // Written from the key itself: a comment could hold anything.
            let Some(key) = key_facts(line).ok().and_then(|facts| facts.key.to_openssh().ok()) else { continue };
            let _ = writeln!(lines, "{} namespaces=\"{}\" {}", person.principal, namespaces.join(","), key.trim_end());
        }
    }
    lines
}

fn instructions(finding: &Finding, digest: Digest, signed: &[SignatureFile<'_>]) -> String {
    let subject = &finding.subject;
    let mut checks = String::new();
    for file in signed {
        let _ = writeln!(
            checks,
            "ssh-keygen -Y verify -f allowed_signers -I {} -n {} -s {} < {}",
            quoted(file.signed.principal.as_str()),
            file.namespace.as_str(),
            quoted(&file.path),
            file.over
        );
    }
    format!(
        "How to check this finding without the program that made it
==========================================================

Finding digest   {digest}
read aloud       {phrase}
Roster digest    {roster}

1. No file has changed since the folder was written (every line must say OK):

sha256sum --strict -c SHA256SUMS

2. Every signature holds (every line must say Good \"…\" signature):

{checks}
3. The people signed exactly this plan and this rehearsal. `sha256sum` of the two files must be the values of
   \"plan_digest\" and \"rehearsal_digest\" in request.json:

sha256sum plan.json rehearsal.json
   plan.json        {plan}
   rehearsal.json   {rehearsal}

4. The plan binds the roster. `sha256sum roster.toml` must be the value of \"roster_digest\" in plan.json, and every key
   in allowed_signers must stand in roster.toml under the same person.

5. Count people, not signatures: at least two different people approved, none of them an agent, the requester
   ({requester}) or the last editor ({editor}).

`countersign finding verify FOLDER` does all of this, and makes every file again from finding.json.

What this does not prove
------------------------
- That the keys in roster.toml belong to these people. Ask another source for the roster's digest and compare:
  {groups}
- When anything was signed: an SSH signature holds no time. The ledger in the database holds the server's time.
- That the database is today as it is described here.
- That the ledger still holds entry {seq} with hash {head}:
  `countersign finding verify FOLDER --db CONNECTION` tells.
- That no further signature was left out of this folder.
",
        phrase = digest.phrase(),
        roster = Digest::of(subject.roster.as_bytes()),
        plan = subject.plan_digest,
        rehearsal = subject.rehearsal_digest,
        requester = subject.plan.requester.as_str().escape_debug(),
        editor = subject
            .plan
            .editor
            .as_ref()
            .map_or_else(|| "none named".to_owned(), |it| it.as_str().escape_debug().to_string()),
        groups = Digest::of(subject.roster.as_bytes()).groups(),
        seq = finding.ledger_seq.escape_debug(),
        head = finding.ledger_head,
    )
}

/// Writes a word for a POSIX shell; plain ones stay as they are.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+@/".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.escape_debug().to_string().replace('\'', "'\\''"))
}
