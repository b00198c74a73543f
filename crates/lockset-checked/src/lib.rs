//! Deadlocks found before they happen: a wrapper around any lock of the family.
//!
//! Two threads that take two locks in opposite orders run well for years, until both are half way
//! at the same moment. [`Checked`] needs neither the two threads nor the moment. It remembers, for
//! the whole process, what was asked for while what was held, and reports the first request that
//! closes a circle, before it waits. One graph has mutexes, permits, file locks and leases in it,
//! taken by threads and by [`task`]s.
//!
//! ```
//! use lockset_api::Lock;
//! use lockset_checked::{Checked, on_cycle};
//! use lockset_file::FileLock;
//! use lockset_mutex::Mutex;
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("journal.lock");
//! on_cycle(|cycle| eprintln!("{cycle}")); // without it, a cycle is a panic
//! let balance = Checked::new(Mutex::new(100)).named("balance");
//! let journal = Checked::new(FileLock::open(&path)?).named("journal");
//!
//! let mut cents = balance.lock();
//! let entry = journal.lock()?;
//! *cents += 5;
//! # drop((cents, entry));
//! # on_cycle(lockset_checked::panic_with);
//! # Ok::<(), lockset_api::Error>(())
//! ```
//!
//! What is reported, what is not, and whose a guard is, is said at [`Checked`].
//!
//! # When to use it
//!
//! In tests, always: an order that any test shows is enough. In production, where its cost does not
//! matter, with a hook that logs. To switch it off, name the lock's type once, and change that
//! line.
//!
//! # How it is checked
//!
//! Each thing that is reported, and each that is not, has a test, and every suite of the workspace
//! runs once more with its locks in a `Checked`, where a report would be a failure.

#![forbid(unsafe_code)]

mod ask;
mod blocking;
mod checked;
mod claim;
mod context;
mod cycle;
mod graph;
mod guard;
mod in_hand;
mod infallible;
mod mark;
mod report;
mod search;
mod task;
mod tasks;

pub use checked::Checked;
pub use cycle::{Cycle, Step};
pub use guard::CheckedGuard;
pub use report::{on_cycle, panic_with};
pub use task::{Task, task};
