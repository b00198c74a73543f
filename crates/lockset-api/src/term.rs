//! How long a lease lasts, and who is told when it ends.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::Deadline;
use crate::timer::Alarm;

/// Why a lease was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// Its time ran out, by this process's clock, before a renewal succeeded.
    Expired,
    /// The server said that it is no longer ours.
    Revoked,
}

/// How a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Its holder gave it back.
    Released,
    /// It was taken away.
    Lost(Loss),
}

/// The term of one lease: whoever keeps the lease extends and ends it, and [`Lost`] watches it.
///
/// For those who write a lock. Two rules make it trustworthy: the first end is the only one, and a
/// term whose instant has passed *has* ended, whether or not anybody got round to saying so. A
/// process that was stopped for a minute finds its lease lost at the first look.
///
/// ```
/// use lockset_api::{Deadline, End, Loss, Term};
/// use std::time::{Duration, Instant};
///
/// let term = Term::until(Instant::now() + Duration::from_millis(20));
/// assert!(!term.lost().is_lost());
/// assert_eq!(term.lost().wait(Deadline::NEVER), Some(End::Lost(Loss::Expired)));
/// assert_eq!(term.end(End::Released), End::Lost(Loss::Expired));
/// ```
#[derive(Clone, Debug)]
pub struct Term(Arc<Shared>);

/// Tells when a lease is lost: a flag, a blocking wait, and a future.
///
/// As a future it resolves to the lease's [`End`], also when it was released, so that nobody waits
/// for ever for a lease that is gone. Cancel-safe: dropping it forgets nothing.
#[derive(Debug)]
#[must_use = "it only tells whoever looks, waits or awaits"]
pub struct Lost {
    term: Term,
    alarm: Alarm,
    watcher: Option<u64>,
}

#[derive(Debug)]
struct Shared {
    /// What time it is: the system's monotonic clock, or a simulated one.
    now: fn() -> Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    until: Instant,
    end: Option<End>,
    watchers: BTreeMap<u64, Waker>,
    next_watcher: u64,
    /// How many threads wait. Telling a condition variable for which nobody waits is a system call
    /// all the same, and every lease ends.
    waiting: usize,
}

impl Term {
    /// A term that ends at `until` unless it is extended.
    #[must_use]
    pub fn until(until: Instant) -> Self {
        Self::until_by(Instant::now, until)
    }

    /// A term by a clock that need not be the system's: in a simulation, time is what the simulator
    /// says.
    ///
    /// A simulated clock wakes nobody, so whoever keeps such a lease has to [`end`](Self::end) the
    /// term when its time is over. The flag and [`remaining`](Self::remaining) ask the clock.
    #[must_use]
    pub fn until_by(now: fn() -> Instant, until: Instant) -> Self {
        let watchers = BTreeMap::new();
        let state = State { until, end: None, watchers, next_watcher: 0, waiting: 0 };
        Self(Arc::new(Shared { now, state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// Moves the end to `until`, after a renewal.
    ///
    /// # Errors
    ///
    /// The end, if the term had ended before: what has been lost cannot be extended.
    pub fn extend(&self, until: Instant) -> Result<(), End> {
        let mut state = self.settled();
        match state.end {
            Some(end) => Err(end),
            None => {
                state.until = until;
                Ok(())
            }
        }
    }

    /// Ends the term and tells whoever watches; returns how it ended, which is how it ended first.
    pub fn end(&self, end: End) -> End {
        let mut state = self.settled();
        let first = *state.end.get_or_insert(end);
        self.announce(state);
        first
    }

    /// How the term ended; `None` while it runs.
    #[must_use]
    pub fn ended(&self) -> Option<End> {
        self.settled().end
    }

    /// When it ends, unless it is extended.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.lock().until
    }

    /// What is left of it; zero once it has ended.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let state = self.settled();
        if state.end.is_some() {
            return Duration::ZERO;
        }
        state.until.saturating_duration_since((self.0.now)())
    }

    /// A watcher of this term.
    pub fn lost(&self) -> Lost {
        Lost { term: self.clone(), alarm: Alarm::new(), watcher: None }
    }

    /// The state, its end decided if its instant has passed.
    fn settled(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.end.is_none() && state.until <= (self.0.now)() {
            state.end = Some(End::Lost(Loss::Expired));
            self.announce(state);
            state = self.lock();
        }
        state
    }

    /// Wakes everybody, after the state has been let go: a waker may call back in.
    fn announce(&self, mut state: MutexGuard<'_, State>) {
        let watchers = core::mem::take(&mut state.watchers);
        let does_anybody_wait = state.waiting > 0;
        drop(state);
        if does_anybody_wait {
            self.0.changed.notify_all();
        }
        // Each of them, even if one panics: it is somebody else's code.
        let wake = |watcher: Waker| catch_unwind(AssertUnwindSafe(|| watcher.wake())).err();
        let panics: Vec<_> = watchers.into_values().filter_map(wake).collect();
        if let Some(first) = panics.into_iter().next() {
            resume_unwind(first);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lost {
    /// Whether the lease has been lost. A lease that was released was not.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.term.ended(), Some(End::Lost(_)))
    }

    /// Waits until the lease ends; `None` if `deadline` passed first.
    #[must_use]
    pub fn wait(&self, deadline: Deadline) -> Option<End> {
        let mut state = self.term.settled();
        loop {
            if state.end.is_some() || deadline.has_passed() {
                return state.end;
            }
            let until = deadline.or_at(state.until);
            let timeout = until.saturating_duration_since((self.term.0.now)());
            state.waiting += 1;
            let waited = self.term.0.changed.wait_timeout(state, timeout);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            drop(state);
            state = self.term.settled();
        }
    }
}

impl Future for Lost {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        let term = self.term.clone();
        // Cloned and dropped outside the lock: both are somebody else's code.
        let waker = context.waker().clone();
        let mut state = term.settled();
        if let Some(end) = state.end {
            return Poll::Ready(end);
        }
        let watcher = self.watcher.unwrap_or(state.next_watcher);
        if self.watcher.is_none() {
            self.watcher = Some(watcher);
            state.next_watcher += 1;
        }
        let before = state.watchers.insert(watcher, waker);
        let until = state.until;
        drop(state);
        drop(before);
        // A renewal moves `until` without a wake-up; the alarm then finds the later one.
        self.alarm.set(until, context.waker());
        Poll::Pending
    }
}

impl Clone for Lost {
    fn clone(&self) -> Self {
        self.term.lost()
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher {
            // The statement's end lets the lock go, before the waker is dropped.
            let waker = self.term.lock().watchers.remove(&watcher);
            drop(waker);
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "its time ran out before it was renewed",
            Self::Revoked => "the server no longer knows it as ours",
        })
    }
}
