//! Takes the rows of one dumped table and the same table as it is; gives the row difference by key and the statements that
//! undo it; refuses tables without a key and anything wider than one table.
//!
//! A restore is the last resort (97.8, D-40 … D-43). This room is pure: it reads what a dump says of itself, cuts the rows
//! out of its text, writes the SQL, and counts and digests the difference that the server answers.

mod copy;
mod difference;
mod document;
mod dump;
mod offer;
mod plain;
mod sql;
mod table;

pub use copy::{CopyEnd, CopyHeader, CopyRows};
pub use difference::{DIFFERENCE_FORMAT, DifferenceRow, RowChange, Tally, fields, is_shortened};
pub use document::{DifferenceSum, DumpNote, Grounds, LaterRows, PausedTrigger, Restore, Scope};
pub use dump::{Contents, DumpForm, DumpedRows, DumpedTable};
pub use offer::{Offer, offer};
pub use plain::{PlainEvent, PlainFacts, PlainScanner};
pub use sql::{Deed, Deeds, ask_sequence, deeds, recheck};
pub use table::{Fit, LiveColumn, LiveSequence, LiveTable, LiveTrigger, Unfit, fit};
