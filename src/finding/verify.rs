//! Takes an exported folder; says what is proved and what is not.

mod entries;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::against::LEFT_OUT;
use super::export::{Form, Over, export_form, read_signatures, signature_files};
use super::headline::{format_of, headline, kind};
use super::signed::{self, SignatureFile};
use super::subject::Subject;
use super::{Finding, FindingSubject};
use crate::approval::{
    ApprovalRefusal, Governed, Roster, RosterPlace, RosterVersion, SignedBytes, bound, check_operated, check_requested,
    rehearsal_failure, standing, verify,
};
use crate::digest::Digest;
use crate::plan::{SealedPlan, canonical, read_strict};
use crate::run::Outcome;
use crate::runbook::Principal;

/// What verification of an exported finding proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The finding, when its bytes could be read.
    pub finding: Option<Finding>,
    /// The digest of its bytes.
    pub digest: Option<Digest>,
    /// Every signature that was checked and holds.
    pub signatures: Vec<VerifiedSignature>,
    /// What holds, in sentences.
    pub proved: Vec<String>,
    /// What does not hold, in sentences; empty when the finding verifies.
    pub refused: Vec<String>,
    /// What nothing here can prove, in sentences.
    pub not_proved: Vec<String>,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedSignature {
    /// Who.
    pub principal: Principal,
    /// Over which file.
    pub file: String,
    /// What for.
    pub namespace: String,
    /// The key's `SHA256:…` fingerprint.
    pub fingerprint: String,
}

impl Verification {
    /// Returns whether nothing was refused.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.finding.is_some() && self.refused.is_empty()
    }
}

/// Verifies an exported finding: makes every file again from `finding.json`, and checks digests, signatures and rules.
#[must_use]
pub fn verify_export(files: &BTreeMap<String, Vec<u8>>) -> Verification {
    let mut judge = Judge::default();
    let Some(bytes) = files.get("finding.json") else {
        judge.refused.push("finding.json is missing; choose the folder that holds it".to_owned());
        return judge.verdict(None, None);
    };
    let read = std::str::from_utf8(bytes).map_err(|error| error.to_string());
    let read = read.and_then(|text| Ok((text, read_strict::<Finding>(text).map_err(|error| error.to_string())?)));
    let (text, finding) = match read {
        Ok(read) => read,
        Err(reason) => {
            judge.refused.push(format!("finding.json: {reason}"));
            return judge.verdict(None, None);
        }
    };
    let digest = Digest::of(bytes);
    judge.proved.push(format!("finding.json is in canonical form; its digest is {digest}."));
    let signatures = read_signatures(files);
    judge.files(files, &finding, text, &signatures);
    judge.story(&finding);
    match &finding.subject {
        Subject::Request(subject) => {
            judge.story_of_request(subject);
            judge.people(&finding, subject, text, &signatures);
        }
        Subject::Stop(subject) => judge.stop(&finding, subject, text, &signatures),
        Subject::Restart(subject) => judge.restart(&finding, subject, text, &signatures),
        Subject::Comparison(subject) => judge.comparison(&finding, subject, text, &signatures),
    }
    judge.limits(&finding);
    judge.verdict(Some(finding), Some(digest))
}

#[derive(Default)]
struct Judge {
    signatures: Vec<VerifiedSignature>,
    proved: Vec<String>,
    refused: Vec<String>,
    not_proved: Vec<String>,
}

impl Judge {
    fn verdict(self, finding: Option<Finding>, digest: Option<Digest>) -> Verification {
        let Self { signatures, proved, refused, not_proved } = self;
        Verification { finding, digest, signatures, proved, refused, not_proved }
    }

    /// Adds a sentence to what is proved or to what is refused.
    fn hold(&mut self, holds: bool, proved: impl Into<String>, refused: impl Into<String>) {
        if holds {
            self.proved.push(proved.into());
        } else {
            self.refused.push(refused.into());
        }
    }

    /// Renderings are pure functions of the signed bytes: each file is made again and compared.
    fn files(&mut self, files: &BTreeMap<String, Vec<u8>>, finding: &Finding, text: &str, signatures: &[SignedBytes]) {
        let again = export_form(finding, text, signatures, Form::of(finding, files));
        let before = self.refused.len();
        for (path, bytes) in &again {
            match files.get(path) {
                None => self.refused.push(format!("{path} is missing")),
                Some(found) if found == bytes => {}
                Some(found) => {
                    let at = found.iter().zip(bytes).take_while(|(found, made)| found == made).count() + 1;
                    self.refused.push(format!(
                        "{path} is not what finding.json and its signatures give: it was edited, byte {at} is the first \
                         that differs"
                    ));
                }
            }
        }
        for path in files.keys().filter(|path| !again.contains_key(*path)) {
            self.refused.push(format!("{} does not belong to the finding", path.escape_debug()));
        }
        if self.refused.len() == before {
            self.proved.push(format!("All {} files follow from finding.json and its signatures.", again.len()));
        }
    }

    /// The story the finding tells follows from its own evidence.
    fn story(&mut self, finding: &Finding) {
        let (subject, format) = (&finding.subject, format_of(&finding.subject));
        self.hold(
            finding.format == format,
            format!("It is a document of the format {format}."),
            format!("the format is `{}`, not `{format}`", finding.format.escape_debug()),
        );
        self.hold(
            finding.headline == headline(subject) && finding.kind == kind(subject),
            match subject {
                Subject::Request(_) => "The headline follows from the outcome.",
                Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => {
                    "The headline follows from the evidence."
                }
            },
            format!("the headline does not follow from the outcome, which says: {}", headline(subject)),
        );
    }

    fn story_of_request(&mut self, subject: &FindingSubject) {
        let statements = subject.plan.stages.iter().flat_map(|stage| &stage.statements);
        let untrue: Vec<u32> = statements
            .filter(|statement| Digest::of(statement.sql.as_bytes()) != statement.sha256)
            .map(|statement| statement.ordinal)
            .collect();
        self.hold(
            untrue.is_empty(),
            "Every statement of the plan has the digest it is listed with.",
            format!("statements {untrue:?} of the plan do not have the digest they are listed with"),
        );
        if let Err(reason) = consistent(subject) {
            self.refused.push(reason);
        }
    }

    fn people(&mut self, finding: &Finding, subject: &FindingSubject, text: &str, signatures: &[SignedBytes]) {
        let version = match self.documents(subject) {
            Ok(version) => version,
            Err(refusal) => return self.refused.push(refusal),
        };
        let roster = version.roster();
        for file in signature_files(finding, signatures) {
            let (over, at) = match file.over {
                Over::Finding => (text.to_owned(), finding.written_at),
                Over::Request => (request_text(subject), subject.used_at),
                // The history was verified whole: each of these by the people of the version before it.
                Over::Roster { .. } | Over::Paper { .. } | Over::Stop { .. } => continue,
            };
            self.signature(roster, &file, &over, at);
        }
        self.requested(subject, roster);
        self.approved(subject, roster);
        self.operated(subject, roster);
        self.written(finding);
    }

    /// Checks one signature of the folder.
    fn signature(&mut self, roster: &Roster, file: &SignatureFile, over: &str, at: Timestamp) {
        let who = &file.signed.principal;
        match verify(roster, &file.signed, file.namespace, over.as_bytes(), at) {
            Ok(fingerprint) => self.signatures.push(VerifiedSignature {
                principal: who.clone(),
                file: file.over.path(),
                namespace: file.namespace.as_str().to_owned(),
                fingerprint,
            }),
            Err(problem) => {
                let who = who.as_str().escape_debug().to_string();
                self.refused.push(format!("{}: the signature of {who} does not hold: {problem}", file.path));
            }
        }
    }

    /// Whoever wrote it has signed it, and nobody has signed it twice.
    fn written(&mut self, finding: &Finding) {
        let signed = self.signatures.iter().filter(|it| it.file == "finding.json");
        let signed: Vec<Principal> = signed.map(|it| it.principal.clone()).collect();
        self.hold(
            signed.contains(&finding.writer),
            format!("{} signed the finding.", finding.writer),
            format!("{}, who wrote the finding, has not signed it", finding.writer.as_str().escape_debug()),
        );
        let mut known = BTreeSet::new();
        for who in signed {
            if who != finding.writer && known.insert(who.clone()) {
                self.proved.push(format!("{who} countersigned the finding."));
            }
        }
    }

    fn documents(&mut self, subject: &FindingSubject) -> Result<RosterVersion, String> {
        let plan =
            canonical(&subject.plan).and_then(|text| SealedPlan::read(&text)).map_err(|error| error.to_string())?;
        let version = self.history(subject)?;
        bound(&plan, &subject.rehearsal, &subject.request, &version).map_err(|refusal| refusal.to_string())?;
        let rehearsal = canonical(&subject.rehearsal).map_err(|error| error.to_string())?;
        let digests = [
            ("plan", subject.plan_digest, plan.digest()),
            ("rehearsal", subject.rehearsal_digest, Digest::of(rehearsal.as_bytes())),
            ("request", subject.request_digest, Digest::of(request_text(subject).as_bytes())),
        ];
        for (what, listed, actual) in digests {
            if listed != actual {
                return Err(format!("the finding names the {what} {listed}, but it is {actual}"));
            }
        }
        self.proved
            .push("The request names exactly this plan, this rehearsal, this baseline and this roster.".to_owned());
        Ok(version)
    }

    /// D-72: the roster that counted is the last of a history in which every version was countersigned, and nothing else
    /// stands in it.
    fn history(&mut self, subject: &FindingSubject) -> Result<RosterVersion, String> {
        let governed = Governed::of(&subject.roster_history, RosterPlace::of(&subject.plan.target));
        if let Some((_, refusal)) = governed.refused().first() {
            return Err(format!("the history of the roster does not hold: {refusal}"));
        }
        let version = governed.in_force().map_err(|refusal| refusal.to_string())?.clone();
        if governed.proof(version.version()) != subject.roster_history {
            return Err("the history of the roster holds more than what brought it into force".to_owned());
        }
        if version.roster().text != subject.roster {
            return Err("roster.toml is not the roster of that history".to_owned());
        }
        let signers: Vec<&str> = version.signed().iter().map(|it| it.principal.as_str()).collect();
        self.proved.push(format!(
            "Roster version {} was in force since {}: {} signed it, and its history holds from version 1 on.",
            version.version(),
            version.since(),
            signers.join(" and ")
        ));
        Ok(version)
    }

    fn requested(&mut self, subject: &FindingSubject, roster: &Roster) {
        match check_requested(roster, &subject.request, &subject.requested, subject.used_at) {
            Ok(print) => self.proved.push(format!("{} requested it, with the key {print}.", subject.request.requester)),
            Err(refusal) => self.refused.push(format!("requested.sig: {refusal}")),
        }
    }

    /// D-70 … D-74 by the very logic that opened the run door, but for the time of day, which no signature holds.
    fn approved(&mut self, subject: &FindingSubject, roster: &Roster) {
        let request = &subject.request;
        let (editor, needed) = (subject.plan.editor.as_ref(), subject.plan.policy.approvals);
        let standing = standing(request, editor, needed, &subject.approvals, roster, subject.used_at);
        for (_, refusal) in &standing.refused {
            self.refused.push(format!("an approval does not count: {refusal}"));
        }
        for (principal, print) in &standing.approved {
            self.proved.push(format!("{principal} approved it, with the key {print}."));
        }
        let have = u32::try_from(standing.approved.len()).unwrap_or(u32::MAX);
        if subject.outcome.is_none() {
            return;
        }
        let few = ApprovalRefusal::TooFew { have, needed: standing.needed };
        self.hold(
            have >= standing.needed,
            format!("{have} different people approved it; {} were needed.", standing.needed),
            format!("it was run, but {few}"),
        );
        if let Some(failure) = rehearsal_failure(&subject.rehearsal) {
            self.refused.push(format!("it was run, but its rehearsal did not pass: {failure}"));
        }
        if subject.rehearsal.taken_at > request.not_after {
            self.refused.push("the rehearsal was made after the request expired".to_owned());
        }
    }

    fn operated(&mut self, subject: &FindingSubject, roster: &Roster) {
        match (&subject.operated, &subject.outcome) {
            (None, None) => {}
            (None, Some(_)) => self.refused.push("it was run, but operated.sig is missing".to_owned()),
            (Some(signed), _) => match check_operated(roster, &subject.request, signed, subject.used_at) {
                Ok(print) => self.proved.push(format!("{} ran it, with the key {print}.", signed.principal)),
                Err(refusal) => self.refused.push(format!("operated.sig: {refusal}")),
            },
        }
    }

    fn limits(&mut self, finding: &Finding) {
        let (roster, used_at) = match &finding.subject {
            Subject::Request(subject) => (Digest::of(subject.roster.as_bytes()), subject.used_at),
            Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => {
                let text = signed::roster_versions(finding).pop().map(|(_, _, text)| text).unwrap_or_default();
                (Digest::of(text.as_bytes()), finding.written_at)
            }
        };
        self.not_proved.push(format!(
            "That the keys on the roster belong to these people: compare its digest with one from another source: {}",
            roster.groups()
        ));
        self.not_proved.push(format!(
            "That no later version of the roster was in force when it was used, at {used_at}: the ledger tells."
        ));
        self.not_proved.push(
            "When anything was signed: an SSH signature holds no time. The ledger holds the server's time.".to_owned(),
        );
        self.not_proved.push("That the database is today as it is described here: take a census.".to_owned());
        self.not_proved.push(format!(
            "{}{} with hash {}: `countersign finding verify FOLDER --db CONNECTION` tells.",
            super::against::UNSEEN,
            finding.ledger_seq.escape_debug(),
            finding.ledger_head
        ));
        self.not_proved.push("That no further signature was left out of this folder.".to_owned());
        match &finding.subject {
            Subject::Request(subject) => self.limits_of_request(subject),
            Subject::Stop(_) => {
                self.not_proved.push("Whether the stop still holds: `countersign stop status` tells.".to_owned());
                self.not_proved.push(format!("{LEFT_OUT} that speaks of the same stop: the same command tells."));
            }
            Subject::Restart(_) => self.not_proved.push(format!(
                "{LEFT_OUT}, such as a stop or a paper between those that are here: the same command tells."
            )),
            Subject::Comparison(_) => {
                self.not_proved
                    .push("That the baselines say what the databases answered: whoever signed says so.".to_owned());
                self.not_proved.push(format!("{LEFT_OUT} that changed the roster: the same command tells."));
            }
        }
    }

    fn limits_of_request(&mut self, subject: &FindingSubject) {
        if matches!(subject.outcome, Some(Outcome::Unknown { .. })) {
            self.not_proved.push("Whether the last stage was committed: the answer was lost.".to_owned());
        }
        if subject.outcome.is_some() && subject.trace.is_none() {
            self.not_proved.push("What the server answered to each statement: the finding holds no trace.".to_owned());
        }
    }
}

fn request_text(subject: &FindingSubject) -> String {
    canonical(&subject.request).unwrap_or_default()
}

/// The outcome, the stages it names and the trace do not contradict each other or the plan.
fn consistent(subject: &FindingSubject) -> Result<(), String> {
    let stages: Vec<_> = subject.plan.stages.iter().map(|stage| &stage.step).collect();
    let committed = match &subject.outcome {
        None | Some(Outcome::Committed) => &[][..],
        Some(Outcome::RolledBack { committed, .. } | Outcome::Unknown { committed, .. }) => committed.as_slice(),
    };
    // The last stage is the one that was rolled back or lost: it cannot be among the committed ones.
    if !committed.is_empty()
        && (committed.len() >= stages.len() || !committed.iter().eq(stages.iter().copied().take(committed.len())))
    {
        return Err("the stages said to be committed are not the first stages of the plan".to_owned());
    }
    let Some(trace) = &subject.trace else { return Ok(()) };
    if subject.outcome.is_none() {
        return Err("it holds a trace of a run that is said not to have happened".to_owned());
    }
    let planned =
        subject.plan.stages.iter().flat_map(|stage| stage.statements.iter().map(|it| (&stage.step, it.ordinal)));
    let mut planned = planned.fuse();
    for sent in &trace.statements {
        if planned.next() != Some((&sent.step, sent.ordinal)) {
            return Err(format!(
                "the trace holds {} statement {}, which the plan does not hold there",
                sent.step, sent.ordinal
            ));
        }
    }
    if subject.outcome == Some(Outcome::Committed) {
        if planned.next().is_some() {
            return Err(
                "it is said to be committed, but its trace does not hold every statement of the plan".to_owned()
            );
        }
        if let Some(surprise) = trace.statements.iter().find_map(|sent| sent.surprise.as_ref()) {
            return Err(format!("it is said to be committed, but a statement was not as expected: {surprise}"));
        }
        if subject.inside.iter().any(|comparison| !comparison.holds()) {
            return Err("it is said to be committed, but a check did not hold inside the transaction".to_owned());
        }
    }
    Ok(())
}
