//! The word that counts a condition variable's waiters: what its bits mean, and its steps.
//!
//! ```text
//!  31                 10  9          0
//! +---------------------+-------------+
//! |       WAITERS       |     DUE     |
//! +---------------------+-------------+
//! ```
//!
//! The steps are functions from one value to the next, without any atomic in them; `None` if there
//! is nothing to do.

/// One thread that waits. There is room for 2²² of them, which is as many threads as Linux can
/// have.
pub(super) const WAITER: u32 = 1 << 10;
/// How many of them can be counted as due, at most. What is beyond that is notified all the same,
/// and perhaps more often than needed.
const MOST_DUE: u32 = WAITER - 1;

const fn waiters(state: u32) -> u32 {
    state / WAITER
}

const fn due(state: u32) -> u32 {
    state % WAITER
}

/// One more waiter is about to be woken; none if all are due, as when there are none.
pub(super) fn owe_one(state: u32) -> Option<u32> {
    let is_counted = u32::from(due(state) < MOST_DUE);
    (due(state) < waiters(state)).then(|| state + is_counted)
}

/// All waiters are about to be woken; none if they are due already.
pub(super) fn owe_all(state: u32) -> Option<u32> {
    let all = waiters(state);
    (due(state) < all).then(|| all * WAITER + all.min(MOST_DUE))
}

/// A waiter leaves, for whatever reason, and is owed nothing any more.
pub(super) fn leave(state: u32) -> Option<u32> {
    Some(state - WAITER - u32::from(due(state) > 0))
}

#[cfg(test)]
mod tests;
