//! Takes `roster.toml`; gives the people and their keys; refuses one key for two people and fewer than two reviewers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::signature::{KeyFacts, key_facts};
use crate::digest::Digest;
use crate::runbook::Principal;

/// The people who may act, and their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Everybody, in the order of the file.
    pub people: Vec<Person>,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The file's text, kept so that it can be bound and shown.
    pub text: String,
}

/// One person or agent (D-71).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name signatures are made under.
    pub principal: Principal,
    /// The name people know.
    pub name: String,
    /// Human or agent.
    pub kind: Kind,
    /// What he or she may do.
    pub roles: Vec<Role>,
    /// Public keys, each with the time in which it counts.
    pub keys: Vec<Key>,
}

/// A public key and the time in which a signature made with it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// OpenSSH's one-line form.
    pub line: String,
    /// It counts from this moment on; `None` is from ever.
    pub valid_after: Option<Timestamp>,
    /// It counts up to this moment; `None` is for ever.
    pub valid_before: Option<Timestamp>,
}

/// Human or agent; an agent may prepare, but never approves, runs or restarts (D-71).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A person.
    Human,
    /// A program.
    Agent,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Writes runbooks and stages reversals.
    Author,
    /// Approves, rejects and withdraws.
    Reviewer,
    /// Runs what was approved.
    Operator,
    /// Re-confirms or revokes after a stop.
    Sovereign,
}

impl Role {
    /// Returns the word that stands in `roster.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Sovereign => "sovereign",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Author, Self::Reviewer, Self::Operator, Self::Sovereign].into_iter().find(|role| role.as_str() == word)
    }
}

/// Something wrong in `roster.toml`: where it is and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterProblem {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Roster {
    /// Returns who goes by this name.
    #[must_use]
    pub fn person(&self, principal: &Principal) -> Option<&Person> {
        self.people.iter().find(|person| person.principal == *principal)
    }

    /// Returns the people who may approve: human, with the role `reviewer` (D-70, D-71).
    pub fn reviewers(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.kind == Kind::Human && person.has(Role::Reviewer))
    }
}

impl Key {
    /// Makes a key that counts at any time.
    #[must_use]
    pub fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), valid_after: None, valid_before: None }
    }

    /// Returns whether a signature that is used at this moment counts; both ends belong to the time, as for ssh-keygen.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_after.is_none_or(|after| after <= at) && self.valid_before.is_none_or(|before| at <= before)
    }

    /// Says in words when it counts; empty when it does at any time.
    #[must_use]
    pub fn validity(&self) -> String {
        match (self.valid_after, self.valid_before) {
            (None, None) => String::new(),
            (Some(after), None) => format!("from {after}"),
            (None, Some(before)) => format!("until {before}"),
            (Some(after), Some(before)) => format!("from {after} until {before}"),
        }
    }
}

impl Person {
    /// Returns whether the person has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// Reads a roster and collects everything that is wrong with it.
///
/// # Errors
/// Every problem found, in the order of the file.
pub fn parse_roster(text: &str) -> Result<Roster, Vec<RosterProblem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, problems: Vec::new() };
    for error in &errors {
        reader.problem(error.span().map_or(0, |span| span.start), error.message(), "mend the TOML here");
    }
    let people = reader.roster(table.get_ref());
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(Roster { people, digest: Digest::of(text.as_bytes()), text: text.to_owned() });
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(problems)
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<RosterProblem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, message: impl Into<String>, hint: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (message, hint) = (message.into(), hint.into());
        self.problems.push(RosterProblem { line: small(line), column: small(column), message, hint });
    }

    fn roster(&mut self, table: &DeTable<'_>) -> Vec<Person> {
        let mut entries = None;
        let mut format = None;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "format" => format = Some(value),
                "person" => entries = Some(value),
                other => self.problem(
                    key.span().start,
                    format!("`{other}` is not a key of a roster"),
                    "a roster holds `format = 1` and `[[person]]` tables",
                ),
            }
        }
        match format {
            None => self.problem(0, "the roster does not say its format", "write `format = 1` in the first line"),
            Some(value) if value.get_ref().as_integer().is_some_and(|number| number.as_str() == "1") => {}
            Some(value) => {
                self.problem(
                    value.span().start,
                    "this format is not known",
                    "write `format = 1`, or use a newer version",
                );
            }
        }
        let people = match entries.map(|value| (value.span().start, value.get_ref().as_array())) {
            None => Vec::new(),
            Some((_, Some(array))) => self.people(array),
            Some((at, None)) => {
                self.problem(at, "`person` is not a list of tables", "write `[[person]]` above each person");
                Vec::new()
            }
        };
        // D-70: with fewer than two reviewers nothing could ever be approved.
        let reviewers = people.iter().filter(|person| person.kind == Kind::Human && person.has(Role::Reviewer)).count();
        if reviewers < 2 {
            self.problem(
                0,
                format!("{reviewers} people can review; two people must approve every run"),
                "give the role \"reviewer\" to at least two people of kind \"human\"",
            );
        }
        people
    }

    fn people(&mut self, array: &DeArray<'_>) -> Vec<Person> {
        let mut people: Vec<Person> = Vec::new();
        let mut keys: Vec<(KeyFacts, Principal)> = Vec::new();
        for value in array {
            let at = value.span().start;
            let Some(table) = value.get_ref().as_table() else {
                self.problem(at, "a person is not a table", "write `[[person]]` above each person");
                continue;
            };
            let Some(person) = self.person(at, table, &mut keys) else { continue };
            // Two spellings of one address would be one person twice (D-70).
            let is_same = |other: &Person| other.principal.as_str().eq_ignore_ascii_case(person.principal.as_str());
            if people.iter().any(is_same) {
                self.problem(
                    at,
                    format!("{} is listed twice", person.principal),
                    "list each person once, with all keys",
                );
            }
            people.push(person);
        }
        people
    }

    fn person(&mut self, at: usize, table: &DeTable<'_>, seen: &mut Vec<(KeyFacts, Principal)>) -> Option<Person> {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !["principal", "name", "kind", "roles", "keys"].contains(&name) {
                let hint = "a person has principal, name, kind, roles and keys";
                self.problem(key.span().start, format!("`{name}` is not a key of a person"), hint);
            }
        }
        let principal = self.text_of(at, table, "principal", "write `principal = \"lan@example.test\"`");
        let name = self.text_of(at, table, "name", "write the name people know");
        let kind = self.text_of(at, table, "kind", "write `kind = \"human\"` or `kind = \"agent\"`");
        let roles = self.texts_of(at, table, "roles", "write `roles = [\"reviewer\"]`");
        let keys = self.keys_of(at, table);
        let ((principal_at, principal), (name_at, name), (kind_at, kind)) = (principal?, name?, kind?);
        if !is_plain_principal(&principal) {
            self.problem(
                principal_at,
                format!("`{}` cannot name a person", principal.escape_debug()),
                "use ASCII letters, digits and . _ - + @ only, so that it means the same to ssh-keygen",
            );
        }
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            self.problem(name_at, "the name is empty or holds control characters", "write the name people know");
        }
        let kind = match kind.as_str() {
            "human" => Kind::Human,
            "agent" => Kind::Agent,
            other => {
                let message = format!("`{}` is not a kind", other.escape_debug());
                self.problem(kind_at, message, "write `kind = \"human\"` or `kind = \"agent\"`");
                return None;
            }
        };
        let principal = Principal(principal);
        let roles = self.roles(at, kind, &roles?);
        let keys = self.keys(at, &principal, &keys?, seen);
        Some(Person { principal, name, kind, roles, keys })
    }

    fn roles(&mut self, at: usize, kind: Kind, words: &[(usize, String)]) -> Vec<Role> {
        let mut roles = Vec::new();
        for (word_at, word) in words {
            let Some(role) = Role::read(word) else {
                let message = format!("`{}` is not a role", word.escape_debug());
                self.problem(*word_at, message, "roles are author, reviewer, operator and sovereign");
                continue;
            };
            if roles.contains(&role) {
                self.problem(*word_at, format!("the role {word} stands twice"), "write it once");
                continue;
            }
            // D-71: an agent may prepare; it never approves, runs or restarts.
            if kind == Kind::Agent && role != Role::Author {
                let hint = "an agent may only have the role \"author\"";
                self.problem(*word_at, format!("an agent cannot have the role {word}"), hint);
            }
            roles.push(role);
        }
        if words.is_empty() {
            self.problem(at, "this person has no role", "give at least one role, or leave the person out");
        }
        roles
    }

    fn keys(
        &mut self,
        at: usize,
        principal: &Principal,
        lines: &[(usize, Key)],
        seen: &mut Vec<(KeyFacts, Principal)>,
    ) -> Vec<Key> {
        if lines.is_empty() {
            self.problem(at, format!("{principal} has no key"), "add the line of the person's .pub file to `keys`");
        }
        let mut keys = Vec::new();
        for (key_at, key) in lines {
            let facts = match key_facts(&key.line) {
                Ok(facts) => facts,
                Err(problem) => {
                    self.problem(
                        *key_at,
                        problem,
                        "use an ed25519, ecdsa or RSA (3072 to 4096 bits) line of a .pub file",
                    );
                    continue;
                }
            };
            // D-70: one key listed for two people would let one person count as two.
            if let Some((_, owner)) = seen.iter().find(|(other, _)| other.is_same_secret(&facts)) {
                let message = if owner == principal {
                    format!("this key of {principal} is listed twice")
                } else {
                    format!("this key is listed for {owner} and for {principal}")
                };
                self.problem(*key_at, message, "each key belongs to one person and is listed once");
                continue;
            }
            seen.push((facts, principal.clone()));
            keys.push(key.clone());
        }
        keys
    }

    fn keys_of(&mut self, at: usize, table: &DeTable<'_>) -> Option<Vec<(usize, Key)>> {
        let hint = "write `keys = [\"ssh-ed25519 AAAA…\"]`, the line of the .pub file";
        let Some(value) = table.get("keys") else {
            self.problem(at, "`keys` is missing", hint);
            return None;
        };
        let Some(array) = value.get_ref().as_array() else {
            self.problem(value.span().start, "`keys` must be a list", hint);
            return None;
        };
        let keys: Vec<(usize, Key)> = array.iter().filter_map(|item| self.key(item)).collect();
        // What could not be read was said; that the person has no key would be said beside it.
        (keys.len() == array.len()).then_some(keys)
    }

    /// A key is its line, or a table of its line and the time in which it counts.
    fn key(&mut self, value: &Spanned<DeValue<'_>>) -> Option<(usize, Key)> {
        let at = value.span().start;
        let hint = "write the line of the .pub file, or { key = \"…\", valid_after = 2026-01-01T00:00:00Z }";
        let Some(table) = value.get_ref().as_table() else {
            return self.text(value, "a key", hint).map(|(at, line)| (at, Key::new(line)));
        };
        for name in
            table.keys().filter(|name| !["key", "valid_after", "valid_before"].contains(&name.get_ref().as_ref()))
        {
            self.problem(name.span().start, format!("`{}` is not a key of a key", name.get_ref().escape_debug()), hint);
        }
        let (line_at, line) = self.text_of(at, table, "key", hint)?;
        let (valid_after, valid_before) = (self.moment(table, "valid_after"), self.moment(table, "valid_before"));
        if let (Some(after), Some(before)) = (valid_after, valid_before)
            && after >= before
        {
            self.problem(at, "this key never counts: valid_after is not before valid_before", hint);
        }
        Some((line_at, Key { line, valid_after, valid_before }))
    }

    fn moment(&mut self, table: &DeTable<'_>, name: &str) -> Option<Timestamp> {
        let value = table.get(name)?;
        let text = match value.get_ref() {
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => {
                String::new()
            }
        };
        // Whole seconds: allowed_signers knows no smaller part.
        match text.parse::<Timestamp>() {
            Ok(moment) if moment.subsec_nanosecond() == 0 => Some(moment),
            Ok(_) | Err(_) => {
                let message = format!("`{name}` is no moment in whole seconds");
                self.problem(value.span().start, message, "write it with its zone, such as 2026-01-01T00:00:00Z");
                None
            }
        }
    }

    fn text_of(&mut self, at: usize, table: &DeTable<'_>, name: &str, hint: &str) -> Option<(usize, String)> {
        let Some(value) = table.get(name) else {
            self.problem(at, format!("`{name}` is missing"), hint);
            return None;
        };
        self.text(value, name, hint)
    }

    fn text(&mut self, value: &Spanned<DeValue<'_>>, name: &str, hint: &str) -> Option<(usize, String)> {
        let found = value.get_ref().as_str().map(|text| (value.span().start, text.to_owned()));
        if found.is_none() {
            self.problem(value.span().start, format!("`{name}` must be text"), hint);
        }
        found
    }

    fn texts_of(&mut self, at: usize, table: &DeTable<'_>, name: &str, hint: &str) -> Option<Vec<(usize, String)>> {
        let Some(value) = table.get(name) else {
            self.problem(at, format!("`{name}` is missing"), hint);
            return None;
        };
        let Some(array) = value.get_ref().as_array() else {
            self.problem(value.span().start, format!("`{name}` must be a list of texts"), hint);
            return None;
        };
        Some(array.iter().filter_map(|item| self.text(item, name, hint)).collect())
    }
}

/// Returns whether `ssh-keygen` reads the name as itself: in `allowed_signers` a principal is a pattern list, where
/// `*` would mean everybody.
pub(super) fn is_plain_principal(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | '@');
    // The longest address there is has 254 characters.
    !name.is_empty() && name.len() <= 254 && name.chars().all(is_plain) && !name.starts_with(['-', '.'])
}
