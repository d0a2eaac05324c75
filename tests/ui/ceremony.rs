//! The whole way in the window, over the real session, a real server and real keys: nothing on this page is pretended.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use countersign::cli::wiring;
use countersign::session::{Environment, Worker};
use countersign::ui::{App, DeskPerson, Link, Page, UiOptions, Waker};
use eframe::egui::{self, Key, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::approve::choose;
use super::desk::{Desk, Memory};
use crate::pipeline::demo::{Demo, countersign, text};

/// How long anything may take before the test gives up; nothing here takes a tenth of it on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A window over a demo, with the runtime its session works on.
struct Window {
    desk: Desk,
    demo: Demo,
    _runtime: tokio::runtime::Runtime,
}

impl Window {
    fn open() -> Self {
        let demo = Demo::up(None);
        let runtime = countersign::cli::runtime().unwrap();
        let world = wiring::world();
        let waker = Waker::default();
        let wake = waker.clone();
        let link = {
            let _inside = runtime.enter();
            Worker::start(world.clone(), Arc::new(move || wake.wake()))
        };
        let people = demo.up["people"].as_array().unwrap().iter().map(|person| DeskPerson {
            principal: person["principal"].as_str().unwrap().into(),
            key: PathBuf::from(person["key"].as_str().unwrap()),
        });
        let options = UiOptions {
            runbook: Some(PathBuf::from(demo.text("runbook"))),
            connection: Some(demo.text("url").to_owned()),
            environment: Environment::Staging,
            baseline: Some(PathBuf::from(demo.text("baseline"))),
            dump: None,
            people: people.collect(),
            ledger_sql: wiring::ledger_sql(),
            folders: world.folders,
            prefs: None,
            now: wiring::now,
        };
        let link = Link { commands: link.commands, events: link.events, waker };
        let harness = Harness::builder()
            .with_size(egui::vec2(1280.0, 800.0))
            .with_theme(Theme::Dark)
            .with_render_cursor(false)
            .with_max_steps(12)
            .build_eframe(move |cc| App::new(&cc.egui_ctx, link, options));
        // The session behind the link is real; these two ends lead nowhere.
        let (events, _) = mpsc::channel();
        let (_, commands) = tokio::sync::mpsc::channel(1);
        let desk = Desk { harness, events, commands, files: Arc::new(Memory::default()) };
        Self { desk, demo, _runtime: runtime }
    }

    /// Draws until the screen says this.
    #[track_caller]
    fn wait(&mut self, part: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        while !self.desk.says(part) {
            if Instant::now() > end {
                let said: Vec<String> = self
                    .desk
                    .harness
                    .query_all_by_label_contains("")
                    .filter_map(|node| node.accesskit_node().label())
                    .collect();
                panic!("nothing on the screen says {part:?}, but: {said:#?}");
            }
            std::thread::sleep(Duration::from_millis(20));
            self.desk.harness.run_steps(1);
        }
        self
    }

    /// Draws until the button can be pressed, then presses it.
    #[track_caller]
    fn press(&mut self, label: &str) -> &mut Self {
        self.wait(label);
        let end = Instant::now() + PATIENCE;
        while !self.desk.can(label) {
            assert!(Instant::now() < end, "{label} cannot be pressed");
            std::thread::sleep(Duration::from_millis(20));
            self.desk.harness.run_steps(1);
        }
        self.desk.click(label);
        self
    }

    /// Finds the full name of the button that begins and ends so.
    #[track_caller]
    fn named(&self, begin: &str, end: &str) -> String {
        let fits = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            node.role() == egui::accesskit::Role::Button
                && node.label().is_some_and(|label| label.starts_with(begin) && label.ends_with(end))
        };
        self.desk.harness.get_by(fits).accesskit_node().label().unwrap()
    }

    fn stage(&mut self, step: &str, before: &str) {
        self.desk.go(Page::Rehearsal);
        self.desk.click("Rehearse or stage");
        self.desk.click(&format!("Reverse {step}"));
        self.desk.click(&format!("Reverse {before}"));
        if step == "SB-12" {
            let bindings = self.demo.bindings();
            let (name, value) = bindings[0].split_once('=').unwrap();
            self.desk.type_into(&format!("{name} (text)"), value);
        }
        choose(&mut self.desk, "stage", "author@example.test");
        self.press(&format!("Stage {step}"));
    }

    fn approve(&mut self, step: &str, who: &str) {
        choose(&mut self.desk, "approve", who);
        self.press(&format!("Approve {step} on directus"));
    }

    fn run(&mut self) {
        self.desk.go(Page::Run);
        choose(&mut self.desk, "run", "lan@example.test");
        self.wait("2 of 2 people have approved");
        let ask = self.named("Commit ", "…");
        self.press(&ask);
        let deed = ask.trim_end_matches('…').to_owned();
        assert!(!self.desk.can(&deed), "the name has not been typed");
        self.desk.type_into("Type the database's name, directus", "directus");
        // Enter is no deed.
        self.desk.harness.key_press(Key::Enter);
        self.desk.harness.run_steps(2);
        self.press(&deed);
    }
}

#[test]
fn six_components_go_through_the_window_child_first() {
    let mut window = Window::open();
    window.wait("Some steps carry others");
    let mut before = "SB-12";
    for step in ["SB-1", "SB-2", "SB-11", "SB-10", "SB-13", "SB-12"] {
        window.stage(step, before);
        window.desk.go(Page::Approvals);
        window.press(&format!("Open script {step}"));
        window.desk.go(Page::Approvals);
        window.approve(step, "minh@example.test");
        window.wait("1 of 2");
        window.approve(step, "thu@example.test");
        window.wait("2 of 2");
        window.run();
        window.wait("Committed").wait("as expected");
        let folder = window.demo.path(&format!("window-{step}"));
        window.desk.go(Page::Findings);
        window.desk.click("Write and export");
        window.desk.type_into("New folder to export to", text(&folder));
        choose(&mut window.desk, "finding", "lan@example.test");
        window.press("Sign and export the finding");
        window.press(&format!("Verify {}", folder.display()));
        window.wait("This finding verifies");
        countersign(&["finding", "verify", text(&folder)]).ok();
        before = step;
    }
    // 97.9: the comparison stands at the baseline of the runbook.
    window.desk.go(Page::Compare);
    window.press("Look again").wait("not as expected 0");
    let demo = &window.demo;
    let words = ["compare", demo.text("runbook"), "--baseline", demo.text("baseline"), "--json"];
    assert_eq!(demo.run(&words).ok().json()["holds"], true);
    let rows = "SELECT count(*) || '/' || count(*) FILTER (WHERE status = 'retired') FROM public.apr_action_types";
    assert_eq!(demo.psql(rows), "10/4");
}
