//! Stage 6, **MCS**: a queue in which each waits at its own node.
//!
//! *What stage 5 breaks*: a waiter looks at a node that another thread has made. Where memory is
//! nearer to some processors than to others, that node is as likely as not far away; and as each
//! thread goes off with its predecessor's node, nodes wander through the machine. Here a thread
//! waits at its own node and keeps it. The price: the owner must know its successor, so the
//! successor has to introduce itself, and `unlock` may have to wait for that.
//!
//! | | |
//! |---|---|
//! | states | `tail` is null: free; else the last of a queue whose first is the owner |
//! | read-modify-writes, lock and unlock without contention | 2 |
//! | cache lines a hand-over moves | the successor's node, to one waiter; and the lock's |
//! | overtaking | none: order is that of the exchanges of `tail` |
//! | owner preempted | all wait; any preempted waiter stops all behind it |
//! | size | 8 bytes, and a node in the heap for each thread that holds or waits |
//!
//! The owner's node is found by the guard's state, a [`Token`]: per-acquisition state of lock_api
//! 0.5 is made for locks like this. It moves with the guard, so it is the node's address and not
//! the node.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge is from the Release store of `GRANTED` to the Acquire look that finds it, or
//! from the Release of emptying `tail` to the Acquire of the exchange that finds null. The exchange
//! is Release as well, so that the successor finds the node as it was set up before it introduces
//! itself; the introduction is Release, and `unlock` reads it by Acquire, to find the successor's
//! node set up, too. Setting up a node that nobody else can reach is Relaxed.
//!
//! # Source
//!
//! J. Mellor-Crummey and M. Scott, *Algorithms for Scalable Synchronization on Shared-Memory
//! Multiprocessors* (1991).
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::Mcs, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use lock_api::RawMutex;

use crate::sync::{Pointer, Word, local};

const WAITING: u32 = 0;
const GRANTED: u32 = 1;

/// A lock whose waiters form a queue, each looking at its own node.
#[derive(Debug)]
pub struct Mcs {
    tail: Pointer<Node>,
}

/// Stands for one acquisition of an [`Mcs`]: the address of its node.
///
/// It stays with the thread that locked.
#[derive(Debug)]
#[must_use = "the lock is unlocked with it"]
pub struct Token(NonNull<Node>);

#[derive(Debug)]
struct Node {
    state: Word,
    next: Pointer<Node>,
}

// SAFETY: Exchanges of `tail` put the threads in a row. A token goes to the one that found it
// empty, or whom its predecessor has granted the lock; and only `unlock`, which takes the token
// back, grants or empties. A node belongs to its thread from `fresh` to `keep`: the predecessor has
// written to it for the last time with `GRANTED`, the successor with its introduction, for which
// `unlock` waits. A forgotten token leaves its node behind for good. The orderings are as above.
unsafe impl RawMutex for Mcs {
    const INIT: Self = Self { tail: Pointer::null() };

    type Guard = Token;

    #[inline]
    fn lock(&self) -> Token {
        let me = Token::fresh();
        let node = me.node();
        if let Some(ahead) = NonNull::new(self.tail.swap(me.0.as_ptr(), AcqRel)) {
            // SAFETY: its owner cannot free it before it has been told of this successor.
            unsafe { ahead.as_ref() }.next.store(me.0.as_ptr(), Release);
            while node.state.load(Acquire) == WAITING {
                node.state.pause(WAITING, 1);
            }
        }
        me
    }

    #[inline]
    fn try_lock(&self) -> Option<Token> {
        if self.is_locked() {
            return None;
        }
        let me = Token::fresh();
        match self.tail.compare_exchange(ptr::null_mut(), me.0.as_ptr(), AcqRel, Relaxed) {
            Ok(_) => Some(me),
            Err(_) => {
                me.keep();
                None
            }
        }
    }

    // SAFETY: the caller owns the acquisition that the token stands for.
    #[inline]
    unsafe fn unlock(&self, me: Token) {
        if let Some(next) = self.successor(&me) {
            // SAFETY: it frees its node only after it has been granted the lock.
            unsafe { next.as_ref() }.state.store(GRANTED, Release);
        }
        me.keep();
    }

    fn is_locked(&self) -> bool {
        !self.tail.load(Relaxed).is_null()
    }
}

impl Mcs {
    /// The next in the queue; if there is none, the queue is empty afterwards.
    #[inline]
    fn successor(&self, me: &Token) -> Option<NonNull<Node>> {
        loop {
            let next = NonNull::new(me.node().next.load(Acquire));
            let last = me.0.as_ptr();
            if next.is_some()
                || self.tail.compare_exchange(last, ptr::null_mut(), Release, Relaxed).is_ok()
            {
                return next;
            }
            // Somebody has come, and is about to introduce itself.
            me.node().next.pause(ptr::null_mut(), 1);
        }
    }
}

local!(
    /// One node is kept for the thread's next acquisition, so that most need no heap.
    static SPARE: Cell<Option<Box<Node>>> = Cell::new(None)
);

impl Token {
    fn fresh() -> Self {
        // A thread that is ending has no locals any more, but may still take a lock.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let node = spare
            .unwrap_or_else(|| Box::new(Node { state: Word::new(WAITING), next: Pointer::null() }));
        node.state.store(WAITING, Relaxed);
        node.next.store(ptr::null_mut(), Relaxed);
        Self(NonNull::from(Box::leak(node)))
    }

    fn node(&self) -> &Node {
        // SAFETY: the node lives as long as its token.
        unsafe { self.0.as_ref() }
    }

    /// Keeps the node for another time; no other thread may know of it any more.
    fn keep(self) {
        // SAFETY: the token is used up, and it alone had the node from `fresh`.
        let node = unsafe { Box::from_raw(self.0.as_ptr()) };
        let _ = SPARE.try_with(|spare| spare.set(Some(node)));
    }
}
