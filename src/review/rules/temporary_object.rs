//! `temporary-object`: nothing of a reversal lives in the session's own schema.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::ObjectName;
use crate::runbook::sql::Touch;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "temporary-object",
    summary: "A temporary object is made or named.",
    help: "CREATE TEMP puts an object into pg_temp, which most search paths look at first. A temporary table with the name of a\n\
           declared one is what other people's functions and triggers would then read and write in this session, while the\n\
           review has seen the real one. The console puts pg_temp last, but a function with a search_path of its own does not.\n\
           Rows kept in a temporary table are not in any check.\n\n\
           What to do: write the work as statements on the declared tables, or a subquery in the place of the temporary table.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        if !is_temporary(&touched.name) {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let shadowed = ObjectName::new(&scene.runbook.target.schema, &touched.name.name);
        let is_shadow = scene.runbook.objects.iter().any(|object| object.name.name == shadowed.name);
        let message = if touched.how == Touch::Create && is_shadow {
            format!("The temporary {} would shadow the declared {shadowed}.", touched.name.name)
        } else if touched.how == Touch::Create {
            format!("{} is temporary: it is in no class, and no check sees its rows.", touched.name.name)
        } else {
            format!("{} is named in pg_temp, the session's own schema.", touched.name.name)
        };
        let way_out = "Write the statement on the declared tables, with a subquery where rows must be collected.";
        found.block(spot, message, way_out);
    }
}

/// Returns whether a name lies in a session's own schema.
pub(super) fn is_temporary(name: &ObjectName) -> bool {
    name.schema == "pg_temp" || name.schema.starts_with("pg_temp_") || name.schema.starts_with("pg_toast_temp")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean, check_silent};

    #[test]
    fn cases() {
        check(
            "CREATE TEMP TABLE events (k int)",
            "temporary-object 1:19 block: would shadow the declared public.events",
        );
        check("CREATE TEMPORARY VIEW fixed AS SELECT 1 AS x", "temporary-object 1:23 block: shadow the declared");
        check("SELECT 1 AS x INTO TEMP fresh", "temporary-object 1:25 block: shadow the declared public.fresh");
        check("CREATE TEMP TABLE scratch AS SELECT 1 AS x", "temporary-object 1:19 block: it is in no class");
        check("DELETE FROM pg_temp.events WHERE event_domain = 'governance'", "temporary-object 1:13 block: pg_temp");
        check("DROP TABLE pg_temp_3.fresh", "temporary-object 1:12 block: session's own schema");
        check_silent("CREATE TABLE public.fresh (k int)", "temporary-object");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = 'pg_temp.x'");
    }
}
