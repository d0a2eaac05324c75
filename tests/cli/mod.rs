//! Bad input, bad networks and bad neighbours: each gets a clear error and loses nothing.

mod access;
mod cut;
mod drills;
mod forged;
mod formats;
pub mod gate;
pub mod interrupted;
mod left;
mod life;
mod locked;
mod roles;
pub mod stand;
