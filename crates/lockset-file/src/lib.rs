//! A lock between processes: a file, and the kernel's `flock` on it.
//!
//! ```
//! use lockset_api::{AsyncLock, Deadline, Lock, block_on};
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
//! // Tasks wait for it as well, without a thread of their own.
//! let guard = block_on(elsewhere.lock_async())?;
//! # drop(guard);
//! # Ok::<(), lockset_api::Error>(())
//! ```
//!
//! The kernel keeps the lock and frees it when its holder dies, however it dies. It works together
//! with whatever else uses `flock`: std's `File::lock`, flock(1), cargo, Python's filelock.
//!
//! What the kernel does not have, this crate adds, without polling: waiting until a deadline,
//! waiting as a task, giving up, order among the threads of a process, and the name of who holds
//! the lock. How, and how it can fail, is said at [`FileLock`].
//!
//! # When not to use it
//!
//! - Between threads of one process alone: a mutex is a hundred times cheaper.
//! - Between machines: `flock` on a network file system is emulated, ignored, or hangs, depending
//!   on the server and the mount, so such files are refused unless [`Options::network`] says
//!   otherwise. Take a remote lock.
//! - Against programs that use POSIX record locks (`fcntl`): the two kinds do not see each other.
//!   `RangeLock` does see them, and has the same verbs.
//!
//! # Systems
//!
//! Linux is where it is tested. Other Unixes have the same code without [`FileLock::status`].
//! On Windows it locks, by `LockFileEx`, a byte beyond the end of any file, so that others can read
//! the file while it is locked, as on Unix; and a file is known by its path there. That has **never
//! been run**: this workspace has no Windows. All others have std's `File::lock`, and nothing is
//! run there either.
//!
//! # How it is checked
//!
//! `tests/loom*.rs` run this very queue, its waiters and the helper through the interleavings of
//! two and three threads, beside another process: grants against timeouts and dropped futures, the
//! turn that another process gets, changes of mode. The kernel's lock and the other processes are
//! played by the model; what the kernel itself does is asked of the kernel, by tests with real
//! processes. For each rule that it relies on, a mutant that breaks it is kept, and must be caught.
//! Shuttle runs more threads.

// Windows alone has no safe way to lock what this locks: `sys/windows.rs`.
#![cfg_attr(not(windows), forbid(unsafe_code))]
#![cfg_attr(windows, deny(unsafe_code))]

mod errands;
mod error;
mod explain;
mod fenced;
mod files;
mod guard;
mod inode;
mod lock;
mod network;
mod options;
mod per_process;
mod proc;
#[cfg(target_os = "linux")]
mod range;
mod record;
#[cfg(target_os = "linux")]
mod region;
mod request;
mod state;
mod status;
#[doc(hidden)]
pub mod sync;
mod sys;
mod table;
mod waiter;

pub use error::{TimedOut, WaitError};
pub use fenced::{Content, FencedFile};
pub use guard::{FileGuard, Upgrade};
pub use lock::FileLock;
pub use network::NetworkFs;
pub use options::Options;
#[cfg(target_os = "linux")]
pub use range::RangeLock;
#[cfg(target_os = "linux")]
pub use region::{RangeGuard, Region};
pub use status::{Contender, Scope, Status};
pub use sys::Mode;
