//! The machine: what comes next, given what happened. No input, no output, no clock.

use std::collections::{BTreeMap, BTreeSet};

mod ending;
mod restoring;
mod watching;

use self::restoring::Restoring;
use self::watching::{Look, Watched};
use super::guard::{self, split_tag};
use super::{Event, Finished, HeldLock, LedgerGate, Purpose, Reply, StatementTrace, Step};
use super::{bystander, in_the_way, message, strongest_first, via};
use crate::approval::{Countersigned, SignedBytes};
use crate::census::{Baseline, Census, Question, Target, stop_question_id};
use crate::digest::Digest;
use crate::ledger::Body;
use crate::plan::{Plan, PlannedStatement, SealedPlan, Stage, Via};
use crate::rehearsal::Rehearsal;
use crate::runbook::{ObjectName, Principal, StepId, StopSign};

/// The questions of a census around a plan: its checks, and its stop conditions under `stop:<id>`.
#[must_use]
pub fn questions(plan: &Plan) -> Vec<Question> {
    let stops = plan.stops.iter().filter_map(|stop| match &stop.sign {
        StopSign::Query { query, expect: _ } => Some(Question::of_query(stop_question_id(&stop.id), query)),
        StopSign::ErrorContains(_) => None,
    });
    plan.checks.iter().map(Question::of).chain(stops).collect()
}

/// Runs or rehearses one plan, one step at a time.
pub struct Machine {
    door: Door,
    plan: SealedPlan,
    baseline: Option<Baseline>,
    phase: Phase,
    stage: usize,
    connection: Option<Connection>,
    names: BTreeMap<String, ObjectName>,
    held: BTreeSet<HeldLock>,
    xid: Option<String>,
    watched: Watched,
    stage_entry: Option<Census>,
    committed: Vec<StepId>,
    finished: Finished,
}

/// Which door the machine was entered by. Only a run can commit.
enum Door {
    /// One transaction over all stages, ended by ROLLBACK.
    Rehearse {
        /// Whether the ledger is there, and with it the target's mutex.
        with_ledger: bool,
    },
    /// One transaction a stage, ended by COMMIT.
    Run(Box<RunDoor>),
}

struct RunDoor {
    countersigned: Countersigned,
    approved: Rehearsal,
    run: String,
    operator: Principal,
    signature: SignedBytes,
}

struct Connection {
    target: Target,
    pid: i32,
    backend_start: String,
}

/// What the machine is waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Fresh,
    Intent,
    Connecting,
    Sequences,
    Beginning,
    Pinning,
    AssertingEntry,
    Mutex,
    Names,
    Holders,
    Locking,
    OpeningGate,
    EntryCensus,
    Restoring(Restoring),
    BooksBefore,
    Statement(usize),
    LookingAround(usize),
    Constraints,
    Restored,
    AssertingExit,
    Books(Look),
    Attributing(Look),
    InsideCensus,
    Gate,
    AssertingEnd,
    Recording,
    LastGate,
    Committing,
    RollingBack,
    After { committed: bool },
    Done,
}

impl Machine {
    /// Opens the run door. Nothing but a [`Countersigned`] fits.
    #[must_use]
    pub fn run(
        countersigned: Countersigned,
        approved: Rehearsal,
        baseline: Option<Baseline>,
        run: String,
        operator: SignedBytes,
    ) -> Self {
        let plan = countersigned.plan().clone();
        // Checked when it was countersigned, and again here, just before anything is sent.
        assert_eq!(plan.digest(), countersigned.request().plan_digest, "BUG: countersigned a different plan");
        assert_eq!(plan.digest(), approved.plan_digest, "BUG: rehearsed a different plan");
        let door = RunDoor { countersigned, approved, run, operator: operator.principal.clone(), signature: operator };
        Self::new(Door::Run(Box::new(door)), plan, baseline)
    }

    /// Opens the rehearsal door: the same statements, the same guards, ended by ROLLBACK.
    #[must_use]
    pub fn rehearse(plan: SealedPlan, baseline: Option<Baseline>, with_ledger: bool) -> Self {
        Self::new(Door::Rehearse { with_ledger }, plan, baseline)
    }

    fn new(door: Door, plan: SealedPlan, baseline: Option<Baseline>) -> Self {
        Self {
            door,
            plan,
            baseline,
            phase: Phase::Fresh,
            stage: 0,
            connection: None,
            names: BTreeMap::new(),
            held: BTreeSet::new(),
            xid: None,
            watched: Watched::default(),
            stage_entry: None,
            committed: Vec::new(),
            finished: Finished::not_begun(),
        }
    }

    /// Returns whether COMMIT may already have been sent: a cancel is then too late.
    #[must_use]
    pub fn is_past_cancelling(&self) -> bool {
        matches!(self.phase, Phase::Committing | Phase::RollingBack | Phase::After { .. } | Phase::Done)
    }

    /// Takes what happened; gives what to do next.
    ///
    /// # Panics
    /// When it is called again after [`Step::Done`]: that is a bug of the caller.
    pub fn on(&mut self, event: Event) -> Step {
        match (self.phase.clone(), event) {
            (Phase::Done, _) => panic!("BUG: the machine was asked to go on after it was done"),
            // The one place where not knowing is possible.
            (Phase::Committing, Event::Answered(reply)) => self.committed_or_not(&reply),
            (Phase::Committing, Event::Lost(reason) | Event::Failed(reason)) => self.unknown(reason),
            (Phase::After { committed }, event) => self.verified_after(committed, event),
            (Phase::RollingBack, _) => self.look_after(false),
            (
                Phase::Fresh | Phase::Intent | Phase::Connecting | Phase::Sequences,
                Event::Failed(reason) | Event::Lost(reason),
            ) => self.end_before_begin(reason),
            (Phase::Fresh | Phase::Intent | Phase::Connecting | Phase::Sequences, Event::Cancelled) => {
                self.end_before_begin("cancelled before anything was sent".to_owned())
            }
            (Phase::Sequences, Event::Answered(reply)) => self.sequences_read(&reply),
            (_, Event::Cancelled) => self.surprise("cancelled by a person"),
            (_, Event::Failed(reason)) => self.surprise(reason),
            // The server rolls back what its client lost.
            (_, Event::Lost(reason)) => {
                self.note_failure(format!("the connection was lost before COMMIT was sent: {reason}"));
                self.look_after(false)
            }
            (Phase::Fresh, Event::Start) => self.start(),
            (Phase::Intent, Event::Appended) => self.connect(),
            (Phase::Connecting, Event::Connected { target, pid, backend_start, acts_as, blind }) => {
                self.connected(Connection { target, pid, backend_start }, acts_as.as_deref(), &blind)
            }
            (Phase::EntryCensus, Event::CensusTaken(census)) => self.entered(census),
            (Phase::Restoring(at), Event::DumpLoaded(end)) => self.dump_loaded(at, end),
            (Phase::Restoring(at), Event::DifferenceRead(sum)) => self.difference_read(at, &sum),
            (Phase::InsideCensus, Event::CensusTaken(census)) => self.verified_inside(&census),
            (Phase::Gate, Event::LedgerRead(gate)) => match self.forbidden(gate) {
                Some(reason) => self.surprise(format!("the ledger forbids it: {reason}")),
                None => self.look_at_books(Look::Last),
            },
            // Our entry is written and holds the ledger's head: nobody appends before we end. So what this look does not
            // show comes after the run in the chain (D-74: withdrawn until COMMIT is sent).
            (Phase::Recording, Event::Appended) => self.expect(Phase::LastGate, Step::ReadLedger),
            (Phase::LastGate, Event::LedgerRead(gate)) => match self.forbidden(gate) {
                Some(reason) => self.surprise(format!("the ledger forbids it: {reason}")),
                None => self.expect(Phase::Committing, Step::Commit),
            },
            (phase, Event::Answered(reply)) => self.answered(&phase, &reply),
            (phase, event) => self.surprise(format!("BUG: {event:?} came while waiting in {phase:?}")),
        }
    }

    /// Says what the ledger forbids. A rehearsal has no approvals that could be gone.
    fn forbidden(&self, gate: LedgerGate) -> Option<String> {
        match &self.door {
            Door::Run(door) => gate.forbids(&door.countersigned),
            Door::Rehearse { .. } => gate.stop.or(gate.void),
        }
    }

    fn expect(&mut self, phase: Phase, step: Step) -> Step {
        self.phase = phase;
        step
    }

    fn send(&mut self, phase: Phase, purpose: Purpose, sql: impl Into<String>) -> Step {
        self.expect(phase, Step::Send { sql: sql.into(), purpose })
    }

    fn connect(&mut self) -> Step {
        let needs_ledger = match self.door {
            Door::Rehearse { with_ledger } => with_ledger,
            Door::Run(_) => true,
        };
        let run_as = self.plan.plan().run_as.clone();
        self.expect(Phase::Connecting, Step::Connect { needs_ledger, run_as })
    }

    fn stage_plan(&self) -> &Stage {
        &self.plan.plan().stages[self.stage]
    }

    fn start(&mut self) -> Step {
        match &self.door {
            Door::Rehearse { .. } => self.connect(),
            // Intent before deed.
            Door::Run(door) => {
                let intent = Body::Intent {
                    request_digest: door.countersigned.request_digest(),
                    run: door.run.clone(),
                    operator: door.operator.clone(),
                    signature: door.signature.clone(),
                };
                self.expect(Phase::Intent, Step::AppendApart(intent))
            }
        }
    }

    fn connected(&mut self, connection: Connection, acts_as: Option<&str>, blind: &[String]) -> Step {
        if let Some(reason) = guard::target_surprise(self.plan.plan(), &connection.target, acts_as) {
            return self.end_before_begin(reason);
        }
        if !blind.is_empty() {
            return self.end_before_begin(format!("the role cannot see enough: {}", blind.join("; ")));
        }
        self.connection = Some(connection);
        self.held.clear();
        self.xid = None;
        self.read_sequences()
    }

    fn begin(&mut self) -> Step {
        self.send(Phase::Beginning, Purpose::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    }

    /// Handles the answer to a message.
    fn answered(&mut self, phase: &Phase, reply: &Reply) -> Step {
        let expected_tag = match phase {
            Phase::Statement(index) => return self.statement_answered(*index, reply),
            Phase::Beginning => "BEGIN",
            Phase::Locking => "LOCK TABLE",
            Phase::Constraints if !self.is_via_gate() => "SET CONSTRAINTS",
            Phase::Restoring(at) => at.tag(),
            _ => "SELECT",
        };
        if let Some(reason) = guard::answer_surprise(reply, expected_tag) {
            return self.surprise(our_message_refused(phase, &reason) + &in_the_way(reply));
        }
        match phase {
            Phase::Beginning => {
                let sql = message::pin(&self.plan.plan().settings);
                self.send(Phase::Pinning, Purpose::Pin, sql)
            }
            Phase::Pinning => self.assert_settings(Phase::AssertingEntry),
            Phase::AssertingEntry => match guard::settings_surprise(&self.plan.plan().settings, reply) {
                Some(reason) => self.surprise(reason),
                None => match self.door {
                    Door::Rehearse { with_ledger: false } => self.read_names(),
                    // One executor at a time; NOWAIT, so that a second one hears of it at once.
                    Door::Rehearse { with_ledger: true } | Door::Run(_) => {
                        self.send(Phase::Mutex, Purpose::Mutex, "SELECT 1 FROM countersign.mutex FOR UPDATE NOWAIT")
                    }
                },
            },
            // A row that is not there locks nothing, and two could run at once.
            Phase::Mutex if reply.tags != ["SELECT 1"] => {
                self.surprise("the target's mutex row is missing; the ledger's owner must put it back")
            }
            Phase::Mutex => self.read_names(),
            Phase::Names => {
                self.names = reply.rows.iter().filter_map(|row| message::name_of(row)).collect();
                self.ask_holders()
            }
            Phase::Holders => {
                let holders = bystander::read(&reply.rows, &self.names);
                self.stage_trace().holders = holders;
                self.lock_tables()
            }
            Phase::Locking | Phase::OpeningGate => self.take_entry_census(),
            Phase::BooksBefore => self.books_opened(reply),
            Phase::LookingAround(index) => self.looked_around(*index, reply),
            Phase::Books(look) => self.books_read(*look, reply),
            Phase::Attributing(look) => self.attributed(*look, reply),
            Phase::Restoring(at) => self.restoring_answered(*at),
            Phase::Constraints => self.verify_restored(),
            Phase::Restored => self.restored(reply),
            Phase::AssertingExit => match guard::settings_surprise(&self.plan.plan().settings, reply) {
                Some(reason) => self.surprise(reason),
                None => self.look_at_books(Look::After),
            },
            Phase::AssertingEnd => match guard::settings_surprise(&self.plan.plan().settings, reply) {
                Some(reason) => self.surprise(reason),
                None => self.end_stage(),
            },
            phase => {
                let reason = format!("BUG: an answer came while waiting in {phase:?}");
                self.surprise(reason)
            }
        }
    }

    fn assert_settings(&mut self, phase: Phase) -> Step {
        let sql = message::read_settings(&self.plan.plan().settings);
        self.send(phase, Purpose::AssertSettings, sql)
    }

    /// A dropped relation shows as a bare OID to its own transaction, so names are read first.
    fn read_names(&mut self) -> Step {
        self.send(Phase::Names, Purpose::Names, message::NAMES)
    }

    /// Whom the stage would wait for is asked before it holds anything itself.
    fn ask_holders(&mut self) -> Step {
        let sql = message::holders(self.stage_plan(), &self.plan.plan().settings);
        self.send(Phase::Holders, Purpose::Holders, sql)
    }

    /// Stops writers on the scoped shared tables and lets readers through, in the plan's fixed order.
    fn lock_tables(&mut self) -> Step {
        if self.is_via_gate() {
            return self.open_gate();
        }
        match message::lock(&self.stage_plan().locked_tables) {
            None => self.take_entry_census(),
            Some(sql) => self.send(Phase::Locking, Purpose::LockTables, sql),
        }
    }

    /// The gate locks with its own rights, and is opened even when there is nothing to lock.
    fn open_gate(&mut self) -> Step {
        let sql = match &self.door {
            Door::Rehearse { .. } => via::rehearse(self.plan.text(), self.stage),
            Door::Run(door) => via::open(door.countersigned.request_digest(), &door.run, self.stage),
        };
        self.send(Phase::OpeningGate, Purpose::OpenGate, sql)
    }

    fn is_via_gate(&self) -> bool {
        self.plan.plan().via == Some(Via::Gate)
    }

    fn take_entry_census(&mut self) -> Step {
        let questions = questions(self.plan.plan());
        self.expect(Phase::EntryCensus, Step::TakeCensus(questions))
    }

    fn take_inside_census(&mut self) -> Step {
        let questions = questions(self.plan.plan());
        self.expect(Phase::InsideCensus, Step::TakeCensus(questions))
    }

    /// Compares the census under the locks with what was approved; any difference rolls back.
    fn entered(&mut self, census: Census) -> Step {
        let baseline = self.baseline.as_ref().map(|baseline| &baseline.census);
        let tripped = guard::tripped(&self.plan.plan().stops, baseline, &census);
        let surprise = match &self.door {
            Door::Run(door) => {
                guard::entry_surprise(&self.plan.plan().checks, &door.approved.entry_of_stage(self.stage), &census)
            }
            Door::Rehearse { .. } => None,
        };
        self.stage_entry = Some(census.clone());
        self.finished.entry.get_or_insert(census);
        if let Some(tripped) = tripped {
            return self.trip(tripped);
        }
        match surprise {
            Some(reason) => self.surprise(reason),
            None => self.begin_restoring(),
        }
    }

    fn send_statement(&mut self, index: usize) -> Step {
        let Some(statement) = self.stage_plan().statements.get(index) else {
            // Deferred work runs here, inside the timeout, and not at COMMIT, after everything was verified.
            let sql = if self.is_via_gate() { via::CONSTRAINTS } else { "SET CONSTRAINTS ALL IMMEDIATE" };
            return self.send(Phase::Constraints, Purpose::Constraints, sql);
        };
        let mut sql = statement.sql.clone();
        assert_eq!(Digest::of(sql.as_bytes()), statement.sha256, "BUG: the statement is not the one that was sealed");
        if self.is_via_gate() {
            // The gate takes the text from the plan itself, which it was given or found in the ledger by its digest.
            sql = via::statement(self.stage, index);
        }
        self.send(Phase::Statement(index), Purpose::Statement { stage: self.stage, statement: index }, sql)
    }

    fn statement_answered(&mut self, index: usize, reply: &Reply) -> Step {
        let heard = self.is_via_gate().then(|| via::heard(reply));
        let reply = heard.as_ref().unwrap_or(reply);
        let planned: &PlannedStatement = &self.stage_plan().statements[index];
        let surprise = guard::statement_surprise(planned, reply);
        let tag = reply.tags.last().cloned().unwrap_or_default();
        let trace = StatementTrace {
            step: self.stage_plan().step.clone(),
            ordinal: planned.ordinal,
            rows: split_tag(&tag).1.map(|rows| rows.to_string()),
            tag,
            duration_millis: reply.duration_millis,
            notices: reply.notices.clone(),
            locks: Vec::new(),
            waiting: Vec::new(),
            blockers: reply.blockers.clone(),
            surprise: surprise.clone(),
        };
        let place = format!("{}, statement {}", trace.step, trace.ordinal);
        self.finished.trace.statements.push(trace);
        if let Some(tripped) = guard::tripped_by_error(&self.plan.plan().stops, reply) {
            return self.trip(tripped);
        }
        if let Some(surprise) = surprise {
            let reason = format!("{place}: {surprise}{}", in_the_way(reply));
            return if guard::may_have_committed(reply) { self.unknown(reason) } else { self.surprise(reason) };
        }
        self.send(Phase::LookingAround(index), Purpose::LookAround, message::LOOK_AROUND)
    }

    fn looked_around(&mut self, index: usize, reply: &Reply) -> Step {
        let xid = reply.rows.first().and_then(|row| row.first().cloned().flatten());
        if self.xid.is_some() && self.xid != xid {
            let reason = format!(
                "the transaction changed under the statement: expected id {}, actual {}",
                self.xid.clone().unwrap_or_default(),
                xid.unwrap_or_else(|| "none".to_owned())
            );
            return self.surprise(reason);
        }
        self.xid = xid;
        let now: BTreeSet<HeldLock> = reply.rows.iter().filter_map(|row| self.lock_of(row)).collect();
        let new: Vec<HeldLock> = now.difference(&self.held).cloned().collect();
        self.held = now;
        if let Some(trace) = self.finished.trace.statements.last_mut() {
            trace.locks = strongest_first(&new).into_iter().cloned().collect();
            trace.waiting = bystander::waiting(&reply.rows, &self.names);
        }
        self.send_statement(index + 1)
    }

    fn lock_of(&self, row: &[Option<String>]) -> Option<HeldLock> {
        let [_, oid, schema, name, mode, rest @ ..] = row else { return None };
        if bystander::is_named(rest) {
            return None;
        }
        let relation = match (schema, name) {
            (Some(schema), Some(name)) => ObjectName::new(schema, name),
            _ => self.names.get(oid.as_ref()?)?.clone(),
        };
        // The ledger's own relations are ours, not the script's, and so are a restore's temporary tables.
        let is_ours = relation.schema == "countersign"
            || (self.plan.plan().restore.is_some() && relation.schema.starts_with("pg_temp_"))
            || (self.plan.plan().restore.is_some() && relation.schema.starts_with("pg_toast_temp_"));
        (!is_ours).then(|| HeldLock { relation, mode: mode.clone().unwrap_or_default() })
    }
}

fn our_message_refused(phase: &Phase, reason: &str) -> String {
    match phase {
        Phase::Mutex => format!("another run or rehearsal holds this target, or the ledger is not readable: {reason}"),
        Phase::Locking => format!("the shared tables could not be locked in time: {reason}"),
        Phase::OpeningGate => format!("the gate did not open: {reason}"),
        Phase::Constraints => format!("deferred constraints do not hold: {reason}"),
        Phase::Restoring(_) | Phase::Restored => format!("the dump could not be compared with the table: {reason}"),
        Phase::BooksBefore | Phase::Books(_) | Phase::Attributing(_) => {
            format!("the server's books of the transaction could not be read: {reason}")
        }
        _ => format!("{phase:?}: {reason}"),
    }
}
