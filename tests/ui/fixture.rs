//! The runbook of phase 1 and what a session might say about it, made by hand from the core's own types.

#[path = "fixture/request.rs"]
mod request;
#[path = "fixture/roster.rs"]
mod roster;
#[path = "fixture/stop.rs"]
mod stop;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use countersign::approval::{Key, Kind, Person, Role, Roster};
use countersign::census::{Baseline, Census, Comparison, Reading, Row, Target, Verdict};
use countersign::diagnose::{
    ConditionFact, ConditionState, Dependant, Diagnosis, Facts, Mode, OpenTransaction, StepDiagnosis, StepFacts, Turn,
};
use countersign::digest::Digest;
use countersign::port::ConnectionNote;
use countersign::review::{Catalog, Note, Place, Review, Severity};
use countersign::runbook::{
    Check, CheckId, Expectation, NoticeExpected, Object, ObjectClass, ObjectKind, ObjectName, Parameter, ParameterKind,
    Policy, Query, RestartBy, RestartGate, RowsExpected, Runbook, Script, StatementRule, Step, TargetRule, Timeouts,
};
use countersign::session::{Environment, Event, Survey};
use jiff::Timestamp;

pub use request::*;
pub use roster::{roster_read, under_the_next_roster};
pub use stop::{Held, built, held, restart_seen};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn object(name: &str) -> ObjectName {
    ObjectName::new("public", name)
}

fn step(position: u32, id: &str, title: &str, reversal: &str) -> Step {
    let path = format!("reversal/{}.sql", id.to_lowercase());
    let build =
        Script { path: path.replace("reversal", "build"), text: reversal.replace("DROP TABLE", "CREATE TABLE") };
    Step {
        id: id.into(),
        position,
        title: title.to_owned(),
        section: "97.3".to_owned(),
        build: Some(build),
        reversal: Script { path, text: reversal.to_owned() },
        depends_on: Vec::new(),
        traces: Vec::new(),
        statements: BTreeMap::new(),
    }
}

pub const SB1: &str = "-- action types are FK-referenced by approval_requests: NEVER DELETE\nUPDATE apr_action_types\n   SET status = 'retired', retired_at = now()\n WHERE action_code IN ('assign_governance_owner', 'grant_governance_exception',\n                       'delegate_authority', 'assign_axis_owner')\n   AND status = 'active';\n";
const SB12: &str = "-- the fingerprint row goes before the table it fingerprints\nDELETE FROM evolution_snapshots\n WHERE origin = :'origin_key';\n\nDROP TABLE governance_ruleset;\n";

pub fn roster() -> Roster {
    let person = |principal: &str, name: &str, roles: &[Role]| Person {
        principal: principal.into(),
        name: name.to_owned(),
        kind: Kind::Human,
        roles: roles.to_vec(),
        keys: vec![Key::new(format!("ssh-ed25519 AAAA {principal}"))],
    };
    let people = vec![
        person("lan@example.test", "Nguyễn Thị Lan", &[Role::Author, Role::Reviewer, Role::Operator]),
        person("minh@example.test", "Trần Quốc Minh", &[Role::Reviewer]),
        person("huong@example.test", "Đặng Thị Thu Hương", &[Role::Reviewer, Role::Sovereign]),
    ];
    Roster { people, digest: Digest::of(b"roster"), text: String::new() }
}

pub fn runbook() -> Runbook {
    let mut steps = vec![
        step(1, "SB-12", "Governance ruleset and its fingerprint row", SB12),
        step(
            2,
            "SB-13",
            "Worker cursor and heartbeats",
            "DELETE FROM queue_heartbeat WHERE executor_name LIKE 'gov\\_%';\nDROP TABLE gov_worker_cursor;\n",
        ),
        step(
            3,
            "SB-10",
            "Candidate scan and its state",
            "DROP TABLE candidate_scan_run;\nDROP TABLE governance_candidate_state;\n",
        ),
        step(
            4,
            "SB-11",
            "Governance event types",
            "DELETE FROM event_type_registry WHERE event_domain = 'governance';\n",
        ),
        step(
            5,
            "SB-2",
            "Ownership, scope and their two views",
            "DROP VIEW v_object_owner_gap;\nDROP VIEW v_object_effective_owner;\nDROP TABLE governance_object_ownership;\nDROP TABLE governance_responsibility_scope;\n",
        ),
        step(6, "SB-1", "Action types: retired, never deleted", SB1),
    ];
    steps[2].depends_on = vec!["SB-12".into()];
    let rule = StatementRule {
        rows: Some(RowsExpected::Exactly(4)),
        notices: vec![NoticeExpected {
            severity: "WARNING".to_owned(),
            contains: "[TRIGGER-GUARD]".to_owned(),
            times: 1,
        }],
        waivers: Vec::new(),
    };
    steps[5].statements.insert(1, rule.clone());
    steps[0]
        .statements
        .insert(1, StatementRule { rows: Some(RowsExpected::Exactly(1)), notices: Vec::new(), waivers: Vec::new() });
    let greenfield = |name: &str, step: &str| Object {
        name: object(name),
        kind: ObjectKind::Table,
        class: ObjectClass::Greenfield,
        steps: vec![step.into()],
        later_phase: false,
        optional: false,
    };
    let shared = |name: &str, step: &str, key: &str| Object {
        class: ObjectClass::Shared { key: key.to_owned() },
        ..greenfield(name, step)
    };
    let objects = vec![
        greenfield("governance_ruleset", "SB-12"),
        shared("evolution_snapshots", "SB-12", "origin = :'origin_key'"),
        greenfield("gov_worker_cursor", "SB-13"),
        shared("queue_heartbeat", "SB-13", "executor_name LIKE 'gov\\_%'"),
        greenfield("candidate_scan_run", "SB-10"),
        greenfield("governance_candidate_state", "SB-10"),
        shared("event_type_registry", "SB-11", "event_domain = 'governance'"),
        greenfield("v_object_owner_gap", "SB-2"),
        greenfield("v_object_effective_owner", "SB-2"),
        greenfield("governance_object_ownership", "SB-2"),
        greenfield("governance_responsibility_scope", "SB-2"),
        Object { class: ObjectClass::RetireOnly { key: String::new() }, ..greenfield("apr_action_types", "SB-1") },
    ];
    let rows = rows();
    let checks = rows.iter().map(|row| Check {
        accepted: None,
        limit_millis: None,
        id: row.id.clone(),
        title: row.title.clone(),
        object: row.object.clone(),
        query: Query::Sql(row.sql.clone()),
        expect: Expectation::Unchanged,
        steps: Vec::new(),
        per_step: BTreeMap::new(),
    });
    let origin = Parameter {
        name: "origin_key".to_owned(),
        kind: ParameterKind::Text,
        description: "The origin of the ruleset's fingerprint row.".to_owned(),
        allowed: Vec::new(),
    };
    Runbook {
        id: "phase1-governance".to_owned(),
        title: "Phase 1: rollback and disaster recovery".to_owned(),
        version: "2026-06-01".to_owned(),
        source: "97".to_owned(),
        edited_by: None,
        target: TargetRule { database: "directus".to_owned(), schema: "public".to_owned() },
        timeouts: Timeouts { lock_millis: 3_000, statement_millis: 30_000, idle_in_transaction_millis: 30_000 },
        policy: policy(),
        objects,
        parameters: vec![origin],
        checks: checks.collect(),
        steps,
        stops: Vec::new(),
        restart: vec![RestartGate {
            id: "reconciled".to_owned(),
            title: "the divergence is documented and reconciled".to_owned(),
            by: RestartBy::Reconciliation,
        }],
        roster: Some(roster()),
        digest: Digest::of(b"runbook"),
    }
}

pub fn policy() -> Policy {
    Policy { approvals: 2, rehearsal_max_age_seconds: 43_200, approval_valid_seconds: 28_800 }
}

pub fn value(text: &str) -> Reading {
    Reading::Value(Some(text.to_owned()))
}

pub fn row(id: &str, title: &str, table: &str, readings: (&str, &str, &str), verdict: Verdict) -> Row {
    let (baseline, expected, actual) = readings;
    Row {
        id: id.into(),
        title: title.to_owned(),
        object: Some(object(table)),
        sql: format!("SELECT count(*) FROM public.{table}"),
        key: Vec::new(),
        baseline: Some(value(baseline)),
        expected: expected.to_owned(),
        actual: value(actual),
        verdict,
        remark: None,
    }
}

const FIXED: &str = "CREATE TRIGGER trg_birth_apr_action_types\n  AFTER INSERT ON public.apr_action_types\n  FOR EACH ROW EXECUTE FUNCTION fn_birth_registry_auto('action_code')";
const BROKEN: &str = "CREATE TRIGGER trg_birth_apr_action_types\n  AFTER INSERT ON public.apr_action_types\n  FOR EACH ROW EXECUTE FUNCTION fn_birth_registry_auto()";

pub fn rows() -> Vec<Row> {
    let mut trigger =
        row("birth-trigger", "Birth trigger keeps the F-83-1 fix", "apr_action_types", ("", "", ""), Verdict::Drifted);
    trigger.baseline = Some(value(FIXED));
    FIXED.clone_into(&mut trigger.expected);
    trigger.actual = value(BROKEN);
    let mut absent = row(
        "ruleset-absent",
        "governance_ruleset is absent",
        "governance_ruleset",
        ("", "absent", ""),
        Verdict::Drifted,
    );
    absent.baseline = Some(Reading::Value(None));
    absent.actual = value("governance_ruleset");
    let mut blind =
        row("idle-sessions", "Sessions idle in transaction", "pg_stat_activity", ("0", "0", ""), Verdict::Blind);
    blind.actual = Reading::Blind("the role ops lacks pg_read_all_stats".to_owned());
    blind.remark = Some("the role ops lacks pg_read_all_stats".to_owned());
    vec![
        row("apr-action-types", "Action types", "apr_action_types", ("6", "10 (retired)", "10"), Verdict::Same),
        row("apr-active", "Active action types", "apr_action_types", ("6", "6", "10"), Verdict::Drifted),
        absent,
        row("event-types", "Governance event types", "event_type_registry", ("0", "0", "0"), Verdict::Same),
        row("outbox", "Governance events emitted", "event_outbox", ("0", "0", "0"), Verdict::Same),
        row("relations", "Governance relations", "governance_relations", ("8", "8 (unchanged)", "8"), Verdict::Same),
        row("births", "Birth registry", "birth_registry", ("48211", "at least 48211", "48223"), Verdict::Grown),
        row(
            "approvals-table",
            "Proposal approvals",
            "os_proposal_approvals",
            ("17", "17 (unchanged)", "17"),
            Verdict::Same,
        ),
        trigger,
        row("scan-view", "Candidate view", "v_candidate", ("1", "present", "absent"), Verdict::Missing),
        blind,
    ]
}

pub fn target() -> Target {
    Target {
        system_identifier: "7361112233445566778".to_owned(),
        database_oid: 16_384,
        database: "directus".to_owned(),
        server_version: 150_018,
        in_recovery: false,
        role: "ops".to_owned(),
        timeline: 1,
    }
}

pub fn census() -> Census {
    let readings = rows().into_iter().map(|row| (row.id, row.actual)).collect();
    Census { taken_at: at("2026-06-01T14:19:58Z"), target: target(), readings }
}

pub fn baseline(label: &str) -> Baseline {
    Baseline {
        format: "countersign/baseline/1".to_owned(),
        label: label.to_owned(),
        runbook: "phase1-governance".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        asked: std::collections::BTreeMap::new(),
        census: Census { taken_at: at("2026-05-31T09:00:00Z"), ..census() },
    }
}

fn turn(question: &str, answer: &str, fact: &str) -> Turn {
    Turn { question: question.to_owned(), answer: answer.to_owned(), fact: fact.to_owned() }
}

pub fn diagnosis(mode: Mode) -> Diagnosis {
    let modes = [
        ("SB-12", Mode::Ordered),
        ("SB-13", Mode::Isolated),
        ("SB-10", Mode::Isolated),
        ("SB-11", Mode::Isolated),
        ("SB-2", Mode::NotApplied),
        ("SB-1", mode),
    ];
    let dependant = Dependant {
        name: object("governance_candidate_state"),
        on: object("governance_ruleset"),
        by: "foreign key".to_owned(),
        step: Some("SB-10".into()),
    };
    let path = |mode: Mode| {
        let mut path = vec![
            turn("Can everything be read?", "yes", "11 of 11 questions were answered"),
            turn(
                "Has a stop condition tripped?",
                if mode == Mode::Stop { "yes" } else { "no" },
                "event_outbox holds 0 governance rows",
            ),
        ];
        if mode != Mode::Stop {
            path.push(turn("Is it open in another session?", "no", "no open transaction writes to its objects"));
            path.push(turn(
                "Has it been applied?",
                if mode == Mode::NotApplied { "no" } else { "yes" },
                "public.governance_ruleset is there",
            ));
        }
        if mode == Mode::Ordered || mode == Mode::Isolated {
            let answer = if mode == Mode::Ordered { "yes" } else { "no" };
            path.push(turn(
                "Does something depend on it?",
                answer,
                "governance_candidate_state refers to governance_ruleset",
            ));
        }
        path
    };
    let steps = modes.map(|(step, mode)| StepDiagnosis {
        step: step.into(),
        mode,
        evidence: vec!["evidence".to_owned()],
        first: if mode == Mode::Ordered { vec![dependant.clone()] } else { Vec::new() },
        path: path(mode),
    });
    let facts_of = |(step, mode): (&str, Mode)| {
        let objects = runbook().objects.into_iter().filter(|known| known.steps.contains(&step.into()));
        StepFacts {
            step: step.into(),
            objects: objects.map(|known| (known.name, mode != Mode::NotApplied)).collect(),
            traces: Vec::new(),
            dependants: if step == "SB-12" { vec![dependant.clone()] } else { Vec::new() },
            writes: Vec::new(),
        }
    };
    let condition = ConditionFact {
        id: "event-emitted".to_owned(),
        title: "A governance event was emitted".to_owned(),
        expected: "0".to_owned(),
        actual: value(if mode == Mode::Stop { "3" } else { "0" }),
        state: if mode == Mode::Stop { ConditionState::Tripped } else { ConditionState::Clear },
    };
    let facts = Facts {
        read_at: at("2026-06-01T14:19:58Z"),
        steps: modes.into_iter().map(facts_of).collect(),
        open: Vec::new(),
        conditions: vec![condition],
        throughout: Vec::new(),
        unreadable: Vec::new(),
    };
    let stop = if mode == Mode::Stop {
        vec!["event_outbox holds 3 governance rows; expected 0".to_owned()]
    } else {
        Vec::new()
    };
    Diagnosis {
        mode: if mode == Mode::Stop { Mode::Stop } else { Mode::Ordered },
        evidence: vec!["governance_candidate_state refers to governance_ruleset".to_owned()],
        stop,
        steps: steps.to_vec(),
        facts,
    }
}

pub fn open_transaction() -> OpenTransaction {
    OpenTransaction {
        pid: 4242,
        user: "deploy".to_owned(),
        application: "psql".to_owned(),
        state: "idle in transaction".to_owned(),
        backend_start: None,
        xact_start: None,
        age_seconds: 754,
        last_statement: "ALTER TABLE governance_ruleset ADD COLUMN x int".to_owned(),
        locks: vec![(Some(object("governance_ruleset")), "AccessExclusiveLock".to_owned())],
    }
}

pub fn review() -> Review {
    let note = |rule: &str, severity, line, message: &str, way_out: &str| Note {
        rule: rule.to_owned(),
        severity,
        step: Some("SB-12".into()),
        place: Place { file: "reversal/sb-12.sql".to_owned(), line, column: 1, statement: 1 },
        message: message.to_owned(),
        way_out: way_out.to_owned(),
        waived: None,
    };
    Review {
        notes: vec![
            note(
                "fires-trigger",
                Severity::Hazard,
                2,
                "A trigger on evolution_snapshots fires and may write elsewhere.",
                "Read the trigger; its rows are counted in the rehearsal.",
            ),
            note(
                "locks-partner",
                Severity::Note,
                5,
                "DROP TABLE also locks the foreign-key partner.",
                "Keep lock_timeout short.",
            ),
        ],
        passed: vec!["cascade".to_owned(), "blanket-delete".to_owned()],
        with_catalog: true,
        counts: Vec::new(),
    }
}

pub fn survey(mode: Mode) -> Event {
    survey_of(mode, rows())
}

pub fn survey_of(mode: Mode, rows: Vec<Row>) -> Event {
    Event::Surveyed(Arc::new(Survey {
        catalog: Catalog::default(),
        review: review(),
        census: census(),
        comparison: Comparison { rows },
        diagnosis: diagnosis(mode),
    }))
}

pub fn opened() -> Event {
    opened_with(runbook())
}

pub fn opened_with(runbook: Runbook) -> Event {
    Event::RunbookOpened {
        path: PathBuf::from("/runbooks/phase1-governance"),
        runbook: Arc::new(runbook),
        diagnostics: Arc::new(Vec::new()),
        review: Arc::new(review()),
    }
}

pub fn connected(environment: Environment) -> Event {
    let note = ConnectionNote {
        database: "directus".to_owned(),
        server: "db-1:5432".to_owned(),
        role: "ops".to_owned(),
        security: "TLS".to_owned(),
        version: "PG 15.18".to_owned(),
    };
    Event::Connected { note, environment }
}

pub fn many_rows(count: usize) -> Vec<Row> {
    (0..count)
        .map(|number| {
            let verdict = if number % 100 == 7 { Verdict::Drifted } else { Verdict::Same };
            let id = format!("check-{number:05}");
            row(
                &id,
                &format!("Rows of table {number:05}"),
                &format!("t{:03}", number % 100),
                ("12", "12", "12"),
                verdict,
            )
        })
        .collect()
}

pub fn id(text: &str) -> CheckId {
    text.into()
}
