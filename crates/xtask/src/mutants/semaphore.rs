//! The bugs that the models of the semaphore must find.

use super::{Area, Mutant};

const QUEUE: &str = "crates/lockset-semaphore/src/queue.rs";

pub(super) const SEMAPHORE: Area =
    Area { package: "lockset-semaphore", target: "loom", mutants: MUTANTS };

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "permit granted then timed out",
        file: QUEUE,
        from: "let given_back = self.granted.remove(&ticket).unwrap_or(0);",
        to: "let given_back = 0;",
        test: "a_grant_meets_a_timeout",
    },
    Mutant {
        name: "wake-up taken along by a timeout",
        file: QUEUE,
        from: "..self.give(given_back)",
        to: "..{ self.free += given_back; Afterwards::default() }",
        test: "a_waiter_that_gives_up_takes_no_wake_up_with_it",
    },
    Mutant {
        name: "newcomer that overbooks",
        file: QUEUE,
        from: "let free = self.waiting.is_empty() && self.free >= n;",
        to: "let free = self.waiting.is_empty();",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "newcomer that passes the queue",
        file: QUEUE,
        from: "let free = self.waiting.is_empty() && self.free >= n;",
        to: "let free = self.free >= n;",
        test: "a_large_request_is_not_passed_by_small_ones",
    },
    Mutant {
        name: "last come, first served",
        file: QUEUE,
        from: "while let Some(first) = self.waiting.first_entry() {",
        to: "while let Some(first) = self.waiting.last_entry() {",
        test: "the_queue_is_first_come_first_served",
    },
    Mutant {
        name: "waiters forgotten by close",
        file: QUEUE,
        from: "waiting.into_values().map(|waiter| waiter.waker).collect()",
        to: "waiting.into_values().map(|waiter| waiter.waker).take(0).collect()",
        test: "closing_wakes_whoever_waits",
    },
];
