//! What dies in the middle: every message of a run is cut in every way, on real servers, and the ledger and the database
//! tell the same story afterwards. Never a half, nothing run twice, nothing left behind.

mod cell;
mod gate;
mod matrix;
mod moments;
mod pooler;
mod proxy;
mod server;
