//! Lays out the window: band, title, footer, rail, evidence, tabs, page. Keys that work everywhere are read here.

use eframe::egui::{self, CentralPanel, Frame, Key, Margin, Modifiers, Panel, Ui};

use super::action::{Page, UiAction};
use super::app::App;
use super::tokens::{self, Tokens, UNIT};
use super::view::Scene;
use super::view::chrome::{band, evidence, footer, rail, title};
use crate::session::Command;

/// Narrower windows have no room for the evidence panel beside a page.
const EVIDENCE_NEEDS: f32 = 1_080.0;

impl eframe::App for App {
    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        self.tick(context);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

impl App {
    /// Draws one frame.
    pub fn draw(&mut self, ui: &mut Ui) {
        let Self { shown, page, pages, palette, prefs, options, actions, diffs, narrow_evidence, .. } = self;
        let width = ui.available_width();
        let narrow = width < EVIDENCE_NEEDS;
        let now = (options.now)();
        let remembered = prefs.clone();
        let mut scene = Scene {
            shown,
            actions,
            now,
            prefs: &remembered,
            diffs,
            people: &options.people,
            ledger_sql: &options.ledger_sql,
            narrow,
            evidence: if narrow { *narrow_evidence } else { prefs.evidence },
        };
        keys(ui, &mut scene);
        let tokens = Tokens::of(ui);
        // Panels leave hair lines between them where the zoom is not a whole number.
        ui.painter().rect_filled(ui.max_rect(), 0.0, tokens.line);
        let bare = Frame::new();
        Panel::top("band").frame(bare).resizable(false).show_separator_line(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            band::ui(ui, &mut scene);
        });
        let bar = Frame::new().fill(tokens.panel).inner_margin(Margin::symmetric(16, 0));
        Panel::top("title").frame(bar).exact_size(40.0).show(ui, |ui| title::line(ui, &mut scene));
        Panel::bottom("footer").frame(bar).exact_size(tokens::FOOT).show(ui, |ui| footer::ui(ui, &mut scene));
        let side = Frame::new().fill(tokens.panel);
        let rail_width = if width < 760.0 { 176.0 } else { prefs.rail_width };
        let rail = Panel::left("rail").frame(side).resizable(true).default_size(rail_width).size_range(160.0..=360.0);
        let rail = rail.show(ui, |ui| {
            ui.take_available_width();
            rail::ui(ui, &mut scene);
        });
        if width >= 760.0 {
            prefs.rail_width = rail.response.rect.width().round();
        }
        if scene.evidence {
            let side = side.inner_margin(Margin { left: 12, right: 4, top: 0, bottom: 0 });
            let panel = Panel::right("evidence").frame(side).resizable(true).default_size(prefs.evidence_width);
            let panel = panel.size_range(200.0..=480.0).show(ui, |ui| {
                ui.take_available_width();
                evidence::ui(ui, &mut scene);
            });
            prefs.evidence_width = panel.response.rect.width().round();
        }
        let tab_bar = Frame::new().fill(tokens.surface).inner_margin(Margin { left: 8, right: 8, top: 0, bottom: 0 });
        Panel::top("tabs").frame(tab_bar).resizable(false).show_separator_line(false).show(ui, |ui| {
            title::tabs(ui, &mut scene, *page);
        });
        let inside = Frame::new().fill(tokens.surface).inner_margin(tokens::page_margin());
        CentralPanel::default().frame(inside).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = UNIT * 0.75;
            match page {
                Page::Start => pages.start.ui(ui, &mut scene),
                Page::Overview => pages.overview.ui(ui, &mut scene),
                Page::Script => pages.script.ui(ui, &mut scene),
                Page::Compare => pages.compare.ui(ui, &mut scene),
                Page::Rehearsal => pages.rehearsal.ui(ui, &mut scene),
                Page::Approvals => pages.approvals.ui(ui, &mut scene),
                Page::Run => pages.run.ui(ui, &mut scene),
                Page::Findings => pages.findings.ui(ui, &mut scene),
                Page::Ledger => pages.ledger.ui(ui, &mut scene),
                Page::Roster => pages.roster.ui(ui, &mut scene),
                Page::Stop => {
                    if let Some(seconds) = pages.stop.ui(ui, &mut scene) {
                        prefs.watch_seconds = seconds;
                        scene.ask(Command::Watch(seconds));
                    }
                }
            }
        });
        footer::loud(ui, &mut scene);
        palette.ui(ui, &mut scene);
        drop_hint(ui);
        if !scene.actions.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

/// Says what a drop would do while a file is held over the window.
fn drop_hint(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = Tokens::of(ui);
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop-hint"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect();
    painter.rect_filled(rect, 0.0, tokens.selected.gamma_multiply(0.92));
    let font = egui::FontId::new(tokens::HEAD, tokens::semibold());
    let words = "Drop a runbook folder, a baseline or a finding to open it";
    painter.text(rect.center(), egui::Align2::CENTER_CENTER, words, font, tokens.text);
}

/// Keys that work on every page. They navigate and look; none of them writes.
fn keys(ui: &Ui, scene: &mut Scene<'_>) {
    // Ctrl+0 resets the zoom, as everywhere.
    const DIGITS: [Key; 9] =
        [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    for (digit, page) in DIGITS.into_iter().zip(Page::ALL) {
        if pressed(Modifiers::COMMAND, digit) {
            scene.actions.push(UiAction::Go(page));
        }
    }
    if pressed(Modifiers::COMMAND, Key::K) {
        scene.actions.push(UiAction::OpenPalette);
    }
    if pressed(Modifiers::NONE, Key::F9) {
        scene.actions.push(UiAction::Go(Page::Stop));
    }
    if pressed(Modifiers::ALT, Key::ArrowDown) {
        scene.actions.push(UiAction::Step(scene.shown.step + 1));
    }
    if pressed(Modifiers::ALT, Key::ArrowUp) {
        scene.actions.push(UiAction::Step(scene.shown.step.saturating_sub(1)));
    }
    let can_look = scene.shown.is_free() && scene.shown.connection.value().is_some() && scene.shown.book().is_some();
    if pressed(Modifiers::NONE, Key::F5) && can_look {
        scene.ask(Command::Survey);
    }
}
