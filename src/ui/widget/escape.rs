//! Takes text of a stranger; gives text in which nothing is invisible: `‹U+202E›` instead of a letter that draws as
//! nothing and turns the rest around.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Letters that draw as nothing, or as something else than they are.
const HIDDEN: &[RangeInclusive<char>] = &[
    // Bidi marks, embeddings, overrides and isolates.
    '\u{061C}'..='\u{061C}',
    '\u{200E}'..='\u{200F}',
    '\u{202A}'..='\u{202E}',
    '\u{2066}'..='\u{2069}',
    // Zero width, joiners, soft hyphen, BOM, fillers, tags, variation selectors.
    '\u{00AD}'..='\u{00AD}',
    '\u{034F}'..='\u{034F}',
    '\u{115F}'..='\u{1160}',
    '\u{180B}'..='\u{180F}',
    '\u{200B}'..='\u{200D}',
    '\u{2060}'..='\u{2065}',
    '\u{206A}'..='\u{206F}',
    '\u{3164}'..='\u{3164}',
    '\u{FE00}'..='\u{FE0F}',
    '\u{FEFF}'..='\u{FEFF}',
    '\u{FFA0}'..='\u{FFA0}',
    '\u{FFF0}'..='\u{FFFB}',
    '\u{E0000}'..='\u{E0FFF}',
    // Line separators and spaces that are not the space.
    '\u{2028}'..='\u{2029}',
    '\u{00A0}'..='\u{00A0}',
    '\u{1680}'..='\u{1680}',
    '\u{2000}'..='\u{200A}',
    '\u{202F}'..='\u{202F}',
    '\u{205F}'..='\u{205F}',
    '\u{3000}'..='\u{3000}',
];

/// Returns whether a letter draws as nothing, or as something else than it is.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control() && letter != '\n' && letter != '\t';
    }
    letter.is_control() || HIDDEN.iter().any(|range| range.contains(&letter))
}

/// Returns the text with every hidden letter as a visible escape.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_hidden(letter) {
            write!(shown, "‹U+{:04X}›", u32::from(letter)).expect("BUG: writing to a String cannot fail");
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Returns the first line of a text, cut to so many letters, with `…` when something is left out.
#[must_use]
pub fn one_line(text: &str, letters: usize) -> String {
    let shown = visible(text);
    let first = shown.lines().next().unwrap_or_default();
    let cut: String = first.chars().take(letters).collect();
    if cut.len() < shown.trim_end_matches('\n').len() { format!("{cut}…") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::{one_line, visible};

    fn check(text: &str, expect: &str) {
        assert_eq!(visible(text), expect);
    }

    #[test]
    fn shows_what_would_hide_and_leaves_the_rest() {
        check("DELETE\u{202E}x", "DELETE‹U+202E›x");
        check("a\u{200B}b\u{FEFF}", "a‹U+200B›b‹U+FEFF›");
        check("a\rb\0", "a‹U+000D›b‹U+0000›");
        check("a\u{00A0}b", "a‹U+00A0›b");
        check("Nguyễn Thị Lan\t→ ≠ \n", "Nguyễn Thị Lan\t→ ≠ \n");
    }

    #[test]
    fn cuts_to_one_line_and_says_so() {
        assert_eq!(one_line("abc", 8), "abc");
        assert_eq!(one_line("abc\n", 8), "abc");
        assert_eq!(one_line("abc\ndef", 8), "abc…");
        assert_eq!(one_line("abcdefghij", 4), "abcd…");
    }
}
