//! Takes a message of the parser; grows the tree of [`super::Tree`] from it in one pass; refuses nothing.
//!
//! Fields that hold nothing (null, 0, false, an empty text or list) are left out: most fields of most nodes are empty,
//! and every reader of the tree takes an absent field for an empty one. Large scripts are read several times faster so.

use std::fmt::Error;

use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeStruct, Serializer};

use super::node::{Node, sort};

/// What is noticed while a tree grows.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// How many bytes of the script lie before the text that was parsed.
    base: usize,
    /// The kinds of node seen, and how many of each.
    pub kinds: Vec<(&'static str, usize)>,
    /// How many nodes lie on the longest way from the root to a leaf.
    pub deepest: usize,
    level: usize,
    /// The fields of the nodes that are growing, outer ones first: each node takes its own when it is whole.
    fields: Vec<(&'static str, Node)>,
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
pub(super) fn grow(message: &impl Serialize, growth: &mut Growth) -> Option<Node> {
    message.serialize(Grower(growth)).ok()
}

struct Grower<'g>(&'g mut Growth);

type Never = Impossible<Node, Error>;

/// The messages hold no maps, tuples or bytes.
fn not_in_a_message<T>() -> Result<T, Error> {
    Err(Error::custom("not a shape of the parser's messages"))
}

impl<'g> Serializer for Grower<'g> {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = List<'g>;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Fields<'g>;
    type SerializeStructVariant = Never;

    fn serialize_bool(self, value: bool) -> Result<Node, Error> {
        Ok(Node::Truth(value))
    }
    fn serialize_i8(self, value: i8) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_i16(self, value: i16) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_i32(self, value: i32) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_i64(self, value: i64) -> Result<Node, Error> {
        Ok(Node::Number(value))
    }
    fn serialize_u8(self, value: u8) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_u16(self, value: u16) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_u32(self, value: u32) -> Result<Node, Error> {
        Ok(Node::Number(value.into()))
    }
    fn serialize_u64(self, value: u64) -> Result<Node, Error> {
        Ok(Node::Number(i64::try_from(value).unwrap_or(i64::MAX)))
    }
    fn serialize_f32(self, value: f32) -> Result<Node, Error> {
        self.serialize_f64(value.into())
    }
    fn serialize_f64(self, value: f64) -> Result<Node, Error> {
        // Only a planner's nodes hold these, and no statement has one; what is written is kept as text.
        Ok(Node::Text(value.to_string().into()))
    }
    fn serialize_char(self, value: char) -> Result<Node, Error> {
        Ok(Node::Text(value.to_string().into()))
    }
    fn serialize_str(self, value: &str) -> Result<Node, Error> {
        Ok(Node::Text(value.into()))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<Node, Error> {
        not_in_a_message()
    }
    fn serialize_none(self) -> Result<Node, Error> {
        Ok(Node::Nothing)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Node, Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node, Error> {
        Ok(Node::Nothing)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Error> {
        Ok(Node::Nothing)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Node, Error> {
        Ok(Node::Text(variant.into()))
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<Node, Error> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        kind: &'static str,
        value: &T,
    ) -> Result<Node, Error> {
        match self.0.kinds.iter_mut().find(|(seen, _)| *seen == kind) {
            Some((_, count)) => *count += 1,
            None => self.0.kinds.push((kind, 1)),
        }
        self.0.enter();
        let inner = value.serialize(Grower(self.0))?;
        self.0.level -= 1;
        Ok(Node::Kind(Box::new((kind, inner))))
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
        Ok(Fields { is_wrapper, inner: Node::Nothing, first: self.0.fields.len(), growth: self.0 })
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Error> {
        not_in_a_message()
    }
}

struct List<'g> {
    items: Vec<Node>,
    growth: &'g mut Growth,
}

impl SerializeSeq for List<'_> {
    type Ok = Node;
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, item: &T) -> Result<(), Error> {
        self.items.push(item.serialize(Grower(self.growth))?);
        Ok(())
    }

    fn end(self) -> Result<Node, Error> {
        self.growth.level -= 1;
        Ok(Node::List(self.items.into()))
    }
}

struct Fields<'g> {
    is_wrapper: bool,
    /// The one field of a wrapper.
    inner: Node,
    /// Where its fields begin among those that are growing.
    first: usize,
    growth: &'g mut Growth,
}

impl SerializeStruct for Fields<'_> {
    type Ok = Node;
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, field: &T) -> Result<(), Error> {
        let mut value = field.serialize(Grower(self.growth))?;
        if self.is_wrapper {
            self.inner = value;
            return Ok(());
        }
        // 0 and -1 stand for no place; nothing that is parsed behind others begins at 0.
        if self.growth.base > 0
            && let Node::Number(offset) = &mut value
            && *offset > 0
            && is_place(name)
            && name != "stmt_len"
        {
            *offset = offset.saturating_add(i64::try_from(self.growth.base).unwrap_or(i64::MAX));
        }
        if !value.holds_nothing() {
            self.growth.fields.push((name, value));
        }
        Ok(())
    }

    fn end(self) -> Result<Node, Error> {
        if self.is_wrapper {
            return Ok(self.inner);
        }
        self.growth.level -= 1;
        sort(&mut self.growth.fields[self.first..]);
        Ok(Node::Fields(self.growth.fields.drain(self.first..).collect()))
    }
}
