//! A mutex: at most one thread at a time.
//!
//! [`Mutex`] is lock_api's generic mutex over [`RawFutex`], a three-state futex lock of 4 bytes:
//! one compare-and-swap to lock, one swap to unlock, and the kernel only when somebody has to wait.
//! Where the system has no futex, the same states wait in a small table of condition variables.
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
//!   handing a lock to a sleeping thread costs a context switch each time. Nobody is promised a
//!   turn by a certain time.
//! - To hold across an `.await`: the guard blocks its thread's other tasks, and cannot be sent.
//!
//! There is no poisoning: a panic releases the lock and leaves the data as it was then.
//!
//! # To learn from
//!
//! [`ladder`] has twelve mutexes behind the same trait, from an exchanged flag to one that bounds
//! how often a sleeper is overtaken; each says what the one before it breaks.
//!
//! # How it is checked
//!
//! `tests/loom.rs` runs this very type, guard and all, through every interleaving of two threads
//! and through all of three threads with at most three preemptions. For each rule that it relies
//! on, a mutant that breaks the rule is kept, and must be caught.

pub mod ladder;
#[doc(hidden)]
pub mod sync;

pub use ladder::ThreeState as RawFutex;

/// A mutex of 4 bytes and its data, for threads of one process.
pub type Mutex<T> = lock_api::Mutex<RawFutex, T>;

/// Holds a [`Mutex`]; dropping it unlocks.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawFutex, T>;
