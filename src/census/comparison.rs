//! Baseline, expected and actual side by side, one verdict a row (D-50 … D-53).

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Baseline, Census, Question, Reading, describe};
use crate::runbook::{AcceptedAnswer, Check, CheckId, Expectation, ObjectName, Query, StepId};

/// What a row says (D-51). Only `Same` and `Grown` pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected.
    Same,
    /// Above the baseline where growth is allowed.
    Grown,
    /// Another value than expected.
    Drifted,
    /// Expected to be there, and absent.
    Missing,
    /// The role cannot see enough to know.
    Blind,
}

/// One check: baseline, expected, actual, verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The check.
    pub id: CheckId,
    /// One line for people.
    pub title: String,
    /// The object it speaks of.
    pub object: Option<ObjectName>,
    /// What was asked.
    pub sql: String,
    /// The columns that tell one row of the answer from another, where it is compared row by row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The baseline's answer; `None` when the baseline does not hold it.
    pub baseline: Option<Reading>,
    /// What is expected, in words: `6`, `absent`, `6 (never built) or 10 (retired)`, `at least 50000`.
    pub expected: String,
    /// What was answered.
    pub actual: Reading,
    /// What follows.
    pub verdict: Verdict,
    /// More about it: which branch held, how much it grew, why it is blind.
    pub remark: Option<String>,
}

/// All rows, in the runbook's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Returns whether every row passes.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.verdict, Verdict::Same | Verdict::Grown))
    }

    /// Returns the rows that do not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !matches!(row.verdict, Verdict::Same | Verdict::Grown))
    }
}

/// Which checks are compared, and with what.
#[derive(Clone, Copy, Debug)]
pub enum CompareScope<'a> {
    /// Every check, with its expectation of the fully reversed state.
    Everything,
    /// Checks of these steps and those that hold throughout; the others are left out.
    Steps(&'a [StepId]),
    /// As `Steps`, and every other check must be exactly as in this earlier census (a growing one: not below it).
    StepsAndHeld(&'a [StepId], &'a Census),
    /// After a restore of this table: the checks of it that hold throughout, and every other check as in the census when it
    /// began. Where so many later rows are kept in it, a check of it may answer more than the baseline did; row by row it was
    /// compared with the dump.
    Restored(&'a ObjectName, u64, Option<&'a Census>),
}

/// Compares. The rows stand in the order of `checks`.
#[must_use]
pub fn compare(checks: &[Check], baseline: Option<&Baseline>, census: &Census, scope: CompareScope<'_>) -> Comparison {
    let judged: Vec<(&Check, Judged<'_>)> =
        checks.iter().filter_map(|check| Some((check, Judged::of(check, baseline, scope)?))).collect();
    let mut rows: Vec<Row> = judged.iter().map(|(check, judged)| judged.row(check, census)).collect();
    refuse_mixed_branches(&judged, &mut rows);
    Comparison { rows }
}

/// What one check is held against.
struct Judged<'a> {
    expectation: Cow<'a, Expectation>,
    against: Option<Cow<'a, Reading>>,
    baseline: Option<Cow<'a, Reading>>,
    /// Rows that a restore keeps beside the dump's.
    kept: u64,
}

impl<'a> Judged<'a> {
    /// Returns what the check is held against, or nothing when it is out of scope.
    fn of(check: &'a Check, baseline: Option<&'a Baseline>, scope: CompareScope<'a>) -> Option<Self> {
        let baseline = baseline.and_then(|baseline| baseline.answer(check));
        let own = |steps: &[StepId]| {
            let per_step = steps.iter().find_map(|step| check.per_step.get(step));
            Cow::Borrowed(per_step.unwrap_or(&check.expect))
        };
        let in_scope = |steps: &[StepId]| {
            check.steps.is_empty()
                || steps.iter().any(|step| check.steps.contains(step) || check.per_step.contains_key(step))
        };
        match scope {
            CompareScope::Everything => {
                Some(Self { expectation: Cow::Borrowed(&check.expect), against: baseline.clone(), baseline, kept: 0 })
            }
            CompareScope::Steps(steps) => {
                in_scope(steps).then(|| Self { expectation: own(steps), against: baseline.clone(), baseline, kept: 0 })
            }
            CompareScope::StepsAndHeld(steps, _) if in_scope(steps) => {
                Some(Self { expectation: own(steps), against: baseline.clone(), baseline, kept: 0 })
            }
            CompareScope::Restored(table, kept, _) if check.object.as_ref() == Some(table) => {
                // What a step left in the table is for that step's reversal to take away.
                let is_throughout = check.steps.is_empty();
                let expectation = Cow::Borrowed(&check.expect);
                is_throughout.then_some(Self { expectation, against: baseline.clone(), baseline, kept })
            }
            CompareScope::Restored(_, _, None) => None,
            // Out of the reverted scope nothing may move: held to what it was when the transaction began.
            CompareScope::StepsAndHeld(_, entry) | CompareScope::Restored(_, _, Some(entry)) => {
                let held = if check.expect == Expectation::Grows { Expectation::Grows } else { Expectation::Unchanged };
                Some(Self {
                    expectation: Cow::Owned(held),
                    against: entry.readings.get(&check.id).map(Cow::Borrowed),
                    baseline,
                    kept: 0,
                })
            }
        }
    }

    fn row(&self, check: &Check, census: &Census) -> Row {
        let actual = census
            .readings
            .get(&check.id)
            .cloned()
            .unwrap_or_else(|| Reading::Blind("the census does not hold this check; take it again".to_owned()));
        let (verdict, remark) = match judge(&self.expectation, self.against.as_deref(), &actual) {
            (Verdict::Drifted, _) if self.kept > 0 => {
                (Verdict::Grown, Some(format!("{} later rows are kept beside those of the dump", self.kept)))
            }
            (Verdict::Drifted | Verdict::Missing, _) if let Some(accepted) = accepted(check, &actual) => {
                (Verdict::Same, Some(format!("accepted in the restart of ledger entry {}", accepted.restart)))
            }
            judged => judged,
        };
        let expected = describe(&self.expectation, self.against.as_deref());
        Row::of(check, self.baseline.as_deref().cloned(), expected, actual, (verdict, remark))
    }
}

impl Row {
    /// Makes the row of a check.
    pub(super) fn of(
        check: &Check,
        baseline: Option<Reading>,
        expected: String,
        actual: Reading,
        (verdict, remark): (Verdict, Option<String>),
    ) -> Self {
        let row = Self {
            id: check.id.clone(),
            title: check.title.clone(),
            object: check.object.clone(),
            sql: Question::of(check).sql,
            key: key_of(check),
            baseline,
            expected,
            actual,
            verdict,
            remark,
        };
        row.with_shared_key()
    }
}

/// Returns the columns that tell the rows of a check's answer apart; none where its answer is no rows.
#[must_use]
pub fn key_of(check: &Check) -> Vec<String> {
    match &check.query {
        Query::Rows { sql: _, key } => key.clone(),
        Query::Catalog(_) => vec![super::catalog::OBJECT.to_owned()],
        Query::Sql(_) | Query::Definition(_, _) => Vec::new(),
    }
}

/// D-62: returns the restart in which this very answer was accepted.
fn accepted<'a>(check: &'a Check, actual: &Reading) -> Option<&'a AcceptedAnswer> {
    let Reading::Value(answer) = actual else { return None };
    check.accepted.as_ref().filter(|accepted| accepted.answer == *answer)
}

/// Gives the verdict on one reading (D-50, D-51). Nothing is "close enough" (D-53).
#[must_use]
pub fn judge(expectation: &Expectation, against: Option<&Reading>, actual: &Reading) -> (Verdict, Option<String>) {
    let actual = match actual {
        Reading::Blind(reason) => return (Verdict::Blind, Some(reason.clone())),
        Reading::Value(value) => value.as_deref(),
    };
    let differs = |actual: Option<&str>| if actual.is_none() { Verdict::Missing } else { Verdict::Drifted };
    match expectation {
        Expectation::Equals(value) if actual == Some(value) => (Verdict::Same, None),
        Expectation::Text(value) if actual.is_some_and(|actual| same_text(value, actual)) => (Verdict::Same, None),
        Expectation::Equals(_) | Expectation::Text(_) => (differs(actual), None),
        Expectation::OneOf(branches) => match branches.iter().find(|branch| actual == Some(&branch.value)) {
            Some(branch) => (Verdict::Same, Some(branch.name.clone())),
            None => (differs(actual), None),
        },
        Expectation::Absent if actual.is_none() => (Verdict::Same, None),
        Expectation::Absent => (Verdict::Drifted, Some("it is still there".to_owned())),
        Expectation::Present if actual.is_some() => (Verdict::Same, None),
        Expectation::Present => (Verdict::Missing, None),
        Expectation::Unchanged | Expectation::Grows => match against {
            None => (
                Verdict::Blind,
                Some("there is no baseline to compare with; open one that holds this check".to_owned()),
            ),
            Some(Reading::Blind(reason)) => (Verdict::Blind, Some(format!("the baseline was blind here: {reason}"))),
            Some(Reading::Value(before)) if before.as_deref() == actual => (Verdict::Same, None),
            Some(Reading::Value(before)) => match expectation {
                Expectation::Grows => grown(before.as_deref(), actual),
                _ => (differs(actual), None),
            },
        },
    }
}

/// Judges a count that may grow but never fall below the baseline.
fn grown(before: Option<&str>, actual: Option<&str>) -> (Verdict, Option<String>) {
    let Some(actual) = actual else { return (Verdict::Missing, None) };
    match (before.unwrap_or("0").parse::<i128>(), actual.parse::<i128>()) {
        (Ok(before), Ok(now)) if now > before => (Verdict::Grown, Some(format!("+{} allowed", now - before))),
        (Ok(before), Ok(now)) => (Verdict::Drifted, Some(format!("{} below the baseline", before - now))),
        (Err(_), _) | (_, Err(_)) => (Verdict::Drifted, Some("growth can only be judged on whole numbers".to_owned())),
    }
}

/// Compares two texts line by line; white space at line ends and at the end does not count.
fn same_text(expected: &str, actual: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines(expected) == lines(actual)
}

/// Refuses rows that each match a branch, but not one and the same: 6 rows of which 4 are retired.
fn refuse_mixed_branches(judged: &[(&Check, Judged<'_>)], rows: &mut [Row]) {
    let branches = |index: usize| match &*judged[index].1.expectation {
        Expectation::OneOf(branches) => branches.as_slice(),
        Expectation::Equals(_)
        | Expectation::Absent
        | Expectation::Present
        | Expectation::Unchanged
        | Expectation::Grows
        | Expectation::Text(_) => &[],
    };
    let holds = |row: &Row, index: usize, name: &str| {
        branches(index).iter().any(|branch| {
            branch.name == name && matches!(&row.actual, Reading::Value(Some(value)) if *value == branch.value)
        })
    };
    // The first row that knows a branch and is not in it. A branch holds when there is none.
    let mut odd: HashMap<&str, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        for name in branches(index).iter().map(|branch| branch.name.as_str()) {
            if !odd.contains_key(name) && !holds(row, index, name) {
                odd.insert(name, index);
            }
        }
    }
    let mixed: Vec<(usize, String)> = (0..rows.len())
        .filter(|index| rows[*index].verdict == Verdict::Same && !branches(*index).is_empty())
        .filter_map(|index| {
            let names = branches(index).iter().map(|branch| branch.name.as_str());
            let mine: Vec<&str> = names.filter(|name| holds(&rows[index], index, name)).collect();
            let first = *odd.get(mine.first()?)?;
            mine.iter()
                .all(|name| odd.contains_key(name))
                .then(|| (index, format!("`{}` holds here, but not for check `{}`", mine.join("`, `"), rows[first].id)))
        })
        .collect();
    for (index, remark) in mixed {
        rows[index].verdict = Verdict::Drifted;
        rows[index].remark = Some(remark);
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use crate::census::Reading;
    use crate::runbook::{Branch, Expectation};

    /// Cases are `expectation | baseline | actual`; `-` is NULL, `?` is blind, nothing is "not in the baseline".
    fn check(case: &str, expected: &str) {
        let parts: Vec<&str> = case.split('|').map(str::trim).collect();
        let reading = |text: &str| match text {
            "-" => Reading::Value(None),
            "?" => Reading::Blind("cannot see".to_owned()),
            text => Reading::Value(Some(text.to_owned())),
        };
        let (kind, value) = parts[0].split_once(' ').unwrap_or((parts[0], ""));
        let expectation = match kind {
            "equals" => Expectation::Equals(value.to_owned()),
            "one_of" => Expectation::OneOf(
                value.split(' ').map(|value| Branch { name: format!("b{value}"), value: value.to_owned() }).collect(),
            ),
            "absent" => Expectation::Absent,
            "present" => Expectation::Present,
            "unchanged" => Expectation::Unchanged,
            "grows" => Expectation::Grows,
            "text" => Expectation::Text(value.to_owned()),
            kind => panic!("no such expectation: {kind}"),
        };
        let baseline = (!parts[1].is_empty()).then(|| reading(parts[1]));
        let (verdict, remark) = judge(&expectation, baseline.as_ref(), &reading(parts[2]));
        let verdict = format!("{verdict:?}").to_lowercase();
        assert_eq!(remark.map_or(verdict.clone(), |remark| format!("{verdict}: {remark}")), expected, "{case}");
    }

    #[test]
    fn every_kind_of_expectation_has_its_verdicts() {
        check("equals 8 | | 8", "same");
        check("equals 8 | | 7", "drifted");
        check("equals 8 | | -", "missing");
        check("equals 8 | | ?", "blind: cannot see");
        check("equals 8 | | 08", "drifted");
        check("one_of 6 10 | | 10", "same: b10");
        check("one_of 6 10 | | 8", "drifted");
        check("one_of 6 10 | | -", "missing");
        check("absent | | -", "same");
        check("absent | | public.governance_ruleset", "drifted: it is still there");
        check("present | | x", "same");
        check("present | | -", "missing");
        check("unchanged | 5 | 5", "same");
        check("unchanged | 5 | 6", "drifted");
        check("unchanged | - | -", "same");
        check("unchanged | 5 | -", "missing");
        check("unchanged | | 5", "blind: there is no baseline to compare with; open one that holds this check");
        check("unchanged | ? | 5", "blind: the baseline was blind here: cannot see");
        check("grows | 50000 | 50012", "grown: +12 allowed");
        check("grows | 50000 | 50000", "same");
        check("grows | 50000 | 49999", "drifted: 1 below the baseline");
        check("grows | 50000 | many", "drifted: growth can only be judged on whole numbers");
        check("grows | 50000 | -", "missing");
        check("text CREATE TRIGGER t | | CREATE TRIGGER t  ", "same");
        check("text CREATE TRIGGER t | | CREATE TRIGGER u", "drifted");
    }

    #[test]
    fn verdict_words_are_the_documented_ones() {
        let words =
            serde_json::to_string(&[Verdict::Same, Verdict::Grown, Verdict::Drifted, Verdict::Missing, Verdict::Blind]);
        assert_eq!(words.unwrap(), r#"["same","grown","drifted","missing","blind"]"#);
    }
}
