//! The bugs that the models of the ladder of semaphores must find; at least one for each stage.

use super::{Area, Mutant};

const MUTEX_CONDVAR: &str = "crates/lockset-semaphore/src/ladder/mutex_condvar.rs";
const COUNT_FUTEX: &str = "crates/lockset-semaphore/src/ladder/count_futex.rs";
const WAITERS_FLAG: &str = "crates/lockset-semaphore/src/ladder/waiters_flag.rs";
const FIFO_QUEUE: &str = "crates/lockset-semaphore/src/ladder/fifo_queue.rs";
const QUEUE: &str = "crates/lockset-semaphore/src/ladder/queue.rs";
const GIVING_UP: &str = "crates/lockset-semaphore/src/ladder/giving_up.rs";
const WAKERS: &str = "crates/lockset-semaphore/src/ladder/wakers.rs";
const ACQUIRE: &str = "crates/lockset-semaphore/src/ladder/wakers/acquire.rs";

/// Of stage 3: first the flag, then the call.
const CALL_LAST: &str = "\x20       self.word.fetch_and(!WAITERS, Relaxed);
        kernel::wake(&self.word, ALL);";
const CALL_FIRST: &str = "\x20       kernel::wake(&self.word, ALL);
        self.word.fetch_and(!WAITERS, Relaxed);";

pub(super) const LADDER: Area =
    Area { package: "lockset-semaphore", target: "loom_ladder", mutants: MUTANTS };

pub(super) const MANY_THREADS: Area =
    Area { package: "lockset-semaphore", target: "shuttle_ladder", mutants: WITH_MANY_THREADS };

/// None is about an ordering, since shuttle knows but one. And none about who is woken first: where
/// everybody gives back what they hold, the next release makes up for it.
const WITH_MANY_THREADS: &[Mutant] = &[
    Mutant {
        name: "sleeps on whatever it finds, with many threads",
        file: COUNT_FUTEX,
        from: "Err(seen) => kernel::sleep(&self.free, seen)",
        to: "Err(_) => kernel::sleep(&self.free, self.free.load(Relaxed))",
        test: "count_futex::eight_threads_share_three_permits",
    },
    Mutant {
        name: "flag taken down after the call, with many threads",
        file: WAITERS_FLAG,
        from: CALL_LAST,
        to: CALL_FIRST,
        test: "waiters_flag::eight_threads_share_three_permits",
    },
    Mutant {
        name: "grant that meets a timeout, with many threads",
        file: GIVING_UP,
        from: "None => queue.give(n)",
        to: "None => Vec::new()",
        test: "giving_up_is_timed::some_of_eight_give_up",
    },
];

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "one for all",
        file: MUTEX_CONDVAR,
        from: "kernel::notify_all(&self.freed)",
        to: "self.freed.notify_one()",
        test: "mutex_condvar_has_no_order::a_small_request_is_served_beside_a_large_one",
    },
    Mutant {
        name: "woken, so served",
        file: MUTEX_CONDVAR,
        from: "while *free < n {",
        to: "if *free < n {",
        test: "mutex_condvar::a_large_request_excludes_small_ones",
    },
    Mutant {
        name: "sleeps on whatever it finds",
        file: COUNT_FUTEX,
        from: "Err(seen) => kernel::sleep(&self.free, seen)",
        to: "Err(_) => kernel::sleep(&self.free, self.free.load(Relaxed))",
        test: "count_futex::two_threads_exclude_each_other",
    },
    Mutant {
        name: "one permit, one waiter",
        file: COUNT_FUTEX,
        from: "kernel::wake(&self.free, ALL)",
        to: "kernel::wake(&self.free, n)",
        test: "count_futex_has_no_order::a_small_request_is_served_beside_a_large_one",
    },
    Mutant {
        name: "look, then take",
        file: COUNT_FUTEX,
        from: "match self.free.compare_exchange_weak(free, free - n, Acquire, Relaxed) {",
        to: "match Ok::<_, u32>(self.free.fetch_sub(n, Acquire)) {",
        test: "count_futex::two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed release",
        file: COUNT_FUTEX,
        from: "self.free.fetch_add(n, Release)",
        to: "self.free.fetch_add(n, Relaxed)",
        test: "count_futex::two_threads_exclude_each_other",
    },
    Mutant {
        name: "flag taken down after the call",
        file: WAITERS_FLAG,
        from: CALL_LAST,
        to: CALL_FIRST,
        test: "waiters_flag::a_large_request_excludes_small_ones",
    },
    Mutant {
        name: "flag looked at before the addition",
        file: WAITERS_FLAG,
        from: "if self.word.fetch_add(n * PERMIT, Release) & WAITERS != 0 {",
        to: "let seen = self.word.load(Relaxed);\n\
             self.word.fetch_add(n * PERMIT, Release);\n\
             if seen & WAITERS != 0 {",
        test: "waiters_flag::two_threads_exclude_each_other",
    },
    Mutant {
        name: "newcomer that passes the queue of the ladder",
        file: QUEUE,
        from: "self.waiters.is_empty() && self.free >= n",
        to: "self.free >= n",
        test: "fifo_queue_serves_in_order::nobody_passes_a_large_request",
    },
    Mutant {
        name: "one release, one waiter",
        file: QUEUE,
        from: "while let Some(first)",
        to: "if let Some(first)",
        test: "fifo_queue::a_release_of_two_serves_both",
    },
    Mutant {
        name: "queued after another look was due",
        file: FIFO_QUEUE,
        from: "            let parker = Arc::new(Parker::new());",
        to: "            drop(queue);\n\
             let parker = Arc::new(Parker::new());\n\
             let mut queue = self.queue.lock();",
        test: "fifo_queue::two_threads_exclude_each_other",
    },
    Mutant {
        name: "grant that meets a timeout",
        file: GIVING_UP,
        from: "None => queue.give(n)",
        to: "None => Vec::new()",
        test: "giving_up_is_timed::a_grant_meets_a_timeout",
    },
    Mutant {
        name: "left without a look behind",
        file: GIVING_UP,
        from: "queue.give(0)",
        to: "Vec::new()",
        test: "giving_up_is_timed::who_gives_up_takes_no_wake_up_along",
    },
    Mutant {
        name: "place that is taken for a grant",
        file: GIVING_UP,
        from: "            Some(_) => queue.give(0),",
        to: "            Some(_) => queue.give(n),",
        test: "giving_up_is_timed::who_gives_up_gives_no_permit_away",
    },
    Mutant {
        name: "place of somebody who is gone",
        file: GIVING_UP,
        from: "queue.remove(|other| Arc::ptr_eq(other, parker))",
        to: "queue.find(|other| Arc::ptr_eq(other, parker)).map(drop)",
        test: "giving_up_is_timed::a_grant_meets_a_timeout",
    },
    Mutant {
        name: "waker of another poll",
        file: WAKERS,
        from: "Some(mem::replace(&mut waiter.waker, waker))",
        to: "Some(waker)",
        test: "wakers_are_of_tasks::the_newest_waker_wakes",
    },
    Mutant {
        name: "grant to a future that is dropped",
        file: WAKERS,
        from: "if gone.is_some() { 0 } else { n }",
        to: "0",
        test: "wakers_are_of_tasks::a_grant_meets_a_drop",
    },
    Mutant {
        name: "dropped, and still in the queue",
        file: ACQUIRE,
        from: "self.semaphore.leave(self.wants, ticket);",
        to: "_ = ticket;",
        test: "wakers_are_of_tasks::a_grant_meets_a_drop",
    },
];
