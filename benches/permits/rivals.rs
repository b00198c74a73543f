//! The semaphores that are compared: those of the comparison of everything, and one with few
//! permits.

use std::sync::atomic::Ordering;

use lockset_compare::semaphores::{ForTasks, Semaphore};

/// Those that threads wait for: an entry each, of what `$measure::<Semaphore>(..)` measures.
macro_rules! for_threads {
    ($measure:ident($($argument:expr),*)) => {
        [
            Entry::new("Fifo", move || $measure::<SemaphoreWith<Fifo>>($($argument),*)),
            Entry::new("Barging", move || $measure::<SemaphoreWith<Barging>>($($argument),*)),
            Entry::new(TOKIO, move || $measure::<tokio::sync::Semaphore>($($argument),*)),
            Entry::new("async-lock", move || $measure::<async_lock::Semaphore>($($argument),*)),
            Entry::new("saa", move || $measure::<Saa>($($argument),*)),
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
            Entry::new("saa", move || $measure::<Saa>($($argument),*)),
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

/// `saa`'s. It has no guards: what a panic would lose is not looked at here.
pub(crate) struct Saa(saa::Semaphore);

impl Saa {
    pub(crate) const MAX_PERMITS: usize = saa::Semaphore::MAX_PERMITS;
}

impl Semaphore for Saa {
    fn of(permits: usize) -> Self {
        Self(saa::Semaphore::with_permits(permits))
    }
    fn free(&self) -> usize {
        // Acquire: it asks for one; nobody else is there by then.
        self.0.available_permits(Ordering::Acquire)
    }
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T {
        self.0.acquire_sync();
        let result = inside();
        self.0.release();
        result
    }
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T> {
        self.0.try_acquire().then(|| {
            let result = inside();
            self.0.release();
            result
        })
    }
}

impl ForTasks for Saa {
    async fn section_async<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        self.0.acquire_async().await;
        let result = inside.await;
        self.0.release();
        result
    }
}
