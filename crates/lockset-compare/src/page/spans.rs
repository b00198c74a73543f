//! A plot of one row for each lock: a dot in the middle, a bar from low to high, a tick at the
//! longest.

use std::fmt::Write;

use super::escaped;
use crate::units::{digits, time};

/// One row.
pub(super) struct Span {
    pub(super) label: String,
    pub(super) class: &'static str,
    pub(super) low: f64,
    pub(super) middle: f64,
    pub(super) high: f64,
    pub(super) longest: Option<f64>,
    /// What stands at the end of the row.
    pub(super) words: String,
}

/// What the axis is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Nanoseconds, logarithmic.
    Time,
    /// From 0 to 1.
    Share,
}

pub(super) struct Plot {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) scale: Scale,
    pub(super) rows: Vec<Span>,
}

const ROW: f64 = 22.0;
const LEFT: f64 = 335.0;
const RIGHT: f64 = 730.0;
const WIDTH: f64 = 1000.0;
const TOP: f64 = 36.0;

impl Plot {
    /// As a figure; nothing if there is nothing to show.
    pub(super) fn draw(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let bottom = TOP + ROW * self.rows.len() as f64;
        let axis = Axis::of(self);
        let title = escaped(&self.title);
        let mut svg = format!(
            "<figure>\n<figcaption>{title}</figcaption>\n<svg class=\"plot\" data-plot=\"{}\" \
             role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {}\">\n",
            self.id,
            title.replace('"', "&quot;"),
            bottom + 8.0
        );
        for (value, label) in axis.ticks() {
            let x = axis.x(value);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}\
                 </text>",
                TOP - 6.0,
                TOP - 12.0
            );
        }
        for (nth, row) in self.rows.iter().enumerate() {
            row.draw(&mut svg, &axis, TOP + ROW * (nth as f64 + 0.5));
        }
        svg + "</svg>\n</figure>\n"
    }
}

impl Span {
    fn draw(&self, svg: &mut String, axis: &Axis, y: f64) {
        let [low, middle, high] = [self.low, self.middle, self.high].map(|value| axis.x(value));
        let _ = writeln!(
            svg,
            "<g class=\"{}\"><text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}\
             </text>",
            self.class,
            LEFT - 12.0,
            y + 4.0,
            escaped(&self.label)
        );
        if let Some(longest) = self.longest.map(|longest| axis.x(longest)) {
            let (top, bottom) = (y - 5.0, y + 5.0);
            let _ = writeln!(
                svg,
                "<path class=\"thin\" d=\"M{high:.1} {y:.1}H{longest:.1}M{longest:.1} {top:.1}\
                 V{bottom:.1}\"/>"
            );
        }
        let _ = writeln!(
            svg,
            "<path class=\"bar\" d=\"M{low:.1} {y:.1}H{high:.1}\"/>\
             <circle class=\"dot\" cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>\
             <text class=\"words\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            RIGHT + 14.0,
            y + 4.0,
            escaped(&self.words)
        );
    }
}

/// Where a value is.
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(plot: &Plot) -> Self {
        if plot.scale == Scale::Share {
            return Self { scale: Scale::Share, from: 0.0, to: 1.0 };
        }
        let lows = plot.rows.iter().map(|row| row.low.max(1.0));
        let highs = plot.rows.iter().map(|row| row.longest.unwrap_or(row.high).max(1.0));
        let from = lows.fold(f64::MAX, f64::min).log10().floor();
        let to = highs.fold(1.0, f64::max).log10().ceil();
        Self { scale: Scale::Time, from, to: to.max(from + 1.0) }
    }

    fn x(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Time => value.max(1.0).log10(),
            Scale::Share => value,
        };
        let share = (value - self.from) / (self.to - self.from);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Share => (0..=4).map(|n| f64::from(n) / 4.0).map(|v| (v, digits(v))).collect(),
            Scale::Time => {
                let powers = self.from as i32..=self.to as i32;
                powers.map(|power| 10_f64.powi(power)).map(|v| (v, short(v))).collect()
            }
        }
    }
}

/// A power of ten, without what follows the point.
fn short(ns: f64) -> String {
    time(ns).replace(".00", "").replace(".0 ", " ")
}
