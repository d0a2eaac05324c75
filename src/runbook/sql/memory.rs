//! Takes a short text; remembers what it was read as, because keys and questions are asked about again and again.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{SqlProblem, Statement};

/// Texts up to this length are remembered: every key and nearly every question is shorter.
const SHORT: usize = 4 << 10;
/// When the texts remembered hold more than this together, all are forgotten.
const MOST_BYTES: usize = 256 << 10;

type Answer = Result<Vec<Statement>, SqlProblem>;

#[derive(Default)]
struct Memory {
    answers: HashMap<String, Answer>,
    bytes: usize,
}

/// Returns what `read` says of the text, from memory where it has been read before.
pub(super) fn remembered(text: &str, read: impl FnOnce() -> Answer) -> Answer {
    static MEMORY: OnceLock<Mutex<Memory>> = OnceLock::new();
    if text.len() > SHORT {
        return read();
    }
    let memory = MEMORY.get_or_init(Mutex::default);
    let known = memory.lock().unwrap_or_else(PoisonError::into_inner).answers.get(text).cloned();
    if let Some(known) = known {
        return known;
    }
    // Read without the lock: whoever asks for another text need not wait.
    let answer = read();
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.bytes + text.len() > MOST_BYTES {
        *memory = Memory::default();
    }
    memory.bytes += text.len();
    memory.answers.insert(text.to_owned(), answer.clone());
    answer
}
