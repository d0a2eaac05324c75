//! Start: open a runbook, connect to its database, choose the baseline; three boxes in the order of the work.

use std::path::{Path, PathBuf};

use eframe::egui::{Button, RichText, ScrollArea, Ui};

use super::Scene;
use super::chrome::band::environment_word;
use crate::runbook::DiagnosticSeverity;
use crate::session::{Command, Environment};
use crate::ui::UiOptions;
use crate::ui::action::{Choose, Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::form::{self, PathAsk};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many problems of a runbook are drawn: the rest is counted.
const PROBLEMS_SHOWN: usize = 40;

/// The start page's drafts.
pub struct StartPage {
    runbook: String,
    connection: String,
    environment: Environment,
    baseline: String,
    baseline_target: String,
    baseline_label: String,
    shows_ledger_sql: bool,
}

impl StartPage {
    /// Makes the page with what the window was opened with.
    #[must_use]
    pub fn new(options: &UiOptions) -> Self {
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        Self {
            runbook: shown(&options.runbook),
            connection: options.connection.clone().unwrap_or_default(),
            environment: options.environment,
            baseline: shown(&options.baseline),
            baseline_target: String::new(),
            baseline_label: "before the build".to_owned(),
            shows_ledger_sql: false,
        }
    }

    /// Returns the connection text as typed.
    #[must_use]
    pub fn connection_text(&self) -> &str {
        &self.connection
    }

    /// Puts a path that a dialog gave into the form.
    pub fn set_baseline_target(&mut self, path: &Path) {
        self.baseline_target = path.display().to_string();
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        ScrollArea::vertical().id_salt("start").auto_shrink(false).show(ui, |ui| {
            if scene.shown.runbook.value().is_none() {
                text::heading(ui, "Undo a change, with two people and the evidence");
                text::muted(
                    ui,
                    "Open a runbook, connect to its database, compare with the baseline. Nothing runs before two people have signed it.",
                );
                ui.add_space(UNIT);
            }
            if ui.available_width() > 620.0 {
                let (mut left, mut right) = text::split(ui);
                self.runbook_box(&mut left, scene);
                self.baseline_box(&mut left, scene);
                self.database_box(&mut right, scene);
                self.ledger_box(&mut right, scene);
                text::join(ui, &left, &right);
            } else {
                self.runbook_box(ui, scene);
                self.database_box(ui, scene);
                self.baseline_box(ui, scene);
                self.ledger_box(ui, scene);
            }
            problems(ui, scene);
        });
    }

    fn runbook_box(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            head(ui, "1", "Runbook", scene.shown.runbook.value().is_some());
            if let Some(open) = scene.shown.runbook.value() {
                text::strong(ui, &open.runbook.title);
                text::muted(ui, &open.path.display().to_string());
            }
            match form::path(
                ui,
                "runbook-path",
                "Runbook folder",
                &mut self.runbook,
                "Open runbook",
                scene.shown.is_free(),
            ) {
                Some(PathAsk::Use) => scene.ask(Command::OpenRunbook(PathBuf::from(self.runbook.trim()))),
                Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::Runbook)),
                None => {}
            }
            if let Known::Unreadable { reason, .. } = &scene.shown.runbook {
                text::failure(ui, &reason.message, &reason.hint);
            }
            if scene.prefs.recent.is_empty() {
                text::muted(ui, "Or drop a runbook folder onto the window. `countersign demo` opens one to try with.");
            } else {
                text::label(ui, "Recent");
                for path in &scene.prefs.recent {
                    let name = path
                        .file_name()
                        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
                    if text::lead(ui, &name).on_hover_text(path.display().to_string()).clicked() {
                        scene.actions.push(UiAction::Ask(Command::OpenRunbook(path.clone())));
                    }
                }
            }
        });
    }

    fn database_box(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            head(ui, "2", "Database", scene.shown.connection.value().is_some());
            if let Some(connection) = scene.shown.connection.value() {
                let note = &connection.note;
                text::strong(ui, &format!("{} @ {}", note.database, note.server));
                text::muted(ui, &format!("as {} · {} · {}", note.role, note.security, note.version));
            }
            let hint = "postgres://user@host:5432/database";
            form::field(ui, "connection", "Connection URL or key=value text", &mut self.connection, hint);
            text::muted(ui, "Empty means what PGHOST, PGDATABASE, the service file and .pgpass say.");
            text::label(ui, "Environment");
            let kinds = [Environment::Development, Environment::Staging, Environment::Production];
            form::choice(ui, &mut self.environment, &kinds.map(|kind| (kind, environment_word(kind))));
            ui.horizontal(|ui| {
                let label = if scene.shown.connection.value().is_some() { "Connect again" } else { "Connect" };
                if text::deed(ui, scene.shown.is_free(), label).clicked() {
                    scene.ask(Command::Connect { text: self.connection.clone(), environment: self.environment });
                }
                if scene.shown.connection.value().is_some()
                    && ui.add_enabled(scene.shown.is_free(), Button::new("Disconnect")).clicked()
                {
                    scene.ask(Command::Disconnect);
                }
            });
            if let Known::Unreadable { reason, .. } = &scene.shown.connection {
                text::failure(ui, &reason.message, &reason.hint);
            }
            if !scene.prefs.profiles.is_empty() {
                text::label(ui, "Known connections, without passwords");
                for profile in &scene.prefs.profiles {
                    let label = format!("{} · {}", environment_word(profile.environment), profile.text);
                    if text::lead(ui, &label).clicked() {
                        self.connection.clone_from(&profile.text);
                        self.environment = profile.environment;
                    }
                }
            }
        });
    }

    fn baseline_box(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            head(ui, "3", "Baseline", scene.shown.baseline.value().is_some());
            match scene.shown.baseline.value() {
                Some(open) => {
                    let census = &open.baseline.census;
                    text::strong(ui, &format!("\"{}\" · {}", open.baseline.label, text::date(census.taken_at)));
                    text::muted(ui, &open.path.display().to_string());
                    text::muted(
                        ui,
                        &format!("{} of {}", text::count(census.readings.len(), "answer"), census.target.database),
                    );
                }
                None => {
                    text::muted(ui, "The census that was kept before the build: what the reversal must lead back to.");
                }
            }
            match form::path(
                ui,
                "baseline-path",
                "Baseline file",
                &mut self.baseline,
                "Open baseline",
                scene.shown.is_free(),
            ) {
                Some(PathAsk::Use) => scene.ask(Command::OpenBaseline(PathBuf::from(self.baseline.trim()))),
                Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::Baseline)),
                None => {}
            }
            if let Known::Unreadable { reason, .. } = &scene.shown.baseline {
                text::failure(ui, &reason.message, &reason.hint);
            }
            if scene.shown.survey.value().is_some() {
                text::rule(ui);
                text::label(ui, "Or keep the census of now");
                form::field(
                    ui,
                    "baseline-label",
                    "What it is the truth of",
                    &mut self.baseline_label,
                    "before the build",
                );
                let asked = form::path(
                    ui,
                    "baseline-target",
                    "New file",
                    &mut self.baseline_target,
                    "Keep baseline",
                    scene.shown.is_free(),
                );
                match asked {
                    Some(PathAsk::Use) => scene.ask(Command::SaveBaseline {
                        path: PathBuf::from(self.baseline_target.trim()),
                        label: self.baseline_label.trim().to_owned(),
                    }),
                    Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::BaselineToSave)),
                    None => {}
                }
            }
        });
    }

    fn ledger_box(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            let there = scene.shown.ledger.value().is_some();
            head(ui, "4", "Ledger", there);
            if let Some(ledger) = scene.shown.ledger.value() {
                text::body(
                    ui,
                    &format!(
                        "{} in the target's own PostgreSQL.",
                        text::count(ledger.entries.len(), "entry").replace("entrys", "entries")
                    ),
                );
                if text::lead(ui, "Show the ledger").clicked() {
                    scene.actions.push(UiAction::Go(Page::Ledger));
                }
                return;
            }
            if let Known::Unreadable { reason, .. } = &scene.shown.ledger {
                text::failure(ui, &reason.message, &reason.hint);
            }
            if !scene.shown.no_ledger {
                text::muted(
                    ui,
                    "Who asked, who signed, what ran: kept in the database itself. It is read once you are connected.",
                );
                return;
            }
            text::body(ui, "This database has no ledger yet. Without one nothing can be staged, signed or run.");
            if !self.shows_ledger_sql {
                if text::deed(ui, true, "Show the SQL that makes it").clicked() {
                    self.shows_ledger_sql = true;
                }
                return;
            }
            let color = Tokens::of(ui).muted;
            ScrollArea::both().id_salt("ledger-sql").max_height(240.0).show(ui, |ui| {
                ui.label(RichText::new(scene.ledger_sql).text_style(crate::ui::tokens::mono_small()).color(color));
            });
            let database = scene.shown.connection.value().map_or("this database", |known| known.note.database.as_str());
            if text::deed(ui, scene.shown.is_free(), &format!("Make the ledger in {database}")).clicked() {
                scene.ask(Command::InitLedger);
            }
        });
    }
}

fn head(ui: &mut Ui, number: &str, words: &str, done: bool) {
    let tokens = Tokens::of(ui);
    ui.horizontal(|ui| {
        text::heading(ui, &format!("{number}  {words}"));
        if done {
            mark::small(ui, Mark::Tick, tokens.good, "ready");
        }
    });
}

fn problems(ui: &mut Ui, scene: &Scene<'_>) {
    let Some(open) = scene.shown.runbook.value() else { return };
    if open.diagnostics.is_empty() {
        return;
    }
    text::card(ui, |ui| {
        let tokens = Tokens::of(ui);
        text::heading(ui, &format!("{} in the runbook", text::count(open.diagnostics.len(), "problem")));
        for problem in open.diagnostics.iter().take(PROBLEMS_SHOWN) {
            let place = format!("{}:{}:{}", problem.file, problem.line, problem.column);
            match problem.severity {
                DiagnosticSeverity::Error => {
                    mark::word(ui, Mark::Cross, tokens.bad, &format!("{place}  {}", problem.message))
                }
                DiagnosticSeverity::Warning => {
                    mark::word(ui, Mark::Care, tokens.care, &format!("{place}  {}", problem.message))
                }
            };
            text::muted(ui, &problem.hint);
        }
        if open.diagnostics.len() > PROBLEMS_SHOWN {
            text::muted(ui, &format!("and {} more", open.diagnostics.len() - PROBLEMS_SHOWN));
        }
    });
}
