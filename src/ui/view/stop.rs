//! Stop: what stopped everything, expected against actual, the rows behind it, and the session to leave alone; or, while
//! nothing is stopped, the way to halt by hand (D-60, D-61).

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use super::Scene;
use super::restart::RestartCard;
use super::session::SessionCard;
use crate::approval::Person;
use crate::census::Reading;
use crate::ledger::{Lift, StopState, TrippedCondition};
use crate::runbook::StepId;
use crate::session::Command;
use crate::ui::action::{Page, UiAction};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::visible;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// How often the conditions can be watched, in seconds.
const INTERVALS: [(u32, &str); 5] = [(0, "Never"), (10, "10 s"), (30, "30 s"), (120, "2 min"), (600, "10 min")];

/// The stop page's drafts.
pub struct StopPage {
    /// Who declares a stop.
    pub signer: SignerForm,
    /// The restart's drafts.
    pub restart: RestartCard,
    /// The drafts of ending a session.
    pub session: SessionCard,
    reason: String,
    steps: Vec<StepId>,
    watch: Option<u32>,
    declaring: bool,
}

impl Default for StopPage {
    fn default() -> Self {
        let (signer, restart, session) = (SignerForm::new("stop"), RestartCard::default(), SessionCard::default());
        Self { signer, restart, session, reason: String::new(), steps: Vec::new(), watch: None, declaring: false }
    }
}

impl StopPage {
    /// Draws the page; returns how often is to be watched from now on, when somebody chose so.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) -> Option<u32> {
        let Some(view) = scene.shown.ledger.value().cloned() else {
            let next = "A stop stands in the ledger: connect to a database that has one.";
            text::empty(ui, "The ledger has not been read", next, |ui| {
                if text::deed(ui, true, "Go to the start page").clicked() {
                    scene.actions.push(UiAction::Go(Page::Start));
                }
            });
            return None;
        };
        let halt = &view.state.halt;
        let unreadable = halt.stops().is_empty().then(|| halt.stop()).flatten();
        let stops: Vec<&StopState> = unreadable.into_iter().chain(halt.stops()).collect();
        let people: Vec<Person> = super::people_in_force(scene).into_iter().collect();
        let mut chosen = None;
        ScrollArea::vertical().id_salt("stop").auto_shrink(false).show(ui, |ui| {
            held_here(ui, scene);
            if ui.available_width() > 640.0 {
                let (mut left, mut right) = text::split(ui);
                chosen = self.left(&mut left, scene, &stops, &people);
                self.right(&mut right, scene, &stops, halt.lifts().last(), &people);
                text::join(ui, &left, &right);
            } else {
                chosen = self.left(ui, scene, &stops, &people);
                self.right(ui, scene, &stops, halt.lifts().last(), &people);
            }
        });
        chosen
    }

    fn left(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, stops: &[&StopState], people: &[Person]) -> Option<u32> {
        if stops.is_empty() {
            let tokens = Tokens::of(ui);
            mark::word(ui, Mark::Tick, tokens.good, "No stop holds: reversals may run when two people approve them.");
            ui.add_space(UNIT / 2.0);
            let chosen = self.interval(ui, scene);
            self.declare(ui, scene, people);
            return chosen;
        }
        for stop in stops {
            text::card(ui, |ui| what_stopped(ui, stop));
            if let Some(session) = stop.detail.as_ref().and_then(|detail| detail.session.as_ref()) {
                let title = "Quarantined session: leave it alone, it may still be able to roll back";
                text::card(ui, |ui| self.session.ui(ui, scene, title, session));
            }
        }
        let chosen = self.interval(ui, scene);
        // Something else may have happened since; its form is in nobody's way.
        let word = if self.declaring { "Hide declaring another stop" } else { "Something else has happened…" };
        if ui.button(word).clicked() {
            self.declaring = !self.declaring;
        }
        if self.declaring {
            self.declare(ui, scene, people);
        }
        chosen
    }

    fn right(
        &mut self,
        ui: &mut Ui,
        scene: &mut Scene<'_>,
        stops: &[&StopState],
        lift: Option<&Lift>,
        people: &[Person],
    ) {
        if !stops.is_empty() {
            self.restart.ui(ui, scene, people);
        }
        if let Some(lift) = lift {
            text::card(ui, |ui| lifted(ui, lift));
        }
    }

    /// How often the conditions are watched.
    fn interval(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<u32> {
        let mut chosen = None;
        text::card(ui, |ui| {
            text::label(ui, "Watch the stop conditions while this window is open, every");
            let mut every = self.watch.unwrap_or(scene.prefs.watch_seconds);
            if form::choice(ui, &mut every, &INTERVALS) {
                self.watch = Some(every);
                chosen = Some(every);
            }
        });
        chosen
    }

    fn declare(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, people: &[Person]) {
        text::card(ui, |ui| {
            text::heading(ui, "Halt by hand");
            text::muted(
                ui,
                "Nothing runs on this database any more, from any desk, until three gates of a restart are met.",
            );
            form::words(ui, "stop-reason", "What you saw, in one sentence", &mut self.reason, 2);
            steps(ui, scene, "It is about; none means that nobody knows", &mut self.steps);
            self.signer.among(ui, scene, people);
            let mut missing = Vec::new();
            if self.reason.trim().is_empty() {
                missing.push("a reason");
            }
            missing.extend(super::missing_signer(&self.signer, scene));
            super::waits(ui, &missing);
            let database =
                scene.shown.connection.value().map_or_else(String::new, |it| format!(" on {}", it.note.database));
            if text::deed(ui, missing.is_empty(), &format!("Stop everything{database}")).clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let reason = std::mem::take(&mut self.reason).trim().to_owned();
                scene.ask(Command::DeclareStop { reason, steps: std::mem::take(&mut self.steps), signer });
            }
        });
    }
}

/// A row of steps of which any are chosen.
pub fn steps(ui: &mut Ui, scene: &Scene<'_>, label: &str, chosen: &mut Vec<StepId>) {
    let Some(book) = scene.shown.book() else { return };
    text::label(ui, label);
    ui.horizontal_wrapped(|ui| {
        for step in &book.steps {
            let mut on = chosen.contains(&step.id);
            if ui.checkbox(&mut on, step.id.as_str()).clicked() {
                chosen.retain(|it| *it != step.id);
                if on {
                    chosen.push(step.id.clone());
                }
            }
        }
    });
}

/// A stop that this desk alone holds.
fn held_here(ui: &mut Ui, scene: &mut Scene<'_>) {
    let held = scene.shown.watched.as_ref().map_or(0, |watched| watched.held_here);
    if held == 0 {
        return;
    }
    let tokens = Tokens::of(ui);
    text::callout(ui, tokens.bad_faint, tokens.bad, |ui| {
        let words = scene.shown.where_held().unwrap_or_else(|| {
            "This desk alone holds a stop: the ledger could not be written. Tell the others by other means.".to_owned()
        });
        mark::word(ui, Mark::Block, tokens.bad, &words);
        if text::deed(ui, scene.shown.is_free(), "Upload it for every desk").clicked() {
            scene.ask(Command::UploadStops);
        }
    });
}

fn what_stopped(ui: &mut Ui, stop: &StopState) {
    let tokens = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        mark::bare(ui, Mark::Block, tokens.bad);
        text::heading(ui, &format!("Stopped: {}", stop.condition));
    });
    let by = stop.by.as_ref().map_or_else(|| format!("login {}", stop.actor), ToString::to_string);
    let detail = stop.detail.as_deref();
    let moment = detail.map_or("", |detail| detail.moment.words());
    text::muted(ui, &format!("Ledger entry {} · {} · by {by} {moment}", stop.seq, stop.at));
    let Some(detail) = detail else {
        text::body(ui, &stop.reason);
        return;
    };
    text::muted(ui, &format!("Seen on {} as {} at {}", detail.database, detail.login, detail.seen_at));
    if let Some(since) = detail.held_here_since {
        text::muted(ui, &format!("Held at one desk alone since {since}, and uploaded later"));
    }
    if let Some(request) = &detail.request {
        text::muted(ui, &format!("While the request {request} was being run"));
    }
    if detail.conditions.is_empty() {
        text::body(ui, &stop.reason);
    }
    for condition in &detail.conditions {
        tripped(ui, condition);
    }
    if !detail.steps.is_empty() {
        let steps: Vec<&str> = detail.steps.iter().map(StepId::as_str).collect();
        text::muted(ui, &format!("About {}; a restart begins at STEP 0 of each", steps.join(", ")));
    }
}

fn tripped(ui: &mut Ui, condition: &TrippedCondition) {
    let tokens = Tokens::of(ui);
    ui.add_space(UNIT / 2.0);
    text::strong(ui, &condition.title);
    text::fact(ui, "Expected", 64.0, |ui| {
        text::mono_wrapped(ui, &condition.expected);
    });
    text::fact(ui, "Actual", 64.0, |ui| match &condition.actual {
        Reading::Value(value) => {
            let value = visible(value.as_deref().unwrap_or("absent"));
            ui.add(Label::new(RichText::new(value).text_style(tokens::mono_small()).color(tokens.bad)).wrap());
        }
        Reading::Blind(reason) => drop(mark::small(ui, Mark::Blind, tokens.care, reason)),
    });
    if !condition.rows.is_empty() {
        text::label(ui, "The rows behind it");
        for row in &condition.rows {
            text::mono_wrapped(ui, row);
        }
    }
}

fn lifted(ui: &mut Ui, lift: &Lift) {
    let tokens = Tokens::of(ui);
    let stops: Vec<String> = lift.stops.iter().map(|stop| stop.seq.to_string()).collect();
    mark::word(ui, Mark::Tick, tokens.good, &format!("Restarted by ledger entry {}", lift.seq));
    text::muted(ui, &format!("{} · it lifted the stop of {}", lift.at, stops.join(", ")));
    for verdict in &lift.verdicts {
        text::body(ui, &format!("{} was {}", verdict.step, verdict.verdict.as_str()));
    }
    for accepted in &lift.accepted {
        text::muted(ui, &format!("Accepted: {} ({})", accepted.title, accepted.id));
    }
    for paper in &lift.papers {
        text::muted(ui, &format!("{} {} · entry {}", paper.paper.by, paper.paper.act.words(), paper.seq));
    }
    text::muted(ui, "What was staged before it is void.");
}
