//! Takes rows about other sessions; gives who is in the way and who waits, in words; refuses to name anybody the server
//! did not name, and to keep a statement that may hold a password.

use std::collections::BTreeMap;

use super::{Bystander, Reply};
use crate::runbook::ObjectName;

/// How many sessions a sentence names; the rest is counted.
const NAMED: usize = 3;
/// How much of another session's statement is kept, in characters: enough to recognise it.
const STATEMENT_LIMIT: usize = 160;
/// What the server writes in place of a statement that the role may not see.
const NOT_SHOWN: &str = "<insufficient privilege>";
/// The state of a session whose state the role may not see.
pub const HIDDEN: &str = "hidden";

impl Bystander {
    /// Says who it is: `pid 4242 (role lan, application psql, idle in transaction since 2026-06-01T12:00:00Z)`.
    #[must_use]
    pub fn who(&self) -> String {
        let Self { pid, role, application, state, since, relation: _, mode: _, statement: _ } = self;
        let mut facts = Vec::new();
        if !role.is_empty() {
            facts.push(format!("role {role}"));
        }
        if !application.is_empty() {
            // A prepared transaction has no process any more; its name stands in the application's place.
            facts.push(if *pid == 0 {
                format!("prepared as {application}")
            } else {
                format!("application {application}")
            });
        }
        match (state.as_str(), since.as_str()) {
            (HIDDEN, _) => facts.push("what it does is hidden from this role".to_owned()),
            ("", "") => {}
            ("", since) => facts.push(format!("since {since}")),
            (state, "") => facts.push(state.to_owned()),
            (state, since) => facts.push(format!("{state} since {since}")),
        }
        let name = if *pid == 0 { "a prepared transaction".to_owned() } else { format!("pid {pid}") };
        if facts.is_empty() { name } else { format!("{name} ({})", facts.join(", ")) }
    }

    /// Says which lock it is about: `AccessShareLock on public.extra`; empty when it is not known.
    #[must_use]
    pub fn lock(&self) -> String {
        match (&self.relation, self.mode.as_str()) {
            (Some(relation), "") => relation.to_string(),
            (Some(relation), mode) => format!("{mode} on {relation}"),
            (None, mode) => mode.to_owned(),
        }
    }

    /// Says everything in one sentence without its full stop.
    #[must_use]
    pub fn words(&self) -> String {
        let lock = self.lock();
        let with = if lock.is_empty() { String::new() } else { format!(" with {lock}") };
        let last =
            if self.statement.is_empty() { String::new() } else { format!(", last statement `{}`", self.statement) };
        format!("{}{with}{last}", self.who())
    }
}

/// Reads one session: `oid, schema, name, mode, pid, role, application, state, since, statement`. A relation that was
/// dropped in this transaction has an oid and no name; it is looked up among those that were read before.
#[must_use]
pub fn bystander_of(row: &[Option<String>], names: &BTreeMap<String, ObjectName>) -> Option<Bystander> {
    let [oid, schema, name, mode, pid, role, application, state, since, statement] = row else { return None };
    let relation = match (schema, name) {
        (Some(schema), Some(name)) => Some(ObjectName::new(schema, name)),
        _ => oid.as_ref().and_then(|oid| names.get(oid)).cloned(),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let shown = statement.as_deref() != Some(NOT_SHOWN);
    Some(Bystander {
        pid: pid.as_ref()?.parse().ok()?,
        role: text(role),
        application: text(application),
        state: if shown { text(state) } else { HIDDEN.to_owned() },
        since: text(since),
        relation,
        mode: text(mode),
        statement: if shown { beginning(&text(statement)) } else { String::new() },
    })
}

/// Reads rows of sessions.
pub(super) fn read(rows: &[Vec<Option<String>>], names: &BTreeMap<String, ObjectName>) -> Vec<Bystander> {
    rows.iter().filter_map(|row| bystander_of(row, names)).collect()
}

/// Reads the sessions that wait from the rows of a look around: the transaction's id stands before each.
pub(super) fn waiting(rows: &[Vec<Option<String>>], names: &BTreeMap<String, ObjectName>) -> Vec<Bystander> {
    rows.iter().filter_map(|row| bystander_of(row.get(1..)?, names)).collect()
}

/// Returns whether a row of a look around, behind its lock, names a session: then the lock is not ours.
pub(super) fn is_named(session: &[Option<String>]) -> bool {
    session.iter().any(Option::is_some)
}

/// Returns what may be shown and kept of another session's statement: one that speaks of a password may hold it.
#[must_use]
pub fn shown_of(statement: String) -> String {
    if statement.to_ascii_lowercase().contains("password") {
        return "(not shown: it speaks of a password)".to_owned();
    }
    statement
}

/// Keeps the beginning of a statement, in one line.
fn beginning(statement: &str) -> String {
    let statement = shown_of(statement.to_owned());
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(STATEMENT_LIMIT) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

/// Says who was in the way of a message the server gave up; empty when it was for another reason, or nobody was seen.
#[must_use]
pub fn in_the_way(reply: &Reply) -> String {
    // 55P03: lock_timeout. 57014 and 40P01 end a wait as well: statement_timeout or a cancel, and a deadlock.
    let gave_up = reply.error.as_ref().is_some_and(|error| ["55P03", "57014", "40P01"].contains(&error.code.as_str()));
    if gave_up { named("; in the way: ", &reply.blockers) } else { String::new() }
}

/// Names some sessions after a lead; empty when there is none.
#[must_use]
pub fn named(lead: &str, sessions: &[Bystander]) -> String {
    if sessions.is_empty() {
        return String::new();
    }
    let mut words: Vec<String> = sessions.iter().take(NAMED).map(Bystander::words).collect();
    if sessions.len() > NAMED {
        words.push(format!("and {} more", sessions.len() - NAMED));
    }
    format!("{lead}{}", words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ServerError;

    /// A row is `oid|schema|name|mode|pid|role|application|state|since|statement`, `-` for NULL.
    fn check(row: &str, expected: &str) {
        let row: Vec<Option<String>> = row.split('|').map(|cell| (cell != "-").then(|| cell.to_owned())).collect();
        let names = [("777".to_owned(), ObjectName::new("public", "gone"))].into();
        let found = bystander_of(&row, &names).map_or("nobody".to_owned(), |found| found.words());
        assert_eq!(found, expected);
    }

    #[test]
    fn a_session_is_said_in_one_sentence() {
        check(
            "1|public|t|AccessShareLock|42|lan|psql|idle in transaction|12:00|SELECT 1\n  FROM t",
            "pid 42 (role lan, application psql, idle in transaction since 12:00) with AccessShareLock on public.t, \
             last statement `SELECT 1 FROM t`",
        );
        check("777|-|-|ShareLock|42|-|-|-|-|-", "pid 42 with ShareLock on public.gone");
        check("778|-|-|ShareLock|42|-|-|-|-|-", "pid 42 with ShareLock");
        check(
            "1|public|t|ShareLock|42|lan||-|-|<insufficient privilege>",
            "pid 42 (role lan, what it does is hidden from this role) with ShareLock on public.t",
        );
        check(
            "1|public|t|ShareLock|0|lan|later|prepared|12:00|",
            "a prepared transaction (role lan, prepared as later, prepared since 12:00) with ShareLock on public.t",
        );
        check(
            "-|-|-|-|42|lan||active|-|ALTER ROLE x PASSWORD 'hunter2'",
            "pid 42 (role lan, active), last statement `(not shown: it speaks of a password)`",
        );
        check("1|public|t|ShareLock|-|-|-|-|-|-", "nobody");
        check("1|public|t", "nobody");
        let long = format!("-|-|-|-|42|-|-|-|-|SELECT {}", "đ".repeat(500));
        let kept = format!("pid 42, last statement `SELECT {}…`", "đ".repeat(STATEMENT_LIMIT - 7));
        check(&long, &kept);
    }

    #[test]
    fn only_a_wait_that_was_given_up_has_somebody_in_the_way() {
        let blocker = bystander_of(
            &["1", "public", "t", "ShareLock", "42", "lan", "", "active", "", ""].map(|cell| Some(cell.to_owned())),
            &BTreeMap::new(),
        )
        .unwrap();
        let said = |code: Option<&str>, blockers: usize| {
            let error = code.map(|code| ServerError {
                code: code.to_owned(),
                message: String::new(),
                detail: None,
                hint: None,
            });
            in_the_way(&Reply { error, blockers: vec![blocker.clone(); blockers], ..Reply::default() })
        };
        let one = "pid 42 (role lan, active) with ShareLock on public.t";
        assert_eq!(said(Some("55P03"), 1), format!("; in the way: {one}"));
        assert_eq!(said(Some("40P01"), 1), format!("; in the way: {one}"));
        assert_eq!(said(Some("55P03"), 5), format!("; in the way: {one}; {one}; {one}; and 2 more"));
        assert_eq!(said(Some("55P03"), 0), "");
        assert_eq!(said(Some("23503"), 1), "", "it waited, got the lock, and failed for another reason");
        assert_eq!(said(None, 1), "");
    }
}
