//! Takes what stands beside a column in a comparison; gives its meaning as a constant; refuses what it cannot weigh.
//!
//! A column's type is not known here, so two constants count as the same only where they are for every type that
//! accepts both: `'x'::text` is at least as strict as `'x'`, but not the other way round (citext, padded char(n)).

use crate::runbook::parameter::is_name;
use crate::runbook::sql::tree::{Node, as_kind, items, number, present, strings, text, truth, without_places};

/// Whole numbers up to here are the same in every numeric type, a four-byte float too.
const EXACT_EVERYWHERE: i64 = 1 << 24;

/// A constant as far as it can be compared with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constant {
    /// A text literal whose type is the column's.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Another number, as it is written.
    Number(String),
    /// A parameter: its value is not known yet.
    Parameter(String),
    /// A text literal of a named type.
    Typed(String, String),
}

/// What a comparison's other side is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// NULL: no comparison with it is ever true.
    Null,
    /// `true` or `false`.
    Truth(bool),
    /// A constant.
    Constant(Constant),
}

/// What can be ordered whatever the column's type: whole numbers, and dates written as YYYY-MM-DD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// A whole number.
    Whole(i64),
    /// A date; its text orders as the date does.
    Date(String),
}

impl Measure {
    /// Compares two measures of one sort; `None` for a number and a date.
    pub fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Whole(_), Self::Date(_)) | (Self::Date(_), Self::Whole(_)) => None,
        }
    }
}

impl Constant {
    /// Answers whether `column = self` implies `column = other`, for every type of the column.
    pub fn is_as_strict_as(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (Self::Typed(kind, typed), Self::Text(plain)) => {
                typed == plain && (matches!(kind.as_str(), "text" | "varchar") || is_date_of(kind, typed))
            }
            (Self::Text(plain), Self::Typed(kind, typed)) => typed == plain && is_date_of(kind, typed),
            (Self::Whole(number), Self::Text(plain)) | (Self::Text(plain), Self::Whole(number)) => {
                number.abs() <= EXACT_EVERYWHERE && *plain == number.to_string()
            }
            (
                Self::Text(_) | Self::Whole(_) | Self::Number(_) | Self::Parameter(_) | Self::Typed(..),
                Self::Text(_) | Self::Whole(_) | Self::Number(_) | Self::Parameter(_) | Self::Typed(..),
            ) => false,
        }
    }

    /// Returns its measure, where it has one that every type agrees on.
    pub fn measure(&self) -> Option<Measure> {
        match self {
            Self::Whole(number) if number.abs() <= EXACT_EVERYWHERE => Some(Measure::Whole(*number)),
            Self::Text(plain) if is_date(plain) => Some(Measure::Date(plain.clone())),
            Self::Typed(kind, typed) if is_date_of(kind, typed) => Some(Measure::Date(typed.clone())),
            Self::Whole(_) | Self::Text(_) | Self::Number(_) | Self::Parameter(_) | Self::Typed(..) => None,
        }
    }

    /// Returns the letters it stands for in a column of text.
    pub fn letters(&self) -> Option<&str> {
        match self {
            Self::Text(plain) => Some(plain),
            Self::Typed(kind, typed) if matches!(kind.as_str(), "text" | "varchar") => Some(typed),
            Self::Whole(_) | Self::Number(_) | Self::Parameter(_) | Self::Typed(..) => None,
        }
    }

    /// Answers whether a column that equals it is `IS NOT NULL`: not so for a row with a NULL in it, such as `(1,)`.
    pub fn is_scalar(&self) -> bool {
        match self {
            Self::Whole(_) | Self::Number(_) => true,
            Self::Text(plain) => !plain.trim_start().starts_with('('),
            Self::Typed(kind, typed) => !typed.trim_start().starts_with('(') || kind == "text" || kind == "varchar",
            Self::Parameter(_) => false,
        }
    }

    /// A list is weighed one by one only where all its constants are of one sort: another mix picks another type.
    pub fn is_of_one_sort(list: &[Self]) -> bool {
        let sort = |constant: &Self| match constant {
            Self::Text(_) => (0, ""),
            Self::Whole(_) => (1, ""),
            Self::Number(_) => (2, ""),
            Self::Parameter(_) => (3, ""),
            Self::Typed(kind, _) => (4, if kind == "varchar" { "text" } else { "other" }),
        };
        let same_kind = |a: &Self, b: &Self| match (a, b) {
            (Self::Typed(a, _), Self::Typed(b, _)) => a == b,
            _ => sort(a) == sort(b),
        };
        list.windows(2).all(|pair| same_kind(&pair[0], &pair[1]))
    }
}

/// Reads one side of a comparison.
pub(super) fn side(node: &Node) -> Option<Side> {
    if let Some(constant) = as_kind(node, "AConst") {
        return literal(constant);
    }
    let cast = as_kind(node, "TypeCast")?;
    let kind = type_name(present(cast, "type_name")?)?;
    match side(present(cast, "arg")?)? {
        Side::Constant(Constant::Text(plain)) => {
            // `'5'::bigint` is the number 5.
            let number = plain.parse::<i64>().ok().filter(|number| is_whole(&kind) && number.to_string() == plain);
            Some(Side::Constant(number.map_or(Constant::Typed(kind, plain), Constant::Whole)))
        }
        Side::Constant(Constant::Whole(number)) if is_whole(&kind) || kind == "numeric" => {
            Some(Side::Constant(Constant::Whole(number)))
        }
        Side::Null | Side::Truth(_) | Side::Constant(_) => None,
    }
}

/// Whether an array's type is written behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Plain,
    Cast,
}

/// The constants of `IN (…)`, `ARRAY[…]` or `'{…}'`; NULLs are counted apart.
pub(super) struct Constants {
    /// The constants.
    pub list: Vec<Constant>,
    /// Whether NULL is among them.
    pub has_null: bool,
}

impl Constants {
    /// Reads a list of nodes.
    pub fn of(nodes: &[Node]) -> Option<Self> {
        let mut found = Self { list: Vec::new(), has_null: false };
        for node in nodes {
            match side(node)? {
                Side::Null => found.has_null = true,
                Side::Constant(constant) => found.list.push(constant),
                Side::Truth(_) => return None,
            }
        }
        Constant::is_of_one_sort(&found.list).then_some(found)
    }

    /// Reads the array behind `= ANY`.
    pub fn of_array(node: &Node) -> Option<Self> {
        if let Some(array) = as_kind(node, "AArrayExpr") {
            // Plain literals in ARRAY[…] are of type text, whatever the column is.
            return Self::of(items(array, "elements"))?.typed("text", Written::Plain);
        }
        if let Some(cast) = as_kind(node, "TypeCast") {
            let of_items = element_type(present(cast, "type_name")?)?;
            let inner = present(cast, "arg")?;
            let found = match as_kind(inner, "AArrayExpr") {
                Some(array) => Self::of(items(array, "elements"))?,
                None => Self::of_array(inner)?,
            };
            return found.typed(&of_items, Written::Cast);
        }
        let Some(Side::Constant(Constant::Text(written))) = side(node) else { return None };
        array_items(&written)
    }

    /// Gives its text literals a type; `None` when they have one already.
    fn typed(mut self, kind: &str, written: Written) -> Option<Self> {
        for constant in &mut self.list {
            match constant {
                Constant::Text(plain) => {
                    let number = plain.parse::<i64>().ok().filter(|n| is_whole(kind) && n.to_string() == *plain);
                    *constant = number.map_or_else(|| Constant::Typed(kind.to_owned(), plain.clone()), Constant::Whole);
                }
                Constant::Whole(_) if written == Written::Plain || is_whole(kind) || kind == "numeric" => {}
                Constant::Typed(own, _) if own == kind => {}
                Constant::Whole(_) | Constant::Number(_) | Constant::Parameter(_) | Constant::Typed(..) => return None,
            }
        }
        Some(self)
    }
}

fn literal(constant: &Node) -> Option<Side> {
    let Some(value) = present(constant, "val") else { return Some(Side::Null) };
    let constant = if let Some(value) = as_kind(value, "Sval") {
        let letters = text(value, "sval");
        match letters.strip_prefix(':').filter(|name| is_name(name)) {
            // To the grammar a parameter reads as the literal ':name'.
            Some(name) => Constant::Parameter(name.to_owned()),
            None => Constant::Text(letters.to_owned()),
        }
    } else if let Some(value) = as_kind(value, "Ival") {
        Constant::Whole(number(value, "ival"))
    } else if let Some(value) = as_kind(value, "Fval") {
        let written = text(value, "fval");
        let whole = written.parse::<i64>().ok().filter(|number| number.to_string() == written);
        whole.map_or_else(|| Constant::Number(written.to_owned()), Constant::Whole)
    } else {
        let value = as_kind(value, "Boolval")?;
        return Some(Side::Truth(truth(value, "boolval")));
    };
    Some(Side::Constant(constant))
}

/// Returns a type's name without `pg_catalog`; one with a length, as `varchar(3)`, stands for itself only.
fn type_name(node: &Node) -> Option<String> {
    if !items(node, "array_bounds").is_empty() || truth(node, "setof") {
        return None;
    }
    if !items(node, "typmods").is_empty() {
        return Some(without_places(node).to_string());
    }
    let mut names = strings(items(node, "names"));
    if names.len() == 2 && names[0] == "pg_catalog" {
        names.remove(0);
    }
    Some(names.join("."))
}

fn element_type(node: &Node) -> Option<String> {
    if items(node, "array_bounds").len() != 1 {
        return None;
    }
    let mut single = node.clone();
    single.set("array_bounds", Node::List(Box::default()));
    type_name(&single)
}

fn is_whole(kind: &str) -> bool {
    matches!(kind, "int2" | "int4" | "int8")
}

fn is_date_of(kind: &str, letters: &str) -> bool {
    kind == "date" && is_date(letters)
}

/// Only the one form that every setting of `DateStyle` reads alike, in the years in which text orders as dates do.
fn is_date(letters: &str) -> bool {
    letters.len() == 10
        && letters.is_ascii()
        && letters.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() >= 1_000)
}

/// Reads an array literal of plain items: anything that would need unescaping is left alone.
fn array_items(written: &str) -> Option<Constants> {
    let inner = written.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = Constants { list: Vec::new(), has_null: false };
    if inner.is_empty() {
        return Some(found);
    }
    let mut rest = inner;
    loop {
        let item;
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find(['"', '\\']).filter(|end| quoted[*end..].starts_with('"'))?;
            item = quoted[..end].to_owned();
            rest = &quoted[end + 1..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let plain = &rest[..end];
            let is_plain = |letter: char| letter.is_alphanumeric() || "_-.:".contains(letter);
            if plain.is_empty() || !plain.chars().all(is_plain) {
                return None;
            }
            rest = &rest[end..];
            if plain.eq_ignore_ascii_case("null") {
                found.has_null = true;
                item = String::new();
            } else {
                item = plain.to_owned();
            }
            if item.is_empty() {
                match rest.strip_prefix(',') {
                    Some(more) => rest = more,
                    None if rest.is_empty() => return Some(found),
                    None => return None,
                }
                continue;
            }
        }
        found.list.push(Constant::Text(item));
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(found),
            None => return None,
        }
    }
}
