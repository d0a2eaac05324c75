//! stub
use eframe::egui::Ui; use super::Scene; use crate::ui::widget::signer::SignerForm;
pub struct FindingsPage { pub signer: SignerForm } impl Default for FindingsPage { fn default() -> Self { Self { signer: SignerForm::new("findings") } } }
impl FindingsPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("findings"); } pub fn set_folder(&mut self, _p: &std::path::Path) {} }
