//! The ladder: six semaphores, each of which repairs what the one before it breaks.
//!
//! All have the same trait, [`RawSemaphore`], and so the same use; the later ones can do more:
//!
//! ```
//! use lockset_semaphore::ladder::{CountFutex, RawSemaphore};
//!
//! let gateway = CountFutex::new(3);
//! let two = gateway.acquire(2);
//! assert!(gateway.try_acquire(2).is_none());
//! drop(two);
//! assert_eq!(gateway.available(), 3);
//! ```
//!
//! | | stage | its idea | what it leaves broken |
//! |---|---|---|---|
//! | 1 | [`mutex_condvar`] | a number under a mutex | a mutex twice, and a call to the kernel |
//! | 2 | [`count_futex`] | the number is an atomic | each release calls the kernel |
//! | 3 | [`waiters_flag`] | the word says whether anybody waits | large requests starve |
//! | 4 | [`fifo_queue`] | waiters queue, and are granted | nobody can give up |
//! | 5 | [`giving_up`] | a waiter may leave the queue | only threads can wait |
//! | 6 | [`wakers`] | the queue has wakers | a lock for each use, an allocation for each wait |
//!
//! # What each costs
//!
//! For an uncontended acquire and its release: atomic read-modify-writes and calls to the kernel.
//! Then, while ten threads wait for one permit each: how often threads go to sleep until all have
//! been served, one by one. And how many small requests may pass a large one.
//!
//! | | read-modify-writes | calls | sleeps of ten | passed by |
//! |---|---|---|---|---|
//! | 1 | 5 | 1 | 55 | all that come |
//! | 2 | 2 | 1 | 55 | all that come |
//! | 3 | 2 | 0 | 55 | all that come |
//! | 4, 5, 6 | 4 | 0 | 10 | none |
//! | [`Semaphore`](crate::Semaphore) | 2 | 0 | 10 | none |
//!
//! All but the first column is counted by `tests/ladder.rs` in each run, and shown by
//! `examples/ladder.rs`; the first is counted in the source, and each module says where.
//!
//! # What it leads to
//!
//! Stages 1 to 3 get faster and stay unfair; stages 4 to 6 are fair, and slower again. The type to
//! use has both: the permits and stage 3's flag in one word, so that nobody locks the queue while
//! it is empty; and the places of the queue in the waits themselves, so that nobody allocates.
//! [`Semaphore`](crate::Semaphore) is also closable and resizable, which no stage is.
//!
//! Every stage has the same models (`tests/loom_ladder.rs`, `tests/shuttle_ladder.rs`), the same
//! tests and the same walk, by one list, [`for_each_stage!`](crate::for_each_stage).

pub mod count_futex;
pub mod fifo_queue;
pub mod giving_up;
mod held;
mod kernel;
pub mod mutex_condvar;
mod queue;
mod raw;
pub mod waiters_flag;
pub mod wakers;

pub use count_futex::CountFutex;
pub use fifo_queue::FifoQueue;
pub use giving_up::GivingUp;
pub use held::Held;
pub use kernel::Calls;
pub use mutex_condvar::MutexCondvar;
pub use raw::{AsyncSemaphore, QueuedSemaphore, RawSemaphore, TimedSemaphore};
pub use waiters_flag::WaitersFlag;
pub use wakers::Wakers;

/// Calls a macro with the list of all stages of the ladder of semaphores, from the first to the
/// last: `name: Type, ...`.
///
/// ```
/// use lockset_semaphore::ladder;
///
/// macro_rules! print_sizes {
///     ($($name:ident: $Stage:ident),*) => {
///         $(println!("{}: {}", stringify!($name), size_of::<ladder::$Stage>());)*
///     };
/// }
/// lockset_semaphore::for_each_stage!(print_sizes);
/// ```
#[macro_export]
macro_rules! for_each_stage {
    ($macro:ident) => {
        $macro! {
            mutex_condvar: MutexCondvar,
            count_futex: CountFutex,
            waiters_flag: WaitersFlag,
            fifo_queue: FifoQueue,
            giving_up: GivingUp,
            wakers: Wakers
        }
    };
}
