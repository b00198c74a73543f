//! How long spinning takes: a turn of it costs 10 cycles on one processor and 140 on the next, so a
//! budget is a span of time, and what it is in turns is measured once.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// Turns in 1024 nanoseconds; [`UNKNOWN`] before it is measured.
static RATE: AtomicU32 = AtomicU32::new(UNKNOWN);

const UNKNOWN: u32 = u32::MAX;
/// There is one processor: whoever holds the lock cannot run while somebody spins.
const NEVER: u32 = 0;

/// How many turns take about so many nanoseconds, at least one; none if spinning cannot help.
pub(crate) fn turns(nanoseconds: u32) -> u32 {
    // Relaxed: all who measure get much the same, and the number orders nothing.
    match RATE.load(Relaxed) {
        NEVER => 0,
        UNKNOWN => {
            // Relaxed: as above.
            RATE.store(measure(), Relaxed);
            turns(nanoseconds)
        }
        rate => ((u64::from(nanoseconds) * u64::from(rate)) >> 10).max(1) as u32,
    }
}

/// Takes some microseconds; the best of a few tries, since this thread may lose its processor.
fn measure() -> u32 {
    const TURNS: u32 = 64;
    if thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) {
        return NEVER;
    }
    let once = || {
        let start = Instant::now();
        (0..TURNS).for_each(|_| spin_loop());
        start.elapsed().as_nanos().max(1)
    };
    let best = (0..3).map(|_| once()).min().unwrap_or(1);
    // Between a turn of 1024 ns and one of a quarter of a nanosecond.
    (u128::from(TURNS) * 1024 / best).clamp(1, 4096) as u32
}
