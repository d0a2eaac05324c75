//! Takes a signed finding; gives a folder that people read and stock tools check; refuses text that is no finding.
//!
//! Every file follows from the finding's bytes and its signatures, so that verification can make each of them again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Finding, FindingSubject, render_html};
use crate::approval::{Namespace, RosterAct, SignedBytes, allowed_signers, parse_roster};
use crate::digest::Digest;
use crate::plan::{canonical, read_strict};
use crate::runbook::Principal;

/// A signature in an exported folder.
pub(super) struct SignatureFile<'a> {
    /// Where it is.
    pub(super) path: String,
    /// What it is for.
    pub(super) namespace: Namespace,
    /// What it is over.
    pub(super) over: Over,
    /// Who, and the armour.
    pub(super) signed: &'a SignedBytes,
}

/// What a signature of the folder is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The request.
    Request,
    /// The finding.
    Finding,
    /// A version of the roster, signed by the people of the version before it, or of the first one by its own.
    Roster {
        /// The version.
        version: u32,
    },
}

impl Over {
    /// Returns the file it is over.
    pub(super) fn path(self) -> String {
        match self {
            Self::Request => "request.json".to_owned(),
            Self::Finding => "finding.json".to_owned(),
            Self::Roster { version } => format!("rosters/{version}.json"),
        }
    }

    /// Returns the file that says whose keys count for it.
    fn signers(self) -> String {
        match self {
            Self::Request | Self::Finding => "allowed_signers".to_owned(),
            Self::Roster { version } => format!("rosters/{}.allowed_signers", version.max(2) - 1),
        }
    }
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
    for (number, document, text) in roster_versions(subject) {
        put(&format!("rosters/{number}.json"), document.to_owned());
        put(&format!("rosters/{number}.toml"), text.to_owned());
        let signers = parse_roster(text).as_ref().map(allowed_signers).unwrap_or_default();
        put(&format!("rosters/{number}.allowed_signers"), signers);
    }
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
    let on_request = |path: String, namespace, signed| SignatureFile { path, namespace, over: Over::Request, signed };
    let mut files = vec![on_request("requested.sig".to_owned(), Namespace::Stage, &subject.requested)];
    for (number, signed) in (1..).zip(&subject.approvals) {
        files.push(on_request(
            numbered("approvals", number, &signed.principal),
            Namespace::of(subject.request.verb),
            signed,
        ));
    }
    if let Some(signed) = &subject.operated {
        files.push(on_request("operated.sig".to_owned(), Namespace::Operate, signed));
    }
    for (number, signed) in (1..).zip(signatures) {
        let path = numbered("signatures", number, &signed.principal);
        files.push(SignatureFile { path, namespace: Namespace::Finding, over: Over::Finding, signed });
    }
    let (mut version, mut number) = (0, 0);
    for deed in &subject.roster_history {
        let signed = match &deed.act {
            RosterAct::Proposed { signature, .. } => {
                (version, number) = (version + 1, 0);
                signature
            }
            RosterAct::Approved { signature, .. } => signature,
            // No part of what brings a roster into force; verification says so.
            RosterAct::Withdrawn { .. } => continue,
        };
        number += 1;
        let path = numbered(&format!("rosters/{version}"), number, &signed.principal);
        files.push(SignatureFile { path, namespace: Namespace::Roster, over: Over::Roster { version }, signed });
    }
    files
}

/// The versions of the roster up to the one that counted: number, document and text.
fn roster_versions(subject: &FindingSubject) -> impl Iterator<Item = (u32, &str, &str)> {
    let proposed = subject.roster_history.iter().filter_map(|deed| match &deed.act {
        RosterAct::Proposed { document, roster, signature: _ } => Some((document.as_str(), roster.as_str())),
        RosterAct::Approved { .. } | RosterAct::Withdrawn { .. } => None,
    });
    (1..).zip(proposed).map(|(number, (document, roster))| (number, document, roster))
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

fn instructions(finding: &Finding, digest: Digest, signed: &[SignatureFile<'_>]) -> String {
    let subject = &finding.subject;
    let mut checks = String::new();
    for file in signed {
        let _ = writeln!(
            checks,
            "ssh-keygen -Y verify{} -f {} -I {} -n {} -s {} < {}",
            verify_time(finding, file.over, file.signed),
            file.over.signers(),
            quoted(file.signed.principal.as_str()),
            file.namespace.as_str(),
            quoted(&file.path),
            file.over.path()
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

4. The plan binds the roster. `sha256sum roster.toml` must be the value of \"roster_digest\" in plan.json, the newest
   file rosters/N.toml must be the same, N must be its \"roster_version\", and every key in an allowed_signers file must
   stand in the roster of that version under the same person. Version 1 is signed by everybody human on it, each later one
   by two reviewers of the version before it; each rosters/N.json names the digest of rosters/N.toml, and as \"previous\" that
   of the document before.

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

/// The moment at which the signature was used, where a key counts for a time only: ssh-keygen would take now.
fn verify_time(finding: &Finding, over: Over, signed: &SignedBytes) -> String {
    let is_limited = |text: &str| {
        let roster = parse_roster(text).ok();
        let mut keys = roster.iter().flat_map(|roster| &roster.people).flat_map(|person| &person.keys);
        keys.any(|key| !key.validity().is_empty())
    };
    if !roster_versions(&finding.subject).any(|(_, _, text)| is_limited(text)) {
        return String::new();
    }
    let at = match over {
        Over::Request => finding.subject.used_at,
        Over::Finding => finding.written_at,
        Over::Roster { .. } => {
            let of = |act: &RosterAct| match act {
                RosterAct::Proposed { signature, .. } | RosterAct::Approved { signature, .. } => signature == signed,
                RosterAct::Withdrawn { .. } => false,
            };
            let deed = finding.subject.roster_history.iter().find(|deed| of(&deed.act));
            deed.and_then(|deed| deed.at.parse().ok()).unwrap_or(finding.written_at)
        }
    };
    format!(" -Overify-time={}", at.strftime("%Y%m%d%H%M%SZ"))
}

/// Writes a word for a POSIX shell; plain ones stay as they are.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+@/".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.escape_debug().to_string().replace('\'', "'\\''"))
}
