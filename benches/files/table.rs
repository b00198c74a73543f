//! Interleaved rounds, and their medians in a table.

use lockset_bench::stats::median;

/// A lock, and what one round of it measures.
pub(crate) type Entry<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

/// Measures all in interleaved rounds, and prints each as a multiple of the entry at `base`.
pub(crate) fn table(title: &str, rounds: usize, base: usize, entries: &mut [Entry<'_>]) {
    let mut values = vec![Vec::new(); entries.len()];
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..rounds {
        // What ran just before leaves its mark on caches and clocks; so each round has an order of
        // its own (Fisher and Yates, with a xorshift).
        for last in (1..order.len()).rev() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            order.swap(last, (seed % (last as u64 + 1)) as usize);
        }
        for nth in &order {
            values[*nth].push((entries[*nth].1)());
        }
    }
    let (name, _) = entries[base];
    println!(
        "\n{title}, as multiples of {name}'s.\n\n| | median | least | most |\n|---|---|---|---|"
    );
    for ((name, _), own) in entries.iter().zip(&values) {
        let ratios: Vec<f64> =
            own.iter().zip(&values[base]).map(|(own, base)| own / base).collect();
        let least = ratios.iter().copied().fold(f64::MAX, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        // The ratio of medians: single rounds between processes differ too much for ratios of them.
        let ratio = median(own.iter().copied()) / median(values[base].iter().copied());
        println!("| {name} | **{ratio:.2}** | {least:.2} | {most:.2} |");
    }
}
