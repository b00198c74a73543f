//! What people write: a number of permits behind a mutex, and a condition variable.

use std::time::{Duration, Instant};

use super::{Semaphore, Shared};
use crate::rival::Timed;

const SOUND: &str = "no section panics";

/// With std.
#[derive(Debug)]
pub struct StdPair {
    permits: std::sync::Mutex<usize>,
    freed: std::sync::Condvar,
}

impl StdPair {
    #[inline]
    fn release(&self) {
        *self.permits.lock().expect(SOUND) += 1;
        self.freed.notify_one();
    }
}

impl Semaphore for StdPair {
    fn of(permits: usize) -> Self {
        Self { permits: std::sync::Mutex::new(permits), freed: std::sync::Condvar::new() }
    }
    fn free(&self) -> usize {
        *self.permits.lock().expect(SOUND)
    }
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let permits = self.permits.lock().expect(SOUND);
        *self.freed.wait_while(permits, |permits| *permits == 0).expect(SOUND) -= 1;
        let done = inside();
        self.release();
        done
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let mut permits = self.permits.lock().expect(SOUND);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.release();
        Some(done)
    }
}

impl Timed for Shared<StdPair> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let StdPair { permits, freed } = &*self.0;
        let permits = permits.lock().expect(SOUND);
        let waited = freed.wait_timeout_while(permits, limit, |permits| *permits == 0);
        let (mut permits, _) = waited.expect(SOUND);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.0.release();
        Some(done)
    }
}

/// The same with parking_lot.
#[derive(Debug)]
pub struct ParkingLotPair {
    permits: parking_lot::Mutex<usize>,
    freed: parking_lot::Condvar,
}

impl ParkingLotPair {
    #[inline]
    fn release(&self) {
        *self.permits.lock() += 1;
        self.freed.notify_one();
    }
}

impl Semaphore for ParkingLotPair {
    fn of(permits: usize) -> Self {
        Self { permits: parking_lot::Mutex::new(permits), freed: parking_lot::Condvar::new() }
    }
    fn free(&self) -> usize {
        *self.permits.lock()
    }
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let mut permits = self.permits.lock();
        self.freed.wait_while(&mut permits, |permits| *permits == 0);
        *permits -= 1;
        drop(permits);
        let done = inside();
        self.release();
        done
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let mut permits = self.permits.lock();
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.release();
        Some(done)
    }
}

impl Timed for Shared<ParkingLotPair> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let ParkingLotPair { permits, freed } = &*self.0;
        let end = Instant::now() + limit;
        let mut permits = permits.lock();
        freed.wait_while_until(&mut permits, |permits| *permits == 0, end);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.0.release();
        Some(done)
    }
}
