//! What the suite has to know about a lock.

use std::time::Duration;

use lockset_api::{Error, Fence, LeaseLock, Lock, Permits};

/// One lock under test, which nobody holds yet.
///
/// A check opens as many handles on it as it has contenders. Make them as independent as users
/// would: a connection of its own each, a file opened anew.
pub trait Subject: Send + Sync + 'static {
    /// What a contender holds in hand.
    type Lock: Lock;

    /// How often each contender takes the lock where a check needs contention. Fewer make sense
    /// where a round trip is slow.
    const ROUNDS: usize = 300;

    /// One more handle on the same lock.
    fn open(&self) -> Self::Lock;
}

/// A lock that processes contend for.
///
/// A check starts the running test binary once more, as a peer: it runs the one test that is named
/// here, which must do nothing but `process::serve::<Self>()`.
pub trait ProcessSubject: Subject {
    /// The name of that test, as the test runner shows it.
    const PEER: &'static str;

    /// What a peer needs to find the lock: a path, a URL.
    fn address(&self) -> String;

    /// In the peer: a handle on the lock at this address.
    fn connect(address: &str) -> Self::Lock;
}

/// A lock whose guards are leases.
pub trait LeaseSubject: Subject<Lock: LeaseLock> {
    /// A handle on the same lock, whose leases last for `ttl` and are not renewed.
    fn open_brief(&self, ttl: Duration) -> Self::Lock;
}

/// A lock whose store can be hurt: its wire cut, its server stopped.
///
/// Every handle goes through the wire that is cut. Give each subject a store of its own: a check
/// that finds something may leave the store as it is.
pub trait FaultSubject: LeaseSubject {
    /// Whether a lease ends together with the connection that it was made on. Then a break costs
    /// it, and its holder is told of that at once; otherwise it costs nothing.
    const ENDS_WITH_CONNECTION: bool = false;

    /// A handle on the same lock, whose leases last for `ttl` and are renewed while they are held.
    fn open_renewed(&self, ttl: Duration) -> Self::Lock;

    /// Breaks every connection of now; new ones work.
    fn cut(&self);

    /// Breaks every connection, and refuses new ones until [`heal`](Self::heal).
    fn sever(&self);

    /// Lets connections be made again.
    fn heal(&self);

    /// Stops the server where it stands, its connections open, until [`resume`](Self::resume).
    fn pause(&self);

    /// Lets the server go on, with everything that was sent to it meanwhile.
    fn resume(&self);

    /// Kills the server and starts it again, with whatever it keeps: all, some or nothing.
    fn restart(&self);
}

/// A lock that serves its waiters in the order in which they came.
pub trait QueueSubject: Subject {
    /// How many wait for the lock at this moment.
    fn waiting(&self) -> usize;
}

/// Permits under test.
pub trait PermitsSubject: Send + Sync + 'static {
    /// What the contenders share.
    type Permits: Permits + Sync;

    /// A fresh lock of so many permits.
    fn with_permits(&self, permits: usize) -> Self::Permits;
}

/// Permits under test that can be lost.
pub trait PermitsLeaseSubject: PermitsSubject {
    /// Two handles on one fresh lock of so many permits: one whose leases outlast a check, and one
    /// whose leases last for `ttl` and are not renewed.
    fn long_and_brief(&self, permits: usize, ttl: Duration) -> (Self::Permits, Self::Permits);
}

/// A resource under test that checks fences, and has not been written yet. It keeps a number.
pub trait FencedSubject: Send + Sync + 'static {
    /// The highest fence that it can keep.
    const MOST: u64 = u64::MAX;

    /// How many writes a check makes that goes by chance. Fewer make sense where each waits for a
    /// disk.
    const ROUNDS: usize = 300;

    /// Writes `value`, as the holder of `fence`. Called from several threads at once, it should
    /// open a connection of its own, as several processes would.
    ///
    /// # Errors
    ///
    /// The refusal, made from a [`StaleFence`](lockset_api::StaleFence).
    fn write(&self, fence: Fence, value: u64) -> Result<(), Error>;

    /// What was written last.
    fn read(&self) -> u64;
}
