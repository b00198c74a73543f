//! Work on several things at once: a model takes one processor, and most machines have more.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

/// How many models may run at once.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Has every item done by one of the workers, each of which takes the next one when it is free;
/// what came of them, in any order.
pub(crate) fn side_by_side<W: Send, T: Sync, R: Send>(
    workers: Vec<W>,
    items: &[T],
    work: impl Fn(&W, &T) -> R + Sync,
) -> Vec<R> {
    let left = Mutex::new(items.iter());
    // In a statement of its own, so that it is free again before the work begins.
    let next = || left.lock().ok()?.next();
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in workers {
            scope.spawn({
                let (next, results, work) = (&next, &results, &work);
                move || {
                    while let Some(item) = next() {
                        let result = work(&worker, item);
                        results.lock().expect("nothing panics with it").push(result);
                    }
                }
            });
        }
    });
    results.into_inner().expect("nothing panics with it")
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::side_by_side;

    #[test]
    fn every_item_is_done_once_and_two_at_a_time() {
        // A worker that is alone here waits for ever.
        let both = Barrier::new(2);
        let mut done = side_by_side(vec!["one", "another"], &[1, 2, 3, 4], |_, item| {
            both.wait();
            *item
        });
        done.sort_unstable();
        assert_eq!(done, [1, 2, 3, 4]);
    }
}
