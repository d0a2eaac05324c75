//! The verbs that say who may sign: roster show, propose, approve, withdraw, history, document,
//! export and import.

use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::args::{Connection, RosterVerb, Signing};
use super::super::output::columns;
use super::super::{Output, wiring};
use super::open;
use crate::approval::{
    Governed, Key, Kind, Person, Proposal, Roster, RosterSigner, RosterVersion, SignedBytes, allowed_signers,
    fingerprint, parse_roster, read_allowed_signers, roster_text,
};
use crate::runbook::Principal;
use crate::session::{
    Approval, Failure, FailureKind, RosterStanding, World, approve_roster, find_proposal, propose_roster, read_roster,
    withdraw_roster,
};

/// `roster …`.
pub(super) async fn roster(world: &World, verb: RosterVerb, output: Output) -> Result<(), Failure> {
    match verb {
        RosterVerb::Show { connection } => show(world, &connection, output).await,
        RosterVerb::Propose { file, connection, reason, days, signing } => {
            propose(world, &file, &connection, &reason, days, &signing, output).await
        }
        RosterVerb::Approve { proposal, connection, principal, key, passphrase_file, signature } => {
            let database = open(world, &connection.text).await?;
            let stands = match (signature, key) {
                (Some(path), _) => {
                    let signed = SignedBytes { principal: Principal(principal), signature: read_text(world, &path)? };
                    approve_roster(world, &*database, &proposal, None, Approval::Brought(signed)).await?
                }
                (None, key) => {
                    let key = key.unwrap_or_default();
                    let signer = wiring::signer(world, &principal, &key, passphrase_file.as_deref()).await?;
                    approve_roster(world, &*database, &proposal, None, Approval::Sign(&signer)).await?
                }
            };
            output.print(|| standing_text(&stands), || standing_json(&stands));
            Ok(())
        }
        RosterVerb::Withdraw { proposal, connection, reason, signing } => {
            let database = open(world, &connection.text).await?;
            let Signing { principal, key, passphrase_file } = &signing;
            let signer = wiring::signer(world, principal, key, passphrase_file.as_deref()).await?;
            let digest = withdraw_roster(world, &*database, &proposal, &reason, &signer).await?;
            output.print(
                || format!("{principal} withdrew the proposed roster {}\n", digest.short()),
                || json!({"proposal": digest, "withdrawn": true}),
            );
            Ok(())
        }
        RosterVerb::History { connection } => history(world, &connection, output).await,
        RosterVerb::Document { proposal, connection } => {
            let database = open(world, &connection.text).await?;
            let governed = read_roster(world, &*database).await?;
            let found = find_proposal(world, &governed, &proposal)?;
            let text = found.document.text();
            output.print(
                || text.clone(),
                || json!({"document": text, "digest": found.digest, "namespace": "countersign-roster"}),
            );
            Ok(())
        }
        RosterVerb::Import { allowed_signers, onto, out } => {
            import(world, &allowed_signers, onto.as_deref(), out.as_deref(), output)
        }
        RosterVerb::Export { connection, allowed_signers: signers, toml } => {
            let database = open(world, &connection.text).await?;
            let governed = read_roster(world, &*database).await?;
            let version = governed.in_force()?;
            let files = [(signers, allowed_signers(version.roster())), (toml, version.roster().text.clone())];
            let mut written = Vec::new();
            for (path, text) in files {
                let Some(path) = path else { continue };
                world.folders.write_file(&path, text.as_bytes())?;
                written.push(path.display().to_string());
            }
            output.print(
                || format!("roster version {} written to {}\n", version.version(), written.join(" and ")),
                || json!({"version": version.version(), "written": written}),
            );
            Ok(())
        }
    }
}

/// Writes a draft; what is still missing of it is said, and stays for people to say.
fn import(world: &World, file: &Path, onto: Option<&Path>, out: Option<&Path>, output: Output) -> Result<(), Failure> {
    let known = onto.map(|path| read_roster_file(world, path)).transpose()?;
    let people = read_allowed_signers(&read_text(world, file)?, known.as_ref()).map_err(|problems| {
        let all = problems.iter().map(|it| format!("{}:{}: {}", file.display(), it.line, it.message));
        let hint = "Take these lines out, or mend them; nothing was written.";
        Failure::new(FailureKind::Unreadable, all.collect::<Vec<_>>().join("; "), hint)
    })?;
    let text = roster_text(&people);
    let missing: Vec<String> = parse_roster(&text).err().unwrap_or_default().into_iter().map(|it| it.message).collect();
    if let Some(path) = out {
        world.folders.write_file(path, text.as_bytes())?;
    }
    output.print(
        || {
            let written = out.map_or_else(|| text.clone(), |path| format!("written to {}\n", path.display()));
            let missing: String = missing.iter().map(|it| format!("# still to be said: {it}\n")).collect();
            written + &missing
        },
        || json!({"roster": text, "people": people_json(&people), "missing": missing}),
    );
    Ok(())
}

fn read_roster_file(world: &World, path: &Path) -> Result<Roster, Failure> {
    parse_roster(&read_text(world, path)?).map_err(|problems| {
        let first =
            problems.first().map_or_else(String::new, |it| format!("{}:{}: {}", it.line, it.column, it.message));
        Failure::new(FailureKind::Unreadable, format!("{}: {first}", path.display()), "Name another roster.toml.")
    })
}

/// Reads a file that is text.
pub(super) fn read_text(world: &World, path: &Path) -> Result<String, Failure> {
    let bytes = world.folders.read_file(path)?;
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("{} is not UTF-8 text", path.display());
        Failure::new(FailureKind::Unreadable, message, "Name another file.")
    })
}

async fn propose(
    world: &World,
    file: &Path,
    connection: &Connection,
    reason: &str,
    days: u16,
    signing: &Signing,
    output: Output,
) -> Result<(), Failure> {
    let text = read_text(world, file)?;
    let database = open(world, &connection.text).await?;
    let signer = wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
    let open_for = SignedDuration::from_hours(24 * i64::from(days));
    let stands = propose_roster(world, &*database, &text, reason, open_for, &signer).await?;
    output.print(|| standing_text(&stands), || standing_json(&stands));
    Ok(())
}

/// Says where a proposal stands.
pub(super) fn standing_text(stands: &RosterStanding) -> String {
    let RosterStanding { digest, version, signed, needed, may_still, in_force } = stands;
    if *in_force {
        return format!("roster version {version} is in force: {signed} people have signed {}\n", digest.short());
    }
    let may: Vec<&str> = may_still.iter().map(Principal::as_str).collect();
    format!(
        "roster version {version} is proposed: {signed} of {needed} people have signed it\n  digest {}\n  spoken {}\n  next: {} \
         can sign it with `countersign roster approve {} --db … --as … --key …`\n",
        digest.groups(),
        digest.phrase(),
        may.join(", "),
        &digest.to_string()[..12],
    )
}

/// The same for machines.
pub(super) fn standing_json(stands: &RosterStanding) -> Value {
    let RosterStanding { digest, version, signed, needed, may_still, in_force } = stands;
    json!({
        "proposal": digest, "version": version, "signed": signed, "needed": needed, "may_still": may_still,
        "in_force": in_force,
    })
}

async fn show(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let governed = read_roster(world, &*database).await?;
    let proposals: Vec<&Proposal> = governed.open(world.clock.now()).collect();
    output.print(
        || {
            let mut out = match governed.in_force() {
                Ok(version) => version_text(version) + &people_text(&version.roster().people),
                Err(refusal) => format!("{refusal}\n"),
            };
            for proposal in &proposals {
                out += &proposal_text(&governed, proposal);
            }
            out
        },
        || {
            let version = governed.in_force().ok();
            json!({
                "in_force": version.map(version_json),
                "people": version.map(|version| people_json(&version.roster().people)),
                "proposals": proposals.iter().map(|it| proposal_json(it)).collect::<Vec<_>>(),
            })
        },
    );
    match governed.in_force() {
        Ok(_) => Ok(()),
        // A proposal that waits for signatures is what was asked for.
        Err(_) if !proposals.is_empty() => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}

async fn history(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let governed = read_roster(world, &*database).await?;
    output.print(
        || {
            let mut out: String = governed.versions().iter().map(version_text).collect();
            for (deed, refusal) in governed.refused() {
                out += &format!("✗ {}: {refusal}\n", deed.at);
            }
            if out.is_empty() { "no version came into force\n".to_owned() } else { out }
        },
        || {
            let refused = governed.refused().iter().map(|(deed, why)| json!({"at": deed.at, "why": why.to_string()}));
            json!({
                "versions": governed.versions().iter().map(version_json).collect::<Vec<_>>(),
                "refused": refused.collect::<Vec<_>>(),
            })
        },
    );
    Ok(())
}

fn version_text(version: &RosterVersion) -> String {
    let document = version.document();
    let mut out = format!(
        "roster version {} in force since {} on {}\n  proposed by {}: {}\n  document {}\n  roster   {}\n",
        document.version,
        version.since(),
        document.place(),
        document.proposer,
        document.reason,
        version.digest().groups(),
        document.roster_digest.groups(),
    );
    for signer in version.signed() {
        out += &format!("  ✓ {} {} at {}\n", signer.principal, signer.fingerprint, signer.at);
    }
    out
}

fn people_text(people: &[Person]) -> String {
    let row = |person: &Person, key: &Key| {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.as_str()).collect();
        let print = fingerprint(&key.line).unwrap_or_default();
        let (kind, validity) = (kind(person.kind).to_owned(), key.validity());
        vec![format!("  {}", person.principal), person.name.clone(), kind, roles.join(", "), print, validity]
    };
    let rows: Vec<Vec<String>> =
        people.iter().flat_map(|person| person.keys.iter().map(|key| row(person, key))).collect();
    columns(&rows)
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Human => "human",
        Kind::Agent => "agent",
    }
}

fn proposal_text(governed: &Governed, proposal: &Proposal) -> String {
    let document = &proposal.document;
    let may: Vec<&str> = proposal.may_still.iter().map(Principal::as_str).collect();
    let mut out = format!(
        "proposed: version {} by {}: {}\n  digest {}\n  spoken {}\n  open until {}; {} of {} people have signed it; may still: {}\n",
        document.version,
        document.proposer,
        document.reason,
        proposal.digest.groups(),
        proposal.digest.phrase(),
        document.not_after,
        proposal.signed.len(),
        proposal.needed,
        may.join(", "),
    );
    let before = governed.versions().last().map(RosterVersion::roster);
    for line in proposal.roster.changes(before) {
        out += &format!("  {line}\n");
    }
    out
}

fn people_json(people: &[Person]) -> Value {
    let key = |key: &Key| {
        json!({
            "fingerprint": fingerprint(&key.line).ok(), "key": key.line, "valid_after": key.valid_after,
            "valid_before": key.valid_before,
        })
    };
    people
        .iter()
        .map(|person| {
            json!({
                "principal": person.principal, "name": person.name, "kind": person.kind, "roles": person.roles,
                "keys": person.keys.iter().map(key).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn signer_json(signer: &RosterSigner) -> Value {
    json!({"principal": signer.principal, "fingerprint": signer.fingerprint, "at": signer.at})
}

fn version_json(version: &RosterVersion) -> Value {
    json!({
        "version": version.version(), "digest": version.digest(), "document": version.document(), "since": version.since(),
        "signed": version.signed().iter().map(signer_json).collect::<Vec<_>>(),
    })
}

fn proposal_json(proposal: &Proposal) -> Value {
    json!({
        "proposal": proposal.digest, "document": proposal.document, "needed": proposal.needed,
        "signed": proposal.signed.iter().map(signer_json).collect::<Vec<_>>(), "may_still": proposal.may_still,
        "people": people_json(&proposal.roster.people),
    })
}
