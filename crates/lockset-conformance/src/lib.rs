//! One suite that says what a lock is: for every lock here, and for anyone who writes another.
//!
//! A [`Subject`] tells the suite how to open one more handle on the lock under test; the groups say
//! what it must do. Which groups apply is decided by what the lock can do, and the compiler sees to
//! it that a lock which claims a group implements its trait:
//!
//! - [`lock`], for every [`Lock`](lockset_api::Lock): exclusion, try, deadlines, hand-over,
//!   abandoned waiters, release on drop and on panic;
//! - [`shared`], for [`SharedLock`](lockset_api::SharedLock)s: readers share, writers do not;
//! - [`permits`], for [`Permits`](lockset_api::Permits): so many and no more, all or none, none
//!   lost;
//! - [`process`], for locks between processes: exclusion there, and a holder that is killed;
//! - [`process_shared`], for those that readers share: readers there, and one that is killed;
//! - [`lease`], for [`LeaseLock`](lockset_api::LeaseLock)s: fences rise, losses are told in time,
//!   stale releases do no harm;
//! - [`shared_lease`] and [`permits_lease`], where those can be lost: each reader and each permit
//!   has a time of its own;
//! - [`faults`], for leases whose store can be hurt: what a cut, an outage, a pause and a restart
//!   cost, and what they must not;
//! - [`fifo`], for locks with a queue that can be looked at: first come, first served;
//! - [`fenced`], for the other half, resources that check fences: nobody writes after a newer
//!   holder has.
//!
//! One line makes the tests, each check a test of its own:
//!
//! ```
//! use std::sync::Arc;
//!
//! # #[derive(Default)]
//! struct Parking(Arc<parking_lot::Mutex<()>>);
//!
//! impl lockset_conformance::Subject for Parking {
//!     type Lock = Arc<parking_lot::Mutex<()>>;
//!     fn open(&self) -> Self::Lock {
//!         Arc::clone(&self.0)
//!     }
//! }
//!
//! lockset_conformance::suite!(parking_lot: Parking::default() => lock);
//! # let failures = lockset_conformance::failures(
//! #     lockset_conformance::lock::checks(),
//! #     Parking::default,
//! #     lockset_conformance::PATIENCE,
//! # );
//! # assert!(failures.is_empty(), "{failures:?}");
//! ```
//!
//! An async lock is checked through [`Blocking`](lockset_api::Blocking). With [`Watched`] the same
//! checks run with the lock in a [`Checked`](lockset_checked::Checked).
//!
//! # What it cannot show
//!
//! A suite that passes has seen no fault; it has not seen every interleaving. The locks of this
//! workspace are also put before a model checker, which has.

#![forbid(unsafe_code)]

mod check;
pub mod faults;
pub mod fenced;
pub mod fifo;
pub mod lease;
pub mod lock;
mod macros;
pub mod permits;
pub mod permits_lease;
pub mod process;
pub mod process_shared;
pub mod shared;
pub mod shared_lease;
mod subject;
mod watched;

pub use check::{Check, Failure, PATIENCE, failures, run};
pub use subject::{
    FaultSubject, FencedSubject, LeaseSubject, PermitsLeaseSubject, PermitsSubject, ProcessSubject,
    QueueSubject, Subject,
};
pub use watched::Watched;
