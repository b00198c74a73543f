//! The shipped condition variable, with the shipped mutex, under the model checker.
//!
//! Run by `cargo xtask test`. By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-mutex --test loom_condvar`.
//!
//! A notification that is lost shows as a deadlock. Every wait here is one for a condition that
//! comes true, so whoever is left asleep has been forgotten.
//!
//! One thread that waits once for another is explored exhaustively; the mutex has many
//! interleavings of its own, so the others are explored as far as takes seconds.

#![cfg(lockset_loom)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockset_mutex::sync::expire_deadlines;
use lockset_mutex::{Condvar, Mutex};
use lockset_sync::explore as model;
use loom::thread::{self, JoinHandle};

/// How many may pass, and where those wait who may not yet.
struct Gate {
    passes: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    fn new() -> Arc<Self> {
        let gate = Self { passes: Mutex::new(0), changed: Condvar::new() };
        // Used before it is shared, as the model's words ask for; all of it.
        assert!(!gate.passes.is_locked());
        drop(gate.passes.lock());
        let _ = format!("{:?}", gate.changed.raw());
        Arc::new(gate)
    }

    /// Waits for a pass, and uses it up.
    fn pass(&self) {
        let mut passes = self.passes.lock();
        self.changed.wait_while(&mut passes, |passes| *passes == 0);
        *passes -= 1;
    }

    fn start(self: &Arc<Self>, role: impl FnOnce(&Self) + 'static) -> JoinHandle<()> {
        let gate = Arc::clone(self);
        thread::spawn(move || role(&gate))
    }

    /// Adds a pass, and notifies without the mutex.
    fn add_one(&self) {
        *self.passes.lock() += 1;
        self.changed.notify_one();
    }
}

#[test]
fn no_notification_is_lost_between_unlocking_and_sleeping() {
    model(None, || {
        let gate = Gate::new();
        let waiter = gate.start(Gate::pass);
        gate.add_one();
        waiter.join().unwrap();
    });
}

#[test]
fn a_notification_with_the_mutex_locked() {
    model(Some(5), || {
        let gate = Gate::new();
        let waiter = gate.start(Gate::pass);
        let mut passes = gate.passes.lock();
        *passes += 1;
        gate.changed.notify_one();
        drop(passes);
        waiter.join().unwrap();
    });
}

/// Each waits for the other, in turn.
#[test]
fn ping_pong() {
    const TURNS: usize = 2;
    fn play(gate: &Gate, mine: usize) {
        for turn in 0..TURNS {
            let mut passes = gate.passes.lock();
            gate.changed.wait_while(&mut passes, |passes| *passes != 2 * turn + mine);
            *passes += 1;
            drop(passes);
            gate.changed.notify_one();
        }
    }
    model(Some(3), || {
        let gate = Gate::new();
        let other = gate.start(|gate| play(gate, 1));
        play(&gate, 0);
        other.join().unwrap();
        assert_eq!(*gate.passes.lock(), 2 * TURNS);
    });
}

/// A notification that comes just before a waiter must leave nothing behind that makes a later one
/// seem needless.
#[test]
fn a_notification_for_nobody_does_no_harm() {
    model(Some(5), || {
        let gate = Gate::new();
        let waiter = gate.start(Gate::pass);
        gate.changed.notify_one();
        gate.add_one();
        waiter.join().unwrap();
    });
}

#[test]
fn a_waiter_that_comes_back_is_notified_again() {
    model(Some(3), || {
        let gate = Gate::new();
        let waiter = gate.start(|gate| {
            gate.pass();
            gate.pass();
        });
        gate.add_one();
        gate.add_one();
        waiter.join().unwrap();
    });
}

/// Two notifications for two waiters: the second one must not be taken for the first one again.
#[test]
fn each_of_two_waiters_is_notified() {
    model(Some(2), || {
        let gate = Gate::new();
        let waiters = [gate.start(Gate::pass), gate.start(Gate::pass)];
        *gate.passes.lock() += 2;
        gate.changed.notify_one();
        gate.changed.notify_one();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// The notifiers are two threads, and neither has the mutex when it notifies.
#[test]
fn two_threads_notify_one_waiter() {
    model(Some(1), || {
        let gate = Gate::new();
        let notifiers = [gate.start(Gate::add_one), gate.start(Gate::add_one)];
        let mut passes = gate.passes.lock();
        gate.changed.wait_while(&mut passes, |passes| *passes < 2);
        drop(passes);
        notifiers.into_iter().for_each(|notifier| notifier.join().unwrap());
    });
}

#[test]
fn all_are_notified_at_once() {
    model(Some(2), || {
        let gate = Gate::new();
        let waiters = [gate.start(Gate::pass), gate.start(Gate::pass)];
        *gate.passes.lock() += 2;
        gate.changed.notify_all();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// A wait that timed out says so only when its deadline has passed, and ends by itself.
#[test]
fn a_timed_wait_ends() {
    model(None, || {
        let gate = Gate::new();
        let clock = thread::spawn(expire_deadlines);
        let mut passes = gate.passes.lock();
        let deadline = Instant::now();
        let waited = gate.changed.wait_while_until(&mut passes, |passes| *passes == 0, deadline);
        assert!(waited.timed_out(), "there was no notification");
        let timeout = Duration::from_secs(1);
        let waited = gate.changed.wait_while_for(&mut passes, |passes| *passes == 0, timeout);
        assert!(waited.timed_out(), "a span of time is a deadline as well");
        drop(passes);
        clock.join().unwrap();
    });
}

/// Neither the word that waiters sleep on nor their count is changed, and so nobody is called.
#[test]
fn a_notification_for_nobody_changes_nothing() {
    model(None, || {
        let gate = Gate::new();
        let before = format!("{:?}", gate.changed.raw());
        gate.changed.notify_one();
        gate.changed.notify_all();
        assert_eq!(format!("{:?}", gate.changed.raw()), before);
    });
}

/// A waiter whose deadline passes must not swallow the wake-up that another one could have had.
#[test]
fn a_waiter_that_gives_up_takes_no_notification_with_it() {
    model(Some(1), || {
        let gate = Gate::new();
        let patient = gate.start(Gate::pass);
        let notifier = gate.start(|gate| {
            *gate.passes.lock() += 1;
            expire_deadlines();
            gate.changed.notify_one();
        });
        let mut passes = gate.passes.lock();
        let waited = gate.changed.wait_until(&mut passes, Instant::now());
        drop(passes);
        if !waited.timed_out() {
            // It was woken, so it may have been instead of the other one.
            gate.changed.notify_one();
        }
        patient.join().unwrap();
        notifier.join().unwrap();
    });
}

/// One that gave up, just as it was about to be woken, waits again and is found.
#[test]
fn a_waiter_that_gave_up_and_comes_back_is_notified() {
    model(Some(3), || {
        let gate = Gate::new();
        let waiter = gate.start(|gate| {
            let mut passes = gate.passes.lock();
            gate.changed.wait_until(&mut passes, Instant::now());
            gate.changed.wait_while(&mut passes, |passes| *passes == 0);
        });
        let clock = thread::spawn(expire_deadlines);
        gate.changed.notify_one();
        gate.add_one();
        waiter.join().unwrap();
        clock.join().unwrap();
    });
}
