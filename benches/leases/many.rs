//! Ten thousand leases held at once by one process, renewed by one driver: what that costs.

use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lease, block_on};
use lockset_remote::{Locks, RemoteLease, redis::Redis};
use rustix::time::{ClockId, clock_gettime};

use crate::line::Line;

const LEASES: usize = 10_000;
const TTL: Duration = Duration::from_secs(10);

/// Prints a table: how many were lost, and how much of a processor the process took for the rest.
///
/// Each is renewed every third of its TTL, so that is what the figures are of.
pub(crate) fn report(line: &mut Line) {
    let locks = Locks::new(Redis::new(&line.url()).expect("a URL"));
    let waiting: Vec<_> = (0..LEASES)
        .map(|nth| {
            let lock = locks.lock(&format!("many-{nth}")).expect("a name");
            lock.with_ttl(TTL).expect("a TTL").acquire(Deadline::NEVER)
        })
        .collect();
    let leases: Vec<RemoteLease> = waiting
        .into_iter()
        .map(|waiting| block_on(waiting).expect("the server is there").expect("nobody has it"))
        .collect();
    // Each has been renewed six times after that.
    let held = TTL * 2;
    let (began, busy) = (Instant::now(), processor_time());
    let first = leases.first().expect("there are some");
    let _ = first.lost().wait(Deadline::after(held));
    let share = (processor_time() - busy).as_secs_f64() / began.elapsed().as_secs_f64();
    let lost = leases.iter().filter(|lease| lease.lost().is_lost()).count();
    let least = leases.iter().map(Lease::remaining).min().unwrap_or_default();
    println!("\n## {LEASES} leases held at once\n");
    let head = ["TTL", "renewals a second", "lost after two TTLs", "least that is left of any"];
    println!("| {} | of one processor |", head.join(" | "));
    println!("|---|---|---|---|---|");
    let rate = LEASES as f64 / (TTL.as_secs_f64() / 3.0);
    let left = least.as_secs_f64() / TTL.as_secs_f64();
    println!("| {TTL:?} | {rate:.0} | **{lost}** | {left:.2} of the TTL | **{share:.2}** |");
    // They are given back before the server is gone.
    drop(leases);
    thread::yield_now();
}

/// What this process has had of the processors.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
