//! Everything around the lanes: title, caption, axis and legend.

use std::fmt::{self, Formatter};

use super::{LEFT, Picture, RIGHT, TOP, WIDTH};
use crate::text::{counted, escaped, human, trimmed, unit_of};
use crate::timeline::Lane;
use crate::{Stamp, Violation};

/// The most ticks on the axis: a label of eight characters fits between two.
const MOST_TICKS: f64 = 9.0;

impl Picture<'_, '_> {
    /// The root element, with the verdict as its accessible name and all of it as description.
    pub(super) fn open(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (id, height) = (&self.id, self.bottom() + 62.0);
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lockset-trace\" role=\"img\" \
             width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             aria-labelledby=\"{id}-t {id}-d\">\n<title id=\"{id}-t\">{}</title>\n\
             <desc id=\"{id}-d\">{}. {}</desc>",
            escaped(&self.headline()),
            escaped(&self.caption()),
            // A line break is a control character, which would be replaced.
            escaped(&self.verdict.to_string().replace('\n', ". ")),
        )
    }

    /// The background, the title and the caption.
    pub(super) fn frame(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let class = if self.verdict.is_ok() { "verdict-ok" } else { "verdict-broken" };
        writeln!(
            f,
            "<rect class=\"paper\" width=\"{WIDTH}\" height=\"{}\" rx=\"6\"/>\n\
             <text class=\"verdict {class}\" x=\"20\" y=\"28\">{}</text>\n\
             <text class=\"dim caption\" x=\"20\" y=\"48\">{}</text>",
            self.bottom() + 62.0,
            escaped(&self.headline()),
            escaped(&self.caption()),
        )
    }

    /// The verdict, preceded by the name of the lock if there is but one.
    fn headline(&self) -> String {
        match &self.groups[..] {
            [only] => format!("{} · {}", only.lock, self.verdict.headline()),
            _ => self.verdict.headline(),
        }
    }

    fn caption(&self) -> String {
        let mut caption = self.window.caption(self.timeline.origin, self.timeline.end);
        let waits = &self.verdict.waits;
        if !waits.are_negligible() {
            caption += &format!(
                " · waits: median {}, longest {} · {}",
                human(waits.p50),
                human(waits.max),
                counted(self.verdict.overtakings, "overtaking", "overtakings"),
            );
        }
        caption
    }

    /// The axis of time. In a window that does not begin with the history, times count from the
    /// window's beginning, which the caption tells: a tick at 12,345,678.25 µs helps nobody.
    pub(super) fn axis(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bottom = self.bottom();
        writeln!(f, "<path class=\"line\" d=\"M{LEFT} {bottom}H{RIGHT}\"/>")?;
        let shown = self.window.to.since(self.window.from).as_nanos() as f64;
        let step = round_step(shown / MOST_TICKS);
        let (unit, name) = unit_of(shown);
        let sign = if self.window.from == self.timeline.origin { "" } else { "+" };
        let mut at = 0.0;
        while at <= shown {
            let x = self.window.x(Stamp::from_nanos(self.window.from.as_nanos() + at as u64));
            writeln!(
                f,
                "<path class=\"line\" d=\"M{x:.1} {TOP}V{:.1}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\">{sign}{} {name}</text>",
                bottom + 4.0,
                bottom + 17.0,
                trimmed(at / unit, 3),
            )?;
            at += step;
        }
        Ok(())
    }

    /// What the shapes mean: only of those that the picture contains.
    pub(super) fn legend(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (id, y) = (&self.id, self.bottom() + 36.0);
        let any = |has: fn(&Lane<'_>) -> bool| self.timeline.lanes.iter().any(has);
        let stale = any(|lane| lane.holds.iter().any(|hold| hold.stale_until.is_some()));
        let entries = [
            (any(|lane| !lane.waits.is_empty()), "waits", format!("fill=\"url(#{id}-w0)\"")),
            (any(|lane| !lane.holds.is_empty()), "holds", "class=\"key-hold\"".to_owned()),
            (stale, "lost it and does not know", "class=\"key-stale\"".to_owned()),
            (any(|lane| !lane.pauses.is_empty()), "paused", format!("fill=\"url(#{id}-p)\"")),
            (
                self.groups.iter().any(|group| !group.spans.is_empty()),
                "too many hold",
                "class=\"key-clash\"".to_owned(),
            ),
        ];
        let mut x = LEFT;
        writeln!(f, "<g class=\"legend c0\">")?;
        for (_, label, paint) in entries.iter().filter(|(present, _, _)| *present) {
            writeln!(f, "<rect {paint} x=\"{x:.1}\" y=\"{y:.1}\" width=\"22\" height=\"12\"/>")?;
            x = key_label(f, x + 28.0, y, label)?;
        }
        let middle = y + 6.0;
        if self.verdict.violations.iter().any(|v| !matches!(v, Violation::Overlap { .. })) {
            writeln!(f, "<path class=\"key-flag\" d=\"M{x:.1} {middle}h22\"/>")?;
            x = key_label(f, x + 28.0, y, "broken here")?;
        }
        if any(|lane| !lane.wrote.is_empty()) {
            let at = x + 5.0;
            writeln!(f, "<circle class=\"key-wrote\" cx=\"{at:.1}\" cy=\"{middle}\" r=\"4.5\"/>")?;
            x = key_label(f, x + 15.0, y, "write accepted")?;
        }
        if any(|lane| !lane.refused.is_empty()) {
            writeln!(f, "<path class=\"key-refused\" d=\"{}\"/>", cross(x + 5.0, middle))?;
            key_label(f, x + 15.0, y, "write refused")?;
        }
        writeln!(f, "</g>")
    }
}

/// Writes a label of the legend at `x` and says where the next entry begins.
fn key_label(f: &mut Formatter<'_>, x: f64, y: f64, label: &str) -> Result<f64, fmt::Error> {
    writeln!(f, "<text class=\"dim\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>", y + 10.0)?;
    // Nobody here knows the font: 6.4 pixels a character are enough for any sans at 12 pixels.
    Ok(x + 6.4 * label.len() as f64 + 18.0)
}

/// The path of a cross around a point.
pub(super) fn cross(x: f64, y: f64) -> String {
    format!("M{:.1} {:.1}l8 8m0 -8l-8 8", x - 4.0, y - 4.0)
}

/// The smallest of 1, 2, 5, 10, 20, 50 ... nanoseconds that is no less than `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|s| *s >= least)
        .unwrap_or(1.0)
}
