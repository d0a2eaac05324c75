//! The live catalog: what is there, and who depends on whom.

use countersign::port::Database;
use countersign::review::Catalog;
use countersign::runbook::sql::effect_of;
use countersign::runbook::{ObjectKind, ObjectName};

use crate::support::{database, run};

fn edges(catalog: &Catalog) -> Vec<String> {
    catalog.edges.iter().map(|edge| format!("{} -> {} by {}", edge.dependent, edge.referenced, edge.by)).collect()
}

#[test]
fn objects_keys_triggers_and_edges_are_read_and_the_ledger_is_left_out() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(
        "CREATE SCHEMA gov; CREATE TYPE gov.mood AS ENUM ('a');
         CREATE TABLE parent (a int, b int, c text, PRIMARY KEY (b, a));
         CREATE TABLE child (id serial PRIMARY KEY, a int, b int, m gov.mood, FOREIGN KEY (b, a) REFERENCES parent);
         CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);
         CREATE TABLE part (a int) PARTITION BY RANGE (a); CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (9);
         CREATE VIEW v AS SELECT id FROM child; CREATE VIEW w AS SELECT id FROM v; CREATE MATERIALIZED VIEW mv AS SELECT a FROM parent;
         CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE shared_seq;
         CREATE TABLE defaults (a int DEFAULT one(), b int DEFAULT nextval('shared_seq'));
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER guard BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION f();
         CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION e();",
    ))
    .expect("loaded");
    run(superuser.ledger_init()).expect("a ledger");
    let catalog = run(superuser.catalog()).expect("a catalog");
    let kind = |schema: &str, name: &str| catalog.objects.get(&ObjectName::new(schema, name)).map(|object| object.kind);
    for (schema, name, expected) in [
        ("public", "parent", Some(ObjectKind::Table)),
        ("public", "part", Some(ObjectKind::Table)),
        ("public", "v", Some(ObjectKind::View)),
        ("public", "mv", Some(ObjectKind::MaterializedView)),
        ("public", "child_id_seq", Some(ObjectKind::Sequence)),
        ("public", "parent_pkey", Some(ObjectKind::Index)),
        ("public", "f", Some(ObjectKind::Function)),
        ("public", "parent.guard", Some(ObjectKind::Trigger)),
        ("", "watch", Some(ObjectKind::EventTrigger)),
        ("gov", "mood", Some(ObjectKind::Type)),
        ("", "gov", Some(ObjectKind::Schema)),
        ("", "plpgsql", Some(ObjectKind::Extension)),
        ("countersign", "entry", None),
        ("", "countersign", None),
        ("pg_catalog", "pg_class", None),
    ] {
        assert_eq!(kind(schema, name), expected, "{schema}.{name}");
    }
    let parent = &catalog.objects[&ObjectName::new("public", "parent")];
    assert_eq!(
        (parent.columns.as_slice(), parent.primary_key.as_slice()),
        (["a", "b", "c"].map(str::to_owned).as_slice(), ["b", "a"].map(str::to_owned).as_slice())
    );
    assert!(
        catalog.triggers[&ObjectName::new("public", "parent.guard")]
            .starts_with("CREATE TRIGGER guard BEFORE INSERT ON public.parent")
    );
    assert_eq!(
        edges(&catalog),
        [
            "watch -> public.e by trigger",
            "public.child -> gov.mood by type",
            "public.child -> public.parent by foreign key",
            "public.defaults -> public.one by default",
            "public.defaults -> public.shared_seq by default",
            "public.mv -> public.parent by view",
            "public.parent.guard -> public.f by trigger",
            "public.part_1 -> public.part by inheritance",
            "public.v -> public.child by view",
            "public.w -> public.v by view",
        ]
    );
}

/// Functions that take or give values which no SQL can write, and `set_config`, of which a rule of its own speaks.
const NOT_CALLED: &str = "amvalidate bernoulli brinhandler bthandler dsnowball_init dsnowball_lexize ginhandler gisthandler \
    hashhandler heap_tableam_handler plpgsql_call_handler plpgsql_inline_handler plpgsql_validator set_config spghandler system \
    unique_key_recheck";

#[test]
fn every_volatile_function_of_the_server_is_on_a_list() {
    let catalog = run(database().superuser().catalog()).expect("a catalog");
    let volatile = &catalog.built_in.volatile;
    assert!(volatile.len() > 200, "{} names", volatile.len());
    let is_known = |name: &str| {
        effect_of(name).is_some()
            || name.starts_with("RI_FKey_")
            || NOT_CALLED.split_whitespace().any(|one| one == name)
    };
    let unknown: Vec<&String> = volatile.iter().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "add them to src/runbook/sql/effect.rs: {unknown:?}");
}
