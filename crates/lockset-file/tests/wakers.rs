//! A waker is somebody else's code: it may come back to the lock whenever it is woken or dropped.
//! Were it called with the file's state locked, it would hang, and the suite's patience end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};

use lockset_api::{AsyncLock, Lock};
use lockset_conformance::{Check, PATIENCE, run};
use lockset_file::FileLock;

static CALLED: AtomicU32 = AtomicU32::new(0);

/// Tries the lock when it is woken, and again when it is dropped.
struct Nosy(FileLock);

impl Nosy {
    fn look(&self) {
        // Whether it is held or free by now.
        drop(self.0.try_lock().unwrap());
        // Relaxed: a count of this thread.
        CALLED.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>, lock: &FileLock) {
    let waker = Waker::from(Arc::new(Nosy(lock.clone())));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending(), "granted too early");
}

#[test]
fn wakers_may_come_back() {
    let check = Check::new("wakers_may_come_back", |()| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = FileLock::open(&path).unwrap();
        let held = lock.lock().unwrap();
        let mut second = Box::pin(lock.lock_async());
        {
            let mut first = pin!(lock.lock_async());
            poll(first.as_mut(), &lock);
            // A task that moved has another waker: the first is replaced, and dropped.
            poll(first.as_mut(), &lock);
            poll(second.as_mut(), &lock);
            // Wakes the first, which gives up instead; and that wakes the second.
            drop(held);
        }
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        drop(second);
        // Relaxed: all of it happened on this thread. Three are dropped, and two of them woken.
        assert!(CALLED.load(Ordering::Relaxed) >= 5, "the wakers were not called");
        assert!(lock.try_lock().unwrap().is_some());
        Ok(())
    });
    run(check, (), PATIENCE).unwrap();
}
