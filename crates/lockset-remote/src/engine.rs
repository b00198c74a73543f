//! Everything about leases that is not a server's dialect.
//!
//! The rules, each the answer to a bug that lock libraries have shipped:
//!
//! 1. A request id is chosen before anything is sent, and releasing it undoes the request, whatever
//!    became of it ([`request`](crate::Request)).
//! 2. One driver a process does all I/O ([`driver`]), so that dropping a lease never blocks and
//!    needs no runtime, and renewals keep their time while the application's threads are stuck.
//! 3. A lease lasts from the instant *before* the request that was granted, less an allowance for
//!    the clocks' drift ([`terms`]), on the monotonic clock. One that was handed over lasts from an
//!    instant that was certainly before the grant, which the store has to know.
//! 4. A renewal that fails is tried again until the lease has run out; it is lost then, locally,
//!    before the server can give the lock away. Only the server's own "not yours" is a loss at
//!    once ([`keeper`]).
//! 5. Renewal has a ceiling, so that a stuck process does not hold a lock for ever.
//! 6. A waiter that gives up sees its attempt through in the background and undoes it, its place in
//!    line included ([`acquire`]).
//! 7. What a server cannot do is refused when the lock is made, not when it is needed
//!    ([`Locks`]).

mod acquire;
mod claim;
mod driver;
mod keeper;
mod lease;
mod lock;
mod locks;
mod observe;
mod observer;
mod renewer;
mod rw_lock;
mod semaphore;
mod terms;
mod ticket;
mod withdraw;
mod work;

pub use acquire::Acquire;
#[cfg(any(feature = "etcd", feature = "postgres", feature = "redlock"))]
pub(crate) use driver::now;
pub use keeper::LossNotice;
pub use lease::RemoteLease;
pub use lock::RemoteLock;
pub use locks::Locks;
pub use observer::Observer;
pub use rw_lock::RemoteRwLock;
pub use semaphore::RemoteSemaphore;
pub use terms::Renewal;
pub use ticket::Ticket;
#[cfg(feature = "redlock")]
pub(crate) use withdraw::limited;
