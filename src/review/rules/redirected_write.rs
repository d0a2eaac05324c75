//! `redirected-write`: a write goes to the table it names, and nowhere else.

use super::reading::event_of;
use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::ObjectKind;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "redirected-write",
    summary: "A rule, an INSTEAD OF trigger, a view or a foreign server takes the write somewhere else.",
    help: "A rewrite rule turns an INSERT, UPDATE or DELETE into other statements, or into nothing; the count of rows is then\n\
           not that of the table. An INSTEAD OF trigger does the same to a view, and a view without one writes to tables that\n\
           the script does not name. Rows of a foreign table stand on another server, where ROLLBACK and the proof of what is\n\
           left behind do not reach. With a connected database each of these blocks.\n\n\
           What to do: write to the table that holds the rows, with its declared key.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(catalog) = scene.catalog else { return };
    for (statement, touched) in scene.touches().filter(|(_, touched)| touched.how.writes_rows()) {
        let spot = Spot::Object(statement, touched);
        let way_out = "Write to the table that holds the rows, with its declared key.";
        let Some(event) = event_of(touched.how) else { continue };
        let name = &touched.name;
        for rule in &catalog.rules {
            if rule.enabled && rule.relation == *name && rule.event == event {
                let how = if rule.instead { "puts something else in its place" } else { "adds statements to it" };
                found.block(spot, format!("{event} of {name} is rewritten: the rule {} {how}.", rule.name), way_out);
            }
        }
        let instead = catalog.firing.iter().find(|trigger| {
            trigger.enabled
                && trigger.timing == "INSTEAD OF"
                && trigger.relation == *name
                && trigger.events.iter().any(|one| one == event)
        });
        let kind = catalog.objects.get(name).map(|object| object.kind);
        // `outside-key` speaks of what the runbook itself calls a view.
        let is_declared_view = scene.object(touched).is_some_and(|object| object.kind == ObjectKind::View);
        if let Some(trigger) = instead {
            let message = format!(
                "{event} of {name} is taken over by the INSTEAD OF trigger {}, which calls {}().",
                trigger.name, trigger.function_name
            );
            found.block(spot, message, way_out);
        } else if kind == Some(ObjectKind::View) && !is_declared_view {
            let message =
                format!("{name} is a view in this database; writing through it reaches tables that are not named.");
            found.block(spot, message, way_out);
        }
        if let Some(table) = catalog.family(name).into_iter().find(|table| catalog.foreign.contains(*table)) {
            let message =
                format!("{table} is a foreign table: its rows stand on another server, beyond ROLLBACK's proof.");
            found.block(spot, message, "Reverse them on that server, with a runbook of its own.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::review::{CatalogObject, RewriteRule};
    use crate::runbook::{ObjectKind, ObjectName};

    const DELETE: &str = "DELETE FROM public.events WHERE event_domain = 'governance'";

    #[test]
    fn cases() {
        let events = ObjectName::new("public", "events");
        let rule = |event: &str, instead| RewriteRule {
            relation: events.clone(),
            name: "r".to_owned(),
            event: event.to_owned(),
            instead,
            enabled: true,
            definition: String::new(),
        };
        let mut ruled = made().catalog;
        ruled.rules = vec![rule("DELETE", true)];
        check_with(&runbook(DELETE), Some(&ruled), "redirected-write 1:13 block: the rule r puts something else");
        ruled.rules = vec![rule("DELETE", false)];
        check_with(&runbook(DELETE), Some(&ruled), "redirected-write 1:13 block: the rule r adds statements");
        ruled.rules = vec![rule("INSERT", true)];
        check_clean_with(&runbook(DELETE), Some(&ruled));
        ruled.rules = vec![RewriteRule { enabled: false, ..rule("DELETE", true) }];
        check_clean_with(&runbook(DELETE), Some(&ruled));

        let mut viewed = made().catalog;
        let view = |kind| CatalogObject { kind, columns: Vec::new(), primary_key: Vec::new() };
        viewed.objects.insert(events.clone(), view(ObjectKind::View));
        check_with(&runbook(DELETE), Some(&viewed), "redirected-write 1:13 block: is a view in this database");
        let instead = made().trigger("events", "t", "INSTEAD OF DELETE", "tf").catalog;
        check_with(&runbook(DELETE), Some(&instead), "redirected-write 1:13 block: INSTEAD OF trigger t");

        let mut far = made().inherits("events", "outbox").catalog;
        check_clean_with(&runbook(DELETE), Some(&far));
        far.foreign.insert(ObjectName::new("public", "outbox"));
        check_with(&runbook(DELETE), Some(&far), "redirected-write 1:13 block: public.outbox is a foreign table");
    }
}
