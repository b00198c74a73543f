//! Semaphores of two permits, one of which is always left: that is a state of its own to some.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use lockset_api::Deadline;
use lockset_semaphore::{Barging, Bounded, Fifo, Policy, SemaphoreWith};

use crate::path::{Group, Path, repeat};

const TOKIO: &str = "tokio";
const OPEN: &str = "nobody closes it";
const FREE: &str = "two permits are free";
const PERMITS: usize = 2;

pub(crate) const GROUPS: &[Group] = &[
    Group {
        what: "Semaphore: try_acquire and release",
        baseline: TOKIO,
        paths: &[
            Path::new("Semaphore (Fifo)", by_try::<Fifo>),
            Path::new("Barging", by_try::<Barging>),
            Path::new("Bounded", by_try::<Bounded>),
            Path::new(TOKIO, |times| {
                repeat(times, &tokios(), |semaphore| {
                    let _permit = semaphore.try_acquire().expect(FREE);
                    black_box(());
                })
            }),
            Path::new("async-lock", |times| {
                repeat(times, &async_locks(), |semaphore| {
                    let _permit = semaphore.try_acquire().expect(FREE);
                    black_box(());
                })
            }),
            Path::new("saa", |times| {
                repeat(times, &saas(), |semaphore| {
                    assert!(semaphore.try_acquire(), "{FREE}");
                    black_box(());
                    semaphore.release();
                })
            }),
        ],
    },
    Group {
        what: "Semaphore: acquire().await and release",
        baseline: TOKIO,
        paths: &[
            Path::new("Semaphore (Fifo)", by_await::<Fifo>),
            Path::new("Barging", by_await::<Barging>),
            Path::new("Bounded", by_await::<Bounded>),
            Path::new(TOKIO, |times| {
                repeat(times, &tokios(), |semaphore| {
                    let _permit = ready(semaphore.acquire()).expect(OPEN);
                    black_box(());
                })
            }),
            Path::new("async-lock", |times| {
                repeat(times, &async_locks(), |semaphore| {
                    let _permit = ready(semaphore.acquire());
                    black_box(());
                })
            }),
            Path::new("saa", |times| {
                repeat(times, &saas(), |semaphore| {
                    ready(semaphore.acquire_async());
                    black_box(());
                    semaphore.release();
                })
            }),
        ],
    },
    Group {
        what: "Semaphore: blocking acquire and release",
        baseline: "async-lock",
        paths: &[
            Path::new("Semaphore (Fifo)", by_blocking::<Fifo>),
            Path::new("Barging", by_blocking::<Barging>),
            Path::new("Bounded", by_blocking::<Bounded>),
            Path::new("async-lock", |times| {
                repeat(times, &async_locks(), |semaphore| {
                    let _permit = semaphore.acquire_blocking();
                    black_box(());
                })
            }),
            Path::new("saa", |times| {
                repeat(times, &saas(), |semaphore| {
                    semaphore.acquire_sync();
                    black_box(());
                    semaphore.release();
                })
            }),
        ],
    },
    Group {
        what: "Semaphore: acquire_until a second from now, and release",
        baseline: "Semaphore (Fifo)",
        paths: &[Path::new("Semaphore (Fifo)", |times| {
            repeat(times, &SemaphoreWith::<Fifo>::new(PERMITS), |semaphore| {
                let deadline = Deadline::after(Duration::from_secs(1));
                let _permit = semaphore.acquire_until(1, deadline).expect(OPEN).expect(FREE);
                black_box(());
            });
        })],
    },
];

fn by_try<P: Policy>(times: u32) {
    repeat(times, &SemaphoreWith::<P>::new(PERMITS), |semaphore| {
        let _permit = semaphore.try_acquire(1).expect(OPEN).expect(FREE);
        black_box(());
    });
}

fn by_await<P: Policy>(times: u32) {
    repeat(times, &SemaphoreWith::<P>::new(PERMITS), |semaphore| {
        let _permit = ready(semaphore.acquire_async(1)).expect(OPEN);
        black_box(());
    });
}

fn by_blocking<P: Policy>(times: u32) {
    repeat(times, &SemaphoreWith::<P>::new(PERMITS), |semaphore| {
        let _permit = semaphore.acquire(1).expect(OPEN);
        black_box(());
    });
}

/// Polled by hand: a runtime would be counted along with it.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let Poll::Ready(done) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("{FREE}");
    };
    done
}

fn tokios() -> tokio::sync::Semaphore {
    tokio::sync::Semaphore::new(PERMITS)
}

fn async_locks() -> async_lock::Semaphore {
    async_lock::Semaphore::new(PERMITS)
}

fn saas() -> saa::Semaphore {
    saa::Semaphore::with_permits(PERMITS)
}
