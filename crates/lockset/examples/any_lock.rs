//! The first user of the trait family: code that takes any lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use lockset::{FileLock, Lock, Mutex, Semaphore};

/// Runs `section` a hundred times on each of four threads, one at a time.
fn contend<L: Lock + Sync>(lock: &L, section: impl Fn() + Sync) -> Result<(), L::Error> {
    thread::scope(|scope| {
        let work = || (0..100).try_for_each(|_| lock.lock().map(|_guard| section()));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the section is sound"))
    })
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let turns = AtomicU32::new(0);
    let section = || {
        // Relaxed: a count, read when all threads have ended.
        turns.fetch_add(1, Ordering::Relaxed);
    };

    contend(&Mutex::new(()), section)?;
    contend(&Semaphore::new(1), section)?;
    contend(&FileLock::open(dir.path().join("lock"))?, section)?;

    // Relaxed: see above.
    let turns = turns.load(Ordering::Relaxed);
    println!("{turns} turns under three kinds of lock, by one function");
    assert_eq!(turns, 1200);
    Ok(())
}
