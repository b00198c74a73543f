//! What somebody asks of a lock, and what that leaves for others.

/// How a lock is held, or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// Alone: by the verbs of `Lock`.
    Exclusive,
    /// Together with other readers: by the verbs of `SharedLock`.
    Shared,
    /// So many permits: by the verbs of `Permits`.
    Permits(usize),
}

/// What is known of a lock beyond its verbs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// How many permits there are; `None` for a lock that is none, or if nobody has said.
    pub(crate) permits: Option<usize>,
    /// Whether a reader waits behind a writer that waits.
    pub(crate) writers_first: bool,
    /// Whether whoever acquires a guard sends it to another.
    pub(crate) guards_are_sent: bool,
}

impl Rules {
    /// Whether whoever holds the lock by `held` keeps out, alone, whoever asks for it by `wanted`.
    ///
    /// In doubt it does not: then nothing is reported. Holders who only together use up all
    /// permits are such a doubt, and so are permits of which nobody has said how many there are.
    pub(crate) fn excludes(self, held: Claim, wanted: Claim) -> bool {
        match (held, wanted, self.permits) {
            (Claim::Shared, Claim::Shared, _) => self.writers_first,
            (Claim::Permits(_), _, None) | (_, Claim::Permits(_), None) => false,
            (_, _, None) => true,
            (_, _, Some(permits)) => held.count().saturating_add(wanted.count()) > permits,
        }
    }

    /// Whether two can never hold the lock like this at once.
    pub(crate) fn is_alone(self, held: Claim) -> bool {
        held != Claim::Shared && self.excludes(held, held)
    }
}

impl Claim {
    /// How many permits it takes from a lock that counts: a semaphore as a lock takes one.
    const fn count(self) -> usize {
        match self {
            Self::Exclusive | Self::Shared => 1,
            Self::Permits(count) => count,
        }
    }
}
