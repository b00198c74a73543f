//! How a permit refers to its semaphore: by reference, or as one of its owners.

use std::sync::Arc;

use crate::{Policy, SemaphoreWith};

/// `&Semaphore` or `Arc<Semaphore>`. It is sealed: whoever waits points into the semaphore, so a
/// handle must lead to the same one at all times.
pub trait Handle: Clone + sealed::Sealed {
    /// The semaphore's.
    type Policy: Policy;

    #[doc(hidden)]
    fn semaphore(&self) -> &SemaphoreWith<Self::Policy>;
}

impl<P: Policy> Handle for &SemaphoreWith<P> {
    type Policy = P;

    #[inline]
    fn semaphore(&self) -> &SemaphoreWith<P> {
        self
    }
}

impl<P: Policy> Handle for Arc<SemaphoreWith<P>> {
    type Policy = P;

    #[inline]
    fn semaphore(&self) -> &SemaphoreWith<P> {
        self
    }
}

mod sealed {
    use super::{Arc, Policy, SemaphoreWith};

    pub trait Sealed {}

    impl<P: Policy> Sealed for &SemaphoreWith<P> {}
    impl<P: Policy> Sealed for Arc<SemaphoreWith<P>> {}
}
