//! Who gets the lock next, under the model checker: it stays in one process for so long and no
//! longer, and nobody of that process is passed without end.
//!
//! By hand:
//! `RUSTFLAGS="--cfg lockset_loom" cargo test --release -p lockset-file --test loom_turns`.

#![cfg(lockset_loom)]

mod models;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use lockset_api::{AsyncLock, Lock};
use lockset_file::sync::{Outsider, is_awaited};
use lockset_file::{Mode, Options, Upgrade};
use models::{Guarded, model, require_idle, start, visit};

/// Sections of this process that began while another one waited in the kernel.
static PASSED: AtomicUsize = AtomicUsize::new(0);

fn section(guarded: &Guarded) {
    // Relaxed: a count, whose changes the checker puts in one order, since one thread runs at a
    // time.
    if is_awaited() {
        PASSED.fetch_add(1, Relaxed);
    }
    guarded.add_one();
}

/// Two threads, which could hand the lock to each other four times.
fn another_process_gets_its_turn(hand_overs: u32) {
    let options = Options::new().hand_overs(hand_overs);
    model(Some(3), options, move |guarded| {
        PASSED.store(0, Relaxed); // Relaxed: as above.
        let lock_twice = |guarded: &Guarded| {
            for _ in 0..2 {
                let _guard = guarded.lock.lock().expect("locks");
                section(guarded);
            }
        };
        let (first, second) = (start(&guarded, lock_twice), start(&guarded, lock_twice));
        let process = Outsider::lock(Mode::Exclusive);
        // Relaxed: as above.
        let passed = PASSED.load(Relaxed);
        assert!(passed <= hand_overs as usize + 1, "{passed} sections went before it");
        visit(&guarded, process);
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(guarded.number(), 5);
        require_idle(&guarded);
    });
}

#[test]
fn another_process_waits_for_one_section() {
    another_process_gets_its_turn(0);
}

#[test]
fn another_process_waits_for_two_sections() {
    another_process_gets_its_turn(1);
}

/// The model says how often a thread that is awake may go ahead: once.
#[test]
fn a_task_that_sleeps_is_passed_once() {
    model(None, Options::new(), |guarded| {
        let held = guarded.lock.lock().expect("locks");
        let mut task = Box::pin(guarded.lock.lock_async());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(task.as_mut().poll(&mut context).is_pending());
        drop(held);
        let others = [0, 1].map(|_| {
            start(&guarded, |guarded| {
                let guard = guarded.lock.try_lock().expect("asks");
                guard.map(|_guard| guarded.add_one()).is_some()
            })
        });
        let passed = others.map(|other| other.join().unwrap()).into_iter().filter(|p| *p).count();
        assert_eq!(passed, 1);
        let polled = task.as_mut().poll(&mut context);
        assert!(polled.is_ready(), "it was passed, and not served");
        drop((polled, task));
        require_idle(&guarded);
    });
}

/// What a change of mode does to those who wait.
#[test]
fn a_change_of_mode_beside_a_waiter() {
    model(Some(3), Options::new(), |guarded| {
        let other = models::patient(&guarded, 1);
        let reader = lockset_api::SharedLock::read(&guarded.lock).expect("locks");
        let before = guarded.number();
        let mut expected = 1;
        if let Upgrade::Upgraded(writer) = reader.try_upgrade().expect("asks") {
            guarded.add_one();
            expected += 1;
            if let Some(reader) = writer.downgrade().expect("asks") {
                assert!(guarded.number() > before);
                drop(reader);
            }
        }
        other.join().unwrap();
        assert_eq!(guarded.number(), expected);
        require_idle(&guarded);
    });
}

/// As above, with another process that wants it, too.
#[test]
fn a_change_of_mode_beside_another_process() {
    model(Some(3), Options::new(), |guarded: Arc<Guarded>| {
        let process = start(&guarded, |guarded| visit(guarded, Outsider::lock(Mode::Exclusive)));
        let reader = lockset_api::SharedLock::read(&guarded.lock).expect("locks");
        let before = guarded.number();
        match reader.try_upgrade().expect("asks") {
            Upgrade::Upgraded(writer) => {
                guarded.add_one();
                drop(writer.downgrade().expect("asks"));
            }
            Upgrade::Shared(reader) => assert_eq!(guarded.number(), before, "{reader:?}"),
            _ => {}
        }
        process.join().unwrap();
        require_idle(&guarded);
    });
}
