//! `demo up` and `demo down`, and the hidden verbs of its helpers. `demo` alone is the window's, and `main` opens it.

use serde_json::json;

use super::super::Output;
use super::super::args::{Demo, DemoVerb};
use super::super::demo::{HelperRole, UpOptions, down, serve, up};
use crate::session::{Failure, FailureKind};

/// Performs `demo …`.
pub(super) async fn demo(demo: Demo, output: Output) -> Result<(), Failure> {
    match demo.verb {
        Some(DemoVerb::Up { dir, scenario, pg_bindir }) => {
            let options = UpOptions { dir, scenario, binaries: pg_bindir, program: None };
            let made = up(&options).await.map_err(|failure| failure.failure())?;
            output.print(|| made.text(), || json!(made));
            Ok(())
        }
        Some(DemoVerb::Down { dir }) => {
            let done = down(&dir).map_err(|failure| failure.failure())?;
            output.print(|| format!("The demo in {} is down.\n", done.dir.display()), || json!(done));
            Ok(())
        }
        Some(DemoVerb::Tick { dir }) => serve(HelperRole::Tick, &dir).await.map_err(|failure| failure.failure()),
        Some(DemoVerb::Hold { dir }) => serve(HelperRole::Hold, &dir).await.map_err(|failure| failure.failure()),
        None => Err(Failure::new(
            FailureKind::Unreadable,
            "there is no display to open the window on",
            "Use `countersign demo up --dir D`, and the verbs on the command line.",
        )),
    }
}
