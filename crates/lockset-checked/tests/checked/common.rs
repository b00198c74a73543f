//! What the tests share: a lock, an order, and a look at what was reported.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lockset_api::Lock;
use lockset_checked::Checked;
use lockset_mutex::Mutex;

/// Does `work` and returns what it reported, if anything.
pub(crate) fn report(work: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(work)).err()?;
    Some(*panic.downcast::<String>().expect("a report is a text"))
}

/// Asks for the second lock while it holds the first.
pub(crate) fn in_order<A: Lock, B: Lock>(first: &A, second: &B) {
    let first = first.lock().expect("the lock works");
    let second = second.lock().expect("the lock works");
    drop((second, first));
}

#[track_caller]
pub(crate) fn mutex() -> Checked<Mutex<i32>> {
    Checked::new(Mutex::new(0))
}
