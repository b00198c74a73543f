//! What is measured: so many threads, so long a section, so long a thought in between.

use std::time::Duration;

/// One way of contending. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) threads: u32,
    pub(crate) section: u32,
    pub(crate) think: u32,
}

/// How much is measured.
pub(crate) struct Effort {
    /// Rounds over all locks, of each cell.
    pub(crate) rounds: usize,
    /// How long one lock is measured in a round.
    pub(crate) span: Duration,
    /// The same for waits: the longest is rare, so it takes longer to see.
    pub(crate) wait_rounds: usize,
    pub(crate) wait_span: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        rounds: 7,
        span: Duration::from_millis(60),
        wait_rounds: 3,
        wait_span: Duration::from_millis(200),
    };
    pub(crate) const QUICK: Self = Self {
        rounds: 3,
        span: Duration::from_millis(30),
        wait_rounds: 1,
        wait_span: Duration::from_millis(100),
    };
}

/// The grid: sections of nothing, 50 ns, 1 us and 20 us, and thoughts of 0, 1 and 10 times as long.
///
/// A thought of ten times 20 us is left out: the lock is idle then, whatever it is, for so many
/// milliseconds in a round that every lock is as good as none.
pub(crate) fn grid() -> impl Iterator<Item = Cell> {
    const WORK: [(u32, u32); 9] = [
        (0, 0),
        (50, 0),
        (50, 50),
        (50, 500),
        (1_000, 0),
        (1_000, 1_000),
        (1_000, 10_000),
        (20_000, 0),
        (20_000, 20_000),
    ];
    [2, 4, 8, 32].into_iter().flat_map(|threads| {
        WORK.into_iter().map(move |(section, think)| Cell { threads, section, think })
    })
}
