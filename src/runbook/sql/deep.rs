//! Takes pieces of work; does them on a few long-lived threads with large stacks; refuses to crash on them.
//!
//! The SQL grammar recurses as deep as its input nests, and a stack overflow would end the whole program. Everything
//! that meets a tree of unknown depth happens here; trees that leave these threads are shallow (see [`super::DEPTH`]).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

/// 256 MiB, measured to hold ten thousand nested calls in a debug build; only pages that are used cost memory.
const STACK_BYTES: usize = 256 << 20;
/// No more threads than this: more gain little on a script that people can review, and each keeps its parser's memory.
const MOST_THREADS: usize = 8;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Does the work on a deep thread; `None` when it panicked or no thread could be had.
pub(super) fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    deep_all([work]).pop().flatten()
}

/// Does several pieces of work at the same time, as far as there are threads; answers in the order of the pieces.
pub(super) fn deep_all<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
    pieces: impl IntoIterator<Item = W>,
) -> Vec<Option<T>> {
    // Work that asks for more deep work must not wait for itself.
    if IS_DEEP.get() {
        return pieces.into_iter().map(|work| catch_unwind(AssertUnwindSafe(work)).ok()).collect();
    }
    let ask = |work: W| {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move || {
            // A panic drops `answer`, and the asker sees `None`.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
                let _ = answer.send(result);
            }
        });
        sender()?.send(job).ok()?;
        Some(answered)
    };
    let asked: Vec<_> = pieces.into_iter().map(ask).collect();
    asked.into_iter().map(|answered| answered?.recv().ok()).collect()
}

fn sender() -> Option<mpsc::Sender<Job>> {
    static WORKERS: OnceLock<Option<Mutex<mpsc::Sender<Job>>>> = OnceLock::new();
    let workers = WORKERS.get_or_init(|| {
        let (jobs, work) = mpsc::channel::<Job>();
        let work = Arc::new(Mutex::new(work));
        let wanted = std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS));
        let begun = (0..wanted).filter(|_| begin(&work)).count();
        (begun > 0).then(|| Mutex::new(jobs))
    });
    workers.as_ref().map(|jobs| jobs.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// Begins one thread, which never ends; answers whether there is one.
fn begin(work: &Arc<Mutex<mpsc::Receiver<Job>>>) -> bool {
    let work = Arc::clone(work);
    let serve = move || {
        IS_DEEP.set(true);
        loop {
            // Whoever waits for work holds the lock meanwhile; it is free again before the work begins.
            let job = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            job();
        }
    };
    std::thread::Builder::new().name("sql".to_owned()).stack_size(STACK_BYTES).spawn(serve).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{deep, deep_all};

    #[test]
    fn survives_panics_and_asks_itself() {
        assert_eq!(deep(|| 1), Some(1));
        assert_eq!(deep(|| -> u8 { panic!("expected by this test") }), None);
        assert_eq!(deep(|| deep(|| 2)), Some(Some(2)));
        assert_eq!(deep(|| deep_all([|| 1, || 2]).len()), Some(2));
    }

    #[test]
    fn answers_in_order_whoever_ends_first() {
        let pieces = (0..100).map(|number| {
            move || {
                assert!(number != 50, "expected by this test");
                number
            }
        });
        let answers = deep_all(pieces);
        let expected: Vec<Option<i32>> = (0..100).map(|number| (number != 50).then_some(number)).collect();
        assert_eq!(answers, expected);
    }
}
