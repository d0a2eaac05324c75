//! stub
use eframe::egui::Ui; use super::Scene;
#[derive(Default)] pub struct ScriptPage; impl ScriptPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("script"); } pub fn show_line(&mut self,_l:u32){} }
