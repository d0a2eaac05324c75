//! A small database with a small runbook and its people: the whole ceremony by the library, in a fraction of a second.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use countersign::adapter::clock::SystemChance;
use countersign::adapter::dump::DiskDumps;
use countersign::adapter::files::DiskFolders;
use countersign::adapter::postgres::Postgres;
use countersign::adapter::ssh::SshSigner;
use countersign::census::{Baseline, Question, Reading};
use countersign::finding::{Finding, to_be_signed};
use countersign::ledger::{Body, Entry};
use countersign::plan::{Via, read_strict};
use countersign::port::{Clock, Database, KeyChoice, Wait};
use countersign::run::{Finished, Outcome};
use countersign::runbook::{Principal, StepId};
use countersign::session::{
    self, Approval, Cancel, Doors, Failure, ROSTER_OPEN_FOR, RosterStanding, SignAs, StagedRequest, Staging, Watch,
    World, open_runbook, read_ledger, take_baseline,
};
use jiff::{SignedDuration, Timestamp};

use crate::keys::Keys;
use crate::pipeline::demo::{Answer, countersign};
use crate::support::{TestDatabase, database, postgres, run};

/// What stands before the step: two rows that are not ours, and eight that nobody may touch.
const BASE: &str = "CREATE TABLE public.vocabulary (code text PRIMARY KEY, domain text NOT NULL); \
     INSERT INTO public.vocabulary VALUES ('a', 'other'), ('b', 'other'); \
     CREATE TABLE public.sacred (id int PRIMARY KEY); INSERT INTO public.sacred SELECT generate_series(1, 8)";
/// The step.
const BUILD: &str = "BEGIN; CREATE TABLE public.extra (id int PRIMARY KEY); \
     INSERT INTO public.vocabulary VALUES ('x', 'governance'), ('y', 'governance'), ('z', 'governance'); COMMIT";
/// Its reversal.
pub const REVERSAL: &str = "DELETE FROM public.vocabulary WHERE domain = 'governance';\n\nDROP TABLE public.extra;\n";

const RUNBOOK: &str = r#"format = 1
[runbook]
id = "small"
title = "A small reversal"
version = "1"
[target]
database = "DATABASE"
schema = "public"
[timeouts]
lock = "2s"
statement = "20s"
idle_in_transaction = "20s"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
[[object]]
name = "public.extra"
kind = "table"
class = "greenfield"
steps = ["S-1"]
[[object]]
name = "public.vocabulary"
kind = "table"
class = "shared"
key = "domain = 'governance'"
steps = ["S-1"]
[[object]]
name = "public.sacred"
kind = "table"
class = "protected"
[[step]]
id = "S-1"
position = 1
title = "Three words and a table"
section = "1"
reversal = "reversal/s-1.sql"
[[step.statement]]
ordinal = 1
rows = { exactly = 3 }
[[check]]
id = "extra"
title = "extra is gone"
object = "public.extra"
sql = "SELECT to_regclass('public.extra')"
steps = ["S-1"]
expect = "absent"
[[check]]
id = "words"
title = "no governance words"
sql = "SELECT count(*) FROM public.vocabulary WHERE domain = 'governance'"
steps = ["S-1"]
expect = { equals = "0" }
[[check]]
id = "others"
title = "the other words stay"
sql = "SELECT count(*) FROM public.vocabulary WHERE domain <> 'governance'"
expect = "unchanged"
[[check]]
id = "sacred"
title = "nobody touches these"
sql = "SELECT count(*) FROM public.sacred"
expect = { equals = "8" }
"#;

/// A second step of its own.
const SECOND: &str = r#"
[[object]]
name = "public.second"
kind = "table"
class = "greenfield"
steps = ["S-2"]
[[step]]
id = "S-2"
position = 2
title = "Another table"
section = "2"
reversal = "reversal/s-2.sql"
[[check]]
id = "second"
title = "second is gone"
object = "public.second"
sql = "SELECT to_regclass('public.second')"
steps = ["S-2"]
expect = "absent"
"#;

/// A clock that a test sets forward.
#[derive(Default)]
pub struct Hours(Mutex<i64>);

impl Hours {
    /// Sets it forward.
    pub fn pass(&self, hours: i64) {
        *self.0.lock().unwrap() += hours;
    }
}

impl Clock for Hours {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(*self.0.lock().unwrap())
    }
}

/// Nothing here opens a database by its text.
struct NoDoors;

impl Doors for NoDoors {
    fn open<'a>(&'a self, text: &'a str) -> Wait<'a, Result<Arc<dyn Database>, Failure>> {
        panic!("BUG: {text} was opened")
    }
}

/// The database, the runbook's folder, the people, and what stood before.
pub struct Stand {
    pub database: TestDatabase,
    pub clock: Arc<Hours>,
    pub world: World,
    pub folder: PathBuf,
    keys: Keys,
    baseline: Baseline,
    steps: Vec<StepId>,
}

impl Stand {
    /// Makes one whose step is built.
    pub fn new() -> Self {
        Self::with_reversal(REVERSAL)
    }

    /// Makes one with a second step, staged after the first.
    pub fn with_two_steps() -> Self {
        let stand = Self::made_of(REVERSAL, SECOND, &["S-1", "S-2"]);
        stand.build_second();
        stand
    }

    /// Makes one with another reversal of the step.
    pub fn with_reversal(reversal: &str) -> Self {
        Self::made_of(reversal, "", &["S-1"])
    }

    /// Makes one in a database of a test's own, whose runbook has these timeouts.
    pub fn on(database: TestDatabase, timeouts: &[(&str, &str)]) -> Self {
        let mut runbook = RUNBOOK.to_owned();
        for (name, value) in timeouts {
            let line =
                runbook.lines().find(|line| line.starts_with(&format!("{name} = "))).expect("a timeout").to_owned();
            runbook = runbook.replace(&line, &format!("{name} = \"{value}\""));
        }
        Self::made_on(database, &runbook, REVERSAL, &["S-1"])
    }

    fn made_of(reversal: &str, more: &str, steps: &[&str]) -> Self {
        Self::made_on(database(), &format!("{RUNBOOK}{more}"), reversal, steps)
    }

    fn made_on(database: TestDatabase, runbook: &str, reversal: &str, steps: &[&str]) -> Self {
        let keys = Keys::new();
        let folder = keys.path("runbook");
        std::fs::create_dir_all(folder.join("reversal")).unwrap();
        std::fs::write(folder.join("runbook.toml"), runbook.replace("DATABASE", &database.name)).unwrap();
        if steps.len() > 1 {
            std::fs::write(folder.join("reversal/s-2.sql"), "DROP TABLE public.second;\n").unwrap();
        }
        std::fs::write(folder.join("reversal/s-1.sql"), reversal).unwrap();
        let mut roster = "format = 1\n".to_owned();
        for (name, roles) in [
            ("hong", r#""author""#),
            ("lan", r#""reviewer", "operator""#),
            ("minh", r#""reviewer""#),
            ("thu", r#""reviewer""#),
        ] {
            keys.make(name, "-t ed25519", "");
            roster += &format!(
                "[[person]]\nprincipal = \"{name}@example.test\"\nname = \"{name}\"\nkind = \"human\"\nroles = [{roles}]\nkeys = [\"{}\"]\n",
                keys.public(name)
            );
        }
        std::fs::write(folder.join("roster.toml"), roster).unwrap();
        let clock = Arc::new(Hours::default());
        let world = World {
            signer: Arc::new(SshSigner::new(None)),
            folders: Arc::new(DiskFolders),
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            doors: Arc::new(NoDoors),
            dumps: Arc::new(DiskDumps),
            ledgers: Arc::default(),
        };
        let superuser = database.superuser();
        run(superuser.load(BASE)).unwrap();
        run(superuser.ledger_init()).unwrap();
        let (runbook, diagnostics, _) = open_runbook(&world, &folder).unwrap();
        assert_eq!(diagnostics, []);
        let baseline = run(take_baseline(&superuser, &runbook, "before")).unwrap();
        let steps = steps.iter().map(|step| StepId::from(*step)).collect();
        let stand = Self { database, clock, world, folder, keys, baseline, steps };
        let text = std::fs::read_to_string(stand.folder.join("roster.toml")).unwrap();
        stand.propose_roster(&text, "hong").unwrap();
        for name in ["lan", "minh", "thu"] {
            stand.approve_roster(name).unwrap();
        }
        stand.build();
        stand
    }

    /// Builds the step, again when it was reversed.
    pub fn build(&self) {
        self.load(BUILD);
    }

    /// Builds the second step, again when it was reversed.
    pub fn build_second(&self) {
        self.load("CREATE TABLE public.second (id int PRIMARY KEY)");
    }

    /// Sends SQL as the superuser.
    pub fn load(&self, sql: &str) {
        run(self.database.superuser().load(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Asks one value as the superuser.
    pub fn ask(&self, sql: &str) -> String {
        let question = Question::new("q".into(), sql.to_owned());
        let census = run(self.database.superuser().census(&[question])).unwrap();
        match census.readings.into_values().next() {
            Some(Reading::Value(value)) => value.unwrap_or_default(),
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Says whether the step is reversed; a half of it is a panic.
    pub fn is_reversed(&self) -> bool {
        let state = self.ask(
            "SELECT (SELECT count(*) FROM public.vocabulary) || ' ' || (SELECT count(*) FROM public.sacred) || ' ' || \
             coalesce(to_regclass('public.extra')::text, 'gone')",
        );
        match state.as_str() {
            "2 8 gone" => true,
            "5 8 extra" => false,
            half => panic!("neither before nor after: {half}"),
        }
    }

    /// Names somebody with the key.
    pub fn sign_as(&self, name: &str) -> SignAs {
        SignAs {
            principal: Principal(format!("{name}@example.test")),
            key: KeyChoice::File(self.keys.path(name)),
            passphrase: None,
        }
    }

    /// Returns the file of somebody's key.
    pub fn key_file(&self, name: &str) -> PathBuf {
        self.keys.path(name)
    }

    /// Proposes a text as the next version of the roster.
    pub fn propose_roster(&self, text: &str, name: &str) -> Result<RosterStanding, Failure> {
        let (superuser, signer) = (self.database.superuser(), self.sign_as(name));
        run(session::propose_roster(&self.world, &superuser, text, "for the test", ROSTER_OPEN_FOR, &signer))
    }

    /// Approves the only proposed version of the roster.
    pub fn approve_roster(&self, name: &str) -> Result<RosterStanding, Failure> {
        let (superuser, signer) = (self.database.superuser(), self.sign_as(name));
        run(session::approve_roster(&self.world, &superuser, "", None, Approval::Sign(&signer)))
    }

    /// Stages the step.
    pub fn stage(&self) -> Result<StagedRequest, Failure> {
        self.stage_over(&self.database.superuser(), None)
    }

    /// Stages the step over another way to the database, for the members of a role to run.
    pub fn stage_over(&self, database: &Postgres, run_as: Option<&str>) -> Result<StagedRequest, Failure> {
        self.staging(database, run_as, None)
    }

    /// Stages the step over a login that may rehearse at the gate, for the gate to run.
    pub fn stage_via_gate(&self, database: &Postgres) -> Result<StagedRequest, Failure> {
        self.staging(database, None, Some(Via::Gate))
    }

    fn staging(&self, database: &Postgres, run_as: Option<&str>, via: Option<Via>) -> Result<StagedRequest, Failure> {
        let (runbook, diagnostics, _) = open_runbook(&self.world, &self.folder)?;
        let staging = Staging {
            runbook: &runbook,
            diagnostics: &diagnostics,
            baseline: &self.baseline,
            steps: &self.steps,
            bindings: &[],
            run_as,
            via,
        };
        let mut watch = Watch { say: &mut |_| {}, cancel: &Cancel::default() };
        run(session::stage(&self.world, database, &staging, &self.sign_as("hong"), &mut watch))
    }

    /// Approves as somebody.
    pub fn approve(&self, request: &str, name: &str) -> Result<(), Failure> {
        self.approve_with(request, &self.sign_as(name))
    }

    /// Approves with any key in any name.
    pub fn approve_with(&self, request: &str, signer: &SignAs) -> Result<(), Failure> {
        run(session::approve(&self.world, &self.database.superuser(), request, None, Approval::Sign(signer))).map(drop)
    }

    /// Stages, and approves as two people; gives the request's name.
    pub fn approved(&self) -> String {
        let request = self.stage().unwrap_or_else(|failure| panic!("{failure:?}")).request;
        self.approve(&request, "minh").unwrap();
        self.approve(&request, "thu").unwrap();
        request
    }

    /// Runs a request over the superuser's own way.
    pub fn run(&self, request: &str) -> Result<Finished, Failure> {
        self.run_over(&self.database.url, request)
    }

    /// Runs a request over another way to the database.
    pub fn run_over(&self, url: &str, request: &str) -> Result<Finished, Failure> {
        run(self.running(&postgres(url), request, &Cancel::default()))
    }

    /// Runs a request with a wish to cancel beside it.
    pub async fn running(&self, database: &Postgres, request: &str, cancel: &Cancel) -> Result<Finished, Failure> {
        let mut watch = Watch { say: &mut |_| {}, cancel };
        let signer = self.sign_as("lan");
        let ran = session::run(&self.world, database, request, &self.database.name, &signer, &mut watch).await?;
        let innocent = ran.finished.outcome == Outcome::Committed && ran.finished.failure.is_none();
        let unknown = matches!(ran.finished.outcome, Outcome::Unknown { .. });
        assert!(ran.finding.is_none() || !(innocent || unknown), "{ran:?}");
        Ok(ran.finished)
    }

    /// Stages, approves and runs, and expects it to be rolled back with these words.
    pub fn rolls_back(&self, request: &str, words: &str) {
        let finished = self.run(request).unwrap_or_else(|failure| panic!("{failure:?}"));
        let Outcome::RolledBack { reason, committed } = &finished.outcome else { panic!("{:?}", finished.outcome) };
        assert!(reason.contains(words) && committed.is_empty(), "expected `{words}` in: {reason}");
        assert!(!self.is_reversed());
        let (left, waits) = self.findings().pop().expect("the run left no finding");
        assert!(waits && left.headline.contains(words), "{}", left.headline);
    }

    /// Returns the findings in the ledger, each with whether it is to be signed.
    pub fn findings(&self) -> Vec<(Finding, bool)> {
        let (_, state) = run(read_ledger(&self.database.superuser())).unwrap();
        let waiting = to_be_signed(&state.findings);
        let read = |document: &str| read_strict::<Finding>(document).unwrap();
        state.findings.iter().map(|(seq, document, _)| (read(document), waiting.contains(seq))).collect()
    }

    /// Proves what became of a request.
    pub fn prove(&self, request: &str) -> Result<Outcome, Failure> {
        run(session::prove_again(&self.database.superuser(), request))
    }

    /// Reads the ledger; its chain must hold.
    pub fn entries(&self) -> Vec<Entry> {
        run(read_ledger(&self.database.superuser())).unwrap().0
    }

    /// Says what the ledger adds up to for a request.
    pub fn status(&self, request: &str) -> String {
        let (_, state) = run(read_ledger(&self.database.superuser())).unwrap();
        session::find_request(&state, request).unwrap().state.status.words()
    }

    /// Counts the entries of one kind that speak of this request.
    pub fn count(&self, kind: &str, request: &StagedRequest) -> usize {
        let of = request.digest.to_string();
        self.entries().iter().filter(|entry| entry.kind == kind && entry.body.contains(&of)).count()
    }

    /// Counts the entries of one kind.
    pub fn count_kind(&self, kind: &str) -> usize {
        self.entries().iter().filter(|entry| entry.kind == kind).count()
    }

    /// Appends an entry by hand, as a desk's login may.
    pub fn append(&self, body: &Body) -> Entry {
        run(self.database.superuser().ledger_append(body)).unwrap()
    }
}

impl Stand {
    /// Runs a verb over a login.
    pub fn over(&self, login: &str, words: &[&str]) -> Answer {
        let url = self.database.url.replace("user=postgres", &format!("user={login}"));
        let mut all = words.to_vec();
        all.extend(["--db", &url]);
        countersign(&all)
    }

    /// Runs a verb over a login, signed by somebody.
    pub fn signed(&self, login: &str, name: &str, words: &[&str]) -> Answer {
        let (principal, key) = (format!("{name}@example.test"), self.sign_as(name).key.to_string());
        let mut all = words.to_vec();
        all.extend(["--as", &principal, "--key", &key]);
        self.over(login, &all)
    }
}

/// Expects a failure with these words.
pub fn refused<T>(result: Result<T, Failure>, words: &str) -> Failure {
    match result {
        Ok(_) => panic!("it was not refused; expected `{words}`"),
        Err(failure) => {
            assert!(failure.message.contains(words), "expected `{words}` in: {failure:?}");
            failure
        }
    }
}
