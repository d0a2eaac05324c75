//! Cases of the authored order: the late statement, the circle, the missing child, and their innocent twins.

use super::super::testing::{catalog, check_clean_with, check_with, runbook};
use crate::review::{Catalog, Edge};
use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName, Runbook, Script, StepId};

/// Adds edges `dependent -> referenced by word` of columns and constraints.
fn with_parts(mut catalog: Catalog, parts: &[&str]) -> Catalog {
    for part in parts {
        let (dependent, rest) = part.split_once(" -> ").unwrap();
        let (referenced, by) = rest.split_once(" by ").unwrap();
        let name = |name: &str| ObjectName::new("public", name);
        catalog.parts.push(Edge { dependent: name(dependent), referenced: name(referenced), by: by.to_owned() });
    }
    catalog
}

fn declare(mut runbook: Runbook, name: &str, kind: ObjectKind, step: &str) -> Runbook {
    runbook.objects.push(Object {
        name: ObjectName::new("public", name),
        kind,
        class: ObjectClass::Greenfield,
        steps: vec![step.into()],
        later_phase: false,
        optional: false,
    });
    runbook
}

/// Two steps; the named object belongs to the second.
fn two_steps(first: &str, second: &str, of_second: &str) -> Runbook {
    let mut two = runbook(first);
    let mut other = two.steps[0].clone();
    (other.id, other.position) = (StepId::from("S2"), 2);
    other.reversal = Script { path: "s2.sql".to_owned(), text: second.to_owned() };
    two.steps.push(other);
    two.checks.iter_mut().for_each(|check| check.steps.push("S2".into()));
    let child = two.objects.iter_mut().find(|object| object.name.name == of_second).unwrap();
    child.steps = vec!["S2".into()];
    two
}

#[test]
fn the_catalog_decides() {
    let catalog = catalog(
        &["fresh", "fresh_child", "v_fresh"],
        &[("fresh_child", "fresh"), ("v_fresh", "fresh"), ("fresh.t", "fresh"), ("fresh", "fresh")],
    );
    let parent_first = runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh; DROP TABLE public.fresh_child;");
    check_with(
        &parent_first,
        Some(&catalog),
        "parent-before-child 1:38 block: public.fresh_child depends on it by foreign key, and only statement 3 (line 1)",
    );
    check_with(&runbook("DROP TABLE fresh"), Some(&catalog), "parent-before-child 1:12 block: public.v_fresh");
    check_clean_with(
        &runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child; DROP TABLE public.fresh;"),
        Some(&catalog),
    );
    check_clean_with(
        &runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh, public.fresh_child;"),
        Some(&catalog),
    );
    check_clean_with(&parent_first, Some(&Catalog::default()));
}

#[test]
fn without_a_catalog_the_build_scripts_tell() {
    let mut built = runbook("DROP TABLE public.fresh; DROP TABLE public.fresh_child;");
    let build = "CREATE TABLE fresh (id int); CREATE TABLE public.fresh_child (id int REFERENCES fresh);";
    built.steps[0].build = Some(Script { path: "b.sql".to_owned(), text: build.to_owned() });
    check_with(&built, None, "parent-before-child 1:12 block: public.fresh_child");
    built.steps[0].reversal.text = "DROP TABLE public.fresh_child; DROP TABLE public.fresh;".to_owned();
    check_clean_with(&built, None);
}

#[test]
fn sequences_and_types_of_the_build_are_seen() {
    let build = "CREATE TABLE public.fresh (id int DEFAULT nextval('public.numbers'), m public.mood);";
    for (kind, name, word) in [(ObjectKind::Sequence, "numbers", "SEQUENCE"), (ObjectKind::Type, "mood", "TYPE")] {
        let drop = format!("DROP {word} public.{name}; DROP TABLE public.fresh;");
        let mut built = declare(runbook(&drop), name, kind, "S1");
        built.steps[0].build = Some(Script { path: "b.sql".to_owned(), text: build.to_owned() });
        let column = "DROP  ".len() + word.len() + 1;
        check_with(&built, None, &format!("parent-before-child 1:{column} block: public.fresh depends on it by"));
        built.steps[0].reversal.text = format!("DROP TABLE public.fresh; DROP {word} public.{name};");
        check_clean_with(&built, None);
    }
}

#[test]
fn a_dependant_of_a_later_step_is_the_diagnosis_matter() {
    let two = two_steps("DROP TABLE public.fresh;", "DROP TABLE public.fresh_child;", "fresh_child");
    let catalog = catalog(&["fresh", "fresh_child"], &[("fresh_child", "fresh")]);
    check_with(&two, Some(&catalog), "parent-before-child 1:12 note: later step S2");
    check_clean_with(&two, Some(&catalog));
}

#[test]
fn steps_that_need_each_other_are_shown_as_the_circle() {
    let two = two_steps(
        "DROP TABLE public.fresh; DROP VIEW public.v_fresh;",
        "DROP TABLE public.fresh_child;",
        "fresh_child",
    );
    let live = catalog(&["fresh", "fresh_child", "v_fresh"], &[("fresh_child", "fresh"), ("v_fresh", "fresh_child")]);
    check_with(
        &two,
        Some(&live),
        "parent-before-child 1:12 block: S1 and S2 need each other: public.fresh_child of S2",
    );
    check_with(&two, Some(&live), "parent-before-child 1:12 block: public.v_fresh of S1 depends on public.fresh_child");
}

#[test]
fn tables_that_need_each_other_are_shown_as_the_circle() {
    let live = with_parts(
        catalog(&["fresh", "fresh_child"], &[("fresh_child", "fresh"), ("fresh", "fresh_child")]),
        &["fresh_child.up -> fresh by foreign key", "fresh.down -> fresh_child by foreign key"],
    );
    let separate = runbook("DROP TABLE public.fresh_child; DROP TABLE public.fresh;");
    check_with(
        &separate,
        Some(&live),
        "parent-before-child 1:12 block: public.fresh_child → public.fresh by foreign key → public.fresh_child by foreign key",
    );
    check_with(
        &separate,
        Some(&live),
        "parent-before-child 1:12 block: write ALTER TABLE public.fresh DROP CONSTRAINT down first",
    );
    check_clean_with(&runbook("DROP TABLE public.fresh_child, public.fresh;"), Some(&live));
    check_clean_with(
        &runbook(
            "ALTER TABLE public.fresh DROP CONSTRAINT down; DROP TABLE public.fresh_child; DROP TABLE public.fresh;",
        ),
        Some(&live),
    );
}

#[test]
fn a_missing_child_is_named_with_who_would_drop_it() {
    let live = catalog(&["fresh", "v_fresh", "v_other"], &[("v_other", "fresh")]);
    let drop = || runbook("DROP TABLE public.fresh;");
    check_with(&drop(), Some(&live), "parent-before-child 1:12 block: no step drops it");
    let declared = declare(drop(), "v_other", ObjectKind::View, "S1");
    check_with(&declared, Some(&live), "parent-before-child 1:12 block: declared for this step, and no statement");
    let mut earlier = two_steps("DROP VIEW public.v_fresh;", "DROP TABLE public.fresh;", "fresh");
    earlier.objects.iter_mut().find(|object| object.name.name == "v_fresh").unwrap().steps = vec!["S1".into()];
    let live = catalog(&["fresh", "v_fresh"], &[("v_fresh", "fresh")]);
    check_with(
        &earlier,
        Some(&live),
        "parent-before-child 1:12 block: statement 1 of the earlier step S1 drops it, after this one",
    );
}

#[test]
fn a_column_that_goes_takes_its_foreign_key_along() {
    let live = with_parts(
        catalog(&["fresh", "events"], &[("events", "fresh")]),
        &["events.events_run_fkey -> fresh by foreign key", "events.events_run_fkey -> events.run by column"],
    );
    let book = |sql: &str| declare(runbook(sql), "events.run", ObjectKind::Column, "S1");
    check_clean_with(&book("ALTER TABLE public.events DROP COLUMN run; DROP TABLE public.fresh;"), Some(&live));
    check_clean_with(
        &book("ALTER TABLE public.events DROP CONSTRAINT events_run_fkey; DROP TABLE public.fresh;"),
        Some(&live),
    );
    check_with(
        &book("DROP TABLE public.fresh; ALTER TABLE public.events DROP COLUMN run;"),
        Some(&live),
        "parent-before-child 1:12 block: public.events depends on it by foreign key (events_run_fkey)",
    );
}

#[test]
fn what_uses_a_dropped_column_or_constraint_goes_first() {
    let live = with_parts(
        catalog(&["fresh", "events", "v_fresh", "fresh_child"], &[("v_fresh", "events")]),
        &["v_fresh -> events.note by view", "fresh_child.f -> events.key by foreign key"],
    );
    let book = |sql: &str| {
        let book = declare(runbook(sql), "events.note", ObjectKind::Column, "S1");
        declare(book, "events.key", ObjectKind::Constraint, "S1")
    };
    check_with(
        &book("ALTER TABLE public.events DROP COLUMN note;"),
        Some(&live),
        "parent-before-child 1:39 block: public.v_fresh depends on it by view",
    );
    check_clean_with(&book("DROP VIEW public.v_fresh; ALTER TABLE public.events DROP COLUMN note;"), Some(&live));
    check_with(
        &book("ALTER TABLE public.events DROP CONSTRAINT key;"),
        Some(&live),
        "parent-before-child 1:43 block: public.fresh_child.f depends on it by foreign key",
    );
    check_clean_with(
        &book("DROP TABLE public.fresh_child; ALTER TABLE public.events DROP CONSTRAINT key;"),
        Some(&live),
    );
}

#[test]
fn a_default_or_a_type_that_was_changed_lets_go() {
    let mut live = with_parts(catalog(&["fresh"], &[]), &["fresh.id -> f by default"]);
    live.edges.push(Edge {
        dependent: ObjectName::new("public", "fresh"),
        referenced: ObjectName::new("public", "g"),
        by: "default".to_owned(),
    });
    live.parts[0].referenced = ObjectName::new("public", "g");
    let book = |sql: &str| declare(runbook(sql), "g", ObjectKind::Function, "S1");
    check_with(
        &book("DROP FUNCTION public.g();"),
        Some(&live),
        "parent-before-child 1:15 block: public.fresh depends on it by default (id)",
    );
    check_clean_with(&book("ALTER TABLE public.fresh ALTER id DROP DEFAULT; DROP FUNCTION public.g();"), Some(&live));
}

#[test]
fn a_partition_goes_in_silence_only_when_it_is_declared() {
    let mut live = with_parts(catalog(&["fresh", "fresh_child", "stray"], &[]), &["fresh_child -> fresh by partition"]);
    let mut inherits = |child: &str| {
        live.edges.push(Edge {
            dependent: ObjectName::new("public", child),
            referenced: ObjectName::new("public", "fresh"),
            by: "inheritance".to_owned(),
        });
        live.clone()
    };
    let declared = inherits("fresh_child");
    let drop = runbook("DROP TABLE public.fresh;");
    check_with(&drop, Some(&declared), "parent-before-child 1:12 note: goes with it without a word");
    check_clean_with(&drop, Some(&declared));
    let stray = with_parts(inherits("stray"), &["stray -> fresh by partition"]);
    check_with(&drop, Some(&stray), "parent-before-child 1:12 block: public.stray is a partition of public.fresh");
    // Old-style children do not go along: the server would refuse.
    let old = catalog(&["fresh", "stray"], &[("stray", "fresh")]);
    check_with(&drop, Some(&old), "parent-before-child 1:12 block: no step drops it");
}

#[test]
fn a_view_that_is_made_again_without_it_lets_go() {
    let live = catalog(&["fresh", "fresh_child", "v_fresh"], &[("v_fresh", "fresh_child")]);
    let again = |reads: &str| {
        runbook(&format!(
            "CREATE OR REPLACE VIEW public.v_fresh AS SELECT k FROM {reads}; DROP TABLE public.fresh_child;"
        ))
    };
    check_with(
        &again("public.fresh_child"),
        Some(&live),
        "parent-before-child 1:87 block: while public.v_fresh depends on it",
    );
    let found = crate::review::review(&again("public.fresh"), Some(&live));
    assert!(found.passed.iter().any(|rule| rule == "parent-before-child"), "{:?}", found.notes);
}

#[test]
fn a_table_that_others_refer_to_is_not_emptied() {
    let live = catalog(&["fresh", "fresh_child"], &[("fresh_child", "fresh")]);
    check_with(
        &runbook("TRUNCATE public.fresh"),
        Some(&live),
        "parent-before-child 1:10 block: while public.fresh_child refers to it by foreign key",
    );
    check_clean_with(&runbook("TRUNCATE public.fresh, public.fresh_child"), Some(&live));
    check_clean_with(&runbook("TRUNCATE public.fresh_child"), Some(&live));
    check_clean_with(&runbook("DROP TABLE public.fresh_child; TRUNCATE public.fresh"), Some(&live));
}

#[test]
fn what_others_built_on_a_dropped_column_is_named() {
    let mut live = with_parts(
        catalog(&["events", "by_both"], &[]),
        &["by_both -> events.note by column", "by_both -> events.k by column"],
    );
    live.objects.get_mut(&ObjectName::new("public", "by_both")).unwrap().kind = ObjectKind::Index;
    let book = |sql: &str| declare(runbook(sql), "events.note", ObjectKind::Column, "S1");
    let drop = "ALTER TABLE public.events DROP COLUMN note;";
    check_with(&book(drop), Some(&live), "parent-before-child 1:39 block: index public.by_both stands on k too");
    // An index of this phase is declared, and may go either way.
    let declared = |sql: &str| declare(book(sql), "by_both", ObjectKind::Index, "S1");
    check_clean_with(&declared(drop), Some(&live));
    check_clean_with(&declared(&format!("DROP INDEX public.by_both; {drop}")), Some(&live));
    // On columns of this phase alone it goes with them.
    let both = |sql: &str| declare(book(sql), "events.k", ObjectKind::Column, "S1");
    check_clean_with(&both("ALTER TABLE public.events DROP COLUMN note, DROP COLUMN k;"), Some(&live));
    let alone = with_parts(catalog(&["events"], &[]), &["by_note -> events.note by column"]);
    check_clean_with(&book(drop), Some(&alone));
    let constraint = with_parts(
        catalog(&["events"], &[]),
        &["events.pair -> events.note by column", "events.pair -> events.k by column"],
    );
    let constraint = Catalog { constraints: [ObjectName::new("public", "events.pair")].into(), ..constraint };
    check_with(&book(drop), Some(&constraint), "parent-before-child 1:39 block: constraint public.events.pair");
}
