//! The ledger's gate on a real server: what a stolen login may try with any program, and what goes through.

mod documents;
mod ledger;
mod lifted;
mod rehearsal;
mod stolen;

use countersign::digest::Digest;
use countersign::port::{Database as _, DatabaseError};
use countersign::runbook::Principal;
use serde_json::{Value, json};

use super::census::{answers, questions};
use crate::support::{TestDatabase, database, run};

/// What the gate is asked to run: a name that a temporary table could shadow, and an operator that another could.
const STATEMENTS: [(&str, &str); 2] =
    [("DELETE FROM vocabulary WHERE domain = 'governance'", "DELETE"), ("DROP TABLE public.extra", "DROP TABLE")];

/// A database with a gate, and a login for everybody: `PREFIX_op` (lan), `PREFIX_author` (hong), `PREFIX_minh`, `PREFIX_thu`.
struct Gate {
    database: TestDatabase,
    prefix: String,
    plan: Value,
    request: Value,
    rehearsal: Value,
}

impl Gate {
    /// Makes one whose tables belong to the executor; nothing is staged.
    fn new(prefix: &str) -> Self {
        Self::on(database(), prefix)
    }

    /// Makes one in this database.
    fn on(database: TestDatabase, prefix: &str) -> Self {
        let superuser = database.superuser();
        run(superuser.ledger_init()).expect("made");
        run(superuser.ledger_grants()).expect("granted");
        run(superuser.ledger_gate()).expect("a gate");
        run(superuser.ledger_gate()).expect("made once more");
        let script = "REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
            CREATE ROLE P_op LOGIN IN ROLE countersign_operator; \
            CREATE ROLE P_author LOGIN IN ROLE countersign_operator, countersign_rehearser; \
            CREATE ROLE P_minh LOGIN IN ROLE countersign_reviewer; CREATE ROLE P_thu LOGIN IN ROLE countersign_reviewer; \
            CREATE TABLE public.vocabulary (code text PRIMARY KEY, domain text); CREATE TABLE public.extra (id int); \
            INSERT INTO public.vocabulary VALUES ('a', 'other'), ('b', 'other'), ('x', 'governance'), ('y', 'governance'), ('z', 'governance'); \
            ALTER TABLE public.vocabulary OWNER TO countersign_executor; ALTER TABLE public.extra OWNER TO countersign_executor; \
            GRANT SELECT ON public.vocabulary, public.extra TO P_op, P_author";
        run(superuser.load(&script.replace("P_", &format!("{prefix}_")))).expect("tables and logins");
        for (who, login) in [("lan", "op"), ("hong", "author"), ("minh", "minh"), ("thu", "thu")] {
            run(superuser.ledger_map(&Principal::from(who), &format!("{prefix}_{login}"))).expect("mapped");
        }
        let target = run(superuser.target()).expect("a target");
        let (plan, request) = (documents::plan(&target), json!({}));
        let rehearsal = json!({});
        let mut gate = Self { database, prefix: prefix.to_owned(), plan, request, rehearsal };
        gate.bind();
        gate
    }

    /// Binds rehearsal and request to the plan as it is now.
    fn bind(&mut self) {
        let plan_digest = Digest::of(text(&self.plan).as_bytes()).to_string();
        self.rehearsal = json!({"plan_digest": plan_digest, "taken_at": documents::from_now(-1)});
        self.request = documents::request(&plan_digest, &Digest::of(text(&self.rehearsal).as_bytes()).to_string());
    }

    fn digest(&self) -> String {
        Digest::of(text(&self.request).as_bytes()).to_string()
    }

    /// Sends SQL as somebody; gives nothing, or the refusal. `DIGEST` stands for the request's digest.
    fn send(&self, who: &str, sql: &str) -> Option<String> {
        let login = if who == "postgres" { who.to_owned() } else { format!("{}_{who}", self.prefix) };
        match run(self.database.role(&login).load(&sql.replace("DIGEST", &self.digest()))) {
            Ok(()) => None,
            Err(DatabaseError::Refused { code, message }) => Some(format!("{code} {message}")),
            Err(other) => panic!("{who}: {sql}: {other}"),
        }
    }

    #[track_caller]
    fn goes(&self, who: &str, sql: &str) {
        assert_eq!(self.send(who, sql), None, "{who}: {sql}");
    }

    /// Expects a refusal with these words, and everything as it was.
    #[track_caller]
    fn refuses(&self, who: &str, sql: &str, words: &str) {
        let said = self.send(who, sql).unwrap_or_else(|| panic!("it was not refused: {who}: {sql}"));
        assert!(said.contains(words), "{who}: {sql}\n  said     {said}\n  expected {words}");
        assert_eq!(self.state(), "5 extra", "{who}: {sql}");
    }

    /// Expects the gate to be closed for these reasons: beforehand, and when it is called.
    #[track_caller]
    fn closed(&self, words: &str) {
        self.refuses("op", &whole(""), words);
    }

    /// How many words there are, and whether the table is there.
    fn state(&self) -> String {
        let sql = "SELECT (SELECT count(*) FROM public.vocabulary) || ' ' || coalesce(to_regclass('public.extra')::text, 'gone')";
        answers(&run(self.database.superuser().census(&questions(&[sql]))).expect("a census")).remove(0)
    }

    /// Appends an entry as somebody.
    #[track_caller]
    fn append(&self, who: &str, kind: &str, body: Value) {
        self.goes(who, &entry(kind, body));
    }

    fn stage(&self) {
        let (request, plan, rehearsal) = (text(&self.request), text(&self.plan), text(&self.rehearsal));
        self.append(
            "author",
            "staged",
            json!({"request": request, "plan": plan, "rehearsal": rehearsal, "signature": by("hong")}),
        );
    }

    fn approve(&self, who: &str) {
        self.append(who, "approved", json!({"request_digest": "DIGEST", "signature": by(who)}));
    }

    fn intend(&self) {
        self.append(
            "op",
            "intent",
            json!({"request_digest": "DIGEST", "run": "r1", "operator": "lan", "signature": by("lan")}),
        );
    }

    /// Staged and approved by two people, with the operator's intent.
    fn approved(prefix: &str) -> Self {
        let gate = Self::new(prefix);
        gate.countersigned();
        gate
    }

    fn countersigned(&self) {
        self.stage();
        self.approve("minh");
        self.approve("thu");
        self.intend();
    }
}

/// The document's canonical text: the keys here are sorted and the numbers whole.
fn text(document: &Value) -> String {
    countersign::plan::canonical(document).expect("a document")
}

fn by(who: &str) -> Value {
    json!({"principal": who, "signature": ""})
}

/// An insert into the ledger by hand.
fn entry(kind: &str, mut body: Value) -> String {
    body["kind"] = kind.into();
    format!("INSERT INTO countersign.entry (kind, body) VALUES ('{kind}', '{}')", body.to_string().replace('\'', "''"))
}

/// What a run records of itself.
fn record(run: &str, stage: u32) -> String {
    entry("committed", json!({"request_digest": "DIGEST", "run": run, "stage": stage, "stages": 1}))
}

/// The whole of a run by hand, with something first.
fn whole(first: &str) -> String {
    let record = record("r1", 0);
    format!(
        "{first} BEGIN; SELECT countersign.gate_open('DIGEST', 'r1', 0); SELECT countersign.gate_statement(0, 0); \
         SELECT countersign.gate_statement(0, 1); SELECT countersign.gate_constraints(); {record}; COMMIT"
    )
}
