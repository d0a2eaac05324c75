//! Takes a script and its statements; gives the waivers that stand in its comments; refuses one that is not written whole.
//!
//! `-- countersign: allow RULE because REASON` on a line of its own, directly before the statement it is for. What is a
//! comment is for PostgreSQL's scanner to say: the same words in a literal or in a function's body waive nothing.

use pg_query::protobuf::Token;

use super::parameter::unbound_view;
use super::sql::{Lexeme, Statement, lexemes, place_of};

/// The word that makes a comment ours.
const OURS: &str = "countersign:";

/// A comment of a script that waives a hazard, or wants to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptWaiver {
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// The ordinal of the statement behind it; 0 when there is none directly behind.
    pub statement: u32,
    /// The rule and the reason, or what keeps it from being a waiver.
    pub said: Result<super::Waiver, &'static str>,
}

/// Returns the waivers of a script, in order.
#[must_use]
pub fn script_waivers(text: &str, statements: &[Statement]) -> Vec<ScriptWaiver> {
    // Most scripts hold none, and need not be cut into words for that.
    if !text.contains(OURS) {
        return Vec::new();
    }
    let Some(lexemes) = lexemes(&unbound_view(text)) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, comment) in lexemes.iter().enumerate().filter(|(_, lexeme)| lexeme.is_comment()) {
        let words = text.get(comment.start..comment.end).unwrap_or_default();
        let Some(said) = words.trim_start_matches(['-', '/', '*']).trim_start().strip_prefix(OURS) else { continue };
        let (line, column) = place_of(text, comment.start);
        let behind = behind(text, &lexemes[index..], statements);
        let line_before = text[..comment.start].rsplit('\n').next().unwrap_or_default();
        let said = if !comment.is(Token::SqlComment) {
            Err("it is not a comment of one line that begins with `--`")
        } else if !line_before.trim().is_empty() {
            Err("it does not stand on a line of its own")
        } else if behind.is_none() {
            Err("no statement stands directly behind it")
        } else {
            read(said)
        };
        found.push(ScriptWaiver { line, column, statement: behind.unwrap_or(0), said });
    }
    found
}

/// Returns the ordinal of the statement directly behind a comment: only other comments lie between, and no empty line.
fn behind(text: &str, from_comment: &[Lexeme], statements: &[Statement]) -> Option<u32> {
    let (comment, rest) = from_comment.split_first()?;
    let next = rest.iter().find(|lexeme| !lexeme.is_comment())?;
    let between = text.get(comment.end..next.start)?;
    // The first part ends the comment's own line, the last one is the statement's indent.
    let lines: Vec<&str> = between.split('\n').collect();
    let has_gap = lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty());
    let at = statements.binary_search_by_key(&next.start, |statement| statement.start).ok()?;
    (!has_gap).then(|| statements[at].ordinal)
}

/// Reads `allow RULE because REASON`.
fn read(said: &str) -> Result<super::Waiver, &'static str> {
    let form = "it does not read `-- countersign: allow RULE because REASON`";
    let said = said.trim().strip_prefix("allow ").ok_or(form)?;
    let Some((rule, reason)) = said.split_once(" because") else {
        return Err("it gives no reason: write `because REASON` behind the rule");
    };
    let (rule, reason) = (rule.trim(), reason.trim());
    if reason.is_empty() {
        return Err("it gives no reason: write it behind `because`");
    }
    if rule.is_empty() || rule.contains(char::is_whitespace) {
        return Err(form);
    }
    Ok(super::Waiver { rule: rule.to_owned(), reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::script_waivers;
    use crate::runbook::sql::split;

    /// A script → `line:column statement: rule (reason)`, or what is wrong with the comment.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let statements = split(text).expect("the script is SQL");
        let found: Vec<String> = script_waivers(text, &statements)
            .into_iter()
            .map(|waiver| {
                let said = match waiver.said {
                    Ok(said) => format!("{} ({})", said.rule, said.reason),
                    Err(problem) => problem.to_owned(),
                };
                format!("{}:{} {}: {said}", waiver.line, waiver.column, waiver.statement)
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_comment_directly_before_a_statement_waives() {
        check(
            "-- countersign: allow if-exists because it may be gone\nSELECT 1;",
            &["1:1 1: if-exists (it may be gone)"],
        );
        check(
            "SELECT 1;\n\n  --countersign:  allow  cascade  because a: b — ç  \n-- and so on\nSELECT 2",
            &["3:3 2: cascade (a: b — ç)"],
        );
        check(
            "-- countersign: allow a because x\r\n-- countersign: allow b because y because z\r\nSELECT 1;",
            &["1:1 1: a (x)", "2:1 1: b (y because z)"],
        );
        check("\n-- countersign: allow a because x\nDELETE FROM t WHERE k = :'key';", &["2:1 1: a (x)"]);
    }

    #[test]
    fn what_is_not_written_whole_waives_nothing() {
        let form = "it does not read `-- countersign: allow RULE because REASON`";
        check("-- countersign: if-exists\nSELECT 1;", &[&format!("1:1 1: {form}")]);
        check("-- countersign: allow a b because c\nSELECT 1;", &[&format!("1:1 1: {form}")]);
        check(
            "-- countersign: allow a\nSELECT 1;",
            &["1:1 1: it gives no reason: write `because REASON` behind the rule"],
        );
        check("-- countersign: allow a because \nSELECT 1;", &["1:1 1: it gives no reason: write it behind `because`"]);
        let late = "no statement stands directly behind it";
        check("SELECT 1;\n-- countersign: allow a because b\n", &[&format!("2:1 0: {late}")]);
        check("-- countersign: allow a because b\n\nSELECT 1;", &[&format!("1:1 0: {late}")]);
        check("-- countersign: allow a because b\n-- c\n\n-- d\nSELECT 1;", &[&format!("1:1 0: {late}")]);
        check("SELECT 1\n-- countersign: allow a because b\n;\nSELECT 2;", &[&format!("2:1 0: {late}")]);
        check("SELECT\n-- countersign: allow a because b\n1;", &[&format!("2:1 0: {late}")]);
        let own = "it does not stand on a line of its own";
        check("SELECT 1; -- countersign: allow a because b\nSELECT 2;", &[&format!("1:11 2: {own}")]);
        let block = "it is not a comment of one line that begins with `--`";
        check("/* countersign: allow a because b */\nSELECT 1;", &[&format!("1:1 1: {block}")]);
    }

    #[test]
    fn the_same_words_elsewhere_are_no_waiver() {
        check("SELECT '\n-- countersign: allow a because b\n';", &[]);
        check("SELECT $a$\n-- countersign: allow a because b\n$a$;", &[]);
        check("-- the word countersign: stands inside\nSELECT 1;", &[]);
    }
}
