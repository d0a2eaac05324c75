//! Watches the stop conditions while a window is open: one small census at each beat, and a word only when something changed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{Event, Latch, StopSource, World, held_here, latch, ledger_baseline, look_at_stops, upload_stops};
use crate::census::{Baseline, Reading};
use crate::ledger::StopMoment;
use crate::port::Database;
use crate::runbook::Runbook;

/// The conditions are asked at most once in so many seconds.
const LEAST_WATCH: u32 = 2;
/// And at least once in so many.
const MOST_WATCH: u32 = 3_600;

/// How often is watched: not more often than a census is worth, not less often than hourly.
pub(super) fn every(seconds: u32) -> Duration {
    match seconds {
        0 => Duration::ZERO,
        seconds => Duration::from_secs(u64::from(seconds.clamp(LEAST_WATCH, MOST_WATCH))),
    }
}

/// What is watched, and how often.
pub(super) struct StopWatch {
    pub(super) world: World,
    pub(super) database: Weak<dyn Database>,
    pub(super) runbook: Arc<Runbook>,
    pub(super) baseline: Option<Arc<Baseline>>,
    pub(super) every: Duration,
}

/// What was said last: conditions with their answers, where the stop holds, and how many this desk holds.
type Said = (Vec<(String, Reading)>, Latch, usize);

impl StopWatch {
    /// Watches until the database is let go.
    pub(super) async fn go(mut self, mut say: impl FnMut(Event) + Send) {
        let mut said: Said = (Vec::new(), Latch::Clear, 0);
        loop {
            tokio::time::sleep(self.every).await;
            let Some(database) = self.database.upgrade() else { return };
            self.beat(&*database, &mut said, &mut say).await;
        }
    }

    /// One beat. A database that does not answer is asked again at the next one.
    async fn beat(&mut self, database: &dyn Database, said: &mut Said, say: &mut (impl FnMut(Event) + Send)) {
        if self.baseline.is_none() {
            // `unchanged` means nothing without one; it may have been kept in the ledger meanwhile.
            self.baseline = ledger_baseline(&self.world, database, &self.runbook).await.ok().flatten().map(Arc::new);
        }
        let Ok(look) = look_at_stops(&self.world, database, &self.runbook, self.baseline.as_deref()).await else {
            return;
        };
        let tripped = look.tripped();
        let answers: Vec<(String, Reading)> = tripped.iter().map(|it| (it.id.clone(), it.actual.clone())).collect();
        let settled = matches!(said.1, Latch::Clear | Latch::Standing(_) | Latch::Ledger(_));
        let held = held_here(&self.world, &look.target).map_or(1, |held| held.len());
        // A stop held here is uploaded as soon as the ledger can be written again.
        if held > 0 && upload_stops(&self.world, database).await.is_ok() {
            let rest = held_here(&self.world, &look.target).map_or(1, |held| held.len());
            *said = (answers.clone(), Latch::Clear, rest);
            say(Event::Watched { tripped: Arc::new(tripped), latch: Latch::Clear, held_here: rest });
            return;
        }
        if answers == said.0 && settled && held == said.2 {
            return;
        }
        let source = StopSource::of(&self.runbook, StopMoment::Watch);
        let Ok(latched) = latch(&self.world, database, &source, &look).await else { return };
        let held = held_here(&self.world, &look.target).map_or(1, |held| held.len());
        let now: Said = (answers, latched.clone(), held);
        if now != *said {
            *said = now;
            say(Event::Watched { tripped: Arc::new(tripped), latch: latched, held_here: held });
        }
    }
}
