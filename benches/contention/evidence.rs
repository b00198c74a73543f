//! What speaks for unlocking by a store, and what against it: measured anew on this machine.
//!
//! The unit is the cheapest system call there is, since the absolute times are the machine's.

use std::env;
use std::hint::{black_box, spin_loop};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use rustix::process::getppid;
use rustix::thread::{MembarrierCommand, membarrier};

use crate::locks::{ASYMMETRIC, BOUNDED, LADDER, Lock, PARKING_LOT};
use lockset_bench::stats::median;

const ROUNDS: usize = 31;
const CALLS: u32 = 2_000;
/// What a child of this program is called with, to register beside a running thread or alone.
pub(crate) const REGISTER: &str = "register";

pub(crate) fn run() {
    println!("| for: uncontended pair | parking_lot = 1 |");
    println!("|---|---|");
    let stages = LADDER.iter().filter(|lock| ["three_state", "asymmetric"].contains(&lock.name));
    let locks: Vec<Lock> = stages.chain(&[BOUNDED, ASYMMETRIC]).copied().collect();
    for lock in locks {
        let ratio = || (lock.uncontended)() / (PARKING_LOT.uncontended)();
        println!("| `{}` | {:.2} |", lock.name, median((0..ROUNDS).map(|_| ratio())));
    }
    println!("\n| against: the waiter's call | an empty system call = 1 |");
    println!("|---|---|");
    if let Err(refused) = membarrier(MembarrierCommand::RegisterPrivateExpedited) {
        println!("| membarrier | refused here: {refused} |");
        return;
    }
    let call = || median((0..ROUNDS).map(|_| per_call(barrier) / per_call(empty)));
    println!("| membarrier, one thread | {:.1} |", call());
    println!("| membarrier, another thread running | {:.1} |", beside_a_running_thread(call));
    for (how, other) in [("alone", "no"), ("with another thread running", "yes")] {
        let ratios = (0..ROUNDS / 4).map(|_| registration(other) / per_call(empty));
        println!("| registering, {how} (once a process) | {:.0} |", median(ratios));
    }
}

/// Registers and says how many nanoseconds it took; in a process of its own, since it is done once.
pub(crate) fn register(other: &str) {
    let time = || {
        let start = Instant::now();
        // The answer is the caller's concern; it has had one before.
        let _ = membarrier(MembarrierCommand::RegisterPrivateExpedited);
        start.elapsed().as_nanos()
    };
    println!("{}", if other == "yes" { beside_a_running_thread(time) } else { time() });
}

fn registration(other: &str) -> f64 {
    let program = env::current_exe().expect("a program knows its own path");
    let output = Command::new(program).args([REGISTER, other]).output().expect("it runs again");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("it prints a number")
}

fn per_call(call: impl Fn()) -> f64 {
    let start = Instant::now();
    (0..CALLS).for_each(|_| call());
    start.elapsed().as_nanos() as f64 / f64::from(CALLS)
}

fn barrier() {
    membarrier(MembarrierCommand::PrivateExpedited).expect("this process is registered");
}

fn empty() {
    black_box(getppid());
}

fn beside_a_running_thread<T>(measure: impl FnOnce() -> T) -> T {
    let (runs, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            // Relaxed, in all four: they only start and end a measurement.
            runs.store(true, Ordering::Relaxed);
            // Relaxed: as above.
            while !is_over.load(Ordering::Relaxed) {
                spin_loop();
            }
        });
        // Relaxed: as above.
        while !runs.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let measured = measure();
        // Relaxed: as above.
        is_over.store(true, Ordering::Relaxed);
        measured
    })
}
