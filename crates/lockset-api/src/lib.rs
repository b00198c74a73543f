//! The traits that every Lockset lock implements.
//!
//! Every lock answers the same four questions, and each step from a mutex to a remote lock changes
//! one answer:
//!
//! | | who is excluded | who frees it if the holder dies | can a holder lose it unknowingly? |
//! |---|---|---|---|
//! | mutex, semaphore | threads, tasks | nobody: they share the process | no |
//! | file lock | processes of one machine | the kernel | no |
//! | remote lock | machines | time: the lease runs out | **yes** |
//!
//! So there are two kinds of guard. A **guard** cannot be lost: [`Lock`], [`SharedLock`] and
//! [`Permits`] hand those out, and dropping one gives the lock back. A **lease** can be lost: its
//! guard implements [`Lease`] as well, and only there are [`Lease::fence`], [`Lease::remaining`],
//! [`Lease::lost`] and a [`Lease::release`] that says whether the lock was still ours. Code that
//! was written for a mutex and needs to know about loss asks for [`LeaseLock`] and cannot be given
//! a mutex; code that takes any [`Lock`] and is given a lease drops it like a guard.
//!
//! # Why a lease is not a mutex
//!
//! A thread that holds a mutex may stop for an hour, and the mutex stays locked: nobody can take
//! it away, so the data behind it is safe for ever. A server cannot do that. A holder that died
//! looks exactly like one that is slow, so the server gives the lock to somebody else once its
//! time is over, and the first holder, paused by a page fault or a debugger, wakes up *believing
//! that it still holds it*. No check before the write can help: the pause can come after the check.
//! What helps is a number that rises with every grant, the [`Fence`]: send it along with each
//! write, and let the resource refuse a write whose fence is lower than one it has seen.
//! [`Fenced`] is that resource in its smallest form. Hence no lease derefs to data: the lock cannot
//! protect it, only the resource can.
//!
//! # When not to use this crate
//!
//! To lock something, take the crate of the lock itself. This one is for code that is generic over
//! locks, and for whoever writes another lock.
//!
//! # Any lock
//!
//! ```
//! use lockset_api::Lock;
//!
//! fn counted<L: Lock>(lock: &L, job: impl FnOnce() -> u32) -> Result<u32, L::Error> {
//!     let _guard = lock.lock()?;
//!     Ok(job())
//! }
//!
//! let rival = parking_lot::Mutex::new(());
//! assert_eq!(counted(&rival, || 7).unwrap(), 7);
//! ```
//!
//! # A lock that can be lost
//!
//! ```
//! use lockset_api::{Error, Fenced, Lease, LeaseLock, Released};
//!
//! fn deposit<L: LeaseLock>(lock: &L, account: &Fenced<i64>, cents: i64) -> Result<(), Error> {
//!     let lease = lock.lease()?;
//!     // The account refuses the write if a later holder has written before us.
//!     account.write(lease.fence(), |balance| *balance += cents)?;
//!     match lease.release()? {
//!         Released::InTime => {}
//!         Released::AlreadyLost(why) => eprintln!("written, but the lease was lost: {why}"),
//!         _ => {}
//!     }
//!     Ok(())
//! }
//! ```

#![forbid(unsafe_code)]

mod async_lock;
mod block_on;
mod blocking;
mod deadline;
mod dynamic;
mod error;
mod fence;
mod fenced;
mod foreign;
mod lease;
mod lock;
mod name;
mod on_thread;
mod pointers;
mod poison;
mod term;
mod timer;

pub use async_lock::{AsyncLock, AsyncPermits, AsyncSharedLock};
pub use block_on::block_on;
pub use blocking::Blocking;
pub use deadline::Deadline;
pub use dynamic::{DynGuard, DynLease, DynLeaseLock, DynLock};
pub use error::{Error, ErrorKind};
pub use fence::Fence;
pub use fenced::{Fenced, StaleFence};
pub use lease::{Lease, LeaseLock, Released};
pub use lock::{Lock, Permits, SharedLock};
pub use name::Name;
pub use on_thread::{OnThread, OnThreadGuard};
pub use poison::{Poison, PoisonGuard, Poisoned};
pub use term::{End, Loss, Lost, Term};
