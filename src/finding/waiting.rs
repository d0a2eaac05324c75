//! Takes the findings of a ledger; says which of them wait for a signature; refuses nothing.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::approval::SignedBytes;
use crate::digest::Digest;

/// What a finding is about; all else is skipped, because there may be thousands.
#[derive(Deserialize)]
struct About {
    subject: AboutSubject,
}

#[derive(Deserialize)]
struct AboutSubject {
    request_digest: Digest,
}

/// Returns the digest of the request that a finding is about; `None` when the text is no finding.
#[must_use]
pub fn request_of(document: &str) -> Option<Digest> {
    serde_json::from_str::<About>(document).ok().map(|about| about.subject.request_digest)
}

/// Returns the entries of the findings to be signed: nobody has signed them, nor a later one about the same request.
#[must_use]
pub fn to_be_signed(findings: &[(u64, String, Vec<SignedBytes>)]) -> BTreeSet<u64> {
    // Only what stands behind an unsigned one can settle it.
    let first = findings.iter().position(|(_, _, signatures)| signatures.is_empty()).unwrap_or(findings.len());
    let mut signed = BTreeSet::new();
    let mut waiting = BTreeSet::new();
    for (seq, document, signatures) in findings[first..].iter().rev() {
        let Some(request) = request_of(document) else { continue };
        if !signatures.is_empty() {
            signed.insert(request);
        } else if !signed.contains(&request) {
            waiting.insert(*seq);
        }
    }
    waiting
}

#[cfg(test)]
mod tests {
    use super::to_be_signed;
    use crate::approval::SignedBytes;
    use crate::digest::Digest;
    use crate::runbook::Principal;

    /// Findings in order, as `request` or `request+` when signed → the places of those to be signed.
    fn check(findings: &[&str], expected: &[u64]) {
        let signed = || SignedBytes { principal: Principal::from("lan"), signature: String::new() };
        let findings: Vec<_> = (1..)
            .zip(findings)
            .map(|(seq, words)| {
                let request = words.trim_end_matches('+');
                let document = match request {
                    "garbage" => "{".to_owned(),
                    name => format!("{{\"subject\":{{\"request_digest\":\"{}\"}}}}", Digest::of(name.as_bytes())),
                };
                (seq, document, if words.ends_with('+') { vec![signed()] } else { Vec::new() })
            })
            .collect();
        assert_eq!(to_be_signed(&findings).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_finding_waits_until_one_of_its_request_is_signed() {
        check(&[], &[]);
        check(&["a+"], &[]);
        check(&["a"], &[1]);
        check(&["a", "b", "a+"], &[2]);
        check(&["a+", "a"], &[2]);
        check(&["garbage", "b+", "a"], &[3]);
    }
}
