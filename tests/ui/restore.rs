//! A table against a dump: the last resort, as people choose it, look at it and stage it.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::digest::Digest;
use countersign::port::{FileError, Lines};
use countersign::restore::{
    Contents, DifferenceSum, DumpForm, DumpNote, DumpedRows, DumpedTable, Grounds, LaterRows, Restore, RowChange, Scope,
};
use countersign::runbook::ObjectName;
use countersign::session::{Command, Event, SeenDifference};
use countersign::ui::Page;
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;
use super::shell::connected;

fn public(name: &str) -> ObjectName {
    ObjectName::new("public", name)
}

/// Lines that are made when they are asked for.
struct Made(usize, fn(usize) -> String);

impl Lines for Made {
    fn count(&self) -> usize {
        self.0
    }

    fn line(&self, at: usize) -> Result<Vec<u8>, FileError> {
        Ok((self.1)(at).into_bytes())
    }
}

fn contents() -> Event {
    let table = |name: &str, rows| DumpedTable { name: public(name), columns: Vec::new(), bytes: Some(4711), rows };
    let contents = Contents {
        form: DumpForm::Custom,
        compression: "gzip".to_owned(),
        database: Some("directus".to_owned()),
        server_version: Some("15.18".to_owned()),
        dump_version: Some("15.18".to_owned()),
        taken_at: Some("2026-05-31 22:10:03".to_owned()),
        encoding: Some("UTF8".to_owned()),
        tables: vec![
            table("queue_heartbeat", DumpedRows::Copy),
            table("gov_worker_cursor", DumpedRows::Copy),
            table("nobodys", DumpedRows::Copy),
        ],
    };
    Event::DumpOpened { path: PathBuf::from("/dumps/before.dump"), contents: Arc::new(contents) }
}

fn restore(changed: u64) -> Restore {
    Restore {
        table: public("queue_heartbeat"),
        columns: vec!["executor_name".to_owned(), "state".to_owned()],
        key_columns: vec!["executor_name".to_owned()],
        dump: DumpNote {
            file: "before.dump".to_owned(),
            form: DumpForm::Custom,
            server_version: None,
            dump_version: None,
            taken_at: None,
            encoding: "UTF8".to_owned(),
            rows: 12,
            sha256: Digest::of(b"rows"),
        },
        scope: Scope::Table,
        declared_key: "executor_name LIKE 'gov\\_%'".to_owned(),
        later_rows: LaterRows::Keep,
        paused: Vec::new(),
        refers_to_itself: false,
        difference: DifferenceSum { only_in_dump: 1, only_live: 0, changed, digest: Digest::of(b"difference") },
        kept: 1,
        grounds: Grounds { evidence: vec!["heartbeats-rest: must hold throughout".to_owned()], statement: None },
    }
}

fn seen(withheld: Option<&str>) -> Event {
    let lines = Made(3, |at| match at {
        0 => "changed\tmail\tidle\tmail\tdead\n".to_owned(),
        1 => "only_in_dump\tprint\tidle\t\\N\t\\N\n".to_owned(),
        _ => "kept\t\\N\t\\N\tlater\tbusy\n".to_owned(),
    });
    Event::DifferenceSeen(Arc::new(SeenDifference {
        restore: restore(1),
        hazards: vec!["Triggers of public.queue_heartbeat are switched off.".to_owned()],
        withheld: withheld.map(str::to_owned),
        is_stopped: false,
        lines: Arc::new(lines),
        changes: vec![RowChange::Changed, RowChange::OnlyInDump, RowChange::Kept],
    }))
}

fn opened() -> Desk {
    let mut desk = connected();
    desk.go(Page::Compare).click("A table against a dump");
    desk.sent();
    desk
}

fn compared(withheld: Option<&str>) -> Desk {
    let mut desk = opened();
    desk.hear(contents()).hear(seen(withheld));
    desk
}

#[test]
fn a_dump_is_opened_and_only_declared_tables_can_be_chosen() {
    let mut desk = opened();
    desk.type_into("Dump file or folder", "/dumps/before.dump").click("Open dump");
    let sent = desk.sent();
    let [Command::OpenDump(path)] = sent.as_slice() else { panic!("{} commands", sent.len()) };
    assert_eq!(*path, PathBuf::from("/dumps/before.dump"));
    desk.hear(contents()).must_say("custom dump, compression gzip").must_say("15.18").must_say("2026-05-31 22:10:03");
    assert!(desk.can("public.queue_heartbeat · 4711 bytes"));
    assert!(!desk.can("public.gov_worker_cursor · 4711 bytes · cannot be chosen"));
    assert!(!desk.can("public.nobodys · 4711 bytes · cannot be chosen"));
    desk.click("public.queue_heartbeat · 4711 bytes").must_say("executor_name LIKE");
    desk.click("The whole table").click("Compare public.queue_heartbeat with the dump");
    let asked = desk.sent();
    let [Command::CompareWithDump(choice)] = asked.as_slice() else { panic!("{} commands", asked.len()) };
    assert_eq!((choice.scope, choice.later_rows, &choice.statement), (Scope::Table, LaterRows::Keep, &None));
    assert_eq!((&choice.table, &choice.dump), (&public("queue_heartbeat"), path));
}

#[test]
fn rows_stand_side_by_side_and_a_row_opens_whole() {
    let mut desk = compared(None);
    desk.must_say("heartbeats-rest: must hold throughout")
        .must_say("Triggers of public.queue_heartbeat are switched off.");
    desk.must_say("changed: executor_name = mail; dump state = idle; live state = dead");
    desk.must_say("only in dump: executor_name = print; dump state = idle; live ");
    desk.must_say("only live, kept: executor_name = later; dump ; live state = busy");
    desk.click("Only in dump 1").must_not_say("executor_name = mail").must_say("executor_name = print");
    desk.click("All 3").click("changed: executor_name = mail; dump state = idle; live state = dead");
    desk.must_say("In the dump").must_say("dead");
    desk.hear(Event::DifferenceSearched(Some(("busy".to_owned(), Arc::new(vec![2])))));
    desk.must_say("executor_name = later").must_not_say("executor_name = print");
}

#[test]
fn exactly_what_was_looked_at_is_staged_and_what_is_withheld_is_not() {
    let desk = compared(Some("no count of public.queue_heartbeat is off"));
    desk.must_say("No restore is offered: no count").must_not_say("Stage the restore of");
    let mut desk = compared(None);
    desk.click("Stage the restore of 2 rows in public.queue_heartbeat…");
    assert!(!desk.can("Stage the restore of 2 rows in public.queue_heartbeat"), "nobody signs yet");
}

#[test]
fn a_million_rows_lay_out_only_what_is_seen() {
    let mut desk = opened();
    desk.hear(contents());
    let lines = Made(1_000_000, |at| format!("changed\tworker-{at:07}\tidle\tworker-{at:07}\tdead\n"));
    desk.hear(Event::DifferenceSeen(Arc::new(SeenDifference {
        restore: restore(1_000_000),
        hazards: Vec::new(),
        withheld: None,
        is_stopped: false,
        lines: Arc::new(lines),
        changes: vec![RowChange::Changed; 1_000_000],
    })));
    desk.must_say("executor_name = worker-0000000").must_say("Changed 1000000");
    let laid_out = desk.harness.state().compare_rows_laid_out();
    assert!((5..=40).contains(&laid_out), "{laid_out} rows laid out");
    desk.click("Only in dump 1").must_say("No row of the difference is listed here.");
    assert_eq!(desk.harness.query_all_by_label_contains("worker-").count(), 0);
}
