//! The machine against a pretended server: the innocent way once, then every step failed in every way it can fail.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::approval::fixture::{Desk, at, noon, sign};
use crate::approval::{Countersigned, Namespace, countersign};
use crate::census::{Census, Reading, Target};
use crate::ledger::Body;
use crate::plan::{Plan, Via, canonical};
use crate::runbook::{Check, Expectation, Query, StepId};

mod restoring;
mod via;

/// Prepares the server of a case.
type Prepare = fn(&mut Server);
/// Spoils the rows of an answer.
type Change = fn(&mut Vec<Vec<Option<String>>>);

/// A plan of two stages with one check, countersigned by two people.
fn countersigned() -> (Countersigned, crate::rehearsal::Rehearsal) {
    let mut desk = Desk::new();
    let mut second = desk.plan.stages[0].clone();
    second.step = StepId::from("SB-13");
    desk.plan.stages.push(second);
    for stage in &mut desk.plan.stages {
        stage.locked_tables = vec![crate::runbook::ObjectName::new("public", "queue_heartbeat")];
    }
    desk.plan.checks = vec![Check {
        accepted: None,
        limit_millis: None,
        id: "relations".into(),
        title: "relations".to_owned(),
        object: None,
        query: Query::Sql("SELECT count(*) FROM public.governance_relations".to_owned()),
        expect: Expectation::Equals("8".to_owned()),
        steps: Vec::new(),
        per_step: BTreeMap::new(),
    }];
    desk.rehearsal.entry.readings = readings("8");
    let entry = desk.rehearsal.entry.clone();
    let comparison = crate::census::compare(&desk.plan.checks, None, &entry, crate::census::CompareScope::Everything);
    desk.rehearsal.inside = vec![comparison.clone(), comparison];
    desk.request.steps = desk.plan.stages.iter().map(|stage| stage.step.clone()).collect();
    desk.bind();
    let signatures = [desk.approval("lan"), desk.approval("minh")];
    let rehearsal = desk.rehearsal.clone();
    let key = countersign(desk.sealed(), &rehearsal, desk.request.clone(), &signatures, &desk.version, noon()).unwrap();
    (key, rehearsal)
}

fn readings(relations: &str) -> BTreeMap<crate::runbook::CheckId, Reading> {
    [("relations".into(), Reading::Value(Some(relations.to_owned())))].into()
}

/// A gate that forbids nothing: the roster in force is the one the plan names.
fn well() -> LedgerGate {
    static DEEDS: LazyLock<Vec<crate::approval::RosterDeed>> = LazyLock::new(|| Desk::new().deeds);
    LedgerGate { rosters: DEEDS.clone(), ..LedgerGate::default() }
}

/// A second version that two reviewers of the first one brought into force.
fn second_roster() -> Vec<crate::approval::RosterDeed> {
    use crate::approval::fixture::{approve_roster, person, propose, roster_text};
    let mut deeds = Desk::new().deeds;
    let text = roster_text() + &person("new", "human", r#"["reviewer"]"#);
    let (proposed, document) = propose(&deeds, &text, "lan");
    deeds.extend([proposed, approve_roster(&document, "minh")]);
    deeds
}

/// A server that answers as it should, but for one step.
struct Server {
    plan: Plan,
    committed: usize,
    log: Vec<String>,
    /// Looks at the books so far; a stage has three.
    looks: usize,
    /// A block with an EXCEPTION clause altered the table: the books show another transaction's number.
    altered: bool,
    /// What the server says of that number.
    whose: &'static str,
}

impl Server {
    fn new(plan: Plan) -> Self {
        Self { plan, committed: 0, log: Vec::new(), looks: 0, altered: false, whose: "in progress" }
    }

    fn census(&self, relations: &str) -> Census {
        Census { taken_at: at("2026-06-01T12:00:01Z"), target: self.plan.target.clone(), readings: readings(relations) }
    }

    fn answer(&mut self, step: &Step) -> Event {
        self.log.push(name(step));
        let reply = |tag: &str| Reply {
            tags: vec![tag.to_owned()],
            status: TransactionStatus::InTransaction,
            duration_millis: 1,
            ..Reply::default()
        };
        match step {
            Step::AppendApart(_) | Step::AppendInside(_) => Event::Appended,
            Step::Connect { .. } => Event::Connected {
                target: self.plan.target.clone(),
                pid: 7,
                backend_start: "2026-06-01".to_owned(),
                acts_as: None,
                blind: Vec::new(),
            },
            Step::Send { purpose, sql } => Event::Answered(match purpose {
                Purpose::Begin => reply("BEGIN"),
                Purpose::Pin | Purpose::Mutex | Purpose::Names | Purpose::Holders | Purpose::OpenGate => {
                    reply("SELECT 1")
                }
                Purpose::AssertSettings => Reply { rows: self.settings(), ..reply("SELECT 17") },
                Purpose::LockTables => reply("LOCK TABLE"),
                Purpose::Statement { .. } if self.plan.via.is_some() => {
                    Reply { rows: vec![vec![Some("DELETE".to_owned()), Some("4".to_owned())]], ..reply("SELECT 1") }
                }
                Purpose::Statement { .. } => reply("DELETE 4"),
                Purpose::LookAround => {
                    let row = vec![Some(format!("{}", 900 + self.committed)), None, None, None, None];
                    Reply { rows: vec![row], ..reply("SELECT 1") }
                }
                Purpose::Constraints if self.plan.via.is_some() => reply("SELECT 1"),
                Purpose::Constraints => reply("SET CONSTRAINTS"),
                Purpose::Restore => match sql.split(' ').next() {
                    Some("ANALYZE") => reply("ANALYZE"),
                    Some("SET") => reply("SET CONSTRAINTS"),
                    Some("SELECT") => Reply { rows: vec![vec![Some("0".to_owned())]], ..reply("SELECT 1") },
                    Some(_) | None if sql.contains("WITH NO DATA") => reply("CREATE TABLE AS"),
                    Some(_) | None => reply("SELECT 3"),
                },
                Purpose::Sequences => Reply { status: TransactionStatus::Idle, ..reply("SELECT 0") },
                Purpose::Books => {
                    self.looks += 1;
                    Reply { rows: self.books(), ..reply("SELECT 2") }
                }
                Purpose::Attribute => {
                    let row = vec![Some("905".to_owned()), Some(self.whose.to_owned())];
                    Reply { rows: vec![row], ..reply("SELECT 1") }
                }
            }),
            Step::TakeCensus(_) | Step::TakeCensusAfter(_) => Event::CensusTaken(self.census("8")),
            Step::LoadDump(restore) => {
                let dump = &restore.dump;
                Event::DumpLoaded(crate::restore::CopyEnd { rows: dump.rows, digest: dump.sha256 })
            }
            Step::ReadDifference(restore) => Event::DifferenceRead(restore.difference),
            Step::ReadLedger => Event::LedgerRead(well()),
            Step::Commit => {
                self.committed += 1;
                Event::Answered(Reply { status: TransactionStatus::Idle, ..reply("COMMIT") })
            }
            Step::Rollback => Event::Answered(Reply { status: TransactionStatus::Idle, ..reply("ROLLBACK") }),
            Step::Done(_) => panic!("the machine was done"),
        }
    }

    /// The transaction's number, and four rows deleted once the statement was sent.
    fn books(&self) -> Vec<Vec<Option<String>>> {
        let row = |cells: [&str; 10]| {
            cells.iter().map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned())).collect::<Vec<_>>()
        };
        let xid = format!("{}", 900 + self.committed);
        let mut rows = vec![row(["x", "", "", "", "", "", "", &xid, "on", ""])];
        let is_after = self.looks % 3 != 1;
        let (said, xids) = if self.altered && is_after { ("1:2", "700 905") } else { ("1:1", "700") };
        rows.push(row(["o", "r16400", "table", "public", "queue_heartbeat", "", "", said, xids, "16400"]));
        if is_after {
            rows.push(row(["w", "r16400", "", "public", "queue_heartbeat", "", "", "0", "0", "4"]));
        }
        rows
    }

    fn settings(&self) -> Vec<Vec<Option<String>>> {
        let settings = &self.plan.settings;
        let all = settings.to_set().into_iter().chain(settings.asserted.clone());
        all.map(|(name, value)| vec![Some(name), Some(value)]).collect()
    }
}

fn name(step: &Step) -> String {
    match step {
        Step::AppendApart(body) => format!("append {} apart", body.kind()),
        Step::AppendInside(body) => format!("append {} inside", body.kind()),
        Step::Send { purpose, .. } => format!("{purpose:?}").split(' ').next().unwrap_or_default().to_owned(),
        Step::Connect { .. } => "Connect".to_owned(),
        Step::TakeCensus(_) => "census inside".to_owned(),
        Step::LoadDump(_) => "load dump".to_owned(),
        Step::ReadDifference(_) => "read difference".to_owned(),
        Step::ReadLedger => "read ledger".to_owned(),
        Step::Commit => "COMMIT".to_owned(),
        Step::Rollback => "ROLLBACK".to_owned(),
        Step::TakeCensusAfter(_) => "census after".to_owned(),
        Step::Done(_) => "done".to_owned(),
    }
}

/// Drives a run; at the step numbered `at`, `spoil` replaces the answer.
fn drive(spoil_at: usize, spoil: &dyn Fn(&Step, Event) -> Option<Event>) -> (Finished, Vec<String>, Option<Step>) {
    drive_with(&|_| (), spoil_at, spoil)
}

/// Drives a run against a server that is prepared first.
fn drive_with(
    prepare: &dyn Fn(&mut Server),
    spoil_at: usize,
    spoil: &dyn Fn(&Step, Event) -> Option<Event>,
) -> (Finished, Vec<String>, Option<Step>) {
    drive_key(countersigned(), prepare, spoil_at, spoil)
}

/// Drives the run of one countersigned plan.
fn drive_key(
    (key, rehearsal): (Countersigned, crate::rehearsal::Rehearsal),
    prepare: &dyn Fn(&mut Server),
    spoil_at: usize,
    spoil: &dyn Fn(&Step, Event) -> Option<Event>,
) -> (Finished, Vec<String>, Option<Step>) {
    let plan = key.plan().plan().clone();
    let bytes = canonical(key.request()).unwrap().into_bytes();
    let operator = sign("khoa", Namespace::Operate, &bytes);
    let mut machine = Machine::run(key, rehearsal, None, "r".repeat(32), operator);
    let mut server = Server::new(plan);
    prepare(&mut server);
    let (mut event, mut count, mut spoiled) = (Event::Start, 0, None);
    loop {
        let step = machine.on(event);
        if let Step::Done(finished) = step {
            return (*finished, server.log, spoiled);
        }
        let before = server.committed;
        event = server.answer(&step);
        if count == spoil_at
            && let Some(other) = spoil(&step, event.clone())
        {
            // An answer that was not COMMIT means that the server did not commit; a lost one means nobody knows.
            if !matches!(other, Event::Lost(_)) {
                server.committed = before;
            }
            (event, spoiled) = (other, Some(step));
        }
        count += 1;
        assert!(count < 200, "the machine does not end: {:?}", server.log);
    }
}

/// Returns the number of the nth step of this name in the innocent run.
fn step_of(name: &str, nth: usize) -> usize {
    let (_, log, _) = drive(usize::MAX, &|_, _| None);
    let mut found = log.iter().enumerate().filter(|(_, step)| *step == name);
    found.nth(nth - 1).unwrap_or_else(|| panic!("no {nth}. {name} in {log:?}")).0
}

#[test]
fn the_innocent_run_walks_the_sequence_in_order() {
    let (finished, log, _) = drive(usize::MAX, &|_, _| None);
    assert_eq!(finished.outcome, Outcome::Committed);
    assert_eq!(finished.failure, None);
    let stage = "Connect, Sequences, Begin, Pin, AssertSettings, Mutex, Names, Holders, LockTables, census inside, Books, \
                 Statement, LookAround, Constraints, AssertSettings, Books, census inside, read ledger, Books, \
                 AssertSettings, append committed inside, read ledger, COMMIT, census after";
    assert_eq!(log.join(", "), format!("append intent apart, {stage}, {stage}"));
    assert_eq!(finished.trace.statements.len(), 2);
}

#[test]
fn every_step_that_fails_ends_in_rollback_and_never_in_commit() {
    type Spoil = (&'static str, fn(&Step, Event) -> Option<Event>);
    let spoils: [Spoil; 6] = [
        ("error", |_, event| {
            let Event::Answered(reply) = event else { return Some(Event::Failed("refused".to_owned())) };
            let error = ServerError { code: "XX000".to_owned(), message: "boom".to_owned(), detail: None, hint: None };
            Some(Event::Answered(Reply {
                tags: Vec::new(),
                error: Some(error),
                status: TransactionStatus::Failed,
                ..reply
            }))
        }),
        ("lost", |_, _| Some(Event::Lost("reset by peer".to_owned()))),
        ("cancelled", |step, _| {
            (!matches!(step, Step::Commit | Step::Rollback | Step::TakeCensusAfter(_))).then_some(Event::Cancelled)
        }),
        ("failed transaction", |step, event| match (step, event) {
            (Step::Send { .. }, Event::Answered(reply)) => {
                Some(Event::Answered(Reply { status: TransactionStatus::Failed, ..reply }))
            }
            (_, _) => None,
        }),
        ("another tag", |step, event| match (step, event) {
            (Step::Send { .. } | Step::Commit, Event::Answered(reply)) => {
                Some(Event::Answered(Reply { tags: vec!["ROLLBACK".to_owned()], ..reply }))
            }
            (_, _) => None,
        }),
        ("two tags", |step, event| match (step, event) {
            (Step::Send { .. }, Event::Answered(reply)) => {
                let tags = reply.tags.iter().cloned().chain(["COMMIT".to_owned()]).collect();
                Some(Event::Answered(Reply { tags, ..reply }))
            }
            (_, _) => None,
        }),
    ];
    // Once plainly, and once where it has to be asked whose transaction altered a table.
    let plainly: Prepare = |_| ();
    let altered: Prepare = |server| (server.altered, server.whose) = (true, "committed");
    let both: Vec<(Prepare, usize)> =
        [plainly, altered].map(|prepare| (prepare, drive_with(&prepare, usize::MAX, &|_, _| None).1.len())).to_vec();
    for (how, spoil, prepare, whole) in
        spoils.iter().flat_map(|(how, spoil)| both.iter().map(move |(prepare, whole)| (*how, *spoil, *prepare, *whole)))
    {
        for number in 0..whole {
            let (finished, log, spoiled) = drive_with(&prepare, number, &spoil);
            let Some(step) = spoiled else { continue };
            let at = format!("{how} at {number} ({})", name(&step));
            let commits = log.iter().filter(|step| *step == "COMMIT").count();
            let after_last_commit = matches!(step, Step::TakeCensusAfter(_)) && commits == 2;
            let lost_commit = matches!(step, Step::Commit) && how == "lost";
            // A statement that says COMMIT has perhaps committed, whatever is done about it afterwards.
            let said_commit =
                matches!(step, Step::Send { purpose: Purpose::Statement { .. }, .. }) && how == "two tags";
            match &finished.outcome {
                Outcome::Committed => assert!(after_last_commit, "{at}: {log:?}"),
                Outcome::Unknown { token, .. } => {
                    assert!(lost_commit || said_commit, "{at}");
                    assert!(said_commit || token.xid.len() == 3, "{at}");
                    assert_eq!(token.pid, 7, "{at}: the token proves it later");
                }
                Outcome::RolledBack { committed, .. } => {
                    assert!(!lost_commit && !said_commit, "{at}");
                    // Nothing is sent after the step that failed but ROLLBACK and the look afterwards.
                    let rest: Vec<&str> = log[number + 1..].iter().map(String::as_str).collect();
                    assert!(rest.iter().all(|step| ["ROLLBACK", "census after"].contains(step)), "{at}: {rest:?}");
                    let known = commits - usize::from(matches!(step, Step::Commit));
                    assert_eq!(committed.len(), known, "{at}: what is done is stated exactly");
                }
            }
            assert!(finished.failure.is_some(), "{at}: it says why");
        }
    }
}

#[test]
fn what_differs_from_what_was_approved_rolls_back() {
    let census = |relations: &'static str| {
        move |_: &Step, event: Event| match event {
            Event::CensusTaken(census) => Some(Event::CensusTaken(Census { readings: readings(relations), ..census })),
            _ => None,
        }
    };
    // The entry census, and the one inside.
    for number in [step_of("census inside", 1), step_of("census inside", 2)] {
        let (finished, log, _) = drive(number, &census("7"));
        assert!(!log.contains(&"COMMIT".to_owned()), "{number}: {log:?}");
        assert!(matches!(finished.outcome, Outcome::RolledBack { .. }));
    }
    // After COMMIT it is committed, and said to be wrong; the second stage is not begun.
    let (finished, log, _) = drive(step_of("census after", 1), &census("7"));
    assert_eq!(log.iter().filter(|step| *step == "COMMIT").count(), 1, "{log:?}");
    assert!(finished.failure.unwrap().contains("verification after it failed"));
}

#[test]
fn what_another_transaction_altered_is_theirs_and_what_a_part_of_ours_altered_is_ours() {
    let by = |whose: &'static str| {
        drive_with(&move |server| (server.altered, server.whose) = (true, whose), usize::MAX, &|_, _| None)
    };
    let (finished, log, _) = by("committed");
    assert_eq!((&finished.outcome, &finished.failure), (&Outcome::Committed, &None));
    // Asked once a look: the second look knows the answer.
    assert_eq!(log.iter().filter(|step| *step == "Attribute").count(), 2, "{log:?}");
    let (finished, log, _) = by("in progress");
    assert!(!log.contains(&"COMMIT".to_owned()), "{log:?}");
    assert!(finished.failure.unwrap().contains("undeclared effect: public.queue_heartbeat was altered"));
}

#[test]
fn books_that_cannot_be_read_end_it() {
    let books = |change: fn(&mut Vec<Vec<Option<String>>>)| {
        move |step: &Step, event: Event| match (step, event) {
            (Step::Send { purpose: Purpose::Books, .. }, Event::Answered(mut reply)) => {
                change(&mut reply.rows);
                Some(Event::Answered(reply))
            }
            (_, _) => None,
        }
    };
    let cases: [(&str, Change); 4] = [
        ("came back empty", Vec::clear),
        ("track_counts is off", |rows| rows[0][8] = Some("off".to_owned())),
        ("has 3 columns", |rows| rows[1].truncate(3)),
        ("unknown row", |rows| rows[1][0] = Some("z".to_owned())),
    ];
    // The three looks of a stage: before the first statement, after the last, and before the end.
    for number in [1, 2, 3].map(|nth| step_of("Books", nth)) {
        for (words, change) in cases {
            let (finished, log, spoiled) = drive(number, &books(change));
            assert!(spoiled.is_some(), "{number}: {log:?}");
            assert!(!log.contains(&"COMMIT".to_owned()), "{number} {words}: {log:?}");
            let failure = finished.failure.unwrap_or_default();
            assert!(failure.contains(words), "{number}: {failure}");
        }
    }
    let another = |rows: &mut Vec<Vec<Option<String>>>| rows[0][7] = Some("999".to_owned());
    let (finished, _, _) = drive(step_of("Books", 2), &books(another));
    assert!(finished.failure.unwrap().contains("the transaction changed under the stage: expected id 900, actual 999"));
}

#[test]
fn settings_loosened_at_any_time_end_it() {
    for number in [1, 2, 3].map(|nth| step_of("AssertSettings", nth)) {
        let (finished, log, spoiled) = drive(number, &|step, event| match (step, event) {
            (Step::Send { purpose: Purpose::AssertSettings, .. }, Event::Answered(mut reply)) => {
                for row in reply.rows.iter_mut().filter(|row| row[0].as_deref() == Some("statement_timeout")) {
                    row[1] = Some("0".to_owned());
                }
                Some(Event::Answered(reply))
            }
            (_, _) => None,
        });
        assert!(spoiled.is_some(), "{number}: {log:?}");
        assert!(!log.contains(&"COMMIT".to_owned()), "{number}: {log:?}");
        assert!(finished.failure.unwrap().contains("setting statement_timeout: expected 30000, actual 0"));
    }
}

#[test]
fn another_database_a_blind_role_a_stop_and_a_withdrawal_end_it() {
    let connect = |change: fn(&mut Target, &mut Vec<String>)| {
        move |step: &Step, event: Event| match (step, event) {
            (Step::Connect { .. }, Event::Connected { mut target, pid, backend_start, acts_as, mut blind }) => {
                change(&mut target, &mut blind);
                Some(Event::Connected { target, pid, backend_start, acts_as, blind })
            }
            (_, _) => None,
        }
    };
    let cases: [fn(&mut Target, &mut Vec<String>); 5] = [
        |target, _| target.system_identifier.push('9'),
        |target, _| target.role = "somebody".to_owned(),
        |target, _| target.in_recovery = true,
        |target, _| target.timeline += 1,
        |_, blind| blind.push("pg_stat_activity".to_owned()),
    ];
    for case in cases {
        let (finished, log, _) = drive(1, &connect(case));
        assert_eq!(log, ["append intent apart", "Connect"], "nothing was begun");
        assert!(finished.failure.is_some());
    }
    for gate in [
        LedgerGate { stop: Some("stopped".to_owned()), ..well() },
        LedgerGate { void: Some("withdrawn".to_owned()), ..well() },
        // Withdrawn while the operator was signing: counted then, and not any more.
        LedgerGate { withdrawn: ["minh@example.test".into()].into(), ..well() },
        // D-72: no roster, and another one than the plan names.
        LedgerGate::default(),
        LedgerGate { rosters: second_roster(), ..well() },
    ] {
        // Before the last look at the books, and once more when the outcome is written.
        for nth in 1..=2 {
            let (finished, log, _) = drive(step_of("read ledger", nth), &|step, _| {
                matches!(step, Step::ReadLedger).then(|| Event::LedgerRead(gate.clone()))
            });
            assert!(!log.contains(&"COMMIT".to_owned()));
            assert!(finished.failure.unwrap().contains("the ledger forbids it"));
        }
    }
}

#[test]
fn a_rehearsal_never_commits_whatever_it_is_told() {
    let desk = Desk::new();
    let mut server = Server::new(desk.plan.clone());
    let mut machine = Machine::rehearse(desk.sealed(), None, true);
    let mut event = Event::Start;
    loop {
        let step = machine.on(event);
        if let Step::Done(finished) = step {
            assert_eq!(finished.failure, None);
            break;
        }
        event = server.answer(&step);
    }
    assert!(server.log.contains(&"ROLLBACK".to_owned()));
    assert!(!server.log.iter().any(|step| step == "COMMIT" || step.starts_with("append")), "{:?}", server.log);
}

#[test]
fn intent_is_on_record_before_anything_is_sent() {
    let (_, log, _) = drive(0, &|step, _| {
        assert!(matches!(step, Step::AppendApart(Body::Intent { .. })));
        Some(Event::Failed("the ledger is full".to_owned()))
    });
    assert_eq!(log, ["append intent apart"]);
}

#[test]
fn who_holds_who_waits_and_who_was_in_the_way_is_evidence() {
    let session = |pid: &str| {
        ["16400", "public", "extra", "AccessShareLock", pid, "lan", "psql", "idle in transaction", "12:00", "SELECT 1"]
            .map(|cell| Some(cell.to_owned()))
            .to_vec()
    };
    let blocker = bystander_of(&session("42"), &BTreeMap::new()).unwrap();
    let (_, whole, _) = drive(usize::MAX, &|_, _| None);
    let at = |name: &str| whole.iter().position(|step| step == name).unwrap();
    let (finished, _, _) = drive(at("Holders"), &|_, event| match event {
        Event::Answered(reply) => Some(Event::Answered(Reply { rows: vec![session("42")], ..reply })),
        _ => None,
    });
    assert_eq!(finished.outcome, Outcome::Committed, "a holder alone is no surprise");
    assert_eq!(finished.trace.stages[0].holders, std::slice::from_ref(&blocker));
    assert_eq!(finished.trace.stages.len(), 2, "each stage says whom it would wait for");
    let (finished, _, _) = drive(at("LookAround"), &|_, event| match event {
        Event::Answered(mut reply) => {
            let waits = [vec![Some("900".to_owned())], session("43")].concat();
            reply.rows = vec![[vec![Some("900".to_owned())], session("")[..4].to_vec(), vec![None; 6]].concat(), waits];
            Some(Event::Answered(reply))
        }
        _ => None,
    });
    assert_eq!(finished.outcome, Outcome::Committed, "{:?}", finished.failure);
    let statement = &finished.trace.statements[0];
    assert_eq!(statement.waiting.iter().map(|waits| waits.pid).collect::<Vec<_>>(), [43]);
    assert_eq!(statement.locks.len(), 1, "another session's lock is not ours");
    for name in ["LockTables", "Statement", "Constraints"] {
        let (finished, log, _) = drive(at(name), &|_, event| match event {
            Event::Answered(reply) => {
                let message = "canceling statement due to lock timeout".to_owned();
                let error = ServerError { code: "55P03".to_owned(), message, detail: None, hint: None };
                let blockers = vec![blocker.clone()];
                let status = TransactionStatus::Failed;
                Some(Event::Answered(Reply { tags: Vec::new(), error: Some(error), blockers, status, ..reply }))
            }
            _ => None,
        });
        let said = finished.failure.unwrap();
        assert!(said.contains("(55P03)") && said.contains(&blocker.words()), "{name}: {said}");
        assert!(!log.contains(&"COMMIT".to_owned()));
        let traced: Vec<_> = finished.trace.statements.iter().flat_map(|traced| &traced.blockers).collect();
        assert_eq!(traced.len(), usize::from(name == "Statement"), "{name}");
    }
}

#[test]
fn a_plan_for_the_members_of_a_role_asks_who_connects() {
    // Whether the machine goes on after this login says whose rights it has.
    let goes_on = |run_as: Option<&str>, login: &str, acts_as: Option<&str>| {
        let mut desk = Desk::new();
        desk.plan.run_as = run_as.map(str::to_owned);
        let mut machine = Machine::rehearse(desk.sealed(), None, true);
        let asked = machine.on(Event::Start);
        assert_eq!(asked, Step::Connect { needs_ledger: true, run_as: run_as.map(str::to_owned) });
        let mut target = desk.plan.target.clone();
        login.clone_into(&mut target.role);
        let (backend_start, blind) = ("2026-06-01".to_owned(), Vec::new());
        let acts_as = acts_as.map(str::to_owned);
        match machine.on(Event::Connected { target, pid: 7, backend_start, acts_as, blind }) {
            Step::Done(finished) => Err(finished.failure.unwrap()),
            _ => Ok(()),
        }
    };
    assert_eq!(goes_on(None, "ops", None), Ok(()));
    assert_eq!(goes_on(Some("app"), "ops", Some("app")), Ok(()));
    assert_eq!(goes_on(Some("app"), "lan", Some("app")), Ok(()));
    for (run_as, login, acts_as, words) in [
        (None, "lan", None, "role: expected ops, actual lan"),
        (None, "lan", Some("ops"), "role: expected ops, actual lan"),
        (Some("app"), "ops", None, "role: expected a member of app, actual ops"),
        (Some("app"), "ops", Some("other"), "role: expected a member of app, actual ops"),
    ] {
        let said = goes_on(run_as, login, acts_as).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}
