//! The mutants that may live, and why. Each entry has been reviewed.

/// Mutants that no model can tell from the healthy code.
struct Review {
    /// From the workspace's root.
    file: &'static str,
    /// What `cargo mutants` says of all of them, and of no others.
    what: &'static str,
    why: &'static str,
}

const REVIEWED: &[Review] = &[Review {
    file: "crates/lockset-mutex/src/ladder/three_state.rs",
    what: "ThreeState::spin",
    why: "spinning only saves time, and is left out of the models",
}];

impl Review {
    fn is_about(&self, survivor: &str) -> bool {
        let rest = survivor.strip_prefix(self.file).and_then(|rest| rest.strip_prefix(": "));
        rest.is_some_and(|rest| rest.contains(self.what))
    }
}

pub(super) fn find(survivor: &str) -> Option<&'static str> {
    REVIEWED.iter().find(|review| review.is_about(survivor)).map(|review| review.why)
}

/// The reviews, among those for files with `only` in their path, of nothing that survives.
pub(super) fn stale(survivors: &[String], only: &str) -> Vec<String> {
    let is_stale = |review: &&Review| !survivors.iter().any(|survivor| review.is_about(survivor));
    let stale = REVIEWED.iter().filter(|review| review.file.contains(only)).filter(is_stale);
    stale.map(|Review { file, what, .. }| format!("{file}: {what}")).collect()
}
