//! Takes an expectation and what the baseline says; gives the words that say what is expected.

use super::Reading;
use crate::runbook::Expectation;

/// Says in words what is expected, for people: `6`, `absent`, `6 (never built) or 10 (retired)`, `at least 50000`.
#[must_use]
pub fn describe(expectation: &Expectation, baseline: Option<&Reading>) -> String {
    match expectation {
        Expectation::Equals(value) | Expectation::Text(value) => value.clone(),
        Expectation::OneOf(branches) => {
            let branches: Vec<String> =
                branches.iter().map(|branch| format!("{} ({})", branch.value, branch.name)).collect();
            branches.join(" or ")
        }
        Expectation::Absent => "absent".to_owned(),
        Expectation::Present => "present".to_owned(),
        Expectation::Unchanged => match baseline {
            Some(Reading::Value(Some(value))) => value.clone(),
            Some(Reading::Value(None)) => "absent".to_owned(),
            Some(Reading::Blind(_)) => "unchanged (the baseline is blind)".to_owned(),
            None => "unchanged (no baseline)".to_owned(),
        },
        Expectation::Grows => match baseline {
            Some(Reading::Value(Some(value))) => format!("at least {value}"),
            Some(Reading::Value(None)) => "any growth (the baseline has none)".to_owned(),
            Some(Reading::Blind(_)) => "growth (the baseline is blind)".to_owned(),
            None => "growth (no baseline)".to_owned(),
        },
    }
}
