//! Semaphores of one permit: ours by policy and by stage, and those that people pick or write.
//!
//! Each is one [`Semaphore`], here and in `cargo xtask permits`, which asks more of them.

mod pairs;
mod shape;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use lockset::Deadline;
use lockset_semaphore::ladder::{self, RawSemaphore};
use lockset_semaphore::{Barging, Fifo, Policy, SemaphoreWith};
pub use pairs::{ParkingLotPair, StdPair};
use shape::OPEN;
pub use shape::{ForTasks, Semaphore};
use tokio::runtime::Runtime;

use crate::entry::{Entry, Origin, Primitive};
use crate::rival::{Cancelled, Place, Rival, Timed};
use crate::runtime::runtime;

/// All of them.
#[must_use]
pub fn semaphores() -> Vec<Entry> {
    type AsyncLock = Shared<async_lock::Semaphore>;
    let mut all = vec![
        ours::<Fifo>("Semaphore", Origin::Ours),
        ours::<Fifo>("Semaphore (again)", Origin::Twin),
        ours::<Barging>("Barging", Origin::Ours),
        entry::<Tokio>("tokio", Origin::Rival).timed::<Tokio>().cancelled::<Tokio>(),
        entry::<AsyncLock>("async-lock", Origin::Rival).cancelled::<AsyncLock>(),
        timed::<Shared<ParkingLotPair>>("parking_lot pair", Origin::Rival),
        timed::<Shared<StdPair>>("std pair", Origin::Rival),
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

fn timed<R: Timed>(name: &str, origin: Origin) -> Entry {
    entry::<R>(name, origin).timed::<R>()
}

fn ours<P: Policy>(name: &str, origin: Origin) -> Entry {
    timed::<Shared<SemaphoreWith<P>>>(name, origin).cancelled::<Shared<SemaphoreWith<P>>>()
}

/// One permit, and a reference for each contender.
struct Shared<S>(Arc<S>);

impl<S: Semaphore> Rival for Shared<S> {
    fn open(_: &Place) -> Self {
        Self(Arc::new(S::of(1)))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.section(inside)
    }
}

impl<S: ForTasks> Cancelled for Shared<S> {
    fn abandon(&mut self) {
        let wait = pin!(self.0.section_async(async {}));
        assert!(wait.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

impl<P: Policy> Timed for Shared<SemaphoreWith<P>> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _permit = self.0.acquire_until(1, Deadline::after(limit)).expect(OPEN)?;
        Some(inside())
    }
}

/// With a deadline, tokio's is waited for by its future, which is what it offers for that.
struct Tokio(Shared<tokio::sync::Semaphore>, Runtime);

impl Rival for Tokio {
    fn open(place: &Place) -> Self {
        Self(Shared::open(place), runtime())
    }
    fn another(&self) -> Self {
        Self(self.0.another(), runtime())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        self.0.section(inside)
    }
}

impl Timed for Tokio {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let wait = async { tokio::time::timeout(limit, self.0.0.acquire()).await.ok() };
        let _permit = self.1.block_on(wait)?.expect(OPEN);
        Some(inside())
    }
}

impl Cancelled for Tokio {
    fn abandon(&mut self) {
        self.0.abandon();
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
