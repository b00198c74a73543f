//! What a quorum takes from outside, so that a simulation can give it something else.

use std::time::{Duration, SystemTime};

use lockset_api::Error;

use crate::RequestId;

/// What a quorum takes from outside, besides the answers of its servers and the runtime's clock:
/// chance, and the time of day.
///
/// In a [simulation](super::Redlock::within) both come from its seed, so that it can be repeated.
pub trait Surroundings: Send + Sync + 'static {
    /// 128 bits that nobody can guess, and that have never been drawn before, by anybody: they name
    /// a try to win a majority, and decide how long to pause before the next.
    ///
    /// # Errors
    ///
    /// If there are none to be had.
    fn random(&self) -> Result<u128, Error>;

    /// How long it is since 1970 began in UTC. It may be wrong: see the sixth rule of
    /// [`Redlock`](super::Redlock).
    fn time_of_day(&self) -> Duration;
}

/// What the system offers.
pub(super) struct System;

impl Surroundings for System {
    fn random(&self) -> Result<u128, Error> {
        RequestId::random().map(RequestId::bits)
    }

    fn time_of_day(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}
