//! Takes two answers of a check that compares rows by a key; says which rows are new, which are gone and which columns of the
//! others changed. Refuses answers that are no rows, and a key that several rows share: then the texts are left to speak.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Alteration, How};

/// One row, or one value of it, that differs between two results.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowChange {
    /// The row, by the values of its key: `code = "A1"`.
    pub row: String,
    /// What is different about it.
    pub what: RowChangeKind,
}

/// What is different about a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowChangeKind {
    /// It is new; its other columns.
    Added(String),
    /// It is gone; its other columns.
    Dropped(String),
    /// One of its columns has another value.
    Changed {
        /// The column.
        column: String,
        /// Its value before, as JSON; empty when there was no such column.
        before: String,
        /// Its value now, as JSON; empty when there is no such column any more.
        after: String,
    },
}

/// The columns of a row and their values, as JSON.
type Columns = BTreeMap<String, Box<RawValue>>;

/// Compares two answers row by row, in the order of the keys; nothing when one of them is not rows, or the key is not unique.
#[must_use]
pub fn row_changes(before: Option<&str>, after: Option<&str>, key: &[String]) -> Option<Vec<RowChange>> {
    let (before, after) = (by_key(before, key)?, by_key(after, key)?);
    let mut changes = Vec::new();
    for (row, was) in &before {
        let change = |what| RowChange { row: row.clone(), what };
        let Some(now) = after.get(row) else {
            changes.push(change(RowChangeKind::Dropped(others(was, key))));
            continue;
        };
        let columns = was.keys().chain(now.keys().filter(|column| !was.contains_key(*column)));
        for column in columns {
            let value =
                |columns: &Columns| columns.get(column).map_or_else(String::new, |value| value.get().to_owned());
            let (before, after) = (value(was), value(now));
            if before != after {
                changes.push(change(RowChangeKind::Changed { column: column.clone(), before, after }));
            }
        }
    }
    let new = after.iter().filter(|(row, _)| !before.contains_key(*row));
    changes.extend(new.map(|(row, now)| RowChange { row: row.clone(), what: RowChangeKind::Added(others(now, key)) }));
    changes.sort();
    Some(changes)
}

/// Reads the rows; nothing when the text is no rows, or two of them have one key.
fn by_key(text: Option<&str>, key: &[String]) -> Option<BTreeMap<String, Columns>> {
    let mut rows = BTreeMap::new();
    for line in text.unwrap_or_default().lines() {
        let columns: Columns = serde_json::from_str(line).ok()?;
        let named: Option<Vec<String>> =
            key.iter().map(|name| Some(format!("{name} = {}", columns.get(name)?.get()))).collect();
        if rows.insert(named?.join(", "), columns).is_some() {
            return None;
        }
    }
    Some(rows)
}

fn others(columns: &Columns, key: &[String]) -> String {
    let others = columns.iter().filter(|(name, _)| !key.contains(name));
    others.map(|(name, value)| format!("{name} = {}", value.get())).collect::<Vec<_>>().join(", ")
}

impl RowChange {
    /// Says it as a part of a definition is said.
    #[must_use]
    pub fn alteration(&self) -> Alteration {
        let (what, how) = match &self.what {
            RowChangeKind::Added(now) => (format!("row {}", self.row), How::Added(now.clone())),
            RowChangeKind::Dropped(before) => (format!("row {}", self.row), How::Dropped(before.clone())),
            RowChangeKind::Changed { column, before, after } => {
                (format!("{column} of row {}", self.row), How::Altered(before.clone(), after.clone()))
            }
        };
        Alteration { what, how }
    }
}

#[cfg(test)]
mod tests {
    use super::row_changes;

    const BEFORE: &str =
        "{\"code\":\"a\",\"n\":1,\"label\":\"Một\"}\n{\"code\":\"b\",\"n\":12345678901234567890,\"label\":null}";

    /// Changes the rows and compares what is said of them.
    fn check(change: (&str, &str), key: &[&str], expected: Option<&[&str]>) {
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        let said = row_changes(Some(BEFORE), Some(&BEFORE.replace(change.0, change.1)), &key);
        let said = said.map(|all| all.iter().map(|change| change.alteration().words()).collect::<Vec<_>>());
        assert_eq!(said, expected.map(|all| all.iter().map(ToString::to_string).collect()), "{change:?}");
    }

    #[test]
    fn rows_are_told_apart_by_their_key() {
        let by_code = |change, expected: &[&str]| check(change, &["code"], Some(expected));
        by_code(("", ""), &[]);
        by_code(("Một", "Hai"), &["label of row code = \"a\" was altered: \"Một\" → \"Hai\""]);
        // A number too long for a float is compared by its digits; NULL is not the word.
        by_code(
            ("67890,", "67891,"),
            &["n of row code = \"b\" was altered: 12345678901234567890 → 12345678901234567891"],
        );
        by_code(("null", "\"null\""), &["label of row code = \"b\" was altered: null → \"null\""]);
        by_code(
            ("\"code\":\"a\"", "\"code\":\"c\""),
            &[
                "row code = \"a\" was dropped: label = \"Một\", n = 1",
                "row code = \"c\" was added: label = \"Một\", n = 1",
            ],
        );
        by_code((",\"label\":null", ""), &["label of row code = \"b\" was altered: null → "]);
    }

    #[test]
    fn a_key_that_rows_share_tells_nothing_apart() {
        check(("\"code\":\"b\"", "\"code\":\"a\""), &["code"], None);
        check(
            ("\"code\":\"b\"", "\"code\":\"a\""),
            &["code", "n"],
            Some(&[
                "row code = \"a\", n = 12345678901234567890 was added: label = null",
                "row code = \"b\", n = 12345678901234567890 was dropped: label = null",
            ]),
        );
        check(("", ""), &["nothing"], None);
        check(("{\"code\":\"a\"", "code a"), &["code"], None);
        assert_eq!(row_changes(None, None, &["code".to_owned()]), Some(Vec::new()));
    }
}
