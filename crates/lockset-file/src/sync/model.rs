//! Threads, time and what is shared, as a model checker sees them.

use core::sync::atomic::Ordering;
use std::io;
use std::sync::{Arc, Mutex as PlainMutex};
use std::time::{Duration, Instant};

use lockset_sync::Word;

use super::checker;
use checker::thread::JoinHandle;

pub(crate) use checker::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
pub(crate) use checker::sync::{Condvar, Mutex, MutexGuard};

checker::lazy_static! {
    static ref HELPERS: PlainMutex<Vec<JoinHandle<()>>> = PlainMutex::new(Vec::new());
    static ref START: Instant = Instant::now();
}

checker::thread_local! {
    static CURRENT: Thread = Thread::new();
}

const ASLEEP: u32 = 0;
const AWAKE: u32 = 1;

/// A thread that sleeps by [`park`]. Not the checker's own: loom 0.7 takes an unparking for the end
/// of whatever the thread waits for just then, such as a mutex.
#[derive(Clone, Debug)]
pub(crate) struct Thread(Arc<Word>);

pub(crate) fn current() -> Thread {
    CURRENT.with(Thread::clone)
}

impl Thread {
    fn new() -> Self {
        let word = Word::new(ASLEEP);
        // Relaxed: the first use, which makes it, before it is shared.
        word.load(Ordering::Relaxed);
        Self(Arc::new(word))
    }

    pub(crate) fn unpark(&self) {
        // Release, with the Acquire below, as std's parking promises.
        self.0.store(AWAKE, Ordering::Release);
        self.0.wake(1);
    }
}

pub(crate) fn park(deadline: Option<Instant>) {
    let Thread(word) = current();
    word.wait(ASLEEP, deadline);
    // Acquire, with the Release above.
    word.swap(ASLEEP, Ordering::Acquire);
}

/// Time stands still: no time passes between two looks at the clock. Deadlines pass all the same,
/// when the model says so.
pub(crate) fn now() -> Instant {
    *START
}

/// One is more than none, and enough to see what happens after it.
pub(crate) const fn few(_so_many: u32) -> u32 {
    1
}

/// One look: to look again adds interleavings that differ in nothing.
pub(crate) fn spin(_time: Duration, mut is_over: impl FnMut() -> bool) {
    is_over();
}

/// Starts the helper's thread.
pub(crate) fn spawn(body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let helper = checker::thread::spawn(body);
    HELPERS.lock().unwrap().push(helper);
    Ok(())
}

/// Waits for the end of all helpers that have been started: one that does not end is a deadlock.
/// How many there were.
pub fn join_helpers() -> usize {
    let mut joined = 0;
    loop {
        // A statement of its own: nothing of std's is locked while the checker switches threads.
        let helper = HELPERS.lock().unwrap().pop();
        let Some(helper) = helper else { return joined };
        helper.join().unwrap();
        joined += 1;
    }
}
