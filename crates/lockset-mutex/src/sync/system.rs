//! How long to spin, and what is static, on a real machine.

use core::ops::Range;

/// How often a waiter looks before it sleeps: about as long as going to sleep and waking takes on
/// today's processors. std looks as often.
pub(crate) const SPINS: Range<u32> = 0..100;

/// How often a waiter gives its processor away before it sleeps: enough to let an owner that has
/// just lost its own get it back.
pub(crate) const YIELDS: Range<u32> = 0..4;

/// What a waiter does so often.
pub(crate) use lockset_sync::yield_now as step_aside;

/// How many lists the table of sleepers has: enough that a few dozen contended locks seldom meet in
/// one.
pub(crate) const BUCKETS: usize = 64;

#[path = "heat.rs"]
pub(crate) mod heat;
#[path = "pace.rs"]
pub(crate) mod pace;

/// A static list of locks: `global!(static NAME: [Lock; N] = [...])`.
macro_rules! global {
    (static $name:ident: $list:ty = $initial:expr) => {
        static $name: $list = $initial;
    };
}
pub(crate) use global;

/// A value of each thread's own: `local!(static NAME: Type = initial)`.
macro_rules! local {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr) => {
        std::thread_local! {
            $(#[$doc])*
            static $name: $type = const { $initial };
        }
    };
}
pub(crate) use local;
