//! The line to ssh-agent: takes its socket; gives a client that is cut off when nobody waits any more, or too long.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ssh_agent_client_rs::Client;

/// One line, shared by the one who waits and the thread that talks.
#[derive(Clone)]
pub(super) struct Line {
    longest: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    #[cfg(unix)]
    socket: Option<std::os::unix::net::UnixStream>,
    is_cut: bool,
    gave_up: bool,
}

/// Cuts the line when it is dropped: the thread that still reads from it then ends, and the agent sees it closed.
pub(super) struct Cut(pub(super) Line);

impl Drop for Cut {
    fn drop(&mut self) {
        self.0.cut();
    }
}

impl Line {
    /// Makes a line that is not open yet.
    pub(super) fn new(longest: Duration) -> Self {
        Self { longest, state: Arc::default() }
    }

    /// Returns after how many seconds the agent was given up, when it was.
    pub(super) fn gave_up(&self) -> Option<u64> {
        self.lock().gave_up.then_some(self.longest.as_secs())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{Error, ErrorKind, Read, Result, Write};
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use super::{Client, Duration, Line, Path};

    impl Line {
        /// Connects, unless it has been cut already.
        pub(in super::super) fn open(&self, path: &Path) -> std::result::Result<Client, String> {
            let socket = UnixStream::connect(path).map_err(|error| error.to_string())?;
            let mut state = self.lock();
            if state.is_cut {
                return Err("nobody waits for it any more".to_owned());
            }
            state.socket = Some(socket.try_clone().map_err(|error| error.to_string())?);
            drop(state);
            let talk = Talk { socket, line: self.clone(), until: Instant::now() + self.longest };
            Ok(Client::with_read_write(Box::new(talk)))
        }

        /// Cuts it, now or as soon as it would be opened.
        pub(super) fn cut(&self) {
            let mut state = self.lock();
            state.is_cut = true;
            if let Some(socket) = state.socket.take() {
                // A line that is closed already needs no cutting.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// A socket with one end for everything said on it: an agent that drips bytes is not waited for longer.
    struct Talk {
        socket: UnixStream,
        line: Line,
        until: Instant,
    }

    impl Talk {
        fn within<T>(&mut self, io: impl FnOnce(&mut UnixStream) -> Result<T>) -> Result<T> {
            let left = self.until.saturating_duration_since(Instant::now());
            // A time-out of nothing would mean to wait for ever.
            let left = left.max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(left))?;
            self.socket.set_write_timeout(Some(left))?;
            let done = io(&mut self.socket);
            if matches!(&done, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
                self.line.lock().gave_up = true;
                return Err(Error::from(ErrorKind::TimedOut));
            }
            done
        }
    }

    impl Read for Talk {
        fn read(&mut self, into: &mut [u8]) -> Result<usize> {
            self.within(|socket| socket.read(into))
        }
    }

    impl Write for Talk {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.within(|socket| socket.write(bytes))
        }

        fn flush(&mut self) -> Result<()> {
            self.socket.flush()
        }
    }
}

#[cfg(not(unix))]
impl Line {
    /// Connects to the agent's pipe, which knows no time limit.
    pub(super) fn open(&self, path: &Path) -> Result<Client, String> {
        Client::connect(path).map_err(|error| error.to_string())
    }

    fn cut(&self) {
        self.lock().is_cut = true;
    }
}
