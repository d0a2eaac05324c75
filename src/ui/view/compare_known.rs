//! What the compare page works out once for a rehearsal and a comparison, and not again each frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Scene;
use crate::census::{Comparison, Row, Verdict};
use crate::rehearsal::Rehearsal;
use crate::runbook::CheckId;

/// Answers that are kept until what they were made from changes.
#[derive(Default)]
pub struct Prepared {
    rehearsal: Option<Arc<Rehearsal>>,
    /// For each check, the last comparison inside the rehearsal that holds it, and its row there.
    inside: BTreeMap<CheckId, (usize, usize)>,
}

impl Prepared {
    /// Finds again whatever has changed since the last frame.
    pub fn refresh(&mut self, scene: &Scene<'_>) {
        let rehearsal = scene.shown.rehearsal.value().map(|rehearsed| &rehearsed.rehearsal);
        if self.rehearsal.as_ref().map(Arc::as_ptr) != rehearsal.map(Arc::as_ptr) {
            self.rehearsal = rehearsal.cloned();
            self.inside = rehearsal.map(|rehearsal| places(&rehearsal.inside)).unwrap_or_default();
        }
    }

    /// Returns a check's row inside the newest rehearsal.
    #[must_use]
    pub fn inside(&self, id: &CheckId) -> Option<&Row> {
        let (comparison, row) = *self.inside.get(id)?;
        self.rehearsal.as_ref()?.inside.get(comparison)?.rows.get(row)
    }
}

/// How many rows of a comparison have each verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    of_verdict: BTreeMap<Verdict, usize>,
    /// How many do not pass.
    pub failures: usize,
}

impl Tally {
    /// Counts the rows.
    #[must_use]
    pub fn of(comparison: &Comparison) -> Self {
        let mut tally = Self { of_verdict: BTreeMap::new(), failures: comparison.failures().count() };
        for row in &comparison.rows {
            *tally.of_verdict.entry(row.verdict).or_default() += 1;
        }
        tally
    }

    /// Returns how many rows have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.of_verdict.get(&verdict).copied().unwrap_or_default()
    }
}

fn places(inside: &[Comparison]) -> BTreeMap<CheckId, (usize, usize)> {
    let mut places = BTreeMap::new();
    // A later stage's answer takes the place of an earlier one's.
    for (at, comparison) in inside.iter().enumerate() {
        let mut here = BTreeMap::new();
        for (row, found) in comparison.rows.iter().enumerate() {
            here.entry(found.id.clone()).or_insert((at, row));
        }
        places.extend(here);
    }
    places
}
