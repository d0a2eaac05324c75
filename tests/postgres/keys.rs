//! What is proved about a key holds on a real server: random conditions, random keys, every row of a small table.

use std::fmt::Write as _;

use countersign::runbook::ObjectName;
use countersign::runbook::key::{Condition, Key};

use super::census::{answers, questions};
use crate::support::{database, run};
use countersign::port::Database;

/// Pairs tried; about a tenth of them are proved.
const PAIRS: usize = 6_000;

/// Numbers that are the same on every run: a failure can be looked at again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % count
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Values that differ by case, blanks, underscores and padding only.
const WORDS: &[&str] = &["gov_a", "gov_b", "GOV_a", "govxa", "gov_a ", "gov_", "x", ""];

fn word(dice: &mut Dice) -> String {
    let word = dice.pick(WORDS);
    match dice.below(8) {
        0 => format!("'{word}'::text"),
        1 => format!("'{word}'::varchar"),
        2 => format!("E'{}'", word.replace('_', "\\x5f")),
        3 => format!("U&'{}'", word.replace('_', "\\005f")),
        _ => format!("'{word}'"),
    }
}

fn list(dice: &mut Dice, one: fn(&mut Dice) -> String) -> String {
    let count = 1 + dice.below(3);
    (0..count).map(|_| if dice.below(12) == 0 { "NULL".to_owned() } else { one(dice) }).collect::<Vec<_>>().join(", ")
}

fn about_text(dice: &mut Dice) -> String {
    // text, char(8), a domain over text, case-insensitive text
    let column = dice.pick(&["t", "c", "d", "n"]);
    match dice.below(12) {
        0 | 1 => format!("{column} = {}", word(dice)),
        2 => format!("{column} IN ({})", list(dice, word)),
        3 => format!("{column} <> {}", word(dice)),
        4 => format!("{column} NOT IN ({})", list(dice, word)),
        5 => format!("{column} = ANY (ARRAY[{}])", list(dice, word)),
        6 => format!("{column} = ANY ('{{\"gov_a\",{}}}')", dice.pick(&["x", "GOV_a", "NULL", "\"gov_a \""])),
        7 => format!("{column} IS {}NULL", dice.pick(&["", "NOT "])),
        8 => format!("{column} IS NOT DISTINCT FROM {}", word(dice)),
        _ if column == "n" => format!("n = {}", word(dice)),
        9 => format!("{column} ILIKE '{}'", dice.pick(PATTERNS)),
        10 => format!("{column} NOT LIKE '{}'", dice.pick(PATTERNS)),
        _ => format!("{column} LIKE '{}'{}", dice.pick(PATTERNS), dice.pick(&["", "", " ESCAPE '!'", " ESCAPE ''"])),
    }
}

const PATTERNS: &[&str] =
    &[r"gov\_%", r"gov\_a%", "gov_%", "gov!_%", "gov%", "%", r"gov\_a", r"gov\\_%", r"gov\_a %", "_%", "x", r"\_%"];

fn number(dice: &mut Dice) -> String {
    let number = dice.pick(&["-1", "0", "1", "2", "3", "16777216", "16777217", "1.5", "9007199254740993"]);
    match dice.below(4) {
        0 => format!("'{number}'"),
        1 if !number.contains('.') => format!("{number}::bigint"),
        _ => number.to_owned(),
    }
}

fn about_number(dice: &mut Dice) -> String {
    let column = dice.pick(&["i", "f", "m"]);
    match dice.below(6) {
        0 => format!("{column} IN ({})", list(dice, number)),
        1 => format!("{column} BETWEEN {} AND {}", number(dice), number(dice)),
        2 => format!("{column} NOT IN ({})", list(dice, number)),
        3 => format!("{} {} {column}", number(dice), dice.pick(&["<", "<=", ">", ">=", "=", "<>"])),
        _ => format!("{column} {} {}", dice.pick(&["<", "<=", ">", ">=", "=", "<>"]), number(dice)),
    }
}

fn about_time(dice: &mut Dice) -> String {
    let column = dice.pick(&["day", "at", "zoned", "t"]);
    let date = |dice: &mut Dice| {
        let date = dice.pick(&["2026-01-01", "2026-01-02", "2026-02-01", "2025-12-31"]);
        if dice.below(3) == 0 && column != "t" { format!("DATE '{date}'") } else { format!("'{date}'") }
    };
    match dice.below(3) {
        0 => format!("{column} BETWEEN {} AND {}", date(dice), date(dice)),
        _ => format!("{column} {} {}", dice.pick(&["<", "<=", ">", ">=", "="]), date(dice)),
    }
}

fn about_truth(dice: &mut Dice) -> String {
    dice.pick(&["b", "b = true", "b <> false", "b IS TRUE", "b IS FALSE", "b IS NOT TRUE", "b = false", "b IS NULL"])
        .to_owned()
}

fn about_pair(dice: &mut Dice) -> String {
    let pair = |dice: &mut Dice| format!("({}, {})", word(dice), number(dice));
    match dice.below(3) {
        0 => format!("(t, i) = {}", pair(dice)),
        1 => format!("(t, i) <> {}", pair(dice)),
        _ => format!("(t, i) IN ({}, {})", pair(dice), pair(dice)),
    }
}

/// A condition of this depth at most; `topic` keeps key and condition on the same columns often enough.
fn condition(dice: &mut Dice, depth: usize, topic: usize) -> String {
    if depth > 0 {
        let two = |dice: &mut Dice| (condition(dice, depth - 1, topic), condition(dice, depth - 1, topic));
        match dice.below(5) {
            0 | 1 => {
                let (one, other) = two(dice);
                return format!("({one} AND {other})");
            }
            2 => {
                let (one, other) = two(dice);
                return format!("({one} OR {other})");
            }
            3 => return format!("NOT ({})", condition(dice, depth - 1, topic)),
            _ => {}
        }
    }
    match if dice.below(4) == 0 { dice.below(5) } else { topic } {
        0 => about_text(dice),
        1 => about_number(dice),
        2 => about_time(dice),
        3 => about_truth(dice),
        _ => about_pair(dice),
    }
}

/// Every row of every interesting value, NULL among them; columns vary together so that the table stays small.
fn table() -> String {
    let quoted = |word: &str| format!("'{word}'");
    let mut words: Vec<String> = WORDS.iter().map(|word| quoted(word)).collect();
    words.extend(["'2026-01-01'", "'2026-01-15'", "NULL"].map(str::to_owned));
    let numbers = ["-1", "0", "1", "2", "3", "16777216", "16777217", "NULL"];
    let days = ["2025-12-31", "2026-01-01", "2026-01-15", "2026-02-01"];
    let mut sql = "CREATE EXTENSION IF NOT EXISTS citext; CREATE DOMAIN word AS text;
        CREATE TABLE k (t text, c char(8), d word, n citext, i bigint, f real, m numeric, b boolean,
            day date, at timestamp, zoned timestamptz);
        INSERT INTO k (t, c, d, n, i, f, m, b, day, at, zoned) VALUES "
        .to_owned();
    let mut rows = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for (place, number) in numbers.iter().enumerate() {
            let day = format!("'{}{}'", days[(at + place) % 4], if place % 2 == 0 { "" } else { " 10:00" });
            let day = if place == 5 { "NULL" } else { &day };
            let truth = ["true", "false", "NULL"][(at + place) % 3];
            let other = &words[(at + place) % words.len()];
            rows.push(format!(
                "({word}, {}, {word}, {other}, {number}, {number}, {number} + {}, {truth}, {day}, {day}, {day})",
                if word.len() > 10 { "NULL" } else { word },
                ["0", "0.5"][at % 2]
            ));
        }
    }
    let _ = write!(sql, "{}; INSERT INTO k (f) VALUES ('NaN'), ('Infinity')", rows.join(", "));
    sql
}

#[test]
fn what_is_proved_holds_for_every_row() {
    let database = database();
    let superuser = database.superuser();
    run(superuser.load(&table())).expect("a table");
    let mut dice = Dice(7);
    let mut proved = Vec::new();
    for _ in 0..PAIRS {
        let topic = dice.below(5);
        let depth = dice.below(3);
        let written_key = condition(&mut dice, depth, topic);
        let depth = dice.below(3);
        let mut written = condition(&mut dice, depth, topic);
        if dice.below(4) == 0 {
            written = format!("{written} AND {written_key}");
        }
        let Ok(key) = Key::read(&written_key, &ObjectName::new("public", "k")) else { continue };
        let read = Condition::read(&written).expect("a condition");
        if key.unproved(&read).is_none() {
            proved.push((written, written_key));
        }
    }
    assert!(proved.len() > PAIRS / 20, "only {} of {PAIRS} pairs are proved: too few to mean anything", proved.len());
    let asked: Vec<String> = proved
        .iter()
        .map(|(condition, key)| format!("SELECT count(*) FROM public.k WHERE ({condition}) AND ({key}) IS NOT TRUE"))
        .collect();
    let mut answered = 0;
    for (asked, pairs) in asked.chunks(50).zip(proved.chunks(50)) {
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let census = run(superuser.census(&questions(&asked))).expect("a census");
        for (answer, (condition, key)) in answers(&census).iter().zip(pairs) {
            // A comparison that the server refuses deletes nothing.
            if answer.starts_with('[') {
                continue;
            }
            answered += 1;
            assert_eq!(answer, "0", "rows outside the key `{key}` meet `{condition}`");
        }
    }
    assert!(answered > proved.len() / 2, "the server refused {} of {}", proved.len() - answered, proved.len());
}
