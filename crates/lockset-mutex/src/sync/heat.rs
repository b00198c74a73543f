//! How hot the place is where a thread waits: how soon after one wait comes the next.
//!
//! A lock that is taken all the time, for next to nothing, is slow because its cache line moves
//! from one processor to the other. The less often a waiter looks, the longer somebody else gets
//! on undisturbed. Where sections are longer, a waiter that looks late leaves the lock free for
//! nothing. Which of the two it is, each thread judges by its own waits, and remembers itself: a
//! lock has no room for it. It is advice, and orders nothing.

use core::cell::Cell;
use std::time::{Duration, Instant};

use super::{local, pace};

/// The first pause between two looks where it is cold. In nanoseconds, as all below.
const COLD: u32 = 100;
/// The same where it is as hot as can be: longer than a newcomer spins, so it looks once more.
const HOTTEST: u32 = 3_200;
/// It is hot where a thread that got a lock has to wait again so soon: it has done little more than
/// fetch the cache line.
const SOON: u32 = 1_000;
/// Far from soon, after any wait that was no more than spinning.
const LONG: Duration = Duration::from_micros(100);

local!(
    static MEMORY: Cell<Memory> = Cell::new(Memory::NONE)
);

#[derive(Clone, Copy)]
struct Memory {
    first_pause: u32,
    /// When the last wait began, and how many turns it took; none if it took more than spinning.
    last: Option<(Instant, u32)>,
}

impl Memory {
    const NONE: Self = Self { first_pause: COLD, last: None };

    fn keep(self) {
        // A thread that is ending has no locals any more, but may still wait.
        let _ = MEMORY.try_with(|memory| memory.set(self));
    }
}

/// A newcomer's wait.
pub(crate) struct Wait {
    began: Instant,
    first_pause: u32,
}

impl Wait {
    pub(crate) fn begin() -> Self {
        let Memory { first_pause, last } = MEMORY.try_with(Cell::get).unwrap_or(Memory::NONE);
        let began = Instant::now();
        let first_pause = match last {
            Some((before, spun)) if is_soon(before, spun, began) => (2 * first_pause).min(HOTTEST),
            Some(_) => (first_pause / 2).max(COLD),
            None => first_pause,
        };
        Memory { first_pause, last: None }.keep();
        Self { began, first_pause }
    }

    /// How many turns the first pause between two looks is to take.
    pub(crate) fn first_pause(&self) -> u32 {
        pace::turns(self.first_pause)
    }

    /// The lock is taken, after so many turns.
    pub(crate) fn end(self, turns: u32) {
        Memory { first_pause: self.first_pause, last: Some((self.began, turns)) }.keep();
    }
}

/// Whether there was little time between a wait of so many turns and the next one.
fn is_soon(before: Instant, turns: u32, began: Instant) -> bool {
    // Whoever loses its processor while it spins takes longer than its turns: that is not soon.
    let since = began.duration_since(before).min(LONG).as_nanos() as u32;
    pace::turns(since) < pace::turns(SOON) + turns
}
