//! Proposes, approves and withdraws versions of the roster (D-72). An act is judged before it is appended, by the very
//! history that will judge it afterwards: the ledger holds no empty gesture.
//!
//! A stop hinders none of this: after a theft the roster is what must change first.

use jiff::SignedDuration;

use super::known::open_ledger;
use super::touch::refuse_stepped_back;
use super::trust::not_taken;
use super::{Approval, Failure, FailureKind, SignAs, World};
use crate::approval::{
    Decision, Governed, Namespace, Proposal, RosterDeed, RosterPlace, SignedBytes, decision_bytes, parse_roster,
};
use crate::digest::Digest;
use crate::ledger::Body;
use crate::port::Database;
use crate::runbook::Principal;

/// How long a proposal is open when nobody says otherwise.
pub const ROSTER_OPEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a proposal stands after an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterStanding {
    /// The digest of its document: its name.
    pub digest: Digest,
    /// The version it is.
    pub version: u32,
    /// How many people have signed it.
    pub signed: usize,
    /// How many must.
    pub needed: usize,
    /// Who may still sign.
    pub may_still: Vec<Principal>,
    /// Whether it is in force now.
    pub in_force: bool,
}

/// Reads the ledger's roster, every version and proposal verified.
///
/// # Errors
/// When there is no ledger, or its chain does not hold.
pub async fn read_roster(world: &World, database: &dyn Database) -> Result<Governed, Failure> {
    let known = open_ledger(world, database).await?;
    let place = RosterPlace::of(&database.target().await?);
    Ok(Governed::of(&known.state().rosters, place))
}

/// Proposes a text as the next version; of a ledger without one, as the first.
///
/// # Errors
/// When the text is no roster, the person may not propose, or the signature does not hold.
pub async fn propose_roster(
    world: &World,
    database: &dyn Database,
    text: &str,
    reason: &str,
    open_for: SignedDuration,
    signer: &SignAs,
) -> Result<RosterStanding, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new(FailureKind::Unreadable, "a reason is needed", "Say why in one sentence."));
    }
    parse_roster(text).map_err(|problems| {
        let all: Vec<String> =
            problems.iter().map(|it| format!("{}:{}: {} ({})", it.line, it.column, it.message, it.hint)).collect();
        let message = format!("the roster cannot be used: {}", all.join("; "));
        Failure::new(FailureKind::Unreadable, message, "Mend the file; nothing was proposed.")
    })?;
    let governed = read_roster(world, database).await?;
    let principal = signer.principal.clone();
    let digest = Digest::of(text.as_bytes());
    let document = governed.next(digest, reason.trim().to_owned(), principal.clone(), world.clock.now(), open_for);
    database.ledger_may("roster_proposed", &principal).await.map_err(not_taken)?;
    let bytes = document.text();
    let signature = world.sign(signer, Namespace::Roster, bytes.as_bytes()).await?;
    let body = Body::RosterProposed { document: bytes.clone(), roster: text.to_owned(), signature };
    append(world, database, governed, &body, Digest::of(bytes.as_bytes())).await
}

/// Approves a proposal, by the beginning of its digest; empty names the only open one. `seen` is the digest that was shown.
///
/// # Errors
/// When there is no such proposal, the person may not approve it, or the signature does not hold.
pub async fn approve_roster(
    world: &World,
    database: &dyn Database,
    name: &str,
    seen: Option<Digest>,
    approval: Approval<'_>,
) -> Result<RosterStanding, Failure> {
    let governed = read_roster(world, database).await?;
    let proposal = find_proposal(world, &governed, name)?;
    if seen.is_some_and(|seen| seen != proposal.digest) {
        let message = format!("another proposal was shown; this one is {}", proposal.digest.short());
        return Err(Failure::new(FailureKind::Refused, message, "Read it again, then approve."));
    }
    let (principal, text) = (approval.principal().clone(), proposal.document.text());
    // Before anybody is asked for a passphrase.
    if !proposal.may_still.contains(&principal) {
        let has = proposal.signed.iter().any(|signer| signer.principal == principal);
        let why = if has { "has signed it already" } else { "may not sign it" };
        let may: Vec<&str> = proposal.may_still.iter().map(Principal::as_str).collect();
        let hint = format!("Who may still sign: {}.", may.join(", "));
        return Err(Failure::new(FailureKind::Refused, format!("{principal} {why}"), hint));
    }
    database.ledger_may("roster_approved", &principal).await.map_err(not_taken)?;
    let signature = match approval {
        Approval::Sign(signer) => world.sign(signer, Namespace::Roster, text.as_bytes()).await?,
        Approval::Brought(signed) => SignedBytes { signature: format!("{}\n", signed.signature.trim_end()), ..signed },
    };
    let digest = proposal.digest;
    append(world, database, governed, &Body::RosterApproved { proposal_digest: digest, signature }, digest).await
}

/// Withdraws one's own proposal.
///
/// # Errors
/// When there is no such proposal, or somebody else proposed it.
pub async fn withdraw_roster(
    world: &World,
    database: &dyn Database,
    name: &str,
    reason: &str,
    signer: &SignAs,
) -> Result<Digest, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new(FailureKind::Unreadable, "a reason is needed", "Say why in one sentence."));
    }
    let mut governed = read_roster(world, database).await?;
    let digest = find_proposal(world, &governed, name)?.digest;
    database.ledger_may("roster_withdrawn", &signer.principal).await.map_err(not_taken)?;
    let bytes = decision_bytes(Decision::Withdraw, digest, reason);
    let signature = world.sign(signer, Namespace::Withdraw, &bytes).await?;
    let body = Body::RosterWithdrawn { proposal_digest: digest, reason: reason.to_owned(), signature };
    governed.hear(&judged_now(world, &body))?;
    database.ledger_append(&body).await?;
    Ok(digest)
}

/// Finds an open proposal by the beginning of its digest; an empty name is the only one there is.
///
/// # Errors
/// When none or several fit.
pub fn find_proposal<'a>(world: &World, governed: &'a Governed, name: &str) -> Result<&'a Proposal, Failure> {
    let name = name.replace('-', "");
    let fits = governed.open(world.clock.now()).filter(|it| it.digest.to_string().starts_with(&name));
    let found: Vec<&Proposal> = fits.collect();
    match found.as_slice() {
        [only] if name.is_empty() || name.len() >= 4 => Ok(only),
        [] => {
            let message = format!("there is no open roster proposal `{name}`");
            Err(Failure::new(FailureKind::Refused, message, "`countersign roster show` lists those there are."))
        }
        several => {
            let message = format!("`{name}` names {} roster proposals", several.len());
            Err(Failure::new(FailureKind::Unreadable, message, "Write at least four digits of the proposal's digest."))
        }
    }
}

/// Judges an act, appends it, and says where its proposal stands by the entry as it was taken.
async fn append(
    world: &World,
    database: &dyn Database,
    governed: Governed,
    body: &Body,
    digest: Digest,
) -> Result<RosterStanding, Failure> {
    governed.clone().hear(&judged_now(world, body))?;
    if let Body::RosterProposed { signature, .. } | Body::RosterApproved { signature, .. } = body {
        refuse_stepped_back(open_ledger(world, database).await?.state(), signature)?;
    }
    let entry = database.ledger_append(body).await?;
    // Another desk may have signed meanwhile: what the ledger adds up to is the answer.
    let now = read_roster(world, database).await?;
    if let Some(version) = now.versions().iter().find(|version| version.digest() == digest) {
        let (version, signed) = (version.version(), version.signed().len());
        return Ok(RosterStanding { digest, version, signed, needed: signed, may_still: Vec::new(), in_force: true });
    }
    let name = digest.to_string();
    let proposal = now.proposal(&name).ok_or_else(|| {
        let message = format!("entry {} was appended, but another version came into force before it", entry.seq);
        Failure::new(FailureKind::Refused, message, "Propose it again on top of that one.")
    })?;
    Ok(RosterStanding {
        digest,
        version: proposal.document.version,
        signed: proposal.signed.len(),
        needed: proposal.needed,
        may_still: proposal.may_still.clone(),
        in_force: false,
    })
}

fn judged_now(world: &World, body: &Body) -> RosterDeed {
    body.roster_deed(&world.clock.now().to_string()).expect("BUG: a roster's act is no roster's act")
}

/// Says where a version of the roster stands after somebody signed it.
pub(super) fn roster_words(signer: &SignAs, deed: &str, stands: &RosterStanding) -> String {
    let RosterStanding { digest, version, signed, needed, may_still: _, in_force } = stands;
    let stand = if *in_force { "it is in force".to_owned() } else { format!("{signed} of {needed} have signed") };
    format!("{} {deed} roster version {version} ({}): {stand}", signer.principal, digest.short())
}
