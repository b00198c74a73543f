//! A term ends once, by its clock or by its keeper, and everybody who watches is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, End, Loss, Lost, Term, block_on};

fn long() -> Term {
    Term::until(Instant::now() + Duration::from_secs(3600))
}

#[test]
fn a_term_that_has_passed_is_lost_though_nobody_said_so() {
    let term = Term::until(Instant::now());
    assert!(term.lost().is_lost());
    assert_eq!(term.remaining(), Duration::ZERO);
    assert_eq!(term.extend(Instant::now() + Duration::from_secs(9)), Err(End::Lost(Loss::Expired)));
    assert_eq!(term.end(End::Released), End::Lost(Loss::Expired));
}

#[test]
fn a_release_is_not_a_loss_and_ends_every_wait() {
    let term = long();
    let (started, waiting) = mpsc::channel();
    let lost = term.lost();
    let waiter = thread::spawn(move || {
        started.send(()).unwrap();
        (lost.wait(Deadline::NEVER), lost.is_lost())
    });
    let task = thread::spawn({
        let lost = term.lost();
        move || block_on(lost)
    });
    waiting.recv().unwrap();
    assert_eq!(term.end(End::Released), End::Released);
    assert_eq!(waiter.join().unwrap(), (Some(End::Released), false));
    assert_eq!(task.join().unwrap(), End::Released);
}

#[test]
fn the_future_resolves_by_the_clock_alone() {
    let until = Instant::now() + Duration::from_millis(30);
    let term = Term::until(until);
    assert_eq!(block_on(term.lost()), End::Lost(Loss::Expired));
    assert!(Instant::now() >= until);
}

#[test]
fn an_extension_moves_the_end_for_those_who_wait_already() {
    // A machine that is slow enough ends the term before it is extended; then once more.
    for millis in (40..).step_by(40).take(20) {
        let start = Instant::now();
        let term = Term::until(start + Duration::from_millis(millis));
        let lost = term.lost();
        let later = start + Duration::from_millis(3 * millis);
        let task = thread::spawn(move || (block_on(lost), Instant::now()));
        let extended = term.extend(later);
        let (end, at) = task.join().unwrap();
        assert_eq!(end, End::Lost(Loss::Expired));
        if extended.is_ok() {
            assert!(at >= later, "told before the extended end");
            return;
        }
    }
    panic!("no term could be extended in time");
}

#[test]
fn a_watcher_that_is_dropped_is_forgotten() {
    let term = long();
    {
        let mut lost = pin!(term.lost());
        let mut context = Context::from_waker(Waker::noop());
        assert!(lost.as_mut().poll(&mut context).is_pending());
        assert!(format!("{term:?}").contains("Waker"));
    }
    assert!(!format!("{term:?}").contains("Waker"), "the watcher's waker is still kept: {term:?}");
}

#[test]
fn a_wait_gives_up_at_its_deadline() {
    let deadline = Instant::now() + Duration::from_millis(10);
    assert_eq!(long().lost().wait(Deadline::at(deadline)), None);
    assert!(Instant::now() >= deadline);
}

/// A waker is somebody else's code, which may come back when it is woken or dropped. Were it called
/// with the term or the alarms locked, it would hang.
#[test]
fn wakers_may_come_back() {
    let (done, end) = mpsc::channel();
    thread::spawn(move || {
        wake_and_drop();
        done.send(())
    });
    end.recv_timeout(Duration::from_secs(60)).expect("wakers are called with nothing locked");
}

fn wake_and_drop() {
    struct Nosy(Term);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            // Asks the term, and sets an alarm: each has a lock of its own.
            let lost = pin!(self.0.lost());
            let _ = lost.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
    let term = long();
    let poll = |lost: Pin<&mut Lost>| {
        let waker = Waker::from(Arc::new(Nosy(term.clone())));
        assert!(lost.poll(&mut Context::from_waker(&waker)).is_pending());
    };
    {
        let mut lost = pin!(term.lost());
        poll(lost.as_mut());
        // Replaced here, dropped at the end of the block.
        poll(lost.as_mut());
    }
    let mut lost = pin!(term.lost());
    poll(lost.as_mut());
    assert_eq!(term.end(End::Released), End::Released);
}

/// A waker is somebody else's code. Each watcher hears of the end, whatever the others do.
#[test]
fn a_waker_that_panics_keeps_no_other_watcher_uninformed() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    struct Tells(mpsc::Sender<()>);
    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    let term = long();
    let (tells, told) = mpsc::channel();
    let wakers: [Waker; 3] =
        [Arc::new(Panics).into(), Arc::new(Panics).into(), Arc::new(Tells(tells)).into()];
    let mut watchers = wakers.each_ref().map(|_| term.lost());
    for (watcher, waker) in watchers.iter_mut().zip(&wakers) {
        assert!(Pin::new(watcher).poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| term.end(End::Released))).is_err());
    told.try_recv().expect("it was woken");
}
