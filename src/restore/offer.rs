//! Takes a diagnosis and a table; says whether a restore of it is offered, and on which grounds (D-40).

use super::Grounds;
use crate::census::Verdict;
use crate::diagnose::{ConditionState, Diagnosis};
use crate::runbook::ObjectName;

/// Whether a restore is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The counts of the table cannot be reconciled; no reversal mends that.
    Offered(Grounds),
    /// Nothing shows that targeted reversal cannot do it: a person has to state it, with the reason.
    NeedsStatement(String),
    /// It is not the time for it.
    NotNow(String),
}

/// Says whether a restore of a table is offered.
#[must_use]
pub fn offer(diagnosis: &Diagnosis, table: &ObjectName, statement: Option<&str>) -> Offer {
    let facts = &diagnosis.facts;
    // D-61: after a disaster nothing is written until the restart.
    if let Some(condition) = facts.conditions.iter().find(|condition| condition.state != ConditionState::Clear) {
        return Offer::NotNow(format!(
            "the stop condition {} has tripped or cannot be seen: {}",
            condition.id, condition.title
        ));
    }
    if let Some(reason) = facts.unreadable.first() {
        return Offer::NotNow(format!("something cannot be read: {reason}"));
    }
    let evidence: Vec<String> = facts
        .throughout
        .iter()
        .filter(|row| row.object.as_ref() == Some(table) && matches!(row.verdict, Verdict::Drifted | Verdict::Missing))
        .map(|row| {
            format!(
                "{}: {} must hold throughout (expected {}, actual {})",
                row.id,
                row.title,
                row.expected,
                words(&row.actual)
            )
        })
        .collect();
    let statement = statement.map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned);
    if evidence.is_empty() && statement.is_none() {
        return Offer::NeedsStatement(format!("no count of {table} is off, so a reversal by its key may do it (D-2)"));
    }
    Offer::Offered(Grounds { evidence, statement })
}

fn words(reading: &crate::census::Reading) -> String {
    use crate::census::Reading;
    match reading {
        Reading::Value(Some(value)) => value.chars().take(120).collect(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("blind: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::census::{Reading, Row};
    use crate::diagnose::{ConditionFact, Facts, diagnose};

    fn check(row: Option<(&str, Verdict)>, condition: ConditionState, statement: Option<&str>, expected: &str) {
        let throughout = row.map(|(object, verdict)| Row {
            id: "types".into(),
            title: "Event types".to_owned(),
            object: Some(ObjectName::try_from(object.to_owned()).unwrap()),
            sql: String::new(),
            key: Vec::new(),
            baseline: None,
            expected: "12".to_owned(),
            actual: Reading::Value(Some("10".to_owned())),
            verdict,
            remark: None,
        });
        let facts = Facts {
            read_at: Timestamp::UNIX_EPOCH,
            steps: Vec::new(),
            open: Vec::new(),
            conditions: vec![ConditionFact {
                id: "guard".to_owned(),
                title: "The guard".to_owned(),
                expected: String::new(),
                actual: Reading::Value(None),
                state: condition,
            }],
            throughout: throughout.into_iter().collect(),
            unreadable: Vec::new(),
        };
        let table = ObjectName::new("public", "types");
        let answer = match offer(&diagnose(facts), &table, statement) {
            Offer::Offered(grounds) => {
                format!("offered {} {}", grounds.evidence.join(" "), grounds.statement.unwrap_or_default())
            }
            Offer::NeedsStatement(reason) => format!("needs {reason}"),
            Offer::NotNow(reason) => format!("not now {reason}"),
        };
        assert!(answer.starts_with(expected), "expected `{expected}`: {answer}");
    }

    #[test]
    fn it_is_the_last_resort() {
        let clear = ConditionState::Clear;
        let drifted = Some(("public.types", Verdict::Drifted));
        check(drifted, clear, None, "offered types: Event types must hold throughout (expected 12, actual 10)");
        check(Some(("public.types", Verdict::Same)), clear, None, "needs no count of public.types");
        check(Some(("public.others", Verdict::Drifted)), clear, None, "needs");
        check(None, clear, Some("  "), "needs");
        check(None, clear, Some("a key was changed"), "offered  a key was changed");
        check(drifted, ConditionState::Tripped, Some("now"), "not now the stop condition guard");
        check(drifted, ConditionState::Unknown, None, "not now");
    }
}
