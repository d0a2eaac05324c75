//! Script: the selected step's SQL with its notes in the margin, or against its build script, the captured definition,
//! or what was sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{ComboBox, Key, Ui, accesskit::Role};

use super::Scene;
use super::code::{self, Aside, Pane};
use super::diff_pane::DiffPane;
use crate::census::Reading;
use crate::runbook::{Query, RowsExpected, Runbook, Step, StepId};
use crate::ui::action::{Page, UiAction};
use crate::ui::tokens::Tokens;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::sql::{self, Line};
use crate::ui::widget::{form, text};

/// What the script is shown against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Against {
    #[default]
    Nothing,
    Build,
    Captured,
    Sealed,
}

/// The script page's drafts and what it has laid out.
#[derive(Default)]
pub struct ScriptPage {
    against: Against,
    search: String,
    found: Vec<usize>,
    at: usize,
    spaces: bool,
    go_to: Option<usize>,
    pane: DiffPane,
    /// The runbook a text was taken from: the same one never needs to be read again.
    book: Option<Arc<Runbook>>,
    text: Option<(StepId, Arc<str>, Vec<Line>)>,
    other: Option<(StepId, Against, Arc<str>)>,
}

impl ScriptPage {
    /// Brings a line, from 1, into view.
    pub fn show_line(&mut self, line: u32) {
        self.against = Against::Nothing;
        self.go_to = usize::try_from(line.saturating_sub(1)).ok();
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        // The runbook is shared, not copied: a script may be as large as a dump.
        let book = scene.shown.book().cloned();
        let Some((book, step)) = book.as_ref().and_then(|book| Some((book, book.steps.get(scene.shown.step)?))) else {
            text::empty(ui, "No step is selected", "Open a runbook, then choose a step on the left.", |ui| {
                if text::deed(ui, true, "Open a runbook").clicked() {
                    scene.actions.push(UiAction::Go(Page::Start));
                }
            });
            return;
        };
        self.adopt(book, step);
        Self::seen(scene, step);
        ui.horizontal(|ui| {
            text::heading(ui, &format!("{} · {}", step.id, step.reversal.path));
            if ui.button("Copy script").clicked() {
                let what = format!("the script of {}", step.id);
                scene.actions.push(UiAction::Copy { text: step.reversal.text.clone(), what });
            }
        });
        self.bar(ui);
        let Some((_, reversal, lines)) = &self.text else { return };
        if self.against == Against::Nothing {
            let asides = asides(ui, scene, step, lines);
            let go_to = self.go_to.take();
            let (spaces, found) = (self.spaces, self.found.as_slice());
            code::ui(ui, &Pane { id: "script", sql: reversal, lines, asides: &asides, found, go_to, spaces });
            return;
        }
        let reversal = reversal.clone();
        match self.other_text(scene, step) {
            Some((other, title)) => {
                self.pane.ui(
                    ui,
                    scene,
                    "script-diff",
                    &other,
                    &reversal,
                    (&title, &format!("Reversal · {}", step.reversal.path)),
                );
            }
            None => {
                text::muted(ui, "There is no such text for this step.");
            }
        }
    }

    fn adopt(&mut self, book: &Arc<Runbook>, step: &Step) {
        let same_book = self.book.as_ref().is_some_and(|known| Arc::ptr_eq(known, book));
        if same_book && self.text.as_ref().is_some_and(|(id, _, _)| *id == step.id) {
            return;
        }
        if !same_book {
            self.book = Some(Arc::clone(book));
            self.other = None;
        }
        self.text = Some((step.id.clone(), step.reversal.text.as_str().into(), sql::lines(&step.reversal.text)));
        self.find();
    }

    /// A script counts as opened for every open request that holds it, as soon as it is on the screen.
    fn seen(scene: &mut Scene<'_>, step: &Step) {
        let what = format!("script:{}", step.id);
        for request in scene.shown.requests() {
            let holds = request.plan.stages.iter().any(|stage| stage.step == step.id);
            if holds && !scene.shown.seen.contains(&(request.digest, what.clone())) {
                scene.actions.push(UiAction::Seen { request: request.digest, what: what.clone() });
            }
        }
    }

    fn bar(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let choices = [
                (Against::Nothing, "The script alone"),
                (Against::Build, "Against the build script"),
                (Against::Captured, "Against the captured definition"),
                (Against::Sealed, "Against what was sealed"),
            ];
            let chosen = choices.iter().find(|(against, _)| *against == self.against).map_or("", |(_, words)| *words);
            let combo = ComboBox::from_id_salt("against").selected_text(chosen).width(220.0);
            let shown = combo.show_ui(ui, |ui| {
                for (against, words) in choices {
                    ui.selectable_value(&mut self.against, against, words);
                }
            });
            mark::name(&shown.response, Role::ComboBox, "What the script is shown against");
            if self.against == Against::Nothing {
                let field = form::search(ui, "script-search", &mut self.search);
                if field.changed() {
                    self.find();
                    self.go_to = self.found.first().copied();
                }
                if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                    self.next_found();
                    field.request_focus();
                }
                if !self.search.is_empty() {
                    text::muted(ui, &format!("{} found", text::count(self.found.len(), "line")));
                }
                ui.checkbox(&mut self.spaces, "Show white space");
            }
        });
    }

    fn find(&mut self) {
        self.at = 0;
        self.found.clear();
        let Some((_, text, lines)) = &self.text else { return };
        if self.search.is_empty() {
            return;
        }
        let wanted = self.search.to_lowercase();
        let holds = |line: &Line| text[line.bytes.clone()].to_lowercase().contains(&wanted);
        self.found = lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(row, _)| row).collect();
    }

    fn next_found(&mut self) {
        if !self.found.is_empty() {
            self.at = (self.at + 1) % self.found.len();
            self.go_to = Some(self.found[self.at]);
        }
    }

    fn other_text(&mut self, scene: &Scene<'_>, step: &Step) -> Option<(Arc<str>, String)> {
        let (text, title) = match self.against {
            Against::Nothing => return None,
            Against::Build => {
                let build = step.build.as_ref()?;
                let title = format!("Build · {}", build.path);
                // The same runbook and step: the same text, without looking at it again.
                if let Some((id, Against::Build, known)) = &self.other
                    && *id == step.id
                {
                    return Some((known.clone(), title));
                }
                (build.text.clone(), title)
            }
            Against::Captured => captured(scene, step)?,
            Against::Sealed => sealed(scene, step)?,
        };
        match &self.other {
            Some((id, against, known)) if *id == step.id && *against == self.against && **known == *text => {
                Some((known.clone(), title))
            }
            Some(_) | None => {
                let fresh: Arc<str> = text.into();
                self.other = Some((step.id.clone(), self.against, fresh.clone()));
                Some((fresh, title))
            }
        }
    }
}

/// Finds the definition that was captured for this step's object (D-30): in the baseline, else as it is now.
fn captured(scene: &Scene<'_>, step: &Step) -> Option<(String, String)> {
    let book = scene.shown.book()?;
    let check = book
        .checks
        .iter()
        .find(|check| check.steps.contains(&step.id) && matches!(check.query, Query::Definition(..)))?;
    let baseline = scene.shown.baseline.value().map(|open| (&open.baseline.census, "baseline"));
    let now = scene.shown.survey.value().map(|survey| (&survey.census, "now"));
    [baseline, now].into_iter().flatten().find_map(|(census, side)| match census.readings.get(&check.id) {
        Some(Reading::Value(Some(text))) => Some((text.clone(), format!("{} · {side}", check.id))),
        Some(Reading::Value(None) | Reading::Blind(_)) | None => None,
    })
}

/// Joins the statements of the newest sealed plan of this step: exactly what was, or will be, sent.
fn sealed(scene: &Scene<'_>, step: &Step) -> Option<(String, String)> {
    let request = scene.shown.request_of(&step.id)?;
    let stage = request.plan.stages.iter().find(|stage| stage.step == step.id)?;
    let statements: Vec<&str> = stage.statements.iter().map(|known| known.sql.trim_end_matches(';')).collect();
    Some((statements.join(";\n") + ";\n", format!("Sealed · request {}", request.request.id())))
}

fn asides(ui: &Ui, scene: &Scene<'_>, step: &Step, lines: &[Line]) -> BTreeMap<u32, Vec<Aside>> {
    let tokens = Tokens::of(ui);
    let mut asides: BTreeMap<u32, Vec<Aside>> = BTreeMap::new();
    let steps = [step.id.clone()];
    for note in scene.shown.review().into_iter().flat_map(|review| review.of(&steps)) {
        if note.place.line == 0 || note.place.file != step.reversal.path {
            continue;
        }
        let words = format!("{} · {}", mark::severity_word(note.severity), note.rule);
        let more = format!("{}\n{}", note.message, note.way_out);
        let aside = Aside { mark: Mark::severity(note.severity), color: tokens.severity(note.severity), words, more };
        asides.entry(note.place.line).or_default().push(aside);
    }
    for (number, line) in (1..).zip(lines) {
        let Some(ordinal) = line.statement else { continue };
        let rule = step.statements.get(&ordinal);
        let notices = rule.map_or(&[][..], |rule| rule.notices.as_slice());
        let beside =
            if notices.is_empty() { String::new() } else { format!(", {}", text::count(notices.len(), "notice")) };
        let words = format!("{ordinal}: {}{beside}", RowsExpected::in_words(rule.and_then(|rule| rule.rows.as_ref())));
        let more: Vec<String> = notices
            .iter()
            .map(|notice| format!("{} ×{} containing {:?}", notice.severity, notice.times, notice.contains))
            .collect();
        let aside = Aside { mark: Mark::Arrow, color: tokens.muted, words, more: more.join("\n") };
        asides.entry(number).or_default().push(aside);
    }
    asides
}
