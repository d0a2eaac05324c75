//! Takes connection text and the core's questions; gives the database's answers; refuses to lose a tag, a notice or a
//! status byte on the way.

mod behaviour;
mod binaries;
mod blockers;
mod catalog;
mod catalog_parts;
mod census;
mod census_lines;
mod database;
mod gate;
mod ledger;
mod link;
mod passfile;
pub mod private_cluster;
mod prove;
mod refusal;
mod resolve;
mod restore;
mod roles;
mod run_line;
mod sessions;
mod sql;
mod surroundings;
mod tap;
mod text;
mod tls;

pub use binaries::find_binaries;
pub use database::Postgres;
pub use gate::GATE_SQL;
pub use ledger::LEDGER_SQL;
pub use private_cluster::{ClusterError, ClusterOptions, PrivateCluster};
pub use roles::LEDGER_ROLES_SQL;
pub use surroundings::Surroundings;
