//! A window without a screen: it takes events and gives back the commands it sends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

use countersign::port::{FileError, Folders};
use countersign::runbook::Files;
use countersign::session::{Command, Environment, Event};
use countersign::ui::{App, DeskPerson, Link, Page, UiOptions, Waker};
use eframe::egui::{self, Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::Timestamp;

/// The time at which every test takes place.
pub fn now() -> Timestamp {
    "2026-06-01T14:20:11Z".parse().unwrap()
}

/// Files in memory.
#[derive(Default)]
pub struct Memory(pub Mutex<BTreeMap<PathBuf, Vec<u8>>>);

impl Folders for Memory {
    fn read_folder(&self, path: &Path) -> Result<Files, FileError> {
        Err(missing(path))
    }

    fn read_file(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.0.lock().unwrap().get(path).cloned().ok_or_else(|| missing(path))
    }

    fn write_folder(&self, path: &Path, _files: &BTreeMap<String, Vec<u8>>) -> Result<(), FileError> {
        Err(missing(path))
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        self.0.lock().unwrap().insert(path.to_owned(), bytes.to_owned());
        Ok(())
    }
}

fn missing(path: &Path) -> FileError {
    FileError { what: "cannot read".to_owned(), path: path.to_owned(), reason: "no such file".to_owned(), next: "" }
}

/// A window under test.
pub struct Desk {
    pub harness: Harness<'static, App>,
    pub events: mpsc::Sender<Event>,
    pub commands: tokio::sync::mpsc::Receiver<Command>,
    pub files: Arc<Memory>,
}

/// How a window under test is made.
#[derive(Clone)]
pub struct Setting {
    pub size: egui::Vec2,
    pub theme: Theme,
    pub zoom: f32,
    pub runbook: Option<PathBuf>,
    pub connection: Option<String>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { size: egui::vec2(1280.0, 800.0), theme: Theme::Light, zoom: 1.0, runbook: None, connection: None }
    }
}

impl Desk {
    pub fn new() -> Self {
        Self::with(Setting::default())
    }

    pub fn with(setting: Setting) -> Self {
        let (command_sender, commands) = tokio::sync::mpsc::channel(64);
        let (events, event_receiver) = mpsc::channel();
        let files = Arc::new(Memory::default());
        let theme = if setting.theme == Theme::Dark { "dark" } else { "light" };
        let prefs = format!(r#"{{"theme":"{theme}","zoom":{}}}"#, setting.zoom);
        files.0.lock().unwrap().insert(PathBuf::from("/prefs.json"), prefs.into_bytes());
        let options = UiOptions {
            runbook: setting.runbook,
            connection: setting.connection,
            environment: Environment::Staging,
            baseline: None,
            dump: None,
            people: vec![DeskPerson { principal: "lan@example.test".into(), key: PathBuf::from("/demo/lan") }],
            ledger_sql: "CREATE SCHEMA countersign;\nCREATE TABLE countersign.entry ();".to_owned(),
            folders: files.clone(),
            prefs: Some(PathBuf::from("/prefs.json")),
            now,
        };
        let link = Link { commands: command_sender, events: event_receiver, waker: Waker::default() };
        let harness = Harness::builder()
            .with_size(setting.size)
            .with_theme(setting.theme)
            .with_render_cursor(false)
            .with_max_steps(12)
            .build_eframe(move |cc| App::new(&cc.egui_ctx, link, options));
        let mut desk = Self { harness, events, commands, files };
        desk.harness.run_steps(2);
        desk
    }

    /// Says what the session says, and draws what follows.
    pub fn hear(&mut self, event: Event) -> &mut Self {
        self.events.send(event).unwrap();
        self.harness.run_steps(3);
        self
    }

    /// Takes every command that was sent so far.
    pub fn sent(&mut self) -> Vec<Command> {
        let mut sent = Vec::new();
        while let Ok(command) = self.commands.try_recv() {
            sent.push(command);
        }
        sent
    }

    pub fn go(&mut self, page: Page) -> &mut Self {
        if page == Page::Stop {
            self.harness.key_press(Key::F9);
            self.harness.run_steps(4);
            return self;
        }
        let at = Page::ALL.iter().position(|other| *other == page).unwrap();
        let digits =
            [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
        if let Some(digit) = digits.get(at) {
            self.harness.key_press_modifiers(Modifiers::COMMAND, *digit);
        } else {
            // A page without a digit is found in the palette.
            self.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
            self.harness.run_steps(4);
            self.harness.event(egui::Event::Text(page.word().to_owned()));
            self.harness.run_steps(2);
            self.harness.key_press(Key::Enter);
        }
        self.harness.run_steps(4);
        assert_eq!(self.harness.state().page(), page);
        self
    }

    pub fn click(&mut self, label: &str) -> &mut Self {
        self.harness.get_by_label(label).scroll_to_me();
        self.harness.run_steps(3);
        self.harness.get_by_label(label).click();
        self.harness.run_steps(4);
        self
    }

    pub fn type_into(&mut self, label: &str, text: &str) -> &mut Self {
        self.harness.get_by(|node| is_field(node, label)).focus();
        self.harness.run_steps(2);
        self.harness.get_by(|node| is_field(node, label)).type_text(text);
        self.harness.run_steps(3);
        self
    }

    /// Types into one of several fields of a name, from 0 in reading order.
    pub fn type_into_nth(&mut self, label: &str, nth: usize, text: &str) -> &mut Self {
        self.harness
            .get_all_by_label(label)
            .filter(|it| is_field(&it.accesskit_node(), label))
            .nth(nth)
            .unwrap()
            .focus();
        self.harness.run_steps(2);
        self.harness
            .get_all_by_label(label)
            .filter(|it| is_field(&it.accesskit_node(), label))
            .nth(nth)
            .unwrap()
            .type_text(text);
        self.harness.run_steps(3);
        self
    }

    /// Finds the whole name of the one thing on the screen whose name contains this.
    #[track_caller]
    pub fn whole_name(&self, part: &str) -> String {
        let found = self.harness.get_by_label_contains(part);
        found.accesskit_node().label().unwrap_or_else(|| panic!("{part:?} has no name"))
    }

    /// Says whether something of exactly this name is on the screen.
    pub fn shows(&self, label: &str) -> bool {
        self.harness.query_all_by_label(label).next().is_some()
    }

    /// Says whether some name or text on the screen contains this.
    pub fn says(&self, part: &str) -> bool {
        self.harness.query_all_by_label_contains(part).next().is_some()
    }

    #[track_caller]
    pub fn must_say(&self, part: &str) -> &Self {
        assert!(self.says(part), "nothing on the screen says {part:?}");
        self
    }

    #[track_caller]
    pub fn must_not_say(&self, part: &str) -> &Self {
        let said: Vec<_> = self.harness.query_all_by_label_contains(part).collect();
        assert!(said.is_empty(), "something on the screen says {part:?}: {said:?}");
        self
    }

    /// Says whether a button of this name can be pressed.
    #[track_caller]
    pub fn can(&self, label: &str) -> bool {
        !self.harness.get_by_label(label).accesskit_node().is_disabled()
    }
}

fn is_field(node: &egui_kittest::kittest::AccessKitNode<'_>, label: &str) -> bool {
    use egui::accesskit::Role;
    let types = matches!(node.role(), Role::TextInput | Role::MultilineTextInput | Role::PasswordInput);
    types && node.label().is_some_and(|name| name == label)
}
