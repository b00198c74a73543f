//! Numbers as people read them, and what a part has shown in one sentence.

use std::time::Duration;

use super::figures::Figures;
use super::steps::Step;

/// A count with a comma between thousands.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Cents as an amount of money: `1,234.50`.
pub(crate) fn money(cents: u64) -> String {
    let whole = usize::try_from(cents / 100).unwrap_or(usize::MAX);
    format!("{}.{:02}", count(whole), cents % 100)
}

/// A duration in the unit that suits it.
pub(crate) fn time(duration: Duration) -> String {
    let micros = duration.as_nanos() as f64 / 1e3;
    match micros {
        ..10.0 => format!("{micros:.1} µs"),
        10.0..1e3 => format!("{micros:.0} µs"),
        1e3..1e4 => format!("{:.1} ms", micros / 1e3),
        1e4..1e6 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.1} s", micros / 1e6),
    }
}

/// What a part of `step` has shown.
pub(crate) fn sentence(step: Step, figures: &Figures) -> String {
    let of = |figure: Option<usize>| figure.unwrap_or_default();
    let (payments, lost) = (count(of(figures.payments)), of(figures.payments_lost));
    match step {
        Step::None | Step::Mutex | Step::File => {
            let payments = match lost {
                0 => format!("all {payments} payments booked"),
                lost => format!("{} of {payments} payments lost", count(lost)),
            };
            format!("{payments}; {}", balance(figures))
        }
        Step::Semaphore => {
            let (peak, limit) = (of(figures.peak_concurrency), of(figures.limit));
            let peak = match peak > limit {
                true => format!("{peak} calls at once where {limit} are allowed"),
                false => format!("never more than {peak} calls at once"),
            };
            match of(figures.refused) {
                0 => format!("{peak}; none of {payments} payments refused"),
                refused => format!("{peak}; {} of {payments} payments refused", count(refused)),
            }
        }
        Step::Remote => {
            let jobs = count(of(figures.jobs));
            let jobs = match (of(figures.jobs_run_twice), of(figures.jobs_never_run)) {
                (0, 0) => format!("each of {jobs} jobs run exactly once"),
                (twice, 0) => format!("{} of {jobs} jobs run twice or more often", count(twice)),
                (twice, never) => format!(
                    "{} of {jobs} jobs run twice or more often, {} not at all",
                    count(twice),
                    count(never)
                ),
            };
            format!("{jobs}; {}", balance(figures))
        }
        Step::Lease => {
            let [paused, ttl] = [figures.paused_ms, figures.ttl_ms].map(Option::unwrap_or_default);
            let writes = match (of(figures.stale_writes_accepted), lost) {
                (0, 0) => "its stale write was refused, and its payment made again".to_owned(),
                (_, 0) => "its stale write was accepted".to_owned(),
                _ => format!(
                    "its stale write was accepted, and B's payment of {} is gone",
                    money(figures.cents_out_of_balance.unwrap_or_default())
                ),
            };
            format!("A paused for {paused} ms, with a lease of {ttl} ms; {writes}")
        }
    }
}

fn balance(figures: &Figures) -> String {
    let accounts = figures.accounts.unwrap_or_default();
    match figures.accounts_out_of_balance.unwrap_or_default() {
        0 => format!("all {} accounts right", count(accounts)),
        wrong => format!(
            "{} of {} accounts wrong, by {} in all",
            count(wrong),
            count(accounts),
            money(figures.cents_out_of_balance.unwrap_or_default())
        ),
    }
}
