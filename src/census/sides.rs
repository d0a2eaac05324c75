//! Takes two or three sets of answers, wherever they were read; gives them side by side: what the last says that the first did
//! not, and the one between them. Nobody's expectation counts here, only whether anything moved. Refuses to leave a check out
//! without saying so: what is left out is listed, and is in the digest.

use std::collections::{BTreeMap, BTreeSet};

use super::{Comparison, Reading, Row, Verdict, describe, judge};
use crate::digest::Digest;
use crate::runbook::{Check, CheckId, Expectation, Query};

/// One set of answers beside others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What it is the truth of, for people.
    pub name: String,
    /// The answers.
    pub readings: BTreeMap<CheckId, Reading>,
}

/// Two or three sets of answers side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideBySide {
    /// What each side is, in their order.
    pub names: Vec<String>,
    /// The first side (as the baseline of each row) beside the last (as its actual answer).
    pub comparison: Comparison,
    /// The first side beside the one between, when there are three.
    pub between: Option<Comparison>,
    /// How many stop conditions and traces are not shown, because not every side was asked about them.
    pub unasked: usize,
    /// The checks that somebody left out, sorted.
    pub left_out: Vec<CheckId>,
    /// Digest over every side's name, every answer that is compared, and what was left out: two people who see the same one
    /// look at the same comparison.
    pub digest: Digest,
}

/// Lays sides out: `first`, perhaps one `between`, and `last`. A check that no side holds is not shown.
#[must_use]
pub fn side_by_side(
    known: &[Check],
    first: &Side,
    between: Option<&Side>,
    last: &Side,
    left_out: &[CheckId],
) -> SideBySide {
    let sides: Vec<&Side> = [Some(first), between, Some(last)].into_iter().flatten().collect();
    // A census also asks about stop conditions and traces, and a comparison inside a run does not.
    let is_of_census = |id: &CheckId| ["stop:", "trace:"].iter().any(|kind| id.as_str().starts_with(kind));
    let everywhere = |id: &CheckId| sides.iter().all(|side| side.readings.contains_key(id));
    let ids: BTreeSet<&CheckId> = sides.iter().flat_map(|side| side.readings.keys()).collect();
    let (ids, unasked): (BTreeSet<&CheckId>, BTreeSet<&CheckId>) =
        ids.into_iter().partition(|id| !is_of_census(id) || everywhere(id));
    let left_out: BTreeSet<&CheckId> = left_out.iter().collect();
    let checks = held_checks(known, &ids, &left_out);
    let beside = |side: &Side| Comparison { rows: checks.iter().map(|check| row(check, first, side)).collect() };
    // What is left out is named, and its answers are not in the digest: two desks that leave out the same noise agree.
    let answers = |side: &Side| -> Vec<Option<Reading>> {
        checks.iter().map(|check| side.readings.get(&check.id).cloned()).collect()
    };
    let compared: Vec<(&str, Vec<Option<Reading>>)> =
        sides.iter().map(|side| (side.name.as_str(), answers(side))).collect();
    let ids: Vec<&CheckId> = checks.iter().map(|check| &check.id).collect();
    let said = serde_json::to_vec(&("countersign/side-by-side/1", &ids, &compared, &left_out)).unwrap_or_default();
    let digest = Digest::of(&said);
    let mut comparison = beside(last);
    let between = between.map(beside);
    // A row is the same only where all its sides are; one that was not asked between is judged by its ends.
    for (row, middle) in comparison.rows.iter_mut().zip(between.iter().flat_map(|between| &between.rows)) {
        if row.verdict < middle.verdict && matches!(middle.actual, Reading::Value(_)) {
            row.verdict = middle.verdict;
            let only = middle.remark.clone().unwrap_or_else(|| "only the one between is another".to_owned());
            row.remark = Some(only);
        }
    }
    SideBySide {
        names: sides.iter().map(|side| side.name.clone()).collect(),
        comparison,
        between,
        unasked: unasked.len(),
        left_out: left_out.into_iter().cloned().collect(),
        digest,
    }
}

fn row(check: &Check, first: &Side, last: &Side) -> Row {
    let (before, now) = (first.readings.get(&check.id), last.readings.get(&check.id));
    let missing = |side: &Side| Reading::Blind(format!("\u{201c}{}\u{201d} does not hold this check", side.name));
    let actual = now.cloned().unwrap_or_else(|| missing(last));
    let against = before.cloned().unwrap_or_else(|| missing(first));
    let (verdict, remark) = match (&against, judge(&check.expect, Some(&against), &actual)) {
        (Reading::Blind(reason), (Verdict::Blind, _)) if now.is_some() => (Verdict::Blind, Some(reason.clone())),
        (_, judged) => judged,
    };
    let expected = describe(&check.expect, Some(&against));
    Row::of(check, before.cloned(), expected, actual, (verdict, remark))
}

/// Returns the checks that are compared: those the runbook knows, in its order, and of others only the name.
#[must_use]
pub fn held_checks(known: &[Check], ids: &BTreeSet<&CheckId>, left_out: &BTreeSet<&CheckId>) -> Vec<Check> {
    let is_shown = |id: &CheckId| ids.contains(id) && !left_out.contains(id);
    let named: BTreeSet<&CheckId> = known.iter().map(|check| &check.id).collect();
    let mut checks: Vec<Check> = known.iter().filter(|check| is_shown(&check.id)).map(held).collect();
    checks.extend(ids.iter().filter(|id| is_shown(id) && !named.contains(**id)).map(|id| unnamed(id)));
    checks
}

/// A check of which only two answers are compared, whatever a runbook expects of the database.
#[must_use]
pub fn held(check: &Check) -> Check {
    let expect = if check.expect == Expectation::Grows { Expectation::Grows } else { Expectation::Unchanged };
    Check { expect, steps: Vec::new(), per_step: BTreeMap::new(), accepted: None, ..check.clone() }
}

fn unnamed(id: &CheckId) -> Check {
    Check {
        id: id.clone(),
        title: id.to_string(),
        object: None,
        query: Query::Sql(String::new()),
        expect: Expectation::Unchanged,
        steps: Vec::new(),
        per_step: BTreeMap::new(),
        accepted: None,
        limit_millis: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `name: id=value id=value`; `?` is blind and `-` is NULL.
    fn side(text: &str) -> Side {
        let (name, answers) = text.split_once(':').unwrap();
        let reading = |value: &str| match value {
            "-" => Reading::Value(None),
            "?" => Reading::Blind("cannot see".to_owned()),
            value => Reading::Value(Some(value.to_owned())),
        };
        let answers = answers.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        let readings = answers.map(|(id, value)| (CheckId::from(id), reading(value))).collect();
        Side { name: name.to_owned(), readings }
    }

    fn check(id: &str, expect: Expectation) -> Check {
        Check { expect, title: format!("The {id}"), ..unnamed(&id.into()) }
    }

    fn told(comparison: &Comparison) -> Vec<String> {
        let off = |row: &Row| row.off_by().map_or_else(String::new, |off| format!(" {off:+}"));
        comparison.rows.iter().map(|row| format!("{} {:?}{}", row.id, row.verdict, off(row))).collect()
    }

    #[test]
    fn only_what_moved_counts_and_growth_is_growth() {
        let known = [check("log", Expectation::Grows), check("codes", Expectation::Equals("99".to_owned()))];
        let before = side("before: log=5 codes=6 view=present odd=?");
        let after = side("after: log=7 codes=10 view=- odd=1 new=2");
        let seen = side_by_side(&known, &before, None, &after, &[]);
        assert_eq!(
            told(&seen.comparison),
            ["log Grown +2", "codes Drifted +4", "new Blind", "odd Blind", "view Missing"]
        );
        assert_eq!(seen.comparison.rows[0].remark.as_deref(), Some("+2 allowed"));
        assert_eq!(seen.comparison.rows[2].remark.as_deref(), Some("\u{201c}before\u{201d} does not hold this check"));
        assert_eq!(seen.comparison.rows[3].remark.as_deref(), Some("cannot see"));
        assert_eq!(seen.comparison.rows[1].title, "The codes");
    }

    #[test]
    fn the_one_between_is_held_against_the_first() {
        let (before, inside, after) = (side("before: codes=6"), side("inside: codes=10"), side("after: codes=6"));
        let seen = side_by_side(&[], &before, Some(&inside), &after, &[]);
        assert_eq!(seen.names, ["before", "inside", "after"]);
        assert_eq!(
            (told(&seen.comparison), told(&seen.between.unwrap())),
            (vec!["codes Drifted".to_owned()], vec!["codes Drifted +4".to_owned()])
        );
    }

    #[test]
    fn what_only_a_census_asks_is_compared_between_two_of_them() {
        let (before, inside) = (side("before: stop:gone=0 a=1"), side("inside: a=1"));
        let seen = side_by_side(&[], &before, None, &inside, &[]);
        assert_eq!((told(&seen.comparison), seen.unasked), (vec!["a Same".to_owned()], 1));
        let after = side("after: stop:gone=1 a=1");
        assert_eq!(told(&side_by_side(&[], &before, None, &after, &[]).comparison), ["a Same", "stop:gone Drifted +1"]);
    }

    #[test]
    fn what_is_left_out_is_listed_and_digested() {
        let (before, after) = (side("before: a=1 b=1"), side("after: a=1 b=2"));
        let all = side_by_side(&[], &before, None, &after, &[]);
        let some = side_by_side(&[], &before, None, &after, &["b".into(), "b".into()]);
        assert!(!all.comparison.holds() && some.comparison.holds());
        assert_eq!(some.left_out, [CheckId::from("b")]);
        let other = side_by_side(&[], &before, None, &side("later: a=1 b=2"), &[]);
        let again = side_by_side(&[], &before, None, &after, &[]);
        let noisy = side_by_side(&[], &before, None, &side("after: a=1 b=3"), &["b".into()]);
        assert_eq!(some.digest, noisy.digest);
        assert!(all.digest != some.digest && all.digest != other.digest && all.digest == again.digest);
    }
}
