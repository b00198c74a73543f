//! What the tests share: a lock, an order, and a look at what was reported.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use lockset_api::Lock;
use lockset_checked::Checked;
use lockset_mutex::Mutex;

/// Does `work` and returns what it reported, if anything.
pub(crate) fn report(work: impl FnOnce()) -> Option<String> {
    let _patience = Patience::starts();
    let panic = catch_unwind(AssertUnwindSafe(work)).err()?;
    Some(*panic.downcast::<String>().expect("a report is a text"))
}

/// Ends the process if it lives for a minute: a cycle that is not reported is a deadlock, and a
/// test that hangs should fail. Nothing that is well ever waits for it.
pub(crate) struct Patience {
    _ends: Sender<()>,
}

impl Patience {
    pub(crate) fn starts() -> Self {
        let (ends, ended) = mpsc::channel::<()>();
        let test = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                eprintln!("{test} hangs: a deadlock that was not reported");
                process::abort();
            }
        });
        Self { _ends: ends }
    }
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
