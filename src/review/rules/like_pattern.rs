//! `like-pattern`: a pattern that reaches further than it looks reaches rows of others (D-28).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::is_name;
use crate::runbook::key::Pattern;
use crate::runbook::sql::tree::{Node, as_kind, items, number, present, strings, text};
use crate::runbook::sql::{Lexeme, Statement, lexemes};
use pg_query::protobuf::{AExprKind, Token};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "like-pattern",
    summary: "A LIKE pattern that may not mean what it looks like.",
    help: "In a pattern `_` is any one letter: LIKE 'gov_%' holds for 'govern' too. An underscore that is meant is written with\n\
           a backslash: 'gov\\_%'. The console pins standard_conforming_strings on, so in a plain literal the backslash stays.\n\
           In E'gov\\_%' it does not: the literal eats it, and the pattern is gov_% again, so that blocks. A doubled backslash\n\
           in a plain literal is itself a letter, and the `_` behind it any letter: a hazard. A parameter in a pattern is a\n\
           hazard, for the value's own `_` and `%` are wildcards. A pattern that ends in its escape is an error: it blocks.\n\n\
           What to do: write \\_ for an underscore, or starts_with(column, 'gov_') for a beginning.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let mut patterns = Vec::new();
        for comparison in statement.tree.all("AExpr") {
            if is_like(comparison)
                && let Some(right) = present(comparison, "rexpr")
            {
                collect(right, Some('\\'), Part::Whole, &mut patterns);
            }
        }
        if patterns.is_empty() {
            continue;
        }
        let lexemes = lexemes(&statement.text).unwrap_or_default();
        for pattern in patterns {
            weigh(statement, &lexemes, &pattern, found);
        }
    }
}

/// Whether a literal is the whole pattern, or joined with others by `||`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Piece,
}

/// A literal in a pattern.
struct Literal<'a> {
    letters: &'a str,
    offset: usize,
    escape: Option<char>,
    part: Part,
}

fn is_like(comparison: &Node) -> bool {
    let kind = number(comparison, "kind");
    let named = [AExprKind::AexprLike, AExprKind::AexprIlike, AExprKind::AexprSimilar];
    let operator = strings(items(comparison, "name")).pop().unwrap_or_default();
    named.iter().any(|named| *named as i64 == kind) || matches!(operator.as_str(), "~~" | "!~~" | "~~*" | "!~~*")
}

/// Collects the literals of a pattern: alone, in an array, cast, joined by `||`, or with ESCAPE.
fn collect<'a>(node: &'a Node, escape: Option<char>, part: Part, into: &mut Vec<Literal<'a>>) {
    if let Some(constant) = as_kind(node, "AConst") {
        let Some(value) = present(constant, "val").and_then(|value| as_kind(value, "Sval")) else { return };
        let Ok(offset) = usize::try_from(number(constant, "location")) else { return };
        into.push(Literal { letters: text(value, "sval"), offset, escape, part });
    } else if let Some(cast) = as_kind(node, "TypeCast") {
        if let Some(inner) = present(cast, "arg") {
            collect(inner, escape, part, into);
        }
    } else if let Some(array) = as_kind(node, "AArrayExpr") {
        for item in items(array, "elements") {
            collect(item, escape, part, into);
        }
    } else if let Some(join) = as_kind(node, "AExpr").filter(|join| strings(items(join, "name")) == ["||"]) {
        for side in ["lexpr", "rexpr"].iter().filter_map(|side| present(join, side)) {
            collect(side, escape, Part::Piece, into);
        }
    } else if let Some(call) = as_kind(node, "FuncCall") {
        let name = strings(items(call, "funcname")).pop().unwrap_or_default();
        let [pattern, rest @ ..] = items(call, "args") else { return };
        let escape = match (name.as_str(), rest) {
            ("similar_to_escape", []) => escape,
            ("like_escape" | "similar_to_escape", [sign]) => {
                let mut signs = Vec::new();
                collect(sign, None, Part::Piece, &mut signs);
                let [sign] = signs.as_slice() else { return };
                sign.letters.chars().next()
            }
            _ => return,
        };
        collect(pattern, escape, part, into);
    }
}

fn weigh(statement: &Statement, lexemes: &[Lexeme], literal: &Literal<'_>, found: &mut Found) {
    let spot = Spot::Offset(statement, literal.offset);
    let start = literal.offset.saturating_sub(statement.start);
    if let Some(name) = literal.letters.strip_prefix(':').filter(|name| is_name(name)) {
        let message = format!("The value of :'{name}' is read as a pattern: each `_` and `%` in it is a wildcard.");
        found.hazard(spot, message, format!("Write starts_with(column, :'{name}'), or column = :'{name}'."));
        return;
    }
    let written = lexemes
        .iter()
        .find(|lexeme| lexeme.start == start && (lexeme.is(Token::Sconst) || lexeme.is(Token::Usconst)))
        .and_then(|lexeme| statement.text.get(lexeme.start..lexeme.end))
        .unwrap_or_default();
    if written.starts_with(['e', 'E']) && loses_escape(written) {
        let message =
            format!("{written} loses its backslash: the pattern is '{}', and `_` any letter.", literal.letters);
        let way_out = format!("Write a plain literal: '{}'.", plain(literal.letters));
        found.block(spot, message, way_out);
        return;
    }
    let Some(pattern) = Pattern::read(literal.letters, literal.escape) else {
        if literal.part == Part::Whole {
            let message = format!("The pattern '{}' ends in its escape, which the server refuses.", literal.letters);
            found.block(spot, message, "Write a letter behind the escape, or double it.");
        }
        return;
    };
    if !pattern.has_any_letter() {
        return;
    }
    let message = if literal.letters.contains("\\\\_") && literal.escape == Some('\\') {
        format!("In '{}' the doubled backslash is a letter, and `_` stands for any one letter.", literal.letters)
    } else {
        format!("In '{}' `_` stands for any one letter: it holds for more than it looks.", literal.letters)
    };
    found.hazard(spot, message, format!("Write '{}' if an underscore is meant.", plain(literal.letters)));
}

/// Answers whether an E'…' literal holds `\_` or `\%` with a backslash that is not itself escaped.
fn loses_escape(written: &str) -> bool {
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && matches!(letters.next(), Some('_' | '%')) {
            return true;
        }
    }
    false
}

/// Writes the pattern that was likely meant: every underscore escaped once.
fn plain(letters: &str) -> String {
    letters.replace('\\', "").replace('_', "\\_").replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_silent};

    const HEAD: &str = "DELETE FROM public.fresh WHERE k LIKE ";

    #[test]
    fn what_reaches_further_than_it_looks_is_found() {
        for (pattern, expect) in [
            ("'gov_%'", "1:39 hazard: Write 'gov\\_%'"),
            ("'gov\\\\_%'", "1:39 hazard: doubled backslash"),
            ("E'gov\\_%'", "1:39 block: loses its backslash"),
            ("e'100\\%'", "1:39 block: loses its backslash"),
            ("'gov\\'", "1:39 block: ends in its escape"),
            ("U&'gov\\005F%'", "1:39 hazard: any one letter"),
            ("'gov\\_%' ESCAPE '!'", "1:39 hazard: any one letter"),
            ("'gov\\_%' ESCAPE ''", "1:39 hazard: any one letter"),
            ("'gov_%'::text", "1:39 hazard: any one letter"),
            ("ANY (ARRAY['a%', 'gov_%'])", "1:56 hazard: any one letter"),
            ("'gov_' || '%'", "1:39 hazard: any one letter"),
            (":'key'", "1:39 hazard: starts_with(column, :'key')"),
            (":'key' || '%'", "1:39 hazard: read as a pattern"),
        ] {
            check(&format!("{HEAD}{pattern}"), &format!("like-pattern {expect}"));
        }
        check("DELETE FROM public.fresh WHERE k NOT ILIKE 'a_b'", "like-pattern 1:44 hazard: any one letter");
        check("DELETE FROM public.fresh WHERE k ~~ 'a_b'", "like-pattern 1:37 hazard: any one letter");
        check("DELETE FROM public.fresh WHERE k SIMILAR TO 'a_b'", "like-pattern 1:45 hazard: any one letter");
        check("SELECT 1;\nDELETE FROM public.fresh WHERE k LIKE\n 'a_b'", "like-pattern 3:2 hazard: any one letter");
    }

    #[test]
    fn patterns_that_say_what_they_mean_pass() {
        for pattern in [
            "'gov\\_%'",
            "E'gov\\\\_%'",
            "'gov%'",
            "'%Москва%'",
            "'gov!_%' ESCAPE '!'",
            "U&'gov\\\\_%'",
            "$$gov\\_%$$",
            "'gov\\_' || '%'",
            "'100\\%'",
            "''",
            "lower(k)",
        ] {
            check_silent(&format!("{HEAD}{pattern}"), "like-pattern");
        }
        check_silent("DELETE FROM public.fresh WHERE starts_with(k, 'gov_') AND j = 'a_b'", "like-pattern");
    }
}
