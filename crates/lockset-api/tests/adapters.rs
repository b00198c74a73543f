//! The adapters: blocking to async and back, and a lock chosen at run time.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use lockset_api::{
    AsyncLock, AsyncSharedLock, Blocking, Deadline, DynLock, Error, ErrorKind, Lock, OnThread,
    SharedLock, block_on,
};
use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

#[test]
fn on_a_thread_and_back_is_the_same_lock() {
    let mutex = Arc::new(Mutex::new(()));
    let lock = Blocking::new(OnThread::new(Arc::clone(&mutex)));
    let guard = lock.lock().unwrap();
    assert!(mutex.is_locked());
    let deadline = Instant::now() + Duration::from_millis(20);
    assert!(lock.lock_until(Deadline::at(deadline)).unwrap().is_none());
    assert!(Instant::now() >= deadline);
    drop(guard);
    assert!(!mutex.is_locked(), "the drop returned before the lock was free");
    assert!(lock.try_lock().unwrap().is_some());
}

#[test]
fn a_future_that_is_dropped_while_it_waits_does_not_keep_the_lock() {
    let lock = Arc::new(Counted::default());
    let on_thread = OnThread::new(Arc::clone(&lock));
    let held = lock.lock().unwrap();
    {
        let mut waiting = pin!(on_thread.lock_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
    }
    drop(held);
    // The thread left behind is granted the lock, sooner or later, and gives it back by itself.
    let (granted, given_back) = (&lock.granted, &lock.given_back);
    let mut given = given_back.lock();
    while *given < 2 {
        let late = lock.changed.wait_for(&mut given, Duration::from_secs(30)).timed_out();
        assert!(!late, "granted {} times, given back {given} times", *granted.lock());
    }
}

/// A lock that counts its grants and releases.
#[derive(Default)]
struct Counted {
    mutex: Mutex<()>,
    granted: Mutex<u32>,
    given_back: Mutex<u32>,
    changed: Condvar,
}

struct CountedGuard<'a>(&'a Counted, Option<MutexGuard<'a, ()>>);

impl Drop for CountedGuard<'_> {
    fn drop(&mut self) {
        drop(self.1.take());
        *self.0.given_back.lock() += 1;
        self.0.changed.notify_all();
    }
}

impl Counted {
    fn count<'a>(&'a self, guard: MutexGuard<'a, ()>) -> CountedGuard<'a> {
        *self.granted.lock() += 1;
        CountedGuard(self, Some(guard))
    }
}

impl Lock for Counted {
    type Guard<'a> = CountedGuard<'a>;
    type Error = Infallible;

    fn lock(&self) -> Result<CountedGuard<'_>, Infallible> {
        Ok(self.count(self.mutex.lock()))
    }

    fn try_lock(&self) -> Result<Option<CountedGuard<'_>>, Infallible> {
        Ok(self.mutex.try_lock().map(|guard| self.count(guard)))
    }

    fn lock_until(&self, deadline: Deadline) -> Result<Option<CountedGuard<'_>>, Infallible> {
        let guard = Lock::lock_until(&self.mutex, deadline)?;
        Ok(guard.map(|guard| self.count(guard)))
    }
}

#[test]
fn readers_share_through_the_adapters() {
    let lock = OnThread::new(RwLock::new(()));
    block_on(async {
        let one = lock.read_async().await.unwrap();
        let two = lock.try_read_async().await.unwrap().expect("readers share");
        assert!(lock.try_lock_async().await.unwrap().is_none());
        drop((one, two));
        assert!(lock.try_lock_async().await.unwrap().is_some());
    });
    let back = Blocking::new(lock);
    let one = back.read().unwrap();
    assert!(back.try_lock().unwrap().is_none());
    drop(one);
}

#[test]
fn a_boxed_lock_is_a_lock() {
    fn try_twice<L: Lock>(lock: &L) -> (bool, bool) {
        let first = lock.try_lock().unwrap_or(None);
        let second = lock.try_lock().unwrap_or(None);
        (first.is_some(), second.is_some())
    }
    let boxed: Box<dyn DynLock> = Box::new(Mutex::new(5));
    assert_eq!(try_twice(&boxed), (true, false));
    // And once more in a box: a boxed lock is shared like any other.
    let twice: Box<dyn DynLock> = Box::new(boxed);
    assert_eq!(try_twice(&twice), (true, false));
}

#[test]
fn an_error_says_which_lock_and_how_long_and_keeps_its_source() {
    let io = std::io::Error::other("connection refused");
    let error = Error::new(ErrorKind::Unavailable, "the server does not answer")
        .with_lock("jobs")
        .with_waited(Duration::from_millis(1500))
        .with_source(io);
    let shown = error.to_string();
    let expected = "lock \"jobs\": unavailable: the server does not answer (after 1.5s)";
    assert_eq!(shown, expected);
    assert_eq!(format!("{error:?}"), format!("{expected}: connection refused"));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
