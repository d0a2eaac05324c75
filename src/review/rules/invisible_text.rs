//! `invisible-text`: what a reviewer cannot see, or mistakes for something else, is not approved.

use pg_query::protobuf::Token;

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Lexeme, lexemes, place_of};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "invisible-text",
    summary: "Letters that are invisible, turn the direction of text, or look like other letters.",
    help: "Direction controls make a line read otherwise than it runs. Zero-width letters, soft hyphens and NUL draw as nothing,\n\
           a carriage return without a line feed draws as a space, and a Cyrillic а looks like a Latin a, so that a name names\n\
           another table. In code, comments and names they block; inside a text literal they are a hazard, because a value\n\
           may hold them rightly. Letters with accents are as good as any other.\n\n\
           What to do: type the line again with plain letters.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let text = &scene.step.reversal.text;
    // Most scripts hold nothing of the kind, and need not be cut into words for that.
    let is_suspect =
        |(offset, letter): (usize, char)| letter == '\r' || unseen(letter, offset).is_some() || looks_latin(letter);
    if !text.char_indices().any(is_suspect) {
        return;
    }
    let lexemes = lexemes(text).unwrap_or_default();
    let mut letters = text.char_indices().peekable();
    while let Some((offset, letter)) = letters.next() {
        let is_lone_return = letter == '\r' && letters.peek().is_none_or(|(_, next)| *next != '\n');
        let Some(what) =
            (if is_lone_return { Some("a carriage return without a line feed") } else { unseen(letter, offset) })
        else {
            continue;
        };
        let inside = lexemes.iter().find(|lexeme| lexeme.start <= offset && offset < lexeme.end);
        let is_literal = inside.is_some_and(|lexeme| lexeme.is(Token::Sconst) || lexeme.is(Token::Usconst));
        // A byte order mark at the very beginning is how some editors save UTF-8.
        let message = format!("U+{:04X} stands here: {what}.", u32::from(letter));
        let spot = spot(scene, text, offset);
        if is_literal {
            found.hazard(spot, message, "Type the value again; waive it if the value holds this letter rightly.");
        } else {
            found.block(spot, message, "Type the line again with plain letters.");
        }
    }
    for lexeme in lexemes.iter().filter(|lexeme| lexeme.is(Token::Ident) || lexeme.is(Token::Uident)) {
        name(scene, found, text, *lexeme);
    }
}

/// Names in one script are as they look; a name that mixes scripts is made to be mistaken.
fn name(scene: &Scene<'_>, found: &mut Found, text: &str, lexeme: Lexeme) {
    let word = &text[lexeme.start..lexeme.end];
    let Some(other) = word.chars().find(|letter| looks_latin(*letter)) else { return };
    let has_latin = word.chars().any(|letter| letter.is_ascii_alphabetic());
    let message =
        format!("The name {word} holds U+{:04X} ({other}), which looks like a Latin letter.", u32::from(other));
    let spot = spot(scene, text, lexeme.start);
    if has_latin {
        found.block(spot, message, "Type the name again on a Latin keyboard.");
    } else {
        found.hazard(spot, message, "Compare it with the declared name; waive it if the object is really named so.");
    }
}

fn spot<'a>(scene: &Scene<'a>, text: &str, offset: usize) -> Spot<'a> {
    let statement = scene.statements.iter().find(|statement| statement.start <= offset && offset < statement.end);
    statement.map_or_else(
        || {
            let (line, column) = place_of(text, offset);
            Spot::Line(line, column)
        },
        |statement| Spot::Offset(statement, offset),
    )
}

fn unseen(letter: char, offset: usize) -> Option<&'static str> {
    match letter {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' => {
            Some("it turns the direction of text")
        }
        '\u{feff}' if offset == 0 => None,
        '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' => Some("it has no width"),
        '\u{00ad}' => Some("a soft hyphen, which is not drawn"),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => Some("it changes or hides the letter before it"),
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => Some("a filler, which is not drawn"),
        '\u{2028}' | '\u{2029}' => Some("it breaks the line on some screens only"),
        '\u{00a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some("it looks like a space, but is a letter to PostgreSQL")
        }
        '\t' | '\n' | '\r' => None,
        control if control.is_control() => Some("a control character, which is not drawn"),
        _ => None,
    }
}

/// Letters of scripts whose letters look like Latin ones.
fn looks_latin(letter: char) -> bool {
    matches!(letter,
        '\u{0370}'..='\u{03ff}' | '\u{0400}'..='\u{052f}' | '\u{0531}'..='\u{058f}' | '\u{13a0}'..='\u{13ff}' | '\u{1d00}'..='\u{1dbf}'
        | '\u{2100}'..='\u{214f}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a640}'..='\u{a69f}' | '\u{ff10}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DROP TABLE public.fresh_child; -- \u{202e}x", "invisible-text 1:35 block: U+202E");
        check("DROP TABLE public.\u{200b}fresh_child;", "invisible-text 1:19 block: U+200B");
        check("DROP\u{a0}TABLE public.fresh_child;", "invisible-text 1:5 block: U+00A0");
        check("DROP TABLE public.fresh_child;\rSELECT 1;", "invisible-text 1:31 block: carriage return");
        check("DELETE FROM public.events WHERE event_domain = 'gov\u{200d}'", "invisible-text 1:52 hazard: U+200D");
        check("DROP TABLE public.fr\u{435}sh", "invisible-text 1:19 block: looks like a Latin letter");
        check("DROP TABLE public.\"\u{441}\u{435}\"", "invisible-text 1:19 hazard: looks like a Latin letter");
        check("SELECT 'a\0b'", "invisible-text 1:10 block: control character");
        check("SELECT 'unterminated \u{202e}", "invisible-text 1:22 block: direction");
        check_clean("\u{feff}DROP TABLE public.fresh_child;\r\n-- Nguyễn Thị Lan đã đọc\n");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = 'Nguyễn – Москва'");
    }
}
