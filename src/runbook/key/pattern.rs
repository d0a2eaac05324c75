//! Takes the pattern of a LIKE; gives what each of its letters means; refuses one that ends in its escape.

/// One letter of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// This letter and no other.
    Letter(char),
    /// `_`: any one letter.
    One,
    /// `%`: any number of letters.
    Many,
}

/// A pattern, read with its escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub Vec<Sign>);

impl Pattern {
    /// Reads a pattern; `None` when it ends in its escape, which the server refuses.
    #[must_use]
    pub fn read(written: &str, escape: Option<char>) -> Option<Self> {
        let mut signs = Vec::new();
        let mut letters = written.chars();
        while let Some(letter) = letters.next() {
            signs.push(match letter {
                _ if Some(letter) == escape => Sign::Letter(letters.next()?),
                '_' => Sign::One,
                '%' => Sign::Many,
                _ => Sign::Letter(letter),
            });
        }
        Some(Self(signs))
    }

    /// Returns whether `_` stands in it for any one letter.
    #[must_use]
    pub fn has_any_letter(&self) -> bool {
        self.0.contains(&Sign::One)
    }

    /// Returns the pattern as it is written with a backslash for escape, each `_` as the letter itself.
    #[must_use]
    pub fn strict(&self) -> String {
        let mut written = String::new();
        for sign in &self.0 {
            match sign {
                Sign::Letter(letter) => {
                    if matches!(letter, '_' | '%' | '\\') {
                        written.push('\\');
                    }
                    written.push(*letter);
                }
                Sign::One => written.push_str("\\_"),
                Sign::Many => written.push('%'),
            }
        }
        written
    }

    /// Answers whether it holds for every text.
    #[must_use]
    pub fn holds_for_all(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|sign| *sign == Sign::Many)
    }

    /// Answers whether a text that begins so, and goes on with anything, is sure to be held: `gov\_%` and its like.
    pub(super) fn prefix(&self) -> Option<&[Sign]> {
        let end = self.0.iter().position(|sign| *sign == Sign::Many)?;
        let (before, behind) = self.0.split_at(end);
        let is_prefix = behind.iter().all(|sign| *sign == Sign::Many);
        (is_prefix && before.iter().all(|sign| matches!(sign, Sign::Letter(_)))).then_some(before)
    }

    /// Answers whether whatever this pattern holds, the other holds too: the same one, or a refined prefix.
    pub(super) fn refines(&self, other: &Self) -> bool {
        self == other || other.prefix().is_some_and(|prefix| self.0.starts_with(prefix))
    }

    /// Answers whether it holds this text, with or without the blanks that a char(n) column puts behind it.
    pub(super) fn holds(&self, letters: &str) -> bool {
        let Some(prefix) = self.prefix().filter(|_| !letters.ends_with(' ')) else { return false };
        let mut letters = letters.chars();
        prefix.iter().all(|sign| letters.next().is_some_and(|letter| *sign == Sign::Letter(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Sign};

    #[test]
    fn patterns_are_read_with_their_escape() {
        let read = |text: &str| Pattern::read(text, Some('\\'));
        assert_eq!(read(r"a\_%").unwrap().0, [Sign::Letter('a'), Sign::Letter('_'), Sign::Many]);
        assert_eq!(read(r"\\_").unwrap().0, [Sign::Letter('\\'), Sign::One]);
        assert_eq!(read("a\\"), None);
        assert_eq!(Pattern::read("a!_", Some('!')), read(r"a\_"));
        assert_eq!(Pattern::read(r"\", None).unwrap().0, [Sign::Letter('\\')]);
        assert_eq!(read(r"a_\%\\%").unwrap().strict(), r"a\_\%\\%");
        assert!(read("%%").unwrap().holds_for_all() && !read("").unwrap().holds_for_all());
        let key = read(r"gov\_%").unwrap();
        for finer in [r"gov\_%", r"gov\_run%", r"gov\__x", r"gov\_"] {
            assert!(read(finer).unwrap().refines(&key), "{finer}");
        }
        for other in ["gov_%", "gov%", r"%gov\_%", r"GOV\_%", ""] {
            assert!(!read(other).unwrap().refines(&key), "{other}");
        }
        assert!(key.holds("gov_x") && key.holds("gov_"));
        assert!(!key.holds("govx") && !key.holds("gov_ ") && !read("abc").unwrap().holds("abc"));
    }
}
