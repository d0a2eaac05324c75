//! A restore is a run with more steps: the innocent way once, then every step failed, and every difference refused.

use super::*;
use crate::digest::Digest;
use crate::plan::{NamedChange, PlannedStatement, Verb, names_of};
use crate::restore::{CopyEnd, DifferenceSum, DumpForm, DumpNote, Grounds, LaterRows, Restore, Scope, deeds};
use crate::runbook::sql::split;
use crate::runbook::{ObjectName, RowsExpected};

/// Four rows that only the table has, and that are deleted.
fn restore() -> Restore {
    Restore {
        table: ObjectName::new("public", "queue_heartbeat"),
        columns: vec!["executor_name".to_owned(), "state".to_owned()],
        key_columns: vec!["executor_name".to_owned()],
        dump: DumpNote {
            file: "before.dump".to_owned(),
            form: DumpForm::Custom,
            server_version: None,
            dump_version: None,
            taken_at: None,
            encoding: "UTF8".to_owned(),
            rows: 7,
            sha256: Digest::of(b"rows"),
        },
        scope: Scope::Table,
        declared_key: String::new(),
        later_rows: LaterRows::Delete,
        paused: Vec::new(),
        refers_to_itself: false,
        difference: DifferenceSum { only_in_dump: 0, only_live: 4, changed: 0, digest: Digest::of(b"four") },
        kept: 0,
        grounds: Grounds { evidence: vec!["a count".to_owned()], statement: None },
    }
}

fn restoring() -> (Countersigned, crate::rehearsal::Rehearsal) {
    let mut desk = Desk::new();
    let restore = restore();
    let stage = &mut desk.plan.stages[0];
    stage.step = StepId::from("restore public.queue_heartbeat");
    stage.locked_tables = vec![restore.table.clone()];
    (stage.statements, stage.names) = (Vec::new(), Vec::<NamedChange>::new());
    for (ordinal, deed) in (1..).zip(deeds(&restore).statements) {
        let parsed = split(&deed.sql).unwrap();
        stage.names.extend(names_of(&parsed[0], ordinal, "public"));
        stage.statements.push(PlannedStatement {
            ordinal,
            line: 1,
            sha256: Digest::of(deed.sql.as_bytes()),
            sql: deed.sql,
            tag: parsed[0].tag.clone(),
            rows: deed.rows.map(RowsExpected::Exactly),
            notices: Vec::new(),
        });
    }
    desk.plan.restore = Some(restore);
    desk.request.verb = Verb::Restore;
    desk.request.steps = vec![desk.plan.stages[0].step.clone()];
    desk.bind();
    let signatures = [desk.approval("lan"), desk.approval("minh")];
    let rehearsal = desk.rehearsal.clone();
    let key = countersign(desk.sealed(), &rehearsal, desk.request.clone(), &signatures, &desk.version, noon()).unwrap();
    (key, rehearsal)
}

fn drive_restore(at: usize, spoil: &dyn Fn(&Step, Event) -> Option<Event>) -> (Finished, Vec<String>, Option<Step>) {
    drive_key(restoring(), &|_| (), at, spoil)
}

#[test]
fn the_dump_is_compared_before_the_books_are_opened_and_after_the_last_statement() {
    let (finished, log, _) = drive_restore(usize::MAX, &|_, _| None);
    assert_eq!((&finished.outcome, &finished.failure), (&Outcome::Committed, &None), "{log:?}");
    assert_eq!(
        log.join(", "),
        "append intent apart, Connect, Sequences, Begin, Pin, AssertSettings, Mutex, Names, Holders, LockTables, census inside, \
         Restore, load dump, Restore, Restore, read difference, Restore, Books, Statement, LookAround, Constraints, Restore, \
         AssertSettings, Books, census inside, read ledger, Books, AssertSettings, append committed inside, read ledger, \
         COMMIT, census after"
    );
}

#[test]
fn a_restore_whose_step_fails_ends_as_a_run_does() {
    let whole = drive_restore(usize::MAX, &|_, _| None).1.len();
    for how in ["failed", "lost", "cancelled"] {
        for number in 0..whole {
            let spoil = |step: &Step, _: Event| match how {
                "failed" => Some(Event::Failed("refused".to_owned())),
                "lost" => Some(Event::Lost("reset by peer".to_owned())),
                _ => (!matches!(step, Step::Commit | Step::Rollback | Step::TakeCensusAfter(_)))
                    .then_some(Event::Cancelled),
            };
            let (finished, log, spoiled) = drive_restore(number, &spoil);
            let Some(step) = spoiled else { continue };
            let at = format!("{how} at {number} ({})", name(&step));
            match &finished.outcome {
                Outcome::Committed => assert!(matches!(step, Step::TakeCensusAfter(_)), "{at}"),
                Outcome::Unknown { .. } => assert!(matches!(step, Step::Commit), "{at}"),
                Outcome::RolledBack { .. } => {
                    assert!(!log[number + 1..].iter().any(|step| step == "COMMIT"), "{at}: {log:?}");
                }
            }
        }
    }
}

#[test]
fn another_dump_another_difference_and_rows_that_are_left_roll_back() {
    let check = |words: &str, spoil: &dyn Fn(Event) -> Option<Event>| {
        let whole = drive_restore(usize::MAX, &|_, _| None).1.len();
        let ended: Vec<Finished> = (0..whole)
            .filter_map(|number| {
                let (finished, log, spoiled) = drive_restore(number, &|_, event| spoil(event));
                spoiled.map(|_| {
                    assert!(!log.contains(&"COMMIT".to_owned()), "{log:?}");
                    finished
                })
            })
            .collect();
        assert!(!ended.is_empty(), "{words}");
        for finished in ended {
            assert!(finished.failure.as_ref().is_some_and(|failure| failure.contains(words)), "{:?}", finished.failure);
        }
    };
    check("this is not the dump that was approved", &|event| match event {
        Event::DumpLoaded(end) => Some(Event::DumpLoaded(CopyEnd { rows: end.rows + 1, ..end })),
        _ => None,
    });
    check("this is not the dump that was approved", &|event| match event {
        Event::DumpLoaded(end) => Some(Event::DumpLoaded(CopyEnd { digest: Digest::of(b"others"), ..end })),
        _ => None,
    });
    check("the difference of public.queue_heartbeat is another", &|event| match event {
        Event::DifferenceRead(sum) => {
            Some(Event::DifferenceRead(DifferenceSum { digest: Digest::of(b"four others"), ..sum }))
        }
        _ => None,
    });
    check("1 rows are still not as in the dump", &|event| match event {
        Event::Answered(reply) if reply.rows == [vec![Some("0".to_owned())]] => {
            Some(Event::Answered(Reply { rows: vec![vec![Some("1".to_owned())]], ..reply }))
        }
        _ => None,
    });
}
