//! A counting semaphore: so many at once, threads and tasks in one queue.
//!
//! A gateway that stands three calls at a time, whoever makes them:
//!
//! ```
//! use lockset_semaphore::Semaphore;
//!
//! static GATEWAY: Semaphore = Semaphore::new(3);
//!
//! std::thread::scope(|scope| {
//!     for call in 0..8 {
//!         scope.spawn(move || {
//!             let _permit = GATEWAY.acquire(1).expect("never closed");
//!             // At most three threads are here at once.
//!             call * 2
//!         });
//!     }
//! });
//! assert_eq!(GATEWAY.available(), 3);
//! ```
//!
//! A task waits in the same queue, in any runtime or none:
//!
//! ```
//! # use lockset_semaphore::Semaphore;
//! let gateway = Semaphore::new(3);
//! let permit = lockset_api::block_on(async { gateway.acquire_async(2).await }).unwrap();
//! assert_eq!((permit.count(), gateway.available()), (2, 1));
//! ```
//!
//! # When not to use it
//!
//! To protect data, take a mutex: a semaphore of one permit excludes as well, but costs more and
//! owns nothing. To limit processes or machines, a semaphore in memory cannot help.
//!
//! And not yet where the permits change hands every microsecond: strict order means that each
//! contended grant waits for a sleeping thread to wake, which a mutex with a condition variable,
//! where a newcomer may pass, does not. The benchmarks say by how much.
//!
//! # How it is checked
//!
//! `tests/loom.rs` runs this very type through the interleavings of two threads and of three with
//! at most three preemptions: grants against timeouts, cancellations and `close`, threads beside
//! tasks. A kept mutant that loses a permit when a grant and a timeout meet must be caught.

mod acquire;
mod error;
mod queue;
mod semaphore;
#[doc(hidden)]
pub mod sync;
mod traits;

pub use acquire::Acquire;
pub use error::AcquireError;
pub use semaphore::{Permit, Semaphore};
