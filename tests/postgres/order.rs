//! The rule of the authored order against the server itself: what it blocks the server refuses, and nothing else.

use std::collections::BTreeMap;

use countersign::port::{Database, DatabaseError};
use countersign::review::{Catalog, Severity, review};
use countersign::runbook::{Files, parse};

use crate::support::{database, run};

const SCHEMA: &str = "
    CREATE TYPE mood AS ENUM ('a'); CREATE TYPE pair AS (x int, y mood); CREATE DOMAIN small AS int CHECK (VALUE < 9);
    CREATE SEQUENCE numbers;
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION is_fine(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
    CREATE FUNCTION may_see() RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION takes(mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION unused() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE DOMAIN fine AS int CHECK (is_fine(VALUE));
    CREATE TABLE parent (a int PRIMARY KEY, b int CONSTRAINT b_once UNIQUE, free int);
    CREATE TABLE child (id int DEFAULT nextval('numbers'), up int CONSTRAINT up_fkey REFERENCES parent,
      other int CONSTRAINT other_fkey REFERENCES parent (b), m mood, p pair, s small, one int DEFAULT one(),
      double int GENERATED ALWAYS AS (one * 2) STORED, CONSTRAINT fine CHECK (is_fine(id)));
    CREATE INDEX child_up ON child (up); CREATE INDEX child_twice ON child (twice(up));
    CREATE VIEW v AS SELECT up, m FROM child; CREATE VIEW w AS SELECT up FROM v; CREATE MATERIALIZED VIEW mv AS SELECT up FROM w;
    CREATE VIEW grouped AS SELECT a, b FROM parent GROUP BY a;
    CREATE VIEW calls AS SELECT unused() AS x, takes('a') AS y;
    CREATE TABLE seen (id int); CREATE POLICY mine ON child USING (other IN (SELECT id FROM seen) AND may_see());
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER moody BEFORE UPDATE OF m ON child FOR EACH ROW WHEN (NEW.s IS NULL) EXECUTE FUNCTION f();
    CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION e();
    CREATE TABLE old (a int); CREATE TABLE new () INHERITS (old);
    CREATE TABLE wide (id serial PRIMARY KEY, up int REFERENCES wide, note text);
    CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE egg (id int PRIMARY KEY); CREATE TABLE hen (id int PRIMARY KEY, egg int CONSTRAINT from_egg REFERENCES egg);
    ALTER TABLE egg ADD COLUMN hen int CONSTRAINT from_hen REFERENCES hen;
    CREATE TABLE logged (id int); CREATE RULE keep AS ON DELETE TO logged DO ALSO INSERT INTO seen VALUES (OLD.id);
    CREATE TABLE codes (c int PRIMARY KEY);
    CREATE TABLE log (c int CONSTRAINT log_c REFERENCES codes, at date) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER stamped AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION stamp();
    CREATE TABLE target (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE target_1 PARTITION OF target FOR VALUES FROM (0) TO (9);
    CREATE TABLE refers (t int CONSTRAINT refers_t REFERENCES target);
    CREATE TABLE whole (id int); CREATE FUNCTION of_row(whole) RETURNS int LANGUAGE sql AS 'SELECT 1';";

/// Scripts, of which the server takes some and refuses the others; which is which it says itself.
const SCRIPTS: &[&str] = &[
    "DROP TABLE parent",
    "DROP TABLE child",
    "DROP TABLE child, parent",
    "DROP VIEW v",
    "DROP VIEW w",
    "DROP MATERIALIZED VIEW mv",
    "DROP MATERIALIZED VIEW mv; DROP VIEW w; DROP VIEW v; DROP TABLE child",
    "DROP MATERIALIZED VIEW mv; DROP VIEW w, v; DROP TABLE child; DROP VIEW grouped; DROP TABLE parent",
    "DROP MATERIALIZED VIEW mv; DROP VIEW v; DROP VIEW w",
    "DROP VIEW grouped; ALTER TABLE child DROP CONSTRAINT up_fkey; ALTER TABLE child DROP CONSTRAINT other_fkey; DROP TABLE parent",
    "DROP VIEW grouped; ALTER TABLE child DROP CONSTRAINT up_fkey; DROP TABLE parent",
    "DROP SEQUENCE numbers",
    "ALTER TABLE child ALTER id DROP DEFAULT; DROP SEQUENCE numbers",
    "ALTER TABLE child DROP COLUMN id; DROP SEQUENCE numbers",
    "DROP TYPE mood",
    "DROP TYPE pair",
    "ALTER TABLE child DROP COLUMN p; DROP TYPE pair",
    "DROP DOMAIN small",
    "DROP DOMAIN fine",
    "DROP FUNCTION one()",
    "ALTER TABLE child ALTER one SET DEFAULT 1; DROP FUNCTION one()",
    "DROP FUNCTION is_fine(int)",
    "DROP FUNCTION twice(int)",
    "DROP INDEX child_twice; DROP FUNCTION twice(int)",
    "DROP FUNCTION may_see()",
    "DROP FUNCTION takes(mood)",
    "DROP FUNCTION unused()",
    "DROP VIEW calls; DROP FUNCTION unused(); DROP FUNCTION takes(mood)",
    "DROP FUNCTION f()",
    "DROP TRIGGER moody ON child; DROP FUNCTION f()",
    "DROP FUNCTION e()",
    "DROP EVENT TRIGGER watch; DROP FUNCTION e()",
    "DROP FUNCTION stamp()",
    "DROP TRIGGER stamped ON log; DROP FUNCTION stamp()",
    "DROP TABLE codes",
    "ALTER TABLE log DROP CONSTRAINT log_c; DROP TABLE codes",
    "DROP TABLE log_1; DROP TABLE log; DROP FUNCTION stamp(); DROP TABLE codes",
    "ALTER TABLE refers DROP CONSTRAINT refers_t; DROP TABLE target_1; DROP TABLE target",
    "DROP TABLE refers; DROP TABLE target_1; DROP TABLE target",
    "DROP TABLE seen",
    "DROP TABLE logged",
    "DROP TABLE old",
    "DROP TABLE new; DROP TABLE old",
    "ALTER TABLE new NO INHERIT old; DROP TABLE old",
    "DROP TABLE wide",
    "DROP SEQUENCE wide_id_seq",
    "ALTER TABLE wide ALTER id DROP DEFAULT; DROP SEQUENCE wide_id_seq",
    "DROP SEQUENCE counted_id_seq",
    "DROP TABLE counted",
    "DROP INDEX parent_pkey",
    "DROP INDEX child_up",
    "DROP POLICY mine ON child; DROP RULE keep ON logged; DROP TABLE seen; DROP FUNCTION may_see()",
    "DROP POLICY mine ON child; DROP TABLE seen",
    "DROP POLICY mine ON child; ALTER TABLE child DROP COLUMN other",
    "DROP TABLE egg",
    "DROP TABLE hen, egg",
    "ALTER TABLE hen DROP CONSTRAINT from_egg; DROP TABLE egg",
    "ALTER TABLE hen DROP COLUMN egg; DROP TABLE egg; DROP TABLE hen",
    "DROP TABLE whole",
    "DROP FUNCTION of_row(whole); DROP TABLE whole",
    "ALTER TABLE parent DROP COLUMN a",
    "ALTER TABLE parent DROP COLUMN b",
    "ALTER TABLE parent DROP COLUMN free",
    "ALTER TABLE parent DROP CONSTRAINT parent_pkey",
    "ALTER TABLE parent DROP CONSTRAINT b_once",
    "ALTER TABLE child DROP CONSTRAINT other_fkey; ALTER TABLE parent DROP CONSTRAINT b_once",
    "ALTER TABLE child DROP COLUMN up",
    "ALTER TABLE child DROP COLUMN other",
    "ALTER TABLE child DROP COLUMN m",
    "ALTER TABLE child DROP COLUMN s",
    "ALTER TABLE child DROP COLUMN one",
    "ALTER TABLE child DROP COLUMN double, DROP COLUMN one",
    "ALTER TABLE child DROP COLUMN id",
    "ALTER TABLE child DROP CONSTRAINT fine",
    "ALTER TABLE child DROP CONSTRAINT fine; DROP DOMAIN fine; DROP FUNCTION is_fine(int)",
    "ALTER TABLE wide DROP COLUMN note",
    "ALTER TABLE wide DROP COLUMN id",
    "ALTER TABLE wide DROP COLUMN up",
];

/// Returns what the rule says to a script; empty when it lets it pass.
fn rule_says(script: &str, catalog: &Catalog) -> String {
    let toml = "format = 1\n[runbook]\nid = \"r\"\ntitle = \"r\"\nversion = \"1\"\n[target]\ndatabase = \"d\"\nschema = \"public\"\n\
                [timeouts]\nlock = \"1s\"\nstatement = \"1s\"\nidle_in_transaction = \"1s\"\n\
                [policy]\napprovals = 2\nrehearsal_max_age = \"1h\"\napproval_valid = \"1h\"\n\
                [[step]]\nid = \"S\"\nposition = 1\ntitle = \"s\"\nsection = \"1\"\nreversal = \"s.sql\"\n";
    let files = [("runbook.toml", toml), ("s.sql", script)];
    let files = Files(files.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect::<BTreeMap<_, _>>());
    let (runbook, _) = parse(&files);
    let found = review(&runbook, Some(catalog));
    let of_rule =
        found.notes.iter().filter(|note| note.rule == "parent-before-child" && note.severity == Severity::Block);
    of_rule.map(|note| note.message.clone()).collect::<Vec<_>>().join(" ")
}

/// Servers before 15 drop the generated column along without a word; the rule says it on every version.
const TAKES_ANOTHER_ALONG: &str = "ALTER TABLE child DROP COLUMN one";

#[test]
fn the_rule_and_the_server_agree() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(SCHEMA)).expect("loaded");
    let catalog = run(superuser.catalog()).expect("a catalog");
    let target = run(superuser.target()).expect("a target");
    let version = target.server_version / 10_000;
    let mut disagreed = Vec::new();
    let mut refused = 0;
    for script in SCRIPTS {
        let server = match run(superuser.load(&format!("BEGIN; {script}; ROLLBACK"))) {
            Ok(()) => None,
            Err(DatabaseError::Refused { code, message }) => {
                assert_eq!(code, "2BP01", "{script}: {message}");
                refused += 1;
                Some(message)
            }
            Err(other) => panic!("{script}: {other}"),
        };
        let rule = rule_says(script, &catalog);
        if version < 15 && script == &TAKES_ANOTHER_ALONG {
            assert!(server.is_none() && rule.contains("child.double"), "{server:?}: {rule}");
            continue;
        }
        if server.is_some() == rule.is_empty() {
            disagreed.push(format!("{script}\n  server: {server:?}\n  rule: {rule}"));
        }
    }
    assert!(disagreed.is_empty(), "{}", disagreed.join("\n"));
    assert!(refused > 15 && SCRIPTS.len() - refused > 15, "both sides are tried: {refused} of {}", SCRIPTS.len());
}
