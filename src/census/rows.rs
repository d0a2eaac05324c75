//! Takes two answers of a check that compares rows by a key; says which rows are new, which are gone and which columns of the
//! others changed. Refuses answers that are no rows, and a key that several rows share: then the texts are left to speak.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Alteration, How, alterations};

/// One row, or one value of it, that differs between two results.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowChange {
    /// The row, by the values of its key: `row code = "A1"`; an object of a fingerprint by its name.
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
                changes.extend(opened(column, before, after).into_iter().map(change));
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
        let values: Option<Vec<(&String, &str)>> =
            key.iter().map(|name| Some((name, columns.get(name)?.get()))).collect();
        if rows.insert(named(&values?), columns).is_some() {
            return None;
        }
    }
    Some(rows)
}

/// Names a row by the values of its key; an object of a fingerprint by its own name.
fn named(values: &[(&String, &str)]) -> String {
    if let [(column, value)] = values
        && column.as_str() == super::catalog::OBJECT
        && let Ok(object) = serde_json::from_str::<String>(value)
    {
        return object;
    }
    let pairs: Vec<String> = values.iter().map(|(column, value)| format!("{column} = {value}")).collect();
    format!("row {}", pairs.join(", "))
}

/// Opens a change of a definition into the parts that differ; any other value is one change.
fn opened(column: &str, before: String, after: String) -> Vec<RowChangeKind> {
    let definition = |json: &str| serde_json::from_str::<String>(json).ok().filter(|text| text.contains('\n'));
    let parts = match (definition(&before), definition(&after)) {
        (Some(before), Some(after)) => alterations(Some(&before), Some(&after)),
        (None, _) | (_, None) => Vec::new(),
    };
    if parts.is_empty() {
        return vec![RowChangeKind::Changed { column: column.to_owned(), before, after }];
    }
    let of_part = |part: Alteration| {
        let (before, after) = match part.how {
            How::Added(now) => (String::new(), now),
            How::Dropped(was) => (was, String::new()),
            How::Altered(was, now) => (was, now),
        };
        RowChangeKind::Changed { column: part.what, before, after }
    };
    parts.into_iter().map(of_part).collect()
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
            RowChangeKind::Added(now) => (self.row.clone(), How::Added(now.clone())),
            RowChangeKind::Dropped(before) => (self.row.clone(), How::Dropped(before.clone())),
            RowChangeKind::Changed { column, before, after } => {
                let how = match (before.as_str(), after.as_str()) {
                    ("", _) => How::Added(after.clone()),
                    (_, "") => How::Dropped(before.clone()),
                    (_, _) => How::Altered(before.clone(), after.clone()),
                };
                (format!("{column} of {}", self.row), how)
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
        by_code((",\"label\":null", ""), &["label of row code = \"b\" was dropped: null"]);
    }

    #[test]
    fn objects_of_a_fingerprint_are_opened_into_their_parts() {
        let before = r#"{"object":"table public.t","definition":"table t\nowner ops\ncolumn id bigint not null\ncolumn n int\ngrant lan SELECT"}
{"object":"view public.v","definition":"view v\nowner ops\n SELECT 1"}"#;
        let key = ["object".to_owned()];
        let told = |after: &str| -> Vec<String> {
            let changes = row_changes(Some(before), Some(after), &key).unwrap();
            changes.iter().map(|change| change.alteration().words()).collect()
        };
        assert_eq!(told(before), Vec::<String>::new());
        let after = before.replace("column n int", "column n bigint").replace("grant lan SELECT", "comment it");
        assert_eq!(
            told(&after),
            [
                "column n of table public.t was altered: int → bigint",
                "comment of table public.t was added: it",
                "grant lan SELECT of table public.t was dropped: lan SELECT",
            ]
        );
        let gone = before.lines().next().unwrap();
        assert_eq!(told(gone)[0].split(" was ").next(), Some("view public.v"));
        assert!(told(gone)[0].contains("was dropped"), "{:?}", told(gone));
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
