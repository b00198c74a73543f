//! A plot of lines: throughput by the number of threads.

use std::fmt::Write;

use super::escaped;
use crate::units::rate;

/// One lock: a point for each number of threads, from the fewest to the most.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) class: &'static str,
    /// Threads, and operations in a second.
    pub(super) points: Vec<(u32, f64)>,
}

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 640.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 336.0;
/// Labels closer than this could not be read.
const LABEL: f64 = 17.0;

/// As a figure; nothing if there is nothing to show.
pub(super) fn draw(title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut threads: Vec<u32> = points().map(|(threads, _)| *threads).collect();
    threads.sort_unstable();
    threads.dedup();
    if threads.is_empty() {
        return String::new();
    }
    let rates = || points().map(|(_, rate)| rate.max(1e-3).log10());
    let (from, to) = (rates().fold(f64::MAX, f64::min), rates().fold(f64::MIN, f64::max));
    let (from, to) = (from.floor(), to.ceil().max(from.floor() + 1.0));
    let y = |rate: f64| BOTTOM - (rate.max(1e-3).log10() - from) / (to - from) * (BOTTOM - TOP);
    let step = (RIGHT - LEFT) / (threads.len().max(2) - 1) as f64;
    let x = |of: u32| LEFT + step * threads.iter().position(|n| *n == of).unwrap_or(0) as f64;

    let title = escaped(title);
    let mut svg = format!(
        "<figure>\n<figcaption>{title}</figcaption>\n<svg class=\"plot\" data-plot=\"threads\" \
         role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n"
    );
    for power in from as i32..=to as i32 {
        let (y, label) = (y(10_f64.powi(power)), rate(10_f64.powi(power)));
        let label = label.replace(".00", "").replace(".0 ", " ");
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>\
             <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 10.0,
            y + 4.0
        );
    }
    for threads in &threads {
        let _ = writeln!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{threads} threads\
             </text>",
            x(*threads),
            BOTTOM + 24.0
        );
    }
    let ends: Vec<f64> =
        lines.iter().map(|line| line.points.last().map_or(BOTTOM, |(_, rate)| y(*rate))).collect();
    let labels = apart(&ends);
    for (nth, (line, (end, label))) in lines.iter().zip(ends.iter().zip(&labels)).enumerate() {
        let points: Vec<(f64, f64)> = line.points.iter().map(|(n, r)| (x(*n), y(*r))).collect();
        line.draw(&mut svg, nth, &points, (*end, *label));
    }
    svg + "</svg>\n</figure>\n"
}

impl Line {
    /// Draws it, the `nth` of all, through these points; its label stands beside its end or where
    /// there is room.
    fn draw(&self, svg: &mut String, nth: usize, points: &[(f64, f64)], (end, label): (f64, f64)) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let last = points.last().map_or(RIGHT, |(x, _)| *x);
        let (class, path, kind) = (self.class, path.join("L"), nth % 8);
        let to = RIGHT + 22.0;
        let _ = writeln!(
            svg,
            "<g class=\"{class} line{kind}\"><path class=\"line\" d=\"M{path}\"/>\
             <path class=\"thin\" d=\"M{last:.1} {end:.1}L{to:.1} {label:.1}\"/>"
        );
        for (x, y) in points {
            let _ = write!(svg, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
        }
        let words = self.points.last().map_or_else(String::new, |(_, value)| rate(*value));
        let (x, y, name) = (RIGHT + 28.0, label + 4.0, escaped(&self.label));
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\">{name} \
             <tspan class=\"words\">{words}</tspan></text></g>"
        );
    }
}

/// Where labels stand that would like to stand at `wanted`, so that none covers another.
fn apart(wanted: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut places = wanted.to_vec();
    let mut least = TOP - 4.0;
    for nth in &order {
        places[*nth] = places[*nth].max(least);
        least = places[*nth] + LABEL;
    }
    // What has been pushed out at the bottom pushes back.
    let mut most = HEIGHT - 8.0;
    for nth in order.iter().rev() {
        places[*nth] = places[*nth].min(most);
        most = places[*nth] - LABEL;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::{LABEL, apart};

    #[test]
    fn no_label_covers_another() {
        let mut places = apart(&[300.0, 100.0, 101.0, 370.0, 371.0, 372.0, 102.0]);
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|two| two[1] - two[0] > LABEL - 0.01), "{places:?}");
        assert!(places.iter().all(|place| (0.0..380.0).contains(place)), "{places:?}");
    }
}
