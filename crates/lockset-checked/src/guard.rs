//! The guard of a checked lock.

use core::fmt;
use core::ops::{Deref, DerefMut};
use std::time::Duration;

use lockset_api::{Fence, Lease, Lost, Released};

use crate::in_hand::InHand;

/// Holds a [`Checked`](crate::Checked) lock, and is to its user what the guard inside is: it derefs
/// to what that derefs to, it is a [`Lease`] if that is one, and can be sent if that can.
///
/// It stands in the held set of the thread or task that acquired it. So **a guard that is sent to
/// another thread or task is to be [`detach`](Self::detach)ed first**: the compiler moves it
/// without a word to us, and until it is dropped over there, its first holder would count as its
/// holder still.
///
/// Its own functions are called as `CheckedGuard::detach(&mut guard)`, since those of the data must
/// not be hidden.
#[must_use = "dropping the guard gives the lock back"]
pub struct CheckedGuard<G> {
    /// Dropped first: once the lock is free, its next holder must not find it in our hands.
    in_hand: Option<InHand>,
    guard: G,
}

impl<G> CheckedGuard<G> {
    pub(crate) const fn new(guard: G, in_hand: Option<InHand>) -> Self {
        Self { in_hand, guard }
    }

    /// Takes the guard out of its holder's held set, into nobody's: before it is sent elsewhere.
    ///
    /// ```
    /// use lockset_checked::{Checked, CheckedGuard};
    /// use lockset_api::Lock;
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("lock");
    ///
    /// let lock = Checked::new(lockset_file::FileLock::open(&path)?);
    /// let mut guard = lock.lock()?;
    /// CheckedGuard::detach(&mut guard);
    /// let worker = std::thread::spawn(move || drop(guard));
    /// // Waits for the worker, not for ourselves.
    /// drop(lock.lock()?);
    /// # worker.join().unwrap();
    /// # Ok::<(), lockset_api::Error>(())
    /// ```
    pub fn detach(guard: &mut Self) {
        if let Some(in_hand) = guard.in_hand.take() {
            in_hand.detach();
        }
    }

    /// Puts the guard into the held set of whoever runs now: after it was sent here, if not
    /// detached before.
    pub fn adopt(guard: &mut Self) {
        if let Some(in_hand) = &mut guard.in_hand {
            in_hand.adopt();
        }
    }

    /// The guard inside.
    pub const fn inner(guard: &Self) -> &G {
        &guard.guard
    }

    /// The guard inside, which nobody checks any more.
    pub fn into_inner(guard: Self) -> G {
        guard.guard
    }
}

impl<G: Deref> Deref for CheckedGuard<G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for CheckedGuard<G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

impl<G: Lease> Lease for CheckedGuard<G> {
    type Error = G::Error;

    fn fence(&self) -> Fence {
        self.guard.fence()
    }

    fn remaining(&self) -> Duration {
        self.guard.remaining()
    }

    fn lost(&self) -> Lost {
        self.guard.lost()
    }

    fn release(self) -> Result<Released, G::Error> {
        Self::into_inner(self).release()
    }
}

impl<G: fmt::Debug> fmt::Debug for CheckedGuard<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}
