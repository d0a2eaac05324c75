//! A script read in pieces is the same script: statements, places, trees and errors.

use super::chunk::in_pieces;
use super::{Statement, split};

/// What comes in scripts, each on lines of its own; borders fall between and inside them.
const PARTS: &[&str] = &[
    "SELECT 1;\n",
    ";\n;\n",
    "-- a comment; with a semicolon;\n-- and another;\n",
    "/* a comment;\n over /* lines;\n */ */ DELETE FROM a -- why;\n WHERE é = 'x;\n;\ny';\n",
    "SELECT $body$ BEGIN;\nEND;\n$body$, E'\\';\n', U&'d\\0061;\n', \"a;\nb\";\n",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC\nSELECT 1;\nSELECT (2);\nEND;\n",
    "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM 1;\n  PERFORM ';';\nEND;\n$$;\n",
    "CREATE RULE r AS ON DELETE TO t DO (SELECT 1;\nSELECT 2;\n);\n",
    "UPDATE public.t SET a = ARRAY[1, 2] WHERE b IN (1, 2, 3) AND k = :'key' AND m = :'m_2';\n",
    "SELECT XMLPARSE(DOCUMENT '<a/>'), f(a => 1), x::int[] FROM JSON_TABLE(b, '$' AS p COLUMNS (c int PATH '$')) AS j;\n",
    "  INSERT INTO a VALUES (1); DROP TABLE b; ALTER TABLE c ADD d int DEFAULT 0, DROP e;\n",
    "NOTIFY n, 'p';\nCREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;\r\nBEGIN;\n\n\n",
    "WITH x AS (SELECT 1 AS y) MERGE INTO a USING x ON true WHEN MATCHED THEN DELETE;\n",
];

/// The script read whole: one piece holds it all.
fn whole(text: &str) -> Vec<Statement> {
    in_pieces(text, text.len() + 1).expect("the script is SQL")
}

#[test]
fn wherever_borders_fall_the_statements_are_the_same() {
    for turn in 0..PARTS.len() {
        let mut script = String::from(if turn == 0 { "\u{feff}" } else { "" });
        for part in PARTS.iter().cycle().skip(turn).take(PARTS.len() + 1) {
            script += part;
        }
        // With and without a semicolon at the end.
        for text in [script.as_str(), script.trim_end().trim_end_matches(';')] {
            let expected = whole(text);
            assert_eq!(split(text).as_ref(), Ok(&expected));
            for size in [1, 2, 7, 30, 100, 300] {
                assert!(in_pieces(text, size).as_ref() == Some(&expected), "pieces of {size} in {text}");
            }
            for statement in &expected {
                assert_eq!(&text[statement.start..statement.end], statement.text);
            }
        }
    }
}

#[test]
fn a_large_script_is_read_in_pieces_and_a_late_error_has_its_place() {
    let script = PARTS.concat().repeat(100);
    let lines = u32::try_from(script.matches('\n').count()).unwrap();
    let statements = split(&script).unwrap();
    assert_eq!(statements, whole(&script));
    let last = statements.last().unwrap();
    assert_eq!((last.line, last.ordinal as usize), (lines, statements.len()));

    for (end, expect) in [
        ("SELEC 1;\n", format!("{}:1: syntax error at or near \"SELEC\"", lines + 1)),
        ("SELECT (1;\nSELECT 1;\n", format!("{}:10: syntax error at or near \";\"", lines + 1)),
        ("DELETE FROM a -- b;\nSELECT 1;\n", format!("{}:1: syntax error at or near \"SELECT\"", lines + 2)),
        ("SELECT (1", format!("{}:10: syntax error at end of input", lines + 1)),
        ("SELECT 'é;\nx;\n", format!("{}:8: unterminated quoted string", lines + 1)),
        (" SELECT $x$;\n", format!("{}:9: unterminated dollar-quoted", lines + 1)),
        ("DELETE FROM a\nWHERE <origin key>;\n", format!("{}:7: `<origin key>` is a gap", lines + 2)),
        ("\\i other.sql\n", format!("{}:1: `\\i` is a psql command", lines + 1)),
        ("SELECT '\0';\n", format!("{}:9: the script holds a NUL", lines + 1)),
    ] {
        let problem = split(&format!("{script}{end}")).unwrap_err().to_string();
        assert!(problem.starts_with(&expect), "expected {expect}\nfound {problem}");
        // What stands behind an error does not change it, but for what is not ended.
        if !expect.contains("unterminated") && !expect.contains("end of input") {
            let problem = split(&format!("{script}{end}{script}")).unwrap_err().to_string();
            assert!(problem.starts_with(&expect), "expected {expect}\nfound {problem}");
        }
    }
}

#[test]
fn what_nests_too_deep_is_named_in_its_place() {
    let filler = "SELECT 1;\n".repeat(20_000);
    let deep = format!("SELECT {}1;\n", "NOT ".repeat(300));
    let problem = split(&format!("{filler}{deep}{filler}")).unwrap_err().to_string();
    assert!(problem.starts_with("20001:1: the statement nests deeper"), "{problem}");
}
