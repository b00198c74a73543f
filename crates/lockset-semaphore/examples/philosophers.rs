//! Five philosophers at dinner: `cargo run --example philosophers`.
//!
//! Each needs both forks beside their plate (Dijkstra, 1965; told as a dinner by Hoare). If all
//! five take the left one first, all wait for the right one for ever. With four seats for five
//! philosophers, somebody always has both: a semaphore that is given to whoever sits down.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

use lockset_semaphore::{AcquireError, Semaphore};

const PHILOSOPHERS: usize = 5;
const MEALS: u32 = 2_000;

fn main() -> Result<(), AcquireError> {
    let seats = Semaphore::new(PHILOSOPHERS - 1);
    let forks: [Semaphore; PHILOSOPHERS] = std::array::from_fn(|_| Semaphore::new(1));
    let eaten = AtomicU32::new(0);
    let dine = &|philosopher: usize| -> Result<(), AcquireError> {
        for _ in 0..MEALS {
            let _seat = seats.acquire(1)?;
            let _left = forks[philosopher].acquire(1)?;
            // Here is where they would all wait.
            thread::yield_now();
            let _right = forks[(philosopher + 1) % PHILOSOPHERS].acquire(1)?;
            // Relaxed: a count that orders nothing.
            eaten.fetch_add(1, Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let diners: Vec<_> = (0..PHILOSOPHERS).map(|one| scope.spawn(move || dine(one))).collect();
        diners.into_iter().try_for_each(|diner| diner.join().expect("nobody panics"))
    })?;
    // Relaxed: the threads are joined.
    let eaten = eaten.load(Relaxed);
    println!("{eaten} meals, {MEALS} for each of {PHILOSOPHERS}");
    assert_eq!(eaten, MEALS * PHILOSOPHERS as u32);
    Ok(())
}
