//! Why an ordering is kept although no model misses it. Each entry has been reviewed.

use super::find::Weakening;
use super::{Outcome, Row};

/// The reason for the orderings of one operation that no model catches.
struct Reason {
    /// From the workspace's root.
    file: &'static str,
    function: &'static str,
    /// As the table of orderings has it.
    operation: &'static str,
    from: &'static str,
    to: &'static str,
    why: &'static str,
}

/// What both sides of the condition variable's one edge have against them.
const LOAD_BUFFERING: &str = "a notifier without the mutex must not be seen by a look that came \
    before the waiter counted itself: load buffering, which loom does not explore";

const REASONS: &[Reason] = &[
    Reason {
        file: "crates/lockset-mutex/src/condvar.rs",
        function: "sleep",
        operation: "fetch_add(state::WAITER, Release)",
        from: "Release",
        to: "Relaxed",
        why: LOAD_BUFFERING,
    },
    Reason {
        file: "crates/lockset-mutex/src/condvar.rs",
        function: "change",
        operation: "compare_exchange_weak(state, next, Acquire, Relaxed)",
        from: "Acquire",
        to: "Relaxed",
        why: LOAD_BUFFERING,
    },
];

impl Reason {
    fn is_for(&self, weakening: &Weakening) -> bool {
        self.file == weakening.file
            && self.function == weakening.function
            && self.operation == weakening.operation
            && (self.from, self.to) == (weakening.from, weakening.to)
    }
}

pub(super) fn find(weakening: &Weakening) -> Option<&'static str> {
    REASONS.iter().find(|reason| reason.is_for(weakening)).map(|reason| reason.why)
}

/// The reasons, among those for files with `only` in their path, that explain nothing: what they
/// are about is caught by now, or gone.
pub(super) fn stale(rows: &[Row], only: &str) -> Vec<String> {
    let is_tried = |reason: &&Reason| reason.file.contains(only);
    let explains = |reason: &Reason| {
        rows.iter().any(|row| {
            matches!(row.outcome, Outcome::Missed { .. }) && reason.is_for(&row.weakening)
        })
    };
    let stale = REASONS.iter().filter(is_tried).filter(|reason| !explains(reason));
    stale
        .map(|Reason { file, function, operation, from, to, .. }| {
            format!("{file} {function}: {operation}: {from} -> {to}")
        })
        .collect()
}
