//! Takes locks and a stage; gives the strongest lock of some, and the strongest mode a stage will take on each relation;
//! refuses to guess about a statement that does not parse.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{HeldLock, StatementTrace, Trace};
use crate::plan::Stage;
use crate::runbook::sql::{Touch, Touched, split, touched};
use crate::runbook::{ObjectKind, ObjectName};

/// A mode in which a table can be locked, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockMode {
    /// Taken by reading.
    AccessShare,
    /// Taken by SELECT FOR UPDATE and the like.
    RowShare,
    /// Taken by INSERT, UPDATE and DELETE.
    RowExclusive,
    /// Taken by VACUUM, ANALYZE, COMMENT and some ALTER TABLE.
    ShareUpdateExclusive,
    /// Taken by CREATE INDEX.
    Share,
    /// Taken by CREATE TRIGGER, and by a run on the shared tables of a stage.
    ShareRowExclusive,
    /// Taken by REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// Taken by DROP, TRUNCATE and most ALTER TABLE.
    AccessExclusive,
}

impl LockMode {
    /// Every mode, the weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Reads a mode as `pg_locks` writes it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Returns the mode as `pg_locks` writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// Returns whether two sessions cannot hold these modes on one table at the same time.
    #[must_use]
    pub fn conflicts_with(self, other: Self) -> bool {
        let (weaker, stronger) = (self.min(other), self.max(other));
        match weaker {
            Self::AccessShare => stronger == Self::AccessExclusive,
            Self::RowShare => stronger >= Self::Exclusive,
            Self::RowExclusive => stronger >= Self::Share,
            // The one mode from here on that goes with itself.
            Self::Share => stronger != Self::Share,
            Self::ShareUpdateExclusive | Self::ShareRowExclusive | Self::Exclusive | Self::AccessExclusive => true,
        }
    }
}

/// Orders locks for a reader: the strongest first, then by name.
#[must_use]
pub fn strongest_first(locks: &[HeldLock]) -> Vec<&HeldLock> {
    let mut sorted: Vec<&HeldLock> = locks.iter().collect();
    sorted.sort_by_key(|lock| (Reverse(LockMode::parse(&lock.mode)), &lock.relation));
    sorted
}

/// Returns the strongest of some locks; of equals, the first by name.
#[must_use]
pub fn strongest(locks: &[HeldLock]) -> Option<&HeldLock> {
    locks.iter().min_by_key(|lock| (Reverse(LockMode::parse(&lock.mode)), &lock.relation))
}

impl StatementTrace {
    /// Returns the strongest lock the statement took.
    #[must_use]
    pub fn strongest_lock(&self) -> Option<&HeldLock> {
        strongest(&self.locks)
    }
}

impl Trace {
    /// Returns the strongest lock that any statement took.
    #[must_use]
    pub fn strongest_lock(&self) -> Option<&HeldLock> {
        let all = self.statements.iter().filter_map(StatementTrace::strongest_lock);
        all.min_by_key(|lock| (Reverse(LockMode::parse(&lock.mode)), &lock.relation))
    }
}

/// Returns the strongest mode a stage will take on each relation it names.
pub(super) fn wanted(stage: &Stage, schema: &str) -> BTreeMap<ObjectName, LockMode> {
    let mut wanted: BTreeMap<ObjectName, LockMode> = BTreeMap::new();
    let mut want = |name: &ObjectName, mode: LockMode| {
        wanted.entry(name.clone()).and_modify(|known| *known = mode.max(*known)).or_insert(mode);
    };
    for table in &stage.locked_tables {
        want(table, LockMode::ShareRowExclusive);
    }
    for planned in &stage.statements {
        // What does not parse will be refused by the server; nothing is known about its locks.
        for statement in split(&planned.sql).unwrap_or_default() {
            for touch in touched(&statement, schema) {
                if let Some((name, mode)) = lock_of(&touch, &planned.tag) {
                    want(&name, mode);
                }
            }
        }
    }
    wanted
}

/// Returns the relation that a touch locks, and how strongly, as the server's manual has it.
fn lock_of(touch: &Touched, tag: &str) -> Option<(ObjectName, LockMode)> {
    // Rights are changed without a lock on the relation.
    if tag == "GRANT" || tag == "REVOKE" {
        return None;
    }
    let mode = match touch.how {
        Touch::Call => return None,
        // The table that a new trigger sits on is a touch of its own.
        Touch::Create if touch.kind == Some(ObjectKind::Trigger) => return None,
        Touch::Read => LockMode::AccessShare,
        Touch::Update if tag == "REFRESH MATERIALIZED VIEW" => LockMode::AccessExclusive,
        Touch::Insert | Touch::Update | Touch::Delete => LockMode::RowExclusive,
        Touch::Alter if tag == "COMMENT" => LockMode::ShareUpdateExclusive,
        Touch::Attach if tag == "CREATE INDEX" => LockMode::Share,
        Touch::Attach if tag == "CREATE TRIGGER" => LockMode::ShareRowExclusive,
        Touch::Lock | Touch::Truncate | Touch::Create | Touch::Alter | Touch::Attach | Touch::Drop => {
            LockMode::AccessExclusive
        }
    };
    // A trigger is named with its table, and it is the table that is locked.
    let relation = match touch.name.name.split_once('.') {
        Some((table, _)) if touch.kind == Some(ObjectKind::Trigger) => ObjectName::new(&touch.name.schema, table),
        Some(_) | None => touch.name.clone(),
    };
    Some((relation, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::fixture::Desk;

    #[test]
    fn conflicts_are_those_of_the_manual() {
        // One row a mode, from the weakest; `x` is a conflict with the mode of that column.
        let manual = [".......x", "......xx", "....xxxx", "...xxxxx", "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"];
        for (mode, row) in LockMode::ALL.into_iter().zip(manual) {
            let found: String =
                LockMode::ALL.into_iter().map(|other| if mode.conflicts_with(other) { 'x' } else { '.' }).collect();
            assert_eq!(found, row, "{mode:?}");
            assert_eq!(LockMode::parse(mode.name()), Some(mode));
        }
        assert_eq!(LockMode::parse("SIReadLock"), None);
    }

    /// Locks are `mode relation`, joined by commas.
    fn check(locks: &str, expected: &str) {
        let read = |text: &str| {
            let (mode, relation) = text.split_once(' ').unwrap();
            HeldLock { relation: ObjectName::new("public", relation), mode: format!("{mode}Lock") }
        };
        let locks: Vec<HeldLock> = locks.split(", ").filter(|text| !text.is_empty()).map(read).collect();
        let say = |lock: &HeldLock| format!("{} {}", lock.mode.trim_end_matches("Lock"), lock.relation.name);
        let sorted: Vec<String> = strongest_first(&locks).into_iter().map(say).collect();
        assert_eq!(sorted.join(", "), expected);
        assert_eq!(strongest(&locks).map(say), sorted.first().cloned());
    }

    #[test]
    fn the_strongest_lock_comes_first_then_names_decide() {
        check("", "");
        check("AccessShare a, AccessExclusive b, RowExclusive c", "AccessExclusive b, RowExclusive c, AccessShare a");
        check("Share z, Share a, RowShare b", "Share a, Share z, RowShare b");
        check(
            "ShareUpdateExclusive a, ShareRowExclusive b, Share c",
            "ShareRowExclusive b, Share c, ShareUpdateExclusive a",
        );
        check("Exclusive a, ShareRowExclusive b", "Exclusive a, ShareRowExclusive b");
        check("Unheard a, AccessShare b", "AccessShare b, Unheard a");
    }

    /// A stage of one statement wants these locks, as `relation mode`.
    fn wants(sql: &str, tag: &str, expected: &str) {
        let mut stage = Desk::new().plan.stages[0].clone();
        stage.locked_tables.clear();
        stage.statements.truncate(1);
        stage.statements[0].sql = sql.to_owned();
        stage.statements[0].tag = tag.to_owned();
        let found: Vec<String> = wanted(&stage, "public")
            .into_iter()
            .map(|(name, mode)| format!("{name} {}", mode.name().trim_end_matches("Lock")))
            .collect();
        assert_eq!(found.join(", "), expected, "{sql}");
    }

    #[test]
    fn a_stage_wants_the_strongest_lock_of_what_it_does() {
        wants("DROP TABLE a, b.c", "DROP TABLE", "b.c AccessExclusive, public.a AccessExclusive");
        wants("DELETE FROM a WHERE id IN (SELECT id FROM b)", "DELETE", "public.a RowExclusive, public.b AccessShare");
        wants("DROP TRIGGER t ON a", "DROP TRIGGER", "public.a AccessExclusive");
        wants("COMMENT ON TABLE a IS 'x'", "COMMENT", "public.a ShareUpdateExclusive");
        wants("GRANT SELECT ON a TO b", "GRANT", "");
        wants("SELECT now()", "SELECT", "");
        wants("not sql", "", "");
    }

    #[test]
    fn a_rehearsal_has_one_strongest_lock() {
        assert_eq!(Trace::default().strongest_lock(), None);
    }
}
