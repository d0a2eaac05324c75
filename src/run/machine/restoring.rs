//! The machine's extra steps for a restore: the dump is loaded and compared before the first statement, and compared again
//! after the last one. Any difference but the approved one rolls back.

use super::super::{Purpose, Reply, Step};
use super::{Machine, Phase};
use crate::restore::{CopyEnd, Deeds, DifferenceSum, Restore, deeds};

/// Where the loading and comparing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restoring {
    /// The temporary table for the dump's rows is being made.
    Making,
    /// The rows are being loaded.
    Loading,
    /// The planner is told of them.
    Analyzing,
    /// The difference is being found.
    Finding,
    /// The difference is being read.
    Reading,
    /// Constraints that may wait are told not to: a trigger cannot be switched on again while checks are pending.
    Constraining,
}

impl Restoring {
    /// Returns the tag that its message is answered with.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Making => "CREATE TABLE AS",
            Self::Loading => "COPY",
            Self::Analyzing => "ANALYZE",
            Self::Finding | Self::Reading => "SELECT",
            Self::Constraining => "SET CONSTRAINTS",
        }
    }
}

impl Machine {
    fn restore(&self) -> Option<(Restore, Deeds)> {
        let restore = self.plan.plan().restore.clone()?;
        let deeds = deeds(&restore);
        Some((restore, deeds))
    }

    /// Begins with the dump where the plan restores one; the books are opened afterwards, so that the temporary tables are
    /// no effect of the statements.
    pub(super) fn begin_restoring(&mut self) -> Step {
        match self.restore() {
            None => self.open_books(),
            Some((_, deeds)) => self.send(Phase::Restoring(Restoring::Making), Purpose::Restore, deeds.make),
        }
    }

    pub(super) fn restoring_answered(&mut self, at: Restoring) -> Step {
        let Some((restore, deeds)) = self.restore() else {
            return self.surprise("BUG: a plan without a restore was restoring");
        };
        match at {
            Restoring::Making => self.expect(Phase::Restoring(Restoring::Loading), Step::LoadDump(Box::new(restore))),
            Restoring::Analyzing => self.send(Phase::Restoring(Restoring::Finding), Purpose::Restore, deeds.find),
            Restoring::Finding => {
                self.expect(Phase::Restoring(Restoring::Reading), Step::ReadDifference(Box::new(restore)))
            }
            Restoring::Constraining => self.open_books(),
            Restoring::Loading | Restoring::Reading => {
                self.surprise(format!("BUG: an answer came while waiting in {at:?}"))
            }
        }
    }

    /// The dump must be the one that was compared when it was staged.
    pub(super) fn dump_loaded(&mut self, at: Restoring, end: CopyEnd) -> Step {
        let Some((restore, deeds)) = self.restore().filter(|_| at == Restoring::Loading) else {
            return self.surprise("BUG: rows of a dump came that nobody waited for");
        };
        let dump = &restore.dump;
        if (end.rows, end.digest) != (dump.rows, dump.sha256) {
            return self.surprise(format!(
                "this is not the dump that was approved: expected {} rows of {} with digest {}, actual {} with {}; bring the same \
                 file, or stage again",
                dump.rows,
                restore.table,
                dump.sha256.short(),
                end.rows,
                end.digest.short()
            ));
        }
        self.send(Phase::Restoring(Restoring::Analyzing), Purpose::Restore, deeds.analyze)
    }

    /// The difference must be the approved one, row by row: its digest binds them all.
    pub(super) fn difference_read(&mut self, at: Restoring, actual: &DifferenceSum) -> Step {
        let Some((restore, _)) = self.restore().filter(|_| at == Restoring::Reading) else {
            return self.surprise("BUG: a difference came that nobody waited for");
        };
        let expected = &restore.difference;
        if expected != actual {
            return self.surprise(format!(
                "the difference of {} is another than the one that was looked at: expected {} with digest {}, actual {} with {}; \
                 look at it again and stage again",
                restore.table,
                expected.in_words(),
                expected.digest.short(),
                actual.in_words(),
                actual.digest.short()
            ));
        }
        let sql = "SET CONSTRAINTS ALL IMMEDIATE";
        self.send(Phase::Restoring(Restoring::Constraining), Purpose::Restore, sql)
    }

    /// After the last statement and the deferred work the table must be as the dump, within the scope.
    pub(super) fn verify_restored(&mut self) -> Step {
        match self.restore() {
            None => self.assert_settings(Phase::AssertingExit),
            Some((_, deeds)) => self.send(Phase::Restored, Purpose::Restore, deeds.verify),
        }
    }

    pub(super) fn restored(&mut self, reply: &Reply) -> Step {
        let count = reply.rows.first().and_then(|row| row.first().cloned().flatten());
        match count.as_deref() {
            Some("0") => self.assert_settings(Phase::AssertingExit),
            Some(count) => {
                let place = self.stage_plan().step.clone();
                self.surprise(format!(
                    "{place}: {count} rows are still not as in the dump; look for what writes to the table, such as a column that a type \
                     or a trigger changes"
                ))
            }
            None => self.surprise("the comparison with the dump was answered with nothing"),
        }
    }
}
