//! Takes the machine's messages; gives the ledger's gate's calls in their stead, and its answers as the statements' own;
//! refuses to read an answer of another shape as a tag.
//!
//! The gate runs a plan's statements in the server, from the ledger, with rights the operator does not have. Tags are not
//! seen from there: the word is the plan's, which `plan::recheck` has read off the very text, and the count is the server's.
//! Notices and errors come as they always do.

use super::effects::Seen;
use super::{EffectKind, Reply, TransactionStatus};
use crate::digest::Digest;

/// Checks what was deferred with the executor's rights: all but what guards the COMMIT itself.
pub(super) const CONSTRAINTS: &str = "SELECT countersign.gate_constraints()";

/// Tags whose word is followed by a number of rows.
const COUNTED: [&str; 7] = ["INSERT", "UPDATE", "DELETE", "SELECT", "MERGE", "FETCH", "MOVE"];

/// Opens a stage of an approved request.
pub(super) fn open(request_digest: Digest, run: &str, stage: usize) -> String {
    format!("SELECT countersign.gate_open('{request_digest}', {}, {stage})", literal(run))
}

/// Opens a stage of a plan that nobody approved yet, in a transaction that cannot commit.
pub(super) fn rehearse(plan: &str, stage: usize) -> String {
    format!("SELECT countersign.gate_rehearse({}, {stage})", literal(plan))
}

/// Runs a statement of the open stage.
pub(super) fn statement(stage: usize, index: usize) -> String {
    format!("SELECT tag, rows::text FROM countersign.gate_statement({stage}, {index})")
}

/// Reads the gate's answer to [`statement`] as the statement's own. One that has not that shape has no tag.
pub(super) fn heard(reply: &Reply) -> Reply {
    let tags = match (&reply.error, reply.tags.as_slice(), reply.rows.as_slice()) {
        (None, [one], [row]) if one == "SELECT 1" && reply.status == TransactionStatus::InTransaction => tag(row),
        _ => None,
    };
    Reply { tags: tags.into_iter().collect(), rows: Vec::new(), ..reply.clone() }
}

/// Says whether an effect is the gate's own record of how far it is: rows of its two tables, and nothing else of them.
pub(super) fn is_progress(seen: &Seen) -> bool {
    seen.object.schema == "countersign"
        && matches!(seen.object.name.as_str(), "gate_run" | "gate_step")
        && matches!(seen.what, EffectKind::Rows { .. })
}

fn tag(row: &[Option<String>]) -> Option<String> {
    let [Some(word), Some(rows)] = row else { return None };
    match word.as_str() {
        "INSERT" => Some(format!("INSERT 0 {rows}")),
        word if COUNTED.contains(&word) => Some(format!("{word} {rows}")),
        word => Some(word.to_owned()),
    }
}

/// Quotes a text as a SQL literal; `standard_conforming_strings` is pinned on.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ServerError;

    fn check(tags: &[&str], rows: &[&[&str]], expected: &[&str]) {
        let cells = |row: &&[&str]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        let reply = Reply {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            rows: rows.iter().map(cells).collect(),
            status: TransactionStatus::InTransaction,
            ..Reply::default()
        };
        assert_eq!(heard(&reply).tags, expected, "{tags:?} {rows:?}");
    }

    #[test]
    fn an_answer_of_the_gate_is_the_statements_own() {
        check(&["SELECT 1"], &[&["DELETE", "4"]], &["DELETE 4"]);
        check(&["SELECT 1"], &[&["INSERT", "0"]], &["INSERT 0 0"]);
        check(&["SELECT 1"], &[&["DROP TABLE", "0"]], &["DROP TABLE"]);
        check(&["SELECT 1"], &[&["DO", "0"]], &["DO"]);
        for (tags, rows) in [
            (&["SELECT 0"][..], &[][..]),
            (&["SELECT 2"], &[&["DELETE", "4"][..], &["DELETE", "4"]]),
            (&["SELECT 1"], &[&["DELETE"][..]]),
            (&["SELECT 1", "COMMIT"], &[&["DELETE", "4"][..]]),
            (&["DELETE 4"], &[]),
        ] {
            check(tags, rows, &[]);
        }
    }

    #[test]
    fn an_error_and_an_ended_transaction_stay_what_they_are() {
        let error = ServerError { code: "42501".to_owned(), message: "no".to_owned(), detail: None, hint: None };
        let refused = Reply { error: Some(error), status: TransactionStatus::Failed, ..Reply::default() };
        assert_eq!(heard(&refused), refused);
        let row = vec![Some("DELETE".to_owned()), Some("4".to_owned())];
        let ended = Reply { tags: vec!["SELECT 1".to_owned()], rows: vec![row], ..Reply::default() };
        assert!(heard(&ended).tags.is_empty(), "no transaction is open after it");
    }

    #[test]
    fn a_call_holds_texts_that_cannot_end_it() {
        let digest = Digest::of(b"request");
        assert_eq!(open(digest, "r'1", 2), format!("SELECT countersign.gate_open('{digest}', 'r''1', 2)"));
        assert_eq!(
            rehearse(r#"{"sql":"SELECT '\\'"}"#, 0),
            r#"SELECT countersign.gate_rehearse('{"sql":"SELECT ''\\''"}', 0)"#
        );
        assert_eq!(statement(1, 0), "SELECT tag, rows::text FROM countersign.gate_statement(1, 0)");
    }
}
