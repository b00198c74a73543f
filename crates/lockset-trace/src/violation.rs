//! The ways in which a lock can break its promise, each with a sentence that names the culprits.
//!
//! A red test is read by somebody who has not seen the log, so a violation carries everything its
//! sentence needs: who, which lock, when, and what it contradicts.

use std::fmt;
use std::time::Duration;

use crate::text::human;

/// One broken promise. Its [`Display`](fmt::Display) is a sentence without a full stop.
///
/// Every time `at` counts from the first event of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// More holders at once than the limit allows: one for each stretch of time.
    Overlap {
        /// The lock.
        lock: String,
        /// Who held it when the limit was first exceeded, in the order in which they got it.
        holders: Vec<String>,
        /// When the limit was exceeded.
        at: Duration,
        /// How long it stayed exceeded.
        lasted: Duration,
    },
    /// A grant has a lower fence than one that had been obtained before it was asked for.
    FenceFell {
        /// The lock.
        lock: String,
        /// Who got the lower fence.
        actor: String,
        /// The lower fence.
        fence: u64,
        /// Who had got the higher fence before.
        earlier_actor: String,
        /// The higher fence.
        earlier_fence: u64,
        /// When the lower fence was got.
        at: Duration,
    },
    /// Two grants have the same fence.
    FenceRepeated {
        /// The lock.
        lock: String,
        /// Who got the fence first.
        first: String,
        /// Who got it again.
        second: String,
        /// The fence.
        fence: u64,
        /// When it was got again.
        at: Duration,
    },
    /// The resource accepted a write although it had accepted one with a higher fence before.
    StaleWrite {
        /// The lock.
        lock: String,
        /// Who wrote with the old fence.
        actor: String,
        /// The old fence.
        fence: u64,
        /// Who had written with the higher fence before.
        newer_actor: String,
        /// The higher fence.
        newer_fence: u64,
        /// When the stale write was answered.
        at: Duration,
    },
    /// The record contradicts itself, so nothing that it says can be trusted.
    Malformed {
        /// The lock.
        lock: String,
        /// Whose record it is.
        actor: String,
        /// What is wrong with it.
        fault: Fault,
        /// When the contradicting event happened.
        at: Duration,
    },
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The actor got the lock while it held it already.
    GotWhileHolding,
    /// The actor released what it did not hold.
    ReleasedWithoutHold,
    /// The actor's lease ran out while it had none, or before it got it.
    ExpiredWithoutHold,
}

impl Violation {
    /// When it happened, from the first event of the history.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Event, History, Stamp, What};
    ///
    /// let at = |nanos, what| Event::new(Stamp::from_nanos(nanos), "worker 1", "ledger", what);
    /// let history = History::from_iter([at(100, What::Want), at(130, What::Released)]);
    /// let [violation] = &history.check(1).violations[..] else { panic!("one violation") };
    /// assert_eq!(violation.at().as_nanos(), 30);
    /// assert_eq!(violation.lock(), "ledger");
    /// let sentence = "`worker 1` released `ledger` without holding it at t=30 ns";
    /// assert_eq!(violation.to_string(), sentence);
    /// ```
    #[must_use]
    pub fn at(&self) -> Duration {
        match self {
            Self::Overlap { at, .. }
            | Self::FenceFell { at, .. }
            | Self::FenceRepeated { at, .. }
            | Self::StaleWrite { at, .. }
            | Self::Malformed { at, .. } => *at,
        }
    }

    /// The name of the lock that broke its promise.
    #[must_use]
    pub fn lock(&self) -> &str {
        match self {
            Self::Overlap { lock, .. }
            | Self::FenceFell { lock, .. }
            | Self::FenceRepeated { lock, .. }
            | Self::StaleWrite { lock, .. }
            | Self::Malformed { lock, .. } => lock,
        }
    }

    /// The kind as a countable noun, one and many, for a headline; none for an overlap, which is
    /// told by how many held at once.
    pub(crate) fn noun(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Overlap { .. } => None,
            Self::FenceFell { .. } => Some(("fence that fell", "fences that fell")),
            Self::FenceRepeated { .. } => Some(("repeated fence", "repeated fences")),
            Self::StaleWrite { .. } => Some(("stale write accepted", "stale writes accepted")),
            Self::Malformed { .. } => Some(("fault in the record", "faults in the record")),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { lock, holders, lasted, .. } => {
                write_holders(f, holders)?;
                write!(f, " held `{lock}` for {} from", human(*lasted))?;
            }
            Self::FenceFell { lock, actor, fence, earlier_actor, earlier_fence, .. } => write!(
                f,
                "`{actor}` got `{lock}` with fence {fence}, although `{earlier_actor}` \
                 had got fence {earlier_fence} before it asked, at"
            )?,
            Self::FenceRepeated { lock, first, second, fence, .. } => {
                write!(f, "`{first}` and `{second}` both got `{lock}` with fence {fence}, at")?;
            }
            Self::StaleWrite { lock, actor, fence, newer_actor, newer_fence, .. } => write!(
                f,
                "a write of `{actor}` under `{lock}` with fence {fence} was accepted after \
                 one of `{newer_actor}` with fence {newer_fence}, at"
            )?,
            Self::Malformed { lock, actor, fault, .. } => match fault {
                Fault::GotWhileHolding => {
                    write!(f, "`{actor}` got `{lock}` while holding it at")?;
                }
                Fault::ReleasedWithoutHold => {
                    write!(f, "`{actor}` released `{lock}` without holding it at")?;
                }
                Fault::ExpiredWithoutHold => {
                    write!(f, "the lease of `{actor}` on `{lock}` ran out while it had none at")?;
                }
            },
        }
        write!(f, " t={}", human(self.at()))
    }
}

/// `` `a` and `b` both``, `` `a`, `b` and `c` all``.
fn write_holders(f: &mut fmt::Formatter<'_>, holders: &[String]) -> fmt::Result {
    for (n, holder) in holders.iter().enumerate() {
        match n {
            0 => {}
            n if n + 1 == holders.len() => write!(f, " and ")?,
            _ => write!(f, ", ")?,
        }
        write!(f, "`{holder}`")?;
    }
    match holders.len() {
        0 | 1 => Ok(()),
        2 => write!(f, " both"),
        _ => write!(f, " all"),
    }
}
