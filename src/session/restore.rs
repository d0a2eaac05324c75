//! Looks at a dump, compares one table with it, and stages the restore that makes it as the dump says (97.8, D-40 … D-43).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::drive::drive;
use super::stage::{keep, lock_hint};
use super::stop::refuse_stop;
use super::survey::with_accepted;
use super::trust::{not_taken, refuse_other_role, runbooks_roster};
use super::{Failure, FailureKind, SignAs, StagedRequest, Watch, World, failed_rehearsal, survey, usable};
use crate::approval::may_request;
use crate::census::Baseline;
use crate::digest::Digest;
use crate::plan::{BoundParameter, RestoreInput, SealRefusal, seal_restore};
use crate::port::{Database, DatabaseError, DifferenceLook, DumpRows, FileError, Lines};
use crate::rehearsal::judge_rehearsal;
use crate::restore::{
    Contents, CopyEnd, DifferenceSum, DumpNote, Fit, Grounds, LaterRows, Offer, Restore, RowChange, Scope, fields, fit,
    offer,
};
use crate::run::Machine;
use crate::runbook::{Binding, Diagnostic, ObjectClass, ObjectName, Runbook, bind, used};

/// What is to be compared, and perhaps restored.
pub struct Restoring<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// What is wrong with it; errors refuse.
    pub diagnostics: &'a [Diagnostic],
    /// The baseline.
    pub baseline: &'a Baseline,
    /// What the person chose.
    pub choice: &'a RestoreChoice,
    /// The role whose members may run it; `None` is the login that stages it.
    pub run_as: Option<&'a str>,
}

/// What a person chooses of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreChoice {
    /// The dump.
    pub dump: PathBuf,
    /// The table.
    pub table: ObjectName,
    /// Which rows are compared.
    pub scope: Scope,
    /// What becomes of rows that only the table has.
    pub later_rows: LaterRows,
    /// Why, where the diagnosis does not show it (D-40).
    pub statement: Option<String>,
    /// Values for the parameters of the declared key.
    pub bindings: Vec<(String, String)>,
}

/// A difference as it was found.
#[derive(Clone)]
pub struct SeenDifference {
    /// The restore that would make the table as the dump.
    pub restore: Restore,
    /// What people would have to know before they sign.
    pub hazards: Vec<String>,
    /// Why no restore is offered now; `None` when one is.
    pub withheld: Option<String>,
    /// Whether it is withheld because of a stop.
    pub is_stopped: bool,
    /// Every row of the difference, those that are kept included, as lines of COPY text.
    pub lines: Arc<dyn Lines>,
    /// What each of these rows is.
    pub changes: Vec<RowChange>,
}

/// Finds the rows of a difference in which some value holds a text.
///
/// # Errors
/// When the rows cannot be read any more.
pub async fn search_difference(seen: Arc<SeenDifference>, text: String) -> Result<Vec<u32>, Failure> {
    let search = move || -> Result<Vec<u32>, FileError> {
        let mut found = Vec::new();
        for at in 0..seen.lines.count() {
            let values = fields(&seen.lines.line(at)?);
            // The first field is the change, not a value.
            let holds = values.iter().skip(1).flatten().any(|value| value.contains(&text));
            if let Some(at) = u32::try_from(at).ok().filter(|_| holds) {
                found.push(at);
            }
        }
        Ok(found)
    };
    Ok(tokio::task::spawn_blocking(search).await.map_err(|panic| broken(&panic))??)
}

/// Reads a dump's table of contents.
///
/// # Errors
/// When it cannot be read, or is no dump.
pub async fn open_dump(world: &World, path: &Path) -> Result<Contents, Failure> {
    let (dumps, path) = (Arc::clone(&world.dumps), path.to_owned());
    let opened = tokio::task::spawn_blocking(move || dumps.open(&path)).await;
    Ok(opened.map_err(|panic| broken(&panic))??)
}

fn broken(panic: &tokio::task::JoinError) -> Failure {
    let message = format!("the reader of the dump ended unexpectedly: {panic}");
    Failure::new(FailureKind::Unreadable, message, "Report this, with the form and the version of the dump.")
}

/// Compares a table with a dump. Nothing is changed; the transaction is rolled back.
///
/// # Errors
/// When the table cannot be restored at all, or the comparison fails.
pub async fn compare_with_dump(
    world: &World,
    database: &dyn Database,
    restoring: &Restoring<'_>,
) -> Result<SeenDifference, Failure> {
    usable(restoring.diagnostics)?;
    let Restoring { runbook, baseline, choice, .. } = restoring;
    database.use_schema(&runbook.target.schema);
    let (mut restore, Fit { sequences, mut hazards, .. }) = unmeasured(world, database, restoring).await?;
    let runbook = &*with_accepted(world, database, runbook).await?;
    let looked = survey(database, runbook, Some(baseline)).await?;
    let mut is_stopped = false;
    let withheld = match offer(&looked.diagnosis, &choice.table, choice.statement.as_deref()) {
        Offer::Offered(grounds) => {
            restore.grounds = grounds;
            None
        }
        Offer::NeedsStatement(reason) => {
            Some(format!("{reason}; state why a restore is needed all the same, and it is signed with the plan"))
        }
        Offer::NotNow(reason) => {
            is_stopped = true;
            Some(reason)
        }
    };
    let shelf = Mutex::new((Some(world.dumps.shelf()?), None::<FileError>));
    let mut changes = Vec::new();
    let rows = DumpRows { dumps: Arc::clone(&world.dumps), path: choice.dump.clone(), table: choice.table.clone() };
    let look = DifferenceLook { restore: &restore, timeouts: runbook.timeouts, sequences: &sequences, rows };
    let seen = database
        .difference(&look, &mut |line| {
            changes.extend(RowChange::of_line(line));
            let mut kept = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let (Some(open), None) = &mut *kept else { return };
            if let Err(full) = open.put(line) {
                *kept = (None, Some(full));
            }
        })
        .await
        .map_err(|error| {
            let error = match error {
                // In our own words already.
                DatabaseError::Refused { code, message } if code == "restore" => {
                    Failure::new(FailureKind::Blocked, message, "")
                }
                other => Failure::from(other),
            };
            let hint = "Nothing was changed. Mend the cause, or take another dump; a longer statement timeout is set in the runbook.";
            Failure { hint: hint.to_owned(), ..error }
        })?;
    let lines = match shelf.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (Some(shelf), None) => shelf.done()?,
        (_, Some(full)) => return Err(full.into()),
        (None, None) => return Err(Failure::new(FailureKind::Unreadable, "the difference was not kept", "Try again.")),
    };
    let CopyEnd { rows, digest } = seen.loaded;
    (restore.dump.rows, restore.dump.sha256) = (rows, digest);
    (restore.difference, restore.kept) = (seen.sum, seen.kept);
    hazards.extend(seen.behind);
    if seen.kept > 0 {
        let table = &choice.table;
        hazards.push(format!(
            "{} rows that only {table} has are kept, so that checks of it may answer more than the baseline did; every other row is held \
             against the dump.",
            seen.kept
        ));
    }
    Ok(SeenDifference { restore, hazards, withheld, is_stopped, lines, changes })
}

/// Says what is restored from where, before anything was counted.
async fn unmeasured(
    world: &World,
    database: &dyn Database,
    restoring: &Restoring<'_>,
) -> Result<(Restore, Fit), Failure> {
    let Restoring { runbook, choice, .. } = restoring;
    let table = &choice.table;
    let contents = open_dump(world, &choice.dump).await?;
    let Some(dumped) = contents.table(table) else {
        let message = format!("{} holds no rows of {table}", choice.dump.display());
        return Err(Failure::new(FailureKind::Unreadable, message, "See `countersign restore contents DUMP`."));
    };
    let Some(object) = runbook.object(table) else {
        let message = format!("the runbook does not declare {table}, and only declared tables are restored");
        return Err(Failure::new(FailureKind::Refused, message, "Declare it as shared or retire_only, with its key."));
    };
    let live = database.live_table(table).await?;
    let fitted = fit(dumped, live.as_ref(), &object.class, choice.later_rows)
        .map_err(|unfit| Failure::new(FailureKind::Refused, unfit.message, unfit.hint))?;
    let restore = Restore {
        table: table.clone(),
        columns: fitted.columns.clone(),
        key_columns: fitted.key.clone(),
        dump: note_of(&choice.dump, &contents),
        scope: choice.scope,
        declared_key: declared_key(runbook, &object.class, choice)?,
        later_rows: choice.later_rows,
        paused: fitted.paused.clone(),
        refers_to_itself: fitted.refers_to_itself,
        difference: DifferenceSum { only_in_dump: 0, only_live: 0, changed: 0, digest: Digest::of(b"") },
        kept: 0,
        grounds: Grounds::default(),
    };
    Ok((restore, fitted))
}

fn note_of(path: &Path, contents: &Contents) -> DumpNote {
    let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    DumpNote {
        file,
        form: contents.form,
        server_version: contents.server_version.clone(),
        dump_version: contents.dump_version.clone(),
        taken_at: contents.taken_at.clone(),
        // pg_dump always says it; a script that was cut at its head is read as what most are.
        encoding: contents.encoding.clone().unwrap_or_else(|| "UTF8".to_owned()),
        rows: 0,
        sha256: Digest::of(b""),
    }
}

fn declared_key(runbook: &Runbook, class: &ObjectClass, choice: &RestoreChoice) -> Result<String, Failure> {
    let key = match class {
        ObjectClass::Shared { key } | ObjectClass::RetireOnly { key } => key.as_str(),
        ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => "",
    };
    match choice.scope {
        Scope::Key if key.trim().is_empty() => {
            let message = format!("{} is declared without a key, so that every row of it is meant", choice.table);
            Err(Failure::new(FailureKind::Refused, message, "Choose the whole table."))
        }
        Scope::Key => {
            bind(key, &runbook.parameters, &bindings(choice)).map_err(|problem| SealRefusal::from(problem).into())
        }
        Scope::Table => Ok(key.to_owned()),
    }
}

fn bindings(choice: &RestoreChoice) -> Vec<Binding> {
    let binding = |(name, value): &(String, String)| Binding { name: name.clone(), value: value.clone() };
    choice.bindings.iter().map(binding).collect()
}

/// Keeps the bindings that the declared key uses: they are signed.
fn bound(runbook: &Runbook, choice: &RestoreChoice) -> Vec<BoundParameter> {
    let key = match runbook.object(&choice.table).map(|object| &object.class) {
        Some(ObjectClass::Shared { key } | ObjectClass::RetireOnly { key }) if choice.scope == Scope::Key => used(key),
        Some(_) | None => Vec::new(),
    };
    let is_used = |name: &str| key.iter().any(|(used, _)| used == name);
    runbook
        .parameters
        .iter()
        .filter(|parameter| is_used(&parameter.name))
        .filter_map(|parameter| {
            let (_, value) = choice.bindings.iter().find(|(name, _)| *name == parameter.name)?;
            Some(BoundParameter { name: parameter.name.clone(), kind: parameter.kind, value: value.clone() })
        })
        .collect()
}

/// Compares, seals, rehearses, signs as the requester and appends to the ledger. `seen` is the digest of the difference that
/// the person looked at, when a window showed it.
///
/// # Errors
/// When no restore is offered, the difference is another than the one looked at, or the rehearsal did not pass.
pub async fn stage_restore(
    world: &World,
    database: &dyn Database,
    restoring: &Restoring<'_>,
    seen: Option<Digest>,
    signer: &SignAs,
    watch: &mut Watch<'_>,
) -> Result<StagedRequest, Failure> {
    let runbook = restoring.runbook;
    let roster = runbook.roster.as_ref().ok_or_else(|| Failure::from(SealRefusal::NoRoster))?;
    may_request(roster, &signer.principal)?;
    database.ledger_may("staged", &signer.principal).await.map_err(not_taken)?;
    let known = super::known::open_ledger(world, database).await?;
    refuse_stop(world, database, known.state()).await?;
    // D-72: nobody is asked to sign under a roster that is not in force.
    let target = database.target().await?;
    let roster_version = runbooks_roster(known.state(), &target, runbook)?.version();
    if let Some(role) = restoring.run_as {
        refuse_other_role(database, role).await?;
    }
    let found = compare_with_dump(world, database, restoring).await?;
    if let Some(reason) = found.withheld {
        let hint = "D-40: a restore is the last resort. State the reason with --because, or mend what stands in the way first.";
        let kind = if found.is_stopped { FailureKind::Stopped } else { FailureKind::Refused };
        return Err(Failure::new(kind, format!("no restore is offered: {reason}"), hint));
    }
    let restore = found.restore;
    if restore.difference.is_empty() {
        let message = format!("{} is as the dump says; there is nothing to restore", restore.table);
        return Err(Failure::new(
            FailureKind::Refused,
            message,
            "Choose the whole table, or another dump, if rows are missed.",
        ));
    }
    if let Some(seen) = seen.filter(|seen| *seen != restore.difference.digest) {
        let message = format!(
            "the difference changed since it was looked at: expected {}, actual {}",
            seen.short(),
            restore.difference.digest.short()
        );
        return Err(Failure::new(FailureKind::Refused, message, "Compare again, and look at it once more."));
    }
    let rows =
        DumpRows { dumps: Arc::clone(&world.dumps), path: restoring.choice.dump.clone(), table: restore.table.clone() };
    let plan = seal_restore(RestoreInput {
        runbook,
        restore,
        hazards: found.hazards,
        parameters: bound(runbook, restoring.choice),
        baseline: restoring.baseline,
        target,
        run_as: restoring.run_as,
        roster_version,
        requester: signer.principal.clone(),
        nonce: world.chance.nonce(),
        now: world.clock.now(),
    })?;
    let mut machine = Machine::rehearse(plan.clone(), Some(restoring.baseline.clone()), true);
    let mut line = database.run_line();
    line.bring(rows);
    let finished = drive(&mut *line, &mut machine, plan.plan(), watch).await;
    drop(line);
    let rehearsal = judge_rehearsal(&plan, &finished).map_err(|reason| {
        let hint = lock_hint(&reason).unwrap_or("Nothing was changed. Mend the cause, then stage again.");
        Failure::new(FailureKind::RolledBack, format!("the rehearsal could not be made: {reason}"), hint)
    })?;
    if !rehearsal.passed() {
        return Err(failed_rehearsal(&rehearsal));
    }
    keep(world, database, &plan, rehearsal, restoring.baseline, roster, signer).await
}
