//! The locks that are compared, each as one entry of a list.

use std::time::Duration;

use lockset_mutex::{self as ours, Asymmetric, Barging, Bounded, Fifo, RawMutex};

use crate::cell::Cell;
use crate::race::{Contended, Data, Outcome, Waits, race, uncontended};

/// A lock, as functions: each measures one that it makes for the purpose.
#[derive(Clone, Copy)]
pub(crate) struct Lock {
    pub(crate) name: &'static str,
    pub(crate) race: fn(Cell, Duration, Waits) -> Outcome,
    pub(crate) uncontended: fn() -> f64,
    /// Of the lock alone.
    pub(crate) bytes: usize,
    /// Atomic read-modify-writes of a pair of lock and unlock without contention, from the source.
    pub(crate) exchanges: &'static str,
}

const fn lock<L: Contended>(name: &'static str, bytes: usize, exchanges: &'static str) -> Lock {
    Lock { name, race: race::<L>, uncontended: uncontended::<L>, bytes, exchanges }
}

const fn raw<R: lock_api::RawMutex + Send + Sync>(
    name: &'static str,
    exchanges: &'static str,
) -> Lock {
    lock::<lock_api::Mutex<R, Data>>(name, size_of::<R>(), exchanges)
}

pub(crate) const PARKING_LOT: Lock = raw::<parking_lot::RawMutex>("parking_lot", "2");
pub(crate) const STD: Lock =
    lock::<std::sync::Mutex<Data>>("std", size_of::<std::sync::Mutex<()>>(), "2");
pub(crate) const USYNC: Lock =
    lock::<usync::Mutex<Data>>("usync", size_of::<usync::Mutex<()>>(), "2");
pub(crate) const SPIN: Lock = lock::<spin::Mutex<Data>>("spin", size_of::<spin::Mutex<()>>(), "1");

pub(crate) const BOUNDED: Lock = raw::<RawMutex<Bounded>>("Mutex (Bounded)", "2");
pub(crate) const BARGING: Lock = raw::<RawMutex<Barging>>("Barging", "2");
pub(crate) const FIFO: Lock = raw::<RawMutex<Fifo>>("Fifo", "2");
pub(crate) const ASYMMETRIC: Lock =
    raw::<RawMutex<Asymmetric<Bounded>>>("Asymmetric<Bounded>", "1");

/// The stages of the ladder, in their order.
pub(crate) const LADDER: &[Lock] = &[
    raw::<ours::ladder::TestAndSet>("test_and_set", "1"),
    raw::<ours::ladder::TestAndTestAndSet>("test_and_test_and_set", "1"),
    raw::<ours::ladder::BackOff>("back_off", "1"),
    raw::<ours::ladder::Ticket>("ticket", "1"),
    raw::<ours::ladder::Clh>("clh", "2"),
    raw::<ours::ladder::Mcs>("mcs", "2"),
    raw::<ours::ladder::YieldAndPark>("yield_and_park", "2"),
    raw::<ours::ladder::TwoState>("two_state", "1"),
    raw::<ours::ladder::ThreeState>("three_state", "2"),
    raw::<ours::ladder::ParkingTable>("parking_table", "2"),
    raw::<ours::ladder::BoundedBypass>("bounded_bypass", "2"),
    raw::<ours::ladder::Asymmetric>("asymmetric", "1"),
];

impl<R: lock_api::RawMutex + Send + Sync> Contended for lock_api::Mutex<R, Data> {
    fn new() -> Self {
        Self::new(Data::default())
    }

    fn with<T>(&self, section: impl FnOnce(&mut Data) -> T) -> T {
        section(&mut self.lock())
    }
}

impl Contended for std::sync::Mutex<Data> {
    fn new() -> Self {
        Self::new(Data::default())
    }

    fn with<T>(&self, section: impl FnOnce(&mut Data) -> T) -> T {
        // With the check for poisoning, as everybody pays for it.
        section(&mut self.lock().expect("no section panics"))
    }
}

impl Contended for usync::Mutex<Data> {
    fn new() -> Self {
        Self::new(Data::default())
    }

    fn with<T>(&self, section: impl FnOnce(&mut Data) -> T) -> T {
        section(&mut self.lock())
    }
}

impl Contended for spin::Mutex<Data> {
    fn new() -> Self {
        Self::new(Data::default())
    }

    fn with<T>(&self, section: impl FnOnce(&mut Data) -> T) -> T {
        section(&mut self.lock())
    }
}
