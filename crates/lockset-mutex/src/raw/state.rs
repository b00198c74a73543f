//! The word that says who waits: what its bits mean, and which steps it may take.
//!
//! ```text
//!  31       10  9      8  7   6   5      4       3          2         1         0
//! +-----------+----------+-------+------+-------+----------+---------+-------+-----------+
//! | SLEEPERS  | COURTESY | SKIPS | STIR | STRAY | RESERVED | NAPPING | TOKEN | CONTENDER |
//! +-----------+----------+-------+------+-------+----------+---------+-------+-----------+
//! ```
//!
//! All of it is 0 exactly while nobody waits. The steps are functions from one value to the next,
//! without any atomic in them, so that they can be read, and tested, as a table.

/// Somebody has the *role of the contender*: the one waiter that is awake, or about to be.
pub(super) const CONTENDER: u32 = 1;
/// The role was given to the sleepers, and the one who wakes up has not picked it up yet.
pub(super) const TOKEN: u32 = 1 << 1;
/// The contender sleeps as well, and has to be woken by the next unlock.
pub(super) const NAPPING: u32 = 1 << 2;
/// Only the contender may take the lock: it has been overtaken for long enough.
pub(super) const RESERVED: u32 = 1 << 3;
/// The token's wake-up found nobody asleep: the token is for any sleeper that looks.
const STRAY: u32 = 1 << 4;
/// Turned over so that a waiter about to fall asleep looks once more.
const STIR: u32 = 1 << 5;
/// One newcomer that got the role although others sleep.
const SKIP: u32 = 1 << 6;
/// All that can be counted of them.
const SKIPS: u32 = 0b11 * SKIP;
/// One processor given away for the sake of a contender that has not come yet.
const COURTESY: u32 = 1 << 8;
const COURTESIES: u32 = 0b11 * COURTESY;
/// How often that is done: once may be in vain, since the contender waits for another processor,
/// and more than a few times cost more than they bring.
const COURTESIES_DUE: u32 = 3 * COURTESY;
/// One thread that sleeps and has no role. There is room for 2²² of them, which is as many threads
/// as Linux can have.
pub(super) const SLEEPER: u32 = 1 << 10;

/// Whether an unlock has anything to do: all is quiet if nobody waits, or if somebody does who is
/// awake and will look by itself.
#[inline]
pub(super) const fn needs_attention(state: u32) -> bool {
    state != 0 && state & (CONTENDER | TOKEN | NAPPING) != CONTENDER
}

/// Whether there are sleepers and nobody has the role.
pub(super) const fn role_is_vacant(state: u32) -> bool {
    state & CONTENDER == 0 && state >= SLEEPER
}

/// What a newcomer becomes by announcing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Contender,
    Sleeper,
}

/// A newcomer announces itself: it takes the role if that is free and not owed to the sleepers.
///
/// Up to `skips` newcomers in a row may have the role while others sleep: they run already, and
/// waking a thread takes as long as many critical sections.
pub(super) const fn announce(state: u32, skips: u32) -> (u32, Place) {
    if state & CONTENDER != 0 || (state >= SLEEPER && state & SKIPS >= skips * SKIP) {
        return (state + SLEEPER, Place::Sleeper);
    }
    let skipping = if state >= SLEEPER { SKIP } else { 0 };
    ((state | CONTENDER) + skipping, Place::Contender)
}

/// The role goes to the sleepers; `state` has some, and no contender other than who gives it away.
pub(super) const fn appoint(state: u32) -> u32 {
    ((state & !(SKIPS | COURTESIES)) | CONTENDER | TOKEN) - SLEEPER
}

/// An unlock gives its processor away; none if that was done often enough for this contender.
pub(super) const fn courtesy(state: u32) -> Option<u32> {
    let is_owed = state & TOKEN != 0 && state & COURTESIES < COURTESIES_DUE;
    if is_owed { Some(state + COURTESY) } else { None }
}

/// Whether a sleeper that looks may pick up the token; `is_called` if a wake-up ended its sleep.
///
/// A token is meant for whoever its wake-up ends the sleep of. Others, who announced themselves
/// later as a rule, leave it alone and may sleep while it is out, unless nobody was called.
pub(super) const fn may_pick_up(state: u32, is_called: bool) -> bool {
    let is_for_anybody = state & STRAY != 0 || state < SLEEPER;
    state & TOKEN != 0 && (is_called || is_for_anybody)
}

/// A sleeper picks up the token, and is the contender.
pub(super) const fn pick_up(state: u32) -> u32 {
    state & !(TOKEN | STRAY | COURTESIES)
}

/// Nobody was asleep to be called for the token, so it is for anybody; none if it is gone, or
/// known to be astray.
pub(super) fn stray(state: u32) -> Option<u32> {
    (state & (TOKEN | STRAY) == TOKEN).then_some(state | STRAY)
}

/// The contender has the lock and leaves the role.
pub(super) const fn leave(state: u32) -> u32 {
    let left = state & !(CONTENDER | NAPPING | RESERVED);
    if left >= SLEEPER { left } else { 0 }
}

/// A sleeper gives up. Its place is any of the sleepers' places: they are counted, not named.
pub(super) const fn withdraw(state: u32) -> u32 {
    let left = state - SLEEPER;
    if left < SLEEPER && left & CONTENDER == 0 { 0 } else { left }
}

/// The contender gives up, and the role goes to the sleepers, if there are any.
pub(super) const fn resign(state: u32) -> u32 {
    let left = leave(state);
    if left >= SLEEPER { appoint(left) } else { left }
}

/// A value that differs from `state` and says the same; the same value if nobody waits.
pub(super) const fn stir(state: u32) -> u32 {
    if state == 0 { 0 } else { state ^ STIR }
}

#[cfg(test)]
mod tests;
