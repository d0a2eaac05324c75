//! stub
use eframe::egui::Ui; use super::Scene;
#[derive(Default)] pub struct ComparePage; impl ComparePage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("compare"); } pub fn show(&mut self,_c:crate::runbook::CheckId){} pub fn rows_laid_out(&self)->usize{0} }
