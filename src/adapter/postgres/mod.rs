//! Takes connection text and the core's questions; gives the database's answers; refuses to lose a tag, a notice or a
//! status byte on the way.

mod binaries;
pub mod private_cluster;

pub use binaries::find_binaries;
pub use private_cluster::{ClusterError, ClusterOptions, PrivateCluster};
