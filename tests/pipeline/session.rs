//! An open transaction of another session (97.2): its owner is asked first; its end is a plan of its own.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::demo::Demo;

/// A session of psql that does what it is told.
pub struct Psql(Child);

impl Psql {
    pub fn at(demo: &Demo) -> Self {
        let mut command = Command::new("psql");
        command.args(["-X", "-q", "-d", demo.text("url")]).env("PGAPPNAME", "a-colleague");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.expect("psql is installed"))
    }

    pub fn tell(&mut self, sql: &str) {
        self.0.stdin.as_mut().unwrap().write_all(format!("{sql}\n").as_bytes()).unwrap();
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the colleague's session is in this state.
pub fn wait_for(demo: &Demo, state: &str) {
    let give_up = Instant::now() + Duration::from_mins(1);
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'a-colleague' AND {state}");
    while demo.psql(&sql) != "1" {
        assert!(Instant::now() < give_up, "never {state}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Stages the end of a session, and has it approved by two people.
fn approved(demo: &Demo, pid: &str) -> String {
    let author = demo.with_role("author", &[]);
    let words = ["session", "stage", demo.text("runbook"), "--pid", pid, "--baseline", demo.text("baseline"), "--json"];
    let staged = demo.run_as(&author, &words).ok().json();
    let request = staged["request"].as_str().unwrap().to_owned();
    let lan = demo.with_role("reviewer", &[]);
    let minh = demo.with_role("reviewer", &[&lan.0]);
    demo.run_as(&lan, &["run", &request, "--confirm", "directus"]).fails(3, "0 of 2 people have approved");
    for reviewer in [&lan, &minh] {
        demo.run_as(reviewer, &["approve", &request]).ok();
    }
    request
}

fn run(demo: &Demo, request: &str) -> super::demo::Answer {
    demo.run_as(&demo.with_role("operator", &[]), &["run", request, "--confirm", "directus"])
}

#[test]
fn a_stuck_session_is_ended_by_two_people_and_everything_is_as_before() {
    let demo = Demo::up(Some("open-transaction"));
    let listed = demo.run(&["session", "list", demo.text("runbook"), "--json"]).fails(1, "1 transaction open").json();
    let session = &listed["sessions"][0];
    assert_eq!(session["session"]["application"], "phase1-build");
    assert!(session["ask"].as_str().unwrap().contains("Please send ROLLBACK"), "{session}");
    let pid = session["session"]["pid"].to_string();
    // Nobody waits a quarter of an hour for a test: the stop that such a session is.
    let runbook = std::path::Path::new(demo.text("runbook")).join("runbook.toml");
    let patient = std::fs::read_to_string(&runbook).unwrap();
    std::fs::write(&runbook, patient.replace("interval '15 minutes'", "interval '0 minutes'")).unwrap();
    demo.run(&["stop", "check", demo.text("runbook"), "--baseline", demo.text("baseline")]).fails(6, "stuck-session");
    // It alone goes on while that stop holds.
    let request = approved(&demo, &pid);
    let shown = demo.run(&["ledger", "show", &request]).ok();
    assert!(shown.out.contains("ends exactly this session") && shown.out.contains("phase1-build"), "{}", shown.out);
    run(&demo, &request).ok();
    demo.run(&["session", "list", demo.text("runbook")]).ok();
    let log = demo.run(&["ledger", "log", "--json"]).ok().json();
    let kinds: Vec<&str> = log["entries"].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert!(kinds.ends_with(&["intent", "committed", "ended"]), "{kinds:?}");
    run(&demo, &request).fails(3, "has been used");
    // D-17: what it had begun is gone, and the finding says so.
    assert_eq!(demo.psql("SELECT to_regclass('public.gov_worker_cursor') IS NULL"), "t");
    let lan = demo.with_role("reviewer", &[]);
    let folder = super::demo::text(&demo.path("finding")).to_owned();
    demo.run_as(&lan, &["finding", "export", &request, "--out", &folder]).ok();
    super::demo::countersign(&["finding", "verify", &folder]).ok();
    // The stop is still there: it is lifted by a restart alone.
    demo.run(&["stop", "show"]).fails(6, "stuck-session");
    let after = super::demo::text(&demo.path("after.json")).to_owned();
    demo.run(&["census", demo.text("runbook"), "--save", &after, "--label", "after the session"]).ok();
    let words = ["restart", "divergence", demo.text("runbook"), "--baseline", &after, "--words", "A build hung."];
    demo.run_as(&lan, &words).ok();
    let minh = demo.with_role("reviewer", &[&lan.0]);
    demo.run_as(&minh, &["restart", "record", "--words", "in force"]).ok();
    let mut words = vec!["restart", "authorise", "--reason", "all of them are sound"];
    words.extend(["SB-12", "SB-13", "SB-10", "SB-11", "SB-2", "SB-1"].iter().flat_map(|step| ["--confirm", *step]));
    let last = demo.run_as(&demo.with_role("sovereign", &[]), &words).ok();
    assert!(last.out.contains("RESTARTED by ledger entry"), "{}", last.out);
    demo.run(&["stop", "show"]).ok();
}

#[test]
fn a_session_that_went_on_is_not_hit() {
    let demo = Demo::up(None);
    let mut colleague = Psql::at(&demo);
    colleague.tell("BEGIN; DELETE FROM public.queue_heartbeat WHERE false;");
    wait_for(&demo, "state = 'idle in transaction'");
    let pid = demo.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'a-colleague'");
    let request = approved(&demo, &pid);
    // Asked, the owner rolls back, and begins something else in the same session.
    let before = demo.psql("SELECT xact_start FROM pg_stat_activity WHERE application_name = 'a-colleague'");
    colleague.tell("ROLLBACK; BEGIN; DELETE FROM public.queue_heartbeat WHERE false;");
    wait_for(&demo, &format!("state = 'idle in transaction' AND xact_start > '{before}'"));
    run(&demo, &request).fails(4, "it is no longer that session");
    wait_for(&demo, "state = 'idle in transaction'");
    let log = demo.run(&["ledger", "log", "--json"]).ok().json();
    let kinds: Vec<&str> = log["entries"].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert!(!kinds.contains(&"committed"), "{kinds:?}");
    // Gone altogether, there is nothing to ask for.
    colleague.tell("ROLLBACK; \\q");
    let give_up = Instant::now() + Duration::from_mins(1);
    while demo.psql(&format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}")) != "0" {
        assert!(Instant::now() < give_up);
        std::thread::sleep(Duration::from_millis(50));
    }
    let author = demo.with_role("author", &[]);
    let words = ["session", "stage", demo.text("runbook"), "--pid", &pid, "--baseline", demo.text("baseline")];
    demo.run_as(&author, &words).fails(3, "holds no open transaction");
    demo.run(&["session", "list", demo.text("runbook")]).ok();
}

#[test]
fn a_login_that_may_not_signal_is_told_before_anybody_signs() {
    let demo = Demo::up(None);
    demo.run(&["ledger", "init", "--grants", "--yes"]).ok();
    demo.psql("CREATE ROLE desk LOGIN; GRANT countersign_desk, pg_read_all_data, pg_read_all_stats TO desk");
    let mut colleague = Psql::at(&demo);
    colleague.tell("BEGIN; DELETE FROM public.queue_heartbeat WHERE false;");
    wait_for(&demo, "state = 'idle in transaction'");
    let pid = demo.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'a-colleague'");
    let url = demo.text("url").replace("user=postgres", "user=desk");
    let (author, key) = demo.with_role("author", &[]);
    let words = ["session", "stage", demo.text("runbook"), "--pid", &pid, "--baseline", demo.text("baseline")];
    let mut words = words.to_vec();
    words.extend(["--as", &author, "--key", &key, "--db", &url]);
    super::demo::countersign(&words).fails(3, "this login may not end it");
    // A superuser's session is for a superuser to end, whoever may signal others.
    demo.psql("GRANT pg_signal_backend TO desk");
    super::demo::countersign(&words).fails(3, "this login may not end it");
}
