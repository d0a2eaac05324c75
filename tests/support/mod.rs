//! One private server a test process, one database a test.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign::adapter::postgres::{ClusterOptions, Postgres, PrivateCluster, Surroundings};
use tokio::runtime::{Builder, Runtime};

/// Returns the server that all tests of this process share; it ends with the process, however that ends.
///
/// `COUNTERSIGN_PG_BINDIR` names another `PostgreSQL` version to test with.
pub fn cluster() -> &'static PrivateCluster {
    static CLUSTER: OnceLock<PrivateCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| PrivateCluster::start(options()).expect("a private PostgreSQL server"))
}

/// Returns options for a server of a test's own.
pub fn options() -> ClusterOptions {
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    ClusterOptions { binaries, ..ClusterOptions::temporary().expect("a temporary folder") }
}

/// Returns the runtime that all tests of this process share, so that links outlive a single `run`.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"))
}

/// Runs a future to its end.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// Connects by text alone: nothing of the environment of the test is looked at.
pub fn postgres(text: &str) -> Postgres {
    Postgres::new(text, bare()).expect("a connection text")
}

/// Returns surroundings that hold nothing.
pub fn bare() -> Surroundings {
    Surroundings { env: BTreeMap::new(), home: None, os_user: "tester".to_owned() }
}

/// A database of a test's own on the shared server.
pub struct TestDatabase {
    /// Its name.
    pub name: String,
    /// Its connection text, as the superuser.
    pub url: String,
    /// The socket of its server.
    pub socket: PathBuf,
}

impl TestDatabase {
    /// Names a database that is there.
    pub fn on(cluster: &PrivateCluster, name: &str) -> Self {
        let socket = cluster.socket_folder().join(".s.PGSQL.5432");
        Self { name: name.to_owned(), url: cluster.url(name), socket }
    }

    /// Connects as the superuser.
    pub fn superuser(&self) -> Postgres {
        postgres(&self.url)
    }

    /// Connects as another role.
    pub fn role(&self, role: &str) -> Postgres {
        postgres(&self.url.replace("user=postgres", &format!("user={role}")))
    }
}

/// Makes an empty database.
pub fn database() -> TestDatabase {
    database_on(cluster())
}

/// Makes an empty database on a server of a test's own.
pub fn database_on(cluster: &PrivateCluster) -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    run(postgres(&cluster.url("postgres")).create_database(&name)).expect("a database");
    TestDatabase::on(cluster, &name)
}
