//! The sweeps behind the verdict: each sorts its points once and walks over them once.
//!
//! A general linearizability checker searches; for locks the question is much smaller. Mutual
//! exclusion says that at most so many intervals overlap, and a fence says that intervals in order
//! have numbers in order. Both fall to a sort and a sweep, `O(n log n)`, so a history of hundreds
//! of thousands of events is checked in a fraction of a second.

use std::collections::BTreeSet;

use crate::Stamp;
use crate::timeline::{Hold, Lane, WaitEnd};

/// A stretch of time in which more than the limit held one lock.
pub(crate) struct Span<'h> {
    pub(crate) from: Stamp,
    pub(crate) to: Stamp,
    /// Who held when it began, in the order in which they got the lock.
    pub(crate) holders: Vec<&'h str>,
}

/// The stretches in which more than `limit` of `holds` overlap, and the most that ever did.
///
/// A hold without an end lasts until `end`. Holds are half-open: one that ends at the very instant
/// at which another begins does not overlap it. A hold that is shorter than the clock's step and
/// so has no length counts only against those that contain its instant strictly, since two such
/// holds with one stamp may well have followed one another.
pub(crate) fn overlaps<'h>(
    holds: &[&Hold<'h>],
    limit: usize,
    end: Stamp,
) -> (Vec<Span<'h>>, usize) {
    let mut points: Vec<(Stamp, Point, usize)> = Vec::with_capacity(2 * holds.len());
    for (n, hold) in holds.iter().enumerate() {
        let to = hold.to.unwrap_or(end);
        if to > hold.from {
            points.push((hold.from, Point::Begin, n));
            points.push((to, Point::End, n));
        } else {
            points.push((hold.from, Point::Instant, n));
        }
    }
    points.sort_unstable();

    let mut spans: Vec<Span<'h>> = Vec::new();
    let mut active: Vec<usize> = Vec::new();
    let mut peak = 0;
    for (at, point, n) in points {
        if point == Point::End {
            active.retain(|&other| other != n);
            if active.len() == limit
                && let Some(span) = spans.last_mut()
            {
                span.to = at;
            }
            continue;
        }
        active.push(n);
        peak = peak.max(active.len());
        if active.len() == limit + 1 {
            let holders = active.iter().map(|&n| holds[n].actor).collect();
            spans.push(Span { from: at, to: at, holders });
        }
        if point == Point::Instant {
            active.pop();
        }
    }
    (spans, peak)
}

/// What happens at one stamp, in the order in which to take it in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    End,
    Instant,
    Begin,
}

/// Something that took effect at one unknown instant between two stamps, and got a number there.
#[derive(Clone, Copy)]
pub(crate) struct Numbered {
    pub(crate) begin: Stamp,
    pub(crate) end: Stamp,
    pub(crate) number: u64,
}

/// The pairs (later, earlier) in which `later` began after `earlier` had ended and yet has the
/// lower number: for each `later` the `earlier` with the highest number.
///
/// Only pairs that do not overlap are compared. Of two that do, nobody outside can say which took
/// effect first, so either order of their numbers is right.
pub(crate) fn falls(items: &[Numbered]) -> Vec<(usize, usize)> {
    let mut by_begin: Vec<usize> = (0..items.len()).collect();
    by_begin.sort_by_key(|&n| items[n].begin);
    let mut by_end: Vec<usize> = (0..items.len()).collect();
    by_end.sort_by_key(|&n| items[n].end);

    let mut ended = by_end.into_iter().peekable();
    let mut highest: Option<usize> = None;
    let mut falls = Vec::new();
    for later in by_begin {
        while let Some(earlier) = ended.next_if(|&n| items[n].end < items[later].begin) {
            if highest.is_none_or(|h| items[h].number < items[earlier].number) {
                highest = Some(earlier);
            }
        }
        if let Some(earlier) = highest
            && items[later].number < items[earlier].number
        {
            falls.push((later, earlier));
        }
    }
    falls
}

/// How many grants went to an actor while another, who had wanted earlier, was still waiting.
pub(crate) fn overtakings(lanes: &[&Lane<'_>]) -> usize {
    let waits: Vec<_> = lanes.iter().flat_map(|lane| &lane.waits).collect();
    let mut points: Vec<(Stamp, Turn, usize)> = Vec::with_capacity(2 * waits.len());
    for (n, wait) in waits.iter().enumerate() {
        // A wait without length stands in nobody's way, but its grant may still overtake.
        if wait.to != Some(wait.from) {
            points.push((wait.from, Turn::Joins, n));
        }
        match (wait.to, wait.ended_by) {
            (Some(to), WaitEnd::Granted) => points.push((to, Turn::Served, n)),
            (Some(to), _) => points.push((to, Turn::Leaves, n)),
            (None, _) => {}
        }
    }
    points.sort_unstable();

    let mut queue: BTreeSet<(Stamp, usize)> = BTreeSet::new();
    let mut overtakings = 0;
    for (_, turn, n) in points {
        let place = (waits[n].from, n);
        match turn {
            Turn::Joins => {
                queue.insert(place);
            }
            Turn::Leaves => {
                queue.remove(&place);
            }
            Turn::Served => {
                queue.remove(&place);
                overtakings += usize::from(queue.first().is_some_and(|first| first.0 < place.0));
            }
        }
    }
    overtakings
}

/// What happens in the queue at one stamp, in the order in which to take it in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Leaves,
    Served,
    Joins,
}
