//! What the semaphore's one word says: how many permits are free, whether it is closed, and whether
//! whoever gives permits back has to look at the queue.
//!
//! | bits | meaning |
//! |---|---|
//! | 0, [`CLOSED`] | nobody is granted anything any more |
//! | 1, [`WAITERS`] | the queue wants to be looked at when permits come back |
//! | the others | the free permits, as a signed number: what is below zero is owed |

use crate::sync::Word;

pub(crate) const CLOSED: usize = 1;
pub(crate) const WAITERS: usize = 2;
const FLAGS: u32 = 2;

/// The most permits that a semaphore can have: what the word's bits leave, and room to spare for
/// debts and for permits given back beyond the limit.
pub const MAX_PERMITS: usize = usize::MAX >> (FLAGS + 1 + 1);

/// `n` permits, to be added to the word or taken from it.
pub(crate) const fn permits(n: usize) -> usize {
    n << FLAGS
}

/// The free permits; negative if more are out than there should be.
pub(crate) const fn free(word: usize) -> isize {
    // The shift keeps the sign.
    word.cast_signed() >> FLAGS
}

/// Whether `n` permits are free.
pub(crate) const fn has(word: usize, n: usize) -> bool {
    let free = free(word);
    free >= 0 && free.cast_unsigned() >= n
}

pub(crate) const fn is_closed(word: usize) -> bool {
    word & CLOSED != 0
}

/// What an attempt to take permits without queueing has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Try {
    Taken,
    /// Too few are free, or others wait for them.
    Busy,
    Closed,
}

/// Takes `n` permits if that many are free, and no bit of `obstacles` is set. None at all are there
/// at any time.
#[inline]
pub(crate) fn take(word: &Word, n: usize, obstacles: usize) -> Try {
    use core::sync::atomic::Ordering::Acquire;

    // Acquire: whoever is told of the closing sees what came before it.
    let mut seen = word.load(Acquire);
    loop {
        if is_closed(seen) {
            return Try::Closed;
        }
        if n == 0 {
            return Try::Taken;
        }
        if seen & obstacles != 0 || !has(seen, n) {
            return Try::Busy;
        }
        // Acquire, success: to see what was done before the permits were given back. Failure: as
        // the load above.
        match word.compare_exchange_weak(seen, seen - permits(n), Acquire, Acquire) {
            Ok(_) => return Try::Taken,
            Err(newer) => seen = newer,
        }
    }
}
