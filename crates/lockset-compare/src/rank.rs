//! Two exact rank tests: they ask in which order figures are, and nothing of how they are spread.

/// The chance that the differences of pairs would be so much to one side, if either sign were as
/// likely: the two-sided signed-rank test (Wilcoxon, 1945).
#[must_use]
pub(crate) fn signed_rank(differences: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    sizes.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    let n = sizes.len();
    let positive: usize =
        sizes.iter().enumerate().filter(|(_, d)| **d > 0.0).map(|(rank, _)| rank + 1).sum();
    let all = n * (n + 1) / 2;
    // ways[s]: in how many of the 2^n choices of signs the positive ranks add up to s.
    let mut ways = vec![0.0; all + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=all).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let extreme = positive.min(all - positive);
    let tail: f64 = ways[..=extreme].iter().sum();
    (2.0 * tail / 2_f64.powi(n as i32)).min(1.0)
}

/// The chance that two lists would be so much apart, if they were drawn from the same: the
/// two-sided rank-sum test (Mann and Whitney, 1947).
#[must_use]
pub(crate) fn rank_sum(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len(), other.len());
    let is_before = |a: &f64| other.iter().filter(|b| a < b).count();
    let before: usize = one.iter().map(is_before).sum();
    // ways[i][u]: in how many orders of i figures and of some others u pairs are in order; the
    // others become one more in each turn.
    let most = n * m;
    let mut ways = vec![vec![0.0; most + 1]; n + 1];
    ways.iter_mut().for_each(|row| row[0] = 1.0);
    for _ in 0..m {
        for i in 1..=n {
            // The greatest of all is one of the first list, and before none of the other; or one of
            // the other, and behind all i of the first.
            for u in (0..=most).rev() {
                let of_other = if u >= i { ways[i][u - i] } else { 0.0 };
                ways[i][u] = of_other + ways[i - 1][u];
            }
        }
    }
    let all: f64 = ways[n].iter().sum();
    let extreme = before.min(most - before);
    let tail: f64 = ways[n][..=extreme].iter().sum();
    (2.0 * tail / all).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{rank_sum, signed_rank};

    fn is_about(found: f64, exact: f64) {
        assert!((found - exact).abs() < 1e-9, "{found}, not {exact}");
    }

    /// From the tables of both tests.
    #[test]
    fn chances_are_those_of_the_tables() {
        is_about(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 2.0 / 128.0);
        is_about(signed_rank(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 4.0 / 128.0);
        is_about(signed_rank(&[-1.0, 1.1, -1.2, 1.3]), 1.0_f64.min(2.0 * 7.0 / 16.0));
        let (low, high) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]);
        is_about(rank_sum(&low, &high), 2.0 / 20.0);
        is_about(rank_sum(&high, &low), 2.0 / 20.0);
        is_about(rank_sum(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0]), 4.0 / 20.0);
        is_about(rank_sum(&[1.0; 7].map(|_| 1.0), &[2.0; 7]), 2.0 / 3432.0);
    }

    #[test]
    fn nothing_says_nothing() {
        is_about(signed_rank(&[]), 1.0);
        is_about(signed_rank(&[0.0, 0.0]), 1.0);
        is_about(rank_sum(&[], &[]), 1.0);
    }
}
