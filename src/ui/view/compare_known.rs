//! What the compare page works out once for a rehearsal, a ledger and a comparison, and not again each frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Scene;
use crate::census::{Baseline, Comparison, Row, Verdict};
use crate::rehearsal::Rehearsal;
use crate::runbook::CheckId;
use crate::session::LedgerView;

/// Answers that are kept until what they were made from changes.
#[derive(Default)]
pub struct Prepared {
    rehearsal: Option<Arc<Rehearsal>>,
    /// For each check, the last comparison inside the rehearsal that holds it, and its row there.
    inside: BTreeMap<CheckId, (usize, usize)>,
    open: Option<Arc<Baseline>>,
    ledger: Option<Arc<LedgerView>>,
    baselines: Vec<Arc<Baseline>>,
}

impl Prepared {
    /// Finds again whatever has changed since the last frame.
    pub fn refresh(&mut self, scene: &Scene<'_>) {
        let rehearsal = scene.shown.rehearsal.value().map(|rehearsed| &rehearsed.rehearsal);
        if !is_same(self.rehearsal.as_ref(), rehearsal) {
            self.rehearsal = rehearsal.cloned();
            self.inside = rehearsal.map(|rehearsal| places(&rehearsal.inside)).unwrap_or_default();
        }
        let open = scene.shown.baseline.value().map(|open| &open.baseline);
        let ledger = scene.shown.ledger.value();
        if !is_same(self.open.as_ref(), open) || !is_same(self.ledger.as_ref(), ledger) {
            self.open = open.cloned();
            self.ledger = ledger.cloned();
            self.baselines = baselines(open, ledger);
        }
    }

    /// Returns the baselines that are open or kept in the ledger, each once.
    #[must_use]
    pub fn baselines(&self) -> &[Arc<Baseline>] {
        &self.baselines
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

fn is_same<T>(known: Option<&Arc<T>>, now: Option<&Arc<T>>) -> bool {
    match (known, now) {
        (Some(known), Some(now)) => Arc::ptr_eq(known, now),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
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

fn baselines(open: Option<&Arc<Baseline>>, ledger: Option<&Arc<LedgerView>>) -> Vec<Arc<Baseline>> {
    let kept = ledger.into_iter().flat_map(|ledger| &ledger.state.baselines);
    let kept = kept.filter_map(|(_, text)| serde_json::from_str::<Baseline>(text).ok().map(Arc::new));
    let mut all: Vec<Arc<Baseline>> = Vec::new();
    for baseline in open.cloned().into_iter().chain(kept) {
        if !all.contains(&baseline) {
            all.push(baseline);
        }
    }
    all
}
