//! Takes text from a database or a person; gives HTML in which nothing is invisible.
//!
//! A bidi control or a zero-width character draws as nothing and can make SQL read as something else. Here each of
//! them is written out as its code point.

use maud::{Markup, html};

/// Shows text with every character that would draw as nothing, or as another one, written out as `U+202E`.
pub(super) fn shown(text: &str) -> Markup {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for letter in text.chars() {
        let odd = is_odd(letter);
        let piece = if odd { format!("U+{:04X}", u32::from(letter)) } else { letter.to_string() };
        match pieces.last_mut() {
            Some((false, plain)) if !odd => plain.push_str(&piece),
            Some(_) | None => pieces.push((odd, piece)),
        }
    }
    html! {
        @for (odd, piece) in &pieces {
            @if *odd { mark.odd title="a character that would not be seen" { (piece) } } @else { (piece) }
        }
    }
}

/// Writes text without markup, with every character that would not be seen as `U+202E`.
pub(super) fn plainly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_odd(letter) {
            out.push_str(&format!("U+{:04X}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Returns whether a character would be drawn as nothing, as a plain space that it is not, or move what is around it.
pub(super) fn is_odd(letter: char) -> bool {
    match letter {
        '\n' | '\t' | ' ' => false,
        '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        letter => letter.is_control(),
    }
}
