//! The lanes: what each actor did, and the red bands across them where too many held.

use std::fmt::{self, Formatter};

use super::frame::cross;
use super::{BAR, Group, LANE, LEFT, Picture, RIGHT, shortened};
use crate::text::{escaped, human};
use crate::timeline::{Lane, WaitEnd};
use crate::{Hold, Stamp, Violation};

/// The narrowest bar, in pixels: a hold of a nanosecond is still a hold.
const LEAST_BAR: f64 = 0.8;
/// The narrowest band: the one thing in the picture that nobody may overlook.
const LEAST_BAND: f64 = 2.0;
/// Waits narrower than this, in pixels, are left out: they would only fray the bars beside them.
const LEAST_WAIT: f64 = 0.4;
/// From how many holds on the dots are drawn small, lest they hide the bars that they lie on.
const CROWDED: usize = 40;
/// The longest label, in characters, that fits left of the lanes.
const LONGEST_LABEL: usize = 17;

impl Picture<'_, '_> {
    /// The bands behind the lanes of `group`, whose first lane is at `top`.
    pub(super) fn bands(
        &self,
        f: &mut Formatter<'_>,
        group: &Group<'_, '_>,
        top: f64,
    ) -> fmt::Result {
        let height = group.lanes.len() as f64 * LANE;
        for span in &group.spans {
            let Some((x, width)) = self.window.stretch(span.from, span.to, LEAST_BAND) else {
                continue;
            };
            writeln!(
                f,
                "<rect class=\"overlap\" x=\"{x:.2}\" y=\"{top}\" width=\"{width:.2}\" \
                 height=\"{height}\"><title>{} held at once, for {}</title></rect>",
                escaped(&span.holders.join(", ")),
                human(span.to.since(span.from)),
            )?;
        }
        Ok(())
    }

    /// A red line across the lanes of `group` at each violation that has no band.
    pub(super) fn flags(
        &self,
        f: &mut Formatter<'_>,
        group: &Group<'_, '_>,
        top: f64,
    ) -> fmt::Result {
        let height = group.lanes.len() as f64 * LANE;
        for violation in &self.verdict.violations {
            let at = self.timeline.origin + violation.at();
            if matches!(violation, Violation::Overlap { .. })
                || violation.lock() != group.lock
                || !self.window.contains(at)
            {
                continue;
            }
            writeln!(
                f,
                "<path class=\"flag\" d=\"M{:.2} {top}v{height}\"><title>{}</title></path>",
                self.window.x(at),
                escaped(&violation.to_string()),
            )?;
        }
        Ok(())
    }

    /// One lane, from `top` down.
    pub(super) fn lane(
        &self,
        f: &mut Formatter<'_>,
        group: &Group<'_, '_>,
        lane: &Lane<'_>,
        top: f64,
    ) -> fmt::Result {
        let colour = self.colour(lane.actor);
        let middle = top + LANE / 2.0;
        let (label, short) = match self.groups.len() {
            1 => (lane.actor.to_owned(), shortened(lane.actor, LONGEST_LABEL)),
            _ => (
                format!("{} · {}", lane.actor, lane.lock),
                // Half of the room for each, less the dot between them.
                [lane.actor, lane.lock].map(|part| shortened(part, LONGEST_LABEL / 2)).join(" · "),
            ),
        };
        writeln!(
            f,
            "<g class=\"lane c{colour}\">\n<path class=\"line\" d=\"M{LEFT} {middle}H{RIGHT}\"/>\n\
             <text class=\"label\" x=\"{}\" y=\"{}\"><title>{}</title>{}</text>",
            LEFT - 10.0,
            middle + 4.0,
            escaped(&label),
            short,
        )?;
        self.waits(f, lane, colour, middle)?;
        for hold in &lane.holds {
            self.hold(f, group, hold, middle)?;
        }
        self.pauses(f, lane, top)?;
        self.writes(f, lane, middle)?;
        writeln!(f, "</g>")
    }

    fn waits(
        &self,
        f: &mut Formatter<'_>,
        lane: &Lane<'_>,
        colour: usize,
        middle: f64,
    ) -> fmt::Result {
        let height = BAR - 4.0;
        for wait in &lane.waits {
            let to = wait.to.unwrap_or(self.timeline.end);
            let Some((x, width)) = self.window.stretch(wait.from, to, 0.0) else { continue };
            if width < LEAST_WAIT {
                continue;
            }
            let y = middle - height / 2.0;
            writeln!(
                f,
                "<rect class=\"wait\" fill=\"url(#{}-w{colour})\" x=\"{x:.2}\" y=\"{y}\" \
                 width=\"{width:.2}\" height=\"{height}\"/>",
                self.id,
            )?;
            if wait.ended_by == WaitEnd::GaveUp && self.window.contains(to) {
                writeln!(f, "<path class=\"gave-up\" d=\"M{:.2} {y}v{height}\"/>", x + width)?;
            }
        }
        Ok(())
    }

    fn pauses(&self, f: &mut Formatter<'_>, lane: &Lane<'_>, top: f64) -> fmt::Result {
        for &(from, to) in &lane.pauses {
            let to = to.unwrap_or(self.timeline.end);
            if let Some((x, width)) = self.window.stretch(from, to, LEAST_BAR) {
                writeln!(
                    f,
                    "<rect class=\"pause\" fill=\"url(#{}-p)\" x=\"{x:.2}\" y=\"{}\" \
                     width=\"{width:.2}\" height=\"{}\"/>",
                    self.id,
                    top + 1.0,
                    LANE - 2.0,
                )?;
            }
        }
        Ok(())
    }

    fn hold(
        &self,
        f: &mut Formatter<'_>,
        group: &Group<'_, '_>,
        hold: &Hold<'_>,
        middle: f64,
    ) -> fmt::Result {
        let to = hold.to.unwrap_or(self.timeline.end);
        let y = middle - BAR / 2.0;
        if let Some((x, width)) = self.window.stretch(hold.from, to, LEAST_BAR) {
            writeln!(
                f,
                "<rect class=\"hold\" x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
                 height=\"{BAR}\" rx=\"1\"><title>{}</title></rect>",
                escaped(&self.story(hold, to)),
            )?;
            self.clashes(f, group, (hold.from, to), y)?;
            fence(f, hold, x, width, middle)?;
        }
        let Some(stale_until) = hold.stale_until else { return Ok(()) };
        if let Some((x, width)) = self.window.stretch(to, stale_until, LEAST_BAR) {
            writeln!(
                f,
                "<rect class=\"stale\" x=\"{x:.2}\" y=\"{}\" width=\"{width:.2}\" \
                 height=\"{}\"/>\n<path class=\"lapse\" d=\"M{x:.2} {}v{}\"/>",
                y + 1.0,
                BAR - 2.0,
                y - 3.0,
                BAR + 6.0,
            )?;
        }
        Ok(())
    }

    /// The parts of a hold during which too many held, in red.
    fn clashes(
        &self,
        f: &mut Formatter<'_>,
        group: &Group<'_, '_>,
        (from, to): (Stamp, Stamp),
        y: f64,
    ) -> fmt::Result {
        let later = group.spans.partition_point(|span| span.to < from);
        for span in group.spans[later..].iter().take_while(|span| span.from <= to) {
            let (from, to) = (span.from.max(from), span.to.min(to));
            if let Some((x, width)) = self.window.stretch(from, to, LEAST_BAR)
                && (from < to || span.from == span.to)
            {
                writeln!(
                    f,
                    "<rect class=\"clash\" x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" \
                     height=\"{BAR}\" rx=\"1\"/>"
                )?;
            }
        }
        Ok(())
    }

    fn writes(&self, f: &mut Formatter<'_>, lane: &Lane<'_>, middle: f64) -> fmt::Result {
        let dot = if self.window.holds > CROWDED { 2.5 } else { 4.5 };
        for write in lane.wrote.iter().filter(|write| self.window.contains(write.at)) {
            let x = self.window.x(write.at);
            writeln!(f, "<circle class=\"wrote\" cx=\"{x:.2}\" cy=\"{middle}\" r=\"{dot}\"/>")?;
        }
        for &at in lane.refused.iter().filter(|at| self.window.contains(**at)) {
            let d = cross(self.window.x(at), middle);
            writeln!(f, "<path class=\"refused\" d=\"{d}\"/>")?;
        }
        Ok(())
    }

    /// A hold in words, for a reader who points at it.
    fn story(&self, hold: &Hold<'_>, to: Stamp) -> String {
        let mut story = format!(
            "{} held {} for {} from t={}",
            hold.actor,
            hold.lock,
            human(to.since(hold.from)),
            human(hold.from.since(self.timeline.origin)),
        );
        if let Some(waited) = hold.waited() {
            story += &format!(", after waiting {}", human(waited));
        }
        if let Some(fence) = hold.fence {
            story += &format!(", fence {fence}");
        }
        story
    }
}

/// The fence of a hold, in its bar, if it fits.
fn fence(f: &mut Formatter<'_>, hold: &Hold<'_>, x: f64, width: f64, middle: f64) -> fmt::Result {
    let Some(fence) = hold.fence else { return Ok(()) };
    let label = format!("#{fence}");
    if width < 7.0 * label.len() as f64 + 8.0 {
        return Ok(());
    }
    writeln!(f, "<text class=\"fence\" x=\"{:.2}\" y=\"{}\">{label}</text>", x + 4.0, middle + 4.0)
}
