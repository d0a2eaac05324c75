//! `trigger-reverted`: a trigger is created again exactly as it was captured, or not at all (D-31).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::{Node, as_kind, items, present, text, without_places};
use crate::runbook::sql::{Statement, Touch, split};
use crate::runbook::{Check, Expectation, ObjectKind, ObjectName, Query};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "trigger-reverted",
    summary: "A reversal creates a trigger that is not the captured definition.",
    help: "A correct trigger is easily reverted to a broken one by a script that was written from memory. So a reversal may\n\
           create a trigger only as it was captured: the text of a check with definition_of = \"schema.table.trigger\", or of a\n\
           check whose SQL asks pg_get_triggerdef for that trigger, and an expectation of kind text or text_file. The two are\n\
           compared as trees, so spaces, schemas and OR REPLACE do not matter. Another definition blocks. The captured one is\n\
           a hazard: the reviewers confirm that it is the one to stand. Without a captured text it blocks, because there is\n\
           nothing to compare with.\n\n\
           What to do: capture the definition first (SELECT pg_get_triggerdef(oid) …), keep it in a file of the runbook, name\n\
           it in a check as text_file, and create exactly that. If the trigger fix is to be kept, remove the statement.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        if touched.how != Touch::Create || touched.kind != Some(ObjectKind::Trigger) {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let captured: Vec<&str> =
            scene.runbook.checks.iter().filter_map(|check| captured(scene, check, &touched.name)).collect();
        let schema = &scene.runbook.target.schema;
        let wanted = definition(statement, schema);
        if captured.is_empty() {
            let message =
                format!("{} is created, and no check holds its captured definition to compare with.", touched.name);
            found.block(spot, message, "Capture pg_get_triggerdef first, and name the file in a check as text_file.");
        } else if captured.iter().any(|text| captured_definition(text, schema) == wanted && wanted.is_some()) {
            let message =
                format!("{} is created as captured. Confirm that this definition is the one to stand.", touched.name);
            found.hazard(spot, message, "Remove the statement if the trigger as it stands now is the intended state.");
        } else {
            let message = format!("{} is created with another definition than the captured one.", touched.name);
            found.block(
                spot,
                message,
                "Create exactly the captured text, or remove the statement and keep the trigger.",
            );
        }
    }
}

/// Returns the text a check expects for this trigger's definition.
fn captured<'c>(scene: &Scene<'_>, check: &'c Check, trigger: &ObjectName) -> Option<&'c str> {
    let short = trigger.name.rsplit('.').next().unwrap_or_default();
    let asks = match &check.query {
        Query::Catalog(_) => false,
        Query::Definition(name, _) => name == trigger,
        Query::Sql(sql) | Query::Rows { sql, key: _ } => sql.contains("pg_get_triggerdef") && sql.contains(&format!("'{short}'")),
    };
    match check.per_step.get(&scene.step.id).unwrap_or(&check.expect) {
        Expectation::Text(text) | Expectation::Equals(text) if asks => Some(text),
        Expectation::Text(_)
        | Expectation::Equals(_)
        | Expectation::OneOf(_)
        | Expectation::Absent
        | Expectation::Present
        | Expectation::Unchanged
        | Expectation::Grows => None,
    }
}

/// Finds the CREATE TRIGGER in a captured text, which may hold more lines.
fn captured_definition(captured: &str, schema: &str) -> Option<Node> {
    let starts = captured.match_indices("CREATE ").map(|(start, _)| start);
    for start in starts {
        let rest = &captured[start..];
        let first_line = rest.lines().next().unwrap_or_default();
        for text in [rest, first_line] {
            let statements = split(text).unwrap_or_default();
            if let Some(found) = statements.first().and_then(|statement| definition(statement, schema)) {
                return Some(found);
            }
        }
    }
    None
}

/// Returns a trigger's definition for comparison: without places, OR REPLACE and default schemas.
fn definition(statement: &Statement, schema: &str) -> Option<Node> {
    let ("CreateTrigStmt", node) = statement.tree.statement() else { return None };
    let mut node = without_places(node);
    node.remove("replace");
    for relation in ["relation", "constrrel"] {
        if let Some(relation) = node.get_mut(relation)
            && text(relation, "schemaname").is_empty()
        {
            relation.set("schemaname", schema.into());
        }
    }
    // `FROM ONLY` and alias cannot stand here; only the function's own schema is left.
    let parts = items(&node, "funcname");
    let first = parts.first().and_then(|first| as_kind(first, "String"));
    if parts.len() == 2
        && first.is_some_and(|first| [schema, "pg_catalog"].contains(&text(first, "sval")))
        && let Some(parts) = node.get_mut("funcname")
    {
        parts.skip(1);
    }
    debug_assert!(present(&node, "trigname").is_some() && items(&node, "funcname").len() < 4);
    Some(node)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CAPTURED, check, check_with, runbook};
    use crate::runbook::{Expectation, Query};

    #[test]
    fn cases() {
        check(CAPTURED, "trigger-reverted 1:16 hazard: as captured");
        let spelled =
            "CREATE OR REPLACE TRIGGER trg\n BEFORE INSERT ON codes\n FOR EACH ROW EXECUTE PROCEDURE public.f('code')";
        check(spelled, "trigger-reverted 1:27 hazard: as captured");
        check(
            "DROP TRIGGER trg ON public.codes;\nCREATE TRIGGER trg BEFORE INSERT ON public.codes FOR EACH ROW EXECUTE FUNCTION f()",
            "trigger-reverted 2:16 block: another definition",
        );
        check(
            "CREATE TRIGGER trg AFTER INSERT ON public.codes FOR EACH ROW EXECUTE FUNCTION f('code')",
            "trigger-reverted 1:16 block: another definition",
        );
        check(
            "CREATE TRIGGER trg BEFORE INSERT ON public.codes FOR EACH ROW WHEN (false) EXECUTE FUNCTION f('code')",
            "trigger-reverted 1:16 block: another",
        );
        check(
            "CREATE TRIGGER other BEFORE INSERT ON public.codes EXECUTE FUNCTION f('code')",
            "trigger-reverted 1:16 block: no check holds",
        );
    }

    #[test]
    fn a_capture_may_be_asked_by_sql_and_hold_more_lines() {
        let mut asked = runbook(CAPTURED);
        asked.checks[1].query =
            Query::Sql("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'trg'".to_owned());
        check_with(&asked, None, "trigger-reverted 1:16 hazard: as captured");
        asked.checks[1].expect = Expectation::Text(format!("enabled: O\n{CAPTURED}\ncomment: it's one\n"));
        check_with(&asked, None, "trigger-reverted 1:16 hazard: as captured");
        asked.checks[1].expect = Expectation::Present;
        check_with(&asked, None, "trigger-reverted 1:16 block: no check holds");
    }
}
