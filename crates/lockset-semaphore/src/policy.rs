//! Who may pass whom, chosen by type.
//!
//! | policy | who may pass a waiter |
//! |---|---|
//! | [`Fifo`] | nobody |
//! | [`Bounded`] | requests that fit while it does not, so many times |
//! | [`Barging`] | newcomers, without an end |

use core::fmt::Debug;

use crate::word::WAITERS;

/// How a [`SemaphoreWith`](crate::SemaphoreWith) chooses. It is sealed: the model checker has seen
/// these policies, and no others.
pub trait Policy: sealed::Sealed + Debug + Send + Sync + 'static {
    #[doc(hidden)]
    const RULES: Rules;
}

/// What a policy is made of.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules {
    /// Whether newcomers take what is free without a look at the queue. A waiter is then called
    /// rather than granted, and has to take for itself.
    pub(crate) is_open: bool,
    /// How often the first in the queue is passed by requests that fit while it does not; and how
    /// far behind it such requests are looked for.
    pub(crate) passes: u32,
}

impl Rules {
    /// The bits of the word that a newcomer does not pass.
    pub(crate) const fn obstacles(self) -> usize {
        if self.is_open { 0 } else { WAITERS }
    }
}

/// First come, first served: the default.
///
/// A request keeps its place until all its permits are there, and those behind it wait. So no
/// request starves, however large. A contended permit goes to a thread that may have to be woken
/// first, which costs a switch of threads; where permits change hands every microsecond, that is
/// most of the time.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fifo {}

/// First come, first served, but a large request that does not fit is passed up to `PASSES` times
/// by small ones that do.
///
/// So permits do not lie idle behind a large request, and it does not starve: once it has been
/// passed that often, nobody passes it any more. Only the `PASSES` waiters behind it, and
/// newcomers, may pass it; who is the `k`th in the queue is passed `k * PASSES` times at most.
/// `try_acquire` passes nobody.
#[derive(Debug)]
#[non_exhaustive]
pub enum Bounded<const PASSES: u32 = 16> {}

/// Newcomers take what is free, whoever waits: the most throughput, and no promise to anybody.
///
/// A waiter is woken when its permits are there, and competes for them with whoever is awake: the
/// first one that fits, of the first seventeen. One waiter at a time is awake, so that a permit
/// that comes back does not wake a crowd. A large request may starve beside small ones; and a task
/// that has been woken but is not polled, nor dropped, keeps those behind it asleep.
#[derive(Debug)]
#[non_exhaustive]
pub enum Barging {}

impl Policy for Fifo {
    const RULES: Rules = Rules { is_open: false, passes: 0 };
}

impl<const PASSES: u32> Policy for Bounded<PASSES> {
    const RULES: Rules = Rules { is_open: false, passes: PASSES };
}

impl Policy for Barging {
    const RULES: Rules = Rules { is_open: true, passes: 16 };
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Fifo {}
    impl<const PASSES: u32> Sealed for super::Bounded<PASSES> {}
    impl Sealed for super::Barging {}
}
