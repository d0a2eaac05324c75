//! The shelf: the ledger's findings with filter and search, those to be signed first; one opened, two compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, FontId, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Scene;
use super::compare_rows::reading_words;
use super::diff_pane::DiffPane;
use crate::census::{Comparison, Row};
use crate::finding::{Finding, FindingSort, Shelf, Shelved, Subject, render_markdown, words};
use crate::runbook::CheckId;
use crate::session::{Kept, LedgerView};
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::{form, page, text};

/// One finding takes two lines.
const ROW: f32 = 44.0;

/// What somebody wants to do with a finding of the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Sign the one that a run left.
    Sign(crate::digest::Digest),
    /// Countersign it.
    Countersign,
    /// Export it.
    Export,
    /// Write one.
    Write,
}

/// The shelf's own state.
#[derive(Default)]
pub struct ShelfView {
    kind: Option<FindingSort>,
    search: String,
    selected: Option<usize>,
    /// Of the ledger as it was: the shelf, the one that is open, and its page.
    ledger: Option<Arc<LedgerView>>,
    open: Option<Open>,
    counts: BTreeMap<FindingSort, usize>,
    rows: Option<Rows>,
    /// The two that are compared, by number.
    chosen: BTreeSet<usize>,
    beside: Option<(String, Arc<str>, String, Arc<str>)>,
    pane: DiffPane,
}

/// The rows that are shown, by their places on the shelf, and what was searched for.
type Rows = (String, Option<FindingSort>, Arc<[usize]>);

/// A finding that was read whole.
struct Open {
    number: usize,
    kept: Option<Box<Kept>>,
}

impl ShelfView {
    /// Returns the number of the finding that is open.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.selected
    }

    /// Draws the shelf; gives what somebody wants to do.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) -> Option<Wanted> {
        let ledger = scene.shown.ledger.value().cloned();
        let is_same = match (&self.ledger, &ledger) {
            (Some(known), Some(now)) => Arc::ptr_eq(known, now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_same {
            self.ledger.clone_from(&ledger);
            (self.open, self.rows) = (None, None);
            self.counts.clear();
            for card in ledger.iter().flat_map(|it| &it.shelf.findings).filter_map(|kept| kept.card.as_ref()) {
                *self.counts.entry(card.sort).or_default() += 1;
            }
        }
        if self.beside.is_some() {
            self.compared(ui, scene);
            return None;
        }
        let Some(ledger) = ledger else {
            super::ledger::nothing(ui, scene);
            return None;
        };
        let shelf = Arc::clone(&ledger.shelf);
        if shelf.findings.is_empty() {
            let mut wanted = None;
            text::empty(
                ui,
                "No finding has been kept",
                "After a rehearsal or a run, write one: it is signed and kept in the ledger.",
                |ui| {
                    if text::deed(ui, true, "Write a finding").clicked() {
                        wanted = Some(Wanted::Write);
                    }
                },
            );
            return wanted;
        }
        self.bar(ui, &shelf);
        self.find_rows(&shelf);
        let rows = self.rows.as_ref().map(|rows| Arc::clone(&rows.2)).unwrap_or_default();
        if rows.is_empty() {
            text::muted(ui, "No finding has all of these words. Clear the search, or choose another kind.");
        }
        let open = self.selected.and_then(|number| shelf.findings.iter().find(|kept| kept.number == number));
        let height = if open.is_some() { (ui.available_height() * 0.4).max(ROW * 2.0) } else { ui.available_height() };
        let area = ScrollArea::vertical().id_salt("shelf").auto_shrink([false, true]).max_height(height);
        area.show_rows(ui, ROW, rows.len(), |ui, range| {
            for kept in rows[range].iter().filter_map(|at| shelf.findings.get(*at)) {
                self.row(ui, kept);
            }
        });
        let open = open?;
        text::rule(ui);
        let mut wanted = None;
        ScrollArea::vertical().id_salt("finding").auto_shrink(false).show(ui, |ui| {
            wanted = self.opened(ui, scene, open);
        });
        wanted
    }

    /// Finds the rows again when somebody has chosen, typed or signed something since.
    fn find_rows(&mut self, shelf: &Shelf) {
        let is_known = |(search, kind, _): &Rows| *search == self.search && *kind == self.kind;
        if self.rows.as_ref().is_some_and(is_known) {
            return;
        }
        let places: BTreeMap<usize, usize> =
            shelf.findings.iter().enumerate().map(|(at, kept)| (kept.number, at)).collect();
        let shown = shelf.in_order().into_iter().filter(|kept| self.is_shown(kept));
        let rows: Arc<[usize]> = shown.filter_map(|kept| places.get(&kept.number).copied()).collect();
        self.rows = Some((self.search.clone(), self.kind, rows));
    }

    fn is_shown(&self, kept: &Shelved) -> bool {
        let sort = kept.card.as_ref().map(|card| card.sort);
        self.kind.is_none_or(|kind| sort == Some(kind)) && kept.is_found(&self.search)
    }

    fn bar(&mut self, ui: &mut Ui, shelf: &Shelf) {
        let of = |sort: FindingSort| self.counts.get(&sort).copied().unwrap_or(0);
        let words: Vec<(Option<FindingSort>, String)> =
            std::iter::once((None, format!("all {}", shelf.findings.len())))
                .chain(FindingSort::ALL.into_iter().filter_map(|sort| match of(sort) {
                    0 => None,
                    count => Some((Some(sort), format!("{} {count}", sort.word()))),
                }))
                .collect();
        let options: Vec<(Option<FindingSort>, &str)> =
            words.iter().map(|(sort, word)| (*sort, word.as_str())).collect();
        ui.horizontal_wrapped(|ui| {
            form::search(ui, "shelf-search", &mut self.search);
            form::choice(ui, &mut self.kind, &options);
            let pair: Vec<usize> = self.chosen.iter().copied().collect();
            match pair.as_slice() {
                [one] => drop(text::muted(ui, &format!("No. {one} is chosen; choose another one to compare it with."))),
                [first, second]
                    if text::deed(ui, true, &format!("Compare No. {first} with No. {second}")).clicked() =>
                {
                    self.beside = self.texts(*first, *second, shelf);
                }
                _ => {}
            }
        });
    }

    fn texts(&self, first: usize, second: usize, shelf: &Shelf) -> Option<(String, Arc<str>, String, Arc<str>)> {
        let state = &self.ledger.as_ref()?.state;
        let page = |number: usize| {
            let shelved = shelf.findings.iter().find(|kept| kept.number == number)?;
            let kept = Kept::read(state, shelved)?;
            let text: Arc<str> = render_markdown(&kept.finding, shelved.digest, &kept.holding).into();
            Some((format!("Finding No. {number}"), text))
        };
        let ((left, old), (right, new)) = (page(first)?, page(second)?);
        Some((left, old, right, new))
    }

    fn compared(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some((left, old, right, new)) = self.beside.clone() else { return };
        ui.horizontal(|ui| {
            if ui.button("Back to the shelf").clicked() {
                self.beside = None;
                self.chosen.clear();
            }
            text::heading(ui, &format!("{left} beside {right}"));
        });
        self.pane.ui(ui, scene, "findings-diff", &old, &new, (&left, &right));
    }

    fn row(&mut self, ui: &mut Ui, kept: &Shelved) {
        let tokens = Tokens::of(ui);
        let selected = self.selected == Some(kept.number);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW - 2.0), Sense::click());
        let (first, headline) = match &kept.card {
            Some(card) => (format!("No. {} · {}", kept.number, card.sort.word()), card.headline.as_str()),
            None => {
                (format!("No. {}", kept.number), "This finding cannot be read. A newer program may have written it.")
            }
        };
        let (mark, color, state) = state_of(kept, &tokens);
        let written = kept.card.as_ref().map_or_else(String::new, |card| text::date(card.written_at));
        let fill = match (selected, response.hovered()) {
            (true, _) => tokens.selected,
            (false, true) => tokens.hover,
            (false, false) => Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect, 4.0, fill);
        if response.has_focus() {
            let stroke = eframe::egui::Stroke::new(1.0, tokens.accent);
            ui.painter().rect_stroke(rect, 4.0, stroke, eframe::egui::StrokeKind::Inside);
        }
        let bold = FontId::new(tokens::BODY, tokens::semibold());
        let (small, body) = (FontId::proportional(tokens::SMALL), FontId::proportional(tokens::BODY));
        let (left, top) = (rect.left() + UNIT, rect.top() + 4.0);
        let painter = ui.painter().with_clip_rect(rect);
        let end = painter.text(pos2(left, top), eframe::egui::Align2::LEFT_TOP, &first, bold, tokens.text).right();
        mark::paint(&painter, mark::square_at(end + UNIT * 1.5, top + 9.0), mark, color);
        painter.text(
            pos2(end + UNIT * 3.5, top + 1.0),
            eframe::egui::Align2::LEFT_TOP,
            visible(&state),
            small.clone(),
            color,
        );
        let galley = painter.layout_no_wrap(written, small, tokens.muted);
        painter.galley(pos2(rect.right() - UNIT - galley.size().x, top + 1.0), galley, tokens.muted);
        let mut job =
            eframe::egui::text::LayoutJob::simple_singleline(visible(headline).into_owned(), body, tokens.text);
        job.wrap = eframe::egui::text::TextWrapping::truncate_at_width(rect.width() - UNIT * 2.0);
        let galley = painter.layout_job(job);
        painter.galley(pos2(left, top + 19.0), galley, tokens.text);
        let name = format!("Finding {first} · {state} · {headline}");
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &name));
        if response.clicked() {
            self.selected = if selected { None } else { Some(kept.number) };
        }
    }

    fn opened(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, shelved: &Shelved) -> Option<Wanted> {
        if self.open.as_ref().is_none_or(|open| open.number != shelved.number) {
            let kept = self.ledger.as_ref().and_then(|ledger| Kept::read(&ledger.state, shelved));
            self.open = Some(Open { number: shelved.number, kept: kept.map(Box::new) });
        }
        let Some(kept) = self.open.as_ref().and_then(|open| open.kept.as_deref()) else {
            text::failure(ui, "This finding cannot be read", "A newer program may have written it.");
            return None;
        };
        let tokens = Tokens::of(ui);
        let mut wanted = None;
        ui.horizontal_wrapped(|ui| {
            if shelved.waits {
                if text::deed(ui, true, "Sign and export it").clicked() {
                    wanted = kept.finding.about().map(|subject| Wanted::Sign(subject.request_digest));
                }
            } else if !kept.holding.is_empty() {
                if ui.button("Countersign it").clicked() {
                    wanted = Some(Wanted::Countersign);
                }
                if ui.button("Export it").clicked() {
                    wanted = Some(Wanted::Export);
                }
            }
            let mut is_chosen = self.chosen.contains(&shelved.number);
            let can = is_chosen || self.chosen.len() < 2;
            if ui.add_enabled(can, eframe::egui::Checkbox::new(&mut is_chosen, "Choose for comparison")).changed() {
                if is_chosen {
                    self.chosen.insert(shelved.number);
                } else {
                    self.chosen.remove(&shelved.number);
                }
            }
        });
        let offered = shelved.to_countersign();
        if !offered.is_empty() {
            let names: Vec<&str> = offered.iter().map(crate::runbook::Principal::as_str).collect();
            let words = format!("Not yet countersigned by {}, who approved the run", names.join(" and "));
            mark::plain(ui, Mark::Ring, tokens.care, &words);
        }
        for signed in &kept.holding {
            mark::plain(ui, Mark::Tick, tokens.good, &format!("{} signed it; the signature holds", signed.principal));
        }
        let holds = |who: &&crate::runbook::Principal| kept.holding.iter().any(|signed| signed.principal == **who);
        for who in shelved.signers().into_iter().filter(|who| !holds(who)) {
            mark::word(ui, Mark::Cross, tokens.bad, &format!("A signature in the name of {who} does not hold"));
        }
        preview(ui, &kept.finding);
        if !scene.shown.is_free() {
            text::muted(ui, "Something is under way; what signs or exports waits for its end.");
        }
        wanted
    }
}

/// What a list says of signatures: who is named. Whether one holds is said where a finding is opened.
fn state_of(kept: &Shelved, tokens: &Tokens) -> (Mark, Color32, String) {
    let names: Vec<&str> = kept.signers().into_iter().map(crate::runbook::Principal::as_str).collect();
    match (kept.waits, names.is_empty(), kept.to_countersign().len()) {
        (true, _, _) => (Mark::Care, tokens.care, format!("entry {} · to be signed", kept.seq)),
        (false, true, _) => (Mark::Ring, tokens.muted, format!("entry {} · not signed; a later one is", kept.seq)),
        (false, false, 0) => (Mark::Dot, tokens.muted, format!("entry {} · signed by {}", kept.seq, names.join(", "))),
        (false, false, offered) => {
            let what = if offered == 1 { "counter-signature" } else { "counter-signatures" };
            let words = format!("entry {} · signed by {} · {offered} {what} offered", kept.seq, names.join(", "));
            (Mark::Ring, tokens.care, words)
        }
    }
}

/// Lists the rows that differ: whoever countersigns sees what is signed.
fn differing(ui: &mut Ui, comparison: &Comparison) {
    const MOST: usize = 20;
    let tokens = Tokens::of(ui);
    let failures: Vec<&Row> = comparison.failures().collect();
    for row in failures.iter().take(MOST) {
        let values = || {
            let before = row.baseline.as_ref().map_or_else(|| "unknown".to_owned(), reading_words);
            format!("{} → {}", one_line(&before, 60), one_line(&reading_words(&row.actual), 60))
        };
        let words = row.difference_in_words().unwrap_or_else(values);
        mark::plain(ui, Mark::verdict(row.verdict), tokens.verdict(row.verdict), &format!("{}: {words}", row.id));
    }
    let rows = text::count(comparison.rows.len(), "check");
    match failures.len() {
        0 => drop(text::muted(ui, &format!("{rows}: all the same."))),
        count if count > MOST => {
            text::muted(ui, &format!("And {} more of {rows}; the exported finding has them all.", count - MOST));
        }
        count => drop(text::muted(ui, &format!("{count} of {rows} differ."))),
    }
}

/// Draws what a finding says, without its evidence.
pub fn preview(ui: &mut Ui, finding: &Finding) {
    text::label(ui, finding.kind_words());
    text::heading(ui, &finding.headline);
    text::muted(ui, &format!("{} · {}", finding.writer, text::date(finding.written_at)));
    if !finding.words.is_empty() {
        page::draw(ui, &[crate::finding::Block::Quoted(words(&finding.words))]);
    }
    let fact = |ui: &mut Ui, name: &str, words: String| {
        text::fact(ui, name, 96.0, |ui| {
            text::body(ui, &words);
        });
    };
    fact(ui, "Database", finding.target().database.clone());
    if let Some(subject) = finding.about() {
        fact(ui, "Plan", subject.plan_digest.short());
        fact(ui, "Request", subject.request_digest.short());
        let people: Vec<&str> = subject.approvals.iter().map(|signed| signed.principal.as_str()).collect();
        fact(ui, "Approved by", if people.is_empty() { "nobody".to_owned() } else { people.join(", ") });
        fact(ui, "Outcome", subject.outcome.as_ref().map_or_else(|| "not run".to_owned(), super::run::outcome_words));
    }
    if let Subject::Comparison(subject) = &finding.subject {
        fact(ui, "Sides", format!("{} beside {}", visible(&subject.left.label), visible(&subject.right.label)));
        let left_out: Vec<&str> = subject.ignored.iter().map(CheckId::as_str).collect();
        fact(ui, "Left out", if left_out.is_empty() { "nothing".to_owned() } else { left_out.join(", ") });
        differing(ui, &subject.comparison);
    }
    fact(ui, "Ledger", format!("entry {} · {}", finding.ledger_seq, finding.ledger_head.short()));
}
