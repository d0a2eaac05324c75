//! Takes two rosters; gives what differs between them, a line a thing; refuses to leave anything out.

use super::signature::key_facts;
use super::{Key, Kind, Person, Roster};

impl Roster {
    /// Says what would change against the roster before, in the order people read it: `+` added, `-` removed, `~` changed.
    /// Without one before, everybody is added.
    #[must_use]
    pub fn changes(&self, before: Option<&Roster>) -> Vec<String> {
        let mut lines = Vec::new();
        for person in &self.people {
            match before.and_then(|before| before.person(&person.principal)) {
                None => {
                    lines.push(format!(
                        "+ {} ({}, {}): {}",
                        person.principal,
                        person.name,
                        kind(person),
                        roles(person)
                    ));
                    lines
                        .extend(person.keys.iter().map(|key| format!("+ {} key {}", person.principal, key_words(key))));
                }
                Some(was) => person_changes(was, person, &mut lines),
            }
        }
        for was in before.iter().flat_map(|before| &before.people) {
            if self.person(&was.principal).is_none() {
                lines.push(format!("- {} ({}, {}): {}", was.principal, was.name, kind(was), roles(was)));
            }
        }
        if lines.is_empty() && before.is_some() {
            lines.push("~ only the text differs: the same people, roles and keys".to_owned());
        }
        lines
    }
}

fn person_changes(was: &Person, is: &Person, lines: &mut Vec<String>) {
    let Person { principal, name, kind: _, roles: _, keys } = is;
    let mut changed = |what: &str, before: String, after: String| {
        if before != after {
            lines.push(format!("~ {principal} {what}: {before} → {after}"));
        }
    };
    changed("name", was.name.clone(), name.clone());
    changed("kind", kind(was).to_owned(), kind(is).to_owned());
    changed("roles", roles(was), roles(is));
    // By what is shown of a key: its fingerprint and its time. A comment is no change.
    let (before, after): (Vec<String>, Vec<String>) =
        (was.keys.iter().map(key_words).collect(), keys.iter().map(key_words).collect());
    lines.extend(after.iter().filter(|key| !before.contains(key)).map(|key| format!("+ {principal} key {key}")));
    lines.extend(before.iter().filter(|key| !after.contains(key)).map(|key| format!("- {principal} key {key}")));
}

fn kind(person: &Person) -> &'static str {
    match person.kind {
        Kind::Human => "human",
        Kind::Agent => "agent",
    }
}

fn roles(person: &Person) -> String {
    person.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

fn key_words(key: &Key) -> String {
    let print = key_facts(&key.line).map_or_else(|_| key.line.clone(), |facts| facts.fingerprint);
    let validity = key.validity();
    if validity.is_empty() { print } else { format!("{print} {validity}") }
}
