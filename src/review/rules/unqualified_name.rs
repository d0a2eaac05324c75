//! `unqualified-name`: a name without a schema means what `search_path` says.

use super::wrong_kind::word;
use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::ObjectKind;
use crate::runbook::sql::{Statement, Touch, Touched};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "unqualified-name",
    summary: "An object is named without its schema.",
    help: "The console pins search_path to pg_catalog, the runbook's schema, and pg_temp last, so an unqualified name means the\n\
           runbook's schema: a note, which says what the live catalog holds there. Where it holds no such object, but another\n\
           schema does, somebody meant the other one: it blocks. A name that begins with pg_ is looked up in pg_catalog first,\n\
           so that an object of that name elsewhere is shadowed: changing it by such a name blocks.\n\n\
           What to do: write schema.name.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        // A part is qualified by its relation, which has been spoken of.
        let is_part = matches!(touched.kind, Some(ObjectKind::Column | ObjectKind::Constraint));
        if touched.qualified || touched.how == Touch::Call || is_part {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let way_out = format!("Write {}.", touched.name);
        let held = scene.catalog.and_then(|catalog| catalog.objects.get(&touched.name));
        if touched.name.name.starts_with("pg_") {
            if touched.how.changes() || held.is_some() {
                let message = format!(
                    "pg_catalog comes first: {} may mean an object of the system, not {}.",
                    short(touched),
                    touched.name
                );
                found.block(spot, message, way_out);
            }
            continue;
        }
        match (scene.catalog.map(|catalog| elsewhere(scene, catalog, statement, touched)), held) {
            (Some(schemas), _) if !schemas.is_empty() => {
                let message =
                    format!("{} is not there, but {} holds an object of that name.", touched.name, schemas.join(", "));
                found.block(spot, message, format!("Write {}.{} if that is meant.", schemas[0], short(touched)));
            }
            (Some(_), Some(held)) => {
                let message = format!(
                    "{} is named without its schema: it means {}, a {}.",
                    short(touched),
                    touched.name,
                    word(held.kind)
                );
                found.mention(spot, message, way_out);
            }
            (_, _) => found.mention(spot, format!("{} is named without its schema.", touched.name), way_out),
        }
    }
}

fn short(touched: &Touched) -> &str {
    &touched.name.name
}

/// Returns the other schemas that hold the name when the runbook's schema does not; none for what the script makes.
fn elsewhere<'c>(scene: &Scene<'_>, catalog: &'c Catalog, statement: &Statement, touched: &Touched) -> Vec<&'c str> {
    let is_made = scene
        .touches()
        .any(|(by, one)| by.ordinal <= statement.ordinal && one.how == Touch::Create && one.name == touched.name);
    if is_made || catalog.objects.contains_key(&touched.name) {
        return Vec::new();
    }
    catalog.elsewhere(&touched.name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_clean_with, check_silent, check_with, runbook};
    use crate::runbook::ObjectName;

    #[test]
    fn cases() {
        check("DROP TABLE fresh_child", "unqualified-name 1:12 note: without its schema");
        check_clean("DROP TABLE public.fresh_child");
        check_silent("SELECT count(*) FROM pg_class", "unqualified-name");
        check("DELETE FROM pg_class WHERE relname = 'x'", "unqualified-name 1:13 block: pg_catalog comes first");
        check_silent("DELETE FROM public.pg_mine WHERE k = 1", "unqualified-name");
    }

    #[test]
    fn the_catalog_says_what_a_name_means() {
        let mut elsewhere = catalog(&[], &[]);
        let other = catalog(&["fresh_child"], &[]).objects.into_values().next().unwrap();
        elsewhere.objects.insert(ObjectName::new("old", "fresh_child"), other);
        check_with(&runbook("DROP TABLE fresh_child"), Some(&elsewhere), "unqualified-name 1:12 block: old holds");
        let here = catalog(&["fresh_child"], &[]);
        let plain = runbook("DROP TABLE fresh_child");
        check_with(&plain, Some(&here), "unqualified-name 1:12 note: it means public.fresh_child, a table");
        check_clean_with(&plain, Some(&here));
        // What the script itself makes is not looked for elsewhere: only its being made is spoken of.
        elsewhere.objects.insert(ObjectName::new("old", "v_fresh"), here.objects.values().next().unwrap().clone());
        check_with(
            &runbook("CREATE VIEW v_fresh AS SELECT 1 AS x"),
            Some(&elsewhere),
            "unqualified-name 1:13 note: without its schema",
        );
        let mut shadowed = catalog(&["pg_stats"], &[]);
        shadowed.edges.clear();
        check_with(
            &runbook("SELECT count(*) FROM pg_stats"),
            Some(&shadowed),
            "unqualified-name 1:22 block: pg_catalog",
        );
    }
}
