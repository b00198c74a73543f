//! The semaphores that are compared, each behind the same few lines.

use std::sync::atomic::Ordering;

use lockset_semaphore::{Policy, SemaphoreWith};

/// Those that threads wait for: an entry each, of what `$measure::<Semaphore>(..)` measures.
macro_rules! for_threads {
    ($measure:ident($($argument:expr),*)) => {
        [
            Entry::new("Fifo", move || $measure::<SemaphoreWith<Fifo>>($($argument),*)),
            Entry::new("Barging", move || $measure::<SemaphoreWith<Barging>>($($argument),*)),
            Entry::new(TOKIO, move || $measure::<tokio::sync::Semaphore>($($argument),*)),
            Entry::new("async-lock", move || $measure::<async_lock::Semaphore>($($argument),*)),
            Entry::new("saa", move || $measure::<saa::Semaphore>($($argument),*)),
            Entry::new(PARKING_LOT, move || $measure::<ParkingLotPair>($($argument),*)),
            Entry::new("std pair", move || $measure::<StdPair>($($argument),*)),
        ]
    };
}
pub(crate) use for_threads;

/// The same of those that tasks wait for: the first of them.
macro_rules! for_tasks {
    ($measure:ident($($argument:expr),*)) => {
        [
            Entry::new("Fifo", move || $measure::<SemaphoreWith<Fifo>>($($argument),*)),
            Entry::new("Barging", move || $measure::<SemaphoreWith<Barging>>($($argument),*)),
            Entry::new(TOKIO, move || $measure::<tokio::sync::Semaphore>($($argument),*)),
            Entry::new("async-lock", move || $measure::<async_lock::Semaphore>($($argument),*)),
            Entry::new("saa", move || $measure::<saa::Semaphore>($($argument),*)),
        ]
    };
}
pub(crate) use for_tasks;

/// Their names, those that tasks wait for before the others.
pub(crate) const NAMES: [&str; 7] =
    ["Fifo", "Barging", TOKIO, "async-lock", "saa", PARKING_LOT, "std pair"];
pub(crate) const FOR_TASKS: usize = 5;
pub(crate) const TOKIO: &str = "tokio";
pub(crate) const PARKING_LOT: &str = "parking_lot pair";

/// What all have.
pub(crate) trait Semaphore: Send + Sync + 'static {
    fn new(permits: usize) -> Self;
    fn available(&self) -> usize;
}

/// What threads wait for.
pub(crate) trait ForThreads: Semaphore {
    /// Holds a permit for as long as `inside` takes.
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T;
    /// The same, if there is one.
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T>;
}

/// What tasks wait for.
pub(crate) trait ForTasks: Semaphore {
    /// Holds a permit for as long as `inside` takes.
    fn section<T>(&self, inside: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send;
}

const OPEN: &str = "nobody closes it";

impl<P: Policy> Semaphore for SemaphoreWith<P> {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn available(&self) -> usize {
        self.available()
    }
}

impl<P: Policy> ForThreads for SemaphoreWith<P> {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.acquire(1).expect(OPEN);
        inside()
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let _permit = self.try_acquire(1).expect(OPEN)?;
        Some(inside())
    }
}

impl<P: Policy> ForTasks for SemaphoreWith<P> {
    async fn section<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire_async(1).await.expect(OPEN);
        inside.await
    }
}

impl Semaphore for tokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn available(&self) -> usize {
        self.available_permits()
    }
}

impl ForThreads for tokio::sync::Semaphore {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.blocking_acquire().expect(OPEN);
        inside()
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let _permit = self.try_acquire().ok()?;
        Some(inside())
    }
}

impl ForTasks for tokio::sync::Semaphore {
    async fn section<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire().await.expect(OPEN);
        inside.await
    }
}

impl Semaphore for async_lock::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }
    fn available(&self) -> usize {
        self.available_permits()
    }
}

impl ForThreads for async_lock::Semaphore {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.acquire_blocking();
        inside()
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let _permit = self.try_acquire()?;
        Some(inside())
    }
}

impl ForTasks for async_lock::Semaphore {
    async fn section<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire().await;
        inside.await
    }
}

/// It has no guards: what a panic would lose is not looked at here.
impl Semaphore for saa::Semaphore {
    fn new(permits: usize) -> Self {
        Self::with_permits(permits)
    }
    fn available(&self) -> usize {
        // Acquire: it asks for one; nobody else is there by then.
        self.available_permits(Ordering::Acquire)
    }
}

impl ForThreads for saa::Semaphore {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        self.acquire_sync();
        let result = inside();
        self.release();
        result
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        self.try_acquire().then(|| {
            let result = inside();
            self.release();
            result
        })
    }
}

impl ForTasks for saa::Semaphore {
    async fn section<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        self.acquire_async().await;
        let result = inside.await;
        self.release();
        result
    }
}

/// What people write with std.
pub(crate) struct StdPair {
    permits: std::sync::Mutex<usize>,
    freed: std::sync::Condvar,
}

const SOUND: &str = "no section panics";

impl StdPair {
    fn release(&self) {
        *self.permits.lock().expect(SOUND) += 1;
        self.freed.notify_one();
    }
}

impl Semaphore for StdPair {
    fn new(permits: usize) -> Self {
        Self { permits: std::sync::Mutex::new(permits), freed: std::sync::Condvar::new() }
    }
    fn available(&self) -> usize {
        *self.permits.lock().expect(SOUND)
    }
}

impl ForThreads for StdPair {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let permits = self.permits.lock().expect(SOUND);
        *self.freed.wait_while(permits, |permits| *permits == 0).expect(SOUND) -= 1;
        let result = inside();
        self.release();
        result
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let mut permits = self.permits.lock().expect(SOUND);
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let result = inside();
        self.release();
        Some(result)
    }
}

/// The same with parking_lot.
pub(crate) struct ParkingLotPair {
    permits: parking_lot::Mutex<usize>,
    freed: parking_lot::Condvar,
}

impl ParkingLotPair {
    fn release(&self) {
        *self.permits.lock() += 1;
        self.freed.notify_one();
    }
}

impl Semaphore for ParkingLotPair {
    fn new(permits: usize) -> Self {
        Self { permits: parking_lot::Mutex::new(permits), freed: parking_lot::Condvar::new() }
    }
    fn available(&self) -> usize {
        *self.permits.lock()
    }
}

impl ForThreads for ParkingLotPair {
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        let mut permits = self.permits.lock();
        self.freed.wait_while(&mut permits, |permits| *permits == 0);
        *permits -= 1;
        drop(permits);
        let result = inside();
        self.release();
        result
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        let mut permits = self.permits.lock();
        *permits = permits.checked_sub(1)?;
        drop(permits);
        let result = inside();
        self.release();
        Some(result)
    }
}
