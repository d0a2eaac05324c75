//! The verbs that keep and prove: finding export and verify, ledger log and request.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::super::args::{Connection, Signing};
use super::super::output::{columns, counted};
use super::super::{Output, wiring};
use super::open;
use crate::approval::Decision;
use crate::digest::Digest;
use crate::finding::{request_of, to_be_signed};
use crate::ledger::{Body, Entry, RequestState, replay};
use crate::plan::{Request, read_strict};
use crate::session::{Failure, FailureKind, World, export_finding, to_sign, verify_finding, verify_finding_against};

/// `finding export`.
pub(super) async fn export(
    world: &World,
    request: &str,
    connection: &Connection,
    out: &Path,
    words: &str,
    signing: &Signing,
    output: Output,
) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let signer = wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
    let (finding, digest) = export_finding(world, &*database, request, out, words, &signer).await?;
    output.print(
        || format!("{}\n  exported to {}\n  digest {}\n", finding.headline, out.display(), digest.groups()),
        || json!({"folder": out, "digest": digest, "headline": finding.headline, "kind": finding.kind}),
    );
    Ok(())
}

/// `finding verify`.
pub(super) async fn verify(world: &World, dir: &Path, db: Option<&str>, output: Output) -> Result<(), Failure> {
    let verification = match db {
        None => verify_finding(world, dir)?,
        Some(text) => verify_finding_against(world, &*open(world, text).await?, dir).await?,
    };
    output.print(
        || {
            let mut out = String::new();
            if let Some(finding) = &verification.finding {
                out += &format!("{}\n", finding.headline);
            }
            let mut section =
                |mark: &str, lines: &[String]| lines.iter().for_each(|line| out += &format!("  {mark} {line}\n"));
            section("✓", &verification.proved);
            section("✗", &verification.refused);
            section("?", &verification.not_proved);
            out
        },
        || json!({"verified": verification.refused.is_empty(), "verification": verification}),
    );
    match verification.refused.first() {
        None => Ok(()),
        Some(first) => {
            let message = format!("the finding does not verify: {first}");
            let hint = match db {
                None => "Ask for the folder again from whoever exported it.",
                Some(_) => {
                    "If the folder verifies without --db, the ledger was changed: see `countersign ledger verify`."
                }
            };
            Err(Failure::new(FailureKind::Refused, message, hint))
        }
    }
}

/// `ledger log`.
pub(super) async fn log(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let entries = database.ledger_read(0).await?;
    let state = replay(&entries);
    let request = |request: &RequestState| {
        let document = read_strict::<Request>(&request.request).ok();
        let (id, steps) = document.map_or_else(Default::default, |document| {
            (document.id(), document.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        });
        (id, steps)
    };
    let waiting = to_be_signed(&state.findings);
    let named: BTreeMap<Digest, String> = state.requests.iter().map(|state| (state.digest, request(state).0)).collect();
    output.print(
        || {
            let rows: Vec<Vec<String>> = entries
                .iter()
                .map(|entry| {
                    let about = about(entry).and_then(|digest| named.get(&digest)).cloned().unwrap_or_default();
                    let (seq, hash) = (entry.seq.to_string(), entry.hash.short());
                    let waits = if waiting.contains(&entry.seq) { ", to be signed" } else { "" };
                    let kind = format!("{}{waits}", entry.kind);
                    vec![seq, entry.at.clone(), entry.actor.clone(), kind, hash, about]
                })
                .collect();
            let requests: Vec<Vec<String>> = state
                .requests
                .iter()
                .map(|state| {
                    let (id, steps) = request(state);
                    let by: Vec<String> =
                        state.approvals.iter().map(|approval| approval.signature.principal.to_string()).collect();
                    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
                    let approvals = format!("{}{by}", counted(state.approvals.len(), "approval"));
                    vec![id, steps, state.requested.principal.to_string(), approvals, state.status.words()]
                })
                .collect();
            format!("{}\n{}", columns(&rows), columns(&requests))
        },
        || {
            let requests: Vec<_> = state
                .requests
                .iter()
                .map(|state| {
                    let (id, steps) = request(state);
                    json!({
                        "request": id, "steps": steps, "digest": state.digest, "status": state.status.words(),
                        "requester": state.requested.principal,
                        "approvals": state.approvals.iter().map(|approval| &approval.signature.principal).collect::<Vec<_>>(),
                    })
                })
                .collect();
            let entries: Vec<_> = entries.iter().map(entry_json).collect();
            json!({
                "head": state.head, "stop": state.stop().map(|stop| &stop.reason), "entries": entries, "requests": requests,
                "findings_to_be_signed": waiting,
            })
        },
    );
    Ok(())
}

/// Returns the digest of the request that an entry is about.
fn about(entry: &Entry) -> Option<Digest> {
    match serde_json::from_str(&entry.body).ok()? {
        Body::Staged { request, .. } => Some(Digest::of(request.as_bytes())),
        Body::Approved { request_digest, .. }
        | Body::Rejected { request_digest, .. }
        | Body::Withdrawn { request_digest, .. }
        | Body::Intent { request_digest, .. }
        | Body::Committed { request_digest, .. }
        | Body::Ended { request_digest, .. } => Some(request_digest),
        Body::Finding { document, .. } => request_of(&document),
        Body::RosterProposed { .. }
        | Body::RosterApproved { .. }
        | Body::RosterWithdrawn { .. }
        | Body::Baseline { .. }
        | Body::Stopped { .. }
        | Body::Restart { .. } => None,
    }
}

fn entry_json(entry: &Entry) -> serde_json::Value {
    json!({"seq": entry.seq, "at": entry.at, "actor": entry.actor, "kind": entry.kind, "hash": entry.hash, "previous": entry.previous})
}

/// `ledger request`: the exact bytes that an approval or a decision signs, without a line feed.
pub(super) async fn request(
    world: &World,
    name: &str,
    decision: Option<(Decision, String)>,
    connection: &Connection,
    output: Output,
) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let decision = decision.as_ref().map(|(decision, reason)| (*decision, reason.as_str()));
    let signed = to_sign(world, &*database, name, decision).await?;
    let digest = Digest::of(signed.bytes.as_bytes());
    output.print(
        || signed.bytes.clone(),
        || json!({"request": signed.bytes, "digest": digest, "namespace": signed.namespace.as_str()}),
    );
    Ok(())
}
