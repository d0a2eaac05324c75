//! The verbs that show what is kept: ledger log and request.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::Output;
use super::super::args::Connection;
use super::super::output::{columns, counted};
use super::open;
use crate::approval::Decision;
use crate::digest::Digest;
use crate::finding::{request_of, to_be_signed};
use crate::ledger::{Body, Entry, RequestState, replay};
use crate::plan::{Request, read_strict};
use crate::session::{Failure, World, to_sign};

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
