//! Medians, means, Jain's index, and a histogram of waits.

use serde::{Deserialize, Serialize};

/// The median; 0 of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// The geometric mean, the one that fits ratios.
#[must_use]
pub fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// The arithmetic mean.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Jain's fairness index (Jain, Chiu and Hawe, 1984): 1 if all got the same, 1/n if one got all.
#[must_use]
pub fn jain(shares: &[u64]) -> f64 {
    let sum: f64 = shares.iter().map(|share| *share as f64).sum();
    let squares: f64 = shares.iter().map(|share| (*share as f64).powi(2)).sum();
    if squares == 0.0 { 1.0 } else { sum * sum / (squares * shares.len() as f64) }
}

/// Waits by their length, in buckets that are a sixteenth of their value wide.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Sparse", into = "Sparse")]
pub struct Histogram {
    buckets: Vec<u64>,
    longest: u64,
}

const STEPS: u64 = 16;

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; (64 * STEPS) as usize], longest: 0 }
    }
}

impl Histogram {
    /// A histogram of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one value.
    pub fn add(&mut self, value: u64) {
        self.buckets[bucket(value)] += 1;
        self.longest = self.longest.max(value);
    }

    /// Counts all that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, more)| *mine += more);
        self.longest = self.longest.max(other.longest);
    }

    /// How many values it has counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The greatest value.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// The value that this share of all do not exceed, to a sixteenth.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = (share * self.count() as f64).ceil() as u64;
        let mut seen = 0;
        let at = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        at.map_or(0, |index| floor(index as u64)).min(self.longest)
    }
}

/// A histogram as it is written down: the buckets that have something in them, by the least value
/// of each.
#[derive(Serialize, Deserialize)]
struct Sparse {
    counts: Vec<(u64, u64)>,
    longest: u64,
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        let buckets = histogram.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        let counts = buckets.map(|(index, count)| (floor(index as u64), *count)).collect();
        Self { counts, longest: histogram.longest }
    }
}

impl From<Sparse> for Histogram {
    fn from(sparse: Sparse) -> Self {
        let mut histogram = Self { longest: sparse.longest, ..Self::default() };
        for (value, count) in sparse.counts {
            histogram.buckets[bucket(value)] += count;
        }
        histogram
    }
}

fn bucket(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let power = u64::from(value.ilog2());
    ((power - 3) * STEPS + (value >> (power - 4)) % STEPS) as usize
}

fn floor(bucket: u64) -> u64 {
    if bucket < STEPS { bucket } else { (STEPS + bucket % STEPS) << (bucket / STEPS - 1) }
}
