//! Counting what waiting cost: an option that takes no room and no time unless it is chosen.

use core::fmt::Debug;
use std::time::{Duration, Instant};

use crate::policy::{Counted, Policy};
use crate::raw::RawMutex;
use crate::sync::Tally;

/// What a mutex with a [`Counted`] policy has counted since it was made.
///
/// ```
/// use lockset_mutex::{Bounded, Counted, HasCounts, MutexWith};
///
/// let mutex = MutexWith::<Counted<Bounded>, _>::new(0);
/// *mutex.lock() += 1;
/// assert_eq!(mutex.counts().waits, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// How often a thread had to wait for the lock.
    pub waits: u64,
    /// How many turns of a spinning wait were made in all (PAUSE, YIELD).
    pub spins: u64,
    /// How often a waiter went to sleep.
    pub parks: u64,
    /// The longest wait that ended in the lock.
    pub longest_wait: Duration,
}

/// A mutex that has counted.
pub trait HasCounts {
    /// What it has counted so far. Each number is up to date; together they are no snapshot.
    fn counts(&self) -> Counts;
}

impl<P: Policy, T: ?Sized> HasCounts for lock_api::Mutex<RawMutex<Counted<P>>, T> {
    fn counts(&self) -> Counts {
        // SAFETY: The raw lock is only read.
        unsafe { self.raw() }.counters().counts()
    }
}

/// Where a lock reports what it does.
#[doc(hidden)]
pub trait Counters: Debug + Send + Sync + 'static {
    const NEW: Self;
    /// What is kept of the moment in which a wait began.
    type Began: Copy;

    fn wait_begins(&self) -> Self::Began;
    fn spun(&self, turns: u32);
    fn parked(&self);
    fn wait_ends(&self, began: Self::Began);
}

/// Counts nothing.
#[derive(Debug)]
pub struct NoCounters;

impl Counters for NoCounters {
    const NEW: Self = Self;
    type Began = ();

    #[inline]
    fn wait_begins(&self) {}
    #[inline]
    fn spun(&self, _turns: u32) {}
    #[inline]
    fn parked(&self) {}
    #[inline]
    fn wait_ends(&self, (): ()) {}
}

/// Counts.
#[derive(Debug)]
pub struct RealCounters {
    waits: Tally,
    spins: Tally,
    parks: Tally,
    longest_wait: Tally,
}

impl RealCounters {
    fn counts(&self) -> Counts {
        Counts {
            waits: self.waits.total(),
            spins: self.spins.total(),
            parks: self.parks.total(),
            longest_wait: Duration::from_nanos(self.longest_wait.total()),
        }
    }
}

impl Counters for RealCounters {
    const NEW: Self = Self {
        waits: Tally::ZERO,
        spins: Tally::ZERO,
        parks: Tally::ZERO,
        longest_wait: Tally::ZERO,
    };
    type Began = Instant;

    fn wait_begins(&self) -> Instant {
        self.waits.add(1);
        Instant::now()
    }

    fn spun(&self, turns: u32) {
        self.spins.add(turns.into());
    }

    fn parked(&self) {
        self.parks.add(1);
    }

    fn wait_ends(&self, began: Instant) {
        let nanoseconds = began.elapsed().as_nanos();
        self.longest_wait.raise_to(nanoseconds.try_into().unwrap_or(u64::MAX));
    }
}
