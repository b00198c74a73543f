//! The bugs that the models of the ladder of mutexes must find; at least one for each stage.

use super::{Area, Mutant};

const TEST_AND_SET: &str = "crates/lockset-mutex/src/ladder/test_and_set.rs";
const TEST_AND_TEST_AND_SET: &str = "crates/lockset-mutex/src/ladder/test_and_test_and_set.rs";
const BACK_OFF: &str = "crates/lockset-mutex/src/ladder/back_off.rs";
const TICKET: &str = "crates/lockset-mutex/src/ladder/ticket.rs";
const CLH: &str = "crates/lockset-mutex/src/ladder/clh.rs";
const MCS: &str = "crates/lockset-mutex/src/ladder/mcs.rs";
const YIELD_AND_PARK: &str = "crates/lockset-mutex/src/ladder/yield_and_park.rs";
const TWO_STATE: &str = "crates/lockset-mutex/src/ladder/two_state.rs";
const THREE_STATE: &str = "crates/lockset-mutex/src/ladder/three_state.rs";
const PARKING_TABLE: &str = "crates/lockset-mutex/src/ladder/parking_table.rs";
const BOUNDED_BYPASS: &str = "crates/lockset-mutex/src/ladder/bounded_bypass.rs";
const ASYMMETRIC: &str = "crates/lockset-mutex/src/ladder/asymmetric.rs";

pub(super) const LADDER: Area =
    Area { package: "lockset-mutex", target: "loom_ladder", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "test, then set",
        file: TEST_AND_SET,
        from: "self.word.swap(HELD, Acquire) == FREE",
        to: "!self.is_locked() && self.word.swap(HELD, Acquire) <= HELD",
        test: "test_and_set::two_threads_exclude_each_other",
    },
    Mutant {
        name: "a look is enough",
        file: TEST_AND_TEST_AND_SET,
        from: "while !self.take() {",
        to: "if !self.take() {",
        test: "test_and_test_and_set::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed unlock after a back-off",
        file: BACK_OFF,
        from: "self.word.store(FREE, Release)",
        to: "self.word.store(FREE, Relaxed)",
        test: "back_off::two_threads_exclude_each_other",
    },
    Mutant {
        name: "two draw one number",
        file: TICKET,
        from: "self.next.fetch_add(1, Relaxed)",
        to: "{ let next = self.next.load(Relaxed); self.next.store(next + 1, Relaxed); next }",
        test: "ticket::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed look at the number served",
        file: TICKET,
        from: "            let serving = self.serving.load(Acquire);",
        to: "            let serving = self.serving.load(Relaxed);",
        test: "ticket::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed passing on",
        file: CLH,
        from: ".state.store(PASSED_ON, Release)",
        to: ".state.store(PASSED_ON, Relaxed)",
        test: "clh::two_threads_exclude_each_other",
    },
    Mutant {
        name: "successor that had not introduced itself",
        file: MCS,
        from: "me.node().next.pause(ptr::null_mut(), 1);",
        to: "return None;",
        test: "mcs::two_threads_exclude_each_other",
    },
    Mutant {
        name: "asleep without a second look",
        file: YIELD_AND_PARK,
        from: "if self.take() {",
        to: "if false {",
        test: "yield_and_park::two_threads_exclude_each_other",
    },
    Mutant {
        name: "sleeps on whatever it finds",
        file: TWO_STATE,
        from: "self.word.wait(HELD, None)",
        to: "self.word.wait(self.word.load(Relaxed), None)",
        test: "two_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed unlock",
        file: THREE_STATE,
        from: "self.state.swap(UNLOCKED, Release)",
        to: "self.state.swap(UNLOCKED, Relaxed)",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed lock",
        file: THREE_STATE,
        from: "compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed)",
        to: "compare_exchange(UNLOCKED, LOCKED, Relaxed, Relaxed)",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed lock after a wait",
        file: THREE_STATE,
        from: "self.state.swap(CONTENDED, Acquire)",
        to: "self.state.swap(CONTENDED, Relaxed)",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "check-then-set",
        file: THREE_STATE,
        from: "self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()",
        to: "self.state.load(Acquire) == UNLOCKED && self.state.swap(LOCKED, Acquire) < 3",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "forgotten waiter",
        file: THREE_STATE,
        from: "Waited::Woken => {}",
        to: "Waited::Woken => if self.take() { return true },",
        test: "three_state::three_threads_exclude_each_other",
    },
    Mutant {
        name: "missed recheck",
        file: THREE_STATE,
        from: "self.state.wait(CONTENDED, deadline)",
        to: "self.state.wait(self.state.load(Relaxed), deadline)",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "sleeper not woken",
        file: THREE_STATE,
        from: "if self.state.swap(UNLOCKED, Release) == CONTENDED {",
        to: "if self.state.swap(UNLOCKED, Release) > CONTENDED {",
        test: "three_state::two_threads_exclude_each_other",
    },
    Mutant {
        name: "forgotten others in the table",
        file: PARKING_TABLE,
        from: "if others { PARKED } else { 0 }",
        to: "0",
        test: "parking_table::three_threads_exclude_each_other",
    },
    Mutant {
        name: "parked after the last call",
        file: PARKING_TABLE,
        from: "if self.word.load(Relaxed) != LOCKED | PARKED {",
        to: "if false {",
        test: "parking_table::two_threads_exclude_each_other",
    },
    Mutant {
        name: "called, so served",
        file: BOUNDED_BYPASS,
        from: ".filter(|entry| entry.is_of(&parker))",
        to: ".filter(|_| false)",
        test: "bounded_bypass::two_threads_that_lock_twice",
    },
    Mutant {
        name: "others forgotten by a hand-over",
        file: BOUNDED_BYPASS,
        from: "if bucket.first(&self.word).is_none() {",
        to: "if true {",
        test: "bounded_bypass_that_hands_over::three_threads_exclude_each_other",
    },
    Mutant {
        name: "no fence",
        file: ASYMMETRIC,
        from: "light_fence();",
        to: "",
        test: "asymmetric::two_threads_exclude_each_other",
    },
];
