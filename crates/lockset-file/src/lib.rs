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
//!   `RangeLock` does see them.
//!
//! # Systems
//!
//! Linux is where it is tested. Other Unixes have the same code without [`FileLock::status`].
//! Windows has std's `File::lock`, which keeps other processes from reading the file while it is
//! locked; nothing is run there.

#![forbid(unsafe_code)]

mod error;
mod explain;
mod fenced;
mod files;
mod guard;
mod inode;
mod lock;
mod network;
mod options;
mod proc;
#[cfg(target_os = "linux")]
mod range;
mod record;
mod request;
mod state;
mod status;
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
pub use range::{RangeGuard, RangeLock};
pub use status::{Contender, Status};
pub use sys::Mode;
