//! One who waits for a file in this process: a thread or a task.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Instant;

use crate::sync::{AtomicU8, Mutex, Thread, current, now};
use crate::sys::Mode;

/// A place in the queue.
///
/// # Notes about memory ordering
///
/// Who is granted the lock sees what its last holder of this process did. That one has let go with
/// the file's state locked, and so has whoever decides the fate afterwards; the fate is stored by
/// Release, and read by Acquire, because the waiter does not lock the state again to find out.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) mode: Mode,
    pub(crate) patience: Patience,
    /// Since when it waits.
    pub(crate) since: Instant,
    /// Later ones have higher numbers; none has 0.
    pub(crate) ticket: u64,
    fate: AtomicU8,
    wake: Mutex<Option<Wake>>,
    error: Mutex<Option<io::Error>>,
}

/// How a waiter can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A thread without a deadline, which may as well sleep in the kernel.
    Endless,
    /// A thread with a deadline.
    Timed,
    /// A task.
    Async,
}

/// What has become of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fate {
    /// Nothing yet.
    Waits,
    /// It has been woken to take the lock, unless somebody who is awake anyway is quicker.
    Called,
    /// It is the first, and is to wait in the kernel itself. For endless ones alone.
    Asks,
    /// It holds the lock and is in the queue no more.
    Granted,
    /// The kernel refused; it is in the queue no more.
    Failed,
}

/// How to wake somebody.
#[derive(Debug)]
pub(crate) enum Wake {
    Thread(Thread),
    Task(Waker),
}

impl Waiter {
    pub(crate) fn new(mode: Mode, patience: Patience, ticket: u64, wake: Wake) -> Self {
        Self {
            mode,
            patience,
            since: now(),
            ticket,
            fate: AtomicU8::new(Fate::Waits as u8),
            wake: Mutex::new(Some(wake)),
            error: Mutex::new(None),
        }
    }

    pub(crate) fn fate(&self) -> Fate {
        const FATES: [Fate; 5] =
            [Fate::Waits, Fate::Called, Fate::Asks, Fate::Granted, Fate::Failed];
        FATES[usize::from(self.fate.load(Ordering::Acquire))]
    }

    /// To be called with the file's state locked.
    pub(crate) fn decide(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::Release);
    }

    /// As [`decide`](Self::decide): the kernel refused.
    pub(crate) fn fail(&self, error: io::Error) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.decide(Fate::Failed);
    }

    pub(crate) fn take_error(&self) -> io::Error {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.unwrap_or_else(|| io::Error::other("refused by the kernel"))
    }

    /// A task may have another waker each time.
    pub(crate) fn renew(&self, waker: &Waker) {
        // Cloned and dropped with nothing locked: both are somebody else's code.
        let renewed = Some(Wake::Task(waker.clone()));
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *wake, renewed);
        drop(wake);
        drop(before);
    }

    /// To be called with nothing locked.
    pub(crate) fn wake(&self) {
        let mut wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread is the same each time. A task brings its waker along when it is polled next, and
        // until then it need not be woken again.
        let once = match &*wake {
            Some(Wake::Thread(thread)) => Some(Wake::Thread(thread.clone())),
            _ => wake.take(),
        };
        drop(wake);
        match once {
            Some(Wake::Thread(thread)) => thread.unpark(),
            Some(Wake::Task(waker)) => waker.wake(),
            None => {}
        }
    }
}

impl Wake {
    pub(crate) fn of(waker: Option<&Waker>) -> Self {
        waker.map_or_else(|| Self::Thread(current()), |waker| Self::Task(waker.clone()))
    }
}
