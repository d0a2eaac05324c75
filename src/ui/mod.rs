//! Takes a [`Link`] to the session and [`UiOptions`]; gives the window. Refuses to wait, to ask the database, and to
//! decide: a view asks, `App::logic` passes it on, and an event changes what is shown.
//!
//! ```text
//!  view ─► UiAction ─► App::logic ─► Command ─► (bounded channel) ─► session
//!  view ◄─ Shown    ◄─ App::logic ◄─ Event   ◄─ (channel, Waker)  ◄─ session
//! ```

mod action;
mod app;
mod draw;
mod errand;
mod fonts;
mod hear;
mod prefs;
mod state;
mod tokens;
mod view;
mod widget;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use eframe::egui;
use jiff::Timestamp;

use crate::port::Folders;
use crate::runbook::Principal;
use crate::session::{Command, Environment, Event};

pub use action::Page;
pub use app::App;
pub use prefs::{Prefs, Profile, ThemeChoice};
pub use state::Known;
pub use widget::diff::{Diff, DiffJob, Ignoring};

/// Wakes the window from another thread; does nothing until there is a window.
///
/// The worker calls [`Waker::wake`] after each event it has sent; egui then draws one frame.
#[derive(Clone, Default)]
pub struct Waker(Arc<OnceLock<egui::Context>>);

impl Waker {
    /// Asks for one frame.
    pub fn wake(&self) {
        if let Some(context) = self.0.get() {
            context.request_repaint();
        }
    }

    fn attach(&self, context: &egui::Context) {
        // A second window over the same link would be a mistake of the caller; the first one keeps being woken.
        let _ = self.0.set(context.clone());
    }
}

/// The two channels to the session, and what the session wakes the window with.
pub struct Link {
    /// Where commands go. Bounded: a full channel refuses the command, and the window says so.
    pub commands: tokio::sync::mpsc::Sender<Command>,
    /// Where events come from.
    pub events: std::sync::mpsc::Receiver<Event>,
    /// A clone of what the worker calls after each event.
    pub waker: Waker,
}

/// Somebody who signs at this desk, with the key that is offered first.
#[derive(Clone, Debug)]
pub struct DeskPerson {
    /// Who.
    pub principal: Principal,
    /// The private key file.
    pub key: PathBuf,
}

/// What the window is opened with. It reads no environment, no clock and no home folder of its own.
pub struct UiOptions {
    /// A runbook folder to open at once.
    pub runbook: Option<PathBuf>,
    /// A connection text to connect with at once; may be empty text for "as the environment says".
    pub connection: Option<String>,
    /// What kind of database that is.
    pub environment: Environment,
    /// A baseline file to open at once.
    pub baseline: Option<PathBuf>,
    /// A dump that is offered first, such as the demo's.
    pub dump: Option<PathBuf>,
    /// People whose keys are offered first, such as the demo's.
    pub people: Vec<DeskPerson>,
    /// The SQL that makes a ledger (`port::Database::ledger_sql`), shown before it is run.
    pub ledger_sql: String,
    /// Reads and writes the preferences.
    pub folders: Arc<dyn Folders>,
    /// Where the preferences are; `None` remembers nothing.
    pub prefs: Option<PathBuf>,
    /// Tells the time.
    pub now: fn() -> Timestamp,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened; the text says why.
pub fn run(link: Link, options: UiOptions) -> Result<(), eframe::Error> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Countersign")
        .with_app_id("countersign")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([640.0, 420.0])
        .with_icon(Arc::new(widget::icon::icon()))
        .with_drag_and_drop(true);
    // Named, because a build beside the picture tests knows another renderer too, and that one needs more of a machine.
    let renderer = eframe::Renderer::Glow;
    let native = eframe::NativeOptions { viewport, renderer, persist_window: false, ..Default::default() };
    eframe::run_native("countersign", native, Box::new(|cc| Ok(Box::new(App::new(&cc.egui_ctx, link, options)))))
}
