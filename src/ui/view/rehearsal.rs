//! Rehearsal: one bar a statement, and the proof that entry equals exit.

use std::collections::BTreeSet;

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use super::stage::StageForm;
use super::{Scene, timeline};
use crate::census::Reading;
use crate::rehearsal::Rehearsal;
use crate::session::Progress;
use crate::ui::state::{Errand, Known, Rehearsed};
use crate::ui::tokens::{self, ROW, Tokens, UNIT};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, text};

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Last,
    Proof,
    Stage,
}

/// The rehearsal page's drafts.
#[derive(Default)]
pub struct RehearsalPage {
    part: Part,
    /// The staging form.
    pub stage: StageForm,
}

impl RehearsalPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let parts = [(Part::Last, "Time line"), (Part::Proof, "Entry and exit"), (Part::Stage, "Rehearse or stage")];
        form::choice(ui, &mut self.part, &parts);
        live(ui, scene);
        match self.part {
            Part::Stage => {
                ScrollArea::vertical().id_salt("stage").auto_shrink(false).show(ui, |ui| self.stage.ui(ui, scene));
            }
            Part::Last | Part::Proof => self.last(ui, scene),
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
        headline(ui, scene, &rehearsed);
        match self.part {
            Part::Last | Part::Stage => timeline::ui(ui, &rehearsed.plan, &rehearsed.rehearsal.trace),
            Part::Proof => proof(ui, &rehearsed.rehearsal),
        }
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
        Progress::Committing => mark::word(ui, Mark::Going, tokens.care, "COMMIT was sent; its answer is awaited"),
    };
}

fn headline(ui: &mut Ui, scene: &Scene<'_>, rehearsed: &Rehearsed) {
    let rehearsal = &rehearsed.rehearsal;
    let tokens = Tokens::of(ui);
    let steps = rehearsed.plan.stages.iter().map(|stage| stage.step.0.as_str()).collect::<Vec<_>>().join(", ");
    let (mark, color, words) = match (&rehearsal.failure, rehearsal.residue.len()) {
        (Some(failure), _) => (Mark::Cross, tokens.bad, format!("{steps}: did not pass: {failure}")),
        (None, 0) => (Mark::Tick, tokens.good, format!("{steps}: rehearsed, nothing left behind")),
        (None, left) => (Mark::Cross, tokens.bad, format!("{steps}: {} left behind", text::count(left, "thing"))),
    };
    ui.horizontal(|ui| {
        mark::bare(ui, mark, color);
        text::heading(ui, &words);
    });
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
    if failures == 0 {
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
    ui.add_space(UNIT);
}

/// Entry against exit: what differs first, then everything that is equal.
fn proof(ui: &mut Ui, rehearsal: &Rehearsal) {
    let tokens = Tokens::of(ui);
    let residue: BTreeSet<_> = rehearsal.residue.iter().map(|residue| &residue.what).collect();
    let ids: BTreeSet<_> = rehearsal.entry.readings.keys().chain(rehearsal.exit.readings.keys()).collect();
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_by_key(|id| !residue.contains(id));
    let equal = ids.len() - residue.len();
    if residue.is_empty() {
        mark::word(
            ui,
            Mark::Same,
            tokens.good,
            &format!("Entry equals exit in all {}", text::count(ids.len(), "answer")),
        );
    } else {
        mark::word(ui, Mark::Drifted, tokens.bad, &format!("{} differ, {equal} are equal", residue.len()));
    }
    ui.spacing_mut().item_spacing = vec2(UNIT, 0.0);
    let value = (ui.available_width() * 0.24).max(80.0);
    TableBuilder::new(ui)
        .id_salt("proof")
        .auto_shrink(false)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::remainder().at_least(120.0).clip(true))
        .column(Column::initial(value).clip(true).resizable(true))
        .column(Column::initial(value).clip(true).resizable(true))
        .column(Column::exact(84.0))
        .header(ROW, |mut header| {
            for head in ["what", "entry, before BEGIN", "exit, after ROLLBACK", ""] {
                header.col(|ui| {
                    text::label(ui, head);
                });
            }
        })
        .body(|body| {
            body.rows(ROW, ids.len(), |mut line| {
                let id = ids[line.index()];
                line.col(|ui| {
                    text::line(ui, id.as_str());
                });
                for census in [&rehearsal.entry, &rehearsal.exit] {
                    line.col(|ui| {
                        let words = census.readings.get(id).map_or_else(|| "not asked".to_owned(), words_of);
                        let rich = RichText::new(one_line(&words, 80)).text_style(tokens::mono_small());
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(rich).truncate()));
                    });
                }
                line.col(|ui| {
                    if residue.contains(id) {
                        mark::small(ui, Mark::Drifted, tokens.bad, "differs");
                    } else {
                        mark::small(ui, Mark::Same, tokens.good, "equal");
                    }
                });
            });
        });
}

fn words_of(reading: &Reading) -> String {
    super::compare_rows::reading_words(reading)
}
