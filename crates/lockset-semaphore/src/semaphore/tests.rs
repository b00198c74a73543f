//! That no lock is taken while nobody waits: shown on the real machine, by a thread that has the
//! lock meanwhile.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::{Barging, Bounded, Fifo, Policy, SemaphoreWith};

/// How long the other thread is waited for, if it does wait for the lock.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn nobody_takes_the_lock_of_a_queue_that_is_empty() {
    fn case<P: Policy>() {
        let semaphore = &SemaphoreWith::<P>::new(2);
        let queue = semaphore.queue.lock();
        thread::scope(|scope| {
            let (done, is_done) = mpsc::channel();
            scope.spawn(move || {
                drop(semaphore.acquire(2).unwrap());
                drop(semaphore.try_acquire(1).unwrap());
                done.send(())
            });
            let answer = is_done.recv_timeout(LONGEST);
            // Before the assertion, so that the other one ends in any case.
            drop(queue);
            assert_eq!(answer, Ok(()), "it waits for the lock");
        });
    }
    case::<Fifo>();
    case::<Bounded>();
    case::<Barging>();
}
