//! `lock-on-others`: a script that keeps others out of a table of theirs says so, and somebody agrees.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::number;
use crate::runbook::sql::{Statement, Touch};
use crate::runbook::{Object, ObjectClass};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "lock-on-others",
    summary: "LOCK TABLE or SELECT … FOR UPDATE keeps others out of a table that is not this phase's.",
    help: "LOCK TABLE … IN ACCESS EXCLUSIVE MODE, which is what LOCK TABLE means without a mode, stops every reader until the run\n\
           ends, and EXCLUSIVE MODE stops every writer. SELECT … FOR UPDATE, FOR SHARE and their like hold rows that a reversal\n\
           may not write anyway when their table is protected or growing. The console itself locks the shared tables that a stage\n\
           writes to, against writers and not against readers. So a hard lock on a table of others is a hazard, and so is any\n\
           lock on a protected or growing one but ACCESS SHARE, which a reader takes. A lock is not undone too late: it ends with\n\
           the transaction.\n\n\
           What to do: remove the statement. The locks that DROP, UPDATE and DELETE need they take by themselves.",
};

/// `LOCK TABLE … IN ACCESS SHARE MODE`, as the grammar numbers it: what a reader takes.
const ACCESS_SHARE: i64 = 1;
/// `IN EXCLUSIVE MODE`: stops writers and whoever locks rows; only ACCESS EXCLUSIVE is stronger.
const EXCLUSIVE: i64 = 7;

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared() {
        let is_untouchable = match object.class {
            ObjectClass::Greenfield => continue,
            ObjectClass::Protected | ObjectClass::Growing => true,
            ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => false,
        };
        let is_hard = match touched.how {
            Touch::Lock => {
                let mode = number(statement.tree.statement().1, "mode");
                mode >= EXCLUSIVE || (is_untouchable && mode > ACCESS_SHARE)
            }
            Touch::Read => is_untouchable && locks_rows(statement, object),
            Touch::Call
            | Touch::Insert
            | Touch::Update
            | Touch::Delete
            | Touch::Truncate
            | Touch::Create
            | Touch::Alter
            | Touch::Attach
            | Touch::Drop => false,
        };
        if is_hard {
            let what = if touched.how == Touch::Lock { "is locked" } else { "has rows locked" };
            let message = format!("{} {what}: others wait for it until the run ends.", object.name);
            found.hazard(
                Spot::Object(statement, touched),
                message,
                "Remove it; a statement takes the locks it needs by itself.",
            );
        }
    }
}

/// Returns whether a statement locks rows that it reads. `FOR UPDATE OF` another table is rare enough to be looked at.
fn locks_rows(statement: &Statement, object: &Object) -> bool {
    use crate::runbook::ObjectKind::{MaterializedView, Table, View};
    matches!(object.kind, Table | View | MaterializedView) && statement.tree.holds("LockingClause")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("LOCK TABLE public.fixed", "lock-on-others 1:12 hazard: public.fixed is locked");
        check("LOCK TABLE public.fixed IN ROW SHARE MODE", "lock-on-others 1:12 hazard: public.fixed");
        check("LOCK TABLE public.outbox IN SHARE MODE", "lock-on-others 1:12 hazard: public.outbox");
        check("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE", "lock-on-others 1:12 hazard: public.events");
        check("LOCK TABLE public.fresh, public.codes IN EXCLUSIVE MODE", "lock-on-others 1:26 hazard: public.codes");
        check("SELECT 1 FROM public.fixed FOR UPDATE", "lock-on-others 1:15 hazard: public.fixed has rows locked");
        check("SELECT 1 FROM public.fixed FOR KEY SHARE NOWAIT", "lock-on-others 1:15 hazard: public.fixed");
        check("WITH l AS (SELECT 1 FROM public.outbox FOR SHARE) SELECT 1 FROM l", "lock-on-others 1:26 hazard: outbox");
        check_clean("LOCK TABLE public.fixed IN ACCESS SHARE MODE");
        check_clean("LOCK TABLE public.events IN SHARE ROW EXCLUSIVE MODE");
        check_clean("LOCK TABLE public.fresh IN ACCESS EXCLUSIVE MODE");
        check_clean("SELECT 1 FROM public.fixed");
        check_clean("SELECT 1 FROM public.events WHERE event_domain = 'governance' FOR UPDATE");
    }
}
