//! Takes questions; gives every answer at one snapshot: many questions a message, several messages ahead of their answers, and
//! for many questions on several lines that share one exported snapshot. A question that fails is blind alone.

use std::collections::{BTreeMap, VecDeque};

use futures_util::future::join_all;
use tokio::sync::{Mutex, mpsc};

use super::census::{Look, blind, look_at, no_look, reading, whereabouts};
use super::database::{CENSUS_TIMEOUTS, Desk};
use super::link::{Link, cell};
use super::refusal;
use super::sql::{TARGET, literal, pin};
use super::tap::Exchange;
use crate::census::{Census, Question, Reading};
use crate::plan::Settings;
use crate::port::DatabaseError;
use crate::run::{Reply, TransactionStatus};
use crate::runbook::sql::on_parser_thread;

/// How many questions go in one message: few enough that one which fails costs little.
const BATCH: usize = 32;
/// How many messages a line is ahead of its answers: round trips cost little then.
const AHEAD: usize = 8;
/// From so many questions on, further lines are opened.
const MANY: usize = 600;
/// How many lines share a census of many questions, the first included.
const LINES: usize = 4;

/// Questions that are asked in one message: their places, and what their texts showed.
type Batch = Vec<(usize, Look)>;

/// A question's place, what its text showed, and its answer.
type Answered = (usize, Look, Reading);

/// Takes a census in a transaction of its own; says how many questions were answered as it goes on.
pub(super) async fn take(
    desk: &Desk,
    link: &mut Link,
    questions: &[Question],
    settings: &Settings,
    told: &mut (dyn FnMut(usize) + Send),
) -> Result<Census, DatabaseError> {
    let mut batches = looked_at(questions);
    let mut refused = None;
    if questions.len() < MANY {
        let mut all = all_of(batches).await;
        match at_once(link, questions, &all, settings).await? {
            AtOnce::All(census) => {
                told(questions.len());
                return Ok(*census);
            }
            AtOnce::Not(first) => refused = first,
        }
        // The one that failed is not waited for again.
        if let Some((at, _)) = &refused {
            for batch in &mut all {
                batch.retain(|(other, _)| other != at);
            }
        }
        batches = again(all);
    }
    let batches = Mutex::new(batches);
    let mut given_up = link.given_up();
    link.send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    for sql in &pin(settings) {
        link.send(sql).await?;
    }
    link.send(TARGET).await?;
    let mut prelude = PRELUDE;
    let mut here = None;
    let mut snapshot = None;
    if questions.len() >= MANY {
        let said = replies(link, std::mem::take(&mut prelude)).await?;
        let read = whereabouts(said.last().ok_or_else(no_answer)?)?;
        if !read.target.in_recovery {
            let exported = link.demand("SELECT pg_catalog.pg_export_snapshot()").await?;
            snapshot = cell(&exported, 0, 0).map(str::to_owned);
        }
        here = Some(read);
    }
    let counted = std::sync::Mutex::new((0_usize, told));
    let count = |more: usize| {
        let mut counted = counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counted.0 += more;
        let all = counted.0;
        (counted.1)(all);
    };
    // Alone on the line everything is sent before the first answer is read; beside others each takes what it can do.
    let ahead = if snapshot.is_some() { AHEAD } else { usize::MAX };
    let asking = Asking { questions, batches: &batches, count: &count, ahead };
    let others = join_all((1..LINES).take_while(|_| snapshot.is_some()).map(|_| {
        let snapshot = snapshot.clone().unwrap_or_default();
        beside(desk, settings, snapshot, &asking)
    }));
    let (first, others) = tokio::join!(line(link, &asking, prelude), others);
    let (said, first) = first?;
    let here = match here {
        Some(here) => here,
        None => whereabouts(said.last().ok_or_else(no_answer)?)?,
    };
    let mut readings: Vec<Option<Reading>> = vec![None; questions.len()];
    if let Some((at, reading)) = refused {
        readings[at] = Some(reading);
    }
    for (at, look, reading) in first.into_iter().chain(others.into_iter().flatten()) {
        readings[at] = Some(here.read(&look, reading));
    }
    // What a line that broke had taken is asked once more here: the snapshot is the same.
    let left: Vec<usize> = (0..questions.len()).filter(|at| readings[*at].is_none()).collect();
    for at in left {
        let look = look_at(&questions[at]);
        let answer = match look {
            Look::Refused(_) => Reading::Value(None),
            Look::Fine | Look::NeedsSessions(_) => alone(link, &[&questions[at]]).await?.remove(0),
        };
        readings[at] = Some(here.read(&look, answer));
    }
    link.demand("COMMIT").await?;
    given_up.disarm();
    let unasked = || Reading::Blind("it was not asked".to_owned());
    let answers =
        questions.iter().zip(readings).map(|(question, it)| (question.id.clone(), it.unwrap_or_else(unasked)));
    Ok(Census { taken_at: here.at, readings: answers.collect::<BTreeMap<_, _>>(), target: here.target })
}

/// Waits until every question was looked at.
async fn all_of(mut batches: mpsc::Receiver<Batch>) -> Vec<Batch> {
    let mut all = Vec::new();
    while let Some(batch) = batches.recv().await {
        all.push(batch);
    }
    all
}

/// Hands batches out that were looked at before: they then go out in one piece, which is one round trip.
fn again(all: Vec<Batch>) -> mpsc::Receiver<Batch> {
    let (sender, batches) = mpsc::channel(all.len().max(1));
    for batch in all {
        // There is room for each of them.
        let _ = sender.try_send(batch);
    }
    batches
}

/// What became of a census in one message.
enum AtOnce {
    /// Every question was answered.
    All(Box<Census>),
    /// Some were not: the first that failed, when it is known, and why.
    Not(Option<(usize, Reading)>),
}

/// Asks a few questions in one message, from BEGIN to COMMIT: no other desk ever sees this one idle in a transaction, which may be
/// a sign of disaster in its runbook. Leaves nothing open.
async fn at_once(
    link: &mut Link,
    questions: &[Question],
    batches: &[Batch],
    settings: &Settings,
) -> Result<AtOnce, DatabaseError> {
    // The server cuts a message into words before the first of its statements sets how.
    if !link.has_standard_strings() {
        return Ok(AtOnce::Not(None));
    }
    let looked: Vec<&(usize, Look)> = batches.iter().flatten().collect();
    let asked: Vec<usize> =
        looked.iter().filter(|(_, look)| !matches!(look, Look::Refused(_))).map(|(at, _)| *at).collect();
    let mut message = vec!["BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned()];
    message.extend(pin(settings));
    message.push(TARGET.to_owned());
    message.extend(asked.iter().map(|at| beside_others(&questions[*at])));
    message.push("COMMIT".to_owned());
    let mut given_up = link.given_up();
    link.send(&message.join(";\n")).await?;
    let exchange = link.receive().await;
    given_up.disarm();
    let Exchange { reply, cut } = exchange?;
    if reply.status != TransactionStatus::Idle {
        link.demand("ROLLBACK").await?;
    }
    // Two statements of settings and the one of the place come before the questions.
    let before = pin(settings).len() + 1;
    if let Some(error) = &reply.error {
        let answered = reply.tags.iter().filter(|tag| tag.starts_with("SELECT ")).count();
        let at = answered.checked_sub(before).and_then(|question| asked.get(question).copied());
        return Ok(AtOnce::Not(match at {
            Some(at) => Some((at, blind(refusal::of_server(error), limit_of(&questions[at]))?)),
            None => None,
        }));
    }
    if cut || reply.tags.last().map(String::as_str) != Some("COMMIT") {
        return Ok(AtOnce::Not(None));
    }
    let mut rows = reply.rows.into_iter();
    let mut answers = reply.tags.iter().filter_map(|tag| {
        let count = tag.strip_prefix("SELECT ")?.parse().ok()?;
        Some(rows.by_ref().take(count).collect::<Vec<_>>())
    });
    let here = answers.nth(before - 1).ok_or_else(no_answer)?;
    let here = whereabouts(&Reply { rows: here, ..Reply::default() })?;
    let mut answered: BTreeMap<usize, Reading> = BTreeMap::new();
    for at in &asked {
        let own = answers.next().ok_or_else(no_answer)?;
        answered.insert(*at, Question::reading_of(own.into_iter().map(|mut row| row.pop().flatten()).collect()));
    }
    let readings = looked.into_iter().map(|(at, look)| {
        let answer = answered.remove(at).unwrap_or(Reading::Value(None));
        (questions[*at].id.clone(), here.read(look, answer))
    });
    let census = Census { taken_at: here.at, readings: readings.collect(), target: here.target.clone() };
    Ok(AtOnce::All(Box::new(census)))
}

/// How many messages are sent before the questions: BEGIN, two of settings, and who and where this is.
const PRELUDE: usize = 4;

async fn replies(link: &mut Link, count: usize) -> Result<Vec<Reply>, DatabaseError> {
    let mut replies = Vec::new();
    for _ in 0..count {
        replies.push(link.demanded().await?);
    }
    Ok(replies)
}

fn no_answer() -> DatabaseError {
    DatabaseError::Garbled("the server does not say who and where it is".to_owned())
}

/// Looks at the questions on a thread of its own, a batch at a time: the first are asked while the last are looked at.
fn looked_at(questions: &[Question]) -> mpsc::Receiver<Batch> {
    let (sender, batches) = mpsc::channel(questions.len() / BATCH + 2);
    let questions = questions.to_vec();
    tokio::task::spawn_blocking(move || {
        let count = questions.len();
        let looks = sender.clone();
        let done = on_parser_thread(move || {
            let mut done = 0;
            for batch in questions.chunks(BATCH) {
                let batch: Batch = (done..).zip(batch.iter().map(look_at)).collect();
                done += batch.len();
                if looks.blocking_send(batch).is_err() {
                    break;
                }
            }
            done
        });
        // A parser that died leaves the rest unasked, and each of them is told so.
        if done.is_none_or(|done| done < count) {
            let rest: Batch = (done.unwrap_or(0)..count).map(|at| (at, no_look())).collect();
            let _ = sender.blocking_send(rest);
        }
    });
    batches
}

/// What every line of a census shares.
struct Asking<'a> {
    questions: &'a [Question],
    batches: &'a Mutex<mpsc::Receiver<Batch>>,
    count: &'a (dyn Fn(usize) + Sync),
    /// How many messages a line is ahead of its answers.
    ahead: usize,
}

impl Asking<'_> {
    /// Takes the next batch; without patience only when one is there already.
    async fn next(&self, is_patient: bool) -> Option<Batch> {
        let mut batches = self.batches.lock().await;
        if is_patient { batches.recv().await } else { batches.try_recv().ok() }
    }
}

/// A line beside the first one: it sees the same snapshot. When it cannot be had, the others do its work.
async fn beside(desk: &Desk, settings: &Settings, snapshot: String, asking: &Asking<'_>) -> Vec<Answered> {
    let opened = async {
        let mut link = desk.fresh().await?;
        link.send("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        link.send(&format!("SET TRANSACTION SNAPSHOT {}", literal(&snapshot))).await?;
        for sql in &pin(settings) {
            link.send(sql).await?;
        }
        replies(&mut link, PRELUDE).await?;
        Ok::<_, DatabaseError>(link)
    };
    let Ok(mut link) = opened.await else { return Vec::new() };
    let mut given_up = link.given_up();
    let answered = line(&mut link, asking, 0).await;
    given_up.disarm();
    answered.map(|(_, answered)| answered).unwrap_or_default()
}

/// Asks batch after batch until there are no more; gives the answers to so many messages before them as well.
async fn line(
    link: &mut Link,
    asking: &Asking<'_>,
    before: usize,
) -> Result<(Vec<Reply>, Vec<Answered>), DatabaseError> {
    link.send("SAVEPOINT question").await?;
    let mut said = None;
    let mut answered = Vec::new();
    let mut ahead: VecDeque<Batch> = VecDeque::new();
    let mut failed: Batch = Vec::new();
    loop {
        while ahead.len() < asking.ahead
            && let Some(batch) = asking.next(ahead.is_empty() || asking.ahead == usize::MAX).await
        {
            let asked: Vec<String> = batch
                .iter()
                .filter(|(_, look)| !matches!(look, Look::Refused(_)))
                .map(|(at, _)| beside_others(&asking.questions[*at]))
                .collect();
            if !asked.is_empty() {
                link.send(&asked.join(";\n")).await?;
                link.send("ROLLBACK TO SAVEPOINT question").await?;
            }
            ahead.push_back(batch);
        }
        if said.is_none() {
            said = Some(replies(link, before).await?);
            link.demanded().await?;
        }
        let Some(batch) = ahead.pop_front() else { break };
        let before = answered.len();
        read(link, asking.questions, batch, &mut answered, &mut failed).await?;
        (asking.count)(answered.len() - before);
    }
    // What stood behind a question that failed was not asked: each is asked by itself, so that only the failing ones are blind.
    let again: Vec<&Question> = failed.iter().map(|(at, _)| &asking.questions[*at]).collect();
    let answers = alone(link, &again).await?;
    answered.extend(failed.into_iter().zip(answers).map(|((at, look), answer)| (at, look, answer)));
    Ok((said.unwrap_or_default(), answered))
}

/// Reads what the server said to one batch; questions of one that failed are left for later.
async fn read(
    link: &mut Link,
    questions: &[Question],
    batch: Batch,
    answered: &mut Vec<Answered>,
    failed: &mut Batch,
) -> Result<(), DatabaseError> {
    let (asked, refused): (Batch, Batch) = batch.into_iter().partition(|(_, look)| !matches!(look, Look::Refused(_)));
    answered.extend(refused.into_iter().map(|(at, look)| (at, look, Reading::Value(None))));
    if asked.is_empty() {
        return Ok(());
    }
    let Exchange { reply, cut } = link.receive().await?;
    link.demanded().await?;
    if cut {
        // Together they are too large for one answer; alone each may not be.
        failed.extend(asked);
        return Ok(());
    }
    let mut rows = reply.rows.into_iter();
    let mut asked = asked.into_iter();
    // One tag a question says how many of the rows are its own; further tags are those of a question's time limit.
    for tag in &reply.tags {
        let Some(count) = tag.strip_prefix("SELECT ").and_then(|count| count.parse().ok()) else { continue };
        let own = rows.by_ref().take(count).map(|mut row| row.pop().flatten()).collect();
        let Some((at, look)) = asked.next() else { break };
        answered.push((at, look, Question::reading_of(own)));
    }
    if let (Some(error), Some((at, look))) = (reply.error, asked.next()) {
        answered.push((at, look, blind(refusal::of_server(&error), limit_of(&questions[at]))?));
    }
    failed.extend(asked);
    Ok(())
}

/// Returns how long a question may take, in milliseconds.
fn limit_of(question: &Question) -> u32 {
    question.limit_millis.unwrap_or(CENSUS_TIMEOUTS.statement_millis)
}

/// Returns the statements that ask a question in a message of many, within its own time limit where it has one.
fn beside_others(question: &Question) -> String {
    let asked = question.beside_others();
    match question.limit_millis {
        // The savepoint before the message takes the limit away again; what follows in the message needs it set back.
        Some(limit) => {
            let usual = CENSUS_TIMEOUTS.statement_millis;
            format!("SET LOCAL statement_timeout = {limit};\n{asked};\nSET LOCAL statement_timeout = {usual}")
        }
        None => asked,
    }
}

/// Asks questions one by one, all of them sent before the first answer is read.
async fn alone(link: &mut Link, questions: &[&Question]) -> Result<Vec<Reading>, DatabaseError> {
    let own = |limit: u32| format!("SET LOCAL statement_timeout = {limit}");
    for question in questions {
        if let Some(limit) = question.limit_millis {
            link.send(&own(limit)).await?;
        }
        link.send(&question.wrapped()).await?;
        link.send("ROLLBACK TO SAVEPOINT question").await?;
    }
    let mut readings = Vec::new();
    for question in questions {
        if question.limit_millis.is_some() {
            link.demanded().await?;
        }
        readings.push(reading(link, limit_of(question)).await?);
    }
    Ok(readings)
}
