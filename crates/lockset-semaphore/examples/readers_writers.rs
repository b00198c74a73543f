//! Readers and writers, with nothing but a semaphore: `cargo run --example readers_writers`.
//!
//! A reader takes one permit and a writer takes all of them, so a writer is alone and readers are
//! not (Courtois, Heymans and Parnas, 1971, "Concurrent control with readers and writers"). First
//! come, first served: a writer waits for the readers before it, and for none that come after. With
//! a semaphore that let small requests pass, readers that never pause would starve it.
//!
//! # Notes about memory ordering
//!
//! All is Relaxed: the permits order what is written and read, and the counts order nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use lockset_semaphore::{AcquireError, Semaphore};

const READERS: usize = 6;
const WRITERS: usize = 2;
const TIMES: usize = 1_000;

/// A text that is consistent when its two halves are the same. They are two numbers that do not
/// change in one step, so a reader beside a writer would see that.
#[derive(Default)]
struct Text {
    halves: [AtomicUsize; 2],
}

fn main() -> Result<(), AcquireError> {
    let desk = Semaphore::new(READERS);
    let text = Text::default();
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let read = || -> Result<(), AcquireError> {
        for _ in 0..TIMES {
            let _permit = desk.acquire(1)?;
            most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
            let [first, second] = &text.halves;
            let first = first.load(Relaxed);
            thread::yield_now();
            assert_eq!(first, second.load(Relaxed), "a reader saw half of a change");
            now.fetch_sub(1, Relaxed);
        }
        Ok(())
    };
    let write = || -> Result<(), AcquireError> {
        for _ in 0..TIMES {
            let _permit = desk.acquire(READERS)?;
            assert_eq!(now.load(Relaxed), 0, "a writer is not alone");
            for half in &text.halves {
                half.store(half.load(Relaxed) + 1, Relaxed);
                thread::yield_now();
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
        let mut all = readers.into_iter().chain(writers);
        all.try_for_each(|one| one.join().expect("nobody panics"))
    })?;
    let written = text.halves[0].load(Relaxed);
    println!("{written} changes, none lost; at most {} readers at once", most.load(Relaxed));
    assert_eq!(written, WRITERS * TIMES);
    Ok(())
}
