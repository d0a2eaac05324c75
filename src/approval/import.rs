//! Takes an `allowed_signers` file of OpenSSH; gives the people and keys in it as a roster's text, for people to read, mend
//! and sign; refuses what names no single person: certificate authorities, patterns, a key for two people.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::roster::is_plain_principal;
use super::signature::key_facts;
use super::{Key, Kind, Namespace, Person, Role, Roster};
use crate::runbook::Principal;

/// A line of an `allowed_signers` file that cannot be a roster's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignersProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// What was read of one line.
struct Line {
    principal: Principal,
    namespaces: Option<Vec<String>>,
    key: Key,
}

/// Reads an `allowed_signers` file. Somebody who is on `known` keeps name, kind and roles from there; of others the roles
/// follow from the namespaces their keys are good for.
///
/// # Errors
/// Every line that is refused.
pub fn read_allowed_signers(text: &str, known: Option<&Roster>) -> Result<Vec<Person>, Vec<SignersProblem>> {
    let (mut people, mut problems): (Vec<Person>, Vec<SignersProblem>) = (Vec::new(), Vec::new());
    for (number, raw) in (1..).zip(text.lines()) {
        let raw = raw.trim();
        if raw.is_empty() || raw.starts_with('#') {
            continue;
        }
        match read_line(raw) {
            Ok(line) => add(&mut people, line, known),
            Err(message) => problems.push(SignersProblem { line: number, message }),
        }
    }
    if problems.is_empty() { Ok(people) } else { Err(problems) }
}

/// Writes people as the text of a `roster.toml`.
#[must_use]
pub fn roster_text(people: &[Person]) -> String {
    let mut out = "format = 1\n".to_owned();
    for Person { principal, name, kind, roles, keys } in people {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let kind = match kind {
            Kind::Human => "human",
            Kind::Agent => "agent",
        };
        let roles: Vec<String> = roles.iter().map(|role| format!("\"{}\"", role.as_str())).collect();
        let keys: Vec<String> = keys.iter().map(key_text).collect();
        let _ = write!(
            out,
            "\n[[person]]\nprincipal = {}\nname = {}\nkind = \"{kind}\"\nroles = [{}]\nkeys = [\n{}]\n",
            quoted(principal.as_str()),
            quoted(name),
            roles.join(", "),
            keys.concat()
        );
    }
    out
}

fn key_text(key: &Key) -> String {
    let Key { line, valid_after, valid_before } = key;
    let line = serde_json::Value::from(line.as_str()).to_string();
    if key.validity().is_empty() {
        return format!("  {line},\n");
    }
    let limit = |name: &str, at: Option<Timestamp>| at.map_or_else(String::new, |at| format!(", {name} = {at}"));
    format!("  {{ key = {line}{}{} }},\n", limit("valid_after", *valid_after), limit("valid_before", *valid_before))
}

fn add(people: &mut Vec<Person>, line: Line, known: Option<&Roster>) {
    let Line { principal, namespaces, key } = line;
    let (kind, roles) = standing(namespaces.as_deref());
    if let Some(person) = people.iter_mut().find(|person| person.principal == principal) {
        person.keys.push(key);
        if known.and_then(|known| known.person(&principal)).is_none() {
            let more: Vec<Role> = roles.into_iter().filter(|role| !person.has(*role)).collect();
            person.roles.extend(more);
            if kind == Kind::Human {
                person.kind = kind;
            }
        }
        return;
    }
    let keys = vec![key];
    people.push(if let Some(was) = known.and_then(|known| known.person(&principal)) {
        Person { keys, ..was.clone() }
    } else {
        let name = principal.as_str().split('@').next().unwrap_or_default().to_owned();
        Person { principal, name, kind, roles, keys }
    });
}

/// Reads kind and roles off the namespaces, as the export writes them. A key without namespaces says nothing: its person gets
/// the least there is, and people mend that before they sign.
fn standing(namespaces: Option<&[String]>) -> (Kind, Vec<Role>) {
    let Some(namespaces) = namespaces else { return (Kind::Human, vec![Role::Author]) };
    let has = |namespace: Namespace| namespaces.iter().any(|name| name == namespace.as_str());
    let mut roles = Vec::new();
    if has(Namespace::Run) {
        roles.push(Role::Reviewer);
    }
    if has(Namespace::Operate) {
        roles.push(Role::Operator);
    }
    if has(Namespace::Restart) {
        roles.push(Role::Sovereign);
    }
    if roles.is_empty() {
        roles.push(Role::Author);
    }
    let only_prepares = has(Namespace::Stage) && !has(Namespace::Roster) && roles == [Role::Author];
    (if only_prepares { Kind::Agent } else { Kind::Human }, roles)
}

fn read_line(raw: &str) -> Result<Line, String> {
    let (names, rest) = word(raw)?;
    if names.contains(',') {
        return Err(format!("`{names}` names several people for one key: each key belongs to one person"));
    }
    if names.contains(['*', '?', '!']) {
        return Err(format!("`{names}` is a pattern; write one line for each person"));
    }
    if !is_plain_principal(&names) {
        return Err(format!("`{}` cannot name a person", names.escape_debug()));
    }
    let mut key = Key::new(String::new());
    let mut namespaces = None;
    let is_key = key_facts(rest).is_ok();
    let line = if is_key {
        rest
    } else {
        let (options, line) = word_raw(rest)?;
        for option in split_options(options)? {
            let (name, value) = option.split_once('=').map_or((option.as_str(), None), |(name, it)| (name, Some(it)));
            let value = || value.ok_or_else(|| format!("the option {name} has no value"));
            match name.to_ascii_lowercase().as_str() {
                "cert-authority" => {
                    return Err("a certificate authority is no person: list the keys themselves".to_owned());
                }
                "namespaces" if namespaces.is_none() => {
                    namespaces = Some(value()?.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>());
                }
                "valid-after" if key.valid_after.is_none() => key.valid_after = Some(moment(value()?)?),
                "valid-before" if key.valid_before.is_none() => key.valid_before = Some(moment(value()?)?),
                "namespaces" | "valid-after" | "valid-before" => return Err(format!("the option {name} stands twice")),
                _ => return Err(format!("the option `{}` is not known", name.escape_debug())),
            }
        }
        line
    };
    if let Some(pattern) = namespaces.iter().flatten().find(|name| name.contains(['*', '?', '!'])) {
        return Err(format!("the namespace `{pattern}` is a pattern; name each one"));
    }
    let facts = key_facts(line)?;
    facts.key.to_openssh().map_err(|error| error.to_string())?.trim_end().clone_into(&mut key.line);
    Ok(Line { principal: Principal(names), namespaces, key })
}

/// Takes the first word off, as OpenSSH does: double quotes hold spaces together and are no part of it.
fn word(text: &str) -> Result<(String, &str), String> {
    let (word, rest) = word_raw(text)?;
    match word.strip_prefix('"') {
        Some(inner) => inner
            .strip_suffix('"')
            .map(|inner| (inner.to_owned(), rest))
            .ok_or_else(|| "a quote is not closed where the first word ends".to_owned()),
        None => Ok((word.to_owned(), rest)),
    }
}

/// Takes the first word off with its quotes; a backslash before a quote keeps that quote inside.
fn word_raw(text: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&text[..at], text[at..].trim_start())),
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    if quoted { Err("a quote is not closed".to_owned()) } else { Err("there is no key on this line".to_owned()) }
}

/// Splits options at commas outside quotes, and takes the quotes off.
fn split_options(text: &str) -> Result<Vec<String>, String> {
    let (mut options, mut option, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted && letters.peek() == Some(&'"') => option.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => options.push(std::mem::take(&mut option)),
            other => option.push(other),
        }
    }
    options.push(option);
    if quoted { Err("a quote is not closed".to_owned()) } else { Ok(options) }
}

/// Reads `YYYYMMDD[HHMM[SS]]Z`. Without the Z it is the local time of whatever machine reads it, which differs between desks.
fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{}` is no moment: write YYYYMMDDHHMMSSZ", text.escape_debug());
    let Some(digits) = text.strip_suffix(['Z', 'z']) else {
        return Err(format!(
            "`{}` is the local time of whoever reads it: write it in UTC with a Z",
            text.escape_debug()
        ));
    };
    let whole = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => return Err(wrong()),
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%S", &whole).map_err(|_| wrong())?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}
