//! `enum-value-stays`: PostgreSQL cannot take a value out of an enum, so a reversal leaves it behind.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::{items, strings, text, truth};
use crate::runbook::sql::{Touch, split};
use crate::runbook::{ObjectKind, ObjectName};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "enum-value-stays",
    summary: "The build adds a value to an enum that the reversal does not drop.",
    help: "ALTER TYPE … ADD VALUE has no opposite: a value can be renamed, never removed. After the reversal the type still has\n\
           it, and nothing uses it. Only dropping the type, or making it anew, takes the value away.\n\n\
           What to do: nothing, if the value may stay: know it, and expect it in checks of the type's definition. Otherwise drop\n\
           the type in the reversal, where it is this phase's own.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(build) = &scene.step.build else { return };
    // Few builds add one, and a build that cannot be read is not what is reviewed here.
    if !build.text.to_ascii_uppercase().contains("VALUE") {
        return;
    }
    let Ok(statements) = split(&build.text) else { return };
    for statement in &statements {
        let ("AlterEnumStmt", node) = statement.tree.statement() else { continue };
        // Renaming a value has an opposite.
        if !text(node, "old_val").is_empty() {
            continue;
        }
        let name = match strings(items(node, "type_name")).as_slice() {
            [name] => ObjectName::new(&scene.runbook.target.schema, name),
            [schema, name] => ObjectName::new(schema, name),
            _ => continue,
        };
        let is_dropped = scene
            .touches()
            .any(|(_, one)| one.how == Touch::Drop && one.kind == Some(ObjectKind::Type) && one.name == name);
        if !is_dropped {
            let already = if truth(node, "skip_if_new_val_exists") { ", unless it was there before" } else { "" };
            let message = format!(
                "The value '{}' that {} adds to {name} stays behind{already}: PostgreSQL cannot remove it.",
                text(node, "new_val"),
                build.path
            );
            found.mention(Spot::Script, message, "Nothing needs to be done if it may stay; know it.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_silent, check_with, runbook};
    use super::INFO;
    use crate::review::review;
    use crate::runbook::Script;

    #[test]
    fn cases() {
        let built = |build: &str, reversal: &str| {
            let mut book = runbook(reversal);
            book.steps[0].build = Some(Script { path: "build/s1.sql".to_owned(), text: build.to_owned() });
            book
        };
        let is_silent = |build: &str, reversal: &str| {
            review(&built(build, reversal), None).passed.iter().any(|passed| passed == INFO.name)
        };
        let add = "BEGIN; ALTER TYPE public.mood ADD VALUE 'calm' AFTER 'sad'; COMMIT;";
        check_with(
            &built(add, "DROP TABLE public.fresh_child"),
            None,
            "enum-value-stays 0:0 note: The value 'calm' that build/s1.sql adds to public.mood stays behind",
        );
        check_with(
            &built("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'", "DROP TABLE public.fresh_child"),
            None,
            "enum-value-stays 0:0 note: public.mood stays behind, unless it was there before",
        );
        assert!(is_silent(add, "DROP TYPE public.mood"));
        assert!(is_silent("ALTER TYPE public.mood RENAME VALUE 'sad' TO 'calm'", "DROP TABLE public.fresh_child"));
        assert!(is_silent("INSERT INTO t VALUES ('ALTER TYPE mood ADD VALUE')", "DROP TABLE public.fresh_child"));
        check_silent("DROP TABLE public.fresh_child", INFO.name);
    }
}
