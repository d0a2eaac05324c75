//! Takes a signed finding; gives a folder that people read and stock tools check; refuses text that is no finding.
//!
//! Every file follows from the finding's bytes and its signatures, so that verification can make each of them again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::cited::Cited;
use super::html::render_form;
use super::instructions::instructions;
use super::markdown::to_markdown;
use super::signed::roster_versions;
pub(super) use super::signed::{Over, read_signatures, signature_files};
use super::subject::Subject;
use super::{Finding, pdf, told};
use crate::approval::{Namespace, Roster, SignedBytes, allowed_signers_for, parse_roster};
use crate::digest::Digest;
use crate::ledger::{Body, hashed_text};
use crate::plan::{canonical, read_strict};

/// Which files a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the first version wrote it: without `finding.md` and `finding.pdf`, and the person's words as they were typed.
    First,
    /// As it is written now.
    Second,
}

/// The purposes that the first form's files know, in their order.
const FIRST: [Namespace; 10] = [
    Namespace::Stage,
    Namespace::Run,
    Namespace::Reject,
    Namespace::Withdraw,
    Namespace::Operate,
    Namespace::Finding,
    Namespace::Restart,
    Namespace::Roster,
    Namespace::Stop,
    Namespace::Restore,
];
/// Those of the second form. A purpose that is added later is for the form that is added with it.
const SECOND: [Namespace; 11] = [
    Namespace::Stage,
    Namespace::Run,
    Namespace::Reject,
    Namespace::Withdraw,
    Namespace::Operate,
    Namespace::Finding,
    Namespace::Restart,
    Namespace::Roster,
    Namespace::Stop,
    Namespace::Restore,
    Namespace::Record,
];

impl Form {
    fn signers(self, roster: &Roster) -> String {
        match self {
            Self::First => allowed_signers_for(roster, &FIRST),
            Self::Second => allowed_signers_for(roster, &SECOND),
        }
    }

    /// Says in which form a folder was written.
    pub(super) fn of(finding: &Finding, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let has_more = files.contains_key("finding.pdf") || files.contains_key("finding.md");
        match &finding.subject {
            Subject::Request(_) if !has_more => Self::First,
            Subject::Request(_) | Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => Self::Second,
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
    export_form(&finding, finding_text, signatures, Form::Second)
}

pub(super) fn export_form(
    finding: &Finding,
    finding_text: &str,
    signatures: &[SignedBytes],
    form: Form,
) -> BTreeMap<String, Vec<u8>> {
    let digest = Digest::of(finding_text.as_bytes());
    let signed = signature_files(finding, signatures);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut put = |path: &str, bytes: Vec<u8>| drop(files.insert(path.to_owned(), bytes));
    put("finding.json", finding_text.as_bytes().to_vec());
    for (path, text) in parts(finding, form) {
        put(&path, text.into_bytes());
    }
    for (number, document, text) in roster_versions(finding) {
        put(&format!("rosters/{number}.json"), document.into_bytes());
        let signers = parse_roster(&text).as_ref().map(|roster| form.signers(roster)).unwrap_or_default();
        put(&format!("rosters/{number}.toml"), text.into_bytes());
        put(&format!("rosters/{number}.allowed_signers"), signers.into_bytes());
    }
    put("finding.html", render_form(finding, digest, signatures, form).into_bytes());
    if form == Form::Second {
        let page = told::tell(finding, digest, signatures);
        put("finding.md", to_markdown(&page).into_bytes());
        put("finding.pdf", pdf::render(&page, &pdf::Marks::of(finding, digest)));
    }
    put("VERIFY.txt", instructions(finding, digest, &signed, form).into_bytes());
    for file in &signed {
        put(&file.path, file.signed.signature.clone().into_bytes());
    }
    let mut sums = String::new();
    for (path, bytes) in &files {
        let _ = writeln!(sums, "{}  {path}", Digest::of(bytes));
    }
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    files
}

/// Renders a finding as text for a ticket, and for a comparison with another one.
#[must_use]
pub fn render_markdown(finding: &Finding, digest: Digest, signatures: &[SignedBytes]) -> String {
    to_markdown(&told::tell(finding, digest, signatures))
}

/// The documents that the finding holds, each as a file of its own.
fn parts(finding: &Finding, form: Form) -> Vec<(String, String)> {
    let file = |path: &str, text: String| (path.to_owned(), text);
    let mut files = Vec::new();
    let cited = match &finding.subject {
        Subject::Request(subject) => {
            files.push(file("plan.json", part(&subject.plan)));
            files.push(file("rehearsal.json", part(&subject.rehearsal)));
            files.push(file("request.json", part(&subject.request)));
            files.push(file("roster.toml", subject.roster.clone()));
            let roster = parse_roster(&subject.roster).ok();
            files.push(file("allowed_signers", roster.as_ref().map(|roster| form.signers(roster)).unwrap_or_default()));
            return files;
        }
        Subject::Stop(subject) => &subject.cited,
        Subject::Restart(subject) => &subject.cited,
        Subject::Comparison(subject) => {
            files.push(file("baselines/left.json", part(&subject.left)));
            files.push(file("baselines/right.json", part(&subject.right)));
            &subject.cited
        }
    };
    let roster = cited.roster().ok();
    let roster = roster.as_ref().map(crate::approval::RosterVersion::roster);
    files.push(file("roster.toml", roster.map(|roster| roster.text.clone()).unwrap_or_default()));
    files.push(file("allowed_signers", roster.map(|roster| form.signers(roster)).unwrap_or_default()));
    files.extend(entries(cited));
    files
}

/// The text of each entry as it was hashed, and every document in it that somebody signed.
fn entries(cited: &Cited) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut sums = String::new();
    for entry in &cited.entries {
        let path = format!("entries/{}.txt", entry.seq);
        let _ = writeln!(sums, "{}  {path}", entry.hash);
        files.push((path, hashed_text(entry)));
        match serde_json::from_str(&entry.body) {
            Ok(Body::Restart { document, .. }) => {
                files.push((Over::Paper { seq: entry.seq, version: 0 }.path(), document));
            }
            Ok(Body::Stopped { detail: Some(detail), .. }) => {
                let declared = detail.declared.map(|declared| declared.document);
                files.extend(declared.map(|text| (Over::Stop { seq: entry.seq, version: 0 }.path(), text)));
            }
            Ok(_) | Err(_) => {}
        }
    }
    files.push(("entries/SHA256SUMS".to_owned(), sums));
    files
}

fn part<T: Serialize>(document: &T) -> String {
    canonical(document).expect("BUG: a part of a canonical finding has no canonical text")
}
