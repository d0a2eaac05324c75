//! Cases of runbook.toml as text: a whole one that is right, and one change to it at a time.

use std::collections::BTreeMap;

use super::{Files, parse};
use crate::runbook::{Diagnostic, DiagnosticSeverity, Expectation, ObjectClass, Query, RowsExpected, Runbook};

/// A runbook in which every key of the format stands at least once.
const WHOLE: &str = r#"format = 1
[runbook]
id = "phase1"
title = "Phase 1"
version = "2026-06-01"
source = "runbook 97"
edited_by = "author@example.test"
[target]
database = "directus"
schema = "public"
[timeouts]
lock = "3s"
statement = "500ms"
idle_in_transaction = "1min"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
[[object]]
name = "public.ruleset"
kind = "table"
class = "greenfield"
steps = ["SB-12"]
[[object]]
name = "public.snapshots"
kind = "table"
class = "shared"
steps = ["SB-12"]
key = "origin = :'origin_key'"
[[object]]
name = "public.later"
kind = "table"
class = "shared"
key = "domain LIKE 'governance.%'"
later_phase = true
[[object]]
name = "public.codes"
kind = "table"
class = "retire_only"
[[object]]
name = "public.codes.trg"
kind = "trigger"
class = "protected"
[[object]]
name = "public.outbox"
kind = "table"
class = "growing"
[[parameter]]
name = "origin_key"
type = "text"
description = "The fingerprint row's key"
allowed = ["a", "b"]
[[step]]
id = "SB-12"
position = 1
title = "Ruleset"
section = "97.3"
build = "build/sb-12.sql"
reversal = "reversal/sb-12.sql"
depends_on = []
traces = [ { title = "fingerprint row", sql = "SELECT count(*) FROM public.snapshots" } ]
[[step.statement]]
ordinal = 1
rows = { exactly = 1 }
notices = [ { severity = "WARNING", contains = "[TRIGGER-GUARD]", times = 2 } ]
waivers = [ { rule = "if-exists", reason = "it may be gone" } ]
[[check]]
id = "codes"
title = "Codes"
object = "public.codes"
sql = "SELECT count(*) FROM public.codes"
steps = ["SB-12"]
expect = { one_of = [ { name = "never built", value = "6" }, { name = "retired", value = "10" } ] }
per_step = { "SB-12" = { equals = "10" } }
[[check]]
id = "trigger"
title = "Trigger"
definition_of = "public.codes.trg"
expect = { text_file = "captured/trg.sql" }
[[check]]
id = "outbox"
title = "Outbox"
object = "public.outbox"
sql = "SELECT count(*) FROM public.outbox"
expect = "grows"
[[stop]]
id = "event-emitted"
title = "An event was emitted"
sql = "SELECT count(*) FROM public.outbox WHERE event_domain = 'governance'"
expect = { equals = "0" }
[[stop]]
id = "guard"
title = "The guard escalated"
error_contains = "[TRIGGER-GUARD]"
[[restart]]
id = "council"
title = "The council's record"
by = "record"
sql = "SELECT max(id) FROM public.codes"
expect = "present"
[[restart]]
id = "sovereign"
title = "Confirmed"
by = "sovereign"
"#;

fn files(toml: &str) -> Files {
    let reversal = "DELETE FROM public.snapshots WHERE origin = :'origin_key';\nDROP TABLE public.ruleset;";
    let all = [
        ("runbook.toml", toml),
        ("roster.toml", "format = 1\n"),
        ("build/sb-12.sql", "CREATE TABLE public.ruleset (id int);"),
        ("reversal/sb-12.sql", reversal),
        ("captured/trg.sql", "CREATE TRIGGER trg …\n"),
    ];
    Files(all.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect::<BTreeMap<_, _>>())
}

/// Reads a folder; the roster is another room's matter.
fn read(files: &Files) -> (Runbook, Vec<Diagnostic>) {
    let (runbook, mut problems) = parse(files);
    problems.retain(|problem| problem.file != "roster.toml");
    (runbook, problems)
}

fn tell(problem: &Diagnostic) -> String {
    let kind = if problem.severity == DiagnosticSeverity::Error { "error" } else { "warning" };
    format!("{} {}:{} {kind} {} → {}", problem.file, problem.line, problem.column, problem.message, problem.hint)
}

/// Replaces one text in the whole runbook; one problem must read `line:column … text …`, and no other may be there.
#[track_caller]
fn check(from: &str, to: &str, expect: &str) {
    let told = check_among(from, to, expect);
    assert_eq!(told.len(), 1, "for {to}: {told:#?}");
}

/// As [`check`], but one wrong text may cause more problems elsewhere.
#[track_caller]
fn check_among(from: &str, to: &str, expect: &str) -> Vec<String> {
    assert!(WHOLE.contains(from), "no such text: {from}");
    let (_, problems) = read(&files(&WHOLE.replacen(from, to, 1)));
    let told: Vec<String> = problems.iter().map(tell).collect();
    let (place, text) = expect.split_once(' ').unwrap();
    let is_expected =
        |told: &&String| told.contains(&format!(" {place} ")) && text.split(" … ").all(|part| told.contains(part));
    assert!(told.iter().any(|told| is_expected(&told)), "expected {expect}\nfound    {told:#?}");
    told
}

#[test]
fn a_whole_runbook_is_read_whole() {
    let (runbook, problems) = read(&files(WHOLE));
    assert_eq!(problems, Vec::new());
    assert_eq!(runbook.timeouts.statement_millis, 500);
    assert_eq!(runbook.policy.rehearsal_max_age_seconds, 43_200);
    assert_eq!(runbook.objects.len(), 6);
    assert_eq!(runbook.objects[1].class, ObjectClass::Shared { key: "origin = :'origin_key'".to_owned() });
    assert!(runbook.objects[2].later_phase);
    assert_eq!(runbook.steps[0].statements[&1].rows, Some(RowsExpected::Exactly(1)));
    assert_eq!(runbook.steps[0].statements[&1].notices[0].times, 2);
    assert_eq!(runbook.checks[0].per_step[&"SB-12".into()], Expectation::Equals("10".to_owned()));
    assert!(matches!(&runbook.checks[1].query, Query::Definition(name, _) if name.name == "codes.trg"));
    assert_eq!(runbook.checks[1].expect, Expectation::Text("CREATE TRIGGER trg …\n".to_owned()));
    assert_eq!((runbook.stops.len(), runbook.restart.len()), (2, 2));
    assert_eq!(runbook.source, "runbook 97");
    assert_eq!(runbook.edited_by, Some("author@example.test".into()));
}

#[test]
fn keys_types_and_words() {
    check("format = 1", "format = 2", "1:10 format 2 … Write format = 1");
    check("title = \"Phase 1\"", "titel = \"Phase 1\"\ntitle = \"x\"", "4:1 no key `titel` … Write `title`");
    check("[target]\n", "[target]\nzzz = 1\n", "9:1 no key `zzz` … known here: database, schema");
    check("database = \"directus\"\n", "", "8:1 [target] has no `database` … Add database");
    check("database = \"directus\"", "database = 7", "9:12 a whole number, not text … \"7\"");
    check("database = \"directus\"", "database = \" \"", "9:12 is empty");
    check("lock = \"3s\"", "lock = \"3 sec\"", "12:8 cannot be \"3 sec\" … such as \"30s\"");
    check("lock = \"3s\"", "lock = \"0s\"", "12:8 cannot be \"0s\"");
    check("lock = \"3s\"", "lock = \"99999h\"", "12:8 cannot be \"99999h\"");
    check("rehearsal_max_age = \"12h\"", "rehearsal_max_age = \"90ms\"", "17:21 cannot be \"90ms\" … s, min or h");
    check("approvals = 2", "approvals = 1", "16:13 it is 2 at least … approvals = 2");
    check("approvals = 2", "approvals = 0", "16:13 it is 2 at least");
    check("approvals = 2", "approvals = -3", "16:13 not a whole number");
    check(
        "kind = \"table\"\nclass = \"greenfield\"",
        "kind = \"tabel\"\nclass = \"protected\"",
        "21:8 cannot be \"tabel\" … Write \"table\"",
    );
    check("later_phase = true", "later_phase = \"yes\"", "35:15 is text, not true or false");
    check("steps = [\"SB-12\"]", "steps = \"SB-12\"", "23:9 is text, not a list");
    check("type = \"text\"", "type = \"integer\"", "52:12 for text only");
    check_among("name = \"origin_key\"", "name = \"origin key\"", "49:8 cannot be a parameter's name");
    check_among("[timeouts]", "[timeout]", "11:2 no key `timeout` … Write `timeouts`");
}

#[test]
fn rows_have_a_key_and_a_check_its_time() {
    const ONE: &str = "sql = \"SELECT count(*) FROM public.codes\"";
    const ROWS: &str = "rows = \"SELECT code, label FROM public.codes\"\nkey = [\"code\"]\ntime_limit = \"5s\"";
    // The sample expects numbers there; rows are compared with rows.
    const NUMBERS: &str = "expect = { one_of = [ { name = \"never built\", value = \"6\" }, { name = \"retired\", value = \"10\" } ] }\nper_step = { \"SB-12\" = { equals = \"10\" } }";
    let with_rows = WHOLE.replace(ONE, ROWS).replace(NUMBERS, "expect = \"unchanged\"");
    let (runbook, problems) = read(&files(&with_rows));
    assert_eq!(problems, Vec::new());
    let Query::Rows { sql, key } = &runbook.checks[0].query else { panic!("{:?}", runbook.checks[0].query) };
    assert_eq!((sql.as_str(), key.as_slice()), ("SELECT code, label FROM public.codes", &["code".to_owned()][..]));
    assert_eq!(runbook.checks[0].limit_millis, Some(5_000));
    let asked = crate::census::Question::of(&runbook.checks[0]).sql;
    assert!(asked.contains(") AS r ORDER BY r.\"code\"::text COLLATE \"C\", "), "{asked}");
    check(
        ONE,
        &ROWS.replace("key = [\"code\"]\n", ""),
        "67:1 has no `key` … the columns that tell one row from another",
    );
    check(ONE, &format!("{ONE}\nkey = [\"code\"]"), "72:7 has `key` without `rows`");
    check_among(ONE, &format!("{ONE}\n{ROWS}"), "71:7 has both `rows` and `sql`");
    check_among(ONE, &ROWS.replace("5s", "soon"), "73:14 cannot be \"soon\"");
    check_among(ONE, &ROWS.replace("\"5s\"", "5"), "73:14 is a whole number, not text … time_limit = \"30s\"");
    check_among(ONE, &ROWS.replace("SELECT code, label", "DELETE"), "71:8 cannot be asked");
    check_among(ONE, &ROWS.replace("public.codes\"", "public.codes;\""), "71:8 cannot be asked");
    check_among(ONE, &ROWS.replace("[\"code\"]", "[\"kode\"]"), "68:6 names kode, which … It gives code, label");
    check_among(ONE, &ROWS.replace("[\"code\"]", "[\"code\", \"code\"]"), "68:6 names code twice");
    let catalog = parse(&files(&WHOLE.replace(ONE, "catalog_of = [\"public\", \"shop\"]"))).0.checks[0].query.clone();
    assert_eq!(catalog, Query::Catalog(vec!["public".to_owned(), "shop".to_owned()]));
    check(ONE, "catalog_of = []", "67:1 has no `catalog_of`");
    check_among(ONE, &format!("{ONE}\ncatalog_of = [\"public\"]"), "71:7 has both `catalog_of` and `sql`");
    check("error_contains", "rows = \"SELECT 1\"\nerror_contains", "94:1 no key `rows`");
}

#[test]
fn names_that_must_fit() {
    check("depends_on = []", "depends_on = [\"SB-12\"]", "54:6 the step SB-12 needs itself in place");
    check("depends_on = []", "depends_on = [\"SB-13\"]", "60:15 no step `SB-13` … Write \"SB-12\"");
    check("per_step = { \"SB-12\"", "per_step = { \"nowhere\"", "74:14 no step `nowhere` … Declare it");
    check(
        "object = \"public.codes\"",
        "object = \"public.cods\"",
        "70:10 no object `public.cods` … Write \"public.codes\"",
    );
    check(
        "name = \"public.later\"",
        "name = \"public.ruleset\"",
        "31:8 declared twice, first in line 20 … exactly one class",
    );
    check("id = \"trigger\"", "id = \"codes\"", "76:6 declared twice");
    check("id = \"guard\"", "id = \"event-emitted\"", "92:6 declared twice");
    check("id = \"outbox\"", "id = \"stop:x\"", "81:6 cannot begin with `stop:`");
    check_among(
        "name = \"public.codes.trg\"",
        "name = \"trg\"",
        "41:8 does not name an object of its kind … schema.table.trigger",
    );
    check_among(
        "name = \"public.outbox\"\nkind = \"table\"",
        "name = \"public.outbox\"\nkind = \"column\"",
        "45:8 does not name an object of its kind … schema.table.column",
    );
    check(
        "kind = \"trigger\"\nclass = \"protected\"",
        "kind = \"constraint\"\nclass = \"retire_only\"",
        "41:8 its class speaks of rows … class = \"greenfield\" if this phase added it",
    );
    check("name = \"public.later\"", "name = \"public.\"", "31:8 empty part");
    check("ordinal = 1", "ordinal = 3", "63:11 has 2 statements; there is no statement 3");
    check("reversal/sb-12.sql", "reversal/sb12.sql", "59:12 no file `reversal/sb12.sql` … Write `reversal/sb-12.sql`");
    check("key = \"domain LIKE 'governance.%'\"\n", "", "30:1 has no `key`");
    check("key = \"domain LIKE 'governance.%'\"", "key = \"domain LIKE\"", "34:7 not a SQL condition");
    for (key, reason) in [
        ("false) OR (true", "leaves the parenthesis it is put into … Write one condition"),
        ("domain = 'x' -- mine", "holds a comment … behind a #"),
        ("domain = 'x", "is not a SQL condition … in it is not ended"),
        ("domain = 'x'; DELETE FROM public.later", "holds a semicolon"),
        ("domain IN (SELECT d FROM public.codes)", "holds a sub-query"),
        ("domain = current_user", "depends on who asks or when"),
        ("domain = domain", "holds for every row"),
        ("domain = 'x' OR true", "has a part that names no column"),
        ("k < random()", "calls random()"),
        ("domain = 'x\u{200b}'", "holds U+200B"),
    ] {
        let expect = format!("34:7 the key of public.later {reason}");
        check("key = \"domain LIKE 'governance.%'\"", &format!("key = \"{key}\""), &expect);
    }
    check(
        "key = \"domain LIKE 'governance.%'\"",
        "key = \"domain LIKE 'gov_%'\"",
        "34:7 any one letter … LIKE 'gov\\_%'",
    );
    check("public.ruleset", "public.rul\u{435}set", "mixes scripts");
    check("class = \"protected\"", "class = \"protected\"\nkey = \"x = 1\"", "44:7 no meaning for its class");
}

#[test]
fn questions_read_one_column() {
    let from = "sql = \"SELECT count(*) FROM public.codes\"";
    check(from, "sql = \"SELECT a, b FROM public.codes\"", "71:7 it has 2 columns");
    check(from, "sql = \"DELETE FROM public.codes\"", "71:7 it is not a SELECT");
    check(from, "sql = \"SELECT 1; SELECT 2\"", "71:7 it holds 2 statements");
    check(from, "sql = \"SELEC\"", "71:7 syntax error");
    check(from, "sql = \"SELECT 1\"\ndefinition_of = \"public.codes\"", "72:17 both `sql` and `definition_of`");
    check(from, "", "67:1 has no `sql`");
    check("SELECT count(*) FROM public.snapshots", "SELECT 1 FOR UPDATE", "61:47 a trace of SB-12");
    check("SELECT max(id) FROM public.codes", "SELECT 1, 2", "99:7 restart council");
    check("expect = \"grows\"", "expect = \"grow\"", "85:10 cannot be \"grow\"");
    check("object = \"public.outbox\"\n", "", "81:6 expects growth, but names no object classed growing");
    check("class = \"growing\"", "class = \"protected\"", "81:6 expects growth");
    check("{ exactly = 1 }", "{ exactly = 1, at_most = 2 }", "64:8 2 keys, not one");
    check("{ exactly = 1 }", "{ any = 1 }", "64:16 not text");
    check("{ text_file = \"captured/trg.sql\" }", "{ text_file = \"captured/none.sql\" }", "79:24 no file");
    check(
        "error_contains = \"[TRIGGER-GUARD]\"",
        "error_contains = \"x\"\nexpect = \"absent\"",
        "95:10 `error_contains` and `expect`",
    );
    check(
        "by = \"sovereign\"",
        "by = \"sovereign\"\nsql = \"SELECT 1\"",
        "101:1 has no `expect` … Add expect = { equals = \"approved\" }",
    );
    check(
        "by = \"sovereign\"",
        "by = \"reconciliation\"\nsql = \"SELECT 1\"",
        "105:7 no meaning when it is met by reconciliation",
    );
}

#[test]
fn parameters_are_declared_and_used() {
    let mut with = files(&WHOLE.replace("'governance'\"", "'governance' AND k = :'other'\""));
    let (_, problems) = read(&with);
    let told: Vec<String> = problems.iter().map(tell).collect();
    assert!(
        told.len() == 1
            && told[0].starts_with("runbook.toml 89:7 error a question is asked before parameters are bound"),
        "{told:?}"
    );
    with = files(&WHOLE.replace("name = \"origin_key\"", "name = \"origin_kee\""));
    let told: Vec<String> = read(&with).1.iter().map(tell).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("reversal/sb-12.sql 1:45 error the parameter `origin_key` is not declared"),
        "{told:?}"
    );
    assert!(told[1].starts_with("runbook.toml 29:7 error"), "{told:?}");
    assert!(told[2].starts_with("runbook.toml 49:8 warning the parameter `origin_kee` is never used"), "{told:?}");
}

#[test]
fn half_a_runbook_is_still_a_runbook() {
    let (runbook, problems) = read(&files(
        "format = 1\n[runbook]\nid = \"x\"\ntitle = = \"y\"\n[[object]]\nname = \"public.a\"\nkind = \"table\"\nclass = \"growing\"\n",
    ));
    assert_eq!((runbook.id.as_str(), runbook.objects.len()), ("x", 1));
    assert!(problems.iter().any(|problem| problem.line == 4 && problem.message.contains("not TOML")), "{problems:?}");
    for end in WHOLE.char_indices().map(|(end, _)| end).step_by(7) {
        let _ = parse(&files(&WHOLE[..end]));
    }
    for text in [
        "",
        "=",
        "[",
        "[[step]]",
        "step = 1",
        "[[step]]\nstatement = 3",
        "check = [1, 'a']",
        "object = {}",
        "a.b.c = 1\na.b = 2",
        "\u{feff}format = 1",
        "[[check]]\nper_step = 1",
    ] {
        let (runbook, problems) = read(&files(text));
        assert!(!problems.is_empty(), "for {text}");
        assert_eq!(runbook.policy.approvals, 2);
    }
}

#[test]
fn files_that_are_not_there_or_not_text() {
    let (_, problems) = parse(&Files::default());
    assert!(
        problems
            .iter()
            .any(|problem| tell(problem).starts_with("runbook.toml 0:0 error the folder holds no runbook.toml"))
    );
    assert!(problems.iter().any(|problem| tell(problem).starts_with("roster.toml 0:0 warning")));
    let mut broken = files(WHOLE);
    broken.0.insert("reversal/sb-12.sql".to_owned(), vec![b'a', 0xff]);
    assert!(read(&broken).1.iter().any(|problem| problem.message.contains("not UTF-8 text (byte 2)")));
    broken.0.insert("runbook.toml".to_owned(), vec![b'\n', b'a', 0xff]);
    assert!(tell(&read(&broken).1[0]).starts_with("runbook.toml 2:2 error the file is not UTF-8"));
    let many = (0..=Files::MAX_FILES).map(|index| (format!("{index}"), Vec::new())).collect();
    assert!(parse(&Files(many)).1[0].message.contains("1001 files"));
    let large = BTreeMap::from([("big".to_owned(), vec![0; Files::MAX_FILE_BYTES + 1])]);
    assert!(tell(&parse(&Files(large)).1[0]).starts_with("big 0:0 error"));
}

#[test]
fn the_digest_is_of_everything_but_the_roster() {
    let digest = |change: fn(&mut Files)| {
        let mut files = files(WHOLE);
        change(&mut files);
        parse(&files).0.digest
    };
    let as_is = digest(|_| ());
    assert_eq!(as_is, digest(|files| _ = files.0.insert("roster.toml".to_owned(), b"other".to_vec())));
    assert_ne!(as_is, digest(|files| files.0.get_mut("reversal/sb-12.sql").unwrap().push(b' ')));
    assert_ne!(as_is, digest(|files| _ = files.0.insert("notes.txt".to_owned(), Vec::new())));
    // The end of one file is not the beginning of the next.
    let pair = |a: &[u8], b: &[u8]| {
        Files(BTreeMap::from([("a".to_owned(), a.to_vec()), ("b".to_owned(), b.to_vec())])).digest()
    };
    assert_ne!(pair(b"xb", b""), pair(b"x", b"b"));
}

#[test]
fn the_format_page_names_every_key_that_is_read() {
    let page = include_str!("../../../assets/runbooks/FORMAT.md");
    let (code, _) = include_str!("entries.rs").split_once("fn object_name").unwrap();
    // Keys are the only quoted lower-case words in lists after a section's name.
    for line in code.lines().filter(|line| line.contains("&[\"") || line.contains("let known = [")) {
        let list = &line[line.rfind('[').unwrap()..];
        for key in list.split('"').skip(1).step_by(2) {
            let is_named = page.contains(&format!("`{key}`"))
                || page.contains(&format!("[{key}]"))
                || page.contains(&format!("{key} = "));
            assert!(is_named, "FORMAT.md does not describe {key}");
        }
    }
}
