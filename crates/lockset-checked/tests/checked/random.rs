//! Many threads, many locks, chosen by chance: those that keep to an order are never reported, and
//! those that do not always are, and never hang.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lockset_checked::Checked;
use lockset_mutex::Mutex;

use crate::common::{mutex, report};

const LOCKS: usize = 8;
const THREADS: u64 = 4;
const ROUNDS: usize = 500;

/// Numbers that look random and are the same in each run (xorshift64; G. Marsaglia, 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Takes the locks of these numbers, one after the other, and holds them all.
fn take(locks: &[Checked<Mutex<i32>>], chosen: &[usize]) {
    if let [first, rest @ ..] = chosen {
        let mut guard = locks[*first].lock();
        *guard += 1;
        take(locks, rest);
    }
}

/// How many of the rounds of all threads were reported, of 2 to 4 locks each.
fn reported(arrange: impl Fn(&mut Vec<usize>) + Sync) -> usize {
    let locks: Vec<_> = (0..LOCKS).map(|_| mutex()).collect();
    let reports = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 1..=THREADS {
            let (locks, reports, arrange) = (&locks, &reports, &arrange);
            scope.spawn(move || {
                let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                for _ in 0..ROUNDS {
                    let mut chosen: Vec<usize> = (0..LOCKS).collect();
                    for at in 0..LOCKS {
                        chosen.swap(at, at + chance.below(LOCKS - at));
                    }
                    chosen.truncate(2 + chance.below(3));
                    arrange(&mut chosen);
                    if report(|| take(locks, &chosen)).is_some() {
                        // Relaxed: a count, read when all threads have ended.
                        reports.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let free = locks.iter().all(|lock| lock.try_lock().is_some());
    assert!(free, "a lock was left behind");
    // Relaxed: see above.
    reports.load(Ordering::Relaxed)
}

#[test]
fn in_order() {
    assert_eq!(reported(|chosen| chosen.sort_unstable()), 0);
}

#[test]
fn in_any_order_behind_one_gate() {
    // The gate is one more lock, the first of all.
    let behind_the_gate = |chosen: &mut Vec<usize>| {
        chosen.retain(|lock| *lock != 0);
        chosen.insert(0, 0);
    };
    assert_eq!(reported(behind_the_gate), 0);
}

#[test]
fn in_any_order() {
    // Were one missed, the four threads would sooner or later hang.
    assert!(reported(|_| {}) > 0);
}
