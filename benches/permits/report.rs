//! Interleaved rounds, and their medians in a table.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use lockset_bench::stats::{jain, median};

/// How much is measured.
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    /// How long one semaphore is measured in a round.
    pub(crate) span: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self { rounds: 9, span: Duration::from_millis(100) };
    pub(crate) const QUICK: Self = Self { rounds: 3, span: Duration::from_millis(50) };
}

/// How far one contender is: in a cache line of its own, written by it alone.
///
/// # Notes about memory ordering
///
/// All is Relaxed: whoever reads it wants a number and no news.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct Progress {
    has_begun: AtomicBool,
    pairs: AtomicU64,
}

impl Progress {
    pub(crate) fn begin(&self) {
        self.has_begun.store(true, Relaxed);
    }

    pub(crate) fn add_one(&self) {
        self.pairs.store(self.pairs.load(Relaxed) + 1, Relaxed);
    }

    /// Of all together.
    pub(crate) fn sum(all: &[Self]) -> u64 {
        all.iter().map(|one| one.pairs.load(Relaxed)).sum()
    }

    /// What they get done in a window of `span` that begins when all have begun: what happens while
    /// they start and stop, with fewer of them there, is no part of it.
    pub(crate) fn watch(all: &[Self], span: Duration) -> Outcome {
        while !all.iter().all(|one| one.has_begun.load(Relaxed)) {
            thread::yield_now();
        }
        let look = || all.iter().map(|one| one.pairs.load(Relaxed)).collect::<Vec<u64>>();
        let (before, began) = (look(), Instant::now());
        thread::sleep(span);
        let (after, ended) = (look(), Instant::now());
        let counts: Vec<u64> =
            after.iter().zip(&before).map(|(after, before)| after - before).collect();
        let sum: u64 = counts.iter().sum();
        Outcome { rate: sum as f64 / (ended - began).as_secs_f64(), jain: jain(&counts) }
    }
}

/// What one round of one semaphore came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Pairs in a second.
    pub(crate) rate: f64,
    pub(crate) jain: f64,
}

/// A semaphore, and how it is measured.
pub(crate) struct Entry<'a> {
    name: &'static str,
    round: Box<dyn Fn() -> Outcome + 'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(name: &'static str, round: impl Fn() -> Outcome + 'a) -> Self {
        Self { name, round: Box::new(round) }
    }
}

/// Measures all in interleaved rounds and prints one row of a table: the rate of each as a multiple
/// of `base`'s, the median over the rounds with the least and the most; and Jain's index.
pub(crate) fn row(title: &str, base: &str, rounds: usize, entries: &[Entry<'_>]) {
    let mut outcomes = vec![Vec::new(); entries.len()];
    for round in 0..rounds {
        // Another one is the first each time.
        for at in (0..entries.len()).map(|index| (index + round) % entries.len()) {
            outcomes[at].push((entries[at].round)());
        }
    }
    let at = entries.iter().position(|entry| entry.name == base).unwrap_or(0);
    let columns = outcomes.iter().map(|own| {
        // Each round against the same round: what slows the machine slows both.
        let ratios: Vec<f64> =
            own.iter().zip(&outcomes[at]).map(|(own, base)| own.rate / base.rate).collect();
        let least = ratios.iter().copied().fold(f64::MAX, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let jain = median(own.iter().map(|outcome| outcome.jain));
        let [median, least, most] = [median(ratios), least, most].map(digits);
        format!("**{median}** ({least}-{most}) {jain:.3}")
    });
    println!("| {title} | {} |", columns.collect::<Vec<_>>().join(" | "));
}

/// Two digits that say something, or three.
fn digits(ratio: f64) -> String {
    match ratio {
        _ if ratio < 0.01 => format!("{ratio:.4}"),
        _ if ratio < 0.1 => format!("{ratio:.3}"),
        _ if ratio < 10.0 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    }
}

/// Keeps what is inside out of others' cache lines.
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

/// The head of a table.
pub(crate) fn head(title: &str, base: &str, names: &[&str]) {
    println!("\n{title}, as multiples of {base}'s.\n");
    println!("| | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
}
