//! Takes pieces of work on many statements; does them on every core; gives what they gave in the pieces' order.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::runbook::sql::Statement;

/// A script with fewer statements is reviewed before another thread would have begun.
const MANY: usize = 500;
/// So many statements are one piece: thousands of pieces would cost more to hand out than they save.
const SHARE: usize = 1_000;

/// Does the work for each statement.
pub(super) fn each<T: Send>(statements: &[Statement], work: impl Fn(&Statement) -> T + Sync) -> Vec<T> {
    let shares: Vec<&[Statement]> = statements.chunks(SHARE).collect();
    ask(&shares, statements.len(), |share| share.iter().map(&work).collect())
}

/// Does the pieces of work, on more than one thread when there are many statements.
///
/// The threads end with the work. They may ask for the parser, which has threads of its own, but never hold it.
pub(super) fn ask<P: Sync, T: Send>(pieces: &[P], statements: usize, work: impl Fn(&P) -> Vec<T> + Sync) -> Vec<T> {
    let threads = if statements < MANY { 1 } else { std::thread::available_parallelism().map_or(1, NonZero::get) };
    let next = AtomicUsize::new(0);
    let serve = || {
        let mut done = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(piece) = pieces.get(index)
        {
            done.push((index, work(piece)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(pieces.len())).map(|_| scope.spawn(serve)).collect();
        let mut done = serve();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, found)| found).collect()
}

/// Gives up the statements of scripts that were reviewed.
///
/// A large script has millions of nodes, and freeing them takes a tenth of the review: the answer does not wait for it.
pub(super) fn free_aside(scripts: Vec<Vec<Statement>>) {
    if scripts.iter().map(Vec::len).sum::<usize>() < MANY {
        return;
    }
    // Without a thread they are freed here, as the closure is.
    let _ = std::thread::Builder::new().name("freeing".to_owned()).spawn(move || drop(scripts));
}

#[cfg(test)]
mod tests {
    use super::{MANY, ask};

    #[test]
    fn answers_keep_the_order_of_the_pieces() {
        let pieces: Vec<usize> = (0..300).collect();
        for statements in [0, MANY] {
            assert_eq!(ask(&pieces, statements, |piece| vec![*piece]), pieces);
        }
        assert!(ask(&[0; 0], MANY, |piece| vec![*piece]).is_empty());
    }
}
