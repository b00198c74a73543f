//! What the models of the semaphore have in common.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "no test target has a use for all of it"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::{Acquire, AcquireError, Policy, SemaphoreWith};
pub(crate) use lockset_sync::explore as model;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A semaphore, and a number whose every access loom watches: one that the semaphore does not order
/// is a data race.
pub(crate) struct Guarded<P: Policy> {
    pub(crate) semaphore: SemaphoreWith<P>,
    number: UnsafeCell<usize>,
}

// SAFETY: each model says who may use the number, by permits or by the closing; loom fails the
// model should that not suffice.
unsafe impl<P: Policy> Sync for Guarded<P> {}

impl<P: Policy> Guarded<P> {
    pub(crate) fn add_one(&self) {
        // SAFETY: as above.
        self.number.with_mut(|number| unsafe { *number += 1 });
    }

    pub(crate) fn number(&self) -> usize {
        // SAFETY: as above.
        self.number.with(|number| unsafe { *number })
    }
}

/// A semaphore with this many permits, ready to be shared.
pub(crate) fn guarded<P: Policy>(permits: usize) -> Arc<Guarded<P>> {
    let semaphore = used(SemaphoreWith::new(permits));
    Arc::new(Guarded { semaphore, number: UnsafeCell::new(0) })
}

/// As [`guarded`], for models without a number.
pub(crate) fn shared<P: Policy>(permits: usize) -> Arc<SemaphoreWith<P>> {
    Arc::new(used(SemaphoreWith::new(permits)))
}

/// As [`shared`], of one that may be asked for more than there are.
pub(crate) fn growing<P: Policy>(permits: usize) -> Arc<SemaphoreWith<P>> {
    Arc::new(used(SemaphoreWith::growing(permits)))
}

/// Used before it is shared, as the model's words and mutex ask for; all of it.
fn used<P: Policy>(semaphore: SemaphoreWith<P>) -> SemaphoreWith<P> {
    assert_eq!(semaphore.available(), semaphore.limit());
    assert_eq!(semaphore.waiting(), 0);
    semaphore
}

/// At the end of a model nobody holds anything or waits, and so many permits are left.
pub(crate) fn require_idle<P: Policy>(semaphore: &SemaphoreWith<P>, permits: usize) {
    assert_eq!((semaphore.available(), semaphore.limit()), (permits, permits), "permits got lost");
    assert_eq!((semaphore.in_use(), semaphore.waiting()), (0, 0), "somebody is still there");
    if !semaphore.is_closed() && permits > 0 {
        let all = semaphore.try_acquire(permits).unwrap();
        assert!(all.is_some(), "the permits are owed to nobody");
    }
}

/// Some deadline: the model, not the clock, says when it has passed.
pub(crate) fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

/// On a thread of its own: so many times, the permit and the number.
pub(crate) fn add_times<P: Policy>(guarded: &Arc<Guarded<P>>, times: usize) -> JoinHandle<()> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || {
        for _ in 0..times {
            let _permit = guarded.semaphore.acquire(1).unwrap();
            guarded.add_one();
        }
    })
}

/// On a thread of its own: `n` permits, given back at once.
pub(crate) fn acquire<P: Policy>(
    semaphore: &Arc<SemaphoreWith<P>>,
    n: usize,
) -> JoinHandle<Result<(), AcquireError>> {
    let semaphore = Arc::clone(semaphore);
    thread::spawn(move || semaphore.acquire(n).map(drop))
}

/// As [`acquire`], until the model's clock strikes; whether it got them.
pub(crate) fn acquire_in_time<P: Policy>(
    semaphore: &Arc<SemaphoreWith<P>>,
    n: usize,
) -> JoinHandle<Result<Option<()>, AcquireError>> {
    let semaphore = Arc::clone(semaphore);
    thread::spawn(move || Ok(semaphore.acquire_until(n, deadline())?.map(drop)))
}

/// One step of a task that nobody wakes; what it was granted is given back at once.
pub(crate) fn poll<P: Policy>(
    acquire: &mut Pin<Box<Acquire<&SemaphoreWith<P>>>>,
) -> Poll<Result<(), AcquireError>> {
    acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())).map_ok(drop)
}

/// Makes a module of tests for each policy, from generic functions beside it: `name(bound)`, the
/// bound on preemptions in it.
macro_rules! model_each_policy {
    ($($model:ident($bound:expr)),* $(,)?) => {
        $crate::common::model_policy!(fifo: Fifo, $($model($bound)),*);
        $crate::common::model_policy!(bounded: Bounded<1>, $($model($bound)),*);
        $crate::common::model_policy!(barging: Barging, $($model($bound)),*);
    };
}
pub(crate) use model_each_policy;

/// The same for one policy.
macro_rules! model_policy {
    ($name:ident: $Policy:ty, $($model:ident($bound:expr)),* $(,)?) => {
        mod $name {
            #[allow(unused_imports, reason = "one of them is")]
            use lockset_semaphore::{Barging, Bounded, Fifo};

            $(
                #[test]
                fn $model() {
                    super::$model::<$Policy>($bound);
                }
            )*
        }
    };
}
pub(crate) use model_policy;
