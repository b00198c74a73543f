//! The ladder: twelve mutexes, each of which repairs what the one before it breaks.
//!
//! All have the same trait, [`lock_api::RawMutex`], and so the same use:
//!
//! ```
//! use lockset_mutex::ladder::Ticket;
//!
//! let counter = lock_api::Mutex::<Ticket, u64>::new(0);
//! *counter.lock() += 1;
//! ```
//!
//! | | stage | its idea | what it leaves broken |
//! |---|---|---|---|
//! | 1 | [`test_and_set`] | look and set in one step | every look writes |
//! | 2 | [`test_and_test_and_set`] | only read while it is held | all try at once when it is free |
//! | 3 | [`back_off`] | who failed waits longer | who has waited long waits longest |
//! | 4 | [`ticket`] | first come, first served | all look at one word |
//! | 5 | [`clh`] | each looks at its predecessor's node | that node is another's |
//! | 6 | [`mcs`] | each looks at its own node | a thread that is not running stops all |
//! | 7 | [`yield_and_park`] | who waits sleeps | a list and its lock in every lock |
//! | 8 | [`two_state`] | the kernel keeps the list | each unlock calls the kernel |
//! | 9 | [`three_state`] | the word says whether anybody sleeps | it can only say "perhaps" |
//! | 10 | [`parking_table`] | one list for all locks | a sleeper may be overtaken for ever |
//! | 11 | [`bounded_bypass`] | overtaken so often, then served | two exchanges for each use |
//! | 12 | `asymmetric` | the waiter pays for the owner's fence | a wait disturbs every processor |
//!
//! # What each costs
//!
//! From a run of `cargo xtask contention --table` on two processors (an AMD EPYC in a virtual
//! machine, Linux 6.18): sections and thoughts of 50 ns, by 1, 2, 8 and 32 threads. Throughput and
//! processor time for a section (cpu, 8 threads) are ratios to parking_lot in the same, interleaved
//! rounds. Jain's index, waits and system calls for a section are of 8 threads. Only what is in one
//! column can be compared.
//!
#![doc = include_str!("ladder/table.md")]
//!
//! Each module says what its lock costs and promises; for use, take [`Mutex`](crate::Mutex). Stage
//! 12 is an experiment, and behind the feature of its name.
//!
//! Every stage has the same models (`tests/loom_ladder.rs`), the same tests (`tests/ladder.rs`) and
//! the same walk (`examples/ladder.rs`), by one list, [`for_each_stage!`](crate::for_each_stage).

#[cfg(feature = "asymmetric")]
pub mod asymmetric;
pub mod back_off;
pub mod bounded_bypass;
pub mod clh;
pub mod mcs;
pub mod parking_table;
mod table;
pub mod test_and_set;
pub mod test_and_test_and_set;
pub mod three_state;
pub mod ticket;
pub mod two_state;
pub mod yield_and_park;

#[cfg(feature = "asymmetric")]
pub use asymmetric::Asymmetric;
pub use back_off::BackOff;
pub use bounded_bypass::BoundedBypass;
pub use clh::Clh;
pub use mcs::Mcs;
pub use parking_table::ParkingTable;
pub use test_and_set::TestAndSet;
pub use test_and_test_and_set::TestAndTestAndSet;
pub use three_state::ThreeState;
pub use ticket::Ticket;
pub use two_state::TwoState;
pub use yield_and_park::YieldAndPark;

/// Calls a macro with the list of all stages, from the first to the last: `name: Type, ...`.
///
/// ```
/// macro_rules! print_sizes {
///     ($($name:ident: $Stage:ident),*) => {
///         $(println!("{}: {}", stringify!($name), size_of::<lockset_mutex::ladder::$Stage>());)*
///     };
/// }
/// lockset_mutex::for_each_stage!(print_sizes);
/// ```
#[cfg(not(feature = "asymmetric"))]
#[macro_export]
macro_rules! for_each_stage {
    ($macro:ident) => {
        $crate::stages_then!($macro);
    };
}

/// Calls a macro with the list of all stages, from the first to the last: `name: Type, ...`.
///
/// ```
/// macro_rules! print_sizes {
///     ($($name:ident: $Stage:ident),*) => {
///         $(println!("{}: {}", stringify!($name), size_of::<lockset_mutex::ladder::$Stage>());)*
///     };
/// }
/// lockset_mutex::for_each_stage!(print_sizes);
/// ```
#[cfg(feature = "asymmetric")]
#[macro_export]
macro_rules! for_each_stage {
    ($macro:ident) => {
        $crate::stages_then!($macro, asymmetric: Asymmetric);
    };
}

/// The list itself, and what a feature adds to it.
#[doc(hidden)]
#[macro_export]
macro_rules! stages_then {
    ($macro:ident $(, $name:ident: $Stage:ident)*) => {
        $macro! {
            test_and_set: TestAndSet,
            test_and_test_and_set: TestAndTestAndSet,
            back_off: BackOff,
            ticket: Ticket,
            clh: Clh,
            mcs: Mcs,
            yield_and_park: YieldAndPark,
            two_state: TwoState,
            three_state: ThreeState,
            parking_table: ParkingTable,
            bounded_bypass: BoundedBypass
            $(, $name: $Stage)*
        }
    };
}
