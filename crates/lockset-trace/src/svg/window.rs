//! Which part of a long history a picture shows, and where an instant lies in it.
//!
//! A million events in 748 pixels are a grey smear, so a long history is cut to as many holds as
//! can be told apart, around the place that matters.

use super::{LEFT, RIGHT};
use crate::text::human;
use crate::timeline::Timeline;
use crate::{Stamp, Verdict};

/// The stretch of time that is drawn.
pub(super) struct Window {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    /// How many holds begin in it.
    pub(super) holds: usize,
    cut: Cut,
}

enum Cut {
    Nothing,
    ToTheFirst,
    AroundTheViolation,
}

impl Window {
    /// The window with at most `most` holds' beginnings in it.
    pub(super) fn choose(timeline: &Timeline<'_>, verdict: &Verdict, most: usize) -> Self {
        let mut begins: Vec<Stamp> =
            timeline.lanes.iter().flat_map(|lane| &lane.holds).map(|hold| hold.from).collect();
        if begins.len() <= most {
            let (from, to) = (timeline.origin, timeline.end);
            return Self { from, to, holds: begins.len(), cut: Cut::Nothing };
        }
        begins.sort_unstable();
        let (first, cut) = match verdict.violations.first() {
            None => (0, Cut::ToTheFirst),
            Some(violation) => {
                let at = timeline.origin + violation.at();
                let culprit = begins.partition_point(|begin| *begin < at);
                // Two thirds of the window follow the violation: what it led to matters more than
                // what came before.
                let first = culprit.saturating_sub(most / 3).min(begins.len() - most);
                (first, Cut::AroundTheViolation)
            }
        };
        let from = if first == 0 { timeline.origin } else { begins[first] };
        let to = begins.get(first + most).copied().unwrap_or(timeline.end);
        Self { from, to, holds: most, cut }
    }

    /// What the picture shows of a history that began at `origin` and ended at `end`.
    pub(super) fn caption(&self, origin: Stamp, end: Stamp) -> String {
        let (shown, all) = (human(self.to.since(self.from)), human(end.since(origin)));
        match self.cut {
            Cut::Nothing => format!("all {all}"),
            Cut::ToTheFirst => format!("the first {shown} of {all}; the verdict is on all of it"),
            Cut::AroundTheViolation if self.from == origin => {
                format!("the first {shown} of {all}, around the first violation")
            }
            Cut::AroundTheViolation => format!(
                "{shown} of {all}, from t={}, around the first violation",
                human(self.from.since(origin))
            ),
        }
    }

    /// Where `at` lies, in pixels from the left; an instant outside is moved to the nearer edge.
    pub(super) fn x(&self, at: Stamp) -> f64 {
        let all = self.to.since(self.from).as_nanos().max(1) as f64;
        let part = at.since(self.from).as_nanos() as f64 / all;
        LEFT + part.min(1.0) * (RIGHT - LEFT)
    }

    /// Where the stretch from `from` to `to` lies: its left edge and its width, at least `least`;
    /// `None` if it is not in the window.
    pub(super) fn stretch(&self, from: Stamp, to: Stamp, least: f64) -> Option<(f64, f64)> {
        if to < self.from || from > self.to {
            return None;
        }
        let (left, right) = (self.x(from), self.x(to));
        Some((left.min(RIGHT - least), (right - left).max(least)))
    }

    pub(super) fn contains(&self, at: Stamp) -> bool {
        self.from <= at && at <= self.to
    }
}
