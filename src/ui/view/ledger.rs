//! stub
use eframe::egui::Ui; use super::Scene;
#[derive(Default)] pub struct LedgerPage; impl LedgerPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("ledger"); }  }
