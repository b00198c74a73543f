//! A lock between processes: a file, and the kernel's `flock` on it.
//!
//! ```
//! use lockset_api::{Deadline, Lock};
//! use lockset_file::FileLock;
//! use std::time::Duration;
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("ledger.lock");
//! let lock = FileLock::open(&path)?;
//! let guard = lock.lock()?;
//! // Another process, or another thread of this one, has to wait.
//! let elsewhere = FileLock::open(&path)?;
//! assert!(elsewhere.lock_until(Deadline::after(Duration::from_millis(20)))?.is_none());
//! drop(guard);
//! # Ok::<(), lockset_api::Error>(())
//! ```
//!
//! The kernel keeps the lock and frees it when its holder dies, however it dies. It works together
//! with whatever else uses `flock`: std's `File::lock`, flock(1), cargo, Python's filelock.
//!
//! # When not to use it
//!
//! - Between threads of one process alone: a mutex is a thousand times cheaper.
//! - Between machines: `flock` on a network file system is emulated, ignored, or hangs, depending
//!   on the server and the mount. Take a remote lock.
//! - Against programs that use POSIX record locks (`fcntl`): the two kinds do not see each other.
//!
//! For tasks, [`lockset_api::OnThread`] gives each wait a thread of its own.

#![forbid(unsafe_code)]

mod lock;
mod open;

pub use lock::{FileGuard, FileLock};
