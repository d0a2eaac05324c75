//! Takes a script, declared parameters and values; gives the script with typed literals; refuses a value that is not
//! of its type, one that cannot be seen whole, and a parameter that nobody declared (D-21).

use pg_query::protobuf::Token;

use super::letters::{Unseen, disguised, first_unseen, latin_look, unseen};
use super::sql::{Lexeme, lexemes};
use super::{Parameter, ParameterKind, StepId};

/// A value for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The parameter's name.
    pub name: String,
    /// The value as it was typed.
    pub value: String,
}

/// Why a parameter could not be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingProblem {
    /// No value was given.
    #[error("the parameter `{name}` has no value ({description}): give one as {name}=…")]
    Missing {
        /// The parameter.
        name: String,
        /// What it is for.
        description: String,
    },
    /// The runbook declares no such parameter.
    #[error("`{name}` is not a parameter of this runbook: leave it out, or declare it in runbook.toml")]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The value is not of the declared type.
    #[error("the parameter `{name}` needs {expected}, not `{actual}`")]
    Invalid {
        /// The parameter.
        name: String,
        /// What it must be.
        expected: String,
        /// What was given, shortened.
        actual: String,
    },
}

/// Turns a value into a typed SQL literal, such as `'42'::bigint`.
///
/// # Errors
/// When the value is not of the parameter's type.
pub fn bind_value(parameter: &Parameter, value: &str) -> Result<String, BindingProblem> {
    let invalid = |expected: &str| BindingProblem::Invalid {
        name: parameter.name.clone(),
        expected: expected.to_owned(),
        actual: value.chars().take(60).flat_map(char::escape_debug).collect(),
    };
    if value.contains('\0') {
        return Err(invalid("text without NUL"));
    }
    if let Some(reason) = hidden(value) {
        return Err(invalid(&format!("text that reviewers can see whole ({reason})")));
    }
    if !parameter.allowed.is_empty() && !parameter.allowed.iter().any(|allowed| allowed == value) {
        return Err(invalid(&format!("one of: {}", parameter.allowed.join(", "))));
    }
    let (is_valid, expected, kind) = match parameter.kind {
        ParameterKind::Text => (true, "", "text"),
        ParameterKind::Integer => (is_integer(value), "a whole number of 64 bits, such as 42", "bigint"),
        ParameterKind::Numeric => (is_numeric(value), "a decimal number, such as -1.50", "numeric"),
        ParameterKind::Boolean => (matches!(value, "true" | "false"), "`true` or `false`", "boolean"),
        ParameterKind::Uuid => (is_uuid(value), "a UUID, such as 0b0e6f5c-1c1e-4d57-9e11-4f3a0b7f8a10", "uuid"),
        ParameterKind::Date => (is_date(value), "a date as YYYY-MM-DD", "date"),
        ParameterKind::Timestamp => (is_instant(value), "an instant such as 2026-06-01T08:00:00Z", "timestamptz"),
    };
    if !is_valid {
        return Err(invalid(expected));
    }
    // standard_conforming_strings is pinned on: inside quotes a backslash is itself, and only the quote is doubled.
    // The type is found in pg_catalog, which is first on the pinned search_path.
    Ok(format!("'{}'::{kind}", value.replace('\'', "''")))
}

/// Says what of a value cannot be seen at all, so that nobody could approve it.
fn hidden(value: &str) -> Option<String> {
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        let reason = match unseen(letter) {
            Some(why @ (Unseen::Direction | Unseen::NoWidth | Unseen::Break | Unseen::Control)) => why.reason(),
            None if letter == '\r' && letters.peek() != Some(&'\n') => "it is a carriage return without a line feed",
            // An emoji's variation and a wide space are seen; `doubtful` tells of them.
            Some(Unseen::Variation | Unseen::Space) | None => continue,
        };
        return Some(format!("U+{:04X} stands in it: {reason}", u32::from(letter)));
    }
    None
}

/// Says what in a value may be mistaken for something else; reviewers acknowledge it as a hazard.
#[must_use]
pub fn doubtful(value: &str) -> Option<String> {
    if value.is_ascii() {
        return None;
    }
    if let Some((letter, reason)) = first_unseen(value) {
        return Some(format!("U+{:04X} stands in it: {reason}", u32::from(letter)));
    }
    let mut words = value.split(|letter: char| !letter.is_alphanumeric());
    if let Some(letter) = words.find_map(disguised) {
        return Some(format!(
            "U+{:04X} ({letter}) in it looks like a Latin letter, beside Latin ones",
            u32::from(letter)
        ));
    }
    value
        .split_whitespace()
        .find_map(latin_look)
        .map(|seen| format!("it looks like the Latin letters {seen}, and holds none"))
}

/// Replaces every `:'name'` of a script by its typed literal; strings, comments and dollar quotes are left alone.
///
/// # Errors
/// When a name used is not declared, has no value or a wrong one, or when a value is given for no parameter.
pub fn bind(text: &str, parameters: &[Parameter], bindings: &[Binding]) -> Result<String, BindingProblem> {
    let declared = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        found.ok_or_else(|| BindingProblem::Unknown { name: name.to_owned() })
    };
    for (index, binding) in bindings.iter().enumerate() {
        declared(&binding.name)?;
        if bindings[..index].iter().any(|earlier| earlier.name == binding.name) {
            let (name, expected) = (binding.name.clone(), "one value, given once".to_owned());
            return Err(BindingProblem::Invalid { name, expected, actual: "two values".to_owned() });
        }
    }
    let mut bound = String::with_capacity(text.len());
    let mut copied = 0;
    for (name, offset) in used(text) {
        let parameter = declared(&name)?;
        let Some(binding) = bindings.iter().find(|binding| binding.name == name) else {
            return Err(BindingProblem::Missing { name, description: parameter.description.clone() });
        };
        bound.push_str(&text[copied..offset]);
        bound.push_str(&bind_value(parameter, &binding.value)?);
        copied = offset + name.len() + ":''".len();
        if text[copied..].starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '$') {
            bound.push(' ');
        }
    }
    bound.push_str(&text[copied..]);
    Ok(bound)
}

/// Returns the text with every `:'name'` written as the literal `':name'`: as long, and plain SQL to the grammar.
#[must_use]
pub fn unbound_view(text: &str) -> String {
    let mut view = String::with_capacity(text.len());
    let mut copied = 0;
    for (_, offset) in used(text) {
        view.push_str(&text[copied..offset]);
        view.push_str("':");
        copied = offset + 2;
    }
    view.push_str(&text[copied..]);
    view
}

/// Returns each use of a parameter with the byte offset of its colon, in order.
#[must_use]
pub fn used(text: &str) -> Vec<(String, usize)> {
    // Most texts hold none, and need not be cut into words for that.
    if !text.contains(":'") {
        return Vec::new();
    }
    let Some(lexemes) = lexemes(text) else { return Vec::new() };
    let name_at = |pair: &[Lexeme]| {
        let (colon, literal) = (pair[0], pair[1]);
        // psql substitutes only where the quote touches the colon.
        if !colon.is(Token::Ascii58) || !literal.is(Token::Sconst) || colon.end != literal.start {
            return None;
        }
        // Behind a letter or a quote the literal would become another one: E'…', or the end of the string before it.
        let before = text[..colon.start].chars().next_back();
        if before.is_some_and(|before| !before.is_whitespace() && !"(,[=<>+-*/%|".contains(before)) {
            return None;
        }
        let name = text[literal.start..literal.end].strip_prefix('\'')?.strip_suffix('\'')?;
        is_name(name).then(|| (name.to_owned(), colon.start))
    };
    lexemes.windows(2).filter_map(name_at).collect()
}

/// Returns whether a text may be a parameter's name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) && value.parse::<i64>().is_ok()
}

fn is_numeric(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.len() <= 1_000 && part.bytes().all(|digit| digit.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn is_uuid(value: &str) -> bool {
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_date(value: &str) -> bool {
    value.len() == 10 && value.is_ascii() && value.parse::<jiff::civil::Date>().is_ok_and(|date| date.year() > 0)
}

fn is_instant(value: &str) -> bool {
    // A space instead of T is RFC 3339 too; anything that would need this desk's time zone is not.
    value.len() <= 40 && value.is_ascii() && !value.contains('[') && value.parse::<jiff::Timestamp>().is_ok()
}

/// Writes a step's name where a question says `$1`; inside literals and comments it is left as it is.
#[must_use]
pub fn for_step(sql: &str, step: &StepId) -> String {
    let literal = format!("'{}'", step.as_str().replace('\'', "''"));
    let places = lexemes(sql).unwrap_or_default().into_iter();
    let places = places.filter(|it| it.is(Token::Param) && &sql[it.start..it.end] == "$1");
    let (mut out, mut from) = (String::new(), 0);
    for place in places {
        out += &sql[from..place.start];
        out += &literal;
        from = place.end;
    }
    out + &sql[from..]
}

#[cfg(test)]
mod tests {
    use super::{Binding, BindingProblem, bind, bind_value, doubtful, unbound_view, used};
    use crate::runbook::{Parameter, ParameterKind};

    fn parameter(name: &str, kind: ParameterKind) -> Parameter {
        Parameter { name: name.to_owned(), kind, description: "what it is for".to_owned(), allowed: Vec::new() }
    }

    /// `kind value` → the literal, or what is expected.
    fn check(kind: ParameterKind, value: &str, expect: &str) {
        let actual = match bind_value(&parameter("p", kind), value) {
            Ok(literal) => literal,
            Err(BindingProblem::Invalid { expected, .. }) => format!("needs {expected}"),
            Err(other) => other.to_string(),
        };
        assert!(actual.starts_with(expect), "{value:?}: {actual}");
    }

    #[test]
    fn values_become_typed_literals_and_nothing_else() {
        check(ParameterKind::Text, "gov", "'gov'::text");
        check(ParameterKind::Text, "", "''::text");
        check(ParameterKind::Text, "O'Hara'; DROP TABLE x; --", "'O''Hara''; DROP TABLE x; --'::text");
        check(ParameterKind::Text, r"back\'slash", r"'back\''slash'::text");
        check(ParameterKind::Text, "nul\0", "needs text without NUL");
        check(ParameterKind::Integer, "42", "'42'::bigint");
        check(ParameterKind::Integer, "-9223372036854775808", "'-9223372036854775808'::bigint");
        for wrong in ["", "-", "+1", "4 2", "1e3", "9223372036854775808", "0x1F", "1_000", "٤", "1; DROP TABLE x"] {
            check(ParameterKind::Integer, wrong, "needs a whole number");
        }
        check(ParameterKind::Numeric, "-1.50", "'-1.50'::numeric");
        for wrong in ["", ".", "1.", ".5", "NaN", "Infinity", "1e5", "1,5"] {
            check(ParameterKind::Numeric, wrong, "needs a decimal");
        }
        check(ParameterKind::Boolean, "true", "'true'::boolean");
        check(ParameterKind::Boolean, "t", "needs `true` or `false`");
        check(ParameterKind::Uuid, "0b0e6f5c-1c1e-4d57-9e11-4f3a0b7f8a10", "'0b0e6f5c");
        check(ParameterKind::Uuid, "0b0e6f5c1c1e4d579e114f3a0b7f8a10", "needs a UUID");
        check(ParameterKind::Date, "2026-06-01", "'2026-06-01'::date");
        for wrong in ["2026-02-30", "01.06.2026", "2026-6-1", "today", "-000001-01-01"] {
            check(ParameterKind::Date, wrong, "needs a date");
        }
        check(ParameterKind::Timestamp, "2026-06-01T08:00:00+07:00", "'2026-06-01T08:00:00+07:00'::timestamptz");
        for wrong in ["2026-06-01", "2026-06-01T08:00:00", "now", "2026-06-01T08:00:00+07:00[Asia/Ho_Chi_Minh]"] {
            check(ParameterKind::Timestamp, wrong, "needs an instant");
        }
    }

    #[test]
    fn values_that_cannot_be_seen_are_refused_and_look_alikes_are_told() {
        for (value, reason) in [
            ("gov\u{202e}", "U+202E"),
            ("gov\u{200b}ernance", "U+200B"),
            ("gov\u{ad}", "U+00AD"),
            ("\u{feff}gov", "U+FEFF"),
            ("a\rb", "carriage return"),
            ("a\u{1b}[2Kb", "U+001B"),
            ("a\u{2028}b", "U+2028"),
        ] {
            let told = bind_value(&parameter("p", ParameterKind::Text), value).unwrap_err().to_string();
            assert!(told.contains(reason), "{value:?}: {told}");
        }
        for value in ["Nguyễn Thị Lan", "Москва", "東京タワー", "two\r\nlines\tand a tab", "O'Hara", "naïve – “quoted”"]
        {
            assert!(bind_value(&parameter("p", ParameterKind::Text), value).is_ok(), "{value}");
            assert_eq!(doubtful(value), None, "{value}");
        }
        for value in ["govern\u{430}nce", "a\u{a0}b", "\u{2764}\u{fe0f}", "\u{441}\u{43e}\u{440}\u{443}"] {
            assert!(bind_value(&parameter("p", ParameterKind::Text), value).is_ok(), "{value}");
            assert!(doubtful(value).is_some(), "{value}");
        }
    }

    #[test]
    fn allowed_values_are_the_only_ones() {
        let mut domain = parameter("domain", ParameterKind::Text);
        domain.allowed = vec!["governance".to_owned()];
        assert!(bind_value(&domain, "governance").is_ok());
        assert!(bind_value(&domain, "Governance").is_err());
    }

    #[test]
    fn names_are_found_in_code_and_nowhere_else() {
        let names =
            |text: &str| used(text).into_iter().map(|(name, at)| format!("{name}@{at}")).collect::<Vec<_>>().join(" ");
        assert_eq!(names("WHERE k = :'key'"), "key@10");
        assert_eq!(names("WHERE k = ':''key'''"), "");
        assert_eq!(names("-- :'key'\n/* :'key' */ SELECT $$ :'key' $$, \":'key'\""), "");
        assert_eq!(names("SELECT x::'key', : 'key', :'bad name', :\"key\", :key"), "");
        assert_eq!(names("SELECT :'a', :'b_2'"), "a@7 b_2@13");
        assert_eq!(names("SELECT E:'a', U&:'a', 'x':'a', @:'a', :::'a'"), "");
        assert_eq!(names("SELECT k=:'a'"), "a@9");
        assert_eq!(names("SELECT 'unterminated :'key'"), "");
        assert_eq!(names(""), "");
        let text = "SELECT :'a' || ':''x', 'é', :'long_name' -- :'no'";
        assert_eq!(unbound_view(text), "SELECT ':a' || ':''x', 'é', ':long_name' -- :'no'");
        assert_eq!(unbound_view(text).len(), text.len());
    }

    #[test]
    fn binding_needs_every_value_once_and_no_other() {
        let parameters = [parameter("key", ParameterKind::Text), parameter("n", ParameterKind::Integer)];
        let value = |name: &str, value: &str| Binding { name: name.to_owned(), value: value.to_owned() };
        let bound = bind(
            "DELETE FROM t WHERE k = :'key' AND n < :'n'; -- :'key'",
            &parameters,
            &[value("n", "7"), value("key", "a'b")],
        );
        assert_eq!(bound.unwrap(), "DELETE FROM t WHERE k = 'a''b'::text AND n < '7'::bigint; -- :'key'");
        let missing = bind("SELECT :'key'", &parameters, &[]).unwrap_err();
        assert_eq!(
            missing,
            BindingProblem::Missing { name: "key".to_owned(), description: "what it is for".to_owned() }
        );
        let unknown = bind("SELECT :'other'", &parameters, &[]).unwrap_err();
        assert_eq!(unknown, BindingProblem::Unknown { name: "other".to_owned() });
        assert!(matches!(bind("SELECT 1", &parameters, &[value("x", "1")]), Err(BindingProblem::Unknown { .. })));
        let twice = [value("key", "1"), value("key", "2")];
        assert!(matches!(bind("SELECT 1", &parameters, &twice), Err(BindingProblem::Invalid { .. })));
        assert_eq!(bind("SELECT :'n'x", &parameters, &[value("n", "1")]).unwrap(), "SELECT '1'::bigint x");
        // A value that looks like a parameter is not read a second time.
        assert_eq!(bind("SELECT :'key'", &parameters, &[value("key", ":'n'")]).unwrap(), "SELECT ':''n'''::text");
    }
}
