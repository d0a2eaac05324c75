//! Takes a table as it is and as the dump has it; gives what a restore of it needs; refuses what could not be brought back to
//! the byte, and says why.

use std::collections::BTreeSet;

use super::{DumpedRows, DumpedTable, LaterRows, PausedTrigger};
use crate::runbook::{ObjectClass, ObjectName};

/// A table as the catalog shows it to the role that connects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveTable {
    /// `pg_class.relkind`.
    pub kind: String,
    /// The partitioned table it is a part of.
    pub part_of: Option<String>,
    /// Its columns in order.
    pub columns: Vec<LiveColumn>,
    /// The columns of its primary key, in order.
    pub key: Vec<String>,
    /// Whether the role has the owner's rights: only the owner may switch triggers off.
    pub owned: bool,
    /// Rights the role lacks of SELECT, INSERT, UPDATE and DELETE.
    pub lacking: Vec<String>,
    /// Whether row security would filter rows for this role.
    pub filtered: bool,
    /// Rewrite rules on it.
    pub rules: Vec<String>,
    /// Triggers of people that would fire.
    pub triggers: Vec<LiveTrigger>,
    /// Foreign keys of other tables that would act on a deletion here, in words.
    pub on_delete: Vec<String>,
    /// Whether it refers to itself.
    pub refers_to_itself: bool,
    /// Sequences that its columns own.
    pub sequences: Vec<LiveSequence>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveColumn {
    /// Its name.
    pub name: String,
    /// Whether it is generated: then no dump holds it, and it follows from the others.
    pub generated: bool,
    /// Whether a row can be inserted without it.
    pub may_be_left_out: bool,
    /// Whether it is GENERATED ALWAYS AS IDENTITY: it can be inserted and never updated.
    pub identity_always: bool,
}

/// A trigger that would fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveTrigger {
    /// Its name.
    pub name: String,
    /// Whether it fires ALWAYS.
    pub always: bool,
}

/// A sequence that a column owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSequence {
    /// The column.
    pub column: String,
    /// The sequence.
    pub sequence: ObjectName,
}

/// What a restore of the table needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The dump's columns.
    pub columns: Vec<String>,
    /// The primary key.
    pub key: Vec<String>,
    /// Triggers to switch off.
    pub paused: Vec<PausedTrigger>,
    /// Whether the table refers to itself.
    pub refers_to_itself: bool,
    /// Sequences to look at.
    pub sequences: Vec<LiveSequence>,
    /// What people have to know before they sign.
    pub hazards: Vec<String>,
}

/// Why a table cannot be restored, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unfit {
    /// What stands in the way.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
}

fn unfit<T>(message: String, hint: &'static str) -> Result<T, Unfit> {
    Err(Unfit { message, hint })
}

/// Says what a restore of a table needs.
///
/// # Errors
/// See [`Unfit`].
pub fn fit(
    table: &DumpedTable,
    live: Option<&LiveTable>,
    class: &ObjectClass,
    later_rows: LaterRows,
) -> Result<Fit, Unfit> {
    let name = &table.name;
    // D-41: only what the runbook declares as reused.
    match class {
        // D-22: retired, never deleted.
        ObjectClass::RetireOnly { .. } if later_rows == LaterRows::Delete => {
            return unfit(
                format!("{name} is retire_only, and its rows are never deleted"),
                "Keep the later rows; a reversal retires those of its step.",
            );
        }
        ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => {}
        ObjectClass::Greenfield | ObjectClass::Protected | ObjectClass::Growing => {
            return unfit(
                format!("{name} is neither shared nor retire_only, and only such tables are restored"),
                "A greenfield table is dropped by its reversal; a protected or growing one is never written to.",
            );
        }
    }
    match table.rows {
        DumpedRows::Copy => {}
        DumpedRows::Inserts => {
            return unfit(
                format!("the dump holds {name} as INSERT statements"),
                "Use a dump that was made without --inserts, --column-inserts and --rows-per-insert.",
            );
        }
    }
    let Some(live) = live else {
        return unfit(
            format!("{name} is not in the database, or the role may not see it"),
            "A restore mends rows; a table that is gone is made again by its owner.",
        );
    };
    if live.kind == "p" || live.part_of.is_some() {
        let what =
            live.part_of.as_ref().map_or("is partitioned".to_owned(), |whole| format!("is a partition of {whole}"));
        return unfit(
            format!("{name} {what}, and a row may belong to another partition than in the dump"),
            "Restore it by hand, under the same authorization, with pg_restore into a table beside it.",
        );
    }
    if live.kind != "r" {
        return unfit(format!("{name} is no plain table"), "Name a table.");
    }
    if live.filtered {
        return unfit(
            format!("row security of {name} would hide rows from this role, and a hidden row would count as missing"),
            "Connect as the table's owner, or as a role with BYPASSRLS.",
        );
    }
    if !live.lacking.is_empty() {
        return unfit(
            format!("the role lacks {} on {name}", live.lacking.join(", ")),
            "Grant it for the restore, or connect as the table's owner.",
        );
    }
    if !live.rules.is_empty() {
        return unfit(
            format!("rules of {name} rewrite what is written to it: {}", live.rules.join(", ")),
            "Restore it by hand, or let its owner switch the rules off first.",
        );
    }
    if live.key.is_empty() {
        return unfit(
            format!("{name} has no primary key, so no row of the dump can be told to be the same as a live one"),
            "Restore it by hand, with pg_restore into a table beside it, and compare there.",
        );
    }
    let mut hazards = columns_fit(table, live)?;
    if later_rows == LaterRows::Delete {
        if !live.on_delete.is_empty() {
            return unfit(
                format!("a deletion from {name} would reach other tables: {}", live.on_delete.join("; ")),
                "Keep the later rows; delete them by a reviewed script that says what becomes of the other tables.",
            );
        }
        hazards.push(format!("Rows that only {name} has are deleted, whoever wrote them since the dump."));
    }
    if !live.triggers.is_empty() && !live.owned {
        let names: Vec<&str> = live.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
        return unfit(
            format!(
                "triggers of {name} would act on rows that are no news, and only its owner may switch them off: {}",
                names.join(", ")
            ),
            "Connect as the table's owner, or as a member of that role.",
        );
    }
    let paused: Vec<PausedTrigger> = live
        .triggers
        .iter()
        .map(|trigger| PausedTrigger { name: trigger.name.clone(), always: trigger.always })
        .collect();
    if !paused.is_empty() {
        let names: Vec<&str> = paused.iter().map(|trigger| trigger.name.as_str()).collect();
        hazards.push(format!(
            "Triggers of {name} are switched off while its rows are written, and do nothing for them: {}.",
            names.join(", ")
        ));
    }
    Ok(Fit {
        columns: table.columns.clone(),
        key: live.key.clone(),
        paused,
        refers_to_itself: live.refers_to_itself,
        sequences: live.sequences.clone(),
        hazards,
    })
}

/// Holds the dump's columns against the table's; gives hazards.
fn columns_fit(table: &DumpedTable, live: &LiveTable) -> Result<Vec<String>, Unfit> {
    let name = &table.name;
    let of_dump: BTreeSet<&str> = table.columns.iter().map(String::as_str).collect();
    let find = |column: &str| live.columns.iter().find(|live| live.name == column);
    let dropped: Vec<&str> = of_dump.iter().copied().filter(|column| find(column).is_none()).collect();
    if !dropped.is_empty() {
        return unfit(
            format!("{name} has lost columns since the dump: {}", dropped.join(", ")),
            "Its rows cannot be brought back to the byte; take a dump that was made after the change, or restore by hand.",
        );
    }
    if let Some(generated) = of_dump.iter().find(|column| find(column).is_some_and(|live| live.generated)) {
        return unfit(
            format!("the column {generated} of {name} is generated now, and was not in the dump"),
            "Its values cannot be written any more; take a dump that was made after the change.",
        );
    }
    if let Some(missing) = live.key.iter().find(|key| !of_dump.contains(key.as_str())) {
        return unfit(
            format!("the dump does not hold the key column {missing} of {name}"),
            "Take a dump that was made after the key was changed.",
        );
    }
    let always = |column: &&LiveColumn| column.identity_always && !live.key.contains(&column.name);
    if let Some(identity) = live.columns.iter().find(always) {
        return unfit(
            format!(
                "the column {} of {name} is GENERATED ALWAYS and not its key: PostgreSQL lets nobody update it",
                identity.name
            ),
            "Restore it by hand, or let its owner make it GENERATED BY DEFAULT first.",
        );
    }
    let added: Vec<&LiveColumn> =
        live.columns.iter().filter(|column| !column.generated && !of_dump.contains(column.name.as_str())).collect();
    if let Some(needed) = added.iter().find(|column| !column.may_be_left_out) {
        return unfit(
            format!(
                "the column {} of {name} is newer than the dump, must have a value and has no default",
                needed.name
            ),
            "Let its owner give it a default, or take a dump that was made after the change.",
        );
    }
    Ok(added
        .iter()
        .map(|column| {
            format!(
                "The column {} of {name} is newer than the dump: rows that are inserted get its default, and it is left alone in others.",
                column.name
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> LiveColumn {
        LiveColumn { name: name.to_owned(), generated: false, may_be_left_out: true, identity_always: false }
    }

    fn live() -> LiveTable {
        LiveTable {
            kind: "r".to_owned(),
            columns: vec![column("id"), column("word")],
            key: vec!["id".to_owned()],
            owned: true,
            ..LiveTable::default()
        }
    }

    fn dumped() -> DumpedTable {
        DumpedTable {
            name: ObjectName::new("public", "words"),
            columns: vec!["id".to_owned(), "word".to_owned()],
            bytes: None,
            rows: DumpedRows::Copy,
        }
    }

    fn shared() -> ObjectClass {
        ObjectClass::Shared { key: "word = 'x'".to_owned() }
    }

    /// `fits`, with its hazards, or the refusal.
    fn check(later: LaterRows, change: impl Fn(&mut LiveTable, &mut DumpedTable, &mut ObjectClass), expected: &str) {
        let (mut live, mut dumped, mut class) = (live(), dumped(), shared());
        change(&mut live, &mut dumped, &mut class);
        let answer = match fit(&dumped, Some(&live), &class, later) {
            Ok(fit) => format!("fits {}", fit.hazards.join(" ")),
            Err(unfit) => unfit.message,
        };
        assert!(answer.contains(expected), "expected `{expected}` in: {answer}");
    }

    #[test]
    fn what_cannot_be_brought_back_is_refused_and_its_twin_fits() {
        let keep = LaterRows::Keep;
        check(keep, |_, _, _| {}, "fits");
        check(keep, |_, _, class| *class = ObjectClass::Protected, "neither shared nor retire_only");
        check(keep, |_, _, class| *class = ObjectClass::Growing, "neither shared nor retire_only");
        check(keep, |_, _, class| *class = ObjectClass::RetireOnly { key: String::new() }, "fits");
        check(
            LaterRows::Delete,
            |_, _, class| *class = ObjectClass::RetireOnly { key: String::new() },
            "never deleted",
        );
        check(LaterRows::Delete, |_, _, _| {}, "fits Rows that only public.words has are deleted");
        check(keep, |_, dumped, _| dumped.rows = DumpedRows::Inserts, "as INSERT statements");
        check(keep, |live, _, _| live.kind = "p".to_owned(), "is partitioned");
        check(keep, |live, _, _| live.part_of = Some("public.all".to_owned()), "is a partition of public.all");
        check(keep, |live, _, _| live.kind = "v".to_owned(), "no plain table");
        check(keep, |live, _, _| live.filtered = true, "row security");
        check(keep, |live, _, _| live.lacking = vec!["UPDATE".to_owned()], "lacks UPDATE");
        check(keep, |live, _, _| live.rules = vec!["r".to_owned()], "rules of public.words");
        check(keep, |live, _, _| live.key.clear(), "no primary key");
        let cascade = |live: &mut LiveTable, _: &mut DumpedTable, _: &mut ObjectClass| {
            live.on_delete = vec!["public.children: CASCADE".to_owned()];
        };
        check(keep, cascade, "fits");
        check(LaterRows::Delete, cascade, "would reach other tables: public.children: CASCADE");
        let trigger = |live: &mut LiveTable, _: &mut DumpedTable, _: &mut ObjectClass| {
            live.triggers = vec![LiveTrigger { name: "birth".to_owned(), always: false }];
        };
        check(
            keep,
            trigger,
            "fits Triggers of public.words are switched off while its rows are written, and do nothing for them: birth.",
        );
        let foreign = |live: &mut LiveTable, dumped: &mut DumpedTable, class: &mut ObjectClass| {
            trigger(live, dumped, class);
            live.owned = false;
        };
        check(keep, foreign, "only its owner may switch them off: birth");
        check(keep, |live, _, _| live.owned = false, "fits");
    }

    #[test]
    fn columns_are_held_against_the_dump() {
        let keep = LaterRows::Keep;
        check(keep, |live, _, _| live.columns.push(column("more")), "fits The column more of public.words is newer");
        let needed = |live: &mut LiveTable, _: &mut DumpedTable, _: &mut ObjectClass| {
            live.columns.push(LiveColumn { may_be_left_out: false, ..column("more") });
        };
        check(keep, needed, "must have a value and has no default");
        let generated = |live: &mut LiveTable, _: &mut DumpedTable, _: &mut ObjectClass| {
            live.columns.push(LiveColumn { generated: true, ..column("double") });
        };
        check(keep, generated, "fits ");
        check(keep, |live, _, _| live.columns.truncate(1), "has lost columns since the dump: word");
        check(keep, |live, _, _| live.columns[1].generated = true, "generated now");
        check(keep, |live, _, _| live.key = vec!["other".to_owned()], "does not hold the key column other");
        check(keep, |live, _, _| live.columns[0].identity_always = true, "fits");
        check(keep, |live, _, _| live.columns[1].identity_always = true, "lets nobody update it");
        assert!(fit(&dumped(), None, &shared(), keep).unwrap_err().message.contains("not in the database"));
    }
}
