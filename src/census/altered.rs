//! Takes two definitions of an object; says what differs between them: which column, constraint, index, grant, owner, comment or
//! trigger was added, dropped or altered. Takes two numbers; gives their signed difference. Refuses to guess from text it does
//! not know: that is told as a line.

use std::collections::BTreeMap;

use super::{Reading, Row, RowChange, Verdict, row_changes};

/// One thing that differs between two definitions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alteration {
    /// What it is: `column weight`, `index t_m`, `owner`.
    pub what: String,
    /// What became of it.
    pub how: How,
}

/// What became of a part of a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It is new; as it is written now.
    Added(String),
    /// It is gone; as it was written.
    Dropped(String),
    /// It is written another way: before, and now.
    Altered(String, String),
}

impl Alteration {
    /// Says it in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.how {
            How::Added(now) => format!("{} was added: {now}", self.what),
            How::Dropped(before) => format!("{} was dropped: {before}", self.what),
            How::Altered(before, now) => format!("{} was altered: {before} → {now}", self.what),
        }
    }
}

/// Opens the difference of two definitions, in the order of their parts' names; nothing when neither is a definition that is
/// written a part a line.
#[must_use]
pub fn alterations(before: Option<&str>, after: Option<&str>) -> Vec<Alteration> {
    let of = |what: &str, how| vec![Alteration { what: what.to_owned(), how }];
    let (before, after) = match (before, after) {
        (None, None) => return Vec::new(),
        (None, Some(after)) => return of("the object", How::Added(first(after))),
        (Some(before), None) => return of("the object", How::Dropped(first(before))),
        (Some(before), Some(after)) => (parts(before), parts(after)),
    };
    let mut all = Vec::new();
    for (what, was) in &before {
        match after.get(what) {
            Some(now) if now == was => {}
            Some(now) => all.push(Alteration { what: what.clone(), how: How::Altered(was.clone(), now.clone()) }),
            None => all.push(Alteration { what: what.clone(), how: How::Dropped(was.clone()) }),
        }
    }
    let new = after.iter().filter(|(what, _)| !before.contains_key(*what));
    all.extend(new.map(|(what, now)| Alteration { what: what.clone(), how: How::Added(now.clone()) }));
    all.sort();
    all
}

/// Says in one line what differs between two answers of which one has several lines; nothing for two short ones, which are told
/// as they are.
#[must_use]
pub fn difference_in_words(before: Option<&str>, after: Option<&str>, key: &[String]) -> Option<String> {
    if ![before, after].into_iter().flatten().any(|text| text.contains('\n') || text.starts_with('{')) {
        return None;
    }
    match row_changes(before, after, key).filter(|_| !key.is_empty()) {
        Some(changes) => in_one_line(None, &changes.iter().map(RowChange::alteration).collect::<Vec<_>>()),
        None => in_one_line(before.or(after), &alterations(before, after)),
    }
}

/// Tells the first of several changes and how many more there are; of a definition, its first line says of what.
fn in_one_line(definition: Option<&str>, all: &[Alteration]) -> Option<String> {
    let head = definition.map(first).filter(|head| head.contains(' ') && all.iter().all(|it| it.what != "the object"));
    let of = head.map_or_else(String::new, |head| format!("{}: ", head.trim()));
    let words = brief(&format!("{of}{}", all.first()?.words()));
    Some(if all.len() > 1 { format!("{words} (and {} more)", all.len() - 1) } else { words })
}

/// Writes a value in one line, and cuts it where it would fill the screen.
#[must_use]
pub fn brief(value: &str) -> String {
    const LETTERS: usize = 160;
    let flat: String = value.chars().take(LETTERS + 1).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if flat.chars().count() <= LETTERS { flat } else { flat.chars().take(LETTERS - 1).chain(['…']).collect() }
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Cuts a definition into its parts by name. Lines that begin no part belong to the one before them, as a function's body does.
fn parts(text: &str) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    // `pg_get_viewdef` begins with a space; what follows it is the query, up to what is named again.
    let is_view = ["view ", "materialized view "].iter().any(|kind| text.starts_with(kind));
    let is_query = |line: &str| is_view && [" SELECT", " WITH", " VALUES"].iter().any(|word| line.starts_with(word));
    for line in text.lines() {
        let (name, value) = match part(line) {
            None if is_query(line) && last != "the query" => ("the query".to_owned(), line.to_owned()),
            Some(part) => part,
            None if last.is_empty() => ("the definition".to_owned(), line.to_owned()),
            None => {
                let known = parts.entry(last.clone()).or_default();
                known.push('\n');
                known.push_str(line);
                continue;
            }
        };
        last.clone_from(&name);
        parts
            .entry(name)
            .and_modify(|known| {
                known.push('\n');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    parts
}

/// Names the part that a line begins.
fn part(line: &str) -> Option<(String, String)> {
    const NAMED: [&str; 8] = ["column", "constraint", "policy", "label", "attribute", "inherits", "grant", "revoke"];
    const ALONE: [&str; 12] = [
        "owner",
        "comment",
        "options",
        "persistence",
        "partition by",
        "partition",
        "populated",
        "row level security",
        "default",
        "generated",
        "not null",
        "enabled",
    ];
    let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
    if NAMED.contains(&head) {
        // Each grant is a part: who and what.
        let name = if matches!(head, "grant" | "revoke") { rest.to_owned() } else { word(rest) };
        let value = rest.strip_prefix(&name).unwrap_or(rest).trim().to_owned();
        return Some((format!("{head} {name}"), if value.is_empty() { rest.to_owned() } else { value }));
    }
    if let Some(alone) = ALONE
        .iter()
        .find(|alone| line.strip_prefix(**alone).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
    {
        let value = line[alone.len()..].trim();
        return Some(((*alone).to_owned(), if value.is_empty() { line.to_owned() } else { value.to_owned() }));
    }
    let mut words = line.split_whitespace();
    if words.next() != Some("CREATE") {
        return None;
    }
    let kinds = ["INDEX", "TRIGGER", "RULE", "FUNCTION", "PROCEDURE"];
    let kind = words.by_ref().find(|word| kinds.contains(word))?;
    let name = words.next()?.split('(').next().unwrap_or_default();
    Some((format!("{} {name}", kind.to_lowercase()), line.to_owned()))
}

/// The first word, whole where it is a quoted name.
fn word(text: &str) -> String {
    let Some(inside) = text.strip_prefix(['"', '\'']) else {
        return text.split(' ').next().unwrap_or_default().to_owned();
    };
    let quote = &text[..1];
    let mut end = 0;
    let mut rest = inside;
    while let Some(at) = rest.find(quote) {
        end += at + 1;
        if !rest[at + 1..].starts_with(quote) {
            return text[..=end].to_owned();
        }
        end += 1;
        rest = &rest[at + 2..];
    }
    text.to_owned()
}

impl Row {
    /// Returns how far a count is from what is expected, or from its baseline where that is no number; nothing where it is not off,
    /// or no count.
    #[must_use]
    pub fn off_by(&self) -> Option<i128> {
        let number = |reading: &Reading| match reading {
            Reading::Value(Some(value)) => value.parse::<i128>().ok(),
            Reading::Value(None) | Reading::Blind(_) => None,
        };
        let against = self.expected.parse().ok().or_else(|| number(self.baseline.as_ref()?))?;
        let off = number(&self.actual)?.checked_sub(against)?;
        (off != 0).then_some(off)
    }

    /// Compares the rows of the answer with the expected ones, or with the baseline's; nothing where they are not compared by a
    /// key, or the key does not tell them apart.
    #[must_use]
    pub fn row_changes(&self) -> Option<Vec<RowChange>> {
        let value = |reading: &Reading| match reading {
            Reading::Value(value) => Some(value.clone()),
            Reading::Blind(_) => None,
        };
        let is_written = self.expected.starts_with('{');
        let before = if is_written { Some(self.expected.clone()) } else { value(self.baseline.as_ref()?)? };
        let after = value(&self.actual)?;
        (!self.key.is_empty()).then(|| row_changes(before.as_deref(), after.as_deref(), &self.key)).flatten()
    }

    /// Remarks that a key does not tell the rows apart, where they differ and nobody else has remarked anything.
    #[must_use]
    pub(super) fn with_shared_key(mut self) -> Self {
        let is_rows = matches!(&self.actual, Reading::Value(Some(rows)) if rows.starts_with('{'));
        if !self.key.is_empty() && self.verdict == Verdict::Drifted && is_rows && self.row_changes().is_none() {
            let key = self.key.join(", ");
            let shared =
                format!("several rows share one value of the key ({key}), so which row became which cannot be told");
            self.remark.get_or_insert(shared);
        }
        self
    }

    /// Says in one line what differs, where expected and actual are no short values.
    #[must_use]
    pub fn difference_in_words(&self) -> Option<String> {
        let definition = if self.expected.contains('\n') {
            Some(self.expected.as_str())
        } else {
            self.baseline.as_ref().and_then(|reading| match reading {
                Reading::Value(value) => value.as_deref(),
                Reading::Blind(_) => None,
            })
        };
        in_one_line(definition.filter(|_| self.key.is_empty()), &self.alterations())
    }

    /// Says what differs, where the row is of a definition: expected against actual, or the baseline against it.
    #[must_use]
    pub fn alterations(&self) -> Vec<Alteration> {
        let value = |reading: &Reading| match reading {
            Reading::Value(value) => Some(value.clone()),
            Reading::Blind(_) => None,
        };
        let Some(actual) = value(&self.actual) else { return Vec::new() };
        if !self.key.is_empty() {
            let changes = self.row_changes().unwrap_or_default();
            return changes.iter().map(RowChange::alteration).collect();
        }
        let before = if self.expected.contains('\n') {
            Some(Some(self.expected.clone()))
        } else {
            self.baseline.as_ref().and_then(value)
        };
        let Some(before) = before else { return Vec::new() };
        let is_definition = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\n'));
        if before == actual || !(is_definition(&before) || is_definition(&actual)) {
            return Vec::new();
        }
        alterations(before.as_deref(), actual.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "table public.t\nowner ops\ncomment it's\ncolumn id bigint not null\ncolumn \"a b\" text default 'x'\n\
        constraint t_pkey PRIMARY KEY (id)\nCREATE INDEX t_m ON public.t USING btree (m)\n\
        CREATE TRIGGER guard BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION f() [enabled O]\ngrant lan SELECT";

    /// Changes the table's definition and compares what is said of it.
    fn check(change: (&str, &str), expected: &[&str]) {
        let after = TABLE.replace(change.0, change.1);
        let said: Vec<String> = alterations(Some(TABLE), Some(&after)).iter().map(Alteration::words).collect();
        assert_eq!(said, expected, "{change:?}");
    }

    #[test]
    fn the_query_of_a_view_is_a_part_of_its_own() {
        let before = "view public.v\nowner ops\n SELECT t.id\n   FROM public.t;";
        let said = |change: (&str, &str)| {
            let all = alterations(Some(before), Some(&before.replace(change.0, change.1)));
            all.iter().map(Alteration::words).collect::<Vec<_>>()
        };
        assert_eq!(said(("owner ops", "owner ops\ncomment it")), ["comment was added: it"]);
        assert_eq!(
            said(("t.id", "t.n")),
            ["the query was altered:  SELECT t.id\n   FROM public.t; →  SELECT t.n\n   FROM public.t;"]
        );
    }

    #[test]
    fn a_definition_is_opened_into_what_differs() {
        check(("", ""), &[]);
        check(("owner ops", "owner eve"), &["owner was altered: ops → eve"]);
        check(("comment it's\n", ""), &["comment was dropped: it's"]);
        check(("bigint not null", "integer not null"), &["column id was altered: bigint not null → integer not null"]);
        check(("default 'x'", "default 'y'"), &["column \"a b\" was altered: text default 'x' → text default 'y'"]);
        check(("column id", "column weight integer\ncolumn id"), &["column weight was added: integer"]);
        check(("constraint t_pkey PRIMARY KEY (id)\n", ""), &["constraint t_pkey was dropped: PRIMARY KEY (id)"]);
        check(
            ("(m)", "(n)"),
            &[
                "index t_m was altered: CREATE INDEX t_m ON public.t USING btree (m) → CREATE INDEX t_m ON public.t USING btree (n)",
            ],
        );
        check(("lan SELECT", "lan SELECT\ngrant eve DELETE"), &["grant eve DELETE was added: eve DELETE"]);
        let trigger = "CREATE TRIGGER guard BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION f()";
        let words = format!("trigger guard was altered: {trigger} [enabled O] → {trigger} [enabled D]");
        check(("[enabled O]", "[enabled D]"), &[&words]);
    }

    #[test]
    fn what_is_gone_or_new_is_said_and_a_body_stays_whole() {
        let words =
            |before, after| -> Vec<String> { alterations(before, after).iter().map(Alteration::words).collect() };
        assert_eq!(words(Some(TABLE), None), ["the object was dropped: table public.t"]);
        assert_eq!(words(None, Some(TABLE)), ["the object was added: table public.t"]);
        assert_eq!(words(None, None), Vec::<String>::new());
        let function = |body: &str| {
            format!(
                "CREATE OR REPLACE FUNCTION public.f()\n RETURNS trigger\nAS $$\nowner := 1;\n{body}\n$$\nowner ops"
            )
        };
        // A body that looks like a part is told as one, and nothing is lost.
        assert_eq!(words(Some(&function("a")), Some(&function("b"))).len(), 1);
    }

    #[test]
    fn a_count_is_off_by_a_signed_number() {
        let row = |expected: &str, baseline: &str, actual: &str| Row {
            id: "c".into(),
            title: String::new(),
            object: None,
            sql: String::new(),
            key: Vec::new(),
            baseline: Some(Reading::Value(Some(baseline.to_owned()))),
            expected: expected.to_owned(),
            actual: Reading::Value(Some(actual.to_owned())),
            verdict: crate::census::Verdict::Drifted,
            remark: None,
        };
        assert_eq!(row("8", "8", "7").off_by(), Some(-1));
        assert_eq!(row("8", "8", "8").off_by(), None);
        assert_eq!(row("at least 48211", "48211", "48223").off_by(), Some(12));
        assert_eq!(row("absent", "x", "7").off_by(), None);
        assert_eq!(row("0", "0", "340282366920938463463374607431768211456").off_by(), None);
    }
}
