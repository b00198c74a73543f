//! Histories that are put together by hand.
#![allow(dead_code, reason = "each test binary uses some of these")]

use lockset_trace::{Event, History, Stamp, What};

pub(crate) const GOT: What = What::Got { fence: None };
pub(crate) const WANT: What = What::Want;
pub(crate) const RELEASED: What = What::Released;

pub(crate) fn fenced(fence: u64) -> What {
    What::Got { fence: Some(fence) }
}

/// A write that is sent and answered at one instant, `at` microseconds after the clock's zero.
pub(crate) fn wrote(at: u64, fence: u64) -> What {
    What::Wrote { since: us(at), fence: Some(fence) }
}

pub(crate) fn us(at: u64) -> Stamp {
    Stamp::from_nanos(at * 1000)
}

/// A history of one lock, `ledger`, from (microsecond, actor, what).
pub(crate) fn history(events: &[(u64, &str, What)]) -> History {
    events.iter().map(|&(at, actor, what)| Event::new(us(at), actor, "ledger", what)).collect()
}

/// A small generator of numbers that are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % most
    }
}

/// Turns that `actors` take at a correct lock: each wants it for a while before it gets it, and
/// the fences rise. Four events a turn; `turns` turns.
pub(crate) fn turns(actors: u64, turns: u64) -> History {
    let mut dice = Dice(7);
    let (mut now, mut free_since) = (10, vec![0; actors as usize]);
    let mut events = Vec::new();
    for turn in 0..turns {
        let who = dice.below(actors) as usize;
        let actor = format!("worker {}", who + 1);
        let want = free_since[who].max(now - dice.below(8).min(now));
        now += 1 + dice.below(3);
        let mut note = |at, what| events.push(Event::new(us(at), &*actor, "ledger", what));
        note(want, WANT);
        note(now, fenced(turn + 1));
        let sent = now;
        now += 2 + dice.below(9);
        note(now - 1, What::Wrote { since: us(sent), fence: Some(turn + 1) });
        note(now, RELEASED);
        free_since[who] = now;
    }
    events.into_iter().collect()
}
