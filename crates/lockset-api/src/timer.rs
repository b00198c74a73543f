//! Wake-ups at an instant, for futures that run in any runtime or in none.
//!
//! One thread for the whole process, started by the first alarm that is set, sleeps until the
//! earliest instant and wakes who asked for it.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use std::{process, thread};

/// The alarms of one process, and those of the children that were forked from it, as each sees it.
///
/// A forked child has not the thread that looks after its parent's. It gets alarms of its own,
/// behind its parent's, which it never locks: a thread that it does not have may have had them
/// locked when the child was made.
#[derive(Debug)]
struct Timer {
    process: u32,
    alarms: Mutex<Alarms>,
    changed: Condvar,
    next: OnceLock<Box<Self>>,
}

#[derive(Debug, Default)]
struct Alarms {
    set: BTreeMap<(Instant, u64), Waker>,
    /// Whether the thread has been started.
    are_watched: bool,
}

/// Tells alarms of one instant apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Timer {
    fn new() -> Self {
        let (alarms, changed) = (Mutex::default(), Condvar::new());
        Self { process: process::id(), alarms, changed, next: OnceLock::new() }
    }

    fn current() -> &'static Self {
        static FIRST: OnceLock<Timer> = OnceLock::new();
        let mut timer = FIRST.get_or_init(Self::new);
        while timer.is_foreign() {
            timer = timer.next.get_or_init(|| Box::new(Self::new()));
        }
        timer
    }

    /// Whether it is the one of a process that this one was forked from.
    fn is_foreign(&self) -> bool {
        self.process != process::id()
    }

    fn lock(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread does.
    fn watch(&self) {
        let mut alarms = self.lock();
        loop {
            let now = Instant::now();
            match alarms.set.first_key_value().map(|((at, _), _)| *at) {
                None => alarms = self.changed.wait(alarms).unwrap_or_else(PoisonError::into_inner),
                Some(at) if at > now => {
                    let waited = self.changed.wait_timeout(alarms, at - now);
                    alarms = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => {
                    let due = alarms.set.pop_first();
                    // A waker is somebody else's code. It may set another alarm, so it is called
                    // with the list let go; and if it panics, which has been reported then, that
                    // is not to keep all others waiting.
                    drop(alarms);
                    let wake = || due.into_iter().for_each(|(_, waker)| waker.wake());
                    let _ = catch_unwind(AssertUnwindSafe(wake));
                    alarms = self.lock();
                }
            }
        }
    }
}

impl Alarms {
    /// Starts the thread, if it has not been started yet.
    ///
    /// # Panics
    ///
    /// When the process cannot have one more; the next one who needs it tries again.
    fn see_to_the_watch(&mut self, timer: &'static Timer) {
        if !self.are_watched {
            let thread = thread::Builder::new().name("lockset-timer".into());
            let started = thread.spawn(|| timer.watch());
            started.expect("the process can start one more thread");
            self.are_watched = true;
        }
    }
}

/// One wake-up that can be moved and is taken back when dropped.
#[derive(Debug)]
pub(crate) struct Alarm {
    id: u64,
    /// For when it is set, and with which timer.
    at: Option<(Instant, &'static Timer)>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        // Relaxed: the number only has to be unlike every other.
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), at: None }
    }

    /// Wakes `waker` at `at`, and nobody else whom this alarm was set for before.
    pub(crate) fn set(&mut self, at: Instant, waker: &Waker) {
        self.take_back();
        // Cloned and dropped outside the lock: both are somebody else's code.
        let waker = waker.clone();
        let timer = Timer::current();
        let mut alarms = timer.lock();
        alarms.see_to_the_watch(timer);
        alarms.set.insert((at, self.id), waker);
        let first = alarms.set.first_key_value().is_some_and(|(key, _)| *key == (at, self.id));
        drop(alarms);
        self.at = Some((at, timer));
        if first {
            timer.changed.notify_one();
        }
    }

    fn take_back(&mut self) {
        if let Some((at, timer)) = self.at.take()
            && !timer.is_foreign()
        {
            let waker = timer.lock().set.remove(&(at, self.id));
            drop(waker);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Resolves at an instant.
#[derive(Debug)]
pub(crate) struct Sleep {
    until: Instant,
    alarm: Alarm,
}

impl Sleep {
    pub(crate) fn until(until: Instant) -> Self {
        Self { until, alarm: Alarm::new() }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.until <= Instant::now() {
            return Poll::Ready(());
        }
        let until = self.until;
        self.alarm.set(until, context.waker());
        Poll::Pending
    }
}
