//! How much of a lock a request asks for.

/// How much of a lock a request asks for.
///
/// All modes are one rule. A request has a [`weight`](Self::weight) and a [`limit`](Self::limit),
/// and it is granted if the weights of all holders and its own are no more than its limit: a reader
/// weighs little, a writer as much as there can be, and a permit what it counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Alone.
    Exclusive,
    /// Together with others who share it.
    Shared,
    /// So many permits at once, of so many that may be out.
    Permits {
        /// At least one, and at most `of`.
        n: u32,
        /// Everybody who uses the lock should say the same; each request keeps to its own number.
        of: u32,
    },
}

impl Mode {
    /// The most permits that a lock can have, and the most readers: 2^30.
    pub const MOST: u32 = 1 << 30;

    /// What a holder in this mode takes of the lock.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Exclusive => Self::MOST,
            Self::Shared => 1,
            Self::Permits { n, .. } => n,
        }
    }

    /// The weight that may be out at most, this request's own included, for it to be granted.
    #[must_use]
    pub const fn limit(self) -> u32 {
        match self {
            Self::Exclusive | Self::Shared => Self::MOST,
            Self::Permits { of, .. } => of,
        }
    }
}
