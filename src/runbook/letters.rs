//! Takes text; says which of its letters cannot be seen, and which words look like others; refuses nothing.
//!
//! Look-alikes are those of the Unicode confusables (UTS 39). Ordinary language is innocent: a word of one script, and
//! the mixes that people write, such as Latin beside Han or Kana.

use unicode_normalization::{is_nfc, is_nfkc};
use unicode_security::confusable_detection::skeleton;
use unicode_security::mixed_script::AugmentedScriptSet;

/// Why a letter is not what a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// It turns the direction of text.
    Direction,
    /// It has no width.
    NoWidth,
    /// It changes or hides the letter before it.
    Variation,
    /// It looks like a space and is none.
    Space,
    /// It breaks the line on some screens only.
    Break,
    /// A control character.
    Control,
}

impl Unseen {
    /// Returns the reason in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Direction => "it turns the direction of text",
            Self::NoWidth => "it is not drawn",
            Self::Variation => "it changes or hides the letter before it",
            Self::Space => "it looks like a space, but is a letter to PostgreSQL",
            Self::Break => "it breaks the line on some screens only",
            Self::Control => "it is a control character, which is not drawn",
        }
    }
}

/// Says why a letter is not what a reader sees; `None` for one that is.
#[must_use]
pub fn unseen(letter: char) -> Option<Unseen> {
    match letter {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' => {
            Some(Unseen::Direction)
        }
        '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' => Some(Unseen::NoWidth),
        '\u{fe00}'..='\u{fe0f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{e0000}'..='\u{e0fff}' => {
            Some(Unseen::Variation)
        }
        '\u{2028}' | '\u{2029}' | '\u{0085}' => Some(Unseen::Break),
        '\u{00a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}' => {
            Some(Unseen::Space)
        }
        '\t' | '\n' | '\r' => None,
        control if control.is_control() => Some(Unseen::Control),
        _ => None,
    }
}

/// Returns the first letter of a text that cannot be seen, with the reason.
#[must_use]
pub fn first_unseen(text: &str) -> Option<(char, &'static str)> {
    text.chars().find_map(|letter| unseen(letter).map(|why| (letter, why.reason())))
}

/// Returns the letter that makes one part of a word a mix of scripts, such as the Cyrillic а in `pаid`.
///
/// Parts are divided by signs and digits: `таблица_v2` is two parts, each of one script.
#[must_use]
pub fn stranger(word: &str) -> Option<char> {
    word.split(|letter: char| !letter.is_alphabetic() && !is_mark(letter)).find_map(|part| {
        if part.is_ascii() || !AugmentedScriptSet::for_str(part).is_empty() {
            return None;
        }
        let others: String = part.chars().filter(|letter| !is_latin(*letter)).collect();
        let set = AugmentedScriptSet::for_str(&others);
        // Latin beside Han, Kana or Hangul is how people write.
        let is_east_asian = !set.is_all() && (set.jpan || set.hanb || set.kore) && others.len() < part.len();
        if is_east_asian { None } else { others.chars().next() }
    })
}

/// Returns a word's stranger, where it passes for a Latin letter or digit.
#[must_use]
pub fn disguised(word: &str) -> Option<char> {
    stranger(word).and_then(|_| {
        let has_latin = word.chars().any(|letter| letter.is_ascii_alphabetic());
        let passes = |letter: &char| {
            !letter.is_ascii() && skeleton(letter.encode_utf8(&mut [0; 4])).all(|seen| seen.is_ascii_alphanumeric())
        };
        has_latin.then(|| word.chars().find(passes)).flatten()
    })
}

/// Returns what a word looks like when it holds no Latin letter, and yet looks like a Latin word: `сору`.
#[must_use]
pub fn latin_look(word: &str) -> Option<String> {
    if word.is_ascii() || word.chars().any(is_latin) {
        return None;
    }
    let seen = look(word);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_$ ".contains(letter);
    (seen.chars().all(is_word) && seen.chars().any(|letter| letter.is_ascii_alphabetic())).then_some(seen)
}

/// Returns what a word looks like: two words with the same look are taken for each other.
#[must_use]
pub fn look(word: &str) -> String {
    skeleton(word).collect()
}

/// Says what is odd about how a name is encoded: two ways to write the same letters are two names to `PostgreSQL`.
#[must_use]
pub fn odd_form(name: &str) -> Option<&'static str> {
    if name.is_ascii() {
        None
    } else if !is_nfc(name) {
        Some("its accents stand apart from their letters (it is not in Unicode NFC)")
    } else if !is_nfkc(name) {
        Some("it holds wide, small or otherwise dressed letters (it is not in Unicode NFKC)")
    } else {
        None
    }
}

fn is_latin(letter: char) -> bool {
    letter.is_ascii_alphabetic()
        || matches!(letter, '\u{00aa}' | '\u{00ba}' | '\u{00c0}'..='\u{024f}' | '\u{0250}'..='\u{02af}' | '\u{1e00}'..='\u{1eff}')
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{0300}'..='\u{036f}' | '\u{3099}' | '\u{309a}')
}

#[cfg(test)]
mod tests {
    use super::{disguised, first_unseen, latin_look, look, odd_form, stranger};

    #[test]
    fn ordinary_language_is_innocent() {
        for word in
            ["Nguyễn", "Москва", "таблица_v2", "東京タワー", "Tシャツ", "한국어", "naïve", "ΔX_1", "データ2", "Straße"]
        {
            assert_eq!(disguised(word), None, "{word}");
            assert_eq!(first_unseen(word), None, "{word}");
            assert_eq!(odd_form(word), None, "{word}");
            assert_eq!(latin_look(word), None, "{word}");
        }
        assert_eq!(stranger("таблица_v2"), None);
        assert_eq!(stranger("Tシャツ"), None);
    }

    #[test]
    fn what_looks_like_another_word_is_found() {
        assert_eq!(stranger("p\u{430}id"), Some('\u{430}'));
        assert_eq!(disguised("govern\u{430}nce"), Some('\u{430}'));
        assert_eq!(disguised("\u{3bf}rders"), Some('\u{3bf}'));
        assert_eq!(latin_look("\u{441}\u{43e}\u{440}\u{443}").as_deref(), Some("copy"));
        assert_eq!(latin_look("\u{434}\u{430}\u{442}\u{430}"), None);
        assert_eq!(look("\u{435}vents"), look("events"));
        assert!(odd_form("Nguye\u{302}\u{303}n").is_some());
        assert!(odd_form("\u{ff45}vents").is_some());
    }
}
