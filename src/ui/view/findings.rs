//! Findings: the shelf of those that are kept, writing one, countersigning one, and verifying one from a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{ScrollArea, Ui};

use super::Scene;
use super::approvals::{choose, steps_words};
use super::baselines::KnownBaselines;
use super::findings_shelf::{ShelfView, Wanted, preview};
use crate::census::Baseline;
use crate::finding::{Block, Verification, words};
use crate::runbook::CheckId;
use crate::session::{BesideEachOther, Command, FindingAbout};
use crate::ui::action::{Choose, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::Tokens;
use crate::ui::widget::escape::visible;
use crate::ui::widget::form::{self, PathAsk};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{page, text};

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Shelf,
    Write,
    Verify,
}

/// What is written about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum About {
    #[default]
    Request,
    Stop,
    Restart,
    Comparison,
}

/// What is done with a finding that is kept already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Countersign(usize),
    Export(usize),
}

/// The findings page's drafts.
pub struct FindingsPage {
    /// Who signs.
    pub signer: SignerForm,
    part: Part,
    shelf: ShelfView,
    again: Option<Again>,
    about: About,
    /// The ledger entry of the stop or restart that is written about.
    entry: Option<u64>,
    baselines: KnownBaselines,
    sides: (usize, usize),
    /// Two sides that were chosen in Compare.
    given: Option<(Arc<Baseline>, Arc<Baseline>)>,
    /// The checks that a comparison leaves out, as they were typed.
    left_out: String,
    words: String,
    folder: String,
    verify: String,
    /// The verification that was shown last: a new one is shown where it stands.
    seen: Option<Arc<Verification>>,
}

impl Default for FindingsPage {
    fn default() -> Self {
        Self {
            signer: SignerForm::new("finding"),
            part: Part::default(),
            shelf: ShelfView::default(),
            again: None,
            about: About::default(),
            entry: None,
            baselines: KnownBaselines::default(),
            sides: (0, 1),
            given: None,
            left_out: String::new(),
            words: String::new(),
            folder: String::new(),
            verify: String::new(),
            seen: None,
        }
    }
}

impl FindingsPage {
    /// Puts a path that a dialog gave into the form.
    pub fn set_folder(&mut self, path: &Path) {
        self.folder = path.display().to_string();
    }

    /// Begins a finding about two sides that were chosen in Compare.
    pub fn write_beside(&mut self, left: Arc<Baseline>, right: Arc<Baseline>, left_out: Vec<CheckId>) {
        (self.part, self.about) = (Part::Write, About::Comparison);
        self.given = Some((left, right));
        self.left_out = left_out.into_iter().map(|id| id.0).collect::<Vec<_>>().join(", ");
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        if let Some(verification) = scene.shown.verification.value()
            && self.seen.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, verification))
        {
            self.seen = Some(Arc::clone(verification));
            self.part = Part::Verify;
        }
        let parts = [(Part::Shelf, "Shelf"), (Part::Write, "Write and export"), (Part::Verify, "Verify")];
        if form::choice(ui, &mut self.part, &parts) {
            self.again = None;
        }
        match (self.part, self.again) {
            (Part::Shelf, None) => self.shelf(ui, scene),
            (Part::Shelf, Some(again)) => {
                ScrollArea::vertical().id_salt("again").auto_shrink(false).show(ui, |ui| self.again(ui, scene, again));
            }
            (Part::Write, _) => {
                ScrollArea::vertical().id_salt("write").auto_shrink(false).show(ui, |ui| self.write(ui, scene));
            }
            (Part::Verify, _) => {
                ScrollArea::vertical().id_salt("verify").auto_shrink(false).show(ui, |ui| self.verify(ui, scene));
            }
        }
    }

    fn shelf(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let number = self.shelf.selected();
        match (self.shelf.ui(ui, scene), number) {
            (Some(Wanted::Sign(request)), _) => {
                scene.actions.push(UiAction::Request(request));
                (self.part, self.about) = (Part::Write, About::Request);
            }
            (Some(Wanted::Write), _) => self.part = Part::Write,
            (Some(Wanted::Countersign), Some(number)) => self.again = Some(Again::Countersign(number)),
            (Some(Wanted::Export), Some(number)) => self.again = Some(Again::Export(number)),
            (Some(Wanted::Countersign | Wanted::Export) | None, _) => {}
        }
    }

    fn again(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, again: Again) {
        if ui.button("Back to the shelf").clicked() {
            self.again = None;
        }
        text::card(ui, |ui| match again {
            Again::Countersign(number) => {
                text::heading(ui, &format!("Your signature on Finding No. {number}"));
                text::muted(
                    ui,
                    "You sign the same bytes as its writer. It is verified first, and your signature is kept in the ledger \
                     beside the others.",
                );
                self.signer.ui(ui, scene, None);
                let ready = self.signer.is_ready() && scene.shown.is_free();
                if text::deed(ui, ready, &format!("Countersign Finding No. {number}")).clicked()
                    && let Some(signer) = self.signer.take(ui)
                {
                    scene.ask(Command::CountersignFinding { number, signer });
                    self.again = None;
                }
            }
            Again::Export(number) => {
                text::heading(ui, &format!("Finding No. {number} as it is kept"));
                text::muted(ui, "It is exported with every signature over it that holds. Nothing is signed.");
                self.folder_field(ui, scene);
                let ready = !self.folder.trim().is_empty() && scene.shown.is_free();
                if text::deed(ui, ready, &format!("Export Finding No. {number}")).clicked() {
                    scene.ask(Command::ExportKept { number, folder: PathBuf::from(self.folder.trim()) });
                }
            }
        });
        self.exported(ui, scene);
    }

    fn verify(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            text::heading(ui, "Verify an exported finding");
            text::muted(
                ui,
                "It needs no database and no trust in whoever sent it. Drop the folder, or a file of it such as finding.pdf, \
                 onto the window, or give its path.",
            );
            let asked = form::path(
                ui,
                "verify-path",
                "Finding folder",
                &mut self.verify,
                "Verify finding",
                scene.shown.is_free(),
            );
            match asked {
                Some(PathAsk::Use) => scene.ask(Command::VerifyFinding(PathBuf::from(self.verify.trim()))),
                Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::Finding)),
                None => {}
            }
        });
        match &scene.shown.verification {
            Known::NotAsked => {}
            Known::Asking { .. } => {
                text::muted(ui, "Verifying…");
            }
            Known::Unreadable { reason, .. } => text::failure(ui, &reason.message, &reason.hint),
            Known::Known(verification) => text::card(ui, |ui| verified(ui, verification)),
        }
    }

    fn write(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let abouts = [
            (About::Request, "A request"),
            (About::Stop, "A stop"),
            (About::Restart, "A restart"),
            (About::Comparison, "Two baselines"),
        ];
        if form::choice(ui, &mut self.about, &abouts) {
            self.entry = None;
        }
        // A finding is never written over another: once the folder is there, the next one needs a name of its own.
        if scene.shown.exported.iter().any(|(done, _)| done.as_os_str() == self.folder.trim()) {
            self.folder.clear();
        }
        let Some((title, subject)) = self.subject(ui, scene) else { return };
        text::card(ui, |ui| {
            text::heading(ui, &format!("Finding about {title}"));
            text::muted(ui, "The evidence is put in by the program. Your words stand beside it.");
            form::words(ui, "finding-words", "Your words (Markdown, may be empty)", &mut self.words, 4);
            if !self.words.trim().is_empty() {
                text::label(ui, "As they will stand in it");
                page::draw(ui, &[Block::Quoted(words(&self.words))]);
            }
            self.folder_field(ui, scene);
            self.signer.ui(ui, scene, None);
            let ready = self.signer.is_ready() && !self.folder.trim().is_empty() && scene.shown.is_free();
            if text::deed(ui, ready, "Sign and export the finding").clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let about = match subject {
                    Subject::About(about) => about,
                    Subject::Pair(pair, ignored) => beside(scene, pair, ignored),
                };
                let folder = PathBuf::from(self.folder.trim());
                scene.ask(Command::ExportFinding { about, folder, words: self.words.clone(), signer });
            }
        });
        self.exported(ui, scene);
    }

    /// Lets somebody choose what it is about; nothing when there is nothing of that kind.
    fn subject(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) -> Option<(String, Subject)> {
        match self.about {
            About::Request => {
                let Some(request) = scene.shown.chosen().cloned() else {
                    let next = "A finding is written about a staged request: rehearsed, or run.";
                    text::empty(ui, "Nothing to write about", next, |_| {});
                    return None;
                };
                choose(ui, scene, &request);
                Some((steps_words(&request), Subject::About(FindingAbout::Request(request.request.id()))))
            }
            About::Stop => {
                let entry = self.entry(ui, scene, "stopped", "There was no stop")?;
                Some((format!("the stop of entry {entry}"), Subject::About(FindingAbout::Stop(entry))))
            }
            About::Restart => {
                let entry = self.entry(ui, scene, "restart", "There was no restart")?;
                Some((format!("the restart of entry {entry}"), Subject::About(FindingAbout::Restart(entry))))
            }
            About::Comparison => self.pair(ui, scene),
        }
    }

    fn entry(&mut self, ui: &mut Ui, scene: &Scene<'_>, kind: &str, none: &str) -> Option<u64> {
        let ledger = scene.shown.ledger.value()?;
        let entries: Vec<u64> = match kind {
            "restart" => ledger.state.halt.lifts().iter().map(|lift| lift.seq).collect(),
            _ => ledger.entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.seq).collect(),
        };
        let Some(newest) = entries.last().copied() else {
            text::empty(ui, none, "Nothing of that kind is in the ledger.", |_| {});
            return None;
        };
        let chosen = self.entry.get_or_insert(newest);
        ui.horizontal_wrapped(|ui| {
            let options: Vec<(u64, String)> =
                entries.iter().rev().take(8).map(|seq| (*seq, format!("Entry {seq}"))).collect();
            let options: Vec<(u64, &str)> = options.iter().map(|(seq, words)| (*seq, words.as_str())).collect();
            form::choice(ui, chosen, &options);
        });
        Some(*chosen)
    }

    fn pair(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<(String, Subject)> {
        let (left, right) = self.two(ui, scene)?;
        let label = "Checks to leave out, by id, with commas between them";
        form::field(ui, "finding-left-out", label, &mut self.left_out, "noise, heartbeats");
        let ignored: Vec<CheckId> =
            self.left_out.split(',').map(str::trim).filter(|id| !id.is_empty()).map(CheckId::from).collect();
        let (before, now) = (&left.census.readings, &right.census.readings);
        if let Some(unknown) = ignored.iter().find(|id| !before.contains_key(*id) && !now.contains_key(*id)) {
            let reason = format!("Neither baseline holds a check `{}`.", visible(unknown.as_str()));
            text::failure(ui, &reason, "Write the ids as the runbook has them.");
            return None;
        }
        if !ignored.is_empty() {
            let ids: Vec<&str> = ignored.iter().map(CheckId::as_str).collect();
            text::muted(ui, &format!("Left out, named in the finding and signed: {}.", ids.join(", ")));
        }
        let title = format!("{} beside {}", left.label, right.label);
        Some((title, Subject::Pair((left, right), ignored)))
    }

    /// The two sides: those that were chosen in Compare, or two kept baselines.
    fn two(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<(Arc<Baseline>, Arc<Baseline>)> {
        if let Some((left, right)) = self.given.clone() {
            let mut others = false;
            ui.horizontal_wrapped(|ui| {
                text::muted_line(ui, "As chosen in Compare:");
                let labels = [KnownBaselines::label_of(&left), KnownBaselines::label_of(&right)];
                text::strong(ui, &labels.join(" beside "));
                others = ui.button("Choose others").clicked();
            });
            if !others {
                return Some((left, right));
            }
            self.given = None;
        }
        self.baselines.refresh(scene);
        let names = ["Left baseline", "Right baseline"];
        let known = ui.horizontal_wrapped(|ui| self.baselines.choose(ui, &mut self.sides, names)).inner;
        if !known {
            return None;
        }
        let Some((left, right)) = self.baselines.pair(self.sides) else {
            text::muted(ui, "Choose two different ones.");
            return None;
        };
        Some((Arc::clone(left), Arc::clone(right)))
    }

    fn folder_field(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        form::field(ui, "finding-folder", "New folder to export to", &mut self.folder, "/path/to/new-folder");
        if ui.button("Choose a folder…").clicked() {
            scene.actions.push(UiAction::Choose(Choose::FindingToExport));
        }
    }

    fn exported(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        for (folder, digest) in &scene.shown.exported {
            let tokens = Tokens::of(ui);
            mark::plain(ui, Mark::Tick, tokens.good, &format!("{} · {}", folder.display(), digest.short()));
            if ui.button(format!("Verify {}", folder.display())).clicked() {
                // What it proves is shown where a dropped folder's would be.
                self.verify = folder.display().to_string();
                self.part = Part::Verify;
                scene.actions.push(UiAction::Ask(Command::VerifyFinding(folder.clone())));
            }
        }
    }
}

/// What a finding is about, before anything is copied for it.
enum Subject {
    About(FindingAbout),
    Pair((Arc<Baseline>, Arc<Baseline>), Vec<CheckId>),
}

fn beside(scene: &Scene<'_>, pair: (Arc<Baseline>, Arc<Baseline>), ignored: Vec<CheckId>) -> FindingAbout {
    let checks = scene.shown.book().map(|book| book.checks.clone()).unwrap_or_default();
    let (left, right) = (Arc::unwrap_or_clone(pair.0), Arc::unwrap_or_clone(pair.1));
    FindingAbout::Comparison(Box::new(BesideEachOther { left, right, checks, ignored }))
}

fn verified(ui: &mut Ui, verification: &Verification) {
    let tokens = Tokens::of(ui);
    let well = verification.refused.is_empty() && verification.finding.is_some();
    ui.horizontal(|ui| {
        let (mark, color, words) = if well {
            (Mark::Tick, tokens.good, "This finding verifies")
        } else {
            (Mark::Cross, tokens.bad, "This finding does not verify")
        };
        mark::bare(ui, mark, color);
        text::heading(ui, words);
    });
    for sentence in &verification.refused {
        mark::word(ui, Mark::Cross, tokens.bad, sentence);
    }
    for sentence in &verification.proved {
        mark::plain(ui, Mark::Tick, tokens.good, sentence);
    }
    for sentence in &verification.not_proved {
        mark::plain(ui, Mark::Blind, tokens.care, sentence);
    }
    if !verification.signatures.is_empty() {
        text::rule(ui);
        text::label(ui, "Signatures that hold");
        for signed in &verification.signatures {
            mark::plain(
                ui,
                Mark::Tick,
                tokens.good,
                &format!("{} · {} over {}", signed.principal, signed.namespace, signed.file),
            );
            text::mono_wrapped(ui, &signed.fingerprint);
        }
    }
    if let Some(finding) = &verification.finding {
        text::rule(ui);
        preview(ui, finding);
    }
}
