//! Roster: who may sign and since when, and what is proposed, as a difference of people, keys and roles. It never signs by
//! itself: the button names the deed.

use std::sync::Arc;

use eframe::egui::{ScrollArea, Ui};

use super::{Scene, missing_signer, waits};
use crate::approval::{
    ApprovalRefusal, Governed, Kind, Person, Proposal, Roster, RosterSigner, RosterVersion, fingerprint,
};
use crate::digest::Digest;
use crate::runbook::Principal;
use crate::session::Command;
use crate::ui::action::{Page, UiAction};
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::{SignerForm, role_word};
use crate::ui::widget::{form, text};

/// The roster page's drafts.
pub struct RosterPage {
    /// Who signs.
    pub signer: SignerForm,
    reason: String,
    withdraws: bool,
    shown: Option<Digest>,
}

impl Default for RosterPage {
    fn default() -> Self {
        Self { signer: SignerForm::new("roster"), reason: String::new(), withdraws: false, shown: None }
    }
}

impl RosterPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        let Some(governed) = scene.shown.ledger.value().map(|view| Arc::clone(&view.roster)) else {
            let next = "Who may sign stands in the ledger: connect to a database that has one.";
            text::empty(ui, "The roster has not been read", next, |ui| {
                if text::deed(ui, true, "Go to the start page").clicked() {
                    scene.actions.push(UiAction::Go(Page::Start));
                }
            });
            return;
        };
        let proposal = governed.open(scene.now).next().cloned();
        // What was typed for one proposal is worth nothing for another.
        let shown = proposal.as_ref().map(|proposal| proposal.digest);
        if self.shown != shown {
            self.shown = shown;
            self.withdraws = false;
            self.reason.clear();
        }
        ScrollArea::vertical().id_salt("roster").auto_shrink(false).show(ui, |ui| {
            if ui.available_width() > 640.0 {
                let (mut left, mut right) = text::split(ui);
                in_force(&mut left, governed.in_force());
                self.proposed(&mut right, scene, &governed, proposal.as_ref());
                text::join(ui, &left, &right);
            } else {
                in_force(ui, governed.in_force());
                self.proposed(ui, scene, &governed, proposal.as_ref());
            }
        });
    }

    fn proposed(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, governed: &Governed, proposal: Option<&Proposal>) {
        let Some(proposal) = proposal else {
            self.propose(ui, scene, governed);
            return;
        };
        let before = governed.versions().last().map(RosterVersion::roster);
        text::card(ui, |ui| what_is_proposed(ui, scene, proposal, before));
        text::card(ui, |ui| self.sign(ui, scene, proposal, before));
        let others = governed.open(scene.now).count().saturating_sub(1);
        if others > 0 {
            text::muted(
                ui,
                &format!("{} more; the first one that is approved supersedes them.", text::count(others, "proposal")),
            );
        }
    }

    fn sign(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, proposal: &Proposal, before: Option<&Roster>) {
        form::choice(ui, &mut self.withdraws, &[(false, "Approve"), (true, "Withdraw")]);
        let people = &before.unwrap_or(&proposal.roster).people;
        let may: Vec<Person> = people
            .iter()
            .filter(|person| {
                if self.withdraws {
                    proposal.document.proposer == person.principal
                } else {
                    proposal.may_still.contains(&person.principal)
                }
            })
            .cloned()
            .collect();
        self.signer.among(ui, scene, &may);
        if self.withdraws {
            form::words(ui, "roster-reason", "Reason", &mut self.reason, 2);
        }
        let missing = self.missing(scene, self.withdraws);
        ui.add_space(UNIT);
        waits(ui, &missing);
        let version = proposal.document.version;
        let words = if self.withdraws {
            format!("Withdraw roster version {version}")
        } else {
            format!("Approve roster version {version} of {}", proposal.document.database)
        };
        if text::deed(ui, missing.is_empty(), &words).clicked()
            && let Some(signer) = self.signer.take(ui)
        {
            let reason = self.reason.trim().to_owned();
            scene.ask(if self.withdraws {
                Command::WithdrawRoster { proposal: proposal.digest, reason, signer }
            } else {
                Command::ApproveRoster { proposal: proposal.digest, signer }
            });
        }
    }

    /// Offers the roster of the open runbook as the next version, when it is another one.
    fn propose(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, governed: &Governed) {
        let Some(roster) = scene.shown.book().and_then(|book| book.roster.clone()) else {
            text::card(ui, |ui| {
                text::heading(ui, "Nothing is proposed");
                text::muted(ui, "Open a runbook: its roster.toml can then be proposed as the next version.");
            });
            return;
        };
        let before = governed.versions().last().map(RosterVersion::roster);
        if before.is_some_and(|before| before.digest == roster.digest) && governed.in_force().is_ok() {
            let tokens = Tokens::of(ui);
            text::card(ui, |ui| {
                text::heading(ui, "Nothing is proposed");
                mark::plain(ui, Mark::Tick, tokens.good, "The runbook's roster.toml is the roster in force.");
            });
            return;
        }
        text::card(ui, |ui| {
            text::heading(ui, "The runbook's roster.toml is not in force");
            changes(ui, &roster, before);
        });
        text::card(ui, |ui| {
            let people: Vec<Person> =
                before.unwrap_or(&roster).people.iter().filter(|person| person.kind == Kind::Human).cloned().collect();
            self.signer.among(ui, scene, &people);
            form::words(ui, "roster-reason", "Reason", &mut self.reason, 2);
            let missing = self.missing(scene, true);
            ui.add_space(UNIT);
            waits(ui, &missing);
            let version = governed.versions().len() + 1;
            if text::deed(ui, missing.is_empty(), &format!("Propose roster version {version}")).clicked()
                && let Some(signer) = self.signer.take(ui)
            {
                let (text, reason) = (roster.text.clone(), self.reason.trim().to_owned());
                scene.ask(Command::ProposeRoster { text, reason, signer });
            }
        });
    }

    fn missing(&self, scene: &Scene<'_>, needs_reason: bool) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if needs_reason && self.reason.trim().is_empty() {
            missing.push("a reason");
        }
        missing.extend(missing_signer(&self.signer, scene));
        missing
    }
}

fn in_force(ui: &mut Ui, version: Result<&RosterVersion, ApprovalRefusal>) {
    let tokens = Tokens::of(ui);
    let version = match version {
        Ok(version) => version,
        Err(refusal) => {
            let hint = "Nothing can be staged before one is: propose it, and let its people approve it.";
            text::failure(ui, &refusal.to_string(), hint);
            return;
        }
    };
    text::card(ui, |ui| {
        ui.horizontal(|ui| {
            mark::bare(ui, Mark::Tick, tokens.good);
            text::heading(ui, &format!("Roster version {} is in force", version.version()));
        });
        let document = version.document();
        text::muted(ui, &format!("Since {} on {}", version.since(), document.place()));
        text::body(ui, &format!("{}: {}", document.proposer, document.reason));
        digest(ui, version.digest());
        signers(ui, version.signed());
    });
    for person in &version.roster().people {
        text::card(ui, |ui| one(ui, person));
    }
}

fn one(ui: &mut Ui, person: &Person) {
    ui.horizontal_wrapped(|ui| {
        text::strong(ui, &person.name);
        text::muted(ui, person.principal.as_str());
    });
    let roles: Vec<&str> = person.roles.iter().map(|role| role_word(*role)).collect();
    let kind = match person.kind {
        Kind::Human => "human",
        Kind::Agent => "agent: prepares, and never signs for anything else",
    };
    text::body(ui, &format!("{} · {kind}", roles.join(", ")));
    for key in &person.keys {
        text::mono_wrapped(ui, &fingerprint(&key.line).unwrap_or_else(|_| key.line.clone()));
        if !key.validity().is_empty() {
            text::muted(ui, &format!("counts {}", key.validity()));
        }
    }
}

fn what_is_proposed(ui: &mut Ui, scene: &Scene<'_>, proposal: &Proposal, before: Option<&Roster>) {
    let document = &proposal.document;
    let left = document.not_after.as_second().saturating_sub(scene.now.as_second());
    text::heading(ui, &format!("Version {} is proposed", document.version));
    text::body(ui, &format!("{}: {}", document.proposer, document.reason));
    text::muted(ui, &format!("Open until {}, for {} more", text::date(document.not_after), text::span(left)));
    changes(ui, &proposal.roster, before);
    digest(ui, proposal.digest);
    ui.add_space(UNIT);
    text::label(ui, &format!("{} of {} people have signed it", proposal.signed.len(), proposal.needed));
    signers(ui, &proposal.signed);
    let names: Vec<&str> = proposal.may_still.iter().map(Principal::as_str).collect();
    text::muted(ui, &format!("May still approve: {}", names.join(", ")));
}

/// What would change: shape, word and colour for each line.
fn changes(ui: &mut Ui, roster: &Roster, before: Option<&Roster>) {
    let tokens = Tokens::of(ui);
    for line in roster.changes(before) {
        let (mark, color, word) = match line.get(..1) {
            Some("+") => (Mark::Grown, tokens.good, "added"),
            Some("-") => (Mark::Missing, tokens.bad, "removed"),
            Some(_) | None => (Mark::Drifted, tokens.care, "changed"),
        };
        mark::plain(ui, mark, color, &format!("{word}: {}", line.get(2..).unwrap_or(&line)));
    }
}

/// What two people read to each other.
fn digest(ui: &mut Ui, digest: Digest) {
    text::strong(ui, &digest.phrase());
    text::mono_wrapped(ui, &digest.groups());
}

fn signers(ui: &mut Ui, signers: &[RosterSigner]) {
    let tokens = Tokens::of(ui);
    for signer in signers {
        mark::plain(ui, Mark::Tick, tokens.good, signer.principal.as_str());
        text::mono_wrapped(ui, &signer.fingerprint);
    }
}
