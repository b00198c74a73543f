//! How long a lease lasts, and the arithmetic of its deadline.

use std::time::{Duration, Instant};

use lockset_api::{Error, ErrorKind};

/// How long a grant lasts and how far renewals carry it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) ttl: Duration,
    /// None: the default, which depends on the TTL.
    pub(crate) renewal: Option<Renewal>,
    /// How long before its end a lease counts as lost.
    pub(crate) margin: Duration,
}

/// Whether a lease is renewed in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// As long as it is held, but not any more once this has passed since it was granted: it lasts
    /// for one TTL longer at most.
    UpTo(Duration),
    /// Never: the lease lasts for its TTL and no longer.
    Never,
}

/// Long enough that a pause of a few seconds, a page fault storm or a slow collection, loses
/// nothing; short enough that a crashed holder does not keep everybody waiting.
const DEFAULT_TTL: Duration = Duration::from_secs(10);
/// By default a lease is carried to this many times its TTL. A holder that needs longer should say
/// so; one that is stuck should not hold up the world.
const DEFAULT_CEILING: u32 = 100;
/// Below this the allowance for drift and one round trip leave nothing of a lease.
const SHORTEST_TTL: Duration = Duration::from_millis(20);
/// A day: more is a mistake in units more often than a wish, and dead holders block that long.
const LONGEST_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// See [`Terms::patience`].
const LONGEST_EXCHANGE: Duration = Duration::from_secs(5);

impl Default for Terms {
    fn default() -> Self {
        Self { ttl: DEFAULT_TTL, renewal: None, margin: Duration::ZERO }
    }
}

impl Terms {
    pub(crate) fn with_ttl(self, ttl: Duration) -> Result<Self, Error> {
        if !(SHORTEST_TTL..=LONGEST_TTL).contains(&ttl) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("a TTL is from {SHORTEST_TTL:?} to {LONGEST_TTL:?}, not {ttl:?}"),
            ));
        }
        Self { ttl, ..self }.with_margin(self.margin)
    }

    pub(crate) fn with_margin(self, margin: Duration) -> Result<Self, Error> {
        // Between the first renewal, after a third, and the last third there is time for retries.
        let most = self.ttl / 3;
        if margin > most {
            let ttl = self.ttl;
            let why = format!("a margin is a third of the TTL at most, {most:?} of {ttl:?}, not");
            return Err(Error::new(ErrorKind::Config, format!("{why} {margin:?}")));
        }
        Ok(Self { margin, ..self })
    }

    /// Until when a grant or renewal asked for at `asked` is certain to last.
    ///
    /// The server started its clock after `asked`, so this is early by the way there and back. The
    /// allowance is for a server's clock that runs up to 1 % faster than ours, and for its ticks;
    /// the margin is the holder's own.
    pub(crate) fn deadline(&self, asked: Instant) -> Instant {
        let drift = self.ttl / 100 + Duration::from_millis(2);
        asked + self.ttl.saturating_sub(drift + self.margin)
    }

    /// How long after a grant or renewal the next renewal is due: early enough for a second and a
    /// third try.
    pub(crate) fn renew_after(&self) -> Duration {
        self.ttl / 3
    }

    /// How long one exchange is waited for, if it is not worth less before.
    ///
    /// A server that answers at all does so in milliseconds; one that has not in this time has
    /// probably been stopped or cut off, and whoever asked should hear of it.
    pub(crate) fn patience(&self) -> Duration {
        self.ttl.min(LONGEST_EXCHANGE)
    }

    /// How long one try of a renewal is waited for: so that there is time for another, and a bit
    /// of a third, before the lease has run out.
    pub(crate) fn renewal_patience(&self) -> Duration {
        self.ttl / 4
    }

    /// How long to wait before a failed exchange is tried again.
    pub(crate) fn retry_after(&self) -> Duration {
        (self.ttl / 20).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    /// Whether a lease granted at `granted` is renewed at `due`.
    pub(crate) fn is_renewed_at(&self, due: Instant, granted: Instant) -> bool {
        match self.renewal.unwrap_or(Renewal::UpTo(self.ttl * DEFAULT_CEILING)) {
            Renewal::UpTo(length) => due.saturating_duration_since(granted) < length,
            Renewal::Never => false,
        }
    }
}
