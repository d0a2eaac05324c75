//! The baselines a window knows of, read once for each ledger, and the choice of two of them.

use std::sync::Arc;

use eframe::egui::{ComboBox, Ui, accesskit::Role};

use super::Scene;
use crate::census::Baseline;
use crate::session::LedgerView;
use crate::ui::widget::escape::visible;
use crate::ui::widget::{mark, text};

/// Baselines that are open, kept in the ledger, or kept by this window, each once.
#[derive(Default)]
pub struct KnownBaselines {
    open: Option<Arc<Baseline>>,
    ledger: Option<Arc<LedgerView>>,
    kept: usize,
    all: Vec<Arc<Baseline>>,
    made: usize,
}

impl KnownBaselines {
    /// Reads them again when the open one or the ledger is another than at the last frame.
    pub fn refresh(&mut self, scene: &Scene<'_>) {
        let open = scene.shown.baseline.value().map(|open| &open.baseline);
        let ledger = scene.shown.ledger.value();
        let kept_here = &scene.shown.kept;
        if is_same(self.open.as_ref(), open) && is_same(self.ledger.as_ref(), ledger) && self.kept == kept_here.len() {
            return;
        }
        (self.open, self.ledger, self.kept) = (open.cloned(), ledger.cloned(), kept_here.len());
        let kept = ledger.into_iter().flat_map(|ledger| &ledger.state.baselines);
        let kept = kept.filter_map(|(_, text)| serde_json::from_str::<Baseline>(text).ok().map(Arc::new));
        self.all.clear();
        self.made += 1;
        for baseline in open.cloned().into_iter().chain(kept).chain(kept_here.iter().cloned()) {
            if !self.all.contains(&baseline) {
                self.all.push(baseline);
            }
        }
    }

    /// Returns all of them: the open one first, then the ledger's, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[Arc<Baseline>] {
        &self.all
    }

    /// Returns how often they were read: another number may mean other baselines.
    #[must_use]
    pub const fn made(&self) -> usize {
        self.made
    }

    /// Names a baseline for people: what it is the truth of, and when it was taken.
    #[must_use]
    pub fn label_of(baseline: &Baseline) -> String {
        format!("{} · {}", visible(&baseline.label), text::date(baseline.census.taken_at))
    }

    /// Returns the two that are chosen, when there are two.
    #[must_use]
    pub fn pair(&self, sides: (usize, usize)) -> Option<(&Arc<Baseline>, &Arc<Baseline>)> {
        Some((self.all.get(sides.0)?, self.all.get(sides.1)?)).filter(|_| sides.0 != sides.1)
    }

    /// Lets somebody choose two, in the line that is drawn; says so when fewer are known.
    pub fn choose(&self, ui: &mut Ui, sides: &mut (usize, usize), names: [&str; 2]) -> bool {
        if self.all.len() < 2 {
            text::muted(ui, "Two kept baselines are needed; the ledger and the start page hold those that are known.");
            return false;
        }
        let last = self.all.len() - 1;
        for (side, name) in [&mut sides.0, &mut sides.1].into_iter().zip(names) {
            *side = (*side).min(last);
            let combo = ComboBox::from_id_salt(name).selected_text(Self::label_of(&self.all[*side])).width(240.0);
            let shown = combo.show_ui(ui, |ui| {
                for (at, baseline) in self.all.iter().enumerate() {
                    ui.selectable_value(side, at, Self::label_of(baseline));
                }
            });
            mark::name(&shown.response, Role::ComboBox, name);
        }
        true
    }
}

fn is_same<T>(known: Option<&Arc<T>>, now: Option<&Arc<T>>) -> bool {
    match (known, now) {
        (Some(known), Some(now)) => Arc::ptr_eq(known, now),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
