//! What stands in the ledger, and what the gate makes of it.

use countersign::digest::Digest;
use countersign::port::Database as _;
use serde_json::{Value, json};

use super::{Gate, by, documents, entry, text, whole};
use crate::support::run;

/// Asks the gate beforehand, as desks do; nothing is an open gate.
pub fn asked(gate: &Gate) -> String {
    let digest = Digest::from_hex(&gate.digest()).expect("a digest");
    match run(gate.database.role(&format!("{}_op", gate.prefix)).gate_may(digest)) {
        Ok(()) => "open".to_owned(),
        Err(refused) => refused.to_string(),
    }
}

/// Expects this answer beforehand, and the same from the gate itself once an intent is there.
#[track_caller]
fn closed(gate: &Gate, words: &str) {
    let said = asked(gate);
    assert!(said.contains(words), "asked beforehand: {said}\n  expected {words}");
    gate.intend();
    gate.closed(words);
}

#[test]
fn two_people_approve_and_not_two_rows() {
    let gate = Gate::new("people");
    gate.goes("postgres", "CREATE ROLE people_both LOGIN IN ROLE countersign_reviewer; GRANT countersign_reviewer TO people_author; \
         CREATE ROLE people_second LOGIN IN ROLE countersign_reviewer; CREATE ROLE people_an LOGIN IN ROLE countersign_reviewer; \
         INSERT INTO countersign.login VALUES ('people_second', 'minh'), ('people_an', 'an'), ('people_both', 'ba')");
    gate.stage();
    assert!(asked(&gate).contains("0 of 2 people"));
    gate.approve("minh");
    gate.approve("minh");
    assert!(asked(&gate).contains("1 of 2 people"), "two approvals by one login");
    gate.append("second", "approved", json!({"request_digest": "DIGEST", "signature": by("minh")}));
    assert!(asked(&gate).contains("1 of 2 people"), "two logins of one person");
    gate.append("author", "approved", json!({"request_digest": "DIGEST", "signature": by("hong")}));
    assert!(asked(&gate).contains("1 of 2 people"), "the requester");
    gate.append("an", "approved", json!({"request_digest": "DIGEST", "signature": by("an")}));
    assert!(asked(&gate).contains("1 of 2 people"), "the last editor");
    // PostgreSQL does not take it in the first place.
    let thus = entry("approved", json!({"request_digest": "DIGEST", "signature": by("thu")}));
    gate.refuses("both", &thus, "is not mapped to 'thu'");
    gate.append(
        "both",
        "approved",
        json!({"request_digest": Digest::of(b"another").to_string(), "signature": by("ba")}),
    );
    assert!(asked(&gate).contains("1 of 2 people"), "an approval of another request");
    gate.append("both", "approved", json!({"request_digest": "DIGEST", "signature": by("ba")}));
    assert_eq!(asked(&gate), "open");
    gate.goes("postgres", "DELETE FROM countersign.login WHERE login = 'people_both'");
    assert!(asked(&gate).contains("1 of 2 people"), "a mapping that is gone");
    gate.approve("thu");
    assert_eq!(asked(&gate), "open");
    gate.intend();
    gate.goes("op", &whole(""));
    assert_eq!(gate.state(), "2 gone");
}

/// Changes the documents of one gate after another; each is staged and approved by two people and must be closed.
fn changed(gate: &mut Gate, change: impl Fn(&mut Gate), words: &str) {
    let (plan, request, rehearsal) = (gate.plan.clone(), gate.request.clone(), gate.rehearsal.clone());
    change(gate);
    gate.stage();
    gate.approve("minh");
    gate.approve("thu");
    closed(gate, words);
    (gate.plan, gate.request, gate.rehearsal) = (plan, request, rehearsal);
}

#[test]
fn what_is_signed_decides() {
    fn plan(pointer: &str, value: Value) -> impl Fn(&mut Gate) {
        move |gate| {
            *gate.plan.pointer_mut(pointer).expect("a place") = value.clone();
            gate.bind();
        }
    }
    fn request(key: &str, value: &str) -> impl Fn(&mut Gate) {
        move |gate| gate.request[key] = value.into()
    }
    let gate = &mut Gate::new("signed");
    changed(gate, plan("/policy/approvals", json!(3)), "2 of 3 people have approved it");
    changed(gate, plan("/via", Value::Null), "does not say that it runs via the gate");
    changed(gate, plan("/format", json!("countersign/plan/2")), "does not say that it runs via the gate");
    changed(gate, plan("/target/database", json!("elsewhere")), "the plan is for database elsewhere");
    changed(gate, plan("/target/system_identifier", json!("1")), "of server 1; this is another");
    changed(gate, plan("/target/database_oid", json!(1)), "this is another");
    changed(gate, plan("/settings/pinned/search_path", json!("evil, pg_catalog")), "another search_path");
    changed(gate, plan("/requester", json!("minh")), "1 of 2 people have approved it");
    changed(gate, plan("/editor", json!("thu")), "1 of 2 people have approved it");
    changed(gate, request("requester", "thu"), "1 of 2 people have approved it");
    changed(gate, request("not_after", &documents::from_now(-1)), "the request expired at");
    changed(gate, request("not_before", &documents::from_now(5)), "the request holds from");
    changed(gate, request("verb", "restore"), "not one to run a plan");
    changed(gate, request("format", "countersign/request/2"), "not one to run a plan");
    changed(gate, request("rehearsal_digest", "0"), "the rehearsal beside the request");
    changed(gate, request("plan_digest", "0"), "the plan beside the request");
    changed(
        gate,
        |gate| {
            gate.rehearsal["taken_at"] = documents::from_now(-61).into();
            gate.request["rehearsal_digest"] = Digest::of(text(&gate.rehearsal).as_bytes()).to_string().into();
        },
        "is too old",
    );
    // The innocent twin, and the floor that no policy lowers.
    plan("/policy/approvals", json!(1))(gate);
    gate.stage();
    gate.approve("minh");
    assert!(asked(gate).contains("1 of 2 people"));
    gate.approve("thu");
    assert_eq!(asked(gate), "open");
    gate.intend();
    gate.goes("op", &whole(""));
    assert_eq!(gate.state(), "2 gone");
}

/// Stages texts by hand, the request naming this plan's text by its digest, and approves them.
#[track_caller]
fn spelled(gate: &mut Gate, plan: &str, request: impl Fn(String) -> String, words: &str) {
    let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
    gate.rehearsal["plan_digest"] = digest(plan).into();
    let rehearsal = text(&gate.rehearsal);
    gate.request["plan_digest"] = digest(plan).into();
    gate.request["rehearsal_digest"] = digest(&rehearsal).into();
    let request = request(text(&gate.request));
    let name = digest(&request);
    gate.append(
        "author",
        "staged",
        json!({"request": request, "plan": plan, "rehearsal": rehearsal, "signature": by("hong")}),
    );
    for who in ["minh", "thu"] {
        gate.append(who, "approved", json!({"request_digest": name, "signature": by(who)}));
    }
    let said =
        run(gate.database.role(&format!("{}_op", gate.prefix)).gate_may(Digest::from_hex(&name).expect("a digest")));
    let said = said.map_or_else(|refused| refused.to_string(), |()| "open".to_owned());
    assert!(said.contains(words), "{plan}\n{request}\n  said     {said}\n  expected {words}");
}

#[test]
fn postgresql_and_the_desks_read_one_document_or_none() {
    let gate = &mut Gate::new("spelled");
    let plan = text(&gate.plan);
    let same = |request: String| request;
    for (from, to, words) in [
        ("", "", "open"),
        (r#""requester":"hong","#, r#""requester":"minh","requester":"hong","#, "a key stands twice"),
        (r#""approvals":2,"#, r#""approvals":9,"approvals":2,"#, "a key stands twice"),
        (r#""approvals":2,"#, r#""approvals":2,"\u0061pprovals":9,"#, "a key stands twice"),
        (r#""approvals":2"#, r#""approvals":2.0"#, "is not a whole number"),
        (r#""approvals":2"#, r#""approvals":2e0"#, "is not a whole number"),
        (r#""approvals":2"#, r#""approvals": 2"#, "the plan is not in canonical form"),
        (r#""editor":"an""#, r#""editor":"\u0061n""#, "the plan is not in canonical form"),
        (r#""editor":"an""#, r#""editor":"a\/n""#, "the plan is not in canonical form"),
        (r#""editor":"an""#, r#""editor":"a\u001Fn""#, "the plan is not in canonical form"),
        (r#""editor":"an""#, "\"editor\":\"a\\u001fn\\n\\\\\\\" é e\u{301} \u{1f600}\"", "open"),
        (r#""editor":"an""#, r#""editor":"an","été":1"#, "not plain ASCII"),
        (r#""editor":"an""#, r#""editor":"a\u0000n""#, "unsupported Unicode escape sequence"),
    ] {
        assert!(plan.contains(from), "{from}");
        spelled(gate, &plan.replacen(from, to, 1), same, words);
    }
    spelled(gate, &plan, |request| request.replacen('{', "{ ", 1), "the request is not in canonical form");
    spelled(
        gate,
        &plan,
        |request| request.replacen('{', r#"{"not_after":"2999-01-01T00:00:00Z","#, 1),
        "a key stands twice",
    );
    // Not normalised: what looks alike is another text, with another digest, that nobody approved.
    gate.plan["stages"][0]["statements"][0] = documents::statement("SELECT 'e\u{301}'", "SELECT", &Value::Null);
    gate.bind();
    gate.countersigned();
    gate.plan["stages"][0]["statements"][0] = documents::statement("SELECT '\u{e9}'", "SELECT", &Value::Null);
    gate.bind();
    gate.stage();
    assert!(asked(gate).contains("0 of 2 people"));
}

#[test]
fn a_statement_is_the_one_its_digest_is_of() {
    let gate = &mut Gate::new("digests");
    gate.plan["stages"][0]["statements"][0]["sql"] = "DELETE FROM vocabulary".into();
    gate.bind();
    gate.countersigned();
    gate.closed("statement 1 is not the one its digest is of");
}

#[test]
fn what_came_since_closes_it() {
    let about = |who: &str| json!({"request_digest": "DIGEST", "reason": "no", "signature": by(who)});
    let ended = json!({"request_digest": "DIGEST", "run": "r1"});
    let second = json!({"request_digest": "DIGEST", "run": "r2", "operator": "lan", "signature": by("lan")});
    let stop = json!({"condition": "count", "reason": "expected 4, actual 5"});
    for (at, (who, kind, body, words)) in [
        ("minh", "withdrawn", about("minh"), "withdrew an approval"),
        ("op", "rejected", about("lan"), "lan rejected it"),
        ("op", "ended", ended, "a run of it has ended already"),
        ("op", "committed", json!({"request_digest": "DIGEST", "run": "r2", "stage": 0}), "another run has committed"),
        ("op", "stopped", stop, "a stop holds: count: expected 4, actual 5"),
    ]
    .into_iter()
    .enumerate()
    {
        let gate = Gate::approved(&format!("since{at}"));
        gate.append("op", "intent", second.clone());
        gate.append(who, kind, body);
        gate.closed(words);
    }
    // A withdrawal before the intent takes that person away, and a later approval does not bring them back.
    let gate = Gate::new("back");
    gate.stage();
    gate.approve("minh");
    gate.approve("thu");
    gate.append("minh", "withdrawn", about("minh"));
    gate.approve("minh");
    closed(&gate, "1 of 2 people");
}

#[test]
fn the_intent_is_the_operators_own_first_and_committed_before() {
    let intent =
        entry("intent", json!({"request_digest": "DIGEST", "run": "r1", "operator": "lan", "signature": by("lan")}));
    let gate = Gate::new("intent");
    gate.stage();
    gate.approve("minh");
    gate.approve("thu");
    gate.closed("the intent of this run is not in the ledger");
    let within = whole("").replacen("BEGIN;", &format!("BEGIN; {intent};"), 1);
    gate.refuses("op", &within, "is of this very transaction");
    gate.append(
        "author",
        "intent",
        json!({"request_digest": "DIGEST", "run": "r0", "operator": "hong", "signature": by("hong")}),
    );
    gate.goes("op", &intent);
    gate.closed("run r0 has used it");
}

#[test]
fn without_a_mapping_nothing_is_proved() {
    let gate = Gate::new("unmapped");
    gate.goes(
        "postgres",
        "ALTER TABLE countersign.head DISABLE TRIGGER ALL; UPDATE countersign.head SET mapped = false",
    );
    gate.countersigned();
    gate.closed("no login is mapped to a person");
}

/// A desk whose line was cut before it could state its intent writes how that ended; nothing was begun, and nothing is used up.
#[test]
fn an_end_without_a_beginning_closes_nothing() {
    let gate = Gate::new("endless");
    gate.stage();
    gate.approve("minh");
    gate.approve("thu");
    gate.append("op", "ended", json!({"request_digest": "DIGEST", "run": "r0"}));
    assert_eq!(asked(&gate), "open");
    gate.intend();
    gate.goes("op", &whole(""));
    assert_eq!(gate.state(), "2 gone");
}
