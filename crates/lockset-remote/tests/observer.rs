//! When an observer looks, and what it tells, in simulated time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockset_api::{Fence, Name};
use lockset_remote::{
    Attempt, LeaseStore, Locks, Observer, Op, Party, Renewed, Request, Status, StoreError, Wake,
    Withdrawn,
};
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};

const PERIOD: Duration = Duration::from_secs(1);

/// Much shorter than the period.
const TICK: Duration = Duration::from_millis(1);

/// Whose requests all have the same id.
const HOLDER: &str = "0123456789abcdef0123456789abcdef";

/// A server of one lock, which is looked at and never taken.
#[derive(Default)]
struct Shown {
    looks: Mutex<u32>,
    fence: Mutex<u64>,
    /// How long a look takes.
    delay: Duration,
}

impl Shown {
    fn looks(&self) -> u32 {
        *self.looks.lock().unwrap()
    }

    fn set(&self, fence: u64) {
        *self.fence.lock().unwrap() = fence;
    }
}

struct Server(Arc<Shown>);

impl LeaseStore for Server {
    fn label(&self) -> &str {
        "shown"
    }

    fn attempt<'a>(&'a self, _: &'a Request, _: Duration) -> Op<'a, Attempt> {
        Box::pin(async { Err(StoreError::refused("it is only looked at")) })
    }

    fn wait<'a>(&'a self, _: &'a Request, _: u32, _: Duration) -> Op<'a, Wake> {
        Box::pin(async { Err(StoreError::refused("it is only looked at")) })
    }

    fn renew<'a>(&'a self, _: &'a Request) -> Op<'a, Renewed> {
        Box::pin(async { Err(StoreError::refused("it is only looked at")) })
    }

    fn release<'a>(&'a self, _: &'a Request) -> Op<'a, Withdrawn> {
        Box::pin(async { Err(StoreError::refused("it is only looked at")) })
    }

    fn inspect<'a>(&'a self, _: &'a Name) -> Op<'a, Status> {
        Box::pin(async {
            *self.0.looks.lock().unwrap() += 1;
            sleep(self.0.delay).await;
            let mut status = Status::default();
            status.fence = Some(Fence::new(*self.0.fence.lock().unwrap()));
            let id = HOLDER.parse().unwrap();
            status.holders.push(Party::new(id, "one".into(), 1, Duration::ZERO, PERIOD));
            Ok(status)
        })
    }
}

/// Runs a test of an observer that has had its first look.
fn observe<F: Future<Output = ()>>(delay: Duration, test: impl FnOnce(Observer, Arc<Shown>) -> F) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let shown = Arc::new(Shown { delay, ..Shown::default() });
        let locks = Locks::on(&Handle::current(), Server(Arc::clone(&shown)));
        let mut observer = locks.lock("job").unwrap().observe(PERIOD);
        assert_eq!(observer.changed_async().await.unwrap().holders.len(), 1);
        assert_eq!(shown.looks(), 1);
        test(observer, shown).await;
    });
}

/// The next change, by calls that are dropped after a tick each.
async fn by_ticks(observer: &mut Observer) -> Status {
    loop {
        if let Ok(status) = timeout(TICK, observer.changed_async()).await {
            return status.unwrap();
        }
    }
}

/// Each dropped call left a task behind, which looked when the time had come.
#[test]
fn calls_that_are_dropped_make_no_looks() {
    observe(Duration::ZERO, |mut observer, shown| async move {
        for _ in 0..100 {
            assert!(timeout(TICK, observer.changed_async()).await.is_err());
        }
        sleep(PERIOD * 10).await;
        assert_eq!(shown.looks(), 1, "looks that nobody asked for any more");
        shown.set(1);
        let told = timeout(PERIOD, observer.changed_async()).await.expect("a change");
        assert_eq!(told.unwrap().fence, Some(Fence::new(1)));
        assert_eq!(shown.looks(), 2);
    });
}

/// The driver is empty but for the test: what an observer began ends with its calls.
#[test]
fn calls_that_are_dropped_leave_nothing_on_the_driver() {
    observe(Duration::ZERO, |mut observer, _| async move {
        for _ in 0..100 {
            assert!(timeout(TICK, observer.changed_async()).await.is_err());
        }
        sleep(TICK).await;
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    });
}

#[test]
fn ticks_that_are_shorter_than_the_period_do_not_starve_the_look() {
    observe(Duration::ZERO, |mut observer, shown| async move {
        for fence in 1..=10 {
            shown.set(fence);
            let status = timeout(PERIOD * 2, by_ticks(&mut observer)).await.expect("starved");
            assert_eq!(status.fence, Some(Fence::new(fence)));
        }
        assert_eq!(shown.looks(), 11, "one a period");
    });
}

/// A look that took longer than any call lasted was begun anew by each of them.
#[test]
fn ticks_that_are_shorter_than_a_look_do_not_starve_it() {
    observe(TICK * 20, |mut observer, shown| async move {
        for fence in 1..=10 {
            shown.set(fence);
            let status = timeout(PERIOD * 2, by_ticks(&mut observer)).await.expect("starved");
            assert_eq!(status.fence, Some(Fence::new(fence)));
        }
        assert_eq!(shown.looks(), 11, "one a period");
    });
}

/// A holder that gave the lock back and took it again between two looks, with an id of before.
#[test]
fn a_change_of_the_fence_alone_is_told() {
    observe(Duration::ZERO, |mut observer, shown| async move {
        assert!(timeout(PERIOD * 3, observer.changed_async()).await.is_err(), "nothing changed");
        shown.set(7);
        let told = timeout(PERIOD * 2, observer.changed_async()).await.expect("a change");
        assert_eq!(told.unwrap().fence, Some(Fence::new(7)));
    });
}
