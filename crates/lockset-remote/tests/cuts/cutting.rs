//! What is done to every server: all that a lease can go through, cut after so many bytes.

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use lockset_api::{
    Deadline, End, Error, ErrorKind, Fence, Lease as _, Lock, Loss, Released, block_on,
};
use lockset_remote::{Locks, RemoteLease, RemoteLock};
use testbed::{Direction, Proxy};

/// Long beside what the whole test of one cut takes: what is left behind is found out.
const TTL: Duration = Duration::from_secs(30);

/// Longer than it takes until what a cut has left is given back.
const SOON: Duration = Duration::from_secs(15);

/// A server, and a wire to it that is cut.
pub(crate) struct Served {
    /// Kept: it ends when it goes.
    pub(crate) _server: Box<dyn Any>,
    pub(crate) addr: SocketAddr,
    /// How to connect to it.
    pub(crate) locks: fn(SocketAddr) -> Locks,
    /// Fewer bytes than a round has.
    pub(crate) least: u64,
    /// Whether a lease ends with its connection, and its holder is told.
    pub(crate) ends_with_connection: bool,
}

impl Served {
    /// Cuts every `step` bytes: few enough that there is one in each message, and a prime, so that
    /// they fall everywhere.
    pub(crate) fn cut_everywhere(&self, direction: Direction, step: usize) {
        let wire = Proxy::start(self.addr).unwrap();
        let (one, other) = (self.job(wire.addr()), self.job(wire.addr()));
        let direct = self.job(self.addr);
        // Whatever is made only once is there, so that every round is the same.
        self.round(&one, &other);
        let mut before = None;
        for byte in (0..).step_by(step) {
            wire.cut_once_after(byte, direction);
            let fences = self.round(&one, &other);
            if wire.is_cut_pending() {
                // The round has fewer bytes.
                assert!(byte > self.least, "what was cut was no whole round: {byte} bytes");
                return;
            }
            let lease = direct.lock_until(Deadline::after(SOON)).unwrap();
            let lease = lease.unwrap_or_else(|| panic!("left behind by a cut at {byte}"));
            let all = before.into_iter().chain(fences).chain([lease.fence()]);
            assert!(all.is_sorted_by(|before, after| before < after), "fences fell at {byte}");
            before = Some(lease.fence());
            assert_eq!(lease.release().unwrap(), Released::InTime);
        }
    }

    /// With connections of its own.
    fn job(&self, addr: SocketAddr) -> RemoteLock {
        (self.locks)(addr).lock("job").and_then(|lock| lock.with_ttl(TTL)).unwrap()
    }

    /// All that a lease can go through, up to where it fails; the fences in the order of the
    /// grants.
    fn round(&self, one: &RemoteLock, other: &RemoteLock) -> Vec<Fence> {
        let mut fences = Vec::new();
        let Some(first) = self.honest(one.lock()) else { return fences };
        fences.push(first.fence());
        self.honest(first.renew());
        let waiting = other.acquire(Deadline::NEVER);
        if self.honest(one.try_lock()).flatten().is_some() {
            assert!(self.ends_with_connection, "two at once");
            let told = first.lost().wait(Deadline::after(SOON));
            assert_eq!(told, Some(End::Lost(Loss::Revoked)), "two at once");
        }
        self.release(first);
        // The first may still be giving back what it could not; the second waits for that.
        if let Some(second) = self.honest(block_on(waiting)) {
            let second = second.expect("a wait without end ends with a lease");
            fences.push(second.fence());
            self.release(second);
        }
        fences
    }

    fn release(&self, lease: RemoteLease) {
        match self.honest(lease.release()) {
            None | Some(Released::InTime) => {}
            // The first release went through and its answer was lost, or a renewal says so.
            Some(Released::AlreadyLost(loss)) => assert_eq!(loss, Loss::Revoked),
            Some(other) => panic!("{other:?}"),
        }
    }

    /// The only errors that a cut may lead to.
    fn honest<T>(&self, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => match error.kind() {
                ErrorKind::Unknown | ErrorKind::Unavailable => None,
                ErrorKind::Lost if self.ends_with_connection => None,
                _ => panic!("{error:?}"),
            },
        }
    }
}
