//! A loopback proxy that counts round trips, delays them, and can cut the line.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

use crate::support::cluster;

/// Where the line is cut when the client says COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears it.
    BeforeServer,
    /// The server hears it and its answer is swallowed.
    AfterServer,
}

/// What a proxy saw and may do.
#[derive(Clone, Default)]
pub struct Watch {
    turns: Arc<AtomicUsize>,
    cut: Arc<Mutex<Option<Cut>>>,
}

/// A proxy between a test and the shared server.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    watch: Watch,
}

impl Proxy {
    /// Starts one; `delay` is added to every direction change from the client.
    pub async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let watch = Watch::default();
        let seen = watch.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server =
                    UnixStream::connect(cluster().socket_folder().join(".s.PGSQL.5432")).await.expect("the server");
                tokio::spawn(pass(client, server, delay, seen.clone()));
            }
        });
        Self { port, watch }
    }

    /// How often the client spoke after the server had: each is one round trip.
    pub fn turns(&self) -> usize {
        self.watch.turns.load(Ordering::SeqCst)
    }

    /// Cuts the line when the client next says COMMIT.
    pub fn cut_at_commit(&self, cut: Cut) {
        *self.watch.cut.lock().expect("not poisoned") = Some(cut);
    }

    /// The connection text through this proxy.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

async fn pass(mut client: tokio::net::TcpStream, mut server: UnixStream, delay: Duration, watch: Watch) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut server_spoke = true;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let cut = *watch.cut.lock().expect("not poisoned");
                if let Some(cut) = cut && up[..length].windows(6).any(|word| word == b"COMMIT") {
                    if cut == Cut::AfterServer {
                        server.write_all(&up[..length]).await.expect("heard");
                        assert!(server.read(&mut down).await.expect("answered") > 0, "the server hung up");
                    }
                    return;
                }
                if server_spoke {
                    watch.turns.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(delay).await;
                }
                server_spoke = false;
                if server.write_all(&up[..length]).await.is_err() { return; }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                server_spoke = true;
                if client.write_all(&down[..length]).await.is_err() { return; }
            }
        }
    }
}
