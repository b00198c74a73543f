//! The connection is cut at every step of an acquire, a renewal, a release and a hand-over, in both
//! directions: whatever the callers are told is true, fences rise, and in the end the lock is free.

use lockset_api::{Deadline, Error, ErrorKind, Fence, Lease as _, Lock, Loss, Released, block_on};
use lockset_remote::{RemoteLease, RemoteLock};
use testbed::{Direction, Proxy};

use super::{LONG, behind, job, server};

#[test]
fn requests_that_are_cut_anywhere() {
    cut_everywhere(Direction::Requests, 97);
}

#[test]
fn replies_that_are_cut_anywhere() {
    cut_everywhere(Direction::Replies, 29);
}

/// Cuts every `step` bytes, which is a prime so that the cuts fall everywhere in the statements.
fn cut_everywhere(direction: Direction, step: usize) {
    let server = server();
    let proxy = Proxy::start(server.addr()).unwrap();
    let lock = |url: &str| job(url, "job", LONG);
    let (one, other) = (lock(&behind(&proxy)), lock(&behind(&proxy)));
    let direct = lock(&server.url());
    // The table is made, so that every round is the same.
    round(&one, &other);
    let mut before = None;
    for byte in (0..).step_by(step) {
        proxy.cut_once_after(byte, direction);
        let fences = round(&one, &other);
        if proxy.is_cut_pending() {
            // The round has fewer bytes.
            assert!(byte > 500, "what was cut was no whole round: {byte} bytes");
            return;
        }
        let soon = Deadline::after(LONG / 4);
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
        // The first release went through and its answer was lost.
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
