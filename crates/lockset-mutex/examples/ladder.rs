//! Walks up the ladder: the same work under each lock, and who got how much of it.
//!
//! ```console
//! cargo run --release -p lockset-mutex --all-features --example ladder
//! ```
//!
//! For each stage: how often each thread had the lock while there was work left, and the longest
//! wait, counted in turns that others had meanwhile. In a queue the latter is at most the number of
//! threads, as nobody has two turns while another waits. Nothing here is a time: the counts depend
//! on the machine and on what else it does, but what they say about order does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex as StdMutex};
use std::thread;

use lock_api::{Mutex, RawMutex};
use lockset_mutex::{for_each_stage, ladder};

const THREADS: usize = 4;
/// Few, for with fewer processors than threads a queue of spinning waiters is that slow: each
/// hand-over may have to wait until the next in the queue gets a processor.
const TURNS: u64 = 400;
/// Every so many turns the owner gives its processor away, as if it had been preempted; for the
/// others to come and wait, however short the work.
const PREEMPTED: u64 = 8;

/// What one thread had.
struct Share {
    turns: u64,
    longest_wait: u64,
}

fn walk<R: RawMutex + Sync>(name: &str) {
    let taken = Mutex::<R, u64>::new(0);
    // How many turns there have been, for those who come: it is written by the owner.
    let clock = AtomicU64::new(0);
    let (start, shares) = (Barrier::new(THREADS), StdMutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                let share = work(&taken, &clock);
                shares.lock().expect("no worker panics").push(share);
            });
        }
    });
    let mut shares = shares.into_inner().expect("no worker panics");
    shares.sort_by_key(|share| share.turns);
    let turns: Vec<_> = shares.iter().map(|share| share.turns).collect();
    let longest_wait = shares.iter().map(|share| share.longest_wait).max().unwrap_or(0);
    println!("{name:<22} {:>2} bytes {turns:>4?} {longest_wait:>4}", size_of::<R>());
}

fn work<R: RawMutex>(taken: &Mutex<R, u64>, clock: &AtomicU64) -> Share {
    let mut share = Share { turns: 0, longest_wait: 0 };
    loop {
        // Relaxed: a count to compare with, no more; one that is a little old makes a wait longer.
        let came = clock.load(Ordering::Relaxed);
        let mut turn = taken.lock();
        if *turn == TURNS {
            return share;
        }
        share.longest_wait = share.longest_wait.max(*turn - came);
        share.turns += 1;
        *turn += 1;
        if turn.is_multiple_of(PREEMPTED) {
            thread::yield_now();
        }
        // Relaxed: as above.
        clock.store(*turn, Ordering::Relaxed);
    }
}

macro_rules! walk_each {
    ($($name:ident: $Stage:ident),*) => {
        $(walk::<ladder::$Stage>(stringify!($name));)*
    };
}

fn main() {
    println!("{THREADS} threads, {TURNS} turns: how many each had, and the longest wait in turns");
    for_each_stage!(walk_each);
}
