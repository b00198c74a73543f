//! One set of locks, from a mutex between two threads to a lease kept by a server, behind one
//! family of traits.
//!
//! | to exclude | take | waits | ends |
//! |---|---|---|---|
//! | threads | [`Mutex`] | on a futex | when its guard is dropped |
//! | all but N threads or tasks | [`Semaphore`] | in one FIFO queue | when the permit is dropped |
//! | processes of a machine | [`FileLock`] | in the kernel's queue | and when the process dies |
//! | machines | [`Locks`], [`RemoteLock`] | for the server | and when its time is over |
//!
//! Each lives in a crate of its own, for those who want one only: `lockset-mutex`,
//! `lockset-semaphore`, `lockset-file`, `lockset-remote`. The traits are `lockset-api`'s.
//!
//! ```
//! use lockset::{Lock, Mutex};
//!
//! fn once<L: Lock>(lock: &L) -> Result<&'static str, L::Error> {
//!     let _guard = lock.lock()?;
//!     Ok("alone in here")
//! }
//!
//! assert_eq!(once(&Mutex::new(())).unwrap(), "alone in here");
//! ```
//!
//! Any of them in a [`Checked`] reports a lock order that could deadlock, before it does.
//!
//! A lock that a setting decides on is [`open`]ed by its URL:
//!
//! ```
//! # let dir = tempfile::tempdir().unwrap();
//! # let url = format!("sqlite:{}#nightly", dir.path().join("locks.db").display());
//! use lockset::Lock;
//!
//! let lock = lockset::open(&url)?.into_lock();
//! let guard = lock.lock()?;
//! # drop(guard);
//! # Ok::<(), lockset::Error>(())
//! ```

#![forbid(unsafe_code)]

mod open;
pub mod recipes;

pub use lockset_api::*;
pub use lockset_checked::Checked;
pub use lockset_file as file;
pub use lockset_file::{FileGuard, FileLock};
pub use lockset_mutex as mutex;
pub use lockset_mutex::{Mutex, MutexGuard};
pub use lockset_remote::{Locks, RemoteLease, RemoteLock, RemoteRwLock, RemoteSemaphore, Renewal};
pub use lockset_semaphore as semaphore;
pub use lockset_semaphore::{AcquireError, Permit, Semaphore};
pub use open::{Opened, open, open_server};

/// Leases: what `lockset-remote` has beyond [`Locks`] and [`RemoteLock`], and how to port a server.
pub mod remote {
    pub use lockset_remote::*;
}

/// Deadlock detection: what `lockset-checked` has beyond [`Checked`].
pub mod checked {
    pub use lockset_checked::*;
}
