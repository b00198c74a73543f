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
//! To protect data, take a mutex: a semaphore of one permit excludes as well, but owns nothing. To
//! limit processes or machines, a semaphore in memory cannot help.
//!
//! And mind the [policy] where threads pass permits to each other every microsecond: strict order,
//! the default, means that each contended grant waits for a sleeping thread to wake. Take
//! [`Barging`] there.
//!
//! # To learn from
//!
//! [`ladder`] has six semaphores behind one trait, from a number under a mutex to a queue of
//! threads and tasks; each says what the one before it breaks.
//!
//! # How it is checked
//!
//! `tests/loom*.rs` run this very type through the interleavings of two threads and of three with
//! at most three preemptions: grants against timeouts, cancellations, `close` and `set_limit`,
//! threads beside tasks, by each policy. For each rule that it relies on, a mutant that breaks it
//! is kept, and must be caught; each ordering is weakened in turn, and must be missed. Shuttle runs
//! more threads, ThreadSanitizer the machine code.

mod acquire;
mod error;
mod handle;
pub mod ladder;
mod limit;
mod list;
mod node;
mod permit;
pub mod policy;
mod queue;
mod semaphore;
#[doc(hidden)]
pub mod sync;
mod traits;
mod word;

pub use acquire::Acquire;
pub use error::{AcquireError, LimitError};
pub use handle::Handle;
pub use lockset_api::Deadline;
pub use permit::Permit;
pub use policy::{Barging, Bounded, Fifo, Policy};
pub use semaphore::SemaphoreWith;
pub use word::MAX_PERMITS;

/// So many permits, granted in the order in which they were asked for.
///
/// A request for several permits keeps its place until it has all of them; smaller ones that came
/// later wait behind it, so a large request is never starved. Where that is not what you want, take
/// [`SemaphoreWith`] another [`Policy`].
pub type Semaphore = SemaphoreWith<Fifo>;
