//! Takes a script; gives a database made from one template, and a fingerprint of everything in it. A database serves
//! several scripts, but only while its fingerprint is the template's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use countersign::census::{Baseline, Question, Reading, Target};
use countersign::port::Database;
use countersign::review::Catalog;
use countersign::runbook::sql::split;
use countersign::runbook::{Files, RowsExpected, Runbook, StatementRule, parse};

use countersign::session::take_baseline;

use super::script::{ROLES, Script};
use crate::support::{TestDatabase, cluster, postgres, run};

const TEMPLATE: &str = "attacks_template";

/// What all scripts share.
pub struct Stand {
    /// The server's major version.
    pub major: u32,
    /// The live catalog, as each role sees it.
    catalogs: BTreeMap<&'static str, Catalog>,
    /// The runbook whose one step is whatever script is tried.
    runbook: Runbook,
    /// What its checks answer in the template, to each role.
    baselines: BTreeMap<&'static str, Baseline>,
    /// Everything that is in the template.
    pub fingerprint: BTreeMap<String, String>,
    tables: Vec<String>,
    /// The number that the next transaction got once the template was made.
    since: String,
}

/// Returns the stand; the first who asks makes the template.
pub fn stand() -> &'static Stand {
    static STAND: OnceLock<Stand> = OnceLock::new();
    STAND.get_or_init(|| {
        let server = postgres(&cluster().url("postgres"));
        run(server.load("CREATE ROLE corpus_desk LOGIN IN ROLE pg_read_all_stats")).expect("a role");
        run(server.create_database(TEMPLATE)).expect("the template");
        let template = postgres(&cluster().url(TEMPLATE));
        run(template.load(&beside("base.sql"))).expect("the base of all attacks");
        run(template.ledger_init()).expect("a ledger");
        run(template.load("GRANT countersign_desk TO corpus_desk")).expect("rights on the ledger");
        drop(template);
        let database = database();
        let superuser = database.superuser();
        let major = run(superuser.target()).expect("a target").server_version / 10_000;
        let catalogs = ROLES.map(|role| (role, run(database.role(role).catalog()).expect("the catalog"))).into();
        let tables = read(&superuser, &[("tables", TABLES.to_owned())]).remove("tables").expect("the tables");
        let tables = tables.lines().map(str::to_owned).collect();
        let since = read(&superuser, &[("since", SINCE.to_owned())]).remove("since").expect("a number");
        let runbook = base_runbook();
        let mut here = runbook.clone();
        here.target.database.clone_from(&database.name);
        let baseline = |role| run(take_baseline(&database.role(role), &here, "before")).expect("a baseline");
        let baselines = ROLES.map(|role| (role, baseline(role))).into();
        let mut stand = Stand { major, catalogs, runbook, baselines, fingerprint: BTreeMap::new(), tables, since };
        stand.fingerprint = stand.fingerprint_of(&database);
        stand
    })
}

/// Reads a file that stands beside this one.
fn beside(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::read_to_string(folder.join(name)).expect("a file of the corpus")
}

/// Makes a database from the template.
fn database() -> TestDatabase {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("attack_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let server = postgres(&cluster().url("postgres"));
    run(server.load(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))).expect("a database");
    TestDatabase::on(cluster(), &name)
}

/// Databases that are again as the template is.
static CLEAN: Mutex<Vec<TestDatabase>> = Mutex::new(Vec::new());

/// Gives a database that is as the template is.
pub fn borrow() -> TestDatabase {
    let clean = CLEAN.lock().unwrap().pop();
    clean.unwrap_or_else(database)
}

/// Takes a database back. One whose fingerprint is the template's serves again; another one is dropped.
pub fn give_back(database: TestDatabase, is_clean: bool) {
    if is_clean {
        CLEAN.lock().unwrap().push(database);
        return;
    }
    let server = postgres(&cluster().url("postgres"));
    run(server.load(&format!("DROP DATABASE {} WITH (FORCE)", database.name))).expect("gone");
}

/// Reads the runbook once; its step holds nothing to speak of yet.
fn base_runbook() -> Runbook {
    let file = |name: &str, text: String| (name.to_owned(), text.into_bytes());
    let files = Files(BTreeMap::from([
        file("runbook.toml", beside("base.toml")),
        file("roster.toml", beside("roster.toml")),
        file("attack.sql", "SELECT :'who'".to_owned()),
    ]));
    let (runbook, problems) = parse(&files);
    assert_eq!(problems, [], "the runbook of all attacks");
    runbook
}

/// Gives the runbook whose one step is this script, for this database.
pub fn runbook(script: &Script, database: &str) -> Runbook {
    let mut runbook = stand().runbook.clone();
    database.clone_into(&mut runbook.target.database);
    let statements = split(&script.text).unwrap_or_default();
    let step = runbook.steps.first_mut().expect("the step");
    step.reversal.text.clone_from(&script.text);
    for statement in &statements {
        let counts = matches!(statement.tag.as_str(), "INSERT" | "UPDATE" | "DELETE" | "MERGE");
        let generous = || RowsExpected::Any { reason: "nobody counted them".to_owned() };
        let rule = StatementRule {
            rows: script.rows.get(&statement.ordinal).cloned().or_else(|| counts.then(generous)),
            notices: script.notices.get(&statement.ordinal).cloned().unwrap_or_default(),
            waivers: Vec::new(),
        };
        step.statements.insert(statement.ordinal, rule);
    }
    runbook
}

/// Tables of everybody, as they are written in SQL.
const TABLES: &str = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1";
const SINCE: &str = "SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint % 4294967296)::text";
const CATALOGS: [&str; 30] = [
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_index",
    "pg_trigger",
    "pg_rewrite",
    "pg_proc",
    "pg_type",
    "pg_namespace",
    "pg_policy",
    "pg_event_trigger",
    "pg_extension",
    "pg_cast",
    "pg_operator",
    "pg_aggregate",
    "pg_enum",
    "pg_collation",
    "pg_language",
    "pg_foreign_server",
    "pg_foreign_data_wrapper",
    "pg_user_mapping",
    "pg_publication",
    "pg_statistic_ext",
    "pg_default_acl",
    "pg_inherits",
    "pg_description",
    "pg_seclabel",
    "pg_largeobject_metadata",
    "pg_partitioned_table",
    "pg_class",
];

/// What stands neither in a table of somebody nor in a catalog of this database alone.
const BESIDES: [(&str, &str); 6] = [
    (
        "sequences",
        "SELECT schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences ORDER BY 1",
    ),
    ("roles", "SELECT t::text FROM pg_authid AS t WHERE starts_with(rolname, 'corpus') ORDER BY 1"),
    (
        "settings",
        "SELECT t::text FROM pg_db_role_setting AS t WHERE setrole = 'corpus_desk'::regrole \
         OR setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1",
    ),
    ("prepared", "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY 1"),
    (
        "advisory",
        "SELECT l.objid::text FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database \
         WHERE l.locktype = 'advisory' AND d.datname = current_database()",
    ),
    ("large objects", "SELECT count(*) FROM pg_largeobject"),
];

impl Stand {
    /// Gives the live catalog as a role sees it.
    pub fn catalog(&self, role: &str) -> &Catalog {
        &self.catalogs[role]
    }

    /// Gives the baseline as it would be taken in this database, which is a copy of the one where it was taken.
    pub fn baseline(&self, role: &str, target: &Target) -> Baseline {
        let mut baseline = self.baselines[role].clone();
        baseline.census.target = target.clone();
        baseline
    }

    /// Reads everything that could have changed: rows, definitions, sequences, settings, what outlives a transaction.
    pub fn fingerprint_of(&self, database: &TestDatabase) -> BTreeMap<String, String> {
        let rows = self.tables.iter().map(|table| {
            let name = table.replace('\'', "''");
            format!(
                "SELECT '{name} ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') \
                 FROM ONLY {table} AS t"
            )
        });
        // A row that was put in or changed since has a newer number, and one that was taken away is missed in the count;
        // what VACUUM and ANALYZE write in place has the old number.
        let since = self.since.as_str();
        let catalogs = CATALOGS.iter().map(|name| {
            format!(
                "SELECT '{name} ' || count(*) || coalesce(string_agg(t::text, E'\\n' ORDER BY t::text) \
                 FILTER (WHERE age(t.xmin) <= age('{since}'::xid)), '') FROM {name} AS t"
            )
        });
        let union = |parts: Vec<String>| parts.join("\nUNION ALL\n");
        let mut questions = vec![("rows", union(rows.collect())), ("catalogs", union(catalogs.collect()))];
        questions.extend(BESIDES.map(|(id, sql)| (id, sql.to_owned())));
        read(&database.superuser(), &questions)
    }
}

fn read(database: &dyn Database, questions: &[(&str, String)]) -> BTreeMap<String, String> {
    let asked: Vec<Question> = questions.iter().map(|(id, sql)| Question::new((*id).into(), sql.clone())).collect();
    let census = run(database.census(&asked)).expect("a fingerprint");
    census
        .readings
        .into_iter()
        .map(|(id, reading)| match reading {
            Reading::Value(value) => (id.to_string(), value.unwrap_or_default()),
            Reading::Blind(reason) => panic!("{id} cannot be read: {reason}"),
        })
        .collect()
}

/// Says which lines of two fingerprints differ.
pub fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let lines = |all: &BTreeMap<String, String>, id: &str| -> Vec<String> {
        all.get(id).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
    };
    before
        .keys()
        .flat_map(|id| {
            let (was, is) = (lines(before, id), lines(after, id));
            let gone = was.iter().filter(|line| !is.contains(line)).map(|line| format!("{id}: - {line}"));
            let new = is.iter().filter(|line| !was.contains(line)).map(|line| format!("{id}: + {line}"));
            gone.chain(new).collect::<Vec<_>>()
        })
        .collect()
}
