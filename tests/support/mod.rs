//! One private server a test process, one database a test.

use std::sync::OnceLock;

use countersign::adapter::postgres::{ClusterOptions, PrivateCluster};

/// Returns the server that all tests of this process share; it ends with the process, however that ends.
///
/// `COUNTERSIGN_PG_BINDIR` names another PostgreSQL version to test with.
pub fn cluster() -> &'static PrivateCluster {
    static CLUSTER: OnceLock<PrivateCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| PrivateCluster::start(options()).expect("a private PostgreSQL server"))
}

/// Returns options for a server of a test's own.
pub fn options() -> ClusterOptions {
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    ClusterOptions { binaries, ..ClusterOptions::temporary().expect("a temporary folder") }
}
