//! How long to spin, and what is static, as a model checker sees it: made anew for each run of a
//! model.

use core::ops::Range;

/// Once: what is done on finding the lock free is checked, and to look again differs in nothing.
pub(crate) const SPINS: Range<u32> = 0..1;
/// Once, as above.
pub(crate) const YIELDS: Range<u32> = 0..1;

/// Nothing: a checker that were told to let others go first would leave out the schedules in which
/// the one who yields goes on, and goes to sleep, before anything has changed.
pub(crate) fn step_aside() {}

/// No time to spend: a thread that spins only adds interleavings that differ in nothing.
pub(crate) mod pace {
    pub(crate) fn turns(_nanoseconds: u32) -> u32 {
        0
    }
}

/// It is the same everywhere, as above.
pub(crate) mod heat {
    pub(crate) struct Wait;

    impl Wait {
        pub(crate) fn begin() -> Self {
            Self
        }

        pub(crate) fn first_pause(&self) -> u32 {
            0
        }

        pub(crate) fn end(self, _turns: u32) {}
    }
}

/// All locks have their sleepers in one list, in each run anew: more would make it a matter of
/// their addresses who meets whom. It is made on the stack, too, and those of loom are small.
pub(crate) const BUCKETS: usize = 1;

/// A static list of locks, made anew for each run, and used once before it is shared.
macro_rules! global {
    (static $name:ident: $list:ty = $initial:expr) => {
        $crate::sync::checker::lazy_static! {
            static ref $name: $list = {
                let made = $initial;
                made.iter().for_each(|lock| _ = lock.is_locked());
                made
            };
        }
    };
}
pub(crate) use global;

/// A value of each thread's own, made anew for each run.
macro_rules! local {
    ($(#[$doc:meta])* static $name:ident: $type:ty = $initial:expr) => {
        $crate::sync::checker::thread_local! {
            $(#[$doc])*
            static $name: $type = $initial;
        }
    };
}
pub(crate) use local;
