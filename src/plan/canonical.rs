//! Takes a document; gives its one canonical text (RFC 8785) and reads it back; refuses every other spelling of it.
//!
//! People sign bytes. If two texts could mean one document, or one text two documents, a signature would bind less
//! than it seems to. So a text is accepted only when writing its document again gives exactly the same bytes.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// Signed documents hold at most this many bytes: far above any real plan, far below what would stall a desk.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Canonical JSON writes every number as a double, which is exact up to 2^53 only.
const MOST_EXACT: u64 = 1 << 53;

/// Why a document has no canonical text, or a text is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// It is larger than any document may be.
    #[error("the document holds {bytes} bytes; at most {MOST_BYTES} are read")]
    TooLarge {
        /// How many it holds.
        bytes: usize,
    },
    /// It is not JSON, or not this kind of document.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// A key stands twice in one object: readers would disagree about which one counts.
    #[error("the key `{0}` stands twice in one object")]
    DuplicateKey(String),
    /// A number that canonical JSON would round.
    #[error("the number {0} is not a whole number of at most 2^53; write it as text")]
    Number(String),
    /// The text says the same in another spelling.
    #[error("the text is not in canonical form: byte {at} differs; export it again instead of editing it")]
    NotCanonical {
        /// The first byte that differs, from 0.
        at: usize,
    },
}

/// Writes the document's canonical text.
///
/// # Errors
/// When it holds a number that would be rounded, or is too large.
pub fn canonical<T: Serialize>(document: &T) -> Result<String, CanonicalError> {
    let value = serde_json::to_value(document).map_err(|error| CanonicalError::Unreadable(error.to_string()))?;
    refuse_rounding(&value)?;
    let text =
        serde_json_canonicalizer::to_string(&value).map_err(|error| CanonicalError::Unreadable(error.to_string()))?;
    if text.len() > MOST_BYTES {
        return Err(CanonicalError::TooLarge { bytes: text.len() });
    }
    Ok(text)
}

/// Reads a document from its canonical text, and from no other.
///
/// # Errors
/// Duplicate keys, unknown fields, numbers that would be rounded, and any spelling but the canonical one.
pub fn read_strict<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, CanonicalError> {
    if text.len() > MOST_BYTES {
        return Err(CanonicalError::TooLarge { bytes: text.len() });
    }
    refuse_ambiguity(text)?;
    let document: T = serde_json::from_str(text).map_err(|error| CanonicalError::Unreadable(error.to_string()))?;
    // Whatever the types let through, a field dropped or a default filled in shows here.
    let again = canonical(&document)?;
    if again == text {
        return Ok(document);
    }
    let same = again.bytes().zip(text.bytes()).take_while(|(ours, theirs)| ours == theirs).count();
    Err(CanonicalError::NotCanonical { at: same })
}

fn refuse_rounding(value: &serde_json::Value) -> Result<(), CanonicalError> {
    match value {
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => Ok(()),
        serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) if whole <= MOST_EXACT => Ok(()),
            (None, Some(whole)) if whole.unsigned_abs() <= MOST_EXACT => Ok(()),
            (Some(_) | None, _) => Err(CanonicalError::Number(number.to_string())),
        },
        serde_json::Value::Array(items) => items.iter().try_for_each(refuse_rounding),
        serde_json::Value::Object(fields) => fields.values().try_for_each(refuse_rounding),
    }
}

fn refuse_ambiguity(text: &str) -> Result<(), CanonicalError> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let walked = Unambiguous { found: &mut found }.deserialize(&mut reader).and_then(|()| reader.end());
    match (found, walked) {
        (Some(problem), _) => Err(problem),
        (None, Err(error)) => Err(CanonicalError::Unreadable(error.to_string())),
        (None, Ok(())) => Ok(()),
    }
}

/// Walks JSON of any shape and stops at a key that stands twice or a number that would be rounded.
struct Unambiguous<'a> {
    found: &'a mut Option<CanonicalError>,
}

impl Unambiguous<'_> {
    fn refuse<E: serde::de::Error>(self, problem: CanonicalError) -> E {
        let error = E::custom(&problem);
        *self.found = Some(problem);
        error
    }
}

impl<'de> DeserializeSeed<'de> for Unambiguous<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unambiguous<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        if number > MOST_EXACT {
            return Err(self.refuse(CanonicalError::Number(number.to_string())));
        }
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        if number.unsigned_abs() > MOST_EXACT {
            return Err(self.refuse(CanonicalError::Number(number.to_string())));
        }
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        Err(self.refuse(CanonicalError::Number(number.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Unambiguous { found: &mut *self.found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(Key(key)) = fields.next_key()? {
            if seen.contains(&key) {
                return Err(self.refuse(CanonicalError::DuplicateKey(key)));
            }
            seen.insert(key);
            fields.next_value_seed(Unambiguous { found: &mut *self.found })?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Key(String);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::{CanonicalError, canonical, read_strict};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Document {
        name: String,
        rows: u64,
        settings: BTreeMap<String, String>,
    }

    /// Reads the text and says `ok` or what is wrong with it.
    fn check(text: &str, expect: &str) {
        let answer = match read_strict::<Document>(text) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(answer.contains(expect), "{text}\nexpected: {expect}\nactual:   {answer}");
    }

    #[test]
    fn one_spelling_only() {
        check(r#"{"name":"é","rows":4,"settings":{"a":"1","b":"2"}}"#, "ok");
        check(r#"{"name":"\u00e9","rows":4,"settings":{"a":"1","b":"2"}}"#, "canonical form: byte 9");
        check(r#"{"rows":4,"name":"é","settings":{}}"#, "not in canonical form");
        check(r#"{"name":"é", "rows":4,"settings":{}}"#, "not in canonical form");
        check("{\"name\":\"é\",\"rows\":4,\"settings\":{}}\n", "not in canonical form");
        check("\u{feff}{\"name\":\"é\",\"rows\":4,\"settings\":{}}", "cannot be read");
        check(r#"{"name":"é","rows":4.0,"settings":{}}"#, "whole number");
        check(r#"{"name":"é","rows":4e0,"settings":{}}"#, "whole number");
        check(r#"{"name":"é","rows":4,"settings":{}} {}"#, "cannot be read");
    }

    #[test]
    fn no_key_twice_and_none_unknown() {
        check(r#"{"name":"a","name":"b","rows":4,"settings":{}}"#, "the key `name` stands twice");
        check(r#"{"name":"a","rows":4,"settings":{"a":"1","a":"2"}}"#, "the key `a` stands twice");
        check(r#"{"name":"a","rows":4,"settings":{"a":"1","\u0061":"2"}}"#, "the key `a` stands twice");
        check(r#"{"extra":1,"name":"a","rows":4,"settings":{}}"#, "unknown field `extra`");
        check(r#"{"name":"a","rows":4}"#, "missing field `settings`");
    }

    #[test]
    fn numbers_stay_exact() {
        check(r#"{"name":"a","rows":9007199254740992,"settings":{}}"#, "ok");
        check(r#"{"name":"a","rows":9007199254740993,"settings":{}}"#, "the number 9007199254740993");
        let document = |rows| Document { name: "a".to_owned(), rows, settings: BTreeMap::new() };
        assert!(canonical(&document(1 << 53)).is_ok());
        assert_eq!(canonical(&document(u64::MAX)), Err(CanonicalError::Number(u64::MAX.to_string())));
    }

    #[test]
    fn every_flipped_byte_is_seen() {
        let text = r#"{"name":"abc","rows":4,"settings":{"a":"1"}}"#;
        let whole = read_strict::<Document>(text).unwrap();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(flipped) = String::from_utf8(bytes) else { continue };
                assert_ne!(
                    read_strict::<Document>(&flipped).ok().as_ref(),
                    Some(&whole),
                    "byte {at} bit {bit}: {flipped}"
                );
            }
        }
    }
}
