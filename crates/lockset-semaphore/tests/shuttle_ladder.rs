//! Every stage of the ladder with many threads, on randomly drawn schedules.
//!
//! Run by `cargo xtask test`. By hand:
//!
//! ```console
//! $ RUSTFLAGS="--cfg lockset_shuttle" \
//!     cargo test --release -p lockset-semaphore --test shuttle_ladder
//! ```
//!
//! Loom sees more, but no more than a few threads. This sees eight, on some of their schedules:
//! half of them drawn evenly, half by PCT, which prefers the rare ones. It knows nothing of
//! orderings.
//!
//! A failure prints its schedule. To see it again, and nothing else, set `LOCKSET_SCHEDULE` to it
//! and run that one test.

#![cfg(lockset_shuttle)]

use std::sync::Arc;
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::ladder::{self, AsyncSemaphore, RawSemaphore, TimedSemaphore};
use lockset_semaphore::{for_each_stage, sync::expire_deadlines};
use lockset_sync::explore;
use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};

const THREADS: u32 = 8;

/// How many schedules of each kind a model is run on.
const SCHEDULES: usize = 5_000;

const PERMITS: u32 = 3;

/// A semaphore, and how many of its permits are in use, which shuttle watches: there is a place
/// where others can come in.
struct Room<S> {
    semaphore: S,
    in_use: AtomicU32,
}

impl<S: RawSemaphore + 'static> Room<S> {
    fn new() -> Arc<Self> {
        let room = Self { semaphore: S::new(PERMITS), in_use: AtomicU32::new(0) };
        // Used before it is shared, as the seam's atomics ask for.
        drop(room.semaphore.try_acquire(PERMITS));
        Arc::new(room)
    }

    /// What a holder of `n` permits does: sees that there are no more of its kind than permits.
    fn visit(&self, n: u32) {
        // SeqCst: shuttle knows no other.
        let others = self.in_use.fetch_add(n, SeqCst);
        assert!(others + n <= PERMITS, "{others} and {n} permits of {PERMITS} are in use");
        self.in_use.fetch_sub(n, SeqCst);
    }

    fn spawn(self: &Arc<Self>, work: impl FnOnce(&Self) + Send + 'static) -> JoinHandle<()> {
        let room = Arc::clone(self);
        thread::spawn(move || work(&room))
    }

    fn require_idle(&self, threads: Vec<JoinHandle<()>>) {
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(self.semaphore.available(), PERMITS, "permits got lost");
    }
}

/// One, two or three permits, so that there are small requests and large ones.
const fn size(thread: u32) -> u32 {
    1 + thread % PERMITS
}

fn eight_threads_share_three_permits<S: RawSemaphore + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<S>::new();
        let visit_twice = |n: u32| {
            room.spawn(move |room| {
                for _ in 0..2 {
                    let _held = room.semaphore.acquire(n);
                    room.visit(n);
                }
            })
        };
        room.require_idle((0..THREADS).map(size).map(visit_twice).collect());
    });
}

/// Half of them have a deadline, which strikes at any moment.
fn some_of_eight_give_up<S: TimedSemaphore + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<S>::new();
        let deadline = Deadline::after(Duration::from_secs(1));
        let visit = |thread: u32| {
            let n = size(thread);
            let deadline = if thread % 2 == 0 { deadline } else { Deadline::NEVER };
            room.spawn(move |room| {
                if let Some(_held) = room.semaphore.acquire_until(n, deadline) {
                    room.visit(n);
                }
            })
        };
        let mut threads: Vec<_> = (0..THREADS).map(visit).collect();
        threads.push(thread::spawn(expire_deadlines));
        room.require_idle(threads);
        assert_eq!(room.semaphore.waiting(), 0, "somebody is still in the queue");
    });
}

fn threads_and_tasks_share_three_permits<S: AsyncSemaphore + 'static>() {
    explore(SCHEDULES, || {
        let room = Room::<S>::new();
        let visit = |thread: u32| {
            let n = size(thread);
            room.spawn(move |room| {
                let held = if thread % 2 == 0 {
                    room.semaphore.acquire(n)
                } else {
                    shuttle::future::block_on(room.semaphore.acquire_async(n))
                };
                room.visit(n);
                drop(held);
            })
        };
        room.require_idle((0..THREADS).map(visit).collect());
    });
}

macro_rules! model_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            #[test]
            fn eight_threads_share_three_permits() {
                super::eight_threads_share_three_permits::<super::ladder::$Stage>();
            }
        }
    )*};
}

for_each_stage!(model_each);

mod giving_up_is_timed {
    #[test]
    fn some_of_eight_give_up() {
        super::some_of_eight_give_up::<super::ladder::GivingUp>();
    }
}

mod wakers_are_of_tasks {
    type Stage = super::ladder::Wakers;

    #[test]
    fn some_of_eight_give_up() {
        super::some_of_eight_give_up::<Stage>();
    }

    #[test]
    fn threads_and_tasks_share_three_permits() {
        super::threads_and_tasks_share_three_permits::<Stage>();
    }
}
