//! The same threads with a mutex: the same code, and nothing is lost.

use lockset::Mutex;

use super::{Seen, none};
use crate::error::Result;
use crate::tour::Tour;

pub(super) const STORY: (&str, &str) = (
    "Threads with a mutex",
    "The same eight threads run the same code, but each holds a mutex from before it reads until \
     after it has written. Whoever comes meanwhile sleeps until the mutex is free. The price is \
     the waiting; what it buys is that every payment arrives.",
);

pub(super) fn with(tour: &Tour) -> Result<Seen> {
    // A program of its own would write `Mutex::new(accounts)`: data inside the mutex cannot be
    // touched without it. Here the accounts stay outside, so that the lock is the only difference.
    none::race(tour, &Mutex::new(()))
}
