//! `transaction-control`: a body holds no BEGIN and no COMMIT; the console owns them.

use super::{Found, RuleInfo, Scene, Spot};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "transaction-control",
    summary: "BEGIN, COMMIT, ROLLBACK, SAVEPOINT or PREPARE TRANSACTION in a body.",
    help: "A reversal is a body. The console opens the transaction, sets the timeouts, verifies inside and only then commits or\n\
           rolls back. A COMMIT in the body would make the ROLLBACK of a rehearsal do nothing; PREPARE TRANSACTION would take\n\
           the work away from the session; SAVEPOINT would hide which work was undone.\n\n\
           What to do: remove the statement. One step is one transaction; make two steps of what needs two.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements.iter().filter(|statement| statement.tree.statement().0 == "TransactionStmt") {
        let message = format!("{} stands in a body; the console owns the transaction.", statement.tag);
        found.block(
            Spot::Statement(statement),
            message,
            "Remove it: the console begins, verifies, and commits or rolls back.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("BEGIN; DROP TABLE public.fresh_child;", "transaction-control 1:1 block: BEGIN");
        check("DROP TABLE public.fresh_child;\n COMMIT", "transaction-control 2:2 block: COMMIT");
        check("END", "transaction-control 1:1 block: COMMIT");
        check("ABORT", "transaction-control 1:1 block: ROLLBACK");
        check("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "transaction-control 1:1 block: START TRANSACTION");
        check("SAVEPOINT a", "transaction-control 1:1 block: SAVEPOINT");
        check("PREPARE TRANSACTION 'x'", "transaction-control 1:1 block: PREPARE TRANSACTION");
        check("COMMIT PREPARED 'x'", "transaction-control 1:1 block: COMMIT PREPARED");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND note = 'COMMIT;'; -- COMMIT;");
    }
}
