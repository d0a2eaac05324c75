//! Findings about a stop, a restart and two baselines; and findings that are kept already: listed, exported, countersigned.

use std::path::Path;

use super::finding::{export_finding, folder_of, keep};
use super::known::open_ledger;
use super::{Failure, FailureKind, SignAs, World};
use crate::approval::{Namespace, SignedBytes, verify};
use crate::census::Baseline;
use crate::digest::Digest;
use crate::finding::{
    ComparisonSubject, Finding, RestartSubject, Shelf, Shelved, StopSubject, Subject, export, hold_against,
    verify_export,
};
use crate::ledger::{Body, GENESIS, Known, State};
use crate::plan::read_strict;
use crate::port::Database;
use crate::runbook::{Check, CheckId};

/// What a finding is to be about.
#[derive(Clone, Debug)]
pub enum FindingAbout {
    /// A request, by its short name.
    Request(String),
    /// The stop of this ledger entry.
    Stop(u64),
    /// The restart that this ledger entry completed.
    Restart(u64),
    /// Two baselines.
    Comparison(Box<BesideEachOther>),
}

impl FindingAbout {
    /// Says in a few words what it is.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Request(name) => name.clone(),
            Self::Stop(seq) => format!("the stop of ledger entry {seq}"),
            Self::Restart(seq) => format!("the restart of ledger entry {seq}"),
            Self::Comparison(pair) => format!("{} beside {}", pair.left.label, pair.right.label),
        }
    }
}

/// Two baselines that are laid side by side.
#[derive(Clone, Debug)]
pub struct BesideEachOther {
    /// The one that is compared with.
    pub left: Baseline,
    /// The one that is compared.
    pub right: Baseline,
    /// The runbook's checks, for their titles; may be empty.
    pub checks: Vec<Check>,
    /// Checks to leave out.
    pub ignored: Vec<CheckId>,
}

/// Writes a finding, signs it, keeps it in the ledger and exports it to a new folder.
///
/// # Errors
/// When there is nothing of that name, the signature does not hold, or the folder cannot be written.
pub async fn export_about(
    world: &World,
    database: &dyn Database,
    about: &FindingAbout,
    folder: &Path,
    words: &str,
    signer: &SignAs,
) -> Result<(Finding, Digest), Failure> {
    if let FindingAbout::Request(name) = about {
        return export_finding(world, database, name, folder, words, signer).await;
    }
    let known = open_ledger(world, database).await?;
    let (target, entries) = (database.target().await?, known.entries());
    let subject: Result<Subject, String> = match about {
        FindingAbout::Request(_) => unreachable!("BUG: requests were answered above"),
        FindingAbout::Stop(seq) => StopSubject::of(entries, &target, *seq).map(Into::into),
        FindingAbout::Restart(seq) => RestartSubject::of(entries, &target, *seq).map(Into::into),
        FindingAbout::Comparison(pair) => {
            let BesideEachOther { left, right, checks, ignored } = pair.as_ref();
            ComparisonSubject::of(entries, &target, (left.clone(), right.clone()), checks, ignored).map(Into::into)
        }
    };
    let subject = subject.map_err(|reason| {
        let hint = "See `countersign ledger log` for the entries, and `countersign roster show` for who may sign.";
        Failure::new(FailureKind::Blocked, reason, hint)
    })?;
    let (seq, head) = (known.state().head_seq, known.state().head.unwrap_or(GENESIS));
    let finding = Finding::of(subject, signer.principal.clone(), words.to_owned(), world.clock.now(), seq, head);
    let roster = finding.roster().ok_or_else(|| {
        let message = "no roster is in force that says whose signature counts";
        Failure::new(FailureKind::Blocked, message, "Propose one: `countersign roster propose`.")
    })?;
    let digest = keep(world, database, known.state(), &finding, &roster, folder, signer).await?;
    Ok((finding, digest))
}

/// A finding that the ledger keeps, read whole.
pub struct Kept {
    /// As the shelf tells it.
    pub shelved: Shelved,
    /// Its bytes.
    pub document: String,
    /// What they say.
    pub finding: Finding,
    /// The signatures over it that hold, one a person: whoever may append could put anything beside them.
    pub holding: Vec<SignedBytes>,
}

/// Reads the ledger's findings.
///
/// # Errors
/// When the ledger cannot be read, or does not hold.
pub async fn findings(world: &World, database: &dyn Database) -> Result<Known, Failure> {
    open_ledger(world, database).await
}

impl Kept {
    /// Finds a finding by its number, or by the beginning of its digest.
    ///
    /// # Errors
    /// When there is none, or this version cannot read it.
    pub fn find(state: &State, name: &str) -> Result<Self, Failure> {
        let shelf = Shelf::of(&state.findings);
        let Some(shelved) = shelf.find(name) else {
            let message = format!("the ledger holds no finding `{}`", name.escape_debug());
            return Err(Failure::new(FailureKind::Unreadable, message, "See `countersign finding list`."));
        };
        Self::read(state, shelved).ok_or_else(|| {
            let message = format!("{} cannot be read by this version", shelved.title());
            Failure::new(FailureKind::Unreadable, message, "Use the version that wrote it.")
        })
    }

    /// Reads a finding of the shelf whole; `None` when this version cannot.
    #[must_use]
    pub fn read(state: &State, shelved: &Shelved) -> Option<Self> {
        let (_, document, _) = state.findings.get(shelved.at)?;
        let finding: Finding = read_strict(document).ok()?;
        let holding = holding(&finding, document, &shelved.signatures);
        Some(Self { shelved: shelved.clone(), document: document.clone(), finding, holding })
    }
}

fn holding(finding: &Finding, document: &str, signatures: &[SignedBytes]) -> Vec<SignedBytes> {
    let Some(roster) = finding.roster() else { return Vec::new() };
    let mut holding: Vec<SignedBytes> = Vec::new();
    for signed in signatures {
        let is_new = holding.iter().all(|other| other.principal != signed.principal);
        let holds = || verify(&roster, signed, Namespace::Finding, document.as_bytes(), finding.written_at).is_ok();
        if is_new && holds() {
            holding.push(signed.clone());
        }
    }
    holding
}

/// Exports a finding that is kept in the ledger, with every signature over it that holds.
///
/// # Errors
/// When there is none of that name, it does not verify, or the folder cannot be written.
pub async fn export_kept(
    world: &World,
    database: &dyn Database,
    name: &str,
    folder: &Path,
) -> Result<(Finding, Digest), Failure> {
    let kept = Kept::find(open_ledger(world, database).await?.state(), name)?;
    let files = export(&kept.document, &kept.holding);
    if let Some(refused) = verify_export(&files).refused.first() {
        let message = format!("{} does not verify: {refused}", kept.shelved.title());
        let signs_it = "Its writer signs it: `countersign finding export REQUEST`.";
        let hint = if kept.shelved.waits { signs_it } else { "Nothing was written." };
        return Err(Failure::new(FailureKind::Refused, message, hint));
    }
    world.folders.write_folder(folder, &files)?;
    Ok((kept.finding, kept.shelved.digest))
}

/// Adds a signature to an exported folder, and to the ledger as a further entry with the same document.
///
/// # Errors
/// When the folder does not verify, belongs to another ledger, or the signature does not count.
pub async fn sign_finding(
    world: &World,
    database: &dyn Database,
    folder: &Path,
    signer: &SignAs,
) -> Result<(Finding, Digest), Failure> {
    let folder = folder_of(world, folder)?;
    let files = world.folders.read_folder(&folder)?.0;
    let verification = verify_export(&files);
    if let Some(refused) = verification.refused.first() {
        let message = format!("the finding does not verify: {refused}");
        return Err(Failure::new(FailureKind::Refused, message, "Nothing was signed. Ask for the folder again."));
    }
    let document = files.get("finding.json").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let document = document.unwrap_or_default();
    let known = open_ledger(world, database).await?;
    let prefix = "signatures/";
    let in_folder = files.iter().filter_map(|(path, bytes)| {
        let (number, who) = path.strip_prefix(prefix)?.strip_suffix(".sig")?.split_once('-')?;
        let signature = String::from_utf8(bytes.clone()).ok()?;
        Some((number.parse::<u32>().ok()?, SignedBytes { principal: who.into(), signature }))
    });
    let mut have: Vec<(u32, SignedBytes)> = in_folder.collect();
    have.sort_by_key(|(number, _)| *number);
    let have = have.into_iter().map(|(_, signed)| signed).collect();
    let (finding, digest, signatures) = countersign(world, database, &known, &document, have, signer).await?;
    let again = export(&document, &signatures);
    // The sums last: a folder that was left half written does not verify, and is exported again from the ledger.
    let sums = again.get("SHA256SUMS");
    for (path, bytes) in
        again.iter().filter(|(path, bytes)| path.as_str() != "SHA256SUMS" && files.get(path.as_str()) != Some(*bytes))
    {
        world.folders.write_file(&folder.join(path), bytes)?;
    }
    if let Some(sums) = sums {
        world.folders.write_file(&folder.join("SHA256SUMS"), sums)?;
    }
    Ok((finding, digest))
}

/// Adds a signature to a finding that is kept in the ledger.
///
/// # Errors
/// When there is none of that name, or the signature does not count.
pub async fn sign_kept(
    world: &World,
    database: &dyn Database,
    name: &str,
    signer: &SignAs,
) -> Result<(Finding, Digest), Failure> {
    let known = open_ledger(world, database).await?;
    let kept = Kept::find(known.state(), name)?;
    let (finding, digest, _) = countersign(world, database, &known, &kept.document, kept.holding, signer).await?;
    Ok((finding, digest))
}

/// Signs what was verified, against the ledger too, and appends it; gives every signature there is now.
async fn countersign(
    world: &World,
    database: &dyn Database,
    known: &Known,
    document: &str,
    have: Vec<SignedBytes>,
    signer: &SignAs,
) -> Result<(Finding, Digest, Vec<SignedBytes>), Failure> {
    let refuse = |message: String, hint: &str| Failure::new(FailureKind::Refused, message, hint);
    if have.iter().any(|signed| signed.principal == signer.principal) {
        let message = format!("{} has signed this finding already", signer.principal);
        return Err(refuse(message, "Another person's signature would add something."));
    }
    let mut verification = verify_export(&export(document, &have));
    hold_against(&mut verification, known.entries(), &database.target().await?);
    if let Some(refused) = verification.refused.first() {
        return Err(refuse(format!("the finding does not verify: {refused}"), "Nothing was signed."));
    }
    let Some(finding) = verification.finding else {
        return Err(refuse("there is no finding to sign".to_owned(), "Name the folder of one."));
    };
    // The roster inside the finding says who counts; whoever is not on it is told before a key is unlocked.
    if finding.roster().is_none_or(|roster| roster.person(&signer.principal).is_none()) {
        let message = format!("{} is not on the roster that this finding holds", signer.principal);
        return Err(refuse(message, "A person of that roster signs it, or somebody writes a new finding."));
    }
    let signature = world.sign(signer, Namespace::Finding, document.as_bytes()).await?;
    super::touch::refuse_stepped_back(known.state(), &signature)?;
    // What the ledger holds of other people goes along.
    let mut all = have;
    let shelf = Shelf::of(&known.state().findings);
    let digest = Digest::of(document.as_bytes());
    if let Some(kept) = shelf.findings.iter().find(|kept| kept.digest == digest) {
        let more = holding(&finding, document, &kept.signatures);
        all.extend(
            more.into_iter()
                .filter(|signed| {
                    signed.principal != signer.principal && all.iter().all(|other| other.principal != signed.principal)
                })
                .collect::<Vec<_>>(),
        );
    }
    all.push(signature);
    if let Some(refused) = verify_export(&export(document, &all)).refused.first() {
        let hint = "Sign with the key that the finding's roster names for this person.";
        return Err(refuse(format!("the signature does not hold: {refused}"), hint));
    }
    database.ledger_append(&Body::Finding { document: document.to_owned(), signatures: all.clone() }).await?;
    Ok((finding, digest, all))
}
