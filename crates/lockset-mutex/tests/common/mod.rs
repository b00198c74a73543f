//! What the models of the mutex to use have in common.

#![allow(dead_code, reason = "no test target has a use for all of it")]

use std::sync::Arc;
use std::time::Instant;

use lockset_mutex::{Cancel, LockUnless, MutexWith, Policy};
pub(crate) use lockset_sync::explore as model;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A counter whose every access loom watches: one outside the lock, or not ordered by it, is a
/// data race.
pub(crate) type Counter<P> = MutexWith<P, UnsafeCell<usize>>;

pub(crate) fn counter<P: Policy>() -> Arc<Counter<P>> {
    let counter = Arc::new(Counter::<P>::new(UnsafeCell::new(0)));
    // Used before it is shared, as the model's words ask for; all of it.
    assert!(!counter.is_locked());
    drop(counter.lock());
    counter
}

pub(crate) fn cancel() -> Arc<Cancel> {
    let cancel = Arc::new(Cancel::new());
    // As above: the switch, and the mutex of its list, which is tried for printing it.
    assert!(!cancel.is_cancelled());
    assert!(!format!("{cancel:?}").is_empty());
    cancel
}

pub(crate) fn add_one(cell: &UnsafeCell<usize>) {
    // SAFETY: the caller holds the lock, and loom fails the model should that not suffice.
    cell.with_mut(|count| unsafe { *count += 1 });
}

pub(crate) fn read(cell: &UnsafeCell<usize>) -> usize {
    // SAFETY: as in `add_one`.
    cell.with(|count| unsafe { *count })
}

pub(crate) fn count<P: Policy>(counter: &Counter<P>) -> usize {
    read(&counter.lock())
}

pub(crate) fn lock_times<P: Policy>(counter: &Arc<Counter<P>>, times: usize) -> JoinHandle<()> {
    let counter = Arc::clone(counter);
    thread::spawn(move || (0..times).for_each(|_| add_one(&counter.lock())))
}

/// Waits until the model's clock strikes; whether it got the lock.
pub(crate) fn lock_in_time<P: Policy>(counter: &Arc<Counter<P>>) -> JoinHandle<bool> {
    let counter = Arc::clone(counter);
    thread::spawn(move || counter.try_lock_until(Instant::now()).map(|c| add_one(&c)).is_some())
}

/// Waits until the switch is thrown; whether it got the lock.
pub(crate) fn lock_unless<P: Policy>(
    counter: &Arc<Counter<P>>,
    cancel: &Arc<Cancel>,
) -> JoinHandle<bool> {
    let (counter, cancel) = (Arc::clone(counter), Arc::clone(cancel));
    thread::spawn(move || counter.lock_unless(&cancel).map(|c| add_one(&c)).is_some())
}

/// Makes a module of tests for each policy, from generic functions beside it: `name(bound)`, the
/// bound on preemptions in it.
macro_rules! model_each_policy {
    ($($model:ident($bound:expr)),* $(,)?) => {
        $crate::common::model_policy!(bounded: Bounded, $($model($bound)),*);
        $crate::common::model_policy!(barging: Barging, $($model($bound)),*);
        $crate::common::model_policy!(fifo: Fifo, $($model($bound)),*);
        $crate::common::model_policy!(asymmetric_policy: Asymmetric<Bounded>, $($model($bound)),*);
    };
}
pub(crate) use model_each_policy;

/// The same for one policy.
macro_rules! model_policy {
    ($name:ident: $Policy:ty, $($model:ident($bound:expr)),*) => {
        mod $name {
            #[allow(unused_imports, reason = "one of them is")]
            use lockset_mutex::{Asymmetric, Barging, Bounded, Fifo};

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
