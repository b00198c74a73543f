//! Sleeping and waking on the real machine, by the futex and, with `lockset_portable`, without it.
//!
//! That no wake-up is lost is for the models of the locks to show; here, that the system does what
//! they take it to do.

use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lockset_sync::{Parker, Waited, Word, has_passed, park};

/// A deadline that no test waits for, unless it fails.
fn far() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(60))
}

#[test]
fn nobody_sleeps_on_a_word_that_has_changed() {
    let word = Word::new(1);
    assert_eq!(word.wait(0, None), Waited::Woken);
    // By whom, it need not say where the system cannot.
    let _ = word.wait_among(1, 0, None);
}

#[test]
fn a_deadline_ends_a_sleep_and_not_before_its_time() {
    let word = Word::new(0);
    let deadline = Instant::now() + Duration::from_millis(5);
    // A sleep may end for no reason.
    while word.wait(0, Some(deadline)) == Waited::Woken {}
    assert!(has_passed(deadline));
    assert_eq!(Parker::new().park(Some(deadline)), Waited::TimedOut);
    park(Some(deadline));
}

#[test]
fn a_wake_up_ends_a_sleep() {
    let word = Word::new(0);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            // Acquire, with the Release below: the order that the word's users need.
            while word.load(Acquire) == 0 {
                assert_eq!(word.wait(0, far()), Waited::Woken);
            }
        });
        // Release, with the Acquire above.
        word.store(1, Release);
        word.wake(1);
        sleeper.join().unwrap();
    });
}

#[test]
fn waking_nobody_says_so() {
    let word = Word::new(0);
    assert!(!word.wake_among(u32::MAX, 1));
}

#[test]
fn an_unparking_before_the_parking_is_kept() {
    let parker = Parker::new();
    parker.unpark();
    assert_eq!(parker.park(None), Waited::Woken);
}

#[test]
fn a_parker_is_unparked_by_another_thread() {
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        scope.spawn(move || {
            let parker: Arc<Parker> = receive.recv().unwrap();
            parker.unpark();
        });
        let parker = Arc::new(Parker::new());
        send.send(Arc::clone(&parker)).unwrap();
        assert_eq!(parker.park(far()), Waited::Woken);
    });
}
