//! Fences that are put aside, so that not each of them has to be synced.

/// What a committed transaction is safe from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sqlite) enum Outlives {
    /// The death of any process, which the system's memory survives.
    Process,
    /// That, and the machine's.
    PowerCut,
}

impl Outlives {
    /// SQLite's word for it, in WAL mode.
    pub(in crate::sqlite) fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::PowerCut => "FULL",
        }
    }
}

/// What one connection knows of fences that are put aside.
#[derive(Clone, Copy, Debug)]
pub(in crate::sqlite) struct Reserve {
    /// No fence that was handed out before the machine was started, and forgotten, is above this.
    base: i64,
    /// How many are put aside at a time; at the start of the machine these, above the base.
    size: i64,
    /// Whether what is found to be put aside is synced. SQLite shows a transaction to others only
    /// when it is; but if all processes were killed, whoever opens the file next also finds the one
    /// that one of them was just syncing. So a connection does not rely on what it finds before it
    /// has synced something itself, and all before that with it.
    pub(super) is_believed: bool,
}

impl Reserve {
    /// Each fence is synced.
    pub(in crate::sqlite) const NONE: Self = Self::of(0, 0);

    pub(in crate::sqlite) const fn of(base: i64, size: i64) -> Self {
        Self { base, size, is_believed: false }
    }

    /// The least that the latest fence of any lock is taken for.
    pub(super) fn base(self) -> i64 {
        self.base
    }

    /// Up to where fences are put aside with this one. In a quorum, where a request says how high
    /// its fence has to be, they are microseconds of a clock: there as many milliseconds of them.
    pub(super) fn ceiling(self, fence: i64, floor: Option<i64>) -> i64 {
        let step = if floor.is_some() { 1000 } else { 1 };
        fence.saturating_add(self.size * step)
    }

    /// Up to where fences of every lock have been put aside by the start of the machine.
    pub(super) fn common_ceiling(self) -> i64 {
        self.base.saturating_add(self.size)
    }

    /// This connection has synced something.
    pub(in crate::sqlite) fn believe(&mut self) {
        self.is_believed = true;
    }
}
