//! Mutexes: ours by policy and by stage, std's, and those that people pick instead.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use lock_api::{RawMutex, RawMutexTimed};
use lockset_mutex::{self as ours, Asymmetric, Barging, Bounded, Fifo};
use tokio::runtime::Runtime;

use crate::entry::{Entry, Origin, Primitive};
use crate::rival::{Cancelled, Place, Rival, Timed};
use crate::runtime::runtime;

/// All of them.
#[must_use]
pub fn mutexes() -> Vec<Entry> {
    type Ours<P> = Raw<ours::RawMutex<P>>;
    let mut all = vec![
        entry::<Ours<Bounded>>("Mutex", Origin::Ours).timed::<Ours<Bounded>>(),
        entry::<Ours<Bounded>>("Mutex (again)", Origin::Twin).timed::<Ours<Bounded>>(),
        entry::<Ours<Barging>>("Barging", Origin::Ours).timed::<Ours<Barging>>(),
        entry::<Ours<Fifo>>("Fifo", Origin::Ours).timed::<Ours<Fifo>>(),
        entry::<Ours<Asymmetric<Bounded>>>("Asymmetric", Origin::Ours)
            .timed::<Ours<Asymmetric<Bounded>>>(),
        entry::<Std>("std", Origin::Rival),
        entry::<Raw<parking_lot::RawMutex>>("parking_lot", Origin::Rival)
            .timed::<Raw<parking_lot::RawMutex>>(),
        entry::<Usync>("usync", Origin::Rival),
        entry::<Spin>("spin", Origin::Rival),
        entry::<Tokio>("tokio", Origin::Rival).timed::<Tokio>().cancelled::<Tokio>(),
        entry::<AsyncLock>("async-lock", Origin::Rival).cancelled::<AsyncLock>(),
    ];
    macro_rules! stages {
        ($($name:ident: $Stage:ident),*) => {
            all.extend([$(entry::<Raw<ours::ladder::$Stage>>(stringify!($name), Origin::Stage)),*])
        };
    }
    ours::for_each_stage!(stages);
    all
}

fn entry<R: Rival>(name: &str, origin: Origin) -> Entry {
    Entry::new::<R>(Primitive::Mutex, origin, name)
}

/// Whatever lock_api knows.
struct Raw<R: RawMutex>(Arc<lock_api::Mutex<R, ()>>);

impl<R: RawMutex + Send + Sync + 'static> Rival for Raw<R> {
    fn open(_: &Place) -> Self {
        Self(Arc::new(lock_api::Mutex::new(())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock();
        inside()
    }
}

impl<R: RawMutexTimed<Duration = Duration> + Send + Sync + 'static> Timed for Raw<R> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _guard = self.0.try_lock_for(limit)?;
        Some(inside())
    }
}

struct Std(Arc<std::sync::Mutex<()>>);

impl Rival for Std {
    fn open(_: &Place) -> Self {
        Self(Arc::default())
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        // With the check for poisoning, as everybody pays for it.
        let _guard = self.0.lock().expect("no section panics");
        inside()
    }
}

struct Usync(Arc<usync::Mutex<()>>);

impl Rival for Usync {
    fn open(_: &Place) -> Self {
        Self(Arc::new(usync::Mutex::new(())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock();
        inside()
    }
}

struct Spin(Arc<spin::Mutex<()>>);

impl Rival for Spin {
    fn open(_: &Place) -> Self {
        Self(Arc::new(spin::Mutex::new(())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock();
        inside()
    }
}

/// By its method for threads; with a deadline, by its future, which is what it offers for that.
struct Tokio(Arc<tokio::sync::Mutex<()>>, Runtime);

impl Rival for Tokio {
    fn open(_: &Place) -> Self {
        Self(Arc::default(), runtime())
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0), runtime())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.blocking_lock();
        inside()
    }
}

impl Timed for Tokio {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let wait = async { tokio::time::timeout(limit, self.0.lock()).await.ok() };
        let _guard = self.1.block_on(wait)?;
        Some(inside())
    }
}

impl Cancelled for Tokio {
    fn abandon(&mut self) {
        assert!(pin!(self.0.lock()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

struct AsyncLock(Arc<async_lock::Mutex<()>>);

impl Rival for AsyncLock {
    fn open(_: &Place) -> Self {
        Self(Arc::new(async_lock::Mutex::new(())))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock_blocking();
        inside()
    }
}

impl Cancelled for AsyncLock {
    fn abandon(&mut self) {
        assert!(pin!(self.0.lock()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
