//! stub
use eframe::egui::Ui; use super::Scene; use super::stage::StageForm;
#[derive(Default)] pub struct RehearsalPage { pub stage: StageForm } impl RehearsalPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("r"); } }
