//! Takes a runbook and, where one is connected, the live catalog; gives a [`Review`]; refuses silence.
//!
//! Every rule answers: a pass, a note, a hazard or a block, with a place, a reason and a way out.

mod catalog;
mod parallel;
mod presence;
mod report;
mod rules;

pub use catalog::{
    BuiltIn, Cast, Catalog, CatalogObject, Edge, EventTrigger, Expression, ExpressionKind, ForeignKey, Function,
    FunctionKind, KeyAction, Operator, RewriteRule, Trigger, Volatility,
};
pub use presence::Carriers;
pub use report::{Note, Place, Review, RowCount, RuleInfo, Severity};
pub use rules::{RULES, explain, review};
