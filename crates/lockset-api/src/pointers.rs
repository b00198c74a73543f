//! A lock behind a pointer is a lock.

use std::sync::Arc;

use crate::{Deadline, Lock};

/// Forwards [`Lock`] through one kind of pointer.
macro_rules! forward {
    ($pointer:ty) => {
        impl<L: Lock + ?Sized> Lock for $pointer {
            type Guard<'a>
                = L::Guard<'a>
            where
                Self: 'a;
            type Error = L::Error;

            fn lock(&self) -> Result<Self::Guard<'_>, Self::Error> {
                (**self).lock()
            }

            fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Self::Error> {
                (**self).try_lock()
            }

            fn lock_until(
                &self,
                deadline: Deadline,
            ) -> Result<Option<Self::Guard<'_>>, Self::Error> {
                (**self).lock_until(deadline)
            }
        }
    };
}

forward!(&L);
forward!(Box<L>);
forward!(Arc<L>);
