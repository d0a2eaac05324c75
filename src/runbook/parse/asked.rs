//! Takes the tables of checks and stops; gives what they ask and what must be answered.

use toml::Spanned;
use toml::de::DeValue;

use super::entries::referred_object;
use super::reader::{Reader, Section};
use crate::runbook::{Branch, Expectation, Query, Runbook};

/// Reads what is asked: `sql`, `definition_of`, `rows` or `catalog_of`.
pub(super) fn query(reader: &mut Reader<'_>, section: &Section<'_>, runbook: &Runbook) -> Option<Query> {
    if section.value("rows").is_some() {
        return rows_by_key(reader, section);
    }
    if section.value("catalog_of").is_some() {
        return catalog_of(reader, section);
    }
    if let Some(key) = section.value("key") {
        let message = format!("{} has `key` without `rows`", section.what);
        reader.error(key.span().start, message, "Write rows = \"SELECT …\", or leave the key out");
    }
    let sql = reader.text_if(section, "sql");
    let definition = reader.text_if(section, "definition_of");
    match (sql, definition) {
        (Some(sql), None) => {
            reader.declare("sql", &sql.value, sql.offset);
            Some(Query::Sql(sql.value))
        }
        (None, Some(name)) => {
            let found = referred_object(reader, &name)?;
            let kind = runbook.objects.iter().find(|object| object.name == found)?.kind;
            Some(Query::Definition(found, kind))
        }
        (Some(_), Some(name)) => {
            reader.error(
                name.offset,
                format!("{} has both `sql` and `definition_of`", section.what),
                "Keep one of them",
            );
            None
        }
        (None, None) => {
            if section.value("sql").is_none() && section.value("definition_of").is_none() {
                reader.missing(section, "sql", "= \"SELECT count(*) FROM …\", or definition_of = \"schema.name\"");
            }
            None
        }
    }
}

/// A check asks in one way: the other keys contradict this one.
fn refuse_both(reader: &mut Reader<'_>, section: &Section<'_>, this: &str, others: &[&str]) {
    for other in others {
        if let Some(value) = section.value(other) {
            let message = format!("{} has both `{this}` and `{other}`", section.what);
            reader.error(value.span().start, message, "Keep one of them");
        }
    }
}

/// Reads `catalog_of`: the schemas whose objects are told one by one.
fn catalog_of(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Query> {
    refuse_both(reader, section, "catalog_of", &["sql", "definition_of", "key"]);
    let schemas: Vec<String> = reader.texts(section, "catalog_of").into_iter().map(|schema| schema.value).collect();
    if schemas.is_empty() {
        reader.missing(section, "catalog_of", "= [\"public\"]: the schemas whose objects are told one by one");
        return None;
    }
    Some(Query::Catalog(schemas))
}

/// Reads `rows` and the `key` that tells one from another.
fn rows_by_key(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Query> {
    let sql = reader.text(section, "rows")?;
    refuse_both(reader, section, "rows", &["sql", "definition_of", "catalog_of"]);
    let key: Vec<String> = reader.texts(section, "key").into_iter().map(|column| column.value).collect();
    if key.is_empty() {
        reader.missing(section, "key", "= [\"code\"]: the columns that tell one row from another");
        return None;
    }
    reader.declare("sql", &sql.value, sql.offset);
    Some(Query::Rows { sql: sql.value, key })
}

/// Reads `expect`; a missing one is an error.
pub(super) fn expected(reader: &mut Reader<'_>, section: &Section<'_>, example: &str) -> Option<Expectation> {
    if let Some(value) = section.value("expect") {
        return expectation(reader, value, &format!("`expect` of {}", section.what));
    }
    reader.missing(section, "expect", example);
    None
}

/// Reads one expectation.
pub(super) fn expectation(reader: &mut Reader<'_>, value: &Spanned<DeValue<'_>>, what: &str) -> Option<Expectation> {
    const HINT: &str = "Write \"absent\", \"present\", \"unchanged\", \"grows\", { equals = \"…\" }, { one_of = […] }, { text = \"…\" } or { text_file = \"…\" }";
    let offset = value.span().start;
    if let Some(word) = value.get_ref().as_str() {
        return match word {
            "absent" => Some(Expectation::Absent),
            "present" => Some(Expectation::Present),
            "unchanged" => Some(Expectation::Unchanged),
            "grows" => Some(Expectation::Grows),
            _ => {
                reader.error(offset, format!("{what} cannot be \"{word}\""), HINT);
                None
            }
        };
    }
    let section = reader.section(value, what, &["equals", "one_of", "text", "text_file"])?;
    let keys: Vec<&str> = section.entries().map(|(key, _, _)| key).collect();
    let [key] = keys.as_slice() else {
        reader.error(offset, format!("{what} holds {} keys, not one", keys.len()), HINT);
        return None;
    };
    let inner = section.value(key)?;
    match *key {
        "equals" => reader.as_text(inner, &format!("`equals` of {what}")).map(|text| Expectation::Equals(text.value)),
        "text" => reader.as_text(inner, &format!("`text` of {what}")).map(|text| Expectation::Text(text.value)),
        "text_file" => {
            let path = reader.as_text(inner, &format!("`text_file` of {what}"))?;
            Some(Expectation::Text(reader.script(&path).text))
        }
        "one_of" => {
            let sections = reader.tables(&section, "one_of", &format!("`one_of` of {what}"), &["name", "value"]);
            let branches: Vec<Branch> = sections.iter().filter_map(|section| branch(reader, section)).collect();
            if branches.is_empty() {
                reader.error(
                    offset,
                    format!("{what} names no state"),
                    "Write { one_of = [ { name = \"…\", value = \"…\" } ] }",
                );
                return None;
            }
            Some(Expectation::OneOf(branches))
        }
        _ => None,
    }
}

fn branch(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Branch> {
    let name = reader.text(section, "name");
    let value = if let Some(value) = section.value("value") {
        reader.as_text(value, "`value` of a state")
    } else {
        reader.missing(section, "value", "= \"…\"");
        None
    };
    Some(Branch { name: name?.value, value: value?.value })
}
