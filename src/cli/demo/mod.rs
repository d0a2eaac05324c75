//! Takes an empty folder; gives a private PostgreSQL server with the sample database, runbook, people and baseline, and a
//! drill if one was asked for; refuses folders that hold anything.
//!
//! `up` leaves it running until `down`. `private` gives the same to one run of the program and takes it away afterwards.
//! The program has two hidden verbs, `demo tick --dir DIR` and `demo hold --dir DIR`, for the processes that stay: see [`serve`].

mod embedded;
mod failure;
mod helper;
mod people;
mod place;
mod raise;
mod scenario;
mod traffic;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::adapter::postgres::{ClusterOptions, PrivateCluster};
use place::{Place, Record};

pub use embedded::FILES as SAMPLE_FILES;
pub use failure::DemoFailure;
pub use helper::{HelperRole, serve};
pub use people::DemoPerson;
pub use scenario::{Scenario, UnknownScenario};

/// Where a demo goes and what has gone wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpOptions {
    /// A folder that is empty, or not there yet.
    pub dir: PathBuf,
    /// The drill; `None` is the healthy state after the build.
    pub scenario: Option<Scenario>,
    /// The folder of `initdb` and `postgres`; `None` looks in the usual places.
    pub binaries: Option<PathBuf>,
    /// The program whose hidden verbs keep the demo going; `None` is the one that runs.
    pub program: Option<PathBuf>,
}

/// A demo that stands: what to connect to, and with whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoUp {
    /// The connection text.
    pub url: String,
    /// The database's name, as it is typed to confirm a run.
    pub database: String,
    /// The runbook's folder.
    pub runbook: PathBuf,
    /// The baseline's file.
    pub baseline: PathBuf,
    /// A dump that `pg_dump` took before the build, where the drill is about one; `None` where it could not be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dump: Option<PathBuf>,
    /// Values for the runbook's parameters.
    pub bindings: BTreeMap<String, String>,
    /// Everybody, with the file of their key.
    pub people: Vec<DemoPerson>,
    /// The folder of all of it.
    pub dir: PathBuf,
    /// What has gone wrong in it.
    pub scenario: Option<Scenario>,
}

impl DemoUp {
    /// Returns it as lines for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("The demo stands in {}\n", self.dir.display());
        let story = self.scenario.map_or("Phase 1 is built and committed; nothing has gone wrong.", Scenario::story);
        let mut line = |what: &str, value: &str| {
            writeln!(out, "  {what:<9} {value}").expect("BUG: writing to a text cannot fail");
        };
        line("drill", &self.scenario.map_or_else(|| format!("none: {story}"), |drill| format!("{drill}: {story}")));
        line("database", &self.url);
        line("runbook", &self.runbook.display().to_string());
        line("baseline", &self.baseline.display().to_string());
        if let Some(dump) = &self.dump {
            line("dump", &dump.display().to_string());
        }
        for (name, value) in &self.bindings {
            line("binding", &format!("{name}={value}"));
        }
        for person in &self.people {
            line("person", &format!("{} ({}) {}", person.principal, person.roles.join(", "), person.key.display()));
        }
        out
    }
}

/// What is left after a demo was taken down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoDown {
    /// The demo's folder.
    pub dir: PathBuf,
    /// Whether the folder is gone too; it stays when it was there before, or holds anything that `up` did not make.
    pub folder_removed: bool,
}

/// Makes a demo that stays when we go.
///
/// # Errors
/// See [`DemoFailure`]; what had been made is removed again, after Ctrl-C too.
pub async fn up(options: &UpOptions) -> Result<DemoUp, DemoFailure> {
    let place = Place::claim(&options.dir)?;
    // The first branch is asked first, so that the signal is caught before anything is started.
    let made = tokio::select! {
        biased;
        () = asked_to_end() => Err(DemoFailure::Interrupted),
        made = stand(&place, options) => made,
    };
    made.map_err(|failure| match down(&place.root) {
        Ok(_) => failure,
        Err(then) => DemoFailure::LeftBehind { first: Box::new(failure), then: Box::new(then) },
    })
}

/// Takes down the demo in this folder: ends its helpers and server, and removes what [`up`] made.
///
/// # Errors
/// [`DemoFailure::NoDemo`] when there is none, and nothing was removed.
pub fn down(folder: &Path) -> Result<DemoDown, DemoFailure> {
    let (place, record) = Place::find(folder)?;
    let folder_removed = place.clear(&record)?;
    Ok(DemoDown { dir: place.root, folder_removed })
}

async fn stand(place: &Place, options: &UpOptions) -> Result<DemoUp, DemoFailure> {
    // It waits without yielding, on purpose: a signal is seen afterwards, when the server is one that `down` can find.
    let cluster = PrivateCluster::start(ClusterOptions {
        folder: place.cluster(),
        binaries: options.binaries.clone(),
        detached: true,
        durable: true,
    })?;
    let up = raise::raise(place, &cluster, options.scenario).await?;
    let (_, record) = Place::find(&place.root)?;
    place.write_record(&Record { url: Some(up.url.clone()), ..record })?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(|error| DemoFailure::file("find", Path::new("countersign"), &error))?,
    };
    helper::start(HelperRole::Tick, &program, place).await?;
    if options.scenario.and_then(Scenario::held_step).is_some() {
        helper::start(HelperRole::Hold, &program, place).await?;
    }
    Ok(up)
}

/// Waits for Ctrl-C, or for the system to ask us to end. Where signals cannot be caught it waits for ever.
async fn asked_to_end() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// A demo for this run of the program only; dropping it ends the server and removes the folder.
///
/// Its traffic needs the runtime it was made on to go on running.
#[derive(Debug)]
pub struct PrivateDemo {
    /// What to connect to, and with whom.
    pub up: DemoUp,
    traffic: Vec<JoinHandle<()>>,
    // Fields are dropped in this order: the server must be gone before its folder is.
    _cluster: PrivateCluster,
    _folder: TempDir,
}

impl Drop for PrivateDemo {
    fn drop(&mut self) {
        self.traffic.iter().for_each(JoinHandle::abort);
    }
}

/// Makes a demo in a temporary folder, for as long as the value lives.
///
/// # Errors
/// See [`DemoFailure`]; nothing is left behind.
pub async fn private(scenario: Option<Scenario>) -> Result<PrivateDemo, DemoFailure> {
    private_with(scenario, None).await
}

/// Does the same with the server programs of one folder; `None` looks in the usual places.
///
/// # Errors
/// See [`DemoFailure`]; nothing is left behind.
pub async fn private_with(scenario: Option<Scenario>, binaries: Option<PathBuf>) -> Result<PrivateDemo, DemoFailure> {
    let temporary = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix("countersign-demo-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir()
        .map_err(|error| DemoFailure::file("make a folder in", &temporary, &error))?;
    let place = Place::claim(folder.path())?;
    let options = ClusterOptions { folder: place.cluster(), binaries, detached: false, durable: false };
    let cluster = PrivateCluster::start(options)?;
    let up = raise::raise(&place, &cluster, scenario).await?;
    let mut traffic = vec![tokio::spawn(keep_going(up.url.clone()))];
    if scenario.and_then(Scenario::held_step).is_some() {
        let (says, mut hears) = tokio::sync::oneshot::channel();
        traffic.push(tokio::spawn(keep_holding(up.url.clone(), says)));
        let begun = tokio::time::timeout(std::time::Duration::from_secs(20), &mut hears).await;
        if !matches!(begun, Ok(Ok(()))) {
            traffic.iter().for_each(JoinHandle::abort);
            return Err(DemoFailure::Helper {
                verb: HelperRole::Hold.verb(),
                reason: "had not begun after 20 s".to_owned(),
            });
        }
    }
    Ok(PrivateDemo { up, traffic, _cluster: cluster, _folder: folder })
}

async fn keep_going(url: String) {
    // Without traffic the demo is only quieter.
    let _ = traffic::tick(&url, || Ok(()), || true).await;
}

async fn keep_holding(url: String, says: tokio::sync::oneshot::Sender<()>) {
    let begun = move || {
        let _ = says.send(());
        Ok(())
    };
    // A failure closes the channel, and whoever listens hears that.
    let _ = traffic::hold(&url, embedded::file("build/sb-13.sql"), begun, || true).await;
}
