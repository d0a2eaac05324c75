//! The `PostgreSQL` adapter against real servers.

mod blockers;
mod catalog;
mod catalog_parts;
pub mod census;
mod cluster;
mod connect;
mod consequences;
pub mod dump;
mod effects;
mod gate;
mod keys;
mod ledger;
mod ledger_known;
mod order;
mod proxy;
mod restore;
mod roles;
mod run_line;
mod sessions;
