//! `transaction-control`: a body holds no BEGIN and no COMMIT; the console owns them.

use pg_query::protobuf::TransactionStmtKind as Kind;

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::Statement;
use crate::runbook::sql::tree::{number, truth};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "transaction-control",
    summary: "BEGIN, COMMIT, ROLLBACK, SAVEPOINT or PREPARE TRANSACTION in a body.",
    help: "A reversal is a body. The console opens the transaction, sets the timeouts, verifies inside and only then commits or\n\
           rolls back. A COMMIT in the body would make the ROLLBACK of a rehearsal do nothing; PREPARE TRANSACTION would take\n\
           the work away from the session; SAVEPOINT would hide which work was undone. SET TRANSACTION is the matter of\n\
           `timeouts-are-ours`, COMMIT PREPARED and ROLLBACK PREPARED of `not-in-a-transaction` too.\n\n\
           What to do: remove the statement. One step is one transaction; make two steps of what needs two.",
};

const WAY_OUT: &str = "Remove it: the console begins, verifies, and commits or rolls back.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let ("TransactionStmt", node) = statement.tree.statement() else { continue };
        let chain = if truth(node, "chain") {
            " AND CHAIN opens another one at once, without the timeouts and pinned settings of the console."
        } else {
            ""
        };
        let message = format!("{} stands in a body: {}.{chain}", words(statement), effect(number(node, "kind")));
        let way_out = match statement.tag.as_str() {
            "SAVEPOINT" | "RELEASE" => {
                "Remove it: one step is all or nothing, and a check that may fail belongs into [[check]]."
            }
            _ => WAY_OUT,
        };
        found.block(Spot::Statement(statement), message, way_out);
    }
}

/// Returns the statement's first words as people say them: END is a COMMIT, and ABORT a ROLLBACK.
fn words(statement: &Statement) -> String {
    let first = statement.text.split_whitespace().next().unwrap_or_default().to_uppercase();
    let first = first.trim_end_matches(';');
    match first {
        "END" | "ABORT" => format!("{first} ({})", statement.tag),
        _ if statement.tag.is_empty() => first.to_owned(),
        _ => statement.tag.clone(),
    }
}

/// Says what the verb would do to the transaction in which it is sent.
fn effect(kind: i64) -> &'static str {
    match i32::try_from(kind).ok().and_then(|kind| Kind::try_from(kind).ok()) {
        Some(Kind::TransStmtBegin | Kind::TransStmtStart) => {
            "inside the console's transaction it is only a warning, so whoever reads the script believes in a transaction \
             that is not there; a mode it names is set on the console's transaction"
        }
        Some(Kind::TransStmtCommit) => {
            "it would commit the console's transaction before anything is verified, and everything behind it would run \
             unguarded; a rehearsal would leave its work in the database"
        }
        Some(Kind::TransStmtRollback) => {
            "it would end the console's transaction and its locks, timeouts and pinned settings, and everything behind it \
             would commit statement by statement"
        }
        Some(Kind::TransStmtSavepoint) => {
            "it opens a subtransaction, so work may be undone without a trace in what is verified"
        }
        Some(Kind::TransStmtRelease) => "it closes a subtransaction that a body does not open",
        Some(Kind::TransStmtRollbackTo) => {
            "it undoes statements that were answered as done, so their counts of rows say nothing any more"
        }
        Some(Kind::TransStmtPrepare) => {
            "it would take the work and its locks away from this session; ROLLBACK would no longer reach them, and any \
             session could commit them later"
        }
        Some(Kind::TransStmtCommitPrepared) => {
            "it would commit the work of another transaction, which nobody has reviewed here"
        }
        Some(Kind::TransStmtRollbackPrepared) => "it would throw away the work of another transaction",
        Some(Kind::Undefined) | None => "the console owns the transaction",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        for (sql, says) in [
            ("BEGIN", "BEGIN stands in a body: inside the console's transaction it is only a warning"),
            ("BEGIN ISOLATION LEVEL REPEATABLE READ", "a mode it names is set"),
            ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION stands"),
            ("COMMIT", "COMMIT stands in a body: it would commit the console's transaction"),
            ("commit work", "it would commit"),
            ("END", "END (COMMIT) stands in a body: it would commit"),
            ("COMMIT AND CHAIN", "AND CHAIN opens another one at once"),
            ("ROLLBACK", "it would end the console's transaction"),
            ("ROLLBACK AND CHAIN", "AND CHAIN opens another one"),
            ("ABORT", "ABORT (ROLLBACK) stands"),
            ("SAVEPOINT a", "it opens a subtransaction"),
            ("RELEASE SAVEPOINT a", "it closes a subtransaction"),
            ("RELEASE a", "RELEASE stands"),
            ("ROLLBACK TO SAVEPOINT a", "it undoes statements that were answered as done"),
            ("ROLLBACK TO a", "it undoes statements"),
            ("PREPARE TRANSACTION 'x'", "ROLLBACK would no longer reach them"),
            ("COMMIT PREPARED 'x'", "it would commit the work of another transaction"),
            ("ROLLBACK PREPARED 'x'", "it would throw away"),
        ] {
            check(sql, &format!("transaction-control 1:1 block: {says}"));
        }
        check("DROP TABLE public.fresh_child;\n COMMIT", "transaction-control 2:2 block: COMMIT");
        check("/* a */ END;", "transaction-control 1:9 block: END (COMMIT)");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND note = 'COMMIT;'; -- COMMIT;");
        check_clean("SELECT CASE WHEN true THEN 1 END FROM public.fresh");
    }
}
