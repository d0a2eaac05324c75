//! Takes the files under `attacks/`; gives each with what its header promises; refuses a header it does not know.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign::runbook::{Binding, NoticeExpected, RowsExpected};

/// Who may rehearse: the desk's own role, and the superuser.
pub const ROLES: [&str; 2] = ["corpus_desk", "postgres"];

/// One script: an attack, or the twin of one.
pub struct Script {
    /// The file's name without `.sql`.
    pub name: String,
    /// The whole file; the header is a comment of it.
    pub text: String,
    /// What it tries, in one sentence.
    pub what: String,
    /// Notes that the review must hold: `rule line:column severity`; or `none` and why only the run can tell.
    pub review: Vec<String>,
    /// What must happen when review is bypassed.
    pub run: Run,
    /// Who rehearses it: the desk's own role, or the superuser.
    pub role: &'static str,
    /// Rows expected, by statement; `any` where nothing is said, as an attacker would write it.
    pub rows: BTreeMap<u32, RowsExpected>,
    /// Notices expected, by statement.
    pub notices: BTreeMap<u32, Vec<NoticeExpected>>,
    /// Hazards that a twin may raise, by rule.
    pub hazards: Vec<String>,
    /// Values for parameters.
    pub bindings: Vec<Binding>,
    /// The first major version that knows its statement; an older server refuses it as no SQL.
    pub since: u32,
}

/// What must happen when review is bypassed.
pub enum Run {
    /// A twin: it passes and leaves nothing.
    Clean,
    /// Nothing can be sealed from it; the words of the refusal.
    Seal(String),
    /// The server refuses a statement; words of its message.
    Server(String),
    /// A guard of ours stops it; words of the sentence.
    Guard(String),
    /// It cannot be stopped, and entry == exit names what is left.
    Residue(String),
    /// It cannot be stopped, and nothing in the database tells of it; the header says why.
    Cannot,
}

impl Script {
    /// Returns whether only the run can tell.
    pub fn is_beyond_review(&self) -> bool {
        self.review.iter().all(|wanted| wanted.starts_with("none "))
    }

    /// Returns whether it is the innocent twin of an attack.
    pub fn is_twin(&self) -> bool {
        self.name.strip_suffix(".ok").is_some()
    }
}

/// Returns the word that names of scripts must contain, when only some are to be tried.
pub fn only() -> Option<String> {
    std::env::var("CORPUS_ONLY").ok()
}

/// Reads every script, by name.
pub fn scripts() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/attacks");
    let only = only();
    let mut found: Vec<Script> = fs::read_dir(folder)
        .expect("the folder of attacks")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .filter(|(name, _)| only.as_ref().is_none_or(|word| name.contains(word.as_str())))
        .map(|(name, path)| read(name, String::from_utf8(fs::read(path).expect("a script")).expect("UTF-8")))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(name: String, text: String) -> Script {
    let mut script = Script {
        name,
        text: String::new(),
        what: String::new(),
        review: Vec::new(),
        run: Run::Clean,
        role: ROLES[0],
        rows: BTreeMap::new(),
        notices: BTreeMap::new(),
        hazards: Vec::new(),
        bindings: Vec::new(),
        since: 0,
    };
    for line in text.lines().map_while(|line| line.strip_prefix("-- ")) {
        let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("{}: not a header: {line}", script.name));
        let value = value.trim().to_owned();
        match key {
            "what" => script.what = value,
            "review" => script.review.push(value),
            "run" => script.run = run_of(&script.name, &value),
            "role" => script.role = if value == "superuser" { ROLES[1] } else { panic!("role {value}?") },
            "rows" => {
                let (ordinal, rows) = rows_of(&value);
                script.rows.insert(ordinal, rows);
            }
            "notice" => {
                let (ordinal, notice) = notice_of(&value);
                script.notices.entry(ordinal).or_default().push(notice);
            }
            "hazard" => script.hazards.push(value),
            "bind" => {
                let (name, value) = value.split_once('=').expect("name=value");
                // Written as \u{…} in the header, so that the header itself does not lie.
                let value = value.replace("\\u{202e}", "\u{202e}").replace("\\u{200b}", "\u{200b}");
                script.bindings.push(Binding { name: name.to_owned(), value });
            }
            "since" => script.since = value.parse().expect("a major version"),
            _ => panic!("{}: unknown header {key}", script.name),
        }
    }
    assert!(!script.what.is_empty(), "{}: no `-- what:`", script.name);
    let is_attack = !matches!(script.run, Run::Clean);
    assert_eq!(is_attack, !script.is_twin(), "{}: an attack has `-- run:`, a twin has none", script.name);
    assert_eq!(is_attack, !script.review.is_empty(), "{}: an attack has `-- review:`, a twin has none", script.name);
    script.text = text;
    script
}

fn run_of(name: &str, value: &str) -> Run {
    let (kind, words) = value.split_once(' ').unwrap_or((value, ""));
    let words = words.to_owned();
    assert!(!words.is_empty(), "{name}: `-- run: {kind}` says nothing more");
    match kind {
        "seal" => Run::Seal(words),
        "server" => Run::Server(words),
        "guard" => Run::Guard(words),
        "residue" => Run::Residue(words),
        "cannot" => Run::Cannot,
        _ => panic!("{name}: unknown `-- run: {kind}`"),
    }
}

/// Reads `ordinal exactly 4` or `ordinal at_most 4`.
fn rows_of(value: &str) -> (u32, RowsExpected) {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [ordinal, kind, count] = words.as_slice() else { panic!("rows: {value}?") };
    let count = count.parse().expect("a count");
    let rows = match *kind {
        "exactly" => RowsExpected::Exactly(count),
        "at_most" => RowsExpected::AtMost(count),
        _ => panic!("rows: {value}?"),
    };
    (ordinal.parse().expect("an ordinal"), rows)
}

/// Reads `ordinal SEVERITY text of the message`.
fn notice_of(value: &str) -> (u32, NoticeExpected) {
    let mut words = value.splitn(3, ' ');
    let ordinal = words.next().and_then(|word| word.parse().ok()).expect("an ordinal");
    let severity = words.next().expect("a severity").to_owned();
    (ordinal, NoticeExpected { severity, contains: words.next().expect("a text").to_owned(), times: 1 })
}
