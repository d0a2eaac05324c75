//! Takes actions and events; the one place where the window acts. Sends at most one operation at a time.

use std::collections::VecDeque;
use std::sync::{Arc, mpsc};

use eframe::egui::{Context, ThemePreference};
use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;

use crate::session::{Command, is_of_finding};

use super::action::{Choose, Page, UiAction};
use super::errand::errand_of;
use super::prefs::{Prefs, ThemeChoice};
use super::state::{Errand, Flight, Known, Shown, Tone};
use super::view::{Pages, chrome::palette::Palette};
use super::widget::diff::DiffCache;
use super::{Link, UiOptions, fonts, tokens};

/// How many events are taken in one frame: a flood is spread over frames instead of freezing one.
const EVENTS_A_FRAME: usize = 512;
/// How many follow-up commands may wait; there are no more kinds of them.
const QUEUE_LIMIT: usize = 16;

/// The window's application.
pub struct App {
    pub(super) shown: Shown,
    pub(super) page: Page,
    pub(super) pages: Pages,
    pub(super) palette: Palette,
    pub(super) prefs: Prefs,
    pub(super) options: UiOptions,
    pub(super) actions: Vec<UiAction>,
    pub(super) diffs: DiffCache,
    /// Whether the evidence is shown although the window is narrow; not remembered.
    pub(super) narrow_evidence: bool,
    link: Link,
    queue: VecDeque<Command>,
    picked: (mpsc::Sender<Picked>, mpsc::Receiver<Picked>),
    saved: (mpsc::Sender<Saved>, mpsc::Receiver<Saved>),
    kept: Prefs,
}

/// What a file dialog gave: what it was opened for, and the path.
type Picked = (Choose, Option<std::path::PathBuf>);

/// A file that was saved, or why not.
type Saved = (std::path::PathBuf, Result<(), String>);

impl App {
    /// Makes the application on a context, with or without a window around it.
    #[must_use]
    pub fn new(context: &Context, link: Link, options: UiOptions) -> Self {
        let prefs =
            options.prefs.as_deref().map(|path| Prefs::read(options.folders.as_ref(), path)).unwrap_or_default();
        dress(context, &prefs);
        link.waker.attach(context);
        let mut queue = VecDeque::new();
        queue.extend(options.runbook.clone().map(Command::OpenRunbook));
        queue.extend(options.baseline.clone().map(Command::OpenBaseline));
        let environment = options.environment;
        queue.extend(options.connection.clone().map(|text| Command::Connect { text, environment }));
        Self {
            shown: Shown::default(),
            page: Page::Start,
            pages: Pages::new(&options),
            palette: Palette::default(),
            kept: prefs.clone(),
            prefs,
            actions: Vec::new(),
            diffs: DiffCache::default(),
            narrow_evidence: false,
            link,
            queue,
            picked: mpsc::channel(),
            saved: mpsc::channel(),
            options,
        }
    }

    /// Returns how many table rows the last frame of Compare laid out: never more than fit on the screen.
    #[must_use]
    pub fn compare_rows_laid_out(&self) -> usize {
        self.pages.compare.rows_laid_out()
    }

    /// Returns the page that is shown.
    #[must_use]
    pub fn page(&self) -> Page {
        self.page
    }

    /// Drains events and acts on what the views asked; called before each frame.
    pub fn tick(&mut self, context: &Context) {
        self.listen(context);
        for action in std::mem::take(&mut self.actions) {
            self.act(action, context);
        }
        while let Ok((choose, path)) = self.picked.1.try_recv() {
            if let Some(path) = path {
                let followed = self.pages.picked(choose, path);
                self.queue_all(followed);
            }
        }
        while let Ok((path, written)) = self.saved.1.try_recv() {
            let now = self.now();
            match written {
                Ok(()) => self.shown.note(now, Tone::Good, format!("Saved {}", path.display()), ""),
                Err(reason) => self.shown.shout(now, reason, "Choose another place."),
            }
        }
        self.diffs.collect();
        self.dropped(context);
        self.send_next();
        self.keep(context);
    }

    fn now(&self) -> Timestamp {
        (self.options.now)()
    }

    fn listen(&mut self, context: &Context) {
        for taken in 0.. {
            if taken == EVENTS_A_FRAME {
                context.request_repaint();
                return;
            }
            match self.link.events.try_recv() {
                Ok(event) => {
                    let now = self.now();
                    self.remember(&event);
                    let next = self.shown.hear(event, now);
                    self.queue_all(next);
                }
                Err(mpsc::TryRecvError::Empty) => return,
                Err(mpsc::TryRecvError::Disconnected) => {
                    if !self.shown.lost {
                        self.shown.lost = true;
                        self.shown.flight = None;
                        let now = self.now();
                        self.shown.shout(now, "The session has ended", "Close the window and open it again.");
                    }
                    return;
                }
            }
        }
    }

    /// Keeps in the preferences what an event says about recent things, and shows what has just become worth seeing.
    fn remember(&mut self, event: &crate::session::Event) {
        use crate::session::Event;
        match event {
            Event::RunbookOpened { path, .. } => {
                self.prefs.opened(path);
                if self.page == Page::Start && self.shown.connection.value().is_some() {
                    self.page = Page::Overview;
                }
            }
            Event::Connected { environment, .. } => {
                let text = self.pages.start.connection_text().to_owned();
                self.prefs.connected(&text, *environment);
            }
            Event::Surveyed(_) if self.page == Page::Start && self.shown.survey.value().is_none() => {
                self.page = Page::Overview;
            }
            Event::FindingVerified(_) => self.page = Page::Findings,
            Event::Ran { .. } => self.page = Page::Run,
            Event::Surveyed(_)
            | Event::Began(_)
            | Event::Disconnected
            | Event::BaselineOpened { .. }
            | Event::BaselineSaved { .. }
            | Event::Rehearsed { .. }
            | Event::BuildRehearsed(_)
            | Event::Staged { .. }
            | Event::Decided(_)
            | Event::SavedToSign { .. }
            | Event::Progress(_)
            | Event::FindingExported { .. }
            | Event::LedgerMade
            | Event::LedgerRead(_)
            | Event::AgentKeys(_)
            | Event::Watched { .. }
            | Event::RestartSeen(_)
            | Event::DumpOpened { .. }
            | Event::DifferenceSeen(_)
            | Event::DifferenceSearched(_)
            | Event::Finished
            | Event::Failed(_) => {}
        }
    }

    fn act(&mut self, action: UiAction, context: &Context) {
        match action {
            UiAction::Ask(Command::Cancel) => self.cancel(),
            // No operation of its own: it does not wait for the one in flight. A worker that is too busy hears it at the next start.
            UiAction::Ask(command @ Command::Watch(_)) => drop(self.link.commands.try_send(command)),
            UiAction::Ask(command) => self.ask(command),
            UiAction::Go(page) => self.page = page,
            UiAction::Step(step) => {
                let steps = self.shown.book().map_or(0, |book| book.steps.len());
                self.shown.step = step.min(steps.saturating_sub(1));
                // The pages about a request follow the rail, where the step has one.
                let of_step = self.shown.selected().and_then(|step| self.shown.request_of(&step.id));
                if let Some(digest) = of_step.map(|request| request.digest)
                    && self.shown.chosen().map(|request| request.digest) != Some(digest)
                {
                    self.shown.request = Some(digest);
                    self.pages.forget_drafts();
                }
            }
            UiAction::Line(line) => {
                self.page = Page::Script;
                self.pages.script.show_line(line);
            }
            UiAction::Choose(choose) => self.choose(choose, context),
            UiAction::Copy { text, what } => {
                context.copy_text(text);
                let now = self.now();
                self.shown.note(now, Tone::Plain, format!("Copied {what}"), "");
            }
            UiAction::Save { name, text } => self.save(name, text, context),
            UiAction::Diff(job) => self.diffs.start(job, context),
            UiAction::Theme(theme) => {
                self.prefs.theme = theme;
                context.set_theme(preference(theme));
            }
            UiAction::ToggleEvidence { narrow: false } => self.prefs.evidence = !self.prefs.evidence,
            UiAction::ToggleEvidence { narrow: true } => self.narrow_evidence = !self.narrow_evidence,
            UiAction::OpenPalette => self.palette.open(),
            UiAction::Seen { request, what } => self.shown.saw(request, what),
            UiAction::ShowCheck(check) => {
                self.page = Page::Compare;
                self.pages.compare.show(check);
            }
            UiAction::CompareNow => {
                self.page = Page::Compare;
                self.pages.compare.show_live();
            }
            UiAction::WriteBeside(beside) => {
                let (left, right, left_out) = *beside;
                self.page = Page::Findings;
                self.pages.findings.write_beside(left, right, left_out);
            }
            UiAction::Request(digest) => {
                if self.shown.request != Some(digest) {
                    self.shown.request = Some(digest);
                    self.pages.forget_drafts();
                }
            }
            UiAction::DropDifference => {
                self.shown.difference = Known::NotAsked;
                self.shown.found_rows = None;
            }
            UiAction::DismissMessage => self.shown.dismissed = true,
        }
    }

    fn ask(&mut self, command: Command) {
        if let Some(flight) = &self.shown.flight {
            let text = format!("Not now: {} is still under way", flight.what);
            let now = self.now();
            self.shown.shout(now, text, "Wait for it, or cancel it.");
            return;
        }
        self.send(command);
    }

    fn cancel(&mut self) {
        if self.link.commands.try_send(Command::Cancel).is_ok()
            && let Some(flight) = &mut self.shown.flight
        {
            flight.cancelling = true;
        }
    }

    fn send(&mut self, command: Command) {
        let Some(errand) = errand_of(&command) else { return };
        let what = command.words();
        let now = self.now();
        match self.link.commands.try_send(command) {
            Ok(()) => {
                self.shown.asked(errand);
                let flight =
                    Flight { errand, what, since: now, statement: None, asked: None, began: false, cancelling: false };
                self.shown.flight = Some(flight);
            }
            Err(TrySendError::Full(_)) => {
                self.shown.shout(now, "The session is busy", "Try again in a moment.");
            }
            Err(TrySendError::Closed(_)) => {
                self.shown.lost = true;
                self.shown.shout(now, "The session has ended", "Close the window and open it again.");
            }
        }
    }

    fn queue_all(&mut self, commands: Vec<Command>) {
        for command in commands {
            let errand = errand_of(&command);
            self.queue.retain(|waiting| errand_of(waiting) != errand);
            if self.queue.len() < QUEUE_LIMIT {
                self.queue.push_back(command);
            }
        }
    }

    fn send_next(&mut self) {
        while self.shown.is_free()
            && let Some(command) = self.queue.pop_front()
        {
            let needs_runbook = errand_of(&command) == Some(Errand::Survey);
            if needs_runbook && (self.shown.book().is_none() || self.shown.connection.value().is_none()) {
                continue;
            }
            self.send(command);
        }
    }

    fn choose(&mut self, choose: Choose, context: &Context) {
        let sender = self.picked.0.clone();
        let context = context.clone();
        // The dialog of the portal waits for a person: it must not hold the window.
        std::thread::spawn(move || {
            let dialog = rfd::FileDialog::new();
            let path = match choose {
                Choose::Runbook => dialog.set_title("Open a runbook folder").pick_folder(),
                Choose::Finding => dialog.set_title("Verify an exported finding").pick_folder(),
                Choose::Baseline => dialog.set_title("Open a baseline").add_filter("Baseline", &["json"]).pick_file(),
                Choose::BaselineToSave => {
                    dialog.set_title("Keep the baseline").set_file_name("baseline.json").save_file()
                }
                Choose::FindingToExport => dialog.set_title("A new folder for the finding").pick_folder(),
                Choose::Dump => dialog.set_title("Choose a dump of pg_dump").pick_file(),
                Choose::ToSign => {
                    dialog.set_title("Save what is signed elsewhere").set_file_name("request.json").save_file()
                }
                Choose::Signature => {
                    dialog.set_title("Import a signature").add_filter("Signature", &["sig"]).pick_file()
                }
                Choose::Key(_) => dialog.set_title("Choose a private key").pick_file(),
            };
            let _ = sender.send((choose, path));
            context.request_repaint();
        });
    }

    fn save(&self, name: String, text: String, context: &Context) {
        let (sender, context) = (self.saved.0.clone(), context.clone());
        let folders = Arc::clone(&self.options.folders);
        // The dialog of the portal waits for a person: it must not hold the window.
        std::thread::spawn(move || {
            let Some(path) = rfd::FileDialog::new().set_title("Save").set_file_name(name).save_file() else { return };
            let written = folders.write_file(&path, text.as_bytes());
            let _ = sender.send((path, written.map_err(|error| error.to_string())));
            context.request_repaint();
        });
    }

    fn dropped(&mut self, context: &Context) {
        let files = context.input(|input| input.raw.dropped_files.clone());
        let Some(path) = files.into_iter().next().map(|file| file.path().to_owned()) else { return };
        // A finding holds `finding.json`; whatever is not one is read as a runbook, which says what is wrong with it.
        let command = match self.options.folders.read_file(&path.join("finding.json")) {
            Ok(_) => Command::VerifyFinding(path),
            Err(_) if path.file_name().and_then(|name| name.to_str()).is_some_and(is_of_finding) => {
                Command::VerifyFinding(path)
            }
            Err(_) if path.extension().is_some_and(|extension| extension == "json") => Command::OpenBaseline(path),
            Err(_) => Command::OpenRunbook(path),
        };
        self.queue_all(vec![command]);
    }

    fn keep(&mut self, context: &Context) {
        self.prefs.zoom = context.zoom_factor();
        let dragging = context.input(|input| input.pointer.any_down());
        if self.prefs == self.kept || dragging {
            return;
        }
        self.kept = self.prefs.clone();
        if let Some(path) = &self.options.prefs
            && let Err(error) = self.prefs.write(self.options.folders.as_ref(), path)
        {
            let now = self.now();
            self.shown.shout(now, error.to_string(), "The window works on; nothing will be remembered.");
        }
    }
}

fn dress(context: &Context, prefs: &Prefs) {
    use eframe::egui::Theme;
    fonts::install(context);
    for theme in [Theme::Light, Theme::Dark] {
        let base = context.style_of(theme);
        context.set_style_of(theme, tokens::style(theme, &base));
    }
    context.set_theme(preference(prefs.theme));
    if (context.zoom_factor() - prefs.zoom).abs() > f32::EPSILON {
        context.set_zoom_factor(prefs.zoom);
    }
}

const fn preference(theme: ThemeChoice) -> ThemePreference {
    match theme {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    }
}
