//! The bugs that the models of the condition variable must find.

use super::{Area, Mutant};

const CONDVAR: &str = "crates/lockset-mutex/src/condvar.rs";
const STATE: &str = "crates/lockset-mutex/src/condvar/state.rs";

pub(super) const WAITING: Area =
    Area { package: "lockset-mutex", target: "loom_condvar", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "asleep on whatever the number is by then",
        file: CONDVAR,
        from: "self.sequence.wait(seen, deadline)",
        to: "{ let _ = seen; self.sequence.wait(self.sequence.load(Relaxed), deadline) }",
        test: "no_notification_is_lost_between_unlocking_and_sleeping",
    },
    Mutant {
        name: "a notification that only wakes",
        file: CONDVAR,
        from: "self.sequence.fetch_add(1, Relaxed);\n            self.sequence.wake(1);",
        to: "self.sequence.wake(1);",
        test: "a_notification_with_the_mutex_locked",
    },
    Mutant {
        name: "wakes before it changes the number",
        file: CONDVAR,
        from: "self.sequence.fetch_add(1, Relaxed);\n            self.sequence.wake(1);",
        to: "self.sequence.wake(1);\n            self.sequence.fetch_add(1, Relaxed);",
        test: "no_notification_is_lost_between_unlocking_and_sleeping",
    },
    Mutant {
        name: "changes the number before it counts",
        file: CONDVAR,
        from: "if self.change(state::owe_one) {
            // Relaxed: see the notes above.
            self.sequence.fetch_add(1, Relaxed);
",
        to: "self.sequence.fetch_add(1, Relaxed);
        if self.change(state::owe_one) {
",
        test: "a_notification_for_nobody_does_no_harm",
    },
    Mutant {
        name: "looks at the number after it is counted",
        file: CONDVAR,
        from: "self.waiters.fetch_add(state::WAITER, Release);",
        to: "self.waiters.fetch_add(state::WAITER, Release); \
             let _ = seen; let seen = self.sequence.load(Relaxed);",
        test: "a_notification_for_nobody_does_no_harm",
    },
    Mutant {
        name: "the mutex is not taken back",
        file: CONDVAR,
        from: "*guard = mutex.lock();",
        to: "let _ = mutex.try_lock();",
        test: "ping_pong",
    },
    Mutant {
        name: "one is woken for all",
        file: CONDVAR,
        from: "self.sequence.wake(u32::MAX);",
        to: "self.sequence.wake(1);",
        test: "all_are_notified_at_once",
    },
    Mutant {
        name: "one notification under way is enough",
        file: STATE,
        from: "(due(state) < waiters(state)).then(",
        to: "(waiters(state) > 0 && due(state) == 0).then(",
        test: "each_of_two_waiters_is_notified",
    },
    Mutant {
        name: "who leaves stays due",
        file: STATE,
        from: "Some(state - WAITER - u32::from(due(state) > 0))",
        to: "Some(state - WAITER)",
        test: "a_waiter_that_comes_back_is_notified_again",
    },
    Mutant {
        name: "a wake-up is spent on one whose deadline has passed",
        file: "crates/lockset-sync/src/model/sleeper.rs",
        from: "left -= u32::from(entry.sleeper.end(Waited::Woken));",
        to: "entry.sleeper.end(Waited::Woken); left -= 1;",
        test: "a_waiter_that_gives_up_takes_no_notification_with_it",
    },
    Mutant {
        name: "who gives up stays due",
        file: CONDVAR,
        from: "self.change(state::leave);",
        to: "if waited == Waited::TimedOut {\n            \
             self.waiters.fetch_sub(state::WAITER, Relaxed);\n        \
             } else {\n            self.change(state::leave);\n        }",
        test: "a_waiter_that_gave_up_and_comes_back_is_notified",
    },
];
