//! The free choice of sides: any two or three of the kept baselines, what is live now, inside the rehearsal, and after a run.
//! What is left out is chosen here as well, stands on the page, and is in the digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{ComboBox, Ui, accesskit::Role};

use super::Scene;
use super::baselines::KnownBaselines;
use super::compare_rows::Columns;
use crate::census::{Baseline, Comparison, Reading, Row, Side, SideBySide, side_by_side};
use crate::rehearsal::Rehearsal;
use crate::run::Evidence;
use crate::runbook::{CheckId, Runbook};
use crate::session::{LedgerView, Survey};
use crate::ui::action::UiAction;
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::{mark, text};

/// So many ended runs are offered, the newest ones.
const MOST_RUNS: usize = 8;
/// What the places are called.
const PLACES: [&str; 3] = ["First side", "Second side", "Third side"];

/// Where a side's answers come from.
#[derive(Clone)]
enum Source {
    Baseline(Arc<Baseline>),
    Now(Arc<Survey>),
    Inside(Arc<Rehearsal>),
    After(Arc<Evidence>),
}

/// A side that may be chosen.
struct Offer {
    /// What is chosen when a newer answer takes its place: `now` stays `now`.
    id: String,
    name: String,
    source: Source,
}

/// What the offers were made from.
#[derive(Default)]
struct From {
    survey: Option<Arc<Survey>>,
    rehearsal: Option<Arc<Rehearsal>>,
    ledger: Option<Arc<LedgerView>>,
    book: Option<Arc<Runbook>>,
    baselines: usize,
}

/// The sides that are chosen, and what they say.
#[derive(Default)]
pub struct SidesPart {
    known: KnownBaselines,
    from: From,
    offers: Vec<Offer>,
    chosen: [Option<String>; 3],
    left_out: Vec<CheckId>,
    typed: String,
    seen: Option<SideBySide>,
    /// Each check's row between the first side and the second of three.
    between: BTreeMap<CheckId, usize>,
    is_stale: bool,
}

impl SidesPart {
    /// Draws the choice; what it gives is in [`Self::seen`].
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        self.refresh(scene);
        if self.offers.len() < 2 {
            let next =
                "Open a baseline, look at the database, or rehearse: each is a side that can stand beside another.";
            text::empty(ui, "Two sides are needed", next, |_| {});
            return;
        }
        // A box adds its margins and its arrow.
        let width = (ui.available_width() / 3.0 - 52.0).clamp(64.0, 320.0);
        ui.horizontal(|ui| {
            for place in 0..PLACES.len() {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    text::label(ui, ["first", "second", "third"][place]);
                    self.choose(ui, place, width);
                });
            }
        });
        self.rules(ui);
        if std::mem::take(&mut self.is_stale) {
            self.compute(scene);
        }
        match &self.seen {
            None => {
                text::muted(ui, "Choose sides that differ from one another.");
            }
            Some(seen) => {
                let digest = seen.digest;
                // Made when it is asked for: of ten thousand checks a baseline is no work for a frame.
                let can_write = self.can_be_written();
                ui.horizontal_wrapped(|ui| {
                    text::label(ui, "Digest of the sides and of what is left out");
                    text::mono(ui, &digest.short());
                    if ui.button("Copy digest").clicked() {
                        let what = "the comparison's digest".to_owned();
                        scene.actions.push(UiAction::Copy { text: digest.to_string(), what });
                    }
                    if !can_write {
                        text::muted_line(ui, "a finding is about two: baselines, or what is there now");
                    } else if ui.button("Write a finding about it").clicked()
                        && let Some((left, right)) = self.pair(scene)
                    {
                        scene.actions.push(UiAction::WriteBeside(Box::new((left, right, self.left_out.clone()))));
                    }
                });
                if seen.unasked > 0 {
                    let questions = text::count(seen.unasked, "question");
                    text::muted(
                        ui,
                        &format!("Not every side was asked about stop conditions and traces: {questions} not shown."),
                    );
                }
            }
        }
    }

    /// Returns what the sides say of each other.
    #[must_use]
    pub const fn seen(&self) -> Option<&SideBySide> {
        self.seen.as_ref()
    }

    /// Returns the comparison of the first side with the last.
    #[must_use]
    pub fn comparison(&self) -> Option<&Comparison> {
        self.seen.as_ref().map(|seen| &seen.comparison)
    }

    /// Returns a check's row between the first side and the second of three.
    #[must_use]
    pub fn between(&self, id: &CheckId) -> Option<&Row> {
        self.seen.as_ref()?.between.as_ref()?.rows.get(*self.between.get(id)?)
    }

    /// Returns which columns show it.
    #[must_use]
    pub fn columns(&self) -> Columns {
        let is_three = self.seen.as_ref().is_some_and(|seen| seen.between.is_some());
        if is_three { Columns::Three } else { Columns::Two }
    }

    /// Leaves a check out from now on.
    pub fn leave_out(&mut self, id: CheckId) {
        if !self.left_out.contains(&id) {
            self.left_out.push(id);
            self.is_stale = true;
        }
    }

    fn choose(&mut self, ui: &mut Ui, place: usize, width: f32) {
        // A box is as wide as its words: in a narrow window there is room for three of them with few.
        let letters = match width {
            narrow if narrow < 110.0 => 12,
            middle if middle < 230.0 => 26,
            _ => 44,
        };
        let named = |id: &Option<String>| id.as_ref().and_then(|id| self.offers.iter().find(|offer| offer.id == *id));
        let shown =
            named(&self.chosen[place]).map_or_else(|| "none".to_owned(), |offer| one_line(&offer.name, letters));
        let mut chosen = self.chosen[place].clone();
        let combo = ComboBox::from_id_salt(("side", place)).selected_text(shown).width(width);
        let drawn = combo.show_ui(ui, |ui| {
            if place == 2 {
                ui.selectable_value(&mut chosen, None, "none");
            }
            for offer in &self.offers {
                ui.selectable_value(&mut chosen, Some(offer.id.clone()), visible(&offer.name).as_ref());
            }
        });
        mark::name(&drawn.response, Role::ComboBox, PLACES[place]);
        if chosen != self.chosen[place] {
            self.chosen[place] = chosen;
            self.is_stale = true;
        }
    }

    /// What is left out: shown, taken back, added.
    fn rules(&mut self, ui: &mut Ui) {
        let mut taken_back = None;
        ui.horizontal_wrapped(|ui| {
            text::label(ui, "Left out by choice");
            if self.left_out.is_empty() {
                text::muted_line(ui, "nothing");
            }
            for (at, id) in self.left_out.iter().enumerate() {
                let button = ui.button(format!("{} ×", one_line(id.as_str(), 40)));
                mark::name(&button, Role::Button, &format!("Compare {id} again"));
                if button.clicked() {
                    taken_back = Some(at);
                }
            }
            let typed = eframe::egui::TextEdit::singleline(&mut self.typed)
                .id(eframe::egui::Id::unique(("field", "sides-left-out")))
                .hint_text("a check's id")
                .desired_width(140.0)
                .margin(crate::ui::tokens::field_margin());
            let field = ui.add(typed);
            mark::name(&field, Role::TextInput, "Check to leave out");
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter));
            let id = CheckId::from(self.typed.trim());
            let is_known = !self.typed.trim().is_empty() && self.is_known(&id);
            if (ui.add_enabled(is_known, eframe::egui::Button::new("Leave out")).clicked() || entered) && is_known {
                self.typed.clear();
                self.leave_out(id);
            } else if !is_known && !self.typed.trim().is_empty() {
                text::muted_line(ui, "no side holds a check of that name");
            }
        });
        if let Some(at) = taken_back {
            self.left_out.remove(at);
            self.is_stale = true;
        }
    }

    fn is_known(&self, id: &CheckId) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.comparison.rows.iter().any(|row| row.id == *id))
    }

    fn refresh(&mut self, scene: &Scene<'_>) {
        self.known.refresh(scene);
        let shown = scene.shown;
        let (survey, ledger) = (shown.survey.value(), shown.ledger.value());
        let rehearsal = shown.rehearsal.value().map(|rehearsed| &rehearsed.rehearsal);
        let is_new = !(same(self.from.survey.as_ref(), survey)
            && same(self.from.rehearsal.as_ref(), rehearsal)
            && same(self.from.ledger.as_ref(), ledger)
            && same(self.from.book.as_ref(), shown.book())
            && self.from.baselines == self.known.made());
        if !is_new {
            return;
        }
        self.from = From {
            survey: survey.cloned(),
            rehearsal: rehearsal.cloned(),
            ledger: ledger.cloned(),
            book: shown.book().cloned(),
            baselines: self.known.made(),
        };
        self.offers = offers(&self.known, &self.from);
        self.is_stale = true;
        for chosen in &mut self.chosen {
            if chosen.as_ref().is_some_and(|id| self.offers.iter().all(|offer| offer.id != *id)) {
                *chosen = None;
            }
        }
        // At first: the oldest truth that is known beside what is newest.
        for place in 0..2 {
            if self.chosen[place].is_none() {
                let free = self.offers.iter().find(|offer| !self.chosen.contains(&Some(offer.id.clone())));
                self.chosen[place] = free.map(|offer| offer.id.clone());
            }
        }
    }

    fn offer(&self, place: usize) -> Option<&Offer> {
        let id = self.chosen[place].as_ref()?;
        self.offers.iter().find(|offer| offer.id == *id)
    }

    fn compute(&mut self, scene: &Scene<'_>) {
        let chosen: Vec<&Offer> = (0..PLACES.len()).filter_map(|place| self.offer(place)).collect();
        let distinct = chosen.iter().enumerate().all(|(at, one)| chosen[..at].iter().all(|other| other.id != one.id));
        let sides: Vec<Side> = chosen.iter().map(|offer| offer.side()).collect();
        let checks = scene.shown.book().map(|book| book.checks.as_slice()).unwrap_or_default();
        self.seen = match (distinct, sides.as_slice()) {
            (true, [first, last]) => Some(side_by_side(checks, first, None, last, &self.left_out)),
            (true, [first, between, last]) => Some(side_by_side(checks, first, Some(between), last, &self.left_out)),
            _ => None,
        };
        let between = self.seen.iter().filter_map(|seen| seen.between.as_ref()).flat_map(|between| &between.rows);
        self.between = between.enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
    }

    /// Returns whether a finding can be written about the sides: two baselines, or what is live now.
    fn can_be_written(&self) -> bool {
        let is_kept =
            |place| matches!(self.offer(place).map(|it| &it.source), Some(Source::Baseline(_) | Source::Now(_)));
        self.chosen[2].is_none() && is_kept(0) && is_kept(1)
    }

    /// Returns the two sides that a finding can be written about.
    fn pair(&self, scene: &Scene<'_>) -> Option<(Arc<Baseline>, Arc<Baseline>)> {
        let of = |place: usize| match &self.offer(place)?.source {
            Source::Baseline(baseline) => Some(Arc::clone(baseline)),
            Source::Now(survey) => {
                scene.shown.book().map(|book| Arc::new(Baseline::of("now", book, survey.census.clone())))
            }
            Source::Inside(_) | Source::After(_) => None,
        };
        Some((of(0)?, of(1)?))
    }
}

impl Offer {
    fn side(&self) -> Side {
        let of = |row: &Row| (row.id.clone(), row.actual.clone());
        let readings: BTreeMap<CheckId, Reading> = match &self.source {
            Source::Baseline(baseline) => baseline.census.readings.clone(),
            Source::Now(survey) => survey.census.readings.clone(),
            // A later stage's answer takes the place of an earlier one's.
            Source::Inside(rehearsal) => rehearsal.inside.iter().flat_map(|stage| &stage.rows).map(of).collect(),
            Source::After(evidence) => evidence.after.iter().flat_map(|after| &after.rows).map(of).collect(),
        };
        Side { name: self.name.clone(), readings }
    }
}

fn offers(known: &KnownBaselines, from: &From) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for baseline in known.all() {
        let name = KnownBaselines::label_of(baseline);
        let twins = offers.iter().filter(|offer| offer.name == name).count();
        offers.push(Offer {
            id: format!("baseline {name} {twins}"),
            name,
            source: Source::Baseline(Arc::clone(baseline)),
        });
    }
    if let Some(survey) = &from.survey {
        let name = format!("Now · {}", text::clock(survey.census.taken_at));
        offers.push(Offer { id: "now".to_owned(), name, source: Source::Now(Arc::clone(survey)) });
    }
    if let Some(rehearsal) = from.rehearsal.as_ref().filter(|rehearsal| !rehearsal.inside.is_empty()) {
        let name = format!("Inside the rehearsal · {}", text::clock(rehearsal.taken_at));
        offers.push(Offer { id: "inside".to_owned(), name, source: Source::Inside(Arc::clone(rehearsal)) });
    }
    let requests = from.ledger.iter().flat_map(|ledger| ledger.requests.iter().rev());
    let ended = requests.filter_map(|request| {
        let evidence = request.evidence.as_ref().filter(|evidence| evidence.after.is_some())?;
        let name = format!("After the run · {}", request.request.id());
        Some(Offer { id: format!("after {}", request.digest), name, source: Source::After(Arc::clone(evidence)) })
    });
    offers.extend(ended.take(MOST_RUNS));
    offers
}

fn same<T>(known: Option<&Arc<T>>, now: Option<&Arc<T>>) -> bool {
    known.map(Arc::as_ptr) == now.map(Arc::as_ptr)
}
