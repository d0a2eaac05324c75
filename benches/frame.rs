//! What a frame costs on the largest thing the window may be given; see benches/README.md.
//!
//! Prints microseconds of layout and tessellation, 50th and 95th percentile, still and scrolling, in a harness without
//! a screen. The accessibility tree is made too, as it is for a person with a screen reader.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

#[allow(dead_code, unused_imports, reason = "the tests' own fixtures; only a few are needed here")]
#[path = "../tests/ui/fixture.rs"]
mod fixture;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use countersign::adapter::files::DiskFolders;
use countersign::cli::wiring;
use countersign::diagnose::Mode;
use countersign::runbook::Script;
use countersign::session::{Command, Environment, Event};
use countersign::ui::{App, Link, UiOptions, Waker};
use eframe::egui::{self, Key, Modifiers, MouseWheelUnit, TouchPhase};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

/// Frames measured for each figure.
const FRAMES: usize = 200;

/// A window, and the ends of its channels: the events below are all that is ever said to it.
struct Window {
    harness: Harness<'static, App>,
    _events: mpsc::Sender<Event>,
    _commands: tokio::sync::mpsc::Receiver<Command>,
}

fn window(events: Vec<Event>) -> Window {
    let (sender, receiver) = mpsc::channel();
    let (commands, inbox) = tokio::sync::mpsc::channel(64);
    let options = UiOptions {
        dump: None,
        runbook: None,
        connection: None,
        environment: Environment::Staging,
        baseline: None,
        people: Vec::new(),
        ledger_sql: String::new(),
        folders: Arc::new(DiskFolders),
        prefs: None,
        now: wiring::now,
    };
    let link = Link { commands, events: receiver, waker: Waker::default() };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(1280.0, 800.0))
        .with_render_cursor(false)
        .with_max_steps(12)
        .build_eframe(move |cc| App::new(&cc.egui_ctx, link, options));
    for event in events {
        sender.send(event).unwrap();
        harness.run_steps(3);
    }
    Window { harness, _events: sender, _commands: inbox }
}

fn page(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::COMMAND, key);
    harness.run_steps(4);
}

/// Measures frames; `scroll` points are scrolled before each. The harness only brings the window into its place: what is
/// measured is the window's own frame, drawn once without and once with the tree that a screen reader reads.
fn measure(name: &str, harness: &mut Harness<'_, App>, scroll: f32) {
    harness.hover_at(egui::pos2(620.0, 420.0));
    harness.run_steps(8);
    let context = harness.ctx.clone();
    for reader in [false, true] {
        if reader {
            context.enable_accesskit();
        } else {
            context.disable_accesskit();
        }
        let mut time = context.input(|input| input.time);
        let mut frame = |measured: bool| {
            time += 1.0 / 60.0;
            let input = egui::RawInput {
                time: Some(time),
                screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 800.0))),
                events: if scroll == 0.0 { Vec::new() } else { vec![wheel(scroll)] },
                ..egui::RawInput::default()
            };
            let app = harness.state_mut();
            let begin = Instant::now();
            let mut passes = 0;
            let output = context.run_ui(input, |ui| {
                passes += 1;
                app.tick(ui.ctx());
                app.draw(ui);
            });
            let meshes = context.tessellate(output.shapes, output.pixels_per_point);
            let took = begin.elapsed().as_micros();
            assert!(!meshes.is_empty());
            assert!(!measured || passes == 1, "a frame at rest is laid out once, not {passes} times");
            took
        };
        for _ in 0..8 {
            frame(false);
        }
        let mut micros: Vec<u128> = (0..FRAMES).map(|_| frame(scroll == 0.0)).collect();
        micros.sort_unstable();
        let name = if reader { format!("{name}, with a reader's tree") } else { name.to_owned() };
        println!("{name:<64} {:>8} {:>8}", micros[FRAMES / 2], micros[FRAMES * 95 / 100]);
    }
}

fn wheel(points: f32) -> egui::Event {
    egui::Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -points),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    }
}

/// A script of so many lines, every tenth of them other than in its twin.
fn script(lines: usize, path: &str, twin: bool) -> Script {
    let line = |number: usize| {
        let name = if twin && number % 10 == 3 { "observer" } else { "gov" };
        format!("DELETE FROM public.queue_heartbeat WHERE executor_name = '{name}_{number}'; -- worker {number}\n")
    };
    Script { path: path.to_owned(), text: (0..lines).map(line).collect() }
}

fn compare(rows: usize) -> Window {
    let mut window = window(vec![
        fixture::opened(),
        fixture::connected(Environment::Staging),
        fixture::survey_of(Mode::Isolated, fixture::many_rows(rows)),
    ]);
    page(&mut window.harness, Key::Num4);
    window
}

fn diff(lines: usize) -> Window {
    let mut runbook = fixture::runbook();
    runbook.steps[0].reversal = script(lines, "reversal/large.sql", false);
    runbook.steps[0].build = Some(script(lines, "build/large.sql", true));
    let mut window = window(vec![fixture::opened_with(runbook), fixture::connected(Environment::Staging)]);
    let harness = &mut window.harness;
    page(harness, Key::Num3);
    harness.get_by_label("What the script is shown against").click();
    harness.run_steps(4);
    harness.get_all_by_label("Against the build script").last().unwrap().click();
    let end = Instant::now() + Duration::from_mins(1);
    while harness.query_all_by_label_contains("change 1 of").next().is_none() {
        assert!(Instant::now() < end, "the difference was not ready in time");
        std::thread::sleep(Duration::from_millis(10));
        harness.run_steps(1);
    }
    window
}

fn main() {
    println!("{:<64} {:>8} {:>8}", "microseconds a frame", "p50", "p95");
    for rows in [100, 10_000] {
        let mut window = compare(rows);
        measure(&format!("compare, {rows} rows, still"), &mut window.harness, 0.0);
        measure(&format!("compare, {rows} rows, scrolling"), &mut window.harness, 40.0);
    }
    for lines in [1_000, 100_000] {
        let mut window = diff(lines);
        measure(&format!("side-by-side diff, {lines} lines, still"), &mut window.harness, 0.0);
        measure(&format!("side-by-side diff, {lines} lines, scrolling"), &mut window.harness, 40.0);
    }
}
