//! `outbox-must-be-empty`: registrations are not deleted while something made by them is on its way (D-35).

use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::sql::tree::{items, strings};
use crate::runbook::sql::{Touch, split, touched};
use crate::runbook::{Expectation, Object, ObjectClass, ObjectName, Query, StopSign};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "outbox-must-be-empty",
    summary: "Rows of a shared table are deleted, and nothing proves that the outbox holds none of ours.",
    help: "A registered event type must not be deleted while the outbox still holds its events. This rule blocks only where it\n\
           can say why a growing object may hold rows that were made by the deleted ones: a foreign key of the growing object\n\
           refers to the table; or the growing object is an outbox or a queue by its name, and, when a database is connected,\n\
           has the columns of the table's key. Where only the columns of the key are there, as in a log, it is a hazard.\n\
           A growing object that is none of this does not concern it. It is silent when a check of this step (or of no step,\n\
           which holds throughout) or a stop condition reads that object and expects exactly \"0\". It does not prove that\n\
           the count asks for the right rows.\n\n\
           What to do: add a [[stop]] or [[check]] that counts this phase's rows in the outbox and expects equals = \"0\".",
};

/// Words of a name that say: what stands here is yet to be sent.
const SENDS: [&str; 6] = ["outbox", "queue", "queued", "pending", "undelivered", "unsent"];

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let growing: Vec<&Object> = scene
        .runbook
        .objects
        .iter()
        .filter(|object| object.class == ObjectClass::Growing)
        .filter(|object| !is_watched(scene, &object.name))
        .collect();
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| touched.how == Touch::Delete) {
        let ObjectClass::Shared { key } = &object.class else { continue };
        let spot = Spot::Object(statement, touched);
        for outbox in &growing {
            let (deleted, waiting) = (&object.name, &outbox.name);
            let proof = "no check or stop proves that it holds none of ours";
            let way_out =
                format!("Add a [[stop]] that counts this phase's rows in {waiting} and expects equals = \"0\".");
            match tie(scene, deleted, waiting, key) {
                Tie::ForeignKey => {
                    let message =
                        format!("Rows of {deleted} are deleted, {waiting} refers to them by foreign key, and {proof}.");
                    found.block(spot, message, way_out);
                }
                Tie::Outbox(columns) if columns.is_empty() => {
                    let message =
                        format!("Rows of {deleted} are deleted, {waiting} is an outbox by its name, and {proof}.");
                    found.block(spot, message, way_out);
                }
                Tie::Outbox(columns) => {
                    let message = format!(
                        "Rows of {deleted} are deleted, {waiting} is an outbox by its name and has {columns} too, and {proof}."
                    );
                    found.block(spot, message, way_out);
                }
                Tie::SameColumns(columns) => {
                    let message = format!(
                        "Rows of {deleted} are deleted, {waiting} has {columns} too, so rows of ours may stand there, and {proof}."
                    );
                    let way_out =
                        format!("{way_out} If it only records what was, acknowledge it or waive it with that reason.");
                    found.hazard(spot, message, way_out);
                }
                Tie::None => {}
            }
        }
    }
}

/// What ties a growing object to the table whose rows are deleted.
enum Tie {
    /// It refers to them.
    ForeignKey,
    /// It is named as one that sends; with a catalog, the columns of the key that it has too.
    Outbox(String),
    /// It has the columns of the key, and nothing else says what it is.
    SameColumns(String),
    /// Nothing does.
    None,
}

fn tie(scene: &Scene<'_>, deleted: &ObjectName, waiting: &ObjectName, key: &str) -> Tie {
    let sends = waiting.name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| SENDS.contains(&word));
    let Some(catalog) = scene.catalog else {
        return if sends { Tie::Outbox(String::new()) } else { Tie::None };
    };
    let refers = |edge: &crate::review::Edge| {
        edge.dependent == *waiting && edge.referenced == *deleted && edge.by == "foreign key"
    };
    if catalog.edges.iter().any(refers) {
        return Tie::ForeignKey;
    }
    match (shared_columns(catalog, waiting, key), sends) {
        (Some(columns), true) => Tie::Outbox(columns),
        (Some(columns), false) => Tie::SameColumns(columns),
        // Nobody has seen its columns: the name alone speaks.
        (None, true) if !catalog.objects.contains_key(waiting) => Tie::Outbox(String::new()),
        (None, _) => Tie::None,
    }
}

/// Returns the columns of the key, in words, when the growing object has every one of them.
fn shared_columns(catalog: &Catalog, waiting: &ObjectName, key: &str) -> Option<String> {
    let held = &catalog.objects.get(waiting)?.columns;
    let statements = split(&format!("SELECT 1 WHERE (\n{key}\n)")).ok()?;
    let mut columns: Vec<String> = statements
        .first()?
        .tree
        .all("ColumnRef")
        .iter()
        .filter_map(|column| strings(items(column, "fields")).pop())
        .collect();
    columns.sort();
    columns.dedup();
    (!columns.is_empty() && columns.iter().all(|column| held.contains(column))).then(|| columns.join(", "))
}

/// Returns whether a check of this step, or a stop condition, reads the object and expects none.
fn is_watched(scene: &Scene<'_>, growing: &ObjectName) -> bool {
    let is_none = |expect: &Expectation| *expect == Expectation::Equals("0".to_owned());
    let reads = |query: &Query| {
        query.written().and_then(|sql| split(sql).ok()).is_some_and(|statements| {
            let all = statements.iter().flat_map(|statement| touched(statement, &scene.runbook.target.schema));
            all.into_iter().any(|one| one.name == *growing)
        })
    };
    let mut checks =
        scene.runbook.checks.iter().filter(|check| check.steps.is_empty() || check.steps.contains(&scene.step.id));
    let by_check = checks.any(|check| {
        let expect = check.per_step.get(&scene.step.id).unwrap_or(&check.expect);
        is_none(expect) && reads(&check.query)
    });
    by_check
        || scene.runbook.stops.iter().any(|stop| match &stop.sign {
            StopSign::Query { query, expect } => is_none(expect) && reads(query),
            StopSign::ErrorContains(_) => false,
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check_clean, check_clean_with, check_with, runbook};
    use crate::review::Catalog;
    use crate::runbook::{ObjectName, Runbook};

    fn unwatched() -> Runbook {
        let mut runbook = runbook("DELETE FROM public.events WHERE event_domain = 'governance'");
        runbook.stops.clear();
        runbook
    }

    fn live(columns: &[&str]) -> Catalog {
        let mut catalog = catalog(&["events", "outbox"], &[]);
        let outbox = catalog.objects.get_mut(&ObjectName::new("public", "outbox")).unwrap();
        outbox.columns = columns.iter().map(|column| (*column).to_owned()).collect();
        catalog
    }

    /// The growing object of the small runbook under another name.
    fn named(name: &str) -> (Runbook, Catalog) {
        let (mut runbook, mut catalog) = (unwatched(), live(&["id", "event_domain"]));
        runbook.objects.iter_mut().find(|object| object.name.name == "outbox").unwrap().name.name = name.to_owned();
        let held = catalog.objects.remove(&ObjectName::new("public", "outbox")).unwrap();
        catalog.objects.insert(ObjectName::new("public", name), held);
        (runbook, catalog)
    }

    #[test]
    fn an_outbox_of_the_same_key_is_watched() {
        check_with(&unwatched(), None, "outbox-must-be-empty 1:13 block: public.outbox is an outbox by its name");
        let same = live(&["id", "event_domain"]);
        check_with(&unwatched(), Some(&same), "outbox-must-be-empty 1:13 block: has event_domain too");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance'");
        check_clean("DELETE FROM public.fresh WHERE k = 1");
    }

    #[test]
    fn a_growing_log_is_not_in_the_way() {
        check_clean_with(&unwatched(), Some(&live(&["id", "payload"])));
        let (mut log, other) = named("change_log");
        check_with(&log, Some(&other), "outbox-must-be-empty 1:13 hazard: has event_domain too");
        check_clean_with(&log, Some(&catalog(&["events", "change_log"], &[])));
        check_clean_with(&log, None);
        let referring = catalog(&["events", "change_log"], &[("change_log", "events")]);
        check_with(&log, Some(&referring), "outbox-must-be-empty 1:13 block: refers to them by foreign key");
        log.objects.retain(|object| object.name.name != "change_log");
        check_clean_with(&log, Some(&referring));
    }
}
