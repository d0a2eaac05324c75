//! The `PostgreSQL` adapter against real servers.

mod catalog;
mod census;
mod cluster;
mod connect;
mod consequences;
mod ledger;
mod proxy;
mod run_line;
mod sessions;
