//! What holds in every line, whoever keeps it.

use std::time::Duration;

use lockset_api::{Deadline, ErrorKind, Lease as _, Lock, Permits, Released, SharedLock, block_on};
use lockset_remote::{Acquire, Locks, RemoteLease};

/// Opens a store anew, as another process would.
pub(crate) type Open<'a> = &'a dyn Fn() -> Locks;

/// Makes a test of each rule, with what `$keeper` keeps.
macro_rules! tests {
    ($keeper:expr) => {
        $crate::rules::tests! { $keeper;
            a_writer_that_waits_keeps_later_readers_out_and_lets_earlier_ones_finish
            permits_are_served_in_order_and_a_large_request_is_not_passed
            several_names_are_granted_together_or_not_at_all
            several_names_are_not_granted_before_those_who_came_first_for_one_of_them
            a_waiter_that_gives_up_is_passed
            many_readers_are_let_in_together
            inspect_tells_who_holds_and_who_waits
        }
    };
    ($keeper:expr; $($rule:ident)+) => { $(
        #[test]
        fn $rule() {
            let keeper = $keeper;
            $crate::rules::$rule(&|| locks(&keeper));
        }
    )+ };
}
pub(crate) use tests;

pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Starts to wait, and returns once that stands in line behind `before` others.
pub(crate) fn in_line(
    locks: &Locks,
    name: &str,
    before: usize,
    wait: impl FnOnce() -> Acquire,
) -> Acquire {
    let waiting = wait();
    testbed::eventually("it stands in line", || waiters(locks, name) == before + 1);
    waiting
}

pub(crate) fn waiters(locks: &Locks, name: &str) -> usize {
    locks.inspect(name).unwrap().waiters.len()
}

pub(crate) fn granted(waiting: Acquire) -> RemoteLease {
    block_on(waiting).unwrap().expect("granted")
}

pub(crate) fn release(lease: RemoteLease) {
    assert_eq!(lease.release().unwrap(), Released::InTime);
}

pub(crate) fn a_writer_that_waits_keeps_later_readers_out_and_lets_earlier_ones_finish(
    open: Open<'_>,
) {
    let locks = open();
    let book = locks.rw_lock("book").unwrap();
    let (one, other) = (book.read().unwrap(), book.read().unwrap());
    let writer = in_line(&locks, "book", 0, || book.acquire(Deadline::NEVER));
    assert!(book.try_read().unwrap().is_none(), "a reader passed a writer that waits");
    let reader = in_line(&locks, "book", 1, || book.acquire_shared(Deadline::NEVER));
    let another = in_line(&locks, "book", 2, || book.acquire_shared(Deadline::NEVER));
    release(one);
    assert_eq!(waiters(&locks, "book"), 3, "a reader is still inside");
    release(other);
    let written = granted(writer);
    assert_eq!(waiters(&locks, "book"), 2);
    release(written);
    // Both are let in together.
    let (reader, another) = (granted(reader), granted(another));
    assert!(reader.fence() < another.fence());
    assert_eq!(locks.inspect("book").unwrap().holders.len(), 2);
}

pub(crate) fn permits_are_served_in_order_and_a_large_request_is_not_passed(open: Open<'_>) {
    let locks = open();
    let pool = locks.semaphore("pool", 3).unwrap();
    let held = pool.acquire(2).unwrap();
    let large = in_line(&locks, "pool", 0, || pool.acquire_by(3, Deadline::NEVER).unwrap());
    assert!(pool.try_acquire(1).unwrap().is_none(), "a small request passed a large one");
    let small = in_line(&locks, "pool", 1, || pool.acquire_by(1, Deadline::NEVER).unwrap());
    release(held);
    release(granted(large));
    release(granted(small));
    assert_eq!(pool.acquire(4).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(pool.acquire(0).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(locks.semaphore("pool", 0).unwrap_err().kind(), ErrorKind::Config);
}

pub(crate) fn several_names_are_granted_together_or_not_at_all(open: Open<'_>) {
    let locks = open();
    let [a, b] = ["a", "b"].map(|name| locks.lock(name).unwrap());
    let both = locks.lock_all(&["a", "b"]).unwrap();
    let reversed = locks.lock_all(&["b", "a"]).unwrap();

    let held = b.lock().unwrap();
    assert!(both.try_lock().unwrap().is_none());
    release(a.try_lock().unwrap().expect("what could not be had together was left alone"));

    // Both orders wait, and neither is in the other's way.
    let first = in_line(&locks, "a", 0, || both.acquire(Deadline::NEVER));
    let second = in_line(&locks, "a", 1, || reversed.acquire(Deadline::NEVER));
    let third = in_line(&locks, "b", 2, || b.acquire(Deadline::NEVER));
    assert!(a.try_lock().unwrap().is_none(), "it is free, and was taken before those in line");
    let before = held.fence();
    release(held);
    let first = granted(first);
    assert!(first.fence() > before);
    assert!(a.try_lock().unwrap().is_none() && b.try_lock().unwrap().is_none());
    release(first);
    release(granted(second));
    release(granted(third));
    release(a.lock().unwrap());

    assert_eq!(locks.lock_all(&[]).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(locks.lock_all(&["a", "a"]).unwrap_err().kind(), ErrorKind::Config);
}

/// A request for several names has its turn when it is first in line for each of them.
pub(crate) fn several_names_are_not_granted_before_those_who_came_first_for_one_of_them(
    open: Open<'_>,
) {
    let locks = open();
    let [a, c] = ["a", "c"].map(|name| locks.lock(name).unwrap());
    let (held_a, held_c) = (a.lock().unwrap(), c.lock().unwrap());
    let [bc, ab] = [["b", "c"], ["a", "b"]].map(|names| locks.lock_all(&names).unwrap());
    let first = in_line(&locks, "b", 0, || bc.acquire(Deadline::NEVER));
    let second = in_line(&locks, "b", 1, || ab.acquire(Deadline::NEVER));
    release(held_a);
    // Both of its names are free, but for one of them another came first.
    assert_eq!((waiters(&locks, "a"), waiters(&locks, "b")), (1, 2));
    release(held_c);
    release(granted(first));
    release(granted(second));
}

/// Whoever gives up leaves the line, and those behind it move up.
pub(crate) fn a_waiter_that_gives_up_is_passed(open: Open<'_>) {
    let locks = open();
    let lock = locks.lock("job").unwrap();
    let held = lock.lock().unwrap();
    let timed = in_line(&locks, "job", 0, || lock.acquire(Deadline::after(LONG)));
    let next = in_line(&locks, "job", 1, || lock.acquire(Deadline::NEVER));
    drop(timed);
    testbed::eventually("the line is shorter", || waiters(&locks, "job") == 1);
    let brief = Deadline::after(Duration::from_millis(30));
    assert!(lock.lock_until(brief).unwrap().is_none());
    testbed::eventually("and stays so", || waiters(&locks, "job") == 1);
    release(held);
    release(granted(next));
}

/// A script's time must not grow with the square of those who are let in together.
pub(crate) fn many_readers_are_let_in_together(open: Open<'_>) {
    const READERS: usize = 1000;
    let locks = open();
    let book = locks.rw_lock("book").unwrap();
    let writer = book.lock().unwrap();
    let readers: Vec<_> = (0..READERS).map(|_| book.acquire_shared(Deadline::NEVER)).collect();
    testbed::eventually("all wait", || waiters(&locks, "book") == READERS);
    release(writer);
    let leases: Vec<_> = readers.into_iter().map(granted).collect();
    assert_eq!(leases.len(), READERS);
}

pub(crate) fn inspect_tells_who_holds_and_who_waits(open: Open<'_>) {
    let locks = open();
    let lock = locks.lock("job").unwrap().with_note("nightly run");
    assert_eq!(locks.inspect("job").unwrap().holders, []);
    let held = lock.lock().unwrap();
    let waiting = in_line(&locks, "job", 0, || lock.acquire(Deadline::after(LONG)));
    let status = locks.inspect("job").unwrap();
    assert_eq!(status.fence, Some(held.fence()));
    let ([holder], [waiter]) = (&status.holders[..], &status.waiters[..]) else {
        panic!("{status:?}")
    };
    assert_ne!(holder.id, waiter.id);
    for party in [holder, waiter] {
        let me = format!("(pid {})", std::process::id());
        assert!(party.holder.contains(&me), "{party:?}");
        assert_eq!(party.note.as_deref(), Some("nightly run"));
        assert!(party.since < LONG && party.remaining <= LONG, "{party:?}");
        assert!(party.remaining > Duration::ZERO, "{party:?}");
    }
    drop(waiting);
    testbed::eventually("it has left the line", || waiters(&locks, "job") == 0);
    release(held);
    let pool = locks.semaphore("pool", 3).unwrap();
    let two = pool.acquire(2).unwrap();
    assert_eq!(locks.inspect("pool").unwrap().holders[0].weight, 2);
    release(two);
    let after = locks.inspect("job").unwrap();
    assert_eq!((after.holders, after.fence), (vec![], status.fence));
}
