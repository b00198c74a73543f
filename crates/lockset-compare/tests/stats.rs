//! The figures of the benchmarks, of numbers whose figures are known.

use lockset_compare::stats::{Histogram, geometric_mean, jain, mean, median};

#[test]
fn a_median_is_in_the_middle() {
    assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median([]), 0.0);
}

#[test]
fn means_are_the_ones_they_are_named_after() {
    assert_eq!(mean(&[1.0, 4.0]), 2.5);
    assert!((geometric_mean(&[0.5, 2.0]) - 1.0).abs() < 1e-12);
}

#[test]
fn jain_tells_equal_shares_from_one_that_has_all() {
    assert_eq!(jain(&[7, 7, 7, 7]), 1.0);
    assert_eq!(jain(&[28, 0, 0, 0]), 0.25);
}

#[test]
fn a_quantile_is_right_to_a_sixteenth() {
    let mut all = Histogram::new();
    for part in 0..10 {
        let mut some = Histogram::new();
        (1..=10_000).for_each(|value| some.add(part * 10_000 + value));
        all.merge(&some);
    }
    assert_eq!(all.longest(), 100_000);
    for (share, exact) in [(0.5, 50_000), (0.999, 99_900), (0.0001, 10)] {
        let found = all.quantile(share);
        assert!(found <= exact && exact <= found + found / 16 + 1, "{share}: {found}, not {exact}");
    }
}

#[test]
fn a_histogram_takes_every_value() {
    let mut waits = Histogram::new();
    [0, 1, 15, 16, 17, u64::MAX].into_iter().for_each(|value| waits.add(value));
    assert_eq!(waits.quantile(0.01), 0);
    assert_eq!(waits.longest(), u64::MAX);
}
