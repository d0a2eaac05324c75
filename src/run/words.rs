//! Takes effects; gives them in words and in the order a reader needs; refuses nothing.

use std::cmp::Reverse;

use super::{Effect, EffectKind, StageTrace, Standing};

impl EffectKind {
    /// Says what happened: `4 rows deleted`, `moved from 7 to 9`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Rows { inserted, updated, deleted } => {
                let counts = [(inserted, "inserted"), (updated, "updated"), (deleted, "deleted")];
                let said: Vec<String> = counts
                    .into_iter()
                    .filter(|(count, _)| *count != "0" && !count.is_empty())
                    .map(|(count, deed)| format!("{count} {} {deed}", if count == "1" { "row" } else { "rows" }))
                    .collect();
                if said.is_empty() { "no rows written".to_owned() } else { said.join(", ") }
            }
            Self::Rewritten => "emptied or rewritten".to_owned(),
            Self::Created => "created".to_owned(),
            Self::Altered => "definition changed".to_owned(),
            Self::Dropped => "dropped".to_owned(),
            Self::Moved { from, to } => {
                let known = |value: &str| if value.is_empty() { "unknown".to_owned() } else { value.to_owned() };
                format!("moved from {} to {}", known(from), known(to))
            }
            Self::AdvisoryLock => "advisory lock taken".to_owned(),
            Self::Prepared => "transaction prepared".to_owned(),
        }
    }

    /// Returns whether ROLLBACK leaves it as it is.
    #[must_use]
    pub fn survives_rollback(&self) -> bool {
        match self {
            Self::Moved { .. } | Self::AdvisoryLock | Self::Prepared => true,
            Self::Rows { .. } | Self::Rewritten | Self::Created | Self::Altered | Self::Dropped => false,
        }
    }
}

impl Standing {
    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Declared => "declared",
            Self::Undeclared => "undeclared",
        }
    }
}

impl Effect {
    /// Says what happened, and that ROLLBACK does not put it back where that is so.
    #[must_use]
    pub fn words(&self) -> String {
        let stays = if self.what.survives_rollback() { "; ROLLBACK does not put it back" } else { "" };
        format!("{}{stays}", self.what.words())
    }
}

impl StageTrace {
    /// Orders the effects for a reader: undeclared ones first, then what ROLLBACK leaves, then by name.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Effect> {
        let mut sorted: Vec<&Effect> = self.effects.iter().collect();
        sorted.sort_by_key(|effect| {
            let undeclared = effect.standing == Standing::Undeclared;
            (Reverse(undeclared), Reverse(effect.what.survives_rollback()), &effect.object, &effect.what)
        });
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::ObjectName;

    fn rows(inserted: &str, updated: &str, deleted: &str) -> EffectKind {
        EffectKind::Rows { inserted: inserted.to_owned(), updated: updated.to_owned(), deleted: deleted.to_owned() }
    }

    fn moved(from: &str, to: &str) -> EffectKind {
        EffectKind::Moved { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn effects_are_said_in_words() {
        let check = |what: EffectKind, expected: &str| {
            let object = ObjectName::new("public", "t");
            assert_eq!(Effect { object, what, standing: Standing::Named }.words(), expected);
        };
        check(rows("0", "0", "4"), "4 rows deleted");
        check(rows("1", "2", "0"), "1 row inserted, 2 rows updated");
        check(rows("0", "0", "0"), "no rows written");
        check(EffectKind::Dropped, "dropped");
        check(moved("7", "9"), "moved from 7 to 9; ROLLBACK does not put it back");
        check(moved("", "9"), "moved from unknown to 9; ROLLBACK does not put it back");
        check(EffectKind::AdvisoryLock, "advisory lock taken; ROLLBACK does not put it back");
    }

    #[test]
    fn what_must_be_seen_comes_first() {
        let effect =
            |name: &str, what: EffectKind, standing| Effect { object: ObjectName::new("public", name), what, standing };
        let stage = StageTrace {
            step: "S-1".into(),
            holders: Vec::new(),
            effects: vec![
                effect("a", EffectKind::Dropped, Standing::Named),
                effect("b", moved("1", "2"), Standing::Declared),
                effect("c", rows("1", "0", "0"), Standing::Undeclared),
                effect("a", rows("0", "0", "1"), Standing::Named),
            ],
        };
        let order: Vec<String> = stage
            .worst_first()
            .iter()
            .map(|effect| format!("{} {} {}", effect.standing.word(), effect.object.name, effect.what.words()))
            .collect();
        let expected =
            ["undeclared c 1 row inserted", "declared b moved from 1 to 2", "named a 1 row deleted", "named a dropped"];
        assert_eq!(order, expected);
    }
}
