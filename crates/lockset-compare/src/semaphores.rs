//! Semaphores of one permit: ours by policy and by stage, and those that people pick or write.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use lockset::Deadline;
use lockset_semaphore::ladder::{self, RawSemaphore};
use lockset_semaphore::{Barging, Fifo, Policy, SemaphoreWith};
use tokio::runtime::Runtime;

use crate::entry::{Entry, Origin, Primitive};
use crate::rival::{Cancelled, Place, Rival, Timed};
use crate::runtime::runtime;

/// All of them.
#[must_use]
pub fn semaphores() -> Vec<Entry> {
    let mut all = vec![
        ours::<Fifo>("Semaphore", Origin::Ours),
        ours::<Fifo>("Semaphore (again)", Origin::Twin),
        ours::<Barging>("Barging", Origin::Ours),
        entry::<Tokio>("tokio", Origin::Rival).timed::<Tokio>().cancelled::<Tokio>(),
        entry::<AsyncLock>("async-lock", Origin::Rival).cancelled::<AsyncLock>(),
        entry::<ParkingLotPair>("parking_lot pair", Origin::Rival).timed::<ParkingLotPair>(),
        entry::<StdPair>("std pair", Origin::Rival).timed::<StdPair>(),
    ];
    macro_rules! stages {
        ($($name:ident: $Stage:ident),*) => {
            all.extend([$(entry::<Stage<ladder::$Stage>>(stringify!($name), Origin::Stage)),*])
        };
    }
    lockset_semaphore::for_each_stage!(stages);
    all
}

fn entry<R: Rival>(name: &str, origin: Origin) -> Entry {
    Entry::new::<R>(Primitive::Semaphore, origin, name)
}

fn ours<P: Policy>(name: &str, origin: Origin) -> Entry {
    entry::<Ours<P>>(name, origin).timed::<Ours<P>>().cancelled::<Ours<P>>()
}

const OPEN: &str = "nobody closes it";
const SOUND: &str = "no section panics";

struct Ours<P: Policy>(Arc<SemaphoreWith<P>>);

impl<P: Policy> Rival for Ours<P> {
    fn open(_: &Place) -> Self {
        Self(Arc::new(SemaphoreWith::new(1)))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.0.acquire(1).expect(OPEN);
        inside()
    }
}

impl<P: Policy> Timed for Ours<P> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _permit = self.0.acquire_until(1, Deadline::after(limit)).expect(OPEN)?;
        Some(inside())
    }
}

impl<P: Policy> Cancelled for Ours<P> {
    fn abandon(&mut self) {
        let wait = pin!(self.0.acquire_async(1));
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

struct Stage<S>(Arc<S>);

impl<S: RawSemaphore + 'static> Rival for Stage<S> {
    fn open(_: &Place) -> Self {
        Self(Arc::new(S::new(1)))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.0.acquire(1);
        inside()
    }
}

/// By its method for threads; with a deadline, by its future, which is what it offers for that.
struct Tokio(Arc<tokio::sync::Semaphore>, Runtime);

impl Rival for Tokio {
    fn open(_: &Place) -> Self {
        Self(Arc::new(tokio::sync::Semaphore::new(1)), runtime())
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0), runtime())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.0.blocking_acquire().expect(OPEN);
        inside()
    }
}

impl Timed for Tokio {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let wait = async { tokio::time::timeout(limit, self.0.acquire()).await.ok() };
        let _permit = self.1.block_on(wait)?.expect(OPEN);
        Some(inside())
    }
}

impl Cancelled for Tokio {
    fn abandon(&mut self) {
        let wait = pin!(self.0.acquire());
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

struct AsyncLock(Arc<async_lock::Semaphore>);

impl Rival for AsyncLock {
    fn open(_: &Place) -> Self {
        Self(Arc::new(async_lock::Semaphore::new(1)))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.0.acquire_blocking();
        inside()
    }
}

impl Cancelled for AsyncLock {
    fn abandon(&mut self) {
        let wait = pin!(self.0.acquire());
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// What people write with std: a number of permits behind a mutex, and a condition variable.
struct StdPair(Arc<(std::sync::Mutex<u32>, std::sync::Condvar)>);

impl StdPair {
    fn release(&self) {
        *self.0.0.lock().expect(SOUND) += 1;
        self.0.1.notify_one();
    }
}

impl Rival for StdPair {
    fn open(_: &Place) -> Self {
        Self(Arc::new((std::sync::Mutex::new(1), std::sync::Condvar::new())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let (permits, freed) = &*self.0;
        let permits = permits.lock().expect(SOUND);
        *freed.wait_while(permits, |permits| *permits == 0).expect(SOUND) -= 1;
        let done = inside();
        self.release();
        done
    }
}

impl Timed for StdPair {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let (permits, freed) = &*self.0;
        let permits = permits.lock().expect(SOUND);
        let waited = freed.wait_timeout_while(permits, limit, |permits| *permits == 0);
        let (mut permits, _) = waited.expect(SOUND);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.release();
        Some(done)
    }
}

/// The same with parking_lot.
struct ParkingLotPair(Arc<(parking_lot::Mutex<u32>, parking_lot::Condvar)>);

impl ParkingLotPair {
    fn release(&self) {
        *self.0.0.lock() += 1;
        self.0.1.notify_one();
    }
}

impl Rival for ParkingLotPair {
    fn open(_: &Place) -> Self {
        Self(Arc::new((parking_lot::Mutex::new(1), parking_lot::Condvar::new())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let (permits, freed) = &*self.0;
        let mut permits = permits.lock();
        freed.wait_while(&mut permits, |permits| *permits == 0);
        *permits -= 1;
        drop(permits);
        let done = inside();
        self.release();
        done
    }
}

impl Timed for ParkingLotPair {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let (permits, freed) = &*self.0;
        let end = Instant::now() + limit;
        let mut permits = permits.lock();
        freed.wait_while_until(&mut permits, |permits| *permits == 0, end);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let done = inside();
        self.release();
        Some(done)
    }
}
