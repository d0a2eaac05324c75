//! Findings that stand on ledger entries: a stop, a restart, two baselines.

use super::Judge;
use crate::approval::{Governed, RosterPlace, RosterVersion, SignedBytes};
use crate::census::held;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::finding::cited::{Cited, beside, check_declaration};
use crate::finding::export::{Over, signature_files};
use crate::finding::subject::{ComparisonSubject, RestartSubject, StopSubject};
use crate::ledger::{Body, KeptPaper, Lift, StopState};
use crate::plan::canonical;

impl Judge {
    pub(super) fn stop(&mut self, finding: &Finding, subject: &StopSubject, text: &str, signatures: &[SignedBytes]) {
        self.cited(finding, &subject.cited, text, signatures);
        let again = StopSubject::of(&subject.cited.entries, &subject.cited.target, subject.stop);
        self.chosen(again.map(|again| again == *subject));
        match subject.seen() {
            Err(reason) => self.refused.push(reason),
            Ok(seen) => {
                self.proved.push(format!(
                    "Ledger entry {} latched the stop, at {} by the server's clock.",
                    seen.stop.seq, seen.stop.at
                ));
                self.declared(&subject.cited, &seen.stop);
                if let Some(kept) = &seen.divergence {
                    self.paper(kept);
                }
            }
        }
        self.written(finding);
    }

    pub(super) fn restart(
        &mut self,
        finding: &Finding,
        subject: &RestartSubject,
        text: &str,
        signatures: &[SignedBytes],
    ) {
        self.cited(finding, &subject.cited, text, signatures);
        let again = RestartSubject::of(&subject.cited.entries, &subject.cited.target, subject.restart);
        self.chosen(again.map(|again| again == *subject));
        match subject.seen() {
            Err(reason) => self.refused.push(reason),
            Ok(lift) => self.lifted(&subject.cited, &lift),
        }
        self.written(finding);
    }

    fn lifted(&mut self, cited: &Cited, lift: &Lift) {
        for stop in &lift.stops {
            self.declared(cited, stop);
        }
        for kept in &lift.papers {
            self.paper(kept);
        }
        let stops: Vec<String> = lift.stops.iter().map(|stop| stop.seq.to_string()).collect();
        self.proved.push(format!(
            "Together they meet every gate: ledger entry {} lifted the stop of entry {}, at {} by the server's clock.",
            lift.seq,
            stops.join(" and "),
            lift.at
        ));
    }

    pub(super) fn comparison(
        &mut self,
        finding: &Finding,
        subject: &ComparisonSubject,
        text: &str,
        signatures: &[SignedBytes],
    ) {
        self.cited(finding, &subject.cited, text, signatures);
        let again = Cited::of_roster(&subject.cited.entries, &subject.cited.target);
        self.chosen(again.map(|again| again == subject.cited));
        let digests = [("left", &subject.left, subject.left_digest), ("right", &subject.right, subject.right_digest)];
        for (which, baseline, listed) in digests {
            match canonical(baseline).map(|text| Digest::of(text.as_bytes())) {
                Ok(actual) if actual == listed => {}
                Ok(actual) => {
                    self.refused.push(format!("the finding names the {which} baseline {listed}, but it is {actual}"));
                }
                Err(error) => self.refused.push(format!("the {which} baseline: {error}")),
            }
        }
        // Whatever a runbook expects, two answers are only compared with each other.
        let is_held = subject.checks.iter().all(|check| held(check) == *check);
        let ignored = subject.comparison.rows.iter().find(|row| subject.ignored.contains(&row.id));
        let mut left_out = subject.left.census.readings.keys().chain(subject.right.census.readings.keys());
        let left_out =
            left_out.find(|id| !subject.ignored.contains(id) && subject.checks.iter().all(|check| check.id != **id));
        if let Some(row) = ignored {
            self.refused.push(format!("the check {} is said to be ignored, and is compared", row.id));
        }
        if let Some(id) = left_out {
            self.refused.push(format!("the check {id} is left out and not named among those ignored"));
        }
        self.hold(
            is_held && beside(&subject.left, &subject.right, &subject.checks) == subject.comparison,
            format!("The two baselines compare as it says, {} rows.", subject.comparison.rows.len()),
            "the comparison does not follow from the two baselines",
        );
        self.written(finding);
    }

    /// Every entry has the hash it holds, the roster's history holds, and every signature over the finding and its papers.
    fn cited(&mut self, finding: &Finding, cited: &Cited, text: &str, signatures: &[SignedBytes]) {
        match cited.forged() {
            None => self.proved.push(format!(
                "Each of the {} ledger entries in it has the hash it is listed with.",
                cited.entries.len()
            )),
            Some(entry) => {
                let seq = entry.seq;
                self.refused.push(format!("ledger entry {seq} was rewritten: its fields do not have its hash"));
            }
        }
        let head = finding.ledger_seq.parse::<u64>().ok();
        if let Some(later) = cited.entries.iter().find(|entry| head.is_none_or(|head| entry.seq > head)) {
            let known = finding.ledger_seq.escape_debug();
            self.refused
                .push(format!("it cites ledger entry {}, but knows the ledger up to entry {known} only", later.seq));
        }
        let version = match self.roster(cited) {
            Ok(version) => version,
            Err(reason) => return self.refused.push(reason),
        };
        for file in signature_files(finding, signatures) {
            if file.over == Over::Finding {
                self.signature(version.roster(), &file, text, finding.written_at);
            }
        }
    }

    /// D-72: the roster is the last of a history in which every version was countersigned, and nothing else stands in it.
    fn roster(&mut self, cited: &Cited) -> Result<RosterVersion, String> {
        let governed = Governed::of(&cited.deeds(), RosterPlace::of(&cited.target));
        if let Some((_, refusal)) = governed.refused().first() {
            return Err(format!("the history of the roster does not hold: {refusal}"));
        }
        let version = cited.roster()?;
        let signers: Vec<&str> = version.signed().iter().map(|it| it.principal.as_str()).collect();
        self.proved.push(format!(
            "Roster version {} was in force since {}: {} signed it, and its history holds from version 1 on.",
            version.version(),
            version.since(),
            signers.join(" and ")
        ));
        Ok(version)
    }

    fn chosen(&mut self, again: Result<bool, String>) {
        match again {
            Ok(true) => {}
            Ok(false) => self.refused.push("it cites other ledger entries than those it follows from".to_owned()),
            Err(reason) => self.refused.push(reason),
        }
    }

    /// A paper that the halt has taken: its signature was checked there, by the roster in force then.
    fn paper(&mut self, kept: &KeptPaper) {
        self.proved.push(format!("{} {}, with the key {}.", kept.paper.by, kept.paper.act.words(), kept.fingerprint));
        self.signatures.push(super::VerifiedSignature {
            principal: kept.paper.by.clone(),
            file: Over::Paper { seq: kept.seq, version: 0 }.path(),
            namespace: kept.paper.act.namespace().as_str().to_owned(),
            fingerprint: kept.fingerprint.clone(),
        });
    }

    fn declared(&mut self, cited: &Cited, stop: &StopState) {
        let Some(checked) = check_declaration(cited, stop) else { return };
        let declared = cited.entries.iter().filter(|entry| entry.seq == stop.seq);
        let by = declared.filter_map(|entry| serde_json::from_str(&entry.body).ok()).find_map(|body| match body {
            Body::Stopped { detail, .. } => detail?.declared.map(|declared| declared.signature.principal),
            _ => None,
        });
        let Some(by) = by else { return };
        match checked {
            Ok(fingerprint) => {
                self.proved.push(format!("{by} declared the stop, with the key {fingerprint}."));
                self.signatures.push(super::VerifiedSignature {
                    principal: by,
                    file: Over::Stop { seq: stop.seq, version: 0 }.path(),
                    namespace: crate::approval::Namespace::Stop.as_str().to_owned(),
                    fingerprint,
                });
            }
            Err(reason) => self.refused.push(format!("what {by} signed to declare the stop does not hold: {reason}")),
        }
    }
}
