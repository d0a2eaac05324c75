//! Takes what a ledger holds about its roster, in order; gives every version that came into force; refuses each act that the
//! version before it does not allow, and believes no entry: every signature is checked here.
//!
//! Version 1, the genesis, is in force when everybody human on it has signed it. A later version is in force when two
//! distinct human reviewers of the version before have signed it (D-72). The proposer is one of the two if he or she is such a
//! reviewer: the act needs two people, and a roster of two reviewers must be able to change itself. Nobody can reject a
//! proposal of others, because a lost key could then veto its own removal; whoever disagrees does not sign.

use jiff::{SignedDuration, Timestamp};

use super::governed::{ROSTER_FORMAT, RosterAct, RosterDeed, RosterDocument, RosterPlace, RosterRefusal};
use super::people::{holds, human, human_with};
use super::{
    ApprovalRefusal, Decision, Kind, LEAST_APPROVALS, Namespace, Role, Roster, SignedBytes, decision_bytes,
    parse_roster,
};
use crate::digest::Digest;
use crate::plan::{Plan, read_strict};
use crate::runbook::Principal;

/// A proposal is open for at most this long: a signature that waits for years belongs to another world.
const MOST_OPEN: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A version that came into force. There is no other way to one than [`Governed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterVersion {
    proposal: Proposal,
    since: String,
}

/// A version that was proposed and has not enough signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The digest of the document: its name.
    pub digest: Digest,
    /// What people sign.
    pub document: RosterDocument,
    /// The people as they would be.
    pub roster: Roster,
    /// Who has signed it so far, in order.
    pub signed: Vec<RosterSigner>,
    /// How many people must sign.
    pub needed: usize,
    /// Who may still sign.
    pub may_still: Vec<Principal>,
    deeds: Vec<RosterDeed>,
}

/// Somebody whose signature on a roster document holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterSigner {
    /// Who.
    pub principal: Principal,
    /// The key's `SHA256:…` fingerprint.
    pub fingerprint: String,
    /// When the server took it.
    pub at: String,
    /// The signature over the document.
    pub signature: SignedBytes,
}

/// The history of a ledger's roster, every signature verified.
#[derive(Clone, Debug)]
pub struct Governed {
    place: RosterPlace,
    versions: Vec<RosterVersion>,
    proposals: Vec<Proposal>,
    refused: Vec<(RosterDeed, RosterRefusal)>,
}

impl RosterVersion {
    /// Returns its number, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.proposal.document.version
    }

    /// Returns what was signed.
    #[must_use]
    pub fn document(&self) -> &RosterDocument {
        &self.proposal.document
    }

    /// Returns the digest of what was signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.proposal.digest
    }

    /// Returns the people.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.proposal.roster
    }

    /// Returns who brought it into force.
    #[must_use]
    pub fn signed(&self) -> &[RosterSigner] {
        &self.proposal.signed
    }

    /// Returns when it came into force, by the server's clock.
    #[must_use]
    pub fn since(&self) -> &str {
        &self.since
    }

    /// Refuses a plan that names another roster than this one.
    ///
    /// # Errors
    /// [`ApprovalRefusal::RosterChanged`], or another text of the same version.
    pub fn refuse_other(&self, plan: &Plan) -> Result<(), ApprovalRefusal> {
        if plan.roster_version != self.version() {
            return Err(ApprovalRefusal::RosterChanged { named: plan.roster_version, in_force: self.version() });
        }
        if plan.roster_digest == self.roster().digest {
            return Ok(());
        }
        let (expected, actual) = (plan.roster_digest, self.roster().digest);
        Err(ApprovalRefusal::AnotherDigest { what: "roster".to_owned(), expected, actual })
    }
}

/// Gives the version in force when the plan names it: what a run, an approval and a finding are checked against.
///
/// # Errors
/// When no roster is in force on the plan's database, or another one than the plan names.
pub fn check_roster(plan: &Plan, deeds: &[RosterDeed]) -> Result<RosterVersion, ApprovalRefusal> {
    let governed = Governed::of(deeds, RosterPlace::of(&plan.target));
    let version = governed.in_force()?;
    version.refuse_other(plan)?;
    Ok(version.clone())
}

impl Governed {
    /// Walks through everything a ledger holds about its roster; `place` is the database that was connected to.
    #[must_use]
    pub fn of(deeds: &[RosterDeed], place: RosterPlace) -> Self {
        let mut governed = Self { place, versions: Vec::new(), proposals: Vec::new(), refused: Vec::new() };
        for deed in deeds {
            if let Err(refusal) = governed.hear(deed) {
                governed.refused.push((deed.clone(), refusal));
            }
        }
        governed
    }

    /// Returns the versions that came into force, the first one first.
    #[must_use]
    pub fn versions(&self) -> &[RosterVersion] {
        &self.versions
    }

    /// Returns what was refused, and why.
    #[must_use]
    pub fn refused(&self) -> &[(RosterDeed, RosterRefusal)] {
        &self.refused
    }

    /// Returns the proposals that can still be approved at this moment.
    pub fn open(&self, now: Timestamp) -> impl Iterator<Item = &Proposal> {
        self.proposals.iter().filter(move |proposal| now <= proposal.document.not_after)
    }

    /// Returns the proposal whose digest begins so, expired ones included; several that fit are none.
    #[must_use]
    pub fn proposal(&self, name: &str) -> Option<&Proposal> {
        let mut fits = self.proposals.iter().filter(|proposal| proposal.digest.to_string().starts_with(name));
        fits.next().filter(|_| fits.next().is_none())
    }

    /// Returns the version in force on this database.
    ///
    /// # Errors
    /// When there is none, or the newest one names another database.
    pub fn in_force(&self) -> Result<&RosterVersion, ApprovalRefusal> {
        let none = || ApprovalRefusal::NoRoster("this ledger holds none that came into force".to_owned());
        let newest = self.versions.last().ok_or_else(none)?;
        if newest.document().place() == self.place {
            return Ok(newest);
        }
        let (version, named) = (newest.version(), newest.document().place());
        Err(ApprovalRefusal::NoRoster(format!("version {version} is for {named}, and this is {}", self.place)))
    }

    /// Returns the acts that prove a version and those before it, and nothing else: what a finding holds.
    #[must_use]
    pub fn proof(&self, version: u32) -> Vec<RosterDeed> {
        let upto = self.versions.iter().filter(|it| it.version() <= version);
        upto.flat_map(|it| it.proposal.deeds.iter().cloned()).collect()
    }

    /// Writes the document of the next version.
    #[must_use]
    pub fn next(
        &self,
        roster_digest: Digest,
        reason: String,
        proposer: Principal,
        proposed_at: Timestamp,
        open_for: SignedDuration,
    ) -> RosterDocument {
        RosterDocument {
            format: ROSTER_FORMAT.to_owned(),
            version: self.next_version(),
            previous: self.versions.last().map(RosterVersion::digest),
            roster_digest,
            system_identifier: self.place.system_identifier.clone(),
            database: self.place.database.clone(),
            reason,
            proposer,
            proposed_at,
            not_after: proposed_at.saturating_add(open_for.min(MOST_OPEN)).unwrap_or(Timestamp::MAX),
        }
    }

    fn next_version(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Takes one more act; what is refused changes nothing.
    ///
    /// # Errors
    /// See [`RosterRefusal`].
    pub fn hear(&mut self, deed: &RosterDeed) -> Result<(), RosterRefusal> {
        let at: Timestamp = deed
            .at
            .parse()
            .map_err(|_| RosterRefusal::Unreadable(format!("`{}` is no time", deed.at.escape_debug())))?;
        match &deed.act {
            RosterAct::Proposed { document, roster, signature } => {
                let proposal = self.judge_proposal(document, roster, signature, deed, at)?;
                self.proposals.push(proposal);
            }
            RosterAct::Approved { proposal_digest, signature } => {
                let index = self.open_at(*proposal_digest, at)?;
                let signer = self.judge_signature(&self.proposals[index], signature, deed, at)?;
                let proposal = &mut self.proposals[index];
                proposal.may_still.retain(|who| *who != signer.principal);
                proposal.signed.push(signer);
                proposal.deeds.push(deed.clone());
            }
            RosterAct::Withdrawn { proposal_digest, reason, signature } => {
                let index = self.open_at(*proposal_digest, at)?;
                let document = &self.proposals[index].document;
                if signature.principal != document.proposer {
                    let (proposer, actual) = (document.proposer.clone(), signature.principal.clone());
                    return Err(RosterRefusal::NotProposer { proposer, actual });
                }
                let bytes = decision_bytes(Decision::Withdraw, *proposal_digest, reason);
                holds(self.judges(&self.proposals[index].roster), signature, Namespace::Withdraw, &bytes, at)?;
                self.proposals.remove(index);
            }
        }
        self.bring_into_force(&deed.at);
        Ok(())
    }

    /// Returns the roster whose people decide: that of the version before, and of the genesis its own.
    fn judges<'a>(&'a self, proposed: &'a Roster) -> &'a Roster {
        self.versions.last().map_or(proposed, RosterVersion::roster)
    }

    fn may_sign(&self, proposed: &Roster, principal: &Principal) -> Result<(), ApprovalRefusal> {
        match self.versions.last() {
            None => human(proposed, principal).map(drop),
            Some(before) => human_with(before.roster(), principal, Role::Reviewer),
        }
    }

    fn judge_proposal(
        &self,
        text: &str,
        roster: &str,
        signature: &SignedBytes,
        deed: &RosterDeed,
        at: Timestamp,
    ) -> Result<Proposal, RosterRefusal> {
        let document: RosterDocument =
            read_strict(text).map_err(|error| RosterRefusal::Unreadable(error.to_string()))?;
        let roster = parse_roster(roster).map_err(|problems| {
            let first = problems.first().map(|problem| format!("line {}: {}", problem.line, problem.message));
            RosterRefusal::BadRoster(first.unwrap_or_default())
        })?;
        self.agrees(&document, &roster, signature)?;
        if at > document.not_after {
            return Err(RosterRefusal::Expired(document.not_after));
        }
        let digest = Digest::of(text.as_bytes());
        if self.proposals.iter().any(|other| other.digest == digest) {
            return Err(RosterRefusal::NotOpen(format!("{}: it was proposed already", digest.short())));
        }
        // D-71: an agent prepares plans; who may sign is for people to say.
        human(self.judges(&roster), &document.proposer)?;
        let fingerprint = holds(self.judges(&roster), signature, Namespace::Roster, text.as_bytes(), at)?;
        let counts = self.may_sign(&roster, &document.proposer).is_ok();
        let principal = document.proposer.clone();
        let signer = RosterSigner { principal, fingerprint, at: deed.at.clone(), signature: signature.clone() };
        let everybody = self.judges(&roster).people.iter().map(|person| &person.principal);
        let may = |who: &&Principal| self.may_sign(&roster, who).is_ok() && **who != document.proposer;
        let may_still: Vec<Principal> = everybody.filter(may).cloned().collect();
        let needed = match self.versions.last() {
            None => roster.people.iter().filter(|person| person.kind == Kind::Human).count(),
            Some(_) => usize::try_from(LEAST_APPROVALS).unwrap_or(usize::MAX),
        };
        let signed = if counts { vec![signer] } else { Vec::new() };
        Ok(Proposal { digest, document, roster, signed, needed, may_still, deeds: vec![deed.clone()] })
    }

    /// The document speaks of this text, this place in the history and this database.
    fn agrees(&self, document: &RosterDocument, roster: &Roster, signature: &SignedBytes) -> Result<(), RosterRefusal> {
        let same = |what: &'static str, said: String, expected: String| {
            if said == expected { Ok(()) } else { Err(RosterRefusal::Contradicts { what, said, expected }) }
        };
        let digest = |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |it| it.to_string());
        same("format", document.format.escape_debug().to_string(), ROSTER_FORMAT.to_owned())?;
        same("version", document.version.to_string(), self.next_version().to_string())?;
        same("previous", digest(document.previous), digest(self.versions.last().map(RosterVersion::digest)))?;
        same("roster", document.roster_digest.to_string(), roster.digest.to_string())?;
        same("proposer", document.proposer.to_string(), signature.principal.to_string())?;
        let open_for = document.not_after.duration_since(document.proposed_at);
        if open_for <= SignedDuration::ZERO || open_for > MOST_OPEN {
            let said = format!("not_after {}, {} h after it was proposed", document.not_after, open_for.as_hours());
            let expected = format!("up to {} h", MOST_OPEN.as_hours());
            return Err(RosterRefusal::Contradicts { what: "its end", said, expected });
        }
        // A database that was moved keeps its history; only the version that moves it names the new place. The first one may
        // name any, so that the history of a moved database begins where it began; it is in force only where it says.
        let (named, before) = (document.place(), self.versions.last().map(|before| before.document().place()));
        if named != self.place && before.as_ref().is_some_and(|before| *before != named) {
            return Err(RosterRefusal::Contradicts {
                what: "database",
                said: named.to_string(),
                expected: self.place.to_string(),
            });
        }
        match self.versions.last() {
            Some(before) if before.roster().digest == roster.digest && before.document().place() == named => {
                Err(RosterRefusal::Unchanged(before.version()))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn judge_signature(
        &self,
        proposal: &Proposal,
        signature: &SignedBytes,
        deed: &RosterDeed,
        at: Timestamp,
    ) -> Result<RosterSigner, RosterRefusal> {
        let principal = &signature.principal;
        self.may_sign(&proposal.roster, principal)?;
        let text = proposal.document.text();
        let fingerprint = holds(self.judges(&proposal.roster), signature, Namespace::Roster, text.as_bytes(), at)?;
        if proposal.signed.iter().any(|signer| signer.principal == *principal) {
            return Err(ApprovalRefusal::SignedTwice(principal.clone()).into());
        }
        let (principal, at, signature) = (principal.clone(), deed.at.clone(), signature.clone());
        Ok(RosterSigner { principal, fingerprint, at, signature })
    }

    fn open_at(&self, digest: Digest, at: Timestamp) -> Result<usize, RosterRefusal> {
        let found = self.proposals.iter().position(|proposal| proposal.digest == digest);
        let index = found.ok_or_else(|| RosterRefusal::NotOpen(digest.short()))?;
        let not_after = self.proposals[index].document.not_after;
        if at > not_after { Err(RosterRefusal::Expired(not_after)) } else { Ok(index) }
    }

    /// The first proposal with enough signatures comes into force, and every other one is superseded by it.
    fn bring_into_force(&mut self, at: &str) {
        let Some(index) = self.proposals.iter().position(|proposal| proposal.signed.len() >= proposal.needed) else {
            return;
        };
        let proposal = self.proposals.swap_remove(index);
        self.proposals.clear();
        assert!(proposal.signed.len() >= 2, "BUG: one signature brought a roster into force");
        self.versions.push(RosterVersion { proposal, since: at.to_owned() });
    }
}
