//! `demo up` and `demo down` as people use them: it stays, it is found again, and nothing is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::census::{Question, Reading};
use countersign::cli::demo::{DemoDown, DemoFailure, Scenario, UpOptions, down, up};
use countersign::port::Database as _;

use super::open;

/// Returns a folder the server's user can walk into, for the demo to be made in.
fn above() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("rights of our own folder");
    folder
}

fn options(dir: &Path, scenario: Option<Scenario>) -> UpOptions {
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_countersign")));
    UpOptions { dir: dir.to_owned(), scenario, binaries, program }
}

async fn ask(up: &countersign::cli::demo::DemoUp, sql: &str) -> String {
    let question = Question::new("q".into(), sql.to_owned());
    let census = open(up).census(&[question]).await.expect("a census");
    match census.readings.into_values().next() {
        Some(Reading::Value(Some(value))) => value,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_goes_on_by_itself_and_goes_away_whole() {
    let above = above();
    let dir = above.path().join("demo");
    let made = up(&options(&dir, Some(Scenario::OpenTransaction))).await.expect("a demo");

    let births = "SELECT count(*) FROM public.birth_registry";
    let before: u64 = ask(&made, births).await.parse().expect("a count");
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let after: u64 = ask(&made, births).await.parse().expect("a count");
    assert!(before >= 50_000 && after > before, "no organic growth: {before}, then {after}");
    let held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'phase1-build' AND state = 'idle in transaction'";
    assert_eq!(ask(&made, held).await, "1");

    let again = up(&options(&dir, None)).await;
    assert_eq!(again, Err(DemoFailure::NotEmpty(dir.clone())), "a second demo in the same folder");

    assert_eq!(down(&dir), Ok(DemoDown { dir: dir.clone(), folder_removed: true }));
    assert!(!dir.exists());
    assert_eq!(down(&dir), Err(DemoFailure::NoDemo(dir)), "a demo that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_cannot_be_made_leaves_nothing() {
    let above = above();
    let dir = above.path().join("demo");
    let nowhere = UpOptions { binaries: Some(above.path().join("no-such-folder")), ..options(&dir, None) };
    assert!(matches!(up(&nowhere).await, Err(DemoFailure::Cluster(_))));
    assert!(!dir.exists());

    let helpless = UpOptions { program: Some(PathBuf::from("/bin/false")), ..options(&dir, None) };
    let failure = up(&helpless).await.expect_err("a helper that ends at once");
    assert!(matches!(failure, DemoFailure::Helper { .. }), "{failure}");
    assert!(!dir.exists());
}
