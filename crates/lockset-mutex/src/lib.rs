//! A mutex: at most one thread at a time.
//!
//! [`Mutex`] is lock_api's generic mutex over [`RawMutex`], in 8 bytes: one exchange to lock, one
//! to unlock, and the kernel only when somebody has to sleep. One waiter at a time waits awake, the
//! others sleep; newcomers may overtake them for a few microseconds, then the one who has waited
//! longest is served. What it may do differently is chosen by type: see [`Policy`].
//!
//! Use it like any mutex behind `lock_api`; it is also a [`lockset_api::Lock`].
//!
//! ```
//! use lockset_mutex::Mutex;
//!
//! static BALANCE: Mutex<i64> = Mutex::new(100);
//!
//! std::thread::scope(|scope| {
//!     for _ in 0..4 {
//!         scope.spawn(|| *BALANCE.lock() += 10);
//!     }
//! });
//! assert_eq!(*BALANCE.lock(), 140);
//! ```
//!
//! # When not to use it
//!
//! - Between processes: take `lockset-file`. Between machines: `lockset-remote`.
//! - When waiters must be served in order: this lock lets a newcomer overtake a sleeper, because
//!   handing a lock to a sleeping thread costs a switch of threads each time. [`Fifo`] is for that,
//!   at that price.
//! - To hold across an `.await`: the guard blocks its thread's other tasks.
//!
//! A panic releases the lock and leaves the data as it was then. Who needs to know that wraps the
//! data in [`Poison`].
//!
//! # To learn from
//!
//! [`ladder`] has twelve mutexes behind the same trait, from an exchanged flag to one that bounds
//! how often a sleeper is overtaken; each says what the one before it breaks.
//!
//! # How it is checked
//!
//! `tests/loom*.rs` run these very types, guard and all, through every interleaving of two threads
//! and through those of three threads with few preemptions: timed, cancelled, handed over. For each
//! rule that they rely on, a mutant that breaks it is kept, and must be caught; each ordering is
//! weakened in turn, and must be missed. Shuttle runs eight threads, ThreadSanitizer the machine
//! code.

mod cancel;
mod condvar;
mod counts;
pub mod ladder;
mod lock_unless;
mod policy;
mod raw;
#[doc(hidden)]
pub mod sync;
mod unlock;

pub use cancel::Cancel;
pub use condvar::RawCondvar;
pub use counts::{Counts, HasCounts};
pub use lock_unless::LockUnless;
pub use lockset_api::{Poison, PoisonGuard, Poisoned};
pub use policy::{Asymmetric, Barging, Bounded, Counted, Fifo, Policy, Sendable};
pub use raw::RawMutex;

/// A mutex of 8 bytes and its data, for threads of one process.
pub type Mutex<T> = MutexWith<Bounded, T>;

/// Holds a [`Mutex`]; dropping it unlocks.
pub type MutexGuard<'a, T> = MutexGuardWith<'a, Bounded, T>;

/// Holds a part of what a [`Mutex`] guards; dropping it unlocks.
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex<Bounded>, T>;

/// Holds a [`Mutex`] that is in an `Arc`, for as long as it likes; dropping it unlocks.
pub type ArcMutexGuard<T> = lock_api::ArcMutexGuard<RawMutex<Bounded>, T>;

/// A mutex with a [`Policy`] of your choice.
pub type MutexWith<P, T> = lock_api::Mutex<RawMutex<P>, T>;

/// Holds a [`MutexWith`]; dropping it unlocks.
pub type MutexGuardWith<'a, P, T> = lock_api::MutexGuard<'a, RawMutex<P>, T>;

/// Waits, with a [`Mutex`], for what another thread does under that mutex.
///
/// [`RawCondvar`] says what is promised. In short: wait in a loop, or by `wait_while`; notify after
/// the change, with the mutex or without; and a notification when nobody waits is nearly free.
///
/// ```
/// use lockset_mutex::{Condvar, Mutex};
///
/// let (queue, filled) = (Mutex::new(vec![]), Condvar::new());
/// std::thread::scope(|scope| {
///     let consumer = scope.spawn(|| {
///         let mut queue = queue.lock();
///         filled.wait_while(&mut queue, |queue| queue.is_empty());
///         queue.pop()
///     });
///     queue.lock().push(7);
///     filled.notify_one();
///     assert_eq!(consumer.join().unwrap(), Some(7));
/// });
/// ```
pub type Condvar = CondvarWith<Bounded>;

/// Waits with a [`MutexWith`] the same policy.
pub type CondvarWith<P> = lock_api::Condvar<RawCondvar<P>>;
