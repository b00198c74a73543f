//! Bugs that clients of a quorum have shipped, each by what it does to its users; what other files
//! here show by other names is not repeated.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use lockset_api::AsyncLock as _;

use crate::masters::{Masters, TTL};

/// redsync: what a cancelled attempt had already won was given back under the same cancelled
/// context, which is to say not at all, and stayed for its TTL.
#[test]
fn partial_votes_that_stay_after_a_cancel() {
    // Some have voted and others have not, whenever it is.
    let masters = Masters::with_delays([0, 0, 2, 4, 8].map(Duration::from_millis));
    let lock = masters.lock_for(TTL * 6);
    for i in 0..60 {
        let mut attempt = pin!(lock.lock_async());
        let _ = attempt.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        for _ in 0..i * 200 {
            thread::yield_now();
        }
    }
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}
