//! `delete-on-retire-only`: retired, never deleted (D-22).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::ObjectClass;
use crate::runbook::sql::Touch;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "delete-on-retire-only",
    summary: "DELETE or TRUNCATE on a table whose rows are retired, never deleted.",
    help: "Rows of a retire-only table are referenced by history: a RESTRICT key would refuse the DELETE, or worse, there is none\n\
           and the history would point at nothing. They are taken out of use by UPDATE.\n\n\
           What to do: UPDATE … SET status = 'retired', retired_at = now() WHERE <the rows of this step>.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared() {
        let ObjectClass::RetireOnly { .. } = object.class else { continue };
        if matches!(touched.how, Touch::Delete | Touch::Truncate) {
            let message = format!("Rows of {} are retired, never deleted.", object.name);
            let way_out = "Write UPDATE … SET status = 'retired', retired_at = now() for the rows of this step.";
            found.block(Spot::Object(statement, touched), message, way_out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DELETE FROM public.codes WHERE code = 'a'", "delete-on-retire-only 1:13 block: retired, never deleted");
        check("TRUNCATE public.codes", "delete-on-retire-only 1:10 block: public.codes");
        check(
            "WITH d AS (DELETE FROM codes WHERE code = 'a' RETURNING 1) SELECT 1",
            "delete-on-retire-only 1:24 block: public.codes",
        );
        check_clean(
            "UPDATE public.codes SET status = 'retired', retired_at = now() WHERE code IN ('a', 'b') AND status = 'active'",
        );
    }
}
