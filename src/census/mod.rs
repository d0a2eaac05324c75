//! Takes what the database answered; gives a [`Comparison`] of baseline, expected and actual; refuses "close enough".

mod altered;
mod comparison;
mod definition;
mod expectation;
mod model;

pub use altered::{Alteration, How, alterations};
pub use comparison::{CompareScope, Comparison, Row, Verdict, compare, judge};
pub use definition::{definition_sql, query_sql};
pub use expectation::describe;
pub use model::*;
