//! Numbers for a person to read: they order nothing and decide nothing, on no side of the seam.

use core::sync::atomic::{AtomicU64, Ordering};

/// A number that threads add to, and that decides nothing.
#[derive(Debug)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "it is a beginning, not a shared value"
    )]
    pub(crate) const ZERO: Self = Self(AtomicU64::new(0));

    // Relaxed, in all three: the numbers order nothing, and are read one by one.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn raise_to(&self, least: u64) {
        // Relaxed: as above.
        self.0.fetch_max(least, Ordering::Relaxed);
    }

    pub(crate) fn total(&self) -> u64 {
        // Relaxed: as above.
        self.0.load(Ordering::Relaxed)
    }
}
