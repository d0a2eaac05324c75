//! stub
use super::Scene;
use super::stage::StageForm;
use eframe::egui::Ui;
#[derive(Default)]
pub struct RehearsalPage {
    pub stage: StageForm,
}
impl RehearsalPage {
    pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) {
        ui.label("r");
    }
}
