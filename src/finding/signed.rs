//! Takes a finding; gives every signature of its folder with its place, its purpose, and what it is over.

use std::collections::BTreeMap;

use super::Finding;
use super::cited::{Cited, in_force};
use super::subject::Subject;
use crate::approval::{Namespace, RosterAct, RosterDeed, SignedBytes};
use crate::ledger::{Body, Entry, RestartPaper};
use crate::plan::read_strict;
use crate::runbook::Principal;

/// A signature in an exported folder.
pub(super) struct SignatureFile {
    /// Where it is.
    pub(super) path: String,
    /// What it is for.
    pub(super) namespace: Namespace,
    /// What it is over.
    pub(super) over: Over,
    /// Who, and the armour.
    pub(super) signed: SignedBytes,
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
    /// A paper of a restart.
    Paper {
        /// Its ledger entry.
        seq: u64,
        /// The version of the roster that was in force then.
        version: u32,
    },
    /// A stop that somebody declared.
    Stop {
        /// Its ledger entry.
        seq: u64,
        /// The version of the roster that was in force then.
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
            Self::Paper { seq, version: _ } => format!("papers/{seq}.json"),
            Self::Stop { seq, version: _ } => format!("stops/{seq}.json"),
        }
    }

    /// Returns the file that says whose keys count for it.
    pub(super) fn signers(self) -> String {
        match self {
            Self::Request | Self::Finding => "allowed_signers".to_owned(),
            Self::Roster { version } => format!("rosters/{}.allowed_signers", version.max(2) - 1),
            Self::Paper { seq: _, version } | Self::Stop { seq: _, version } => {
                format!("rosters/{}.allowed_signers", version.max(1))
            }
        }
    }
}

/// Every signature of the folder, in the order people read them.
pub(super) fn signature_files(finding: &Finding, signatures: &[SignedBytes]) -> Vec<SignatureFile> {
    let mut files = match &finding.subject {
        Subject::Request(subject) => {
            let on_request = |path: String, namespace, signed: &SignedBytes| SignatureFile {
                path,
                namespace,
                over: Over::Request,
                signed: signed.clone(),
            };
            let mut files = vec![on_request("requested.sig".to_owned(), Namespace::Stage, &subject.requested)];
            for (number, signed) in (1..).zip(&subject.approvals) {
                let path = numbered("approvals", number, &signed.principal);
                files.push(on_request(path, Namespace::of(subject.request.verb), signed));
            }
            if let Some(signed) = &subject.operated {
                files.push(on_request("operated.sig".to_owned(), Namespace::Operate, signed));
            }
            files
        }
        Subject::Stop(subject) => on_entries(&subject.cited),
        Subject::Restart(subject) => on_entries(&subject.cited),
        Subject::Comparison(subject) => on_entries(&subject.cited),
    };
    for (number, signed) in (1..).zip(signatures) {
        let path = numbered("signatures", number, &signed.principal);
        files.push(SignatureFile { path, namespace: Namespace::Finding, over: Over::Finding, signed: signed.clone() });
    }
    files.extend(on_rosters(finding));
    files
}

/// The signatures on papers and declared stops.
fn on_entries(cited: &Cited) -> Vec<SignatureFile> {
    let mut files = Vec::new();
    for (at, entry) in cited.entries.iter().enumerate() {
        let version = || version_before(&cited.entries[..at], cited);
        match serde_json::from_str(&entry.body) {
            Ok(Body::Restart { document, signature }) => {
                let namespace = read_strict::<RestartPaper>(&document).map(|paper| paper.act.namespace());
                files.push(SignatureFile {
                    path: of_entry("papers", entry, &signature.principal),
                    // What cannot be read is refused elsewhere; its signature is checked as the strictest kind.
                    namespace: namespace.unwrap_or(Namespace::Restart),
                    over: Over::Paper { seq: entry.seq, version: version() },
                    signed: signature,
                });
            }
            Ok(Body::Stopped { detail: Some(detail), .. }) => {
                if let Some(declared) = detail.declared {
                    files.push(SignatureFile {
                        path: of_entry("stops", entry, &declared.signature.principal),
                        namespace: Namespace::Stop,
                        over: Over::Stop { seq: entry.seq, version: version() },
                        signed: declared.signature,
                    });
                }
            }
            Ok(_) | Err(_) => {}
        }
    }
    files
}

fn version_before(before: &[Entry], cited: &Cited) -> u32 {
    in_force(before, &cited.target).or_else(|_| cited.roster()).map_or(1, |version| version.version())
}

fn on_rosters(finding: &Finding) -> Vec<SignatureFile> {
    let mut files = Vec::new();
    let (mut version, mut number) = (0, 0);
    for deed in deeds(finding) {
        let signed = match deed.act {
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

/// What the finding holds about the roster.
pub(super) fn deeds(finding: &Finding) -> Vec<RosterDeed> {
    match &finding.subject {
        Subject::Request(subject) => subject.roster_history.clone(),
        Subject::Stop(subject) => subject.cited.deeds(),
        Subject::Restart(subject) => subject.cited.deeds(),
        Subject::Comparison(subject) => subject.cited.deeds(),
    }
}

/// The versions of the roster up to the one that counted: number, document and text.
pub(super) fn roster_versions(finding: &Finding) -> Vec<(u32, String, String)> {
    let proposed = deeds(finding).into_iter().filter_map(|deed| match deed.act {
        RosterAct::Proposed { document, roster, signature: _ } => Some((document, roster)),
        RosterAct::Approved { .. } | RosterAct::Withdrawn { .. } => None,
    });
    (1..).zip(proposed).map(|(number, (document, roster))| (number, document, roster)).collect()
}

/// `papers/41-lan@example.test.sig`.
fn of_entry(folder: &str, entry: &Entry, principal: &Principal) -> String {
    format!("{folder}/{}-{}.sig", entry.seq, harmless(principal))
}

/// `signatures/1-lan@example.test.sig`.
fn numbered(folder: &str, number: usize, principal: &Principal) -> String {
    format!("{folder}/{number}-{}.sig", harmless(principal))
}

/// A name that could lead out of the folder is made harmless.
fn harmless(principal: &Principal) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | '@');
    principal.as_str().chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect()
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
