//! Takes a roster; gives it as `ssh-keygen` reads it; refuses to let a key be good for more than its person may do.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::signature::key_facts;
use super::{Key, Kind, Namespace, Person, Role, Roster};

/// Writes the roster as an `allowed_signers` file. Each key is good only for what its person may do and while it counts, so
/// that stock tools refuse an agent's approval as well (D-71).
#[must_use]
pub fn allowed_signers(roster: &Roster) -> String {
    allowed_signers_for(roster, &Namespace::ALL)
}

/// Writes it for these purposes only: folders that were exported know of no others.
pub(crate) fn allowed_signers_for(roster: &Roster, purposes: &[Namespace]) -> String {
    let mut lines = String::new();
    for person in &roster.people {
        let namespaces: Vec<&str> = purposes.iter().filter(|it| may_use(person, **it)).map(|it| it.as_str()).collect();
        for key in &person.keys {
            // Written from the key itself: a comment could hold anything.
            let Some(line) = key_facts(&key.line).ok().and_then(|facts| facts.key.to_openssh().ok()) else { continue };
            let (principal, namespaces) = (&person.principal, namespaces.join(","));
            let _ = writeln!(lines, "{principal} namespaces=\"{namespaces}\"{} {}", validity(key), line.trim_end());
        }
    }
    lines
}

/// Says whether somebody's signature in this namespace can count for anything.
pub(super) fn may_use(person: &Person, namespace: Namespace) -> bool {
    let is_human = person.kind == Kind::Human;
    match namespace {
        Namespace::Stage => person.has(Role::Author) || (is_human && person.has(Role::Reviewer)),
        // Who requested may reject, too; that is for the ledger to check.
        Namespace::Run | Namespace::Restore | Namespace::EndSession | Namespace::Reject | Namespace::Withdraw => {
            is_human && person.has(Role::Reviewer)
        }
        Namespace::Operate => is_human && person.has(Role::Operator),
        // D-62: the sovereign re-confirms or revokes. Whoever is read from such a line alone is taken for a sovereign, so it is
        // written for nobody else.
        Namespace::Restart => is_human && person.has(Role::Sovereign),
        // Any person may halt, and look at a record; everybody human on the first version of a roster signs it.
        Namespace::Stop | Namespace::Roster | Namespace::Record => is_human,
        Namespace::Finding => true,
    }
}

fn validity(key: &Key) -> String {
    let option = |name: &str, at: Option<Timestamp>| {
        at.map_or_else(String::new, |at| format!(",{name}=\"{}\"", at.strftime("%Y%m%d%H%M%SZ")))
    };
    option("valid-after", key.valid_after) + &option("valid-before", key.valid_before)
}
