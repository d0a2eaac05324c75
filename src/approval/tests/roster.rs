//! Every problem of a roster with its place, and for each its innocent twin.

use crate::approval::fixture::{person, public, roster_text};
use crate::approval::parse_roster;

/// Reads a roster of two reviewers and this text; expects nothing wrong, or `line:column message` for each problem.
fn check(text: &str, expect: &[&str]) {
    let two = [person("an", "human", r#"["reviewer"]"#), person("binh", "human", r#"["reviewer"]"#)].concat();
    check_whole(&format!("format = 1\n{two}{text}"), expect);
}

fn check_whole(text: &str, expect: &[&str]) {
    let problems = parse_roster(text).err().unwrap_or_default();
    let said: Vec<String> =
        problems.iter().map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message)).collect();
    let fits = said.len() == expect.len() && said.iter().zip(expect).all(|(said, expect)| said.contains(expect));
    assert!(fits, "{text}\nexpected: {expect:#?}\nactual:   {said:#?}");
    assert!(problems.iter().all(|problem| !problem.hint.is_empty()));
}

const NGUYEN: &str = "[[person]]\nprincipal = \"nguyen@example.test\"\nname = \"Nguyễn Thị Lan\"\n";

#[test]
fn a_good_roster_is_read() {
    let roster = parse_roster(&roster_text()).unwrap();
    assert_eq!(roster.people.len(), 6);
    assert_eq!(roster.reviewers().count(), 3);
    check("", &[]);
    check(&format!("{NGUYEN}kind = \"human\"\nroles = [\"sovereign\"]\nkeys = [\"{} a comment\"]", public("x")), &[]);
    check(
        &format!("{NGUYEN}kind = \"agent\"\nroles = [\"author\"]\nkeys = [\"{}\", \"{}\"]", public("x"), public("y")),
        &[],
    );
}

#[test]
fn agents_only_prepare() {
    for role in ["reviewer", "operator", "sovereign"] {
        let text = person("bot", "agent", &format!("[\"author\", \"{role}\"]"));
        check(&text, &[&format!("an agent cannot have the role {role}")]);
        check(&person("bot", "human", &format!("[\"author\", \"{role}\"]")), &[]);
    }
}

#[test]
fn a_key_belongs_to_one_person() {
    let with = |keys: &str| format!("{NGUYEN}kind = \"human\"\nroles = [\"author\"]\nkeys = [{keys}]");
    check(&with(&format!("\"{}\"", public("an"))), &["listed for an@example.test and for nguyen@example.test"]);
    check(&with(&format!("\"{}\", \"{} again\"", public("x"), public("x"))), &["is listed twice"]);
    check(&with(""), &["has no key"]);
    check(&with("\"ssh-ed25519 AAAA\""), &["21:9 this is not a public key line"]);
    check(&with(&format!("\"command=\\\"x\\\" {}\"", public("x"))), &["this is not a public key line"]);
    check(&with(&format!("\"{}\\n{}\"", public("x"), public("y"))), &["control characters or line feeds"]);
    check(&with(&format!("\"{RSA_2048}\"")), &["an RSA key needs 3072 to 4096 bits, this one has 2048"]);
    check(&with(&format!("\"{RSA_3072}\"")), &[]);
    check(&with(&format!("\"{ECDSA}\"")), &[]);
}

#[test]
fn people_are_listed_once_and_whole() {
    check(&person("an", "human", r#"["author"]"#), &["an@example.test is listed twice", "listed"]);
    check(&person("AN", "human", r#"["author"]"#), &["AN@example.test is listed twice"]);
    check(&person("x", "human", "[]"), &["this person has no role"]);
    check(&person("x", "human", r#"["author", "author"]"#), &["the role author stands twice"]);
    check(&person("x", "human", r#"["admin"]"#), &["`admin` is not a role"]);
    check(&person("x", "robot", r#"["author"]"#), &["`robot` is not a kind"]);
    check(&person("*", "human", r#"["author"]"#), &["`*@example.test` cannot name a person"]);
    check(&person("a,b", "human", r#"["author"]"#), &["`a,b@example.test` cannot name a person"]);
    check(
        &person("x", "human", r#"["author"]"#).replace("name", "nmae"),
        &["`name` is missing", "`nmae` is not a key"],
    );
    check(&person("x", "human", r#"["author"]"#).replace("kind = \"human\"", "kind = 7"), &["`kind` must be text"]);
}

#[test]
fn the_file_as_a_whole() {
    let an = person("an", "human", r#"["reviewer"]"#);
    let binh = person("binh", "human", r#"["reviewer"]"#);
    check_whole(&format!("format = 1\n{an}"), &["1:1 1 people can review"]);
    check_whole(&format!("format = 1\n{an}{}", person("b", "human", r#"["author"]"#)), &["1 people can review"]);
    check_whole(&format!("format = 2\n{an}{binh}"), &["1:10 this format is not known"]);
    check_whole(&format!("{an}{binh}"), &["does not say its format"]);
    check_whole(&format!("format = 1\npolicy = 1\n{an}{binh}"), &["2:1 `policy` is not a key of a roster"]);
    check_whole(&format!("format = 1\nperson = 1\n{binh}"), &["", "", ""]);
    check_whole("format = 1\nperson = \"an\"", &["can review", "2:10 `person` is not a list"]);
    assert!(parse_roster("format = = 1").is_err());
    assert!(parse_roster("").is_err());
}

#[test]
fn places_count_characters() {
    check(&format!("{NGUYEN}kind = \"ấ\"\nroles = [\"author\"]\nkeys = []"), &["19:8 `ấ` is not a kind"]);
}

const RSA_2048: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDT47Eou+tUGSJveoXDQna0v7KvAuDSzdeTWWrWkngHe10GLHOvqmUrBmdjf8oRQe5pIMO7xM2IbA1TkiVs6Xi/79Np0gyp/cTRxo5Pkgfrp0nP1RDk5BpM1W6oQf+4bwRXCLiaTmclEoej6dAlr5mgOQ8boaUc1Kysm+D1wb8ext901N1MEpYIAz94S7Iy0MmFJYKmAKmRH4/mGIFCv3FHzu/lUK2f5jiVub3NTUJkJOFnQ/tB6Kj+ryn4p/3vUu13Pi2cpOxaDqoKNq0GhdGLDIL+UTd2Ov76utIkhoLrK6gd77HLgicgjVb5jkjgeFJe43nMIQ4D18husFlN414z";
const RSA_3072: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDCsyjVYw+5DLocZlo/pu4Ae2DtkTPeLExYA/9pUNdF5MDHXhuQeA1+0wGTNGoa2odKBjN6D24GHxBVHRj68uEWBlDcoN0DnN+OS/JLjykRYXzEvL0Cp/IjbYc9CuMQXcaeZJ6byT+OyRxFM53+JXruox2PTLEk2JilFYkkS4mDy7RJQNZG3Eea5iMrPXIVIpiQAp8NuB75ueJJgiqcIwIiv37oi8E8OOCIO4VL01MYPESCgcG4qG+jYxTStkLM7eS2fhS8QO5fWuzNkrQQbc4RyfJkquXy3sHN3Wobs0kwS2Hf+LzVl26Sxjd7rulthhOjbpu6/thnwrg5S8N30oZ4VQ3h0gjW2FJ82ANGTSn+oZn39A2hcuqFqW/TGRR8yJhoALrmGEl8/Wt5h6t90M5s3bCNXvB076v/Of4pNk3Ub8z9N/BVq+rX6mCixcFk7Ntny0lrAhQljJuGhAq6YlqZoS2yC3KS5pDUD1aEsKUVdltbqCqz6VT2TZWWlyGycP0=";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKyLkn8iBjM9ERdnbSvvODQiQOXEnjUwYHJi54znBg5NJM/OYaA3/sUSLiQ3YqTfXahjCiPKFvWOR2DyJpTo0zU=";

#[test]
fn a_key_may_count_for_a_time() {
    let with = |limits: &str| {
        format!("{NGUYEN}kind = \"human\"\nroles = [\"author\"]\nkeys = [{{ key = \"{}\"{limits} }}]", public("x"))
    };
    check(&with(""), &[]);
    check(&with(", valid_after = 2026-01-01T00:00:00Z"), &[]);
    check(&with(", valid_before = \"2026-01-01T00:00:00+07:00\""), &[]);
    check(&with(", valid_after = 2026-01-01T00:00:00Z, valid_before = 2026-01-02T00:00:00Z"), &[]);
    check(&with(", valid_after = 2026-01-02T00:00:00Z, valid_before = 2026-01-02T00:00:00Z"), &["never counts"]);
    check(&with(", valid_after = 2026-01-01T00:00:00"), &["`valid_after` is no moment in whole seconds"]);
    check(&with(", valid_after = 2026-01-01"), &["`valid_after` is no moment"]);
    check(&with(", valid_before = 2026-01-01T00:00:00.5Z"), &["`valid_before` is no moment"]);
    check(&with(", valid_before = 7"), &["`valid_before` is no moment"]);
    check(&with(", until = 7"), &["`until` is not a key of a key"]);
    check(&with("").replace("key = \"ssh", "kye = \"ssh"), &["`key` is missing", "`kye` is not a key of a key"]);
}

#[test]
fn two_rosters_are_told_apart_line_by_line() {
    let before = parse_roster(&roster_text()).unwrap();
    let changes = |text: &str| parse_roster(text).unwrap().changes(Some(&before)).join("\n");
    let joined = roster_text() + &person("new", "human", r#"["reviewer"]"#);
    assert!(changes(&joined).starts_with("+ new@example.test (new, human): reviewer\n+ new@example.test key SHA256:"));
    let left = roster_text().replace(&person("khoa", "human", r#"["operator"]"#), "");
    assert_eq!(changes(&left), "- khoa@example.test (khoa, human): operator");
    let turned = changes(&roster_text().replace(&public("minh"), &public("minh/2")));
    assert!(
        turned.starts_with("+ minh@example.test key SHA256:") && turned.contains("\n- minh@example.test key SHA256:")
    );
    let role = changes(&roster_text().replace(r#"["sovereign"]"#, r#"["sovereign", "operator"]"#));
    assert_eq!(role, "~ tam@example.test roles: sovereign → sovereign, operator");
    assert!(changes(&format!("# more\n{}", roster_text())).contains("only the text differs"));
    assert_eq!(before.changes(None).len(), 12);
}
