//! A request of the engine's, as one try to win a majority for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Request;

/// Who stands for election, and whether that is over: a vote that comes later is given back.
pub(super) struct Bid {
    pub(super) request: Arc<Request>,
    is_over: AtomicBool,
}

impl Bid {
    pub(super) fn new(request: Request) -> Self {
        Self { request: Arc::new(request), is_over: AtomicBool::new(false) }
    }

    pub(super) fn end(&self) {
        // Release, with the Acquire of `is_over`: whoever sees that it is over comes after whatever
        // was done before that.
        self.is_over.store(true, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        // Acquire: see `end`.
        self.is_over.load(Ordering::Acquire)
    }
}
