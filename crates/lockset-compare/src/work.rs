//! Work that takes its time, and the time that it takes.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Work: each step needs the one before.
#[inline(never)]
#[must_use]
pub fn work(mut value: u64, turns: u32) -> u64 {
    for _ in 0..turns {
        value = value.wrapping_mul(0x2545_F491_4F6C_DD1D).rotate_left(7);
    }
    value
}

/// How many turns of [`work`] take so many nanoseconds, as measured once.
#[must_use]
pub fn turns(nanoseconds: u32) -> u32 {
    const TURNS: u32 = 20_000;
    static RATE: OnceLock<f64> = OnceLock::new();
    let rate = RATE.get_or_init(|| {
        let once = || {
            let start = Instant::now();
            black_box(work(1, TURNS));
            start.elapsed().as_nanos() as f64
        };
        f64::from(TURNS) / (0..30).map(|_| once()).fold(f64::MAX, f64::min)
    });
    (f64::from(nanoseconds) * rate) as u32
}

/// The processor time of this thread so far.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
