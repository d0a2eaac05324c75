//! Takes what the database answered; gives a [`Comparison`] of baseline, expected and actual; refuses "close enough".

mod altered;
mod catalog;
mod comparison;
mod definition;
mod expectation;
mod model;
mod rows;
mod sides;

pub use altered::{Alteration, How, alterations, brief, difference_in_words};
pub use comparison::{CompareScope, Comparison, Row, Verdict, compare, judge, key_of};
pub use definition::{definition_sql, query_sql};
pub use expectation::describe;
pub use model::*;
pub use rows::{RowChange, RowChangeKind, row_changes};
pub use sides::{Side, SideBySide, held, held_checks, side_by_side};
