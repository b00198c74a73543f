//! Which tests are asked about a file, and in which order.
//!
//! A model of one lock says nothing of another. And a mutant is nearly always found by a test that
//! takes no time, so those come first, and only what they miss is put before the slow ones.

/// Tests that are asked together: what `cargo test` is told to build, and what the tests to run.
pub(super) struct Round {
    pub(super) side: Side,
    /// The test targets, as flags.
    pub(super) targets: &'static [&'static str],
    /// Those whose names have one of these in them, or all.
    pub(super) only: &'static [&'static str],
    /// Tests that are left to a later round, named likewise.
    pub(super) but: &'static [&'static str],
    /// How long it may take, in seconds, on a machine that has other things to do as well: several
    /// times what it does. A model that hangs says so itself, unless it has come to a loop without
    /// a step of the checker's; a test does not.
    pub(super) limit: u32,
    /// Whether it is not for [what does the same](super::reviewed) in a model. Such ones are slow,
    /// and come last.
    pub(super) is_slow: bool,
}

/// What the locks are built for.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Model,
    /// Models of more threads than loom can explore, on schedules that are drawn.
    ManyThreads,
    /// With overflow checks. It alone knows of time, and of spinning.
    Machine,
}

impl Side {
    /// The checker that a round is for, as the code is told of it; none for a machine.
    pub(super) fn checker(self) -> Option<&'static str> {
        match self {
            Self::Model => Some("lockset_loom"),
            Self::ManyThreads => Some("lockset_shuttle"),
            Self::Machine => None,
        }
    }
}

/// All that is asked about a file.
pub(super) struct Questions<'a> {
    pub(super) rounds: &'static [Round],
    /// A test is run if its name has one of these in it, or if there are none. With a round that
    /// has names of its own, there are none.
    pub(super) names: Vec<&'a str>,
}

const fn models(targets: &'static [&'static str]) -> Round {
    Round { side: Side::Model, targets, only: &[], but: &[], limit: 300, is_slow: false }
}

/// Tests on the real machine.
const fn machine(targets: &'static [&'static str]) -> Round {
    Round { side: Side::Machine, targets, only: &[], but: &[], limit: 60, is_slow: false }
}

/// What `earlier` leaves to a later round.
const fn rest_of(earlier: Round) -> Round {
    Round { only: earlier.but, but: &[], ..earlier }
}

const fn slow(round: Round) -> Round {
    Round { limit: 900, is_slow: true, ..round }
}

/// Models of the ladder's stages.
const LADDER: Round = models(&["--test=loom_ladder", "--test=loom_table", "--test=loom_try"]);
/// Tests of what the bits of a word mean. They take no time, or for ever.
const STEPS: Round = Round { limit: 30, ..models(&["--lib"]) };
/// Models of the condition variable that take a second at most.
const CONDVAR_SOON: Round = Round {
    but: &["ping_pong", "does_no_harm", "that_comes_back", "two_waiters", "two_threads"],
    ..models(&["--test=loom_condvar"])
};
const CONDVAR: Round = rest_of(CONDVAR_SOON);
/// Models of the mutex to use that take less than a second.
const MUTEX_SOON: Round = Round {
    but: &["exclude_each_other", "lock_twice", "gives_up_takes_nothing"],
    is_slow: true,
    ..models(&["--test=loom", "--test=loom_order", "--test=loom_giving_up"])
};
const MUTEX: Round = slow(rest_of(MUTEX_SOON));
/// Those that nearly always suffice.
const MUTEX_FIRST: Round = Round {
    but: &[
        "barging",
        "asymmetric_policy",
        "exclude_each_other",
        "lock_twice",
        "gives_up",
        "two_waiters",
        "whoever",
        "overtakes_a_sleeper",
    ],
    limit: 120,
    is_slow: false,
    ..MUTEX_SOON
};
/// Tests of what it does in time. One that hangs has found something as well.
const MUTEX_IN_TIME: Round = machine(&["--test=surface"]);
/// What takes more sleepers at once than loom has threads.
const MUTEX_OF_MANY: Round = Round {
    side: Side::ManyThreads,
    targets: &["--test=shuttle"],
    only: &[],
    but: &["eight_threads", "a_try_lock", "leaves_no_trace", "with_deadlines", "many_waiters"],
    limit: 60,
    is_slow: true,
};

/// Models of the stages of the semaphore's ladder, and tests of what they count.
const SEMAPHORE_STAGES: &[Round] =
    &[Round { limit: 60, ..models(&["--test=loom_ladder"]) }, machine(&["--test=ladder"])];
/// Models of the semaphore to use that take less than a second.
const SEMAPHORE_SOON: Round = Round {
    but: &[
        "three_threads",
        "acquire_twice",
        "many_permits",
        "beside_a_waiter",
        "beside_two_tasks",
        "takes_no_wake_up",
        "one_release_serves",
        "raising_serves",
        "lowering_meets_a_release",
    ],
    ..models(&[
        "--test=loom",
        "--test=loom_close",
        "--test=loom_giving_up",
        "--test=loom_limit",
        "--test=loom_order",
        "--test=loom_tasks",
    ])
};
const SEMAPHORE: Round = slow(rest_of(SEMAPHORE_SOON));
/// Those that nearly always suffice.
const SEMAPHORE_FIRST: Round =
    Round { targets: &["--test=loom_limit", "--test=loom_order"], limit: 60, ..SEMAPHORE_SOON };
/// Tests of what it does in time, and when a waker panics; and of what takes no lock.
const SEMAPHORE_IN_TIME: Round = machine(&["--lib", "--test=semaphore", "--test=panics"]);
/// What everything of its kind has to do.
const SEMAPHORE_AS_PERMITS: Round = machine(&["--test=conformance"]);

pub(super) fn about(file: &str) -> Questions<'_> {
    let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let (rounds, names): (&[Round], _) = match stem {
        // Two stages have it in common.
        Some("table") => (&[LADDER], vec!["parking_table", "bounded_bypass"]),
        // Not those of the policy that is called like it.
        Some("asymmetric") => (&[LADDER], vec!["asymmetric::"]),
        // Three stages have it in common.
        Some("queue") if file.contains("/ladder/") => {
            (SEMAPHORE_STAGES, vec!["fifo_queue", "giving_up", "wakers"])
        }
        // What all stages have in common.
        Some("held" | "kernel") if file.contains("/ladder/") => (SEMAPHORE_STAGES, vec![]),
        _ if file.contains("/ladder/wakers/") => (SEMAPHORE_STAGES, vec!["wakers"]),
        stem if file.starts_with("crates/lockset-semaphore/src/ladder/") => {
            (SEMAPHORE_STAGES, stem.into_iter().collect())
        }
        _ if file.ends_with("lockset-semaphore/src/traits.rs") => (&[SEMAPHORE_AS_PERMITS], vec![]),
        _ if file.starts_with("crates/lockset-semaphore/") => {
            (&[SEMAPHORE_FIRST, SEMAPHORE_SOON, SEMAPHORE_IN_TIME, SEMAPHORE], vec![])
        }
        stem if file.contains("/ladder/") => (&[LADDER], stem.into_iter().collect()),
        _ if file.ends_with("/condvar/state.rs") => (&[STEPS, CONDVAR_SOON, CONDVAR], vec![]),
        _ if file.ends_with("/condvar.rs") => (&[CONDVAR_SOON, CONDVAR], vec![]),
        _ if file.ends_with("/raw/state.rs") => (&[STEPS, MUTEX_FIRST, MUTEX_SOON, MUTEX], vec![]),
        _ if file.ends_with("/counts.rs") => (&[MUTEX_IN_TIME], vec![]),
        _ => (&[MUTEX_FIRST, MUTEX_IN_TIME, MUTEX_OF_MANY, MUTEX_SOON, MUTEX], vec![]),
    };
    Questions { rounds, names }
}
