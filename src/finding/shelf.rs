//! Takes the findings of a ledger in their order; gives them numbered, each document once, with whoever signed it; refuses
//! to count an entry that holds no finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{kind_words, sort};
use super::{FindingKind, FindingSort, to_be_signed};
use crate::approval::SignedBytes;
use crate::digest::Digest;
use crate::runbook::Principal;

/// Every finding of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// The findings, the oldest first.
    pub findings: Vec<Shelved>,
}

/// A finding as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// Its number: the place of its first entry among the finding entries, from 1.
    pub number: usize,
    /// The numbers of later entries that hold the same document with further signatures.
    pub also: Vec<usize>,
    /// Its first ledger entry.
    pub seq: u64,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its place among the ledger's finding entries, from 0: there its bytes are.
    pub at: usize,
    /// What a list tells of it; `None` when this version cannot read it.
    pub card: Option<Card>,
    /// Every signature the ledger holds over it, each once; not yet verified.
    pub signatures: Vec<SignedBytes>,
    /// Whether it waits for its writer's signature.
    pub waits: bool,
}

/// What a list tells of a finding. There may be thousands, so the evidence is skipped; whoever opens one reads it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is sorted by.
    pub sort: FindingSort,
    /// What kind of finding it is, in words.
    pub kind: &'static str,
    /// Its headline.
    pub headline: String,
    /// The writer's words.
    pub words: String,
    /// Who wrote it.
    pub writer: Principal,
    /// When, by the writer's desk.
    pub written_at: Timestamp,
    /// Who approved the run that it is about; nobody when it is about something else.
    pub reviewers: Vec<Principal>,
}

#[derive(Deserialize)]
struct Read {
    kind: FindingKind,
    headline: String,
    words: String,
    writer: Principal,
    written_at: Timestamp,
    subject: ReadSubject,
}

#[derive(Deserialize)]
struct ReadSubject {
    plan: Option<ReadPlan>,
    #[serde(default)]
    approvals: Vec<ReadSigned>,
    outcome: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ReadPlan {
    restore: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ReadSigned {
    principal: Principal,
}

impl Card {
    /// Reads the card of a finding; `None` when the text is none.
    #[must_use]
    pub fn read(document: &str) -> Option<Self> {
        let Read { kind, headline, words, writer, written_at, subject } = serde_json::from_str(document).ok()?;
        let is_restore = subject.plan.is_some_and(|plan| plan.restore.is_some());
        let sort = sort(kind, is_restore);
        let was_run = subject.outcome.is_some();
        let reviewers = subject.approvals.into_iter().map(|signed| signed.principal).filter(|_| was_run).collect();
        Some(Self { sort, kind: kind_words(kind, sort), headline, words, writer, written_at, reviewers })
    }
}

impl Shelf {
    /// Puts the findings of a ledger on the shelf: entry, document, signatures.
    #[must_use]
    pub fn of(entries: &[(u64, String, Vec<SignedBytes>)]) -> Self {
        let waiting = to_be_signed(entries);
        let mut shelf = Self::default();
        let mut places: BTreeMap<Digest, usize> = BTreeMap::new();
        for (number, (seq, document, signatures)) in (1..).zip(entries) {
            let digest = Digest::of(document.as_bytes());
            let next = shelf.findings.len();
            let place = *places.entry(digest).or_insert(next);
            // A counter-signature is a further entry with the same document.
            match shelf.findings.get_mut(place) {
                Some(kept) => {
                    kept.also.push(number);
                    let more = signatures.iter().filter(|signed| !kept.signatures.contains(signed));
                    let more: Vec<SignedBytes> = more.cloned().collect();
                    kept.signatures.extend(more);
                }
                None => shelf.findings.push(Shelved {
                    number,
                    also: Vec::new(),
                    seq: *seq,
                    digest,
                    at: number - 1,
                    card: Card::read(document),
                    signatures: signatures.clone(),
                    waits: waiting.contains(seq),
                }),
            }
        }
        shelf
    }

    /// Finds a finding by its number: `7`, `no.7`, or the beginning of its digest.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Shelved> {
        let name = name.trim().to_ascii_lowercase();
        let number = name.trim_start_matches("no.").trim_start_matches('#').trim().parse::<usize>();
        if let Ok(number) = number {
            return self.findings.iter().find(|kept| kept.number == number || kept.also.contains(&number));
        }
        // Eight digits name one of many thousands.
        let mut fits =
            self.findings.iter().filter(|kept| name.len() >= 8 && kept.digest.to_string().starts_with(&name));
        fits.next().filter(|_| fits.next().is_none())
    }

    /// Returns the findings in the order people look for them: those to be signed first, then the newest.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Shelved> {
        let (waits, kept): (Vec<&Shelved>, Vec<&Shelved>) = self.findings.iter().rev().partition(|kept| kept.waits);
        waits.into_iter().chain(kept).collect()
    }
}

impl Shelved {
    /// Returns its title, such as `Finding No. 7`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Finding No. {}", self.number)
    }

    /// Returns who is said to have signed it, each once, in the order they signed.
    #[must_use]
    pub fn signers(&self) -> Vec<&Principal> {
        let mut known = BTreeSet::new();
        self.signatures.iter().map(|signed| &signed.principal).filter(|who| known.insert(*who)).collect()
    }

    /// Returns whose counter-signature is still offered: the people who approved the run that this signed finding is about.
    #[must_use]
    pub fn to_countersign(&self) -> Vec<Principal> {
        let signed = self.signers();
        match &self.card {
            Some(card) if signed.contains(&&card.writer) => {
                card.reviewers.iter().filter(|who| !signed.contains(who)).cloned().collect()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Returns whether what somebody looks for stands in it: every word in the headline, the words, a name, a number.
    #[must_use]
    pub fn is_found(&self, wanted: &str) -> bool {
        let mut text = format!("no. {} {} ", self.number, self.digest);
        if let Some(card) = &self.card {
            text += &format!("{} {} {} {}", card.headline, card.words, card.writer, card.kind);
        }
        for who in self.signers() {
            text += &format!(" {who}");
        }
        let text = text.to_lowercase();
        wanted.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::Shelf;
    use crate::approval::fixture::sign;
    use crate::approval::{Namespace, SignedBytes};
    use crate::finding::tests::{finding, subject};
    use crate::plan::canonical;

    #[test]
    fn a_document_stands_once_under_the_number_of_its_first_entry() {
        let (first, mut other) = (finding(subject()), finding(subject()));
        "Đã hoàn tất".clone_into(&mut other.words);
        let text = |finding| canonical(finding).unwrap();
        let by = |who: &str| sign(who, Namespace::Finding, text(&first).as_bytes());
        let entries = [
            (11, "{".to_owned(), Vec::<SignedBytes>::new()),
            (12, text(&first), vec![by("khoa")]),
            (15, text(&other), Vec::new()),
            (19, text(&first), vec![by("khoa"), by("lan")]),
        ];
        let shelf = Shelf::of(&entries);
        let seen: Vec<String> = shelf.in_order().iter().map(|kept| kept.title()).collect();
        // The unsigned one is settled by the later entry about the same request.
        assert_eq!(seen, ["Finding No. 3", "Finding No. 2", "Finding No. 1"]);
        let kept = shelf.find("No. 4").unwrap();
        assert_eq!((kept.number, kept.seq, kept.also.as_slice(), kept.signatures.len()), (2, 12, &[4][..], 2));
        assert_eq!(shelf.find(&kept.digest.to_string()[..8]).map(|kept| kept.number), Some(2));
        assert!(shelf.find("9").is_none() && shelf.find("").is_none() && shelf.find("1").unwrap().card.is_none());
        assert!(kept.is_found("COMMITTED lan") && !kept.is_found("committed nobody"));
        assert!(shelf.find("3").unwrap().is_found("hoàn tất"));
        let offered = |kept: &super::Shelved| kept.to_countersign().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(offered(kept), ["minh@example.test"]);
        assert!(offered(shelf.find("3").unwrap()).is_empty(), "its writer comes first");
    }
}
