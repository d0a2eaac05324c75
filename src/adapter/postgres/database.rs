//! Takes connection text; gives a [`Postgres`], the database behind the port; refuses nothing by itself: each method's
//! own file does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;
use super::resolve::{Destination, resolve};
use super::run_line::Line;
use super::sql::TARGET;
use super::surroundings::Surroundings;
use super::{catalog, census, census_lines, gate, ledger, prove, restore, roles, run_line, sessions};
use crate::census::{Census, Question, Target};
use crate::diagnose::OpenTransaction;
use crate::digest::Digest;
use crate::ledger::{Body, Entry};
use crate::plan::Settings;
use crate::port::{
    ConnectionNote, Database, DatabaseError, DifferenceLook, DifferenceSeen, MappedLogins, Proof, RunLine, Wait,
};
use crate::restore::LiveTable;
use crate::review::Catalog;
use crate::run::RunToken;
use crate::runbook::{ObjectName, Principal, Timeouts};

/// After how long a kept link is asked whether it still is one.
const STALE: Duration = Duration::from_secs(1);
/// How long that answer may take.
const PING_PATIENCE: Duration = Duration::from_secs(3);
/// How long a question of the desk may take as a whole; a census of many slow questions needs minutes.
const DESK_PATIENCE: Duration = Duration::from_mins(15);
/// How long nothing may be heard of the ledger before it is looked at.
const LISTEN_PATIENCE: Duration = Duration::from_secs(30);
/// Timeouts of a census: a question that takes longer than this is blind.
pub(super) const CENSUS_TIMEOUTS: Timeouts =
    Timeouts { lock_millis: 3_000, statement_millis: 30_000, idle_in_transaction_millis: 60_000 };

/// One `PostgreSQL` database, reached with one person's rights.
pub struct Postgres {
    desk: Arc<Desk>,
    listener: tokio::sync::Mutex<Listener>,
}

/// What connects: the destination, and one link that is kept between questions.
pub(super) struct Desk {
    destination: Destination,
    schema: Mutex<String>,
    kept: Mutex<Option<(Link, Instant)>>,
}

/// Who hears of new entries, and the newest that was told.
#[derive(Default)]
struct Listener {
    link: Option<Link>,
    known: Option<u64>,
}

impl Postgres {
    /// Resolves connection text as libpq would; connects to nothing yet.
    ///
    /// # Errors
    /// [`DatabaseError::Unreachable`] when the text, or what it is completed from, cannot be obeyed.
    // Taken by value: they may hold a password, and nobody needs them afterwards.
    #[expect(clippy::needless_pass_by_value, reason = "see above")]
    pub fn new(text: &str, surroundings: Surroundings) -> Result<Self, DatabaseError> {
        let destination = resolve(text, &surroundings).map_err(DatabaseError::Unreachable)?;
        let desk = Desk { destination, schema: Mutex::new("public".to_owned()), kept: Mutex::new(None) };
        Ok(Self { desk: Arc::new(desk), listener: tokio::sync::Mutex::default() })
    }

    /// Runs a script of several statements, such as a sample database or a forward build.
    ///
    /// # Errors
    /// The first statement's refusal; everything before it stays when the script commits by itself.
    pub async fn load(&self, sql: &str) -> Result<(), DatabaseError> {
        // Not the kept link: a script may leave settings behind.
        let mut link = self.desk.fresh().await?;
        link.demand(sql).await.map(|_| ())
    }

    /// Makes a database.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn create_database(&self, name: &str) -> Result<(), DatabaseError> {
        self.load(&format!("CREATE DATABASE {}", ObjectName::new("", name).quoted())).await
    }
}

impl Desk {
    /// Opens a link of its own.
    pub(super) async fn fresh(&self) -> Result<Link, DatabaseError> {
        Link::open(&self.destination).await
    }

    /// Takes the kept link when it is still good, else opens one. It is given back by [`Self::keep`], or forgotten.
    pub(super) async fn link(&self) -> Result<Link, DatabaseError> {
        let kept = lock(&self.kept).take();
        if let Some((mut link, since)) = kept
            && !link.is_closed()
            && (since.elapsed() < STALE
                || tokio::time::timeout(PING_PATIENCE, link.demand("SELECT")).await.is_ok_and(|answer| answer.is_ok()))
        {
            return Ok(link);
        }
        self.fresh().await
    }

    pub(super) fn keep(&self, link: Link) {
        *lock(&self.kept) = Some((link, Instant::now()));
    }

    /// Settings of a transaction of this desk.
    pub(super) fn settings(&self) -> Settings {
        Settings::new(CENSUS_TIMEOUTS, &lock(&self.schema))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one question on the desk's link, and keeps the link only when the question was answered.
macro_rules! at_desk {
    ($self:ident, |$link:ident| $question:expr) => {
        Box::pin(async move {
            let asked = async {
                let mut $link = $self.desk.link().await?;
                let answer = $question?;
                $self.desk.keep($link);
                Ok(answer)
            };
            match tokio::time::timeout(DESK_PATIENCE, asked).await {
                Ok(answer) => answer,
                Err(_) => Err(DatabaseError::Lost(format!("no answer within {} s", DESK_PATIENCE.as_secs()))),
            }
        })
    };
}

impl Database for Postgres {
    fn use_schema(&self, schema: &str) {
        schema.clone_into(&mut lock(&self.desk.schema));
    }

    fn target(&self) -> Wait<'_, Result<Target, DatabaseError>> {
        at_desk!(self, |link| census::whereabouts(&link.demand(TARGET).await?).map(|here| here.target))
    }

    fn describe(&self) -> Wait<'_, Result<ConnectionNote, DatabaseError>> {
        at_desk!(self, |link| {
            let here = census::whereabouts(&link.demand(TARGET).await?)?;
            let security = link.security.to_owned();
            let (database, role, version) = (here.target.database, here.target.role, format!("PG {}", here.version));
            Ok::<_, DatabaseError>(ConnectionNote { database, server: link.server.clone(), role, security, version })
        })
    }

    fn census_told<'a>(
        &'a self,
        questions: &'a [Question],
        mut told: Box<dyn FnMut(usize) + Send + 'a>,
    ) -> Wait<'a, Result<Census, DatabaseError>> {
        at_desk!(self, |link| {
            census_lines::take(&self.desk, &mut link, questions, &self.desk.settings(), &mut *told).await
        })
    }

    fn census<'a>(&'a self, questions: &'a [Question]) -> Wait<'a, Result<Census, DatabaseError>> {
        self.census_told(questions, Box::new(|_| ()))
    }

    fn catalog(&self) -> Wait<'_, Result<Catalog, DatabaseError>> {
        at_desk!(self, |link| catalog::read(&mut link).await)
    }

    fn open_transactions<'a>(
        &'a self,
        objects: &'a [ObjectName],
    ) -> Wait<'a, Result<Vec<OpenTransaction>, DatabaseError>> {
        at_desk!(self, |link| sessions::open_transactions(&mut link, objects).await)
    }

    fn ledger_sql(&self) -> String {
        ledger::LEDGER_SQL.to_owned()
    }

    fn ledger_init(&self) -> Wait<'_, Result<(), DatabaseError>> {
        at_desk!(self, |link| ledger::init(&mut link).await)
    }

    fn ledger_read(&self, after: u64) -> Wait<'_, Result<Vec<Entry>, DatabaseError>> {
        at_desk!(self, |link| ledger::read(&mut link, after).await)
    }

    fn ledger_append<'a>(&'a self, body: &'a Body) -> Wait<'a, Result<Entry, DatabaseError>> {
        at_desk!(self, |link| ledger::append(&mut link, body).await)
    }

    fn ledger_grants_sql(&self) -> String {
        roles::LEDGER_ROLES_SQL.to_owned()
    }

    fn ledger_grants(&self) -> Wait<'_, Result<(), DatabaseError>> {
        at_desk!(self, |link| roles::grant(&mut link).await)
    }

    fn ledger_gate_sql(&self) -> String {
        gate::GATE_SQL.to_owned()
    }

    fn ledger_gate(&self) -> Wait<'_, Result<(), DatabaseError>> {
        at_desk!(self, |link| gate::make(&mut link).await)
    }

    fn gate_may(&self, request_digest: Digest) -> Wait<'_, Result<(), DatabaseError>> {
        at_desk!(self, |link| gate::may(&mut link, request_digest).await)
    }

    fn ledger_logins(&self) -> Wait<'_, Result<MappedLogins, DatabaseError>> {
        at_desk!(self, |link| roles::logins(&mut link).await)
    }

    fn ledger_map<'a>(&'a self, principal: &'a Principal, login: &'a str) -> Wait<'a, Result<(), DatabaseError>> {
        at_desk!(self, |link| roles::map(&mut link, principal, login).await)
    }

    fn ledger_unmap<'a>(&'a self, login: &'a str) -> Wait<'a, Result<bool, DatabaseError>> {
        at_desk!(self, |link| roles::unmap(&mut link, login).await)
    }

    fn ledger_may<'a>(&'a self, kind: &'a str, principal: &'a Principal) -> Wait<'a, Result<(), DatabaseError>> {
        at_desk!(self, |link| roles::may(&mut link, kind, principal).await)
    }

    fn acts_as<'a>(&'a self, role: &'a str) -> Wait<'a, Result<bool, DatabaseError>> {
        at_desk!(self, |link| roles::acts_as(&mut link, role).await)
    }

    fn ledger_changed(&self) -> Wait<'_, Result<u64, DatabaseError>> {
        Box::pin(async move {
            let mut listener = self.listener.lock().await;
            // Taken out while it waits: a wait that is dropped or fails leaves no half-read link behind.
            let mut link = if let Some(link) = listener.link.take().filter(|link| !link.is_closed()) {
                link
            } else {
                let mut link = self.desk.fresh().await?;
                link.demand("LISTEN countersign").await?;
                link
            };
            // Looked at after LISTEN, so that nothing falls between.
            let mut newest = ledger::head(&mut link).await?;
            let known = *listener.known.get_or_insert(newest);
            while newest <= known {
                newest = match tokio::time::timeout(LISTEN_PATIENCE, link.notification()).await {
                    Ok(heard) => newest.max(heard?.parse().unwrap_or_default()),
                    // A notification may be lost with a broken line that nobody noticed: look by oneself.
                    Err(_) => ledger::head(&mut link).await?,
                };
            }
            *listener = Listener { link: Some(link), known: Some(newest) };
            Ok(newest)
        })
    }

    fn live_table<'a>(&'a self, name: &'a ObjectName) -> Wait<'a, Result<Option<LiveTable>, DatabaseError>> {
        at_desk!(self, |link| restore::table(&mut link, name).await)
    }

    fn difference<'a>(
        &'a self,
        look: &'a DifferenceLook<'a>,
        take: &'a mut (dyn FnMut(&[u8]) + Send),
    ) -> Wait<'a, Result<DifferenceSeen, DatabaseError>> {
        Box::pin(async move {
            let schema = lock(&self.desk.schema).clone();
            // A link of its own: whatever ends the look, the server rolls back what its client lost.
            let mut link = self.desk.fresh().await?;
            // Nobody waits any more: then the server need not work on.
            let mut given_up = link.given_up();
            let seen = restore::look(&mut link, look, &schema, take).await;
            given_up.disarm();
            seen
        })
    }

    fn run_line(&self) -> Box<dyn RunLine> {
        Box::new(Line::new(Arc::clone(&self.desk)))
    }

    fn is_direct(&self) -> Wait<'_, Result<bool, DatabaseError>> {
        at_desk!(self, |link| run_line::is_direct(&mut link).await)
    }

    fn settle<'a>(&'a self, approved: &'a Target) -> Wait<'a, Result<Option<String>, DatabaseError>> {
        Box::pin(async move { prove::settle(&mut self.desk.fresh().await?, approved).await })
    }

    fn prove<'a>(&'a self, token: &'a RunToken) -> Wait<'a, Result<Proof, DatabaseError>> {
        Box::pin(async move { prove::prove(&mut self.desk.fresh().await?, token).await })
    }
}
