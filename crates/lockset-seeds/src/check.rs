//! What must hold of every history.
//!
//! 1. *Fences rise.* No two grants of a lock have one fence; and if one was had before another was
//!    asked for, its fence is the lower one. Whatever breaks.
//! 2. *Nothing stale is written.* The storage accepts no write after one with a greater fence.
//! 3. *One holder.* No two leases of a lock are valid at one instant, by their holders' own
//!    reckoning. Whatever breaks, but for a master's clock that is set forward between the
//!    requests of the two: that no lease can survive.
//! 4. *Nobody hangs.* A verb with a limit keeps to it, the time aside when its process was stopped.
//! 5. *When nothing breaks any more*, everybody gets the lock within a bound, and gives it back in
//!    time; and nothing is left of it on any master.

use std::collections::BTreeMap;

use crate::history::{Entry, What};
use crate::process::Valid;

/// The first of what must not have happened.
pub(crate) fn violation(entries: &[Entry]) -> Option<String> {
    let told = entries.iter().find_map(|Entry { who, what, .. }| match what {
        What::Violation(what) => Some(format!("{who}: {what}")),
        _ => None,
    });
    told.or_else(|| fences(entries)).or_else(|| writes(entries))
}

/// The first rule. What happens in one step may have happened in any order.
fn fences(entries: &[Entry]) -> Option<String> {
    let mut grants: BTreeMap<&str, Vec<(u64, u64, u64)>> = BTreeMap::new();
    for Entry { step, what, .. } in entries {
        if let What::Granted { lock, fence, began, .. } = what {
            grants.entry(lock).or_default().push((*fence, *began, *step));
        }
    }
    for (lock, mut grants) in grants {
        grants.sort_unstable();
        for pair in grants.windows(2) {
            if pair[0].0 == pair[1].0 {
                return Some(format!("two grants of {lock} have the fence {}", pair[0].0));
            }
        }
        // When the first of those with greater fences was had, from the greatest down.
        let mut had = u64::MAX;
        for (fence, began, granted) in grants.into_iter().rev() {
            if had < began {
                return Some(format!("{lock} was granted with {fence} after a greater fence"));
            }
            had = had.min(granted);
        }
    }
    None
}

/// The second rule.
fn writes(entries: &[Entry]) -> Option<String> {
    let mut greatest: BTreeMap<&str, u64> = BTreeMap::new();
    for Entry { what, .. } in entries {
        if let What::Write { lock, fence, accepted: true } = what {
            let greatest = greatest.entry(lock).or_default();
            if fence < greatest {
                return Some(format!("{lock} was written by {fence} after {greatest}"));
            }
            *greatest = *fence;
        }
    }
    None
}

/// The third rule, at one instant.
pub(crate) enum Holders {
    One,
    /// Two, and a clock was set forward in between.
    Excused,
    Two(String),
}

pub(crate) fn holders(valid: &[Valid], jumps: &[u64]) -> Holders {
    let mut verdict = Holders::One;
    for (at, one) in valid.iter().enumerate() {
        for other in &valid[..at] {
            if one.lock != other.lock {
                continue;
            }
            let began = one.began.min(other.began);
            let granted = one.granted.max(other.granted);
            if jumps.iter().any(|jump| (began..=granted).contains(jump)) {
                verdict = Holders::Excused;
                continue;
            }
            let (fences, lock) = ((one.fence, other.fence), &one.lock);
            return Holders::Two(format!("{lock} has two holders, with the fences {fences:?}"));
        }
    }
    verdict
}
