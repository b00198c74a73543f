//! What a change of a file's state leaves to be done.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::waiter::Waiter;

/// What is to be done when the state is unlocked again.
#[derive(Debug, Default)]
#[must_use = "somebody waits for this"]
pub(crate) struct Errands {
    pub(crate) wake: Vec<Arc<Waiter>>,
    pub(crate) start_helper: bool,
    pub(crate) notify_helper: bool,
}

impl Errands {
    /// Wakes whom it is for, and all of them even if wakers panic. The first panic comes out here.
    pub(crate) fn wake(self) {
        let wake = |waiter: Arc<Waiter>| catch_unwind(AssertUnwindSafe(|| waiter.wake())).err();
        let panics: Vec<_> = self.wake.into_iter().filter_map(wake).collect();
        if let Some(first) = panics.into_iter().next() {
            resume_unwind(first);
        }
    }
}
