//! Takes a decision against a request; gives the bytes that are signed for it.

use serde::Serialize;

use super::Namespace;
use crate::digest::Digest;
use crate::plan::canonical;

/// The format name of a decision.
pub const DECISION_FORMAT: &str = "countersign/decision/1";

/// A decision against a request; an approval signs the request itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The request shall never run.
    Reject,
    /// The signer's own approval no longer counts (D-74).
    Withdraw,
}

impl Decision {
    /// Returns the namespace its signature is made in.
    #[must_use]
    pub fn namespace(self) -> Namespace {
        match self {
            Self::Reject => Namespace::Reject,
            Self::Withdraw => Namespace::Withdraw,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'a str,
    decision: Decision,
    request_digest: Digest,
    reason: &'a str,
}

/// Returns the canonical bytes that are signed to reject a request or withdraw an approval, the reason included.
///
/// # Panics
/// Never: the document is made of texts.
#[must_use]
pub fn decision_bytes(decision: Decision, request_digest: Digest, reason: &str) -> Vec<u8> {
    let document = Document { format: DECISION_FORMAT, decision, request_digest, reason };
    canonical(&document).expect("BUG: a decision is made of texts only, and its reason is short").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Decision, decision_bytes};
    use crate::digest::Digest;

    #[test]
    fn binds_decision_request_and_reason() {
        let text = |decision, request: &[u8], reason| {
            String::from_utf8(decision_bytes(decision, Digest::of(request), reason)).unwrap()
        };
        let digest = Digest::of(b"abc");
        assert_eq!(
            text(Decision::Reject, b"abc", "too \"early\""),
            format!(
                r#"{{"decision":"reject","format":"countersign/decision/1","reason":"too \"early\"","request_digest":"{digest}"}}"#
            )
        );
        assert_ne!(text(Decision::Reject, b"abc", "x"), text(Decision::Withdraw, b"abc", "x"));
        assert_ne!(text(Decision::Reject, b"abc", "x"), text(Decision::Reject, b"abd", "x"));
        assert_ne!(text(Decision::Reject, b"abc", "x"), text(Decision::Reject, b"abc", "y"));
    }
}
