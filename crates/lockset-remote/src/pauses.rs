//! How a waiter paces itself where its server has no news to give.

use std::time::Duration;

use tokio::time::sleep;

use crate::{Op, Wake};

/// Pauses that double from the first to the longest: soon at first, since most locks are held
/// briefly, and seldom later, since a waiter should cost next to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Pauses {
    /// For a server of which nothing is known: some round trips at first, and at most ten looks a
    /// second.
    pub(crate) const COMMON: Self =
        Self { first: Duration::from_millis(5), longest: Duration::from_millis(100) };

    /// The wait after the `round`-th failed attempt; no longer than the holder has at most.
    pub(crate) fn wait<'a>(self, round: u32, held: Duration) -> Op<'a, Wake> {
        let pause = self.pause(round).min(held);
        Box::pin(async move {
            sleep(pause).await;
            Ok(Wake::Retry)
        })
    }

    /// The pause after the `round`-th failed attempt.
    pub(crate) fn pause(self, round: u32) -> Duration {
        // Ten doublings are a factor of a thousand, beyond which `longest` has long been reached.
        (self.first * 2_u32.pow(round.clamp(1, 10) - 1)).min(self.longest)
    }
}
