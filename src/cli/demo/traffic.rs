//! Takes the demo's database; gives what goes on in it while people look: organic rows, and a forgotten transaction.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use super::failure::DemoFailure;
use crate::port::DatabaseError;

/// How often the organic traffic writes.
const BEAT: Duration = Duration::from_secs(1);
/// How often is looked whether to go on.
const LOOK: Duration = Duration::from_millis(200);

/// One birth and one event that have nothing to do with governance; one message, so one transaction.
const ORGANIC: &str = "\
INSERT INTO public.birth_registry (source_table, entity_code) VALUES ('task_card', 'T-' || pg_catalog.txid_current());
INSERT INTO public.event_outbox (event_domain, event_type, payload)
VALUES ('task', 'task.card.moved', pg_catalog.jsonb_build_object('entity', 'T-' || pg_catalog.txid_current()));";

/// Writes organic rows until `goes_on` says no. A server that is away for a while is tried again at the next beat.
///
/// # Errors
/// When `begun` fails, or the database cannot be reached at the start.
pub async fn tick(
    url: &str,
    begun: impl FnOnce() -> Result<(), DemoFailure>,
    goes_on: impl Fn() -> bool,
) -> Result<(), DemoFailure> {
    let mut session = Some(connect(url, "task board").await?);
    begun()?;
    while goes_on() {
        if session.is_none() {
            session = connect(url, "task board").await.ok();
        }
        let lost = match &session {
            Some((client, _)) => client.batch_execute(ORGANIC).await.is_err() && client.is_closed(),
            None => false,
        };
        if lost {
            session = None;
        }
        let mut waited = Duration::ZERO;
        while waited < BEAT && goes_on() {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        }
    }
    Ok(())
}

/// Runs a build script in a transaction and leaves it open until `goes_on` says no, or somebody ends the session.
///
/// # Errors
/// When the script fails, or `begun` does.
pub async fn hold(
    url: &str,
    script: &str,
    begun: impl FnOnce() -> Result<(), DemoFailure>,
    goes_on: impl Fn() -> bool,
) -> Result<(), DemoFailure> {
    let (client, _) = connect(url, "phase1-build").await?;
    let refused = |error: tokio_postgres::Error| refusal("hold a transaction open", &error);
    // Two messages, so that the script is what the server shows as the session's last statement.
    client.batch_execute("BEGIN").await.map_err(refused)?;
    client.batch_execute(script.trim()).await.map_err(refused)?;
    begun()?;
    while goes_on() && !client.is_closed() {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Opens a session under a name that people will read in lists of sessions.
async fn connect(url: &str, application: &str) -> Result<(Client, JoinHandle<()>), DemoFailure> {
    let what = "reach the demo's database";
    let mut config: tokio_postgres::Config = url.parse().map_err(|error| refusal(what, &error))?;
    config.application_name(application).connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(NoTls).await.map_err(|error| refusal(what, &error))?;
    let driver = tokio::spawn(async move {
        // Its error is seen by whoever uses the client.
        let _ = connection.await;
    });
    Ok((client, driver))
}

fn refusal(what: &str, error: &tokio_postgres::Error) -> DemoFailure {
    let source = match error.as_db_error() {
        Some(refused) => {
            DatabaseError::Refused { code: refused.code().code().to_owned(), message: refused.message().to_owned() }
        }
        None => DatabaseError::Unreachable(error.to_string()),
    };
    DemoFailure::Database { what: what.to_owned(), source }
}
