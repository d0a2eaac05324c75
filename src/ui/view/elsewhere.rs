//! For a reviewer on another machine: saves exactly what is signed, and imports the signature that `ssh-keygen` made of it.

use std::path::{Path, PathBuf};

use eframe::egui::Ui;

use super::Scene;
use crate::approval::{Decision, Namespace};
use crate::runbook::Principal;
use crate::session::{Command, RequestView};
use crate::ui::action::{Choose, UiAction};
use crate::ui::tokens::UNIT;
use crate::ui::widget::form::{self, PathAsk};
use crate::ui::widget::text;

/// The drafts of the card.
#[derive(Default)]
pub struct Elsewhere {
    open: bool,
    target: String,
    signature: String,
}

/// What is decided, and by whom.
pub struct Deciding<'a> {
    /// Nothing is an approval.
    pub decision: Option<(Decision, String)>,
    /// Who is chosen above.
    pub principal: Option<&'a Principal>,
    /// What else is missing before anything can be decided.
    pub missing: Vec<String>,
}

impl Elsewhere {
    /// Puts a path that a dialog gave into the field of the file to sign.
    pub fn set_target(&mut self, path: &Path) {
        self.target = path.display().to_string();
    }

    /// Puts a path that a dialog gave into the field of the signature.
    pub fn set_signature(&mut self, path: &Path) {
        self.signature = path.display().to_string();
    }

    /// Drops what was typed for one request.
    pub fn forget(&mut self) {
        self.target.clear();
        self.signature.clear();
    }

    /// Draws the card: closed, until somebody needs it.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, deciding: &Deciding<'_>) {
        let word = if self.open { "Hide signing elsewhere" } else { "Sign on another machine…" };
        if ui.button(word).clicked() {
            self.open = !self.open;
        }
        if !self.open {
            return;
        }
        ui.add_space(UNIT / 2.0);
        text::card(ui, |ui| {
            text::heading(ui, "Signed on another machine");
            self.save(ui, scene, request, deciding);
            ui.add_space(UNIT);
            self.import(ui, scene, request, deciding);
        });
    }

    fn save(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, deciding: &Deciding<'_>) {
        let namespace = deciding
            .decision
            .as_ref()
            .map_or(Namespace::of(request.request.verb), |(decision, _)| decision.namespace());
        let (what, verb) = match deciding.decision {
            None => ("1. Save the request, and take the file to the reviewer.", "Save request to sign"),
            Some(_) => {
                ("1. Save the decision with its reason, and take the file to its signer.", "Save decision to sign")
            }
        };
        text::body(ui, what);
        let enabled = deciding.missing.is_empty();
        match form::path(ui, "to-sign", "File to sign", &mut self.target, verb, enabled) {
            Some(PathAsk::Use) => scene.ask(Command::SaveToSign {
                request: request.request.id(),
                decision: deciding.decision.clone(),
                path: PathBuf::from(self.target.trim()),
            }),
            Some(PathAsk::Choose) => scene.actions.push(UiAction::Choose(Choose::ToSign)),
            None => {}
        }
        text::body(ui, "2. There, sign it. Only the exact bytes of the file count.");
        let file =
            Path::new(self.target.trim()).file_name().map_or_else(|| "request.json".into(), |it| it.to_string_lossy());
        let command = format!("ssh-keygen -Y sign -n {} -f KEY {file}", namespace.as_str());
        text::mono_wrapped(ui, &command);
        if ui.button("Copy the command").clicked() {
            scene.actions.push(UiAction::Copy { text: command, what: "the command".to_owned() });
        }
    }

    fn import(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView, deciding: &Deciding<'_>) {
        text::body(ui, "3. Bring back the .sig file it made.");
        let mut missing = deciding.missing.clone();
        if deciding.principal.is_none() {
            missing.push("choosing who signed".to_owned());
        }
        if deciding.decision.is_none() {
            // Hazards and scripts are the signer's to look at, where the signing is done.
            missing.extend(request.standing.void.iter().map(|void| format!("a new request: {void}")));
            missing.extend(scene.shown.stop().map(|(_, reason)| format!("the end of the stop: {reason}")));
        }
        for what in &missing {
            text::muted(ui, &format!("Import waits for: {what}"));
        }
        let asked =
            form::path(ui, "signature", "Signature file", &mut self.signature, "Import signature", missing.is_empty());
        match (asked, deciding.principal) {
            (Some(PathAsk::Use), Some(principal)) => scene.ask(Command::ImportSignature {
                request: request.request.id(),
                digest: request.digest,
                decision: deciding.decision.clone(),
                principal: principal.clone(),
                path: PathBuf::from(self.signature.trim()),
            }),
            (Some(PathAsk::Choose), _) => scene.actions.push(UiAction::Choose(Choose::Signature)),
            (Some(PathAsk::Use), None) | (None, _) => {}
        }
    }
}
