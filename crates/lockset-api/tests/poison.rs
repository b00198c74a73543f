//! What `Poison` sees, and what it does not, under locks of others.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lockset_api::Poison;

/// Panics in the middle of a change.
fn interrupt(data: &mut Poison<Vec<u32>>) {
    let interrupted = catch_unwind(AssertUnwindSafe(|| {
        let mut data = data.enter().expect("the data are in order");
        data.push(7);
        panic!("in the middle of a change");
    }));
    assert!(interrupted.is_err());
}

#[test]
fn a_panic_in_a_change_poisons() {
    let mut data = Poison::new(vec![]);
    data.enter().unwrap().push(1);
    assert!(!data.is_poisoned(), "a change that was completed");
    interrupt(&mut data);
    assert!(data.is_poisoned());
    assert!(data.enter().is_err());
}

#[test]
fn poisoned_data_can_still_be_had() {
    let mut data = Poison::new(vec![]);
    interrupt(&mut data);
    data.enter().unwrap_err().into_inner().push(8);
    assert!(data.is_poisoned(), "to look is not to clear");
    assert_eq!(data.into_inner().unwrap_err().into_inner(), [7, 8]);
}

#[test]
fn the_mark_can_be_taken_away() {
    let mut data = Poison::new(vec![]);
    interrupt(&mut data);
    data.enter().unwrap_err().clear().clear();
    assert!(!data.is_poisoned());
    interrupt(&mut data);
    data.clear();
    assert_eq!(data.into_inner().unwrap(), [7]);
}

#[test]
fn a_panic_between_two_changes_does_not_poison() {
    let mut data = Poison::new(0);
    let interrupted = catch_unwind(AssertUnwindSafe(|| {
        *data.enter().unwrap() += 1;
        panic!("after the change");
    }));
    assert!(interrupted.is_err());
    assert_eq!(*data.enter().unwrap(), 1);
}

/// Changes the data when it is dropped.
struct Destructor<'a>(&'a mut Poison<u32>);

impl Drop for Destructor<'_> {
    fn drop(&mut self) {
        *self.0.enter().unwrap() += 1;
    }
}

#[test]
fn a_panic_that_was_under_way_before_does_not_poison() {
    let mut data = Poison::new(0);
    let interrupted = catch_unwind(AssertUnwindSafe(|| {
        let _destructor = Destructor(&mut data);
        panic!("before the change");
    }));
    assert!(interrupted.is_err());
    assert!(!data.is_poisoned());
    assert_eq!(*data.enter().unwrap(), 1);
}

#[test]
fn the_next_holder_of_a_lock_is_told() {
    static DATA: parking_lot::Mutex<Poison<Vec<u32>>> =
        parking_lot::Mutex::new(Poison::new(vec![]));
    let thread = std::thread::spawn(|| {
        let mut lock = DATA.lock();
        let _data = lock.enter().unwrap();
        panic!("with the lock held");
    });
    assert!(thread.join().is_err());
    assert!(DATA.lock().enter().is_err());
}

#[test]
fn it_wraps_what_has_no_size() {
    let mut data: Box<Poison<[u32]>> = Box::new(Poison::new([1, 2, 3]));
    data.enter().unwrap().reverse();
    assert_eq!(*data.enter().unwrap(), [3, 2, 1]);
}

#[test]
fn it_says_what_happened() {
    /// Has no `Debug`.
    struct Secret;
    let mut data = Poison::new(Secret);
    let interrupted = catch_unwind(AssertUnwindSafe(|| {
        let _data = data.enter().ok().unwrap();
        panic!("in the middle of a change");
    }));
    assert!(interrupted.is_err());
    let error: Box<dyn Error + '_> = data.enter().err().unwrap().into();
    assert_eq!(error.to_string(), "a thread panicked while it changed the data");
    assert_eq!(format!("{error:?}"), "Poisoned { .. }");
    assert_eq!(format!("{:?}", Poison::new(7)), "Poison { is_poisoned: false, value: 7 }");
}
