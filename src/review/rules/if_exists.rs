//! `if-exists`: IF EXISTS turns a wrong name into a success.

use super::wrong_kind::word;
use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::sql::tree::truth;
use crate::runbook::sql::{Statement, Touch, Touched, alterations};
use crate::runbook::{Object, ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "if-exists",
    summary: "IF EXISTS hides that the object is not there.",
    help: "With IF EXISTS, DROP of a wrong or already dropped name raises a NOTICE and looks like success. Where the live catalog\n\
           shows the object, this is only a note: the run takes its locks before anybody else can drop it. Where it shows\n\
           none, the target is missing or misplaced: it blocks, and says where the name does exist. An object that is declared\n\
           optional may be absent: a note. When nothing of the step is there, the step is not applied, and it is a hazard; so\n\
           it is when no database is connected.\n\n\
           What to do: remove IF EXISTS, correct the name, or declare the object optional = true.",
};

const WAY_OUT: &str = "Remove IF EXISTS, so that a wrong name is an error.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        let changed = matches!(touched.how, Touch::Drop | Touch::Alter);
        if !changed || !is_lenient(statement, touched) || is_made_before(scene, statement, touched) {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let Some(catalog) = scene.catalog else {
            let message =
                format!("IF EXISTS would hide a wrong name for {}; no catalog has been looked at.", touched.name);
            found.hazard(spot, message, "Remove IF EXISTS, or review against the connected database.");
            continue;
        };
        if is_there(catalog, touched) {
            found.mention(spot, format!("IF EXISTS is not needed: {} is there.", touched.name), WAY_OUT);
            continue;
        }
        let elsewhere = catalog.elsewhere(&touched.name);
        let is_optional = scene.object(touched).is_some_and(|object| object.optional);
        if let Some(is) = catalog.objects.get(&touched.name).map(|object| object.kind) {
            let message = format!("{} is there, but it is a {}: IF EXISTS would hide that.", touched.name, word(is));
            found.block(spot, message, format!("Write the verb of a {}, without IF EXISTS.", word(is)));
        } else if is_optional {
            let message = format!("{} is not there. It is declared optional, so that is no error.", touched.name);
            found.mention(spot, message, "Nothing, if the build left it out.");
        } else if let [first, ..] = elsewhere.as_slice() {
            let message = format!(
                "{} is not there, but {} is: IF EXISTS would make this look like success.",
                touched.name,
                elsewhere.iter().map(|schema| format!("{schema}.{}", touched.name.name)).collect::<Vec<_>>().join(", ")
            );
            found.block(
                spot,
                message,
                format!("Write {first}.{} if that is meant, without IF EXISTS.", touched.name.name),
            );
        } else {
            let message = format!("{} is not there: IF EXISTS would make this look like success.", touched.name);
            if is_applied(scene, catalog) {
                let way_out =
                    "Correct the name, or declare the object with optional = true if the build may leave it out.";
                found.block(spot, message, way_out);
            } else {
                found.hazard(spot, message, WAY_OUT);
            }
        }
    }
}

/// ALTER TABLE has an IF EXISTS for the table, and one for each column or constraint it drops.
fn is_lenient(statement: &Statement, touched: &Touched) -> bool {
    match touched.kind {
        Some(ObjectKind::Column | ObjectKind::Constraint) => {
            let part = touched.name.name.split_once('.').map_or("", |(_, part)| part);
            alterations(statement).iter().any(|change| change.missing_ok && change.name == part)
        }
        Some(_) | None => truth(statement.tree.statement().1, "missing_ok"),
    }
}

fn is_there(catalog: &Catalog, touched: &Touched) -> bool {
    let Some(kind) = touched.kind else { return catalog.objects.contains_key(&touched.name) };
    let same_crowd = |held: ObjectKind| super::namespace(held) == super::namespace(kind);
    // A function that shares its name with a table is hidden behind the table.
    let hidden = catalog.objects.get(&touched.name).is_some_and(|object| !same_crowd(object.kind));
    catalog.has(&touched.name, kind) && (!hidden || kind == ObjectKind::Function)
}

/// What an earlier statement of the script makes is there when this one comes.
fn is_made_before(scene: &Scene<'_>, statement: &Statement, touched: &Touched) -> bool {
    scene.touches().any(|(earlier, one)| {
        earlier.ordinal < statement.ordinal && one.how == Touch::Create && one.name == touched.name
    })
}

/// Returns whether something the step has created is there; true when nothing could be.
fn is_applied(scene: &Scene<'_>, catalog: &Catalog) -> bool {
    let of_step = |object: &&Object| {
        object.class == ObjectClass::Greenfield && !object.optional && object.steps.contains(&scene.step.id)
    };
    let mut own = scene.runbook.objects.iter().filter(of_step).peekable();
    own.peek().is_none() || own.any(|object| catalog.has(&object.name, object.kind))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_clean_with, check_with, runbook};
    use crate::runbook::{ObjectKind, ObjectName};

    #[test]
    fn cases() {
        check("DROP TABLE IF EXISTS public.fresh_child", "if-exists 1:22 hazard: no catalog");
        let sql = runbook("DROP TABLE IF EXISTS public.fresh_child");
        check_with(&sql, Some(&catalog(&["fresh_child"], &[])), "if-exists 1:22 note: is there");
        check_with(&sql, Some(&catalog(&["fresh"], &[])), "if-exists 1:22 block: look like success");
        check_clean("DROP TABLE public.fresh_child");
    }

    #[test]
    fn a_misplaced_target_is_named_where_it_is() {
        let sql = runbook("DROP TABLE IF EXISTS public.fresh_child");
        let mut elsewhere = catalog(&["fresh"], &[]);
        let table = elsewhere.objects[&ObjectName::new("public", "fresh")].clone();
        elsewhere.objects.insert(ObjectName::new("archive", "fresh_child"), table);
        check_with(&sql, Some(&elsewhere), "if-exists 1:22 block: but archive.fresh_child is");
        let mut view = catalog(&["fresh_child"], &[]);
        view.objects.values_mut().for_each(|object| object.kind = ObjectKind::View);
        check_with(&sql, Some(&view), "wrong-kind 1:22 block: is a view");
    }

    #[test]
    fn what_may_be_absent_does_not_block() {
        let mut optional = runbook("DROP TABLE IF EXISTS public.fresh_child");
        let child = optional.objects.iter_mut().find(|object| object.name.name == "fresh_child").unwrap();
        child.optional = true;
        check_with(&optional, Some(&catalog(&["fresh"], &[])), "if-exists 1:22 note: declared optional");
        check_clean_with(&optional, Some(&catalog(&["fresh"], &[])));
        let mut unapplied = runbook("DROP TABLE IF EXISTS public.fresh_child");
        let child = unapplied.objects.iter_mut().find(|object| object.name.name == "fresh_child").unwrap();
        child.steps = vec!["S1".into()];
        check_with(&unapplied, Some(&catalog(&["fresh"], &[])), "if-exists 1:22 hazard: look like success");
    }

    #[test]
    fn a_column_has_an_if_exists_of_its_own() {
        let mut live = catalog(&["fresh"], &[]);
        live.objects.values_mut().for_each(|object| object.columns = vec!["k".to_owned()]);
        let drop = |column: &str| runbook(&format!("ALTER TABLE public.fresh DROP COLUMN IF EXISTS {column}"));
        check_with(&drop("note"), Some(&live), "if-exists 1:48 block: public.fresh.note is not there");
        check_with(&drop("k"), Some(&live), "if-exists 1:48 note: is there");
    }
}
