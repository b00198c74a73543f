//! The two ways to let go of the lock's word and still see who waits.
//!
//! Whoever unlocks stores `FREE` in one word and then looks at another, in which waiters announce
//! themselves; a contender that goes to sleep announces it there and then looks at the first. One
//! of the two must see the other. Processors, and compilers, may let a look overtake the store
//! before it, so something has to prevent that on both sides: Dekker's problem (1965).

#![allow(private_interfaces, reason = "the trait is reachable only through a sealed one")]

use core::fmt::Debug;
use core::sync::atomic::Ordering::{AcqRel, Relaxed, Release};

use crate::sync::{Refused, Word, heavy_fence, light_fence};

/// Nobody holds the lock.
pub(crate) const FREE: u32 = 0;
/// Somebody does.
pub(crate) const HELD: u32 = 1;

/// One way of doing both halves; they rely on each other.
#[doc(hidden)]
pub trait Unlock: Debug + 'static {
    /// Frees the lock. A look at another word after it is not made before it.
    fn open(held: &Word);

    /// What the lock's word is. A store or an exchange before it is not made after it.
    ///
    /// # Errors
    ///
    /// [`Refused`] if that cannot be said: then nobody may rely on being seen.
    fn look(held: &Word) -> Result<u32, Refused>;
}

/// Both halves exchange the lock's word.
///
/// # Notes about memory ordering
///
/// One exchange comes after the other in the word's history. If the owner's is the later one, its
/// Acquire half reads what the waiter's Release half left there, so the owner sees what the waiter
/// announced before. If the waiter's is the later one, it reads that the lock is free.
#[derive(Debug)]
pub enum Exchange {}

/// The owner stores, with nothing but a fence for the compiler behind it, and the waiter makes up
/// for it by a fence that holds for all processors: see [`crate::sync`].
#[derive(Debug)]
pub enum Store {}

impl Unlock for Exchange {
    #[inline]
    fn open(held: &Word) {
        // Release: what the owner did is seen by the next one. Acquire: see the notes above.
        held.swap(FREE, AcqRel);
    }

    fn look(held: &Word) -> Result<u32, Refused> {
        // Release: the announcement is seen by an owner that exchanges later. Acquire is not
        // needed, since nothing is read on account of it, but a fetch has to be an exchange.
        Ok(held.fetch_or(0, Release))
    }
}

impl Unlock for Store {
    #[inline]
    fn open(held: &Word) {
        // Release: what the owner did is seen by the next one.
        held.store(FREE, Release);
        light_fence();
    }

    fn look(held: &Word) -> Result<u32, Refused> {
        heavy_fence()?;
        // Relaxed: the fence has ordered it; it is a question, not an acquisition.
        Ok(held.load(Relaxed))
    }
}
