//! stub
use eframe::egui::Ui; use super::Scene; use crate::ui::widget::signer::SignerForm;
pub struct ApprovalsPage { pub signer: SignerForm } impl Default for ApprovalsPage { fn default() -> Self { Self { signer: SignerForm::new("approvals") } } }
impl ApprovalsPage { pub fn ui(&mut self, ui: &mut Ui, _s: &mut Scene<'_>) { ui.label("approvals"); } pub fn forget(&mut self) {} }
