//! Semaphores of one permit: ours, and the mutex with a condition variable that people write.
//!
//! One permit, because then the counter proves that the semaphore excludes. It is also the hardest
//! case: with more permits, fewer wait.
//!
//! `Fifo`, the default, serves waiters in order, and the rivals let a newcomer overtake. Under
//! contention that costs a change of thread for each section, which is the price of the promise;
//! `Barging` does not promise it. Uncontended, std's condition variable does not know that nobody
//! waits, and calls the kernel with each permit that is given back; parking_lot's knows.
//!
//! `permits` measures more rivals, with tasks as well, in interleaved rounds.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::{Criterion, criterion_group, criterion_main};
use lockset::Semaphore;
use lockset::semaphore::{Barging, Fifo, Policy, SemaphoreWith};
use lockset_bench::{Rival, contended, uncontended};

struct Blocking<P: Policy>(SemaphoreWith<P>);

impl<P: Policy> Rival for Blocking<P> {
    fn section(&self, inside: impl FnOnce()) {
        let _permit = self.0.acquire(1).expect("the semaphore is open and has a permit");
        inside();
    }
}

/// The future, polled by hand: a runtime would be measured along with it.
struct Async(Semaphore);

impl Rival for Async {
    fn section(&self, inside: impl FnOnce()) {
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(permit) = pin!(self.0.acquire_async(1)).poll(&mut context) else {
            panic!("nobody else holds the permit");
        };
        let _permit = permit.expect("the semaphore is open and has a permit");
        inside();
    }
}

struct Std {
    permits: std::sync::Mutex<usize>,
    freed: std::sync::Condvar,
}

impl Rival for Std {
    fn section(&self, inside: impl FnOnce()) {
        let permits = self.permits.lock().expect("no section panics");
        let mut permits =
            self.freed.wait_while(permits, |permits| *permits == 0).expect("no section panics");
        *permits -= 1;
        drop(permits);
        inside();
        *self.permits.lock().expect("no section panics") += 1;
        self.freed.notify_one();
    }
}

struct ParkingLot {
    permits: parking_lot::Mutex<usize>,
    freed: parking_lot::Condvar,
}

impl Rival for ParkingLot {
    fn section(&self, inside: impl FnOnce()) {
        let mut permits = self.permits.lock();
        self.freed.wait_while(&mut permits, |permits| *permits == 0);
        *permits -= 1;
        drop(permits);
        inside();
        *self.permits.lock() += 1;
        self.freed.notify_one();
    }
}

fn semaphores(criterion: &mut Criterion) {
    let blocking = Blocking::<Fifo>(SemaphoreWith::new(1));
    let barging = Blocking::<Barging>(SemaphoreWith::new(1));
    let by_future = Async(Semaphore::new(1));
    let std = Std { permits: std::sync::Mutex::new(1), freed: std::sync::Condvar::new() };
    let parking_lot =
        ParkingLot { permits: parking_lot::Mutex::new(1), freed: parking_lot::Condvar::new() };

    let mut group = criterion.benchmark_group("semaphore/uncontended");
    uncontended(&mut group, "lockset", &blocking);
    uncontended(&mut group, "lockset async", &by_future);
    uncontended(&mut group, "mutex+condvar", &std);
    uncontended(&mut group, "parking_lot mutex+condvar", &parking_lot);
    group.finish();

    let mut group = criterion.benchmark_group("semaphore/contended");
    contended(&mut group, "lockset", 4, &blocking);
    contended(&mut group, "lockset barging", 4, &barging);
    contended(&mut group, "mutex+condvar", 4, &std);
    contended(&mut group, "parking_lot mutex+condvar", 4, &parking_lot);
    group.finish();
}

criterion_group!(benches, semaphores);
criterion_main!(benches);
