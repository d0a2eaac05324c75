//! stub
use crate::ui::widget::signer::SignerForm;
pub struct StageForm { pub signer: SignerForm }
impl Default for StageForm { fn default() -> Self { Self { signer: SignerForm::new("stage") } } }
