//! The bugs that the models of the mutex to use must find.

use super::{Area, Mutant};

const RAW: &str = "crates/lockset-mutex/src/raw.rs";
const CONTEND: &str = "crates/lockset-mutex/src/raw/contend.rs";
const STATE: &str = "crates/lockset-mutex/src/raw/state.rs";
const UNLOCK: &str = "crates/lockset-mutex/src/unlock.rs";
const CANCEL: &str = "crates/lockset-mutex/src/cancel.rs";

pub(super) const EXCLUSION: Area = area("loom", OF_EXCLUSION);
pub(super) const GIVING_UP: Area = area("loom_giving_up", OF_GIVING_UP);
pub(super) const ORDER: Area = area("loom_order", OF_ORDER);

const fn area(target: &'static str, mutants: &'static [Mutant]) -> Area {
    Area { package: "lockset-mutex", target, mutants }
}

const OF_EXCLUSION: &[Mutant] = &[
    Mutant {
        name: "a lock whose taking orders nothing",
        file: RAW,
        from: "self.held.compare_exchange(FREE, HELD, Acquire, Relaxed)",
        to: "self.held.compare_exchange(FREE, HELD, Relaxed, Relaxed)",
        test: "bounded::a_try_lock_gets_the_lock_or_leaves_it",
    },
    Mutant {
        name: "an unlock that orders nothing",
        file: UNLOCK,
        from: "held.swap(FREE, AcqRel)",
        to: "held.swap(FREE, Relaxed)",
        test: "bounded::a_try_lock_gets_the_lock_or_leaves_it",
    },
    Mutant {
        name: "an unlock that does not see who announced a nap",
        file: UNLOCK,
        from: "held.swap(FREE, AcqRel)",
        to: "held.swap(FREE, Release)",
        test: "bounded::two_threads_exclude_each_other",
    },
    Mutant {
        name: "a nap whose announcement comes after the look",
        file: UNLOCK,
        from: "held.fetch_or(0, Release)",
        to: "held.fetch_or(0, Relaxed)",
        test: "bounded::two_threads_exclude_each_other",
    },
    Mutant {
        name: "a nap without another look",
        file: CONTEND,
        from: "P::Unlock::look(&self.held)",
        to: "Ok::<u32, Refused>(HELD)",
        test: "bounded::two_threads_exclude_each_other",
    },
    Mutant {
        name: "an asymmetric unlock without its fence",
        file: UNLOCK,
        from: "light_fence();\n",
        to: "\n",
        test: "asymmetric_policy::two_threads_exclude_each_other",
    },
    Mutant {
        name: "an asymmetric nap without its fence",
        file: UNLOCK,
        from: "heavy_fence()?;",
        to: "if false { heavy_fence()?; }",
        test: "asymmetric_policy::two_threads_exclude_each_other",
    },
    Mutant {
        name: "the wrong one woken",
        file: RAW,
        from: "self.waiters.wake_among(Role::Contender as u32, 1);",
        to: "self.waiters.wake_among(Role::Sleeper as u32, 1);",
        test: "bounded::two_threads_exclude_each_other",
    },
    Mutant {
        name: "sleepers forgotten when the contender leaves",
        file: STATE,
        from: "if left >= SLEEPER { left } else { 0 }",
        to: "0",
        test: "barging::three_threads_exclude_each_other",
    },
    Mutant {
        name: "a vacant role seen by nobody",
        file: STATE,
        from: "state != 0 && state & (CONTENDER | TOKEN | NAPPING) != CONTENDER",
        to: "state & (CONTENDER | TOKEN | NAPPING) > CONTENDER",
        test: "barging::three_threads_exclude_each_other",
    },
    Mutant {
        name: "a sleeper appointed and not told",
        file: RAW,
        from: "if appointed.is_some() {",
        to: "if appointed.is_none() {",
        test: "barging::three_threads_exclude_each_other",
    },
];

const OF_GIVING_UP: &[Mutant] = &[
    Mutant {
        name: "a role that goes with the contender that gives up",
        file: STATE,
        from: "if left >= SLEEPER { appoint(left) } else { left }",
        to: "left",
        test: "barging::a_waiter_that_gives_up_takes_nothing_with_it",
    },
    Mutant {
        name: "a role handed on and nobody told",
        file: CONTEND,
        from: "if before.is_some_and(|state| state >= SLEEPER) {",
        to: "if before.is_none() {",
        test: "barging::a_waiter_that_gives_up_takes_nothing_with_it",
    },
    Mutant {
        name: "a reservation left behind",
        file: STATE,
        from: "if left >= SLEEPER { left } else { 0 }",
        to: "if left >= SLEEPER { left } else { state & RESERVED }",
        test: "bounded::a_fair_unlock_meets_a_waiter_that_gives_up",
    },
    Mutant {
        name: "a sleeper that gives up and stays in the count",
        file: STATE,
        from: "let left = state - SLEEPER;",
        to: "let left = state;",
        test: "fifo::a_fair_unlock_meets_one_that_gives_up_and_one_that_does_not",
    },
    Mutant {
        name: "a stirred nap",
        file: CONTEND,
        from: "        if limit.is_over() {\n            return;\n        }\n",
        to: "",
        test: "bounded::a_cancelled_waiter_leaves_a_held_lock",
    },
    Mutant {
        name: "cancelled without a stir",
        file: CANCEL,
        from: "stir(unsafe { word.as_ref() });",
        to: "unsafe { word.as_ref() }.wake(u32::MAX);",
        test: "bounded::a_cancelled_waiter_leaves_a_held_lock",
    },
    Mutant {
        name: "stirred only if somebody seems to wait",
        file: RAW,
        from: "change(waiters, Release, |state| Some(state::stir(state)));",
        to: "change(waiters, Release, |state| (state != 0).then(|| state::stir(state)));",
        test: "bounded::a_cancelled_waiter_leaves_a_held_lock",
    },
];

const OF_ORDER: &[Mutant] = &[
    Mutant {
        name: "a newcomer that does not look for a reservation",
        file: RAW,
        from: "let owed = if P::FAIRNESS.is_strict { u32::MAX } else { RESERVED };",
        to: "let owed = if P::FAIRNESS.is_strict { u32::MAX } else { 0 };",
        test: "nobody_overtakes_a_bounded_waiter_that_has_asked",
    },
    Mutant {
        name: "a contender that sleeps without asking",
        file: CONTEND,
        from: "self.waiters.fetch_or(RESERVED, Relaxed);",
        to: "self.waiters.fetch_or(0, Relaxed);",
        test: "nobody_overtakes_a_bounded_waiter_that_has_asked",
    },
    Mutant {
        name: "a newcomer that passes the queue",
        file: RAW,
        from: "let owed = if P::FAIRNESS.is_strict { u32::MAX } else { RESERVED };",
        to: "let owed = if P::FAIRNESS.is_strict { 0 } else { RESERVED };",
        test: "nobody_overtakes_a_fifo_waiter",
    },
    Mutant {
        name: "handed over to nobody in particular",
        file: RAW,
        from: "_ if state & CONTENDER != 0 => Some(state | RESERVED),",
        to: "_ if state & CONTENDER != 0 => None,",
        test: "nobody_overtakes_a_waiter_after_a_fair_unlock",
    },
    Mutant {
        name: "handed over to one that has asked, and taken back",
        file: RAW,
        from: "_ if state & CONTENDER != 0 => Some(state | RESERVED),",
        to: "_ if state & CONTENDER != 0 => Some(state ^ RESERVED),",
        test: "nobody_overtakes_a_bounded_waiter_after_a_fair_unlock",
    },
    Mutant {
        name: "handed over to whoever is awake, or to anybody",
        file: RAW,
        from: "_ if state >= SLEEPER => Some(state::appoint(state) | RESERVED),",
        to: "_ if state >= SLEEPER => Some(state::appoint(state)),",
        test: "nobody_overtakes_a_sleeper_after_a_fair_unlock",
    },
    Mutant {
        name: "handed over to one that sleeps on",
        file: RAW,
        from: "if reserved.is_some_and(state::role_is_vacant) {",
        to: "if reserved.is_none() {",
        test: "fifo::a_fair_unlock_meets_two_waiters",
    },
];
