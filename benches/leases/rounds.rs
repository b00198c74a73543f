//! Interleaved rounds, and how their figures are written.

use std::time::Duration;

use lockset_compare::stats::median;

use crate::rival::{Entry, Figure, Kind};

/// How much is measured.
pub(crate) struct Effort {
    /// Rounds of uncontended pairs on the far server, and pairs in each.
    pub(crate) pairs: (usize, usize),
    /// Rounds of hand-overs, and hand-overs in each.
    pub(crate) hand_overs: (usize, usize),
    /// Rounds of races, and the length of each in milliseconds.
    pub(crate) races: (usize, u64),
    /// Rounds of races of ours, if more, where a livelock is looked for.
    pub(crate) livelock_rounds: usize,
    /// How long pairs are measured while all masters are well, and while some of them hang.
    pub(crate) hung: (Duration, Duration),
    /// Rounds of uncontended pairs on the near server, and pairs in each.
    pub(crate) near_pairs: (usize, usize),
    /// Rounds of many tasks, and the length of each in milliseconds.
    pub(crate) tasks: (usize, u64),
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        pairs: (15, 20),
        hand_overs: (20, 3),
        races: (3, 4000),
        livelock_rounds: 20,
        // Longer than a quorum of ours waits for one of its nodes.
        hung: (Duration::from_secs(1), Duration::from_secs(3)),
        near_pairs: (31, 1000),
        tasks: (7, 500),
    };
    /// Of quorums: some of them take seconds where others take milliseconds.
    pub(crate) const OF_QUORUMS: Self = Self {
        pairs: (15, 10),
        hand_overs: (8, 3),
        races: (3, 2000),
        near_pairs: (15, 500),
        ..Self::FULL
    };
    pub(crate) const QUICK: Self = Self {
        pairs: (5, 10),
        hand_overs: (4, 3),
        races: (1, 2000),
        livelock_rounds: 2,
        hung: (Duration::from_millis(500), Duration::from_millis(1500)),
        near_pairs: (7, 500),
        tasks: (3, 300),
    };
}

/// The figures of all rounds of one entry; none if it has no such thing.
pub(crate) type Figures<T> = Option<Figure<Vec<T>>>;

/// Measures those that `are_meant`, in interleaved rounds, each in another order.
pub(crate) fn interleaved<T>(
    entries: &mut [Entry],
    are_meant: impl Fn(Kind) -> bool,
    rounds: usize,
    mut measure: impl FnMut(&mut Entry) -> Figure<T>,
) -> Vec<Figures<T>> {
    let meant = |entry: &Entry| are_meant(entry.kind).then(|| Ok(Vec::new()));
    let mut all: Vec<Figures<T>> = entries.iter().map(meant).collect();
    let mut random = Random::default();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    for _ in 0..rounds {
        // What ran just before leaves its mark (Fisher and Yates).
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        for nth in &order {
            let Some(figures) = &mut all[*nth] else { continue };
            match measure(&mut entries[*nth]) {
                Ok(figure) => _ = figures.as_mut().map(|figures| figures.push(figure)),
                Err(error) => *figures = Err(error),
            }
        }
    }
    all
}

/// A table of what was measured, a row for each entry; `missing` is said of one without figures.
pub(crate) fn table<T>(
    head: &str,
    entries: &[Entry],
    figures: &[Figures<T>],
    missing: &str,
    cells: impl Fn(&[T]) -> Vec<String>,
) {
    let columns = head.matches('|').count();
    println!("\n| |{head}|\n|---{}|", "|---".repeat(columns + 1));
    for (entry, figures) in entries.iter().zip(figures) {
        let cells = match figures {
            Some(Ok(figures)) => cells(figures),
            Some(Err(error)) => vec![format!("error: {}", error.replace(['|', '\n'], " "))],
            None => vec![missing.to_owned()],
        };
        println!("| {} | {} |", entry.name, cells.join(" | "));
    }
}

/// The median in bold, with the least and the most.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> String {
    let values: Vec<f64> = values.collect();
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let [median, least, most] = [median(values), least, most].map(digits);
    if least == most { format!("**{median}**") } else { format!("**{median}** ({least}-{most})") }
}

/// Three digits, or two that say something.
pub(crate) fn digits(figure: f64) -> String {
    if figure < 10.0 { format!("{figure:.2}") } else { format!("{figure:.1}") }
}

/// Marsaglia's xorshift: the same in each run.
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Random {
    /// Another than any of another number.
    pub(crate) fn of(number: u64) -> Self {
        Self(Self::default().0.wrapping_mul(2 * number + 1))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
