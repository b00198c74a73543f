//! The shipped semaphore, with each policy and many waiters, threads and tasks, on randomly drawn
//! schedules.
//!
//! Run by `cargo xtask test`. By hand:
//! `RUSTFLAGS="--cfg lockset_shuttle" cargo test --release -p lockset-semaphore --test shuttle`.
//!
//! Loom sees more, but no more than a few threads. This sees eight and more, on some of their
//! schedules: half of them drawn evenly, half by PCT, which prefers the rare ones. It knows nothing
//! of orderings.
//!
//! A failure prints its schedule. To see it again, and nothing else, set `LOCKSET_SCHEDULE` to it
//! and run that one test.

#![cfg(lockset_shuttle)]

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::sync::expire_deadlines;
use lockset_semaphore::{AcquireError, Permit, Policy, SemaphoreWith};
use lockset_sync::explore;
use shuttle::future::{self, block_on};
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::thread::{self, JoinHandle};

/// How many threads there are, and as many tasks.
const EACH: usize = 5;

/// How many schedules of each kind a model is run on.
const SCHEDULES: usize = 5_000;

/// The semaphore, and how many permits its holders have, which shuttle watches: each holder touches
/// it, so that there is a place where others can come in.
struct Room<P: Policy> {
    semaphore: SemaphoreWith<P>,
    out: AtomicUsize,
    /// The most permits that there are at any time of the model.
    most: usize,
}

/// What a worker brings home: how often it was served.
type Served = Result<usize, AcquireError>;

impl<P: Policy> Room<P> {
    fn new(permits: usize, most: usize) -> Arc<Self> {
        let semaphore = SemaphoreWith::new(permits);
        // Used before it is shared, as the seam's atomics and mutex ask for; all of it.
        assert_eq!((semaphore.available(), semaphore.limit()), (permits, permits));
        assert_eq!(semaphore.waiting(), 0);
        Arc::new(Self { semaphore, out: AtomicUsize::new(0), most })
    }

    /// What a holder does: sees that no more are out than there are, before and after others had
    /// their chance.
    fn visit(&self, permit: Permit<&SemaphoreWith<P>>) {
        let n = permit.count();
        // SeqCst: shuttle knows no other.
        assert!(self.out.fetch_add(n, SeqCst) + n <= self.most, "too many are in here");
        assert!(self.out.fetch_sub(n, SeqCst) <= self.most, "too many came in");
    }

    fn start(self: &Arc<Self>, work: impl Fn(&Self) -> Served + Send + 'static) -> Worker {
        let room = Arc::clone(self);
        Worker::Thread(thread::spawn(move || work(&room)))
    }

    fn thread(self: &Arc<Self>, n: usize, times: usize) -> Worker {
        self.start(move |room| {
            for _ in 0..times {
                room.visit(room.semaphore.acquire(n)?);
            }
            Ok(times)
        })
    }

    fn task(self: &Arc<Self>, n: usize, times: usize) -> Worker {
        let room = Arc::clone(self);
        Worker::Task(future::spawn(async move {
            for _ in 0..times {
                room.visit(room.semaphore.acquire_async(n).await?);
            }
            Ok(times)
        }))
    }

    /// As many tasks as threads, which want one or two permits.
    fn waiters(self: &Arc<Self>, times: usize) -> Vec<Worker> {
        let both = |i| [self.thread(1 + i % 2, times), self.task(1 + (i + 1) % 2, times)];
        (0..EACH).flat_map(both).collect()
    }

    fn require_idle(&self, permits: usize) {
        let semaphore = &self.semaphore;
        assert_eq!((semaphore.available(), semaphore.in_use()), (permits, 0), "permits got lost");
        assert_eq!((semaphore.limit(), semaphore.waiting()), (permits, 0));
        if !semaphore.is_closed() {
            let all = semaphore.try_acquire(permits).unwrap();
            assert!(all.is_some(), "the permits are owed to nobody");
        }
    }
}

enum Worker {
    Thread(JoinHandle<Served>),
    Task(future::JoinHandle<Served>),
}

impl Worker {
    fn join(self) -> Served {
        match self {
            Self::Thread(thread) => thread.join().unwrap(),
            Self::Task(task) => block_on(task).unwrap(),
        }
    }
}

/// Everybody acquires twice: one that was served must not forget those who still wait.
fn threads_and_tasks_exclude_each_other<P: Policy>() {
    explore(SCHEDULES, || {
        let room = Room::<P>::new(1, 1);
        let both = |_| [room.thread(1, 2), room.task(1, 2)];
        let workers: Vec<_> = (0..EACH).flat_map(both).collect();
        workers.into_iter().for_each(|worker| assert_eq!(worker.join(), Ok(2)));
        room.require_idle(1);
    });
}

fn many_permits_among_threads_and_tasks<P: Policy>() {
    explore(SCHEDULES, || {
        let room = Room::<P>::new(3, 3);
        room.waiters(2).into_iter().for_each(|worker| assert_eq!(worker.join(), Ok(2)));
        room.require_idle(3);
    });
}

/// Some try, some give up by a deadline, some by being dropped; the others must all be served.
fn those_who_give_up_leave_no_trace<P: Policy>() {
    explore(SCHEDULES, || {
        let room = Room::<P>::new(2, 2);
        let clock = room.start(|_| {
            expire_deadlines();
            Ok(0)
        });
        let mut workers = vec![clock];
        for n in [1, 2] {
            workers.push(room.thread(n, 2));
            workers.push(room.task(3 - n, 2));
            workers.push(room.start(move |room| {
                let permit = room.semaphore.try_acquire(n)?;
                Ok(permit.map(|permit| room.visit(permit)).into_iter().count())
            }));
            workers.push(room.start(move |room| {
                let deadline = Deadline::after(Duration::from_secs(1));
                let permit = room.semaphore.acquire_until(n, deadline)?;
                Ok(permit.map(|permit| room.visit(permit)).into_iter().count())
            }));
            workers.push(room.start(move |room| {
                let mut acquire = Box::pin(room.semaphore.acquire_async(n));
                for _ in 0..2 {
                    let mut context = Context::from_waker(Waker::noop());
                    if let std::task::Poll::Ready(permit) = acquire.as_mut().poll(&mut context) {
                        room.visit(permit?);
                        return Ok(1);
                    }
                    thread::yield_now();
                }
                Ok(0)
            }));
        }
        workers.into_iter().for_each(|worker| assert!(worker.join().is_ok()));
        room.require_idle(2);
    });
}

/// Everybody is served, or told; nobody is left behind.
fn closing_reaches_everybody<P: Policy>() {
    explore(SCHEDULES, || {
        let room = Room::<P>::new(2, 2);
        let mut workers = room.waiters(2);
        workers.push(room.start(|room| {
            room.semaphore.close();
            Ok(0)
        }));
        for worker in workers {
            let answer = worker.join();
            assert!(matches!(answer, Ok(_) | Err(AcquireError::Closed)), "{answer:?}");
        }
        room.require_idle(2);
    });
}

/// The limit goes below what some want, and below what is out, and up again.
fn the_limit_changes_under_everybody<P: Policy>() {
    explore(SCHEDULES, || {
        let room = Room::<P>::new(3, 4);
        let mut workers = room.waiters(1);
        workers.push(room.start(|room| {
            for limit in [1, 4, 2] {
                room.semaphore.set_limit(limit).unwrap();
            }
            Ok(0)
        }));
        workers.push(room.start(|room| {
            if let Some(permit) = room.semaphore.try_acquire(1)? {
                permit.forget();
                room.semaphore.set_limit(3).unwrap();
            }
            Ok(0)
        }));
        for worker in workers {
            let answer = worker.join();
            assert!(
                matches!(answer, Ok(_) | Err(AcquireError::TooMany { asked: 1 | 2, .. })),
                "{answer:?}"
            );
        }
        room.require_idle(room.semaphore.limit());
    });
}

/// The models of one policy.
macro_rules! model_policy {
    ($name:ident: $Policy:ty, $($model:ident),*) => {
        mod $name {
            #[allow(unused_imports, reason = "one of them is")]
            use lockset_semaphore::{Barging, Bounded, Fifo};

            $(
                #[test]
                fn $model() {
                    super::$model::<$Policy>();
                }
            )*
        }
    };
}

macro_rules! model_each_policy {
    ($($model:ident),* $(,)?) => {
        model_policy!(fifo: Fifo, $($model),*);
        model_policy!(bounded: Bounded<2>, $($model),*);
        model_policy!(barging: Barging, $($model),*);
    };
}

model_each_policy!(
    threads_and_tasks_exclude_each_other,
    many_permits_among_threads_and_tasks,
    those_who_give_up_leave_no_trace,
    closing_reaches_everybody,
    the_limit_changes_under_everybody,
);
