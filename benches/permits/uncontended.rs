//! One thread, nobody else: the pair of taking a permit and giving it back, hot in the cache.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use lockset_compare::semaphores::{ForTasks, ParkingLotPair, Semaphore, StdPair};
use lockset_semaphore::{Barging, Fifo, SemaphoreWith};

use crate::report::{Effort, Entry, Outcome, head, row};
use crate::rivals::{NAMES, PARKING_LOT, Saa, TOKIO, for_tasks, for_threads};

const PAIRS: u32 = 100_000;
/// One is left free at any time, which is a different state from none to some semaphores.
const PERMITS: usize = 2;

pub(crate) fn report(effort: &Effort) {
    let rounds = effort.rounds * 3;
    head("One thread and no waiters: pairs of acquiring and dropping", TOKIO, &NAMES);
    row("`try_acquire`", TOKIO, rounds, &for_threads!(by_try()));
    row("`acquire().await`", TOKIO, rounds, &for_tasks!(by_await()));
    row("blocking `acquire`", TOKIO, rounds, &for_threads!(by_blocking()));
}

fn by_try<S: Semaphore>() -> Outcome {
    pairs::<S>(|semaphore| {
        assert!(semaphore.try_section(|| black_box(())).is_some());
    })
}

fn by_blocking<S: Semaphore>() -> Outcome {
    pairs::<S>(|semaphore| semaphore.section(|| black_box(())))
}

/// Polled by hand: a runtime would be measured along with it.
fn by_await<S: ForTasks>() -> Outcome {
    let mut context = Context::from_waker(Waker::noop());
    pairs::<S>(|semaphore| {
        let section = pin!(semaphore.section_async(async { black_box(()) }));
        assert_eq!(section.poll(&mut context), Poll::Ready(()));
    })
}

fn pairs<S: Semaphore>(mut pair: impl FnMut(&S)) -> Outcome {
    let semaphore = S::of(PERMITS);
    let start = Instant::now();
    for _ in 0..PAIRS {
        pair(black_box(&semaphore));
    }
    let elapsed = start.elapsed();
    assert_eq!(semaphore.free(), PERMITS, "a permit was lost");
    Outcome { rate: f64::from(PAIRS) / elapsed.as_secs_f64(), jain: 1.0 }
}
