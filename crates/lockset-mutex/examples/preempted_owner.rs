//! Why spinning in user space is wrong: owner and waiter on one processor, looks counted.
//!
//! ```console
//! cargo run --release -p lockset-mutex --example preempted_owner
//! ```
//!
//! The owner locks, and gives the processor away, as if it had been preempted. The waiter has it
//! now, and looks at the lock until it is free. It cannot become free while the waiter looks: so a
//! spinning waiter looks until its time slice is used up, and a yielding one once or a few times.
//! The counts of the former depend on the machine and its kernel. That is the point: they depend on
//! nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{hint, thread};

use lock_api::Mutex;
use lockset_mutex::ladder::TestAndTestAndSet;

fn main() {
    if !stay_on_one_processor() {
        println!("this system does not let a program choose its processor; nothing to see here");
        return;
    }
    for (name, wait) in [("spins ", hint::spin_loop as fn()), ("yields", thread::yield_now)] {
        let looks: Vec<_> = (0..5).map(|_| looks_until_free(wait)).collect();
        println!("a waiter that {name} looks so many times, in five tries: {looks:?}");
    }
}

fn looks_until_free(wait: fn()) -> u64 {
    let lock = Mutex::<TestAndTestAndSet, ()>::new(());
    let waiting = AtomicBool::new(false);
    let held = lock.lock();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            // Relaxed, and below: a signal that carries no data.
            waiting.store(true, Ordering::Relaxed);
            let mut looks = 1;
            while lock.try_lock().is_none() {
                looks += 1;
                wait();
            }
            looks
        });
        // Relaxed: as above.
        while !waiting.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        drop(held);
        waiter.join().expect("the waiter only looks")
    })
}

/// Threads that are started later stay where this one is.
#[cfg(target_os = "linux")]
fn stay_on_one_processor() -> bool {
    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};

    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    sched_setaffinity(None, &here).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_processor() -> bool {
    false
}
