//! Takes bytes; gives a SHA-256 digest that people can compare by eye and by voice.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Digests the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Makes a digest from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 lower-case hexadecimal digits; anything else is `None`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || digits.iter().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Returns the first eight digits in two groups, enough to tell two plans apart on one screen.
    #[must_use]
    pub fn short(&self) -> String {
        let hex = self.to_string();
        format!("{}-{}", &hex[..4], &hex[4..8])
    }

    /// Returns all digits in groups of four.
    #[must_use]
    pub fn groups(&self) -> String {
        let hex = self.to_string();
        let groups: Vec<&str> = (0..16).map(|group| &hex[group * 4..group * 4 + 4]).collect();
        groups.join(" ")
    }

    /// Returns the first 64 bits as four pronounceable words, to be read aloud by two people.
    ///
    /// The alphabet is Wilkerson's proquints (arXiv 0901.4016): consonant, vowel, consonant, vowel, consonant.
    #[must_use]
    pub fn phrase(&self) -> String {
        const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
        const VOWELS: &[u8; 4] = b"aiou";
        let word = |pair: &[u8]| {
            let bits = u16::from_be_bytes([pair[0], pair[1]]);
            let consonant = |shift: u16| char::from(CONSONANTS[usize::from((bits >> shift) & 15)]);
            let vowel = |shift: u16| char::from(VOWELS[usize::from((bits >> shift) & 3)]);
            [consonant(12), vowel(10), consonant(6), vowel(4), consonant(0)].iter().collect::<String>()
        };
        self.0[..8].chunks(2).map(word).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_hex(&text).ok_or_else(|| format!("`{text}` is not a SHA-256 digest of 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn reads_back_what_it_writes_and_nothing_else() {
        let digest = Digest::of(b"abc");
        // FIPS 180-2, appendix B.1.
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex(&digest.to_string().to_uppercase()), None);
        assert_eq!(Digest::from_hex("ba78"), None);
    }

    #[test]
    fn speaks_the_published_proquint() {
        // 127.0.0.1 is lusab-babad in the paper.
        let digest =
            Digest([127, 0, 0, 1, 63, 84, 220, 193].into_iter().chain([0; 24]).collect::<Vec<_>>().try_into().unwrap());
        assert_eq!(digest.phrase(), "lusab babad gutih tugad");
        assert_eq!(digest.short(), "7f00-0001");
    }
}
