//! The pages. Each is a struct with its own drafts and a `ui` that draws [`Scene::shown`] and pushes actions.

pub mod approvals;
pub mod baselines;
pub mod build;
pub mod chrome;
pub mod code;
pub mod compare;
pub mod compare_known;
pub mod compare_rows;
pub mod compare_sides;
pub mod decision;
pub mod detail;
pub mod diff_pane;
pub mod effects;
pub mod elsewhere;
pub mod findings;
pub mod findings_shelf;
pub mod graph;
pub mod ledger;
pub mod minimap;
pub mod overview;
pub mod preflight;
pub mod proof;
pub mod rehearsal;
pub mod request_card;
pub mod restart;
pub mod restore;
pub mod roster;
pub mod row_diff;
pub mod run;
pub mod script;
pub mod session;
pub mod stage;
pub mod start;
pub mod stop;
pub mod timeline;

use std::path::PathBuf;

use eframe::egui::Ui;
use jiff::Timestamp;

use super::action::{Choose, UiAction};
use super::prefs::Prefs;
use super::state::Shown;
use super::widget::diff::DiffCache;
use super::widget::signer::SignerForm;
use super::widget::text;
use super::{DeskPerson, UiOptions};
use crate::approval::Person;
use crate::session::Command;

/// What a view is drawn from, and where it asks.
pub struct Scene<'a> {
    /// Everything that may be shown.
    pub shown: &'a Shown,
    /// Where a view asks.
    pub actions: &'a mut Vec<UiAction>,
    /// The time this frame is drawn at.
    pub now: Timestamp,
    /// What the window remembers.
    pub prefs: &'a Prefs,
    /// Differences that are ready.
    pub diffs: &'a DiffCache,
    /// People whose keys are offered first.
    pub people: &'a [DeskPerson],
    /// The SQL that makes a ledger.
    pub ledger_sql: &'a str,
    /// Whether the window is too narrow to show the evidence by default.
    pub narrow: bool,
    /// Whether the evidence is shown.
    pub evidence: bool,
}

impl Scene<'_> {
    /// Asks the session.
    pub fn ask(&mut self, command: Command) {
        self.actions.push(UiAction::Ask(command));
    }
}

/// The people of the roster in force: those whose signatures count on this database; of the runbook's, as long as there is
/// none.
pub fn people_in_force(scene: &Scene<'_>) -> Vec<Person> {
    let in_force =
        scene.shown.ledger.value().and_then(|view| view.roster.in_force().ok().map(|it| it.roster().clone()));
    let roster = in_force.or_else(|| scene.shown.book().and_then(|book| book.roster.clone()));
    roster.map(|roster| roster.people).unwrap_or_default()
}

/// Says what is missing before somebody can sign.
pub fn missing_signer(signer: &SignerForm, scene: &Scene<'_>) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if signer.principal().is_none() {
        missing.push("choosing who signs");
    } else if !signer.is_ready() {
        missing.push("choosing a key");
    }
    if !scene.shown.is_free() {
        missing.push("the end of what is under way");
    }
    missing
}

/// Says what a deed waits for, a line a thing.
pub fn waits(ui: &mut Ui, missing: &[&str]) {
    for what in missing {
        text::muted(ui, &format!("Waits for: {what}"));
    }
}

/// Every page with its drafts.
pub struct Pages {
    /// Start.
    pub start: start::StartPage,
    /// Overview.
    pub overview: overview::OverviewPage,
    /// Script.
    pub script: script::ScriptPage,
    /// Compare.
    pub compare: compare::ComparePage,
    /// Rehearsal.
    pub rehearsal: rehearsal::RehearsalPage,
    /// Approvals.
    pub approvals: approvals::ApprovalsPage,
    /// Run.
    pub run: run::RunPage,
    /// Findings.
    pub findings: findings::FindingsPage,
    /// Ledger.
    pub ledger: ledger::LedgerPage,
    /// Roster.
    pub roster: roster::RosterPage,
    /// Stop.
    pub stop: stop::StopPage,
}

impl Pages {
    /// Makes the pages.
    #[must_use]
    pub fn new(options: &UiOptions) -> Self {
        Self {
            start: start::StartPage::new(options),
            overview: overview::OverviewPage::default(),
            script: script::ScriptPage::default(),
            compare: compare::ComparePage::new(options),
            rehearsal: rehearsal::RehearsalPage::default(),
            approvals: approvals::ApprovalsPage::default(),
            run: run::RunPage::default(),
            findings: findings::FindingsPage::default(),
            ledger: ledger::LedgerPage::default(),
            roster: roster::RosterPage::default(),
            stop: stop::StopPage::default(),
        }
    }

    /// Takes a path that a dialog gave; returns what should be asked.
    pub fn picked(&mut self, choose: Choose, path: PathBuf) -> Vec<Command> {
        match choose {
            Choose::Runbook => vec![Command::OpenRunbook(path)],
            Choose::Baseline => vec![Command::OpenBaseline(path)],
            Choose::Finding => vec![Command::VerifyFinding(path)],
            Choose::Dump => {
                self.compare.restore.set_dump(&path);
                vec![Command::OpenDump(path)]
            }
            Choose::BaselineToSave => {
                self.start.set_baseline_target(&path);
                Vec::new()
            }
            Choose::FindingToExport => {
                self.findings.set_folder(&path);
                Vec::new()
            }
            Choose::ToSign => {
                self.approvals.elsewhere.set_target(&path);
                Vec::new()
            }
            Choose::Signature => {
                self.approvals.elsewhere.set_signature(&path);
                Vec::new()
            }
            Choose::Key(form) => {
                let forms = [
                    &mut self.rehearsal.stage.signer,
                    &mut self.approvals.signer,
                    &mut self.run.signer,
                    &mut self.findings.signer,
                    &mut self.roster.signer,
                    &mut self.stop.signer,
                    &mut self.stop.restart.signer,
                    &mut self.stop.session.signer,
                    &mut self.overview.session.signer,
                    &mut self.compare.restore.signer,
                ];
                forms.into_iter().filter(|known| known.name() == form).for_each(|known| known.set_path(&path));
                Vec::new()
            }
        }
    }

    /// Drops what was typed for one request when another one is selected.
    pub fn forget_drafts(&mut self) {
        self.approvals.forget();
        self.run.forget();
    }
}
