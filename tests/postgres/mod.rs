//! The `PostgreSQL` adapter against real servers.

mod blockers;
mod catalog;
mod census;
mod cluster;
mod connect;
mod ledger;
mod proxy;
mod run_line;
mod sessions;
