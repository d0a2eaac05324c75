//! `row-security`: rows that a policy hides are refused by the server, because the console pins `row_security` to off.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::Touch;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "row-security",
    summary: "A statement reads or writes a table whose rows a policy hides from the connected role.",
    help: "The console runs with row_security = off, so that a policy cannot make a count look right while rows are hidden.\n\
           For a table with row level security the server then refuses every SELECT, INSERT, UPDATE and DELETE of a role that\n\
           the policies apply to. With a connected database this is a hazard for the role that is connected. The owner of the\n\
           table, unless it has FORCE ROW LEVEL SECURITY, a superuser and a role with BYPASSRLS are not meant.\n\n\
           What to do: run it as a role that sees every row, such as the table's owner.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(catalog) = scene.catalog else { return };
    for (statement, touched) in scene.touches() {
        let kind = statement.tree.statement().0;
        let is_query = matches!(kind, "SelectStmt" | "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt");
        let is_asked = matches!(touched.how, Touch::Read | Touch::Insert | Touch::Update | Touch::Delete);
        if is_query && is_asked && catalog.row_security.contains(&touched.name) {
            let message = format!(
                "Policies hide rows of {} from the connected role, and the server refuses the statement: row_security is off.",
                touched.name
            );
            found.hazard(Spot::Object(statement, touched), message, "Run it as a role that sees every row.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::runbook::ObjectName;

    #[test]
    fn cases() {
        let mut live = made().catalog;
        live.row_security.insert(ObjectName::new("public", "fresh"));
        let hidden = |sql: &str, place: &str| {
            check_with(&runbook(sql), Some(&live), &format!("row-security {place} hazard: row_security is off"));
        };
        hidden("DELETE FROM public.fresh", "1:13");
        hidden("UPDATE public.fresh SET k = 1", "1:8");
        hidden("INSERT INTO public.fresh VALUES (1)", "1:13");
        hidden("DELETE FROM public.fresh_child WHERE k IN (SELECT k FROM public.fresh)", "1:58");
        for sql in ["DELETE FROM public.fresh_child", "TRUNCATE public.fresh", "DROP TABLE public.fresh"] {
            check_clean_with(&runbook(sql), Some(&live));
        }
    }
}
