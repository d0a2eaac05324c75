//! Documents of a plan by hand, as far as the gate reads them.

use countersign::census::Target;
use countersign::digest::Digest;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::STATEMENTS;

/// The time so many minutes from now.
pub fn from_now(minutes: i64) -> String {
    (Timestamp::now() + SignedDuration::from_mins(minutes)).to_string()
}

/// A statement as a plan holds it.
pub fn statement(sql: &str, tag: &str, rows: &Value) -> Value {
    json!({"sql": sql, "sha256": Digest::of(sql.as_bytes()).to_string(), "tag": tag, "rows": rows})
}

/// A plan of [`STATEMENTS`] for this place.
pub fn plan(target: &Target) -> Value {
    let [delete, drop] = STATEMENTS;
    json!({
        "format": "countersign/plan/1", "via": "gate", "requester": "hong", "editor": "an",
        "policy": {"approvals": 2, "rehearsal_max_age_seconds": 3600, "approval_valid_seconds": 3600},
        "target": target,
        "settings": {
            "schema": "public",
            "timeouts": {"lock_millis": 2000, "statement_millis": 20000, "idle_in_transaction_millis": 20000},
            "pinned": {"search_path": "pg_catalog, \"public\", pg_temp", "standard_conforming_strings": "on", "row_security": "off"},
            "asserted": {"session_replication_role": "origin", "transaction_isolation": "read committed", "transaction_read_only": "off"}
        },
        "objects": [{"name": "public.vocabulary", "class": "shared"}, {"name": "public.extra", "class": "greenfield"}],
        "stages": [{
            "locked_tables": ["public.vocabulary"],
            "statements": [statement(delete.0, delete.1, &json!({"exactly": 3})), statement(drop.0, drop.1, &Value::Null)]
        }]
    })
}

/// A request for the plan, open for an hour.
pub fn request(plan_digest: &str, rehearsal_digest: &str) -> Value {
    json!({
        "format": "countersign/request/1", "verb": "run", "plan_digest": plan_digest, "rehearsal_digest": rehearsal_digest,
        "requester": "hong", "not_before": from_now(-5), "not_after": from_now(60)
    })
}
