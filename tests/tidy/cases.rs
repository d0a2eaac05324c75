//! Holds the rules themselves to account: a made-up fault is caught, and its innocent twin is not.

use super::rules::{RULES, one_door_to_commit};
use super::source::{Source, mark_test_files};

/// Checks what every rule together says about a text, one fault a line, without the path.
#[track_caller]
fn check(path: &str, text: &str, expected: &str) {
    let source = Source::read(path, &format!("//! A room.\n{text}"));
    let said: Vec<String> = RULES
        .iter()
        .flat_map(|rule| rule(&source))
        .map(|fault| fault.to_string().replacen(path, "", 1).trim_start_matches(':').to_owned())
        .collect();
    assert_eq!(said.join("\n"), expected, "\nin {path}:\n{text}");
}

#[track_caller]
fn check_clean(path: &str, text: &str) {
    check(path, text, "");
}

#[test]
fn the_core_has_no_world() {
    check("src/census/x.rs", "use std::fs;", "2 core-is-pure: std::fs");
    check(
        "src/census/x.rs",
        "use std::{collections::BTreeMap, env::{self, var}};",
        "2 core-is-pure: std::env\n2 core-is-pure: std::env::var",
    );
    check("src/census/x.rs", "use std::*;", "2 core-is-pure: std::*");
    check("src/plan/x.rs", "fn f() { let _ = ::std::fs::read(p); }", "2 core-is-pure: std::fs::read");
    check("src/run/x.rs", "use tokio::sync::mpsc;", "2 core-is-pure: tokio::sync::mpsc");
    check("src/run/x.rs", "\n#[tokio::test] async fn f() {}", "3 core-is-pure: tokio::test");
    check("src/run/x.rs", "extern crate egui;", "2 core-is-pure: egui");
    check("src/port.rs", "use tokio_postgres::Client;", "2 core-is-pure: tokio_postgres::Client");
    check("src/ledger/x.rs", "use std::time::{Duration, SystemTime};", "2 core-is-pure: std::time::SystemTime");
    check("src/finding/x.rs", "fn f() { println!(\"x\"); }", "2 core-is-pure: println!");
    check(
        "src/approval/x.rs",
        "fn f() { let now = jiff::Timestamp::now(); }",
        "2 core-is-pure: jiff::Timestamp::now\n2 one-clock: jiff::Timestamp::now outside src/adapter/clock.rs",
    );

    check_clean("src/census/x.rs", "use std::fmt;");
    check_clean("src/census/x.rs", "use std::{collections::BTreeMap, fmt::{self, Display}};");
    check_clean("src/census/x.rs", "// never std::fs, /* tokio::spawn */\nconst WHY: &str = \"std::fs::read\";");
    check_clean(
        "src/census/x.rs",
        "const WHY: &str = r#\"use std::fs; \"tokio::spawn\" \"#; fn f<'a>(x: &'a str) -> char { 'x' }",
    );
    check_clean("src/run/x.rs", "use std::time::Duration;\nfn tokio() {}\nfn f(egui: u8) -> u8 { egui }");
    check_clean("src/approval/x.rs", "fn f(now: jiff::Timestamp) {}");
    check_clean("src/plan/x.rs", "#[cfg(test)]\nmod tests { use std::fs; fn f() { println!(\"{}\", 1); } }\n");
    check_clean("src/plan/x.rs", "#[cfg(test)]\nuse std::{fs};\npub struct A;");
    check_clean("src/plan/tests.rs", "use std::fs;");
    check_clean("src/adapter/files.rs", "use std::fs;");
    check("src/plan/x.rs", "#[cfg(test)]\nuse std::{fs};\nuse std::env;", "4 core-is-pure: std::env");
    check("src/plan/x.rs", "#[cfg(test)]\nmod tests { fn f(a: [u8; 2]) {} }\nuse std::fs;", "4 core-is-pure: std::fs");
}

#[test]
fn only_later_rooms_know_earlier_ones() {
    check("src/census/x.rs", "use crate::plan::Plan;", "2 rooms-in-order: crate::plan::Plan (plan is a later room)");
    check("src/census/x.rs", "use super::super::plan;", "2 rooms-in-order: crate::plan (plan is a later room)");
    check(
        "src/census/x.rs",
        "mod inner { use super::super::super::plan::Plan; }",
        "2 rooms-in-order: crate::plan::Plan (plan is a later room)",
    );
    check(
        "src/digest.rs",
        "fn f() -> crate::runbook::StepId { g() }",
        "2 rooms-in-order: crate::runbook::StepId (runbook is a later room)",
    );
    check(
        "src/runbook/x.rs",
        "use crate::approval::{Roster, Standing};",
        "2 rooms-in-order: crate::approval::Standing (approval is a later room)",
    );
    check("src/rehearsal.rs", "use crate::run;", "2 rooms-in-order: crate::run (run is a later room)");
    check(
        "src/finding/x.rs",
        "use crate::session::Event;",
        "2 rooms-in-order: crate::session::Event (session is a later room)",
    );
    check("src/review/x.rs", "use crate::adapter::files;", "2 rooms-in-order: crate::adapter::files");

    check_clean("src/plan/x.rs", "use crate::census::Census;");
    check_clean("src/census/x.rs", "use super::plan;");
    check_clean("src/census/x.rs", "mod inner { use super::super::super::digest::Digest; }\nuse super::model;");
    check_clean("src/runbook/x.rs", "use crate::approval::Roster;");
    check_clean("src/rehearsal.rs", "use crate::run::Trace;");
    check_clean("src/port.rs", "use crate::finding::Finding;");
    check_clean("src/session/x.rs", "use crate::port::Clock;");
    check_clean("src/lib.rs", "pub mod adapter;\npub use crate::run::Machine;");
}

#[test]
fn adapters_faces_and_the_session_keep_apart() {
    check("src/adapter/files.rs", "use crate::session::Command;", "2 around-the-core: crate::session::Command");
    check("src/adapter/files.rs", "use super::clock::Desk;", "2 around-the-core: crate::adapter::clock::Desk");
    check(
        "src/adapter/ssh/agent.rs",
        "use crate::adapter::postgres::connect;",
        "2 around-the-core: crate::adapter::postgres::connect",
    );
    check("src/adapter/ssh/agent.rs", "use crate::{port, ui::App};", "2 around-the-core: crate::ui::App");
    check("src/session/worker.rs", "use crate::adapter::clock;", "2 around-the-core: crate::adapter::clock");
    check("src/session/worker.rs", "fn f(ctx: &egui::Context) {}", "2 around-the-core: egui::Context");
    check(
        "src/ui/app.rs",
        "use crate::adapter::postgres::Postgres;",
        "2 around-the-core: crate::adapter::postgres::Postgres",
    );
    check("src/ui/app.rs", "use tokio_postgres::Client;", "2 around-the-core: tokio_postgres::Client");
    check("src/cli/verb.rs", "use eframe::egui;", "2 around-the-core: eframe::egui");

    check_clean("src/adapter/files.rs", "use crate::port::Folders;\nuse std::fs;");
    check_clean("src/adapter/ssh/agent.rs", "use super::key_file;\nuse crate::adapter::ssh::wire;");
    check_clean("src/adapter/mod.rs", "pub mod clock;\npub use clock::Desk;\npub use self::files::Disk;");
    check_clean("src/session/worker.rs", "use tokio::sync::mpsc;\nuse crate::port::Database;");
    check_clean("src/ui/app.rs", "use eframe::egui;\nuse crate::session::{Command, Event};");
    check_clean("src/cli/verb.rs", "use crate::adapter::postgres::Postgres;\nuse crate::session::Command;");
}

#[test]
fn views_hold_no_await() {
    check("src/ui/view/run.rs", "async fn f() {\n g().await; }", "3 views-only-ask: await");
    check("src/ui/view/run.rs", "fn f(rt: R) { rt.block_on(g()); }", "2 views-only-ask: block_on");
    check_clean("src/ui/view/run.rs", "// no .await, no block_on\nfn f(awaits: &str) -> &str { \".await\" }");
    check_clean("src/session/worker.rs", "async fn f() { g().await; }");
}

#[test]
fn the_wall_clock_is_read_in_one_file() {
    check("src/cli/x.rs", "fn f() { Timestamp::now(); }", "2 one-clock: Timestamp::now outside src/adapter/clock.rs");
    check(
        "src/adapter/files.rs",
        "fn f() { std::time::SystemTime::now(); }",
        "2 one-clock: std::time::SystemTime::now outside src/adapter/clock.rs",
    );
    check_clean("src/adapter/clock.rs", "fn f() { jiff::Timestamp::now(); }");
    check_clean("src/cli/x.rs", "fn f(clock: &dyn Clock) { clock.now(); std::time::Instant::now(); }");
    check_clean("src/cli/x.rs", "#[cfg(test)]\nmod tests { fn f() { Timestamp::now(); } }");
}

#[test]
fn files_open_with_what_they_are_and_end_in_time() {
    let said = |path: &str, text: &str| {
        let source = Source::read(path, text);
        RULES.iter().flat_map(|rule| rule(&source)).map(|fault| fault.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        said("src/plan/x.rs", "use std::fmt;\n"),
        "src/plan/x.rs:1 opens-with-doc: the first line is not `//! …`"
    );
    assert_eq!(said("src/plan/x.rs", "//!\n"), "src/plan/x.rs:1 opens-with-doc: the first line is not `//! …`");
    assert_eq!(said("src/plan/x.rs", "//! Seals.\n"), "");
    let long = |lines: usize| format!("//! Long.\n{}", "\n".repeat(lines - 1));
    assert_eq!(said("src/plan/x.rs", &long(601)), "src/plan/x.rs:601 short-enough: 601 lines; at most 600");
    assert_eq!(said("src/plan/x.rs", &long(600)), "");
}

#[test]
fn names_say_something_and_nothing_is_left_for_later() {
    check("src/plan/utils.rs", "", "1 says-what-it-is: utils");
    check("src/plan/mod.rs", "\nmod util;", "3 says-what-it-is: util");
    check("src/plan/x.rs", "fn f() {\n todo!() }", "3 finished: todo!");
    check("src/plan/x.rs", "fn f() { unimplemented!(\"later\") }", "2 finished: unimplemented!");
    check("src/plan/x.rs", "// fine\n/* one\n   FIXME: two */", "4 finished: FIXME");
    check(
        "src/plan/x.rs",
        "#[cfg(test)]\nmod tests { #[ignore = \"slow\"] #[test] fn f() {} }",
        "3 finished: #[ignore]",
    );
    check_clean("src/plan/mod.rs", "mod utility_rates;\n// utils would say nothing");
    check_clean("src/plan/x.rs", "fn f() { let todo = \"todo!() FIXME\"; assert!(!todo.is_empty()); }");
    check_clean("src/plan/x.rs", "#[must_use]\nfn ignore() {}\n// what to ignore, and what is still to do");
}

#[test]
fn a_file_declared_for_tests_is_test_code() {
    let marked = |declaration: &str| {
        let texts = [
            ("src/plan/mod.rs", declaration),
            ("src/plan/fixture.rs", ""),
            ("src/plan/fixture/deep.rs", ""),
            ("src/fixture.rs", ""),
        ];
        let mut sources = texts.map(|(path, text)| Source::read(path, text));
        mark_test_files(&mut sources);
        sources.iter().filter(|source| source.test).map(|source| source.path.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        marked("#[cfg(test)]\npub(crate) mod fixture;\npub mod seal;"),
        "src/plan/fixture.rs src/plan/fixture/deep.rs"
    );
    assert_eq!(marked("mod fixture;\n#[cfg(test)]\nmod tests { mod fixture {} }"), "");
}

#[track_caller]
fn check_door(text: &str, expected: &str) {
    let sources = [Source::read("src/approval/x.rs", text)];
    let said: Vec<String> = one_door_to_commit(&sources).iter().map(|fault| fault.what.clone()).collect();
    assert_eq!(said.join("\n"), expected, "\nin:\n{text}");
}

#[test]
fn a_countersigned_plan_has_one_maker() {
    const TYPE: &str = "#[derive(Debug)]\npub struct Countersigned { plan: Plan }\n#[derive(Clone)]\nstruct Other;\n";
    const DOOR: &str = "pub fn countersign(plan: Plan) -> Countersigned { Countersigned { plan } }\n";
    let found = |rest: &str| format!("expected one function that makes a Countersigned, found {rest}");

    check_door(&format!("{TYPE}{DOOR}"), "");
    check_door(&format!("{TYPE}{DOOR}impl Countersigned {{ fn plan(&self) -> &Plan {{ &self.plan }} }}"), "");
    check_door(&format!("{TYPE}{DOOR}fn f(c: Countersigned) {{ let Countersigned {{ plan }} = c; }}"), "");
    check_door(&format!("{TYPE}{DOOR}impl Other {{ fn new() -> Self {{ Self {{}} }} }}"), "");
    check_door(&format!("{TYPE}{DOOR}// Countersigned {{ plan }}\nconst X: &str = \"Countersigned {{ plan }}\";"), "");

    check_door(TYPE, &found("0: "));
    check_door(
        &format!("{TYPE}{DOOR}fn back_door(plan: Plan) {{ run(Countersigned {{ plan }}) }}"),
        &found("2: src/approval/x.rs fn countersign, src/approval/x.rs fn back_door"),
    );
    check_door(
        &format!("{TYPE}{DOOR}impl Countersigned {{ fn new(plan: Plan) -> Self {{ Self {{ plan }} }} }}"),
        &found("2: src/approval/x.rs fn countersign, src/approval/x.rs fn new"),
    );
    check_door(
        &format!("#[derive(Debug, Clone)]\npub struct Countersigned {{ plan: Plan }}\n{DOOR}"),
        "derive(Clone) makes another one",
    );
}
