//! The bugs that the models of the file lock must find.

use super::{Area, Mutant};

const INODE: &str = "crates/lockset-file/src/inode.rs";
const REQUEST: &str = "crates/lockset-file/src/request.rs";
const STATE: &str = "crates/lockset-file/src/state.rs";

const fn area(target: &'static str, mutants: &'static [Mutant]) -> Area {
    Area { package: "lockset-file", target, mutants }
}

pub(super) const EXCLUSION: Area = area(
    "loom",
    &[
        Mutant {
            name: "called, and not asked whether somebody was quicker",
            file: STATE,
            from: "if is_here && self.held == Held::Free {",
            to: "if is_here {",
            test: "three_threads_exclude_each_other",
        },
        Mutant {
            name: "those who wait forgotten by who releases",
            file: STATE,
            from: "self.held = Held::Free;\n        if self.queue.is_empty() {",
            to: "self.held = Held::Free;\n        if true {",
            test: "two_threads_exclude_each_other",
        },
        Mutant {
            name: "unlocked through the other opening",
            file: STATE,
            from: "let _ = files.unlock(grant.by);",
            to: "let _ = files.unlock(By::Main);",
            test: "a_task_and_another_process_exclude_each_other",
        },
        Mutant {
            name: "helper that nobody sends home",
            file: STATE,
            from: "told nobody.\n            \
                errands.notify_helper |= self.helper == Helper::Awake;",
            to: "told nobody.",
            test: "a_thread_and_a_task_wait_for_another_process",
        },
        Mutant {
            name: "waker that came too late",
            file: REQUEST,
            from: "if waiter.fate() == Fate::Waits {\n                            \
                return Poll::Pending;\n                        }",
            to: "return Poll::Pending;",
            test: "a_task_that_moves_is_served",
        },
    ],
);

pub(super) const GIVING_UP: Area = area(
    "loom_giving_up",
    &[
        Mutant {
            name: "grant lost by one who gives up",
            file: REQUEST,
            from: "(waiter.fate() == Fate::Granted).then(|| self.guard(Arc::clone(&inode)))",
            to: "None::<FileGuard>",
            test: "the_kernels_grant_meets_a_dropped_future",
        },
        Mutant {
            name: "helper's error told to whoever is first",
            file: INODE,
            from: "Err(error) if state.needs_helper() => state.refuse_first",
            to: "Err(error) => state.refuse_first",
            test: "an_error_of_the_helpers_meets_a_dropped_future",
        },
        Mutant {
            name: "call taken along by one who gives up",
            file: REQUEST,
            from: "inode.change(|state| {\n            \
                state.leave(&waiter);\n            \
                granted = (waiter.fate() == Fate::Granted).then(|| \
                self.guard(Arc::clone(&inode)));\n        });",
            to: "{\n            \
                let mut state = inode.lock();\n            \
                state.leave(&waiter);\n            \
                granted = (waiter.fate() == Fate::Granted).then(|| \
                self.guard(Arc::clone(&inode)));\n        }",
            test: "a_waiter_that_gives_up_takes_no_wake_up_with_it",
        },
        Mutant {
            name: "deadline that nobody looks at",
            file: REQUEST,
            from: "if has_passed(deadline) {\n            \
                return Ok(None);\n        }\n        park",
            to: "park",
            test: "a_waiter_leaves_in_time_with_nothing",
        },
        Mutant {
            name: "helper that keeps what nobody wants",
            file: INODE,
            from: "let _ = self.files.unlock(By::Helper);",
            to: "",
            test: "behind_one_that_gives_up_a_thread_waits_for_another_process",
        },
        Mutant {
            name: "kernel's grant kept for nobody",
            file: STATE,
            from: "if self.held == Held::Free {\n                \
                self.let_go(files);\n            }",
            to: "",
            test: "the_kernels_grant_meets_a_timeout",
        },
        Mutant {
            name: "helper for each who waits",
            file: STATE,
            from: "self.helper = Helper::Awake;\n                errands.start_helper = true;",
            to: "errands.start_helper = true;",
            test: "behind_one_that_gives_up_a_task_waits_for_another_process",
        },
        Mutant {
            name: "reader that waits for a writer who has gone",
            file: STATE,
            from: "Helper::Asks(Mode::Exclusive) if first.mode == Mode::Shared => {",
            to: "Helper::Asks(Mode::Exclusive) if false => {",
            test: "behind_a_writer_that_gives_up_a_reader_reads_beside_another_process",
        },
    ],
);

pub(super) const TURNS: Area = area(
    "loom_turns",
    &[
        Mutant {
            name: "turn that never ends",
            file: STATE,
            from: "self.turn.grants > 0\n            && (",
            to: "false && (",
            test: "another_process_waits_for_one_section",
        },
        Mutant {
            name: "turn that is one section too long",
            file: STATE,
            from: "&& (self.turn.grants > self.limits.times ||",
            to: "&& (self.turn.grants > self.limits.times + 1 ||",
            test: "another_process_waits_for_one_section",
        },
        Mutant {
            name: "sleeper that is passed without end",
            file: STATE,
            from: "self.passes += 1;",
            to: "",
            test: "a_task_that_sleeps_is_passed_once",
        },
    ],
);

pub(super) const MANY_THREADS: Area = area(
    "shuttle",
    &[
        Mutant {
            name: "reader that is not counted, with many threads",
            file: STATE,
            from: "Held::Readers(others + 1)",
            to: "Held::Readers(others.max(1))",
            test: "threads_tasks_and_processes_exclude_each_other",
        },
        Mutant {
            name: "helper that stays, with many threads",
            file: STATE,
            from: "errands.notify_helper |= self.helper == Helper::Awake;\n            \
                if self.held",
            to: "if self.held",
            test: "abandoned_by_all_the_helper_ends",
        },
    ],
);
