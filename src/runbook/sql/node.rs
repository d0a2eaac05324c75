//! Takes what the parser said of one node; gives a small value that is quick to make, to walk and to free; refuses nothing.
//!
//! A large script has millions of these. Names are the parser's own static text, fields lie side by side in the order of
//! their names, and what holds nothing is left out.

use std::fmt;

/// One value in a statement's tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Node {
    /// Nothing is there.
    #[default]
    Nothing,
    /// A truth value.
    Truth(bool),
    /// A whole number; enumerations too.
    Number(i64),
    /// A text.
    Text(Box<str>),
    /// A list.
    List(Box<[Node]>),
    /// A node under the name of its kind, such as `DeleteStmt`.
    Kind(Box<(&'static str, Node)>),
    /// The fields of a node, ordered by name.
    Fields(Box<[(&'static str, Node)]>),
}

impl Node {
    /// Makes a node of this kind with these fields.
    #[must_use]
    pub fn of_kind(kind: &'static str, fields: impl IntoIterator<Item = (&'static str, Node)>) -> Self {
        let mut fields: Box<[_]> = fields.into_iter().collect();
        sort(&mut fields);
        Self::Kind(Box::new((kind, Self::Fields(fields))))
    }

    /// Returns what stands in it under this name: a field, or the fields of a node of this kind.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.named().iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns the same to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        let named = match self {
            Self::Kind(named) => std::slice::from_mut(&mut **named),
            Self::Fields(fields) => fields,
            Self::Nothing | Self::Truth(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => &mut [],
        };
        named.iter_mut().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns everything in it that has a name: its fields, or itself under its kind.
    #[must_use]
    pub fn named(&self) -> &[(&'static str, Node)] {
        match self {
            Self::Kind(named) => std::slice::from_ref(&**named),
            Self::Fields(fields) => fields,
            Self::Nothing | Self::Truth(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }

    /// Puts a field into fields, in place of one of the same name.
    pub fn set(&mut self, name: &'static str, value: Node) {
        self.remove(name);
        if let Self::Fields(fields) = self {
            *fields = std::mem::take(fields).into_iter().chain([(name, value)]).collect();
            sort(fields);
        }
    }

    /// Takes a field out of fields.
    pub fn remove(&mut self, name: &str) {
        if let Self::Fields(fields) = self
            && fields.iter().any(|(other, _)| *other == name)
        {
            *fields = std::mem::take(fields).into_iter().filter(|(other, _)| *other != name).collect();
        }
    }

    /// Takes the first items out of a list.
    pub fn skip(&mut self, count: usize) {
        if let Self::List(items) = self {
            *items = std::mem::take(items).into_iter().skip(count).collect();
        }
    }

    /// Returns whether it holds nothing, as an absent field does.
    pub(super) fn holds_nothing(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Truth(truth) => !truth,
            Self::Number(number) => *number == 0,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Kind(_) | Self::Fields(_) => false,
        }
    }
}

/// Orders fields by name, so that equal nodes are equal and are walked alike.
pub(super) fn sort(fields: &mut [(&'static str, Node)]) {
    fields.sort_unstable_by_key(|(name, _)| *name);
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Node {
    /// Writes it as JSON writes it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => out.write_str("null"),
            Self::Truth(truth) => write!(out, "{truth}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => write!(out, "{}", serde_json::Value::from(&**text)),
            Self::List(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                out.write_str("]")
            }
            Self::Kind(_) | Self::Fields(_) => {
                out.write_str("{")?;
                for (index, (name, value)) in self.named().iter().enumerate() {
                    write!(out, "{}\"{name}\":{value}", if index == 0 { "" } else { "," })?;
                }
                out.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn fields_are_found_changed_and_compared_in_any_order() {
        let one = || Node::of_kind("ResTarget", [("name", "k".into()), ("location", Node::Number(7))]);
        let other = Node::of_kind("ResTarget", [("location", Node::Number(7)), ("name", "k".into())]);
        assert_eq!(one(), other);
        let mut changed = one();
        let fields = changed.get_mut("ResTarget").unwrap();
        fields.set("indirection", Node::List([Node::Nothing, "a \"b\"".into()].into()));
        fields.set("name", "l".into());
        fields.remove("location");
        fields.remove("absent");
        let written = r#"{"ResTarget":{"indirection":[null,"a \"b\""],"name":"l"}}"#;
        assert_eq!(changed.to_string(), written);
        changed.get_mut("ResTarget").and_then(|fields| fields.get_mut("indirection")).unwrap().skip(1);
        assert_eq!(changed.to_string(), written.replace("null,", ""));
        assert_eq!((one().get("name"), other.get("ResTarget").unwrap().get("name")), (None, Some(&"k".into())));
        assert!(changed != other);
    }
}
