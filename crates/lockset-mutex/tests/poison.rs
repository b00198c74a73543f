//! Poisoned data under this crate's mutex: a panic releases the lock, and the next one is told.

use std::thread;

use lockset_mutex::{Mutex, Poison};

#[test]
fn a_panic_releases_the_lock_and_marks_the_data() {
    static ACCOUNT: Mutex<Poison<(i64, i64)>> = Mutex::new(Poison::new((70, 30)));
    let transfer = thread::spawn(|| {
        let mut lock = ACCOUNT.lock();
        let mut sums = lock.enter().unwrap();
        sums.0 -= 10;
        panic!("between the two halves of a transfer");
    });
    assert!(transfer.join().is_err());
    let mut lock = ACCOUNT.try_lock().expect("the lock was released");
    let mut sums = lock.enter().expect_err("the data were marked").clear();
    sums.1 += 10;
    drop(sums);
    assert_eq!(*lock.enter().unwrap(), (60, 40));
}
