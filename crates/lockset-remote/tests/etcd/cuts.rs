//! The connection is cut at every step of an acquire, a renewal, a release and a hand-over, in both
//! directions: whatever the callers are told is true, fences rise, and in the end the lock is free.

use std::time::Duration;

use lockset_api::{Deadline, Error, ErrorKind, Fence, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::{RemoteLease, RemoteLock};
use testbed::{Direction, Proxy};

use crate::support::{behind, job, server};

/// Long beside what the whole test of one cut takes: what is left behind is found out.
const TTL: Duration = Duration::from_secs(30);

/// How many bytes lie between two cuts: fewer than a frame has, so that there is one in each, and
/// none that other runs would not try.
const STEP: usize = 7;

#[test]
fn requests_that_are_cut_anywhere() {
    cut_everywhere(Direction::Requests);
}

#[test]
fn replies_that_are_cut_anywhere() {
    cut_everywhere(Direction::Replies);
}

fn cut_everywhere(direction: Direction) {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let url = behind(&proxy);
    let (one, other, direct) = (job(&url, TTL), job(&url, TTL), job(&server.url(), TTL));
    // Both have a connection and a session, so that every round is the same.
    round(&one, &other);
    let mut before = None;
    for byte in (0..).step_by(STEP) {
        proxy.cut_once_after(byte, direction);
        let fences = round(&one, &other);
        if proxy.is_cut_pending() {
            // The round has fewer bytes.
            assert!(byte > 500, "what was cut was no whole round: {byte} bytes");
            return;
        }
        let soon = Deadline::after(TTL / 2);
        let lease = direct.lock_until(soon).unwrap();
        let lease = lease.unwrap_or_else(|| panic!("left behind by a cut at {byte}"));
        let all = before.into_iter().chain(fences).chain([lease.fence()]);
        assert!(all.is_sorted_by(|before, after| before < after), "fences fell at {byte}");
        before = Some(lease.fence());
        assert_eq!(lease.release().unwrap(), Released::InTime);
    }
}

/// All that a lease can go through, up to where it fails; the fences in the order of the grants.
fn round(one: &RemoteLock, other: &RemoteLock) -> Vec<Fence> {
    let mut fences = Vec::new();
    let Some(first) = honest(one.lock()) else { return fences };
    fences.push(first.fence());
    honest(first.renew());
    let waiting = other.acquire(Deadline::NEVER);
    let _ = honest(one.try_lock()).map(|second| assert!(second.is_none(), "two at once"));
    released(first);
    // The first may still be giving back what it could not; the second waits for that.
    if let Some(second) = honest(block_on(waiting)) {
        let second = second.expect("a wait without end ends with a lease");
        fences.push(second.fence());
        released(second);
    }
    fences
}

fn released(lease: RemoteLease) {
    match honest(lease.release()) {
        None | Some(Released::InTime) => {}
        // The first release went through and its answer was lost, or a renewal says so.
        Some(Released::AlreadyLost(loss)) => assert_eq!(loss, Loss::Revoked),
        Some(other) => panic!("{other:?}"),
    }
}

/// The only errors that a cut may lead to.
fn honest<T>(outcome: Result<T, Error>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) => match error.kind() {
            ErrorKind::Unknown | ErrorKind::Unavailable => None,
            _ => panic!("{error:?}"),
        },
    }
}
