//! One waiter, as the queue sees it. It lives where its wait does: in the future of a task, or on
//! the stack of a thread. So nobody allocates to wait.

use core::marker::PhantomPinned;
use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::task::Waker;

use crate::sync::{self, Atomic, Cell, Thread};

/// What has become of a request. Each is made by whoever has the queue locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Fate {
    /// It is in the queue, and asleep or about to be.
    Waits = 0,
    /// It is in the queue, and has been woken to take its permits before others do.
    Called = 1,
    /// Its permits have been taken for it. It is in the queue no more, as in what follows.
    Granted = 2,
    /// The semaphore was closed first.
    Closed = 3,
    /// The limit was lowered below what it wants.
    Refused = 4,
    /// Its owner took it out, with its permits or without.
    Left = 5,
}

/// Who to wake.
#[derive(Debug)]
pub(crate) enum Wake {
    Thread(Thread),
    Task(Waker),
}

impl Wake {
    /// The task that `waker` wakes, or else this thread.
    pub(crate) fn of(waker: Option<&Waker>) -> Self {
        waker.map_or_else(|| Self::Thread(sync::current()), |waker| Self::Task(waker.clone()))
    }

    pub(crate) fn wake(self) {
        match self {
            Self::Thread(thread) => thread.unpark(),
            Self::Task(waker) => waker.wake(),
        }
    }
}

/// A waiter. Pinned while it is in a queue, because its neighbours point to it.
///
/// They do so while its owner has the future by `&mut`, which is what `PhantomPinned` allows: the
/// compiler does not take a `&mut` to what must not be moved for the only pointer to it. (In time,
/// `UnsafePinned` will say so by name.)
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) wants: usize,
    fate: Atomic,
    entry: Cell<Entry>,
    _pinned: PhantomPinned,
}

/// What belongs to the queue: read and written with the queue locked only.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) before: Option<NonNull<Node>>,
    pub(crate) behind: Option<NonNull<Node>>,
    /// Who sleeps. Nobody, if it is called.
    pub(crate) wake: Option<Wake>,
    /// How often others were served while this was the first.
    pub(crate) passed: u32,
}

// SAFETY: what is neither plain nor atomic is in `entry`, whose users have the queue locked; and
// its wakers are `Send`.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    pub(crate) fn new(wants: usize) -> Self {
        let entry = Entry { before: None, behind: None, wake: None, passed: 0 };
        Self {
            wants,
            fate: Atomic::new(Fate::Waits as usize),
            entry: Cell::new(entry),
            _pinned: PhantomPinned,
        }
    }

    pub(crate) fn fate(&self) -> Fate {
        // Acquire: who was granted permits sees what was done before they were given back, and who
        // was sent away what was done before that; and who frees the node is the last to use it.
        match self.fate.load(Acquire) {
            0 => Fate::Waits,
            1 => Fate::Called,
            2 => Fate::Granted,
            3 => Fate::Closed,
            4 => Fate::Refused,
            _ => Fate::Left,
        }
    }

    /// A look without consequences, for those who spin.
    pub(crate) fn still_waits(&self) -> bool {
        // Relaxed: whoever sees a change looks again by `fate`.
        self.fate.load(Relaxed) == Fate::Waits as usize
    }

    /// Decides. Unless that leaves it in the queue, the node may be gone at once, also while this
    /// runs: so there is no reference to it as a whole, and nothing is done with it afterwards.
    ///
    /// # Safety
    ///
    /// `node` is alive until then.
    pub(crate) unsafe fn decide(node: NonNull<Self>, fate: Fate) {
        // SAFETY: it is alive, as the caller promises.
        let place = unsafe { &(*node.as_ptr()).fate };
        // Release, with the Acquire in `fate`.
        place.store(fate as usize, Release);
    }

    /// # Safety
    ///
    /// The caller has the node's queue locked, and uses no other entry of this node in `f`.
    pub(crate) unsafe fn with_entry<R>(&self, f: impl FnOnce(&mut Entry) -> R) -> R {
        // SAFETY: nobody else uses it, as the caller promises.
        self.entry.with_mut(|entry| f(unsafe { &mut *entry }))
    }
}
