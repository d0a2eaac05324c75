//! `timeouts-are-ours`: no script loosens a setting the console pins (D-4).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::Statement;
use crate::runbook::sql::tree::{Node, as_kind, items, number, present, strings, text};
pub(super) const INFO: RuleInfo = RuleInfo {
    name: "timeouts-are-ours",
    summary: "SET, RESET or set_config of a setting that the console pins.",
    help: "The console sets the three timeouts, search_path, standard_conforming_strings, row_security and a few more with SET\n\
           LOCAL, and asserts them by reading them back. A script that sets them again would loosen what was approved: a LIKE\n\
           pattern or an unqualified name could mean something else. SET ROLE, SET SESSION AUTHORIZATION, SET TRANSACTION,\n\
           SET CONSTRAINTS, RESET ALL and DISCARD block as well, and so does ALTER ROLE or ALTER DATABASE … SET, which changes\n\
           the sessions of others. Any other setting is a hazard. A SET clause of a function holds only while the function\n\
           runs: a note.\n\n\
           What to do: remove the statement. Timeouts belong into [timeouts] of runbook.toml.",
};

const PINNED: [&str; 33] = [
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
    "search_path",
    "standard_conforming_strings",
    "backslash_quote",
    "escape_string_warning",
    "row_security",
    "session_replication_role",
    "timezone",
    "datestyle",
    "intervalstyle",
    "extra_float_digits",
    "bytea_output",
    "client_min_messages",
    "client_encoding",
    "synchronous_commit",
    "role",
    "session_authorization",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_deferrable",
    // What constants mean, and how an equation with NULL is read.
    "transform_null_equals",
    "array_nulls",
    // What the run's own guards look at: statistics, and the words of notices and errors (D-32).
    "track_counts",
    "track_activities",
    "lc_messages",
    // What keeps others' guards awake.
    "event_triggers",
    "allow_system_table_mods",
    "ignore_system_indexes",
    "zero_damaged_pages",
];

const WAY_OUT: &str = "Remove it; timeouts belong into [timeouts] of runbook.toml.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        match statement.tree.statement() {
            ("VariableSetStmt", node) => setting(found, Spot::Statement(statement), text(node, "name")),
            ("AlterRoleSetStmt", node) => stored(found, statement, node, "role"),
            ("AlterDatabaseSetStmt", node) => stored(found, statement, node, "database"),
            ("CreateFunctionStmt" | "AlterFunctionStmt", node) => of_function(found, statement, node),
            ("ConstraintsSetStmt", _) => {
                let message =
                    "SET CONSTRAINTS would move checks past the verification; the console sets them immediate.";
                found.block(Spot::Statement(statement), message, "Remove it.");
            }
            ("DiscardStmt", _) => {
                found.block(Spot::Statement(statement), "DISCARD throws away what the console has set.", "Remove it.");
            }
            _ => {}
        }
        configured(found, statement);
    }
}

/// A setting kept in the catalog begins to hold in the next session, for people who have reviewed nothing.
fn stored(found: &mut Found, statement: &Statement, node: &Node, of: &str) {
    let name = present(node, "setstmt").map(|set| text(set, "name")).unwrap_or_default();
    let what = if name.is_empty() { "every setting" } else { name };
    let message = format!("The script changes {what} of a {of} for every session that begins later.");
    found.block(
        Spot::Statement(statement),
        message,
        "Remove it: a reversal changes the declared objects and nothing else.",
    );
}

/// A SET clause of a function is undone when the function returns.
fn of_function(found: &mut Found, statement: &Statement, node: &Node) {
    let options =
        items(node, "options").iter().chain(items(node, "actions")).filter_map(|item| as_kind(item, "DefElem"));
    for option in options.filter(|option| text(option, "defname") == "set") {
        let Some(set) = present(option, "arg").and_then(|arg| as_kind(arg, "VariableSetStmt")) else { continue };
        let message = format!("The function sets {} while it runs, and no longer.", text(set, "name"));
        found.mention(Spot::Statement(statement), message, "Nothing, if the function needs it.");
    }
}

/// `set_config` is SET in an expression.
fn configured(found: &mut Found, statement: &Statement) {
    for call in statement.tree.all("FuncCall") {
        if strings(items(call, "funcname")).last().is_none_or(|name| name != "set_config") {
            continue;
        }
        let spot = Spot::Offset(statement, usize::try_from(number(call, "location")).unwrap_or(statement.start));
        let constant = items(call, "args").first().and_then(|name| as_kind(name, "AConst"));
        match constant.and_then(|constant| present(constant, "val")).and_then(|value| as_kind(value, "Sval")) {
            Some(name) => setting(found, spot, text(name, "sval")),
            None => found.block(spot, "set_config sets something that cannot be read from the script.", WAY_OUT),
        }
    }
}

/// Returns whether the console sets this setting itself and asserts it.
pub(super) fn is_pinned(name: &str) -> bool {
    let lower = name.to_lowercase();
    // No name: RESET ALL. Names with a space or capitals: SET TRANSACTION and its like.
    lower.is_empty() || PINNED.contains(&lower.as_str()) || lower.contains(' ') || lower.contains("transaction")
}

fn setting(found: &mut Found, spot: Spot<'_>, name: &str) {
    if name.eq_ignore_ascii_case("session characteristics") {
        let message = "SET SESSION CHARACTERISTICS changes how every later transaction of the session begins.";
        found.block(spot, message, WAY_OUT);
    } else if is_pinned(name) {
        let what = if name.is_empty() { "every setting" } else { name };
        found.block(spot, format!("The script changes {what}, which the console pins and asserts."), WAY_OUT);
    } else {
        let message = format!("The script changes the setting {name} for the rest of the transaction or session.");
        found.hazard(
            spot,
            message,
            "Remove it unless the statements behind it need it; then waive it with the reason.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("SET LOCAL lock_timeout = 0", "timeouts-are-ours 1:1 block: lock_timeout");
        check("SET statement_timeout TO DEFAULT", "timeouts-are-ours 1:1 block: statement_timeout");
        check("RESET ALL", "timeouts-are-ours 1:1 block: every setting");
        check("RESET search_path", "timeouts-are-ours 1:1 block: search_path");
        check("SET SCHEMA 'x'", "timeouts-are-ours 1:1 block: search_path");
        check("SET TIME ZONE 'UTC'", "timeouts-are-ours 1:1 block: timezone");
        check("SET ROLE postgres", "timeouts-are-ours 1:1 block: role");
        check("SET TRANSACTION READ ONLY", "timeouts-are-ours 1:1 block: TRANSACTION");
        check("SET CONSTRAINTS ALL DEFERRED", "timeouts-are-ours 1:1 block: SET CONSTRAINTS");
        check("DISCARD ALL", "timeouts-are-ours 1:1 block: DISCARD");
        check("DISCARD PLANS", "timeouts-are-ours 1:1 block: DISCARD");
        check("RESET ROLE", "timeouts-are-ours 1:1 block: role");
        check("SET LOCAL SESSION AUTHORIZATION DEFAULT", "timeouts-are-ours 1:1 block: session_authorization");
        check("RESET SESSION AUTHORIZATION", "timeouts-are-ours 1:1 block: session_authorization");
        check("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "timeouts-are-ours 1:1 block: every later");
        check("SET TRANSACTION SNAPSHOT '0-1'", "timeouts-are-ours 1:1 block: TRANSACTION");
        check("RESET TRANSACTION ISOLATION LEVEL", "timeouts-are-ours 1:1 block: transaction_isolation");
        check("SET default_transaction_isolation = 'serializable'", "timeouts-are-ours 1:1 block: default_transaction");
        check("SET SESSION \"LOCK_timeout\" = 0", "timeouts-are-ours 1:1 block: changes");
        check("SET NAMES 'latin1'", "timeouts-are-ours 1:1 block: client_encoding");
        check("SET session_replication_role = replica", "timeouts-are-ours 1:1 block: session_replication_role");
        check("SET LOCAL track_counts = off", "timeouts-are-ours 1:1 block: track_counts");
        check("SET statement_timeout FROM CURRENT", "timeouts-are-ours 1:1 block: statement_timeout");
        check("ALTER ROLE ops SET search_path = x", "timeouts-are-ours 1:1 block: search_path of a role");
        check("ALTER USER ops IN DATABASE db RESET ALL", "timeouts-are-ours 1:1 block: every setting of a role");
        check("ALTER DATABASE db SET statement_timeout = 0", "timeouts-are-ours 1:1 block: of a database");
        check(
            "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SET search_path = x AS 'SELECT 1'",
            "timeouts-are-ours 1:1 note: sets search_path while it runs",
        );
        check("SELECT pg_catalog.set_config('Lock_Timeout', '0', true)", "timeouts-are-ours 1:8 block: Lock_Timeout");
        check("SELECT set_config('lock' || '_timeout', '0', true)", "timeouts-are-ours 1:8 block: cannot be read");
        check("SET LOCAL work_mem = '64MB'", "timeouts-are-ours 1:1 hazard: work_mem");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = 'SET lock_timeout = 0'");
    }
}
