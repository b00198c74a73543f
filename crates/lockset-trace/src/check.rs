//! The verdict on a history: did the lock keep its promise?
//!
//! # What is checked, and why no alarm is false
//!
//! Under the [rule of recording](crate::Recorder#the-rule-that-makes-verdicts-sound), each record
//! lies inside the real thing:
//!
//! - **Exclusion.** At most `limit` holds of a lock overlap. A recorded hold lies inside the real
//!   one, so an overlap in the record is one in the world. A hold ends when it is released or
//!   expires; one that does neither lasts to the end of the history, so whoever kills a holder
//!   records the expiry on its behalf.
//! - **Fences rise.** If `A` was got before `B` was wanted, then `B`'s fence is higher than `A`'s.
//!   `A`'s fence was drawn before `A` was got and `B`'s after `B` was wanted, so the lock drew them
//!   in that order. Grants whose `want..got` overlap are not compared: an observer cannot know
//!   which was drawn first. A grant without a recorded `want` is not compared either.
//! - **Fences differ.** No two grants of a lock have the same fence, concurrent or not.
//! - **Writes keep up.** No write is accepted that was sent after a write with a higher fence had
//!   been accepted. Here, too, only writes that do not overlap are compared.
//! - **The record makes sense**: nobody gets twice, or releases or loses what he does not hold.
//!
//! Locks of different names are checked apart, each against the same limit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::time::Duration;

use crate::sweep::{Numbered, Span, falls, overlaps, overtakings};
use crate::text::{count, counted, human};
use crate::timeline::{Lane, Timeline};
use crate::{History, Hold, Stamp, Violation};

/// How many violations a printed verdict spells out. A broken lock breaks thousands of times, and
/// the first few say it all; the rest are in [`Verdict::violations`].
const SPELT_OUT: usize = 10;

/// What a history says about its lock; made by [`History::check`].
///
/// Its [`Display`](fmt::Display) is the [`headline`](Self::headline), then a line for each of the
/// first ten violations.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// Every broken promise, in order of time; empty if the lock kept them all.
    pub violations: Vec<Violation>,
    /// How many times the lock was got.
    pub grants: usize,
    /// How many were allowed to hold one lock at the same time.
    pub limit: usize,
    /// The most that held one lock at the same time.
    pub peak: usize,
    /// Grants that overtook an actor who had wanted earlier and was still waiting: a measure of
    /// unfairness, not a fault. It is approximate: a grant counts from when its actor noted it.
    pub overtakings: usize,
    /// Actors that still waited when the history ended: in a deadlock, those that wait for ever.
    pub waiting: usize,
    /// Writes that the protected resource refused.
    pub refused: usize,
    /// How long the grants were waited for.
    pub waits: Waits,
}

/// How long the grants of a history were waited for; zero where no wait was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// Half of the grants waited no longer than this.
    pub p50: Duration,
    /// Of a hundred grants, ninety-nine waited no longer than this.
    pub p99: Duration,
    /// The longest wait.
    pub max: Duration,
}

/// Where 99 of 100 grants came sooner than this, nobody had to wait for the others.
///
/// To sleep and to be woken takes a thread some 10 µs at least, and two notes with nothing between
/// them far less. The rare longer wait tells nothing: any thread can lose its processor between
/// two notes, also where there is no lock at all. Hence the 99th of 100, and not the longest.
const NO_WAIT: Duration = Duration::from_micros(10);

impl History {
    /// Checks that each lock was held by at most `limit` at a time, that its fences rise and
    /// differ, that no stale write was accepted, and that the record makes sense.
    ///
    /// The limit is 1 for a mutex and the number of permits for a semaphore. It takes
    /// `O(n log n)` for `n` events: a fraction of a second for 400,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockset_trace::{Event, History, Stamp, What};
    ///
    /// let at = |ms: u64, actor, what| {
    ///     Event::new(Stamp::from_nanos(ms * 1_000_000), actor, "ledger", what)
    /// };
    /// let history = History::from_iter([
    ///     at(0, "worker 1", What::Got { fence: None }),
    ///     at(2, "worker 3", What::Got { fence: None }),
    ///     at(5, "worker 1", What::Released),
    ///     at(6, "worker 3", What::Released),
    /// ]);
    /// assert!(history.check(2).is_ok());
    ///
    /// let verdict = history.check(1);
    /// assert_eq!(verdict.peak, 2);
    /// assert_eq!(
    ///     verdict.to_string(),
    ///     "BROKEN: 2 at once where 1 is allowed, first at 2 ms\n\
    ///      `worker 1` and `worker 3` both held `ledger` for 3 ms from t=2 ms",
    /// );
    /// ```
    #[must_use]
    pub fn check(&self, limit: usize) -> Verdict {
        judge(&Timeline::new(self), limit)
    }
}

pub(crate) fn judge(timeline: &Timeline<'_>, limit: usize) -> Verdict {
    let mut verdict = Verdict {
        violations: Vec::new(),
        grants: timeline.lanes.iter().map(|lane| lane.holds.len()).sum(),
        limit,
        peak: 0,
        overtakings: 0,
        waiting: timeline.lanes.iter().filter(|lane| lane.is_waiting()).count(),
        refused: timeline.lanes.iter().map(|lane| lane.refused.len()).sum(),
        waits: waits(&timeline.lanes),
    };
    for lock in timeline.locks() {
        let lanes = timeline.lanes.iter().filter(|lane| lane.lock == lock).collect();
        Case { lock, lanes, origin: timeline.origin }.judge(limit, timeline.end, &mut verdict);
    }
    verdict.violations.sort_by_key(Violation::at);
    verdict
}

/// One lock and everything that was done with it.
struct Case<'t, 'h> {
    lock: &'h str,
    lanes: Vec<&'t Lane<'h>>,
    origin: Stamp,
}

impl<'h> Case<'_, 'h> {
    fn judge(&self, limit: usize, end: Stamp, verdict: &mut Verdict) {
        let holds: Vec<&Hold<'h>> = self.lanes.iter().flat_map(|lane| &lane.holds).collect();
        let (spans, peak) = overlaps(&holds, limit, end);
        verdict.peak = verdict.peak.max(peak);
        verdict.overtakings += overtakings(&self.lanes);
        let violations = &mut verdict.violations;
        violations.extend(spans.into_iter().map(|span| self.overlap(span)));
        self.falling_fences(&holds, violations);
        self.repeated_fences(&holds, violations);
        self.stale_writes(violations);
        self.faults(violations);
    }

    fn overlap(&self, span: Span<'_>) -> Violation {
        Violation::Overlap {
            lock: self.lock.to_owned(),
            holders: span.holders.into_iter().map(str::to_owned).collect(),
            at: span.from.since(self.origin),
            lasted: span.to.since(span.from),
        }
    }

    fn falling_fences(&self, holds: &[&Hold<'h>], violations: &mut Vec<Violation>) {
        let mut fenced: Vec<&Hold<'h>> = Vec::new();
        let mut items = Vec::new();
        for hold in holds {
            if let Some(number) = hold.fence {
                // A grant whose `want` is unknown may have been drawn at any time before it was
                // got: it begins at the clock's zero, so that it comes after nothing.
                let begin = hold.wanted.unwrap_or_default();
                items.push(Numbered { begin, end: hold.from, number });
                fenced.push(hold);
            }
        }
        violations.extend(falls(&items).into_iter().map(|(later, earlier)| Violation::FenceFell {
            lock: self.lock.to_owned(),
            actor: fenced[later].actor.to_owned(),
            fence: items[later].number,
            earlier_actor: fenced[earlier].actor.to_owned(),
            earlier_fence: items[earlier].number,
            at: fenced[later].from.since(self.origin),
        }));
    }

    fn repeated_fences(&self, holds: &[&Hold<'h>], violations: &mut Vec<Violation>) {
        let mut in_order = holds.to_vec();
        in_order.sort_by_key(|hold| hold.from);
        let mut first_with: HashMap<u64, &str> = HashMap::new();
        for hold in in_order {
            let Some(fence) = hold.fence else { continue };
            match first_with.entry(fence) {
                Entry::Vacant(vacant) => {
                    vacant.insert(hold.actor);
                }
                Entry::Occupied(first) => violations.push(Violation::FenceRepeated {
                    lock: self.lock.to_owned(),
                    first: (*first.get()).to_owned(),
                    second: hold.actor.to_owned(),
                    fence,
                    at: hold.from.since(self.origin),
                }),
            }
        }
    }

    fn stale_writes(&self, violations: &mut Vec<Violation>) {
        let mut writers = Vec::new();
        let mut items = Vec::new();
        for lane in &self.lanes {
            for write in &lane.wrote {
                if let Some(number) = write.fence {
                    items.push(Numbered { begin: write.since, end: write.at, number });
                    writers.push(lane.actor);
                }
            }
        }
        violations.extend(falls(&items).into_iter().map(|(later, earlier)| {
            Violation::StaleWrite {
                lock: self.lock.to_owned(),
                actor: writers[later].to_owned(),
                fence: items[later].number,
                newer_actor: writers[earlier].to_owned(),
                newer_fence: items[earlier].number,
                at: items[later].end.since(self.origin),
            }
        }));
    }

    fn faults(&self, violations: &mut Vec<Violation>) {
        for lane in &self.lanes {
            violations.extend(lane.faults.iter().map(|&(at, fault)| Violation::Malformed {
                lock: self.lock.to_owned(),
                actor: lane.actor.to_owned(),
                fault,
                at: at.since(self.origin),
            }));
        }
    }
}

fn waits(lanes: &[Lane<'_>]) -> Waits {
    let mut waited: Vec<Duration> =
        lanes.iter().flat_map(|lane| &lane.holds).filter_map(Hold::waited).collect();
    waited.sort_unstable();
    // The nearest-rank percentile: always a wait that somebody really had.
    let rank = |percent: usize| {
        let nth = (waited.len() * percent).div_ceil(100).max(1) - 1;
        waited.get(nth).copied().unwrap_or_default()
    };
    Waits { p50: rank(50), p99: rank(99), max: rank(100) }
}

impl Verdict {
    /// Whether the lock kept every promise.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.violations.is_empty()
    }

    /// The verdict in one line: `held: 1,204 grants, at most 1 at a time`, or
    /// `BROKEN: 8 at once where 1 is allowed, 3 stale writes accepted, first at 0.4 ms`.
    ///
    /// Stretches of time in which too many held are not counted here. Where everybody always gets
    /// in, the whole run is one such stretch, and how many held at once says more.
    #[must_use]
    pub fn headline(&self) -> String {
        let Some(first) = self.violations.first() else {
            let grants = counted(self.grants, "grant", "grants");
            let mut line = format!("held: {grants}, at most {} at a time", count(self.peak));
            if self.refused > 0 {
                let refused = counted(self.refused, "write refused", "writes refused");
                line += &format!(", {refused}");
            }
            if self.waiting > 0 {
                line += &format!(", {} still waiting", count(self.waiting));
            }
            return line;
        };
        // How often each kind occurs, in the order in which they first do.
        let mut kinds: Vec<(Option<(&str, &str)>, usize)> = Vec::new();
        for noun in self.violations.iter().map(Violation::noun) {
            match kinds.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, n)) => *n += 1,
                None => kinds.push((noun, 1)),
            }
        }
        let told = |(noun, n)| match noun {
            Some((one, many)) => counted(n, one, many),
            None => self.too_many(),
        };
        let kinds: Vec<_> = kinds.into_iter().map(told).collect();
        format!("BROKEN: {}, first at {}", kinds.join(", "), human(first.at()))
    }

    /// How many held at once, and how many may.
    fn too_many(&self) -> String {
        let allowed = counted(self.limit, "is allowed", "are allowed");
        format!("{} at once where {allowed}", count(self.peak))
    }
}

impl Waits {
    /// Whether the waits are so short that they only show what taking the notes costs: the lock
    /// was free nearly always, or there was none. Overtakings among such waits tell nothing either.
    ///
    /// It is so where 99 of 100 waits are under 10 µs.
    #[must_use]
    pub fn are_negligible(&self) -> bool {
        self.p99 < NO_WAIT
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        for violation in self.violations.iter().take(SPELT_OUT) {
            write!(f, "\n{violation}")?;
        }
        match self.violations.len().saturating_sub(SPELT_OUT) {
            0 => Ok(()),
            more => write!(f, "\nand {} more", count(more)),
        }
    }
}
