//! The live catalog inside tables: constraints, and what depends on a column or constraint.

use countersign::census::definition_sql;
use countersign::port::Database;
use countersign::runbook::{ObjectKind, ObjectName};

use crate::support::{database, run};

#[test]
fn constraints_columns_and_what_depends_on_them_are_read() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(
        "CREATE TYPE mood AS ENUM ('a'); CREATE SEQUENCE numbers;
         CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION is_fine(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE TABLE parent (a int PRIMARY KEY, b int, CONSTRAINT b_once UNIQUE (b));
         CREATE TABLE child (id int DEFAULT nextval('numbers'), up int CONSTRAINT up_fkey REFERENCES parent, other int CONSTRAINT other_fkey REFERENCES parent (b),
           m mood, one int DEFAULT one(), twice int GENERATED ALWAYS AS (one * 2) STORED, CONSTRAINT fine CHECK (is_fine(id)));
         CREATE INDEX child_up ON child (up); CREATE INDEX child_sum ON child ((other + one)) WHERE m IS NOT NULL;
         CREATE STATISTICS child_both ON up, other FROM child;
         CREATE VIEW v AS SELECT up FROM child; CREATE VIEW w AS SELECT up FROM v;
         CREATE POLICY mine ON child USING (other = 1);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER moody BEFORE UPDATE OF m ON child FOR EACH ROW EXECUTE FUNCTION f();
         CREATE TABLE part (a int) PARTITION BY RANGE (a); CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (9);
         CREATE TABLE old (a int); CREATE TABLE new () INHERITS (old);",
    ))
    .expect("loaded");
    let catalog = run(superuser.catalog()).expect("a catalog");
    let constraints: Vec<String> = catalog
        .constraints
        .iter()
        .map(ToString::to_string)
        // Since 18, NOT NULL is a constraint with a name.
        .filter(|name| !name.ends_with("_not_null"))
        .collect();
    assert_eq!(
        constraints,
        [
            "public.child.fine",
            "public.child.other_fkey",
            "public.child.up_fkey",
            "public.parent.b_once",
            "public.parent.parent_pkey"
        ]
    );
    let parts: Vec<String> = catalog
        .parts
        .iter()
        .map(|edge| format!("{} -> {} by {}", edge.dependent.name, edge.referenced.name, edge.by))
        .filter(|edge| !edge.contains("_not_null"))
        .collect();
    for expected in [
        "child.fine -> child.id by column",
        "child.fine -> is_fine by constraint",
        "child.id -> numbers by default",
        "child.m -> mood by type",
        "child.mine -> child.other by policy",
        "child.moody -> child.m by trigger",
        "child.one -> one by default",
        "child.other_fkey -> child.other by column",
        "child.other_fkey -> parent by foreign key",
        "child.other_fkey -> parent.b by foreign key",
        "child.other_fkey -> parent.b_once by foreign key",
        "child.twice -> child.one by generated column",
        "child.up_fkey -> parent.a by foreign key",
        "child.up_fkey -> parent.parent_pkey by foreign key",
        "child_both -> child.other by column",
        "child_both -> child.up by column",
        "child_sum -> child.m by column",
        "child_sum -> child.one by column",
        "child_sum -> child.other by column",
        "child_up -> child by index",
        "child_up -> child.up by column",
        "parent.b_once -> parent.b by column",
        "part_1 -> part by partition",
        "v -> child.up by view",
        "w -> v.up by view",
    ] {
        assert!(parts.iter().any(|edge| edge == expected), "no {expected} in\n{}", parts.join("\n"));
    }
    for absent in ["new -> old by partition", "v -> v.up by view", "child -> child"] {
        assert!(!parts.iter().any(|edge| edge.starts_with(absent)), "{absent} in\n{}", parts.join("\n"));
    }
    let has = |name: &str, kind| catalog.has(&ObjectName::new("public", name), kind);
    assert!(has("child.up", ObjectKind::Column) && has("child.up_fkey", ObjectKind::Constraint));
    assert!(!has("child.down", ObjectKind::Column) && !has("child.up", ObjectKind::Constraint));
}

#[test]
fn columns_and_constraints_have_a_definition() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(
        "CREATE TABLE t (id int PRIMARY KEY, note text NOT NULL DEFAULT 'x'); COMMENT ON COLUMN t.note IS 'said';
         ALTER TABLE t ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID;",
    ))
    .expect("loaded");
    let ask = |name: &str, kind| {
        let name = ObjectName::new("public", name);
        let id = countersign::runbook::CheckId::from("d");
        let questions = [countersign::census::Question::new(id.clone(), definition_sql(&name, kind))];
        let census = run(superuser.census(&questions)).expect("a census");
        census.readings[&id].clone()
    };
    let value = |text: &str| countersign::census::Reading::Value(Some(text.to_owned()));
    let none = countersign::census::Reading::Value(None);
    assert_eq!(ask("t.note", ObjectKind::Column), value("column note text\nnot null\ndefault 'x'::text\ncomment said"));
    assert_eq!(ask("t.short", ObjectKind::Constraint), value("constraint short CHECK ((length(note) < 9)) NOT VALID"));
    assert_eq!(ask("t.gone", ObjectKind::Column), none);
    assert_eq!(ask("t.gone", ObjectKind::Constraint), none);
}
