//! What the models of the file lock have in common.

#![allow(dead_code, unused_imports, reason = "no test target has a use for all of it")]

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::{AsyncLock, AsyncSharedLock, Deadline, Error, Lock, SharedLock};
use lockset_file::sync::{Outsider, join_helpers};
use lockset_file::{FileLock, Mode, Options};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

/// A lock, and a number whose every access loom watches: one that the lock does not order is a data
/// race. Other processes use it as well, as they do what is in a file.
pub(crate) struct Guarded {
    pub(crate) lock: FileLock,
    number: UnsafeCell<usize>,
}

// SAFETY: each model says who may use the number, by the lock; loom fails the model should that not
// suffice.
unsafe impl Sync for Guarded {}
// SAFETY: as above.
unsafe impl Send for Guarded {}

impl Guarded {
    pub(crate) fn add_one(&self) {
        // SAFETY: as above.
        self.number.with_mut(|number| unsafe { *number += 1 });
    }

    pub(crate) fn number(&self) -> usize {
        // SAFETY: as above.
        self.number.with(|number| unsafe { *number })
    }
}

/// Runs a model with a lock on a file, which is made once, and how to behave; all its schedules.
pub(crate) fn model(
    preemptions: Option<usize>,
    options: Options,
    model: impl Fn(Arc<Guarded>) + Send + Sync + 'static,
) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("lock");
    lockset_sync::explore(preemptions, move || {
        let lock = options.clone().open(&path).expect("opens");
        // Used before it is shared, as the model's statics ask for.
        drop(lock.try_lock().expect("asks").expect("it is new"));
        model(Arc::new(Guarded { lock, number: UnsafeCell::new(0) }));
    });
}

/// At the end of a model nobody holds the lock or waits for it, nor does any helper.
pub(crate) fn require_idle(guarded: &Guarded) {
    join_helpers();
    let shown = format!("{:?}", guarded.lock);
    assert!(shown.contains("held: Free, waiting: 0"), "{shown}");
    assert!(Outsider::try_lock(Mode::Exclusive).is_some(), "another process is kept out");
}

/// Some deadline: the model, not the clock, says when it has passed.
pub(crate) fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

/// On a thread of its own.
pub(crate) fn start<T: 'static>(
    guarded: &Arc<Guarded>,
    work: impl FnOnce(&Guarded) -> T + Send + 'static,
) -> JoinHandle<T> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || work(&guarded))
}

/// A thread that waits for as long as it takes.
pub(crate) fn patient(guarded: &Arc<Guarded>, times: usize) -> JoinHandle<()> {
    start(guarded, move |guarded| {
        for _ in 0..times {
            let _guard = guarded.lock.lock().expect("locks");
            guarded.add_one();
        }
    })
}

/// A thread with a deadline; whether it was in time.
pub(crate) fn timed(guarded: &Arc<Guarded>) -> JoinHandle<bool> {
    start(guarded, |guarded| {
        let guard = guarded.lock.lock_until(deadline()).expect("locks");
        guard.as_ref().map(|_| guarded.add_one()).is_some()
    })
}

/// A task.
pub(crate) fn task(guarded: &Arc<Guarded>) -> JoinHandle<()> {
    start(guarded, |guarded| {
        let guard = loom::future::block_on(guarded.lock.lock_async()).expect("locks");
        guarded.add_one();
        drop(guard);
    })
}

/// A task that is polled once and dropped, and what it had then; whether it had the lock.
pub(crate) fn dropped(guarded: &Arc<Guarded>) -> JoinHandle<bool> {
    start(guarded, |guarded| {
        let polled = Box::pin(guarded.lock.lock_async())
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|guard| guard.map(|_guard| guarded.add_one()).expect("locks")).is_ready()
    })
}

/// What another process does with the lock.
pub(crate) fn visit(guarded: &Guarded, _process: Outsider) {
    guarded.add_one();
}
