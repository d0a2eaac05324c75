//! Takes a destination; gives an open link whose every answer comes from the tap; refuses to call a lost answer a failure.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};
use tokio_postgres::config::{ChannelBinding as BindingChoice, SslMode as DriverMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::refusal;
use super::resolve::{Binding, Destination, Host, SslMode, Wanted};
use super::tap::{Asides, Exchange, Tapped};
use super::tls;
use crate::port::DatabaseError;
use crate::run::{Reply, ServerError};

/// An open connection. Messages are answered in the order they were sent.
pub(super) struct Link {
    client: Client,
    replies: UnboundedReceiver<Exchange>,
    notifications: UnboundedReceiver<String>,
    asides: Asides,
    /// Where it leads and how it is protected, to be described to people.
    pub(super) server: String,
    pub(super) security: &'static str,
    canceller: Canceller,
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The message was never sent; it cannot have had an effect.
    NotSent(String),
    /// The connection ended while the answer was awaited; the message may have had its effect.
    Lost(String),
}

impl From<NoAnswer> for DatabaseError {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::NotSent(reason) | NoAnswer::Lost(reason) => Self::Lost(reason),
        }
    }
}

impl Link {
    /// Connects to the first host that answers as it must.
    pub(super) async fn open(destination: &Destination) -> Result<Self, DatabaseError> {
        let mut refusals = Vec::new();
        for host in &destination.hosts {
            let opened =
                match tokio::time::timeout(destination.connect_timeout, Self::open_host(destination, host)).await {
                    Ok(opened) => opened,
                    Err(_) => Err(format!(
                        "no answer from {} within {} s; check the address and the firewall",
                        refusal::place(host),
                        destination.connect_timeout.as_secs()
                    )),
                };
            match opened {
                Ok(link) => return Ok(link),
                Err(reason) => refusals.push(reason),
            }
        }
        Err(DatabaseError::Unreachable(refusals.join("; ")))
    }

    async fn open_host(destination: &Destination, host: &Host) -> Result<Self, String> {
        let mode = if matches!(host, Host::Socket { .. }) { SslMode::Disable } else { destination.security.mode };
        let connector = if mode == SslMode::Disable { None } else { Some(tls::connector(&destination.security)?) };
        let attempts: &[bool] = match mode {
            SslMode::Disable => &[false],
            SslMode::Allow => &[false, true],
            SslMode::Prefer => &[true, false],
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[true],
        };
        let mut first = None;
        for &with_tls in attempts {
            let way = Way {
                host: host.clone(),
                connector: connector.clone().filter(|_| with_tls),
                direct: destination.security.direct,
                must: mode.is_strict(),
            };
            match Self::open_way(destination, way).await {
                Ok(mut link) => {
                    if destination.wanted == Wanted::Writable {
                        link.assert_writable().await?;
                    }
                    return Ok(link);
                }
                // Only a refusal of this way of connecting is a reason to try the other one.
                Err(failure) if failure.another_way => {
                    first.get_or_insert(failure.reason);
                }
                Err(failure) => return Err(failure.reason),
            }
        }
        Err(first.unwrap_or_default())
    }

    async fn open_way(destination: &Destination, way: Way) -> Result<Self, Failure> {
        let (password, remark) = destination.password_for(&way.host);
        let stream = way.open().await?;
        let encrypted = stream.encrypted;
        let mut config = Config::new();
        config.user(&destination.user).dbname(&destination.database).application_name(&destination.application_name);
        if let Some(password) = &password {
            config.password(password.as_bytes());
        }
        if let Some(options) = &destination.options {
            config.options(options);
        }
        // The handshake is done already. Saying "direct" keeps the driver from asking again while it still binds the
        // password exchange to the channel.
        config
            .ssl_mode(if encrypted { DriverMode::Require } else { DriverMode::Disable })
            .ssl_negotiation(SslNegotiation::Direct);
        config.channel_binding(match destination.security.binding {
            Binding::Disable => BindingChoice::Disable,
            Binding::Prefer => BindingChoice::Prefer,
            Binding::Require => BindingChoice::Require,
        });
        let (tapped, mut replies, asides) = Tapped::new(stream.inner);
        let connected = config.connect_raw(tapped, Shaken).await;
        let (client, mut connection) = connected.map_err(|error| {
            let said = asides.lock().unwrap_or_else(PoisonError::into_inner).last_words.clone();
            Failure {
                // 28000: pg_hba.conf has no line for this way of connecting; another way may have one.
                another_way: said.as_ref().is_some_and(|said| said.code == "28000"),
                reason: refusal::of_login(
                    &error,
                    said.as_ref(),
                    destination,
                    &way.host,
                    password.is_some(),
                    remark.as_deref(),
                ),
            }
        })?;
        // What was said during the login is not an answer to anything.
        let _ = replies.try_recv();
        let (sender, notifications) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(notification) = message {
                    let _ = sender.send(notification.payload().to_owned());
                }
            }
        });
        let canceller = Canceller { token: client.cancel_token(), way: way.clone() };
        let security = match (&way.host, encrypted) {
            (Host::Socket { .. }, _) => "socket",
            (Host::Tcp { .. }, true) => "TLS",
            (Host::Tcp { .. }, false) => "no TLS",
        };
        Ok(Self { client, replies, notifications, asides, server: refusal::place(&way.host), security, canceller })
    }

    async fn assert_writable(&mut self) -> Result<(), String> {
        let reply = self
            .ask("SHOW transaction_read_only")
            .await
            .map_err(|no_answer| DatabaseError::from(no_answer).to_string())?;
        if cell(&reply, 0, 0) == Some("off") {
            Ok(())
        } else {
            Err(format!("{} cannot be written, and target_session_attrs asks for one that can", self.server))
        }
    }

    /// Sends one message and does not wait.
    pub(super) async fn send(&self, sql: &str) -> Result<(), NoAnswer> {
        // The stream is let go at once: every answer comes from the tap.
        match self.client.simple_query_raw(sql).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_closed() => Err(NoAnswer::NotSent(self.why_closed())),
            Err(_) => Err(NoAnswer::NotSent("the text holds a NUL character, which SQL cannot".to_owned())),
        }
    }

    /// Waits for the answer to the oldest message that has none.
    pub(super) async fn receive(&mut self) -> Result<Exchange, NoAnswer> {
        self.replies.recv().await.ok_or_else(|| NoAnswer::Lost(self.why_closed()))
    }

    /// Sends one message and waits for its answer.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<Reply, NoAnswer> {
        let begun = Instant::now();
        self.send(sql).await?;
        let mut reply = self.receive().await?.reply;
        reply.duration_millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(reply)
    }

    /// Sends one message; an error of the server is an error.
    pub(super) async fn demand(&mut self, sql: &str) -> Result<Reply, DatabaseError> {
        self.send(sql).await?;
        self.demanded().await
    }

    /// Waits for one answer; an error of the server, or an answer that was cut, is an error.
    pub(super) async fn demanded(&mut self) -> Result<Reply, DatabaseError> {
        let exchange = self.receive().await?;
        match exchange.reply.error {
            Some(error) => Err(refusal::of_server(&error)),
            None if exchange.cut => Err(DatabaseError::Garbled("the answer is larger than 64 MiB".to_owned())),
            None => Ok(exchange.reply),
        }
    }

    /// Sends a COPY … FROM STDIN and the rows that come; `None` ends them well, and a channel that closes before ends them
    /// badly, so that the server takes none.
    pub(super) async fn copy_in(&mut self, sql: &str, rows: &mut Receiver<Option<Vec<u8>>>) -> Result<Reply, NoAnswer> {
        let begun = Instant::now();
        let Some(statement) = self.prepared(sql).await? else { return Ok(self.receive().await?.reply) };
        self.receive().await?;
        self.give_data(true);
        if let Ok(sink) = self.client.copy_in::<_, Cursor<Vec<u8>>>(&statement).await {
            let mut sink = std::pin::pin!(sink);
            // What goes wrong is in the answer from the tap.
            loop {
                match rows.recv().await {
                    Some(Some(piece)) => {
                        if sink.send(Cursor::new(piece)).await.is_err() {
                            break;
                        }
                    }
                    None => break,
                    Some(None) => {
                        let _ = sink.as_mut().finish().await;
                        break;
                    }
                }
            }
        }
        let answered = self.receive().await;
        self.give_data(false);
        let mut reply = answered?.reply;
        self.forget(statement).await?;
        reply.duration_millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(reply)
    }

    /// Sends a COPY … TO STDOUT; hands over each line.
    pub(super) async fn copy_out(
        &mut self,
        sql: &str,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Reply, NoAnswer> {
        let Some(statement) = self.prepared(sql).await? else { return Ok(self.receive().await?.reply) };
        self.receive().await?;
        if let Ok(lines) = self.client.copy_out(&statement).await {
            let mut lines = std::pin::pin!(lines);
            while let Some(Ok(line)) = lines.next().await {
                take(&line);
            }
        }
        let reply = self.receive().await?.reply;
        self.forget(statement).await?;
        Ok(reply)
    }

    /// Prepares a COPY, because the driver copies in no other way; `None` when the server refused, and said why.
    async fn prepared(&mut self, sql: &str) -> Result<Option<Statement>, NoAnswer> {
        match self.client.prepare(sql).await {
            Ok(statement) => Ok(Some(statement)),
            Err(error) if error.is_closed() => Err(NoAnswer::Lost(self.why_closed())),
            Err(_) => Ok(None),
        }
    }

    /// Lets a prepared statement go; the server answers that, too.
    async fn forget(&mut self, statement: Statement) -> Result<(), NoAnswer> {
        drop(statement);
        self.receive().await.map(drop)
    }

    fn give_data(&self, gives: bool) {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner).gives_data = gives;
    }

    /// Waits for a notification; gives its payload.
    pub(super) async fn notification(&mut self) -> Result<String, DatabaseError> {
        match self.notifications.recv().await {
            Some(payload) => Ok(payload),
            None => Err(DatabaseError::Lost(self.why_closed())),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Returns whether a message is read by the standard's rule for literals from its first word on.
    pub(super) fn has_standard_strings(&self) -> bool {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner).has_standard_strings
    }

    /// Returns the process the server named at login.
    pub(super) fn login_pid(&self) -> Option<i32> {
        self.asides.lock().unwrap_or_else(PoisonError::into_inner).pid
    }

    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Returns a guard that asks the server to cancel what this link is doing, when it is dropped before it was disarmed.
    pub(super) fn given_up(&self) -> GivenUp {
        GivenUp(Some(self.canceller.clone()))
    }

    fn why_closed(&self) -> String {
        let said = self.asides.lock().unwrap_or_else(PoisonError::into_inner);
        match &said.last_words {
            Some(ServerError { code, message, .. }) => {
                format!("{} closed the connection; the last it said was: {message} ({code})", self.server)
            }
            None => format!("{} closed the connection without a word", self.server),
        }
    }
}

/// Asks the server to cancel when the one who waited has gone.
pub(super) struct GivenUp(Option<Canceller>);

impl GivenUp {
    /// There is an answer: nothing is left to cancel.
    pub(super) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let (Some(canceller), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            drop(runtime.spawn(async move { canceller.cancel().await }));
        }
    }
}

/// Returns one value of a reply.
pub(super) fn cell(reply: &Reply, row: usize, column: usize) -> Option<&str> {
    reply.rows.get(row)?.get(column)?.as_deref()
}

/// Asks the server to cancel what a link is doing, over a connection of its own.
#[derive(Clone)]
pub(super) struct Canceller {
    token: CancelToken,
    way: Way,
}

impl Canceller {
    /// Asks; the answer to the cancelled statement says whether it came in time.
    pub(super) async fn cancel(&self) {
        let asked = async {
            if let Ok(stream) = self.way.open().await {
                let (tapped, _, _) = Tapped::new(stream.inner);
                let _ = self.token.cancel_query_raw(tapped, Shaken).await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), asked).await;
    }
}

impl SslMode {
    fn is_strict(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }
}

/// One way to reach one host.
#[derive(Clone)]
struct Way {
    host: Host,
    connector: Option<MakeRustlsConnect>,
    direct: bool,
    /// Whether a server without TLS is refused.
    must: bool,
}

struct Failure {
    reason: String,
    another_way: bool,
}

struct Opened {
    inner: Box<dyn TlsStream + Send + Unpin>,
    encrypted: bool,
}

impl Way {
    async fn open(&self) -> Result<Opened, Failure> {
        let unreachable =
            |error: io::Error| Failure { reason: refusal::of_socket(&error, &self.host), another_way: false };
        match &self.host {
            Host::Socket { folder, port } => {
                let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await.map_err(unreachable)?;
                Ok(Opened { inner: Box::new(Plain(stream)), encrypted: false })
            }
            Host::Tcp { name, address, port } => {
                let stream = TcpStream::connect((address.as_str(), *port)).await.map_err(unreachable)?;
                stream.set_nodelay(true).map_err(unreachable)?;
                self.secure(stream, name).await
            }
        }
    }

    async fn secure(&self, mut stream: TcpStream, name: &str) -> Result<Opened, Failure> {
        let Some(mut connector) = self.connector.clone() else {
            return Ok(Opened { inner: Box::new(Plain(stream)), encrypted: false });
        };
        if !self.direct {
            // SSLRequest: its length, then a code that no protocol version has. The answer is one byte; not one more is
            // read, so that nothing injected before the handshake is ever taken for the server's word.
            let broken =
                |error: io::Error| Failure { reason: refusal::of_socket(&error, &self.host), another_way: false };
            stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).await.map_err(broken)?;
            let answer = stream.read_u8().await.map_err(broken)?;
            if answer != b'S' {
                if self.must {
                    let reason = format!(
                        "{} does not offer TLS, and sslmode demands it; turn on ssl at the server, or use sslmode=prefer",
                        refusal::place(&self.host)
                    );
                    return Err(Failure { reason, another_way: false });
                }
                return Ok(Opened { inner: Box::new(Plain(stream)), encrypted: false });
            }
        }
        let failed = |error: &dyn std::error::Error| Failure {
            reason: refusal::of_handshake(error, &self.host),
            another_way: !self.must,
        };
        let handshake =
            MakeTlsConnect::<TcpStream>::make_tls_connect(&mut connector, name).map_err(|error| failed(&error))?;
        let stream = handshake.connect(stream).await.map_err(|error| failed(&error))?;
        Ok(Opened { inner: Box::new(stream), encrypted: true })
    }
}

/// A stream without TLS.
struct Plain<S>(S);

impl<S: AsyncRead + Unpin> AsyncRead for Plain<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Plain<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Plain<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Tells the driver that the handshake is done.
struct Shaken;

impl TlsConnect<Tapped> for Shaken {
    type Stream = Tapped;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Tapped>>;

    fn connect(self, stream: Tapped) -> Self::Future {
        std::future::ready(Ok(stream))
    }
}
