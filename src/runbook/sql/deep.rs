//! Takes a piece of work; does it on one long-lived thread with a large stack; refuses to crash on it.
//!
//! The SQL grammar recurses as deep as its input nests, and a stack overflow would end the whole program. Everything
//! that meets a tree of unknown depth happens here; trees that leave this thread are shallow (see [`super::DEPTH`]).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};

/// 256 MiB, measured to hold ten thousand nested calls in a debug build; only pages that are used cost memory.
const STACK_BYTES: usize = 256 << 20;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Does the work on the deep thread; `None` when it panicked or no thread could be had.
pub(super) fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    // Work that asks for more deep work must not wait for itself.
    if IS_DEEP.get() {
        return catch_unwind(AssertUnwindSafe(work)).ok();
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || {
        // A panic drops `answer`, and the asker sees `None`.
        if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
            let _ = answer.send(result);
        }
    });
    sender()?.send(job).ok()?;
    answered.recv().ok()
}

fn sender() -> Option<mpsc::Sender<Job>> {
    static WORKER: OnceLock<Option<Mutex<mpsc::Sender<Job>>>> = OnceLock::new();
    let worker = WORKER.get_or_init(|| {
        let (jobs, work) = mpsc::channel::<Job>();
        let serve = move || {
            IS_DEEP.set(true);
            for job in work {
                job();
            }
        };
        std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK_BYTES).spawn(serve).ok()?;
        Some(Mutex::new(jobs))
    });
    worker.as_ref().map(|jobs| jobs.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

#[cfg(test)]
mod tests {
    use super::deep;

    #[test]
    fn survives_panics_and_asks_itself() {
        assert_eq!(deep(|| 1), Some(1));
        assert_eq!(deep(|| -> u8 { panic!("expected by this test") }), None);
        assert_eq!(deep(|| deep(|| 2)), Some(Some(2)));
    }
}
