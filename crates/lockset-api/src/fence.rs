//! The number that tells an old holder from a new one.

use core::fmt;

/// A fencing token: greater than the fence of every earlier holder of the same lock.
///
/// Send it with each write to whatever the lock protects, and let that resource refuse a fence
/// lower than the highest it has seen ([`Fenced`](crate::Fenced) is such a resource). The idea is
/// as old as the "sequencer" of Burrows' *The Chubby lock service* (OSDI 2006); the name is from
/// Kleppmann's *How to do distributed locking* (2016).
///
/// ```
/// use lockset_api::Fence;
/// assert!(Fence::new(34) > Fence::new(33));
/// assert_eq!(Fence::new(34).to_string(), "34");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(u64);

impl Fence {
    /// A fence of this value, as a server or a log gave it.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number, to be sent along with a write.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
