//! `invisible-text`: what a reviewer cannot see, or mistakes for something else, is not approved.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use pg_query::protobuf::Token;

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::letters::{Unseen, disguised, latin_look, look as look_of, odd_form, stranger, unseen};
use crate::runbook::sql::{Lexeme, lexemes, place_of};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "invisible-text",
    summary: "Letters that are invisible, turn the direction of text, or look like other letters.",
    help: "Direction controls make a line read otherwise than it runs. Zero-width letters, soft hyphens and NUL draw as nothing,\n\
           a carriage return without a line feed ends a comment and draws as a space, and a Cyrillic а looks like a Latin a,\n\
           so that a name names another table. In code, in names, in function bodies and, where the letter can mislead, in\n\
           comments they block; inside a text literal they are a hazard, because a value may hold them rightly. A name\n\
           blocks when it mixes scripts, or looks like a declared name or a keyword and is another one. It is a hazard when\n\
           it only looks like Latin, or is encoded in an unusual way. Ordinary language passes: a word of one script, in\n\
           any language, in comments, literals and quoted names.\n\n\
           What to do: type the line again with plain letters.",
};

/// Where in a script a letter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Area {
    Code,
    Comment,
    Literal,
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let text = &scene.step.reversal.text;
    let names = declared(scene);
    // Nearly every script is plain ASCII: then only look-alikes of digits and control letters are left to find.
    let lexemes = lexemes(text).unwrap_or_default();
    letters(scene, found, text, &lexemes);
    // A script says the same few names again and again; what is silent once is silent always.
    let mut silent: HashSet<&str> = HashSet::new();
    for lexeme in &lexemes {
        let word = &text[lexeme.start..lexeme.end];
        if lexeme.is(Token::Ident) || lexeme.is(Token::Uident) {
            if silent.contains(word) {
                continue;
            }
            let spoken = found.notes.len();
            name(scene, found, lexeme.start, word, &names);
            if found.notes.len() == spoken {
                silent.insert(word);
            }
        } else if is_literal(lexeme) && !word.is_ascii() {
            if is_body(scene, lexeme.start) {
                body(scene, found, lexeme.start, word, &names);
            } else {
                value(scene, found, lexeme.start, word);
            }
        }
    }
}

/// Letters that are not what a reader sees.
fn letters(scene: &Scene<'_>, found: &mut Found, text: &str, lexemes: &[Lexeme]) {
    let mut letters = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((offset, letter)) = letters.next() {
        let after = letters.peek().map_or(' ', |(_, next)| *next);
        let previous = std::mem::replace(&mut before, letter);
        let is_lone_return = letter == '\r' && after != '\n';
        // A byte order mark at the very beginning is how some editors save UTF-8.
        let is_mark = letter == '\u{feff}' && offset == 0;
        let why = if is_mark { None } else { unseen(letter) };
        if why.is_none() && !is_lone_return {
            continue;
        }
        let area = area(scene, lexemes, offset);
        if why.is_some_and(|why| is_ordinary(why, area, letter, previous, after)) {
            continue;
        }
        let reason = why.map_or("it is a carriage return without a line feed", Unseen::reason);
        let message = format!("U+{:04X} stands here: {reason}.", u32::from(letter));
        let spot = spot(scene, text, offset);
        match area {
            Area::Literal => {
                found.hazard(spot, message, "Type the value again; waive it if the value holds this letter rightly.");
            }
            Area::Code | Area::Comment => found.block(spot, message, "Type the line again with plain letters."),
        }
    }
}

fn area(scene: &Scene<'_>, lexemes: &[Lexeme], offset: usize) -> Area {
    match lexemes.iter().find(|lexeme| lexeme.start <= offset && offset < lexeme.end) {
        Some(lexeme) if lexeme.is_comment() => Area::Comment,
        // The body of a function is code, whatever quotes it stands in.
        Some(lexeme) if is_literal(lexeme) && !is_body(scene, lexeme.start) => Area::Literal,
        Some(_) | None => Area::Code,
    }
}

/// What people write: a joiner inside a word of their script, a variation of an emoji, their own script's space.
fn is_ordinary(why: Unseen, area: Area, letter: char, before: char, after: char) -> bool {
    let is_between = !before.is_ascii() && (!after.is_ascii() || after.is_whitespace());
    match (area, why) {
        (Area::Comment, Unseen::Space) => true,
        (Area::Comment, Unseen::Variation) => matches!(letter, '\u{fe0e}' | '\u{fe0f}') && !before.is_ascii(),
        (Area::Comment, Unseen::NoWidth) => matches!(letter, '\u{200c}' | '\u{200d}') && is_between,
        (Area::Literal, Unseen::Space) => letter == '\u{3000}' && !before.is_ascii() && !after.is_ascii(),
        (Area::Code, _)
        | (Area::Literal, Unseen::Variation | Unseen::NoWidth)
        | (_, Unseen::Direction | Unseen::Break | Unseen::Control) => false,
    }
}

/// The declared names, and what each looks like.
struct Names {
    declared: BTreeSet<String>,
    by_look: BTreeMap<String, String>,
}

fn declared(scene: &Scene<'_>) -> Names {
    let parts = scene.runbook.objects.iter().flat_map(|object| {
        std::iter::once(object.name.schema.as_str())
            .chain(object.name.name.split('.'))
            .chain([object.name.name.as_str()])
    });
    let declared: BTreeSet<String> = parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let by_look = declared.iter().map(|name| (look_of(name), name.clone())).collect();
    Names { declared, by_look }
}

fn name(scene: &Scene<'_>, found: &mut Found, offset: usize, word: &str, names: &Names) {
    let spelled = match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) => inside.replace("\"\"", "\""),
        // PostgreSQL folds the ASCII letters of a plain name.
        None => word.to_ascii_lowercase(),
    };
    if names.declared.contains(&spelled) && stranger(&spelled).is_none() {
        return;
    }
    // A place is counted from the beginning of the text: only for what is told.
    let spot = || spot(scene, &scene.step.reversal.text, offset);
    let twin = names.by_look.get(&look_of(&spelled)).filter(|declared| **declared != spelled);
    if spelled.is_ascii() {
        // Short names such as `l1` are like many others.
        if let Some(declared) = twin.filter(|_| spelled.len() > 3) {
            let message = format!("The name {word} looks like the declared {declared}, and is another one.");
            found.hazard(spot(), message, format!("Write {declared}, or waive it if both exist."));
        }
    } else if let Some(letter) = stranger(&spelled) {
        let message = format!("The name {word} mixes scripts: U+{:04X} ({letter}) stands in it.", u32::from(letter));
        found.block(spot(), message, "Type the name again in one script.");
    } else if let Some(declared) = twin {
        let message = format!("The name {word} looks like the declared {declared}, and is another one.");
        found.block(spot(), message, format!("Type {declared} again with plain letters."));
    } else if let Some(seen) = latin_look(&spelled) {
        let message = format!("The name {word} looks like the Latin letters {seen}, and holds none.");
        if is_keyword(&seen) {
            found.block(spot(), message, "Type the word again on a Latin keyboard.");
        } else {
            let way_out = "Compare it with the declared name; waive it if the object is really named so.";
            found.hazard(spot(), message, way_out);
        }
    } else if let Some(odd) = odd_form(&spelled) {
        let message = format!("The name {word} is encoded in an unusual way: {odd}.");
        found.hazard(spot(), message, "Type the name again; two encodings of it are two names to PostgreSQL.");
    }
}

fn is_keyword(word: &str) -> bool {
    lexemes(word).is_some_and(|words| matches!(words.as_slice(), [one] if !one.is(Token::Ident)))
}

/// The names in a function's body.
fn body(scene: &Scene<'_>, found: &mut Found, offset: usize, word: &str, names: &Names) {
    // $tag$ … $tag$, or '…'.
    let tag = word.strip_prefix('$').and_then(|rest| rest.find('$'));
    let open = tag.map_or(1, |end| end + 2);
    let Some(inside) = word.get(open..word.len().saturating_sub(open)) else { return };
    for lexeme in lexemes(inside).unwrap_or_default() {
        let inner = &inside[lexeme.start..lexeme.end];
        if lexeme.is(Token::Ident) || lexeme.is(Token::Uident) {
            name(scene, found, offset + open + lexeme.start, inner, names);
        } else if is_literal(&lexeme) {
            value(scene, found, offset + open + lexeme.start, inner);
        }
    }
}

/// A value in which a letter passes for a Latin one equals no value that people typed.
fn value(scene: &Scene<'_>, found: &mut Found, offset: usize, word: &str) {
    let mut words = word.split(|letter: char| !letter.is_alphanumeric());
    if let Some(letter) = words.find_map(disguised) {
        let message = format!(
            "In this value U+{:04X} ({letter}) looks like a Latin letter, beside Latin ones.",
            u32::from(letter)
        );
        let spot = spot(scene, &scene.step.reversal.text, offset);
        found.hazard(spot, message, "Type the value again; waive it if the value is really spelled so.");
    }
}

fn is_literal(lexeme: &Lexeme) -> bool {
    lexeme.is(Token::Sconst) || lexeme.is(Token::Usconst)
}

/// Whether a literal is the body of a function or of DO.
fn is_body(scene: &Scene<'_>, offset: usize) -> bool {
    let around = scene.statements.iter().find(|statement| statement.start <= offset && offset < statement.end);
    around.is_some_and(|statement| matches!(statement.tree.statement().0, "DoStmt" | "CreateFunctionStmt"))
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

#[cfg(test)]
mod tests {
    use super::super::review;
    use super::super::testing::{check, check_clean, check_silent, runbook};
    use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName};

    #[test]
    fn what_cannot_be_seen_is_found() {
        check("DROP TABLE public.fresh_child; -- \u{202e}x", "invisible-text 1:35 block: U+202E");
        check("DROP TABLE public.\u{200b}fresh_child;", "invisible-text 1:19 block: U+200B");
        check("DROP TABLE public.fresh\u{ad}_child;", "invisible-text 1:24 block: U+00AD");
        check("DROP TABLE public.fresh_child\u{fe0f};", "invisible-text 1:30 block: U+FE0F");
        check("DROP TABLE public.fresh_child\u{e0041};", "invisible-text 1:30 block: U+E0041");
        check("DROP\u{a0}TABLE public.fresh_child;", "invisible-text 1:5 block: U+00A0");
        check("DROP TABLE public.fresh_child;\rSELECT 1;", "invisible-text 1:31 block: carriage return");
        check("-- nothing\rDROP TABLE public.fresh_child;", "invisible-text 1:11 block: carriage return");
        check("DROP TABLE public.fresh_child; /* a\u{200d}b */", "invisible-text 1:36 block: U+200D");
        check("DELETE FROM public.events WHERE event_domain = 'gov\u{200d}'", "invisible-text 1:52 hazard: U+200D");
        check("DELETE FROM public.events WHERE k = $$a\u{202e}b$$", "invisible-text 1:40 hazard: U+202E");
        check("DO $$BEGIN PERFORM 1\u{202e}; END$$", "invisible-text 1:21 block: U+202E");
        check("SELECT 'a\0b'", "invisible-text 1:10 block: control character");
        check("SELECT 'unterminated \u{202e}", "invisible-text 1:22 block: direction");
    }

    #[test]
    fn what_looks_like_something_else_is_found() {
        check("DROP TABLE public.fr\u{435}sh", "invisible-text 1:19 block: mixes scripts");
        check("DROP TABLE public.\"\u{441}\u{435}\"", "invisible-text 1:19 hazard: looks like the Latin letters ce");
        check("SELECT \u{441}\u{43e}\u{440}\u{443}", "invisible-text 1:8 block: looks like the Latin letters copy");
        check("DROP TABLE public.\"\u{ff46}resh\"", "invisible-text 1:19 block: looks like the declared fresh");
        check("DROP TABLE public.\"\u{ff46}lat\"", "invisible-text 1:19 hazard: encoded in an unusual way");
        check("DROP TABLE public.codes_1, public.\"1ater\"", "invisible-text 1:35 hazard: the declared later");
        check("DROP TABLE public.\"Nguye\u{302}\u{303}n\"", "invisible-text 1:19 hazard: NFC");
        check("DO $$BEGIN DELETE FROM public.ev\u{435}nts; END$$", "invisible-text 1:31 block: mixes scripts");
        check(
            "DELETE FROM public.events WHERE event_domain = 'govern\u{430}nce'",
            "invisible-text 1:48 hazard: U+0430",
        );
    }

    #[test]
    fn ordinary_language_passes() {
        check_clean("\u{feff}DROP TABLE public.fresh_child;\r\n-- Nguyễn Thị Lan đã đọc\n");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = 'Nguyễn – Москва'");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance' AND k = '東京\u{3000}タワー Tシャツ'");
        check_clean("DROP TABLE public.fresh_child; -- もう使わない\u{3000}❤\u{fe0f}, می\u{200c}خواهم, не нужна");
        check_silent("DELETE FROM public.fresh WHERE \"дата\" = 1 AND \"таблица_v2\" = 2", "invisible-text");
        check_silent("DELETE FROM public.fresh WHERE l1 = 1 AND fresh_chi1d_x = 2", "invisible-text");
        let mut book = runbook("DROP TABLE public.\"\u{441}\u{435}\u{440}\";");
        book.objects.push(Object {
            name: ObjectName::new("public", "\u{441}\u{435}\u{440}"),
            kind: ObjectKind::Table,
            class: ObjectClass::Greenfield,
            steps: Vec::new(),
            later_phase: false,
            optional: false,
        });
        assert!(review(&book, None).passed.iter().any(|rule| rule == "invisible-text"));
    }
}
