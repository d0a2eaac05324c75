//! Builds the window: the session's worker on one side, the screens on the other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use countersign::cli::demo::{DemoPerson, Scenario, private};
use countersign::cli::{Output, runtime, wiring};
use countersign::runbook::Principal;
use countersign::session::{Environment, Failure, FailureKind, Worker};
use countersign::ui::{self, DeskPerson, Link, Prefs, UiOptions, Waker};

/// Returns whether there is a display to open a window on.
#[must_use]
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens the window, on a runbook when one was named.
#[must_use]
pub fn open(runbook: Option<PathBuf>, output: Output) -> u8 {
    if !has_display() {
        let hint = "Use a verb, see `countersign --help`; or try `countersign demo up --dir D`.";
        return fail(output, &Failure::new(FailureKind::Unreadable, "there is no display to open the window on", hint));
    }
    show(Opening { runbook, ..Opening::default() }, output)
}

/// Brings up a private demo, opens the window on it, and takes it down when the window is closed.
#[must_use]
pub fn demo(scenario: Option<Scenario>, output: Output) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => return fail(output, &failure),
    };
    let demo = match runtime.block_on(private(scenario)) {
        Ok(demo) => demo,
        Err(failure) => return fail(output, &failure.failure()),
    };
    eprint!("{}", demo.up.text());
    let person =
        |person: &DemoPerson| DeskPerson { principal: Principal(person.principal.clone()), key: person.key.clone() };
    let opening = Opening {
        runbook: Some(demo.up.runbook.clone()),
        connection: Some(demo.up.url.clone()),
        baseline: Some(demo.up.baseline.clone()),
        dump: demo.up.dump.clone(),
        people: demo.up.people.iter().map(person).collect(),
    };
    // Ctrl-C in the terminal, and a polite end by the system, leave no server and no folder behind.
    let held = Arc::new(Mutex::new(Some(demo)));
    let asked = Arc::clone(&held);
    runtime.spawn(async move {
        asked_to_end().await;
        drop(asked.lock().unwrap_or_else(PoisonError::into_inner).take());
        std::process::exit(130);
    });
    let code = show(opening, output);
    drop(held.lock().unwrap_or_else(PoisonError::into_inner).take());
    code
}

/// Waits for Ctrl-C or SIGTERM; for ever where neither can be heard.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut end) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end.recv() => {}
    }
}

/// What the window is opened with.
#[derive(Default)]
struct Opening {
    runbook: Option<PathBuf>,
    connection: Option<String>,
    baseline: Option<PathBuf>,
    dump: Option<PathBuf>,
    people: Vec<DeskPerson>,
}

fn show(opening: Opening, output: Output) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => return fail(output, &failure),
    };
    let world = wiring::world();
    let waker = Waker::default();
    let wake = waker.clone();
    let prefs = wiring::prefs_path();
    let watch =
        prefs.as_deref().map(|path| Prefs::read(world.folders.as_ref(), path)).unwrap_or_default().watch_seconds;
    let link = {
        let _inside = runtime.enter();
        Worker::start_watching(world.clone(), Arc::new(move || wake.wake()), watch)
    };
    let options = UiOptions {
        runbook: opening.runbook,
        connection: opening.connection,
        environment: Environment::Development,
        baseline: opening.baseline,
        dump: opening.dump,
        people: opening.people,
        ledger_sql: wiring::ledger_sql(),
        folders: world.folders,
        prefs,
        now: wiring::now,
    };
    let link = Link { commands: link.commands, events: link.events, waker };
    let shown = ui::run(link, options);
    // What is in flight is given a moment to end; a run past COMMIT records its outcome by itself.
    runtime.shutdown_timeout(std::time::Duration::from_secs(10));
    match shown {
        Ok(()) => 0,
        Err(error) => {
            let hint = "Check DISPLAY and OpenGL; every verb works without a window.";
            fail(output, &Failure::new(FailureKind::Unreadable, format!("the window cannot be opened: {error}"), hint))
        }
    }
}

fn fail(output: Output, failure: &Failure) -> u8 {
    output.fail(failure);
    failure.kind.exit_code()
}
