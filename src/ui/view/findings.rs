//! Findings: those that are kept, a preview, signing and exporting one, and verifying one from a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eframe::egui::{ScrollArea, Ui};

use super::Scene;
use super::approvals::{choose, steps_words};
use crate::finding::{Finding, FindingKind, Verification, to_be_signed};
use crate::session::Command;
use crate::ui::action::{Choose, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::Tokens;
use crate::ui::widget::form::{self, PathAsk};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::text;

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Verify,
    Kept,
    Write,
}

/// The findings page's drafts.
pub struct FindingsPage {
    /// Who signs.
    pub signer: SignerForm,
    part: Part,
    words: String,
    folder: String,
    verify: String,
    selected: Option<u64>,
    read: Option<(u64, Option<Box<Finding>>)>,
    /// The entries to be signed, as of this head of the ledger.
    waiting: Option<(u64, BTreeSet<u64>)>,
}

impl Default for FindingsPage {
    fn default() -> Self {
        Self {
            signer: SignerForm::new("finding"),
            part: Part::default(),
            words: String::new(),
            folder: String::new(),
            verify: String::new(),
            selected: None,
            read: None,
            waiting: None,
        }
    }
}

impl FindingsPage {
    /// Puts a path that a dialog gave into the form.
    pub fn set_folder(&mut self, path: &Path) {
        self.folder = path.display().to_string();
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let parts = [(Part::Verify, "Verify"), (Part::Kept, "Kept in the ledger"), (Part::Write, "Write and export")];
        form::choice(ui, &mut self.part, &parts);
        ScrollArea::vertical().id_salt("findings").auto_shrink(false).show(ui, |ui| match self.part {
            Part::Verify => self.verify(ui, scene),
            Part::Kept => self.kept(ui, scene),
            Part::Write => self.write(ui, scene),
        });
    }

    fn verify(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        text::card(ui, |ui| {
            text::heading(ui, "Verify an exported finding");
            text::muted(
                ui,
                "It needs no database and no trust in whoever sent it. Drop the folder onto the window, or give its path.",
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

    fn kept(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let ledger = scene.shown.ledger.value().cloned();
        let findings = ledger.as_ref().map_or(&[][..], |ledger| ledger.state.findings.as_slice());
        let head = ledger.as_ref().map_or(0, |ledger| ledger.state.head_seq);
        if self.waiting.as_ref().is_none_or(|(known, _)| *known != head) {
            self.waiting = Some((head, to_be_signed(findings)));
        }
        let is_waiting = |seq| self.waiting.as_ref().is_some_and(|(_, waiting)| waiting.contains(seq));
        if findings.is_empty() {
            text::empty(
                ui,
                "No finding has been kept",
                "After a rehearsal or a run, write one: it is signed and kept in the ledger.",
                |ui| {
                    if text::deed(ui, true, "Write a finding").clicked() {
                        self.part = Part::Write;
                    }
                },
            );
            return;
        }
        for (seq, document, signatures) in findings.iter().rev() {
            let selected = self.selected == Some(*seq);
            let names: Vec<&str> = signatures.iter().map(|signed| signed.principal.as_str()).collect();
            let waits = is_waiting(seq);
            let words = match (waits, names.is_empty()) {
                (true, _) => format!("Entry {seq} · to be signed"),
                (false, true) => format!("Entry {seq} · not signed; a later one is"),
                (false, false) => format!("Entry {seq} · signed by {}", names.join(", ")),
            };
            if ui.selectable_label(selected, words).clicked() {
                self.selected = if selected { None } else { Some(*seq) };
            }
            if selected {
                if self.read.as_ref().is_none_or(|(known, _)| known != seq) {
                    self.read = Some((*seq, serde_json::from_str::<Finding>(document).ok().map(Box::new)));
                }
                match self.read.as_ref().and_then(|(_, finding)| finding.as_deref()) {
                    Some(finding) => text::card(ui, |ui| {
                        preview(ui, finding);
                        if waits && text::deed(ui, true, "Sign and export it").clicked() {
                            scene.actions.push(UiAction::Request(finding.subject.request_digest));
                            self.part = Part::Write;
                        }
                    }),
                    None => text::failure(ui, "This finding cannot be read", "A newer program may have written it."),
                }
            }
        }
    }

    fn write(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(request) = scene.shown.chosen().cloned() else {
            text::empty(
                ui,
                "Nothing to write about",
                "A finding is written about a staged request: rehearsed, or run.",
                |_| {},
            );
            return;
        };
        choose(ui, scene, &request);
        // A finding is never written over another: once the folder is there, the next one needs a name of its own.
        if scene.shown.exported.iter().any(|(done, _)| done.as_os_str() == self.folder.trim()) {
            self.folder.clear();
        }
        text::card(ui, |ui| {
            text::heading(ui, &format!("Finding about {}", steps_words(&request)));
            text::muted(
                ui,
                "Plan, rehearsal, approvals, outcome and comparison are put in by the program. Your words stand beside them.",
            );
            form::words(ui, "finding-words", "Your words (Markdown, may be empty)", &mut self.words, 4);
            form::field(ui, "finding-folder", "New folder to export to", &mut self.folder, "/path/to/new-folder");
            if ui.button("Choose a folder…").clicked() {
                scene.actions.push(UiAction::Choose(Choose::FindingToExport));
            }
            self.signer.ui(ui, scene, None);
            let ready = self.signer.is_ready() && !self.folder.trim().is_empty() && scene.shown.is_free();
            if text::deed(ui, ready, "Sign and export the finding").clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let folder = PathBuf::from(self.folder.trim());
                scene.ask(Command::ExportFinding {
                    request: request.request.id(),
                    folder,
                    words: self.words.clone(),
                    signer,
                });
            }
        });
        for (folder, digest) in &scene.shown.exported {
            let tokens = Tokens::of(ui);
            mark::plain(ui, Mark::Tick, tokens.good, &format!("{} · {}", folder.display(), digest.short()));
            if ui.button(format!("Verify {}", folder.display())).clicked() {
                // What it proves is shown where a dropped folder's would be.
                self.set_folder(folder);
                self.part = Part::Verify;
                scene.actions.push(UiAction::Ask(Command::VerifyFinding(folder.clone())));
            }
        }
    }
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

fn preview(ui: &mut Ui, finding: &Finding) {
    let kind = match finding.kind {
        FindingKind::Rehearsal => "Finding of a rehearsal",
        FindingKind::Run => "Finding of a run",
        FindingKind::Divergence => "Divergence finding",
    };
    text::label(ui, kind);
    text::heading(ui, &finding.headline);
    text::muted(ui, &format!("{} · {}", finding.writer, text::date(finding.written_at)));
    if !finding.words.is_empty() {
        text::body(ui, &finding.words);
    }
    let subject = &finding.subject;
    let fact = |ui: &mut Ui, name: &str, words: String| {
        text::fact(ui, name, 96.0, |ui| {
            text::body(ui, &words);
        });
    };
    fact(ui, "Database", subject.plan.target.database.clone());
    fact(ui, "Plan", subject.plan_digest.short());
    fact(ui, "Request", subject.request_digest.short());
    let people: Vec<&str> = subject.approvals.iter().map(|signed| signed.principal.as_str()).collect();
    fact(ui, "Approved by", if people.is_empty() { "nobody".to_owned() } else { people.join(", ") });
    fact(ui, "Outcome", subject.outcome.as_ref().map_or_else(|| "not run".to_owned(), super::run::outcome_words));
    fact(ui, "Ledger", format!("entry {} · {}", finding.ledger_seq, finding.ledger_head.short()));
}
