//! A loopback proxy that counts how often the client speaks, and cuts every line at one of these times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::support::cluster;

/// What happens to the words at which the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears them.
    Before,
    /// The server hears and answers them, and the answer is swallowed.
    After,
}

/// What happens to the lines opened after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// They work.
    Up,
    /// There are none until the proxy goes.
    Down,
}

/// Cuts at the COMMIT, whichever turn it is: a busy machine takes a batch for two turns now and then.
pub const AT_COMMIT: usize = 0;

/// A proxy between a test and the shared server.
pub struct Proxy {
    port: u16,
    line: Arc<Line>,
}

struct Line {
    turns: AtomicUsize,
    at: usize,
    cut: Cut,
    then: Then,
    is_cut: AtomicBool,
}

impl Proxy {
    /// Starts one that cuts the line when the client speaks for the `at`-th time, from 1.
    pub async fn start(at: usize, cut: Cut, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let line = Arc::new(Line { turns: AtomicUsize::new(0), at, cut, then, is_cut: AtomicBool::new(false) });
        let seen = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if seen.is_cut.load(Ordering::SeqCst) && seen.then == Then::Down {
                    continue;
                }
                let socket = cluster().socket_folder().join(".s.PGSQL.5432");
                let server = UnixStream::connect(socket).await.expect("the server");
                tokio::spawn(pass(client, server, Arc::clone(&seen)));
            }
        });
        Self { port, line }
    }

    /// Says whether the line was cut.
    pub fn is_cut(&self) -> bool {
        self.line.is_cut.load(Ordering::SeqCst)
    }

    /// The connection text through this proxy.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

async fn pass(mut client: TcpStream, mut server: UnixStream, line: Arc<Line>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_run = false;
    let mut server_spoke = true;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let said = &up[..length];
                let is_turn = std::mem::take(&mut server_spoke) && line.turns.fetch_add(1, Ordering::SeqCst) + 1 == line.at;
                // The ledger's own short transactions commit too; the run's line is the one that began like this.
                is_run |= contains(said, b"READ COMMITTED READ WRITE");
                let is_commit = line.at == AT_COMMIT && is_run && contains(said, b"COMMIT\0");
                if is_turn || is_commit {
                    line.is_cut.store(true, Ordering::SeqCst);
                    if line.cut == Cut::After && server.write_all(said).await.is_ok() {
                        hear_out(&mut server, &mut down).await;
                    }
                    return;
                }
                if server.write_all(said).await.is_err() { return; }
            }
            read = server.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                server_spoke = true;
                if client.write_all(&down[..length]).await.is_err() { return; }
            }
        }
    }
}

fn contains(said: &[u8], words: &[u8]) -> bool {
    said.windows(words.len()).any(|window| window == words)
}

/// Reads what the server says until it says nothing for a while: it has then done what it was told.
async fn hear_out(server: &mut UnixStream, down: &mut [u8]) {
    let mut patience = std::time::Duration::from_millis(500);
    while let Ok(Ok(1..)) = tokio::time::timeout(patience, server.read(down)).await {
        patience = std::time::Duration::from_millis(30);
    }
}
