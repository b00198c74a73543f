//! The bugs that the models of the semaphore must find.

use super::{Area, Mutant};

const ACQUIRE: &str = "crates/lockset-semaphore/src/acquire.rs";
const LIMITS: &str = "crates/lockset-semaphore/src/limit.rs";
const POLICY: &str = "crates/lockset-semaphore/src/policy.rs";
const QUEUE: &str = "crates/lockset-semaphore/src/queue.rs";
const SEMAPHORE: &str = "crates/lockset-semaphore/src/semaphore.rs";
const WORD: &str = "crates/lockset-semaphore/src/word.rs";

const fn area(target: &'static str, mutants: &'static [Mutant]) -> Area {
    Area { package: "lockset-semaphore", target, mutants }
}

pub(super) const EXCLUSION: Area = area(
    "loom",
    &[
        Mutant {
            name: "flag not set at joining",
            file: QUEUE,
            from: "Some((seen | WAITERS, Joined::Queued(place)))",
            to: "Some((seen, Joined::Queued(place)))",
            test: "fifo::two_threads_exclude_each_other",
        },
        Mutant {
            name: "flag cleared while somebody waits",
            file: QUEUE,
            from: "None => seen | WAITERS,",
            to: "None => seen & !WAITERS,",
            test: "fifo::three_threads_exclude_each_other",
        },
        Mutant {
            name: "release that does not tend",
            file: SEMAPHORE,
            from: "if self.give_back(n) & WAITERS != 0 {",
            to: "if self.give_back(n) == usize::MAX {",
            test: "fifo::two_threads_exclude_each_other",
        },
        Mutant {
            name: "newcomer that overbooks",
            file: WORD,
            from: "if seen & obstacles != 0 || !has(seen, n) {",
            to: "if seen & obstacles != 0 {",
            test: "fifo::two_threads_exclude_each_other",
        },
        Mutant {
            name: "permits looked at, then taken",
            file: WORD,
            from: "match word.compare_exchange_weak(seen, seen - permits(n), Acquire, Acquire) {",
            to: "match Ok::<usize, usize>(word.fetch_sub(permits(n), Acquire)) {",
            test: "fifo::two_threads_exclude_each_other",
        },
        Mutant {
            name: "permits that came before the flag, not looked at",
            file: QUEUE,
            from: "Err(newer) => seen = newer,\n            }\n        };",
            to: "Err(_) => { word.fetch_or(WAITERS, Acquire); break outcome }\n            \
                }\n        \
                };",
            test: "fifo::two_threads_exclude_each_other",
        },
        Mutant {
            name: "call that finds nothing, and is not called off",
            file: QUEUE,
            from: "self.called = None;\n        let node = NonNull::from(node);",
            to: "let node = NonNull::from(node);",
            test: "barging::three_threads_exclude_each_other",
        },
    ],
);

pub(super) const GIVING_UP: Area = area(
    "loom_giving_up",
    &[
        Mutant {
            name: "grant lost by one who gives up",
            file: ACQUIRE,
            from: "if fate == Fate::Granted {",
            to: "if false {",
            test: "fifo::a_grant_meets_a_timeout",
        },
        Mutant {
            name: "those behind forgotten by one who gives up",
            file: ACQUIRE,
            from: "semaphore.visit(|queue| {\n            \
                let fate = self.node.fate();\n            \
                if is_in_queue(fate) {",
            to: "let visit = |change: &mut dyn FnMut(&mut crate::queue::Queue)| {
                    change(&mut semaphore.queue.lock());
                };
                visit(&mut |queue| {
                    let fate = self.node.fate();
                    if is_in_queue(fate) {",
            test: "fifo::who_runs_out_of_time_lets_those_behind_it_through",
        },
        Mutant {
            name: "call taken along by one who gives up",
            file: QUEUE,
            from: "if self.called == Some(node) {\n            self.called = None;",
            to: "if self.called == Some(node) {",
            test: "barging::a_dropped_future_takes_no_wake_up_with_it",
        },
        Mutant {
            name: "those behind forgotten when a waker panics",
            file: SEMAPHORE,
            from: "self.0.tend();",
            to: "",
            test: "fifo_panics::a_waker_that_panics_keeps_nobody_waiting",
        },
        Mutant {
            name: "deadline that nobody looks at",
            file: ACQUIRE,
            from: "if sync::has_passed(deadline) {",
            to: "if false {",
            test: "fifo::a_waiter_leaves_in_time_with_nothing",
        },
    ],
);

pub(super) const CLOSING: Area = area(
    "loom_close",
    &[
        Mutant {
            name: "one waiter told of the closing",
            file: QUEUE,
            from: "while let Some(first) = self.list.first() {",
            to: "if let Some(first) = self.list.first() {",
            test: "fifo::closing_wakes_all",
        },
        Mutant {
            name: "one waiter served for each return",
            file: SEMAPHORE,
            from: "if tended.is_ok() {",
            to: "if tended.is_ok() || true {",
            test: "fifo::closing_wakes_all",
        },
        Mutant {
            name: "closing not seen by one who joins",
            file: QUEUE,
            from: "if is_closed(seen) {\n                return Joined::Closed;\n            }",
            to: "",
            test: "fifo::closing_wakes_whoever_waits",
        },
        Mutant {
            name: "opened again by permits that are forgotten",
            file: LIMITS,
            from: "seen.wrapping_add(word::permits(more.cast_unsigned()))",
            to: "word::permits((word::free(seen) + more).cast_unsigned())",
            test: "fifo::what_is_closed_stays_closed",
        },
    ],
);

pub(super) const LIMIT: Area = area(
    "loom_limit",
    &[
        Mutant {
            name: "debt ignored",
            file: LIMITS,
            from: "self.word.fetch_sub(word::permits(old - permits), Relaxed);",
            to: "self.word.fetch_sub(word::permits((old - \
                permits).min(self.available())), Relaxed);",
            test: "fifo::a_debt_is_paid_before_anybody_is_served",
        },
        Mutant {
            name: "debt taken for permits",
            file: WORD,
            from: "free >= 0 && free.cast_unsigned() >= n",
            to: "free.cast_unsigned() >= n",
            test: "fifo::a_debt_is_paid_before_anybody_is_served",
        },
        Mutant {
            name: "waiters that want too many, forgotten",
            file: QUEUE,
            from: "if self.is_limit_lowered {",
            to: "if false {",
            test: "fifo::who_is_refused_lets_those_behind_it_through",
        },
        Mutant {
            name: "waiters that want what is forgotten, forgotten",
            file: LIMITS,
            from: "self.limit.fetch_sub(n - paid.unsigned_abs(), Relaxed);\n            \
                queue.limit_is_lowered();",
            to: "self.limit.fetch_sub(n - paid.unsigned_abs(), Relaxed);",
            test: "fifo::forgetting_meets_a_waiter_that_wants_it",
        },
        Mutant {
            name: "more than the limit, waited for",
            file: QUEUE,
            from: "if node.wants > context.most {",
            to: "if false {",
            test: "fifo::forgetting_meets_a_waiter_that_wants_it",
        },
    ],
);

pub(super) const ORDER: Area = area(
    "loom_order",
    &[
        Mutant {
            name: "second waiter served first",
            file: QUEUE,
            from: "return Some(first);",
            to: "return unsafe { self.list.behind(first) }.or(Some(first));",
            test: "fifo::the_queue_is_first_come_first_served",
        },
        Mutant {
            name: "flag cleared before the last is served",
            file: QUEUE,
            from: "if self.list.len() == 1 { left & !WAITERS } else { left }",
            to: "left & !WAITERS",
            test: "fifo::nobody_comes_between_two_who_are_served",
        },
        Mutant {
            name: "newcomer that passes the queue",
            file: POLICY,
            from: "if self.is_open { 0 } else { WAITERS }",
            to: "0",
            test: "a_large_request_is_not_passed_by_small_ones",
        },
        Mutant {
            name: "newcomer that passes one who fits",
            file: QUEUE,
            from: "rules.is_open || !has(word, wants) && passed < rules.passes",
            to: "rules.is_open || passed < rules.passes",
            test: "bounded::nobody_comes_between_two_who_are_served",
        },
        Mutant {
            name: "waker called with the queue locked",
            file: SEMAPHORE,
            from: "drop(queue);\n            \
                if let Some(wake) = wake {\n                \
                let rest = Rest(self);\n                \
                wake.wake();\n                \
                mem::forget(rest);\n            \
                }",
            to: "if let Some(wake) = wake {\n                \
                let rest = Rest(self);\n                \
                wake.wake();\n                \
                mem::forget(rest);\n            \
                }\n            \
                drop(queue);",
            test: "fifo::nobody_comes_between_two_who_are_served",
        },
        Mutant {
            name: "passing that is not counted",
            file: QUEUE,
            from: "if self.list.first() != Some(node) {",
            to: "if false {",
            test: "a_bounded_request_is_passed_by_those_behind_it_once",
        },
        Mutant {
            name: "newcomer whose passing is not counted",
            file: QUEUE,
            from: "if joined == Joined::Granted {\n            self.count_pass();",
            to: "if joined == Joined::Granted {",
            test: "a_bounded_request_is_passed_by_a_newcomer_once",
        },
        Mutant {
            name: "call not passed on",
            file: QUEUE,
            from: "if self.called == Some(node) {\n            self.called = None;",
            to: "if self.called == Some(node) {",
            test: "a_call_is_passed_on",
        },
    ],
);

pub(super) const TASKS: Area = area(
    "loom_tasks",
    &[
        Mutant {
            name: "waker of where the task was, woken",
            file: ACQUIRE,
            from: "wake = unsafe { queue.renew(&self.node, wake) };",
            to: "_ = &queue;",
            test: "fifo::a_grant_meets_a_task_whose_waker_changes",
        },
        Mutant {
            name: "permits that are merged, counted twice",
            file: "crates/lockset-semaphore/src/permit.rs",
            from: "self.count += mem::take(&mut other.count);",
            to: "self.count += other.count;",
            test: "fifo::owned_permits_are_given_back_by_others",
        },
    ],
);
