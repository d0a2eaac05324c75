//! Rehearsal: one bar a statement, the effects seen, and the proof that entry equals exit.

use std::sync::Arc;

use eframe::egui::{ScrollArea, Ui};

use super::Scene;
use super::effects::Effects;
use super::proof::Proof;
use super::stage::StageForm;
use super::timeline::Timeline;
use crate::session::Progress;
use crate::ui::state::{Errand, Known, Rehearsed};
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, text};

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Last,
    Effects,
    Proof,
    Stage,
    Build,
}

/// The rehearsal page's drafts.
#[derive(Default)]
pub struct RehearsalPage {
    part: Part,
    made: Option<Made>,
    /// The staging form.
    pub stage: StageForm,
}

/// What one rehearsal shows, made when it is first shown and not again.
struct Made {
    of: Rehearsed,
    timeline: Timeline,
    effects: Effects,
    proof: Proof,
}

impl Made {
    fn of(of: &Rehearsed) -> Self {
        let trace = &of.rehearsal.trace;
        Self {
            timeline: Timeline::of(&of.plan, trace),
            effects: Effects::of(trace),
            proof: Proof::of(&of.rehearsal),
            of: of.clone(),
        }
    }

    fn is_of(&self, other: &Rehearsed) -> bool {
        Arc::ptr_eq(&self.of.plan, &other.plan) && Arc::ptr_eq(&self.of.rehearsal, &other.rehearsal)
    }
}

impl RehearsalPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let parts = [
            (Part::Last, "Time line"),
            (Part::Effects, "Effects seen"),
            (Part::Proof, "Entry and exit"),
            (Part::Stage, "Rehearse or stage"),
            (Part::Build, "Forward build"),
        ];
        form::choice(ui, &mut self.part, &parts);
        live(ui, scene);
        match self.part {
            Part::Stage => {
                ScrollArea::vertical().id_salt("stage").auto_shrink(false).show(ui, |ui| self.stage.ui(ui, scene));
            }
            Part::Build => super::build::ui(ui, scene, self.stage.bound()),
            Part::Last | Part::Effects | Part::Proof => self.last(ui, scene),
        }
    }

    fn last(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        if let Known::Unreadable { reason, .. } = &scene.shown.rehearsal {
            text::failure(ui, &reason.message, &reason.hint);
        }
        let Some(rehearsed) = scene.shown.rehearsal.value().cloned() else {
            let next =
                "A rehearsal runs the reversal by the same code path and ends it by ROLLBACK: nothing is left behind.";
            text::empty(ui, "Nothing has been rehearsed", next, |ui| {
                if text::deed(ui, true, "Prepare a rehearsal").clicked() {
                    self.part = Part::Stage;
                }
            });
            return;
        };
        let made = match self.made.take().filter(|made| made.is_of(&rehearsed)) {
            Some(made) => made,
            None => Made::of(&rehearsed),
        };
        headline(ui, scene, &rehearsed);
        made.effects.summary(ui);
        ui.add_space(UNIT);
        match self.part {
            Part::Last | Part::Stage | Part::Build => made.timeline.ui(ui),
            Part::Effects => made.effects.table(ui),
            Part::Proof => made.proof.ui(ui),
        }
        self.made = Some(made);
    }
}

/// What happens in a rehearsal right now.
fn live(ui: &mut Ui, scene: &Scene<'_>) {
    let rehearsing =
        scene.shown.flight.as_ref().is_some_and(|flight| matches!(flight.errand, Errand::Rehearse | Errand::Stage));
    if !rehearsing {
        return;
    }
    let tokens = Tokens::of(ui);
    text::callout(ui, tokens.raised, tokens.accent, |ui| {
        text::strong(ui, "Rehearsing; it will end by ROLLBACK");
        for progress in scene.shown.rehearsing.iter().rev().take(6).rev() {
            line(ui, progress);
        }
    });
}

/// Draws one line of live progress.
pub fn line(ui: &mut Ui, progress: &Progress) {
    let tokens = Tokens::of(ui);
    match progress {
        Progress::Passed(what) => mark::plain(ui, Mark::Tick, tokens.good, what),
        Progress::Sending { step, number, of } => {
            mark::plain(ui, Mark::Going, tokens.accent, &format!("{step}: statement {number} of {of}"))
        }
        Progress::Answered(traced) => match &traced.surprise {
            None => {
                let rows = traced.rows.as_ref().map(|rows| format!(" {rows}")).unwrap_or_default();
                let words = format!(
                    "{} {}: {}{rows} · {}",
                    traced.step,
                    traced.ordinal,
                    traced.tag,
                    text::millis(traced.duration_millis)
                );
                mark::plain(ui, Mark::Tick, tokens.good, &words)
            }
            Some(surprise) => {
                mark::word(ui, Mark::Cross, tokens.bad, &format!("{} {}: {surprise}", traced.step, traced.ordinal))
            }
        },
        Progress::VerifiedInside(comparison) => {
            let failures = comparison.failures().count();
            if failures == 0 {
                mark::plain(
                    ui,
                    Mark::Tick,
                    tokens.good,
                    &format!("Verified inside: {} as expected", comparison.rows.len()),
                )
            } else {
                mark::word(ui, Mark::Cross, tokens.bad, &format!("Verified inside: {failures} not as expected"))
            }
        }
        Progress::Asked { done, of } => mark::plain(ui, Mark::Going, tokens.accent, &format!("{done} of {of} checks")),
        Progress::Committing => mark::word(ui, Mark::Going, tokens.care, "COMMIT was sent; its answer is awaited"),
    };
}

fn headline(ui: &mut Ui, scene: &Scene<'_>, rehearsed: &Rehearsed) {
    let rehearsal = &rehearsed.rehearsal;
    let tokens = Tokens::of(ui);
    let steps = rehearsed.plan.stages.iter().map(|stage| stage.step.0.as_str()).collect::<Vec<_>>().join(", ");
    let (mark, color, words) = match (&rehearsal.failure, rehearsal.residue.len()) {
        (Some(_), _) => (Mark::Cross, tokens.bad, format!("{steps}: did not pass")),
        (None, 0) => (Mark::Tick, tokens.good, format!("{steps}: rehearsed, {}", rehearsal.left_words())),
        (None, left) => (Mark::Cross, tokens.bad, format!("{steps}: {} left behind", text::count(left, "thing"))),
    };
    ui.horizontal(|ui| {
        mark::bare(ui, mark, color);
        text::heading(ui, &words);
    });
    if let Some(failure) = &rehearsal.failure {
        // Read whole: it names what to look for.
        mark::word(ui, Mark::Cross, tokens.bad, failure);
    }
    let age = text::ago(rehearsal.taken_at, scene.now);
    let limit = text::span(i64::from(rehearsed.plan.policy.rehearsal_max_age_seconds));
    let open = text::millis(rehearsal.duration_millis);
    text::muted(
        ui,
        &format!(
            "{} · {age}, holds for {limit} · the transaction was open for {open} · plan {}",
            text::date(rehearsal.taken_at),
            rehearsal.plan_digest.short()
        ),
    );
    let failures: usize = rehearsal.inside.iter().map(|comparison| comparison.failures().count()).sum();
    let rows: usize = rehearsal.inside.iter().map(|comparison| comparison.rows.len()).sum();
    if rows == 0 {
        mark::word(ui, Mark::Blind, tokens.care, "Inside the transaction: nothing was compared");
    } else if failures == 0 {
        mark::plain(
            ui,
            Mark::Tick,
            tokens.good,
            &format!("Inside the transaction: {} as expected", text::count(rows, "check")),
        );
    } else {
        mark::word(
            ui,
            Mark::Cross,
            tokens.bad,
            &format!("Inside the transaction: {failures} of {rows} not as expected"),
        );
    }
}
