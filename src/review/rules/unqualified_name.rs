//! `unqualified-name`: a name without a schema means what `search_path` says.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Touch, Touched};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "unqualified-name",
    summary: "An object is named without its schema.",
    help: "The console pins search_path to pg_catalog, the runbook's schema, and pg_temp last, so an unqualified name means the\n\
           runbook's schema: a note. Where the live catalog shows no such object there, but one of the same name in another\n\
           schema, somebody meant the other one: a hazard.\n\n\
           What to do: write schema.name.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        let is_system = matches!(touched.how, Touch::Read) && touched.name.name.starts_with("pg_");
        if touched.qualified || touched.how == Touch::Call || is_system {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let way_out = format!("Write {}.", touched.name);
        match elsewhere(scene, touched) {
            Some(schema) => {
                let message = format!("{} is not there, but {schema} holds an object of that name.", touched.name);
                found.hazard(spot, message, way_out);
            }
            None => found.mention(spot, format!("{} is named without its schema.", touched.name), way_out),
        }
    }
}

/// Returns another schema that holds the name when the runbook's schema does not.
fn elsewhere(scene: &Scene<'_>, touched: &Touched) -> Option<String> {
    let objects = &scene.catalog?.objects;
    if objects.contains_key(&touched.name) {
        return None;
    }
    objects.keys().find(|name| name.name == touched.name.name).map(|name| name.schema.clone())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_silent, check_with, runbook};
    use crate::runbook::ObjectName;

    #[test]
    fn cases() {
        check("DROP TABLE fresh_child", "unqualified-name 1:12 note: without its schema");
        let mut elsewhere = catalog(&[], &[]);
        let other = catalog(&["fresh_child"], &[]).objects.into_values().next().unwrap();
        elsewhere.objects.insert(ObjectName::new("old", "fresh_child"), other);
        check_with(&runbook("DROP TABLE fresh_child"), Some(&elsewhere), "unqualified-name 1:12 hazard: old holds");
        check_clean("DROP TABLE public.fresh_child");
        check_silent("SELECT count(*) FROM pg_class", "unqualified-name");
    }
}
