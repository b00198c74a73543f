//! What a hook is told, in a process of its own: the hook is everybody's.

#[path = "checked/common.rs"]
mod common;

use std::sync::{Mutex, PoisonError};

use common::{in_order, mutex, report};
use lockset_api::Lock;
use lockset_checked::{Checked, Cycle, on_cycle, panic_with};

static TOLD: Mutex<Vec<Cycle>> = Mutex::new(Vec::new());

fn told() -> Vec<Cycle> {
    std::mem::take(&mut *TOLD.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One test, since the tests of a process run at once.
#[test]
fn a_hook_takes_the_place_of_the_panic() {
    on_cycle(|cycle| TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(cycle.clone()));

    let (first, (a, b)) = (line!(), (mutex(), mutex().named("b")));
    let held = a.lock();
    drop(b.lock());
    drop(held);
    let held = b.lock();
    drop(a.lock()); // It goes on, and nobody is in the way.
    drop(held);

    let told_once = told();
    let [cycle] = told_once.as_slice() else { panic!("{told_once:?}") };
    let [now, before] = cycle.steps() else { panic!("{cycle}") };
    assert!(now.holder.contains("a_hook_takes_the_place_of_the_panic"), "{}", now.holder);
    assert_eq!((&*now.held, &now.wanted), ("`b`", &before.held));
    assert!(now.wanted.contains(&format!("made at {}:{first}:", file!())), "{}", now.wanted);
    let sites = [before.held_at, before.wanted_at, now.held_at, now.wanted_at];
    assert_eq!(sites.map(|site| site.line() - first), [1, 2, 4, 5]);
    assert!(sites.iter().all(|site| site.file() == file!()), "{sites:?}");

    // The same pair is not reported again, also not by another thread, whose table is empty.
    in_order(&b, &a);
    std::thread::scope(|scope| drop(scope.spawn(|| in_order(&b, &a))));
    assert_eq!(told().len(), 0);

    // Behind pointers, too, the site is that of the call.
    let (a, b) = (std::sync::Arc::new(mutex()), Box::new(mutex()));
    drop((Lock::lock(&a), Lock::lock(&b)));
    let line = line!() + 1;
    drop((Lock::lock(&&b), Lock::lock(&a)));
    let told_twice = told();
    let steps = told_twice[0].steps();
    assert!(steps.iter().all(|step| step.wanted_at.file() == file!()), "{steps:?}");
    assert_eq!([steps[0].held_at, steps[0].wanted_at].map(|site| site.line()), [line; 2]);

    // In a panic that is under way there is no second one, which would end the process.
    on_cycle(panic_with);
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    struct InOrder<'a>(
        &'a Checked<lockset_mutex::Mutex<i32>>,
        &'a Checked<lockset_mutex::Mutex<i32>>,
    );
    impl Drop for InOrder<'_> {
        fn drop(&mut self) {
            in_order(self.0, self.1);
        }
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _in_order = InOrder(&b, &a);
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
    // Whoever sets nothing has a panic.
    let (a, b) = (mutex(), mutex());
    in_order(&a, &b);
    report(|| in_order(&b, &a)).expect("a panic");
}
