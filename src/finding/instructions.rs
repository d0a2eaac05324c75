//! Takes a finding and its signatures; gives VERIFY.txt: how stock tools check the folder, and what they cannot prove.

use std::fmt::Write as _;

use super::export::Form;
use super::signed::{Over, SignatureFile, deeds, roster_versions};
use super::subject::Subject;
use super::{Finding, FindingSubject};
use crate::approval::{RosterAct, SignedBytes, parse_roster};
use crate::digest::Digest;

/// Writes VERIFY.txt.
pub(super) fn instructions(finding: &Finding, digest: Digest, signed: &[SignatureFile], form: Form) -> String {
    match &finding.subject {
        Subject::Request(subject) => about_request(finding, subject, digest, signed, form),
        Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => about_entries(finding, digest, signed),
    }
}

fn checks(finding: &Finding, signed: &[SignatureFile]) -> String {
    let mut checks = String::new();
    for file in signed {
        let _ = writeln!(
            checks,
            "ssh-keygen -Y verify{} -f {} -I {} -n {} -s {} < {}",
            verify_time(finding, file.over, &file.signed),
            file.over.signers(),
            quoted(file.signed.principal.as_str()),
            file.namespace.as_str(),
            quoted(&file.path),
            file.over.path()
        );
    }
    checks
}

fn renderings(form: Form) -> &'static str {
    match form {
        Form::First => "",
        Form::Second => {
            ":\nfinding.html, finding.md and finding.pdf are made from it alone, and one that was edited is named"
        }
    }
}

fn about_request(
    finding: &Finding,
    subject: &FindingSubject,
    digest: Digest,
    signed: &[SignatureFile],
    form: Form,
) -> String {
    let checks = checks(finding, signed);
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

`countersign finding verify FOLDER` does all of this, and makes every file again from finding.json{renderings}.

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
        renderings = renderings(form),
    )
}

fn about_entries(finding: &Finding, digest: Digest, signed: &[SignatureFile]) -> String {
    let checks = checks(finding, signed);
    let roster = roster_versions(finding).last().map(|(_, _, text)| Digest::of(text.as_bytes()));
    let of_roster = |words: fn(Digest) -> String| roster.map_or_else(|| "unknown".to_owned(), words);
    let (subject, limit) = match &finding.subject {
        Subject::Request(_) | Subject::Stop(_) => (
            "   papers/N.json is the divergence finding about the stop, when one was signed; stops/N.json is what somebody\n   \
             signed to declare it. Both stand word for word in the entry of the same number."
                .to_owned(),
            "- Whether the stop still holds: the ledger in the database tells.",
        ),
        Subject::Restart(_) => (
            "   papers/N.json stands word for word in entries/N.txt. Each paper names the stop by the number and hash of its\n   \
             entry, and each but the first names the divergence finding (the paper signed for countersign-finding) by its\n   \
             digest: `sha256sum papers/*.json`. A restart needs that paper, the sovereign's signed for countersign-restart,\n   \
             one for countersign-record a gate, and two different people."
                .to_owned(),
            "- That no stop or paper between these entries was left out: the ledger in the database tells.",
        ),
        Subject::Comparison(subject) => (
            format!(
                "   The baselines are baselines/left.json and baselines/right.json. `sha256sum baselines/*.json` must say:\n   \
                 left   {}\n   right  {}",
                subject.left_digest, subject.right_digest
            ),
            "- That the baselines say what the databases answered: whoever signed this says so.",
        ),
    };
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
3. The ledger entries are those the database hashed (every line must say OK). Each entry holds the hash of the one
   before it, and \"entries\" in finding.json holds the same fields:

sha256sum --strict -c entries/SHA256SUMS

4. What the entries hold:
{subject}

5. The roster is the newest file rosters/N.toml, and every key in an allowed_signers file must stand in the roster of that
   version under the same person. Version 1 is signed by everybody human on it, each later one by two reviewers of the
   version before it; each rosters/N.json names the digest of rosters/N.toml, and as \"previous\" that of the document
   before.

`countersign finding verify FOLDER` does all of this, judges the papers by the very code that lifts a stop, and makes every
file again from finding.json: finding.html, finding.md and finding.pdf are made from it alone, and one that was edited is named.

What this does not prove
------------------------
- That the keys in roster.toml belong to these people. Ask another source for the roster's digest and compare:
  {groups}
- When anything was signed: an SSH signature holds no time. The ledger in the database holds the server's time.
- That the database is today as it is described here.
- That the ledger still holds entry {seq} with hash {head}:
  `countersign finding verify FOLDER --db CONNECTION` tells.
{limit}
- That no further signature was left out of this folder.
",
        phrase = digest.phrase(),
        roster = of_roster(|digest| digest.to_string()),
        groups = of_roster(|digest| digest.groups()),
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
    if !roster_versions(finding).iter().any(|(_, _, text)| is_limited(text)) {
        return String::new();
    }
    let of_entry = |seq: u64| {
        let cited = match &finding.subject {
            Subject::Request(_) => return None,
            Subject::Stop(subject) => &subject.cited,
            Subject::Restart(subject) => &subject.cited,
            Subject::Comparison(subject) => &subject.cited,
        };
        cited.entries.iter().find(|entry| entry.seq == seq)?.at.parse().ok()
    };
    let at = match over {
        Over::Request => finding.about().map(|subject| subject.used_at),
        Over::Finding => Some(finding.written_at),
        Over::Paper { seq, version: _ } | Over::Stop { seq, version: _ } => of_entry(seq),
        Over::Roster { .. } => {
            let of = |act: &RosterAct| match act {
                RosterAct::Proposed { signature, .. } | RosterAct::Approved { signature, .. } => signature == signed,
                RosterAct::Withdrawn { .. } => false,
            };
            deeds(finding).iter().find(|deed| of(&deed.act)).and_then(|deed| deed.at.parse().ok())
        }
    };
    format!(" -Overify-time={}", at.unwrap_or(finding.written_at).strftime("%Y%m%d%H%M%SZ"))
}

/// Writes a word for a POSIX shell; plain ones stay as they are.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+@/".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.escape_debug().to_string().replace('\'', "'\\''"))
}
