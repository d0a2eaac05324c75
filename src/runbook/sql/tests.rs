//! Cases of splitting, places, tags and touched objects, as text.

use super::{SqlProblemKind, is_single_select, lexemes, split, touched};

/// Each statement as `line:column tag «text»`, or the problem as `Kind line:column message`.
fn told(text: &str) -> String {
    match split(text) {
        Ok(statements) => {
            let tell = |s: &super::Statement| format!("{}:{} {} «{}»", s.line, s.column, s.tag, s.text);
            statements.iter().map(tell).collect::<Vec<_>>().join(" ")
        }
        Err(problem) => format!("{:?} {}:{} {}", problem.kind, problem.line, problem.column, problem.message),
    }
}

fn check(text: &str, expect: &str) {
    assert_eq!(told(text), expect, "for {text:?}");
}

#[test]
fn cuts_statements_with_their_places() {
    check("", "");
    check(" ;; \n; -- only a comment\n/* and another */", "");
    check("SELECT 1", "1:1 SELECT «SELECT 1»");
    check(
        "-- first\n  DELETE FROM a -- why\n WHERE x; /* é */ SELECT ';' /* end */ ;",
        "2:3 DELETE «DELETE FROM a -- why\n WHERE x» 3:19 SELECT «SELECT ';'»",
    );
    check("\u{feff}SELECT 1;\r\nSELECT 2", "1:1 SELECT «SELECT 1» 2:1 SELECT «SELECT 2»");
    check(
        "SELECT $a$;$a$; SELECT E'\\';'; SELECT U&'d\\0061t'",
        "1:1 SELECT «SELECT $a$;$a$» 1:17 SELECT «SELECT E'\\';'» 1:32 SELECT «SELECT U&'d\\0061t'»",
    );
    check("DELETE FROM t WHERE k = :'key'", "1:1 DELETE «DELETE FROM t WHERE k = :'key'»");
    let body = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END";
    check(&format!("{body};SELECT 3"), &format!("1:1 CREATE FUNCTION «{body}» 1:83 SELECT «SELECT 3»"));
}

#[test]
fn refuses_with_a_place() {
    check("SELECT 1;\n  SELEC 2;", "Syntax 2:3 syntax error at or near \"SELEC\"");
    check("SELECT (1", "Syntax 1:10 syntax error at end of input");
    check("SELECT 'é', 'abc", "Syntax 1:13 unterminated quoted string at or near \"'abc\"");
    check("SELECT 1; /* a /* b */", "Syntax 1:11 unterminated /* comment at or near \"/* a /* b */\"");
    check("SELECT $q$ abc", "Syntax 1:8 unterminated dollar-quoted string at or near \"$q$ abc\"");
    check("SELECT 1 ORDER BY 1 ORDER BY 2; SELECT 1", "Syntax 1:21 syntax error at or near \"ORDER\"");
    check(
        "DELETE FROM a\nWHERE <origin key for the ruleset…>;",
        "Placeholder 2:7 `<origin key for the ruleset…>` is a gap that nobody has filled",
    );
    check(
        "SELECT to_regclass(<reverted_table>);",
        "Placeholder 1:20 `<reverted_table>` is a gap that nobody has filled",
    );
    check("DELETE FROM a WHERE k = {{ key }}", "Placeholder 1:25 `{{ key }}` is a gap that nobody has filled");
    check("DELETE FROM a WHERE k = ${KEY}", "Placeholder 1:25 `${KEY}` is a gap that nobody has filled");
    check("SELECT 1;\n\\i other.sql", "MetaCommand 2:1 `\\i` is a psql command, not SQL");
    check("SELECT 1;\n  \\i it's.sql", "MetaCommand 2:3 `\\i` is a psql command, not SQL");
    let rows = "Syntax 1:1 the lines behind `COPY … FROM stdin` are rows, not SQL";
    for copy in [
        "COPY t FROM stdin;\n1\tx\n\\.\n",
        "COPY t FROM stdin;\nit's\t\\N\n\\.\nSELECT 1;\n",
        "COPY t (a, b) FROM STDIN WITH (FORMAT csv);\n1,\"x\n\\.\n",
        "COPY t FROM stdin; -- now\n\\N\t'\n\\.\n",
        "COPY t FROM stdin;\n1\t2\n",
    ] {
        check(copy, rows);
    }
    check("COPY t FROM 'f'; SELEC 1", "Syntax 1:18 syntax error at or near \"SELEC\"");
    check("SELEC 1; COPY t FROM stdin;", "Syntax 1:1 syntax error at or near \"SELEC\"");
    check("COPY t FROM stdin", "1:1 COPY «COPY t FROM stdin»");
    check("\\if :{?x}\nSELECT 'it''s;\n\\endif", "MetaCommand 1:1 `\\if` is a psql command, not SQL");
    check("SELECT 1 AS x \\gset\nSELECT :x;", "MetaCommand 1:15 `\\gset` is a psql command, not SQL");
    check("\\copy t FROM 'x.csv'", "MetaCommand 1:1 `\\copy` is a psql command, not SQL");
    check("SELECT U&'d!0061t' UESCAPE '+'", "Syntax 1:28 invalid Unicode escape character at or near \"'+'\"");
    check("SELECT 1;\n  SELECT E'\\u12';", "Syntax 2:11 invalid Unicode escape");
    let open = "comments open here one in the other, too many to be read";
    check(&format!("SELECT 1;\n {}", "/*".repeat(10_000)), &format!("TooDeep 2:2 {open}"));
    check(&format!("{}{}SELECT 1", "/*".repeat(10_000), "*/".repeat(10_000)), &format!("TooDeep 1:1 {open}"));
    check("SELECT 'a\0b'", "Nul 1:10 the script holds a NUL byte");
    check("SELECT :name", "Syntax 1:8 syntax error at or near \":\"");
    // The innocent twins: backslashes in literals and comments are no commands, and neither are operators.
    for innocent in [
        "SELECT '\\i x', \"a\\b\", /* \\y */ $$\\d$$, E'\\\\'",
        "SELECT '[1]'::json->>0, b @-@ c, B'01', X'1F', 1 != - 2, a @> c, a <-> c",
        "SELECT $a$ $b$ $a $$ $b$ $a$, $q$ $q1$ $q1$ $q$",
        "SELECT U&'d!0061t' UESCAPE '!', U&\"d!0061t\" UESCAPE '!'",
        "SELECT 'a'\n'b', E'\\'' /* a /* b */ c */ || 'x'",
    ] {
        check(innocent, &format!("1:1 SELECT «{innocent}»"));
    }
    check(&format!("SELECT '{}'", "=".repeat(1_000)), &format!("1:1 SELECT «SELECT '{}'»", "=".repeat(1_000)));
    // Comparisons are no gaps.
    check("SELECT a <b AND c> d", "1:1 SELECT «SELECT a <b AND c> d»");
    check("SELECT '<origin key>'", "1:1 SELECT «SELECT '<origin key>'»");
}

#[test]
fn survives_every_nasty_text() {
    let deep = [
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT {}1", "NOT ".repeat(20_000)),
        format!("SELECT {}1", "- ".repeat(20_000)),
        format!("SELECT {}1", "1 + ".repeat(20_000)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(5_000)),
        format!("SELECT {}1{}", "f(".repeat(9_000), ")".repeat(9_000)),
        format!("{}SELECT 1{}", "SELECT (".repeat(3_000), ")".repeat(3_000)),
        format!("SELECT {}", "[".repeat(10_000)),
        format!("SELECT {}1", "CASE WHEN ".repeat(10_000)),
        "/*".repeat(1_000),
        "'".repeat(10_001),
        "$".repeat(10_000),
    ];
    for text in &deep {
        let _ = split(text);
    }
    assert!(matches!(split(&deep[1]), Err(problem) if problem.kind == SqlProblemKind::TooDeep));
    let nasty = [
        "'",
        "\"",
        "$$",
        "E'\\",
        "U&'\\",
        "U&\"\\",
        "/*",
        "/* /* */",
        "--",
        "\\",
        "\\\\",
        ":",
        ":'",
        ":''",
        ":'a",
        "::'a'",
        "<",
        "<a",
        "<a>",
        "{{",
        "{{a}}",
        "${",
        "\u{feff}",
        "\u{feff}\u{feff}SELECT 1",
        "\u{202e}",
        "é",
        "😀;",
        "SELECT 😀",
        ";\0;",
        "\r\n",
        "DROP",
        "DROP TABLE",
        "DROP TRIGGER t ON",
        "DROP FUNCTION f",
        "DROP FUNCTION f(int)",
        "DROP OPERATOR + (int, int)",
        "DROP CAST (int AS text)",
        "DROP TYPE t",
        "DROP INDEX a.b.c.d.e",
        "COMMENT ON COLUMN c IS ''",
        "COMMENT ON CONSTRAINT c ON DOMAIN d IS ''",
        "GRANT ALL ON ALL TABLES IN SCHEMA s TO PUBLIC",
        "SELECT 1::",
        "SELECT * FROM ONLY (a)",
        "SELECT E'\\u12'",
        "SELECT U&'\\zzzz'",
        "COPY t FROM stdin;\n1\t2\n\\.\n",
        "CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2)",
        "SELECT 12abc",
        "SELECT 0x",
        "SELECT '\\'; --'",
        "\u{a0}SELECT 1",
        "ALTER TABLE t RENAME c TO d",
        "ALTER TABLE t RENAME CONSTRAINT c TO d",
        "ALTER TYPE t RENAME ATTRIBUTE a TO b",
        "ALTER TRIGGER t ON r RENAME TO u",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING",
        "ALTER OPERATOR + (int, int) OWNER TO x",
        "ALTER LARGE OBJECT 1 OWNER TO x",
        "DROP TRANSFORM FOR int LANGUAGE c",
        "DROP OPERATOR CLASS a USING btree",
        "DROP POLICY p ON t",
        "DROP RULE r ON t",
    ];
    for text in nasty {
        if let Ok(statements) = split(text) {
            for statement in &statements {
                let _ = touched(statement, "public");
                assert_eq!(&text[statement.start..statement.end], statement.text);
            }
        }
        let _ = (is_single_select(text), lexemes(text));
        // And every beginning of it.
        for (end, _) in text.char_indices() {
            let _ = split(&text[..end]);
        }
    }
}

#[test]
fn the_deepest_statement_allowed_needs_no_large_stack() {
    let text = |terms: usize| format!("DELETE FROM a WHERE x = {}1", "1 + ".repeat(terms));
    let most = (1..super::DEPTH).rev().find(|terms| split(&text(*terms)).is_ok()).unwrap();
    assert!(most >= 200, "only {most} terms");
    let statements = split(&text(most)).unwrap();
    assert_eq!(touched(&statements[0], "public").len(), 1);
    assert_eq!(statements[0].tree, statements.clone()[0].tree);
}

#[test]
fn tags_are_the_servers() {
    for (text, tag, counts) in [
        ("DELETE FROM a", "DELETE", true),
        ("WITH x AS (SELECT 1) UPDATE a SET b = 1", "UPDATE", true),
        ("INSERT INTO a VALUES (1)", "INSERT", true),
        ("VALUES (1)", "SELECT", true),
        ("CREATE TABLE a AS SELECT 1", "SELECT", true),
        ("CREATE TABLE a AS SELECT 1 WITH NO DATA", "CREATE TABLE AS", false),
        ("DROP TABLE IF EXISTS a, b", "DROP TABLE", false),
        ("DROP VIEW a", "DROP VIEW", false),
        ("DROP MATERIALIZED VIEW a", "DROP MATERIALIZED VIEW", false),
        ("DROP TRIGGER t ON a", "DROP TRIGGER", false),
        ("DROP EVENT TRIGGER t", "DROP EVENT TRIGGER", false),
        ("CREATE OR REPLACE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()", "CREATE TRIGGER", false),
        ("ALTER TABLE a RENAME b TO c", "ALTER TABLE", false),
        ("ALTER VIEW a RENAME TO c", "ALTER VIEW", false),
        ("ALTER TABLE a SET SCHEMA s", "ALTER TABLE", false),
        ("ALTER SEQUENCE s RESTART", "ALTER SEQUENCE", false),
        ("ALTER FUNCTION f() STABLE", "ALTER FUNCTION", false),
        ("TRUNCATE a", "TRUNCATE TABLE", false),
        ("DO $$ BEGIN END $$", "DO", false),
        ("ALTER ROLE r SET work_mem = '1MB'", "ALTER ROLE", false),
        ("ALTER DATABASE d SET work_mem = '1MB'", "ALTER DATABASE", false),
        ("DISCARD ALL", "DISCARD ALL", false),
        ("DROP SUBSCRIPTION s", "DROP SUBSCRIPTION", false),
        ("RESET ALL", "RESET", false),
        ("SET LOCAL lock_timeout = 0", "SET", false),
        ("ROLLBACK TO a", "ROLLBACK", false),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION", false),
        ("REVOKE ALL ON a FROM b", "REVOKE", false),
        ("COMMENT ON TABLE a IS NULL", "COMMENT", false),
    ] {
        let statements = split(text).unwrap();
        assert_eq!((statements[0].tag.as_str(), statements[0].counts_rows), (tag, counts), "for {text}");
    }
}

#[test]
fn names_what_is_touched() {
    let tell = |text: &str| {
        let all = split(text).unwrap();
        let tell = |touched: &super::Touched| {
            let kind = touched.kind.map_or(String::new(), |kind| format!(" {kind:?}"));
            format!("{:?} {}{kind} {}:{}", touched.how, touched.name, touched.line, touched.column)
        };
        all.iter().flat_map(|statement| touched(statement, "public")).map(|t| tell(&t)).collect::<Vec<_>>().join(", ")
    };
    for (text, expect) in [
        ("\nDROP VIEW IF EXISTS v_gap, s.w;", "Drop public.v_gap View 2:21, Drop s.w View 2:28"),
        ("DROP TRIGGER t ON s.r", "Attach s.r 1:19, Drop s.r.t Trigger 1:14"),
        ("DROP TRIGGER t ON r", "Attach public.r 1:19, Drop public.r.t Trigger 1:14"),
        ("DROP FUNCTION s.f(int), g", "Drop s.f Function 1:15, Drop public.g Function 1:25"),
        ("DROP EVENT TRIGGER e", "Drop e EventTrigger 1:20"),
        ("DROP TYPE t", "Drop public.t Type 1:11"),
        (
            "DELETE FROM a USING b WHERE a.x = (SELECT max(y) FROM c)",
            "Delete public.a 1:13, Read public.b 1:21, Read public.c 1:55, Call public.max Function 1:43",
        ),
        ("WITH d AS (DELETE FROM a) SELECT * FROM d", "Delete public.a 1:24"),
        ("EXPLAIN ANALYZE DELETE FROM a", "Delete public.a 1:29"),
        ("SELECT 1 INTO s.n FROM a", "Create s.n Table 1:15, Read public.a 1:24"),
        ("INSERT INTO a SELECT 1 ON CONFLICT (x) DO UPDATE SET x = 1", "Insert public.a 1:13, Update public.a 1:13"),
        (
            "MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "Insert public.a 1:12, Delete public.a 1:12, Read public.b 1:20",
        ),
        ("TRUNCATE a, s.b", "Truncate public.a Table 1:10, Truncate s.b Table 1:13"),
        ("ALTER TABLE a RENAME b TO c", "Alter public.a 1:13, Alter public.a.b Column 1:22"),
        ("ALTER TABLE s.a DROP COLUMN b", "Alter s.a Table 1:13, Drop s.a.b Column 1:29"),
        ("ALTER TABLE a ALTER b SET NOT NULL", "Alter public.a Table 1:13, Alter public.a.b Column 1:21"),
        (
            "ALTER TABLE a ADD b int, DROP CONSTRAINT c, ADD CHECK (true)",
            "Alter public.a Table 1:13, Create public.a.b Column 1:19, Drop public.a.c Constraint 1:42",
        ),
        ("ALTER TABLE a RENAME CONSTRAINT b TO c", "Alter public.a 1:13, Alter public.a.b Constraint 1:33"),
        ("COMMENT ON CONSTRAINT c ON a IS ''", "Alter public.a.c Constraint 1:23, Alter public.a 1:28"),
        ("ALTER TABLE a DETACH PARTITION s.b", "Alter public.a Table 1:13, Alter s.b Table 1:32"),
        ("ALTER TABLE a NO INHERIT b", "Alter public.a Table 1:13, Alter public.b Table 1:26"),
        ("CREATE TEMP TABLE a (b int)", "Create pg_temp.a Table 1:19"),
        ("CREATE INDEX ON s.a (x)", "Attach s.a 1:17"),
        (
            "CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION s.f()",
            "Attach public.a 1:35, Create public.a.t Trigger 1:16, Read s.f Function 1:54",
        ),
        ("CREATE INDEX i ON s.a (x)", "Attach s.a 1:19, Create s.i Index 1:14"),
        ("COMMENT ON COLUMN s.a.c IS ''", "Alter s.a.c Column 1:19, Alter s.a 1:19"),
        ("CREATE VIEW v AS SELECT * FROM a", "Create public.v View 1:13, Read public.a 1:32"),
    ] {
        assert_eq!(tell(text), expect, "for {text}");
    }
}

#[test]
fn a_check_is_one_reading_select_of_one_column() {
    for good in [
        "SELECT count(*) FROM a",
        "SELECT x FROM a UNION SELECT y FROM b",
        "VALUES (1)",
        "WITH q AS (SELECT * FROM a) SELECT count(*) FROM q",
        "SELECT to_regclass('public.x') -- expect NULL",
        "SELECT k FROM a WHERE k = :'key'",
    ] {
        assert_eq!(is_single_select(good), Ok(()), "for {good}");
    }
    for (bad, reason) in [
        ("", "it holds 0 statements"),
        ("SELECT 1; SELECT 2", "it holds 2 statements"),
        ("SELECT 1;", "it ends with a semicolon"),
        ("DELETE FROM a", "it is not a SELECT but DELETE"),
        ("SELECT a, b FROM c", "it has 2 columns"),
        ("SELECT * FROM c", "its columns cannot be counted"),
        ("SELECT c.* FROM c", "its columns cannot be counted"),
        ("SELECT (c).* FROM c", "its columns cannot be counted"),
        ("SELECT FROM c", "it has 0 columns"),
        ("SELECT 1 INTO c", "it has INTO"),
        ("SELECT x FROM (SELECT x FROM a FOR UPDATE) AS q", "it has FOR UPDATE"),
        ("WITH d AS (DELETE FROM a RETURNING x) SELECT x FROM d", "a WITH query in it writes"),
        ("EXPLAIN SELECT 1", "it is not a SELECT but EXPLAIN"),
        ("SELECT nextval('s')", "it calls nextval()"),
        ("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_stat_activity", "it calls pg_terminate_backend()"),
        ("SELECT set_config('a.b', 'c', false)", "it calls set_config()"),
        ("SELEC 1", "syntax error"),
    ] {
        let answer = is_single_select(bad).unwrap_err();
        assert!(answer.starts_with(reason), "for {bad}: {answer}");
    }
}
