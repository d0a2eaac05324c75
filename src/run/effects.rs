//! Takes two readings of the server's books; gives what our transaction did in between; refuses to blame it for what
//! another session did, and to overlook what it cannot attribute.

use std::collections::{BTreeMap, BTreeSet};

use super::EffectKind;
use super::books::{Books, Entry, Kind, Written};
use crate::runbook::ObjectName;

/// Locks under which nobody else changes a relation's definition.
const STRONG: [&str; 4] = ["ShareUpdateExclusiveLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"];

/// An effect with all that is needed to judge it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// What it happened to.
    pub(super) object: ObjectName,
    /// What happened.
    pub(super) what: EffectKind,
    /// What the object hangs on or is a part of, nearest first: its table, its partitioned table, its extension.
    pub(super) hangs_on: Vec<ObjectName>,
    /// Tables it inherits from: a statement that names one reaches it, but it belongs to its own class.
    pub(super) heir_of: Vec<ObjectName>,
    /// What the object is; nothing for what is in no catalog.
    pub(super) kind: Option<Kind>,
    /// For rows: whether their counts can be held against command tags.
    pub(super) rows: RowsOf,
}

/// Whose rows were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsOf {
    /// A plain table's: an update is an update.
    Plain,
    /// A partitioned table's: an update that moves a row counts as a deletion and an insertion.
    Partitioned,
    /// Something whose counts no command tag tells: a materialized view, a foreign table, the catalog; or no rows at all.
    Uncounted,
}

/// What the books say, as far as it can be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What our transaction did.
    pub(super) seen: Vec<Seen>,
    /// Transactions that wrote catalog rows and may be parts of ours: they have to be asked after.
    pub(super) unknown: BTreeSet<u32>,
}

/// Compares two readings.
pub(super) struct Comparing<'a> {
    /// Sequence values before BEGIN.
    pub(super) sequences: &'a BTreeMap<String, Option<String>>,
    /// Before the first statement.
    pub(super) before: &'a Books,
    /// After the last.
    pub(super) after: &'a Books,
    /// Transactions that were asked after: whether each is ours.
    pub(super) ours: &'a BTreeMap<u32, bool>,
}

impl Comparing<'_> {
    /// Returns what our transaction did between the two readings.
    pub(super) fn found(&self) -> Found {
        let mut found = Found::default();
        self.catalog(&mut found);
        self.rows(&mut found);
        self.moved(&mut found);
        let plain = |name: &str, what| Seen {
            object: ObjectName::new("", name),
            what,
            hangs_on: Vec::new(),
            heir_of: Vec::new(),
            kind: None,
            rows: RowsOf::Uncounted,
        };
        let locks = self.after.advisory.difference(&self.before.advisory);
        found.seen.extend(locks.map(|name| plain(name, EffectKind::AdvisoryLock)));
        let is_new = |(gid, _): &(&String, &Option<u32>)| !self.before.prepared.contains_key(*gid);
        let prepared = self.after.prepared.iter().filter(is_new).filter(|(_, xid)| self.may_be_ours(**xid));
        found.seen.extend(prepared.map(|(gid, _)| plain(&format!("transaction {gid}"), EffectKind::Prepared)));
        merge_recreated(&mut found.seen);
        found.seen.sort_by(|a, b| (&a.object, &a.what).cmp(&(&b.object, &b.what)));
        found.seen.dedup();
        found
    }

    /// Returns whether a prepared transaction may be ours: one with another number is another session's, though its role is
    /// ours. Without a number of our own nothing can be told apart.
    fn may_be_ours(&self, xid: Option<u32>) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the server shows the lower half")]
        let own: Vec<u32> = [self.before.xid, self.after.xid].into_iter().flatten().map(|xid| xid as u32).collect();
        own.is_empty() || xid.is_none_or(|xid| own.contains(&xid))
    }

    fn entry(&self, id: &str) -> Option<&Entry> {
        self.before.objects.get(id).or_else(|| self.after.objects.get(id))
    }

    /// Returns what an object hangs on or is a part of, nearest first, by either reading: DETACH changes it.
    fn ancestors(&self, id: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            for entry in [self.before.objects.get(id), self.after.objects.get(id)].into_iter().flatten() {
                for above in [&entry.owner, &entry.parent].into_iter().flatten() {
                    if !found.contains(&above.as_str()) {
                        found.push(above);
                        next.insert(0, above);
                    }
                }
            }
        }
        found
    }

    fn seen(&self, id: &str, entry: &Entry, what: EffectKind) -> Seen {
        let hangs_on = self.ancestors(id).into_iter().filter_map(|id| Some(self.entry(id)?.name.clone())).collect();
        let heir_of = self.heir_of(id);
        Seen { object: entry.name.clone(), what, hangs_on, heir_of, kind: Some(entry.kind), rows: RowsOf::Uncounted }
    }

    /// Returns the tables a table inherits from, nearest first.
    fn heir_of(&self, id: &str) -> Vec<ObjectName> {
        let mut found: Vec<ObjectName> = Vec::new();
        let mut id = id.to_owned();
        while let Some(above) = self.entry(&id).and_then(|entry| entry.parent.as_deref()?.strip_prefix('h')) {
            id = format!("r{above}");
            match self.entry(&id) {
                Some(entry) if !found.contains(&entry.name) => found.push(entry.name.clone()),
                Some(_) | None => break,
            }
        }
        found
    }

    fn catalog(&self, found: &mut Found) {
        let is_gone = |id: &str| self.before.objects.contains_key(id) && !self.after.objects.contains_key(id);
        let is_new = |id: &str| !self.before.objects.contains_key(id) && self.after.objects.contains_key(id);
        for (id, was) in &self.before.objects {
            let Some(is) = self.after.objects.get(id) else {
                // DROP keeps its lock to the end, so that another session's DROP is told from ours. What hangs on something
                // that was dropped went with it; a partition is told all the same, because its rows went too.
                let is_table = matches!(was.kind, Kind::Table | Kind::Partitioned | Kind::Foreign);
                let went_along = !is_table && self.ancestors(id).into_iter().any(is_gone);
                if self.after.holds(id, &["AccessExclusiveLock"]) && !went_along {
                    found.seen.push(self.seen(id, was, EffectKind::Dropped));
                }
                continue;
            };
            if was.said != is.said && self.is_ours(id, was, is, &mut found.unknown) {
                found.seen.push(self.seen(id, was, EffectKind::Altered));
            }
            if was.file != is.file && self.is_ours(id, was, is, &mut found.unknown) {
                match is.kind {
                    // An index is built anew with its table.
                    Kind::Index if self.is_rewritten(is.owner.as_deref()) => {}
                    // ALTER SEQUENCE … RESTART is undone by ROLLBACK, unlike nextval.
                    Kind::Sequence if was.said == is.said => {
                        found.seen.push(self.seen(id, was, EffectKind::Altered));
                    }
                    Kind::Sequence => {}
                    Kind::Table
                    | Kind::Partitioned
                    | Kind::Foreign
                    | Kind::Materialized
                    | Kind::Index
                    | Kind::Trigger
                    | Kind::Other => found.seen.push(self.seen(id, was, EffectKind::Rewritten)),
                }
            }
        }
        for (id, is) in self.after.objects.iter().filter(|(id, _)| is_new(id)) {
            let nobody = Entry { xids: BTreeSet::new(), ..is.clone() };
            if !self.ancestors(id).into_iter().any(is_new) && self.is_ours(id, &nobody, is, &mut found.unknown) {
                found.seen.push(self.seen(id, is, EffectKind::Created));
            }
        }
    }

    fn is_rewritten(&self, id: Option<&str>) -> bool {
        let Some(id) = id else { return false };
        match (self.before.objects.get(id), self.after.objects.get(id)) {
            (Some(was), Some(is)) => was.file != is.file,
            (_, _) => false,
        }
    }

    /// Returns whether it was our transaction that changed an object.
    fn is_ours(&self, id: &str, was: &Entry, is: &Entry, unknown: &mut BTreeSet<u32>) -> bool {
        // Without a number a transaction has written nothing.
        let Some(ours) = self.after.xid else { return false };
        #[expect(clippy::cast_possible_truncation, reason = "rows keep the lower half")]
        let ours = ours as u32;
        if is.xids.contains(&ours) {
            return true;
        }
        let new: Vec<u32> = is.xids.difference(&was.xids).copied().collect();
        if new.is_empty() {
            // A part was taken away and nothing written: whoever holds the lock did it.
            return self.after.holds(id, &STRONG);
        }
        // A block with an EXCEPTION clause writes under a number of its own.
        unknown.extend(new.iter().filter(|xid| !self.ours.contains_key(xid)));
        new.iter().any(|xid| self.ours.get(xid) == Some(&true))
    }

    fn rows(&self, found: &mut Found) {
        let mut by_root: BTreeMap<String, (Written, Vec<ObjectName>)> = BTreeMap::new();
        for (id, after) in &self.after.written {
            let before = self.before.written.get(id).cloned().unwrap_or_default();
            let rows = Written {
                name: after.name.clone(),
                inserted: after.inserted.saturating_sub(before.inserted),
                updated: after.updated.saturating_sub(before.updated),
                deleted: after.deleted.saturating_sub(before.deleted),
            };
            // The rows of a table that the stage made are told with its making.
            let is_made = self.after.objects.contains_key(id) && !self.before.objects.contains_key(id);
            if rows.total() == 0 || is_made {
                continue;
            }
            let root = self.root(id);
            let (sum, leaves) = by_root.entry(root.to_owned()).or_default();
            if root != id {
                leaves.extend(after.name.clone());
            }
            sum.name = self.entry(root).map(|entry| entry.name.clone()).or(rows.name);
            sum.inserted += rows.inserted;
            sum.updated += rows.updated;
            sum.deleted += rows.deleted;
        }
        for (id, (rows, leaves)) in by_root {
            let kind = self.entry(&id).map(|entry| entry.kind);
            let rows_of = match kind {
                Some(Kind::Table) if leaves.is_empty() => RowsOf::Plain,
                Some(Kind::Table | Kind::Partitioned) => RowsOf::Partitioned,
                Some(
                    Kind::Foreign | Kind::Materialized | Kind::Index | Kind::Sequence | Kind::Trigger | Kind::Other,
                )
                | None => RowsOf::Uncounted,
            };
            found.seen.push(Seen {
                object: rows.name.clone().unwrap_or_else(|| ObjectName::new("", &id)),
                what: rows.kind(),
                hangs_on: leaves,
                heir_of: self.heir_of(&id),
                kind,
                rows: rows_of,
            });
        }
        // Rows of a foreign table are written elsewhere and counted nowhere; the lock tells.
        for (id, entry) in &self.after.objects {
            let writes = |books: &Books| books.holds(id, &["RowExclusiveLock"]);
            if entry.kind == Kind::Foreign && writes(self.after) && !writes(self.before) {
                let unknown = String::new;
                let what = EffectKind::Rows { inserted: unknown(), updated: unknown(), deleted: unknown() };
                found.seen.push(self.seen(id, entry, what));
            }
        }
    }

    /// Returns the table whose part a partition is; a statement that names it means every part.
    fn root<'b>(&'b self, id: &'b str) -> &'b str {
        let mut root = id;
        // Bounded: a table is never its own part, but two readings may disagree.
        for _ in 0..64 {
            match self
                .before
                .objects
                .get(root)
                .or_else(|| self.after.objects.get(root))
                .and_then(|e| e.parent.as_deref())
            {
                Some(parent) if self.entry(parent).is_some() => root = parent,
                Some(_) | None => break,
            }
        }
        root
    }

    fn moved(&self, found: &mut Found) {
        for (id, to) in &self.after.sequences {
            let (Some(was), Some(is)) = (self.before.objects.get(id), self.after.objects.get(id)) else { continue };
            // What was restarted has another file, and ROLLBACK puts the old one back.
            if was.file != is.file {
                continue;
            }
            let from = self.before.sequences.get(id).or_else(|| self.sequences.get(id)).cloned().flatten();
            if from == *to && to.is_some() {
                continue;
            }
            let what = EffectKind::Moved { from: from.unwrap_or_default(), to: to.clone().unwrap_or_default() };
            found.seen.push(self.seen(id, is, what));
        }
    }
}

impl Written {
    fn total(&self) -> u64 {
        self.inserted.saturating_add(self.updated).saturating_add(self.deleted)
    }

    fn kind(&self) -> EffectKind {
        EffectKind::Rows {
            inserted: self.inserted.to_string(),
            updated: self.updated.to_string(),
            deleted: self.deleted.to_string(),
        }
    }
}

/// What was dropped and made again under its name was altered: that is how a trigger is put back (D-31).
fn merge_recreated(seen: &mut [Seen]) {
    let made: BTreeSet<ObjectName> =
        seen.iter().filter(|seen| seen.what == EffectKind::Created).map(|seen| seen.object.clone()).collect();
    let again: BTreeSet<ObjectName> = seen
        .iter()
        .filter(|seen| seen.what == EffectKind::Dropped && made.contains(&seen.object))
        .map(|seen| seen.object.clone())
        .collect();
    for one in seen.iter_mut().filter(|seen| again.contains(&seen.object)) {
        if matches!(one.what, EffectKind::Dropped | EffectKind::Created) {
            one.what = EffectKind::Altered;
        }
    }
}
