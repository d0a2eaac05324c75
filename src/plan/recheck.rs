//! Takes a plan that somebody brought; gives leave when it could have been sealed; refuses what no review would have passed.
//!
//! A plan in the ledger was sealed by the desk of the one who staged it, and any program can write such a text. What people
//! are shown is the statements: so the rest of it must not be able to act, and a statement must be one statement.

use super::Plan;
use super::document::Settings;
use super::names::names_of;
use crate::census::query_sql;
use crate::digest::Digest;
use crate::runbook::StopSign;
use crate::runbook::sql::{is_single_select, split};

/// Statements that the console alone sends (D-4): a plan never holds one.
const OURS: [&str; 5] = ["TransactionStmt", "VariableSetStmt", "ConstraintsSetStmt", "DiscardStmt", "DropOwnedStmt"];

/// Looks at everything of a plan that is sent to a server.
///
/// # Errors
/// The first thing that no sealed plan holds, in one sentence.
pub fn recheck(plan: &Plan) -> Result<(), String> {
    let timeouts = plan.settings.timeouts;
    if [timeouts.lock_millis, timeouts.statement_millis, timeouts.idle_in_transaction_millis].contains(&0) {
        return Err("a timeout is 0, which means none".to_owned());
    }
    if plan.settings != Settings::new(timeouts, &plan.settings.schema) {
        return Err("the pinned settings are not those of this version".to_owned());
    }
    if let Some(twice) =
        plan.objects.iter().enumerate().find(|(at, one)| plan.objects[..*at].iter().any(|other| other.name == one.name))
    {
        return Err(format!("{} is declared twice; an object belongs to exactly one class", twice.1.name));
    }
    for stage in &plan.stages {
        let mut names = Vec::new();
        for statement in &stage.statements {
            let place = format!("{}, statement {}", stage.step, statement.ordinal);
            if Digest::of(statement.sql.as_bytes()) != statement.sha256 {
                return Err(format!("{place}: its text is not the one its digest is of"));
            }
            let parsed = split(&statement.sql).map_err(|problem| format!("{place}: {problem}"))?;
            let [one] = parsed.as_slice() else {
                return Err(format!("{place}: expected one statement, actual {}", parsed.len()));
            };
            if one.tag != statement.tag {
                return Err(format!("{place}: expected {}, actual {}", statement.tag, one.tag));
            }
            let kind = one.tree.statement().0;
            if OURS.contains(&kind) {
                let what = if one.tag.is_empty() { kind.trim_end_matches("Stmt") } else { &one.tag };
                return Err(format!("{place}: {what} is for the console alone to send; remove it"));
            }
            names.extend(names_of(one, statement.ordinal, &plan.settings.schema));
        }
        // What a stage may do besides is judged by this list, so it is not taken on trust.
        if names != stage.names {
            return Err(format!("{}: the changes it lists are not those its statements name", stage.step));
        }
    }
    super::restore::recheck_restore(plan)?;
    super::end_session::recheck_end_session(plan)?;
    // A check is asked inside the run as well, and reviewers read its answer and not its text.
    let checks = plan.checks.iter().map(|check| (check.id.to_string(), &check.query));
    let stops = plan.stops.iter().filter_map(|stop| match &stop.sign {
        StopSign::Query { query, expect: _ } => Some((stop.id.clone(), query)),
        StopSign::ErrorContains(_) => None,
    });
    for (id, query) in checks.chain(stops) {
        // The text of a definition is ours.
        if query.written().is_some() {
            is_single_select(&query_sql(query)).map_err(|reason| format!("{id}: {reason}"))?;
        }
    }
    Ok(())
}
