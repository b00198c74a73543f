//! Mutex and parking as the model checker sees them.
//!
//! Loom knows no time: a deadline passes when a thread of the model calls [`expire_deadlines`],
//! which may then come at any moment.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, OnceLock};
use std::task::Wake;

use lockset_api::Deadline;
use loom::sync::MutexGuard;
use loom::thread::{self, Thread};

/// Loom's mutex has no const constructor, but the semaphore's is const: it is made at the first
/// use. A model has to use the semaphore once before it shares it.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    initial: std::sync::Mutex<Option<T>>,
    made: OnceLock<loom::sync::Mutex<T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { initial: std::sync::Mutex::new(Some(value)), made: OnceLock::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let made = self.made.get_or_init(|| {
            let value = self.initial.lock().unwrap().take();
            loom::sync::Mutex::new(value.expect("made once"))
        });
        made.lock().unwrap()
    }
}

loom::lazy_static! {
    static ref CLOCK: loom::sync::Mutex<Clock> =
        loom::sync::Mutex::new(Clock { passed: false, sleepers: Vec::new() });
}

struct Clock {
    passed: bool,
    sleepers: Vec<Thread>,
}

/// From now on every deadline of this model has passed.
pub fn expire_deadlines() {
    let mut clock = CLOCK.lock().unwrap();
    clock.passed = true;
    clock.sleepers.drain(..).for_each(|sleeper| sleeper.unpark());
}

pub(crate) fn block_until<F: Future>(future: F, deadline: Deadline) -> Option<F::Output> {
    let timed = deadline != Deadline::NEVER;
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if timed {
            let mut clock = CLOCK.lock().unwrap();
            if clock.passed {
                return None;
            }
            clock.sleepers.push(thread::current());
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
