//! stub
use eframe::egui::Ui; use super::Scene; use crate::ui::widget::signer::SignerForm;
pub struct RunPage { pub signer: SignerForm } impl Default for RunPage { fn default() -> Self { Self { signer: SignerForm::new("run") } } }
impl RunPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("run"); } pub fn forget(&mut self) {} }
pub fn sentence(_f: &crate::run::Finished) -> String { String::new() }
