//! The `PostgreSQL` adapter against real servers.

mod blockers;
mod catalog;
mod catalog_parts;
pub mod census;
mod cluster;
mod connect;
mod consequences;
mod effects;
mod keys;
mod ledger;
mod ledger_known;
mod order;
mod proxy;
mod roles;
mod run_line;
mod sessions;
