//! Wake-ups at an instant, for futures that run in any runtime or in none.
//!
//! One thread for the whole process, started by the first alarm that is set, sleeps until the
//! earliest instant and wakes who asked for it.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

static ALARMS: Mutex<BTreeMap<(Instant, u64), Waker>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();
static THREAD: LazyLock<()> = LazyLock::new(|| {
    thread::Builder::new()
        .name("lockset-timer".into())
        .spawn(run)
        .map(drop)
        .expect("the process can start one more thread");
});
/// Tells alarms of one instant apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// One wake-up that can be moved and is taken back when dropped.
#[derive(Debug)]
pub(crate) struct Alarm {
    id: u64,
    at: Option<Instant>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        // Relaxed: the number only has to be unlike every other.
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), at: None }
    }

    /// Wakes `waker` at `at`, and nobody else whom this alarm was set for before.
    pub(crate) fn set(&mut self, at: Instant, waker: &Waker) {
        LazyLock::force(&THREAD);
        // Cloned and dropped outside the lock: both are somebody else's code.
        let waker = waker.clone();
        let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.at.replace(at).and_then(|before| alarms.remove(&(before, self.id)));
        alarms.insert((at, self.id), waker);
        let first = alarms.first_key_value().is_some_and(|(key, _)| *key == (at, self.id));
        drop(alarms);
        drop(before);
        if first {
            CHANGED.notify_one();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(at) = self.at {
            let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
            let waker = alarms.remove(&(at, self.id));
            drop(alarms);
            drop(waker);
        }
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

fn run() {
    let mut alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let now = Instant::now();
        match alarms.first_key_value().map(|((at, _), _)| *at) {
            None => alarms = CHANGED.wait(alarms).unwrap_or_else(PoisonError::into_inner),
            Some(at) if at > now => {
                let waited = CHANGED.wait_timeout(alarms, at - now);
                alarms = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(_) => {
                let due = alarms.pop_first();
                // A waker may set another alarm, so it is called with the list let go.
                drop(alarms);
                due.into_iter().for_each(|(_, waker)| waker.wake());
                alarms = ALARMS.lock().unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}
