//! The guards: pure comparisons of what was planned with what the server said. A surprise is a sentence.

use std::collections::BTreeMap;

use super::{Notice, Reply, TransactionStatus};
use crate::census::{Census, Comparison, Reading, Target, Verdict, brief, difference_in_words, judge, key_of};
use crate::plan::{Plan, PlannedStatement, Settings, Via};
use crate::runbook::{Check, CheckId, Expectation, NoticeExpected, RowsExpected, StopCondition, StopSign};

/// Compares where the connection leads with where the plan says it must lead.
#[must_use]
pub fn target_surprise(plan: &Plan, actual: &Target, acts_as: Option<&str>) -> Option<String> {
    let expected = &plan.target;
    if actual.in_recovery {
        return Some(format!("{} is replaying WAL and cannot be written to; connect to the primary", actual.database));
    }
    let role = match (&plan.run_as, acts_as) {
        // The statements run as the gate's executor, and the server says for whom it opens.
        _ if plan.via == Some(Via::Gate) => actual.role.clone(),
        (None, _) => expected.role.clone(),
        // Asked of the server, and answered for exactly this role.
        (Some(run_as), Some(acts_as)) if run_as == acts_as => actual.role.clone(),
        (Some(run_as), _) => format!("a member of {run_as}"),
    };
    let differences = [
        ("system identifier", &expected.system_identifier, &actual.system_identifier),
        ("database", &expected.database, &actual.database),
        ("database OID", &expected.database_oid.to_string(), &actual.database_oid.to_string()),
        ("role", &role, &actual.role),
        ("server version", &expected.server_version.to_string(), &actual.server_version.to_string()),
        ("timeline", &expected.timeline.to_string(), &actual.timeline.to_string()),
    ]
    .into_iter()
    .find(|(_, expected, actual)| expected != actual)
    .map(|(what, expected, actual)| format!("{what}: expected {expected}, actual {actual}"))?;
    Some(format!(
        "this is not the database that was approved ({differences}); connect to the plan's target or stage again"
    ))
}

/// Compares the settings read back with the pinned ones (D-4).
pub fn settings_surprise(settings: &Settings, reply: &Reply) -> Option<String> {
    let read: BTreeMap<&str, &str> =
        reply.rows.iter().filter_map(|row| Some((row.first()?.as_deref()?, row.get(1)?.as_deref()?))).collect();
    let wanted = settings.to_set().into_iter().chain(settings.asserted.clone());
    wanted.into_iter().find_map(|(name, expected)| match read.get(name.as_str()) {
        Some(actual) if *actual == expected => None,
        Some(actual) => Some(format!("setting {name}: expected {expected}, actual {actual}")),
        None => Some(format!("setting {name}: expected {expected}, but the server does not show it")),
    })
}

/// Says why a message of ours, not of the script, was not answered as it must be.
pub fn answer_surprise(reply: &Reply, tag: &str) -> Option<String> {
    if let Some(error) = &reply.error {
        return Some(format!("the server refused ({}): {}", error.code, error.message));
    }
    let plain: Vec<&str> =
        reply.tags.iter().map(|tag| tag.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ')).collect();
    if plain != [tag] {
        return Some(format!("expected one command tag {tag}, actual {:?}", reply.tags));
    }
    match reply.status {
        TransactionStatus::InTransaction => None,
        TransactionStatus::Idle => Some(format!("no transaction is open after {tag}")),
        TransactionStatus::Failed => Some(format!("the transaction has failed after {tag}")),
    }
}

/// Compares a statement's answer with its plan: error, tag, rows, notices, transaction status (D-23, D-32).
pub fn statement_surprise(planned: &PlannedStatement, reply: &Reply) -> Option<String> {
    if let Some(error) = &reply.error {
        let detail = error.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
        return Some(format!("the server refused ({}): {}{detail}", error.code, error.message));
    }
    let [tag] = reply.tags.as_slice() else {
        return Some(format!("expected one command tag {}, actual {:?}", planned.tag, reply.tags));
    };
    let (word, rows) = split_tag(tag);
    if word != planned.tag {
        return Some(format!("expected command tag {}, actual {tag}", planned.tag));
    }
    match reply.status {
        TransactionStatus::InTransaction => {}
        TransactionStatus::Idle => return Some("the statement ended the transaction".to_owned()),
        TransactionStatus::Failed => return Some("the transaction has failed".to_owned()),
    }
    rows_surprise(planned.rows.as_ref(), rows).or_else(|| notices_surprise(&planned.notices, &reply.notices))
}

/// Says whether an answer tells of a transaction that ended under us: then nobody may call it rolled back.
pub fn may_have_committed(reply: &Reply) -> bool {
    reply.tags.iter().any(|tag| tag == "COMMIT" || tag.starts_with("COMMIT ") || tag == "PREPARE TRANSACTION")
}

/// Splits a command tag into its word and its row count: `INSERT 0 4` is `INSERT` and 4.
pub fn split_tag(tag: &str) -> (&str, Option<u64>) {
    let word = tag.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let rows = tag[word.len()..].split_whitespace().next_back().and_then(|rows| rows.parse().ok());
    (word, rows)
}

fn rows_surprise(expected: Option<&RowsExpected>, actual: Option<u64>) -> Option<String> {
    match (expected, actual) {
        (None, _) | (Some(RowsExpected::Any { .. }), Some(_)) => None,
        (Some(RowsExpected::Exactly(expected)), Some(actual)) if actual == *expected => None,
        (Some(RowsExpected::AtMost(most)), Some(actual)) if actual <= *most => None,
        (Some(RowsExpected::Exactly(expected)), Some(actual)) => {
            Some(format!("rows: expected exactly {expected}, actual {actual}"))
        }
        (Some(RowsExpected::AtMost(most)), Some(actual)) => {
            Some(format!("rows: expected at most {most}, actual {actual}"))
        }
        (Some(_), None) => Some(
            "this kind of statement counts no rows, and its rule in runbook.toml declares some; remove `rows` there"
                .to_owned(),
        ),
    }
}

fn notices_surprise(expected: &[NoticeExpected], actual: &[Notice]) -> Option<String> {
    let fits = |notice: &Notice, expected: &NoticeExpected| {
        notice.severity.eq_ignore_ascii_case(&expected.severity) && notice.message.contains(&expected.contains)
    };
    if let Some(odd) = actual.iter().find(|notice| !expected.iter().any(|expected| fits(notice, expected))) {
        return Some(format!("unexpected {} ({}): {}", odd.severity, odd.code, odd.message));
    }
    expected.iter().find_map(|expected| {
        let times = actual.iter().filter(|notice| fits(notice, expected)).count();
        (times != expected.times as usize).then(|| {
            format!(
                "notice {} containing `{}`: expected {} times, actual {times}",
                expected.severity, expected.contains, expected.times
            )
        })
    })
}

/// Compares the census inside with what the reviewers saw when they approved.
pub fn entry_surprise(checks: &[Check], approved: &BTreeMap<CheckId, Reading>, census: &Census) -> Option<String> {
    checks.iter().find_map(|check| {
        let expectation = if check.expect == Expectation::Grows { Expectation::Grows } else { Expectation::Unchanged };
        let unasked = Reading::Blind("not asked".to_owned());
        let actual = census.readings.get(&check.id).unwrap_or(&unasked);
        let (verdict, _) = judge(&expectation, approved.get(&check.id), actual);
        (!matches!(verdict, Verdict::Same | Verdict::Grown)).then(|| {
            if let (Some(Reading::Value(before)), Reading::Value(actual)) = (approved.get(&check.id), actual)
                && let Some(words) = difference_in_words(before.as_deref(), actual.as_deref(), &key_of(check))
            {
                return format!("{}: since it was approved {words}; stage it again", check.id);
            }
            let before = approved.get(&check.id).map_or("not asked".to_owned(), in_words);
            format!("{}: was {before} when it was approved, is {} now; stage it again", check.id, in_words(actual))
        })
    })
}

/// Says the first row that does not pass.
pub fn first_failure(comparison: &Comparison) -> Option<String> {
    let count = comparison.failures().count();
    comparison.failures().next().map(|row| {
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        match row.difference_in_words() {
            Some(words) => format!("{}: {words}{more}", row.id),
            None => format!("{}: expected {}, actual {}{more}", row.id, brief(&row.expected), in_words(&row.actual)),
        }
    })
}

/// Shows a reading in a sentence.
pub fn in_words(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => brief(value),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("blind ({reason})"),
    }
}

/// Finds a stop condition that a census shows as tripped or cannot see (D-60).
#[must_use]
pub fn tripped(stops: &[StopCondition], against: Option<&Census>, census: &Census) -> Option<(String, String)> {
    stops.iter().find_map(|stop| {
        let StopSign::Query { query: _, expect } = &stop.sign else { return None };
        let id = crate::census::stop_question_id(&stop.id);
        let unasked = Reading::Blind("not asked".to_owned());
        let actual = census.readings.get(&id).unwrap_or(&unasked);
        let before = against.and_then(|against| against.readings.get(&id));
        let (verdict, remark) = judge(expect, before, actual);
        let is_accepted = matches!(actual, Reading::Value(answer) if stop.accepts(answer.as_deref()));
        (!is_accepted && !matches!(verdict, Verdict::Same | Verdict::Grown)).then(|| {
            let expected = crate::census::describe(expect, before);
            let remark = remark.map_or(String::new(), |remark| format!("; {remark}"));
            (stop.id.clone(), format!("{} (expected {expected}, actual {}{remark})", stop.title, in_words(actual)))
        })
    })
}

/// Finds a stop condition that an error message trips, such as the trigger guard's escalation (D-32).
pub fn tripped_by_error(stops: &[StopCondition], reply: &Reply) -> Option<(String, String)> {
    let error = reply.error.as_ref()?;
    stops.iter().find_map(|stop| match &stop.sign {
        StopSign::ErrorContains(text) if error.message.contains(text) => {
            Some((stop.id.clone(), format!("{} (the server said: {})", stop.title, error.message)))
        }
        StopSign::ErrorContains(_) | StopSign::Query { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::run::ServerError;

    fn planned(rows: Option<RowsExpected>, notices: Vec<NoticeExpected>, tag: &str) -> PlannedStatement {
        PlannedStatement {
            ordinal: 1,
            line: 1,
            sql: String::new(),
            sha256: Digest::of(b""),
            tag: tag.to_owned(),
            rows,
            notices,
        }
    }

    /// Cases are the tags joined by `+`, `!` for an error, `I`, `T` or `E` for the status, and notices after `~`.
    fn check(planned: &PlannedStatement, answer: &str, expected: &str) {
        let (answer, notices) = answer.split_once('~').unwrap_or((answer, ""));
        let (tags, status) = answer.trim().rsplit_once(' ').unwrap();
        let reply = Reply {
            tags: tags.split('+').filter(|tag| *tag != "!").map(str::to_owned).collect(),
            error: (tags == "!").then(|| ServerError {
                code: "23503".to_owned(),
                message: "violates foreign key".to_owned(),
                detail: None,
                hint: None,
            }),
            status: match status {
                "T" => TransactionStatus::InTransaction,
                "E" => TransactionStatus::Failed,
                _ => TransactionStatus::Idle,
            },
            notices: notices
                .split('~')
                .filter(|text| !text.is_empty())
                .map(|text| Notice {
                    severity: "WARNING".to_owned(),
                    code: "01000".to_owned(),
                    message: text.to_owned(),
                })
                .collect(),
            ..Reply::default()
        };
        assert_eq!(statement_surprise(planned, &reply).as_deref().unwrap_or("as planned"), expected, "{answer}");
    }

    #[test]
    fn tag_rows_status_and_notices_are_held_to_the_plan() {
        let four = planned(Some(RowsExpected::Exactly(4)), Vec::new(), "UPDATE");
        check(&four, "UPDATE 4 T", "as planned");
        check(&four, "UPDATE 5 T", "rows: expected exactly 4, actual 5");
        check(&four, "UPDATE 0 T", "rows: expected exactly 4, actual 0");
        check(&four, "DELETE 4 T", "expected command tag UPDATE, actual DELETE 4");
        check(&four, "UPDATE 4+COMMIT T", "expected one command tag UPDATE, actual [\"UPDATE 4\", \"COMMIT\"]");
        check(&four, "UPDATE 4 I", "the statement ended the transaction");
        check(&four, "UPDATE 4 E", "the transaction has failed");
        check(&four, "! E", "the server refused (23503): violates foreign key");
        check(&four, "UPDATE 4 T~surprise", "unexpected WARNING (01000): surprise");
        let most = planned(Some(RowsExpected::AtMost(4)), Vec::new(), "INSERT");
        check(&most, "INSERT 0 4 T", "as planned");
        check(&most, "INSERT 0 5 T", "rows: expected at most 4, actual 5");
        let drop = planned(None, Vec::new(), "DROP TABLE");
        check(&drop, "DROP TABLE T", "as planned");
        check(&drop, "DROP VIEW T", "expected command tag DROP TABLE, actual DROP VIEW");
        let guard = NoticeExpected { severity: "warning".to_owned(), contains: "[TRIGGER-GUARD]".to_owned(), times: 1 };
        let trigger = planned(None, vec![guard], "DROP TRIGGER");
        check(&trigger, "DROP TRIGGER T~[TRIGGER-GUARD] DROP TRIGGER", "as planned");
        check(&trigger, "DROP TRIGGER T", "notice warning containing `[TRIGGER-GUARD]`: expected 1 times, actual 0");
        check(
            &trigger,
            "DROP TRIGGER T~[TRIGGER-GUARD] a~[TRIGGER-GUARD] b",
            "notice warning containing `[TRIGGER-GUARD]`: expected 1 times, actual 2",
        );
    }
}
