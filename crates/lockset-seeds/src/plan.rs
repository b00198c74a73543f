//! What a seed decides before anything runs: the machines, their clocks, the network.

use std::time::Duration;

use fastrand::Rng;

use crate::clock::Clock;

/// A run, as its seed draws it.
pub(crate) struct Plan {
    /// What is drawn while it runs.
    pub(crate) rng: Rng,
    pub(crate) clocks: Vec<Clock>,
    /// Whether masters have lines for those who wait, and push.
    pub(crate) has_lines: bool,
    pub(crate) processes: usize,
    /// How the processes know the time of day.
    pub(crate) days: Vec<Day>,
    pub(crate) ttl: Duration,
    /// How long things break, from when the quorum is of use.
    pub(crate) trouble: Duration,
    /// How far it is from a process to a master: at least, and how much more it may be.
    pub(crate) ways: Vec<Vec<(Duration, Duration)>>,
}

/// A time of day: what it was at the start, and whether it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    pub(crate) start: Duration,
    pub(crate) goes_on: bool,
}

/// The time of day that is right, at the start. Small, so that fences are easily read.
const EPOCH: Duration = Duration::from_secs(1);

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let masters = if rng.u8(..3) == 0 { 5 } else { 3 };
        let processes = rng.usize(2..=4);
        // Mostly short, since a step costs the same whatever happens in it; with a long one the
        // allowance for drift is more than a step or two.
        let ttl = [200, 300, 300, 500, 1000, 2000][rng.usize(..6)];
        let ttl = Duration::from_millis(ttl);
        let rounds = if ttl.as_secs() > 0 { rng.u32(2..=4) } else { rng.u32(5..=10) };
        let drift = rng.u8(..4);
        let clocks = (0..masters).map(|_| clock(&mut rng, drift)).collect();
        // Where no clock goes on, fences are what the masters count, and nothing else.
        let goes_on = rng.bool();
        let day = |rng: &mut Rng| {
            let start = if goes_on { EPOCH + skew(rng) } else { Duration::ZERO };
            Day { start, goes_on }
        };
        let days = (0..processes).map(|_| day(&mut rng)).collect();
        let mut way = || {
            let least = Duration::from_millis(rng.u64(1..=3));
            (least, Duration::from_millis([0, 0, 1, 5][rng.usize(..4)]))
        };
        let ways = (0..processes).map(|_| (0..masters).map(|_| way()).collect()).collect();
        let has_lines = rng.bool();
        Self { clocks, has_lines, processes, days, ttl, trouble: ttl * rounds, ways, rng }
    }
}

/// Within the bound that leases allow for: evenly, at its ends, or right.
fn clock(rng: &mut Rng, drift: u8) -> Clock {
    let rate = match drift {
        0 => rng.u32(990_000..=1_010_000),
        1 => [990_000, 1_010_000][rng.usize(..2)],
        2 => 1_010_000,
        _ => 1_000_000,
    };
    Clock { rate, offset: Duration::from_millis(rng.u64(..100_000)) }
}

/// Most know the time to the millisecond; some do not know it at all.
fn skew(rng: &mut Rng) -> Duration {
    match rng.u8(..4) {
        0 => Duration::from_millis(rng.u64(..20_000)),
        1 => Duration::from_millis(rng.u64(..200)),
        _ => Duration::from_micros(rng.u64(..1000)),
    }
}
