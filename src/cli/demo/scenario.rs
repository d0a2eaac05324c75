//! Takes a name; gives a drill: one thing that has gone wrong in the demo's database; refuses names it does not know.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::embedded;

/// One thing that has gone wrong, for practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A governance event stands in the outbox (97.6).
    EventEmitted,
    /// A step stands committed without the row that authorises it (97.10).
    MissingApprovalRow,
    /// A governance event type has a real handler (97.10).
    HandlerRefFlipped,
    /// `governance_relations` was altered (97.10).
    RelationsAltered,
    /// The trigger guard was escalated to ERROR (97.10).
    GuardError,
    /// A table nobody declared refers to a step's table (97.4).
    DependentChild,
    /// A count is not what it must be (97.9).
    DriftedCount,
    /// A shared table was changed outside its governance rows (97.8).
    SharedTableDamaged,
    /// A session builds a step and does not end its transaction (97.2).
    OpenTransaction,
}

impl Scenario {
    /// Every drill.
    pub const ALL: [Self; 9] = [
        Self::EventEmitted,
        Self::MissingApprovalRow,
        Self::HandlerRefFlipped,
        Self::RelationsAltered,
        Self::GuardError,
        Self::DependentChild,
        Self::DriftedCount,
        Self::SharedTableDamaged,
        Self::OpenTransaction,
    ];

    /// Returns the name people type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EventEmitted => "event-emitted",
            Self::MissingApprovalRow => "missing-approval-row",
            Self::HandlerRefFlipped => "handler-ref-flipped",
            Self::RelationsAltered => "relations-altered",
            Self::GuardError => "guard-error",
            Self::DependentChild => "dependent-child",
            Self::DriftedCount => "drifted-count",
            Self::SharedTableDamaged => "shared-table-damaged",
            Self::OpenTransaction => "open-transaction",
        }
    }

    /// Returns what has happened, in one sentence.
    #[must_use]
    pub fn story(self) -> &'static str {
        match self {
            Self::EventEmitted => "A governance event stands in the outbox, in violation of Phase 1.",
            Self::MissingApprovalRow => "SB-2 stands committed without the row that authorises it.",
            Self::HandlerRefFlipped => "A governance event type was given a real handler.",
            Self::RelationsAltered => "governance_relations was altered: it has one more column.",
            Self::GuardError => "The trigger guard was escalated from WARNING to ERROR.",
            Self::DependentChild => "A table nobody declared refers to SB-2's scope.",
            Self::DriftedCount => "There are seven governance relations instead of eight.",
            Self::SharedTableDamaged => "Event types outside governance were changed and deleted.",
            Self::OpenTransaction => "A session builds SB-13 and does not end its transaction.",
        }
    }

    /// Returns the SQL that makes it happen; `None` where a session is held open instead.
    #[must_use]
    pub fn drill(self) -> Option<&'static str> {
        match self {
            Self::OpenTransaction => None,
            Self::EventEmitted
            | Self::MissingApprovalRow
            | Self::HandlerRefFlipped
            | Self::RelationsAltered
            | Self::GuardError
            | Self::DependentChild
            | Self::DriftedCount
            | Self::SharedTableDamaged => Some(embedded::file(&format!("drills/{}.sql", self.name()))),
        }
    }

    /// Returns whether the drill is mended with a dump from before the build.
    #[must_use]
    pub fn needs_dump(self) -> bool {
        self == Self::SharedTableDamaged
    }

    /// Returns the step that is left out of the build, because a session holds it open.
    #[must_use]
    pub fn held_step(self) -> Option<&'static str> {
        // Nothing depends on SB-13, so that every other step can be built without it.
        (self == Self::OpenTransaction).then_some("SB-13")
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// No drill has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no drill `{given}`; choose one of {}", Scenario::ALL.map(Scenario::name).join(", "))]
pub struct UnknownScenario {
    /// What was typed.
    pub given: String,
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.name() == text);
        found.ok_or_else(|| UnknownScenario { given: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drill_is_found_by_its_name_and_has_its_script() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.name().parse(), Ok(scenario));
            assert_eq!(scenario.drill().is_none(), scenario.held_step().is_some(), "{scenario}");
        }
    }

    #[test]
    fn an_unknown_drill_is_refused_with_the_known_ones() {
        let refusal = "guard".parse::<Scenario>().unwrap_err().to_string();
        assert!(refusal.contains("`guard`") && refusal.contains("guard-error"), "{refusal}");
    }
}
