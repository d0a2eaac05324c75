//! The restart's gates as a checklist, with who or what is missing; and the papers that meet them, each named by its deed
//! (D-62).

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::Ui;

use super::Scene;
use super::baselines::KnownBaselines;
use crate::approval::{Kind, Person, Role};
use crate::census::Reading;
use crate::ledger::{Authorisation, Divergence, GateStanding};
use crate::runbook::StepId;
use crate::session::{Command, RestartLook};
use crate::ui::tokens::{Tokens, UNIT};
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::signer::SignerForm;
use crate::ui::widget::{form, text};

/// Which paper is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Paper {
    #[default]
    Divergence,
    Accept,
    Authorise,
    Record,
}

/// The drafts of the papers.
pub struct RestartCard {
    /// Who signs.
    pub signer: SignerForm,
    paper: Paper,
    words: String,
    steps: Vec<StepId>,
    verdicts: BTreeMap<StepId, Authorisation>,
    gate: String,
}

impl Default for RestartCard {
    fn default() -> Self {
        Self {
            signer: SignerForm::new("restart"),
            paper: Paper::default(),
            words: String::new(),
            steps: Vec::new(),
            verdicts: BTreeMap::new(),
            gate: String::new(),
        }
    }
}

impl RestartCard {
    /// Draws the checklist and the form.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, people: &[Person]) {
        let Some(view) = scene.shown.ledger.value().cloned() else { return };
        let halt = &view.state.halt;
        let gates = halt.gates(scene.shown.book().map_or(&[][..], |book| &book.restart));
        text::card(ui, |ui| checklist(ui, &gates));
        let look = scene.shown.restart.value().cloned();
        let divergence = halt.divergence().map(|(_, divergence)| divergence.clone());
        if let Some(divergence) = &divergence {
            text::card(ui, |ui| found(ui, scene, divergence, look.as_deref()));
        }
        text::card(ui, |ui| {
            text::heading(ui, "Sign for the restart");
            let mut papers = vec![(Paper::Divergence, "Divergence finding")];
            if let Some(divergence) = &divergence {
                if !divergence.differences.is_empty() {
                    papers.push((Paper::Accept, "Accept differences"));
                }
                papers.extend([(Paper::Authorise, "Authorisation"), (Paper::Record, "Council record")]);
            }
            if !papers.iter().any(|(paper, _)| *paper == self.paper) {
                self.paper = Paper::Divergence;
            }
            if form::choice(ui, &mut self.paper, &papers) {
                self.words.clear();
            }
            self.sign(ui, scene, divergence.as_ref(), look, people);
        });
    }

    fn sign(
        &mut self,
        ui: &mut Ui,
        scene: &mut Scene<'_>,
        divergence: Option<&Divergence>,
        look: Option<Arc<RestartLook>>,
        people: &[Person],
    ) {
        let sovereign = matches!(self.paper, Paper::Accept | Paper::Authorise);
        // D-71: an agent may prepare; it never approves, runs or restarts.
        let may: Vec<Person> = people
            .iter()
            .filter(|person| person.kind == Kind::Human && (!sovereign || person.has(Role::Sovereign)))
            .cloned()
            .collect();
        let (label, rows) = match self.paper {
            Paper::Divergence => ("What happened; Markdown", 4),
            Paper::Accept => ("Why the differences may stay", 2),
            Paper::Authorise => ("Why", 2),
            Paper::Record => ("What the record says", 2),
        };
        match (self.paper, divergence) {
            (Paper::Divergence, _) => {
                let baseline = scene.shown.baseline.value().map_or_else(
                    || "the newest baseline in the ledger".to_owned(),
                    |open| format!("the baseline \u{201c}{}\u{201d}", KnownBaselines::label_of(&open.baseline)),
                );
                text::muted(
                    ui,
                    &format!(
                        "A census is taken now and compared with {baseline}; what differs is signed with your words."
                    ),
                );
                super::stop::steps(ui, scene, "Steps besides those the stop is about", &mut self.steps);
            }
            (Paper::Accept, Some(divergence)) => {
                let words = format!("{} accepted as above", text::count(divergence.differences.len(), "difference"));
                text::muted(ui, &words);
            }
            (Paper::Authorise, Some(divergence)) => self.verdicts(ui, divergence, look.as_deref()),
            (Paper::Record, Some(divergence)) => {
                let gates = divergence.record_gates();
                if !gates.contains(&self.gate.as_str()) {
                    self.gate = gates.first().map_or_else(String::new, |gate| (*gate).to_owned());
                }
                let options: Vec<(usize, &str)> = gates.iter().copied().enumerate().collect();
                let mut at = gates.iter().position(|gate| *gate == self.gate).unwrap_or(0);
                if options.len() > 1 && form::choice(ui, &mut at, &options) {
                    gates[at].clone_into(&mut self.gate);
                }
            }
            (_, None) => {}
        }
        form::words(ui, "restart-words", label, &mut self.words, rows);
        self.signer.among(ui, scene, &may);
        let mut missing = Vec::new();
        if self.words.trim().is_empty() {
            missing.push("words");
        }
        if self.paper == Paper::Divergence && scene.shown.book().is_none() {
            missing.push("an open runbook");
        }
        let undecided = |step: &StepId| !self.verdicts.contains_key(step);
        if self.paper == Paper::Authorise && divergence.is_none_or(|it| it.steps.iter().any(undecided)) {
            missing.push("a verdict on every step");
        }
        missing.extend(super::missing_signer(&self.signer, scene));
        super::waits(ui, &missing);
        ui.add_space(UNIT / 2.0);
        let deed = match self.paper {
            Paper::Divergence => "Take the census and sign the finding",
            Paper::Accept => "Accept the differences",
            Paper::Authorise => "Sign the verdicts",
            Paper::Record => "Sign what the record says",
        };
        if !text::deed(ui, missing.is_empty(), deed).clicked() {
            return;
        }
        let Some(signer) = self.signer.take(ui) else { return };
        let words = std::mem::take(&mut self.words).trim().to_owned();
        scene.ask(match self.paper {
            Paper::Divergence => Command::WriteDivergence { words, steps: std::mem::take(&mut self.steps), signer },
            Paper::Accept => {
                let seen = divergence.map(|it| it.differences.clone()).unwrap_or_default();
                Command::AcceptDifferences { reason: words, seen, signer }
            }
            Paper::Authorise => {
                let verdicts = std::mem::take(&mut self.verdicts).into_iter().collect();
                let seen = look.map(|look| look.authorisations.clone()).unwrap_or_default();
                Command::AuthoriseSteps { verdicts, reason: words, seen, signer }
            }
            Paper::Record => Command::RecheckRecord { gate: self.gate.clone(), words, signer },
        });
    }

    fn verdicts(&mut self, ui: &mut Ui, divergence: &Divergence, look: Option<&RestartLook>) {
        self.verdicts.retain(|step, _| divergence.steps.contains(step));
        for step in &divergence.steps {
            ui.horizontal_wrapped(|ui| {
                text::strong(ui, step.as_str());
                if let Some(record) = look.and_then(|look| look.authorisations.get(step)) {
                    text::muted(ui, &format!("its record says: {}", value(record)));
                }
            });
            let mut said = self.verdicts.get(step).copied();
            let confirm = format!("Re-confirm {step}");
            let revoke = format!("Revoke {step}");
            let options =
                [(Some(Authorisation::Reconfirmed), confirm.as_str()), (Some(Authorisation::Revoked), revoke.as_str())];
            if form::choice(ui, &mut said, &options)
                && let Some(verdict) = said
            {
                self.verdicts.insert(step.clone(), verdict);
            }
        }
    }
}

fn checklist(ui: &mut Ui, gates: &[GateStanding]) {
    let tokens = Tokens::of(ui);
    let open = gates.iter().filter(|gate| gate.met.is_none()).count();
    text::heading(ui, &format!("Restart: {} open", text::count(open, "gate")));
    for gate in gates {
        ui.add_space(UNIT / 2.0);
        if let Some(met) = &gate.met {
            mark::word(ui, Mark::Tick, tokens.good, &gate.title);
            text::muted(ui, met);
        } else {
            mark::plain(ui, Mark::Ring, tokens.care, &gate.title);
            text::muted(ui, &format!("Missing: {}", gate.missing));
        }
    }
    ui.add_space(UNIT / 2.0);
    text::muted(
        ui,
        "Two different people at least; no agent. The signature that meets the last gate lifts the stop, and what was staged before is void.",
    );
}

fn found(ui: &mut Ui, scene: &mut Scene<'_>, divergence: &Divergence, look: Option<&RestartLook>) {
    let tokens = Tokens::of(ui);
    text::heading(ui, "Divergence finding");
    text::muted(
        ui,
        &format!(
            "Taken {} · {} looked at",
            text::date(divergence.taken_at),
            text::count(divergence.looked_at as usize, "answer")
        ),
    );
    if let Some(differs) = look.and_then(|look| look.differs.as_ref()) {
        text::failure(ui, differs, "Sign nothing on top of it. Ask who wrote it.");
    }
    text::body(ui, &divergence.words);
    if divergence.differences.is_empty() {
        mark::word(ui, Mark::Tick, tokens.good, "Every count is at the baseline");
    }
    for difference in &divergence.differences {
        mark::plain(ui, Mark::verdict(crate::census::Verdict::Drifted), tokens.bad, &difference.title);
        text::muted(
            ui,
            &format!(
                "{}: expected {}, actual {}",
                difference.id,
                short(&difference.expected),
                short(&value(&difference.actual))
            ),
        );
    }
    for (gate, answer) in look.into_iter().flat_map(|look| &look.records) {
        let words = answer.as_ref().map_or_else(|| "the runbook asks nothing; look at it yourself".to_owned(), value);
        text::muted(ui, &format!("{gate}: {words}"));
    }
    if text::lead(ui, "Look at the live records").clicked() && scene.shown.is_free() {
        scene.ask(Command::LookAtRestart);
    }
}

fn short(text: &str) -> String {
    crate::ui::widget::escape::one_line(text, 120)
}

fn value(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("cannot be seen: {reason}"),
    }
}
