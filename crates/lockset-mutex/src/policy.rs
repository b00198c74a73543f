//! What a mutex is made of, chosen by type: who may overtake whom, how it is unlocked, whether its
//! guard may be sent, whether it counts.
//!
//! A policy is a type that is never made. There are three to begin with, and adapters that change
//! one thing about another policy:
//!
//! ```
//! use lockset_mutex::{Counted, Fifo, MutexWith, Sendable};
//!
//! let queue: MutexWith<Sendable<Counted<Fifo>>, Vec<u32>> = MutexWith::new(vec![]);
//! queue.lock().push(7);
//! ```
//!
//! | policy | who may overtake a waiter |
//! |---|---|
//! | [`Bounded`] | newcomers, for as long as the waiter has patience; then it is served |
//! | [`Barging`] | newcomers, without an end |
//! | [`Fifo`] | nobody |

use core::fmt::Debug;
use core::marker::PhantomData;

use lock_api::{GuardNoSend, GuardSend};

use crate::counts::{Counters, NoCounters, RealCounters};
use crate::unlock::{Exchange, Store, Unlock};

/// How a [`RawMutex`](crate::RawMutex) behaves. It is sealed: the model checker has seen these
/// policies, and no others.
pub trait Policy: sealed::Sealed + Debug + 'static {
    #[doc(hidden)]
    const FAIRNESS: Fairness;
    #[doc(hidden)]
    type Unlock: Unlock;
    #[doc(hidden)]
    type Guard: GuardMarker;
    #[doc(hidden)]
    type Counters: Counters;
}

/// Who may overtake whom. Spans of time are in nanoseconds of spinning.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fairness {
    /// How long the contender lets others overtake it before it asks for the lock, if nobody sleeps
    /// behind it; and if somebody does.
    pub(crate) patience: Option<Patience>,
    /// How many newcomers in a row may become the contender while others sleep.
    pub(crate) skips: u32,
    /// Whether a free lock goes to a waiter rather than to a newcomer, always.
    pub(crate) is_strict: bool,
}

/// How long a contender waits before it asks for the lock, in nanoseconds of spinning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub(crate) alone: u32,
    pub(crate) with_sleepers: u32,
}

/// Newcomers may overtake a waiter for a while, then it is served: nobody starves.
///
/// The default. A waiter that is awake is overtaken for a few microseconds to a few tens of them;
/// then the lock is reserved for it. The next one to wait awake is the one that has waited longest,
/// after at most two newcomers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Bounded {}

/// Newcomers may overtake a waiter without an end: less processor time, and no promise to anybody.
#[derive(Debug)]
#[non_exhaustive]
pub enum Barging {}

/// Nobody overtakes a waiter: each unlock hands the lock over, if need be to a thread that sleeps.
///
/// It costs a switch of threads for nearly every contended section, so it is by far the slowest
/// under contention. Waiters are served in the order in which they went to sleep. Throwing a
/// [`Cancel`](crate::Cancel) wakes up all who wait for the lock, and those who wait on go to sleep
/// anew.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fifo {}

/// The policy `P`, with guards that may be sent to another thread, and unlocked there.
#[derive(Debug)]
pub struct Sendable<P>(PhantomData<P>);

/// The policy `P`, unlocked by a store instead of an exchange: half as dear without contention.
///
/// A waiter that goes to sleep makes up for it by a call that interrupts every processor that runs
/// this program (membarrier(2)); so it is for locks that are rarely contended. Where the kernel
/// refuses the call, and anywhere but on Linux, it is unlocked by a fence and a store, which is
/// somewhat dearer than the exchange. The first use asks the kernel once, which takes it some
/// milliseconds if the process has several threads by then.
#[derive(Debug)]
pub struct Asymmetric<P>(PhantomData<P>);

/// The policy `P`, which counts: see [`Counts`](crate::Counts). It takes 32 bytes more.
#[derive(Debug)]
pub struct Counted<P>(PhantomData<P>);

/// What lets a guard be sent, or not.
#[doc(hidden)]
pub trait GuardMarker: 'static {
    const NEW: Self;
}

impl GuardMarker for GuardNoSend {
    const NEW: Self = Self::new();
}

impl GuardMarker for GuardSend {
    const NEW: Self = Self::new();
}

macro_rules! policy {
    ($policy:ty, $fairness:expr) => {
        impl Policy for $policy {
            const FAIRNESS: Fairness = $fairness;
            type Unlock = Exchange;
            type Guard = GuardNoSend;
            type Counters = NoCounters;
        }
    };
}

// About a wake-up's time if only one waits, since then both run; three of them with others asleep,
// since their turns cost one.
policy!(
    Bounded,
    Fairness {
        patience: Some(Patience { alone: 8_000, with_sleepers: 24_000 }),
        skips: 2,
        is_strict: false,
    }
);
policy!(Barging, Fairness { patience: None, skips: 3, is_strict: false });
policy!(
    Fifo,
    Fairness { patience: Some(Patience { alone: 0, with_sleepers: 0 }), skips: 0, is_strict: true }
);

impl<P: Policy> Policy for Sendable<P> {
    const FAIRNESS: Fairness = P::FAIRNESS;
    type Unlock = P::Unlock;
    type Guard = GuardSend;
    type Counters = P::Counters;
}

impl<P: Policy> Policy for Asymmetric<P> {
    const FAIRNESS: Fairness = P::FAIRNESS;
    type Unlock = Store;
    type Guard = P::Guard;
    type Counters = P::Counters;
}

impl<P: Policy> Policy for Counted<P> {
    const FAIRNESS: Fairness = P::FAIRNESS;
    type Unlock = P::Unlock;
    type Guard = P::Guard;
    type Counters = RealCounters;
}

mod sealed {
    use super::{Asymmetric, Barging, Bounded, Counted, Fifo, Sendable};

    pub trait Sealed {}

    impl Sealed for Bounded {}
    impl Sealed for Barging {}
    impl Sealed for Fifo {}
    impl<P> Sealed for Sendable<P> {}
    impl<P> Sealed for Asymmetric<P> {}
    impl<P> Sealed for Counted<P> {}
}
