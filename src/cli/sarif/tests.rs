//! The document's structure, on a small runbook with one finding of each kind.

use std::path::Path;

use serde_json::Value;

use super::{Found, NOT_BLOCKING, document, markdown};
use crate::review::{RULES, review};
use crate::runbook::{Files, parse};

const RUNBOOK: &str = r#"format = 1
[runbook]
id = "small"
title = "A small one"
version = "1"
[target]
database = "db"
schema = "public"
[timeouts]
lock = "3s"
statement = "30s"
idle_in_transaction = "30s"
[policy]
approvals = 2
rehearsal_max_age = "12h"
approval_valid = "8h"
[[object]]
name = "public.fresh"
kind = "table"
class = "greenfield"
steps = ["S1"]
[[check]]
id = "gone"
title = "The table is gone"
sql = "SELECT to_regclass('public.fresh')"
expect = "absent"
steps = ["S1"]
[[step]]
id = "S1"
position = 1
title = "The step"
section = "1"
reversal = "reversal/s 1.sql"
[[step.statement]]
ordinal = 2
waivers = [{ rule = "if-exists", reason = "it may be gone" }]
"#;
const SCRIPT: &str =
    "-- é\nDELETE FROM public.other WHERE é = 'x';\nDROP TABLE IF EXISTS\n  public.fresh;\nDROP TABLE fresh";

fn document_of(script: &str) -> Value {
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = Files([file("runbook.toml", RUNBOOK), file("reversal/s 1.sql", script)].into());
    let (runbook, diagnostics) = parse(&files);
    let found = Found { files: &files, runbook: &runbook, diagnostics: &diagnostics, review: &review(&runbook, None) };
    serde_json::from_str(&document(&found, Path::new("books/small"), Some(Path::new("/r")))).unwrap()
}

fn results<'d>(document: &'d Value, rule: &str) -> Vec<&'d Value> {
    let results = document["runs"][0]["results"].as_array().unwrap();
    results.iter().filter(|result| result["ruleId"] == rule).collect()
}

#[test]
fn the_document_has_the_structure_of_the_standard() {
    let document = document_of(SCRIPT);
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "Countersign");
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["automationDetails"]["id"], "countersign/small/");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), RULES.len() + 1);
    for rule in rules {
        for text in [&rule["shortDescription"]["text"], &rule["fullDescription"]["text"], &rule["help"]["markdown"]] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
        assert!(["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    let artifacts = run["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 2);
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let location = &place["artifactLocation"];
        assert_eq!(location["uriBaseId"], "%SRCROOT%");
        if let Some(index) = location["index"].as_u64() {
            assert_eq!(artifacts[usize::try_from(index).unwrap()]["location"]["uri"], location["uri"]);
        }
        let at = |name: &str| place["region"][name].as_u64().unwrap();
        assert!((1, 1) <= (at("startLine"), at("startColumn")));
        assert!((at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn")), "{result}");
        assert!(result["message"]["text"].as_str().is_some_and(|text| text.ends_with('.')), "{result}");
    }
}

#[test]
fn each_kind_of_finding_keeps_its_level_place_and_reason() {
    let document = document_of(SCRIPT);
    let undeclared = results(&document, "undeclared-object")[0];
    assert_eq!(undeclared["level"], "error");
    let place = &undeclared["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "books/small/reversal/s%201.sql");
    let region = serde_json::json!({"startLine": 2, "startColumn": 13, "endLine": 2, "endColumn": 25});
    assert_eq!(place["region"], region);

    let waived = results(&document, "if-exists")[0];
    assert_eq!(
        (&waived["level"], &waived["suppressions"][0]["justification"]),
        (&"warning".into(), &"it may be gone".into())
    );
    let unqualified = results(&document, "unqualified-name")[0];
    assert_eq!((&unqualified["level"], &unqualified["suppressions"]), (&"note".into(), &Value::Null));
    let rows = results(&document, "rows-undeclared")[0];
    assert_eq!(rows["locations"][0]["physicalLocation"]["region"]["endColumn"], 39, "the whole statement");

    // There is no roster: the folder's own problem, in a file that is not there.
    let folder = results(&document, "runbook")[0];
    assert_eq!(folder["level"], "warning");
    assert_eq!(folder["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "books/small/roster.toml");
}

#[test]
fn a_fingerprint_stays_when_lines_move_and_is_given_once() {
    let prints = |script: &str| -> Vec<String> {
        let document = document_of(script);
        let results = document["runs"][0]["results"].as_array().unwrap();
        let print = |result: &Value| result["partialFingerprints"]["countersign/v1"].as_str().unwrap().to_owned();
        results.iter().filter(|result| result["ruleId"] == "undeclared-object").map(print).collect()
    };
    let before = prints("DROP TABLE public.a;");
    let moved = prints("-- a new line\n\n  DROP TABLE public.a;");
    assert_eq!(before, moved);
    assert_ne!(before, prints("DROP TABLE public.b;"));
    let twice = prints("DROP TABLE public.a; DROP TABLE public.a;");
    assert_eq!((twice.len(), &twice[0]), (2, &before[0]));
    assert_ne!(twice[0], twice[1]);
}

#[test]
fn every_rule_named_here_is_one() {
    for (name, _) in NOT_BLOCKING {
        assert!(RULES.iter().any(|rule| rule.name == *name), "{name}");
    }
    assert!(RULES.iter().all(|rule| rule.name != super::FOLDER_RULE));
    assert_eq!(markdown("A `<gap>` is *left*.", "a_b\n\nx"), "**A `<gap>` is \\*left\\*.**\n\na\\_b\n\nx");
}

#[test]
fn a_script_that_cannot_be_read_is_a_finding_with_a_place() {
    let document = document_of("SELECT 1;\n  SELEC 2;");
    let syntax = results(&document, "syntax")[0];
    let region = serde_json::json!({"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 8});
    assert_eq!(syntax["locations"][0]["physicalLocation"]["region"], region);
}
