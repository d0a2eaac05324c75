//! Takes a restore; gives every text that is sent for it; refuses a restore that could not have been made from a runbook.
//!
//! All texts follow from the signed document, so that nothing has to be taken on trust: whoever checks a plan writes them
//! again and compares. The rows of the dump come into one temporary table, the difference into another; the statements that
//! people review only follow the second one.

use super::difference::VALUE_SHOWN;
use super::{LaterRows, PausedTrigger, Restore, RowChange, Scope};
use crate::runbook::ObjectName;
use crate::runbook::key::Key;

/// The temporary table that takes the dump's rows.
const DUMP: &str = "pg_temp.countersign_dump";
/// The temporary table that takes the keys of what differs.
const DIFFERENCE: &str = "pg_temp.countersign_difference";
/// The column of the difference that says what a row is; no table of anybody has it.
const CHANGE: &str = "\"countersign: change\"";

/// The texts of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deeds {
    /// Makes the temporary table for the dump's rows.
    pub make: String,
    /// Takes the dump's rows.
    pub load: String,
    /// Lets the planner know of them.
    pub analyze: String,
    /// Finds the difference.
    pub find: String,
    /// Answers the difference as lines, ordered by key, without the rows that are kept.
    pub tell: String,
    /// The same with the rows that are kept.
    pub tell_all: String,
    /// Counts what differs still.
    pub verify: String,
    /// The statements of the plan, in order.
    pub statements: Vec<Deed>,
}

/// A statement of the plan and the rows it affects; `None` for one that counts none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its text.
    pub sql: String,
    /// Rows it affects.
    pub rows: Option<u64>,
}

/// Writes the texts of a restore.
#[must_use]
pub fn deeds(restore: &Restore) -> Deeds {
    let table = restore.table.quoted();
    let columns = list(&restore.columns);
    let encoding = literal(&restore.dump.encoding);
    let pairs = pairs(restore);
    let keys: Vec<String> =
        restore.key_columns.iter().map(|key| format!("COALESCE(live.{0}, dump.{0}) AS {0}", quoted(key))).collect();
    Deeds {
        make: format!(
            "CREATE TEMPORARY TABLE countersign_dump ON COMMIT DROP AS SELECT {columns} FROM ONLY {table} WITH NO DATA"
        ),
        load: format!("COPY {DUMP} ({columns}) FROM STDIN WITH (FORMAT text, ENCODING {encoding})"),
        analyze: format!("ANALYZE {DUMP}"),
        find: format!(
            "CREATE TEMPORARY TABLE countersign_difference ON COMMIT DROP AS SELECT {}, CASE WHEN live.{HERE} IS NULL THEN {} \
             WHEN dump.{HERE} IS NULL THEN {} ELSE {} END AS {CHANGE} {pairs}",
            keys.join(", "),
            literal(RowChange::OnlyInDump.word()),
            literal(match restore.later_rows {
                LaterRows::Keep => RowChange::Kept.word(),
                LaterRows::Delete => RowChange::OnlyLive.word(),
            }),
            literal(RowChange::Changed.word()),
        ),
        tell: tell(restore, &format!(" WHERE found.{CHANGE} <> {}", literal(RowChange::Kept.word()))),
        tell_all: tell(restore, ""),
        verify: {
            let kept = match restore.later_rows {
                LaterRows::Keep => format!(" AND dump.{HERE} IS NOT NULL"),
                LaterRows::Delete => String::new(),
            };
            format!("SELECT pg_catalog.count(*) {pairs}{kept}")
        },
        statements: statements(restore),
    }
}

/// The column that says that a side has the row.
const HERE: &str = "\"countersign: here\"";
/// The column that says that a side's row is inside the declared key.
const INSIDE: &str = "\"countersign: inside\"";

/// Writes the FROM and WHERE that pair live rows with the dump's and leave what differs.
fn pairs(restore: &Restore) -> String {
    let columns = list(&restore.columns);
    let inside = match restore.scope {
        Scope::Key => format!(", ({}) AS {INSIDE}", restore.declared_key),
        Scope::Table => String::new(),
    };
    // Both sides bear the table's name inside, so that a key that names the table means the row at hand.
    let name = quoted(&restore.table.name);
    let side = |from: String| format!("(SELECT true AS {HERE}{inside}, {columns} FROM {from})");
    let live = side(format!("ONLY {}", restore.table.quoted()));
    let dump = side(format!("{DUMP} AS {name}"));
    let scope = match restore.scope {
        Scope::Key => format!(" AND (live.{INSIDE} OR dump.{INSIDE})"),
        Scope::Table => String::new(),
    };
    format!(
        "FROM {live} AS live FULL JOIN {dump} AS dump ON {} WHERE (live.{HERE} IS NULL OR dump.{HERE} IS NULL OR \
         {} OPERATOR(pg_catalog.*<>) {}){scope}",
        equal(restore, "live", "dump"),
        record(restore, "live"),
        record(restore, "dump"),
    )
}

fn tell(restore: &Restore, without: &str) -> String {
    let side = |side: &str| -> Vec<String> {
        restore.columns.iter().map(|column| shown(&format!("{side}.{}", quoted(column)))).collect()
    };
    let order: Vec<String> = restore.key_columns.iter().map(|key| format!("found.{}", quoted(key))).collect();
    format!(
        "COPY (SELECT found.{CHANGE}, {}, {} FROM {DIFFERENCE} AS found LEFT JOIN {DUMP} AS dump ON {} \
         LEFT JOIN ONLY {} AS live ON {}{without} ORDER BY {}) TO STDOUT",
        side("dump").join(", "),
        side("live").join(", "),
        equal(restore, "dump", "found"),
        restore.table.quoted(),
        equal(restore, "live", "found"),
        order.join(", "),
    )
}

/// Writes a value as its type writes it; a long one by its beginning, its length and its SHA-256, so that no row of the
/// difference is long.
fn shown(column: &str) -> String {
    let text = format!("pg_catalog.format('%s', {column})");
    format!(
        "CASE WHEN pg_catalog.num_nulls({column}) = 1 THEN NULL WHEN pg_catalog.octet_length({text}) <= {VALUE_SHOWN} THEN {text} \
         ELSE pg_catalog.left({text}, 200) || '\u{2026} ' || pg_catalog.octet_length({text}) || ' bytes, sha256 ' || \
         pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({text}, 'UTF8')), 'hex') END"
    )
}

fn statements(restore: &Restore) -> Vec<Deed> {
    let table = restore.table.quoted();
    let found = |change: RowChange| format!("found.{CHANGE} = {}", literal(change.word()));
    let sum = &restore.difference;
    let delete = Deed {
        sql: format!(
            "DELETE FROM ONLY {table} AS live USING {DIFFERENCE} AS found WHERE {} AND {}",
            found(RowChange::OnlyLive),
            equal(restore, "live", "found")
        ),
        rows: Some(sum.only_live),
    };
    let values: Vec<String> = restore
        .columns
        .iter()
        .filter(|column| !restore.key_columns.contains(column))
        .map(|column| format!("{0} = dump.{0}", quoted(column)))
        .collect();
    let update = Deed {
        sql: format!(
            "UPDATE ONLY {table} AS live SET {} FROM {DUMP} AS dump, {DIFFERENCE} AS found WHERE {} AND {} AND {}",
            values.join(", "),
            found(RowChange::Changed),
            equal(restore, "dump", "found"),
            equal(restore, "live", "found")
        ),
        rows: Some(sum.changed),
    };
    let of_dump: Vec<String> = restore.columns.iter().map(|column| format!("dump.{}", quoted(column))).collect();
    let insert = Deed {
        sql: format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {DUMP} AS dump, {DIFFERENCE} AS found WHERE {} AND {}",
            list(&restore.columns),
            of_dump.join(", "),
            found(RowChange::OnlyInDump),
            equal(restore, "dump", "found")
        ),
        rows: Some(sum.only_in_dump),
    };
    // What is not there to do is not sent: a reviewer reads only what happens.
    let deeds = if restore.refers_to_itself { [insert, update, delete] } else { [delete, update, insert] };
    let deeds = deeds.into_iter().filter(|deed| deed.rows != Some(0));
    let switch = |trigger: &PausedTrigger, verb: &str| Deed {
        sql: format!("ALTER TABLE ONLY {table} {verb} TRIGGER {}", quoted(&trigger.name)),
        rows: None,
    };
    let off = restore.paused.iter().map(|trigger| switch(trigger, "DISABLE"));
    let on =
        restore.paused.iter().map(|trigger| switch(trigger, if trigger.always { "ENABLE ALWAYS" } else { "ENABLE" }));
    off.chain(deeds).chain(on).collect()
}

/// Asks how far a column's sequence is behind the restored rows: `last value, greatest restored`.
#[must_use]
pub fn ask_sequence(sequence: &ObjectName, column: &str) -> String {
    format!(
        "SELECT pg_catalog.pg_sequence_last_value({}::pg_catalog.regclass)::text, pg_catalog.max({})::text FROM {DUMP}",
        literal(&sequence.quoted()),
        quoted(column)
    )
}

/// Checks that a restore somebody brought could have been made from a runbook: its key is one condition, and every name is one.
///
/// # Errors
/// What is not, in one sentence.
pub fn recheck(restore: &Restore) -> Result<(), String> {
    if restore.key_columns.is_empty() {
        return Err(format!("{} has no primary key", restore.table));
    }
    if let Some(missing) = restore.key_columns.iter().find(|key| !restore.columns.contains(key)) {
        return Err(format!("the dump does not hold the key column {missing}"));
    }
    let names = restore.columns.iter().chain(restore.paused.iter().map(|trigger| &trigger.name));
    if let Some(odd) = names.chain([&restore.table.name, &restore.table.schema]).find(|name| !is_a_name(name)) {
        return Err(format!("`{}` is no name", odd.escape_debug()));
    }
    if restore.table.schema == "countersign" || restore.table.schema.starts_with("pg_") {
        return Err(format!("{} is no table of a runbook", restore.table));
    }
    if !restore.dump.encoding.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err("the dump's encoding is no name".to_owned());
    }
    if restore.difference.is_empty() {
        return Err("nothing differs".to_owned());
    }
    if restore.later_rows == LaterRows::Keep && restore.difference.only_live > 0 {
        return Err("later rows are kept, and it counts some to delete".to_owned());
    }
    let grounds = &restore.grounds;
    if grounds.evidence.is_empty() && grounds.statement.as_ref().is_none_or(|statement| statement.trim().is_empty()) {
        return Err("it does not say why targeted reversal cannot do it (D-40)".to_owned());
    }
    match restore.scope {
        // The condition goes into the text of the comparison as it stands.
        Scope::Key => Key::read(&restore.declared_key, &restore.table)
            .map(drop)
            .map_err(|problem| format!("the key of {} {}", restore.table, problem.message)),
        Scope::Table => Ok(()),
    }
}

fn is_a_name(name: &str) -> bool {
    !name.is_empty() && name.len() < 64 && !name.contains('\0')
}

fn equal(restore: &Restore, one: &str, other: &str) -> String {
    let pairs: Vec<String> =
        restore.key_columns.iter().map(|key| format!("{one}.{0} = {other}.{0}", quoted(key))).collect();
    pairs.join(" AND ")
}

/// Writes the row as a record: `*<>` compares its bytes, so that 1.0 and 1.00 differ as they do in a dump.
fn record(restore: &Restore, side: &str) -> String {
    let columns: Vec<String> = restore.columns.iter().map(|column| format!("{side}.{}", quoted(column))).collect();
    format!("ROW({})::pg_catalog.record", columns.join(", "))
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    ObjectName::new("", name).quoted()
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::restore::DifferenceSum;
    use crate::restore::document::tests::restore;
    use crate::runbook::sql::split;

    fn check(restore: &Restore, expected: &str) {
        let found: Vec<String> = deeds(restore)
            .statements
            .iter()
            .map(|deed| {
                let parsed = split(&deed.sql).unwrap();
                assert_eq!(parsed.len(), 1, "{}", deed.sql);
                format!("{} {}", parsed[0].tag, deed.rows.map_or("-".to_owned(), |rows| rows.to_string()))
            })
            .collect();
        assert_eq!(found.join(", "), expected);
        let Deeds { make, load, analyze, find, tell, tell_all, verify, statements: _ } = deeds(restore);
        for sql in [make, load, analyze, find, tell, tell_all, verify] {
            assert_eq!(split(&sql).unwrap_or_else(|problem| panic!("{problem:?}: {sql}")).len(), 1, "{sql}");
        }
    }

    #[test]
    fn only_what_happens_is_sent_and_triggers_are_put_back() {
        check(&restore(), "UPDATE 2, INSERT 1");
        let all = DifferenceSum { only_in_dump: 1, only_live: 3, changed: 2, digest: Digest::of(b"d") };
        let delete = Restore { later_rows: LaterRows::Delete, difference: all, ..restore() };
        check(&delete, "DELETE 3, UPDATE 2, INSERT 1");
        check(&Restore { refers_to_itself: true, ..delete.clone() }, "INSERT 1, UPDATE 2, DELETE 3");
        let paused = vec![
            PausedTrigger { name: "birth".to_owned(), always: false },
            PausedTrigger { name: "Au\"dit".to_owned(), always: true },
        ];
        let quiet = Restore { paused, ..restore() };
        check(&quiet, "ALTER TABLE -, ALTER TABLE -, UPDATE 2, INSERT 1, ALTER TABLE -, ALTER TABLE -");
        assert!(deeds(&quiet).statements[5].sql.ends_with("ENABLE ALWAYS TRIGGER \"Au\"\"dit\""));
        check(&Restore { scope: Scope::Key, ..restore() }, "UPDATE 2, INSERT 1");
        let odd = ObjectName::new("My \"s", "T t");
        check(
            &Restore { table: odd, columns: vec!["id".to_owned(), "A,\"b".to_owned()], ..restore() },
            "UPDATE 2, INSERT 1",
        );
    }

    fn check_recheck(change: impl Fn(&mut Restore), expected: &str) {
        let mut restore = restore();
        change(&mut restore);
        let answer = recheck(&restore).map_or_else(|reason| reason, |()| "well".to_owned());
        assert!(answer.contains(expected), "expected `{expected}` in: {answer}");
    }

    #[test]
    fn a_restore_that_was_written_by_hand_is_refused() {
        check_recheck(|_| {}, "well");
        check_recheck(|restore| restore.scope = Scope::Key, "well");
        check_recheck(|restore| restore.key_columns.clear(), "no primary key");
        check_recheck(|restore| restore.key_columns = vec!["other".to_owned()], "does not hold the key column other");
        check_recheck(|restore| restore.table = ObjectName::new("countersign", "entry"), "no table of a runbook");
        check_recheck(|restore| restore.dump.encoding = "x') TO PROGRAM ('".to_owned(), "is no name");
        check_recheck(|restore| restore.difference.changed = 0, "well");
        check_recheck(|restore| restore.difference.only_live = 1, "counts some to delete");
        check_recheck(|restore| restore.grounds.evidence.clear(), "D-40");
        let by_statement = |restore: &mut Restore| {
            restore.grounds = crate::restore::Grounds { evidence: Vec::new(), statement: Some("because".to_owned()) };
        };
        check_recheck(by_statement, "well");
        let escapes = |restore: &mut Restore| {
            restore.scope = Scope::Key;
            restore.declared_key = "true) OR (true".to_owned();
        };
        check_recheck(escapes, "the key of public.words");
        let nothing = |restore: &mut Restore| {
            restore.difference = DifferenceSum { only_in_dump: 0, only_live: 0, changed: 0, digest: Digest::of(b"") };
        };
        check_recheck(nothing, "nothing differs");
    }
}
