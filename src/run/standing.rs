//! Takes what a stage did; answers whether the plan knows of it; refuses what nobody declared, and says what to do.

use std::collections::BTreeMap;

use super::books::Kind;
use super::effects::{RowsOf, Seen};
use super::{Effect, EffectKind, Standing, StatementTrace};
use crate::plan::{Change, DeclaredClass, NamedChange, Plan, Stage};
use crate::runbook::ObjectName;

/// What a stage's effects are held against.
pub(super) struct Judge<'a> {
    /// The plan.
    pub(super) plan: &'a Plan,
    /// The stage.
    pub(super) stage: &'a Stage,
    /// The stage's statements as they were answered.
    pub(super) sent: &'a [StatementTrace],
}

/// Rows the command tags told of for one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    inserted: u64,
    updated: u64,
    deleted: u64,
    /// Rows of a statement that may do more than one thing: MERGE, ON CONFLICT DO UPDATE.
    any: u64,
    /// Set when a write is named whose rows no tag counts.
    uncounted: bool,
}

impl Judge<'_> {
    /// Judges every effect, and returns the first surprise as a sentence.
    pub(super) fn judge(&self, seen: &[Seen]) -> (Vec<Effect>, Option<String>) {
        let mut surprise = None;
        let effects = seen
            .iter()
            .map(|seen| {
                let standing = self.standing(seen);
                if surprise.is_none() {
                    surprise = match standing {
                        Standing::Undeclared => Some(self.undeclared(seen)),
                        Standing::Named | Standing::Declared => self.more_than_told(seen),
                    };
                }
                Effect { object: seen.object.clone(), what: seen.what.clone(), standing }
            })
            .collect();
        (effects, surprise)
    }

    fn class(&self, name: &ObjectName) -> Option<DeclaredClass> {
        self.plan.objects.iter().find(|object| object.name == *name).map(|object| object.class)
    }

    /// Returns the class that counts for an effect, and whether it is the object's own: an index goes with its table.
    fn class_of(&self, seen: &Seen) -> Option<(DeclaredClass, bool)> {
        let own = self.class(&seen.object).map(|class| (class, true));
        own.or_else(|| seen.hangs_on.iter().find_map(|name| self.class(name)).map(|class| (class, false)))
    }

    /// D-29: every effect is on an object of one class, and the class says what a reversal may do.
    fn standing(&self, seen: &Seen) -> Standing {
        let Some((class, is_own)) = self.class_of(seen) else { return Standing::Undeclared };
        let is_named = self.stage.names.iter().any(|name| names(name, seen));
        let known = if is_named { Standing::Named } else { Standing::Declared };
        match class {
            DeclaredClass::Protected => Standing::Undeclared,
            DeclaredClass::Greenfield => known,
            DeclaredClass::Growing => match &seen.what {
                EffectKind::Moved { .. } => known,
                // No write by a statement; a trigger may add and update, and growth is never a deletion.
                EffectKind::Rows { deleted, .. } if !is_named && deleted == "0" => known,
                EffectKind::Rows { .. }
                | EffectKind::Rewritten
                | EffectKind::Created
                | EffectKind::Altered
                | EffectKind::Dropped
                | EffectKind::AdvisoryLock
                | EffectKind::Prepared => Standing::Undeclared,
            },
            DeclaredClass::Shared | DeclaredClass::RetireOnly => match &seen.what {
                // D-22: retired, never deleted. An update that moves a row between partitions counts as a deletion too.
                EffectKind::Rows { deleted, .. }
                    if class == DeclaredClass::RetireOnly && deleted != "0" && seen.rows != RowsOf::Partitioned =>
                {
                    Standing::Undeclared
                }
                EffectKind::Moved { .. } | EffectKind::Rows { .. } => known,
                EffectKind::Rewritten | EffectKind::Created | EffectKind::Altered | EffectKind::Dropped
                    if is_named && self.may_redefine(seen, is_own) =>
                {
                    known
                }
                EffectKind::Rewritten
                | EffectKind::Created
                | EffectKind::Altered
                | EffectKind::Dropped
                | EffectKind::AdvisoryLock
                | EffectKind::Prepared => Standing::Undeclared,
            },
        }
    }

    /// Returns whether a definition that belongs to others too may change in this way.
    fn may_redefine(&self, seen: &Seen, is_own: bool) -> bool {
        if seen.kind == Some(Kind::Trigger) {
            // D-31: a trigger of others is put back as it was captured. One that nobody declared is nobody's to touch.
            return is_own && seen.what == EffectKind::Altered;
        }
        // Only a part that this phase made may go, and what hangs on it. The whole is not ours to drop (D-3), and TRUNCATE
        // has no key (D-28).
        let is_whole = is_own && matches!(seen.what, EffectKind::Created | EffectKind::Dropped);
        let is_emptied = seen.what == EffectKind::Rewritten && self.is_emptied(seen);
        !is_whole && !is_emptied && self.takes_a_part(seen)
    }

    /// Returns whether a statement changes a declared greenfield part of a table: a column, a constraint, a trigger of it.
    fn takes_a_part(&self, seen: &Seen) -> bool {
        let is_part = |part: &ObjectName, whole: &ObjectName| {
            let rest = part.name.strip_prefix(whole.name.as_str());
            part.schema == whole.schema && rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.stage.names.iter().any(|name| {
            matches!(name.change, Change::Create | Change::Alter | Change::Drop)
                && self.class(&name.object) == Some(DeclaredClass::Greenfield)
                && std::iter::once(&seen.object)
                    .chain(&seen.hangs_on)
                    .chain(&seen.heir_of)
                    .any(|whole| is_part(&name.object, whole))
        })
    }

    fn is_emptied(&self, seen: &Seen) -> bool {
        self.stage.names.iter().any(|name| {
            name.change == Change::Empty && (name.object == seen.object || seen.hangs_on.contains(&name.object))
        })
    }

    fn told(&self, seen: &Seen) -> Told {
        let is_this =
            |name: &ObjectName| *name == seen.object || seen.hangs_on.contains(name) || seen.heir_of.contains(name);
        let mut by_statement: BTreeMap<u32, Vec<&NamedChange>> = BTreeMap::new();
        for name in self.stage.names.iter().filter(|name| is_this(&name.object)) {
            by_statement.entry(name.statement).or_default().push(name);
        }
        let mut told = Told::default();
        for (ordinal, names) in by_statement {
            let writes = |change| matches!(change, Change::Insert | Change::Update | Change::Delete);
            let mut counted: Vec<Change> = Vec::new();
            for name in names.iter().filter(|name| writes(name.change)) {
                if name.counted { counted.push(name.change) } else { told.uncounted = true }
            }
            let answer = self.sent.iter().find(|sent| sent.ordinal == ordinal);
            let rows = answer.and_then(|sent| sent.rows.as_ref()?.parse::<u64>().ok()).unwrap_or(0);
            match counted.as_slice() {
                [] => {}
                [Change::Insert] => told.inserted += rows,
                [Change::Update] => told.updated += rows,
                [Change::Delete] => told.deleted += rows,
                [_, ..] => told.any += rows,
            }
        }
        told
    }

    /// Compares the rows a table's books show with those the command tags told of: the rest was a trigger's, a rule's or a
    /// foreign key's doing.
    fn more_than_told(&self, seen: &Seen) -> Option<String> {
        let EffectKind::Rows { inserted, updated, deleted } = &seen.what else { return None };
        let (class, _) = self.class_of(seen)?;
        let told = self.told(seen);
        let is_named = told != Told::default() || self.stage.names.iter().any(|name| names(name, seen));
        let is_held = match class {
            DeclaredClass::Shared | DeclaredClass::RetireOnly => true,
            // What this phase made may be written to by its own triggers, where no statement says how much.
            DeclaredClass::Greenfield => is_named,
            DeclaredClass::Protected | DeclaredClass::Growing => false,
        };
        if !is_held || told.uncounted || seen.rows == RowsOf::Uncounted {
            return None;
        }
        let number = |text: &String| text.parse::<u64>().unwrap_or(u64::MAX);
        let over = |seen: &String, told: u64| number(seen).saturating_sub(told);
        let (over_inserted, over_deleted) = (over(inserted, told.inserted), over(deleted, told.deleted));
        let over_updated = over(updated, told.updated);
        let moved = match seen.rows {
            RowsOf::Partitioned => over_inserted.min(over_deleted).min(told.updated.saturating_sub(number(updated))),
            RowsOf::Plain | RowsOf::Uncounted => 0,
        };
        let over = over_inserted.saturating_add(over_deleted).saturating_add(over_updated);
        if over.saturating_sub(moved.saturating_mul(2)) <= told.any {
            return None;
        }
        let all = told.inserted + told.updated + told.deleted + told.any;
        Some(format!(
            "{}: the statements told of {} on {}, the server counted {}. A trigger, a rule or a foreign key wrote the rest; \
             find it, and stage again when it no longer does",
            self.stage.step,
            rows_in_words(told.inserted, told.updated, told.deleted, all),
            seen.object,
            rows_in_words(number(inserted), number(updated), number(deleted), 0),
        ))
    }

    fn undeclared(&self, seen: &Seen) -> String {
        let object = &seen.object;
        let step = &self.stage.step;
        let done = in_words(seen);
        let why = match self.class_of(seen) {
            None => "the runbook does not declare it".to_owned(),
            Some((DeclaredClass::Protected, _)) => "it is protected, so nothing of it may change".to_owned(),
            Some((DeclaredClass::Growing, _)) => {
                "it is growing, so a reversal may at most add to it by triggers".to_owned()
            }
            Some((DeclaredClass::RetireOnly, _)) => {
                "it is retire_only, so only rows that a statement names may be updated".to_owned()
            }
            Some((DeclaredClass::Shared, _)) => "it is shared, and no statement may do that to it".to_owned(),
            Some((DeclaredClass::Greenfield, _)) => "it is greenfield".to_owned(),
        };
        let next = match &seen.what {
            EffectKind::Moved { .. } => {
                "ROLLBACK does not put it back. Declare the sequence or its table, or do not use it"
            }
            EffectKind::AdvisoryLock => "It outlives the transaction. Use pg_advisory_xact_lock, or none",
            EffectKind::Prepared => {
                "It lives on by itself. Look into pg_prepared_xacts, and end it there with ROLLBACK PREPARED"
            }
            EffectKind::Rows { .. }
            | EffectKind::Rewritten
            | EffectKind::Created
            | EffectKind::Altered
            | EffectKind::Dropped => {
                "Find the statement, trigger or function that did it; declare the object with its class, or remove it"
            }
        };
        format!("{step}: undeclared effect: {object} {done}, and {why}. {next}")
    }

    /// Returns the first effect that the approved rehearsal did not show: what people approved was what they saw.
    pub(super) fn beyond(&self, effects: &[Effect], approved: &[Effect]) -> Option<String> {
        let first = effects.iter().find(|effect| {
            let grows = self.class(&effect.object) == Some(DeclaredClass::Growing);
            let is_excused = match &effect.what {
                // Rows that a statement names are held to its own count.
                EffectKind::Rows { .. } => grows || effect.standing == Standing::Named,
                // A sequence moves when a growing table's trigger fires, which traffic decides.
                EffectKind::Moved { .. } => effect.standing != Standing::Undeclared,
                EffectKind::Rewritten
                | EffectKind::Created
                | EffectKind::Altered
                | EffectKind::Dropped
                | EffectKind::AdvisoryLock
                | EffectKind::Prepared => false,
            };
            !is_excused
                && !approved.iter().any(|other| other.object == effect.object && covers(&other.what, &effect.what))
        })?;
        let seen = Seen {
            object: first.object.clone(),
            what: first.what.clone(),
            hangs_on: Vec::new(),
            heir_of: Vec::new(),
            kind: None,
            rows: RowsOf::Uncounted,
        };
        Some(format!(
            "{}: {} {}, which the approved rehearsal did not show; look into what changed since, and stage again",
            self.stage.step,
            first.object,
            in_words(&seen)
        ))
    }
}

/// Returns whether an approved effect is of the same kind: for rows, of every kind of write.
fn covers(approved: &EffectKind, actual: &EffectKind) -> bool {
    match (approved, actual) {
        (
            EffectKind::Rows { inserted, updated, deleted },
            EffectKind::Rows { inserted: more_inserted, updated: more_updated, deleted: more_deleted },
        ) => [(inserted, more_inserted), (updated, more_updated), (deleted, more_deleted)]
            .iter()
            .all(|(approved, actual)| *actual == "0" || *approved != "0"),
        (EffectKind::Moved { .. }, EffectKind::Moved { .. }) => true,
        (approved, actual) => approved == actual,
    }
}

/// Returns whether a statement names what happened: the object itself, or what the object hangs on.
fn names(name: &NamedChange, seen: &Seen) -> bool {
    let is_own = name.object == seen.object;
    if !is_own && !seen.hangs_on.contains(&name.object) && !seen.heir_of.contains(&name.object) {
        return false;
    }
    let is_definition = matches!(name.change, Change::Create | Change::Alter | Change::Attach | Change::Drop);
    match &seen.what {
        EffectKind::Rows { .. } => {
            matches!(name.change, Change::Insert | Change::Update | Change::Delete | Change::Empty)
        }
        EffectKind::Rewritten => matches!(name.change, Change::Empty | Change::Update | Change::Alter),
        EffectKind::Created => {
            if is_own {
                name.change == Change::Create
            } else {
                is_definition
            }
        }
        EffectKind::Dropped => {
            if is_own {
                name.change == Change::Drop
            } else {
                is_definition
            }
        }
        // A sequence with its table, an index by REINDEX: whatever the statement does to the one is done to the other.
        EffectKind::Altered => is_definition || (!is_own && name.change == Change::Empty),
        EffectKind::Moved { .. } => true,
        EffectKind::AdvisoryLock | EffectKind::Prepared => false,
    }
}

fn in_words(seen: &Seen) -> String {
    match &seen.what {
        EffectKind::Rows { inserted, updated, deleted } => {
            if inserted.is_empty() {
                return "was opened for writing, and nobody counts its rows".to_owned();
            }
            let number = |text: &String| text.parse().unwrap_or(u64::MAX);
            format!("had {}", rows_in_words(number(inserted), number(updated), number(deleted), 0))
        }
        EffectKind::Rewritten => "was emptied or rewritten".to_owned(),
        EffectKind::Created => "was created".to_owned(),
        EffectKind::Altered => "was altered".to_owned(),
        EffectKind::Dropped => "was dropped".to_owned(),
        EffectKind::Moved { from, to } => {
            let known = |text: &String| if text.is_empty() { "an unknown value".to_owned() } else { text.clone() };
            format!("moved from {} to {}", known(from), known(to))
        }
        EffectKind::AdvisoryLock => "was taken for the whole session".to_owned(),
        EffectKind::Prepared => "was prepared".to_owned(),
    }
}

fn rows_in_words(inserted: u64, updated: u64, deleted: u64, all: u64) -> String {
    let parts: Vec<String> = [(inserted, "inserted"), (updated, "updated"), (deleted, "deleted")]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, done)| format!("{count} {done}"))
        .collect();
    if parts.is_empty() { format!("{all} rows") } else { format!("rows {}", parts.join(", ")) }
}
