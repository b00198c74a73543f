//! What the mutex offers beside locking and unlocking: its size, its guards, its policies, giving
//! up, counting.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lockset_mutex::{
    ArcMutexGuard, Asymmetric, Barging, Bounded, Cancel, Condvar, Counted, Counts, Fifo, HasCounts,
    LockUnless, MappedMutexGuard, Mutex, MutexGuard, MutexGuardWith, MutexWith, Policy, Sendable,
};

type CountedMutex<T> = MutexWith<Counted<Bounded>, T>;

/// Does not compile if the type is what it must not be: then there are two answers to `_`.
macro_rules! require_not {
    ($auto:ident: $($type:ty),* $(,)?) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn answer() {}
            }
            struct Yes;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $auto> Ambiguous<Yes> for T {}
            <$type as Ambiguous<_>>::answer();
        };
    )*};
}

const fn require_send<T: ?Sized + Send>() {}
const fn require_sync<T: ?Sized + Sync>() {}

require_not!(Send:
    MutexGuard<'_, u8>, MappedMutexGuard<'_, u8>, ArcMutexGuard<u8>, MutexGuardWith<'_, Fifo, u8>,
    MutexGuardWith<'_, Barging, u8>, MutexGuardWith<'_, Asymmetric<Counted<Bounded>>, u8>,
);
require_not!(Sync: Mutex<*mut u8>, MutexGuard<'_, *mut u8>);

const _: () = {
    require_send::<MutexGuardWith<'_, Sendable<Bounded>, u8>>();
    require_send::<MutexGuardWith<'_, Counted<Asymmetric<Sendable<Fifo>>>, u8>>();
    require_sync::<MutexGuard<'_, u8>>();
    require_send::<Mutex<u8>>();
    require_sync::<Mutex<u8>>();
    require_sync::<Condvar>();
    require_sync::<Cancel>();
};

#[test]
fn it_takes_eight_bytes_and_to_count_takes_thirty_two_more() {
    assert_eq!(size_of::<Mutex<()>>(), 8);
    assert_eq!(size_of::<MutexWith<Barging, ()>>(), 8);
    assert_eq!(size_of::<MutexWith<Fifo, ()>>(), 8);
    assert_eq!(size_of::<MutexWith<Sendable<Bounded>, ()>>(), 8);
    assert_eq!(size_of::<MutexWith<Asymmetric<Bounded>, ()>>(), 8);
    assert_eq!(size_of::<MutexWith<Counted<Bounded>, ()>>(), 8 + 32);
}

#[test]
fn a_guard_can_be_narrowed_to_a_part() {
    static PAIR: Mutex<(u8, u8)> = Mutex::new((1, 2));
    let mut second: MappedMutexGuard<'_, u8> = MutexGuard::map(PAIR.lock(), |pair| &mut pair.1);
    *second = 3;
    assert!(PAIR.try_lock().is_none());
    drop(second);
    assert_eq!(*PAIR.lock(), (1, 3));
}

#[test]
fn a_guard_can_own_its_mutex() {
    let mutex = Arc::new(Mutex::new(1));
    let weak = Arc::downgrade(&mutex);
    let mut guard: ArcMutexGuard<_> = mutex.lock_arc();
    drop(mutex);
    *guard += 1;
    assert_eq!(*guard, 2);
    drop(guard);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_sendable_guard_unlocks_elsewhere() {
    let mutex = MutexWith::<Sendable<Bounded>, _>::new(1);
    let guard = mutex.lock();
    thread::scope(|scope| {
        scope.spawn(move || drop(guard));
    });
    assert!(mutex.try_lock().is_some());
}

#[test]
fn to_print_a_locked_mutex_does_not_wait() {
    let mutex = Mutex::new(7);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: 7 }");
    let _guard = mutex.lock();
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked> }");
}

#[test]
fn waits_with_a_limit_of_time() {
    let mutex = Mutex::new(());
    assert!(mutex.try_lock_for(Duration::ZERO).is_some(), "it is free");
    assert!(mutex.try_lock_until(Instant::now()).is_some(), "it is free");
    assert!(mutex.try_lock_for(Duration::MAX).is_some(), "for ever is not too long");
    let _guard = mutex.lock();
    let deadline = Instant::now() + Duration::from_millis(2);
    assert!(mutex.try_lock_for(Duration::ZERO).is_none());
    assert!(mutex.try_lock_until(deadline).is_none());
    assert!(Instant::now() >= deadline, "it waited");
}

/// Goes on once `count` threads have begun to wait. Those stay, since the lock is held.
fn await_waits<T>(mutex: &CountedMutex<T>, count: u64) {
    while mutex.counts().waits < count {
        thread::yield_now();
    }
}

/// Goes on once somebody sleeps.
fn await_park<P: Policy, T>(mutex: &MutexWith<Counted<P>, T>) {
    while mutex.counts().parks == 0 {
        thread::yield_now();
    }
}

fn a_fair_unlock_serves_a_waiter_first<P: Policy>() {
    let mutex = MutexWith::<Counted<P>, _>::new(1);
    thread::scope(|scope| {
        let mut guard = mutex.lock();
        scope.spawn(|| *mutex.lock() += 1);
        await_park(&mutex);
        MutexGuardWith::<Counted<P>, _>::bump(&mut guard);
        assert_eq!(*guard, 2, "the waiter came in between");
        MutexGuardWith::<Counted<P>, _>::unlock_fair(guard);
    });
    assert!(!mutex.is_locked());
}

fn eight_threads_exclude_each_other<P: Policy>() {
    const ROUNDS: u32 = 1_000;
    let count = MutexWith::<P, _>::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..ROUNDS).for_each(|_| *count.lock() += 1));
        }
    });
    assert_eq!(*count.lock(), 8 * ROUNDS);
}

macro_rules! test_each {
    ($($name:ident: $policy:ty),* $(,)?) => {$(
        mod $name {
            use super::*;

            #[test]
            fn eight_threads_exclude_each_other() {
                super::eight_threads_exclude_each_other::<$policy>();
            }

            #[test]
            fn a_fair_unlock_serves_a_waiter_first() {
                super::a_fair_unlock_serves_a_waiter_first::<$policy>();
            }
        }
    )*};
}

test_each! {
    bounded: Bounded,
    barging: Barging,
    fifo: Fifo,
    sendable: Sendable<Bounded>,
    asymmetric: Asymmetric<Bounded>,
    asymmetric_fifo: Asymmetric<Fifo>,
}

#[test]
fn nothing_is_counted_unless_somebody_waits() {
    let mutex = CountedMutex::new(0);
    *mutex.lock() += 1;
    assert!(mutex.try_lock_for(Duration::ZERO).is_some());
    let guard = mutex.lock();
    assert!(mutex.try_lock().is_none());
    drop(guard);
    assert_eq!(mutex.counts(), Counts::default());
}

#[test]
fn a_wait_is_counted() {
    let mutex = CountedMutex::new(0);
    thread::scope(|scope| {
        let guard = mutex.lock();
        scope.spawn(|| *mutex.lock() += 1);
        await_park(&mutex);
        drop(guard);
    });
    let counts = mutex.counts();
    assert_eq!(counts.waits, 1);
    assert!(counts.parks >= 1 && counts.spins > 0, "it waited awake first: {counts:?}");
    assert!(counts.longest_wait > Duration::ZERO);
}

#[test]
fn a_wait_can_be_cancelled() {
    let (mutex, cancel) = (CountedMutex::new(()), Cancel::new());
    let guard = mutex.lock();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| mutex.lock_unless(&cancel).is_none());
        await_park(&mutex);
        cancel.cancel();
        assert!(waiter.join().unwrap());
    });
    drop(guard);
    assert!(mutex.try_lock().is_some(), "nobody is owed the lock");
}

#[test]
fn a_waiter_may_get_the_lock_before_it_is_cancelled() {
    let (mutex, cancel) = (CountedMutex::new(()), Cancel::new());
    let guard = mutex.lock();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| mutex.lock_unless(&cancel).is_some());
        await_waits(&mutex, 1);
        drop(guard);
        assert!(waiter.join().unwrap());
    });
    cancel.cancel();
}

#[test]
fn what_is_cancelled_before_it_begins_takes_only_a_free_lock() {
    let (mutex, cancel) = (Mutex::new(()), Cancel::new());
    cancel.cancel();
    let guard = mutex.lock_unless(&cancel).expect("the lock was free");
    assert!(mutex.lock_unless(&cancel).is_none());
    drop(guard);
}

/// Half of the waiters for each of two locks are cancelled; all others have their turns.
#[test]
fn those_who_are_cancelled_take_nobodys_turn_along() {
    const EACH: u64 = 3;
    let (mutexes, cancel) = ([CountedMutex::new(0), CountedMutex::new(0)], Cancel::new());
    thread::scope(|scope| {
        let guards = mutexes.each_ref().map(|mutex| mutex.lock());
        let mut cancelled = vec![];
        for mutex in &mutexes {
            let cancel = &cancel;
            for _ in 0..EACH {
                cancelled.push(scope.spawn(move || mutex.lock_unless(cancel).is_none()));
                scope.spawn(move || *mutex.lock() += 1);
            }
        }
        mutexes.iter().for_each(|mutex| await_waits(mutex, 2 * EACH));
        cancel.cancel();
        assert!(cancelled.into_iter().all(|waiter| waiter.join().unwrap()));
        drop(guards);
    });
    assert!(mutexes.iter().all(|mutex| *mutex.lock() == EACH));
}
