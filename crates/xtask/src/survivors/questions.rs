//! Which tests are asked about a file, and in which order.
//!
//! A model of one lock says nothing of another. And a mutant is nearly always found by a test that
//! takes no time, so those come first, and only what they miss is put before the slow ones.

/// Tests that are asked together: what `cargo test` is told to build, and what the tests to run.
pub(super) struct Round {
    /// The test targets, as flags.
    pub(super) targets: &'static [&'static str],
    /// Tests that are left to a later round, as flags.
    pub(super) but: &'static [&'static str],
}

/// All that is asked about a file.
pub(super) struct Questions<'a> {
    pub(super) rounds: &'static [Round],
    /// A test is run if its name has one of these in it, or if there are none.
    pub(super) names: Vec<&'a str>,
}

/// Models of the ladder's stages.
const LADDER: Round =
    Round { targets: &["--test=loom_ladder", "--test=loom_table", "--test=loom_try"], but: &[] };
/// Tests of what the bits of a word mean.
const STEPS: Round = Round { targets: &["--lib"], but: &[] };
/// Models of the condition variable.
const CONDVAR: Round = Round { targets: &["--test=loom_condvar"], but: &[] };
/// Models of the mutex to use that take less than a second.
const MUTEX: Round = Round {
    targets: &["--test=loom", "--test=loom_order", "--test=loom_giving_up"],
    but: &["--skip=exclude_each_other", "--skip=lock_twice", "--skip=gives_up_takes_nothing"],
};
/// All of them.
const MUTEX_SLOWLY: Round = Round { but: &[], ..MUTEX };

pub(super) fn about(file: &str) -> Questions<'_> {
    let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let (rounds, names): (&[Round], _) = match stem {
        // Two stages have it in common.
        Some("table") => (&[LADDER], vec!["parking_table", "bounded_bypass"]),
        // Not those of the policy that is called like it.
        Some("asymmetric") => (&[LADDER], vec!["asymmetric::"]),
        stem if file.contains("/ladder/") => (&[LADDER], stem.into_iter().collect()),
        _ if file.ends_with("/condvar/state.rs") => (&[STEPS, CONDVAR], vec![]),
        _ if file.ends_with("/condvar.rs") => (&[CONDVAR], vec![]),
        _ if file.ends_with("/raw/state.rs") => (&[STEPS, MUTEX, MUTEX_SLOWLY], vec![]),
        _ => (&[MUTEX, MUTEX_SLOWLY], vec![]),
    };
    Questions { rounds, names }
}
