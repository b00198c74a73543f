//! Stage 5, **CLH**: a queue in which each waits for the one ahead.
//!
//! *What stage 4 breaks*: all n waiters look at the same word, so each hand-over sends its cache
//! line to all n, of whom n - 1 learn that it is not yet their turn. Here each waiter looks at a
//! word of its own, the one of its predecessor's node, and a hand-over reaches one.
//!
//! | | |
//! |---|---|
//! | states | `tail` is null: free; else the last of a queue whose first is the owner |
//! | read-modify-writes, lock and unlock without contention | 2 |
//! | cache lines a hand-over moves | the owner's node, to one waiter; and the lock's |
//! | overtaking | none: order is that of the exchanges of `tail` |
//! | owner preempted | all wait; any preempted waiter stops all behind it |
//! | size | 16 bytes, and a node in the heap for each thread that holds or waits |
//!
//! The published lock unlocks by a plain store, and its tail always names a node. Then whoever only
//! tries has to read that node to learn whether the lock is free, while another thread may be
//! giving it back to the heap. So here the last one out takes its node off again, which costs one
//! read-modify-write; it also lets a lock begin with nothing but nulls, in a `static`.
//!
//! # The owner's node
//!
//! A thread frees the node of its predecessor and hands on its own, so between `lock` and `unlock`
//! somebody has to remember which that is. Here the lock does, in `owner`: with nothing but `&self`
//! in its hand, `unlock` finds it. lock_api 0.5 lets `lock` return state that comes back to
//! `unlock`, as [stage 6](super::mcs) does. That would save `owner` here, and the store to it.
//!
//! # Notes about memory ordering
//!
//! The lock's one edge goes from `unlock` to the next owner. If that is already in the queue, the
//! halves are the Release store of `PASSED_ON` and the Acquire look that finds it. Otherwise they
//! are the Release of taking the node off and the Acquire of the exchange that finds null. The
//! exchange is Release, too: it hands the node, `HELD` and all, to the successor. `owner` is used
//! by the owner alone, and so ordered by the lock itself: Relaxed.
//!
//! # Source
//!
//! T. Craig, *Building FIFO and Priority-Queuing Spin Locks from Atomic Swap* (1993); A. Landin and
//! E. Hagersten, *Queue Locks on Cache Coherent Multiprocessors* (1994). With `owner` in the lock:
//! M. Scott, *Shared-Memory Synchronization* (2013), section 4.3.
//!
//! ```
//! let counter = lock_api::Mutex::<lockset_mutex::ladder::Clh, _>::new(0);
//! *counter.lock() += 1;
//! assert_eq!(*counter.lock(), 1);
//! ```

use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use lock_api::{GuardNoSend, RawMutex};

use crate::sync::{Pointer, Word, local};

const HELD: u32 = 0;
const PASSED_ON: u32 = 1;

/// A lock whose waiters form a queue, each looking at its predecessor's node.
#[derive(Debug)]
pub struct Clh {
    tail: Pointer<Node>,
    owner: Pointer<Node>,
}

#[derive(Debug)]
struct Node {
    state: Word,
}

// SAFETY: Exchanges of `tail` put the threads in a row. Guard state goes to the one that found it
// empty, or whose predecessor has passed the lock on; and only `unlock`, which takes that state
// back, passes on or empties. A node is written by its thread until `PASSED_ON`, and freed by
// whoever is told so: the successor, or `unlock` itself if it took the node off before there was
// one. A forgotten guard leaves its node behind for good. The orderings are those of the notes.
unsafe impl RawMutex for Clh {
    const INIT: Self = Self { tail: Pointer::null(), owner: Pointer::null() };

    type Guard = GuardNoSend;

    #[inline]
    fn lock(&self) -> GuardNoSend {
        let me = Node::fresh();
        if let Some(ahead) = NonNull::new(self.tail.swap(me, AcqRel)) {
            // SAFETY: the exchange gave the predecessor's node to this thread alone, to be freed
            // after its owner has let go of it.
            unsafe { Node::wait_and_keep(ahead) };
        }
        self.owner.store(me, Relaxed);
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        if self.is_locked() {
            return None;
        }
        let me = Node::fresh();
        if self.tail.compare_exchange(ptr::null_mut(), me, AcqRel, Relaxed).is_err() {
            // SAFETY: nobody else has seen the node.
            unsafe { Node::keep(me) };
            return None;
        }
        self.owner.store(me, Relaxed);
        Some(GuardNoSend::new())
    }

    // SAFETY: the caller owns the acquisition, so `owner` is the node that it made.
    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        let me = self.owner.load(Relaxed);
        if self.tail.compare_exchange(me, ptr::null_mut(), Release, Relaxed).is_ok() {
            // SAFETY: it was still the last, so nobody has its address, and nobody will.
            unsafe { Node::keep(me) };
        } else {
            // SAFETY: the successor frees the node, but only after this store.
            unsafe { &*me }.state.store(PASSED_ON, Release);
        }
    }

    fn is_locked(&self) -> bool {
        !self.tail.load(Relaxed).is_null()
    }
}

local!(
    /// One node is kept for the thread's next acquisition, so that most need no heap.
    static SPARE: Cell<Option<Box<Node>>> = Cell::new(None)
);

impl Node {
    fn fresh() -> *mut Self {
        // A thread that is ending has no locals any more, but may still take a lock.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let node = spare.unwrap_or_else(|| Box::new(Self { state: Word::new(HELD) }));
        node.state.store(HELD, Relaxed);
        Box::into_raw(node)
    }

    /// # Safety
    /// `node` is from `fresh`, and no other thread can reach it any more.
    unsafe fn keep(node: *mut Self) {
        // SAFETY: as the caller promises.
        let node = unsafe { Box::from_raw(node) };
        let _ = SPARE.try_with(|spare| spare.set(Some(node)));
    }

    /// # Safety
    /// `node` is from `fresh`, and this thread alone will free it.
    #[inline]
    unsafe fn wait_and_keep(node: NonNull<Self>) {
        // SAFETY: nobody else frees it.
        let state = &unsafe { node.as_ref() }.state;
        while state.load(Acquire) == HELD {
            state.pause(HELD, 1);
        }
        // SAFETY: after `PASSED_ON`, its owner does not touch it any more.
        unsafe { Self::keep(node.as_ptr()) };
    }
}
