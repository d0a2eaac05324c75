//! Takes a question; says whether it may be asked, and reads its answer: a question that fails is blind alone. Asks many of them
//! inside a transaction that is open.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::database::CENSUS_TIMEOUTS;
use super::link::{Link, cell};
use super::sql::TARGET;
use crate::census::{Census, Question, Reading, Target};
use crate::port::DatabaseError;
use crate::run::Reply;
use crate::runbook::sql::{asked, on_parser_thread};

/// Relations and functions that hide other sessions' rows or values from a role without `pg_read_all_stats`.
const GUARDED: [&str; 7] = [
    "pg_stat_get_activity",
    "pg_stat_activity",
    "pg_stat_replication",
    "pg_stat_ssl",
    "pg_stat_gssapi",
    "pg_stat_statements",
    "pg_stat_wal_receiver",
];

/// Where a connection leads, and what is known about it besides.
#[derive(Clone, Debug)]
pub(super) struct Whereabouts {
    pub(super) target: Target,
    /// The server's clock.
    pub(super) at: Timestamp,
    /// Whether the role sees other sessions.
    pub(super) sees_sessions: bool,
    pub(super) pid: i32,
    /// Such as `15.18`.
    pub(super) version: String,
}

impl Whereabouts {
    /// Returns what an answer is worth, by what the question's text showed.
    pub(super) fn read(&self, look: &Look, answer: Reading) -> Reading {
        match look {
            Look::Refused(reason) => Reading::Blind(reason.clone()),
            // D-51: without the right, other sessions' rows are hidden and nothing says so.
            Look::NeedsSessions(name) if !self.sees_sessions => hidden(&self.target.role, name),
            Look::Fine | Look::NeedsSessions(_) => answer,
        }
    }
}

/// Reads one row of [`TARGET`].
pub(super) fn whereabouts(reply: &Reply) -> Result<Whereabouts, DatabaseError> {
    let garbled = || DatabaseError::Garbled("the server does not say who and where it is".to_owned());
    let text = |column| cell(reply, 0, column).ok_or_else(garbled);
    let number = |column| text(column)?.parse::<u32>().map_err(|_| garbled());
    Ok(Whereabouts {
        target: Target {
            system_identifier: text(0)?.to_owned(),
            database_oid: number(1)?,
            database: text(2)?.to_owned(),
            server_version: number(3)?,
            in_recovery: text(4)? == "t",
            role: text(5)?.to_owned(),
            timeline: number(6)?,
        },
        at: text(7)?.parse().map_err(|_| garbled())?,
        sees_sessions: text(8)? == "t",
        pid: text(9)?.parse().map_err(|_| garbled())?,
        version: text(10)?.split(' ').next().unwrap_or_default().to_owned(),
    })
}

/// What the text of a question shows before it is asked.
pub(super) enum Look {
    /// It may be asked.
    Fine,
    /// It may be asked by a role that sees other sessions.
    NeedsSessions(String),
    /// It may not be asked.
    Refused(String),
}

/// Looks at questions before they are asked: one SELECT each, and what it reads.
async fn look(questions: &[Question]) -> Vec<Look> {
    let asked: Vec<Question> = questions.to_vec();
    let count = asked.len();
    let parse = move || on_parser_thread(move || asked.iter().map(look_at).collect::<Vec<_>>());
    let looks = tokio::task::spawn_blocking(parse).await.ok().flatten();
    looks.unwrap_or_else(|| (0..count).map(|_| no_look()).collect())
}

pub(super) fn no_look() -> Look {
    Look::Refused("its text could not be parsed: the parser gave no answer".to_owned())
}

pub(super) fn look_at(question: &Question) -> Look {
    if question.is_ours() {
        return Look::Fine;
    }
    // What the runbook's reader found to be one SELECT that only reads stays one between parentheses.
    if let Some(asked) = asked(&question.sql) {
        return asked.statistics.iter().find(|name| is_guarded(name)).cloned().map_or(Look::Fine, Look::NeedsSessions);
    }
    let parsed = match pg_query::parse(&question.wrapped(), pg_query::ParserOptions::default()) {
        Ok(parsed) => parsed,
        Err(error) => return Look::Refused(format!("its text does not parse as the inside of one SELECT: {error}")),
    };
    let statements = &parsed.protobuf.stmts;
    let is_select = |statement: &pg_query::protobuf::RawStmt| {
        matches!(statement.stmt.as_ref().and_then(|node| node.node.as_ref()), Some(pg_query::NodeEnum::SelectStmt(_)))
    };
    if statements.len() != 1 || !statements.iter().all(is_select) {
        return Look::Refused("its text is not one SELECT".to_owned());
    }
    let plain = |name: &String| name.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
    let (relations, functions) = (parsed.tables(), parsed.functions());
    let guarded = relations.iter().chain(&functions).map(plain).find(|name| is_guarded(name));
    guarded.map_or(Look::Fine, Look::NeedsSessions)
}

/// Returns whether a relation or function of this name hides other sessions from a role without `pg_read_all_stats`.
fn is_guarded(name: &str) -> bool {
    let prefixes = ["pg_stat_progress_", "pg_stat_get_backend_"];
    GUARDED.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn hidden(role: &str, name: &str) -> Reading {
    Reading::Blind(format!("{name} hides other sessions from `{role}`; GRANT pg_read_all_stats TO it"))
}

/// Reads the answers to one question, which may take so long, and to the ROLLBACK TO after it.
pub(super) async fn reading(link: &mut Link, limit_millis: u32) -> Result<Reading, DatabaseError> {
    let answer = match link.demanded().await {
        Ok(reply) => Question::reading(cell(&reply, 0, 0)),
        Err(error) => blind(error, limit_millis)?,
    };
    link.demanded().await?;
    Ok(answer)
}

/// Says why a question that failed has no answer; a connection that is lost answers nothing at all.
pub(super) fn blind(error: DatabaseError, limit_millis: u32) -> Result<Reading, DatabaseError> {
    match error {
        lost @ DatabaseError::Lost(_) => Err(lost),
        DatabaseError::Refused { code, message } if code == "57014" && message.contains("statement timeout") => {
            let limit = match limit_millis {
                millis if millis % 1_000 == 0 => format!("{} s", millis / 1_000),
                millis => format!("{millis} ms"),
            };
            Ok(Reading::Blind(format!(
                "no answer within {limit} (statement timeout, {code}); give the check a longer time_limit, or ask less"
            )))
        }
        DatabaseError::Refused { code, message } => Ok(Reading::Blind(format!("{message} ({code})"))),
        other => Ok(Reading::Blind(other.to_string())),
    }
}

/// Takes a census on a transaction that is open, and leaves that as it was.
///
/// All questions go in one statement, which is one snapshot even in READ COMMITTED. When it fails, each is asked by
/// itself, so that only the failing ones are blind.
pub(super) async fn take_inside(link: &mut Link, questions: &[Question]) -> Result<Census, DatabaseError> {
    let looks = look(questions).await;
    let asked: Vec<(usize, &Question)> =
        questions.iter().enumerate().filter(|(at, _)| !matches!(looks[*at], Look::Refused(_))).collect();
    link.send("SAVEPOINT countersign_census").await?;
    link.send(TARGET).await?;
    if !asked.is_empty() {
        let rows: Vec<String> =
            asked.iter().map(|(at, question)| format!("({at}, ({}))", question.wrapped())).collect();
        link.send(&format!("VALUES {}", rows.join(",\n"))).await?;
    }
    link.send("ROLLBACK TO SAVEPOINT countersign_census").await?;

    link.demanded().await?;
    let here = whereabouts(&link.demanded().await?);
    let mut answers: BTreeMap<usize, Reading> = BTreeMap::new();
    let mut failed = false;
    if !asked.is_empty() {
        match link.demanded().await {
            Ok(reply) => {
                for row in &reply.rows {
                    if let Some(at) = row.first().and_then(|at| at.as_deref()).and_then(|at| at.parse().ok()) {
                        answers.insert(at, Question::reading(row.get(1).and_then(Option::as_deref)));
                    }
                }
            }
            Err(lost @ DatabaseError::Lost(_)) => return Err(lost),
            // Cancelled: somebody asked to stop, or the time is up. Asking 500 times more would not help.
            Err(DatabaseError::Refused { code, message }) if code == "57014" => {
                link.demanded().await?;
                let message = format!(
                    "{message}, while all {} checks were asked in one statement; [timeouts] statement is the time they have \
                     together",
                    asked.len()
                );
                return Err(DatabaseError::Refused { code, message });
            }
            Err(_) => failed = true,
        }
    }
    link.demanded().await?;
    let here = here?;
    if failed {
        for (_, question) in &asked {
            link.send(&question.wrapped()).await?;
            link.send("ROLLBACK TO SAVEPOINT countersign_census").await?;
        }
        for (at, _) in &asked {
            answers.insert(*at, reading(link, CENSUS_TIMEOUTS.statement_millis).await?);
        }
    }
    link.demand("RELEASE SAVEPOINT countersign_census").await?;
    let mut readings = BTreeMap::new();
    for ((at, question), look) in questions.iter().enumerate().zip(looks) {
        let answered =
            answers.remove(&at).unwrap_or_else(|| Reading::Blind("the server did not answer this question".to_owned()));
        readings.insert(question.id.clone(), here.read(&look, answered));
    }
    Ok(Census { taken_at: here.at, target: here.target, readings })
}
