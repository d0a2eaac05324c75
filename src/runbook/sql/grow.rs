//! Takes a message of the parser; grows the tree of [`super::Tree`] from it in one pass; refuses nothing.
//!
//! Fields that hold nothing (null, 0, false, an empty text or list) are left out: most fields of most nodes are empty,
//! and every reader of the tree takes an absent field for an empty one. Large scripts are read several times faster so.

use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeStruct, Serializer};
use serde_json::{Error, Map, Value};

/// What is noticed while a tree grows.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// How many bytes of the script lie before the text that was parsed.
    base: usize,
    /// The kinds of node seen.
    pub kinds: Vec<&'static str>,
    /// How many nodes lie on the longest way from the root to a leaf.
    pub deepest: usize,
    level: usize,
}

impl Growth {
    /// Begins a tree of a text that has `base` bytes of the script before it.
    pub fn behind(base: usize) -> Self {
        Self { base, ..Self::default() }
    }

    fn enter(&mut self) {
        self.level += 1;
        self.deepest = self.deepest.max(self.level);
    }
}

/// Returns whether a field is a place in the script.
pub(super) fn is_place(field: &str) -> bool {
    // PostgreSQL 18's grammar also remembers where a list of `IN` begins and ends.
    field.ends_with("location")
        || matches!(field, "rexpr_list_start" | "rexpr_list_end" | "list_start" | "list_end" | "stmt_len")
}

/// Grows a tree.
pub(super) fn grow(message: &impl Serialize, growth: &mut Growth) -> Option<Value> {
    message.serialize(Grower(growth)).ok()
}

struct Grower<'g>(&'g mut Growth);

type Never = Impossible<Value, Error>;

/// The messages hold no maps, tuples or bytes.
fn not_in_a_message<T>() -> Result<T, Error> {
    Err(Error::custom("not a shape of the parser's messages"))
}

impl<'g> Serializer for Grower<'g> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = List<'g>;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Fields<'g>;
    type SerializeStructVariant = Never;

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        Ok(Value::Bool(value))
    }
    fn serialize_i8(self, value: i8) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_i16(self, value: i16) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_i32(self, value: i32) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_i64(self, value: i64) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_u8(self, value: u8) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_u16(self, value: u16) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_u32(self, value: u32) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_u64(self, value: u64) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        Ok(value.into())
    }
    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(Value::String(value.into()))
    }
    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        Ok(Value::String(value.to_owned()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<Value, Error> {
        not_in_a_message()
    }
    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(Value::String(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        kind: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        if !self.0.kinds.contains(&kind) {
            self.0.kinds.push(kind);
        }
        self.0.enter();
        let inner = value.serialize(Grower(self.0))?;
        self.0.level -= 1;
        let mut node = Map::new();
        node.insert(kind.to_owned(), inner);
        Ok(Value::Object(node))
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<List<'g>, Error> {
        self.0.enter();
        Ok(List { items: Vec::with_capacity(length.unwrap_or(0)), growth: self.0 })
    }
    fn serialize_tuple(self, _: usize) -> Result<Never, Error> {
        not_in_a_message()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, Error> {
        not_in_a_message()
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Error> {
        not_in_a_message()
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Never, Error> {
        not_in_a_message()
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'g>, Error> {
        // The message format puts a `Node` round every node; the tree does without.
        let is_wrapper = name == "Node";
        if !is_wrapper {
            self.0.enter();
        }
        Ok(Fields { is_wrapper, inner: Value::Null, others: Map::new(), growth: self.0 })
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Error> {
        not_in_a_message()
    }
}

struct List<'g> {
    items: Vec<Value>,
    growth: &'g mut Growth,
}

impl SerializeSeq for List<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, item: &T) -> Result<(), Error> {
        self.items.push(item.serialize(Grower(self.growth))?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        self.growth.level -= 1;
        Ok(Value::Array(self.items))
    }
}

struct Fields<'g> {
    is_wrapper: bool,
    /// The one field of a wrapper.
    inner: Value,
    others: Map<String, Value>,
    growth: &'g mut Growth,
}

impl SerializeStruct for Fields<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, field: &T) -> Result<(), Error> {
        let mut value = field.serialize(Grower(self.growth))?;
        if self.is_wrapper {
            self.inner = value;
            return Ok(());
        }
        // 0 and -1 stand for no place; nothing that is parsed behind others begins at 0.
        if self.growth.base > 0
            && let Some(offset) = value.as_u64().filter(|offset| *offset > 0)
            && is_place(name)
            && name != "stmt_len"
        {
            value = Value::from(offset + self.growth.base as u64);
        }
        if !holds_nothing(&value) {
            self.others.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        if self.is_wrapper {
            return Ok(self.inner);
        }
        self.growth.level -= 1;
        Ok(Value::Object(self.others))
    }
}

fn holds_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
    }
}
