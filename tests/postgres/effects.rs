//! The guards of a run against a real server, with plans made directly: no review stands before them. For each attack
//! its innocent twin.

use countersign::adapter::postgres::{ClusterOptions, PrivateCluster};
use countersign::census::Target;
use countersign::digest::Digest;
use countersign::plan::{
    DeclaredClass, DeclaredObject, PLAN_FORMAT, Plan, PlannedStatement, SealedPlan, Settings, Stage, canonical,
    names_of,
};
use countersign::port::{Database, RunLine};
use countersign::rehearsal::{Rehearsal, judge_rehearsal};
use countersign::run::{EffectKind, Event, Finished, Machine, Standing, Step};
use countersign::runbook::sql::split;
use countersign::runbook::{ObjectName, Policy, Timeouts};

use crate::support::{TestDatabase, database, options, postgres, run};

/// What most cases stand on: a shared table, its growing log, a greenfield table with a child, a protected one.
const BASE: &str = "
CREATE TABLE shared (k int PRIMARY KEY, v text);
INSERT INTO shared SELECT n, 'old' FROM generate_series(1, 9) AS n;
CREATE TABLE log (id bigserial PRIMARY KEY, said text);
INSERT INTO log (said) VALUES ('first');
CREATE TABLE fresh (id serial PRIMARY KEY, v text);
INSERT INTO fresh (v) VALUES ('a'), ('b');
CREATE TABLE child (id int PRIMARY KEY, fresh int REFERENCES fresh);
CREATE TABLE fixed (k int PRIMARY KEY, v text);
INSERT INTO fixed VALUES (1, 'x');
CREATE TABLE stranger (id bigserial PRIMARY KEY, said text);
";
const DECLARED: &str = "shared shared, growing log, greenfield fresh, greenfield child, protected fixed";

/// A function of a trigger on `shared`, fired once for every row deleted.
fn on_delete(body: &str) -> String {
    format!(
        "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$; \
         CREATE TRIGGER act AFTER DELETE ON shared FOR EACH ROW EXECUTE FUNCTION act();"
    )
}

fn declared(text: &str) -> Vec<DeclaredObject> {
    text.split(',')
        .map(|one| {
            let (class, name) = one.trim().split_once(' ').expect("class and name");
            let class = match class {
                "greenfield" => DeclaredClass::Greenfield,
                "shared" => DeclaredClass::Shared,
                "retire_only" => DeclaredClass::RetireOnly,
                "protected" => DeclaredClass::Protected,
                _ => DeclaredClass::Growing,
            };
            DeclaredObject { name: ObjectName::new("public", name), class }
        })
        .collect()
}

fn stage(number: usize, script: &str) -> Stage {
    let parsed = split(script).expect("SQL");
    let statements = parsed
        .iter()
        .map(|statement| PlannedStatement {
            ordinal: statement.ordinal,
            line: statement.line,
            sql: statement.text.clone(),
            sha256: Digest::of(statement.text.as_bytes()),
            tag: statement.tag.clone(),
            rows: None,
            notices: Vec::new(),
        })
        .collect();
    let names = parsed.iter().flat_map(|statement| names_of(statement, statement.ordinal, "public")).collect();
    Stage {
        step: format!("S-{number}").as_str().into(),
        script: "reversal.sql".to_owned(),
        statements,
        locked_tables: Vec::new(),
        drops: Vec::new(),
        names,
    }
}

fn plan(target: Target, objects: &str, scripts: &[&str]) -> SealedPlan {
    let timeouts = Timeouts { lock_millis: 2000, statement_millis: 20_000, idle_in_transaction_millis: 20_000 };
    let plan = Plan {
        format: PLAN_FORMAT.to_owned(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
        runbook: "effects".to_owned(),
        runbook_version: "1".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        roster_digest: Digest::of(b"roster"),
        roster_version: 1,
        target,
        run_as: None,
        via: None,
        restore: None,
        end_session: None,
        settings: Settings::new(timeouts, "public"),
        policy: Policy { approvals: 2, rehearsal_max_age_seconds: 3600, approval_valid_seconds: 3600 },
        parameters: Vec::new(),
        objects: declared(objects),
        stages: scripts.iter().enumerate().map(|(at, script)| stage(at + 1, script)).collect(),
        checks: Vec::new(),
        stops: Vec::new(),
        baseline_digest: Digest::of(b"baseline"),
        hazards: Vec::new(),
        waived: Vec::new(),
        requester: "bot@example.test".into(),
        editor: None,
        sealed_at: "2026-06-01T10:59:00Z".parse().expect("a time"),
    };
    SealedPlan::read(&canonical(&plan).expect("canonical")).expect("a plan")
}

fn drive(line: &mut dyn RunLine, machine: &mut Machine, between: &dyn Fn(&Step)) -> Finished {
    let mut event = Event::Start;
    loop {
        let step = machine.on(event);
        if let Step::Done(finished) = step {
            return *finished;
        }
        between(&step);
        event = run(line.perform(&step));
    }
}

fn rehearse_with(database: &TestDatabase, objects: &str, scripts: &[&str], between: &dyn Fn(&Step)) -> Rehearsal {
    let superuser = database.superuser();
    let plan = plan(run(superuser.target()).expect("a target"), objects, scripts);
    let mut machine = Machine::rehearse(plan.clone(), None, false);
    let finished = drive(&mut *superuser.run_line(), &mut machine, between);
    judge_rehearsal(&plan, &finished).unwrap_or_else(|reason| panic!("no rehearsal: {reason}"))
}

/// Writes the effects as `standing kind object`, in order.
fn effects(rehearsal: &Rehearsal) -> String {
    let words = |what: &EffectKind| match what {
        EffectKind::Rows { inserted, updated, deleted } => format!("rows {inserted}/{updated}/{deleted}"),
        EffectKind::Rewritten => "rewritten".to_owned(),
        EffectKind::Created => "created".to_owned(),
        EffectKind::Altered => "altered".to_owned(),
        EffectKind::Dropped => "dropped".to_owned(),
        EffectKind::Moved { from, to } => format!("moved {from}>{to}"),
        EffectKind::AdvisoryLock => "locked".to_owned(),
        EffectKind::Prepared => "prepared".to_owned(),
    };
    let standing = |standing| match standing {
        Standing::Named => "named",
        Standing::Declared => "declared",
        Standing::Undeclared => "UNDECLARED",
    };
    let all = rehearsal.trace.stages.iter().flat_map(|stage| &stage.effects);
    let all: Vec<String> =
        all.map(|effect| format!("{} {} {}", standing(effect.standing), words(&effect.what), effect.object)).collect();
    all.join(", ").replace("public.", "")
}

/// Rehearses a script on what `setup` made: it must be rolled back with these words, or pass with these effects.
fn check_as(setup: &str, objects: &str, script: &str, refused: &str, expected: &str) {
    let database = database();
    run(database.superuser().load(&format!("{BASE}{setup}"))).expect("loaded");
    let rehearsal = rehearse_with(&database, objects, &[script], &|_| ());
    let failure = rehearsal.failure.clone().unwrap_or_default();
    if refused.is_empty() {
        assert_eq!(failure, "", "{script} after {setup}: {}", effects(&rehearsal));
        assert!(rehearsal.passed(), "{script}");
    } else {
        assert!(
            failure.contains(refused),
            "{script} after {setup}: `{failure}` has no `{refused}`: {}",
            effects(&rehearsal)
        );
        assert!(!rehearsal.passed(), "{script}");
    }
    assert_eq!(effects(&rehearsal), expected, "{script} after {setup}");
}

fn check(setup: &str, script: &str, refused: &str, expected: &str) {
    check_as(setup, DECLARED, script, refused, expected);
}

const DELETE: &str = "DELETE FROM shared WHERE k <= 2";

#[test]
fn rows_that_a_trigger_writes_where_nobody_declared_them_roll_back() {
    check(
        &on_delete("INSERT INTO stranger (said) VALUES ('x');"),
        DELETE,
        "undeclared effect: public.stranger had rows 2 inserted, and the runbook does not declare it",
        "named rows 0/0/2 shared, UNDECLARED rows 2/0/0 stranger, UNDECLARED moved unused>2 stranger_id_seq",
    );
    // Its twin writes to a growing log, whose sequence moves: named, and no failure.
    check(
        &on_delete("INSERT INTO log (said) VALUES ('x');"),
        DELETE,
        "",
        "declared rows 2/0/0 log, declared moved 1>3 log_id_seq, named rows 0/0/2 shared",
    );
    check(
        &on_delete("DELETE FROM log;"),
        DELETE,
        "public.log had rows 1 deleted, and it is growing",
        "UNDECLARED rows 0/0/1 log, named rows 0/0/2 shared",
    );
    check(
        &on_delete("UPDATE fixed SET v = 'y';"),
        DELETE,
        "public.fixed had rows 2 updated, and it is protected",
        "UNDECLARED rows 0/2/0 fixed, named rows 0/0/2 shared",
    );
    check(&on_delete("PERFORM count(*) FROM stranger, fixed;"), DELETE, "", "named rows 0/0/2 shared");
    // What a deferred trigger does is seen as well.
    let deferred = "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO stranger VALUES (7, 'x'); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON shared DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();";
    check(
        deferred,
        "UPDATE shared SET v = 'n' WHERE k = 1",
        "public.stranger had rows 1 inserted",
        "named rows 0/1/0 shared, UNDECLARED rows 1/0/0 stranger",
    );
}

#[test]
fn more_rows_than_the_tags_told_of_roll_back() {
    let more = "the statements told of rows 2 deleted on public.shared, the server counted rows 4 deleted";
    check(&on_delete("DELETE FROM shared WHERE k = OLD.k + 5;"), DELETE, more, "named rows 0/0/4 shared");
    check(&on_delete(""), DELETE, "", "named rows 0/0/2 shared");
    check(
        &on_delete("UPDATE shared SET v = 'x' WHERE k = 9; UPDATE shared SET v = 'old' WHERE k = 9;"),
        DELETE,
        "the server counted rows 4 updated, 2 deleted",
        "named rows 0/4/2 shared",
    );
    // A foreign key's action on a shared table nobody named.
    let key =
        "CREATE TABLE pointing (k int REFERENCES shared ON DELETE CASCADE); INSERT INTO pointing VALUES (1), (2), (3);";
    let with = |class: &str| format!("{DECLARED}, {class} pointing");
    check_as(
        key,
        &with("shared"),
        DELETE,
        "the statements told of 0 rows on public.pointing, the server counted rows 2 deleted",
        "declared rows 0/0/2 pointing, named rows 0/0/2 shared",
    );
    check_as(key, &with("greenfield"), DELETE, "", "declared rows 0/0/2 pointing, named rows 0/0/2 shared");
    check_as(
        key,
        &with("shared"),
        "DELETE FROM pointing WHERE k <= 2; DELETE FROM shared WHERE k <= 2",
        "",
        "named rows 0/0/2 pointing, named rows 0/0/2 shared",
    );
    check_as(
        "",
        "retire_only shared",
        "DELETE FROM shared WHERE k = 1",
        "it is retire_only",
        "UNDECLARED rows 0/0/1 shared",
    );
    check_as("", "retire_only shared", "UPDATE shared SET v = 'r' WHERE k <= 4", "", "named rows 0/4/0 shared");
    check(
        "",
        "INSERT INTO shared VALUES (1, 'n'), (20, 'n') ON CONFLICT (k) DO UPDATE SET v = 'n'",
        "",
        "named rows 1/1/0 shared",
    );
}

#[test]
fn rows_of_partitions_are_those_of_their_table() {
    let parted = "CREATE TABLE parted (k int, v text) PARTITION BY RANGE (k);
        CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
        CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10) TO (20);
        INSERT INTO parted SELECT n, 'old' FROM generate_series(1, 19) AS n;";
    let with = format!("{DECLARED}, shared parted");
    check_as(parted, &with, "DELETE FROM parted WHERE k IN (9, 10)", "", "named rows 0/0/2 parted");
    // A row that moves between partitions is deleted here and inserted there.
    check_as(parted, &with, "UPDATE parted SET k = k + 2 WHERE k BETWEEN 7 AND 9", "", "named rows 2/1/2 parted");
    check_as(
        parted,
        DECLARED,
        "DELETE FROM parted WHERE k = 1",
        "the runbook does not declare it",
        "UNDECLARED rows 0/0/1 parted",
    );
    // An heir is a table of its own, though a statement on the table it inherits from reaches its rows.
    let heir = "CREATE TABLE heir () INHERITS (shared); INSERT INTO heir VALUES (1, 'h');";
    check_as(
        heir,
        DECLARED,
        DELETE,
        "public.heir had rows 1 deleted, and the runbook does not declare it",
        "UNDECLARED rows 0/0/1 heir, named rows 0/0/2 shared",
    );
    check(heir, "DELETE FROM ONLY shared WHERE k <= 2", "", "named rows 0/0/2 shared");
    check_as(heir, &format!("{DECLARED}, shared heir"), DELETE, "", "named rows 0/0/1 heir, named rows 0/0/2 shared");
    let fresh = format!("{DECLARED}, greenfield parted");
    // Partitions go along without a word, and their rows with them: each is told, and a declared one is of its own class.
    let all = "named dropped parted, named dropped parted_high, named dropped parted_low";
    check_as(parted, &fresh, "DROP TABLE parted", "", all);
    check_as(
        parted,
        &format!("{fresh}, protected parted_low"),
        "DROP TABLE parted",
        "public.parted_low was dropped, and it is protected",
        "named dropped parted, named dropped parted_high, UNDECLARED dropped parted_low",
    );
}

#[test]
fn what_is_created_dropped_or_altered_besides_rolls_back() {
    let act =
        |sql: &str| format!("CREATE FUNCTION act() RETURNS int LANGUAGE plpgsql AS $$ BEGIN {sql}; RETURN 1; END $$;");
    check(
        &act("CREATE TABLE public.hidden (a int)"),
        "SELECT act()",
        "public.hidden was created",
        "UNDECLARED created hidden",
    );
    check(&act("DROP TABLE stranger"), "SELECT act()", "public.stranger was dropped", "UNDECLARED dropped stranger");
    check(
        &act("DROP TABLE shared"),
        "SELECT act()",
        "public.shared was dropped, and it is shared",
        "UNDECLARED dropped shared",
    );
    check(
        &act("ALTER TABLE fixed ADD COLUMN w int"),
        "SELECT act()",
        "public.fixed was altered, and it is protected",
        "UNDECLARED altered fixed",
    );
    check(&act("GRANT SELECT ON stranger TO PUBLIC"), "SELECT act()", "was altered", "UNDECLARED altered stranger");
    check(&act("ALTER TABLE shared DISABLE TRIGGER ALL"), "SELECT act()", "", "");
    check(&act("TRUNCATE stranger"), "SELECT act()", "was emptied or rewritten", "UNDECLARED rewritten stranger");
    check(
        &act("CREATE TEMP TABLE shared (k int)"),
        "SELECT act()",
        "pg_temp.shared was created",
        "UNDECLARED created pg_temp.shared",
    );
    check(
        &act("CREATE ROLE effects_intruder"),
        "SELECT act()",
        "pg_catalog.pg_authid",
        "UNDECLARED rows 1/0/0 pg_catalog.pg_authid",
    );
    check(
        &act("ALTER ROLE postgres SET work_mem = '5MB'"),
        "SELECT act()",
        "pg_catalog.pg_db_role_setting",
        "UNDECLARED rows 1/0/0 pg_catalog.pg_db_role_setting",
    );
    check(
        "",
        "CREATE FUNCTION public.new() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "public.new was created",
        "UNDECLARED created new",
    );
    // A block with an EXCEPTION clause writes under a number of its own.
    check(
        &act(
            "BEGIN DROP TABLE stranger; EXCEPTION WHEN OTHERS THEN NULL; END; BEGIN CREATE TABLE public.hidden (a int); EXCEPTION WHEN OTHERS THEN NULL; END",
        ),
        "SELECT act()",
        "public.hidden was created",
        "UNDECLARED created hidden, UNDECLARED dropped stranger",
    );
    // What was tried and undone has not happened.
    check(
        &act("BEGIN CREATE TABLE public.hidden (a int); RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN NULL; END"),
        "SELECT act()",
        "",
        "",
    );
    check(&act("PERFORM 1"), "SELECT act()", "", "");
}

#[test]
fn ordinary_reversals_pass() {
    // A table with a sequence, an index, constraints, a key to a parent and a row type goes as one.
    check("", "DROP TABLE child; DROP TABLE fresh", "", "named dropped child, named dropped fresh");
    // The parent of a key is left as it was, though its internal triggers went.
    check_as("", "greenfield child, protected fresh", "DROP TABLE child", "", "named dropped child");
    check("", "ALTER TABLE fresh DROP COLUMN v", "", "named altered fresh");
    check("", "ALTER TABLE fresh ALTER COLUMN v TYPE int USING 1", "", "named rewritten fresh, named altered fresh");
    check("CREATE INDEX of_v ON fresh (v);", "DROP INDEX of_v", "", "named dropped of_v");
    check("", "ALTER TABLE child DROP CONSTRAINT child_fresh_fkey", "", "named altered child");
    check_as(
        "ALTER TABLE shared ADD COLUMN added serial UNIQUE;",
        "shared shared, greenfield shared.added",
        "ALTER TABLE shared DROP COLUMN added",
        "",
        "named altered shared, named dropped shared_added_key, named dropped shared_added_seq",
    );
    check_as(
        "CREATE VIEW seen AS SELECT * FROM shared; CREATE RULE r AS ON DELETE TO seen DO INSTEAD NOTHING;",
        "greenfield seen, protected shared",
        "DROP VIEW seen",
        "",
        "named dropped seen",
    );
    check_as(
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "greenfield f",
        "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "",
        "named altered f",
    );
    check_as(
        &on_delete(""),
        "shared shared, shared shared.act",
        "DROP TRIGGER act ON shared; CREATE TRIGGER act AFTER DELETE ON shared FOR EACH ROW EXECUTE FUNCTION act()",
        "",
        "named altered shared.act",
    );
    check_as(
        &on_delete(""),
        "protected shared, protected shared.act",
        "DROP TRIGGER act ON shared",
        "public.shared.act was dropped, and it is protected",
        "UNDECLARED dropped shared.act",
    );
    // Whoever names a shared table may still not change what others made of it.
    let others = "ALTER TABLE shared ENABLE ROW LEVEL SECURITY; CREATE INDEX of_others ON shared (k);";
    for (sql, object) in [
        ("ALTER TABLE shared DISABLE ROW LEVEL SECURITY", "shared"),
        ("ALTER TABLE shared DISABLE TRIGGER act", "shared.act"),
        ("ALTER TABLE shared DROP COLUMN v", "shared"),
        ("DROP TRIGGER act ON shared", "shared.act"),
        ("DROP INDEX of_others", "of_others"),
    ] {
        let refused = format!("undeclared effect: public.{object} was");
        let database = database();
        run(database.superuser().load(&format!("{BASE}{others}{}", on_delete("")))).expect("loaded");
        let failure = rehearse_with(&database, "shared shared", &[sql], &|_| ()).failure.unwrap_or_default();
        assert!(failure.contains(&refused), "{sql}: {failure}");
    }
    check("", "TRUNCATE child", "", "named rewritten child");
    check(
        "",
        "TRUNCATE shared",
        "public.shared was emptied or rewritten, and it is shared",
        "UNDECLARED rewritten shared",
    );
    check_as(
        "CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM shared;",
        "greenfield counted",
        "REFRESH MATERIALIZED VIEW counted",
        "",
        "named rows 1/0/0 counted, named rewritten counted",
    );
    check("", "INSERT INTO fresh (v) VALUES ('c')", "", "named rows 1/0/0 fresh, named moved 2>3 fresh_id_seq");
}

#[test]
fn what_rollback_does_not_put_back_is_named() {
    check(
        "CREATE SEQUENCE free;",
        "SELECT nextval('public.free')",
        "public.free moved from unused to 1, and the runbook does not declare it. ROLLBACK does not put it back",
        "UNDECLARED moved unused>1 free",
    );
    check(
        "",
        "SELECT setval('public.stranger_id_seq', 77)",
        "public.stranger_id_seq moved from unused to 77",
        "UNDECLARED moved unused>77 stranger_id_seq",
    );
    check("CREATE SEQUENCE free;", "SELECT last_value FROM public.free", "", "");
    check_as(
        "CREATE SEQUENCE free;",
        "greenfield free",
        "SELECT nextval('public.free')",
        "",
        "declared moved unused>1 free",
    );
    check_as(
        "CREATE SEQUENCE free;",
        "greenfield free",
        "ALTER SEQUENCE free RESTART WITH 9",
        "",
        "named altered free",
    );
    check("", "SELECT pg_advisory_lock(42)", "advisory lock 42 was taken", "UNDECLARED locked advisory lock 42");
    check("", "SELECT pg_advisory_lock_shared(-3, 4)", "advisory lock -3, 4", "UNDECLARED locked advisory lock -3, 4");
    check("", "SELECT pg_advisory_xact_lock(42)", "", "");
    // The rehearsal says so, with the values, whether it failed for it or not.
    let database = database();
    run(database.superuser().load(&format!("{BASE}{}", on_delete("INSERT INTO log (said) VALUES ('x');"))))
        .expect("loaded");
    let rehearsal = rehearse_with(&database, DECLARED, &[DELETE], &|_| ());
    let lasting: Vec<String> = rehearsal.lasting.iter().map(|effect| effect.object.to_string()).collect();
    assert_eq!(lasting, ["public.log_id_seq"]);
    assert!(rehearsal.passed());
}

#[test]
fn what_another_session_does_meanwhile_is_not_held_against_us() {
    let database = database();
    run(database.superuser().load(BASE)).expect("loaded");
    let other = database.superuser();
    let meanwhile = |step: &Step| {
        if let Step::Send { sql, .. } = step
            && sql == "SET CONSTRAINTS ALL IMMEDIATE"
        {
            let sql = "INSERT INTO stranger (said) VALUES ('theirs'); CREATE TABLE theirs (a int); DROP TABLE child;
                ALTER TABLE fixed ADD COLUMN theirs int; GRANT SELECT ON log TO PUBLIC; SELECT nextval('log_id_seq');
                CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP SEQUENCE IF EXISTS nothing;
                DO $$ BEGIN BEGIN CREATE TABLE theirs_too (a int); EXCEPTION WHEN OTHERS THEN NULL; END; END $$;
                TRUNCATE stranger";
            run(other.load(sql)).expect("done meanwhile");
        }
    };
    let rehearsal = rehearse_with(&database, DECLARED, &[DELETE], &meanwhile);
    assert_eq!(rehearsal.failure, None, "{}", effects(&rehearsal));
    assert_eq!(effects(&rehearsal), "named rows 0/0/2 shared");
}

#[test]
fn a_transaction_that_another_session_prepares_is_not_ours() {
    let options = options();
    // A detached server leaves its folder to the next one.
    let first = ClusterOptions { detached: true, ..options.clone() };
    let cluster = PrivateCluster::start(first).expect("a server");
    let set = "ALTER SYSTEM SET max_prepared_transactions = 5";
    run(postgres(&cluster.url("postgres")).load(set)).expect("set");
    cluster.stop().expect("stopped");
    let cluster = PrivateCluster::start(options).expect("the server again");
    let database = TestDatabase::on(&cluster, "postgres");
    run(database.superuser().load(BASE)).expect("loaded");
    let other = database.superuser();
    let meanwhile = |step: &Step| {
        if matches!(step, Step::Send { sql, .. } if sql == "SET CONSTRAINTS ALL IMMEDIATE") {
            let sql = "BEGIN; INSERT INTO stranger (said) VALUES ('theirs'); PREPARE TRANSACTION 'theirs'";
            run(other.load(sql)).expect("done meanwhile");
        }
    };
    let rehearsal = rehearse_with(&database, DECLARED, &[DELETE], &meanwhile);
    assert_eq!(rehearsal.failure, None, "{}", effects(&rehearsal));
    assert_eq!(effects(&rehearsal), "named rows 0/0/2 shared");
    run(other.load("ROLLBACK PREPARED 'theirs'")).expect("rolled back");
}

#[test]
fn every_stage_has_effects_of_its_own() {
    let database = database();
    run(database.superuser().load(&format!("{BASE}{}", on_delete("INSERT INTO log (said) VALUES ('x');"))))
        .expect("loaded");
    let scripts = [
        "ALTER TABLE fresh ADD COLUMN w int; DELETE FROM shared WHERE k = 1",
        "ALTER TABLE fresh DROP COLUMN w; DELETE FROM shared WHERE k = 2",
        "DROP TABLE child",
    ];
    let rehearsal = rehearse_with(&database, DECLARED, &scripts, &|_| ());
    assert_eq!(rehearsal.failure, None);
    let counts: Vec<usize> = rehearsal.trace.stages.iter().map(|stage| stage.effects.len()).collect();
    assert_eq!(counts, [4, 4, 1], "{}", effects(&rehearsal));
}

#[test]
fn a_role_without_privileges_sees_enough() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(&format!("{BASE}{}", on_delete("INSERT INTO log (said) VALUES ('x');")))).expect("loaded");
    run(superuser.load(
        "DROP ROLE IF EXISTS effects_plain; CREATE ROLE effects_plain LOGIN IN ROLE pg_read_all_stats;
         GRANT USAGE ON SCHEMA public TO effects_plain; GRANT SELECT, DELETE ON shared TO effects_plain;
         GRANT INSERT ON log TO effects_plain; GRANT USAGE ON SEQUENCE log_id_seq TO effects_plain",
    ))
    .expect("a role");
    let plain = database.role("effects_plain");
    let plan = plan(run(plain.target()).expect("a target"), DECLARED, &[DELETE]);
    let finished = drive(&mut *plain.run_line(), &mut Machine::rehearse(plan.clone(), None, false), &|_| ());
    let rehearsal = judge_rehearsal(&plan, &finished).expect("a rehearsal");
    assert_eq!(rehearsal.failure, None);
    assert_eq!(effects(&rehearsal), "declared rows 2/0/0 log, declared moved 1>3 log_id_seq, named rows 0/0/2 shared");
}
