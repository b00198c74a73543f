//! Ending a wait from another thread.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::ladder::ThreeState;
use crate::raw::stir;
use crate::sync::Word;

/// A switch that ends waits: whoever waits for a lock by [`lock_unless`](crate::LockUnless) leaves
/// the queue when another thread throws it, and takes nobody's turn along.
///
/// It is thrown once and for all, and may end any number of waits, for any number of mutexes.
///
/// ```
/// use lockset_mutex::{Cancel, LockUnless, Mutex};
///
/// let (mutex, cancel) = (Mutex::new(0), Cancel::new());
/// let guard = mutex.lock();
/// std::thread::scope(|scope| {
///     let waiter = scope.spawn(|| mutex.lock_unless(&cancel).is_none());
///     cancel.cancel();
///     assert!(waiter.join().unwrap());
/// });
/// ```
#[derive(Debug)]
pub struct Cancel {
    /// [`THROWN`] or not, and a [`WAIT`] for each wait in the list.
    state: Word,
    /// The words on which somebody may sleep on account of this.
    waits: lock_api::Mutex<ThreeState, Vec<Wait>>,
}

const THROWN: u32 = 1;
const WAIT: u32 = 2;

/// A word that is valid as long as this is in the list: its [`Waiting`] borrows it.
#[derive(Debug, PartialEq, Eq)]
struct Wait(NonNull<Word>);

// SAFETY: It stands for a shared borrow of a `Word`, which any thread may have.
unsafe impl Send for Wait {}

/// Keeps a word in the list.
pub(crate) struct Waiting<'a> {
    cancel: &'a Cancel,
    word: &'a Word,
}

impl Cancel {
    /// A switch that has not been thrown.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: Word::new(0), waits: lock_api::Mutex::new(Vec::new()) }
    }

    /// Whether it has been thrown.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Acquire, with the Release below: whoever is cancelled sees what was done before.
        self.state.load(Acquire) & THROWN != 0
    }

    /// Ends all waits on account of this, those under way and those to come, and returns when no
    /// wait is left.
    ///
    /// A waiter that gets the lock in the same moment has it.
    pub fn cancel(&self) {
        // Release: see `is_cancelled`.
        self.state.fetch_or(THROWN, Release);
        loop {
            // A wait that enters the list later sees the switch, thrown before the list was locked.
            // One that is in it sees the switch with the change that `stir` makes, and looks at it
            // after every change and before every sleep. Another switch may undo that change before
            // the waiter compares, so it is made until nobody is left.
            self.waits.lock().iter().for_each(|Wait(word)| {
                // SAFETY: `Waiting` borrows the word, and takes it out of the list, for which it
                // needs this lock, before that borrow ends.
                stir(unsafe { word.as_ref() });
            });
            // Relaxed: the number of waits orders nothing.
            match self.state.load(Relaxed) {
                THROWN => return,
                waiting => self.state.pause(waiting, 16),
            }
        }
    }

    /// Notes that somebody may sleep on `word`.
    pub(crate) fn attend<'a>(&'a self, word: &'a Word) -> Waiting<'a> {
        let mut waits = self.waits.lock();
        waits.push(Wait(NonNull::from(word)));
        // Relaxed: the list's mutex orders what matters.
        self.state.fetch_add(WAIT, Relaxed);
        Waiting { cancel: self, word }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waits = self.cancel.waits.lock();
        let mine = waits.iter().position(|wait| *wait == Wait(NonNull::from(self.word)));
        // Two waits on one word are equal: either will do.
        mine.map(|mine| waits.swap_remove(mine));
        drop(waits);
        // Relaxed: as above.
        self.cancel.state.fetch_sub(WAIT, Relaxed);
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
