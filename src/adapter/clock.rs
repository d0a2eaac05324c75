//! Tells this desk's time and draws random digits from the operating system.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::port::{Chance, Clock};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn nonce(&self) -> String {
        let mut bytes = [0_u8; 16];
        // A nonce that can be guessed would be worse than no program: there is nothing to fall back to.
        getrandom::fill(&mut bytes).expect("BUG: the operating system gives no random bytes");
        let mut digits = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance as _, SystemChance};

    #[test]
    fn nonces_differ() {
        let (one, two) = (SystemChance.nonce(), SystemChance.nonce());
        assert_ne!(one, two);
        assert!(one.len() == 32 && one.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{one}");
    }
}
