//! A checked lock is what the lock inside is, to the compiler.

use lockset_api::{AsyncLock, DynLock, Error, Fence, Lease, LeaseLock, Lock, Released, block_on};
use lockset_checked::{Checked, CheckedGuard, task};
use lockset_mutex::Mutex;
use lockset_semaphore::Semaphore;

use crate::common::mutex;
use crate::dir::Dir;

static TOTAL: Checked<Mutex<u64>> = Checked::new(Mutex::new(0));

#[test]
fn a_static_mutex_and_its_data() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| *TOTAL.lock() += 1);
        }
    });
    assert_eq!(*TOTAL.lock(), 4);
    let mut guard = TOTAL.try_lock().expect("nobody else has it");
    *guard = 0;
    assert!(TOTAL.try_lock().is_none());
}

#[test]
fn a_guard_is_sent_if_the_one_inside_is() {
    fn sent<T: Send>(guard: T) -> T {
        guard
    }
    let (dir, slots) = (Dir::new(), Checked::new(Semaphore::new(1)));
    drop(sent(slots.lock().unwrap()));
    drop(sent(Checked::new(dir.file("lock")).lock().unwrap()));
    drop(sent(Checked::new(dir.lease("job")).lock().unwrap()));
    // And so are the futures, with a guard held in the middle of one.
    let holds = async {
        let guard = slots.lock_async().await.unwrap();
        std::future::ready(()).await;
        drop(guard);
    };
    block_on(sent(task(sent(holds))));
}

#[test]
fn the_lease_of_a_checked_lock_is_a_lease() {
    fn fence<L: LeaseLock>(lock: &L) -> Result<Fence, Error> {
        let lease = lock.lease()?;
        assert!(!lease.lost().is_lost() && !lease.remaining().is_zero());
        let fence = lease.fence();
        assert_eq!(lease.release()?, Released::InTime);
        Ok(fence)
    }
    let dir = Dir::new();
    let lock = Checked::new(dir.lease("job"));
    assert!(fence(&lock).unwrap() < fence(&lock).unwrap());
    let lease = lock.lock().unwrap();
    assert_eq!(CheckedGuard::inner(&lease).name().as_str(), "job");
}

#[test]
fn what_can_fail_still_can() {
    let slots = Checked::new(Semaphore::new(1));
    slots.inner().close();
    slots.lock().expect_err("closed");
    slots.try_lock().expect_err("closed");
    block_on(slots.lock_async()).expect_err("closed");
}

#[test]
fn a_lock_chosen_at_run_time() {
    let chosen: Box<dyn DynLock> = Box::new(mutex());
    let lock = Checked::new(chosen);
    let guard = lock.lock().unwrap();
    assert!(lock.try_lock().unwrap().is_none());
    drop(guard);
    let bare = lock.into_inner();
    assert!(bare.try_lock().unwrap().is_some());
}
