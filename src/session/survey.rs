//! Opens runbooks and baselines, and looks at a live database.

use std::borrow::Cow;
use std::path::Path;

use super::stop::{Latch, StopLook, StopSource, latch};
use super::{Failure, FailureKind, Progress, Survey, World};
use crate::census::{BASELINE_FORMAT, Baseline, CompareScope, Question, Reading, compare};
use crate::diagnose::{diagnose, gather, questions};
use crate::ledger::StopMoment;
use crate::plan::{canonical, read_strict};
use crate::port::{Database, DatabaseError};
use crate::review::{Review, review};
use crate::runbook::{CheckId, Diagnostic, DiagnosticSeverity, ObjectName, Runbook, parse};

/// Reads a runbook folder and reviews it without a database.
///
/// # Errors
/// When the folder cannot be read; what is wrong inside it comes back as diagnostics.
pub fn open_runbook(world: &World, path: &Path) -> Result<(Runbook, Vec<Diagnostic>, Review), Failure> {
    let (runbook, diagnostics) = read_runbook(world, path)?;
    let review = review(&runbook, None);
    Ok((runbook, diagnostics, review))
}

/// Reads a runbook folder.
///
/// # Errors
/// When the folder cannot be read; what is wrong inside it comes back as diagnostics.
pub fn read_runbook(world: &World, path: &Path) -> Result<(Runbook, Vec<Diagnostic>), Failure> {
    Ok(parse(&world.folders.read_folder(path)?))
}

/// Refuses to go on with a runbook that has errors.
///
/// # Errors
/// The first error, and how many there are.
pub fn usable(diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|diagnostic| diagnostic.severity == DiagnosticSeverity::Error).collect();
    let Some(first) = errors.first() else { return Ok(()) };
    let message = format!(
        "the runbook has {} error{}; the first: {}:{}:{}: {}",
        errors.len(),
        if errors.len() == 1 { "" } else { "s" },
        first.file,
        first.line,
        first.column,
        first.message
    );
    Err(Failure::new(FailureKind::Unreadable, message, first.hint.clone()))
}

/// Reads a baseline file.
///
/// # Errors
/// When it cannot be read or is not a baseline.
pub fn open_baseline(world: &World, path: &Path) -> Result<Baseline, Failure> {
    let bytes = world.folders.read_file(path)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::new(FailureKind::Unreadable, format!("{} is not UTF-8 text", path.display()), "Name a baseline file.")
    })?;
    read_baseline(text.trim_end_matches('\n')).map_err(|wrong| {
        let message = format!("{} is not a baseline: {}", path.display(), wrong.message);
        Failure::new(wrong.kind, message, "Name a file that `countersign census --save FILE` wrote, unchanged since.")
    })
}

/// Reads a baseline from its canonical text.
///
/// # Errors
/// When it is not one, or of a format this version does not know.
pub fn read_baseline(text: &str) -> Result<Baseline, Failure> {
    let baseline: Baseline = read_strict(text)?;
    if baseline.format != BASELINE_FORMAT {
        let message = format!("baseline format: expected {BASELINE_FORMAT}, actual {}", baseline.format);
        return Err(Failure::new(FailureKind::Unreadable, message, "Use the version that wrote it."));
    }
    Ok(baseline)
}

/// Takes a census as a baseline.
///
/// # Errors
/// When the database cannot be read.
pub async fn take_baseline(database: &dyn Database, runbook: &Runbook, label: &str) -> Result<Baseline, Failure> {
    database.use_schema(&runbook.target.schema);
    let census = database.census(&questions(runbook)).await?;
    let (expected, actual) = (&runbook.target.database, &census.target.database);
    if expected != actual {
        let message = format!("another database: the runbook is for {expected}, this is {actual}");
        return Err(Failure::new(FailureKind::Refused, message, "Connect to the database that the runbook names."));
    }
    Ok(Baseline::of(label, runbook, census))
}

/// Writes a baseline file: canonical text and a line feed.
///
/// # Errors
/// When it cannot be written.
pub fn save_baseline(world: &World, path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let text = canonical(baseline)? + "\n";
    Ok(world.folders.write_file(path, text.as_bytes())?)
}

/// Finds the newest baseline of this runbook in the ledger; no ledger is no baseline.
///
/// # Errors
/// When the ledger is there and cannot be read.
pub async fn ledger_baseline(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
) -> Result<Option<Baseline>, Failure> {
    let known = match world.ledgers.look(&*world.folders, database).await {
        Ok((known, _)) => known,
        Err(DatabaseError::NoLedger) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let of_runbook = known.state().baselines.iter().rev().filter_map(|(_, text)| read_baseline(text).ok());
    Ok(of_runbook.into_iter().find(|baseline| baseline.runbook == runbook.id))
}

/// Reviews, takes a census, diagnoses and compares, in one look.
///
/// # Errors
/// When the database cannot be read.
pub async fn survey(
    database: &dyn Database,
    runbook: &Runbook,
    baseline: Option<&Baseline>,
) -> Result<Survey, Failure> {
    survey_telling(database, runbook, baseline, &mut |_| ()).await
}

async fn survey_telling(
    database: &dyn Database,
    runbook: &Runbook,
    baseline: Option<&Baseline>,
    say: &mut (dyn FnMut(Progress) + Send),
) -> Result<Survey, Failure> {
    database.use_schema(&runbook.target.schema);
    let catalog = database.catalog().await?;
    let mut review = review(runbook, Some(&catalog));
    let mut questions = questions(runbook);
    let counts = review.counts.iter().enumerate().map(|(n, count)| Question::new(count_id(n), count.sql.clone()));
    questions.extend(counts);
    let (of, mut said) = (questions.len(), 0);
    let told = |done: usize| {
        // A hundred times at most, and at the end.
        if done >= said + (of / 100).max(1) || done == of {
            said = done;
            say(Progress::Asked { done, of });
        }
    };
    let mut census = database.census_told(&questions, Box::new(told)).await?;
    // The counts are for the review; the census is what the runbook asks.
    let answers: Vec<Result<String, String>> =
        (0..review.counts.len()).map(|n| answer(census.readings.remove(&count_id(n)))).collect();
    review.counted(&answers);
    let objects: Vec<ObjectName> = runbook.objects.iter().map(|object| object.name.clone()).collect();
    let open = match database.open_transactions(&objects).await {
        Ok(open) => Ok(open),
        // Not seeing is a fact of its own, and leads to Stop.
        Err(DatabaseError::Blind(reason)) => Err(reason),
        Err(error) => return Err(error.into()),
    };
    let comparison = compare(&runbook.checks, baseline, &census, CompareScope::Everything);
    let diagnosis = diagnose(gather(runbook, &catalog, &census, baseline, open));
    Ok(Survey { catalog, review, census, comparison, diagnosis })
}

/// As [`survey`], and latches the stop when a condition has tripped: whoever looks with the right to write does (D-61).
///
/// # Errors
/// When the database cannot be read.
pub async fn survey_and_latch(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    baseline: Option<&Baseline>,
) -> Result<(Survey, Latch), Failure> {
    survey_and_latch_telling(world, database, runbook, baseline, &mut |_| ()).await
}

/// As [`survey_and_latch`], and says how far the census is.
///
/// # Errors
/// When the database cannot be read.
pub async fn survey_and_latch_telling(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    baseline: Option<&Baseline>,
    say: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Survey, Latch), Failure> {
    let runbook = with_accepted(world, database, runbook).await?;
    let looked = survey_telling(database, &runbook, baseline, say).await?;
    let source = StopSource::of(&runbook, StopMoment::Look);
    let latched = latch(world, database, &source, &StopLook::of(&looked)).await?;
    Ok((looked, latched))
}

/// Gives a runbook whose stop conditions and checks know which answers were accepted in a restart on this database.
///
/// # Errors
/// When the ledger is there and cannot be read.
pub async fn with_accepted<'a>(
    world: &World,
    database: &dyn Database,
    runbook: &'a Runbook,
) -> Result<Cow<'a, Runbook>, Failure> {
    // A ledger that cannot be read has accepted nothing; that it cannot be read is for whoever needs it to say.
    let Ok((known, _)) = world.ledgers.look(&*world.folders, database).await else {
        return Ok(Cow::Borrowed(runbook));
    };
    let halt = &known.state().halt;
    if halt.lifts().iter().all(|lift| lift.accepted.is_empty()) {
        return Ok(Cow::Borrowed(runbook));
    }
    let (stops, checks) = (halt.accept(&runbook.stops), halt.accept_checks(&runbook.checks));
    Ok(Cow::Owned(Runbook { checks, stops, ..runbook.clone() }))
}

fn count_id(place: usize) -> CheckId {
    CheckId(format!("count:{place}"))
}

/// Returns the count, or why there is none.
fn answer(reading: Option<Reading>) -> Result<String, String> {
    match reading {
        Some(Reading::Value(Some(rows))) => Ok(rows),
        Some(Reading::Value(None)) => Err("the answer is NULL".to_owned()),
        Some(Reading::Blind(reason)) => Err(reason),
        None => Err("it was not asked".to_owned()),
    }
}
