//! The verbs of findings: list, show, export, verify, sign.

use std::path::Path;

use serde_json::json;

use super::super::args::{FindingExport, FindingKindName, FindingVerb};
use super::super::output::columns;
use super::super::{Output, wiring};
use super::open;
use crate::finding::{FindingSort, Shelf, Shelved, render_markdown};
use crate::ledger::State;
use crate::runbook::CheckId;
use crate::session::{
    BesideEachOther, Failure, FailureKind, FindingAbout, Kept, World, export_about, export_kept, findings,
    open_baseline, read_runbook, sign_finding, verify_finding, verify_finding_against,
};

/// `finding …`.
pub(super) async fn finding(world: &World, verb: FindingVerb, output: Output) -> Result<(), Failure> {
    match verb {
        FindingVerb::List { connection, kind, search } => list(world, &connection.text, kind, &search, output).await,
        FindingVerb::Show { finding, connection } => show(world, &finding, &connection.text, output).await,
        FindingVerb::Export(words) => export(world, words, output).await,
        FindingVerb::Verify { dir, db } => verify(world, &dir, db.as_deref(), output).await,
        FindingVerb::Sign { dir, connection, signing } => {
            let database = open(world, &connection.text).await?;
            let signer =
                wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
            let (finding, digest) = sign_finding(world, &*database, &dir, &signer).await?;
            output.print(
                || format!("{} signed: {}\n  digest {}\n", signer.principal, finding.headline, digest.groups()),
                || json!({"folder": dir, "digest": digest, "signed_by": signer.principal}),
            );
            Ok(())
        }
    }
}

async fn list(
    world: &World,
    db: &str,
    kind: Option<FindingKindName>,
    search: &str,
    output: Output,
) -> Result<(), Failure> {
    let database = open(world, db).await?;
    let known = findings(world, &*database).await?;
    let shelf = Shelf::of(&known.state().findings);
    let is_wanted = |kept: &&Shelved| {
        let sort = kept.card.as_ref().map(|card| card.sort);
        kind.is_none_or(|kind| sort == Some(sort_of(kind))) && kept.is_found(search)
    };
    let found: Vec<&Shelved> = shelf.in_order().into_iter().filter(is_wanted).collect();
    // Only signatures that hold are told.
    let told: Vec<(&Shelved, Vec<String>)> =
        found.into_iter().map(|kept| (kept, signers(known.state(), kept))).collect();
    output.print(
        || {
            if told.is_empty() {
                return "No finding.\n".to_owned();
            }
            columns(&told.iter().map(|(kept, signers)| row(kept, signers)).collect::<Vec<_>>())
        },
        || json!({"findings": told.iter().map(|(kept, signers)| kept_json(kept, signers)).collect::<Vec<_>>()}),
    );
    Ok(())
}

fn signers(state: &State, kept: &Shelved) -> Vec<String> {
    let read = Kept::read(state, kept);
    read.iter().flat_map(|kept| &kept.holding).map(|signed| signed.principal.to_string()).collect()
}

fn row(kept: &Shelved, signers: &[String]) -> Vec<String> {
    let number = format!("No. {}", kept.number);
    let Some(card) = &kept.card else {
        return vec![
            number,
            "unreadable".to_owned(),
            "a newer version wrote it".to_owned(),
            String::new(),
            String::new(),
        ];
    };
    vec![
        number,
        card.sort.word().to_owned(),
        signed_words(kept, signers),
        card.written_at.to_string(),
        card.headline.clone(),
    ]
}

fn signed_words(kept: &Shelved, signers: &[String]) -> String {
    match (kept.waits, signers.is_empty()) {
        (true, _) => "to be signed".to_owned(),
        (false, true) => "not signed".to_owned(),
        (false, false) => format!("signed by {}", signers.join(", ")),
    }
}

fn kept_json(kept: &Shelved, signers: &[String]) -> serde_json::Value {
    let card = kept.card.as_ref();
    json!({
        "number": kept.number, "also": kept.also, "entry": kept.seq, "digest": kept.digest, "to_be_signed": kept.waits,
        "kind": card.map(|card| card.sort.word()), "headline": card.map(|card| &card.headline),
        "writer": card.map(|card| &card.writer), "written_at": card.map(|card| card.written_at),
        "signed_by": signers, "may_countersign": kept.to_countersign(),
    })
}

fn sort_of(kind: FindingKindName) -> FindingSort {
    match kind {
        FindingKindName::Rehearsal => FindingSort::Rehearsal,
        FindingKindName::Run => FindingSort::Run,
        FindingKindName::Divergence => FindingSort::Divergence,
        FindingKindName::Restore => FindingSort::Restore,
        FindingKindName::Stop => FindingSort::Stop,
        FindingKindName::Restart => FindingSort::Restart,
        FindingKindName::Comparison => FindingSort::Comparison,
    }
}

async fn show(world: &World, name: &str, db: &str, output: Output) -> Result<(), Failure> {
    let database = open(world, db).await?;
    let kept = Kept::find(findings(world, &*database).await?.state(), name)?;
    let Kept { shelved, document: _, finding, holding } = &kept;
    let signers: Vec<String> = holding.iter().map(|signed| signed.principal.to_string()).collect();
    output.print(
        || {
            let page = render_markdown(finding, shelved.digest, holding);
            format!("{}, ledger entry {}, {}\n\n{page}", shelved.title(), shelved.seq, signed_words(shelved, &signers))
        },
        || json!({"kept": kept_json(shelved, &signers), "finding": finding}),
    );
    Ok(())
}

async fn export(world: &World, words: FindingExport, output: Output) -> Result<(), Failure> {
    let database = open(world, &words.connection.text).await?;
    let (finding, digest) = if let Some(name) = &words.about.kept {
        export_kept(world, &*database, name, &words.out).await?
    } else {
        let about = about(world, &words)?;
        let (principal, key) = (words.principal.as_deref().unwrap_or(""), words.key.as_deref().unwrap_or(""));
        let signer = wiring::signer(world, principal, key, words.passphrase_file.as_deref()).await?;
        export_about(world, &*database, &about, &words.out, &words.words, &signer).await?
    };
    output.print(
        || format!("{}\n  exported to {}\n  digest {}\n", finding.headline, words.out.display(), digest.groups()),
        || json!({"folder": words.out, "digest": digest, "headline": finding.headline, "kind": finding.kind}),
    );
    Ok(())
}

fn about(world: &World, words: &FindingExport) -> Result<FindingAbout, Failure> {
    let about = &words.about;
    if let Some(request) = &about.request {
        return Ok(FindingAbout::Request(request.clone()));
    }
    if let Some(seq) = about.stop {
        return Ok(FindingAbout::Stop(seq));
    }
    if let Some(seq) = about.restart {
        return Ok(FindingAbout::Restart(seq));
    }
    let Some([left, right]) = about.comparison.as_deref() else {
        let message = "there is nothing to write about";
        return Err(Failure::new(
            FailureKind::Unreadable,
            message,
            "Name a request, --stop, --restart or --comparison.",
        ));
    };
    let checks = match &words.runbook {
        None => Vec::new(),
        Some(path) => read_runbook(world, path)?.0.checks,
    };
    Ok(FindingAbout::Comparison(Box::new(BesideEachOther {
        left: open_baseline(world, left)?,
        right: open_baseline(world, right)?,
        checks,
        ignored: words.ignored.iter().map(|id| CheckId::from(id.as_str())).collect(),
    })))
}

/// `finding verify`.
async fn verify(world: &World, dir: &Path, db: Option<&str>, output: Output) -> Result<(), Failure> {
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
