//! `alter-not-greenfield`: the definition of what others use is not changed by a reversal (D-29).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Statement, Touch};
use crate::runbook::{ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "alter-not-greenfield",
    summary: "ALTER, COMMENT, CREATE INDEX or CREATE OR REPLACE on an object that is not greenfield; or anything created anew.",
    help: "The classes shared and retire_only speak of rows: DELETE and UPDATE inside the key. Nothing in them allows another\n\
           definition, so ALTER, RENAME, COMMENT, new indexes, rules, policies and CREATE OR REPLACE block. Triggers are the\n\
           matter of `trigger-reverted`. Creating a greenfield object in a reversal is a hazard: a reversal takes away.\n\n\
           What to do: leave the definition as it is. If this phase changed it, that change needs a runbook of its own.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared() {
        // `write-on-protected` speaks of the other two classes.
        let is_ours = match object.class {
            ObjectClass::Greenfield => true,
            ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => false,
            ObjectClass::Protected | ObjectClass::Growing => continue,
        };
        let is_trigger = touched.kind == Some(ObjectKind::Trigger) || is_about_a_trigger(statement);
        let spot = Spot::Object(statement, touched);
        match touched.how {
            Touch::Alter | Touch::Attach if !is_ours && !is_trigger => {
                let message =
                    format!("{} changes {}, whose definition belongs to others too.", statement.tag, object.name);
                found.block(spot, message, "Remove the statement; only rows inside the key may change.");
            }
            Touch::Create if !is_ours && !is_trigger => {
                let message =
                    format!("{} makes {} anew, which this phase has not created.", statement.tag, object.name);
                found.block(
                    spot,
                    message,
                    "Remove the statement; declare the object greenfield only if this phase made it.",
                );
            }
            Touch::Create if is_ours => {
                let message = format!("A reversal creates {}; a reversal takes away.", object.name);
                found.hazard(spot, message, "Remove the statement, or waive it with why it must be there.");
            }
            Touch::Alter
            | Touch::Attach
            | Touch::Create
            | Touch::Read
            | Touch::Call
            | Touch::Lock
            | Touch::Insert
            | Touch::Update
            | Touch::Delete
            | Touch::Truncate
            | Touch::Drop => {}
        }
    }
}

fn is_about_a_trigger(statement: &Statement) -> bool {
    matches!(statement.tag.as_str(), "CREATE TRIGGER" | "DROP TRIGGER")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("ALTER TABLE public.events DISABLE TRIGGER ALL", "alter-not-greenfield 1:13 block: ALTER TABLE");
        check("ALTER TABLE public.codes RENAME TO k", "alter-not-greenfield 1:13 block: public.codes");
        check("CREATE INDEX i ON public.events (k)", "alter-not-greenfield 1:19 block: CREATE INDEX");
        check(
            "CREATE RULE r AS ON DELETE TO public.events DO INSTEAD NOTHING",
            "unreviewed-statement 1:1 block: CREATE RULE",
        );
        check("COMMENT ON TABLE public.events IS 'x'", "alter-not-greenfield 1:18 block: COMMENT");
        check("CREATE VIEW public.v_fresh AS SELECT 1 AS x", "alter-not-greenfield 1:13 hazard: takes away");
        check("SELECT 1 INTO public.events", "alter-not-greenfield 1:15 block: public.events");
        check_clean("ALTER TABLE public.fresh DROP CONSTRAINT c");
    }
}
