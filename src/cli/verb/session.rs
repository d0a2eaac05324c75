//! The verbs of another session's open transaction (97.2): list, and stage its end.

use serde_json::json;

use super::super::args::SessionVerb;
use super::super::output::visible;
use super::super::{Output, wiring};
use super::ceremony::print_staged;
use super::stop::session_text;
use super::{needed_baseline, open, runbook};
use crate::diagnose::words_to_owner;
use crate::plan::EndSession;
use crate::runbook::StepId;
use crate::session::{Failure, FailureKind, OpenSession, SessionChoice, World, open_sessions, stage_end_session};

/// `session …`.
pub(super) async fn session(world: &World, verb: &SessionVerb, output: Output) -> Result<(), Failure> {
    match verb {
        SessionVerb::List { runbook: folder, connection } => {
            let (runbook, _) = runbook(world, folder)?;
            let database = open(world, &connection.text).await?;
            let name = database.target().await?.database;
            let open = open_sessions(&*database, &runbook).await?;
            output.print(
                || {
                    if open.is_empty() {
                        return "No other session holds an open transaction on this runbook's objects.\n".to_owned();
                    }
                    open.iter().map(|session| text(session, &name)).collect()
                },
                || {
                    let one = |it: &OpenSession| json!({"session": it.seen, "steps": it.steps, "ask": words_to_owner(&it.seen, &name)});
                    json!({"sessions": open.iter().map(one).collect::<Vec<_>>()})
                },
            );
            match open.len() {
                0 => Ok(()),
                many => {
                    let message = format!(
                        "{} open on this runbook's objects",
                        super::super::output::counted(many, "transaction")
                    );
                    let hint = "Ask the owner to send ROLLBACK (97.2); nothing else undoes it without a trace.";
                    Err(Failure::new(FailureKind::Blocked, message, hint))
                }
            }
        }
        SessionVerb::Stage { runbook: folder, pid, baseline, connection, signing } => {
            let (runbook, _) = runbook(world, folder)?;
            let database = open(world, &connection.text).await?;
            let baseline = needed_baseline(world, &*database, &runbook, baseline.as_deref()).await?;
            let signer =
                wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
            let choice = SessionChoice { pid: *pid, xact_start: None };
            let staged = stage_end_session(world, &*database, &runbook, &baseline, &choice, &signer).await?;
            print_staged(output, &staged);
            Ok(())
        }
    }
}

fn text(session: &OpenSession, database: &str) -> String {
    let steps: Vec<&str> = session.steps.iter().map(StepId::as_str).collect();
    let mut out = session_text(&session.seen);
    if !steps.is_empty() {
        out += &format!("    on objects of {}\n", visible(&steps.join(", ")));
    }
    out + &format!("    to send:\n      {}\n", visible(&words_to_owner(&session.seen, database)))
}

/// Says which session a plan ends, for `ledger show`.
pub(super) fn end_text(end: &EndSession) -> String {
    let steps: Vec<&str> = end.steps.iter().map(StepId::as_str).collect();
    let about = if steps.is_empty() { "nothing that can be seen yet".to_owned() } else { steps.join(", ") };
    format!(
        "{}  ends exactly this session, if backend start {} and transaction start {} are still so; afterwards as before: {about}\n",
        session_text(&end.seen),
        end.backend_start,
        end.xact_start
    )
}
