//! Ledger: every entry with its place in the chain; it follows what other desks write.

use std::collections::HashMap;

use eframe::egui::{
    Align, Frame, Layout, Margin, Panel, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2,
};
use egui_extras::{Column, TableBuilder};

use super::Scene;
use super::run::outcome_words;
use crate::approval::SignedBytes;
use crate::digest::Digest;
use crate::ledger::{Body, Entry, RestartPaper};
use crate::plan::read_strict;
use crate::session::Command;
use crate::ui::action::{Page, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens::{ROW, Tokens};
use crate::ui::widget::escape::one_line;
use crate::ui::widget::mark::{self, Mark};
use crate::ui::widget::text;

/// How many letters of a body are drawn: a staged request holds whole documents.
const BODY_SHOWN: usize = 20_000;

/// The ledger page's drafts, and what entries say, read once.
#[derive(Default)]
pub struct LedgerPage {
    selected: Option<u64>,
    said: HashMap<u64, String>,
    head: u64,
}

impl LedgerPage {
    /// Draws the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        if let Known::Unreadable { reason, .. } = &scene.shown.ledger {
            text::failure(ui, &reason.message, &reason.hint);
        }
        let Some(view) = scene.shown.ledger.value().cloned() else {
            nothing(ui, scene);
            return;
        };
        if self.head > view.state.head_seq {
            // Another database: what was read of the old entries does not belong here.
            self.said.clear();
            self.selected = None;
        }
        self.head = view.state.head_seq;
        let tokens = Tokens::of(ui);
        ui.horizontal(|ui| {
            match &view.broken {
                None => {
                    mark::bare(ui, Mark::Tick, tokens.good);
                    text::heading(ui, &format!("The chain holds from entry 1 to {}", view.state.head_seq));
                }
                Some(why) => {
                    mark::bare(ui, Mark::Cross, tokens.bad);
                    text::heading(ui, &format!("The chain is broken: {why}"));
                }
            }
            if let Some(head) = &view.state.head {
                text::mono(ui, &head.short());
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add_enabled(scene.shown.is_free(), eframe::egui::Button::new("Read again")).clicked() {
                    scene.ask(Command::ReadLedger);
                }
                if ui.button("Roster").clicked() {
                    scene.actions.push(UiAction::Go(Page::Roster));
                }
            });
        });
        text::muted(ui, "Each entry holds the hash of the one before. Its clock and its login are the server's.");
        if let Some(entry) = self.selected.and_then(|seq| view.entries.iter().find(|entry| entry.seq == seq)) {
            let frame = Frame::new().fill(tokens.raised).inner_margin(Margin::symmetric(12, 8));
            let height = (ui.available_height() * 0.45).clamp(100.0, 360.0);
            Panel::bottom("ledger-entry").frame(frame).exact_size(height).show(ui, |ui| whole(ui, scene, entry));
        }
        self.table(ui, &view.entries);
    }

    fn table(&mut self, ui: &mut Ui, entries: &[Entry]) {
        // A ui of its own: the table draws its column lines over everything its ui covers.
        let room = ui.available_rect_before_wrap();
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(room));
        ui.spacing_mut().item_spacing = vec2(12.0, 0.0);
        let tokens = Tokens::of(ui);
        let mut clicked = None;
        TableBuilder::new(ui)
            // Without it a table is 200 points high at least, and is drawn over what is below.
            .min_scrolled_height(0.0)
            .id_salt("ledger")
            .sense(Sense::click())
            .auto_shrink(false)
            .stick_to_bottom(true)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact(48.0))
            .column(Column::initial(140.0).clip(true).resizable(true))
            .column(Column::initial(80.0).clip(true).resizable(true))
            .column(Column::initial(88.0).clip(true))
            .column(Column::remainder().at_least(120.0).clip(true))
            .column(Column::exact(88.0))
            .header(ROW, |mut header| {
                for head in ["entry", "server's clock", "login", "kind", "what it says", "hash"] {
                    header.col(|ui| {
                        text::label(ui, head);
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, entries.len(), |mut line| {
                    let entry = &entries[line.index()];
                    let said = self.said.entry(entry.seq).or_insert_with(|| says(entry));
                    line.set_selected(self.selected == Some(entry.seq));
                    line.col(|ui| {
                        text::value(ui, &entry.seq.to_string(), None);
                    });
                    line.col(|ui| {
                        text::mono(ui, entry.at.get(..19).unwrap_or(&entry.at));
                    });
                    line.col(|ui| {
                        text::line(ui, &entry.actor);
                    });
                    line.col(|ui| {
                        let (mark, color) = shape(&tokens, &entry.kind);
                        mark::small(ui, mark, color, &entry.kind);
                    });
                    line.col(|ui| {
                        text::line(ui, said);
                    });
                    line.col(|ui| {
                        text::mono(ui, &entry.hash.short());
                    });
                    let response = line.response();
                    let spoken = format!("Entry {}: {} by {}: {said}", entry.seq, entry.kind, entry.actor);
                    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, &spoken));
                    if response.clicked() {
                        clicked = Some(entry.seq);
                    }
                });
            });
        if let Some(seq) = clicked {
            self.selected = if self.selected == Some(seq) { None } else { Some(seq) };
        }
    }
}

fn shape(tokens: &Tokens, kind: &str) -> (Mark, eframe::egui::Color32) {
    match kind {
        "approved" | "committed" | "restart" => (Mark::Tick, tokens.good),
        "rejected" | "withdrawn" | "stopped" => (Mark::Cross, tokens.bad),
        "intent" => (Mark::Going, tokens.care),
        _ => (Mark::Dot, tokens.muted),
    }
}

fn whole(ui: &mut Ui, scene: &mut Scene<'_>, entry: &Entry) {
    ui.horizontal(|ui| {
        text::heading(ui, &format!("Entry {}", entry.seq));
        text::muted(ui, &format!("transaction {} · {}", entry.xid, entry.at));
        if ui.button("Copy entry").clicked() {
            scene.actions.push(UiAction::Copy { text: entry.body.clone(), what: format!("entry {}", entry.seq) });
        }
    });
    ScrollArea::vertical().id_salt("entry").auto_shrink(false).show(ui, |ui| {
        text::fact(ui, "Before", 64.0, |ui| {
            text::mono_wrapped(ui, &entry.previous.groups());
        });
        text::fact(ui, "Hash", 64.0, |ui| {
            text::mono_wrapped(ui, &entry.hash.groups());
        });
        let cut: String = entry.body.chars().take(BODY_SHOWN).collect();
        text::mono_wrapped(ui, &cut);
        if cut.len() < entry.body.len() {
            text::muted(ui, "The rest is left out here; copy the entry for all of it.");
        }
    });
}

/// Says in one line what an entry says.
fn says(entry: &Entry) -> String {
    let Ok(body) = serde_json::from_str::<Body>(&entry.body) else { return one_line(&entry.body, 120) };
    match body {
        Body::Baseline { digest, .. } => format!("Baseline {} was kept", digest.short()),
        Body::Staged { signature, .. } => format!("{} asked for a reversal", signature.principal),
        Body::Approved { request_digest, signature } => {
            format!("{} approved {}", signature.principal, request_digest.short())
        }
        Body::Rejected { request_digest, signature, reason } => {
            format!("{} rejected {}: {}", signature.principal, request_digest.short(), one_line(&reason, 80))
        }
        Body::Withdrawn { request_digest, signature, reason } => {
            format!("{} withdrew from {}: {}", signature.principal, request_digest.short(), one_line(&reason, 80))
        }
        Body::Intent { request_digest, operator, .. } => {
            format!("{operator} is about to run {}", request_digest.short())
        }
        Body::Committed { request_digest, stage, stages, .. } => {
            format!("Stage {} of {stages} of {} was committed", stage + 1, request_digest.short())
        }
        Body::Ended { request_digest, outcome, .. } => {
            format!("{} ended: {}", request_digest.short(), outcome_words(&outcome))
        }
        Body::Finding { signatures, .. } if signatures.is_empty() => "Finding, not signed".to_owned(),
        Body::Finding { signatures, .. } => {
            let names: Vec<&str> = signatures.iter().map(|signed| signed.principal.as_str()).collect();
            format!("Finding, signed by {}", names.join(", "))
        }
        Body::Stopped { condition, reason, by, detail: _ } => {
            let by = by.map_or_else(|| "a condition tripped".to_owned(), |who| who.0);
            format!("Stop ({by}): {condition}: {}", one_line(&reason, 80))
        }
        Body::Restart { document, signature } => restart_words(&document, &signature),
        Body::RosterProposed { document, signature, .. } => {
            let digest = Digest::of(document.as_bytes());
            format!("{} proposed the roster {}", signature.principal, digest.short())
        }
        Body::RosterApproved { proposal_digest, signature } => {
            format!("{} approved the roster {}", signature.principal, proposal_digest.short())
        }
        Body::RosterWithdrawn { proposal_digest, reason, signature } => {
            let (who, which) = (signature.principal, proposal_digest.short());
            format!("{who} withdrew the proposed roster {which}: {}", one_line(&reason, 80))
        }
    }
}

fn restart_words(document: &str, signature: &SignedBytes) -> String {
    match read_strict::<RestartPaper>(document) {
        Ok(paper) => format!("Restart after the stop of entry {}: {} {}", paper.stop, paper.by, paper.act.words()),
        Err(_) => format!("A paper of a restart by {} that cannot be read", signature.principal),
    }
}

/// Says that no ledger is known, and what to do next.
pub fn nothing(ui: &mut Ui, scene: &mut Scene<'_>) {
    if scene.shown.no_ledger {
        text::empty(ui, "This database has no ledger yet", "Its SQL is shown before it is made.", |ui| {
            if text::deed(ui, true, "Go to the start page").clicked() {
                scene.actions.push(UiAction::Go(Page::Start));
            }
        });
        return;
    }
    text::empty(
        ui,
        "The ledger has not been read",
        "It is read from the target's own PostgreSQL once you are connected.",
        |ui| {
            let connected = scene.shown.connection.value().is_some();
            if connected && text::deed(ui, scene.shown.is_free(), "Read the ledger").clicked() {
                scene.ask(Command::ReadLedger);
            } else if !connected && text::deed(ui, true, "Connect to a database").clicked() {
                scene.actions.push(UiAction::Go(Page::Start));
            }
        },
    );
}
