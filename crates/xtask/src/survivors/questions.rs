//! Which tests are asked about a file. A model of one lock says nothing of another.

/// What `cargo test` is told: what to build, and the names of what to run.
pub(super) struct Questions<'a> {
    /// The test targets, as flags.
    pub(super) targets: &'static [&'static str],
    /// A test is run if its name has one of these in it, or if there are none.
    pub(super) names: Vec<&'a str>,
}

/// Models of the ladder's stages.
const LADDER: &[&str] = &["--test=loom_ladder", "--test=loom_table", "--test=loom_try"];
/// Models of the condition variable, and the tests of its word's steps.
const CONDVAR: &[&str] = &["--lib", "--test=loom_condvar"];
/// Models of the mutex to use, and the tests of its words' steps.
const MUTEX: &[&str] = &["--lib", "--test=loom", "--test=loom_order", "--test=loom_giving_up"];

pub(super) fn about(file: &str) -> Questions<'_> {
    let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    let (targets, names) = match stem {
        _ if file.contains("/condvar") => (CONDVAR, vec![]),
        _ if !file.contains("/ladder/") => (MUTEX, vec![]),
        // Two stages have it in common.
        Some("table") => (LADDER, vec!["parking_table", "bounded_bypass"]),
        // Not those of the policy that is called like it.
        Some("asymmetric") => (LADDER, vec!["asymmetric::"]),
        stem => (LADDER, stem.into_iter().collect()),
    };
    Questions { targets, names }
}
