//! The picture: swim lanes, with the verdict as their title.
//!
//! A picture of a race persuades only if it cannot lie, so it is drawn from the very history that
//! is checked, and says at the top what the check said. It is one self-contained SVG, the same to
//! the byte for the same history, that follows the reader's light or dark theme.

mod frame;
mod lane;
mod style;
mod window;

use std::fmt::{self, Display, Formatter};

use crate::check::judge;
use crate::sweep::{Span, overlaps};
use crate::text::escaped;
use crate::timeline::{Lane, Timeline};
use crate::{History, Hold, Verdict};
use window::Window;

/// How many holds a picture shows unless it is told otherwise: at 900 pixels, some six pixels for
/// each, which is as fine as the eye can still tell apart.
const DEFAULT_HOLDS: usize = 120;

/// The width of the picture in pixels.
const WIDTH: f64 = 900.0;
/// Where the lanes begin, right of their labels, and where they end.
const LEFT: f64 = 132.0;
const RIGHT: f64 = WIDTH - 20.0;
/// Where the first lane begins, below the title and the caption.
const TOP: f64 = 66.0;
/// The distance of two lanes, and the height of a hold's bar in the middle of one.
const LANE: f64 = 28.0;
const BAR: f64 = 18.0;

/// How to draw a history.
///
/// # Examples
///
/// ```
/// use lockset_trace::{History, SvgOptions};
///
/// let svg = History::default().to_svg(&SvgOptions::new(1).holds(40));
/// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SvgOptions {
    /// How many may hold a lock at once, as for [`History::check`].
    pub limit: usize,
    /// How many holds to show at most; 120 unless set.
    pub holds: usize,
}

impl SvgOptions {
    /// Draws a lock that at most `limit` may hold at once.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, holds: DEFAULT_HOLDS }
    }

    /// Shows at most `holds` holds, and at least one.
    #[must_use]
    pub fn holds(self, holds: usize) -> Self {
        Self { holds: holds.max(1), ..self }
    }
}

impl History {
    /// Draws the history as swim lanes: an SVG, 900 pixels wide, that can stand alone or be
    /// inlined in a page, next to others.
    ///
    /// A history with more holds than the options allow is cut to a window: around the first
    /// violation if there is one, else the beginning. The caption says so, and the verdict is on
    /// the whole history all the same.
    ///
    /// Each kind of element has a class, so that a test can count what a reader sees: `lane`,
    /// `wait`, `hold`, `stale`, `pause`, `overlap` (a band in which too many held), `clash` (the
    /// red part of a hold in such a band), `flag` (any other violation), `wrote`, `refused`, and
    /// `verdict-ok` or `verdict-broken`.
    #[must_use]
    pub fn to_svg(&self, options: &SvgOptions) -> String {
        let timeline = Timeline::new(self);
        let verdict = judge(&timeline, options.limit);
        Picture::new(&timeline, &verdict, options).to_string()
    }
}

/// A group of lanes of one lock, and where too many held it.
struct Group<'t, 'h> {
    lock: &'h str,
    lanes: Vec<&'t Lane<'h>>,
    spans: Vec<Span<'h>>,
}

/// Everything that the drawing needs to know.
struct Picture<'t, 'h> {
    timeline: &'t Timeline<'h>,
    verdict: &'t Verdict,
    window: Window,
    groups: Vec<Group<'t, 'h>>,
    /// The actors in the order of their colours.
    actors: Vec<&'h str>,
    /// Tells this picture's patterns from those of another in the same page.
    id: String,
}

impl<'t, 'h> Picture<'t, 'h> {
    fn new(timeline: &'t Timeline<'h>, verdict: &'t Verdict, options: &SvgOptions) -> Self {
        let mut groups: Vec<Group<'t, 'h>> = Vec::new();
        for lock in timeline.locks() {
            let mut lanes: Vec<_> = timeline.lanes.iter().filter(|l| l.lock == lock).collect();
            lanes.sort_by_key(|lane| natural(lane.actor));
            let holds: Vec<&Hold<'h>> = lanes.iter().flat_map(|lane| &lane.holds).collect();
            let (spans, _) = overlaps(&holds, options.limit, timeline.end);
            groups.push(Group { lock, lanes, spans });
        }
        let mut actors: Vec<_> = timeline.lanes.iter().map(|lane| lane.actor).collect();
        actors.sort_by_key(|actor| natural(actor));
        actors.dedup();
        let window = Window::choose(timeline, verdict, options.holds);
        let id = id(timeline, &window);
        Self { timeline, verdict, window, groups, actors, id }
    }

    /// Which of the palette's colours an actor has, in all its lanes.
    fn colour(&self, actor: &str) -> usize {
        self.actors.iter().position(|known| *known == actor).unwrap_or(0) % style::COLOURS
    }

    /// The lower end of the lanes.
    fn bottom(&self) -> f64 {
        TOP + self.groups.iter().map(|group| group.lanes.len()).sum::<usize>() as f64 * LANE
    }
}

impl Display for Picture<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.open(f)?;
        style::write(f, &self.id, self.actors.len())?;
        self.frame(f)?;
        self.axis(f)?;
        let mut top = TOP;
        for group in &self.groups {
            self.bands(f, group, top)?;
            self.flags(f, group, top)?;
            for lane in &group.lanes {
                self.lane(f, group, lane, top)?;
                top += LANE;
            }
        }
        self.legend(f)?;
        writeln!(f, "</svg>")
    }
}

/// The order in which people number things: `worker 2` before `worker 10`.
fn natural(label: &str) -> (&str, u64, &str) {
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, label[stem.len()..].parse().unwrap_or(0), label)
}

/// A name for this picture that differs from other pictures' names, and is the same each time it
/// is drawn: FNV-1a, since std's hasher may change with the toolchain.
fn id(timeline: &Timeline<'_>, window: &Window) -> String {
    let stamps = [timeline.origin, timeline.end, window.from, window.to];
    let names = timeline.lanes.iter().flat_map(|lane| lane.actor.bytes().chain(lane.lock.bytes()));
    let bytes = stamps.iter().flat_map(|stamp| stamp.as_nanos().to_le_bytes()).chain(names);
    let hash = bytes
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("lt{hash:08x}")
}

/// A label of at most `most` characters; what is cut off is in the element's title.
fn shortened(label: &str, most: usize) -> String {
    match label.chars().nth(most) {
        None => escaped(label),
        Some(_) => escaped(&label.chars().take(most - 1).chain(['…']).collect::<String>()),
    }
}
