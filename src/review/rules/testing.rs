//! One small runbook, and the one helper through which every rule is tried.

use std::collections::BTreeMap;

use super::{Note, Severity, review};
use crate::digest::Digest;
use crate::review::{Catalog, CatalogObject, Edge};
use crate::runbook::{
    Check, Expectation, Object, ObjectClass, ObjectKind, ObjectName, Policy, Query, RowsExpected, Runbook, Script,
    StatementRule, Step, StepId, StopCondition, StopSign, TargetRule, Timeouts,
};

/// The trigger definition that the runbook has captured.
pub(super) const CAPTURED: &str =
    "CREATE TRIGGER trg BEFORE INSERT ON public.codes FOR EACH ROW EXECUTE FUNCTION f('code')";

/// Makes a runbook whose step S1 has this reversal; rows of its statements are declared as any.
pub(super) fn runbook(sql: &str) -> Runbook {
    let shared = |key: &str| ObjectClass::Shared { key: key.to_owned() };
    let object = |name: &str, kind, class| Object {
        name: ObjectName::new("public", name),
        kind,
        class,
        steps: Vec::new(),
        later_phase: false,
        optional: false,
    };
    let mut later = object("later", ObjectKind::Table, shared("domain LIKE 'governance.%'"));
    later.later_phase = true;
    let objects = vec![
        object("events", ObjectKind::Table, shared("event_domain = 'governance'")),
        object("beats", ObjectKind::Table, shared("executor LIKE 'gov\\_%' AND kind IN ('a', 'b')")),
        object("shots", ObjectKind::Table, shared("origin = :'key'")),
        object("codes", ObjectKind::Table, ObjectClass::RetireOnly { key: String::new() }),
        object("codes.trg", ObjectKind::Trigger, ObjectClass::RetireOnly { key: String::new() }),
        object("fresh", ObjectKind::Table, ObjectClass::Greenfield),
        object("fresh_child", ObjectKind::Table, ObjectClass::Greenfield),
        object("v_fresh", ObjectKind::View, ObjectClass::Greenfield),
        object("fixed", ObjectKind::Table, ObjectClass::Protected),
        object("outbox", ObjectKind::Table, ObjectClass::Growing),
        object("f", ObjectKind::Function, ObjectClass::Protected),
        later,
    ];
    let any = || StatementRule {
        rows: Some(RowsExpected::Any { reason: "a test".to_owned() }),
        notices: Vec::new(),
        waivers: Vec::new(),
    };
    let count = |table: &str| Query::Sql(format!("SELECT count(*) FROM public.{table}"));
    let check = |id: &str, query, expect| Check {
        accepted: None,
        limit_millis: None,
        id: id.into(),
        title: id.to_owned(),
        object: None,
        query,
        expect,
        steps: vec!["S1".into()],
        per_step: BTreeMap::new(),
    };
    let trigger = Query::Definition(ObjectName::new("public", "codes.trg"), ObjectKind::Trigger);
    Runbook {
        id: "test".to_owned(),
        title: "A test".to_owned(),
        version: "1".to_owned(),
        source: String::new(),
        edited_by: None,
        target: TargetRule { database: "db".to_owned(), schema: "public".to_owned() },
        timeouts: Timeouts { lock_millis: 1, statement_millis: 1, idle_in_transaction_millis: 1 },
        policy: Policy { approvals: 2, rehearsal_max_age_seconds: 1, approval_valid_seconds: 1 },
        objects,
        parameters: Vec::new(),
        checks: vec![
            check("fresh", count("fresh"), Expectation::Absent),
            check("trigger", trigger, Expectation::Text(format!("{CAPTURED}\n"))),
        ],
        steps: vec![Step {
            id: "S1".into(),
            position: 1,
            title: "The step".to_owned(),
            section: "97.3".to_owned(),
            build: None,
            reversal: Script { path: "s1.sql".to_owned(), text: sql.to_owned() },
            depends_on: Vec::new(),
            traces: Vec::new(),
            statements: (1..=9).map(|ordinal| (ordinal, any())).collect(),
        }],
        stops: vec![StopCondition {
            accepted: None,
            id: "emitted".to_owned(),
            title: "An event was emitted".to_owned(),
            sign: StopSign::Query { query: count("outbox"), expect: Expectation::Equals("0".to_owned()) },
            steps: Vec::new(),
            evidence: None,
        }],
        restart: Vec::new(),
        roster: None,
        digest: Digest::of(b""),
    }
}

/// Makes a catalog of tables (and views, named `v_…`) in `public`, and edges `dependent -> referenced by foreign key`.
pub(super) fn catalog(tables: &[&str], edges: &[(&str, &str)]) -> Catalog {
    let table = |name: &str| CatalogObject {
        kind: if name.starts_with("v_") { ObjectKind::View } else { ObjectKind::Table },
        columns: Vec::new(),
        primary_key: Vec::new(),
    };
    let name = |name: &&str| ObjectName::new("public", name);
    Catalog {
        objects: tables.iter().map(|table_name| (name(table_name), table(table_name))).collect(),
        edges: edges
            .iter()
            .map(|(a, b)| Edge { dependent: name(a), referenced: name(b), by: "foreign key".to_owned() })
            .collect(),
        ..Catalog::default()
    }
}

/// Tries a script: some note must read `rule line:column severity: … text …`.
#[track_caller]
pub(super) fn check(sql: &str, expect: &str) {
    check_with(&runbook(sql), None, expect);
}

/// Tries a runbook and a catalog.
#[track_caller]
pub(super) fn check_with(runbook: &Runbook, catalog: Option<&Catalog>, expect: &str) {
    let review = review(runbook, catalog);
    let (head, text) = expect.split_once(": ").expect("a case is `rule line:column severity: text`");
    let notes: Vec<String> = review.notes.iter().map(tell).collect();
    let is_found = notes.iter().any(|note| note.starts_with(&format!("{head}: ")) && note.contains(text));
    assert!(is_found, "expected `{expect}` for\n{}\nfound\n{}", runbook.steps[0].reversal.text, notes.join("\n"));
}

/// Tries an innocent script: no rule may raise a hazard or a block.
#[track_caller]
pub(super) fn check_clean(sql: &str) {
    check_clean_with(&runbook(sql), None);
}

/// Tries an innocent runbook with a catalog.
#[track_caller]
pub(super) fn check_clean_with(runbook: &Runbook, catalog: Option<&Catalog>) {
    let review = review(runbook, catalog);
    let loud: Vec<String> = review.notes.iter().filter(|note| note.severity != Severity::Note).map(tell).collect();
    assert!(loud.is_empty(), "expected nothing for\n{}\nfound\n{}", runbook.steps[0].reversal.text, loud.join("\n"));
}

/// Tries that one rule says nothing at all.
#[track_caller]
pub(super) fn check_silent(sql: &str, rule: &str) {
    let review = review(&runbook(sql), None);
    assert!(review.passed.iter().any(|passed| passed == rule), "{rule} spoke: {:?}", review.notes);
}

fn tell(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Note => "note",
        Severity::Hazard => "hazard",
        Severity::Block => "block",
    };
    format!("{} {}:{} {severity}: {} → {}", note.rule, note.place.line, note.place.column, note.message, note.way_out)
}

#[test]
fn every_rule_has_a_page_and_a_name_of_its_own() {
    for (index, rule) in super::RULES.iter().enumerate() {
        assert!(rule.help.contains("What to do:"), "{} says nothing to do", rule.name);
        assert!(rule.summary.ends_with('.'), "{}", rule.name);
        assert!(super::RULES[..index].iter().all(|earlier| earlier.name != rule.name), "{} twice", rule.name);
        assert_eq!(super::explain(rule.name).unwrap().name, rule.name);
    }
    assert!(super::explain("no-such-rule").is_none());
    let format = include_str!("../../../assets/runbooks/FORMAT.md");
    for rule in super::RULES {
        let row = format!("| `{}` | {} |", rule.name, rule.summary);
        assert!(format.contains(&row), "FORMAT.md lacks the row\n{row}");
    }
}

#[test]
fn waivers_turn_hazards_into_notes_and_nothing_else() {
    use crate::runbook::Waiver;
    let mut waived = runbook("DROP TABLE IF EXISTS public.fresh_child;\nDROP TABLE public.events;");
    let waive = |rule: &str| Waiver { rule: rule.to_owned(), reason: "it may be gone".to_owned() };
    waived.steps[0].statements.get_mut(&1).unwrap().waivers =
        vec![waive("if-exists"), waive("no-such-rule"), waive("cascade")];
    waived.steps[0].statements.get_mut(&2).unwrap().waivers = vec![waive("drop-not-greenfield")];
    check_with(&waived, None, "if-exists 1:22 note: Waived by the author: it may be gone");
    check_with(&waived, None, "drop-not-greenfield 2:12 block: public.events");
    check_with(&waived, None, "unused-waiver 0:0 note: there is no such rule");
    check_with(&waived, None, "unused-waiver 0:0 note: the rule raises no hazard there");
    check_with(&waived, None, "unused-waiver 0:0 note: a block cannot be waived");
    // The catalog answers the hazard: the waiver is not needed, and not stale.
    let seen = review(&waived, Some(&catalog(&["fresh_child", "events"], &[])));
    assert!(!seen.notes.iter().any(|note| note.message.contains("The waiver of `if-exists`")), "{:?}", seen.notes);
    let step = [StepId::from("S1")];
    assert_eq!(review(&waived, None).blocks(&step).count(), 1);
}

#[test]
fn a_comment_before_a_statement_waives_as_the_runbook_does() {
    let drop = "DROP TABLE IF EXISTS public.fresh_child;";
    check(drop, "if-exists 1:22 hazard: ");
    let allow = |words: &str| format!("-- countersign: allow {words}\n{drop}");
    check(&allow("if-exists because it may be gone"), "if-exists 2:22 note: Waived by the author: it may be gone");
    check_silent(&allow("if-exists because it may be gone"), "unused-waiver");
    let seen = review(&runbook(&allow("if-exists because it may be gone")), None);
    let waived: Vec<_> = seen.notes.iter().filter_map(|note| note.waived.as_deref()).collect();
    assert_eq!(waived, ["it may be gone"]);
    // What is not written whole, names nothing, or stands elsewhere: the hazard stays, and the comment is told.
    for (words, why) in [
        ("if-exists", "it gives no reason"),
        ("if-exists because", "it gives no reason"),
        ("no-such-rule because x", "there is no such rule"),
        ("cascade because x", "the rule raises no hazard there"),
        ("if-exists because x\n", "no statement stands directly behind it"),
    ] {
        check(&allow(words), &format!("unused-waiver 1:1 note: {why}"));
        assert!(review(&runbook(&allow(words)), None).notes.iter().any(|note| note.severity == Severity::Hazard));
    }
    // The twin behind it is not waived.
    let two = allow("if-exists because it may be gone") + "\n" + &drop.replace("_child", "");
    check(&two, "if-exists 3:22 hazard: ");
    // A block is not waived, whoever asks; text that lies is not waived by the comment that holds it.
    let block = "-- countersign: allow drop-not-greenfield because I say so\nDROP TABLE public.events;";
    check(block, "drop-not-greenfield 2:12 block: public.events");
    check(block, "unused-waiver 1:1 note: a block cannot be waived");
    check(&allow("invisible-text because \u{202e}x"), "invisible-text 1:46 block: ");
}

#[test]
fn no_script_makes_a_rule_panic() {
    let nasty = [
        "",
        "'",
        "\"",
        "$$",
        "E'",
        "U&'",
        "/*",
        "/* /* */",
        "--",
        "\\i x",
        ":'",
        ":'a",
        "<",
        "<a>",
        "{{a}}",
        "\u{feff}",
        "\u{202e}",
        "\0",
        "\r",
        "DROP TABLE a.b.c.d",
        "DROP TRIGGER t ON a.b.c",
        "DELETE FROM a.b.c",
        "DELETE FROM public.events WHERE CURRENT OF c",
        "UPDATE public.events SET (a, b) = (SELECT 1, 2) WHERE x",
        "INSERT INTO public.events DEFAULT VALUES",
        "MERGE INTO public.events USING x ON true WHEN MATCHED THEN DO NOTHING",
        "CREATE TRIGGER trg BEFORE INSERT ON codes EXECUTE FUNCTION f()",
        "DELETE FROM public.events WHERE ()",
        "DELETE FROM public.events WHERE event_domain = ANY ('{governance}')",
        "DELETE FROM public.events WHERE event_domain IN (SELECT 'governance')",
        "COPY public.events FROM stdin;\na\tb\n\\.\n",
        "SELECT set_config()",
        "SELECT set_config(NULL, NULL, NULL)",
        "DROP SCHEMA public",
        "DROP EXTENSION x",
        "TRUNCATE ONLY public.events *",
        "CREATE CONSTRAINT TRIGGER trg AFTER INSERT ON codes DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b",
        "SELECT $1, $2",
    ];
    for sql in nasty {
        for text in
            [sql.to_owned(), format!("{sql};"), format!("{sql};{sql}"), format!("({sql})"), format!("EXPLAIN {sql}")]
        {
            let _ = review(&runbook(&text), None);
            let _ = review(&runbook(&text), Some(&catalog(&["fresh"], &[("fresh_child", "fresh")])));
        }
    }
    let deep = format!("DELETE FROM public.events WHERE {}true", "NOT ".repeat(150));
    check(&deep, "outside-key 1:13 block: event_domain = 'governance'");
    let _ = review(&runbook(&format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000))), None);
}
