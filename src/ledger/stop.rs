//! Takes what tripped, or what somebody declares; gives the body of a stop, with everything that was seen; refuses to be
//! longer than people can read (D-60, D-61).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Body;
use crate::census::{Reading, difference_in_words};
use crate::diagnose::{ConditionFact, ConditionState, OpenTransaction};
use crate::runbook::{Principal, StepId, StopCondition};

/// The format name of a [`StopDeclaration`].
pub const STOP_FORMAT: &str = "countersign/stop/1";
/// The condition of a stop that somebody declared.
pub const DECLARED: &str = "declared by hand";
/// At most this many evidence rows are kept of one condition: enough to see what it is about.
const MOST_ROWS: usize = 50;
/// At most this many characters are kept of one value: a definition fits, a table does not.
const MOST_CHARACTERS: usize = 8_000;

/// Everything that was seen when a stop was latched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopDetail {
    /// The database it is about.
    pub database: String,
    /// The login that looked.
    pub login: String,
    /// When it was seen, by the clock of the server, or of the desk when nobody could ask the server.
    pub seen_at: Timestamp,
    /// On which occasion it was seen.
    pub moment: StopMoment,
    /// The runbook whose conditions were asked; empty for a stop by hand.
    pub runbook: String,
    /// The request that was being run, by its short name.
    pub request: Option<String>,
    /// Every condition that tripped; none for a stop by hand.
    pub conditions: Vec<TrippedCondition>,
    /// The steps it is about: a restart begins at STEP 0 of each of them.
    pub steps: Vec<StepId>,
    /// The session that is quarantined: it is left alone, and ended by a plan of its own only.
    pub session: Option<OpenTransaction>,
    /// What somebody signed to declare it.
    pub declared: Option<SignedStop>,
    /// Since when it was held at one desk alone, because the ledger could not be written.
    pub held_here_since: Option<Timestamp>,
}

/// On which occasion a stop was latched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMoment {
    /// Somebody looked at the database.
    Look,
    /// The window watched.
    Watch,
    /// Just before a run began.
    Preflight,
    /// Inside a run, or just after it.
    Run,
    /// Somebody declared it.
    Declared,
}

impl StopMoment {
    /// Returns the words of it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Look => "when somebody looked",
            Self::Watch => "while a window watched",
            Self::Preflight => "just before a run",
            Self::Run => "in a run",
            Self::Declared => "by hand",
        }
    }
}

/// A condition that tripped, with the values that say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrippedCondition {
    /// Its identifier in the runbook.
    pub id: String,
    /// What has happened, in one sentence.
    pub title: String,
    /// What holds while all is well.
    pub expected: String,
    /// What was answered.
    pub actual: Reading,
    /// Rows that show it, as the runbook's `evidence` asks for them.
    pub rows: Vec<String>,
}

impl TrippedCondition {
    /// Says expected against actual in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let actual = match &self.actual {
            Reading::Value(Some(value)) => value.clone(),
            Reading::Value(None) => "absent".to_owned(),
            Reading::Blind(reason) => format!("blind ({reason})"),
        };
        if let Reading::Value(now) = &self.actual
            && let Some(words) = difference_in_words(Some(&self.expected), now.as_deref(), &[])
        {
            return format!("{} ({words})", self.title);
        }
        format!("{} (expected {}, actual {})", self.title, one_line(&self.expected), one_line(&actual))
    }
}

fn one_line(value: &str) -> String {
    if value.chars().count() > 120 || value.contains('\n') {
        format!("{}…", value.chars().take(80).collect::<String>().replace('\n', " "))
    } else {
        value.to_owned()
    }
}

/// What somebody signed to declare a stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStop {
    /// The declaration's canonical text.
    pub document: String,
    /// Who, and the signature over it.
    pub signature: crate::approval::SignedBytes,
}

/// A stop that somebody declares, as it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopDeclaration {
    /// `countersign/stop/1`.
    pub format: String,
    /// The server, so that the declaration is no good for another.
    pub system_identifier: String,
    /// The database.
    pub database: String,
    /// Why everything must halt.
    pub reason: String,
    /// The steps it is about; empty means that nobody knows yet.
    pub steps: Vec<StepId>,
    /// Who declares it.
    pub by: Principal,
    /// When, by the desk's clock.
    pub at: Timestamp,
}

/// Picks the conditions that have tripped; what cannot be seen is no disaster by itself, and latches nothing (D-51).
#[must_use]
pub fn tripped_of(facts: &[ConditionFact]) -> Vec<TrippedCondition> {
    let tripped = facts.iter().filter(|fact| match fact.state {
        ConditionState::Tripped => true,
        ConditionState::Clear | ConditionState::Unknown => false,
    });
    let of = |fact: &ConditionFact| TrippedCondition {
        id: fact.id.clone(),
        title: fact.title.clone(),
        expected: cut(&fact.expected),
        actual: match &fact.actual {
            Reading::Value(value) => Reading::Value(value.as_deref().map(cut)),
            Reading::Blind(reason) => Reading::Blind(cut(reason)),
        },
        rows: Vec::new(),
    };
    tripped.map(of).collect()
}

/// Splits the answer of an `evidence` question into rows, and leaves out what nobody would read.
#[must_use]
pub fn evidence_rows(answer: Option<&Reading>) -> Vec<String> {
    match answer {
        Some(Reading::Value(Some(text))) => {
            let mut rows: Vec<String> = text.lines().take(MOST_ROWS).map(cut).collect();
            let more = text.lines().count().saturating_sub(MOST_ROWS);
            if more > 0 {
                rows.push(format!("… and {more} more"));
            }
            rows
        }
        Some(Reading::Value(None)) | None => Vec::new(),
        Some(Reading::Blind(reason)) => vec![format!("the rows cannot be seen: {}", cut(reason))],
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// Says which steps a stop is about: those its conditions declare, or those their answers name; nothing when neither does,
/// and then every step is meant.
#[must_use]
pub fn steps_of(conditions: &[TrippedCondition], declared: &[StopCondition], known: &[StepId]) -> Vec<StepId> {
    let about = |tripped: &TrippedCondition| -> Vec<StepId> {
        let declared = declared.iter().find(|stop| stop.id == tripped.id).map(|stop| stop.steps.clone());
        let named = || match &tripped.actual {
            Reading::Value(Some(value)) => {
                let is_named = |step: &&StepId| value.split([',', ' ', '\n']).any(|word| word == step.as_str());
                known.iter().filter(is_named).cloned().collect()
            }
            Reading::Value(None) | Reading::Blind(_) => Vec::new(),
        };
        declared.filter(|steps| !steps.is_empty()).unwrap_or_else(named)
    };
    let all: Vec<Vec<StepId>> = conditions.iter().map(about).collect();
    // One of them that may be about anything makes the stop be about everything.
    if all.is_empty() || all.iter().any(Vec::is_empty) {
        return known.to_vec();
    }
    known.iter().filter(|step| all.iter().flatten().any(|of| of == *step)).cloned().collect()
}

/// Makes the entry of a stop that conditions tripped: one act, however many they are.
#[must_use]
pub fn stopped(detail: StopDetail) -> Body {
    let ids: Vec<&str> = detail.conditions.iter().map(|tripped| tripped.id.as_str()).collect();
    let words: Vec<String> = detail.conditions.iter().map(TrippedCondition::words).collect();
    Body::Stopped {
        condition: ids.join(", "),
        reason: words.join("; "),
        by: detail.declared.as_ref().map(|declared| declared.signature.principal.clone()),
        detail: Some(Box::new(detail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tripped(id: &str, actual: &str) -> TrippedCondition {
        TrippedCondition {
            id: id.to_owned(),
            title: format!("{id} has happened"),
            expected: "none".to_owned(),
            actual: Reading::Value(Some(actual.to_owned())),
            rows: Vec::new(),
        }
    }

    fn declared(id: &str, steps: &[&str]) -> StopCondition {
        StopCondition {
            id: id.to_owned(),
            title: String::new(),
            sign: crate::runbook::StopSign::ErrorContains(String::new()),
            steps: steps.iter().map(|step| StepId::from(*step)).collect(),
            evidence: None,
            accepted: None,
        }
    }

    /// Which steps a stop is about, when its conditions declare these.
    fn check(conditions: &[TrippedCondition], stops: &[StopCondition], expected: &str) {
        let known = ["SB-12", "SB-1", "SB-2"].map(StepId::from);
        let steps = steps_of(conditions, stops, &known);
        assert_eq!(steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn a_stop_is_about_the_steps_its_conditions_name_or_about_all() {
        check(&[tripped("a", "SB-2")], &[declared("a", &[])], "SB-2");
        check(&[tripped("a", "SB-2, SB-1")], &[], "SB-1 SB-2");
        // SB-12 holds the letters of SB-1 and is another step.
        check(&[tripped("a", "SB-12")], &[], "SB-12");
        check(&[tripped("a", "3")], &[declared("a", &["SB-1"])], "SB-1");
        check(&[tripped("a", "3")], &[declared("a", &[])], "SB-12 SB-1 SB-2");
        check(&[tripped("a", "SB-2"), tripped("b", "3")], &[], "SB-12 SB-1 SB-2");
        check(&[], &[], "SB-12 SB-1 SB-2");
    }

    #[test]
    fn evidence_is_cut_where_nobody_would_read_on() {
        let rows = |text: &str| evidence_rows(Some(&Reading::Value(Some(text.to_owned()))));
        assert_eq!(rows("a\nb"), ["a", "b"]);
        let many: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        assert_eq!(rows(&many.join("\n")).last().map(String::as_str), Some("… and 10 more"));
        assert_eq!(rows(&"é".repeat(9_000))[0].chars().count(), 8_001);
        assert_eq!(evidence_rows(None), Vec::<String>::new());
        assert!(evidence_rows(Some(&Reading::Blind("no".to_owned())))[0].contains("cannot be seen"));
    }
}
