//! Takes the machine's steps; gives what happened; refuses to decide anything: a failure is an event, and a lost answer is
//! never called a failure.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::blockers::Watch;
use super::census::{take_inside, whereabouts};
use super::census_lines;
use super::database::Desk;
use super::ledger;
use super::link::{Canceller, Link, NoAnswer, cell};
use super::sql::TARGET;
use super::{restore, roles};
use crate::census::{Census, Question, Reading};
use crate::digest::Digest;
use crate::ledger::{Body, gate, standing_stop};
use crate::port::{DatabaseError, DumpRows, RunLine, Wait};
use crate::restore::{Restore, deeds};
use crate::run::{Event, LedgerGate, Purpose, Reply, Step, named};

/// How long the server may be silent within a run before the connection counts as lost. The server's own timeouts are
/// far shorter; this is for a network that swallows everything.
const PATIENCE: Duration = Duration::from_mins(15);
/// What the role may do with the ledger. Names are looked up in the catalog: `to_regclass` fails for a role that may not
/// use the schema.
const LEDGER_RIGHTS: &str = "SELECT e.oid IS NOT NULL AND m.oid IS NOT NULL,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(e.oid, 'SELECT'),
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_column_privilege(e.oid, 'kind', 'INSERT') AND pg_catalog.has_column_privilege(e.oid, 'body', 'INSERT'),
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(m.oid, 'UPDATE')
  FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'countersign'
    LEFT JOIN pg_catalog.pg_class e ON e.relnamespace = n.oid AND e.relname = 'entry'
    LEFT JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = 'mutex'";
/// When the backend started; a role always sees its own row.
const BACKEND: &str = "SELECT pg_catalog.pg_backend_pid()::text,
    (SELECT pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid())";

/// The line on which a machine performs its steps.
pub(super) struct Line {
    desk: Arc<Desk>,
    link: Option<Link>,
    /// Who looks on while a message waits for a lock.
    watch: Option<Watch>,
    canceller: Arc<Mutex<Option<Canceller>>>,
    /// The request and run whose intent was appended; a rehearsal has none.
    intent: Option<(Digest, String)>,
    /// The rows of the dump that a restore loads.
    rows: Option<DumpRows>,
}

/// A step that ended in no answer.
enum Trouble {
    Failed(String),
    Lost(String),
}

impl From<DatabaseError> for Trouble {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Lost(reason) => Self::Lost(reason),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<NoAnswer> for Trouble {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::NotSent(reason) | NoAnswer::Lost(reason) => Self::Lost(reason),
        }
    }
}

impl Line {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk, link: None, watch: None, canceller: Arc::default(), intent: None, rows: None }
    }

    async fn step(&mut self, step: &Step) -> Result<Event, Trouble> {
        match step {
            Step::AppendApart(body) => self.append_apart(body).await,
            Step::Connect { needs_ledger, run_as } => self.connect(*needs_ledger, run_as.as_deref()).await,
            Step::Send { sql, purpose } => self.message(sql, purpose).await.map(Event::Answered),
            Step::TakeCensus(questions) => self.census_inside(questions).await.map(Event::CensusTaken),
            Step::ReadLedger => self.read_ledger().await,
            Step::AppendInside(body) => {
                let reply = self.answer(&ledger::append_sql(body)).await?;
                match reply.error {
                    None => Ok(Event::Appended),
                    Some(error) => Err(Trouble::Failed(format!(
                        "the ledger refused the entry: {} ({})",
                        error.message, error.code
                    ))),
                }
            }
            Step::LoadDump(restore) => self.load(restore).await,
            Step::ReadDifference(restore) => {
                let told = restore::tell(self.link()?, restore, false, &mut |_| {}).await?;
                told.map(|(sum, _)| Event::DifferenceRead(sum)).map_err(Trouble::Failed)
            }
            Step::Commit => self.answer("COMMIT").await.map(Event::Answered),
            Step::Rollback => {
                let answer = self.answer("ROLLBACK").await;
                self.close();
                answer.map(Event::Answered)
            }
            Step::TakeCensusAfter(questions) => {
                self.close();
                let settings = self.desk.settings();
                // Nothing is in doubt here: a lost answer is only a census that was not taken.
                let taken = async {
                    let mut link = self.desk.fresh().await?;
                    census_lines::take(&self.desk, &mut link, questions, &settings, &mut |_| ()).await
                };
                let taken = taken.await;
                taken.map(Event::CensusTaken).map_err(|error| Trouble::Failed(error.to_string()))
            }
            Step::Done(_) => Err(Trouble::Failed("BUG: the machine is done; there is nothing to perform".to_owned())),
        }
    }

    fn link(&mut self) -> Result<&mut Link, Trouble> {
        self.link.as_mut().ok_or_else(|| Trouble::Lost("there is no connection any more".to_owned()))
    }

    fn close(&mut self) {
        self.link = None;
        self.watch = None;
        *self.canceller.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends one message of the machine; what may wait for a lock of others is looked on.
    async fn message(&mut self, sql: &str, purpose: &Purpose) -> Result<Reply, Trouble> {
        match purpose {
            Purpose::LockTables
            | Purpose::OpenGate
            | Purpose::Restore
            | Purpose::Statement { .. }
            | Purpose::Constraints => {
                let watch = self.watch.take();
                let answer = match &watch {
                    None => self.answer(sql).await,
                    Some(watch) => {
                        let (answer, blockers) = watch.beside(self.answer(sql)).await;
                        answer.map(|reply| Reply { blockers, ..reply })
                    }
                };
                self.watch = watch.filter(|_| self.link.is_some());
                answer
            }
            Purpose::AssertSettings => {
                let reply = self.answer(sql).await?;
                if let Some(watch) = &mut self.watch {
                    watch.heed(&reply);
                }
                Ok(reply)
            }
            Purpose::Sequences
            | Purpose::Begin
            | Purpose::Pin
            | Purpose::Mutex
            | Purpose::Names
            | Purpose::Holders
            | Purpose::LookAround
            | Purpose::Books
            | Purpose::Attribute => self.answer(sql).await,
        }
    }

    /// Loads the dump's rows into the temporary table.
    async fn load(&mut self, planned: &Restore) -> Result<Event, Trouble> {
        let Some(rows) = self.rows.clone() else {
            return Err(Trouble::Failed("the dump was not brought; name its file".to_owned()));
        };
        let loaded = restore::load(self.link()?, &deeds(planned).load, &rows).await?;
        loaded.map(Event::DumpLoaded).map_err(Trouble::Failed)
    }

    /// Takes a census; a question that a lock of others made blind says whose it was.
    async fn census_inside(&mut self, questions: &[Question]) -> Result<Census, Trouble> {
        let watch = self.watch.take();
        let taken = match &watch {
            None => take_inside(self.link()?, questions).await.map(|census| (census, Vec::new())),
            Some(watch) => {
                let (census, blockers) = watch.beside(take_inside(self.link()?, questions)).await;
                census.map(|census| (census, blockers))
            }
        };
        self.watch = watch;
        let (mut census, blockers) = taken?;
        for reading in census.readings.values_mut() {
            if let Reading::Blind(reason) = reading
                && reason.contains("(55P03)")
            {
                reason.push_str(&named("; in the way: ", &blockers));
            }
        }
        Ok(census)
    }

    /// Sends exactly one message.
    async fn answer(&mut self, sql: &str) -> Result<Reply, Trouble> {
        let reply = self.link()?.ask(sql).await?;
        match &reply.error {
            // Class 08: the server itself says that the connection is broken.
            Some(error) if error.code.starts_with("08") => {
                Err(Trouble::Lost(format!("{} ({})", error.message, error.code)))
            }
            Some(_) | None => Ok(reply),
        }
    }

    async fn append_apart(&mut self, body: &Body) -> Result<Event, Trouble> {
        if let Body::Intent { request_digest, run, .. } = body {
            self.intent = Some((*request_digest, run.clone()));
        }
        let appended = async {
            let mut link = self.desk.link().await?;
            ledger::append(&mut link, body).await?;
            // A second operator stands back here, before the first one would meet the mutex in other hands.
            let gate = match &self.intent {
                Some((request, run)) => gate(&ledger::read_gate(&mut link).await?, *request, run),
                None => LedgerGate::default(),
            };
            self.desk.keep(link);
            Ok::<_, DatabaseError>(gate.stop.or(gate.void))
        };
        // The run's own connection is not touched: whatever happens here, its transaction is in no doubt.
        match appended.await {
            Ok(None) => Ok(Event::Appended),
            Ok(Some(reason)) => Err(Trouble::Failed(format!("the ledger forbids it: {reason}"))),
            Err(error) => Err(Trouble::Failed(format!("the ledger did not take the entry: {error}"))),
        }
    }

    async fn connect(&mut self, needs_ledger: bool, run_as: Option<&str>) -> Result<Event, Trouble> {
        self.close();
        let mut link = self.desk.fresh().await?;
        *self.canceller.lock().unwrap_or_else(PoisonError::into_inner) = Some(link.canceller());
        // One message after another: through a transaction pooler they may reach different backends.
        let first = link.demand(BACKEND).await?;
        let here = whereabouts(&link.demand(TARGET).await?)?;
        let acts_as = match run_as {
            Some(role) if roles::acts_as(&mut link, role).await? => Some(role.to_owned()),
            Some(_) | None => None,
        };
        let rights = link.demand(LEDGER_RIGHTS).await?;
        let backend = link.demand(BACKEND).await?;
        let role = &here.target.role;
        let mut blind = Vec::new();
        if !here.sees_sessions {
            blind.push(format!("other sessions are hidden from `{role}`; GRANT pg_read_all_stats TO it"));
        }
        let may = |column| cell(&rights, 0, column) == Some("t");
        if may(0) {
            for (column, what) in [(1, "read the ledger"), (2, "append to the ledger"), (3, "take the target's mutex")]
            {
                if !may(column) {
                    blind.push(format!(
                        "`{role}` may not {what}; GRANT countersign_desk TO it, or countersign_operator"
                    ));
                }
            }
        } else if needs_ledger {
            blind.push("there is no ledger in this database; make it first".to_owned());
        }
        let pid = here.pid.to_string();
        let same_backend = first == with_duration_of(&backend, &first) && cell(&backend, 0, 0) == Some(pid.as_str());
        if !same_backend || link.login_pid() != Some(here.pid) {
            blind.push(
                "a connection pooler stands between here and the server; connect to the server itself".to_owned(),
            );
        }
        let backend_start = cell(&backend, 0, 1).unwrap_or_default().to_owned();
        self.link = Some(link);
        self.watch = Some(Watch::over(Arc::clone(&self.desk), here.pid));
        Ok(Event::Connected { target: here.target, pid: here.pid, backend_start, acts_as, blind })
    }

    async fn read_ledger(&mut self) -> Result<Event, Trouble> {
        let intent = self.intent.clone();
        let entries = ledger::read_gate(self.link()?).await?;
        Ok(Event::LedgerRead(match intent {
            Some((request, run)) => gate(&entries, request, &run),
            None => LedgerGate { stop: standing_stop(&entries), ..LedgerGate::default() },
        }))
    }
}

/// Returns whether the backend that answers is the one that said it was there at login: a pooler makes one up.
pub(super) async fn is_direct(link: &mut Link) -> Result<bool, DatabaseError> {
    let reply = link.demand("SELECT pg_catalog.pg_backend_pid()::text").await?;
    let answers = cell(&reply, 0, 0).and_then(|pid| pid.parse().ok());
    Ok(answers.is_some() && answers == link.login_pid())
}

/// Returns the reply with another's duration, so that only what was said is compared.
fn with_duration_of(reply: &Reply, other: &Reply) -> Reply {
    Reply { duration_millis: other.duration_millis, ..reply.clone() }
}

impl RunLine for Line {
    fn perform<'a>(&'a mut self, step: &'a Step) -> Wait<'a, Event> {
        Box::pin(async move {
            let event = match tokio::time::timeout(PATIENCE, self.step(step)).await {
                Ok(Ok(event)) => event,
                Ok(Err(Trouble::Failed(reason))) => Event::Failed(reason),
                Ok(Err(Trouble::Lost(reason))) => Event::Lost(reason),
                Err(_) => Event::Lost(format!("no answer within {} s", PATIENCE.as_secs())),
            };
            if matches!(event, Event::Lost(_)) {
                // Nothing may be sent on a line whose answers are out of step.
                self.close();
            }
            event
        })
    }

    fn bring(&mut self, rows: DumpRows) {
        self.rows = Some(rows);
    }

    fn canceller(&self) -> Box<dyn Fn() -> Wait<'static, ()> + Send + Sync> {
        let canceller = Arc::clone(&self.canceller);
        Box::new(move || {
            let canceller = canceller.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Box::pin(async move {
                if let Some(canceller) = canceller {
                    canceller.cancel().await;
                }
            })
        })
    }
}
