//! What a semaphore has to do to be compared: with one permit here, with many in
//! `cargo xtask permits`.

use lockset_semaphore::{Policy, SemaphoreWith};

/// A semaphore that threads wait for. All of them share one value.
pub trait Semaphore: Send + Sync + 'static {
    /// A semaphore of so many permits.
    fn of(permits: usize) -> Self;
    /// How many permits are free.
    fn free(&self) -> usize;
    /// Waits for a permit, and holds it for as long as `inside` takes.
    fn section<T>(&self, inside: impl FnOnce() -> T) -> T;
    /// The same, if there is a permit now.
    fn try_section<T>(&self, inside: impl FnOnce() -> T) -> Option<T>;
}

/// A semaphore that tasks wait for, too.
pub trait ForTasks: Semaphore {
    /// Waits for a permit, and holds it for as long as `inside` takes.
    fn section_async<T>(
        &self,
        inside: impl Future<Output = T> + Send,
    ) -> impl Future<Output = T> + Send;
}

pub(super) const OPEN: &str = "nobody closes it";

impl<P: Policy> Semaphore for SemaphoreWith<P> {
    fn of(permits: usize) -> Self {
        Self::new(permits)
    }
    fn free(&self) -> usize {
        self.available()
    }
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
    async fn section_async<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire_async(1).await.expect(OPEN);
        inside.await
    }
}

impl Semaphore for tokio::sync::Semaphore {
    fn of(permits: usize) -> Self {
        Self::new(permits)
    }
    fn free(&self) -> usize {
        self.available_permits()
    }
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
    async fn section_async<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire().await.expect(OPEN);
        inside.await
    }
}

impl Semaphore for async_lock::Semaphore {
    fn of(permits: usize) -> Self {
        Self::new(permits)
    }
    fn free(&self) -> usize {
        self.available_permits()
    }
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
    async fn section_async<T>(&self, inside: impl Future<Output = T> + Send) -> T {
        let _permit = self.acquire().await;
        inside.await
    }
}
