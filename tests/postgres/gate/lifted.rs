//! A restart as the gate reads it (D-61, D-62): papers of every gate by two mapped people lift a stop, and nothing less does.

use countersign::digest::Digest;
use countersign::port::Database as _;
use serde_json::{Value, json};

use super::ledger::asked;
use super::{Gate, by, text, whole};
use crate::support::run;

/// A gate with an approved request and a stop after it.
struct Stopped {
    gate: Gate,
    /// The stop's entry and its hash.
    stop: (u64, String),
}

impl Stopped {
    fn new(prefix: &str) -> Self {
        let gate = Gate::new(prefix);
        gate.stage();
        gate.approve("minh");
        gate.approve("thu");
        assert_eq!(asked(&gate), "open");
        let mut stopped = Self { gate, stop: (0, String::new()) };
        stopped.stop();
        stopped
    }

    /// Presses the stop.
    fn stop(&mut self) {
        self.gate.append("op", "stopped", json!({"condition": "pressed", "reason": "two rows by hand"}));
        let entries = run(self.gate.database.superuser().ledger_read(0)).expect("entries");
        let newest = entries.last().expect("the stop");
        self.stop = (newest.seq, newest.hash.to_string());
        self.holds("nobody wrote anything");
    }

    fn paper(&self, on: Option<&str>, act: &Value) -> String {
        let (stop, hash) = &self.stop;
        text(&json!({"format": "countersign/restart/1", "stop": stop, "stop_hash": hash, "divergence": on, "act": act}))
    }

    fn put(&self, who: &str, document: &str) {
        self.gate.append(who, "restart", json!({"document": document, "signature": by(who)}));
    }

    /// Appends a divergence finding with one difference and a record gate; gives its digest.
    fn diverge(&self, who: &str) -> String {
        let document = self.paper(None, &divergence(&json!([{"id": "words"}])));
        self.put(who, &document);
        Digest::of(document.as_bytes()).to_string()
    }

    /// Appends what meets the other gates of a divergence, each by somebody.
    fn meet(&self, on: &str, accepts: &str, authorises: &str, looks: &str) {
        self.put(accepts, &self.paper(Some(on), &json!({"accepted": {"differences": []}})));
        self.put(authorises, &self.paper(Some(on), &json!({"authorised": {"verdicts": []}})));
        self.put(looks, &self.paper(Some(on), &record("council")));
    }

    #[track_caller]
    fn holds(&self, case: &str) {
        let said = asked(&self.gate);
        assert!(said.contains("a stop holds: pressed: two rows by hand"), "{case}: {said}");
    }

    /// Expects the stop to be lifted: what was staged before it stays refused, and what is staged now runs.
    #[track_caller]
    fn must_be_lifted(mut self) {
        let said = asked(&self.gate);
        assert!(said.contains("it was staged before the restart of ledger entry"), "{said}");
        self.gate.request["nonce"] = "fedcba9876543210fedcba9876543210".into();
        self.gate.stage();
        self.gate.approve("minh");
        self.gate.approve("thu");
        assert_eq!(asked(&self.gate), "open");
        self.gate.intend();
        self.gate.goes("op", &whole(""));
        assert_eq!(self.gate.state(), "2 gone");
    }
}

fn divergence(differences: &Value) -> Value {
    let gates =
        json!([{"id": "reconciled", "by": "reconciliation"}, {"id": "council", "by": {"record": {"sql": "SELECT 1"}}}]);
    json!({"divergence": {"differences": differences, "gates": gates}})
}

fn record(gate: &str) -> Value {
    json!({"record": {"gate": gate, "words": "seen"}})
}

#[test]
fn papers_of_every_gate_by_two_people_lift_a_stop() {
    let stopped = Stopped::new("reopened");
    // What was approved before does not begin, and neither does a run that had begun.
    stopped.gate.intend();
    stopped.gate.closed("a stop holds");
    let on = stopped.diverge("minh");
    stopped.holds("one paper");
    stopped.put("thu", &stopped.paper(Some(&on), &json!({"authorised": {"verdicts": []}})));
    stopped.holds("two gates are open");
    stopped.put("minh", &stopped.paper(Some(&on), &record("council")));
    stopped.holds("the difference is not accepted");
    stopped.put("thu", &stopped.paper(Some(&on), &json!({"accepted": {"differences": []}})));
    stopped.gate.closed("it was staged before the restart");
    stopped.must_be_lifted();
}

#[test]
fn without_a_difference_nothing_needs_to_be_accepted() {
    let stopped = Stopped::new("equal");
    let document = stopped.paper(None, &divergence(&json!([])));
    stopped.put("minh", &document);
    let on = Digest::of(document.as_bytes()).to_string();
    stopped.put("thu", &stopped.paper(Some(&on), &json!({"authorised": {"verdicts": []}})));
    stopped.holds("the record was not looked at");
    stopped.put("thu", &stopped.paper(Some(&on), &record("council")));
    stopped.must_be_lifted();
}

#[test]
fn one_person_lifts_nothing() {
    let stopped = Stopped::new("alone");
    let on = stopped.diverge("minh");
    stopped.meet(&on, "minh", "minh", "minh");
    stopped.holds("one login");
    stopped.gate.goes(
        "postgres",
        "CREATE ROLE alone_second LOGIN IN ROLE countersign_reviewer; INSERT INTO countersign.login VALUES ('alone_second', 'minh')",
    );
    let act = json!({"authorised": {"verdicts": []}});
    let document = stopped.paper(Some(&on), &act);
    stopped.gate.append("second", "restart", json!({"document": document, "signature": by("minh")}));
    stopped.holds("two logins of one person");
    // PostgreSQL takes no paper in another's name.
    let forged = super::entry("restart", json!({"document": document, "signature": by("thu")}));
    stopped.gate.refuses("second", &forged, "is not mapped to 'thu'");
    stopped.put("thu", &document);
    stopped.must_be_lifted();
}

#[test]
fn papers_about_something_else_lift_nothing() {
    let mut stopped = Stopped::new("other");
    let (seq, hash) = stopped.stop.clone();
    let meant = [(seq + 1, hash.clone()), (seq - 1, hash.clone()), (seq, Digest::of(b"another").to_string())];
    for other in meant {
        let about = format!("{other:?}");
        stopped.stop = other;
        let on = stopped.diverge("minh");
        stopped.meet(&on, "thu", "thu", "minh");
        stopped.holds(&about);
    }
    stopped.stop = (seq, hash);
    // Each gate by papers about a divergence that nobody wrote, or another one than the rest.
    let (on, other) = (stopped.diverge("minh"), Digest::of(b"another divergence").to_string());
    stopped.meet(&other, "thu", "thu", "minh");
    stopped.holds("another divergence");
    stopped.put("thu", &stopped.paper(None, &json!({"authorised": {"verdicts": []}})));
    stopped.put("minh", &stopped.paper(Some(&on), &record("another-record")));
    stopped.put("thu", &stopped.paper(Some(&on), &json!({"accepted": {"differences": []}})));
    stopped.holds("a gate is met by no paper about this divergence");
    // A second stop wants papers of its own.
    stopped.meet(&on, "thu", "thu", "minh");
    stopped.stop();
    let on = stopped.diverge("minh");
    stopped.meet(&on, "thu", "thu", "minh");
    stopped.must_be_lifted();
}

#[test]
fn garbage_lifts_nothing_and_is_in_nobodys_way() {
    let stopped = Stopped::new("garbage");
    let (lists, acts) = (
        [json!(null), json!(7), json!("x"), json!({"a": 1}), json!([null]), json!([[]])],
        [json!(null), json!(7), json!([]), json!({"divergence": null}), json!({"divergence": 7})],
    );
    let mut documents = ["", "yes", "[]", "7", "null", "{", "{\"stop\": 1}"].map(str::to_owned).to_vec();
    documents.extend(acts.iter().map(|act| stopped.paper(None, act)));
    for list in &lists {
        documents.push(stopped.paper(None, &json!({"divergence": {"differences": list, "gates": []}})));
        documents.push(stopped.paper(None, &json!({"divergence": {"differences": [], "gates": list}})));
    }
    for document in documents {
        stopped.put("minh", &document);
        let on = Digest::of(document.as_bytes()).to_string();
        // One gate is always left open.
        stopped.put("thu", &stopped.paper(Some(&on), &json!({"authorised": {"verdicts": []}})));
        stopped.holds(&document);
    }
    stopped.gate.append("minh", "restart", json!({"signature": by("minh")}));
    stopped.gate.append("minh", "restart", json!({"document": {"stop": 1}, "signature": by("minh")}));
    stopped.holds("no document");
    let on = stopped.diverge("minh");
    stopped.meet(&on, "thu", "thu", "minh");
    stopped.must_be_lifted();
}
