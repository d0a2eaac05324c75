//! A proxy on loopback that reads what is said on a line: it names every message of the client, and does one deed at one
//! of them. Nobody lists the messages: what a run says once, untouched, is the list of where the next one is cut.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf as ToServer};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// Whether the server has heard the message, and answered it, when the deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The server never heard it.
    Before,
    /// The server has done what it was told, and nobody has heard of it.
    After,
}

/// What is done at a message.
#[derive(Clone)]
pub enum Deed {
    /// This line is closed; lines opened later work.
    Drop,
    /// Every line is closed, and none can be opened any more.
    DropAll,
    /// The message is exchanged for one that the server answers with an error of its own.
    Refuse,
    /// Something happens elsewhere; then the line goes on.
    Meanwhile(Arc<dyn Fn() + Send + Sync>),
    /// Something happens elsewhere; then this line is closed.
    Last(Arc<dyn Fn() + Send + Sync>),
}

/// One message, by its beginning and how often that was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its beginning.
    pub words: String,
    /// Which one of those, from 1.
    pub nth: usize,
}

/// Where and how a line is cut.
#[derive(Clone)]
pub struct Cut {
    /// At which message.
    pub at: Message,
    /// On which side of it.
    pub when: When,
    /// What is done.
    pub deed: Deed,
}

/// A proxy between a test and a server.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    socket: Arc<Mutex<PathBuf>>,
    cut: Option<Cut>,
    seen: AtomicUsize,
    is_cut: AtomicBool,
    heard: Mutex<Vec<String>>,
    broken: Mutex<Option<String>>,
    down: watch::Sender<bool>,
}

impl Proxy {
    /// Starts one before the server with this socket; without a cut it only listens.
    pub async fn start(socket: PathBuf, cut: Option<Cut>) -> Self {
        Self::before(Arc::new(Mutex::new(socket)), cut).await
    }

    /// Starts one before whichever server stands at this address when a line is opened, as after a failover.
    pub async fn before(socket: Arc<Mutex<PathBuf>>, cut: Option<Cut>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            socket,
            cut,
            seen: AtomicUsize::new(0),
            is_cut: AtomicBool::new(false),
            heard: Mutex::default(),
            broken: Mutex::default(),
            down: watch::channel(false).0,
        });
        let seen = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Answers are passed on frame by frame: held back until the one before is acknowledged, each message would
                // take 40 ms longer.
                client.set_nodelay(true).expect("a socket");
                let line = Arc::clone(&seen);
                tokio::spawn(async move {
                    let mut down = line.down.subscribe();
                    tokio::select! {
                        _ = line.pass(client) => {}
                        _ = down.wait_for(|down| *down) => {}
                    }
                });
            }
        });
        Self { port, shared }
    }

    /// Says whether the deed was done; one that went wrong is a panic here, because nobody hears of it there.
    pub fn is_cut(&self) -> bool {
        let broken = self.shared.broken.lock().expect("not poisoned").clone();
        assert_eq!(broken, None, "what should have happened elsewhere went wrong");
        self.shared.is_cut.load(Ordering::SeqCst)
    }

    /// Returns every message that was said, in order.
    pub fn heard(&self) -> Vec<Message> {
        let heard = self.shared.heard.lock().expect("not poisoned");
        let nth = |at: usize| heard[..=at].iter().filter(|words| **words == heard[at]).count();
        (0..heard.len()).map(|at| Message { words: heard[at].clone(), nth: nth(at) }).collect()
    }

    /// The connection text through this proxy, as the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_of("postgres", database)
    }

    /// The connection text of a login through this proxy.
    pub fn url_of(&self, login: &str, database: &str) -> String {
        format!("postgresql://{login}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// What a client says first instead of logging in when it wants a statement of another line cancelled.
const CANCEL_REQUEST: [u8; 4] = 80_877_102_u32.to_be_bytes();
/// How a login is named.
pub const LOGIN: &str = "login";

impl Shared {
    /// Passes on one line until it ends.
    async fn pass(&self, client: TcpStream) -> Option<()> {
        let (from_client, mut to_client) = client.into_split();
        let mut said = Frames { from: from_client, held: Vec::new() };
        let login = loop {
            match said.whole(0) {
                Some(login) => break login,
                None => said.more().await?,
            }
        };
        let wants_cancel = login.get(4..8) == Some(&CANCEL_REQUEST);
        let cut = if wants_cancel { None } else { self.hear(LOGIN) };
        if cut.as_ref().is_some_and(|cut| matches!(cut.deed, Deed::Refuse)) {
            to_client.write_all(&refusal()).await.ok()?;
            return None;
        }
        if let Some(cut) = cut.as_ref().filter(|cut| cut.when == When::Before) {
            self.act(cut).await?;
        }
        let socket = self.socket.lock().expect("not poisoned").clone();
        let (from_server, to_server) = UnixStream::connect(socket).await.ok()?.into_split();
        let answers = Frames { from: from_server, held: Vec::new() };
        let mut line = Line { to_client, to_server, answers, asked: 1, answered: 0 };
        line.to_server.write_all(&login).await.ok()?;
        if let Some(cut) = cut.filter(|cut| cut.when == When::After) {
            line.hear_out(self, &cut).await?;
        }
        loop {
            while let Some(frame) = said.whole(1) {
                self.say(&mut line, frame).await?;
            }
            tokio::select! {
                more = said.more() => more?,
                more = line.answers.more() => {
                    more?;
                    while let Some(frame) = line.answers.whole(1) {
                        line.answered += usize::from(frame[0] == b'Z');
                        line.to_client.write_all(&frame).await.ok()?;
                    }
                }
            }
        }
    }

    /// Passes one frame of the client on, or does the deed.
    async fn say(&self, line: &mut Line, frame: Vec<u8>) -> Option<()> {
        let is_question = frame[0] == b'Q';
        let cut = if is_question { self.hear(&words_of(&frame)) } else { None };
        line.asked += usize::from(is_question);
        let Some(cut) = cut else { return line.to_server.write_all(&frame).await.ok() };
        if matches!(cut.deed, Deed::Refuse) {
            return line.to_server.write_all(&question("SELECT 1/0")).await.ok();
        }
        if cut.when == When::Before {
            self.act(&cut).await?;
            return line.to_server.write_all(&frame).await.ok();
        }
        line.to_server.write_all(&frame).await.ok()?;
        line.hear_out(self, &cut).await
    }

    /// Notes a message; gives the cut when it is this one's turn.
    fn hear(&self, words: &str) -> Option<Cut> {
        self.heard.lock().expect("not poisoned").push(words.to_owned());
        let cut = self.cut.as_ref().filter(|cut| cut.at.words == words)?;
        let is_here = self.seen.fetch_add(1, Ordering::SeqCst) + 1 == cut.at.nth;
        is_here.then(|| {
            self.is_cut.store(true, Ordering::SeqCst);
            cut.clone()
        })
    }

    /// Does the deed; nothing when the line ends by it.
    async fn act(&self, cut: &Cut) -> Option<()> {
        match &cut.deed {
            Deed::Drop | Deed::Refuse => None,
            Deed::DropAll => {
                self.down.send_replace(true);
                None
            }
            Deed::Meanwhile(elsewhere) => self.call(elsewhere).await,
            Deed::Last(elsewhere) => {
                self.call(elsewhere).await;
                None
            }
        }
    }

    /// Does something elsewhere; nothing when it went wrong.
    async fn call(&self, elsewhere: &Arc<dyn Fn() + Send + Sync>) -> Option<()> {
        let elsewhere = Arc::clone(elsewhere);
        let done = tokio::task::spawn_blocking(move || elsewhere()).await;
        let words = |panic: Box<dyn std::any::Any + Send>| match panic.downcast::<String>() {
            Ok(words) => *words,
            Err(other) => {
                other.downcast::<&str>().map_or_else(|_| "it panicked".to_owned(), |words| (*words).to_owned())
            }
        };
        done.map_err(|error| {
            let said = error.try_into_panic().map_or_else(|error| error.to_string(), words);
            *self.broken.lock().expect("not poisoned") = Some(said);
        })
        .ok()
    }
}

/// One line that is passed on.
struct Line {
    to_client: OwnedWriteHalf,
    to_server: ToServer,
    answers: Frames<OwnedReadHalf>,
    /// Questions the server was asked, the login included.
    asked: usize,
    /// Questions it has answered to the end.
    answered: usize,
}

impl Line {
    /// Hears the server out on everything it was asked, keeps the last answer back, and does the deed.
    async fn hear_out(&mut self, shared: &Shared, cut: &Cut) -> Option<()> {
        let mut kept = Vec::new();
        while self.answered < self.asked {
            match self.answers.whole(1) {
                Some(frame) => {
                    let is_last = self.answered + 1 == self.asked;
                    self.answered += usize::from(frame[0] == b'Z');
                    if is_last {
                        kept.extend_from_slice(&frame);
                    } else {
                        self.to_client.write_all(&frame).await.ok()?;
                    }
                }
                // A server that hangs up has said all it will say.
                None if self.answers.more().await.is_none() => break,
                None => {}
            }
        }
        shared.act(cut).await?;
        self.to_client.write_all(&kept).await.ok()
    }
}

/// A stream read frame by frame.
struct Frames<R> {
    from: R,
    held: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Takes one whole frame off the front; its length stands after so many bytes.
    fn whole(&mut self, before: usize) -> Option<Vec<u8>> {
        let length = u32::from_be_bytes(self.held.get(before..before + 4)?.try_into().ok()?);
        let end = before + usize::try_from(length).ok()?;
        (self.held.len() >= end).then(|| self.held.drain(..end).collect())
    }

    /// Reads more; nothing when the stream has ended.
    async fn more(&mut self) -> Option<()> {
        matches!(self.from.read_buf(&mut self.held).await, Ok(1..)).then_some(())
    }
}

/// Letters of a message that name it: enough to tell the kinds of ledger entries apart, too few for what is random.
const LETTERS: usize = 57;

/// Names a message by its beginning, numbers left out.
fn words_of(frame: &[u8]) -> String {
    let text = String::from_utf8_lossy(&frame[5..frame.len() - 1]);
    let mut words = String::new();
    let is_digest = |part: &&str| matches!(part.len(), 32 | 64) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = text.split('\'').map(|part| if is_digest(&part) { "#" } else { part }).collect::<Vec<_>>().join("'");
    for letter in parts.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match letter {
            '0'..='9' if words.ends_with('#') => {}
            '0'..='9' => words.push('#'),
            other => words.push(other),
        }
    }
    words.chars().take(LETTERS).collect()
}

fn question(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).expect("short");
    [&b"Q"[..], &length.to_be_bytes(), sql.as_bytes(), b"\0"].concat()
}

/// What a server that is full answers to a login.
fn refusal() -> Vec<u8> {
    let fields = b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";
    let length = u32::try_from(fields.len() + 4).expect("short");
    [&b"E"[..], &length.to_be_bytes(), fields].concat()
}
