//! Takes a stream to a server; gives the same stream and, beside it, what the server said: every command tag, row, notice
//! and error, and the status byte after each exchange.
//!
//! The driver drops tags and status bytes: COMMIT of a failed transaction looks like success to it while the server
//! answered `ROLLBACK`. Above TLS, below the driver, nothing is lost.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use crate::run::{Notice, Reply, ServerError, TransactionStatus};

/// How many bytes of rows one reply may hold; what is above is counted by its tag and marked as cut.
const ROWS_LIMIT: usize = 64 << 20;
/// How many notices one reply may hold: a loop that raises millions must not fill the memory.
const NOTICES_LIMIT: usize = 10_000;

/// What the server said to one message.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub(super) reply: Reply,
    /// Whether rows or notices were left out because there were too many.
    pub(super) cut: bool,
}

/// What a server said besides its replies.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// The last error: when the connection closes, its reason.
    pub(super) last_words: Option<ServerError>,
    /// The process a cancel request would name; a pooler makes one up.
    pub(super) pid: Option<i32>,
    /// Whether the link gives the data that a COPY asks for.
    pub(super) gives_data: bool,
    /// Whether the session reads a backslash in a plain literal as a letter, as the server said last.
    pub(super) has_standard_strings: bool,
}

/// What is said aside, shared between the tap and the link.
pub(super) type Asides = Arc<Mutex<Aside>>;

/// A stream that is listened to.
pub(super) struct Tapped {
    inner: Box<dyn TlsStream + Send + Unpin>,
    listener: Listener,
}

impl Tapped {
    /// Listens to a stream; gives it, the replies in order, and what is said aside.
    pub(super) fn new(inner: Box<dyn TlsStream + Send + Unpin>) -> (Self, UnboundedReceiver<Exchange>, Asides) {
        let (replies, receiver) = unbounded_channel();
        let asides = Asides::default();
        let listener = Listener {
            pending: Vec::new(),
            current: Exchange::default(),
            bytes: 0,
            replies,
            asides: Arc::clone(&asides),
        };
        (Self { inner, listener }, receiver, asides)
    }
}

impl AsyncRead for Tapped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.listener.hear(&buf.filled()[before..])?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl TlsStream for Tapped {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

/// Reads backend frames: one type byte, four bytes of length that count themselves, then the body.
struct Listener {
    pending: Vec<u8>,
    current: Exchange,
    bytes: usize,
    replies: UnboundedSender<Exchange>,
    asides: Asides,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        let mut pending = std::mem::take(&mut self.pending);
        let mut at = 0;
        while let Some(&[kind, a, b, c, d]) = pending.get(at..at + 5) {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if length < 4 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server sent a frame without a length"));
            }
            let Some(body) = pending.get(at + 5..at + 1 + length) else { break };
            self.frame(kind, body)?;
            at += 1 + length;
        }
        pending.drain(..at);
        self.pending = pending;
        Ok(())
    }

    fn frame(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        match kind {
            b'C' => self.current.reply.tags.push(text(body.strip_suffix(&[0]).unwrap_or(body))),
            b'D' => self.row(body),
            b'N' if self.current.reply.notices.len() >= NOTICES_LIMIT => self.current.cut = true,
            b'N' => {
                let said = Said::read(body);
                self.current.reply.notices.push(Notice {
                    severity: said.severity,
                    code: said.error.code,
                    message: said.error.message,
                });
            }
            b'E' => {
                let said = Said::read(body);
                self.aside().last_words = Some(said.error.clone());
                self.current.reply.error.get_or_insert(said.error);
            }
            b'S' if body.starts_with(b"standard_conforming_strings\0") => {
                self.aside().has_standard_strings = body.ends_with(b"\0on\0");
            }
            b'K' => self.aside().pid = body.first_chunk().map(|pid| i32::from_be_bytes(*pid)),
            b'G' if self.aside().gives_data => {}
            b'G' | b'W' => return Err(io::Error::other("a statement asked for COPY data, which a script cannot give")),
            b'Z' => {
                let mut done = std::mem::take(&mut self.current);
                self.bytes = 0;
                done.reply.status = match body.first() {
                    Some(b'I') => TransactionStatus::Idle,
                    Some(b'T') => TransactionStatus::InTransaction,
                    Some(b'E') => TransactionStatus::Failed,
                    _ => {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "the server sent an unknown transaction status",
                        ));
                    }
                };
                // Nobody listens any more when the link was dropped: then nothing is lost.
                let _ = self.replies.send(done);
            }
            _ => {}
        }
        Ok(())
    }

    fn aside(&self) -> MutexGuard<'_, Aside> {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn row(&mut self, body: &[u8]) {
        self.bytes += body.len();
        if self.bytes > ROWS_LIMIT {
            self.current.cut = true;
            return;
        }
        let mut rest = body.get(2..).unwrap_or_default();
        let mut row = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            // A negative length is NULL.
            let value =
                usize::try_from(i32::from_be_bytes(*length)).ok().map(|length| after.get(..length).unwrap_or(after));
            rest = &after[value.map_or(0, <[u8]>::len)..];
            row.push(value.map(text));
        }
        self.current.reply.rows.push(row);
    }
}

/// The fields of a notice or an error.
struct Said {
    severity: String,
    error: ServerError,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let mut said = Self {
            severity: String::new(),
            error: ServerError { code: String::new(), message: String::new(), detail: None, hint: None },
        };
        for field in body.split(|byte| *byte == 0) {
            let Some((kind, value)) = field.split_first() else { break };
            match kind {
                // `V` is never translated and comes after `S`.
                b'S' | b'V' => said.severity = text(value),
                b'C' => said.error.code = text(value),
                b'M' => said.error.message = text(value),
                b'D' => said.error.detail = Some(text(value)),
                b'H' => said.error.hint = Some(text(value)),
                _ => {}
            }
        }
        said
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind], length.to_be_bytes().as_slice(), body].concat()
    }

    fn listen(bytes: &[u8], piece: usize) -> (Vec<Exchange>, io::Result<()>) {
        let (replies, mut receiver) = unbounded_channel();
        let mut listener = Listener {
            pending: Vec::new(),
            current: Exchange::default(),
            bytes: 0,
            replies,
            asides: Asides::default(),
        };
        let result = bytes.chunks(piece).try_for_each(|piece| listener.hear(piece));
        drop(listener);
        let mut heard = Vec::new();
        while let Ok(exchange) = receiver.try_recv() {
            heard.push(exchange);
        }
        (heard, result)
    }

    #[test]
    fn every_cut_of_the_bytes_is_heard_alike() {
        let bytes = [
            frame(b'N', b"SWARNUNG\0VWARNING\0C01000\0M[TRIGGER-GUARD] seen\0\0"),
            frame(b'D', b"\0\x02\0\0\0\x02ab\xff\xff\xff\xff"),
            frame(b'C', b"DELETE 4\0"),
            frame(b'Z', b"T"),
            frame(b'E', b"SERROR\0VERROR\0C23503\0Mno\0Dbecause\0\0"),
            frame(b'Z', b"E"),
            frame(b'C', b"ROLLBACK\0"),
            frame(b'Z', b"I"),
        ]
        .concat();
        for piece in 1..=bytes.len() {
            let (heard, result) = listen(&bytes, piece);
            result.unwrap();
            assert_eq!(heard.len(), 3, "pieces of {piece}");
            assert_eq!(heard[0].reply.tags, ["DELETE 4"]);
            assert_eq!(heard[0].reply.rows, [[Some("ab".to_owned()), None]]);
            assert_eq!(heard[0].reply.notices[0].severity, "WARNING");
            assert_eq!(heard[0].reply.status, TransactionStatus::InTransaction);
            assert_eq!(heard[1].reply.error.as_ref().unwrap().code, "23503");
            assert_eq!(heard[1].reply.status, TransactionStatus::Failed);
            assert_eq!(heard[2].reply.tags, ["ROLLBACK"]);
            assert_eq!(heard[2].reply.error, None);
        }
    }

    #[test]
    fn a_server_that_asks_for_copy_data_is_cut_off() {
        assert!(listen(&frame(b'G', b"\0\0\0"), 100).1.is_err());
        assert!(listen(&frame(b'H', b"\0\0\0"), 100).1.is_ok());
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(listen(&[b'C', 0, 0, 0, 1], 5).1.is_err());
        assert!(listen(&frame(b'Z', b"?"), 100).1.is_err());
    }
}
