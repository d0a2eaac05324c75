//! Run: the preflight list, the deed as the button's label, the database's name typed by hand, live statements, and the
//! outcome in one sentence. Unknown has a screen of its own.

use std::sync::Arc;

use eframe::egui::{Id, Modal, ScrollArea, Ui};

use super::approvals::{choose, status, steps_words};
use super::effects::Effects;
use super::preflight::{self, Holds};
use super::timeline::Timeline;
use super::{Scene, rehearsal};
use crate::approval::Role;
use crate::ledger::RequestStatus;
use crate::plan::Plan;
use crate::run::{Finished, Outcome, RunToken};
use crate::session::{Command, RequestView};
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Errand;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// The run page's drafts.
pub struct RunPage {
    /// Who runs it.
    pub signer: SignerForm,
    confirming: bool,
    /// Whether the dialog was opened in this frame: its field takes the keyboard.
    asks_focus: bool,
    typed: String,
    /// The dump, for a request that restores a table from it.
    dump: String,
    made: Option<Made>,
}

/// What one finished run shows, made when it is first shown and not again.
struct Made {
    of: Arc<Finished>,
    timeline: Timeline,
    effects: Effects,
}

impl Made {
    fn of(plan: &Plan, of: &Arc<Finished>) -> Self {
        Self { timeline: Timeline::of(plan, &of.trace), effects: Effects::of(&of.trace), of: Arc::clone(of) }
    }
}

impl Default for RunPage {
    fn default() -> Self {
        Self {
            signer: SignerForm::new("run"),
            confirming: false,
            asks_focus: false,
            typed: String::new(),
            dump: String::new(),
            made: None,
        }
    }
}

impl RunPage {
    /// Drops what was typed for one request.
    pub fn forget(&mut self) {
        self.confirming = false;
        self.typed.clear();
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(request) = scene.shown.chosen().cloned() else {
            let next = "Only a staged request that two people have signed can be run.";
            text::empty(ui, "Nothing can be run", next, |ui| {
                if text::deed(ui, true, "Show the approvals").clicked() {
                    scene.actions.push(UiAction::Go(Page::Approvals));
                }
            });
            return;
        };
        let running = scene.shown.flight.as_ref().is_some_and(|flight| flight.errand == Errand::Run);
        let finished = scene.shown.run.finished.clone().filter(|_| scene.shown.run.request == request.request.id());
        choose(ui, scene, &request);
        self.made = finished.as_ref().map(|finished| {
            let kept = self.made.take().filter(|made| Arc::ptr_eq(&made.of, finished));
            kept.unwrap_or_else(|| Made::of(&request.plan, finished))
        });
        ScrollArea::vertical().id_salt("run").auto_shrink(false).show(ui, |ui| {
            if running {
                self.confirming = false;
                live(ui, scene, &request);
                return;
            }
            match (&self.made, status(scene, &request)) {
                (Some(made), _) => outcome(ui, scene, &request, made),
                (None, RequestStatus::Begun { run }) => {
                    unknown(
                        ui,
                        scene,
                        &request,
                        None,
                        &format!("The run {run} began, and the ledger records no end of it."),
                    );
                }
                (None, RequestStatus::Ended(Outcome::Unknown { token, reason, .. })) => {
                    unknown(ui, scene, &request, Some(&token), &reason);
                }
                (None, RequestStatus::Ended(ended)) => {
                    text::heading(ui, &outcome_words(&ended));
                    text::muted(ui, "An approval is used once. To reverse more, stage a new request.");
                }
                (None, RequestStatus::Rejected) => {
                    text::heading(ui, "Rejected: this request can no longer run");
                    text::muted(ui, "Stage a new request once the reason is dealt with.");
                }
                (None, RequestStatus::Open) => self.prepare(ui, scene, &request),
            }
        });
    }

    fn prepare(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView) {
        let lines = preflight::lines(scene, request);
        if ui.available_width() > 640.0 {
            let (mut left, mut right) = text::split(ui);
            checklist(&mut left, request, &lines);
            self.operator(&mut right, scene, request, &lines);
            text::join(ui, &left, &right);
        } else {
            checklist(ui, request, &lines);
            self.operator(ui, scene, request, &lines);
        }
        self.confirm(ui, scene, request);
    }

    fn operator(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, lines: &[preflight::Line]) {
        text::card(ui, |ui| {
            text::heading(ui, "Who runs it");
            self.signer.ui(ui, scene, Some(Role::Operator));
            let needs_dump = self.ask_dump(ui, scene, request);
            ui.add_space(UNIT);
            let green = lines.iter().all(|line| line.holds == Holds::Yes);
            let ready = green && !needs_dump && self.signer.is_ready() && scene.shown.is_free();
            if text::deed(ui, ready, &format!("{}…", deed_words(scene, request))).clicked() {
                (self.confirming, self.asks_focus) = (true, true);
                self.typed.clear();
            }
            if !green {
                text::muted(ui, "Waits for every line of the preflight.");
            } else if !self.signer.is_ready() {
                text::muted(ui, "Waits for choosing who runs it, and the key.");
            }
        });
    }

    /// Asks for the dump of a restore; returns whether it is still missing.
    fn ask_dump(&mut self, ui: &mut Ui, scene: &Scene<'_>, request: &RequestView) -> bool {
        let Some(restore) = &request.plan.restore else { return false };
        if self.dump.is_empty()
            && let Some((path, _)) = scene.shown.dump.value()
        {
            self.dump = path.display().to_string();
        }
        form::field(ui, "run-dump", &format!("The dump, {}", restore.dump.file), &mut self.dump, "/path");
        text::muted(ui, "Its rows must be the very ones that were compared; the run checks their digest.");
        self.dump.trim().is_empty()
    }

    /// The last question. Esc and a click outside close it; neither confirms, and neither does Enter.
    fn confirm(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView) {
        if !self.confirming {
            return;
        }
        let database = request.request.database.clone();
        let needs_dump = request.plan.restore.is_some();
        let modal = Modal::new(Id::unique("confirm-run")).frame(text::dialog(ui)).show(ui.ctx(), |ui| {
            ui.set_width(440.0);
            let verb = if needs_dump { "" } else { "Reverse " };
            text::heading(ui, &format!("{verb}{} on {database}, for good", steps_words(request)));
            text::body(ui, "Each stage is one transaction. What does not end as planned is rolled back, and the rest is not begun.");
            ui.add_space(UNIT);
            let label = format!("Type the database's name, {database}");
            let field = form::field(ui, "confirm-database", &label, &mut self.typed, "");
            if std::mem::take(&mut self.asks_focus) {
                field.request_focus();
            }
            ui.add_space(UNIT);
            ui.horizontal(|ui| {
                // Compared exactly: a key that arrived in the frame of Tab must not slip through.
                if text::deed(ui, self.typed == database, &deed_words(scene, request)).clicked()
                    && let Some(signer) = self.signer.take(ui)
                {
                    let (request, confirm) = (request.request.id(), self.typed.clone());
                    scene.ask(if needs_dump {
                        Command::RunRestore { request, confirm, dump: self.dump.trim().into(), signer }
                    } else {
                        Command::Run { request, confirm, signer }
                    });
                    self.confirming = false;
                }
                if ui.button("Do not run").clicked() {
                    self.confirming = false;
                }
            });
        });
        if modal.should_close() {
            self.confirming = false;
        }
        if !self.confirming {
            self.typed.clear();
        }
    }
}

fn checklist(ui: &mut Ui, request: &RequestView, lines: &[preflight::Line]) {
    let tokens = Tokens::of(ui);
    text::card(ui, |ui| {
        text::heading(ui, &format!("Preflight: {} on {}", steps_words(request), request.request.database));
        for line in lines {
            match line.holds {
                Holds::Yes => mark::plain(ui, Mark::Tick, tokens.good, &line.words),
                Holds::No => mark::word(ui, Mark::Cross, tokens.bad, &line.words),
                Holds::Unknown => mark::word(ui, Mark::Blind, tokens.care, &line.words),
            };
        }
        text::muted(ui, "Everything is checked afresh, by the stored bytes, before the first statement leaves.");
    });
}

/// Says the deed: `Commit 4 statements to directus on db-1`.
fn deed_words(scene: &Scene<'_>, request: &RequestView) -> String {
    let count: usize = request.plan.stages.iter().map(|stage| stage.statements.len()).sum();
    let server = scene.shown.connection.value().map_or("this server", |connection| {
        let server = connection.note.server.as_str();
        server.rsplit_once(':').map_or(server, |(host, _)| host)
    });
    format!("Commit {} to {} on {server}", text::count(count, "statement"), request.request.database)
}

/// Says how a run ended, in one sentence.
#[must_use]
pub fn outcome_words(outcome: &Outcome) -> String {
    let before = |committed: &[crate::runbook::StepId]| {
        if committed.is_empty() {
            "nothing was kept".to_owned()
        } else {
            let names: Vec<&str> = committed.iter().map(|step| step.0.as_str()).collect();
            format!("committed before it: {}", names.join(", "))
        }
    };
    match outcome {
        Outcome::Committed => "Committed".to_owned(),
        Outcome::RolledBack { reason, committed } => format!("Rolled back, {}: {reason}", before(committed)),
        Outcome::Unknown { reason, .. } => format!("Unknown whether it was committed: {reason}"),
    }
}

/// Says how a run ended and whether it was verified, in one sentence.
#[must_use]
pub fn sentence(finished: &Finished) -> String {
    match (&finished.outcome, &finished.after) {
        (Outcome::Committed, Some(after)) if after.holds() => {
            format!("Committed, and verified afterwards: {} as expected", text::count(after.rows.len(), "check"))
        }
        (Outcome::Committed, Some(after)) => {
            format!("Committed, but {} not as expected afterwards", text::count(after.failures().count(), "check"))
        }
        (Outcome::Committed, None) => "Committed; it could not be verified afterwards".to_owned(),
        (outcome, _) => outcome_words(outcome),
    }
}

fn live(ui: &mut Ui, scene: &Scene<'_>, request: &RequestView) {
    text::heading(ui, &deed_words(scene, request));
    for progress in &scene.shown.run.progress {
        rehearsal::line(ui, progress);
    }
    if scene.shown.run.progress.is_empty() {
        text::muted(ui, "Checking every signature and condition afresh…");
    }
}

fn outcome(ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, made: &Made) {
    let finished = &*made.of;
    let tokens = Tokens::of(ui);
    if let Outcome::Unknown { token, reason, .. } = &finished.outcome {
        unknown(ui, scene, request, Some(token), reason);
        return;
    }
    let well =
        finished.outcome == Outcome::Committed && finished.after.as_ref().is_some_and(crate::census::Comparison::holds);
    let (mark, color, fill) =
        if well { (Mark::Tick, tokens.good, tokens.good_faint) } else { (Mark::Cross, tokens.bad, tokens.bad_faint) };
    text::callout(ui, fill, color, |ui| {
        ui.horizontal_top(|ui| {
            mark::bare(ui, mark, color);
            // A reason may be long; it wraps beside the mark.
            ui.vertical(|ui| text::heading(ui, &sentence(finished)));
        });
        if let Some((condition, words)) = &finished.tripped {
            mark::word(ui, Mark::Block, tokens.bad, &format!("{condition} tripped: {words}"));
        }
        if let Some(finding) = &scene.shown.run.finding {
            text::body(ui, &finding.words());
        }
    });
    ui.horizontal(|ui| {
        if text::deed(ui, true, "Write the finding").clicked() {
            scene.actions.push(UiAction::Go(Page::Findings));
        }
        if ui.button("Compare what is there now").clicked() {
            scene.actions.push(UiAction::CompareNow);
        }
    });
    made.effects.summary(ui);
    ui.add_space(UNIT);
    made.timeline.ui(ui);
}

/// The screen of an unknown outcome: what is being proved and by what, and what never happens by itself.
fn unknown(ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, token: Option<&RunToken>, reason: &str) {
    let tokens = Tokens::of(ui);
    let proving = scene.shown.flight.as_ref().is_some_and(|flight| flight.errand == Errand::Prove);
    text::callout(ui, tokens.care_faint, tokens.care, |ui| {
        ui.horizontal(|ui| {
            mark::bare(ui, Mark::Blind, tokens.care);
            text::heading(ui, "Nobody knows yet whether it was committed");
        });
        text::body(ui, reason);
        text::strong(ui, "Do not run it again, and do not repair anything by hand, before this is proved.");
    });
    text::card(ui, |ui| {
        text::heading(ui, "How it is proved");
        for line in PROOF {
            text::body(ui, line);
        }
        if let Some(token) = token {
            text::rule(ui);
            let facts = [
                ("Run", token.run.clone()),
                ("Stage", (token.stage + 1).to_string()),
                ("Transaction", token.xid.clone()),
                ("Backend", format!("pid {} since {}", token.pid, token.backend_start)),
                ("Server", format!("{} · timeline {}", token.system_identifier, token.timeline)),
            ];
            for (name, words) in facts {
                text::fact(ui, name, 96.0, |ui| {
                    text::mono(ui, &words);
                });
            }
        }
        ui.add_space(UNIT);
        let can = scene.shown.is_free() && scene.shown.connection.value().is_some();
        if text::deed(ui, can, "Prove again").clicked() {
            scene.ask(Command::Prove { request: request.request.id() });
        }
        if proving {
            text::muted(ui, "Proving now: waiting for the old transaction's end, then reading. Nothing is sent again.");
        } else if scene.shown.connection.value().is_none() {
            text::muted(ui, "Connect to the same server first; proving asks there.");
        }
    });
    text::card(ui, |ui| {
        text::heading(ui, "What never happens by itself");
        for line in NEVER {
            text::body(ui, line);
        }
    });
}

/// What a proof does, in order.
const PROOF: [&str; 3] = [
    "1. A new connection to the same server and timeline takes the target's mutex. It is free only once the old transaction has ended.",
    "2. The ledger holds the outcome entry of this run, or it does not: it was written in the same transaction.",
    "3. pg_xact_status of the transaction must agree. If it does not, the answer stays unknown.",
];

/// What is left to people while an outcome is unknown.
const NEVER: [&str; 3] = [
    "Nothing is run again. The approvals of this request are used up, whatever is proved.",
    "Nothing is repaired. A standby, a copy or another server proves nothing, and is named when it is asked.",
    "Nothing is called committed or rolled back before the server and its ledger agree.",
];
