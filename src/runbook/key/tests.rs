//! Cases of keys and conditions as text: what implies what, and which texts are no keys.

use super::{Condition, Key};
use crate::runbook::ObjectName;

fn is_proved(condition: &str, key: &str) -> bool {
    let key = Key::read(key, &ObjectName::new("public", "t")).unwrap_or_else(|problem| panic!("{key}: {problem}"));
    let condition = Condition::read(condition).unwrap_or_else(|problem| panic!("{condition}: {problem}"));
    key.unproved(&condition).is_none()
}

/// Each condition implies the key.
fn check(key: &str, conditions: &[&str]) {
    for condition in conditions {
        assert!(is_proved(condition, key), "`{condition}` should imply `{key}`");
    }
}

/// No condition implies the key.
fn check_not(key: &str, conditions: &[&str]) {
    for condition in conditions {
        assert!(!is_proved(condition, key), "`{condition}` should not imply `{key}`");
    }
}

#[test]
fn one_constant() {
    check(
        "d = 'x'",
        &[
            "d = 'x'",
            "'x' = d",
            "((d)) = ('x')",
            "d = 'x' AND k > random()",
            "d IN ('x')",
            "d IN ('x', NULL)",
            "d = ANY ('{x}')",
            "d = ANY ('{\"x\",NULL}')",
            "d = SOME (ARRAY['x'])",
            "d = ANY (ARRAY['x']::text[])",
            "d = 'x'::text",
            "d = CAST('x' AS pg_catalog.varchar)",
            "d = text 'x'",
            "d = E'\\x78'",
            "d = U&'\\0078'",
            "d = $$x$$",
            "d IS NOT DISTINCT FROM 'x'",
            "(d, k) = ('x', 1)",
            "(k, d) IN ((1, 'x'), (2, 'x'))",
            "NOT (d <> 'x')",
            "NOT (d <> 'x' OR k = 1)",
            "NOT NOT d = 'x'",
            "d NOT IN ('y') AND d = 'x'",
            "d = 'x' AND k = 1 OR d = 'x' AND k = 2",
            "(d = 'x' OR d = 'x') AND (k = 1 OR k = 2)",
            "d = 'x' OR false",
            "d = 'x' OR NULL",
            "d = 'x' OR d = NULL",
            "false",
        ],
    );
    check_not(
        "d = 'x'",
        &[
            "true",
            "d = 'X'",
            "d = 'x '",
            "d = 'x' OR true",
            "d = 'x' OR k = 1",
            "d = 'x' OR d IS NULL",
            "d <> 'x'",
            "NOT (d = 'x')",
            "NOT (d <> 'x' AND k = 1)",
            "d IN ('x', 'y')",
            "d NOT IN ('y')",
            "d = ALL ('{x}')",
            "d <> ALL ('{y}')",
            "d = ANY ('{x,y}')",
            "d = ANY ('[0:0]={x}')",
            "d = ANY ('{{x}}')",
            "d = ANY ('{ x }')",
            "d IS DISTINCT FROM 'y'",
            "NOT (d IS DISTINCT FROM 'x' AND k = 1)",
            "d = 'x'::char(1)",
            "d = 'xy'::varchar(1)",
            "d = 'x'::public.text",
            "d = 'x' COLLATE \"C\"",
            "d COLLATE \"C\" = 'x'",
            "d OPERATOR(pg_catalog.=) 'x'",
            "d OPERATOR(public.=) 'x'",
            "d LIKE 'x'",
            "d ILIKE 'x'",
            "d ~ '^x$'",
            "d || '' = 'x'",
            "lower(d) = 'x'",
            "d::text = 'x'",
            "e = 'x'",
            "\"D\" = 'x'",
            "t.d = 'x'",
            "(d).d = 'x'",
            "(d, k) = ('y', 1)",
            "(d, k) <> ('y', 1)",
            "(d, k) < ('x', 1)",
            "(d, k) IN (('x', 1), ('y', 1))",
            "(d, k) NOT IN (('y', 1))",
            "ROW(d) = (SELECT 'x')",
            "d IN (SELECT 'x')",
            "d = (SELECT 'x')",
            "EXISTS (SELECT 1 WHERE d = 'x')",
            "CASE WHEN d = 'x' THEN true ELSE true END",
            "CASE d WHEN 'x' THEN true END",
            "coalesce(d = 'x', true)",
            "d = 'x' IS NOT FALSE",
            "(d = 'x') IS UNKNOWN",
            "(d = 'x') = (k = 1)",
            "d = :'p'",
            "d BETWEEN 'x' AND 'x'",
        ],
    );
    // A type that the key names and the statement does not may be stricter: citext, char(n).
    check_not("d = 'x'::text", &["d = 'x'", "d IN ('x')", "d = 'x'::name"]);
    check("d = 'x'::text", &["d = 'x'::text", "d = ANY (ARRAY['x'])"]);
    check_not("d = ':p'", &["d = ':q'", "d = 'p'"]);
}

#[test]
fn several_constants() {
    check("d IN ('a', 'b')", &["d = 'a'", "d IN ('b')", "d IN ('b', 'a')", "d = 'a' OR d = 'b'", "d = ANY ('{a,b}')"]);
    check_not("d IN ('a', 'b')", &["d IN ('a', 'c')", "d = 'a' OR d = 'c'", "d NOT IN ('c')"]);
    check("d = 'a' OR d = 'b'", &["d = 'a'", "d = 'a' OR d = 'b'", "k = 1 AND (d = 'b' OR d = 'a')"]);
    check_not("d = 'a' AND k = 1", &["d = 'a'", "d = 'a' OR k = 1", "d = 'a' AND k = 2"]);
    check("(d, k) IN (('a', 1), ('b', 2))", &["(d, k) = ('b', 2)", "k = 1 AND d = 'a'"]);
    check_not("(d, k) IN (('a', 1), ('b', 2))", &["d = 'a'", "(d, k) = ('a', 2)", "d IN ('a', 'b') AND k IN (1, 2)"]);
    check("k <> 5", &["k = 4", "k NOT IN (5, 6)", "k <> ALL ('{5,6}')", "NOT k = 5"]);
    check_not(
        "k <> 5",
        &["k NOT IN (6)", "k IN (4, 5)", "k <> ANY ('{5,6}')", "NOT k <> 5", "k NOT IN (6, NULL) OR k = 5"],
    );
    // Where case does not count, 'a' may equal 'A'.
    check_not("d <> 'A'", &["d = 'a'"]);
    // A list of mixed sorts picks one type for all of them.
    check_not("d IN ('a', 'b'::text)", &["d = 'a'"]);
    check("d IN ('a', 'b'::text)", &["d IN ('a', 'b'::text)"]);
}

#[test]
fn numbers_and_dates() {
    check("k = 5", &["k = 5", "k = '5'", "k = 5::bigint", "k = '5'::bigint", "k = ANY ('{5}')", "k = ANY (ARRAY[5])"]);
    check_not("k = 5", &["k = 5.0", "k = '05'", "k = ' 5'", "k = -5", "k = '5'::text", "k = 5::text::int"]);
    check_not("k = 16777217", &["k = '16777217'"]);
    check(
        "k BETWEEN 1 AND 10",
        &["k = 5", "k IN (1, 10)", "k BETWEEN 2 AND 3", "k > 1 AND k < 10", "k >= 1 AND 10 >= k"],
    );
    check("k BETWEEN 1 AND 10", &["NOT (k < 1 OR k > 10)", "k = 1 OR k BETWEEN 3 AND 4"]);
    check_not(
        "k BETWEEN 1 AND 10",
        &["k > 0", "k IN (1, 11)", "k BETWEEN 0 AND 3", "k < 10", "k BETWEEN SYMMETRIC 3 AND 2"],
    );
    check_not("k BETWEEN 1 AND 10", &["k NOT BETWEEN 11 AND 12", "k > 1.5 AND k < 2", "k = '5'::text"]);
    check("k > 1", &["k > 1", "k > 2", "k >= 2", "1 < k", "NOT k <= 1"]);
    check_not("k > 1", &["k >= 1", "k < 1", "1 > k", "NOT k > 1", "k > '2'"]);
    check(
        "at >= '2026-01-01' AND at < '2026-02-01'",
        &[
            "at = '2026-01-31'",
            "at >= '2026-01-02' AND at < DATE '2026-01-03'",
            "at BETWEEN '2026-01-01' AND '2026-01-31'",
        ],
    );
    check_not(
        "at >= '2026-01-01' AND at < '2026-02-01'",
        &[
            "at = '2026-02-01'",
            "at BETWEEN '2026-01-01' AND '2026-02-01'",
            "at = '2026-1-31'",
            "at = '2026-01-31 10:00'",
        ],
    );
    check_not("at >= '2026-01-01'", &["at >= 'tomorrow'", "at > 5", "at >= '10000-01-01'", "at >= '2026-01-01'::text"]);
}

#[test]
fn patterns() {
    let key = "e LIKE 'gov\\_%'";
    check(
        key,
        &[
            "e LIKE 'gov\\_%'",
            "e LIKE E'gov\\\\_%'",
            "e LIKE U&'gov!_%' UESCAPE '~' ESCAPE '!'",
            "e LIKE 'gov!_%' ESCAPE '!'",
            "e LIKE 'gov\\_run%'",
            "e LIKE 'gov\\_run\\_1'",
            "e LIKE 'gov\\_'",
            "e ~~ 'gov\\_%' AND e LIKE 'gov\\_%'",
            "e = 'gov_x'",
            "e IN ('gov_a', 'gov_b')",
            "NOT (e NOT LIKE 'gov\\_%')",
        ],
    );
    check_not(
        key,
        &[
            "e LIKE 'gov_%'",
            "e LIKE E'gov\\_%'",
            "e LIKE 'gov\\_%' ESCAPE ''",
            "e LIKE 'gov\\_%' ESCAPE '!'",
            "e LIKE 'gov\\\\_%'",
            "e LIKE 'gov%'",
            "e LIKE 'GOV\\_%'",
            "e ILIKE 'gov\\_%'",
            "e NOT LIKE 'gov\\_%'",
            "e SIMILAR TO 'gov\\_%'",
            "e LIKE '%gov\\_%'",
            "e LIKE 'gov\\'",
            "e = 'govern'",
            "e = 'gov_ '",
            "e = 'GOV_x'",
            "e IN ('gov_a', 'other')",
            "e LIKE :'p'",
            "e = :'p'",
            "e LIKE ANY (ARRAY['gov\\_%'])",
            "e COLLATE \"C\" LIKE 'gov\\_%'",
        ],
    );
    // Blanks behind a char(n) count for LIKE and not for `=`.
    check_not("e LIKE 'abc'", &["e = 'abc'"]);
    check("e ILIKE 'gov\\_%'", &["e LIKE 'gov\\_x%'", "e ILIKE 'gov\\_%'", "e = 'gov_x'"]);
    check("e NOT LIKE 'gov\\_%'", &["e NOT LIKE 'gov\\_%'", "NOT e LIKE 'gov\\_%'"]);
    check_not("e NOT LIKE 'gov\\_%'", &["e = 'x'", "e NOT LIKE 'gov\\_x%'"]);
}

#[test]
fn null_and_truth() {
    check(
        "d IS NOT NULL",
        &["d IS NOT NULL", "d = 'x'", "d LIKE 'x%'", "d > 5", "d NOT IN (1, 2)", "d IN ('a', NULL)"],
    );
    check("d IS NOT NULL", &["d", "NOT d", "d IS FALSE"]);
    // A row such as (1,) equals itself, and is not IS NOT NULL; nor is NOT (… IS NULL) the same for it.
    check_not(
        "d IS NOT NULL",
        &["d = '(1,)'", "NOT (d IS NULL)", "d IS NOT TRUE", "d IS NULL", "d IS DISTINCT FROM NULL"],
    );
    check("d IS NULL", &["d IS NULL"]);
    check_not(
        "d IS NULL",
        &["d = NULL OR k = 1", "d IS NOT DISTINCT FROM NULL", "NOT (d IS NOT NULL)", "d IS NOT NULL"],
    );
    check("d", &["d", "d = true", "true = d", "d IS TRUE", "d <> false", "NOT d = false", "NOT NOT d", "k = 1 AND d"]);
    check_not(
        "d",
        &["NOT d", "d IS NOT FALSE", "d = false", "NOT (d IS FALSE)", "d IS NOT DISTINCT FROM true", "d OR k = 1"],
    );
    check("NOT d", &["d = false", "d IS FALSE", "NOT (d AND true)", "d <> true"]);
    check_not("NOT d", &["d", "d IS NOT TRUE", "NOT (d IS TRUE)", "NOT (d AND k = 1)"]);
}

#[test]
fn other_conditions_imply_themselves() {
    check("data->>'d' = 'x'", &["data->>'d' = 'x'", "data->>'d' = 'x' AND k = 1"]);
    check_not("data->>'d' = 'x'", &["data->>'d' = 'y'", "data->'d' = 'x'", "NOT data->>'d' = 'x'"]);
    check("starts_with(d, 'gov_')", &["starts_with(d, 'gov_')"]);
    check_not("starts_with(d, 'gov_')", &["starts_with(d, 'gov')", "NOT starts_with(d, 'gov_')"]);
    check("d = :'p'", &["d = :'p'", "d IN (:'p')"]);
    check("d IN (:'p', :'q')", &["d = :'q'", "d = :'p'"]);
}

#[test]
fn too_many_branches_prove_nothing_but_do_not_hang() {
    let pairs = |column: &str| format!("({})", vec![format!("{column} = 1 OR {column} = 2"); 9].join(" OR "));
    let wide = ["a", "b", "c", "f", "g"].map(pairs).join(" AND ");
    assert!(!is_proved(&wide, "d = 'x'"));
    assert!(is_proved(&format!("{wide} AND d = 'x'"), "d = 'x'"));
    let rows = (0..400).map(|n| format!("('x', {n})")).collect::<Vec<_>>().join(", ");
    assert!(is_proved(&format!("(d, k) IN ({rows})"), "d = 'x'"));
}

#[test]
fn texts_that_are_no_keys_say_why() {
    let why = |key: &str| match Key::read(key, &ObjectName::new("public", "t")) {
        Ok(_) => String::new(),
        Err(problem) => problem.to_string(),
    };
    for key in [
        "d = 'x'",
        "t.d = 'x' AND public.t.k > 1",
        "d LIKE 'gov\\_%'",
        "d = :'p'",
        "d IN ('a')",
        "a = 1 OR b = 2",
        "false",
        "FALSE",
        "NOT d",
        "d IS NOT NULL",
        "d = 'x;y -- z'",
        "d = $$a'b$$",
        "lower(d) = 'x'",
        "d = 'Nguyễn'",
        "(d = 'x')",
        "at < DATE '2026-01-01'",
    ] {
        assert_eq!(why(key), "", "{key}");
    }
    for (key, reason) in [
        ("", "is empty"),
        ("false) OR (true", "leaves the parenthesis"),
        ("d = 'x') OR (k = 1", "leaves the parenthesis"),
        ("d = 'x' -- why", "holds a comment"),
        ("d = 'x' /* why */", "holds a comment"),
        ("d = 'x", "not ended"),
        ("d = \"x", "not ended"),
        ("d = $$x", "not ended"),
        ("/* d = 'x'", "not ended"),
        ("d = 'x';", "a semicolon"),
        ("d = 'x'; DROP TABLE t", "a semicolon"),
        ("DELETE FROM t", "not a SQL condition"),
        ("d = 'x' LIMIT 1", "more than a condition"),
        ("d = 'x' UNION SELECT 1", "not a SQL condition"),
        ("d IN (SELECT d FROM t)", "a sub-query"),
        ("EXISTS (SELECT 1)", "a sub-query"),
        ("d = current_user", "who asks or when"),
        ("at < current_date", "who asks or when"),
        ("at < now()", "now()"),
        ("k < random()", "random()"),
        ("d = current_setting('a.b')", "current_setting()"),
        ("public.lower(d) = 'x'", "public.lower()"),
        ("at < 'today'::date", "which moves"),
        ("d = $1", "nobody binds"),
        ("CASE WHEN d = 'x' THEN true END", "a CASE"),
        ("true", "names no column"),
        ("1 = 1", "names no column"),
        ("NULL", "names no column"),
        ("not true", "names no column"),
        ("d = 'x' OR true", "a part that names no column"),
        ("d = 'x' AND true", "a part that names no column"),
        ("d = 'x' OR 1 = 1", "a part that names no column"),
        ("d = d", "every row"),
        ("d = 'x' OR k = k", "every row"),
        ("d IS NOT DISTINCT FROM d", "every row"),
        ("d LIKE '%'", "every row"),
        ("d = 'x' OR d <> 'x'", "every row"),
        ("d OR NOT d", "every row"),
        ("d IS NULL OR d IS NOT NULL", "every row"),
        ("k < 5 OR k >= 5", "every row"),
        ("NOT (d = 'x' AND d <> 'x')", "every row"),
        ("d = 'x' AND d <> 'x'", "no row"),
        ("d = NULL", "no row"),
        ("d <> d", "no row"),
        ("d = 'x\u{202e}'", "U+202E"),
        ("d\u{200b} = 'x'", "U+200B"),
    ] {
        assert!(why(key).contains(reason), "{key}: {}", why(key));
    }
}
