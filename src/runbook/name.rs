//! Takes text; gives the small names a runbook speaks in: steps, checks, database objects, people.

use std::fmt;

use pg_query::protobuf::Token;
use serde::{Deserialize, Serialize};

use super::sql::lexemes;

/// Declares a name that is text underneath and cannot be mistaken for another name.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

name! {
    /// A component of the forward build, such as `SB-12`.
    StepId
}
name! {
    /// A check, such as `apr-action-types`.
    CheckId
}
name! {
    /// One person or agent, such as `lan@example.test`.
    Principal
}

/// A schema-qualified database object, such as `public.governance_ruleset`.
///
/// Triggers carry the relation they sit on: `public.apr_action_types.trg_birth_apr_action_types`.
/// Event triggers live in no schema: their `schema` is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectName {
    /// The schema; empty for what lives in none (event triggers, schemas, extensions).
    pub schema: String,
    /// The name inside the schema; for a trigger `relation.trigger`.
    pub name: String,
}

impl ObjectName {
    /// Makes a name from its two parts.
    #[must_use]
    pub fn new(schema: &str, name: &str) -> Self {
        Self { schema: schema.to_owned(), name: name.to_owned() }
    }

    /// Returns the name as SQL, each part quoted, so that it cannot be read as anything else.
    #[must_use]
    pub fn quoted(&self) -> String {
        let quote = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
        if self.schema.is_empty() {
            quote(&self.name)
        } else {
            format!("{}.{}", quote(&self.schema), quote(&self.name))
        }
    }
}

impl ObjectName {
    /// Returns the name as people write it in SQL: parts are quoted where they must be.
    #[must_use]
    pub fn as_written(&self) -> String {
        let part = |part: &str| {
            let is_plain = part.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
                && part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
            let is_word = || matches!(lexemes(part).as_deref(), Some([only]) if only.is(Token::Ident));
            if is_plain && is_word() { part.to_owned() } else { Self::new("", part).quoted() }
        };
        if self.schema.is_empty() { part(&self.name) } else { format!("{}.{}", part(&self.schema), part(&self.name)) }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_empty() { f.write_str(&self.name) } else { write!(f, "{}.{}", self.schema, self.name) }
    }
}

impl From<ObjectName> for String {
    fn from(name: ObjectName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for ObjectName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.split_once('.') {
            _ if text.is_empty() => Err("an object name is empty".to_owned()),
            Some((schema, name)) if !schema.is_empty() && !name.is_empty() => Ok(Self::new(schema, name)),
            Some(_) => Err(format!("`{text}` has an empty part; write schema.name")),
            None => Ok(Self::new("", &text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectName;

    #[test]
    fn a_name_is_quoted_where_it_must_be() {
        for (schema, name, expected) in [
            ("public", "orders", "public.orders"),
            ("public", "order", "public.\"order\""),
            ("desk", "Sla Policies", "desk.\"Sla Policies\""),
            ("", "it\"s", "\"it\"\"s\""),
            ("public", "đơn", "public.\"đơn\""),
            ("", "2fa", "\"2fa\""),
        ] {
            assert_eq!(ObjectName::new(schema, name).as_written(), expected);
        }
    }
}
