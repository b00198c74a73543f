//! Ending a wait from another thread.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Release};

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
    cancelled: Word,
    /// The words on which somebody may sleep on account of this.
    waits: lock_api::Mutex<ThreeState, Vec<Wait>>,
    /// How many those are; what [`cancel`](Self::cancel) waits for.
    count: Word,
}

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
        Self {
            cancelled: Word::new(0),
            waits: lock_api::Mutex::new(Vec::new()),
            count: Word::new(0),
        }
    }

    /// Whether it has been thrown.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Acquire, with the Release below: whoever is cancelled sees what was done before.
        self.cancelled.load(Acquire) != 0
    }

    /// Ends all waits on account of this, those under way and those to come, and returns when no
    /// wait is left.
    ///
    /// A waiter that gets the lock in the same moment has it.
    pub fn cancel(&self) {
        // Release: see `is_cancelled`.
        self.cancelled.store(1, Release);
        loop {
            // Whoever looked at the switch before it was thrown falls asleep only if the word is
            // what it was then. To be seen, the change must come after that look; so it is made
            // again until nobody is left.
            self.waits.lock().iter().for_each(|Wait(word)| {
                // SAFETY: `Waiting` borrows the word, and takes it out of the list, for which it
                // needs this lock, before that borrow ends.
                stir(unsafe { word.as_ref() });
            });
            // Acquire: with the Release in `drop`, for the same reason as above.
            match self.count.load(Acquire) {
                0 => return,
                waiting => self.count.pause(waiting, 16),
            }
        }
    }

    /// Notes that somebody may sleep on `word`.
    pub(crate) fn attend<'a>(&'a self, word: &'a Word) -> Waiting<'a> {
        let mut waits = self.waits.lock();
        waits.push(Wait(NonNull::from(word)));
        // Release: with the Acquire in `cancel`; the number is the list's length.
        self.count.fetch_add(1, Release);
        Waiting { cancel: self, word }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waits = self.cancel.waits.lock();
        let mine = waits.iter().position(|wait| *wait == Wait(NonNull::from(self.word)));
        // Two waits on one word are equal: either will do.
        mine.map(|mine| waits.swap_remove(mine));
        // Release: as above.
        self.cancel.count.fetch_sub(1, Release);
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
