//! What an `allowed_signers` file says of people, and each line that names no single person.

use crate::approval::fixture::{public, roster_text};
use crate::approval::{allowed_signers, parse_roster, read_allowed_signers, roster_text as written};

/// Reads one line and says whom it names, or why it is refused.
fn check(line: &str, expect: &str) {
    let told = match read_allowed_signers(line, None) {
        Ok(people) => written(&people),
        Err(problems) => {
            problems.iter().map(|it| format!("{}: {}", it.line, it.message)).collect::<Vec<_>>().join("\n")
        }
    };
    assert!(told.contains(expect), "{line}\nexpected: {expect}\nactual:   {told}");
}

#[test]
fn what_is_exported_is_read_back() {
    let text = roster_text().replace(
        &format!("\"{}\"", public("minh")),
        &format!(
            "{{ key = \"{}\", valid_after = 2026-01-01T00:00:00Z, valid_before = 2027-01-01T12:30:01Z }}",
            public("minh")
        ),
    );
    let roster = parse_roster(&text).unwrap();
    let exported = allowed_signers(&roster);
    assert!(exported.contains(",valid-after=\"20260101000000Z\",valid-before=\"20270101123001Z\" ssh-ed25519 "));
    let known = read_allowed_signers(&exported, Some(&roster)).unwrap();
    assert_eq!(known, roster.people, "names, kinds and roles of those who are known");
    assert_eq!(parse_roster(&written(&known)).unwrap().people, roster.people);
    let alone = read_allowed_signers(&exported, None).unwrap();
    let told: Vec<String> = alone.iter().map(|it| format!("{} {:?} {:?}", it.name, it.kind, it.roles)).collect();
    let expected = [
        "lan Human [Reviewer, Operator]",
        "minh Human [Reviewer]",
        // That she is an author as well gives her nothing more than a reviewer may do.
        "hoa Human [Reviewer]",
        "khoa Human [Operator]",
        "tam Human [Sovereign]",
        "bot Agent [Author]",
    ];
    assert_eq!(told, expected);
    assert_eq!(allowed_signers(&parse_roster(&written(&alone)).unwrap()), exported);
}

#[test]
fn lines_are_read_as_openssh_reads_them() {
    let key = public("x");
    check(
        &format!("x@example.test {key}"),
        "principal = \"x@example.test\"\nname = \"x\"\nkind = \"human\"\nroles = [\"author\"]",
    );
    check(&format!("\"x@example.test\"\t{key} a comment"), "principal = \"x@example.test\"");
    check(&format!("# a comment\n\n  x@example.test NameSpaces=\"countersign-run\" {key}"), "roles = [\"reviewer\"]");
    check(
        &format!("x@example.test namespaces=\"a,countersign-operate\",valid-after=\"20260101Z\" {key}"),
        "valid_after = 2026-01-01T00:00:00Z }",
    );
    check(&format!("x@example.test valid-before=202601011230Z {key}"), "valid_before = 2026-01-01T12:30:00Z }");
    check(&format!("x@example.test namespaces=\"a \\\"quoted\\\" name\" {key}"), "roles = [\"author\"]");
    let two = format!("x@example.test {key}\nx@example.test namespaces=\"countersign-restart\" {}", public("y"));
    check(&two, "roles = [\"author\", \"sovereign\"]");
}

#[test]
fn what_names_no_single_person_is_refused() {
    let key = public("x");
    check(&format!("*@example.test {key}"), "1: `*@example.test` is a pattern");
    check(&format!("!x@example.test {key}"), "is a pattern");
    check(&format!("x@example.test,y@example.test {key}"), "names several people for one key");
    check(&format!("\"x y\" {key}"), "`x y` cannot name a person");
    check(&format!("# first\nx@example.test cert-authority {key}"), "2: a certificate authority is no person");
    check(&format!("x@example.test cert-authority,namespaces=\"a\" {key}"), "a certificate authority is no person");
    check(&format!("x@example.test namespaces=\"countersign-*\" {key}"), "the namespace `countersign-*` is a pattern");
    check(&format!("x@example.test no-touch-required {key}"), "the option `no-touch-required` is not known");
    check(&format!("x@example.test namespaces=\"a\",namespaces=\"b\" {key}"), "the option namespaces stands twice");
    check(&format!("x@example.test valid-after=\"20260101\" {key}"), "is the local time of whoever reads it");
    check(&format!("x@example.test valid-after=\"20261301Z\" {key}"), "is no moment");
    check(&format!("x@example.test valid-after=\"2026Z\" {key}"), "is no moment");
    check(&format!("x@example.test namespaces=\"a {key}"), "a quote is not closed");
    check("x@example.test", "there is no key on this line");
    check("x@example.test ssh-ed25519 AAAA", "");
    check("x@example.test namespaces=\"a\" ssh-ed25519 AAAA", "this is not a public key line");
}
