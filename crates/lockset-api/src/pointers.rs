//! A lock behind a pointer is a lock.
//!
//! Each method passes its caller's place in the source on, for locks that note where they are
//! taken.

use std::sync::Arc;

use crate::{AsyncLock, AsyncPermits, AsyncSharedLock, Deadline, Lock, Permits, SharedLock};

/// Forwards the blocking traits through one kind of pointer.
macro_rules! forward {
    ($pointer:ty) => {
        impl<L: Lock + ?Sized> Lock for $pointer {
            type Guard<'a>
                = L::Guard<'a>
            where
                Self: 'a;
            type Error = L::Error;

            #[track_caller]
            fn lock(&self) -> Result<Self::Guard<'_>, Self::Error> {
                (**self).lock()
            }

            #[track_caller]
            fn try_lock(&self) -> Result<Option<Self::Guard<'_>>, Self::Error> {
                (**self).try_lock()
            }

            #[track_caller]
            fn lock_until(
                &self,
                deadline: Deadline,
            ) -> Result<Option<Self::Guard<'_>>, Self::Error> {
                (**self).lock_until(deadline)
            }
        }

        impl<L: SharedLock + ?Sized> SharedLock for $pointer {
            type SharedGuard<'a>
                = L::SharedGuard<'a>
            where
                Self: 'a;

            #[track_caller]
            fn read(&self) -> Result<Self::SharedGuard<'_>, Self::Error> {
                (**self).read()
            }

            #[track_caller]
            fn try_read(&self) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
                (**self).try_read()
            }

            #[track_caller]
            fn read_until(
                &self,
                deadline: Deadline,
            ) -> Result<Option<Self::SharedGuard<'_>>, Self::Error> {
                (**self).read_until(deadline)
            }
        }

        impl<L: Permits + ?Sized> Permits for $pointer {
            type Permit<'a>
                = L::Permit<'a>
            where
                Self: 'a;
            type Error = L::Error;

            #[track_caller]
            fn acquire(&self, n: usize) -> Result<Self::Permit<'_>, Self::Error> {
                (**self).acquire(n)
            }

            #[track_caller]
            fn try_acquire(&self, n: usize) -> Result<Option<Self::Permit<'_>>, Self::Error> {
                (**self).try_acquire(n)
            }

            #[track_caller]
            fn acquire_until(
                &self,
                n: usize,
                deadline: Deadline,
            ) -> Result<Option<Self::Permit<'_>>, Self::Error> {
                (**self).acquire_until(n, deadline)
            }
        }
    };
}

forward!(&L);
forward!(Box<L>);
forward!(Arc<L>);

/// Forwards the async traits. Not through a `Box`: nothing async is chosen at run time yet, and a
/// box that owns its lock can be borrowed.
macro_rules! forward_async {
    ($pointer:ty) => {
        impl<L: AsyncLock + Send> AsyncLock for $pointer {
            type Guard<'a>
                = L::Guard<'a>
            where
                Self: 'a;
            type Error = L::Error;

            #[track_caller]
            fn lock_async(
                &self,
            ) -> impl Future<Output = Result<Self::Guard<'_>, Self::Error>> + Send {
                (**self).lock_async()
            }

            #[track_caller]
            fn try_lock_async(
                &self,
            ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, Self::Error>> + Send {
                (**self).try_lock_async()
            }

            #[track_caller]
            fn lock_until_async(
                &self,
                deadline: Deadline,
            ) -> impl Future<Output = Result<Option<Self::Guard<'_>>, Self::Error>> + Send {
                (**self).lock_until_async(deadline)
            }
        }

        impl<L: AsyncSharedLock + Send> AsyncSharedLock for $pointer {
            type SharedGuard<'a>
                = L::SharedGuard<'a>
            where
                Self: 'a;

            #[track_caller]
            fn read_async(
                &self,
            ) -> impl Future<Output = Result<Self::SharedGuard<'_>, Self::Error>> + Send {
                (**self).read_async()
            }

            #[track_caller]
            fn try_read_async(
                &self,
            ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, Self::Error>> + Send
            {
                (**self).try_read_async()
            }

            #[track_caller]
            fn read_until_async(
                &self,
                deadline: Deadline,
            ) -> impl Future<Output = Result<Option<Self::SharedGuard<'_>>, Self::Error>> + Send
            {
                (**self).read_until_async(deadline)
            }
        }

        impl<L: AsyncPermits + Send> AsyncPermits for $pointer {
            type Permit<'a>
                = L::Permit<'a>
            where
                Self: 'a;
            type Error = L::Error;

            #[track_caller]
            fn acquire_async(
                &self,
                n: usize,
            ) -> impl Future<Output = Result<Self::Permit<'_>, Self::Error>> + Send {
                (**self).acquire_async(n)
            }

            #[track_caller]
            fn acquire_until_async(
                &self,
                n: usize,
                deadline: Deadline,
            ) -> impl Future<Output = Result<Option<Self::Permit<'_>>, Self::Error>> + Send {
                (**self).acquire_until_async(n, deadline)
            }
        }
    };
}

forward_async!(&L);
forward_async!(Arc<L>);
