//! The bugs that shuttle's models of eight threads must find: of exclusion, and of waking.
//!
//! None is about an ordering, since shuttle knows but one.

use super::{Area, Mutant};

const THREE_STATE: &str = "crates/lockset-mutex/src/ladder/three_state.rs";
const RAW: &str = "crates/lockset-mutex/src/raw.rs";

pub(super) const MANY_THREADS: Area =
    Area { package: "lockset-mutex", target: "shuttle", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "check-then-set, with many threads",
        file: THREE_STATE,
        from: "self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()",
        to: "self.state.load(Acquire) == UNLOCKED && self.state.swap(LOCKED, Acquire) < 3",
        test: "three_state::eight_threads_exclude_each_other",
    },
    Mutant {
        name: "forgotten waiter, with many threads",
        file: THREE_STATE,
        from: "Waited::Woken => {}",
        to: "Waited::Woken => if self.take() { return true },",
        test: "three_state::eight_threads_exclude_each_other",
    },
    Mutant {
        name: "sleeper not woken, with many threads",
        file: THREE_STATE,
        from: "if self.state.swap(UNLOCKED, Release) == CONTENDED {",
        to: "if self.state.swap(UNLOCKED, Release) > CONTENDED {",
        test: "three_state::a_try_lock_gets_the_lock_or_leaves_it",
    },
    Mutant {
        name: "a deadline that counts as the lock",
        file: THREE_STATE,
        from: "Waited::TimedOut => return false,",
        to: "Waited::TimedOut => return true,",
        test: "three_state_with_deadlines",
    },
    Mutant {
        name: "a second token taken for the first, by one that is slow to fall asleep",
        file: RAW,
        from: "if !call() && self.change(state::stray).is_some() {",
        to: "if !call() && false {",
        test: "fifo::three_threads_that_lock_often",
    },
];
