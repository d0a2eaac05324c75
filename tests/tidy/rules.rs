//! Takes one file, or all of them; gives the faults against the rules of the house. Each rule is a function.
//!
//! The tables below are the house plan: which room comes first, what may never be imported where, and where somebody
//! had to look ahead. A new need is a new line here, seen in review.

use std::fmt;

use super::source::{Named, Source, is_word};

/// The rooms, in the order a runbook walks through them. A room knows the earlier ones; `port` and `session` know all.
pub const ORDER: &[&str] = &[
    "digest",
    "runbook",
    "review",
    "census",
    "diagnose",
    "restore",
    "plan",
    "rehearsal",
    "approval",
    "run",
    "ledger",
    "finding",
    "port",
    "session",
];

/// Where a room knows a later one: from, to, which names, and why it is no harm.
pub const LOOKS_AHEAD: &[(&str, &str, &[&str], &str)] = &[
    (
        "runbook",
        "approval",
        &["Roster", "RosterProblem", "parse_roster"],
        "a runbook's folder holds the roster; the people are approval's own type",
    ),
    (
        "rehearsal",
        "run",
        &["Effect", "EffectKind", "Finished", "Standing", "Trace"],
        "a rehearsal is a run that ends in ROLLBACK; its evidence is the run's",
    ),
    ("run", "ledger", &["Body"], "the machine asks for ledger entries to be appended; outcomes are entries"),
];

/// What no room of the core, nor `port`, may name.
const NEVER_IN_CORE: &[&str] = &[
    "tokio",
    "tokio_postgres",
    "tokio_postgres_rustls",
    "postgres_protocol",
    "rustls",
    "egui",
    "eframe",
    "egui_extras",
    "rfd",
    "clap",
    "rpassword",
    "tempfile",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::os::unix::net",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::time::SystemTime",
    "std::time::Instant",
];

/// What the rooms around the core may never name, beside what they may not know of each other.
const NEVER_AROUND: &[(&str, &[&str])] = &[
    ("adapter", &["crate::session", "crate::ui", "crate::cli", "egui", "eframe", "egui_extras", "rfd"]),
    (
        "session",
        &["crate::adapter", "crate::ui", "crate::cli", "egui", "eframe", "egui_extras", "rfd", "tokio_postgres"],
    ),
    ("ui", &["crate::adapter", "crate::cli", "tokio_postgres"]),
    ("cli", &["crate::ui", "egui", "eframe", "egui_extras", "rfd"]),
];

/// The only file that reads the wall clock.
const CLOCK: &str = "src/adapter/clock.rs";

/// How long a file may be: above this, nobody reads it in one sitting.
const LINES_AT_MOST: usize = 600;

/// One line that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: path and line.
    pub place: String,
    /// The rule's name.
    pub rule: &'static str,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.place, self.rule, self.what)
    }
}

/// A rule over one file.
pub type Rule = fn(&Source) -> Vec<Fault>;

/// Every rule over one file.
pub const RULES: &[Rule] = &[
    core_is_pure,
    rooms_in_order,
    around_the_core,
    views_only_ask,
    one_clock,
    opens_with_doc,
    short_enough,
    says_what_it_is,
    finished,
];

fn fault(source: &Source, line: usize, rule: &'static str, what: impl Into<String>) -> Fault {
    Fault { place: format!("{}:{line}", source.path), rule, what: what.into() }
}

fn is_core(room: &str) -> bool {
    ORDER.contains(&room) && room != "session"
}

/// Returns whether a path is `forbidden`, lies below it, or is a glob that brings it in.
fn names(named: &Named, forbidden: &str) -> bool {
    let wanted: Vec<&str> = forbidden.split("::").collect();
    let parts: Vec<&str> = named.parts.iter().map(String::as_str).collect();
    match parts.split_last() {
        Some((&"*", before)) if before.len() < wanted.len() => !before.is_empty() && wanted.starts_with(before),
        Some(_) => parts.starts_with(&wanted),
        None => false,
    }
}

/// The core has no clock, no files, no network, no window, and never prints.
pub fn core_is_pure(source: &Source) -> Vec<Fault> {
    const RULE: &str = "core-is-pure";
    if !source.room().is_some_and(is_core) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for named in source.paths() {
        let clock = named.parts.ends_with(&["Timestamp".into(), "now".into()])
            || named.parts.iter().any(|part| part == "SystemTime");
        if clock || NEVER_IN_CORE.iter().any(|forbidden| names(&named, forbidden)) {
            found.push(fault(source, named.line, RULE, named.parts.join("::")));
        }
    }
    for pair in source.shipped().windows(2) {
        if pair[1].text == "!" && ["print", "println", "eprint", "eprintln", "dbg"].contains(&pair[0].text.as_str()) {
            found.push(fault(source, pair[0].line, RULE, format!("{}!", pair[0].text)));
        }
    }
    found
}

/// Only later rooms know earlier ones; who looks ahead stands in [`LOOKS_AHEAD`] with every name.
pub fn rooms_in_order(source: &Source) -> Vec<Fault> {
    const RULE: &str = "rooms-in-order";
    let Some((room, own)) = source.room().and_then(|room| Some((room, position(room)?))) else { return Vec::new() };
    let mut found = Vec::new();
    for named in source.paths() {
        let Some(other) = other_room(&named) else { continue };
        let what = named.parts.join("::");
        match position(other) {
            // What stands around the core is looked at by `around_the_core`, except that no room may know it.
            None if is_core(room) && ["adapter", "ui", "cli"].contains(&other) => {
                found.push(fault(source, named.line, RULE, what));
            }
            Some(theirs) if theirs > own && looks_ahead(room, &named).is_none() => {
                found.push(fault(source, named.line, RULE, format!("{what} ({other} is a later room)")));
            }
            Some(_) | None => {}
        }
    }
    found
}

fn position(room: &str) -> Option<usize> {
    ORDER.iter().position(|other| *other == room)
}

fn other_room(named: &Named) -> Option<&str> {
    match named.parts.as_slice() {
        [first, room, ..] if first == "crate" => Some(room),
        _ => None,
    }
}

/// Returns which line of [`LOOKS_AHEAD`] allows a room to name this.
pub fn looks_ahead(room: &str, named: &Named) -> Option<usize> {
    let [_, to, item, ..] = named.parts.as_slice() else { return None };
    LOOKS_AHEAD.iter().position(|(from, into, items, _)| *from == room && into == to && items.contains(&item.as_str()))
}

/// Adapters know no use case, no face and no other adapter; the session no adapter and no window; a face no other face.
pub fn around_the_core(source: &Source) -> Vec<Fault> {
    const RULE: &str = "around-the-core";
    let Some(room) = source.room() else { return Vec::new() };
    let never = NEVER_AROUND.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, never)| never);
    let own = source
        .path
        .strip_prefix("src/adapter/")
        .map(|rest| rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs"));
    let mut found = Vec::new();
    for named in source.paths() {
        let another = match (own, named.parts.as_slice()) {
            (Some(own), [first, second, other, ..]) => {
                own != "mod" && first == "crate" && second == "adapter" && other != own
            }
            _ => false,
        };
        if another || never.iter().any(|forbidden| names(&named, forbidden)) {
            found.push(fault(source, named.line, RULE, named.parts.join("::")));
        }
    }
    found
}

/// A view holds no await and blocks on nothing.
pub fn views_only_ask(source: &Source) -> Vec<Fault> {
    const RULE: &str = "views-only-ask";
    if source.room() != Some("ui") {
        return Vec::new();
    }
    let tokens = source.shipped();
    let waits = tokens.windows(2).filter(|pair| pair[0].text == "." && pair[1].text == "await").map(|pair| &pair[1]);
    let blocks =
        tokens.iter().filter(|token| ["block_on", "blocking_recv", "blocking_send"].contains(&token.text.as_str()));
    waits.chain(blocks).map(|token| fault(source, token.line, RULE, token.text.clone())).collect()
}

/// The wall clock is read in one file, so that a test can stand in for it. `Instant` measures; it tells no time.
pub fn one_clock(source: &Source) -> Vec<Fault> {
    const RULE: &str = "one-clock";
    const CLOCKS: &[&str] = &["Timestamp", "SystemTime", "Zoned", "Utc", "Local", "OffsetDateTime"];
    if !source.path.starts_with("src/") || source.path == CLOCK {
        return Vec::new();
    }
    let is_clock =
        |parts: &[String]| matches!(parts, [.., clock, now] if now == "now" && CLOCKS.contains(&clock.as_str()));
    let read = source.paths().into_iter().filter(|named| is_clock(&named.parts));
    read.map(|named| fault(source, named.line, RULE, format!("{} outside {CLOCK}", named.parts.join("::")))).collect()
}

/// A file opens with what it takes, gives and refuses.
pub fn opens_with_doc(source: &Source) -> Vec<Fault> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty()) {
        return Vec::new();
    }
    vec![fault(source, 1, "opens-with-doc", "the first line is not `//! …`")]
}

/// A file can be read in one sitting.
pub fn short_enough(source: &Source) -> Vec<Fault> {
    let lines = source.text.lines().count();
    if lines <= LINES_AT_MOST {
        return Vec::new();
    }
    vec![fault(source, lines, "short-enough", format!("{lines} lines; at most {LINES_AT_MOST}"))]
}

/// A module is named after what it does; `utils` says nothing.
pub fn says_what_it_is(source: &Source) -> Vec<Fault> {
    const EMPTY: &[&str] = &["utils", "util"];
    let parts = source.path.trim_end_matches(".rs").split('/');
    let in_path = parts.filter(|part| EMPTY.contains(part)).map(|part| (1, part.to_owned()));
    let modules =
        source.tokens.windows(2).filter(|pair| pair[0].text == "mod" && EMPTY.contains(&pair[1].text.as_str()));
    let in_text = modules.map(|pair| (pair[1].line, pair[1].text.clone()));
    in_path.chain(in_text).map(|(line, what)| fault(source, line, "says-what-it-is", what)).collect()
}

/// Nothing is left for later: no `todo!`, no `unimplemented!`, no note to fix it, no test that is skipped.
pub fn finished(source: &Source) -> Vec<Fault> {
    const RULE: &str = "finished";
    let mut found = Vec::new();
    for trio in source.tokens.windows(3) {
        let [first, second, third] = trio else { continue };
        if second.text == "!" && ["todo", "unimplemented"].contains(&first.text.as_str()) {
            found.push(fault(source, first.line, RULE, format!("{}!", first.text)));
        }
        // Both `#[ignore]` and `#[ignore = "reason"]`.
        if first.text == "#" && second.text == "[" && third.text == "ignore" {
            found.push(fault(source, third.line, RULE, "#[ignore]"));
        }
    }
    for (line, comment) in &source.comments {
        for (below, text) in comment.lines().enumerate() {
            for word in ["FIXME", "TODO", "XXX"] {
                if text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|other| other == word) {
                    found.push(fault(source, line + below, RULE, word));
                }
            }
        }
    }
    found
}

/// `Countersigned` is made in exactly one function, and nothing is derived that could make or copy one.
pub fn one_door_to_commit(sources: &[Source]) -> Vec<Fault> {
    const RULE: &str = "one-door-to-commit";
    const MAKERS: &[&str] = &["Clone", "Copy", "Default", "Deserialize"];
    let mut doors: Vec<(String, String)> = Vec::new();
    let mut found = Vec::new();
    for source in sources {
        let tokens = &source.tokens;
        let (mut function, mut inside_impl, mut derived) = (String::new(), false, Vec::new());
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map_or("", |n| tokens[n].text.as_str());
            let next = tokens.get(at + 1).map_or("", |next| next.text.as_str());
            match token.text.as_str() {
                "fn" if is_word(next) => next.clone_into(&mut function),
                "impl" => {
                    let head = tokens[at..].iter().take_while(|token| token.text != "{").last();
                    inside_impl = head.is_some_and(|last| last.text == "Countersigned");
                    derived.clear();
                }
                "derive" if before == "[" => {
                    derived = tokens[at..]
                        .iter()
                        .take_while(|token| token.text != "]")
                        .map(|token| token.text.clone())
                        .collect();
                }
                "struct" | "enum" if next == "Countersigned" => {
                    let makers = derived.iter().filter(|name| MAKERS.contains(&name.as_str()));
                    found.extend(
                        makers.map(|name| fault(source, token.line, RULE, format!("derive({name}) makes another one"))),
                    );
                    derived.clear();
                }
                "struct" | "enum" => derived.clear(),
                // A brace after `struct`, `impl`, `for`, `->` opens something else; after `let` it takes one apart.
                "Countersigned" | "Self"
                    if next == "{" && !["struct", "impl", "for", "->", "let"].contains(&before) =>
                {
                    let door = (source.path.clone(), function.clone());
                    if (token.text == "Countersigned" || inside_impl) && !doors.contains(&door) {
                        doors.push(door);
                    }
                }
                _ => {}
            }
        }
    }
    if doors.len() != 1 {
        let list: Vec<String> = doors.iter().map(|(path, function)| format!("{path} fn {function}")).collect();
        let what =
            format!("expected one function that makes a Countersigned, found {}: {}", doors.len(), list.join(", "));
        found.push(Fault { place: "src".to_owned(), rule: RULE, what });
    }
    found
}
