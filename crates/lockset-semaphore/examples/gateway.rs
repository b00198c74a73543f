//! A gateway that stands so many calls in any window of time: `cargo run --example gateway`.
//!
//! Each call takes a permit, and the permit is given back when the window that began with the call
//! is over, not when the call is. So in no window of that length do more calls begin than there are
//! permits, wherever the window begins: a sliding limit, and no counter that is reset.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lockset_semaphore::{AcquireError, Permit, Semaphore};

const CALLS_IN_A_WINDOW: usize = 5;
const WINDOW: Duration = Duration::from_millis(20);
const CALLERS: usize = 4;
const CALLS: usize = 6;

/// A permit, and when it may be given back.
type Spent = (Instant, Permit<Arc<Semaphore>>);

struct Gateway {
    permits: Arc<Semaphore>,
    spent: Sender<Spent>,
    /// When each call began, to check the limit afterwards.
    began: Arc<Mutex<Vec<Instant>>>,
}

impl Gateway {
    fn call(&self) -> Result<(), AcquireError> {
        let permit = self.permits.acquire_owned(1)?;
        let now = Instant::now();
        self.began.lock().expect("nobody panics").push(now);
        // The other end lives as long as anybody can call.
        let _ = self.spent.send((now + WINDOW, permit));
        Ok(())
    }
}

fn main() {
    let (spent, returns) = mpsc::channel::<Spent>();
    let began = Arc::new(Mutex::new(Vec::new()));
    let permits = Arc::new(Semaphore::new(CALLS_IN_A_WINDOW));
    let gateway = Gateway { permits, spent, began: Arc::clone(&began) };

    // The permits come in the order of their calls, so the first one is always due first.
    let pacer = thread::spawn(move || {
        for (due, permit) in returns {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            drop(permit);
        }
    });
    let gateway = Arc::new(gateway);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let gateway = Arc::clone(&gateway);
            thread::spawn(move || (0..CALLS).try_for_each(|_| gateway.call()))
        })
        .collect();
    for caller in callers {
        caller.join().expect("nobody panics").expect("the gateway is never closed");
    }
    drop(gateway);
    pacer.join().expect("nobody panics");

    let mut began = began.lock().expect("nobody panics").clone();
    began.sort();
    let tightest = began.windows(CALLS_IN_A_WINDOW + 1).map(|calls| {
        let (first, last) = (calls[0], calls[CALLS_IN_A_WINDOW]);
        last - first
    });
    let tightest = tightest.min().unwrap_or(WINDOW);
    println!(
        "{} calls; the closest {} are {tightest:?} apart, with a window of {WINDOW:?}",
        began.len(),
        CALLS_IN_A_WINDOW + 1,
    );
    assert!(tightest >= WINDOW, "more calls in a window than the gateway stands");
}
