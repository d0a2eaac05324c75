//! What functions, triggers, rules and keys of a real server do is read from its catalog, and said by the review.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign::adapter::files::DiskFolders;
use countersign::port::{Database, Folders};
use countersign::review::{Catalog, Review, Severity, review};
use countersign::runbook::{Files, Runbook, parse};
use countersign::session::survey;

use crate::support::{TestDatabase, database, run};

const SETUP: &str = "
    CREATE TABLE events (id int PRIMARY KEY, domain text, title text);
    CREATE TABLE parted (id int PRIMARY KEY, domain text) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
    CREATE TABLE child (id serial PRIMARY KEY, event int REFERENCES events ON DELETE CASCADE);
    CREATE TABLE grandchild (id int, child int REFERENCES child ON DELETE SET NULL);
    CREATE TABLE fixed (id int PRIMARY KEY, at timestamptz DEFAULT now());
    CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, note text);
    CREATE TABLE ruled (id int); CREATE RULE nothing AS ON DELETE TO ruled DO INSTEAD NOTHING;
    CREATE TABLE audited (id int, domain text);
    CREATE SEQUENCE s;
    CREATE FUNCTION hidden() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''public.s'')';
    CREATE FUNCTION calls_hidden(a int, b int DEFAULT 1) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN public.hidden(); END';
    CREATE FUNCTION quiet(a int) RETURNS int LANGUAGE plpgsql STABLE AS 'DECLARE r events%ROWTYPE; BEGIN SELECT * INTO r FROM events WHERE id = a; RETURN r.id; END';
    CREATE FUNCTION total(events) RETURNS bigint LANGUAGE sql AS 'SELECT public.hidden()';
    CREATE FUNCTION same(a text, b int) RETURNS bool LANGUAGE sql AS 'SELECT public.hidden() > 0';
    CREATE OPERATOR === (LEFTARG = text, RIGHTARG = int, FUNCTION = same);
    CREATE AGGREGATE summed (bigint) (SFUNC = int8pl, STYPE = bigint);
    CREATE VIEW loud AS SELECT hidden() AS k;
    CREATE FUNCTION to_outbox() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.outbox (note) VALUES (TG_OP); RETURN NULL; END';
    CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := nextval(''s''); RETURN NEW; END';
    CREATE FUNCTION audits() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM fixed; RETURN OLD; END';
    CREATE TRIGGER to_outbox AFTER DELETE ON events FOR EACH ROW EXECUTE FUNCTION to_outbox();
    CREATE TRIGGER moves BEFORE INSERT OR UPDATE OF id ON events FOR EACH ROW EXECUTE FUNCTION moves();
    CREATE TRIGGER audits BEFORE DELETE ON audited FOR EACH ROW EXECUTE FUNCTION audits();
    CREATE TRIGGER off BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION audits(); ALTER TABLE events DISABLE TRIGGER off;
    CREATE TRIGGER parts AFTER DELETE ON parted FOR EACH ROW EXECUTE FUNCTION audits();
    CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''% seen'', TG_TAG; END';
    CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
    INSERT INTO fixed VALUES (1);
    ALTER TABLE events DISABLE TRIGGER moves; INSERT INTO events VALUES (1, 'governance'), (2, 'other'); ALTER TABLE events ENABLE TRIGGER moves;
    INSERT INTO child (event) VALUES (1), (1), (2);
    INSERT INTO grandchild VALUES (1, 1), (2, 3);
";

/// A runbook over those tables whose one step has this reversal.
fn runbook(sql: &str) -> Runbook {
    let mut toml = "format = 1\n[runbook]\nid = \"effects\"\ntitle = \"Effects\"\nversion = \"1\"\n[target]\ndatabase = \"d\"\n\
        schema = \"public\"\n[timeouts]\nlock = \"1s\"\nstatement = \"1s\"\nidle_in_transaction = \"1s\"\n[policy]\napprovals = 2\n\
        rehearsal_max_age = \"1h\"\napproval_valid = \"1h\"\n"
        .to_owned();
    let key = "class = \"shared\"\nkey = \"domain = 'governance'\"";
    for (name, class) in [
        ("events", key),
        ("parted", key),
        ("audited", key),
        ("child", "class = \"greenfield\""),
        ("grandchild", "class = \"greenfield\""),
        ("ruled", "class = \"greenfield\""),
        ("fixed", "class = \"protected\""),
        ("outbox", "class = \"growing\""),
        ("loud", "class = \"greenfield\""),
    ] {
        let kind = if name == "loud" { "view" } else { "table" };
        toml += &format!("[[object]]\nname = \"public.{name}\"\nkind = \"{kind}\"\n{class}\n");
    }
    toml += "[[step]]\nid = \"S1\"\nposition = 1\ntitle = \"One\"\nsection = \"1\"\nreversal = \"s1.sql\"\n";
    let files = BTreeMap::from([
        ("runbook.toml".to_owned(), toml.into_bytes()),
        ("s1.sql".to_owned(), sql.as_bytes().to_vec()),
    ]);
    parse(&Files(files)).0
}

fn told(review: &Review) -> Vec<String> {
    let word = |severity| match severity {
        Severity::Note => "note",
        Severity::Hazard => "hazard",
        Severity::Block => "block",
    };
    review.notes.iter().map(|note| format!("{} {}: {}", note.rule, word(note.severity), note.message)).collect()
}

/// The rules under test; the small runbook leaves others something to say.
const RULES: [&str; 5] = ["function-call", "trigger-fires", "redirected-write", "fk-action", "check-acts"];

#[track_caller]
fn check(catalog: &Catalog, sql: &str, expect: &str) {
    let said = told(&review(&runbook(sql), Some(catalog)));
    let (head, text) = expect.split_once(": ").expect("rule severity: text");
    let is_said = said.iter().any(|one| one.starts_with(head) && one.contains(text));
    assert!(is_said, "expected `{expect}` for {sql}, found\n{}", said.join("\n"));
}

#[track_caller]
fn check_clean(catalog: &Catalog, sql: &str) {
    let review = review(&runbook(sql), Some(catalog));
    let loud: Vec<String> = review
        .notes
        .iter()
        .filter(|note| RULES.contains(&note.rule.as_str()) && note.severity != Severity::Note)
        .map(|note| format!("{}: {}", note.rule, note.message))
        .collect();
    assert!(loud.is_empty(), "expected nothing for {sql}, found\n{}", loud.join("\n"));
}

#[test]
fn what_a_statement_sets_off_is_read_from_the_catalog() {
    let database = database();
    run(database.superuser().load(SETUP)).expect("loaded");
    let catalog = run(database.superuser().catalog()).expect("a catalog");
    let caught = |sql: &str, expect: &str| check(&catalog, sql, expect);
    caught("SELECT hidden()", "function-call block: public.hidden() → nextval()");
    caught("SELECT public.calls_hidden(1)", "function-call block: public.calls_hidden() → public.hidden() → nextval()");
    caught("SELECT e.total FROM public.events AS e", "function-call block: public.total()");
    caught("SELECT 'a' === 1", "function-call block: operator === → public.same()");
    caught("SELECT k FROM public.loud", "function-call block: view public.loud → public.hidden()");
    caught(
        "UPDATE public.events SET id = 3 WHERE domain = 'governance'",
        "trigger-fires block: trigger moves on public.events",
    );
    caught(
        "DELETE FROM public.audited WHERE domain = 'governance'",
        "trigger-fires block: public.fixed, which is protected",
    );
    caught("DELETE FROM public.parted WHERE domain = 'governance'", "trigger-fires block: public.audits()");
    caught(
        "DELETE FROM public.part_1 WHERE domain = 'governance'",
        "trigger-fires block: trigger parts on public.part_1",
    );
    caught("DELETE FROM public.ruled", "redirected-write block: the rule nothing");
    caught(
        "DELETE FROM public.events WHERE domain = 'governance'",
        "fk-action hazard: public.child (ON DELETE CASCADE of child_event_fkey)",
    );
    caught(
        "DELETE FROM public.events WHERE domain = 'governance'",
        "fk-action hazard: public.grandchild (ON DELETE SET NULL",
    );
    caught("INSERT INTO public.child (event) VALUES (1)", "trigger-fires note: default of public.child.id → nextval()");
    for innocent in [
        "SELECT quiet(1), count(*), max(id), now(), random(), pg_catalog.version(), current_database() FROM public.events",
        "SELECT public.summed(id) FROM public.events",
        "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE pg_catalog.pg_get_userbyid(usesysid) = 'a'",
        "SELECT pg_catalog.pg_get_triggerdef(oid), pg_catalog.pg_total_relation_size('public.events') FROM pg_catalog.pg_trigger",
        "UPDATE public.events SET title = 'x' WHERE domain = 'governance'",
        "DROP TABLE public.grandchild; DROP TABLE public.child; DELETE FROM public.events WHERE domain = 'governance'",
        "DELETE FROM public.grandchild",
    ] {
        check_clean(&catalog, innocent);
    }
    // The ledger's own objects add nothing.
    run(database.superuser().ledger_init()).expect("a ledger");
    let again = run(database.superuser().catalog()).expect("a catalog");
    assert_eq!((again.functions.len(), again.firing.len()), (catalog.functions.len(), catalog.firing.len()));
}

#[test]
fn rows_that_a_key_reaches_are_counted_in_the_same_look() {
    let database = database();
    run(database.superuser().load(SETUP)).expect("loaded");
    let counted = |sql: &str| {
        let survey = run(survey(&database.superuser(), &runbook(sql), None)).expect("a survey");
        assert!(survey.census.readings.keys().all(|id| !id.as_str().starts_with("count:")), "counts are no check");
        told(&survey.review).into_iter().filter(|one| one.contains("reached now")).collect::<Vec<_>>()
    };
    assert_eq!(
        counted("DELETE FROM public.events WHERE domain = 'governance'"),
        [
            "fk-action note: 2 rows of public.child would be reached now.",
            "fk-action note: 1 rows of public.grandchild would be reached now.",
        ]
    );
    let bound = counted("DELETE FROM public.events WHERE domain = :'domain'");
    assert!(bound[0].starts_with("fk-action note: At most 3 rows of public.child"), "{bound:?}");
}

/// Reviews a sample without a database, then with its own; nothing may be said in addition that anybody must act on.
fn sample_stays_clean(name: &str, database: &TestDatabase, bind: &[(&str, &str)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/runbooks").join(name);
    let mut files = DiskFolders.read_folder(&folder).expect("the sample's folder");
    files.0.remove("roster.toml");
    let (runbook, _) = parse(&files);
    run(database.superuser().load(&fs::read_to_string(folder.join("base.sql")).expect("a base"))).expect("loaded");
    for step in &runbook.steps {
        let mut build = step.build.as_ref().expect("a build").text.clone();
        for (name, value) in bind {
            build = build.replace(&format!(":'{name}'"), &format!("'{value}'"));
        }
        run(database.superuser().load(&build)).unwrap_or_else(|error| panic!("{}: {error}", step.id));
    }
    let catalog = run(database.superuser().catalog()).expect("a catalog");
    let loud = |review: &Review| -> Vec<String> {
        let mine = review.notes.iter().filter(|note| note.severity != Severity::Note);
        mine.map(|note| format!("{} {}:{} {}", note.rule, note.place.file, note.place.line, note.message)).collect()
    };
    let (offline, online) = (loud(&review(&runbook, None)), loud(&review(&runbook, Some(&catalog))));
    let new: Vec<&String> = online.iter().filter(|one| !offline.contains(one)).collect();
    assert!(new.is_empty(), "{name}: {new:#?}");
}

#[test]
fn the_samples_stay_clean_when_connected() {
    sample_stays_clean("phase1-governance", &database(), &[]);
    sample_stays_clean("orders-archive", &database(), &[("settings_owner", "finance"), ("retention_months", "12")]);
}
