//! Pictures of the window, kept beside the tests; the README shows some of them.

use countersign::diagnose::Mode;
use countersign::session::{Environment, Failure, FailureKind};
use countersign::ui::Page;
use eframe::egui::{Theme, vec2};

use super::desk::{Desk, Setting};
use super::fixture;

fn furnished(setting: Setting) -> Desk {
    let mut desk = Desk::with(setting);
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(Environment::Staging));
    desk.hear(fixture::ledger_read(&["minh@example.test"]));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::rehearsed(fixture::rehearsal()));
    desk
}

fn dark() -> Setting {
    Setting { theme: Theme::Dark, ..Setting::default() }
}

#[test]
fn every_page_for_looking() {
    if std::env::var_os("COUNTERSIGN_LOOK").is_none() {
        return;
    }
    for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        for page in Page::ALL {
            let mut desk = furnished(Setting { theme, ..Setting::default() });
            desk.go(page);
            let image = desk.harness.render().unwrap();
            image.save(format!("/tmp/look/{name}-{}.png", page.word())).unwrap();
        }
    }
    let _ = (Failure { kind: FailureKind::Blocked, message: String::new(), hint: String::new() }, vec2(0.0, 0.0), dark());
}
