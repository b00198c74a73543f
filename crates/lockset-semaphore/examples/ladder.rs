//! Walks up the ladder of semaphores: what each stage repairs, in numbers.
//!
//! ```console
//! cargo run --release -p lockset-semaphore --example ladder
//! ```
//!
//! Nothing here is a time, and none of the numbers depends on the machine or on what else it does;
//! so each is checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::for_each_stage;
use lockset_semaphore::ladder::{
    self, AsyncSemaphore, Calls, GivingUp, RawSemaphore, TimedSemaphore, Wakers,
};

const PAIRS: u64 = 1_000;
const WAITERS: u32 = 10;
/// When to stop, where it would go on for ever.
const PASSES: u32 = 10_000;
const TASKS: u32 = 100;

/// What a stage's documentation says.
struct Claims {
    calls: u64,
    wakes: Wakes,
}

/// Who is woken when a permit comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wakes {
    /// Whoever sleeps, to look for themselves. Newcomers may be faster.
    All,
    /// Whoever has been served, in order.
    Served,
}

fn claims(stage: &str) -> Claims {
    match stage {
        "mutex_condvar" | "count_futex" => Claims { calls: PAIRS, wakes: Wakes::All },
        "waiters_flag" => Claims { calls: 0, wakes: Wakes::All },
        _ => Claims { calls: 0, wakes: Wakes::Served },
    }
}

/// Calls to the kernel for permits that nobody waits for.
fn calls_of_pairs<S: RawSemaphore>() -> u64 {
    let (semaphore, calls) = (S::new(1), Calls::of_this_thread());
    let before = calls.sleeps() + calls.wakes();
    (0..PAIRS).for_each(|_| drop(semaphore.acquire(1)));
    calls.sleeps() + calls.wakes() - before
}

/// How often ten threads go to sleep until each has got one permit, given one by one.
fn sleeps_of_waiters<S: RawSemaphore>(wakes: Wakes) -> u64 {
    let (semaphore, served) = (S::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        let (came, comers) = mpsc::channel();
        for _ in 0..WAITERS {
            let (came, semaphore, served) = (came.clone(), &semaphore, &served);
            scope.spawn(move || {
                came.send(Calls::of_this_thread()).expect("the walk goes on");
                // It is kept: what comes back is for the others.
                std::mem::forget(semaphore.acquire(1));
                // Relaxed, here and below: a count to wait for.
                served.fetch_add(1, Ordering::Relaxed);
            });
        }
        let waiters: Vec<Calls> = comers.iter().take(WAITERS as usize).collect();
        let sleeps = || waiters.iter().map(Calls::sleeps).sum::<u64>();
        let mut asleep = u64::from(WAITERS);
        for left in (0..WAITERS).rev() {
            // Relaxed: as above.
            while sleeps() < asleep || served.load(Ordering::Relaxed) + left + 1 < WAITERS {
                thread::yield_now();
            }
            semaphore.release(1);
            if wakes == Wakes::All {
                asleep += u64::from(left);
            }
        }
        // Relaxed: as above.
        while served.load(Ordering::Relaxed) < WAITERS {
            thread::yield_now();
        }
        sleeps()
    })
}

/// How many requests for one permit are served while a request for two waits.
fn passes_of_a_large_request<S: RawSemaphore>() -> u32 {
    let semaphore = S::new(2);
    let mut held = semaphore.acquire(1);
    thread::scope(|scope| {
        let (came, comers) = mpsc::channel();
        let large = &semaphore;
        scope.spawn(move || {
            came.send(Calls::of_this_thread()).expect("the walk goes on");
            drop(large.acquire(2));
        });
        let large = comers.recv().expect("it comes");
        while large.sleeps() == 0 {
            thread::yield_now();
        }
        let mut passes = 0;
        // The next permit is taken before the last is given back: two are never free.
        while passes < PASSES
            && let Some(next) = semaphore.try_acquire(1)
        {
            held = next;
            passes += 1;
        }
        drop(held);
        passes
    })
}

fn walk<S: RawSemaphore>(name: &str) {
    let Claims { calls: wanted_calls, wakes } = claims(name);
    let calls = calls_of_pairs::<S>();
    let sleeps = sleeps_of_waiters::<S>(wakes);
    let passes = passes_of_a_large_request::<S>();
    println!("{name:<14} {calls:>14} {sleeps:>14} {passes:>14}");
    let (wanted_sleeps, wanted_passes) = match wakes {
        Wakes::All => (u64::from(WAITERS * (WAITERS + 1) / 2), PASSES),
        Wakes::Served => (u64::from(WAITERS), 0),
    };
    assert_eq!((calls, passes), (wanted_calls, wanted_passes));
    // A system may wake a thread for no reason.
    assert!(sleeps >= wanted_sleeps);
}

macro_rules! walk_each {
    ($($name:ident: $Stage:ident),*) => {
        $(walk::<ladder::$Stage>(stringify!($name));)*
    };
}

/// A large request is in front of a small one, and gives up.
fn a_deadline<S: TimedSemaphore>(name: &str) {
    let semaphore = S::new(2);
    let held = semaphore.acquire(1);
    let soon = Deadline::after(Duration::from_millis(1));
    thread::scope(|scope| {
        let small = scope.spawn(|| semaphore.acquire(1).count());
        assert!(semaphore.acquire_until(2, soon).is_none());
        assert_eq!(small.join().expect("it is served"), 1);
    });
    drop(held);
    let (waiting, free) = (semaphore.waiting(), semaphore.available());
    println!("{name:<14} {waiting} wait, {free} permits are free, after one has given up");
    assert_eq!((waiting, free), (0, 2));
}

/// Many tasks of one thread. One that blocked it would wait for a permit that another has.
fn many_tasks<S: AsyncSemaphore + 'static>(name: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it needs nothing");
    let (semaphore, most) = (Arc::new(S::new(3)), Arc::new(AtomicU32::new(0)));
    let calls = Calls::of_this_thread();
    let before = calls.sleeps();
    let served = runtime.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            let (semaphore, most) = (Arc::clone(&semaphore), Arc::clone(&most));
            tasks.push(tokio::spawn(async move {
                let held = semaphore.acquire_async(1).await;
                // Relaxed: all tasks are of one thread.
                most.fetch_max(3 - semaphore.available(), Ordering::Relaxed);
                tokio::task::yield_now().await;
                held.count()
            }));
        }
        let mut served = 0;
        for task in tasks {
            served += task.await.expect("no task panics");
        }
        served
    });
    // Relaxed: as above.
    let (most, sleeps) = (most.load(Ordering::Relaxed), calls.sleeps() - before);
    println!("{name:<14} {served} tasks of one thread, {most} at once, which slept {sleeps} times");
    assert_eq!((served, most, sleeps), (TASKS, 3, 0));
}

fn main() {
    println!("calls:  to the kernel, for {PAIRS} permits that nobody waits for");
    println!("sleeps: of {WAITERS} threads, until each has got its permit");
    println!("passes: small requests served while a large one waits, no more than {PASSES}\n");
    println!("{:<14} {:>14} {:>14} {:>14}", "", "calls", "sleeps", "passes");
    for_each_stage!(walk_each);
    println!();
    a_deadline::<GivingUp>("giving_up");
    a_deadline::<Wakers>("wakers");
    println!();
    many_tasks::<Wakers>("wakers");
}
