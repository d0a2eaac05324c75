//! Takes a running private server and a place; gives the sample database, runbook, people and baseline in it, built up
//! to the state of a drill; refuses to go on after any failure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::failure::DemoFailure;
use super::people::DemoPerson;
use super::place::Place;
use super::{DemoUp, Scenario, embedded, people};
use crate::adapter::postgres::{Postgres, PrivateCluster, Surroundings, find_binaries};
use crate::census::Baseline;
use crate::diagnose::questions;
use crate::digest::Digest;
use crate::ledger::Body;
use crate::port::{Database as _, KeyChoice};
use crate::runbook::{DiagnosticSeverity, Files, Principal, Runbook, parse};
use crate::session::{self, Approval, Failure, ROSTER_OPEN_FOR, SignAs, World};

/// What the demo's baseline is the truth of.
pub const LABEL: &str = "before the build";

/// Makes everything that a demo consists of, beside what goes on in it.
///
/// # Errors
/// See [`DemoFailure`].
pub async fn raise(place: &Place, cluster: &PrivateCluster, scenario: Option<Scenario>) -> Result<DemoUp, DemoFailure> {
    let made = open(&cluster.url("postgres"))?.create_database(embedded::DATABASE).await;
    made.map_err(DemoFailure::database("make the database"))?;
    let url = cluster.url(embedded::DATABASE);
    let database = open(&url)?;
    load(&database, "load the sample database", embedded::file("base.sql")).await?;

    let (people, roster) = people::make_people(&place.keys())?;
    let runbook = write_runbook(place, roster.clone())?;
    database.ledger_init().await.map_err(DemoFailure::database("make the ledger"))?;
    sign_roster(&database, &roster, &people).await?;
    keep_baseline(place, &database, &runbook).await?;

    let dump = scenario.filter(|drill| drill.needs_dump()).and_then(|_| dump(place, &url));

    let held = scenario.and_then(Scenario::held_step);
    for (step, path) in embedded::BUILDS.into_iter().filter(|(step, _)| Some(*step) != held) {
        // One message is one transaction: each step is committed by itself, as it was in Phase 1.
        load(&database, &format!("build {step}"), embedded::file(path)).await?;
    }
    if let Some(drill) = scenario.and_then(Scenario::drill) {
        load(&database, "run the drill", drill).await?;
    }
    Ok(DemoUp {
        url,
        database: embedded::DATABASE.to_owned(),
        runbook: place.runbook(),
        baseline: place.baseline(),
        dump,
        bindings: embedded::BINDINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        people,
        dir: place.root.clone(),
        scenario,
    })
}

/// Takes the dump of 97.8, from before the build, with the `pg_dump` beside the server's programs, or the one on the path. A
/// machine without one has the drill without its dump.
fn dump(place: &Place, url: &str) -> Option<PathBuf> {
    let beside = find_binaries(None).ok().map(|folder| folder.join("pg_dump")).filter(|program| program.is_file());
    let program = beside.unwrap_or_else(|| PathBuf::from("pg_dump"));
    let file = place.dump();
    let taken = std::process::Command::new(program)
        .args(["--format=custom", "--schema=public", "--no-password"])
        .arg(format!("--file={}", file.display()))
        .arg(format!("--dbname={url}"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    taken.is_ok_and(|status| status.success()).then_some(file)
}

fn open(url: &str) -> Result<Postgres, DemoFailure> {
    // The text says everything: what PGHOST or a password file say is about other servers.
    Postgres::new(url, Surroundings::default()).map_err(DemoFailure::database("read the demo's own connection text"))
}

async fn load(database: &Postgres, what: &str, sql: &str) -> Result<(), DemoFailure> {
    database.load(sql).await.map_err(DemoFailure::database(what))
}

/// Writes the runbook's folder and reads it as everybody will.
fn write_runbook(place: &Place, roster: String) -> Result<Runbook, DemoFailure> {
    let folder = place.runbook();
    let mut files: BTreeMap<String, Vec<u8>> =
        embedded::FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    files.insert("roster.toml".to_owned(), roster.into_bytes());
    for (path, bytes) in &files {
        Place::write(&folder.join(path), bytes)?;
    }
    let (runbook, diagnostics) = parse(&Files(files));
    match diagnostics.iter().find(|found| found.severity == DiagnosticSeverity::Error) {
        None => Ok(runbook),
        Some(found) => Err(DemoFailure::Sample(format!("{}:{}: {}", found.file, found.line, found.message))),
    }
}

/// Brings the roster into force as everybody on it would: one proposes it, and everybody human signs (D-72).
async fn sign_roster(database: &Postgres, text: &str, people: &[DemoPerson]) -> Result<(), DemoFailure> {
    let world = World { ledgers: std::sync::Arc::default(), ..super::super::wiring::world() };
    let refused = |failure: Failure| DemoFailure::Sample(format!("the roster cannot be signed: {}", failure.message));
    let mut humans = people.iter().filter(|person| person.is_human).map(|person| SignAs {
        principal: Principal(person.principal.clone()),
        key: KeyChoice::File(person.key.clone()),
        passphrase: None,
    });
    let Some(first) = humans.next() else { return Ok(()) };
    let reason = "the people of the demo";
    session::propose_roster(&world, database, text, reason, ROSTER_OPEN_FOR, &first).await.map_err(refused)?;
    for signer in humans {
        let signing = Approval::Sign(&signer);
        session::approve_roster(&world, database, "", None, signing).await.map_err(refused)?;
    }
    Ok(())
}

/// Takes the census before anything is built, and keeps it in a file and in the ledger.
async fn keep_baseline(place: &Place, database: &Postgres, runbook: &Runbook) -> Result<(), DemoFailure> {
    let census = database.census(&questions(runbook)).await.map_err(DemoFailure::database("take the baseline"))?;
    let baseline = Baseline::of(LABEL, runbook, census);
    let document = crate::plan::canonical(&baseline).map_err(|error| DemoFailure::Sample(error.to_string()))?;
    // As every baseline file: its canonical text, and a line feed.
    Place::write(&place.baseline(), format!("{document}\n").as_bytes())?;
    let digest = Digest::of(document.as_bytes());
    let kept = database.ledger_append(&Body::Baseline { document, digest }).await;
    kept.map_err(DemoFailure::database("keep the baseline in the ledger"))?;
    Ok(())
}
