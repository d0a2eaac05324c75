//! `rows-undeclared`: the rows a statement must affect are declared before it runs (D-23).

use super::{Found, RuleInfo, Scene, Spot};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "rows-undeclared",
    summary: "INSERT, UPDATE, DELETE or MERGE whose number of rows is not declared.",
    help: "The server answers a command tag with a count of rows. Another count than the one expected is the first sign that the\n\
           table is not what the runbook believes, and rolls the run back. So each statement that writes rows declares it:\n\
           rows = { exactly = 4 }, { at_most = 9 } or { any = \"the reason\" }. DDL counts no rows; `rows` on it can only\n\
           fail the rehearsal.\n\n\
           What to do: add [[step.statement]] with the ordinal and rows.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let rows = scene.step.statements.get(&statement.ordinal).and_then(|rule| rule.rows.as_ref());
        let writes_rows = matches!(statement.tag.as_str(), "INSERT" | "UPDATE" | "DELETE" | "MERGE");
        match rows {
            None if writes_rows => {
                let message = format!("Nobody has declared how many rows this {} affects.", statement.tag);
                let way_out = format!(
                    "Add [[step.statement]] with ordinal = {} and rows = {{ exactly = … }}.",
                    statement.ordinal
                );
                found.block(Spot::Statement(statement), message, way_out);
            }
            Some(_) if !statement.counts_rows => {
                let message = format!("{} counts no rows, so the rows declared for it cannot hold: a rehearsal will roll back.", statement.tag);
                found.mention(Spot::Statement(statement), message, "Remove `rows` from this statement's rule.");
            }
            None | Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean, check_with, runbook};

    #[test]
    fn cases() {
        let mut bare = runbook("DELETE FROM public.events WHERE event_domain = 'governance'");
        bare.steps[0].statements.clear();
        check_with(&bare, None, "rows-undeclared 1:1 block: DELETE");
        bare.steps[0].reversal.text = "UPDATE public.codes SET status = 'retired' WHERE code = 'a'".to_owned();
        check_with(&bare, None, "rows-undeclared 1:1 block: UPDATE");
        check("DROP TABLE public.fresh_child", "rows-undeclared 1:1 note: counts no rows");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance'");
    }
}
