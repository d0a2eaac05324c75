//! stub
use eframe::egui::Ui; use super::Scene;
#[derive(Default)] pub struct OverviewPage; impl OverviewPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("overview"); }  }
