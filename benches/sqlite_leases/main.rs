//! Leases in SQLite beside what people would otherwise do there: alone, and handed over between
//! processes.
//!
//! The rounds of all of them are interleaved, each time from another one on, and every figure is a
//! multiple of one of the entries' in the same run: the ratio of the medians, with the least and
//! the most of any round. Beside it stands the median itself, which is this machine's.
//!
//! # What these numbers favour
//!
//! - The database is on the disk that the target directory is on, and no other program uses it. On
//!   a disk that is slower to sync, whoever syncs less is further ahead.
//! - All write so much before they are measured that the log beside the database is written over
//!   and does not grow any more, as in a program that has run for a while.

mod bare;
mod hand_overs;
mod pairs;

use std::process::ExitCode;

use lockset_bench::stats::median;

fn main() -> ExitCode {
    // `cargo bench` adds this of its own accord.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [hand_overs::WAITER, kind, path] => hand_overs::wait(kind, path.as_ref()),
        [] => {
            pairs::report(61);
            hand_overs::report(201);
        }
        ["--quick"] => {
            pairs::report(15);
            hand_overs::report(51);
        }
        ["pairs"] => pairs::report(61),
        ["hand-overs"] => hand_overs::report(201),
        _ => {
            eprintln!("usage: sqlite_leases [--quick | pairs | hand-overs]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Measures so many rounds of all entries, in seconds, and prints each beside the first one.
fn table<E>(
    title: &str,
    rounds: usize,
    entries: &mut [(&'static str, E)],
    measure: impl Fn(&mut E, usize) -> f64,
) {
    let mut times = vec![Vec::new(); entries.len()];
    for round in 0..rounds {
        for nth in 0..entries.len() {
            let nth = (nth + round) % entries.len();
            times[nth].push(measure(&mut entries[nth].1, round));
        }
    }
    println!("\n## {title}\n");
    println!("| | of the first | median | p90 | least and most |\n|---|---|---|---|---|");
    let base = median(times[0].iter().copied());
    for ((name, _), mut times) in entries.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let [least, p90, most] = [0, rounds * 9 / 10, rounds - 1].map(|nth| in_words(times[nth]));
        let median = median(times);
        let (ratio, median) = (median / base, in_words(median));
        println!("| {name} | **{ratio:.3}** | {median} | {p90} | {least} to {most} |");
    }
}

fn in_words(seconds: f64) -> String {
    let micros = seconds * 1e6;
    if micros < 999.5 { format!("{micros:.0} µs") } else { format!("{:.2} ms", micros / 1e3) }
}
