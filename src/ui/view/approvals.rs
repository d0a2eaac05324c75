//! Approvals: the request as a card, who has signed, and the three deeds: approve, reject with a reason, withdraw.

use std::collections::BTreeSet;

use eframe::egui::{ComboBox, ScrollArea, Ui, accesskit};

use super::Scene;
use super::elsewhere::{Deciding, Elsewhere};
use super::request_card;
use crate::approval::{Decision, Role};
use crate::digest::Digest;
use crate::ledger::RequestStatus;
use crate::session::{Command, RequestView};
use crate::ui::action::{Page, UiAction};
use crate::ui::state::to_be_seen;
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// What a person is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Deed {
    #[default]
    Approve,
    Reject,
    Withdraw,
}

/// The approvals page's drafts.
pub struct ApprovalsPage {
    /// Who signs.
    pub signer: SignerForm,
    /// What is signed on another machine.
    pub elsewhere: Elsewhere,
    deed: Deed,
    reason: String,
    acknowledged: BTreeSet<usize>,
    opened: BTreeSet<String>,
    shown: Option<Digest>,
}

impl Default for ApprovalsPage {
    fn default() -> Self {
        Self {
            signer: SignerForm::new("approve"),
            elsewhere: Elsewhere::default(),
            deed: Deed::default(),
            reason: String::new(),
            acknowledged: BTreeSet::new(),
            opened: BTreeSet::new(),
            shown: None,
        }
    }
}

impl ApprovalsPage {
    /// Drops what was typed and ticked for one request.
    pub fn forget(&mut self) {
        self.reason.clear();
        self.acknowledged.clear();
        self.opened.clear();
        self.elsewhere.forget();
        self.deed = Deed::Approve;
    }

    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(request) = scene.shown.chosen().cloned() else {
            let next = "Rehearse a reversal and stage it: the request then appears here for two people to sign.";
            text::empty(ui, "No request has been staged", next, |ui| {
                if text::deed(ui, true, "Prepare a rehearsal").clicked() {
                    scene.actions.push(UiAction::Go(Page::Rehearsal));
                }
            });
            return;
        };
        // A tick is worth something for one digest only (D-73).
        if self.shown != Some(request.digest) {
            self.forget();
            self.shown = Some(request.digest);
        }
        choose(ui, scene, &request);
        ScrollArea::vertical().id_salt("approvals").auto_shrink(false).show(ui, |ui| {
            if ui.available_width() > 640.0 {
                let (mut left, mut right) = text::split(ui);
                request_card::ui(&mut left, scene, &request, &mut self.acknowledged, &mut self.opened);
                self.sign(&mut right, scene, &request);
                text::join(ui, &left, &right);
            } else {
                request_card::ui(ui, scene, &request, &mut self.acknowledged, &mut self.opened);
                self.sign(ui, scene, &request);
            }
        });
    }

    fn sign(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, request: &RequestView) {
        text::card(ui, |ui| who_signed(ui, scene, request));
        if status(scene, request) != RequestStatus::Open {
            return;
        }
        text::card(ui, |ui| {
            form::choice(
                ui,
                &mut self.deed,
                &[(Deed::Approve, "Approve"), (Deed::Reject, "Reject"), (Deed::Withdraw, "Withdraw")],
            );
            self.signer.ui(ui, scene, Some(Role::Reviewer));
            let missing = self.missing(scene, request);
            if self.deed != Deed::Approve {
                form::words(ui, "decision-reason", "Reason", &mut self.reason, 2);
            }
            ui.add_space(UNIT);
            for what in &missing {
                text::muted(ui, &format!("Waits for: {what}"));
            }
            let id = request.request.id();
            let words = match self.deed {
                Deed::Approve => format!("Approve {} on {}", steps_words(request), request.request.database),
                Deed::Reject => format!("Reject request {id}"),
                Deed::Withdraw => format!("Withdraw my approval of {id}"),
            };
            if text::deed(ui, missing.is_empty(), &words).clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let reason = self.reason.trim().to_owned();
                scene.ask(match self.deed {
                    Deed::Approve => Command::Approve { request: id, digest: request.digest, signer },
                    Deed::Reject => Command::Reject { request: id, reason, signer },
                    Deed::Withdraw => Command::Withdraw { request: id, reason, signer },
                });
                self.reason.clear();
            }
        });
        let mut elsewhere = std::mem::take(&mut self.elsewhere);
        let deciding = self.deciding(scene);
        elsewhere.ui(ui, scene, request, &deciding);
        self.elsewhere = elsewhere;
    }

    /// What would be decided by a signature that is made elsewhere.
    fn deciding(&self, scene: &Scene<'_>) -> Deciding<'_> {
        let reason = self.reason.trim().to_owned();
        let mut missing = Vec::new();
        if self.deed != Deed::Approve && reason.is_empty() {
            missing.push("a reason".to_owned());
        }
        if !scene.shown.is_free() {
            missing.push("the end of what is under way".to_owned());
        }
        let decision = match self.deed {
            Deed::Approve => None,
            Deed::Reject => Some((Decision::Reject, reason)),
            Deed::Withdraw => Some((Decision::Withdraw, reason)),
        };
        Deciding { decision, principal: self.signer.principal(), missing }
    }

    /// Says what is still missing before the chosen deed can be done.
    fn missing(&self, scene: &Scene<'_>, request: &RequestView) -> Vec<String> {
        let mut missing = Vec::new();
        if self.deed == Deed::Approve {
            let unseen = to_be_seen(request)
                .into_iter()
                .filter(|what| !scene.shown.seen.contains(&(request.digest, what.clone())));
            missing.extend(unseen.map(|what| match what.split_once(':') {
                Some((kind, name)) => format!("opening the {kind} {name}"),
                None => what,
            }));
            let hazards = request.request.hazards.len().saturating_sub(self.acknowledged.len());
            if hazards > 0 {
                missing.push(format!("acknowledging {}", text::count(hazards, "hazard")));
            }
            missing.extend(request.standing.void.iter().map(|void| format!("a new request: {void}")));
            missing.extend(scene.shown.stop_of(request).map(|(_, reason)| format!("the end of the stop: {reason}")));
        } else if self.reason.trim().is_empty() {
            missing.push("a reason".to_owned());
        }
        if self.signer.principal().is_none() {
            missing.push("choosing who signs".to_owned());
        } else if !self.signer.is_ready() {
            missing.push("choosing a key".to_owned());
        }
        if !scene.shown.is_free() {
            missing.push("the end of what is under way".to_owned());
        }
        missing
    }
}

/// Names the steps of a request.
#[must_use]
pub fn steps_words(request: &RequestView) -> String {
    request.request.steps.iter().map(|step| step.0.as_str()).collect::<Vec<_>>().join(", ")
}

/// Says what became of a request.
#[must_use]
pub fn status(scene: &Scene<'_>, request: &RequestView) -> RequestStatus {
    scene.shown.fate(request.digest).map_or(RequestStatus::Open, |fate| fate.status.clone())
}

/// The list of requests, when there are several.
pub fn choose(ui: &mut Ui, scene: &mut Scene<'_>, chosen: &RequestView) {
    let requests = scene.shown.requests();
    if requests.len() < 2 {
        return;
    }
    let label = |request: &RequestView| {
        format!("{} · {} · {}", request.request.id(), steps_words(request), request.digest.short())
    };
    let combo = ComboBox::from_id_salt("request").selected_text(label(chosen)).width(360.0);
    let shown = combo.show_ui(ui, |ui| {
        for request in requests.iter().rev() {
            if ui.selectable_label(request.digest == chosen.digest, label(request)).clicked() {
                scene.actions.push(UiAction::Request(request.digest));
            }
        }
    });
    mark::name(&shown.response, accesskit::Role::ComboBox, "Request");
}

fn who_signed(ui: &mut Ui, scene: &Scene<'_>, request: &RequestView) {
    let tokens = Tokens::of(ui);
    let standing = &request.standing;
    let enough = u32::try_from(standing.approved.len()).unwrap_or(u32::MAX) >= standing.needed;
    ui.horizontal(|ui| {
        let (mark, color) = if enough { (Mark::Tick, tokens.good) } else { (Mark::Ring, tokens.muted) };
        mark::bare(ui, mark, color);
        text::heading(ui, &format!("{} of {} people have approved", standing.approved.len(), standing.needed));
    });
    for (who, fingerprint) in &standing.approved {
        mark::plain(ui, Mark::Tick, tokens.good, who.as_str());
        text::mono_wrapped(ui, fingerprint);
    }
    for (who, refusal) in &standing.refused {
        mark::word(ui, Mark::Cross, tokens.bad, &format!("{who} does not count: {refusal}"));
    }
    match status(scene, request) {
        RequestStatus::Open => {}
        RequestStatus::Rejected => {
            let fate = scene.shown.fate(request.digest);
            for (signed, reason) in fate.into_iter().flat_map(|fate| &fate.rejections) {
                mark::word(ui, Mark::Cross, tokens.bad, &format!("Rejected by {}: {reason}", signed.principal));
            }
        }
        RequestStatus::Begun { .. } => {
            mark::word(ui, Mark::Going, tokens.care, "A run began and has no recorded end.");
        }
        RequestStatus::Ended(outcome) => {
            mark::plain(ui, Mark::Dot, tokens.muted, &format!("Used: {}", super::run::outcome_words(&outcome)));
        }
    }
    if let Some(void) = &standing.void {
        mark::word(ui, Mark::Cross, tokens.bad, &format!("Nobody can run it now: {void}"));
    }
    if !enough && !standing.may_still.is_empty() {
        let names: Vec<&str> = standing.may_still.iter().map(|who| who.0.as_str()).collect();
        text::muted(ui, &format!("May still approve: {}", names.join(", ")));
    }
}
