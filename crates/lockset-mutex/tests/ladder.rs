//! Every stage of the ladder on real threads, and the claims of its documentation that can be
//! counted: size, order, overtaking.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{mem, panic, thread};

use lock_api::{Mutex, RawMutex};
use lockset_mutex::for_each_stage;
use lockset_mutex::ladder::{self, BoundedBypass};

const THREADS: usize = 4;
/// Few, for with fewer processors than threads each hand-over in a queue of spinning waiters may
/// have to wait for the scheduler. To find rare interleavings is the models' work.
const ROUNDS: usize = 50;

fn excludes_under_contention<R: RawMutex + Sync>() {
    let inside = AtomicUsize::new(0);
    let counter = Mutex::<R, usize>::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let mut guard = counter.lock();
                    // Relaxed: one variable, and the lock is what is on trial.
                    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                    *guard += 1;
                    inside.fetch_sub(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(*counter.lock(), THREADS * ROUNDS);
}

fn try_lock_tells_held_from_free<R: RawMutex + Sync>() {
    let lock = Mutex::<R, ()>::new(());
    assert!(!lock.is_locked());
    let guard = lock.try_lock().expect("free");
    assert!(lock.is_locked());
    assert!(lock.try_lock().is_none());
    assert!(thread::scope(|scope| scope.spawn(|| lock.try_lock().is_none()).join().unwrap()));
    drop(guard);
    assert!(!lock.is_locked());
    assert!(lock.try_lock().is_some());
}

fn waits_until_released<R: RawMutex + Sync>() {
    let lock = Mutex::<R, _>::new(0);
    thread::scope(|scope| {
        let mut guard = lock.lock();
        let (started, starts) = mpsc::channel();
        let lock = &lock;
        let waiter = scope.spawn(move || {
            started.send(()).unwrap();
            *lock.lock()
        });
        starts.recv().unwrap();
        *guard = 1;
        drop(guard);
        assert_eq!(waiter.join().unwrap(), 1);
    });
}

fn a_panic_releases<R: RawMutex>() {
    let lock = Mutex::<R, ()>::new(());
    let caught = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        let _guard = lock.lock();
        panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(caught.is_err());
    assert!(lock.try_lock().is_some());
}

/// A thread may hold several locks and release them in any order, and forget or move one.
fn many_at_once_in_any_order<R: RawMutex>() {
    let locks: [Mutex<R, ()>; 5] = std::array::from_fn(|_| Mutex::new(()));
    let mut guards: Vec<_> = locks.iter().map(|lock| lock.lock()).collect();
    while !guards.is_empty() {
        drop(guards.remove(guards.len() / 2));
    }
    drop(guards);
    for lock in locks {
        assert!(!lock.is_locked());
        mem::forget(lock.lock());
        let moved = Box::new(lock);
        assert!(moved.is_locked());
    }
}

macro_rules! test_each {
    ($($name:ident: $Stage:ident),*) => {$(
        mod $name {
            type Stage = super::ladder::$Stage;

            #[test]
            fn excludes_under_contention() {
                super::excludes_under_contention::<Stage>();
            }

            #[test]
            fn try_lock_tells_held_from_free() {
                super::try_lock_tells_held_from_free::<Stage>();
            }

            #[test]
            fn waits_until_released() {
                super::waits_until_released::<Stage>();
            }

            #[test]
            fn a_panic_releases() {
                super::a_panic_releases::<Stage>();
            }

            #[test]
            fn many_at_once_in_any_order() {
                super::many_at_once_in_any_order::<Stage>();
            }

            /// The row of the module's table says what the type's size is.
            #[cfg(target_pointer_width = "64")]
            #[test]
            fn the_size_is_as_documented() {
                let page = include_str!(concat!("../src/ladder/", stringify!($name), ".rs"));
                let row = page.lines().find_map(|line| line.strip_prefix("//! | size | "));
                let bytes = row.and_then(|row| row.split(' ').next()).map(str::parse);
                assert_eq!(bytes, Some(Ok(size_of::<Stage>())));
            }
        }
    )*};
}

for_each_stage!(test_each);

/// A waiter that sleeps is overtaken so many times, and then has the lock.
#[test]
fn the_bypass_is_bounded() {
    const BYPASSES: u32 = 3;
    let lock = Mutex::<BoundedBypass<BYPASSES>, _>::new(None);
    // SAFETY: it is only asked whether somebody sleeps.
    let has_sleepers = || unsafe { lock.raw() }.has_sleepers();
    thread::scope(|scope| {
        let held = lock.lock();
        scope.spawn(|| *lock.lock() = Some("the sleeper"));
        while !has_sleepers() {
            thread::yield_now();
        }
        drop(held);
        let mut overtaken = 0;
        while lock.lock().is_none() {
            overtaken += 1;
        }
        assert!(overtaken <= BYPASSES, "{overtaken} times, but {BYPASSES} are allowed");
    });
}
